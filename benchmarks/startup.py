"""Measure how long ``topicdesk --help`` takes, beside what it would take with its libraries imported at the start.

Run with ``make bench``, or ``python benchmarks/startup.py``. Whole processes, in turn, medians of 11.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from time import perf_counter

_RUNS = 11
_COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "topicdesk --help": [sys.executable, "-m", "topicdesk", "--help"],
    "import topicdesk.experiment": [sys.executable, "-c", "import topicdesk.experiment"],
}
#: What a person does not notice, in seconds.
_GOAL = 0.5


def main() -> int:
    """Print the medians and their ratios; return 1 when the goal is missed."""
    seconds: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for _ in range(_RUNS):
        for name, command in _COMMANDS.items():
            start = perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds[name].append(perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, median in medians.items():
        print(f"{name:<30} {median:6.3f} s   {medians['import topicdesk.experiment'] / median:5.1f} times as fast")
    help_seconds = medians["topicdesk --help"]
    print(f"goal: topicdesk --help in under {_GOAL} s: {'met' if help_seconds < _GOAL else 'missed'}")
    return int(help_seconds >= _GOAL)


if __name__ == "__main__":
    sys.exit(main())
