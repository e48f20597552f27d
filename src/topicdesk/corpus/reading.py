"""Read all records of files and folders, with the options that users give."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from topicdesk._arguments import check_choice, check_flag, check_mapping, check_string
from topicdesk._progress import Advance, progress
from topicdesk.corpus._dates import DATE_ORDERS, is_numeric_date, month_comes_first
from topicdesk.corpus._encodings import check_encoding
from topicdesk.corpus._tables import QUOTES, TableFormat
from topicdesk.corpus.articles import ARTICLE_COLUMNS
from topicdesk.corpus.readers import STDIN, ChangedInputError, Record, Unreadable, find_files, read_records
from topicdesk.errors import CorpusError, nearest

__all__ = ["ReadOptions", "check_fields_named", "read_options", "records_of"]

# Most records that wait until a date shows the order of day and month: few if no date is numeric.
_MOST_WAITING, _FEW_WAITING = 20_000, 200


@dataclass(frozen=True)
class ReadOptions:
    """How to read users' files.

    Parameters
    ----------
    form : TableFormat
        How tables are written.
    dates : {"auto", "day-first", "month-first"}, default "auto"
        Order of day and month in numeric dates.
    new_ids : bool, default False
        Whether ids of the files are ignored.
    """

    form: TableFormat = field(default_factory=TableFormat)
    dates: str = "auto"
    new_ids: bool = False


def read_options(
    columns: Mapping[str, str] | None = None,
    header: bool = True,
    quote: str = "auto",
    encoding: str | None = None,
    dates: str = "auto",
    ids: str = "file",
) -> ReadOptions:
    """Check the arguments about users' files (see `topicdesk.read_articles`), and return them."""
    check_flag("header", header)
    check_choice("quote", quote, QUOTES)
    if encoding is not None:
        check_string("encoding", encoding)
    check_choice("dates", dates, DATE_ORDERS)
    check_choice("ids", ids, ("file", "new"))
    form = TableFormat(check_fields_named(columns), header, quote, check_encoding(encoding))
    return ReadOptions(form, dates, ids == "new")


def check_fields_named(columns: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return a user's column names by field; raise an error if it is no such mapping, or if a field does not exist."""
    if columns is None:
        return {}
    check_mapping("columns", columns)
    for key, column in columns.items():
        if key not in ARTICLE_COLUMNS:
            raise CorpusError(f"columns: articles have no field {key!r}; {nearest(key, ARTICLE_COLUMNS)}")
        check_string(f"columns[{key!r}]", column)
    return columns


def records_of(paths: Sequence[Path | str], options: ReadOptions) -> Iterator[Record | Unreadable]:
    """Read files and folders, and show progress.

    Parameters
    ----------
    paths : sequence of path
        As in `topicdesk.read_articles`.
    options : ReadOptions
        How to read them.

    Yields
    ------
    Record or Unreadable

    Raises
    ------
    CorpusError
        When a path does not exist or its format is not supported, or a named file has no text column.
    """
    inputs = [Path(path) for path in paths]
    files, skipped = find_files(inputs)
    yield from skipped
    with progress(sum(file.stat().st_size for file in files if file != STDIN), "reading", "B") as advance:
        for file in files:
            records = _records_of_file(file, file in inputs, options.form, advance)
            for record in _with_date_order(records, options.dates):
                if isinstance(record, Record) and options.new_ids and not record.is_page:
                    fields = {name: value for name, value in record.fields.items() if name != "id"}
                    yield replace(record, fields=fields)
                else:
                    yield record


def _records_of_file(file: Path, named: bool, form: TableFormat, advance: Advance) -> Iterator[Record | Unreadable]:
    """Read a file. A table without a text column is an error if the user named it, but is skipped in a folder."""
    try:
        yield from read_records(file, form, advance)
    except CorpusError as error:
        if named or isinstance(error, ChangedInputError):
            raise
        yield Unreadable(str(file), str(error).removeprefix(f"{file}: "))


def _with_date_order(records: Iterable[Record | Unreadable], dates: str) -> Iterator[Record | Unreadable]:
    """Yield the records of a file, each with the order of day and month in the file's numeric dates.

    Records wait until a date has only one reading.
    """
    month_first = None if dates == "auto" else dates == "month-first"
    waiting: list[Record | Unreadable] = []
    n_numeric = 0
    remaining = iter(records)
    if dates == "auto":
        for record in remaining:
            waiting.append(record)
            written = record.fields.get("published", "") if isinstance(record, Record) else ""
            month_first = month_comes_first(written)
            n_numeric += is_numeric_date(written)
            enough = len(waiting) >= (_MOST_WAITING if n_numeric else _FEW_WAITING)
            if month_first is not None or enough:
                break
    for record in itertools.chain(waiting, remaining):
        yield replace(record, month_first=month_first) if isinstance(record, Record) else record
