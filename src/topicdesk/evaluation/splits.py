"""Splits: which rows train and which are held out.

Folds are stratified over all topics at once and never part a group. scikit-learn's `StratifiedGroupKFold` takes one
label a row and iterative-stratification no groups, so the two are joined here: iterative stratification (Sechidis,
Tsoumakas and Vlahavas 2011, "On the stratification of multi-label data", algorithm 1), run over groups that count
with the sum of their rows' labels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicdesk.errors import SplitError
from topicdesk.labels import Dataset

__all__ = [
    "Split",
    "SplitPlan",
    "leave_one_source_out",
    "make_inner_splits",
    "make_splits",
    "split_table",
    "splits_hash",
    "stratified_group_folds",
]


@dataclass(frozen=True)
class SplitPlan:
    """How to split.

    Parameters
    ----------
    scheme : {"stratified", "published"}, default "stratified"
        Stratified folds over groups, or the fixed split that came with the labels (samples ``train`` and ``test``).
    folds : int, default 5
        Folds of one repeat (stratified only).
    repeats : int, default 1
        How many times to fold anew (stratified only).
    """

    scheme: Literal["stratified", "published"] = "stratified"
    folds: int = 5
    repeats: int = 1


@dataclass(frozen=True, eq=False)
class Split:
    """One train and test division.

    Parameters
    ----------
    train, test : ndarray of int
        Row numbers, ascending.
    repeat, fold : int
        Which it is, from 0.
    scheme : str
        What made it.
    """

    train: NDArray[np.intp]
    test: NDArray[np.intp]
    repeat: int
    fold: int
    scheme: str


def make_splits(dataset: Dataset, plan: SplitPlan, seed: int) -> tuple[tuple[Split, ...], tuple[str, ...]]:
    """Split a dataset as planned.

    Parameters
    ----------
    dataset : Dataset
    plan : SplitPlan
    seed : int
        Same seed, same splits.

    Returns
    -------
    splits : tuple of Split
        Repeat by repeat, fold by fold.
    warnings : tuple of str
        Topics too rare for every fold to test; groups that a published split parts.

    Raises
    ------
    SplitError
        When there are fewer groups than folds, or no published split.
    """
    if plan.scheme == "published":
        return _published_split(dataset)
    splits = []
    for repeat in range(plan.repeats):
        folds = stratified_group_folds(dataset.Y, dataset.groups, plan.folds, np.random.default_rng([seed, repeat]))
        splits += _splits_of(folds, np.arange(len(dataset)), plan.folds, repeat, "stratified")
    warnings = []
    for column, topic in enumerate(dataset.topics):
        groups = len(set(dataset.groups[dataset.Y[:, column] == 1]))
        if groups < plan.folds:
            warnings.append(
                f"{topic}: only {groups} distinct positive articles for {plan.folds} folds, so some folds test none."
            )
    return tuple(splits), tuple(warnings)


def leave_one_source_out(dataset: Dataset, repeats: int = 1) -> tuple[tuple[Split, ...], tuple[str, ...]]:
    """Hold out the articles of one source at a time.

    Parameters
    ----------
    dataset : Dataset
    repeats : int, default 1
        How often to do so; repeats differ by the inner folds that `make_inner_splits` makes of them.

    Returns
    -------
    splits : tuple of Split
        Repeat by repeat, one a source in alphabetical order. Near-duplicates that other sources have of held-out
        articles are neither trained on nor tested.
    warnings : tuple of str
        Topics that only one source has articles of, and so cannot be learnt without it.

    Raises
    ------
    SplitError
        When there is only one source.
    """
    sources = sorted(set(dataset.sources))
    if len(sources) < 2:
        raise SplitError(f"every labelled article is of the source {sources[0]!r}: none can be held out.")
    sides = []
    for source in sources:
        held_out = dataset.sources == source
        train = ~held_out & ~np.isin(dataset.groups, dataset.groups[held_out])
        sides.append((np.flatnonzero(train), np.flatnonzero(held_out)))
    splits = [
        Split(train, test, repeat, fold, "source")
        for repeat in range(repeats)
        for fold, (train, test) in enumerate(sides)
    ]
    warnings = [
        f"{topic}: all positive articles are of one source, and cannot be learnt without it."
        for column, topic in enumerate(dataset.topics)
        if len(set(dataset.sources[dataset.Y[:, column] == 1])) == 1
    ]
    return tuple(splits), tuple(warnings)


def make_inner_splits(dataset: Dataset, outer: Split, folds: int, seed: int) -> tuple[Split, ...]:
    """Fold the training rows of an outer split, for choices that must not see its test rows.

    Parameters
    ----------
    dataset : Dataset
    outer : Split
    folds : int
    seed : int

    Returns
    -------
    tuple of Split
        `folds` splits of ``outer.train``; row numbers are the dataset's.
    """
    rng = np.random.default_rng([seed, outer.repeat, outer.fold + 1])
    rows = outer.train
    assigned = stratified_group_folds(dataset.Y[rows], dataset.groups[rows], folds, rng)
    return tuple(_splits_of(assigned, rows, folds, outer.repeat, "inner"))


def stratified_group_folds(
    Y: NDArray[np.int8], groups: NDArray[np.intp], n_folds: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Assign rows to folds with even topics and sizes, keeping each group in one fold.

    Parameters
    ----------
    Y : ndarray of {0, 1}, shape (n_rows, n_topics)
    groups : ndarray of int, shape (n_rows,)
    n_folds : int
    rng : numpy.random.Generator
        Breaks ties.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Fold of each row, from 0.

    Raises
    ------
    SplitError
        When there are fewer groups than folds.
    """
    _, group_of = np.unique(groups, return_inverse=True)
    n_groups = int(group_of.max()) + 1 if len(group_of) else 0
    if n_groups < n_folds:
        raise SplitError(f"{n_groups} distinct articles cannot fill {n_folds} folds. Label more, or lower 'folds'.")
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
        # The rarest topic first: later topics leave it no choice.
        topic = int(np.argmin(np.where(remaining > 0, remaining, np.iinfo(np.int64).max)))
        for group in by_size[(fold_of_group[by_size] < 0) & (labels[by_size, topic] > 0)]:
            assign(int(group), wanted_labels[:, topic])
            remaining = remaining - labels[group]
    for group in by_size[fold_of_group[by_size] < 0]:
        assign(int(group), wanted_rows)
    return fold_of_group[group_of]


def split_table(dataset: Dataset, splits: Sequence[Split]) -> pd.DataFrame:
    """Count test articles by split and topic.

    Returns
    -------
    DataFrame of shape (n_splits, n_topics + 4)
        Columns ``repeat, fold, train, test``, then the positives of each topic in the test rows.
    """
    return pd.DataFrame(
        [
            {"repeat": split.repeat, "fold": split.fold, "train": len(split.train), "test": len(split.test)}
            | dict(zip(dataset.topics, dataset.Y[split.test].sum(axis=0).tolist(), strict=True))
            for split in splits
        ]
    )


def splits_hash(dataset: Dataset, splits: Sequence[Split]) -> str:
    """Hash which articles train and which are tested, split by split.

    Returns
    -------
    str
        32 hexadecimal characters (BLAKE2b, 16 bytes).
    """
    digest = hashlib.blake2b(digest_size=16)
    for split in splits:
        for side, rows in (("train", split.train), ("test", split.test)):
            ids = "\t".join(sorted(map(str, dataset.ids[rows])))
            digest.update(f"{split.repeat}\t{split.fold}\t{side}\t{ids}\n".encode())
    return digest.hexdigest()


def _splits_of(folds: NDArray[np.intp], rows: NDArray[np.intp], n_folds: int, repeat: int, scheme: str) -> list[Split]:
    return [Split(rows[folds != fold], rows[folds == fold], repeat, fold, scheme) for fold in range(n_folds)]


def _published_split(dataset: Dataset) -> tuple[tuple[Split, ...], tuple[str, ...]]:
    train = np.flatnonzero(dataset.samples == "train")
    test = np.flatnonzero(dataset.samples == "test")
    if not len(train) or not len(test) or len(train) + len(test) != len(dataset):
        raise SplitError(
            f"{dataset.name} has no published split: its samples are {', '.join(sorted(set(dataset.samples)))}, "
            "not train and test. Use scheme = 'stratified'."
        )
    warnings = []
    parted = np.isin(dataset.groups[test], dataset.groups[train])
    if parted.any():
        warnings.append(
            f"{int(parted.sum())} of {len(test)} test articles have a near-duplicate among the training articles: "
            "the published split parts them, and is kept as published."
        )
    return (Split(train, test, 0, 0, "published"),), tuple(warnings)
