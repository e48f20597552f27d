"""Split rows into training and test sets.

Stratified folds balance all topics at once and never separate near-duplicates. scikit-learn's `StratifiedGroupKFold`
supports one label per row, and the package iterative-stratification does not support groups. This module therefore
applies iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011, "On the stratification of multi-label data",
algorithm 1) to groups, with the label counts of each group. Splits by source test how a classifier generalises to a new
outlet. Splits by time test how it generalises to later articles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from topicdesk._arguments import check_choice, check_integer
from topicdesk._renamed import renamed_arguments
from topicdesk._rendering import as_html
from topicdesk.errors import SplitError

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = [
    "Split",
    "SplitPlan",
    "leave_one_source_out",
    "make_inner_splits",
    "make_splits",
    "stratified_group_folds",
    "time_windows",
    "training_factor",
    "unlearnable",
]


@dataclass(frozen=True)
class SplitPlan:
    """How to split a dataset.

    Parameters
    ----------
    scheme : {"stratified", "source", "time", "published", "given"}, default "stratified"
        Stratified folds over groups; each source held out in turn; time windows, each tested after training on all
        earlier articles; the fixed split that came with the labels (samples ``train`` and ``test``); or splits that
        are passed to the comparison. Inner folds use the same scheme, or are stratified for published and given
        splits.
    folds : int, default 5
        Number of folds in one repeat, or of time windows.
    repeats : int, default 1
        Number of repeats with new folds (stratified only).

    Raises
    ------
    ArgumentError
        If the scheme is unknown, or a number is too small.

    Examples
    --------
    >>> SplitPlan("times")
    Traceback (most recent call last):
    topicdesk.errors.ArgumentError: scheme = 'times' is not known; did you mean 'time'?
    """

    scheme: Literal["stratified", "source", "time", "published", "given"] = "stratified"
    folds: int = 5
    repeats: int = 1

    def __post_init__(self) -> None:
        """Raise `ArgumentError` if a value is wrong."""
        check_choice("scheme", self.scheme, ("stratified", "source", "time", "published", "given"))
        check_integer("folds", self.folds, 2)
        check_integer("repeats", self.repeats, 1)


@dataclass(frozen=True, eq=False)
class Split:
    """One division into training and test rows.

    Parameters
    ----------
    train, test : ndarray of int
        Row numbers, ascending.
    repeat, fold : int
        Numbers of the repeat and the fold, from 0.
    scheme : str
        The scheme that created the split.
    """

    train: NDArray[np.intp]
    test: NDArray[np.intp]
    repeat: int
    fold: int
    scheme: str

    def __repr__(self) -> str:
        """Return the scheme, repeat, fold and sizes, without the row numbers."""
        sides = f"{len(self.train)} train, {len(self.test)} test"
        return f"Split({self.scheme}, repeat {self.repeat}, fold {self.fold}: {sides})"

    def _repr_html_(self) -> str:
        return as_html(repr(self))


@renamed_arguments(seed="random_state")
def make_splits(dataset: Dataset, plan: SplitPlan, random_state: int) -> tuple[tuple[Split, ...], tuple[str, ...]]:
    """Split a dataset according to a plan.

    Parameters
    ----------
    dataset : Dataset
        Labelled articles.
    plan : SplitPlan
        How to split.
    random_state : int
        Random seed. The same seed reproduces the splits.

    Returns
    -------
    splits : tuple of Split
        Ordered by repeat, then fold.
    warnings : tuple of str
        Topics too rare to be tested or learnt in every fold, groups too large for even folds, and groups that a
        published split separates.

    Raises
    ------
    SplitError
        If there are fewer groups than folds, only one source, articles without a date, too few days, or no published
        split.
    """
    match plan.scheme:
        case "given":
            raise SplitError("scheme 'given' needs splits: pass them to compare.")
        case "published":
            splits, warnings = _published_split(dataset)
        case "source":
            splits, warnings = leave_one_source_out(dataset)
        case "time":
            splits, warnings = time_windows(dataset, plan.folds)
        case "stratified":
            splits, warnings = _stratified_splits(dataset, plan, random_state)
    return splits, (*warnings, *unlearnable(dataset, splits))


def mean_test_to_train(splits: Sequence[Split]) -> float:
    """Return the ratio of test rows to training rows, averaged over splits: 1/4 for five folds."""
    return float(np.mean([len(split.test) / len(split.train) for split in splits]))


def training_factor(splits: Sequence[Split]) -> float:
    """Return the factor by which the choice of training articles widens a standard error over test articles.

    A bootstrap over test articles keeps the fitted models, so it misses the variance that other training articles would
    cause. Nadeau and Bengio (2003) multiply the variance of a mean over J splits by ``1 + J * n_test / n_train``. For
    five folds this is 1 + 5/4, a factor of 1.5. ``benchmarks/interval_coverage.py`` measures the coverage.

    Parameters
    ----------
    splits : sequence of Split
        The outer splits. Repeats count once.

    Returns
    -------
    float
        At least 1.
    """
    n_tested = len(np.unique(np.concatenate([split.test for split in splits])))
    n_train = float(np.mean([len(split.train) for split in splits]))
    return float(np.sqrt(1 + n_tested / n_train))


@renamed_arguments(seed="random_state")
def make_inner_splits(dataset: Dataset, outer: Split, folds: int, random_state: int) -> tuple[Split, ...]:
    """Split the training rows of an outer split into inner folds, with the same scheme.

    Parameters
    ----------
    dataset : Dataset
        Labelled articles.
    outer : Split
        The outer split. Its test rows are not used.
    folds : int
        Maximum number of folds. There are fewer if there are few sources or days. With a single source or day, the
        folds are stratified.
    random_state : int
        Random seed.

    Returns
    -------
    tuple of Split
        Splits of ``outer.train``, with the dataset's row numbers. Time windows leave the earliest articles untested.
    """
    rows = outer.train
    rng = np.random.default_rng([random_state, outer.repeat, outer.fold + 1])
    sources = len(set(dataset.sources[rows]))
    if outer.scheme == "source" and sources > 1:
        _, codes = np.unique(dataset.sources[rows], return_inverse=True)
        folds = min(folds, sources)
        assigned = stratified_group_folds(dataset.Y[rows], codes, folds, rng)
        splits = _splits_of(assigned, rows, folds, outer.repeat, "inner")
        return tuple(replace(split, train=_without_repeats(dataset, split.train, split.test)) for split in splits)
    days = _days(dataset.dates[rows])
    if outer.scheme == "time" and days > 1:
        return tuple(_windows(dataset, rows, min(folds, days - 1), outer.repeat, "inner"))
    assigned = stratified_group_folds(dataset.Y[rows], dataset.groups[rows], folds, rng)
    return tuple(_splits_of(assigned, rows, folds, outer.repeat, "inner"))


def leave_one_source_out(dataset: Dataset, repeats: int = 1) -> tuple[tuple[Split, ...], tuple[str, ...]]:
    """Hold out the articles of one source at a time.

    Parameters
    ----------
    dataset : Dataset
        Labelled articles.
    repeats : int, default 1
        Number of repeats. They differ only in the inner folds that `make_inner_splits` creates.

    Returns
    -------
    splits : tuple of Split
        Ordered by repeat, then by source in alphabetical order. If another source has a near-duplicate of a held-out
        article, that near-duplicate is in neither side of the split.
    warnings : tuple of str
        Topics that have no positive article in some sources.

    Raises
    ------
    SplitError
        If there is only one source.
    """
    sources = sorted(set(dataset.sources))
    if len(sources) < 2:
        raise SplitError(f"all labelled articles are from the source {sources[0]!r}, so no source can be held out.")
    sides = []
    for source in sources:
        test = np.flatnonzero(dataset.sources == source)
        train = np.flatnonzero(dataset.sources != source)
        sides.append((_without_repeats(dataset, train, test), test))
    splits = [
        Split(train, test, repeat, fold, "source")
        for repeat in range(repeats)
        for fold, (train, test) in enumerate(sides)
    ]
    warnings = []
    for column, topic in enumerate(dataset.topics):
        positive_sources = set(dataset.sources[dataset.Y[:, column] == 1])
        absent = [source or "(none)" for source in sources if source not in positive_sources]
        if absent:
            warnings.append(f"{topic}: no positive test article in {', '.join(map(str, absent))}.")
    return tuple(splits), tuple(warnings)


def time_windows(dataset: Dataset, windows: int) -> tuple[tuple[Split, ...], tuple[str, ...]]:
    """Split by time: test each window after training on all earlier articles.

    Parameters
    ----------
    dataset : Dataset
        Labelled articles.
    windows : int
        Number of test windows. Articles are divided into ``windows + 1`` blocks of whole days and about equal size. The
        first block is never tested.

    Returns
    -------
    splits : tuple of Split
        Earliest first. Near-duplicates of test articles are excluded from training.
    warnings : tuple of str
        Always empty.

    Raises
    ------
    SplitError
        If an article has no date, or if there are fewer days than blocks.
    """
    undated = int(np.isnat(dataset.dates).sum())
    if undated:
        raise SplitError(
            f"{undated} of {len(dataset)} labelled articles have no date, so they cannot be split by time. Add dates "
            "(column 'published'), remove these articles from the labels, or use scheme = 'stratified'."
        )
    days = _days(dataset.dates)
    if days < windows + 1:
        raise SplitError(
            f"articles of {days} days cannot be split into {windows} time windows after a first block. Lower 'folds', "
            "or use scheme = 'stratified'."
        )
    return tuple(_windows(dataset, np.arange(len(dataset)), windows, 0, "time")), ()


def stratified_group_folds(
    Y: NDArray[np.int8], groups: NDArray[np.intp], n_folds: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Assign rows to folds with balanced topics and sizes, and keep each group in one fold.

    Parameters
    ----------
    Y : ndarray of {0, 1}, shape (n_rows, n_topics)
        Labels.
    groups : ndarray of int, shape (n_rows,)
        Group of each row.
    n_folds : int
        Number of folds.
    rng : numpy.random.Generator
        Source of random numbers: shuffles the groups and breaks ties.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Fold of each row, from 0.

    Raises
    ------
    SplitError
        If there are fewer groups than folds.
    """
    _, group_of = np.unique(groups, return_inverse=True)
    n_groups = int(group_of.max()) + 1 if len(group_of) else 0
    if n_groups < n_folds:
        raise SplitError(
            f"{n_groups} groups of articles cannot fill {n_folds} folds (near-duplicates, or groups of your own, stay "
            "together). Label more articles, or lower the number of folds."
        )
    sizes = np.bincount(group_of, minlength=n_groups)
    labels = np.zeros((n_groups, Y.shape[1]), dtype=np.int64)
    np.add.at(labels, group_of, Y)

    wanted_rows = np.full(n_folds, len(Y) / n_folds)
    wanted_labels = np.tile(labels.sum(axis=0) / n_folds, (n_folds, 1))
    fold_of_group = np.full(n_groups, -1, dtype=np.intp)
    shuffled = rng.permutation(n_groups)
    by_size = shuffled[np.argsort(-sizes[shuffled], kind="stable")]

    def assign(group: int, want: NDArray[np.float64]) -> None:
        best = np.flatnonzero(want == want.max())
        best = best[wanted_rows[best] == wanted_rows[best].max()]
        fold = int(best[0] if len(best) == 1 else rng.choice(best))
        fold_of_group[group] = fold
        wanted_rows[fold] -= sizes[group]
        wanted_labels[fold] -= labels[group]

    remaining = labels.sum(axis=0)
    while (remaining > 0).any():
        # Start with the rarest topic, which is hard to balance once other topics are assigned.
        topic = int(np.argmin(np.where(remaining > 0, remaining, np.iinfo(np.int64).max)))
        for group in by_size[(fold_of_group[by_size] < 0) & (labels[by_size, topic] > 0)]:
            assign(int(group), wanted_labels[:, topic])
            remaining = remaining - labels[group]
    for group in by_size[fold_of_group[by_size] < 0]:
        assign(int(group), wanted_rows)
    return fold_of_group[group_of]


def _splits_of(folds: NDArray[np.intp], rows: NDArray[np.intp], n_folds: int, repeat: int, scheme: str) -> list[Split]:
    return [Split(rows[folds != fold], rows[folds == fold], repeat, fold, scheme) for fold in range(n_folds)]


def _stratified_splits(
    dataset: Dataset, plan: SplitPlan, random_state: int
) -> tuple[tuple[Split, ...], tuple[str, ...]]:
    splits = []
    for repeat in range(plan.repeats):
        folds = stratified_group_folds(
            dataset.Y, dataset.groups, plan.folds, np.random.default_rng([random_state, repeat])
        )
        splits += _splits_of(folds, np.arange(len(dataset)), plan.folds, repeat, "stratified")
    warnings = []
    for column, topic in enumerate(dataset.topics):
        groups = len(set(dataset.groups[dataset.Y[:, column] == 1]))
        if groups < plan.folds:
            warnings.append(
                f"{topic}: only {groups} distinct positive articles for {plan.folds} folds, so some folds test none."
            )
    largest = int(np.unique(dataset.groups, return_counts=True)[1].max())
    if largest > len(dataset) / plan.folds:
        names = {"near-duplicates": f"cluster of {largest} near-duplicates", "stories": f"story of {largest} articles"}
        warnings.append(
            f"a {names.get(dataset.grouping, f'group of {largest} articles')} is larger than a fold "
            f"({len(dataset) // plan.folds} articles): it stays whole, so folds are uneven."
        )
    return tuple(splits), tuple(warnings)


def _windows(dataset: Dataset, rows: NDArray[np.intp], windows: int, repeat: int, scheme: str) -> Iterator[Split]:
    days = dataset.dates[rows].astype("datetime64[D]")
    in_order = np.sort(days)
    # A block ends on the day that completes its share of articles. Each block has at least one day.
    present = np.unique(days)
    ends: list[int] = []
    for block in range(1, windows + 1):
        day = in_order[min(round(block * len(rows) / (windows + 1)), len(rows) - 1)]
        position = max(int(np.searchsorted(present, day)), ends[-1] + 1 if ends else 1)
        ends.append(min(position, len(present) - (windows + 1 - block)))
    edges = [*(present[end] for end in ends), present[-1] + np.timedelta64(1, "D")]
    for fold, (start, end) in enumerate(pairwise(edges)):
        train, test = rows[days < start], rows[(days >= start) & (days < end)]
        yield Split(_without_repeats(dataset, train, test), test, repeat, fold, scheme)


def _days(dates: NDArray[np.datetime64]) -> int:
    return len(np.unique(dates.astype("datetime64[D]")))


def _without_repeats(dataset: Dataset, train: NDArray[np.intp], test: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the training rows whose group has no test row."""
    return train[~np.isin(dataset.groups[train], dataset.groups[test])]


def unlearnable(dataset: Dataset, splits: Sequence[Split]) -> Iterator[str]:
    """Yield a warning for each topic that has no positive training article in some splits."""
    for column, topic in enumerate(dataset.topics):
        n_without = sum(not dataset.Y[split.train, column].any() for split in splits)
        if n_without:
            yield f"{topic}: no positive training article in {n_without} of {len(splits)} splits."


def _published_split(dataset: Dataset) -> tuple[tuple[Split, ...], tuple[str, ...]]:
    train = np.flatnonzero(dataset.samples == "train")
    test = np.flatnonzero(dataset.samples == "test")
    if not len(train) or not len(test) or len(train) + len(test) != len(dataset):
        raise SplitError(
            f"{dataset.name} has no published split: its samples are {', '.join(sorted(set(dataset.samples)))}, "
            "not train and test. Use scheme = 'stratified'."
        )
    warnings = []
    duplicated = np.isin(dataset.groups[test], dataset.groups[train])
    if duplicated.any():
        warnings.append(
            f"{int(duplicated.sum())} of {len(test)} test articles have {dataset.fellow} among the training articles. "
            "The published split is used as published."
        )
    return (Split(train, test, 0, 0, "published"),), tuple(warnings)
