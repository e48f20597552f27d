"""Choose thresholds, and turn scores into decisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from topicdesk._arguments import check_number
from topicdesk.errors import ArgumentError, nearest

__all__ = ["ThresholdRule", "best_f1_thresholds", "choose_thresholds", "decide", "decide_class"]

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ThresholdRule:
    """The criterion by which each topic's threshold is chosen.

    Parameters
    ----------
    precision : float, optional
        Maximise recall at this precision or higher.
    false_positive, false_negative : float, optional
        Minimise the total cost, with these costs per wrong decision. Set both or neither.
    f1 : {"expected", "observed"}, optional
        With neither precision nor costs, F1 is maximised: the one that Platt probabilities of the scores lead to expect
        (the default), or the one that the labels have with these scores. The best observed F1 of a rare topic depends
        on a few articles, so its threshold varies more between samples.

    References
    ----------
    Ye, Chai, Lee and Chieu (2012), "Optimizing F-measures: a tale of two approaches", ICML. Lipton, Elkan and
    Narayanaswamy (2014), "Optimal thresholding of classifiers to maximize F1 measure", ECML PKDD.
    """

    precision: float | None = None
    false_positive: float | None = None
    false_negative: float | None = None
    f1: Literal["expected", "observed"] | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` if the parameters contradict each other or are out of range."""
        if self.f1 not in ("expected", "observed", None):
            raise ArgumentError(f"f1 = {self.f1!r}: {nearest(str(self.f1), ['expected', 'observed'])}")
        for name in ("precision", "false_positive", "false_negative"):
            value = getattr(self, name)
            if value is not None:
                check_number(name, value)
                if value == 0:
                    raise ArgumentError(f"{name} must be above 0; got {value!r}.")
        if self.precision is not None and self.precision > 1:
            raise ArgumentError(f"precision must be at most 1; got {self.precision!r}.")
        if (self.false_positive is None) != (self.false_negative is None):
            raise ValueError("a cost needs both false_positive and false_negative")
        if self.precision is not None and self.false_positive is not None:
            raise ValueError("a threshold is chosen for a precision or by cost, not for both")
        if self.f1 is not None and (self.precision is not None or self.false_positive is not None):
            raise ValueError(f"f1 = {self.f1!r} cannot be combined with precision or costs: choose one criterion")

    @property
    def is_expected(self) -> bool:
        """Whether the criterion is computed from probabilities, and not from labels."""
        return self.f1 != "observed" and self.precision is None and self.false_positive is None

    def observed(self) -> ThresholdRule:
        """Return the same criterion, computed from labels."""
        return replace(self, f1="observed") if self.is_expected else self

    def merit(self, hits: _Floats, decided: _Floats, positives: float) -> _Floats:
        """Score each cut, higher is better: `hits` of its `decided` articles are among the `positives` of the topic."""
        if self.precision is not None:
            with np.errstate(invalid="ignore"):
                return np.where(hits / decided >= self.precision, hits, -1.0)
        if self.false_positive is not None and self.false_negative is not None:
            return -(self.false_positive * (decided - hits) + self.false_negative * (positives - hits))
        return 2 * hits / (decided + positives)


def choose_thresholds(
    Y: NDArray[np.int8], scores: _Floats, rule: ThresholdRule, probabilities: _Floats | None = None
) -> _Floats:
    """Choose the best threshold of each topic under a rule.

    A threshold lies halfway between two neighbouring scores. Ties go to the highest threshold. The threshold is
    infinity, so the topic is never predicted, if the topic has no positives or if this is the best choice: no cut
    reaches the precision, or every positive decision costs more than it saves.

    Parameters
    ----------
    Y : ndarray of {0, 1}, shape (n_rows, n_topics)
        Labels.
    scores : ndarray of float, shape (n_rows, n_topics)
        Out-of-fold scores of training rows; higher means more likely.
    rule : ThresholdRule
        The criterion to optimise.
    probabilities : ndarray of float, shape (n_rows, n_topics), optional
        Probability of each topic, for a rule that maximises the expected F1. By default, `platt_probabilities`.

    Returns
    -------
    ndarray of float, shape (n_topics,)
    """
    chances = Y.astype(np.float64)
    if rule.is_expected:
        from topicdesk.evaluation.calibration import platt_probabilities  # SciPy is slow, and specs read rules

        chances = platt_probabilities(Y, scores) if probabilities is None else probabilities
    return np.array(
        [
            _best_threshold(chances[:, topic], scores[:, topic], rule) if Y[:, topic].any() else np.inf
            for topic in range(Y.shape[1])
        ]
    )


def best_f1_thresholds(Y: NDArray[np.int8], scores: _Floats) -> _Floats:
    """Choose the threshold with the highest observed F1 for each topic (see `choose_thresholds`)."""
    return choose_thresholds(Y, scores, ThresholdRule(f1="observed"))


def decide(scores: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.int8]:
    """Assign each topic to the articles whose score reaches its threshold.

    Parameters
    ----------
    scores : ndarray of float, shape (n_rows, n_topics)
        Higher means more likely.
    thresholds : ndarray of float, shape (n_topics,)
        Threshold of each topic.

    Returns
    -------
    ndarray of {0, 1}, shape (n_rows, n_topics)
    """
    return (scores >= thresholds).astype(np.int8)


def decide_class(scores: NDArray[np.float64]) -> NDArray[np.int8]:
    """Assign to each article the class with the highest score. Ties go to the first; the shape is that of `scores`."""
    decisions = np.zeros(scores.shape, dtype=np.int8)
    decisions[np.arange(len(scores)), scores.argmax(axis=1)] = 1
    return decisions


def _best_threshold(chances: _Floats, scores: _Floats, rule: ThresholdRule) -> float:
    """Choose a threshold. `chances` are labels, or probabilities of the topic."""
    order = np.argsort(-scores)
    ranked = scores[order]
    # A cut is only possible where the score changes.
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    positives = float(chances.sum())
    merit = rule.merit(np.cumsum(chances[order])[ends], ends + 1.0, positives)
    nothing = rule.merit(np.zeros(1), np.zeros(1), positives)[0]
    best = int(np.argmax(merit))
    if not merit[best] > nothing:
        return float("inf")
    end = int(ends[best])
    if end == len(ranked) - 1:
        return float(ranked[end])
    middle = float((ranked[end] + ranked[end + 1]) / 2)
    # The middle of two adjacent floats may round to the lower one.
    return middle if middle > ranked[end + 1] else float(ranked[end])
