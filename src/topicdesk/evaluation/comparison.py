"""Compare classifiers by nested cross-validation, and keep what every table and plot derives from.

For each outer split, features, hyper-parameters and one threshold a topic are chosen on inner folds of its training
rows (`topicdesk.evaluation.search`); the choice is fitted on all training rows and decides on the test rows, which
nothing has seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import product
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from joblib import delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from topicdesk.errors import SplitError
from topicdesk.evaluation.classifiers import Classifier
from topicdesk.evaluation.leaderboard import ALL_SAMPLES, figures_where, leaderboard
from topicdesk.evaluation.metrics import METRICS, TOPIC_METRICS, bootstrap_weights, figures, topic_figures
from topicdesk.evaluation.search import FoldResult, cross_validate, run_cells
from topicdesk.evaluation.splits import Split, SplitPlan, make_splits, split_table
from topicdesk.features import FeatureSetting
from topicdesk.labels import Dataset

__all__ = ["Comparison", "ComparisonPlan", "compare"]

_PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class ComparisonPlan:
    """What to compare, and how.

    Parameters
    ----------
    classifiers : tuple of Classifier
        Simplest first.
    settings : tuple of FeatureSetting
        TF-IDF settings to choose from; of equals the earliest is chosen.
    splits : SplitPlan
        The outer splits.
    inner_folds : int, default 3
        Folds of each outer split's training rows.
    metric : str, default "macro_f1"
        One of `SELECTION_METRICS`: chooses on inner folds, and orders the leaderboard.
    representative : str, optional
        The sample that was drawn uniformly, when others were not: figures that depend on how frequent a topic is
        (precision and all that follows from it) are given on its articles too.
    resamples : int, default 1000
        Bootstrap resamples behind each interval.
    seed : int, default 0
        Same seed, same figures.
    """

    classifiers: tuple[Classifier, ...]
    settings: tuple[FeatureSetting, ...] = (FeatureSetting(),)
    splits: SplitPlan = field(default_factory=SplitPlan)
    inner_folds: int = 3
    metric: str = "macro_f1"
    representative: str | None = None
    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Comparison:
    """Out-of-fold scores and decisions of every classifier on every split, and the figures that follow.

    Parameters
    ----------
    dataset : Dataset
    plan : ComparisonPlan
    splits : tuple of Split
    results : tuple of FoldResult
        Classifier by classifier in the plan's order, split by split.
    figures : DataFrame
        Columns ``classifier, sample, metric, value, low, high, behind, behind_low, behind_high, fold_mean, fold_sd``:
        pooled figures (a mean over repeats), their bootstrap 95 % intervals over duplicate groups, how far they are
        behind the leader's with the interval of that paired difference, and mean and standard deviation over folds.
    topic_figures : DataFrame
        Columns ``classifier, topic, sample, metric, value, low, high, support``.
    fold_figures : DataFrame
        Columns ``classifier, repeat, fold, metric, value``, over all test articles of the fold.
    warnings : tuple of str
        What a reader of the results should know.
    seconds : float
        How long it took, wall clock.
    """

    dataset: Dataset
    plan: ComparisonPlan
    splits: tuple[Split, ...]
    results: tuple[FoldResult, ...]
    figures: pd.DataFrame
    topic_figures: pd.DataFrame
    fold_figures: pd.DataFrame
    warnings: tuple[str, ...]
    seconds: float

    @property
    def ranking(self) -> tuple[str, ...]:
        """Classifiers by the plan's metric, best first; of equals the simplest first."""
        return _ranking(self.figures, self.plan.metric)

    def leaderboard(self) -> pd.DataFrame:
        """Write the figures of all classifiers as text, best first (see `leaderboard`)."""
        return leaderboard(self.figures, self.plan.metric)

    def __str__(self) -> str:
        """Give the leaderboard, and what a reader should know."""
        return "\n".join([str(self.dataset), *self.warnings, self.leaderboard().to_string()])

    def _repr_html_(self) -> str:
        warnings = "".join(f"<p>Warning: {escape(warning)}</p>" for warning in self.warnings)
        return f"<p>{escape(str(self.dataset))}</p>{warnings}{self.leaderboard().to_html()}"

    def results_of(self, classifier: str) -> tuple[FoldResult, ...]:
        """Give the results of one classifier, split by split."""
        return tuple(result for result in self.results if result.classifier == classifier)

    def choices(self) -> pd.DataFrame:
        """Tell what the inner folds chose.

        Returns
        -------
        DataFrame of shape (n_classifiers * n_splits, ...)
            Columns ``classifier, repeat, fold, features, parameters, inner_score, fit_seconds, predict_seconds``, then
            ``threshold <topic>`` where thresholds decide.
        """
        return pd.DataFrame([_choice_row(result, self.dataset.topics) for result in self.results])

    def predictions(self, classifier: str) -> pd.DataFrame:
        """Give every out-of-fold score and decision of one classifier.

        Returns
        -------
        DataFrame of shape (n_repeats * n_test * n_topics, 9)
            Columns ``article_id, sample, group, repeat, fold, topic, truth, score, decision``.
        """
        data = self.dataset
        parts = []
        for result in self.results_of(classifier):
            rows = result.split.test
            parts.append(
                pd.DataFrame(
                    {
                        "article_id": np.repeat(data.ids[rows], data.n_topics),
                        "sample": np.repeat(data.samples[rows], data.n_topics),
                        "group": np.repeat(data.groups[rows], data.n_topics),
                        "repeat": result.split.repeat,
                        "fold": result.split.fold,
                        "topic": pd.Categorical(np.tile(data.topics, len(rows)), categories=data.topics),
                        "truth": data.Y[rows].ravel(),
                        "score": result.scores.ravel(),
                        "decision": result.decisions.ravel(),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    def split_table(self) -> pd.DataFrame:
        """Count the articles of each split, by side and topic (see `split_table`)."""
        return split_table(self.dataset, self.splits)


def compare(
    dataset: Dataset,
    plan: ComparisonPlan,
    keywords: Mapping[str, Sequence[str]] | None = None,
    splits: Sequence[Split] | None = None,
    jobs: int = -1,
) -> Comparison:
    """Compare classifiers by nested cross-validation.

    Parameters
    ----------
    dataset : Dataset
    plan : ComparisonPlan
    keywords : mapping of str to sequence of str, optional
        Keywords of each topic; only the keyword-rules baseline needs them.
    splits : sequence of Split, optional
        Outer splits to use instead of the plan's.
    jobs : int, default -1
        Processes; -1 for one a core. Figures do not depend on it.

    Returns
    -------
    Comparison

    Raises
    ------
    SplitError
        When the dataset cannot be split as planned.
    FeaturesError
        When a fold's training texts hold no term that a setting would keep, or a topic lacks keywords.

    Notes
    -----
    Nested cross-validation after Varma and Simon (2006), "Bias in error estimation when using cross-validation for
    model selection".
    """
    start = perf_counter()
    warnings: tuple[str, ...] = dataset.warnings
    if splits is None:
        splits, found = make_splits(dataset, plan.splits, plan.seed)
        warnings += found
    _check_neighbours(plan, splits)
    # One thread each: a sum's order, and so its last digit, must not depend on how many cores a machine has.
    with threadpool_limits(limits=1):
        results, found = cross_validate(
            dataset, plan.classifiers, plan.settings, splits, plan.inner_folds, plan.metric, plan.seed, keywords, jobs
        )
        warnings += found
        pooled, by_topic, by_fold = _tables(dataset, plan, results, jobs)
    return Comparison(
        dataset=dataset,
        plan=plan,
        splits=tuple(splits),
        results=results,
        figures=pooled,
        topic_figures=by_topic,
        fold_figures=by_fold,
        warnings=warnings,
        seconds=perf_counter() - start,
    )


def _check_neighbours(plan: ComparisonPlan, splits: Sequence[Split]) -> None:
    fewest = min(len(split.train) for split in splits) * (plan.inner_folds - 1) // plan.inner_folds
    for classifier in plan.classifiers:
        asked = max(classifier.grid.get("n_neighbors", (0,)))
        if asked > fewest:
            raise SplitError(
                f"{classifier.name} asks for {asked} neighbours, but an inner fold trains on about {fewest} articles. "
                "Lower n_neighbors in [classifiers], or label more articles."
            )


def _choice_row(result: FoldResult, topics: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "classifier": result.classifier,
        "repeat": result.split.repeat,
        "fold": result.split.fold,
        "features": result.features,
        "parameters": ", ".join(
            f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in result.parameters.items()
        ),
        "inner_score": result.inner_score,
        "fit_seconds": result.fit_seconds,
        "predict_seconds": result.predict_seconds,
    }
    if result.thresholds is not None:
        row |= {f"threshold {topic}": value for topic, value in zip(topics, result.thresholds, strict=True)}
    return row


@dataclass(frozen=True, eq=False)
class _Pooled:
    """All test rows of one classifier in one repeat, and the sample they count for."""

    Y: NDArray[np.int8]
    decisions: NDArray[np.int8]
    scores: NDArray[np.float64]
    folds: NDArray[np.intp]
    rows: NDArray[np.intp]


def _pooled(dataset: Dataset, results: Sequence[FoldResult], sample: str) -> Iterator[_Pooled]:
    for repeat in sorted({result.split.repeat for result in results}):
        parts = [result for result in results if result.split.repeat == repeat]
        rows = np.concatenate([part.split.test for part in parts])
        kept = np.ones(len(rows), dtype=bool) if sample == ALL_SAMPLES else dataset.samples[rows] == sample
        folds = np.repeat(np.arange(len(parts)), [len(part.split.test) for part in parts])
        yield _Pooled(
            Y=dataset.Y[rows[kept]],
            decisions=np.concatenate([part.decisions for part in parts])[kept],
            scores=np.concatenate([part.scores for part in parts])[kept],
            folds=folds[kept],
            rows=rows[kept],
        )


def _tables(
    dataset: Dataset, plan: ComparisonPlan, results: Sequence[FoldResult], jobs: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Compute the tables of `Comparison`: pooled, by topic, by fold."""
    names = [classifier.name for classifier in plan.classifiers]
    tested = np.unique(np.concatenate([result.split.test for result in results]))
    rng = np.random.default_rng([plan.seed, 1])
    # The first weighing is of the articles as they are; the rest are bootstrap resamples.
    drawn = np.vstack([np.ones(len(tested)), bootstrap_weights(dataset.groups[tested], plan.resamples, rng)])
    samples = [ALL_SAMPLES]
    if plan.representative is not None and set(dataset.samples) != {plan.representative}:
        samples.append(plan.representative)

    cells = list(product(samples, names))
    tasks = []
    for sample, name in cells:
        repeats = list(_pooled(dataset, [result for result in results if result.classifier == name], sample))
        tasks.append(delayed(_distributions)(repeats, tested, drawn))
    distributions = dict(zip(cells, run_cells(tasks, jobs, "bootstrap intervals"), strict=True))

    leader = max(names, key=lambda name: distributions[ALL_SAMPLES, name][0][plan.metric][0])
    by_fold = pd.DataFrame([row for result in results for row in _fold_rows(dataset, result)])
    spread = by_fold.groupby(["classifier", "metric"])["value"].agg(fold_mean="mean", fold_sd="std")
    pooled_rows: list[dict[str, Any]] = []
    topic_rows: list[dict[str, Any]] = []
    for (sample, name), (together, by_topic) in distributions.items():
        topic_rows += _topic_rows(dataset.topics, name, sample, by_topic)
        for metric in METRICS:
            lag = distributions[sample, leader][0][metric] - together[metric]
            pooled_rows.append(
                {"classifier": name, "sample": sample, "metric": metric}
                | _with_interval(together[metric], "value", "low", "high")
                | _with_interval(lag, "behind", "behind_low", "behind_high")
            )
    pooled = pd.DataFrame(pooled_rows).join(spread, on=["classifier", "metric"])
    pooled.loc[pooled["sample"] != ALL_SAMPLES, ["fold_mean", "fold_sd"]] = np.nan
    return pooled, pd.DataFrame(topic_rows), by_fold


def _distributions(
    repeats: Sequence[_Pooled], tested: NDArray[np.intp], drawn: NDArray[np.float64]
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Give figures of every weighing, a mean over repeats: together, shape (n_weighings,), and by topic."""
    together, by_topic = [], []
    with threadpool_limits(limits=1):
        for part in repeats:
            weights = drawn[:, np.searchsorted(tested, part.rows)]
            together.append(figures(part.Y, part.decisions, part.scores, weights, part.folds))
            by_topic.append(topic_figures(part.Y, part.decisions, part.scores, weights, part.folds))
    return _mean_over_repeats(together), _mean_over_repeats(by_topic)


def _mean_over_repeats(repeats: Sequence[dict[str, NDArray[np.float64]]]) -> dict[str, NDArray[np.float64]]:
    return {name: np.mean([found[name] for found in repeats], axis=0) for name in repeats[0]}


def _topic_rows(
    topics: Sequence[str], classifier: str, sample: str, by_topic: Mapping[str, NDArray[np.float64]]
) -> list[dict[str, Any]]:
    return [
        {"classifier": classifier, "topic": topic, "sample": sample, "metric": metric}
        | _with_interval(by_topic[metric][:, column], "value", "low", "high")
        | {"support": int(by_topic["support"][0, column])}
        for column, topic in enumerate(topics)
        for metric in TOPIC_METRICS
    ]


def _fold_rows(dataset: Dataset, result: FoldResult) -> list[dict[str, Any]]:
    of_fold = figures(dataset.Y[result.split.test], result.decisions, result.scores)
    return [
        {
            "classifier": result.classifier,
            "repeat": result.split.repeat,
            "fold": result.split.fold,
            "metric": metric,
            "value": float(of_fold[metric][0]),
        }
        for metric in METRICS
    ]


def _with_interval(distribution: NDArray[np.float64], value: str, low: str, high: str) -> dict[str, float]:
    resampled = distribution[1:]
    # A resample in which a figure is undefined (no positive drawn) says nothing about it.
    resampled = resampled[~np.isnan(resampled)]
    ends = np.percentile(resampled, _PERCENTILES) if len(resampled) else (np.nan, np.nan)
    return {value: float(distribution[0]), low: float(ends[0]), high: float(ends[1])}


def _ranking(pooled: pd.DataFrame, metric: str) -> tuple[str, ...]:
    rows = figures_where(pooled, sample=ALL_SAMPLES, metric=metric)
    return tuple(rows.sort_values("value", ascending=False, kind="stable")["classifier"])
