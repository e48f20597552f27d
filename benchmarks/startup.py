"""Measure the response times of commands, in CPU seconds and as a ratio to ``python -c "import mlflow"``.

Run with ``make bench``, or ``python benchmarks/startup.py``. The results are medians over 3 processes per command
(``--runs``). CPU seconds are user and system time of the process, so other processes matter little. The ratio to
importing MLflow in the same run makes different machines comparable.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from topicdesk.project import find_project

_TOPICDESK = [sys.executable, "-m", "topicdesk"]
_BASELINE = [sys.executable, "-c", "import mlflow"]

#: CPU seconds on a machine that imports MLflow in 2.7 s. On other machines, the goals are the ratios to that time.
_MLFLOW = 2.7
_ANSWER, _FIRST_LINE = 2.0, 1.0


class Cost(NamedTuple):
    """CPU seconds until the first line is printed, and until the command ends (None: it was stopped before)."""

    first_line: float
    whole: float | None


def main() -> int:
    """Print a table; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    missed = []
    with _commands() as (folder, commands, long_commands):
        every = {"python -c 'import mlflow'": _BASELINE, **commands, **long_commands}
        costs: dict[str, list[Cost]] = {name: [] for name in every}
        for _ in range(runs):
            for name, command in every.items():
                costs[name].append(measure(command, folder, stop=name in long_commands))
        baseline = statistics.median(cost.whole or 0.0 for cost in costs["python -c 'import mlflow'"])
        print(f"{'command':<34} {'CPU s':>7} {'ratio':>6} {'goal':>5}   {'first line':>10} {'ratio':>6} {'goal':>5}")
        for name, measured in costs.items():
            first = statistics.median(cost.first_line for cost in measured)
            whole = None if name in long_commands else statistics.median(cost.whole or 0.0 for cost in measured)
            goal, first_goal = _ANSWER / _MLFLOW, _FIRST_LINE / _MLFLOW
            print(
                f"{name:<34} {'-' if whole is None else f'{whole:.2f}':>7} "
                f"{'-' if whole is None else f'{whole / baseline:.2f}':>6} {goal:5.2f}   "
                f"{first:10.2f} {first / baseline:6.2f} {first_goal:5.2f}"
            )
            if name in commands and whole is not None and whole / baseline > goal:
                missed.append(f"{name}: ends after {whole / baseline:.2f} of importing MLflow (goal {goal:.2f})")
            if name in {**commands, **long_commands} and first / baseline > first_goal:
                missed.append(f"{name}: first line after {first / baseline:.2f} (goal {first_goal:.2f})")
    print("Goals met." if not missed else "Goals missed:\n  " + "\n  ".join(missed))
    return int(bool(missed))


def measure(command: Sequence[str], folder: Path, *, stop: bool = False) -> Cost:
    """Run a command, and return its CPU seconds until its first line and until its end.

    Parameters
    ----------
    command : sequence of str
    folder : Path
        Working folder.
    stop : bool, default False
        Stop the command after its first line, before the work itself.
    """
    before = _children()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    line = process.stdout.readline()
    first = _cpu_of(process.pid) if line else None
    if stop:
        process.kill()
    process.communicate()
    whole = _children() - before
    return Cost(whole if first is None else min(first, whole), None if stop else whole)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu_of(pid: int) -> float | None:
    """Return the CPU seconds of a running process; None if the system has no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _commands() -> Iterator[tuple[Path, dict[str, list[str]], dict[str, list[str]]]]:
    """Create a small project with mistakes; yield its folder, the short commands and the long ones."""
    root = find_project(__file__).root
    with tempfile.TemporaryDirectory() as name, socket.socket() as taken:
        folder = Path(name)
        (folder / "data").mkdir()
        for file in ("sources.toml", "topics.toml", "labels"):
            source = root / "data" / file
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / "data" / file)
        if (root / "mlflow.db").is_file():
            shutil.copy(root / "mlflow.db", folder)
        spec = (root / "experiments" / "topics.toml").read_text(encoding="utf-8")
        for file, old, new in (
            ("spec", "", ""),
            ("classifier", "\nlinear-svm =", "\nlinear-svc ="),
            ("corpus", '"newsarticles"', '"newsarticle"'),
        ):
            assert old in spec
            (folder / f"{file}.toml").write_text(spec.replace(old, new) if old else spec, encoding="utf-8")
        (folder / "new.csv").write_text("headline,body\nTram line,A court sat.\n", encoding="utf-8")
        (folder / "model").mkdir()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        label = [*_TOPICDESK, "label", "new.csv", "--output", "out.csv", "--model"]
        yield (
            folder,
            {
                "topicdesk --help": [*_TOPICDESK, "--help"],
                "topicdesk runs": [*_TOPICDESK, "runs"],
                "misspelt classifier": [*_TOPICDESK, "compare", "classifier.toml"],
                "wrong corpus": [*_TOPICDESK, "compare", "corpus.toml"],
                "wrong model name": [*label, "models:/nosuch@champion"],
                "wrong column": [*label, "model", "--map", "title=nosuch"],
                "port in use": [*_TOPICDESK, "review", "--port", str(taken.getsockname()[1])],
            },
            {
                "topicdesk compare (first line)": [*_TOPICDESK, "compare", "spec.toml", "--no-log"],
                "topicdesk doctor (first line)": [*_TOPICDESK, "doctor"],
                "topicdesk label (first line)": [*label, "model"],
            },
        )


if __name__ == "__main__":
    sys.exit(main())
