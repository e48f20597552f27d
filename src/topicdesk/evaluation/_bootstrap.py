"""Compute metrics and their intervals from out-of-fold scores and decisions: pooled over folds, by topic, by fold."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from topicdesk._proportions import NORMAL, wilson_interval
from topicdesk.evaluation._types import ComparisonPlan, FoldResult, headline_sample
from topicdesk.evaluation.engine import Engine, run_all
from topicdesk.evaluation.metrics import (
    METRICS,
    PROBABILITY_METRICS,
    TOPIC_METRICS,
    mean_of_defined,
    metric_values,
    observed_and_bootstrap_weights,
    probability_metric_values,
    topic_metric_values,
    weighted_metric_values,
    weighted_topic_metric_values,
)
from topicdesk.evaluation.names import ALL_SAMPLES, CORPUS_SAMPLE, DIFFERENCE_FROM_BEST
from topicdesk.evaluation.splits import training_factor

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = [
    "Distributions",
    "ScoreTables",
    "difference_interval",
    "fold_values",
    "metric_interval",
    "one_article",
    "percentile_interval",
    "resampled_metric",
    "resampled_scores",
    "score_interval",
    "score_tables",
]

# The calibration error is a sum of absolute errors. Resampling adds noise to every bin, which can only increase the
# sum. The resampled values are therefore biased upwards, and their percentiles are not a valid interval.
_NO_INTERVAL = ("calibration_error",)


class Distributions(NamedTuple):
    """Metrics on the test articles, followed by their values on bootstrap resamples.

    Parameters
    ----------
    overall : dict of str to ndarray of float, shape (1 + n_resamples,)
        Metrics over all topics.
    by_topic : dict of str to ndarray of float, shape (1 + n_resamples, n_topics)
        Metrics by topic. Effective numbers of articles have a single row (see `metric_interval`).
    """

    overall: dict[str, NDArray[np.float64]]
    by_topic: dict[str, NDArray[np.float64]]


#: Tested rows, and how often each is counted by each weighing, shape (n_weighings, n_rows).
_Weighings = tuple[NDArray[np.intp], NDArray[np.float64]]


class ScoreTables(NamedTuple):
    """Tables of metrics of a comparison, and the resampled metric that decides.

    Parameters
    ----------
    scores, topic_scores, fold_scores : DataFrame
        See `ComparisonValues`.
    values : dict of str to ndarray of float, shape (1 + n_resamples,)
        The headline of each classifier, followed by its values on resamples.
    left_out : dict of str to ndarray of float, shape (n_resamples,)
        The headline metric of each listed classifier on the articles that each resample left out.
    best : str
        The listed classifier with the best headline.
    one_article : float
        About how much the headline changes if one article is decided differently.
    """

    scores: pd.DataFrame
    topic_scores: pd.DataFrame
    fold_scores: pd.DataFrame
    values: dict[str, NDArray[np.float64]]
    left_out: dict[str, NDArray[np.float64]]
    best: str
    one_article: float


def score_tables(dataset: Dataset, plan: ComparisonPlan, results: Sequence[FoldResult], engine: Engine) -> ScoreTables:
    """Compute the tables of metrics of a comparison.

    Parameters
    ----------
    dataset : Dataset
        The labelled articles.
    plan : ComparisonPlan
        Sets the metric, the representative sample, the number of resamples and the seed.
    results : sequence of FoldResult
        Results by classifier.
    engine : Engine
        Engine that runs the computation.

    Returns
    -------
    ScoreTables
    """
    names = list(dict.fromkeys(result.classifier for result in results))
    headline = headline_sample(dataset)
    samples = list(dict.fromkeys([ALL_SAMPLES, headline]))
    if plan.representative is not None and set(dataset.samples) != {plan.representative}:
        samples.append(plan.representative)
    by_name = {name: [result for result in results if result.classifier == name] for name in names}
    weighings = _weighings(dataset, by_name, plan.resamples, plan.random_state)
    distributions = _scores_of(dataset, by_name, weighings, samples, engine)
    factor = training_factor([result.split for result in results])

    values = {name: distributions[headline, name].overall[plan.metric] for name in names}
    listed = [name for name in names if name not in plan.baselines] or names
    best = max(listed, key=lambda name: np.nan_to_num(values[name][0], nan=-np.inf))
    by_fold = pd.DataFrame([row for result in results for row in _fold_rows(dataset, result, headline)])
    spread = by_fold.groupby(["classifier", "metric"])["value"].agg(fold_mean="mean", fold_sd="std")
    pooled_rows: list[dict[str, Any]] = []
    topic_rows: list[dict[str, Any]] = []
    for (sample, name), of_both in distributions.items():
        topic_rows += _topic_rows(dataset.topics, name, sample, of_both.by_topic, factor)
        for metric_name in (*METRICS, *PROBABILITY_METRICS):
            difference = distributions[sample, best].overall[metric_name] - of_both.overall[metric_name]
            pooled_rows.append(
                {"classifier": name, "sample": sample, "metric": metric_name}
                | metric_interval(metric_name, of_both, factor)
                | difference_interval(difference, factor, DIFFERENCE_FROM_BEST, without=metric_name in _NO_INTERVAL)
            )
    pooled = pd.DataFrame(pooled_rows).join(spread, on=["classifier", "metric"])
    pooled.loc[pooled["sample"] != headline, ["fold_mean", "fold_sd"]] = np.nan
    pooled_results = {name: list(_pooled(dataset, by_name[name], headline)) for name in listed}
    left_out = _left_out_scores(plan.metric, pooled_results, weighings, engine)
    sizes = distributions[headline, best].by_topic
    effect = one_article(plan.metric, sizes["positives"][0], float(sizes["rows"][0, 0]))
    return ScoreTables(pooled, pd.DataFrame(topic_rows), by_fold, values, left_out, best, effect)


def resampled_scores(
    dataset: Dataset,
    results: Mapping[str, Sequence[FoldResult]],
    resamples: int,
    random_state: int,
    engine: Engine,
    samples: Sequence[str] = (ALL_SAMPLES,),
) -> dict[tuple[str, str], Distributions]:
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
        Samples to evaluate, each on its own articles only. ``corpus`` weights all articles by how they were drawn.

    Returns
    -------
    dict of (str, str) to Distributions
        By sample and name.
    """
    return _scores_of(dataset, results, _weighings(dataset, results, resamples, random_state), samples, engine)


def _scores_of(
    dataset: Dataset,
    results: Mapping[str, Sequence[FoldResult]],
    weighings: _Weighings,
    samples: Sequence[str],
    engine: Engine,
) -> dict[tuple[str, str], Distributions]:
    cells = list(product(samples, results))
    tasks = [(list(_pooled(dataset, results[name], sample)),) for sample, name in cells]
    done = run_all(engine, _distributions, weighings, tasks, "bootstrap intervals")
    return dict(zip(cells, done, strict=True))


def _weighings(
    dataset: Dataset, results: Mapping[str, Sequence[FoldResult]], resamples: int, random_state: int
) -> _Weighings:
    """Return the tested rows, and how often each is counted: once at first, then as drawn by each resample."""
    test_rows = np.unique(np.concatenate([result.split.test for group in results.values() for result in group]))
    rng = np.random.default_rng([random_state, 1])
    return test_rows, observed_and_bootstrap_weights(dataset.groups[test_rows], resamples, rng)


def _left_out_scores(
    metric: str, pooled: Mapping[str, list[_Pooled]], weighings: _Weighings, engine: Engine
) -> dict[str, NDArray[np.float64]]:
    """Compute a metric on the articles that each bootstrap resample left out, shape (n_resamples,)."""
    test_rows, weights = weighings
    if len(weights) == 1:  # the plan has no resamples
        return {name: np.empty(0) for name in pooled}
    left_out = test_rows, (weights[1:] == 0).astype(np.float64)
    values = _metric_of(metric, pooled, left_out, engine, "articles left out of resamples")
    return {name: distributions.overall[metric] for name, distributions in values.items()}


def _metric_of(
    metric: str, pooled: Mapping[str, list[_Pooled]], weighings: _Weighings, engine: Engine, title: str
) -> dict[str, Distributions]:
    tasks = [(repeats, metric) for repeats in pooled.values()]
    return dict(zip(pooled, run_all(engine, _metric_distributions, weighings, tasks, title), strict=True))


def resampled_metric(
    dataset: Dataset, plan: ComparisonPlan, results: Mapping[str, Sequence[FoldResult]], engine: Engine
) -> dict[str, Distributions]:
    """Compute the headline on the test articles and on bootstrap resamples (see `resampled_scores`).

    Parameters
    ----------
    dataset, results, engine
        As in `resampled_scores`.
    plan : ComparisonPlan
        Sets metric, number of resamples and seed.

    Returns
    -------
    dict of str to Distributions
        By the names of `results`. Only the metric of the plan, and by topic if it is a mean over topics.
    """
    weighings = _weighings(dataset, results, plan.resamples, plan.random_state)
    sample = headline_sample(dataset)
    pooled = {name: list(_pooled(dataset, group, sample)) for name, group in results.items()}
    return _metric_of(plan.metric, pooled, weighings, engine, "bootstrap intervals")


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
    #: Sampling weights of the rows; None if each counts once.
    sampling: NDArray[np.float64] | None
    #: Whether each row was drawn at random; None if all count as such.
    drawn: NDArray[np.bool_] | None

    def weights(self, test_rows: NDArray[np.intp], all_weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weights of the rows, shape (n_weighings, n_rows), from those of all tested rows."""
        weights = all_weights[:, np.searchsorted(test_rows, self.rows)]
        return weights if self.sampling is None else weights * self.sampling


def _pooled(dataset: Dataset, results: Sequence[FoldResult], sample: str) -> Iterator[_Pooled]:
    for repeat in sorted({result.split.repeat for result in results}):
        parts = [result for result in results if result.split.repeat == repeat]
        rows = np.concatenate([part.split.test for part in parts])
        whole = sample in (ALL_SAMPLES, CORPUS_SAMPLE)
        mask = np.ones(len(rows), dtype=bool) if whole else dataset.samples[rows] == sample
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
            sampling=_sampling_weights(dataset, rows, sample),
            drawn=dataset.drawn[rows] if sample == CORPUS_SAMPLE and dataset.drawn is not None else None,
        )


def _distributions(weighings: _Weighings, repeats: Sequence[_Pooled]) -> Distributions:
    """Compute all metrics for every row of weights, averaged over repeats."""
    test_rows, all_weights = weighings
    overall, by_topic = [], []
    with threadpool_limits(limits=1):
        for part in repeats:
            weights = part.weights(test_rows, all_weights)
            by_topic.append(topic_metric_values(part.Y, part.decisions, part.scores, weights, part.folds))
            overall.append(
                metric_values(part.Y, part.decisions, part.scores, weights, part.folds, by_topic[-1])
                | _probability_metric_values(part.Y, part.decisions, part.probabilities, part.automated, weights)
            )
    return Distributions(_mean_over_repeats(overall), _mean_over_repeats(by_topic) | _sizes(repeats[0], weighings))


def _sizes(part: _Pooled, weighings: _Weighings) -> dict[str, NDArray[np.float64]]:
    """Return effective numbers of articles (Kish 1965), shape (1, n_topics) or (1, 1).

    ``positives`` of each topic; ``drawn``, those of them that were drawn at random, because a picked article says
    nothing about others like it; ``rows``, all articles; ``automated``, those that are certain enough.
    """
    test_rows, all_weights = weighings
    (weights,) = part.weights(test_rows, all_weights[:1])
    random = weights if part.drawn is None else np.where(part.drawn, weights, 0.0)
    everything = np.ones((len(weights), 1), dtype=np.int8)
    return {
        "positives": _effective(weights, part.Y),
        "drawn": _effective(random, part.Y),
        "rows": _effective(weights, everything),
        "automated": _effective(weights, part.automated[:, None]),
    }


def _effective(weights: NDArray[np.float64], columns: NDArray[Any]) -> NDArray[np.float64]:
    """Return the effective number of rows in each column of an indicator matrix, shape (1, n_columns)."""
    scaled = weights / (weights.max(initial=0.0) or 1.0)  # very large weights have no square
    squares = (scaled**2) @ columns
    sums = (scaled @ columns) ** 2
    return np.asarray(np.divide(sums, squares, out=np.zeros(len(squares)), where=squares > 0)[None, :])


def _n_effective(metric: str, by_topic: Mapping[str, NDArray[np.float64]]) -> float:
    """Return the effective number of articles that a metric over all topics depends on."""
    positives = by_topic["positives"][0]
    if metric.startswith("macro_"):
        # Each topic has the same weight, so the rarest one matters most: the harmonic mean.
        defined = positives[positives > 0]
        return float(1 / np.mean(1 / defined)) if len(defined) else 0.0
    if metric.startswith("micro_"):
        return float(positives.sum())
    return float(by_topic["automated" if metric == "automation_precision" else "rows"][0, 0])


def one_article(metric: str, positives: NDArray[np.float64], n_articles: float) -> float:
    """Return about how much a metric over all topics changes if one article is decided differently.

    Parameters
    ----------
    metric : str
        One of `METRICS`.
    positives : ndarray of float, shape (n_topics,)
        Effective number of positives of each topic.
    n_articles : float
        Effective number of articles.
    """
    if metric.startswith("macro_"):
        defined = positives[positives > 0]
        return float(1 / (len(defined) * defined.min())) if len(defined) else 1.0
    return 1 / max(float(positives.sum()) if metric.startswith("micro_") else n_articles, 1.0)


def _missing_variance(metric: str, by_topic: Mapping[str, NDArray[np.float64]]) -> float:
    """Return what to add to the bootstrap variance of a macro metric for topics whose resamples hardly vary.

    If all of a topic's few positives are found, or none, its resamples do not vary, although other positives would give
    another score. A variance of less than half that of a proportion with as many positives (Agresti and Coull 1998) is
    replaced by the latter.
    """
    if not metric.startswith("macro_"):
        return 0.0
    distribution = by_topic[metric.removeprefix("macro_")]
    positives, values = by_topic["positives"][0], distribution[0]
    measured = np.isfinite(values) & (positives > 0)
    if not measured.any() or len(distribution) < 2:
        return 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a topic may be undefined in all resamples
        variances = np.nan_to_num(np.nanvar(distribution[1:, measured], axis=0))
    shares = (values[measured] * positives[measured] + 2) / (positives[measured] + 4)
    usual = shares * (1 - shares) / (positives[measured] + 4)
    return float(np.where(variances < usual / 2, usual - variances, 0.0).sum() / measured.sum() ** 2)


def _metric_distributions(weighings: _Weighings, repeats: Sequence[_Pooled], metric: str) -> Distributions:
    """As `_distributions`, for one metric: only what `metric_interval` needs."""
    test_rows, all_weights = weighings
    mean, _, kind = metric.partition("_")
    overall, by_topic = [], []
    with threadpool_limits(limits=1):
        for part in repeats:
            arguments = part.Y, part.decisions, part.scores, part.weights(test_rows, all_weights), part.folds
            if mean == "macro":
                by_topic.append({kind: weighted_topic_metric_values(kind, *arguments)})
                overall.append({metric: mean_of_defined(by_topic[-1][kind])})
            else:
                by_topic.append({})
                overall.append({metric: weighted_metric_values(metric, *arguments)})
    return Distributions(_mean_over_repeats(overall), _mean_over_repeats(by_topic) | _sizes(repeats[0], weighings))


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
    topics: Sequence[str], classifier: str, sample: str, by_topic: Mapping[str, NDArray[np.float64]], factor: float
) -> list[dict[str, Any]]:
    return [
        {"classifier": classifier, "topic": topic, "sample": sample, "metric": metric}
        | score_interval(by_topic[metric][:, column], factor, float(by_topic["positives"][0, column]))
        | {"support": round(float(by_topic["drawn"][0, column]))}
        for column, topic in enumerate(topics)
        for metric in TOPIC_METRICS
    ]


def fold_values(dataset: Dataset, metric: str, results: Sequence[FoldResult]) -> NDArray[np.float64]:
    """Compute the headline on the test articles of each fold, shape (n_folds,)."""
    sample = headline_sample(dataset)
    values = []
    for result in results:
        test = result.split.test
        sampling = _sampling_weights(dataset, test, sample)
        weights = np.ones(len(test)) if sampling is None else sampling
        values += weighted_metric_values(
            metric, dataset.Y[test], result.decisions, result.scores, weights[None, :]
        ).tolist()
    return np.array(values)


def _sampling_weights(dataset: Dataset, rows: NDArray[np.intp], sample: str) -> NDArray[np.float64] | None:
    """Return the weights of rows in a sample; None if each counts once."""
    return dataset.weights[rows] if sample == CORPUS_SAMPLE and dataset.weights is not None else None


def _fold_rows(dataset: Dataset, result: FoldResult, headline: str) -> list[dict[str, Any]]:
    test = result.split.test
    sampling = _sampling_weights(dataset, test, headline)
    weights = None if sampling is None else sampling[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):  # a fold may have no article with a weight
        of_fold = metric_values(dataset.Y[test], result.decisions, result.scores, weights) | _probability_metric_values(
            dataset.Y[test], result.decisions, result.probabilities, result.automated, weights
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


def metric_interval(metric: str, distributions: Distributions, factor: float) -> dict[str, float]:
    """Return a metric over all topics and its 95 % interval (see `score_interval`).

    Parameters
    ----------
    metric : str
        One of `METRICS` or `PROBABILITY_METRICS`.
    distributions : Distributions
        From `resampled_scores` or `resampled_metric`.
    factor : float
        From `training_factor`.

    Returns
    -------
    dict of str to float
        Keys ``value``, ``low``, ``high``.
    """
    return score_interval(
        distributions.overall[metric],
        factor,
        _n_effective(metric, distributions.by_topic),
        missing_variance=_missing_variance(metric, distributions.by_topic),
        without=metric in _NO_INTERVAL,
    )


def score_interval(
    distribution: NDArray[np.float64],
    factor: float,
    n_effective: float,
    *,
    missing_variance: float = 0.0,
    without: bool = False,
) -> dict[str, float]:
    """Return a metric and its 95 % interval for the procedure on new data: new training and new test articles.

    The bootstrap measures the variance over test articles. `factor` adds that over training articles. The interval is
    Wilson's for a proportion with the same standard error, so it stays between 0 and 1.

    Parameters
    ----------
    distribution : ndarray of float, shape (1 + n_resamples,)
        The value, followed by those of the bootstrap resamples. Resamples where it is undefined (no positive drawn) are
        ignored.
    factor : float
        From `training_factor`.
    n_effective : float
        Number of articles that the value depends on: the positives of a topic, or all test articles. A bootstrap
        of a value of 0 or 1 has no spread, so its interval follows from this number.
    missing_variance : float, default 0.0
        Variance over test articles that the resamples miss.
    without : bool, default False
        Whether to return NaN for both bounds.

    Returns
    -------
    dict of str to float
        Keys ``value``, ``low``, ``high``.

    Notes
    -----
    ``benchmarks/interval_coverage.py`` measures how often the interval covers the score of the procedure; the
    documentation has the table.
    """
    value, resampled = _value_and_resampled(distribution)
    low = high = np.nan
    if len(resampled) and np.isfinite(value) and not without:
        variance = factor**2 * (float(resampled.var()) + missing_variance)
        between = variance > 0 and 0 < value < 1
        n_equivalent = value * (1 - value) / variance if between else n_effective / factor**2
        if n_equivalent > 0:
            low, high = (float(end) for end in wilson_interval(value * n_equivalent, n_equivalent))
    return {"value": value, "low": low, "high": high}


def difference_interval(
    distribution: NDArray[np.float64],
    factor: float,
    names: tuple[str, str, str] = ("value", "low", "high"),
    *,
    without: bool = False,
) -> dict[str, float]:
    """Return a difference between two metrics and its 95 % interval for the procedures on new data.

    Parameters
    ----------
    distribution, factor, without
        As in `score_interval`.
    names : tuple of str, default ("value", "low", "high")
        Keys of the value and of the two bounds.

    Returns
    -------
    dict of str to float
    """
    value, resampled = _value_and_resampled(distribution)
    half = NORMAL * factor * float(resampled.std()) if len(resampled) and not without else np.nan
    return dict(zip(names, (value, *np.clip((value - half, value + half), -1, 1).tolist()), strict=True))


def percentile_interval(distribution: NDArray[np.float64]) -> dict[str, float]:
    """Return a value and its 95 % percentile interval over test articles; keys ``value``, ``low``, ``high``."""
    value, resampled = _value_and_resampled(distribution)
    low, high = np.percentile(resampled, (2.5, 97.5)) if len(resampled) else (np.nan, np.nan)
    return {"value": value, "low": float(low), "high": float(high)}


def _value_and_resampled(distribution: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    resampled = distribution[1:]
    return float(distribution[0]), resampled[~np.isnan(resampled)]
