"""Import JSON-lines files of 10 MB and of 1 GB, a line of 200 MB, and 5,000 small pages: CPU time and peak memory.

Run with ``python benchmarks/importing.py [BYTES]``. The files contain random words, in a temporary folder. Each import
runs in its own process, to measure it separately. An import of one page is the share of time that loading takes.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_SMALL, _LONG_LINE, _PAGES = 10_000_000, 200_000_000, 5000
#: Memory that a laptop can spare, in MB, and CPU time of a page, in ms.
_GOAL_MEGABYTES, _GOAL_MILLISECONDS = 1000, 3.0

_IMPORT = """
import resource, sys
from pathlib import Path
from topicdesk.corpus import import_articles
account = import_articles([sys.argv[1]], Path(sys.argv[2]))
used = resource.getrusage(resource.RUSAGE_SELF)
print(account.articles, sum(account.dropped.values()), used.ru_maxrss // 1024, used.ru_utime + used.ru_stime)
"""


@dataclass(frozen=True)
class _Import:
    """What an import read, and what it needed."""

    articles: int
    dropped: int
    megabytes: int
    seconds: float


def main() -> int:
    """Print the results; return 1 if a goal is missed."""
    large = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        most = 0
        for size in (_SMALL, large):
            _write_articles(folder / "articles.jsonl", size)
            done = _imported(folder / "articles.jsonl")
            most = max(most, done.megabytes)
            print(f"{size / 1e6:6.0f} MB: {done.articles} articles in {done.seconds:.0f} s, peak {done.megabytes} MB")
        (folder / "articles.jsonl").unlink()

        _write_long_line(folder / "line.jsonl")
        line = _imported(folder / "line.jsonl")
        most = max(most, line.megabytes)
        is_refused = (line.articles, line.dropped) == (1, 1)
        print(f"a line of {_LONG_LINE / 1e6:.0f} MB: {line.dropped} refused, peak {line.megabytes} MB")

        seconds = {n_pages: _imported(_write_pages(folder / f"{n_pages}", n_pages)).seconds for n_pages in (1, _PAGES)}
        milliseconds = 1000 * (seconds[_PAGES] - seconds[1]) / _PAGES
        print(f"{_PAGES} small pages: {seconds[_PAGES]:.1f} s, {milliseconds:.1f} ms a page after {seconds[1]:.1f} s")
    met = most < _GOAL_MEGABYTES and is_refused and milliseconds < _GOAL_MILLISECONDS
    goals = f"under {_GOAL_MEGABYTES} MB, the long line refused, under {_GOAL_MILLISECONDS:g} ms a page"
    print(f"goal: {goals}: {'met' if met else 'missed'}")
    return int(not met)


def _imported(source: Path) -> _Import:
    command = [sys.executable, "-c", _IMPORT, str(source), str(source.with_name("corpus.parquet"))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    articles, dropped, megabytes, seconds = done.stdout.split()
    return _Import(int(articles), int(dropped), int(megabytes), float(seconds))


def _write_articles(path: Path, size: int) -> None:
    drawn = random.Random(0)
    words = ["".join(drawn.choices("abcdefghijklmnoprstuvwy", k=drawn.randint(2, 9))) for _ in range(20_000)]
    texts = [" ".join(drawn.choices(words, k=500)) for _ in range(500)]
    written = number = 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            text = f"Boat {number} {texts[number % len(texts)]}"
            written += file.write(json.dumps({"title": f"Boat {number}", "text": text, "date": "2023-06-30"}) + "\n")
            number += 1


def _write_long_line(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write('{"text": "A boat sank.", "ranks": [')
        for _ in range(_LONG_LINE // 3_000_000):
            file.write("1, " * 1_000_000)
        file.write("1]}\n")
        file.write(json.dumps({"text": "A boat left the harbour."}) + "\n")


def _write_pages(folder: Path, n_pages: int) -> Path:
    folder.mkdir()
    for number in range(n_pages):
        text = f"The boat left harbour {number} on Monday morning, the captain said. Nobody was hurt."
        (folder / f"{number}.txt").write_text(f"Boat {number} leaves\n\n{text}\n", encoding="utf-8")
    return folder


if __name__ == "__main__":
    sys.exit(main())
