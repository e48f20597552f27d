"""A splitter for scikit-learn, with several labels per row and groups; and splits that other splitters make."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.model_selection import BaseCrossValidator
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import type_of_target

from topicdesk._arguments import check_random_state as check_seed
from topicdesk.errors import SplitError
from topicdesk.evaluation.splits import Split, stratified_group_folds, unlearnable

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = ["MultilabelStratifiedGroupKFold", "given_splits"]

_TARGETS = ("binary", "multiclass", "multilabel-indicator")


class MultilabelStratifiedGroupKFold(BaseCrossValidator):  # type: ignore[misc]
    """K-fold cross-validation that balances every label over the folds and keeps each group in one fold.

    Rows may have several labels, exactly one, or none. Groups are rows that belong together, such as near-duplicates
    or texts of one author.

    Parameters
    ----------
    n_splits : int, default 5
        Number of folds; at least 2.
    random_state : int, RandomState or None, default 0
        Shuffles the groups and breaks ties. An integer gives the same folds in every call, None gives new ones.

    See Also
    --------
    topicdesk.near_duplicate_groups : Groups of texts that are nearly equal.
    sklearn.model_selection.StratifiedGroupKFold : For one label per row.

    Notes
    -----
    Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011), applied to the label counts of groups. The rarest
    label is distributed first.

    References
    ----------
    Sechidis, Tsoumakas and Vlahavas (2011), "On the stratification of multi-label data", algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from topicdesk import MultilabelStratifiedGroupKFold
    >>> Y = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 1], [1, 1], [0, 0], [0, 0]])
    >>> groups = [0, 0, 1, 2, 3, 4, 5, 6]
    >>> folds = MultilabelStratifiedGroupKFold(n_splits=2)
    >>> for train, test in folds.split(Y, Y, groups):
    ...     print(len(train), len(test), Y[test].sum(axis=0))
    4 4 [2 2]
    4 4 [2 2]
    """

    # scikit-learn's metadata routing passes groups to this splitter.
    __metadata_request__split = {"groups": True}  # noqa: RUF012

    def __init__(self, n_splits: int = 5, *, random_state: int | np.random.RandomState | None = 0) -> None:
        self.n_splits = n_splits
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds. The arguments are ignored.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        int
        """
        return self.n_splits

    def split(
        self, X: Any, y: ArrayLike, groups: ArrayLike | None = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield the rows of each split.

        Parameters
        ----------
        X : array-like or sequence of length n_samples
            The samples, such as texts. Only their number is used.
        y : array-like, shape (n_samples,) or (n_samples, n_labels)
            A class per row, or indicators of {0, 1} with one column per label; may be sparse.
        groups : array-like, shape (n_samples,), optional
            Group of each row. By default, each row is a group.

        Yields
        ------
        train, test : ndarray of int
            Row numbers, ascending.

        Raises
        ------
        SplitError
            If there are fewer groups than folds.
        ValueError
            If `n_splits` is less than 2, lengths differ, `y` is neither classes nor indicators, or a value of `y` or
            `groups` is missing.
        TypeError
            If the classes in `y` have different types, such as strings and integers.
        """
        _check_lengths({"X": X, "y": y, "groups": groups})
        yield from super().split(X, y, groups)

    def _iter_test_indices(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[NDArray[np.intp]]:
        if isinstance(self.n_splits, bool) or not isinstance(self.n_splits, (int, np.integer)) or self.n_splits < 2:
            raise ValueError(f"n_splits must be an integer of at least 2; got {self.n_splits!r}.")
        Y = _indicators(y)
        n_samples = len(Y)
        group_of = np.arange(n_samples) if groups is None else _group_numbers(groups)
        rng = self._rng()
        try:
            folds = stratified_group_folds(Y, group_of, int(self.n_splits), rng)
        except SplitError as error:
            n_groups = len(np.unique(group_of))
            raise SplitError(
                f"n_splits={self.n_splits} is more than the number of groups, which is {n_groups}. Use fewer folds, or "
                "more data."
            ) from error
        for fold in range(self.n_splits):
            yield np.flatnonzero(folds == fold)

    def _rng(self) -> np.random.Generator:
        # The same integer gives the folds of the first repeat of a comparison.
        if self.random_state is not None and not isinstance(self.random_state, np.random.RandomState):
            check_seed(self.random_state)
            return np.random.default_rng([int(self.random_state), 0])
        return np.random.default_rng(check_random_state(self.random_state).randint(2**31, size=2))


def _check_lengths(arguments: Mapping[str, Any]) -> None:
    """Raise an error that names the argument if one has no rows, or another number of rows than `X`."""
    n_rows: dict[str, int] = {}
    for name, values in arguments.items():
        if values is None and name != "X":  # `groups` is optional, and a later message says why `y` is needed
            continue
        shape = getattr(values, "shape", None)  # a sparse matrix has no length
        if shape == () or not (shape or hasattr(values, "__len__")):
            raise TypeError(f"{name} must be array-like; got {type(values).__name__}.")
        n_rows[name] = shape[0] if shape else len(values)
        if n_rows[name] != n_rows["X"]:
            raise ValueError(
                f"inconsistent numbers of samples: {name} has {n_rows[name]} rows, but X has {n_rows['X']}."
            )


def _indicators(y: Any) -> NDArray[np.int8]:
    """Return labels as indicators, shape (n_samples, n_labels)."""
    if y is None:
        raise ValueError("y is missing: the labels are needed to balance the folds.")
    sparse: Any = y
    try:
        dense = sparse.toarray() if issparse(y) else np.asarray(y)
    except ValueError as error:  # lists of different lengths
        raise ValueError(
            "y must be one class per row, or indicators of 0 and 1 with one column per label; got lists of different "
            "lengths. Convert them with sklearn.preprocessing.MultiLabelBinarizer."
        ) from error
    if pd.isna(dense).any():
        raise ValueError("y contains missing values.")
    # scikit-learn takes an indicator matrix with one column for a column vector of classes.
    if dense.ndim == 2 and np.isin(dense, (0, 1)).all():
        return dense.astype(np.int8)
    try:
        kind = type_of_target(dense, input_name="y")
    except TypeError as error:
        raise TypeError(f"y: {error}") from error
    if dense.ndim != 1 or kind not in _TARGETS:
        raise ValueError(
            f"y must be one class per row, or indicators of 0 and 1 with one column per label; got {kind!r} of shape "
            f"{dense.shape}."
        )
    binary = LabelBinarizer().fit_transform(dense)
    both = np.hstack([1 - binary, binary]) if binary.shape[1] == 1 else binary
    return np.asarray(both, dtype=np.int8)


def _group_numbers(groups: Any) -> NDArray[np.intp]:
    """Return the number of each row's group, in the order of the sorted groups."""
    values = np.asarray(groups)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values.ravel()
    if values.ndim != 1:
        raise ValueError(f"groups must have one dimension; got shape {values.shape}.")
    if pd.isna(values).any():
        raise ValueError("groups contains missing values. Give such rows a group, such as one of their own.")
    try:
        return np.asarray(pd.factorize(values, sort=True)[0], dtype=np.intp)
    except TypeError as error:
        raise TypeError(f"groups: {error}. A group is a string or a number.") from error


def given_splits(cv: Any, dataset: Dataset) -> tuple[tuple[Split, ...], tuple[str, ...]]:
    """Make the outer splits that a scikit-learn splitter or an iterable of row numbers defines.

    Parameters
    ----------
    cv : splitter, or iterable of (train, test)
        An object with ``split(X, y, groups)``; or pairs of row numbers or of boolean masks.
    dataset : Dataset
        The rows to split. A splitter gets its texts, its classes or indicators, and its groups.

    Returns
    -------
    splits : tuple of Split
        A new repeat begins when a row is tested again. Rows need not be tested.
    warnings : tuple of str
        Splits that separate rows of a group, and topics that cannot be learnt.

    Raises
    ------
    SplitError
        If `cv` makes no split or fails, a split has an empty side, a row number that does not exist, or a row on both
        sides.
    TypeError
        If `cv` is neither a splitter nor an iterable of pairs.
    """
    if isinstance(cv, type):
        raise TypeError(f"cv is the class {cv.__name__}. Pass an instance: {cv.__name__}().")
    if isinstance(cv, str | bytes) or not (hasattr(cv, "split") or isinstance(cv, Iterable)):
        raise TypeError(
            f"cv must be a number of folds, a scikit-learn splitter or an iterable of (train, test); got {cv!r}."
        )
    y = dataset.Y.argmax(axis=1) if dataset.task == "multi-class" else dataset.Y
    try:
        with warnings.catch_warnings():  # many splitters ignore groups; a warning below says if one is separated
            warnings.filterwarnings("ignore", "The groups parameter is ignored", UserWarning)
            pairs = list(cv.split(dataset.texts, y, dataset.groups) if hasattr(cv, "split") else cv)
    except Exception as error:  # a splitter of the user may raise anything
        several = dataset.task == "multi-label" and isinstance(error, ValueError)
        advice = " For rows with several topics, use an integer or MultilabelStratifiedGroupKFold." if several else ""
        what = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise SplitError(f"cv: {type(cv).__name__} cannot split these rows: {what}{advice}") from error
    if not pairs:
        raise SplitError("cv makes no splits.")
    splits: list[Split] = []
    tested: set[int] = set()
    repeat = fold = 0
    for number, pair in enumerate(pairs):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"cv: split {number} must be a pair (train, test); got {type(pair).__name__}.")
        train, test = (
            _rows(f"cv: the {side} rows of split {number}", rows, len(dataset))
            for side, rows in zip(("training", "test"), pair, strict=True)
        )
        if len(np.intersect1d(train, test)):
            raise SplitError(f"cv: split {number} has rows that are in both the training and the test rows.")
        if not tested.isdisjoint(test.tolist()):
            tested, repeat, fold = set(), repeat + 1, 0
        tested.update(test.tolist())
        splits.append(Split(train, test, repeat, fold, "given"))
        fold += 1
    n_leaky = sum(bool(np.isin(dataset.groups[split.test], dataset.groups[split.train]).any()) for split in splits)
    leaky = (f"{n_leaky} of {len(splits)} splits have rows of one group on both sides.",) if n_leaky else ()
    return tuple(splits), (*leaky, *unlearnable(dataset, splits))


def _rows(where: str, values: Any, n_rows: int) -> NDArray[np.intp]:
    """Return row numbers, ascending and without repetition."""
    rows = np.asarray(values)
    if rows.dtype == bool and rows.shape == (n_rows,):
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or not len(rows):
        raise SplitError(f"{where} must be an array of one dimension that is not empty; got shape {rows.shape}.")
    if rows.dtype.kind not in "iu":
        raise TypeError(f"{where} must be integers, or a boolean mask of length {n_rows}; got {rows.dtype}.")
    if rows.min() < 0 or rows.max() >= n_rows:
        raise SplitError(f"{where} must be from 0 to {n_rows - 1}; got {rows.min()} to {rows.max()}.")
    return np.unique(rows).astype(np.intp)
