"""Values of a comparison: the plan, the result on one split, and everything computed from them.

Tables, plots and reports depend on these values, not on the code that computes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicdesk._arguments import (
    check_choice,
    check_instance,
    check_integer,
    check_number,
    check_random_state,
    check_string,
    check_strings,
)
from topicdesk._renamed import renamed_fields
from topicdesk.errors import ArgumentError, SpecError
from topicdesk.evaluation.automation import check_automation
from topicdesk.evaluation.calibration import CalibrationMethod
from topicdesk.evaluation.classifiers import Classifier, Scores
from topicdesk.evaluation.leaderboard import probability_leaderboard, scores_where
from topicdesk.evaluation.names import ALL_SAMPLES, CORPUS_SAMPLE, SELECTION_METRICS
from topicdesk.evaluation.splits import Split, SplitPlan
from topicdesk.evaluation.thresholds import ThresholdRule
from topicdesk.evaluation.verdicts import Verdict
from topicdesk.features import FeatureSetting

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = [
    "ComparisonPlan",
    "ComparisonValues",
    "CrossValidation",
    "DecisionRule",
    "FoldResult",
    "headline_sample",
    "ranking",
]


@dataclass(frozen=True)
class DecisionRule:
    """Rules that turn out-of-fold scores of the training rows into thresholds and probabilities.

    Parameters
    ----------
    threshold : ThresholdRule, default F1
        Criterion that the threshold of each topic optimises.
    calibration : {"platt", "isotonic"}, default "platt"
        Calibration method (see `fit_calibration`).
    automation_precision : float, default 0.95
        Required share of automatically labelled articles whose topics are all right.
    automation_confidence : float, default 0.9
        Probability with which this share is reached on new articles like the labelled ones, above 0 and below 1. A
        higher one leaves more articles to people.
    """

    threshold: ThresholdRule = field(default_factory=ThresholdRule)
    calibration: CalibrationMethod = "platt"
    automation_precision: float = 0.95
    automation_confidence: float = 0.9

    def __post_init__(self) -> None:
        """Raise `ArgumentError` if a value is wrong."""
        check_instance("threshold", self.threshold, ThresholdRule)
        check_choice("calibration", self.calibration, ("platt", "isotonic"))
        check_automation(self.automation_precision, self.automation_confidence)


@renamed_fields(seed="random_state")
@dataclass(frozen=True)
class ComparisonPlan:
    """Configuration of a comparison.

    Parameters
    ----------
    classifiers : tuple of Classifier
        Classifiers to compare, simplest first.
    settings : tuple of FeatureSetting
        TF-IDF settings to choose from. The first one wins ties.
    splits : SplitPlan
        The outer splits.
    inner_folds : int, default 3
        Number of folds of the training rows of each outer split.
    metric : str, default "macro_f1"
        One of `SELECTION_METRICS`. It selects models on inner folds and orders the leaderboard.
    decision_rule : DecisionRule
        How thresholds, probabilities and the articles to label automatically follow from scores on inner folds.
    search : {"grid", "halving"}, default "grid"
        "grid" tries every candidate on all rows. "halving" drops the worst two thirds of each classifier's candidates
        on a ninth of the rows, and again on a third.
    representative : str, optional
        Name of the uniformly drawn sample, if other samples are not uniform. Metrics that depend on the frequency of
        a topic (such as precision) are also computed on this sample alone.
    resamples : int, default 1000
        Number of bootstrap resamples for each interval.
    rope : float, default 0.01
        Differences in the metric up to this value do not matter (region of practical equivalence).
    random_state : int, default 0
        Random seed. Results are reproducible for a fixed seed.
    baselines : tuple of str, default ()
        Names of classifiers that run beside those that the user listed. They are shown, and never win, unless there are
        no others.

    Raises
    ------
    SpecError
        If there is no classifier or no setting, or a classifier occurs twice.
    ArgumentError
        If a value has another type, a name is unknown, or a number is too small.
    """

    classifiers: tuple[Classifier, ...]
    settings: tuple[FeatureSetting, ...] = (FeatureSetting(),)
    splits: SplitPlan = field(default_factory=SplitPlan)
    inner_folds: int = 3
    metric: str = "macro_f1"
    decision_rule: DecisionRule = field(default_factory=DecisionRule)
    search: Literal["grid", "halving"] = "grid"
    representative: str | None = None
    resamples: int = 1000
    rope: float = 0.01
    random_state: int = 0
    baselines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise `SpecError` or `ArgumentError` if a value is wrong."""
        for key, values in (("classifiers", self.classifiers), ("settings", self.settings)):
            if not isinstance(values, Sequence) or isinstance(values, str):
                raise ArgumentError(f"{key} of a plan must be a tuple; got {type(values).__name__}.")
            if not values:
                raise SpecError(f"{key}: the plan has none.")
        names = []
        for classifier in self.classifiers:
            how = "Use classifier_named or own_classifier."
            check_instance("classifiers: each item", classifier, Classifier, how)
            names.append(classifier.name)
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise SpecError(
                f"classifiers: the name {twice!r} occurs more than once. Name them: [('{twice} 1', ...), ...]."
            )
        check_instance("splits", self.splits, SplitPlan)
        check_choice("metric", self.metric, SELECTION_METRICS)
        check_choice("search", self.search, ("grid", "halving"))
        for setting in self.settings:
            check_instance("settings: each item", setting, FeatureSetting, "Use Features(...).settings().")
        check_instance("decision_rule", self.decision_rule, DecisionRule, "Use topicdesk.evaluation.DecisionRule.")
        if self.representative is not None:
            check_string("representative", self.representative, empty=False)
            if self.representative in (ALL_SAMPLES, CORPUS_SAMPLE):
                raise SpecError(
                    f"representative: {self.representative!r} stands for all articles in the scores. Rename the sample."
                )
        check_strings("baselines", self.baselines)
        check_integer("inner_folds", self.inner_folds, 2)
        check_integer("resamples", self.resamples, 0)
        check_number("rope", self.rope, 0, 1)
        check_random_state(self.random_state)


@dataclass(frozen=True, eq=False)
class FoldResult:
    """Result of one classifier on one outer split.

    Parameters
    ----------
    classifier : str
        Name of the classifier.
    split : Split
        The outer split.
    features : str
        Selected features, as options that differ from scikit-learn's defaults.
    parameters : dict
        Selected point of the classifier's grid.
    thresholds : ndarray of float, shape (n_topics,), or None
        Scores from which a topic is predicted. None for multi-class data, where the class with the highest score is
        predicted.
    inner_score : float
        The plan's metric of the selected model on inner folds. It is optimistic, because it was used for selection.
        NaN if there was nothing to choose.
    scores : ndarray of float, shape (n_test, n_topics)
        Scores of the test rows; higher means more likely.
    decisions : ndarray of {0, 1}, shape (n_test, n_topics)
        Predictions for the test rows.
    probabilities : ndarray of float, shape (n_test, n_topics), or None
        Probabilities, calibrated on inner folds. None if nothing was scored on inner folds.
    automated : ndarray of bool, shape (n_test,)
        Whether each article is certain enough to be labelled automatically.
    fit_seconds, predict_seconds : float
        Seconds to fit the selected model on the features of the training rows, and to score those of the test rows.
    """

    classifier: str
    split: Split
    features: str
    parameters: dict[str, Any]
    thresholds: NDArray[np.float64] | None
    inner_score: float
    scores: Scores
    decisions: NDArray[np.int8]
    probabilities: NDArray[np.float64] | None
    automated: NDArray[np.bool_]
    fit_seconds: float
    predict_seconds: float


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Out-of-fold scores and decisions of classifiers on every split, without metrics.

    Parameters
    ----------
    dataset : Dataset
        The labelled articles.
    plan : ComparisonPlan
        Configuration of the comparison.
    splits : tuple of Split
        The outer splits.
    results : tuple of FoldResult
        Results by classifier, then by split.
    """

    dataset: Dataset
    plan: ComparisonPlan
    splits: tuple[Split, ...]
    results: tuple[FoldResult, ...]

    def results_of(self, classifier: str) -> tuple[FoldResult, ...]:
        """Return the results of one classifier, one per split."""
        check_choice("classifier", classifier, dict.fromkeys(result.classifier for result in self.results))
        return tuple(result for result in self.results if result.classifier == classifier)

    def topic_column(self, topic: str) -> int:
        """Return the number of a topic's column."""
        check_choice("topic", topic, self.dataset.topics)
        return self.dataset.topics.index(topic)


@dataclass(frozen=True, eq=False)
class ComparisonValues(CrossValidation):
    """Out-of-fold scores and decisions of every classifier on every split, and the metrics computed from them.

    Parameters
    ----------
    dataset : Dataset
        The labelled articles.
    plan : ComparisonPlan
        Configuration of the comparison.
    splits : tuple of Split
        The outer splits.
    results : tuple of FoldResult
        Results by classifier, in the plan's order, then by split.
    scores : DataFrame
        Columns ``classifier, sample, metric, value, low, high``, `DIFFERENCE_FROM_BEST`, ``fold_mean, fold_sd``: the
        pooled metric (mean over repeats), its 95 % interval for the procedure on new data (see `score_interval`), the
        difference from the best listed classifier with its paired interval, and the mean and standard deviation over
        folds. ``sample`` is ``all`` for the labelled articles, each counted once; ``corpus`` for the same articles,
        weighted by how they were drawn; or the representative sample.
    topic_scores : DataFrame
        Columns ``classifier, topic, sample, metric, value, low, high, support``. ``support`` is the number of test
        articles with the topic; for ``corpus``, the effective number of those that were drawn at random.
    fold_scores : DataFrame
        Columns ``classifier, repeat, fold, metric, value``, over all test articles of the fold, weighted as in the
        headline.
    significance : DataFrame
        Difference between the best listed classifier and each other one, with tests (see `significance_table`).
    verdict : Verdict
        Which classifier is kept, and why.
    warnings : tuple of str
        Warnings for readers of the results.
    seconds : float
        Wall-clock time in seconds.
    """

    scores: pd.DataFrame
    topic_scores: pd.DataFrame
    fold_scores: pd.DataFrame
    significance: pd.DataFrame
    verdict: Verdict
    warnings: tuple[str, ...]
    seconds: float

    @property
    def headline(self) -> str:
        """The sample of the headline: ``corpus`` if the articles were not drawn uniformly, else ``all``."""
        return headline_sample(self.dataset)

    @property
    def ranking(self) -> tuple[str, ...]:
        """Names of the classifiers, sorted by the headline, best first; on ties, simplest first."""
        return ranking(self.scores, self.plan.metric, self.headline)

    def probability_leaderboard(self) -> pd.DataFrame:
        """Return metrics of the probabilities and of automatic labelling as text (see `probability_leaderboard`)."""
        return probability_leaderboard(self.scores, self.ranking, self.plan.decision_rule.automation_precision)


def headline_sample(dataset: Dataset) -> str:
    """Return the sample of the headline: ``corpus`` if rows have unequal sampling weights, else ``all``."""
    weights = dataset.weights
    return ALL_SAMPLES if weights is None or np.ptp(weights) <= 1e-9 * weights.max() else CORPUS_SAMPLE


def ranking(pooled: pd.DataFrame, metric: str, sample: str = ALL_SAMPLES) -> tuple[str, ...]:
    """Sort classifiers by a metric, best first; on ties, simplest first."""
    rows = scores_where(pooled, sample=sample, metric=metric)
    return tuple(rows.sort_values("value", ascending=False, kind="stable")["classifier"])
