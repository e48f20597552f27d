"""Values of a comparison: the plan, the result on one split, and all that is computed from them.

They stand below what computes them, so that tables, plots and reports are functions of values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicdesk.evaluation.calibration import CalibrationMethod
from topicdesk.evaluation.classifiers import Classifier, Scores
from topicdesk.evaluation.leaderboard import ALL_SAMPLES, figures_where, probability_leaderboard
from topicdesk.evaluation.significance import Verdict
from topicdesk.evaluation.splits import Split, SplitPlan
from topicdesk.evaluation.thresholds import ThresholdRule
from topicdesk.features import FeatureSetting

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = ["ComparisonPlan", "ComparisonValues", "DecisionRule", "FoldResult", "ranking"]


@dataclass(frozen=True)
class DecisionRule:
    """What follows from out-of-fold scores of the training rows.

    Parameters
    ----------
    threshold : ThresholdRule, default F1
        What the threshold of each topic is chosen for.
    calibration : {"platt", "isotonic"}, default "platt"
        How scores become probabilities (see `fit_calibration`).
    automation_precision : float, default 0.95
        How often all topics are to be right of an article that is labelled without a person.
    """

    threshold: ThresholdRule = field(default_factory=ThresholdRule)
    calibration: CalibrationMethod = "platt"
    automation_precision: float = 0.95


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
    decision_rule : DecisionRule
        What follows from scores on inner folds: thresholds, probabilities, and which articles need no person.
    search : {"grid", "halving"}, default "grid"
        Try every candidate in full, or drop the worse two thirds of each classifier on a ninth and on a third of the
        rows.
    representative : str, optional
        The sample that was drawn uniformly, when others were not: figures that depend on how frequent a topic is
        (precision and all that follows from it) are given on its articles too.
    resamples : int, default 1000
        Bootstrap resamples behind each interval.
    rope : float, default 0.01
        Differences in the metric up to here do not matter (region of practical equivalence).
    seed : int, default 0
        Same seed, same figures.
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
    seed: int = 0


@dataclass(frozen=True, eq=False)
class FoldResult:
    """One classifier on one outer split.

    Parameters
    ----------
    classifier : str
    split : Split
    features : str
        The chosen features, as options that differ from scikit-learn's defaults.
    parameters : dict
        The chosen point of the classifier's grid.
    thresholds : ndarray of float, shape (n_topics,), or None
        Scores at which topics are given; None for multi-class data, where the highest score decides.
    inner_score : float
        The plan's metric of the choice, on inner folds: how it was chosen, not how good it is. NaN where there was
        nothing to choose.
    scores : ndarray of float, shape (n_test, n_topics)
        Of the test rows; higher means more likely.
    decisions : ndarray of {0, 1}, shape (n_test, n_topics)
    probabilities : ndarray of float, shape (n_test, n_topics), or None
        Calibrated on inner folds; None where nothing was scored on inner folds.
    automated : ndarray of bool, shape (n_test,)
        Which articles are sure enough to be labelled without a person.
    fit_seconds, predict_seconds : float
        Fitting the chosen model on the training rows' features, and scoring the test rows'.
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
class ComparisonValues:
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
    significance : DataFrame
        How far the best classifier is ahead of each other one, and whether that is real (see `significance_table`).
    verdict : Verdict
        Which classifier wins, and why.
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
    significance: pd.DataFrame
    verdict: Verdict
    warnings: tuple[str, ...]
    seconds: float

    @property
    def ranking(self) -> tuple[str, ...]:
        """Classifiers by the plan's metric, best first; of equals the simplest first."""
        return ranking(self.figures, self.plan.metric)

    def probability_leaderboard(self) -> pd.DataFrame:
        """Write how good probabilities are, and how many articles need no person (see `probability_leaderboard`)."""
        return probability_leaderboard(self.figures, self.ranking, self.plan.decision_rule.automation_precision)

    def results_of(self, classifier: str) -> tuple[FoldResult, ...]:
        """Give the results of one classifier, split by split."""
        return tuple(result for result in self.results if result.classifier == classifier)


def ranking(pooled: pd.DataFrame, metric: str) -> tuple[str, ...]:
    """Order classifiers by a metric, best first; of equals the simplest first."""
    rows = figures_where(pooled, sample=ALL_SAMPLES, metric=metric)
    return tuple(rows.sort_values("value", ascending=False, kind="stable")["classifier"])
