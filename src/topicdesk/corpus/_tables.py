"""Read the rows of CSV and TSV files, also of files that do not follow the usual rules.

A quotation mark that is never closed does not swallow the rows after it: it is read as a character, and noted.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from topicdesk.corpus._encodings import guess_encoding

__all__ = ["BACKSLASHES", "QUOTES", "Row", "TableFormat", "decoded_head", "delimiter_of", "read_rows"]

#: Values of `TableFormat.quote`.
QUOTES = ("auto", "double", "backslash", "none")

#: Flag of rows whose quotation marks are escaped by backslashes, although the user did not say so.
BACKSLASHES = 'quotation marks written as \\" in the table'

_OPEN_QUOTE = "a quotation mark that is not closed, read as a character"
_TWICE = "a column name that occurs more than once; the first column of that name is used"

# Bytes of a file that are read to guess its encoding and format.
_HEAD_BYTES = 1 << 20

# Longest cell, in characters, in which a closing quotation mark is looked for.
_LONGEST_CELL = 1 << 26

# If rows were read on in vain for more characters than this, in number and as a multiple of the file's, a further row
# reads on for a few lines only. Otherwise the time would be quadratic, if each row of a file opens a quotation mark.
_MOST_IN_VAIN, _TIMES_IN_VAIN, _FEW_LINES = 20_000_000, 10, 20

_SEPARATOR_LINE = re.compile(r'"?sep=(.?)"?\r?\n?')
_ESCAPED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')


@dataclass(frozen=True)
class TableFormat:
    """How a user's tables are written.

    Parameters
    ----------
    columns : mapping of str to str
        Column names of the user's table, by field of an article. Other fields are matched by common column names.
    header : bool, default True
        Whether the first row of a CSV or TSV file contains the names of the columns. If not, they are called ``"1"``,
        ``"2"``, and so on.
    quote : {"auto", "double", "backslash", "none"}, default "auto"
        How a quotation mark inside a quoted cell is written: twice, or with a backslash. With ``none``, quotation marks
        have no meaning. With ``auto``, ``backslash`` if the beginning of the file has marks that are written so.
    encoding : str, optional
        Encoding of text files; by default it is guessed.
    whole_rows : bool, default False
        Whether records of Parquet files have all columns of their rows, as those of other tables do.
    needs_text : bool, default True
        Whether a table without a text column is an error.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    header: bool = True
    quote: str = "auto"
    encoding: str | None = None
    whole_rows: bool = False
    needs_text: bool = True


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Parameters
    ----------
    line : int
        Number of its last line, from 1.
    cells : list of str
        Its cells.
    flags : tuple of str
        Notes on what is uncertain.
    """

    line: int
    cells: list[str]
    flags: tuple[str, ...] = ()


class _Lines:
    """Lines of a file, which can be given back."""

    def __init__(self, lines: Iterator[str], escaped: bool) -> None:
        self.lines, self.escaped = lines, escaped
        self.waiting: deque[str] = deque()
        self.number = self.n_read = self.n_in_vain = 0
        self.start(())

    def start(self, returned: Sequence[str]) -> None:
        """Begin a new row, after giving back lines of the last one."""
        self.waiting.extendleft(reversed(returned))
        self.number -= len(returned)
        self.n_in_vain += sum(map(len, returned))
        self.taken: list[str] = []
        self.n_characters = 0
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        is_new = not self.waiting
        line = next(self.lines, None) if is_new else self.waiting.popleft()
        self.n_read += len(line) if line is not None and is_new else 0
        # In a very long cell, the closing quotation mark is probably missing.
        if line is None or self.n_characters > _LONGEST_CELL or (len(self.taken) >= _FEW_LINES and self._is_lost()):
            if line is not None:
                self.waiting.appendleft(line)
            self.ended = True
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self.n_characters += len(line)
        return _ESCAPED.sub(r'\1""', line) if self.escaped else line

    def _is_lost(self) -> bool:
        return self.n_in_vain > _MOST_IN_VAIN + _TIMES_IN_VAIN * self.n_read


def decoded_head(file: IO[bytes], encoding: str | None) -> tuple[str, str, tuple[str, ...]]:
    """Return the beginning of a file as text, its encoding, and notes on the encoding. The file is at its start after.

    Parameters
    ----------
    file : binary file
        Opened at its start.
    encoding : str or None
        The encoding, if the user named it.
    """
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    flags: tuple[str, ...] = ()
    if encoding is None:
        encoding, flags = guess_encoding(head)
    return head.decode(encoding, errors="replace"), encoding, flags


def delimiter_of(first_line: str) -> str:
    """Return the most frequent of the usual delimiters in a line."""
    return max(",;\t|", key=first_line.count)


def read_rows(file: IO[bytes], form: TableFormat, delimiter: str | None = None) -> Iterator[Row]:
    r"""Yield the names of the columns, then the rows of a CSV or TSV file.

    Parameters
    ----------
    file : binary file
        Opened at its start.
    form : TableFormat
        How the table is written.
    delimiter : str, optional
        By default, the most frequent of comma, semicolon, tab and vertical bar in the first line. A first line such as
        ``sep=;``, which spreadsheets write, is skipped and names it.

    Yields
    ------
    Row
        The first one contains the names of the columns; it is missing if the file is empty. Empty lines are left out.

    Examples
    --------
    >>> table = b'id\ttext\n1\t"The mill, he said, was sold.\n2\tThe mill was bought.\n'
    >>> for row in read_rows(io.BytesIO(table), TableFormat(), "\t"):
    ...     print(row.line, row.cells)
    1 ['id', 'text']
    2 ['1', '"The mill, he said, was sold.']
    3 ['2', 'The mill was bought.']
    """
    head, encoding, flags = decoded_head(file, form.encoding)
    # A text may be longer than the default limit of the csv module. On Windows, its limit is a C long of 32 bits.
    csv.field_size_limit(2**31 - 1)
    quote = form.quote
    if quote == "auto":
        quote = "backslash" if _has_backslashes(head) else "double"
        flags = (*flags, BACKSLASHES) if quote == "backslash" else flags
    decoded = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    try:
        yield from _table(decoded, re.split(r"\r\n|\r|\n", head, maxsplit=1)[0], form, quote, delimiter, flags)
    finally:
        if not file.closed:
            decoded.detach()  # the file belongs to the caller


def _table(
    decoded: Iterator[str],
    first_line: str,
    form: TableFormat,
    quote: str,
    delimiter: str | None,
    flags: tuple[str, ...],
) -> Iterator[Row]:
    """Yield the names of the columns, then the rows."""
    lines = _Lines(decoded, quote == "backslash")
    named = _SEPARATOR_LINE.fullmatch(first_line)
    if named:
        next(lines, None)
        delimiter = delimiter or named[1]
    if not delimiter:
        # The line that follows "sep=" is given back.
        first_line = next(lines, "") if named else first_line
        lines.start(lines.taken[-1:] if named else ())
        delimiter = delimiter_of(first_line)
    rows = _rows(lines, delimiter, quoted=quote != "none")
    first = next(rows, None)
    if first is None:
        return
    names = first.cells if form.header else [str(number) for number in range(1, len(first.cells) + 1)]
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    flags = (*flags, _TWICE) if repeated else flags
    yield Row(first.line, _distinct(names), flags)
    if not form.header:
        yield Row(first.line, first.cells, (*flags, *first.flags))
    for row in rows:
        yield Row(row.line, row.cells, (*flags, *row.flags))


def _rows(lines: _Lines, delimiter: str, quoted: bool) -> Iterator[Row]:
    reader = _reader(lines, delimiter, quoted)
    n_columns = 0
    while True:
        lines.start(())
        cells = next(reader, None)
        if cells is None:
            if not lines.ended or not lines.taken:
                return
            cells = []
        flags: tuple[str, ...] = ()
        if lines.taken and (lines.ended or _swallows_rows(lines.taken, cells, delimiter, n_columns)):
            # A new reader, because this one is at the end, or inside a cell.
            first, *others = lines.taken
            cells = next(_reader([first], delimiter, quoted=False))
            lines.start(others)
            reader = _reader(lines, delimiter, quoted)
            flags = (_OPEN_QUOTE,)
        if cells:
            n_columns = n_columns or len(cells)
            yield Row(lines.number, cells, flags)


def _reader(lines: Iterable[str], delimiter: str, quoted: bool) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)


def _swallows_rows(lines: list[str], cells: list[str], delimiter: str, n_columns: int) -> bool:
    """Return whether a cell contains other rows, because a quotation mark in it has no meaning.

    In a TSV, a cell does not contain tabs. In files with another delimiter, a text of several lines may contain it, but
    a quotation mark that ends a cell is followed by the delimiter.
    """
    if len(lines) > 1 and delimiter != "\t" and not _is_well_formed(lines, delimiter):
        return len(next(_reader(lines[:1], delimiter, quoted=False))) == n_columns
    if delimiter != "\t" or not any("\t" in cell and "\n" in cell for cell in cells):
        return False
    return lines[0].count("\t") + 1 == n_columns


def _is_well_formed(lines: list[str], delimiter: str) -> bool:
    try:
        next(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return True


def _has_backslashes(head: str) -> bool:
    """Return whether quotation marks inside quoted cells are escaped by backslashes, and never written twice."""
    # A mark at the end of a cell may follow a backslash that belongs to the text.
    inside = re.search(r'\\"(?=[^,;\t|\r\n"])', head)
    return inside is not None and re.search(r'[^,;\t|\r\n"]""[^,;\t|\r\n"]', head) is None


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names of columns; a repeated one gets its number, as in ``text (2)``."""
    used: Counter[str] = Counter()
    distinct = []
    for name in names:
        used[name] += 1
        distinct.append(name if used[name] == 1 else f"{name} ({used[name]})")
    return distinct
