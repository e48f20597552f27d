"""Bootstrap intervals for the metric of any predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from topicdesk.errors import SpecError, nearest
from topicdesk.evaluation.metrics import METRICS, bootstrap_weights, metric_values

__all__ = ["BootstrapInterval", "bootstrap_interval"]

#: Metrics of decisions. Those of scores need more than predictions.
_NAMES = tuple(name for name in METRICS if not name.endswith(("average_precision", "roc_auc")))

Metric = Callable[[Any, Any], float]


@dataclass(frozen=True)
class BootstrapInterval:
    """A metric and its bootstrap interval.

    Parameters
    ----------
    value : float
        The metric of all rows.
    low, high : float
        Bounds of the percentile interval.
    n_resamples : int
        Number of resamples for which the metric is defined.
    """

    value: float
    low: float
    high: float
    n_resamples: int

    def __str__(self) -> str:
        """Return the value and the interval with three digits."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap_interval(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    metric: str | Metric = "macro_f1",
    *,
    groups: ArrayLike | None = None,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    random_state: int = 0,
) -> BootstrapInterval:
    """Compute a metric of predictions and its bootstrap interval.

    Parameters
    ----------
    y_true, y_pred : array-like, shape (n_rows,) or (n_rows, n_topics)
        True and predicted classes, or indicators of {0, 1}.
    metric : str or callable, default "macro_f1"
        Name of a metric of topicdesk, such as ``"micro_f1"`` or ``"subset_accuracy"``, or a function of `y_true` and
        `y_pred`, such as those of `sklearn.metrics`.
    groups : array-like, shape (n_rows,), optional
        Rows of one group are resampled together. By default, each row is a group.
    n_resamples : int, default 1000
        Number of resamples.
    confidence : float, default 0.95
        Confidence level, between 0 and 1.
    random_state : int, default 0
        Random seed.

    Returns
    -------
    BootstrapInterval

    Raises
    ------
    SpecError
        If the metric is unknown.
    ValueError
        If lengths or shapes differ, there are no rows, or an option is out of range.

    See Also
    --------
    topicdesk.corrected_t_test : Test a difference between two classifiers over folds.
    topicdesk.near_duplicate_groups : Groups of near-duplicate texts.

    Notes
    -----
    The interval covers the variation between test rows, not between training sets. Resamples for which the metric is
    undefined (NaN) are left out.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap. Field and Welsh (2007), for clusters.

    Examples
    --------
    >>> from topicdesk import bootstrap_interval
    >>> y_true = ["courts", "rail", "courts", "rail", "rail", "courts"] * 20
    >>> y_pred = ["courts", "rail", "courts", "courts", "rail", "rail"] * 20
    >>> interval = bootstrap_interval(y_true, y_pred, "subset_accuracy")
    >>> print(interval)
    0.667 [0.583, 0.750]
    """
    true, predicted = (_array(name, values) for name, values in (("y_true", y_true), ("y_pred", y_pred)))
    if true.shape != predicted.shape:
        raise ValueError(f"y_true and y_pred must have the same shape; got {true.shape} and {predicted.shape}.")
    if not len(true):
        raise ValueError("y_true is empty.")
    if isinstance(n_resamples, bool) or not isinstance(n_resamples, int | np.integer) or n_resamples < 1:
        raise ValueError(f"n_resamples must be an integer of at least 1; got {n_resamples!r}.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1; got {confidence!r}.")
    group_of = np.arange(len(true)) if groups is None else pd.factorize(pd.Series(_array("groups", groups)))[0]
    if len(group_of) != len(true):
        raise ValueError(f"groups has {len(group_of)} values, but y_true has {len(true)} rows.")
    weights = bootstrap_weights(group_of, int(n_resamples), np.random.default_rng(random_state))
    weights = np.vstack([np.ones(len(true)), weights])
    values = (
        _named(metric, true, predicted, weights)
        if isinstance(metric, str)
        else _called(metric, true, predicted, weights)
    )
    resampled = values[1:][~np.isnan(values[1:])]
    tails = 50 * (1 - confidence), 50 * (1 + confidence)
    low, high = np.percentile(resampled, tails) if len(resampled) else (np.nan, np.nan)
    return BootstrapInterval(float(values[0]), float(low), float(high), len(resampled))


def _array(name: str, values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim not in (1, 2):
        raise ValueError(f"{name} must have one or two dimensions; got {array.ndim}.")
    if pd.isna(array).any():
        raise ValueError(f"{name} contains missing values.")
    return array


def _named(metric: str, true: NDArray[Any], predicted: NDArray[Any], weights: NDArray[np.float64]) -> NDArray[Any]:
    if metric not in _NAMES:
        raise SpecError(f"no metric {metric!r}; {nearest(metric, _NAMES)}")
    if true.ndim == 1:
        classes = np.unique(np.concatenate([true, predicted]))
        true, predicted = ((values[:, None] == classes).astype(np.int8) for values in (true, predicted))
    elif not (np.isin(true, (0, 1)).all() and np.isin(predicted, (0, 1)).all()):
        raise ValueError("y_true and y_pred with two dimensions must contain only 0 and 1.")
    true, predicted = true.astype(np.int8), predicted.astype(np.int8)
    return metric_values(true, predicted, predicted.astype(np.float64), weights)[metric]


def _called(
    metric: Metric, true: NDArray[Any], predicted: NDArray[Any], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    if not callable(metric):
        raise TypeError(f"metric must be a name or a function; got {type(metric).__name__}.")
    rows = np.arange(len(true))
    drawn = (np.repeat(rows, count.astype(np.intp)) for count in weights)
    return np.array([float(metric(true[chosen], predicted[chosen])) for chosen in drawn])
