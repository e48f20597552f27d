"""Read files of articles in batches of rows, with all their columns.

Rows of tables stay unchanged. Pages are cleaned as in an import. The same files always give the same batches.
Therefore an interrupted run can continue with the next batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet

from topicdesk._progress import Advance
from topicdesk.corpus import Cleaning, Record, TableFormat, Unreadable, clean_record, matched_columns, read_records
from topicdesk.errors import CorpusError

__all__ = ["Batch", "ReadingOptions", "read_input_batches", "read_row_groups"]

# A batch ends when it reaches one of these limits.
_MOST_ROWS = 2000
_MOST_CHARACTERS = 20_000_000


@dataclass(frozen=True)
class ReadingOptions:
    """Options for reading files.

    Parameters
    ----------
    fields : tuple of str
        Fields that the labeller reads.
    columns : mapping of str to str
        The user's column name of each field. Other fields are matched by common column names.
    cleaning : Cleaning
        How to clean pages. Also applies to tables if `clean_tables` is true.
    clean_tables : bool, default False
        Whether to clean the articles of tables before they are labelled. The output contains them unchanged.
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
        Number of the batch over all files, from 0.
    rows : list of dict, or RecordBatch
        The rows of the input, unchanged.
    articles : list of dict
        The fields that the labeller reads, and ``id``, for each row. A row that cannot be read has ``why`` instead.
    where : list of str
        File and position of each row, for messages.
    unreadable : list of Unreadable
        Parts of the file that are not rows.
    read : int
        Bytes read since the previous batch.
    """

    number: int
    rows: list[Mapping[str, Any]] | arrow.RecordBatch = field(default_factory=list)
    articles: list[dict[str, Any]] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    read: int = 0

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.articles)


def read_input_batches(files: Sequence[Path], reading: ReadingOptions) -> Iterator[Batch]:
    """Read files one after the other, in batches.

    Parameters
    ----------
    files : sequence of Path
        Files, as returned by `find_files`.
    reading : ReadingOptions
        How to read them.

    Yields
    ------
    Batch
        All rows of a batch come from the same file.

    Raises
    ------
    CorpusError
        If a table has no text column, or lacks a column that `reading` names.
    """
    number = 0
    for file in files:
        reader = _parquet_batches if file.suffix.lower() == ".parquet" else _record_batches
        for batch in reader(file, reading):
            batch.number = number
            number += 1
            yield batch


def read_row_groups(file: Path, row_groups: Sequence[int], reading: ReadingOptions) -> Iterator[Batch]:
    """Read some row groups of a Parquet file."""
    with parquet.ParquetFile(file, pre_buffer=False) as table:
        yield from _batches_of(file, table, row_groups, reading)


def _record_batches(file: Path, reading: ReadingOptions) -> Iterator[Batch]:
    counter = _BytesRead()
    batch, characters = Batch(0), 0
    for record in read_records(file, TableFormat(reading.columns), counter):
        if isinstance(record, Unreadable):
            _add_unreadable(batch, record)
        else:
            characters += _add(batch, record, reading)
        if len(batch) >= _MOST_ROWS or characters >= _MOST_CHARACTERS or len(batch.unreadable) >= _MOST_ROWS:
            batch.read = counter.taken()
            yield batch
            batch, characters = Batch(0), 0
    batch.read = counter.taken()
    yield batch


def _add(batch: Batch, record: Record, reading: ReadingOptions) -> int:
    """Add the rows of a record to a batch (one of a table; article and teasers of a page); return their characters."""
    characters = 0
    if record.row is None or reading.clean_tables:
        try:
            cleaned = [article.fields for article in clean_record(record, reading.cleaning)]
        except CorpusError as error:
            _add_unreadable(batch, Unreadable(record.where, str(error), record.row))
            return 0
        for fields in cleaned:
            article = {name: fields.get(name, "") for name in (*reading.fields, "id")}
            _append(batch, record.row or _shown_row(fields), article, record.where)
            characters += sum(len(value) for value in article.values())
        return characters
    source_columns = record.columns
    article = {name: record.row[source_columns[name]] for name in (*reading.fields, "id") if name in source_columns}
    _append(batch, record.row, article, record.where)
    return sum(len(value) for value in article.values() if isinstance(value, str))


def _add_unreadable(batch: Batch, unreadable: Unreadable) -> None:
    if unreadable.row is None:
        batch.unreadable.append(unreadable)
    else:
        id_field = {"id": unreadable.row["id"]} if "id" in unreadable.row else {}
        _append(batch, unreadable.row, {"why": unreadable.why, **id_field}, unreadable.where)


def _append(batch: Batch, row: Mapping[str, Any], article: dict[str, Any], where: str) -> None:
    assert isinstance(batch.rows, list)
    batch.rows.append(row)
    batch.articles.append(article)
    batch.where.append(where)


def _shown_row(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a cleaned article as a row of a table."""
    row = {"id": fields["id"], **fields}
    published = row.get("published")
    row["published"] = None if published is None or pd.isna(published) else pd.Timestamp(published).to_pydatetime()
    return row


def _parquet_batches(file: Path, reading: ReadingOptions) -> Iterator[Batch]:
    try:
        table = parquet.ParquetFile(file, pre_buffer=False)
    except (arrow.ArrowException, OSError) as error:
        yield Batch(0, unreadable=[Unreadable(str(file), f"cannot be read: {error}")])
        return
    with table:
        yield from _batches_of(file, table, range(table.num_row_groups), reading)


def _batches_of(
    file: Path, table: parquet.ParquetFile, row_groups: Sequence[int], reading: ReadingOptions
) -> Iterator[Batch]:
    table_columns = matched_columns(str(file), table.schema_arrow.names, reading.columns)
    selected = {name: table_columns[name] for name in (*reading.fields, "id") if name in table_columns}
    n_rows = max(table.metadata.num_rows, 1)
    row_size = file.stat().st_size / n_rows
    unpacked_size = (
        sum(table.metadata.row_group(group).total_byte_size for group in range(table.num_row_groups)) / n_rows
    )
    most_rows = int(min(max(_MOST_CHARACTERS / max(unpacked_size, 1), 1), _MOST_ROWS))
    row = sum(table.metadata.row_group(group).num_rows for group in range(min(row_groups, default=0)))
    try:
        for rows in table.iter_batches(most_rows, row_groups=list(row_groups)):
            columns = {name: rows.column(column).to_pylist() for name, column in selected.items()}
            articles = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
            locations = [f"{file}, row {row + offset}" for offset in range(1, len(articles) + 1)]
            row += len(articles)
            yield Batch(0, rows, articles, locations, read=int(row_size * len(articles)))
    except (arrow.ArrowException, OSError) as error:
        yield Batch(0, unreadable=[Unreadable(f"{file}, after row {row}", f"cannot be read: {error}")])


class _BytesRead(Advance):
    """Count the bytes that a reader reports as read."""

    def __init__(self) -> None:
        self.bytes = 0

    def __call__(self, steps: int = 1) -> None:
        self.bytes += steps

    def taken(self) -> int:
        """Return the bytes since the last call."""
        n_bytes, self.bytes = self.bytes, 0
        return n_bytes
