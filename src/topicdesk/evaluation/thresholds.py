"""From scores to decisions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ThresholdRule", "best_f1_thresholds", "choose_thresholds", "decide", "decide_class"]

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ThresholdRule:
    """What a threshold is chosen for, topic by topic.

    Parameters
    ----------
    precision : float, optional
        Find as many articles of the topic as this precision allows.
    false_positive, false_negative : float, optional
        Make the sum of these costs of wrong decisions least; both or neither.

    Notes
    -----
    Without any, F1 is made highest.
    """

    precision: float | None = None
    false_positive: float | None = None
    false_negative: float | None = None

    def __post_init__(self) -> None:
        """Refuse a rule that asks for two things, or for what cannot be."""
        if (self.false_positive is None) != (self.false_negative is None):
            raise ValueError("a cost needs both false_positive and false_negative")
        if self.precision is not None and self.false_positive is not None:
            raise ValueError("a threshold is chosen for a precision or by cost, not for both")
        if self.precision is not None and not 0 < self.precision <= 1:
            raise ValueError(f"a precision above 0 and up to 1, not {self.precision}")
        if self.false_positive is not None and min(self.false_positive, self.false_negative or 0) <= 0:
            raise ValueError("costs above 0")

    def merit(self, hits: _Floats, decided: _Floats, positives: int) -> _Floats:
        """Say how good each cut is, more is better: `hits` of `decided` articles carry the topic, as do `positives`."""
        if self.precision is not None:
            with np.errstate(invalid="ignore"):
                return np.where(hits / decided >= self.precision, hits, -1.0)
        if self.false_positive is not None and self.false_negative is not None:
            return -(self.false_positive * (decided - hits) + self.false_negative * (positives - hits))
        return 2 * hits / (decided + positives)


def choose_thresholds(Y: NDArray[np.int8], scores: _Floats, rule: ThresholdRule) -> _Floats:
    """Find, for each topic, the threshold that the rule likes best.

    A threshold lies halfway between two neighbouring scores. Of thresholds that are equally good the highest is taken.
    A topic is never decided for (infinity) without a positive, or where that is best: no cut reaches the precision, or
    every decision costs more than it saves.

    Parameters
    ----------
    Y : ndarray of {0, 1}, shape (n_rows, n_topics)
    scores : ndarray of float, shape (n_rows, n_topics)
        Out-of-fold scores of training rows; higher means more likely.
    rule : ThresholdRule

    Returns
    -------
    ndarray of float, shape (n_topics,)
    """
    return np.array([_best_threshold(Y[:, topic], scores[:, topic], rule) for topic in range(Y.shape[1])])


def best_f1_thresholds(Y: NDArray[np.int8], scores: _Floats) -> _Floats:
    """Find, for each topic, the threshold with the highest F1 (see `choose_thresholds`)."""
    return choose_thresholds(Y, scores, ThresholdRule())


def decide(scores: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.int8]:
    """Give a topic to every article whose score reaches the topic's threshold.

    Parameters
    ----------
    scores : ndarray of float, shape (n_rows, n_topics)
    thresholds : ndarray of float, shape (n_topics,)

    Returns
    -------
    ndarray of {0, 1}, shape (n_rows, n_topics)
    """
    return (scores >= thresholds).astype(np.int8)


def decide_class(scores: NDArray[np.float64]) -> NDArray[np.int8]:
    """Give each article the one class with the highest score (the first of equals); shape as `scores`."""
    decisions = np.zeros(scores.shape, dtype=np.int8)
    decisions[np.arange(len(scores)), scores.argmax(axis=1)] = 1
    return decisions


def _best_threshold(y: NDArray[np.int8], scores: _Floats, rule: ThresholdRule) -> float:
    positives = int(y.sum())
    if positives == 0:
        return float("inf")
    order = np.argsort(-scores)
    ranked = scores[order]
    # A cut can only fall where the score changes.
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    merit = rule.merit(np.cumsum(y[order])[ends].astype(np.float64), ends + 1.0, positives)
    nothing = rule.merit(np.zeros(1), np.zeros(1), positives)[0]
    best = int(np.argmax(merit))
    if not merit[best] > nothing:
        return float("inf")
    end = int(ends[best])
    if end == len(ranked) - 1:
        return float(ranked[end])
    middle = float((ranked[end] + ranked[end + 1]) / 2)
    # Of two scores that are neighbours as floats, the middle may round to the lower one.
    return middle if middle > ranked[end + 1] else float(ranked[end])
