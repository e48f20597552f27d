"""A splitter for scikit-learn: stratified folds for several labels per row that keep groups together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.model_selection import BaseCrossValidator
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import type_of_target

from topicdesk.errors import SplitError
from topicdesk.evaluation.splits import stratified_group_folds

__all__ = ["MultilabelStratifiedGroupKFold"]

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
            If `n_splits` is less than 2, lengths differ, or `y` is neither classes nor indicators.
        """
        yield from super().split(X, y, groups)

    def _iter_test_indices(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[NDArray[np.intp]]:
        if isinstance(self.n_splits, bool) or not isinstance(self.n_splits, (int, np.integer)) or self.n_splits < 2:
            raise ValueError(f"n_splits must be an integer of at least 2; got {self.n_splits!r}.")
        Y = _indicators(y)
        n_samples = len(Y)
        group_of = np.arange(n_samples) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
        try:
            folds = stratified_group_folds(Y, group_of.ravel(), int(self.n_splits), self._rng())
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
        if isinstance(self.random_state, (int, np.integer)):
            return np.random.default_rng([int(self.random_state), 0])
        return np.random.default_rng(check_random_state(self.random_state).randint(2**31, size=2))


def _indicators(y: Any) -> NDArray[np.int8]:
    """Return labels as indicators, shape (n_samples, n_labels)."""
    if y is None:
        raise ValueError("y is missing: the labels are needed to balance the folds.")
    sparse: Any = y
    dense = sparse.toarray() if issparse(y) else np.asarray(y)
    # scikit-learn takes an indicator matrix with one column for a column vector of classes.
    if dense.ndim == 2 and np.isin(dense, (0, 1)).all():
        return dense.astype(np.int8)
    kind = type_of_target(dense, input_name="y")
    if dense.ndim != 1 or kind not in _TARGETS:
        raise ValueError(
            f"y must be one class per row, or indicators of 0 and 1 with one column per label; got {kind!r} of shape "
            f"{dense.shape}."
        )
    binary = LabelBinarizer().fit_transform(dense)
    both = np.hstack([1 - binary, binary]) if binary.shape[1] == 1 else binary
    return np.asarray(both, dtype=np.int8)
