"""Import JSON-lines files of 10 MB and of 1 GB: seconds and peak memory.

Run with ``python benchmarks/importing.py [BYTES]``. The files contain random words, in a temporary folder. Each import
runs in its own process, to measure its peak memory separately.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

_SMALL = 10_000_000
#: Memory that a laptop can spare, in MB.
_GOAL_MEGABYTES = 1000

_IMPORT = """
import resource, sys
from pathlib import Path
from topicdesk.corpus import import_articles
account = import_articles([sys.argv[1]], Path(sys.argv[2]))
print(account.articles, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def main() -> int:
    """Print the results; return 1 if the goal is missed."""
    large = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000_000
    megabytes = 0
    for size in (_SMALL, large):
        with tempfile.TemporaryDirectory() as folder:
            source, output = Path(folder) / "articles.jsonl", Path(folder) / "corpus.parquet"
            _write(source, size)
            start = perf_counter()
            command = [sys.executable, "-c", _IMPORT, str(source), str(output)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds = perf_counter() - start
            articles, megabytes = map(int, done.stdout.split())
            print(f"{size / 1e6:6.0f} MB: {articles} articles in {seconds:.0f} s, peak memory {megabytes} MB")
    print(f"goal: under {_GOAL_MEGABYTES} MB: {'met' if megabytes < _GOAL_MEGABYTES else 'missed'}")
    return int(megabytes >= _GOAL_MEGABYTES)


def _write(path: Path, size: int) -> None:
    drawn = random.Random(0)
    words = ["".join(drawn.choices("abcdefghijklmnoprstuvwy", k=drawn.randint(2, 9))) for _ in range(20_000)]
    texts = [" ".join(drawn.choices(words, k=500)) for _ in range(500)]
    written = number = 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            text = f"Boat {number} {texts[number % len(texts)]}"
            written += file.write(json.dumps({"title": f"Boat {number}", "text": text, "date": "2023-06-30"}) + "\n")
            number += 1


if __name__ == "__main__":
    sys.exit(main())
