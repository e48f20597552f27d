"""From scores to decisions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["best_f1_thresholds", "decide", "decide_class"]


def best_f1_thresholds(Y: NDArray[np.int8], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find, for each topic, the threshold with the highest F1.

    A threshold lies halfway between two neighbouring scores. Of thresholds with equal F1 the highest is taken. A topic
    without a positive gets infinity: it is never decided for.

    Parameters
    ----------
    Y : ndarray of {0, 1}, shape (n_rows, n_topics)
    scores : ndarray of float, shape (n_rows, n_topics)
        Out-of-fold scores of training rows; higher means more likely.

    Returns
    -------
    ndarray of float, shape (n_topics,)
    """
    return np.array([_best_f1_threshold(Y[:, topic], scores[:, topic]) for topic in range(Y.shape[1])])


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


def _best_f1_threshold(y: NDArray[np.int8], scores: NDArray[np.float64]) -> float:
    positives = int(y.sum())
    if positives == 0:
        return float("inf")
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    hits = np.cumsum(y[order])
    # A cut can only fall where the score changes.
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    f1 = 2 * hits[ends] / (ends + 1 + positives)
    end = int(ends[np.argmax(f1)])
    if end == len(ranked) - 1:
        return float(ranked[end])
    middle = float((ranked[end] + ranked[end + 1]) / 2)
    # Of two scores that are neighbours as floats, the middle may round to the lower one.
    return middle if middle > ranked[end + 1] else float(ranked[end])
