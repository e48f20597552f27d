"""Simulate annotators: how fast a classifier improves with each strategy of the queue, compared with random drawing.

Run with ``make bench``, or ``python benchmarks/queues.py --plot docs/pictures/queues.png``. The data are R52, changed
to resemble a news desk: classes with 30 to 300 training articles are topics, and all other articles have no topic. For
each seed, the simulated annotators of all strategies start with the same articles, drawn at random. They use the
published labels. The metric is average precision on the published test set, which needs no threshold. Differences are
paired by seed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from scipy.stats import t as student
from sklearn.metrics import average_precision_score

from topicdesk.annotation import draw_queue
from topicdesk.evaluation import judge_pool
from topicdesk.experiment import DEFAULT_MIX, load_dataset, read_spec
from topicdesk.features import FeatureSetting
from topicdesk.project import find_project

_START, _BATCH, _ROUNDS = 100, 50, 8
_FEWEST, _MOST = 30, 300
_SEEDS = 20
_MIXES: dict[str, Mapping[str, float]] = {
    "random": {"random": 1.0},
    "uncertain": {"uncertain": 1.0},
    "rare-first": {"rare-first": 1.0},
    "diverse": {"diverse": 1.0},
    "disagreement": {"disagreement": 1.0},
    "half random, half uncertain": {"random": 0.5, "uncertain": 0.5},
    "half random, half rare-first": {"random": 0.5, "rare-first": 0.5},
    "half random, half diverse": {"random": 0.5, "diverse": 0.5},
    "half random, half disagreement": {"random": 0.5, "disagreement": 0.5},
    "half random, rest rare-first and uncertain": {"random": 0.5, "rare-first": 0.25, "uncertain": 0.25},
}


def main() -> int:
    """Print the learning curves and the gains over random; return 1 if they do not support the default mix."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=_SEEDS)
    parser.add_argument("--plot", type=Path)
    asked = parser.parse_args()
    project = find_project(__file__)
    data = load_dataset(project, read_spec(project.root / "experiments" / "published.toml"), "reuters-r52")
    rows = [np.flatnonzero(data.samples == side) for side in ("train", "test")]
    vectorizer = FeatureSetting(min_df=2, sublinear_tf=True).vectorizer()
    train = vectorizer.fit_transform([data.texts[row] for row in rows[0]])
    features = csr_matrix(vstack([train, vectorizer.transform([data.texts[row] for row in rows[1]])]))
    sizes = data.Y[rows[0]].sum(axis=0)
    Y = data.Y[np.concatenate(rows)][:, (sizes >= _FEWEST) & (sizes <= _MOST)]
    print(f"{Y.shape[1]} topics; {(Y[: len(rows[0])].sum(axis=1) == 0).mean():.0%} of the articles have none")
    work = [(name, seed) for seed in range(asked.seeds) for name in _MIXES]
    found = Parallel(n_jobs=-1, verbose=5)(
        delayed(_simulate)(features, Y, len(rows[0]), _MIXES[name], seed) for name, seed in work
    )
    curves = pd.DataFrame(
        [(name, seed, _START + _BATCH * place, value) for (name, seed), one in zip(work, found, strict=True)
         for place, value in enumerate(one)],
        columns=["mix", "seed", "labels", "precision"],
    )  # fmt: skip
    print(curves.pivot_table(index="mix", columns="labels", values="precision", sort=False).round(3).to_string())
    table = _against_random(curves)
    print(
        f"\nMean of macro average precision over the curve, against random, {asked.seeds} seeds, paired 95 % intervals:"
    )
    print(table.round(4).to_string())
    if asked.plot is not None:
        _plot(curves).savefig(asked.plot, dpi=110)
    return _judge(table)


def _judge(table: pd.DataFrame) -> int:
    gain, low = table["gain"].to_dict(), table["low"].to_dict()
    halves = [name for name, mix in _MIXES.items() if mix.get("random") == 0.5]
    best, (shipped,) = max(halves, key=gain.__getitem__), [n for n, mix in _MIXES.items() if mix == dict(DEFAULT_MIX)]
    supported = low[shipped] > 0 and gain[shipped] >= low[best]
    verdict = "supported" if supported else "NOT supported"
    print(f"default: {shipped}; best mix that is half random: {best}; {verdict}")
    return int(not supported)


def _simulate(
    features: csr_matrix, Y: NDArray[np.int8], n_train: int, mix: Mapping[str, float], random_state: int
) -> list[float]:
    """Label in rounds, and return the macro average precision on the test set after each round."""
    ids = np.array([str(row) for row in range(len(Y))], dtype=object)
    labelled = np.random.default_rng(random_state).choice(n_train, _START, replace=False)
    values = []
    for turn in range(_ROUNDS + 1):
        votes = "disagreement" in mix
        pool = judge_pool(ids, features, labelled, Y[labelled], votes=votes, random_state=random_state)
        assert pool.probabilities is not None
        values.append(float(average_precision_score(Y[n_train:], pool.probabilities[n_train:], average="macro")))
        if turn == _ROUNDS:
            return values
        open_side = replace(
            pool,
            ids=ids[:n_train],
            features=features[:n_train],
            probabilities=pool.probabilities[:n_train],
            votes=None if pool.votes is None else pool.votes[:, :n_train],
        )
        drawn = draw_queue(open_side, _BATCH, mix, random_state=1000 * random_state + turn)
        labelled = np.concatenate([labelled, drawn["article_id"].astype(int).to_numpy()])
    return values


def _against_random(curves: pd.DataFrame) -> pd.DataFrame:
    area = curves[curves["labels"] > _START].groupby(["mix", "seed"], sort=False)["precision"].mean().unstack("mix")
    rows = {}
    for name in area.columns:
        gain = (area[name] - area["random"]).to_numpy()
        half = student.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / np.sqrt(len(gain))
        rows[name] = (area[name].mean(), gain.mean(), gain.mean() - half, gain.mean() + half)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "gain", "low", "high"])


def _plot(curves: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for name, of_mix in curves.groupby("mix", sort=False):
        by_size = of_mix.groupby("labels")["precision"]
        mean, half = by_size.mean(), by_size.sem() * student.ppf(0.975, by_size.count() - 1)
        (line,) = axes.plot(
            mean.index, mean, marker=".", label=name, linestyle="-" if "half" not in str(name) else "--"
        )
        axes.fill_between(mean.index, mean - half, mean + half, color=line.get_color(), alpha=0.12, linewidth=0)
    axes.set(xlabel="labelled articles", ylabel="macro average precision on R52's test side")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False)
    return figure


if __name__ == "__main__":
    sys.exit(main())
