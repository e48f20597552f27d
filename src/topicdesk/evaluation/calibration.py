"""From scores to probabilities, and to the articles that can be labelled without a person.

Calibrators are fitted on out-of-fold scores of training rows, as thresholds are: nothing here sees a test row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from topicdesk.evaluation.names import CalibrationMethod
from topicdesk.evaluation.thresholds import ThresholdRule, choose_thresholds
from topicdesk.proportions import wilson_interval

__all__ = [
    "CALIBRATION_BINS",
    "Calibration",
    "CalibrationMethod",
    "confidence",
    "fit_calibration",
    "probability_bins",
    "reliability_table",
]

#: Equal parts of the range of probabilities, over which calibration errors are taken (Guo et al. 2017).
CALIBRATION_BINS = 10

_Floats = NDArray[np.float64]

# Newton's method on two numbers; it stops long before.
_MOST_STEPS = 100


class _Calibrator(Protocol):
    def probability(self, scores: _Floats) -> _Floats:
        """Give the probability of each score, shape as `scores`."""


@dataclass(frozen=True)
class _Platt:
    slope: float
    intercept: float

    def probability(self, scores: _Floats) -> _Floats:
        return np.asarray(expit(self.slope * scores + self.intercept))


@dataclass(frozen=True, eq=False)
class _Isotonic:
    steps: IsotonicRegression

    def probability(self, scores: _Floats) -> _Floats:
        return np.asarray(self.steps.predict(scores))


@dataclass(frozen=True, eq=False)
class Calibration:
    """What turns the scores of one model into probabilities.

    Parameters
    ----------
    calibrators : tuple
        One a topic.
    multi_class : bool
        Whether an article's probabilities are made to add up to one.
    cut : float
        From this confidence on, decisions are right as often as was asked for; infinity where none is.
    """

    calibrators: tuple[_Calibrator, ...]
    multi_class: bool
    cut: float = float("inf")

    def probabilities(self, scores: _Floats) -> _Floats:
        """Give the probability of each topic.

        Parameters
        ----------
        scores : ndarray of float, shape (n_rows, n_topics)

        Returns
        -------
        ndarray of float, shape (n_rows, n_topics)
            From 0 to 1.
        """
        found = np.column_stack(
            [one.probability(column) for one, column in zip(self.calibrators, scores.T, strict=True)]
        )
        if not self.multi_class:
            return found
        total = found.sum(axis=1, keepdims=True)
        # Where every class is ruled out, none is likelier than another.
        return np.where(total > 0, found / np.where(total > 0, total, 1.0), 1 / found.shape[1])


def fit_calibration(
    Y: NDArray[np.int8],
    scores: _Floats,
    decisions: NDArray[np.int8],
    method: CalibrationMethod,
    multi_class: bool,
    precision: float,
) -> Calibration:
    """Learn probabilities from out-of-fold scores, and from which confidence on decisions need no person.

    Parameters
    ----------
    Y : ndarray of {0, 1}, shape (n_rows, n_topics)
    scores : ndarray of float, shape (n_rows, n_topics)
        Out-of-fold scores of training rows; higher means more likely.
    decisions : ndarray of {0, 1}, shape (n_rows, n_topics)
        What the thresholds decide for them.
    method : {"platt", "isotonic"}
        A sigmoid of the score, or the best rising steps. Steps need many positives: with a dozen they overfit.
    multi_class : bool
        Whether every row carries exactly one topic.
    precision : float
        Share of the articles labelled without a person that are to have all topics right.

    Returns
    -------
    Calibration

    References
    ----------
    Platt (1999), "Probabilistic outputs for support vector machines"; Zadrozny and Elkan (2002), "Transforming
    classifier scores into accurate multiclass probability estimates". The cut is that of selective classification
    (Geifman and El-Yaniv 2017).
    """
    fit = _fit_platt if method == "platt" else _fit_isotonic
    calibrators = tuple(fit(y, column) for y, column in zip(Y.T, scores.T, strict=True))
    calibration = Calibration(calibrators, multi_class)
    sure = confidence(calibration.probabilities(scores), decisions, multi_class)
    right = (decisions == Y).all(axis=1).astype(np.int8)
    (cut,) = choose_thresholds(right[:, None], sure[:, None], ThresholdRule(precision=precision))
    return Calibration(calibrators, multi_class, float(cut))


def confidence(probabilities: _Floats, decisions: NDArray[np.int8], multi_class: bool) -> _Floats:
    """Give the probability that all decisions on an article are right.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n_rows, n_topics)
    decisions : ndarray of {0, 1}, shape (n_rows, n_topics)
    multi_class : bool
        Whether it is that of the one class decided for, or a product over topics, as if they were independent.

    Returns
    -------
    ndarray of float, shape (n_rows,)
    """
    if multi_class:
        return np.asarray((probabilities * decisions).sum(axis=1))
    return np.asarray(np.where(decisions == 1, probabilities, 1 - probabilities).prod(axis=1))


def probability_bins(probabilities: _Floats) -> NDArray[np.intp]:
    """Give the number of each probability's bin, from 0 (see `CALIBRATION_BINS`); shape as `probabilities`."""
    return np.minimum((probabilities * CALIBRATION_BINS).astype(np.intp), CALIBRATION_BINS - 1)


def reliability_table(y: NDArray[np.int8], probabilities: _Floats, repeats: int = 1) -> pd.DataFrame:
    """Tell, bin by bin, how often the topic was there where it was said to be so likely.

    Parameters
    ----------
    y : ndarray of {0, 1}, shape (n_rows,)
    probabilities : ndarray of float, shape (n_rows,)
    repeats : int, default 1
        How many rows there are of each article. They tell no more about how frequent a topic is than one does, so
        intervals are those of a single repeat.

    Returns
    -------
    DataFrame
        Columns ``articles, predicted, observed, low, high``: mean probability, share that carries the topic, and the
        ends of its 95 % Wilson interval. Empty bins are left out.
    """
    rows = pd.DataFrame({"bin": probability_bins(probabilities), "predicted": probabilities, "y": y})
    table = rows.groupby("bin").agg(
        articles=("y", "size"), predicted=("predicted", "mean"), observed=("y", "mean"), positives=("y", "sum")
    )
    low, high = wilson_interval(table.pop("positives") / repeats, table["articles"] / repeats)
    return table.assign(low=low, high=high).reset_index(drop=True)


def _fit_platt(y: NDArray[np.int8], scores: _Floats) -> _Platt:
    """Fit by Newton's method, safeguarded (Lin, Lin and Weng 2007); scikit-learn's own stands behind a refit."""
    positives, negatives = int(y.sum()), int(len(y) - y.sum())
    # Targets a little inside 0 and 1: of few articles none is certain.
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    spread = float(scores.std()) or 1.0
    x = np.column_stack([(scores - scores.mean()) / spread, np.ones(len(y))])
    weights = np.array([0.0, np.log((positives + 1) / (negatives + 1))])

    def loss(candidate: _Floats) -> float:
        z = x @ candidate
        return float((np.logaddexp(0, z) - target * z).sum())

    current = loss(weights)
    for _ in range(_MOST_STEPS):
        p = expit(x @ weights)
        gradient = x.T @ (p - target)
        if np.abs(gradient).max() < 1e-9 * len(y):
            break
        step = np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + 1e-12 * np.eye(2), gradient)
        size = 1.0
        while size > 1e-10 and loss(weights - size * step) > current:
            size /= 2
        weights = weights - size * step
        current = loss(weights)
    slope = float(weights[0]) / spread
    return _Platt(slope, float(weights[1]) - slope * float(scores.mean()))


def _fit_isotonic(y: NDArray[np.int8], scores: _Floats) -> _Isotonic:
    steps = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    return _Isotonic(steps.fit(scores, y))
