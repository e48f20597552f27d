"""Files of articles in batches of rows that keep all their columns: tables as they came, pages as an import has them.

The same files give the same batches, so that a labelling that was stopped goes on at the batch where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet

from topicdesk.corpus import Cleaning, Record, Unreadable, clean_record, matched_columns, read_records
from topicdesk.errors import CorpusError
from topicdesk.progress import Advance

__all__ = ["Batch", "Reading", "read_batches", "read_row_groups"]

# A batch ends at as many rows, or characters.
_MOST_ROWS = 2000
_MOST_CHARACTERS = 20_000_000


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Parameters
    ----------
    fields : tuple of str
        What the labeller reads.
    columns : mapping of str to str
        The user's names of fields, by ours; others are matched by what they are usually called.
    cleaning : Cleaning
        How pages are cleaned, and tables where `clean_tables`.
    clean_tables : bool
        Whether the articles of tables are cleaned before they are labelled; in the output they stay as they came.
    """

    fields: tuple[str, ...]
    columns: Mapping[str, str]
    cleaning: Cleaning = field(default_factory=Cleaning)
    clean_tables: bool = False


@dataclass
class Batch:
    """Rows that are labelled together.

    Parameters
    ----------
    number : int
        From 0, over all files.
    rows : list of dict, or RecordBatch
        As they came.
    articles : list of dict
        Of each row, what is read of it: fields and ``id``.
    where : list of str
        Of each row, for messages.
    unreadable : list of Unreadable
        What is not a row.
    read : int
        Bytes that were read since the batch before.
    """

    number: int
    rows: list[Mapping[str, Any]] | arrow.RecordBatch = field(default_factory=list)
    articles: list[dict[str, Any]] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    read: int = 0

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.articles)


def read_batches(files: Sequence[Path], reading: Reading) -> Iterator[Batch]:
    """Read files, one after the other.

    Parameters
    ----------
    files : sequence of Path
        As `find_files` gives them.
    reading : Reading

    Yields
    ------
    Batch
        None mixes files.

    Raises
    ------
    CorpusError
        When a table has no column of texts, or lacks one that was named.
    """
    number = 0
    for file in files:
        read = _parquet_batches if file.suffix.lower() == ".parquet" else _record_batches
        for batch in read(file, reading):
            batch.number = number
            number += 1
            yield batch


def read_row_groups(file: Path, row_groups: Sequence[int], reading: Reading) -> Iterator[Batch]:
    """Read some row groups of a Parquet file."""
    with parquet.ParquetFile(file, pre_buffer=False) as table:
        yield from _batches_of(file, table, row_groups, reading)


def _record_batches(file: Path, reading: Reading) -> Iterator[Batch]:
    told = _Told()
    batch, characters = Batch(0), 0
    for record in read_records(file, reading.columns, told):
        if isinstance(record, Unreadable):
            _add_unreadable(batch, record)
        else:
            characters += _add(batch, record, reading)
        if len(batch) >= _MOST_ROWS or characters >= _MOST_CHARACTERS or len(batch.unreadable) >= _MOST_ROWS:
            batch.read = told.taken()
            yield batch
            batch, characters = Batch(0), 0
    batch.read = told.taken()
    yield batch


def _add(batch: Batch, record: Record, reading: Reading) -> int:
    """Put a record into a batch: a row for a table's, the article and teasers of a page; give its characters."""
    characters = 0
    if record.row is None or reading.clean_tables:
        try:
            cleaned = [article.fields for article in clean_record(record, reading.cleaning)]
        except CorpusError as error:
            _add_unreadable(batch, Unreadable(record.where, str(error), record.row))
            return 0
        for fields in cleaned:
            article = {name: fields.get(name, "") for name in (*reading.fields, "id")}
            _append(batch, record.row or _told_row(fields), article, record.where)
            characters += sum(len(value) for value in article.values())
        return characters
    where_is = record.columns
    article = {name: record.row[where_is[name]] for name in (*reading.fields, "id") if name in where_is}
    _append(batch, record.row, article, record.where)
    return sum(len(value) for value in article.values() if isinstance(value, str))


def _add_unreadable(batch: Batch, unreadable: Unreadable) -> None:
    if unreadable.row is None:
        batch.unreadable.append(unreadable)
    else:
        own = {"id": unreadable.row["id"]} if "id" in unreadable.row else {}
        _append(batch, unreadable.row, {"why": unreadable.why, **own}, unreadable.where)


def _append(batch: Batch, row: Mapping[str, Any], article: dict[str, Any], where: str) -> None:
    assert isinstance(batch.rows, list)
    batch.rows.append(row)
    batch.articles.append(article)
    batch.where.append(where)


def _told_row(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Write the fields of a cleaned article as a row of a table."""
    row = {"id": fields["id"], **fields}
    published = row.get("published")
    row["published"] = None if published is None or pd.isna(published) else pd.Timestamp(published).to_pydatetime()
    return row


def _parquet_batches(file: Path, reading: Reading) -> Iterator[Batch]:
    try:
        table = parquet.ParquetFile(file, pre_buffer=False)
    except (arrow.ArrowException, OSError) as error:
        yield Batch(0, unreadable=[Unreadable(str(file), f"cannot be read: {error}")])
        return
    with table:
        yield from _batches_of(file, table, range(table.num_row_groups), reading)


def _batches_of(file: Path, table: parquet.ParquetFile, row_groups: Sequence[int], reading: Reading) -> Iterator[Batch]:
    where_is = matched_columns(str(file), table.schema_arrow.names, reading.columns)
    wanted = {name: where_is[name] for name in (*reading.fields, "id") if name in where_is}
    n_rows = max(table.metadata.num_rows, 1)
    size = file.stat().st_size / n_rows
    unpacked = sum(table.metadata.row_group(one).total_byte_size for one in range(table.num_row_groups)) / n_rows
    most_rows = int(min(max(_MOST_CHARACTERS / max(unpacked, 1), 1), _MOST_ROWS))
    row = sum(table.metadata.row_group(one).num_rows for one in range(min(row_groups, default=0)))
    try:
        for rows in table.iter_batches(most_rows, row_groups=list(row_groups)):
            columns = {name: rows.column(theirs).to_pylist() for name, theirs in wanted.items()}
            articles = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
            where = [f"{file}, row {row + place}" for place in range(1, len(articles) + 1)]
            row += len(articles)
            yield Batch(0, rows, articles, where, read=int(size * len(articles)))
    except (arrow.ArrowException, OSError) as error:
        yield Batch(0, unreadable=[Unreadable(f"{file}, after row {row}", f"cannot be read: {error}")])


class _Told(Advance):
    """Sums how many bytes a reader says it has read."""

    def __init__(self) -> None:
        self.bytes = 0

    def __call__(self, steps: int = 1) -> None:
        self.bytes += steps

    def taken(self) -> int:
        """Give the bytes since it was last asked."""
        taken, self.bytes = self.bytes, 0
        return taken
