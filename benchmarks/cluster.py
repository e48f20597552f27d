"""Measure how fast a Dask cluster labels partitioned Parquet, with one worker and with two.

Run with ``make bench``, or ``python benchmarks/cluster.py``. Scheduler and workers are processes of this machine, with
one thread each. The input is 100,000 articles drawn with replacement from NewsArticles, in files of 10,000. The model
is the winner of the first 772 labels, fitted here. ``docs/how-to/many-articles.md`` estimates the time for 100 million
articles.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from topicdesk.corpus import read_corpus, stored_corpus
from topicdesk.evaluation import DaskEngine
from topicdesk.experiment import load_experiments
from topicdesk.prediction import fit_labeller, label_files
from topicdesk.project import find_project

_ARTICLES, _FILES = 100_000, 10


def main() -> int:
    """Print articles per second, and the speed-up with two workers."""
    project = find_project(__file__)
    (load,) = load_experiments(project.root / "experiments" / "first772.toml")
    labeller = fit_labeller(load.dataset, load.plan, load.classifier(None), load.keywords)
    corpus = read_corpus(stored_corpus(project, "newsarticles"))
    rates = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(corpus, folder / "in")
        for workers in (1, 2):
            cluster = _Cluster(folder, workers)
            try:
                # The first run also includes the imports of new workers, so only the second is measured.
                for take in ("first", "second"):
                    output = folder / f"out-{workers}-{take}"
                    account = label_files(labeller, [folder / "in"], output, engine=DaskEngine(cluster.address()))
                    assert account.rows == _ARTICLES
                rates[workers] = _ARTICLES / account.seconds
            finally:
                cluster.end()
            print(f"{workers} worker{'s' * (workers > 1)}: {rates[workers]:8,.0f} articles/s", flush=True)
    print(f"two workers are {rates[2] / rates[1]:.2f} times as fast as one")
    return 0


def _write(corpus: pd.DataFrame, folder: Path) -> None:
    folder.mkdir()
    rows = np.random.default_rng(0).integers(len(corpus), size=_ARTICLES)
    for number, some in enumerate(np.array_split(rows, _FILES)):
        ids = [f"{number}-{place}" for place in range(len(some))]
        corpus.iloc[some].assign(id=ids).to_parquet(folder / f"{number:02d}.parquet", index=False)


class _Cluster:
    """A scheduler and its workers, processes of this machine."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.file = folder / f"scheduler-{workers}.json"
        self.processes: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        while not self.file.exists():
            time.sleep(0.05)
        for _ in range(workers):
            self._start("worker", "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder))

    def address(self) -> str:
        return str(pd.read_json(self.file, typ="series")["address"])

    def end(self) -> None:
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, part: str, *options: str) -> None:
        command = [sys.executable, "-m", "dask", part, "--scheduler-file", str(self.file), *options]
        quiet = subprocess.DEVNULL
        self.processes.append(subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True))


if __name__ == "__main__":
    sys.exit(main())
