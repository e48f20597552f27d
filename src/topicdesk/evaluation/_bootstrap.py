"""Compute metrics and their intervals from out-of-fold scores and decisions: pooled over folds, by topic, by fold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from topicdesk.evaluation._types import ComparisonPlan, FoldResult
from topicdesk.evaluation.engine import Engine, run_all
from topicdesk.evaluation.leaderboard import ALL_SAMPLES
from topicdesk.evaluation.metrics import (
    METRICS,
    PROBABILITY_METRICS,
    TOPIC_METRICS,
    metric_values,
    observed_and_bootstrap_weights,
    probability_metric_values,
    topic_metric_values,
)
from topicdesk.evaluation.names import DIFFERENCE_FROM_BEST

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = ["resampled_metric", "resampled_scores", "score_tables", "with_interval"]

_PERCENTILES = (2.5, 97.5)

# The calibration error is a sum of absolute errors. Resampling adds noise to every bin, which can only increase the
# sum. The resampled values are therefore biased upwards, and their percentiles are not a valid interval.
_NO_INTERVAL = ("calibration_error",)


def score_tables(
    dataset: Dataset,
    results: Sequence[FoldResult],
    metric: str,
    representative: str | None,
    resamples: int,
    random_state: int,
    engine: Engine,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Compute the tables of metrics of a comparison.

    Parameters
    ----------
    dataset : Dataset
        The labelled articles.
    results : sequence of FoldResult
        Results by classifier.
    metric : str
        Metric that determines the best classifier, to which the others are compared.
    representative : str or None
        Sample to evaluate separately as well.
    resamples : int
        Number of bootstrap resamples for each interval.
    random_state : int
        Random seed of the bootstrap.
    engine : Engine
        Engine that runs the computation.

    Returns
    -------
    scores, topic_scores, fold_scores : DataFrame
        See `Comparison`.
    """
    names = list(dict.fromkeys(result.classifier for result in results))
    samples = [ALL_SAMPLES]
    if representative is not None and set(dataset.samples) != {representative}:
        samples.append(representative)
    by_name = {name: [result for result in results if result.classifier == name] for name in names}
    distributions = resampled_scores(dataset, by_name, resamples, random_state, engine, samples)

    leader = max(names, key=lambda name: distributions[ALL_SAMPLES, name][0][metric][0])
    by_fold = pd.DataFrame([row for result in results for row in _fold_rows(dataset, result)])
    spread = by_fold.groupby(["classifier", "metric"])["value"].agg(fold_mean="mean", fold_sd="std")
    pooled_rows: list[dict[str, Any]] = []
    topic_rows: list[dict[str, Any]] = []
    for (sample, name), (overall, by_topic) in distributions.items():
        topic_rows += _topic_rows(dataset.topics, name, sample, by_topic)
        for metric_name in (*METRICS, *PROBABILITY_METRICS):
            difference = distributions[sample, leader][0][metric_name] - overall[metric_name]
            pooled_rows.append(
                {"classifier": name, "sample": sample, "metric": metric_name}
                | with_interval(overall[metric_name], "value", "low", "high", without=metric_name in _NO_INTERVAL)
                | with_interval(difference, *DIFFERENCE_FROM_BEST, without=metric_name in _NO_INTERVAL)
            )
    pooled = pd.DataFrame(pooled_rows).join(spread, on=["classifier", "metric"])
    pooled.loc[pooled["sample"] != ALL_SAMPLES, ["fold_mean", "fold_sd"]] = np.nan
    return pooled, pd.DataFrame(topic_rows), by_fold


def resampled_scores(
    dataset: Dataset,
    results: Mapping[str, Sequence[FoldResult]],
    resamples: int,
    random_state: int,
    engine: Engine,
    samples: Sequence[str] = (ALL_SAMPLES,),
) -> dict[tuple[str, str], tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]]:
    """Compute every metric on the test articles and on bootstrap resamples of their groups.

    Parameters
    ----------
    dataset : Dataset
        The labelled articles.
    results : mapping of str to sequence of FoldResult
        Results by any name, such as that of a classifier. All share the same resamples and can therefore be paired.
    resamples : int
        Number of bootstrap resamples.
    random_state : int
        Random seed of the bootstrap.
    engine : Engine
        Engine that runs the computation.
    samples : sequence of str, default (ALL_SAMPLES,)
        Samples to evaluate, each on its own articles only.

    Returns
    -------
    dict of (str, str) to (dict, dict)
        By sample and name: metrics over all topics, arrays of shape (1 + resamples,), and metrics by topic, arrays of
        shape (1 + resamples, n_topics). The first entry is the value on the test articles themselves.
    """
    test_rows = np.unique(np.concatenate([result.split.test for group in results.values() for result in group]))
    rng = np.random.default_rng([random_state, 1])
    weights = observed_and_bootstrap_weights(dataset.groups[test_rows], resamples, rng)
    cells = list(product(samples, results))
    tasks = [(list(_pooled(dataset, results[name], sample)),) for sample, name in cells]
    done = run_all(engine, _distributions, (test_rows, weights), tasks, "bootstrap intervals")
    return dict(zip(cells, done, strict=True))


def resampled_metric(
    dataset: Dataset, plan: ComparisonPlan, results: Mapping[str, Sequence[FoldResult]], engine: Engine
) -> dict[str, NDArray[np.float64]]:
    """Compute the plan's metric on the test articles and on bootstrap resamples (see `resampled_scores`).

    Parameters
    ----------
    dataset, results, engine
        As in `resampled_scores`.
    plan : ComparisonPlan
        Sets metric, number of resamples and seed.

    Returns
    -------
    dict of str to ndarray of float, shape (1 + resamples,)
        By the names of `results`. The first entry is the value on the test articles themselves.
    """
    distributions = resampled_scores(dataset, results, plan.resamples, plan.random_state, engine)
    return {name: distributions[ALL_SAMPLES, name][0][plan.metric] for name in results}


@dataclass(frozen=True, eq=False)
class _Pooled:
    """Test rows of one classifier in one repeat that belong to one sample."""

    Y: NDArray[np.int8]
    decisions: NDArray[np.int8]
    scores: NDArray[np.float64]
    probabilities: NDArray[np.float64] | None
    automated: NDArray[np.bool_]
    folds: NDArray[np.intp]
    rows: NDArray[np.intp]


def _pooled(dataset: Dataset, results: Sequence[FoldResult], sample: str) -> Iterator[_Pooled]:
    for repeat in sorted({result.split.repeat for result in results}):
        parts = [result for result in results if result.split.repeat == repeat]
        rows = np.concatenate([part.split.test for part in parts])
        mask = np.ones(len(rows), dtype=bool) if sample == ALL_SAMPLES else dataset.samples[rows] == sample
        folds = np.repeat(np.arange(len(parts)), [len(part.split.test) for part in parts])
        probabilities = [part.probabilities for part in parts if part.probabilities is not None]
        yield _Pooled(
            Y=dataset.Y[rows[mask]],
            decisions=np.concatenate([part.decisions for part in parts])[mask],
            scores=np.concatenate([part.scores for part in parts])[mask],
            probabilities=np.concatenate(probabilities)[mask] if len(probabilities) == len(parts) else None,
            automated=np.concatenate([part.automated for part in parts])[mask],
            folds=folds[mask],
            rows=rows[mask],
        )


def _distributions(
    weighings: tuple[NDArray[np.intp], NDArray[np.float64]], repeats: Sequence[_Pooled]
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Compute metrics for every row of weights, averaged over repeats: overall, shape (n_weighings,), and by topic."""
    test_rows, all_weights = weighings
    overall, by_topic = [], []
    with threadpool_limits(limits=1):
        for part in repeats:
            weights = all_weights[:, np.searchsorted(test_rows, part.rows)]
            by_topic.append(topic_metric_values(part.Y, part.decisions, part.scores, weights, part.folds))
            overall.append(
                metric_values(part.Y, part.decisions, part.scores, weights, part.folds, by_topic[-1])
                | _probability_metric_values(part.Y, part.decisions, part.probabilities, part.automated, weights)
            )
    return _mean_over_repeats(overall), _mean_over_repeats(by_topic)


def _probability_metric_values(
    Y: NDArray[np.int8],
    decisions: NDArray[np.int8],
    probabilities: NDArray[np.float64] | None,
    automated: NDArray[np.bool_],
    weights: NDArray[np.float64] | None = None,
) -> dict[str, NDArray[np.float64]]:
    if probabilities is None:
        return {name: np.full(1 if weights is None else len(weights), np.nan) for name in PROBABILITY_METRICS}
    return probability_metric_values(Y, decisions, probabilities, automated, weights)


def _mean_over_repeats(repeats: Sequence[dict[str, NDArray[np.float64]]]) -> dict[str, NDArray[np.float64]]:
    return {name: np.mean([values[name] for values in repeats], axis=0) for name in repeats[0]}


def _topic_rows(
    topics: Sequence[str], classifier: str, sample: str, by_topic: Mapping[str, NDArray[np.float64]]
) -> list[dict[str, Any]]:
    return [
        {"classifier": classifier, "topic": topic, "sample": sample, "metric": metric}
        | with_interval(by_topic[metric][:, column], "value", "low", "high")
        | {"support": int(by_topic["support"][0, column])}
        for column, topic in enumerate(topics)
        for metric in TOPIC_METRICS
    ]


def _fold_rows(dataset: Dataset, result: FoldResult) -> list[dict[str, Any]]:
    Y = dataset.Y[result.split.test]
    of_fold = metric_values(Y, result.decisions, result.scores) | _probability_metric_values(
        Y, result.decisions, result.probabilities, result.automated
    )
    return [
        {
            "classifier": result.classifier,
            "repeat": result.split.repeat,
            "fold": result.split.fold,
            "metric": metric,
            "value": float(of_fold[metric][0]),
        }
        for metric in (*METRICS, *PROBABILITY_METRICS)
    ]


def with_interval(
    distribution: NDArray[np.float64], value: str, low: str, high: str, without: bool = False
) -> dict[str, float]:
    """Return a value and the bounds of its 95 % interval, under the given names.

    Parameters
    ----------
    distribution : ndarray of float, shape (1 + n_resamples,)
        The value, followed by those of the bootstrap resamples.
    value, low, high : str
        Keys of the value and of the two bounds.
    without : bool, default False
        Whether to return NaN for both bounds.

    Returns
    -------
    dict of str to float
    """
    resampled = distribution[1:]
    # Ignore resamples where the metric is undefined (no positive drawn).
    resampled = resampled[~np.isnan(resampled)]
    ends = np.percentile(resampled, _PERCENTILES) if len(resampled) and not without else (np.nan, np.nan)
    return {value: float(distribution[0]), low: float(ends[0]), high: float(ends[1])}
