"""Read users' files into records: pages as text and HTML, feeds, tables, archives, and folders of them.

A reader yields one `Record` for each article or page in a file, and one `Unreadable` for each part that it cannot read.
It keeps one record in memory at a time. Only pages, feeds and ``.json`` files are read whole.
"""

from __future__ import annotations

import csv
import io
import json
import lzma
import os
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, Any, AnyStr

import pyarrow as arrow
import pyarrow.parquet as parquet

from topicdesk._progress import Advance, nowhere
from topicdesk.corpus._encodings import guess_encoding, wide_encoding
from topicdesk.corpus._endings import how_to_convert
from topicdesk.corpus._json_forms import article_fields, items_of, parse_json, unnested
from topicdesk.corpus._markup import feed_entries, html_fields, is_markup, plain_text
from topicdesk.corpus._tables import Row, TableFormat, decoded_head, read_rows
from topicdesk.corpus._web_archives import archived_pages
from topicdesk.errors import CorpusError, nearest

__all__ = [
    "FORMATS",
    "LONGEST_LINE",
    "LONGEST_TEXT",
    "NOT_READABLE",
    "READ_FAILURES",
    "STDIN",
    "ChangedInputError",
    "Record",
    "Unreadable",
    "check_columns",
    "find_files",
    "guess_ending",
    "is_hidden",
    "matched_columns",
    "read_records",
    "zip_members",
]

#: Path that means standard input.
STDIN = Path("-")

#: Reason of an `Unreadable` that is listed.
NOT_READABLE = "not readable"

# Common column names of each field, in the form used for comparison: lower case, letters only.
_ALIASES = {
    "title": ("title", "headline", "heading"),
    # Summaries come last: they are the text only if there is no other.
    "text": (
        "text", "body", "content", "article", "articletext", "articlebody", "maintext", "fulltext", "contenttext",
        "story", "shortdescription", "description", "summary", "abstract",
    ),
    "published": (
        "published", "date", "publishdate", "publishedat", "publicationdate", "pubdate", "datetime", "datepublished",
        "datepublish",
    ),
    "source": ("source", "outlet", "publisher", "domain", "newspaper", "sourcedomain", "hostname", "sitename"),
    "section": ("section", "category", "rubric", "articlesection", "categories"),
    "url": ("url", "link", "articlesourcelink", "permalink"),
    "authors": ("authors", "author", "byline", "creator"),
    "place": ("place", "location", "dateline"),
    "language": ("language", "lang", "inlanguage"),
    "id": ("articleid", "id", "guid", "identifier", "documentid"),
}  # fmt: skip

#: Maximum number of characters of a text. Cleaning a megabyte takes about a second.
LONGEST_TEXT = 1 << 25

#: Maximum length of a line of JSON: parsed values take up to thirty times as much memory.
LONGEST_LINE = 2 * LONGEST_TEXT

# Maximum number of columns that a message lists.
_MOST_COLUMNS = 60

# Fields that may contain HTML.
_MARKED_UP = ("title", "text")

# Bytes of standard input that are read to guess its format.
_HEAD_BYTES = 1 << 20
_BATCH_ROWS = 1000

#: Errors that readers raise if a file is damaged, locked or of another format than its name says.
READ_FAILURES = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    arrow.ArrowException,
    csv.Error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    zlib.error,
)

# Limits on unpacking, against zip bombs: text compresses to a fifth or a tenth, a bomb to a thousandth.
_MOST_RATIO = 200
_MOST_UNPACKED = 8 << 30

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Record:
    """One article as read from a file, or the text of a page.

    Parameters
    ----------
    where : str
        File and place in it, for messages.
    fields : dict of str to str
        Values by column of the articles table. Missing fields are left out.
    flags : tuple of str
        Notes on what is uncertain.
    is_page : bool
        Whether the text is a page: an article and teasers that still have to be separated.
    row : dict, optional
        For CSV, TSV and JSON, the original row with all its columns.
    columns : mapping of str to str
        Column of `row` for each field.
    month_first : bool, optional
        Order of day and month in a numeric date, if it is known.
    unused : tuple of str
        Columns of the table that are no field of an article.
    """

    where: str
    fields: dict[str, Any]
    flags: tuple[str, ...] = ()
    is_page: bool = False
    row: Mapping[str, Any] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    month_first: bool | None = None
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unreadable:
    """A part of a file from which no article was read, the reason, and the original row if there is one.

    Parts that are no articles by their kind, such as the requests in a web archive, have that kind as their `reason`.
    They are counted by it. The others are listed one by one.
    """

    where: str
    why: str
    row: Mapping[str, Any] | None = None
    reason: str = NOT_READABLE


class ChangedInputError(CorpusError):
    """A file changed while it was read.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} changed while it was read. Nothing is written. Run the command again when the file is complete."
        )


def find_files(paths: Sequence[Path]) -> tuple[list[Path], list[Unreadable]]:
    """List the files to read, each once: the named files, and the files of supported formats in folders.

    Parameters
    ----------
    paths : sequence of Path
        Files, folders, or `STDIN`.

    Returns
    -------
    files : list of Path
        Files of a folder are in alphabetical order.
    passed_over : list of Unreadable
        Files in folders whose format is not supported.

    Raises
    ------
    CorpusError
        When a path does not exist, or the format of a named file is not supported.
    """
    try:
        return _found_files(paths)
    except OSError as error:  # such as a folder without rights
        raise CorpusError(f"{error.filename}: cannot be read: {error.strerror}.") from error


def _found_files(paths: Sequence[Path]) -> tuple[list[Path], list[Unreadable]]:
    files: dict[Path, Path] = {}
    skipped = []
    for path in paths:
        if path == STDIN:
            files[path] = path
        elif path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.is_file() and not is_hidden(file.relative_to(path).parts):
                    if _ending(file.name) in FORMATS:
                        files.setdefault(file.resolve(), file)
                    else:
                        skipped.append(Unreadable(str(file), "unsupported file format"))
        elif not path.exists():
            raise CorpusError(f"no file or folder {path}.")
        elif not path.is_file():
            # A reader would take what is in a pipe, and a second look would find nothing.
            raise CorpusError(
                f"{path} is not a regular file. To read from a pipe, redirect it to standard input, and name -."
            )
        elif _ending(path.name) not in FORMATS:
            advice = how_to_convert(path.suffix) or nearest(path.suffix, FORMATS)
            raise CorpusError(f"{path}: unsupported file format; {advice}")
        else:
            files.setdefault(path.resolve(), path)
    return list(files.values()), skipped


def read_records(path: Path, form: TableFormat, advance: Advance = nowhere) -> Iterator[Record | Unreadable]:
    """Read the records of one file.

    Parameters
    ----------
    path : Path
        A file of a format in `FORMATS`, or `STDIN`.
    form : TableFormat
        How tables are written, and the names of their columns.
    advance : Advance, optional
        Called with the number of bytes read since the last call.

    Yields
    ------
    Record or Unreadable

    Raises
    ------
    CorpusError
        When a table has no text column, or lacks one that `columns` names, or the file changes while it is read.
    """
    if path == STDIN:
        content = sys.stdin.buffer.read()
        yield from _read("standard input", io.BytesIO(content), form, guess_ending(content[:_HEAD_BYTES], form))
        return
    try:
        with path.open("rb") as file:
            before = _version(file)
            reported = 0
            for record in _read(str(path), file, form, _ending(path.name)):
                yield record
                position = file.tell()
                advance(position - reported)
                reported = position
            after = _version(file)
            advance(after[0] - reported)
    except OSError as error:
        yield Unreadable(str(path), f"cannot be read: {error}")
    else:
        # A file that is replaced stays open, and is read to its end. One that is written in place is a mixture.
        if after != before:
            raise ChangedInputError(path)


def _version(file: IO[bytes]) -> tuple[int, int]:
    facts = os.fstat(file.fileno())
    return facts.st_size, facts.st_mtime_ns


def check_columns(path: Path, form: TableFormat) -> None:
    """Raise `CorpusError` if a table has no text column, or lacks one that `columns` names.

    Parameters
    ----------
    path : Path
        The table. Only its beginning is read. Other files and folders are not checked.
    form : TableFormat
        As in `read_records`.
    """
    if path.is_file() and path.suffix.lower() in (".csv", ".tsv", ".jsonl", ".parquet"):
        next(read_records(path, form), None)


def guess_ending(head: bytes, form: TableFormat) -> str:
    """Guess the format of a file without a name.

    Parameters
    ----------
    head : bytes
        Beginning of the file.
    form : TableFormat
        As in `read_records`.

    Returns
    -------
    str
        A key of `FORMATS`; ``.txt`` (a page) if nothing else fits.
    """
    magics = {b"PAR1": ".parquet", b"PK\x03\x04": ".zip", b"WARC/": ".warc", b"\x1f\x8b": ".warc.gz"}
    for magic, ending in magics.items():
        if head.startswith(magic):
            return ending
    text = head.decode(form.encoding or guess_encoding(head)[0], errors="replace").lstrip()
    for mark, ending in (("{", ".jsonl"), ("[", ".json")):
        if text.startswith(mark):
            return ending
    if text.startswith("<"):
        return ".xml" if re.search(r"<(rss|feed|rdf:RDF)\b", text[:2000]) else ".html"
    first = next(read_rows(io.BytesIO(head), form), None)
    if first is None or len(first.cells) < 2:
        return ".txt"
    try:
        matched_columns("standard input", first.cells, form.columns)
    except CorpusError:
        return ".txt"
    return ".csv"


def _read(name: str, file: IO[bytes], form: TableFormat, ending: str) -> Iterator[Record | Unreadable]:
    """Read a file or a part of an archive. A failure yields an `Unreadable`; the records before it are kept."""
    try:
        yield from FORMATS[ending](name, file, form)
    except READ_FAILURES as error:
        yield Unreadable(name, f"cannot be read: {error}")


def _read_page(name: str, file: IO[bytes], form: TableFormat) -> Iterator[Record | Unreadable]:
    _, encoding, flags = decoded_head(file, form.encoding)
    text = _content(file).decode(encoding, errors="replace")
    if len(text) > LONGEST_TEXT:
        yield Unreadable(name, _too_long(text))
    else:
        yield Record(name, {"text": text}, flags, is_page=True)


def _too_long(text: str) -> str:
    return f"a text of {len(text):,} characters, more than the limit of {LONGEST_TEXT:,}: split it into articles"


def _read_table(name: str, file: IO[bytes], form: TableFormat) -> Iterator[Record | Unreadable]:
    rows = read_rows(file, form, "\t" if name.lower().endswith(".tsv") else None)
    header = next(rows, None)
    names = [] if header is None else header.cells
    mapping = _columns_of_table(name, names, form, rows)
    unused = _unused(names, mapping)
    for row in rows:
        location = f"{name}, line {row.line}"
        if len(row.cells) != len(names):
            yield Unreadable(
                location, f"{len(row.cells)} fields, but the header has {len(names)}{_quote_advice(row, form)}"
            )
            continue
        cells = dict(zip(names, row.cells, strict=True))
        values = {key: cells[column] for key, column in mapping.items()}
        yield _record(location, values, flags=row.flags, row=cells, columns=mapping, unused=unused)


def _columns_of_table(name: str, names: list[str], form: TableFormat, rows: Iterator[Row]) -> dict[str, str]:
    """Match the columns of a CSV or TSV file; if there is no text column, say how to read a file without a header."""
    try:
        return matched_columns(name, names, form.columns, form.needs_text)
    except CorpusError as error:
        if not form.header:
            first = next(rows, None)
            cells = () if first is None else first.cells
            shown = ", ".join(f"{number}: {cell[:30]!r}" for number, cell in enumerate(cells, start=1))
            raise CorpusError(
                f"{name}: a table without a header needs the numbers of its columns, such as --map text=2. "
                f"The first row: {shown or 'none'}"
            ) from error
        if "text" not in form.columns:
            raise CorpusError(f"{error}, or use --no-header if the first line is a row") from error
        raise


def _quote_advice(row: Row, form: TableFormat) -> str:
    """Return what to do about a row with another number of fields, if quotation marks may be the reason."""
    if form.quote == "none" or not any('"' in cell for cell in row.cells):
        return ""
    return "; if quotation marks have no meaning in this file, use --quote none"


def _read_json_lines(name: str, file: IO[bytes], form: TableFormat) -> Iterator[Record | Unreadable]:
    for number, line in enumerate(_decoded_lines(file, form.encoding), start=1):
        location = f"{name}, line {number}"
        if len(line) > LONGEST_LINE:
            yield Unreadable(location, f"a line of more than {LONGEST_LINE:,} characters: write one article to a line")
        elif line.strip():
            try:
                yield _json_record(location, parse_json(line), form)
            except (ValueError, RecursionError) as error:
                yield Unreadable(location, _not_json(error))


def _decoded_lines(file: IO[bytes], encoding: str | None) -> Iterator[str | bytes]:
    """Yield the lines of a file, decoded if its encoding is named. JSON is UTF-8, or UTF-16 or UTF-32, by default."""
    if encoding is None:
        encoding = wide_encoding(file.read(_HEAD_BYTES))
        file.seek(0)
    if encoding is None:
        yield from _limited_lines(file, b"\n")
        return
    decoded = io.TextIOWrapper(file, encoding, errors="replace", newline="\n")
    try:
        yield from _limited_lines(decoded, "\n")
    finally:
        if not file.closed:
            decoded.detach()  # the file belongs to the caller


def _limited_lines(file: IO[AnyStr], end: AnyStr) -> Iterator[AnyStr]:
    """Yield the lines of a file, and of a line that is longer than `LONGEST_LINE` only a beginning that is longer."""
    while line := file.readline(LONGEST_LINE + 1):
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(end):
            rest = file.readline(LONGEST_LINE + 1)
        yield line


def _not_json(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8: {error}; name the encoding with --encoding (encoding= in Python)"
    return f"not JSON: {error}"


def _read_json(name: str, file: IO[bytes], form: TableFormat) -> Iterator[Record | Unreadable]:
    document = _content(file)
    try:
        content = parse_json(document.decode(form.encoding, errors="replace") if form.encoding else document)
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
            yield from _read_json_lines(name, io.BytesIO(document), form)
        else:
            yield Unreadable(name, _not_json(error))
        return
    for number, item in enumerate(items_of(content, _text_column(content, form)), start=1):
        yield _json_record(f"{name}, item {number}", item, form)


def _text_column(content: Any, form: TableFormat) -> str | None:
    """Return the key of the text in a JSON object; None if it has none."""
    if not isinstance(content, dict):
        return None
    with suppress(CorpusError):
        return _matched(tuple(content), tuple(form.columns.items()))["text"]
    return None


def _read_parquet(name: str, file: IO[bytes], form: TableFormat) -> Iterator[Record | Unreadable]:
    table = parquet.ParquetFile(file)
    names = table.schema_arrow.names
    twice = next((column for column in names if names.count(column) > 1), None) if form.whole_rows else None
    if twice is not None:
        raise CorpusError(f"{name}: {names.count(twice)} columns are called {twice!r}. Rename all but one.")
    mapping = matched_columns(name, names, form.columns, form.needs_text)
    unused = _unused(names, mapping)
    number = 0
    for batch in table.iter_batches(_BATCH_ROWS, columns=names if form.whole_rows else list(mapping.values())):
        for row in batch.to_pylist():
            number += 1
            values = {key: row[column] for key, column in mapping.items()}
            if form.whole_rows:
                yield _record(f"{name}, row {number}", values, row=row, columns=mapping, unused=unused)
            else:
                yield _record(f"{name}, row {number}", values, unused=unused)


def _content(file: IO[bytes]) -> bytes:
    """Read a whole file, piece by piece.

    Without a size, a member of an archive is unpacked before its size is compared with the one in its header: a member
    that claims 1,000 bytes could take gigabytes of memory.
    """
    return b"".join(iter(lambda: file.read(_PIECE_BYTES), b""))


def _read_html(name: str, file: IO[bytes], form: TableFormat) -> Iterator[Record | Unreadable]:
    fields = html_fields(_content(file))
    if fields is None:
        yield Unreadable(name, "no main text was found in the page")
    else:
        yield _record(name, fields, flags=("an HTML page, reduced to its main text",))


def _read_feed(name: str, file: IO[bytes], form: TableFormat) -> Iterator[Record | Unreadable]:
    entries, fault = feed_entries(_content(file))
    if fault:
        yield Unreadable(name, f"no feed entries were found: {fault}")
    for number, fields in enumerate(entries, start=1):
        yield _record(f"{name}, entry {number}", fields)


def _read_web_archive(name: str, file: IO[bytes], form: TableFormat) -> Iterator[Record | Unreadable]:
    for page in archived_pages(file):
        location = f"{name}, {page.where}"
        if page.why:
            yield Unreadable(location, page.why, reason=NOT_READABLE if page.is_faulty else page.why)
        else:
            yield _record(location, page.fields, flags=page.flags)


def _read_zip(name: str, file: IO[bytes], form: TableFormat) -> Iterator[Record | Unreadable]:
    archive = zipfile.ZipFile(file)
    for info, why_not in zip_members(archive):
        location = f"{name}, {info.filename}"
        ending = _ending(info.filename)
        if ending == ".zip" or ending not in FORMATS:
            yield Unreadable(location, "unsupported file format in an archive")
        elif why_not:
            yield Unreadable(location, why_not)
        else:
            try:
                # Read in place: nothing is written to disk, so an unsafe path in a member's name does no harm.
                with archive.open(info) as member:
                    yield from _read(location, member, form, ending)
            except READ_FAILURES as error:  # the member cannot be opened
                yield Unreadable(location, f"cannot be read: {error}")


def is_hidden(parts: Sequence[str]) -> bool:
    """Return whether a file in a folder or an archive is hidden, or one of those that macOS adds to archives.

    Hidden folders contain work in progress, such as parts of an output. A name that begins with two dots is a path,
    which other systems may write with a backslash.
    """
    hidden = any(part.startswith(".") and not part.startswith("..") for part in parts)
    return hidden or tuple(parts[:1]) == ("__MACOSX",)


def zip_members(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Yield the files in an archive in alphabetical order, each with the reason if it must not be unpacked.

    Hidden files, and those that macOS adds to archives, are left out, as in folders.
    """
    unpacked = 0
    for info in sorted(archive.infolist(), key=lambda info: info.filename):
        parts = PurePosixPath(info.filename).parts
        unpacked += info.file_size
        if info.filename.endswith("/") or is_hidden(parts):
            continue
        is_bomb = info.file_size > _MOST_RATIO * max(info.compress_size, 1) or unpacked > _MOST_UNPACKED
        why_not = f"would unpack to {info.file_size} bytes, more than the limit for archives" if is_bomb else ""
        yield info, why_not


#: Reader of each format, by the ending of a file's name.
FORMATS: dict[str, Callable[[str, IO[bytes], TableFormat], Iterator[Record | Unreadable]]] = {
    ".txt": _read_page,
    ".html": _read_html,
    ".htm": _read_html,
    ".rss": _read_feed,
    ".atom": _read_feed,
    ".xml": _read_feed,
    ".csv": _read_table,
    ".tsv": _read_table,
    ".json": _read_json,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".parquet": _read_parquet,
    ".zip": _read_zip,
    ".warc": _read_web_archive,
    ".warc.gz": _read_web_archive,
}


def _ending(name: str) -> str:
    """Return the key of `FORMATS` for a file's name, or its last ending if there is none."""
    lowered = name.lower()
    return ".warc.gz" if lowered.endswith(".warc.gz") else PurePosixPath(lowered).suffix


def _json_record(where: str, item: Any, form: TableFormat) -> Record | Unreadable:
    if not isinstance(item, dict):
        return Unreadable(where, f"not a JSON object: {str(item)[:40]!r}")
    item = unnested(item)
    try:
        mapping = matched_columns(where, list(item), form.columns, form.needs_text)
    except CorpusError as error:
        return Unreadable(where, str(error).removeprefix(f"{where}: "), item)
    values = {key: item[column] for key, column in mapping.items()}
    return _record(where, values, row=item, columns=mapping, unused=_unused(item, mapping))


def _unused(names: Iterable[str], mapping: Mapping[str, str]) -> tuple[str, ...]:
    used = set(mapping.values())
    return tuple(str(name) for name in names if name not in used)


def _record(where: str, values: Mapping[str, Any], flags: tuple[str, ...] = (), **more: Any) -> Record | Unreadable:
    """Return a record of values of any type, with `more` fields of `Record`, or why the values are no article."""
    try:
        fields = article_fields(values)
        if len(fields.get("text", "")) > LONGEST_TEXT:
            return Unreadable(where, _too_long(fields["text"]), more.get("row"))
        if is_markup(fields.get("text", "")):
            fields |= {name: plain_text(fields[name]) for name in _MARKED_UP if name in fields}
            flags = (*flags, "HTML in the text, reduced to its words")
        return Record(where, fields, flags, **more)
    except (ValueError, RecursionError) as error:  # RecursionError: a deeply nested value
        return Unreadable(where, str(error), more.get("row"))


def matched_columns(
    where: str, names: Sequence[str], columns: Mapping[str, str], needs_text: bool = True
) -> dict[str, str]:
    """Match the columns of a table to the fields of an article.

    Parameters
    ----------
    where : str
        Name of the table, for messages.
    names : sequence of str
        Columns of the table.
    columns : mapping of str to str
        Columns that the user named, as in `TableFormat`.
    needs_text : bool, default True
        Whether a table without a text column is an error.

    Returns
    -------
    dict of str to str
        Column of the table by field; by default at least that of ``text``.

    Raises
    ------
    CorpusError
        When there is no text column, or a column that `columns` names is missing.
    """
    try:
        return dict(_matched(tuple(names), tuple(columns.items()), needs_text))
    except CorpusError as error:
        raise CorpusError(f"{where}: {error}") from None


# Cached, because each JSON line has its own names and most lines have the same ones.
@lru_cache(maxsize=1000)
def _matched(names: tuple[str, ...], wanted: tuple[tuple[str, str], ...], needs_text: bool = True) -> dict[str, str]:
    columns = dict(wanted)
    for key, column in columns.items():
        if column not in names:
            raise CorpusError(f"no column {column!r} for {key}; {nearest(column, names)}")
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(re.sub(r"[^a-z]", "", str(name).casefold()), name)
    matches = {}
    for key, aliases in _ALIASES.items():
        candidates = [plain[alias] for alias in aliases if alias in plain]
        if key in columns or candidates:
            matches[key] = columns[key] if key in columns else candidates[0]
    if needs_text and "text" not in matches:
        shown = ", ".join(map(str, names[:_MOST_COLUMNS])) or "none"
        more = f" and {len(names) - _MOST_COLUMNS} more" if len(names) > _MOST_COLUMNS else ""
        raise CorpusError(f"no text column; the columns are: {shown}{more}. Name it with --map text=COLUMN")
    return matches
