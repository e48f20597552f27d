"""Compute metrics of decisions and scores, for one or many weightings of the articles.

A bootstrap resample is a weighting of the articles: an article drawn twice has weight 2. The formulas are vectorised
over weightings, so they compute both the metrics and their intervals. Tests compare them with scikit-learn's functions.

Undefined cases:

- precision is 0 if no article is predicted positive (as in scikit-learn);
- recall is NaN for a topic without positives;
- F1 is NaN for a topic without positives and without positive predictions;
- average precision and ROC AUC are NaN for a topic without positives, and ROC AUC also without negatives.

Macro metrics are means over the topics for which the metric is defined.

Decisions are pooled over folds: their true and false positives are summed. Scores are not pooled, because the models of
different folds do not share a scale. Average precision and ROC AUC are computed per fold and averaged (Forman and
Scholz 2010, "Apples-to-apples in cross-validation studies").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicdesk.evaluation.calibration import CALIBRATION_BINS, probability_bins
from topicdesk.evaluation.names import METRICS, PROBABILITY_METRICS, SELECTION_METRICS, TOPIC_METRICS

__all__ = [
    "METRICS",
    "PROBABILITY_METRICS",
    "SELECTION_METRICS",
    "TOPIC_METRICS",
    "bootstrap_weights",
    "mean_of_defined",
    "metric_value",
    "metric_values",
    "observed_and_bootstrap_weights",
    "probability_metric_values",
    "topic_metric_values",
    "weighted_metric_values",
    "weighted_topic_metric_values",
]

# Weightings per batch: enough to share one pass over a ranking, few enough for the processor's cache.
_TOGETHER = 32

Floats = NDArray[np.float64]


def metric_values(
    Y: NDArray[np.int8],
    decisions: NDArray[np.int8],
    scores: Floats,
    weights: Floats | None = None,
    folds: NDArray[np.intp] | None = None,
    by_topic: dict[str, Floats] | None = None,
) -> dict[str, Floats]:
    """Compute all `METRICS`.

    Parameters
    ----------
    Y, decisions : ndarray of {0, 1}, shape (n_rows, n_topics)
        True labels and decisions.
    scores : ndarray of float, shape (n_rows, n_topics)
        Higher means more likely.
    weights : ndarray of float, shape (n_weightings, n_rows), optional
        Weight of each row. By default, one weighting in which every row has weight 1.
    folds : ndarray of int, shape (n_rows,), optional
        Fold whose model scored each row. By default, one model scored all rows.
    by_topic : dict of str to ndarray, optional
        Result of `topic_metric_values` for the same arguments, if already computed.

    Returns
    -------
    dict of str to ndarray of float, shape (n_weightings,)
    """
    weights = np.ones((1, len(Y))) if weights is None else weights
    by_topic = topic_metric_values(Y, decisions, scores, weights, folds) if by_topic is None else by_topic
    result = {f"macro_{name}": mean_of_defined(by_topic[name]) for name in TOPIC_METRICS}
    sums = (part.sum(axis=1, keepdims=True) for part in _decision_sums(Y, decisions, weights))
    micro = _decision_metric_values(*sums) | _mean_over_folds(_micro_ranking_metric_values, Y, scores, weights, folds)
    result |= {f"micro_{name}": values[:, 0] for name, values in micro.items()}
    total = weights.sum(axis=1)
    wrong = decisions != Y
    with np.errstate(invalid="ignore"):  # no article has a weight
        result["subset_accuracy"] = weights @ ~wrong.any(axis=1) / total
        result["hamming_loss"] = weights @ wrong.mean(axis=1) / total
    return result


def metric_value(
    name: str,
    Y: NDArray[np.int8],
    decisions: NDArray[np.int8],
    scores: Floats,
    folds: NDArray[np.intp] | None = None,
) -> float:
    """Compute a single one of `METRICS`, with equal weights (see `metric_values`)."""
    return float(weighted_metric_values(name, Y, decisions, scores, np.ones((1, len(Y))), folds)[0])


def weighted_metric_values(
    name: str,
    Y: NDArray[np.int8],
    decisions: NDArray[np.int8],
    scores: Floats,
    weights: Floats,
    folds: NDArray[np.intp] | None = None,
) -> Floats:
    """Compute a single one of `METRICS` for each weighting, shape (n_weightings,) (see `metric_values`)."""
    mean, _, kind = name.partition("_")
    if name in ("subset_accuracy", "hamming_loss"):
        right = (decisions == Y).all(axis=1) if name == "subset_accuracy" else (decisions != Y).mean(axis=1)
        with np.errstate(invalid="ignore"):  # no article has a weight
            return np.asarray(weights @ right / weights.sum(axis=1))
    if mean == "macro":
        return mean_of_defined(weighted_topic_metric_values(kind, Y, decisions, scores, weights, folds))
    if kind in ("precision", "recall", "f1"):
        sums = (part.sum(axis=1, keepdims=True) for part in _decision_sums(Y, decisions, weights))
        return mean_of_defined(_decision_metric_values(*sums)[kind])
    return mean_of_defined(_mean_over_folds(_micro_ranking_metric_values, Y, scores, weights, folds)[kind])


def weighted_topic_metric_values(
    name: str,
    Y: NDArray[np.int8],
    decisions: NDArray[np.int8],
    scores: Floats,
    weights: Floats,
    folds: NDArray[np.intp] | None = None,
) -> Floats:
    """Compute a single one of `TOPIC_METRICS`, shape (n_weightings, n_topics) (see `topic_metric_values`)."""
    if name in ("precision", "recall", "f1"):
        return _decision_metric_values(*_decision_sums(Y, decisions, weights))[name]
    return _mean_over_folds(_ranking_metric_values, Y, scores, weights, folds)[name]


def topic_metric_values(
    Y: NDArray[np.int8],
    decisions: NDArray[np.int8],
    scores: Floats,
    weights: Floats | None = None,
    folds: NDArray[np.intp] | None = None,
) -> dict[str, Floats]:
    """Compute `TOPIC_METRICS` and the support of each topic.

    Parameters
    ----------
    Y, decisions, scores, weights, folds
        As in `metric_values`.

    Returns
    -------
    dict of str to ndarray of float, shape (n_weightings, n_topics)
        `TOPIC_METRICS` and ``support``, the weighted number of positives.
    """
    weights = np.ones((1, len(Y))) if weights is None else weights
    true, decided, positive = _decision_sums(Y, decisions, weights)
    ranking = _mean_over_folds(_ranking_metric_values, Y, scores, weights, folds)
    return _decision_metric_values(true, decided, positive) | ranking | {"support": positive}


def probability_metric_values(
    Y: NDArray[np.int8],
    decisions: NDArray[np.int8],
    probabilities: Floats,
    automated: NDArray[np.bool_],
    weights: Floats | None = None,
) -> dict[str, Floats]:
    """Compute all `PROBABILITY_METRICS`.

    Parameters
    ----------
    Y, decisions : ndarray of {0, 1}, shape (n_rows, n_topics)
        True labels and decisions.
    probabilities : ndarray of float, shape (n_rows, n_topics)
        Calibrated probabilities.
    automated : ndarray of bool, shape (n_rows,)
        Whether the confidence in an article is high enough to label it automatically.
    weights : ndarray of float, shape (n_weightings, n_rows), optional
        Weight of each row. By default, one weighting in which every row has weight 1.

    Returns
    -------
    dict of str to ndarray of float, shape (n_weightings,)
        The automation precision is NaN if no article is automated.

    References
    ----------
    Brier (1950), "Verification of forecasts expressed in terms of probability". Guo et al. (2017), "On calibration of
    modern neural networks", for the expected calibration error over bins of equal width.
    """
    weights = np.ones((1, len(Y))) if weights is None else weights
    total, n_topics = weights.sum(axis=1), Y.shape[1]
    excess = probabilities - Y
    # One row per topic and bin. It sums probability minus label over the articles of the bin.
    bins = probability_bins(probabilities) + CALIBRATION_BINS * np.arange(n_topics)
    articles = np.repeat(np.arange(len(Y)), n_topics)
    shape = (CALIBRATION_BINS * n_topics, len(Y))
    by_bin = csr_matrix((excess.ravel(), (bins.ravel(), articles)), shape=shape)
    correct = (decisions == Y).all(axis=1)
    automated_weight = weights @ automated
    with np.errstate(invalid="ignore"):
        return {
            "brier": weights @ (excess**2).mean(axis=1) / total,
            "calibration_error": np.abs(np.asarray(by_bin @ weights.T)).sum(axis=0) / (total * n_topics),
            "automation_rate": automated_weight / total,
            "automation_precision": weights @ (automated & correct) / automated_weight,
        }


def bootstrap_weights(groups: NDArray[np.intp], resamples: int, rng: np.random.Generator) -> Floats:
    """Draw bootstrap resamples of groups, and return how often each row is drawn.

    Rows of a group are resampled together.

    Parameters
    ----------
    groups : ndarray of int, shape (n_rows,)
        Group of each row.
    resamples : int
        Number of resamples.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    ndarray of float, shape (resamples, n_rows)
        How often each row is drawn.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap. Field and Welsh (2007), for clusters.
    """
    _, group_of = np.unique(groups, return_inverse=True)
    n_groups = int(group_of.max()) + 1
    counts = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=resamples)
    return counts.astype(np.float64)[:, group_of]


def observed_and_bootstrap_weights(groups: NDArray[np.intp], resamples: int, rng: np.random.Generator) -> Floats:
    """Return a first row that counts every row once, and `bootstrap_weights` below it.

    Parameters
    ----------
    groups, resamples, rng
        As in `bootstrap_weights`.

    Returns
    -------
    ndarray of float, shape (1 + resamples, n_rows)
    """
    return np.vstack([np.ones(len(groups)), bootstrap_weights(groups, resamples, rng)])


def _decision_sums(Y: NDArray[np.int8], decisions: NDArray[np.int8], weights: Floats) -> tuple[Floats, Floats, Floats]:
    return weights @ (Y & decisions), weights @ decisions, weights @ Y


def _decision_metric_values(true: Floats, decided: Floats, positive: Floats) -> dict[str, Floats]:
    with np.errstate(invalid="ignore"):
        return {
            "precision": np.where(decided > 0, true / decided, 0.0),
            "recall": true / positive,
            "f1": 2 * true / (decided + positive),
        }


def _ranking_metric_values(Y: NDArray[np.int8], scores: Floats, weights: Floats) -> dict[str, Floats]:
    articles = np.arange(len(Y))
    return _curve_metric_values(
        [_Ranking.of(y, ranked, articles) for y, ranked in zip(Y.T, scores.T, strict=True)], weights
    )


def _micro_ranking_metric_values(Y: NDArray[np.int8], scores: Floats, weights: Floats) -> dict[str, Floats]:
    articles = np.repeat(np.arange(len(Y)), Y.shape[1])
    return _curve_metric_values([_Ranking.of(Y.ravel(), scores.ravel(), articles)], weights)


@dataclass(frozen=True, eq=False)
class _Ranking:
    """Positions of the scores on the precision-recall and ROC curves, as a matrix to multiply by weightings.

    Both curves rise only at the scores of positives. There are `n_steps` distinct ones, highest first. The negatives
    between two of them are summed together.

    Parameters
    ----------
    sums : csr_matrix, shape (3 * (n_steps + 1), n_articles)
        Sums articles in three blocks of rows: positives at each step, negatives with the same score, and negatives
        between this step and the one above. The last row of each block is for scores below all steps.
    """

    sums: csr_matrix

    @classmethod
    def of(cls, y: NDArray[np.int8], scores: Floats, articles: NDArray[np.intp]) -> _Ranking:
        distinct, block = np.unique(-scores, return_inverse=True)
        rises = np.zeros(len(distinct), dtype=bool)
        rises[block[y == 1]] = True
        step = (np.cumsum(rises) - rises)[block]
        kind = np.where(y == 1, 0, np.where(rises[block], 1, 2))
        n_rows = int(rises.sum()) + 1
        shape = (3 * n_rows, int(articles[-1]) + 1)
        return cls(csr_matrix((np.ones(len(y)), (kind * n_rows + step, articles)), shape=shape))

    def metric_values(self, drawn: Floats) -> tuple[Floats, Floats]:
        """Return average precision and ROC AUC, shape (n_weightings,), for weights (n_articles, n_weightings)."""
        true, tied, above = (self.sums @ drawn).reshape(3, -1, drawn.shape[1])
        false = np.cumsum(tied + above, axis=0)
        true_positives, positives, negatives = np.cumsum(true, axis=0), true.sum(axis=0), false[-1]
        with np.errstate(invalid="ignore"):
            precision = np.where(true > 0, true_positives / (true_positives + false), 0.0)
            outranked = negatives - false + tied / 2
            return (true * precision).sum(axis=0) / positives, (true * outranked).sum(axis=0) / (positives * negatives)


def _curve_metric_values(rankings: Sequence[_Ranking], weights: Floats) -> dict[str, Floats]:
    precision, auc = (np.empty((len(weights), len(rankings))) for _ in range(2))
    for start in range(0, len(weights), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        chunk = np.ascontiguousarray(weights[part].T)
        for topic, ranking in enumerate(rankings):
            precision[part, topic], auc[part, topic] = ranking.metric_values(chunk)
    return {"average_precision": precision, "roc_auc": auc}


def _mean_over_folds(
    ranking: Callable[[NDArray[np.int8], Floats, Floats], dict[str, Floats]],
    Y: NDArray[np.int8],
    scores: Floats,
    weights: Floats,
    folds: NDArray[np.intp] | None,
) -> dict[str, Floats]:
    if folds is None:
        return ranking(Y, scores, weights)
    by_fold = []
    for fold in np.unique(folds):
        rows = folds == fold
        by_fold.append(ranking(Y[rows], scores[rows], weights[:, rows]))
    return {name: mean_of_defined(np.stack([values[name] for values in by_fold]), axis=0) for name in by_fold[0]}


def mean_of_defined(values: Floats, axis: int = 1) -> Floats:
    """Return the mean along an axis without NaN; NaN if there is nothing else."""
    defined = ~np.isnan(values)
    counts = defined.sum(axis=axis)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(defined, values, 0.0).sum(axis=axis) / counts)
