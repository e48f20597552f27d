"""Calibrate scores into probabilities, and select the articles that can be labelled automatically.

Like thresholds, calibrators are fitted on out-of-fold scores of training rows. Test rows are never used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from topicdesk._answers import confidence
from topicdesk._proportions import wilson_interval
from topicdesk.evaluation.automation import automation_cut
from topicdesk.evaluation.names import CalibrationMethod

__all__ = [
    "CALIBRATION_BINS",
    "Calibration",
    "CalibrationMethod",
    "Platt",
    "fit_calibration",
    "fit_platt",
    "platt_probabilities",
    "probability_bins",
    "reliability_table",
]

#: Number of equal-width probability bins used for calibration errors (Guo et al. 2017).
CALIBRATION_BINS = 10

_Floats = NDArray[np.float64]

# Only a safeguard: with two parameters, Newton's method converges much earlier.
_MOST_STEPS = 100


class _Calibrator(Protocol):
    def probability(self, scores: _Floats) -> _Floats:
        """Return the probability of each score, same shape as `scores`."""


@dataclass(frozen=True)
class Platt:
    """Sigmoid of a score: the probability is ``1 / (1 + exp(-(slope * score + intercept)))``.

    Parameters
    ----------
    slope, intercept : float
        From `fit_platt`.
    """

    slope: float
    intercept: float

    def probability(self, scores: _Floats) -> _Floats:
        """Return the probability of each score, same shape as `scores`."""
        return np.asarray(expit(self.slope * scores + self.intercept))


@dataclass(frozen=True, eq=False)
class _Isotonic:
    steps: IsotonicRegression

    def probability(self, scores: _Floats) -> _Floats:
        return np.asarray(self.steps.predict(scores))


@dataclass(frozen=True, eq=False)
class Calibration:
    """Calibration of one model: converts its scores into probabilities.

    Parameters
    ----------
    calibrators : tuple
        One calibrator per topic.
    multi_class : bool
        Whether the probabilities of an article are normalised to sum to one.
    cut : float
        Minimum confidence for labelling an article automatically; infinity if no confidence is high enough.
    """

    calibrators: tuple[_Calibrator, ...]
    multi_class: bool
    cut: float = float("inf")

    def probabilities(self, scores: _Floats) -> _Floats:
        """Return the probability of each topic.

        Parameters
        ----------
        scores : ndarray of float, shape (n_rows, n_topics)
            Scores of the model; higher means more likely.

        Returns
        -------
        ndarray of float, shape (n_rows, n_topics)
            Probabilities between 0 and 1.
        """
        probabilities = np.column_stack(
            [calibrator.probability(column) for calibrator, column in zip(self.calibrators, scores.T, strict=True)]
        )
        if not self.multi_class:
            return probabilities
        total = probabilities.sum(axis=1, keepdims=True)
        # If every class has probability 0, all classes are equally likely.
        return np.where(total > 0, probabilities / np.where(total > 0, total, 1.0), 1 / probabilities.shape[1])


def fit_calibration(
    Y: NDArray[np.int8],
    scores: _Floats,
    decisions: NDArray[np.int8],
    method: CalibrationMethod,
    multi_class: bool,
    precision: float,
    automation_confidence: float = 0.9,
    groups: NDArray[np.intp] | None = None,
) -> Calibration:
    """Fit calibrators on out-of-fold scores, and choose the minimum confidence for automatic labelling.

    Parameters
    ----------
    Y : ndarray of {0, 1}, shape (n_rows, n_topics)
        True topics.
    scores : ndarray of float, shape (n_rows, n_topics)
        Out-of-fold scores of training rows; higher means more likely.
    decisions : ndarray of {0, 1}, shape (n_rows, n_topics)
        Predictions that the thresholds make from these scores.
    method : {"platt", "isotonic"}
        A sigmoid of the score, or isotonic regression. Isotonic regression needs many positives: it overfits with a
        dozen.
    multi_class : bool
        Whether every row has exactly one topic.
    precision : float
        Required share of automatically labelled articles whose topics are all right.
    automation_confidence : float, default 0.9
        Probability with which new articles reach this share.
    groups : ndarray of int, shape (n_rows,), optional
        Cluster of near-duplicates of each row.

    Returns
    -------
    Calibration

    See Also
    --------
    topicdesk.evaluation.automation_cut : Chooses the minimum confidence.

    References
    ----------
    Platt (1999), "Probabilistic outputs for support vector machines"; Zadrozny and Elkan (2002), "Transforming
    classifier scores into accurate multiclass probability estimates".
    """
    fit = fit_platt if method == "platt" else _fit_isotonic
    calibrators = tuple(fit(y, column) for y, column in zip(Y.T, scores.T, strict=True))
    calibration = Calibration(calibrators, multi_class)
    confidences = confidence(calibration.probabilities(scores), decisions, multi_class)
    correct = (decisions == Y).all(axis=1)
    cut = automation_cut(confidences, correct, precision, automation_confidence, groups)
    return Calibration(calibrators, multi_class, cut)


def fit_platt(y: NDArray[np.int8], scores: _Floats) -> Platt:
    """Fit Platt scaling by safeguarded Newton's method.

    Parameters
    ----------
    y : ndarray of {0, 1}, shape (n_rows,)
        Whether each row has the topic.
    scores : ndarray of float, shape (n_rows,)
        Scores of rows that were not used to fit the classifier.

    Returns
    -------
    Platt

    References
    ----------
    Lin, Lin and Weng (2007), "A note on Platt's probabilistic outputs for support vector machines".
    """
    positives, negatives = int(y.sum()), int(len(y) - y.sum())
    # Keep targets slightly away from 0 and 1: a small number of articles gives no certainty.
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
    return Platt(slope, float(weights[1]) - slope * float(scores.mean()))


def platt_probabilities(Y: NDArray[np.int8], scores: _Floats) -> _Floats:
    """Compute the probability of each topic by Platt scaling of out-of-fold scores.

    Parameters
    ----------
    Y : ndarray of {0, 1}, shape (n_rows, n_topics)
        True topics.
    scores : ndarray of float, shape (n_rows, n_topics)
        Scores of rows that were not used to fit the classifier.

    Returns
    -------
    ndarray of float, shape (n_rows, n_topics)
    """
    return np.column_stack([fit_platt(y, column).probability(column) for y, column in zip(Y.T, scores.T, strict=True)])


def probability_bins(probabilities: _Floats) -> NDArray[np.intp]:
    """Return the bin index of each probability, from 0 (see `CALIBRATION_BINS`); same shape as `probabilities`."""
    return np.minimum((probabilities * CALIBRATION_BINS).astype(np.intp), CALIBRATION_BINS - 1)


def reliability_table(y: NDArray[np.int8], probabilities: _Floats, repeats: int = 1) -> pd.DataFrame:
    """Compute predicted and observed frequency per bin.

    Parameters
    ----------
    y : ndarray of {0, 1}, shape (n_rows,)
        Whether each row has the topic.
    probabilities : ndarray of float, shape (n_rows,)
        Predicted probabilities of the topic.
    repeats : int, default 1
        Number of rows per article. Repeated rows add no information about the frequency of a topic, so intervals are
        computed for a single repeat.

    Returns
    -------
    DataFrame
        Columns ``articles, predicted, observed, low, high``: number of rows, mean probability, share of rows with the
        topic, and the bounds of its 95 % Wilson interval. Empty bins are left out.
    """
    rows = pd.DataFrame({"bin": probability_bins(probabilities), "predicted": probabilities, "y": y})
    table = rows.groupby("bin").agg(
        articles=("y", "size"), predicted=("predicted", "mean"), observed=("y", "mean"), positives=("y", "sum")
    )
    low, high = wilson_interval(table.pop("positives") / repeats, table["articles"] / repeats)
    return table.assign(low=low, high=high).reset_index(drop=True)


def _fit_isotonic(y: NDArray[np.int8], scores: _Floats) -> _Isotonic:
    steps = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    return _Isotonic(steps.fit(scores, y))
