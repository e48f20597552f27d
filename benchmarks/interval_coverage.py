"""Measure how often intervals cover the truth, and how often verdicts are wrong, on simulated experiments.

Run with ``python benchmarks/interval_coverage.py [intervals] [verdict] [--sets N]``; without a name, both, on 300 data
sets.

The data sets are drawn from 20 Newsgroups and look like `experiments/first772.toml`. Each has 772 short texts. About
108, 65, 15 and 74 of them have one of four topics, and the others have none. Each interval is for the procedure on new
data: new training texts and new test texts. Its truth is the metric of the decisions on all data sets together.
``intervals`` compares our intervals with percentiles of the same bootstrap, for five folds, for a single split, and
for an enriched sample that is weighted to its corpus.

``verdict`` compares eight classifiers that are equally good: each draws a random half of the vocabulary for each
fold. It counts how often any of them is called worse than the best, and compares the best score with its correction.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from topicdesk.annotation import Dataset, make_dataset
from topicdesk.evaluation import (
    ComparisonPlan,
    FoldResult,
    Split,
    SplitPlan,
    best_f1_thresholds,
    classifier_named,
    compare,
    decide,
    make_splits,
    metric_values,
    scores_where,
)
from topicdesk.evaluation._bootstrap import percentile_interval, resampled_scores
from topicdesk.evaluation.engine import single_threaded_engine
from topicdesk.evaluation.metrics import observed_and_bootstrap_weights
from topicdesk.evaluation.splits import training_factor
from topicdesk.evaluation.verdicts import bias_corrected, differences_from_best
from topicdesk.experiment import load_dataset, read_spec
from topicdesk.features import FeatureSetting
from topicdesk.project import find_project

_N_JOBS, _RESAMPLES = 2, 400
_DESIGNS = ("single split", "five folds", "enriched, weighted")
#: Newsgroups that stand for the topics of first772.toml, and how many of its 772 articles have the topic.
_TOPICS = {"sci.space": 108, "talk.politics.guns": 65, "rec.sport.hockey": 15, "sci.med": 74}
_N_TEXTS, _CHARACTERS = 772, 600
#: The enriched sample: numbers of random texts with each topic, of picked texts with each topic and with none, and the
#: size of the frame from which the random ones come. As in first772.toml.
_RANDOM, _N_RANDOM = (104, 60, 3, 19), 662
_PICKED, _FRAME = (4, 5, 12, 55, 34), 3304
_N_CLASSIFIERS = 8
#: Allowed share of covered truths and of wrong verdicts.
_LEAST_COVERAGE, _MOST_ERRORS = 0.93, 0.07


@dataclass(frozen=True, eq=False)
class _Population:
    """The texts of 20 Newsgroups, and the numbers of those with each topic, then of those with none."""

    texts: NDArray[np.object_]
    topic: NDArray[np.intp]

    def rows(self, counts: NDArray[np.intp] | tuple[int, ...], rng: np.random.Generator) -> NDArray[np.intp]:
        """Draw texts, so many of each topic."""
        return np.concatenate(
            [
                rng.choice(np.flatnonzero(self.topic == topic), count, replace=False)
                for topic, count in enumerate(counts)
            ]
        )

    def dataset(self, rows: NDArray[np.intp], weights: NDArray[np.float64] | None = None) -> Dataset:
        """Return the texts as a dataset, with one column per topic."""
        Y = (self.topic[rows][:, None] == np.arange(len(_TOPICS))).astype(np.int8)
        return make_dataset(list(self.texts[rows]), Y, topics=list(_TOPICS), sampling_weights=weights)


def main() -> int:
    """Print the tables; return 1 if a coverage or an error rate misses its goal."""
    arguments = sys.argv[1:]
    n_sets = int(arguments.pop(arguments.index("--sets") + 1)) if "--sets" in arguments else 300
    names = [name for name in arguments if name != "--sets"] or ["intervals", "verdict"]
    population = _population()
    missed = 0
    if "intervals" in names:
        missed += _report_intervals(population, n_sets)
    if "verdict" in names:
        missed += _report_verdict(population, n_sets)
    return int(missed > 0)


def _population() -> _Population:
    project = find_project(__file__)
    data = load_dataset(project, read_spec(project.root / "experiments" / "published.toml"), "20newsgroups")
    texts = np.array([text.split("\n\n", 1)[-1][:_CHARACTERS] for text in data.texts], dtype=object)
    place = {name: number for number, name in enumerate(_TOPICS)}
    names = np.array(data.topics, dtype=object)[data.Y.argmax(axis=1)]
    return _Population(texts, np.array([place.get(name, len(_TOPICS)) for name in names]))


def _report_intervals(population: _Population, n_sets: int) -> int:
    """Print a table of coverages for each design; return how many miss the goal."""
    missed = 0
    print(f"Coverage of 95 % intervals, {n_sets} data sets. Goal: at least {_LEAST_COVERAGE:.0%}\n")
    print("| design | F1 | truth | our interval | width | percentiles | width |\n|---|---|---|---|---|---|---|")
    for design in _DESIGNS:
        runs = Parallel(n_jobs=_N_JOBS)(delayed(partial(_run, population, design))(number) for number in range(n_sets))
        truths = _truths(np.sum([run[0] for run in runs], axis=0))
        for column, name in enumerate(("macro", "micro", *(f"topic, {count} texts" for count in _TOPICS.values()))):
            bounds = np.array([run[1][column] for run in runs])
            covered = ((bounds[:, :, 0] <= truths[column]) & (truths[column] <= bounds[:, :, 1])).mean(axis=0)
            width = np.nanmean(bounds[:, :, 1] - bounds[:, :, 0], axis=0)
            print(
                f"| {design} | {name} | {truths[column]:.3f} | {covered[0]:.1%} | {width[0]:.3f} | {covered[1]:.1%} | "
                f"{width[1]:.3f} |",
                flush=True,
            )
            missed += covered[0] < _LEAST_COVERAGE
    print(f"\nintervals: {'met' if not missed else f'missed in {missed} rows'}\n", flush=True)
    return missed


def _run(
    population: _Population, design: str, number: int
) -> tuple[NDArray[np.float64], list[list[tuple[float, float]]]]:
    """Return the sums of decisions of one data set, and by metric our interval and the percentiles."""
    rng = np.random.default_rng([7, number])
    weights, splits = None, None
    if design == "enriched, weighted":
        random = rng.multinomial(_N_RANDOM, [*(n / _N_RANDOM for n in _RANDOM), 1 - sum(_RANDOM) / _N_RANDOM])
        rows = np.concatenate([population.rows(random, rng), population.rows(_PICKED, rng)])
        weights = np.repeat([_FRAME / _N_RANDOM, 1.0], [_N_RANDOM, sum(_PICKED)])
    else:
        shares = np.array(list(_TOPICS.values())) / _N_TEXTS
        rows = population.rows(rng.multinomial(_N_TEXTS, [*shares, 1 - shares.sum()]), rng)
    order = rng.permutation(len(rows))
    dataset = population.dataset(rows[order], None if weights is None else weights[order])
    if design == "single split":
        places = np.arange(len(rows))
        splits = [Split(places[: 2 * len(rows) // 3], places[2 * len(rows) // 3 :], 0, 0, "given")]
    plan = ComparisonPlan(
        (classifier_named("linear-svm").with_grid({"C": [1.0]}),),
        settings=(FeatureSetting(min_df=2, sublinear_tf=True),),
        splits=SplitPlan(folds=5),
        resamples=_RESAMPLES,
        random_state=number,
    )
    comparison = compare(dataset, plan, splits=splits, n_jobs=1)
    sample = comparison.headline
    ours = [
        scores_where(comparison.scores, sample=sample, metric=metric).iloc[0] for metric in ("macro_f1", "micro_f1")
    ] + [scores_where(comparison.topic_scores, sample=sample, metric="f1", topic=topic).iloc[0] for topic in _TOPICS]
    with single_threaded_engine(None, 1) as engine:
        overall, by_topic = resampled_scores(dataset, {"it": comparison.results}, _RESAMPLES, number, engine, [sample])[
            sample, "it"
        ]
    distributions = [overall["macro_f1"], overall["micro_f1"], *by_topic["f1"].T]
    intervals = [
        [(float(one["low"]), float(one["high"])) for one in (row, percentile_interval(distribution))]
        for row, distribution in zip(ours, distributions, strict=True)
    ]
    return _sums(dataset, comparison.results), intervals


def _sums(dataset: Dataset, results: tuple[FoldResult, ...]) -> NDArray[np.float64]:
    """Return the weighted numbers of true positives, predicted and labelled positives, shape (3, n_topics)."""
    rows = np.concatenate([result.split.test for result in results])
    decisions, Y = np.concatenate([result.decisions for result in results]), dataset.Y[rows]
    weights = np.ones(len(rows)) if dataset.weights is None else dataset.weights[rows]
    return np.stack([weights @ (Y & decisions), weights @ decisions, weights @ Y])


def _truths(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    f1 = 2 * sums[0] / (sums[1] + sums[2])
    micro = 2 * sums[0].sum() / (sums[1] + sums[2]).sum()
    return np.array([f1.mean(), micro, *f1])


def _report_verdict(population: _Population, n_sets: int) -> int:
    """Print the error rates of verdicts on equal classifiers; return how many miss the goal."""
    runs = pd.DataFrame(
        Parallel(n_jobs=_N_JOBS)(delayed(partial(_judge, population))(number) for number in range(n_sets))
    )
    truth = runs["mean"].mean()
    print(f"{_N_CLASSIFIERS} equally good classifiers, macro-F1, five folds, {n_sets} data sets\n")
    print("| statement | measured |\n|---|---|")
    print(f"| any called worse than the best, by our verdict | {runs['worse'].mean():.1%} |")
    print(f"| any called worse by 95 % percentiles of the paired difference | {runs['percentile'].mean():.1%} |")
    print(f"| the best score is too high by | {runs['highest'].mean() - truth:.3f} |")
    print(f"| the corrected score is too high by | {runs['corrected'].mean() - truth:.3f} |")
    missed = int(runs["worse"].mean() > _MOST_ERRORS)
    print(
        f"\nverdict: {'met' if not missed else 'missed'} (goal: at most 5 %, with the error of a simulation)",
        flush=True,
    )
    return missed


def _judge(population: _Population, number: int) -> dict[str, float]:
    rng = np.random.default_rng([3, number])
    shares = np.array(list(_TOPICS.values())) / _N_TEXTS
    dataset = population.dataset(population.rows(rng.multinomial(_N_TEXTS, [*shares, 1 - shares.sum()]), rng))
    splits, _ = make_splits(dataset, SplitPlan(folds=5), number)
    features = csr_matrix(TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform(dataset.texts))
    weights = observed_and_bootstrap_weights(dataset.groups, _RESAMPLES, rng)
    left_out = (weights[1:] == 0).astype(np.float64)
    values, outside = {}, {}
    for classifier in range(_N_CLASSIFIERS):
        decisions = _ridge_decisions(features, dataset, splits, rng)
        values[str(classifier)], outside[str(classifier)] = (
            metric_values(dataset.Y, decisions, decisions.astype(np.float64), part)["macro_f1"]
            for part in (weights, left_out)
        )
    best = max(values, key=lambda name: values[name][0])
    table = differences_from_best(values, best, factor=training_factor(splits))
    return {
        "mean": float(np.mean([value[0] for value in values.values()])),
        "highest": float(values[best][0]),
        "corrected": bias_corrected(values, outside),
        "worse": bool((table["conclusion"] == "worse").any()),
        "percentile": any(np.nanpercentile(values[best][1:] - other[1:], 2.5) > 0 for other in values.values()),
    }


def _ridge_decisions(
    features: csr_matrix, dataset: Dataset, splits: tuple[Split, ...], rng: np.random.Generator
) -> NDArray[np.int8]:
    """Fit ridge regression to a random half of the terms on each fold, with thresholds from inner folds."""
    decisions = np.zeros_like(dataset.Y)
    for split in splits:
        half = features[:, rng.permutation(features.shape[1])[: features.shape[1] // 2]]
        kernel = (half @ half.T).toarray()
        inner = rng.permutation(len(split.train)) % 3
        scores = np.zeros((len(split.train), dataset.n_topics))
        for fold in range(3):
            scores[inner == fold] = _ridge_scores(
                kernel, dataset.Y, split.train[inner != fold], split.train[inner == fold]
            )
        thresholds = best_f1_thresholds(dataset.Y[split.train], scores)
        decisions[split.test] = decide(_ridge_scores(kernel, dataset.Y, split.train, split.test), thresholds)
    return decisions


def _ridge_scores(
    kernel: NDArray[np.float64], Y: NDArray[np.int8], train: NDArray[np.intp], test: NDArray[np.intp]
) -> NDArray[np.float64]:
    targets = 2.0 * Y[train] - 1
    means = targets.mean(axis=0)
    dual = np.linalg.solve(kernel[np.ix_(train, train)] + np.eye(len(train)), targets - means)
    return np.asarray(kernel[np.ix_(test, train)] @ dual + means)


if __name__ == "__main__":
    raise SystemExit(main())
