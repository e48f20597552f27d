"""Measure speed and memory of labelling, compared with scikit-learn's own pipeline and with fastText.

Run with ``python benchmarks/label.py [PYTHON]``, where PYTHON is that of the environment with
``benchmarks/rivals/requirements.lock`` (``make bench`` creates it). Without it, fastText is left out. The input is
200,000 articles drawn with replacement from NewsArticles, with new ids. The models are
the main experiment's winner, and that of the first 772 labels, which has no blocks of features, on whole texts and on
leads. The time is measured from the start of the command to labels on disk. It includes starting processes, loading the
model, and reading the Parquet file (fastText: a text file).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from topicdesk.corpus import article_texts, read_corpus, stored_corpus
from topicdesk.experiment import load_experiments
from topicdesk.features import TermLookup
from topicdesk.prediction import Labeller, fit_labeller
from topicdesk.project import find_project
from topicdesk.tracking import load_labeller, save_labeller

_ARTICLES, _N_JOBS = 200_000, 2
_LEAST_RATIO, _MOST_MEGABYTES = 2.5, 1500
#: Numbers of short rows, and the largest allowed ratio of the memory for many rows to that for few.
_FEW, _MANY, _MOST_GROWTH = 10_000, 1_000_000, 1.1

_RIVALS = Path(__file__).parent / "rivals" / "predict.py"

_SCIKIT_LEARN = """
import sys
import mlflow.sklearn, numpy as np, pyarrow as arrow, pyarrow.parquet as parquet
pipeline = mlflow.sklearn.load_model(sys.argv[1])
source, writer = parquet.ParquetFile(sys.argv[2]), None
for batch in source.iter_batches(5000):
    frame = batch.to_pandas()
    table = arrow.Table.from_batches([batch])
    probabilities = pipeline.predict_proba(frame[["title", "text"]])
    for number, one in enumerate(probabilities):
        table = table.append_column(f"p_{number}", arrow.array(one[:, 1]))
        table = table.append_column(f"t_{number}", arrow.array(one[:, 1] >= pipeline[-1].estimators_[number].threshold))
    writer = writer or parquet.ParquetWriter(sys.argv[3], table.schema, compression="zstd", compression_level=1)
    writer.write_table(table)
writer.close()
"""


def main(rivals: str | None) -> int:
    """Print rates, ratios and memory; return 1 if a goal is missed."""
    project = find_project(__file__)
    corpus = read_corpus(stored_corpus(project, "newsarticles"))
    first, main = (
        next(load_experiments(project.root / "experiments" / f"{name}.toml")) for name in ("first772", "topics")
    )
    whole, leads = (
        tuple(setting for setting in first.plan.settings if (setting.analyser.lead is None) == is_whole)
        for is_whole in (True, False)
    )
    loads = {
        "whole texts": replace(first, plan=replace(first.plan, settings=whole)),
        "leads": replace(first, plan=replace(first.plan, settings=leads)),
        "as in the main experiment": main,
    }
    met = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _resampled(corpus).to_parquet(folder / "many.parquet", index=False, row_group_size=10_000)
        for title, load in loads.items():
            labeller = fit_labeller(load.dataset, load.plan, load.classifier(None), load.keywords)
            print(f"{title}: {labeller.classifier}, {labeller.features}, {labeller.parameters}", flush=True)
            shutil.rmtree(folder / "model", ignore_errors=True)
            save_labeller(labeller, folder / "model", project, "")
            met.append(_speed(folder))
            if title == "whole texts":
                goals = f"{_LEAST_RATIO:g}×, at most {_MOST_MEGABYTES} MB"
                print(f"goal for whole texts: {goals}: {'met' if met[0] else 'missed'}", flush=True)
            if title == "whole texts":
                _tokenisers(labeller, list(article_texts(corpus)))
        if rivals:
            _fast_text(folder, corpus, first.dataset.texts, _label_lines(first.dataset.Y, first.dataset.topics), rivals)
        met = [met[0], _memory(folder)]
    return int(not all(met))


def _speed(folder: Path) -> bool:
    source = folder / "many.parquet"
    alone = _timed([sys.executable, "-c", _SCIKIT_LEARN, folder / "model", source, folder / "sk.parquet"])
    _print_rate("scikit-learn's pipeline, one process", *alone)
    ratio = megabytes = 0.0
    for n_jobs in (1, _N_JOBS):
        shutil.rmtree(folder / "ours", ignore_errors=True)
        seconds, megabytes = _timed(_command(folder, source.name, "ours", n_jobs))
        ratio = alone[0] / seconds
        _print_rate(f"topicdesk label --jobs {n_jobs}", seconds, megabytes, alone[0])
        _assert_same(folder)
    return ratio >= _LEAST_RATIO and megabytes <= _MOST_MEGABYTES


def _assert_same(folder: Path) -> None:
    """Check that both sides return the same probabilities, bit for bit."""
    topics = load_labeller(folder / "model").topics
    own = pd.read_parquet(folder / "sk.parquet", columns=[f"p_{number}" for number in range(len(topics))])
    ours = pd.read_parquet(folder / "ours", columns=[f"p_{name}" for name in topics])
    assert (own.to_numpy() == ours.to_numpy()).all()


def _memory(folder: Path) -> bool:
    """Label few and many short rows; return whether the peak memory is about the same."""
    peaks = {}
    for rows in (_FEW, _MANY):
        with (folder / f"{rows}.jsonl").open("w") as file:
            for row in range(rows):
                file.write(f'{{"id": "{row}", "text": "A court sat on day {row} of the trial."}}\n')
        # One process for both, so that the two are comparable.
        seconds, peaks[rows] = _timed(_command(folder, f"{rows}.jsonl", f"{rows}.csv", 1))
        print(f"{rows:>9,} short rows, JSON lines to CSV: {seconds:6.1f} s, {peaks[rows]:.0f} MB")
    met = peaks[_MANY] <= _MOST_GROWTH * peaks[_FEW]
    print(f"goal: the same memory for many rows as for few: {'met' if met else 'missed'}", flush=True)
    return met


def _fast_text(folder: Path, corpus: pd.DataFrame, texts: Sequence[str], labels: Sequence[str], python: str) -> None:
    training = [f"{label} {_one_line(text).lower()}" for label, text in zip(labels, texts, strict=True)]
    (folder / "train.txt").write_text("\n".join(training), encoding="utf-8")
    lines = map(_one_line, article_texts(_resampled(corpus)))
    with (folder / "texts.txt").open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    done = subprocess.run([python, _RIVALS, folder], check=True, capture_output=True, text=True)
    seconds = float(done.stdout.splitlines()[-1])
    print(f"fastText, whole texts (word bigrams; writes labels only): {_ARTICLES / seconds:,.0f} articles/s")


def _tokenisers(labeller: Labeller, texts: list[str]) -> None:
    """Compare ways to tokenise texts and to count terms, on one core; all find the same tokens as scikit-learn."""
    vectorizer = labeller.pipeline["features"]
    lookup = TermLookup(vectorizer)
    cut, shorter = vectorizer.build_tokenizer(), re.compile(r"\w\w+").findall
    between = {ord(one): " " for one in set("".join(texts)) if not (one.isalnum() or one == "_")}
    ways: dict[str, Callable[[list[str]], object]] = {
        "CountVectorizer.transform: tokenise and count": lambda some: CountVectorizer.transform(vectorizer, some),
        "its regular expression: tokenise only": lambda some: [cut(text.lower()) for text in some],
        r"\w\w+, with the same tokens: tokenise only": lambda some: [shorter(text.lower()) for text in some],
        "str.translate and split: tokenise only": lambda some: [
            text.lower().translate(between).split() for text in some
        ],
        "TermLookup: tokenise and count": lookup.counts,
    }
    print(f"{len(texts):,} articles, whole texts, one core:")
    first = 0.0
    for name, way in ways.items():
        seconds = min(_seconds(way, texts) for _ in range(3))
        first = first or seconds
        print(f"  {len(texts) / seconds:8,.0f} articles/s ({first / seconds:.1f}×)  {name}", flush=True)


def _seconds(way: Callable[[list[str]], object], texts: list[str]) -> float:
    start = time.perf_counter()
    for place in range(0, len(texts), 500):
        way(texts[place : place + 500])
    return time.perf_counter() - start


def _resampled(corpus: pd.DataFrame) -> pd.DataFrame:
    rows = np.random.default_rng(0).integers(len(corpus), size=_ARTICLES)
    return corpus.iloc[rows].assign(id=[f"r{number}" for number in range(_ARTICLES)])


def _command(folder: Path, source: str, output: str, n_jobs: int) -> list[object]:
    topicdesk = Path(sys.executable).with_name("topicdesk")
    return [
        topicdesk, "label", folder / source, "--output", folder / output, "--model", folder / "model", "--jobs", n_jobs,
    ]  # fmt: skip


def _timed(command: Sequence[object]) -> tuple[float, float]:
    """Return a command's seconds, and the peak memory of it and its children together, in MB."""
    start = time.perf_counter()
    process = psutil.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        held = 0
        for one in [process, *_children(process)]:
            try:
                held += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        peak = max(peak, held)
        time.sleep(0.05)
    assert process.returncode == 0, command
    return time.perf_counter() - start, peak / 1e6


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _print_rate(name: str, seconds: float, megabytes: float, other: float | None = None) -> None:
    ratio = "" if other is None else f" ({other / seconds:.1f}×)"
    rate = f"{_ARTICLES / seconds:8,.0f} articles/s{ratio}"
    print(f"  {name:36s} {rate}, {seconds:.1f} s, {megabytes:.0f} MB", flush=True)


def _label_lines(Y: NDArray[np.int8], topics: Sequence[str]) -> list[str]:
    named = [[topics[int(one)] for one in np.flatnonzero(row)] or ["none"] for row in Y]
    return [" ".join(f"__label__{name}" for name in names) for names in named]


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
