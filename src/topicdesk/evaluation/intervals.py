"""Bootstrap intervals for the metric of any predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from topicdesk._arguments import check_integer, check_random_state
from topicdesk.errors import SpecError, nearest
from topicdesk.evaluation.metrics import METRICS, bootstrap_weights, metric_values

__all__ = ["BootstrapInterval", "bootstrap_interval"]

#: Metrics of decisions. Those of scores need more than predictions.
_NAMES = tuple(name for name in METRICS if not name.endswith(("average_precision", "roc_auc")))

#: Number of weights in memory at once: 160 MB.
_AT_ONCE = 20_000_000

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
        True and predicted classes, or indicators of {0, 1}. Rows are matched by position.
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
        If lengths, shapes or columns differ, there are no rows, the classes have different types, or an option is out
        of range.
    TypeError
        If the metric is neither a name nor a function that returns a number.

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
    if not true.size:
        raise ValueError("y_true is empty.")
    if (
        isinstance(y_true, pd.DataFrame)
        and isinstance(y_pred, pd.DataFrame)
        and not y_true.columns.equals(y_pred.columns)
    ):
        raise ValueError("y_true and y_pred must have the same columns in the same order.")
    check_integer("n_resamples", n_resamples, 1)
    check_random_state(random_state)
    if isinstance(confidence, bool) or not isinstance(confidence, int | float | np.number) or not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1; got {confidence!r}.")
    group_of = np.arange(len(true)) if groups is None else _group_numbers(groups)
    if len(group_of) != len(true):
        raise ValueError(f"groups has {len(group_of)} values, but y_true has {len(true)} rows.")
    rng = np.random.default_rng(random_state)
    compute = _named(metric, true, predicted) if isinstance(metric, str) else _called(metric, true, predicted)
    (value,) = compute(np.ones((1, len(true))))
    # Drawn in parts, the resamples are the same.
    part = max(1, _AT_ONCE // len(true))
    counts = [min(part, int(n_resamples) - start) for start in range(0, int(n_resamples), part)]
    values = np.concatenate([compute(bootstrap_weights(group_of, count, rng)) for count in counts])
    resampled = values[~np.isnan(values)]
    tails = 50 * (1 - confidence), 50 * (1 + confidence)
    low, high = np.percentile(resampled, tails) if len(resampled) else (np.nan, np.nan)
    return BootstrapInterval(float(value), float(low), float(high), len(resampled))


def _array(name: str, values: Any) -> NDArray[Any]:
    sparse: Any = values
    try:
        array = sparse.toarray() if issparse(values) else np.asarray(values)
    except ValueError as error:  # lists of different lengths
        raise ValueError(f"{name} must be an array: {error}") from error
    if array.dtype.kind == "U" and isinstance(values, list | tuple):
        # NumPy converts numbers beside strings to strings.
        rows = values if array.ndim == 1 else [value for row in values for value in row]
        if not all(isinstance(value, str) for value in rows):
            raise ValueError(f"{name} contains strings and other values. Use strings alone, or numbers alone.")
    if array.ndim not in (1, 2):
        raise ValueError(f"{name} must have one or two dimensions; got {array.ndim}.")
    if pd.isna(array).any():
        raise ValueError(f"{name} contains missing values.")
    return np.asarray(array)


def _group_numbers(groups: ArrayLike) -> NDArray[np.intp]:
    array = _array("groups", groups)
    if array.ndim != 1:
        raise ValueError(f"groups must have one dimension; got shape {array.shape}.")
    return np.asarray(pd.factorize(array)[0], dtype=np.intp)


def _named(
    metric: str, true: NDArray[Any], predicted: NDArray[Any]
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return a function that computes the metric for each row of weights."""
    if metric in METRICS and metric not in _NAMES:
        raise SpecError(
            f"metric: {metric!r} needs scores, but y_pred are predictions. topicdesk.compare computes it with its "
            f"interval. For predictions: {', '.join(_NAMES)}."
        )
    if metric not in _NAMES:
        raise SpecError(f"metric: no metric {metric!r}; {nearest(metric, _NAMES)}")
    if true.ndim == 1:
        _check_classes(true, predicted)
        classes = np.unique(np.concatenate([true, predicted]))
        true, predicted = ((values[:, None] == classes).astype(np.int8) for values in (true, predicted))
    elif not (np.isin(true, (0, 1)).all() and np.isin(predicted, (0, 1)).all()):
        raise ValueError("y_true and y_pred with two dimensions must contain only 0 and 1.")
    true, predicted = true.astype(np.int8), predicted.astype(np.int8)
    scores = predicted.astype(np.float64)
    return lambda weights: metric_values(true, predicted, scores, weights)[metric]


def _check_classes(true: NDArray[Any], predicted: NDArray[Any]) -> None:
    """Raise an error if classes cannot be compared, such as 1 and "1", or are probabilities."""
    strings = {isinstance(value, str) for values in (true, predicted) for value in values.tolist()}
    if len(strings) > 1:
        raise ValueError("y_true and y_pred must both contain strings, or both contain numbers.")
    for name, values in (("y_true", true), ("y_pred", predicted)):
        if values.dtype.kind == "f" and (values != np.floor(values)).any():
            raise ValueError(
                f"{name} must contain classes; got numbers such as {values[values != np.floor(values)][0]}."
            )


def _called(
    metric: Metric, true: NDArray[Any], predicted: NDArray[Any]
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return a function that computes the metric for each row of weights."""
    if not callable(metric):
        raise TypeError(f"metric must be a name or a function; got {type(metric).__name__}.")
    rows = np.arange(len(true))

    def compute(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        values = []
        for count in weights:
            drawn = np.repeat(rows, count.astype(np.intp))
            value: Any = metric(true[drawn], predicted[drawn])
            if np.ndim(value) or not isinstance(value, int | float | np.number | np.bool_ | np.ndarray):
                raise TypeError(f"metric must return a number; it returned {type(value).__name__}.")
            values.append(float(value))
        return np.array(values)

    return compute
