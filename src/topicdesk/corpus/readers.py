"""Files that users have, to records: pages as text and HTML, feeds, tables, archives, and folders of them.

A reader yields one `Record` for each article or page that a file holds, and an `Unreadable` for each part that it could
not read. It holds one record in memory at a time; only a page, a feed and a JSON array are read whole.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyarrow as arrow
import pyarrow.parquet as parquet
from charset_normalizer import from_bytes

from topicdesk.corpus.markup import feed_entries, html_fields
from topicdesk.errors import CorpusError, nearest
from topicdesk.progress import Advance, nowhere

__all__ = [
    "FORMATS",
    "STDIN",
    "Record",
    "Unreadable",
    "check_columns",
    "find_files",
    "guess_ending",
    "matched_columns",
    "read_records",
]

#: The path that stands for standard input.
STDIN = Path("-")

# Names under which users keep a field, as they are compared: lower case, letters only.
_ALIASES = {
    "title": ("title", "headline", "heading"),
    "text": ("text", "body", "content", "article", "articletext", "articlebody", "fulltext", "story"),
    "published": ("published", "date", "publishdate", "publishedat", "publicationdate", "pubdate", "datetime"),
    "source": ("source", "outlet", "publisher", "domain", "newspaper"),
    "section": ("section", "category", "rubric"),
    "url": ("url", "link", "articlesourcelink", "permalink"),
    "authors": ("authors", "author", "byline", "creator"),
    "place": ("place", "location", "dateline"),
    "language": ("language", "lang"),
    "id": ("id", "articleid", "guid", "identifier"),
}

# Of a file, to guess its encoding and a table's delimiter.
_HEAD_BYTES = 1 << 20
_BATCH_ROWS = 1000

# What readers raise on files that are damaged, locked or not what their name says.
_FAILURES = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    arrow.ArrowException,
    csv.Error,
    zipfile.BadZipFile,
    zlib.error,
)

# What an archive may unpack to: text shrinks to a fifth or a tenth, a bomb to a thousandth.
_MOST_RATIO = 200
_MOST_UNPACKED = 8 << 30


@dataclass(frozen=True)
class Record:
    """What a file says of one article, or a page as text.

    Parameters
    ----------
    where : str
        File and place in it, for messages.
    fields : dict of str to str
        By the articles' columns; missing ones are left out.
    flags : tuple of str
        What was uncertain.
    is_page : bool
        Whether the text is a page's: an article and teasers, to be told apart.
    row : dict, optional
        Of a table or JSON, the row as it came, with all its columns.
    columns : mapping of str to str
        Which of its columns holds which of `fields`.
    """

    where: str
    fields: dict[str, Any]
    flags: tuple[str, ...] = ()
    is_page: bool = False
    row: Mapping[str, Any] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unreadable:
    """A part of a file that no article was read from, and why; with the row as it came, where it is one."""

    where: str
    why: str
    row: Mapping[str, Any] | None = None


def find_files(paths: Sequence[Path]) -> tuple[list[Path], list[Unreadable]]:
    """List the files to read: those named, and those of known kinds in folders, each once.

    Parameters
    ----------
    paths : sequence of Path
        Files, folders, or `STDIN`.

    Returns
    -------
    files : list of Path
        Folders' files in alphabetical order.
    passed_over : list of Unreadable
        Files in folders of a kind that is not read.

    Raises
    ------
    CorpusError
        When a path does not exist, or a named file is of a kind that is not read.
    """
    files: dict[Path, Path] = {}
    passed_over = []
    for path in paths:
        if path == STDIN:
            files[path] = path
        elif path.is_dir():
            for inside in sorted(path.rglob("*")):
                # A hidden folder holds work in progress, such as the parts of an output.
                hidden = any(part.startswith(".") for part in inside.relative_to(path).parts)
                if inside.is_file() and not hidden:
                    if inside.suffix.lower() in FORMATS:
                        files.setdefault(inside.resolve(), inside)
                    else:
                        passed_over.append(Unreadable(str(inside), "a kind of file that is not read"))
        elif not path.exists():
            raise CorpusError(f"no file or folder {path}.")
        elif path.suffix.lower() not in FORMATS:
            raise CorpusError(f"{path}: not a kind of file that is read; {nearest(path.suffix, FORMATS)}")
        else:
            files.setdefault(path.resolve(), path)
    return list(files.values()), passed_over


def read_records(path: Path, columns: Mapping[str, str], advance: Advance = nowhere) -> Iterator[Record | Unreadable]:
    """Read one file.

    Parameters
    ----------
    path : Path
        A file of a kind in `FORMATS`, or `STDIN`.
    columns : mapping of str to str
        The user's names of fields, by ours; others are matched by what they are usually called.
    advance : Advance, optional
        Called with the number of bytes read since it was last called.

    Yields
    ------
    Record or Unreadable

    Raises
    ------
    CorpusError
        When a table has no column of texts, or lacks one that `columns` names.
    """
    if path == STDIN:
        content = sys.stdin.buffer.read()
        yield from _read("standard input", io.BytesIO(content), columns, guess_ending(content[:_HEAD_BYTES], columns))
        return
    try:
        with path.open("rb") as file:
            told = 0
            for record in _read(str(path), file, columns, path.suffix.lower()):
                yield record
                here = file.tell()
                advance(here - told)
                told = here
            advance(path.stat().st_size - told)
    except OSError as error:
        yield Unreadable(str(path), f"cannot be read: {error}")


def check_columns(path: Path, columns: Mapping[str, str]) -> None:
    """Raise `CorpusError` if a table has no column of texts, or lacks one that `columns` names.

    Parameters
    ----------
    path : Path
        Only the beginning of a table is read; other files, and folders, are not.
    columns : mapping of str to str
        As in `read_records`.
    """
    if path.is_file() and path.suffix.lower() in (".csv", ".tsv", ".jsonl", ".parquet"):
        next(read_records(path, columns), None)


def guess_ending(head: bytes, columns: Mapping[str, str]) -> str:
    """Guess of what kind a file without a name is.

    Parameters
    ----------
    head : bytes
        Its beginning.
    columns : mapping of str to str
        As in `read_records`.

    Returns
    -------
    str
        One of `FORMATS`; ``.txt``, a page, where nothing else fits.
    """
    for magic, ending in ((b"PAR1", ".parquet"), (b"PK\x03\x04", ".zip")):
        if head.startswith(magic):
            return ending
    text = head.decode(_encoding(head)[0], errors="replace").lstrip()
    for mark, ending in (("{", ".jsonl"), ("[", ".json")):
        if text.startswith(mark):
            return ending
    if text.startswith("<"):
        return ".xml" if re.search(r"<(rss|feed|rdf:RDF)\b", text[:2000]) else ".html"
    first_line = text.partition("\n")[0]
    names = next(csv.reader([first_line], delimiter=_delimiter(first_line)), [])
    try:
        matched_columns("standard input", tuple(names), columns)
    except CorpusError:
        return ".txt"
    return ".csv" if len(names) > 1 else ".txt"


def _delimiter(first_line: str) -> str:
    return max(",;\t|", key=first_line.count)


def _read(name: str, file: IO[bytes], columns: Mapping[str, str], ending: str) -> Iterator[Record | Unreadable]:
    """Read a file, or a part of an archive; a failure midway is told, and what was read before it is kept."""
    try:
        yield from FORMATS[ending](name, file, columns)
    except _FAILURES as error:
        yield Unreadable(name, f"cannot be read: {error}")


def _read_page(name: str, file: IO[bytes], columns: Mapping[str, str]) -> Iterator[Record | Unreadable]:
    content = file.read()
    encoding, flags = _encoding(content[:_HEAD_BYTES])
    yield Record(name, {"text": content.decode(encoding, errors="replace")}, flags, is_page=True)


def _read_table(name: str, file: IO[bytes], columns: Mapping[str, str]) -> Iterator[Record | Unreadable]:
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    encoding, flags = _encoding(head)
    first_line = head.decode(encoding, errors="replace").partition("\n")[0]
    delimiter = "\t" if name.lower().endswith(".tsv") else _delimiter(first_line)
    # A text may be longer than the module's own limit.
    csv.field_size_limit(sys.maxsize)
    rows = csv.reader(io.TextIOWrapper(file, encoding, errors="replace", newline=""), delimiter=delimiter)
    header = next(rows, [])
    where_is = matched_columns(name, header, columns)
    for row in rows:
        where = f"{name}, line {rows.line_num}"
        if not row:
            continue
        if len(row) != len(header):
            yield Unreadable(where, f"{len(row)} fields, where the header has {len(header)}")
            continue
        named = dict(zip(header, row, strict=True))
        yield Record(where, {ours: named[theirs] for ours, theirs in where_is.items()}, flags, False, named, where_is)


def _read_json_lines(name: str, file: IO[bytes], columns: Mapping[str, str]) -> Iterator[Record | Unreadable]:
    for number, line in enumerate(file, start=1):
        where = f"{name}, line {number}"
        if line.strip():
            try:
                yield _json_record(where, json.loads(line), columns)
            except (ValueError, RecursionError) as error:
                yield Unreadable(where, f"not JSON: {error}")


def _read_json(name: str, file: IO[bytes], columns: Mapping[str, str]) -> Iterator[Record | Unreadable]:
    try:
        content = json.loads(file.read())
    except (ValueError, RecursionError) as error:
        yield Unreadable(name, f"not JSON: {error}")
        return
    # An object that holds one list holds the articles there.
    lists = [value for value in content.values() if isinstance(value, list)] if isinstance(content, dict) else []
    items = content if isinstance(content, list) else lists[0] if len(lists) == 1 else [content]
    for number, item in enumerate(items, start=1):
        yield _json_record(f"{name}, item {number}", item, columns)


def _read_parquet(name: str, file: IO[bytes], columns: Mapping[str, str]) -> Iterator[Record | Unreadable]:
    table = parquet.ParquetFile(file)
    where_is = matched_columns(name, table.schema_arrow.names, columns)
    number = 0
    for batch in table.iter_batches(_BATCH_ROWS, columns=list(where_is.values())):
        for row in batch.to_pylist():
            number += 1
            yield Record(f"{name}, row {number}", _texts({ours: row[theirs] for ours, theirs in where_is.items()}))


def _read_html(name: str, file: IO[bytes], columns: Mapping[str, str]) -> Iterator[Record | Unreadable]:
    fields = html_fields(file.read())
    if fields is None:
        yield Unreadable(name, "no main text was found in the page")
    else:
        yield Record(name, _texts(fields), ("a HTML page, of which the main text was taken",))


def _read_feed(name: str, file: IO[bytes], columns: Mapping[str, str]) -> Iterator[Record | Unreadable]:
    entries, fault = feed_entries(file.read())
    if fault:
        yield Unreadable(name, f"no entry of a feed was found: {fault}")
    for number, fields in enumerate(entries, start=1):
        yield Record(f"{name}, entry {number}", _texts(fields))


def _read_zip(name: str, file: IO[bytes], columns: Mapping[str, str]) -> Iterator[Record | Unreadable]:
    archive = zipfile.ZipFile(file)
    unpacked = 0
    for info in sorted(archive.infolist(), key=lambda info: info.filename):
        where = f"{name}, {info.filename}"
        ending = PurePosixPath(info.filename).suffix.lower()
        unpacked += info.file_size
        if info.filename.endswith("/"):  # a folder
            continue
        if ending == ".zip" or ending not in FORMATS:
            yield Unreadable(where, "a kind of file that is not read in an archive")
        elif info.file_size > _MOST_RATIO * max(info.compress_size, 1) or unpacked > _MOST_UNPACKED:
            yield Unreadable(where, f"would unpack to {info.file_size} bytes: more than an archive may hold")
        else:
            try:
                # Read in place: nothing is unpacked onto the disk, wherever its name points.
                with archive.open(info) as inside:
                    yield from _read(where, inside, columns, ending)
            except _FAILURES as error:  # it could not even be opened
                yield Unreadable(where, f"cannot be read: {error}")


#: Readers, by the ending of a file's name.
FORMATS: dict[str, Callable[[str, IO[bytes], Mapping[str, str]], Iterator[Record | Unreadable]]] = {
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
}


def _json_record(where: str, item: Any, columns: Mapping[str, str]) -> Record | Unreadable:
    if not isinstance(item, dict):
        return Unreadable(where, f"not an object with named fields: {str(item)[:40]!r}")
    try:
        where_is = matched_columns(where, list(item), columns)
    except CorpusError as error:
        return Unreadable(where, str(error).removeprefix(f"{where}: "), item)
    fields = _texts({ours: item[theirs] for ours, theirs in where_is.items()})
    return Record(where, fields, row=item, columns=where_is)


def _texts(fields: Mapping[str, Any]) -> dict[str, str]:
    """Write values as texts; a list, such as of authors, with semicolons between."""
    return {
        name: "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for name, value in fields.items()
        if value is not None
    }


def matched_columns(where: str, names: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Find which of a table's columns holds which field.

    Parameters
    ----------
    where : str
        The table, for messages.
    names : sequence of str
        Its columns.
    columns : mapping of str to str
        As in `read_records`.

    Returns
    -------
    dict of str to str
        The table's column, by ours; at least that of texts.

    Raises
    ------
    CorpusError
        When there is no column of texts, or none that `columns` names.
    """
    try:
        return dict(_matched(tuple(names), tuple(columns.items())))
    except CorpusError as error:
        raise CorpusError(f"{where}: {error}") from None


# Of JSON lines, each brings its names along; few of them differ.
@lru_cache(maxsize=1000)
def _matched(names: tuple[str, ...], wanted: tuple[tuple[str, str], ...]) -> dict[str, str]:
    columns = dict(wanted)
    for ours, theirs in columns.items():
        if theirs not in names:
            raise CorpusError(f"no column {theirs!r} for {ours}; {nearest(theirs, names)}")
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(re.sub(r"[^a-z]", "", str(name).casefold()), name)
    found = {}
    for ours, aliases in _ALIASES.items():
        usual = [plain[alias] for alias in aliases if alias in plain]
        if ours in columns or usual:
            found[ours] = columns[ours] if ours in columns else usual[0]
    if "text" not in found:
        raise CorpusError(
            f"no column of texts among {', '.join(map(str, names)) or 'none'}. Name it: --map text=COLUMN"
        )
    return found


def _encoding(head: bytes) -> tuple[str, tuple[str, ...]]:
    """Guess an encoding from a file's beginning, and say so where it is not UTF-8."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return name, ()
    try:
        # Not final: the beginning may end inside a character.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        read = head.decode("utf-8", errors="replace")
        broken = read.count("\ufffd")
        # Bytes of another encoding rarely make characters of UTF-8: where most do, some bytes of it were broken.
        if sum(not character.isascii() for character in read) - broken >= broken:
            return "utf-8", ("broken UTF-8",)
        guess = from_bytes(head).best()
        encoding = guess.encoding if guess is not None else "utf-8"
        return encoding, (f"read as {encoding}",) if encoding != "utf-8" else ("broken UTF-8",)
    return "utf-8", ()
