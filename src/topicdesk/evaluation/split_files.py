"""Tabulate, save and read splits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from topicdesk._atomic import replacing
from topicdesk._spreadsheets import restored, write_csv
from topicdesk.errors import SplitError
from topicdesk.evaluation.splits import Split, unlearnable

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = ["read_splits", "split_table", "splits_hash", "write_splits"]

_FILE_COLUMNS = ["scheme", "repeat", "fold", "side", "article_id"]


def split_table(dataset: Dataset, splits: Sequence[Split], by: Literal["topic", "source"] = "topic") -> pd.DataFrame:
    """Count the articles of each split.

    Parameters
    ----------
    dataset : Dataset
        Labelled articles.
    splits : sequence of Split
        Splits of the dataset.
    by : {"topic", "source"}, default "topic"
        Whether to count the test articles by topic (its positives) or by source.

    Returns
    -------
    DataFrame of shape (n_splits, 4 + n_topics) or (n_splits, 4 + n_sources)
        Columns ``repeat, fold, train, test``, then one column per topic or source.
    """
    sources = sorted(set(dataset.sources))
    rows = []
    for split in splits:
        row = {"repeat": split.repeat, "fold": split.fold, "train": len(split.train), "test": len(split.test)}
        if by == "topic":
            row |= dict(zip(dataset.topics, dataset.Y[split.test].sum(axis=0).tolist(), strict=True))
        else:
            row |= {source or "(none)": int((dataset.sources[split.test] == source).sum()) for source in sources}
        rows.append(row)
    return pd.DataFrame(rows)


def write_splits(dataset: Dataset, splits: Sequence[Split], path: Path) -> None:
    """Save splits as a CSV file of article ids, with columns ``scheme, repeat, fold, side, article_id``."""
    parts = [
        pd.DataFrame(
            {
                "scheme": split.scheme,
                "repeat": split.repeat,
                "fold": split.fold,
                "side": side,
                "article_id": dataset.ids[rows],
            }
        )
        for split in splits
        for side, rows in (("train", split.train), ("test", split.test))
    ]
    with replacing(path) as part:
        write_csv(pd.concat(parts)[_FILE_COLUMNS], part)


def read_splits(path: Path, dataset: Dataset) -> tuple[tuple[Split, ...], tuple[str, ...]]:
    """Read splits that `write_splits` saved.

    Parameters
    ----------
    path : Path
        The CSV file.
    dataset : Dataset
        Must contain every article in the file.

    Returns
    -------
    splits : tuple of Split
    warnings : tuple of str
        Unused labelled articles, splits that separate near-duplicates, and topics that cannot be learnt.

    Raises
    ------
    SplitError
        If the file is missing or has other columns, if an article in it is not labelled, if a side is neither ``train``
        nor ``test``, or if a split has an empty side or an article on both sides.
    """
    try:
        table = pd.read_csv(path, dtype={"article_id": "str"})
    except (OSError, ValueError) as error:
        raise SplitError(
            f"{path}: cannot be read ({error}). Write it with 'topicdesk splits SPEC --output'."
        ) from error
    if list(table.columns) != _FILE_COLUMNS:
        raise SplitError(f"{path}: expected the columns {', '.join(_FILE_COLUMNS)}, found {', '.join(table.columns)}.")
    table["article_id"] = table["article_id"].map(restored)
    row_of = pd.Series(np.arange(len(dataset)), index=dataset.ids.astype("str"))
    unknown = table.loc[~table["article_id"].isin(row_of.index), "article_id"]
    if len(unknown):
        raise SplitError(f"{path}: {len(unknown)} articles are not labelled, for example {unknown.iloc[0]!r}.")
    invalid = table.loc[~table["side"].isin(["train", "test"]), "side"]
    if len(invalid):
        raise SplitError(
            f"{path}, line {invalid.index[0] + 2}: side must be 'train' or 'test', not {invalid.iloc[0]!r}."
        )
    splits = []
    for _, part in table.groupby(["repeat", "fold"], sort=False):
        scheme, repeat, fold = part.iloc[0][["scheme", "repeat", "fold"]]
        sides = {
            side: np.sort(row_of[part.loc[part["side"] == side, "article_id"]].to_numpy()) for side in ("train", "test")
        }
        split = Split(sides["train"], sides["test"], int(repeat), int(fold), str(scheme))
        if not len(split.train) or not len(split.test) or len(np.intersect1d(split.train, split.test)):
            raise SplitError(f"{path}: repeat {repeat}, fold {fold} has an empty side, or an article on both sides.")
        splits.append(split)
    return tuple(splits), (*_file_warnings(dataset, splits), *unlearnable(dataset, splits))


def splits_hash(dataset: Dataset, splits: Sequence[Split]) -> str:
    """Return a hash of the training and test articles of all splits.

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


def _file_warnings(dataset: Dataset, splits: Sequence[Split]) -> Iterator[str]:
    used = {int(row) for split in splits for row in (*split.train, *split.test)}
    if len(used) < len(dataset):
        yield f"{len(dataset) - len(used)} of {len(dataset)} labelled articles are not in any saved split."
    n_leaky = sum(bool(np.isin(dataset.groups[split.test], dataset.groups[split.train]).any()) for split in splits)
    if n_leaky:
        yield f"{n_leaky} of {len(splits)} saved splits have near-duplicates on both sides. They are used as saved."
