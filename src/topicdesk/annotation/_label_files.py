"""Read files of labelled texts: tables, exports of tools, folders, and files of fastText and Annif."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from topicdesk.corpus import (
    CLEANING_STEPS,
    Cleaning,
    ReadOptions,
    Record,
    Unreadable,
    article_id,
    clean_record,
    find_files,
    records_of,
)
from topicdesk.corpus._encodings import guess_encoding
from topicdesk.corpus._tables import decoded_head
from topicdesk.corpus.importing import ANOTHER_ID
from topicdesk.corpus.readers import READ_FAILURES, is_hidden, zip_members
from topicdesk.corpus.records import plain_id
from topicdesk.errors import CorpusError, LabelsError

__all__ = ["LabelSource", "LabelledRow", "labelled_row"]

# To compute an id, a text need not be cleaned.
_NO_CLEANING = Cleaning(without=frozenset(CLEANING_STEPS))

_FASTTEXT = "__label__"
_FASTTEXT_LABEL = re.compile(rf"(?<!\S){_FASTTEXT}(\S*)\s*")

# Endings of tables and exports. An archive that contains one is no archive of texts in folders.
_TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")

_ANNIF_LINE = re.compile(r"[^\t]+\t\s*(?:<?https?://[^\s<>]+>?\s*)+")

# Most bytes of a text in an archive.
_MOST_OF_A_TEXT = 16 << 20

# Place of a file, the parts of its path, and a function that reads it or why it cannot be read.
_File = tuple[str, tuple[str, ...], "Callable[[], bytes] | str"]

# Bytes of a file that are read to recognise its form.
_HEAD_BYTES = 1 << 16


@dataclass(frozen=True)
class LabelSource:
    """How to read labels.

    Parameters
    ----------
    path : Path
        A file or a folder.
    options : ReadOptions
        How to read tables.
    column : str or None, default None
        The label column, several columns of 0 and 1 with commas between them, or the question in an annotation tool.
    separator : str or None, default None
        Separator of several labels in a cell.
    codes : dict of str to str
        Label of each code in the file.
    annotator : str, default "imported"
        Annotator of labels for which the file names none.
    design : dict of str to str
        Columns that say how articles were selected, by the column of a label file (see `sampling_weights`).
    """

    path: Path
    options: ReadOptions
    column: str | None = None
    separator: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    annotator: str = "imported"
    design: Mapping[str, str] = field(default_factory=dict)

    def records(self) -> Iterator[Record | Unreadable]:
        """Yield the articles of the file. One whose id belongs to another article is yielded without its id."""
        contents: dict[str, str] = {}
        for record in self._readable():
            own_id = _own_id(record.fields) if isinstance(record, Record) else ""
            if isinstance(record, Record) and own_id and _has_text(record.fields):
                fields = record.fields
                content = article_id(fields.get("source", ""), fields.get("title", ""), fields["text"])
                if contents.setdefault(own_id, content) != content:
                    # The import of a corpus computes a new id, and so does `labelled_row`.
                    fields = {name: value for name, value in fields.items() if name != "id"}
                    yield replace(record, fields=fields, flags=(*record.flags, ANOTHER_ID))
                    continue
            yield record

    def _readable(self) -> Iterator[Record | Unreadable]:
        """Yield the articles of the file; raise `CorpusError` if the system refuses to read it."""
        try:
            for record in _records(self):
                if isinstance(record, Record) and record.is_page:
                    yield Unreadable(record.where, "a text without labels")
                else:
                    yield record
        except OSError as error:
            where = error.filename or self.path
            raise CorpusError(f"{where}: cannot be read: {error.strerror or error}.") from error


@dataclass(frozen=True)
class LabelledRow:
    """What is kept of a record while labels are read.

    Parameters
    ----------
    where : str
        File and place in it, for messages.
    row : mapping of str to object
        The original row without its text.
    article_id : str
        The id that the import of a corpus gives to the article; empty if there is neither an id nor a text.
    url : str
        Address of the article; empty if it has none.
    has_title, has_text : bool
        Whether it has a headline, and a text.
    mapped : frozenset of str
        Columns of the row that are fields of an article.
    flags : tuple of str
        Notes on what is uncertain.
    text : str, default ""
        The text, if it is needed to find the article in a corpus.
    """

    where: str
    row: Mapping[str, Any]
    article_id: str
    url: str
    has_title: bool
    has_text: bool
    mapped: frozenset[str]
    flags: tuple[str, ...] = ()
    text: str = ""


def labelled_row(record: Record, keep_text: bool) -> LabelledRow:
    """Return what is needed of a record, with the id that the import of a corpus gives to the article."""
    fields, row = record.fields, record.row or {}
    text = fields.get("text", "")
    own_id = _own_id(fields)
    has_text = _has_text(fields)
    if has_text:
        (article,) = clean_record(record, _NO_CLEANING)
        own_id = article.fields["id"]
    text_columns = {record.columns.get("text"), record.columns.get("title")}
    kept = {name: value for name, value in row.items() if name not in text_columns}
    return LabelledRow(
        record.where, kept, own_id, fields.get("url", ""), "title" in fields, has_text,
        frozenset(record.columns.values()), record.flags, text if keep_text else "",
    )  # fmt: skip


def _own_id(fields: Mapping[str, Any]) -> str:
    return plain_id(fields.get("id", ""))


def _has_text(fields: Mapping[str, Any]) -> bool:
    """Return whether an article has a text with a visible character."""
    text: str = fields.get("text", "")
    return text[:1].isalnum() or any(character.isprintable() and not character.isspace() for character in text)


def _records(source: LabelSource) -> Iterator[Record | Unreadable]:
    """Yield the articles of a file of any form."""
    path = source.path
    if path.is_dir():
        subfolders = [folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
        if subfolders:
            yield from _records_of_folders(source)
            return
    elif path.suffix.lower() == ".zip" and _holds_texts(path):
        yield from _records_of_folders(source)
        return
    elif path.suffix.lower() not in (".parquet", ".zip"):
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        encoding = source.options.form.encoding or guess_encoding(head)[0]
        first = head.decode(encoding, errors="replace").lstrip("\ufeff\n\r ").partition("\n")[0]
        if first.startswith(_FASTTEXT) or (path.suffix.lower() == ".txt" and _FASTTEXT_LABEL.search(first)):
            yield from _records_of_fasttext(source)
            return
        if _ANNIF_LINE.fullmatch(first.rstrip("\r")):
            form = replace(source.options.form, header=False, quote="none", columns={"text": "1"})
            yield from records_of([path], replace(source.options, form=form))
            return
        find_files([path])  # refuses other formats
        if path.suffix.lower() == ".txt":
            raise LabelsError(
                f"{path}: a text without labels. Labels of texts are the names of folders, or begin with {_FASTTEXT}."
            )
    yield from records_of([path], source.options)


def _records_of_folders(source: LabelSource) -> Iterator[Record | Unreadable]:
    """Yield the texts in the folders of a folder or an archive, with the name of their folder as label."""
    with _texts_of(source.path) as files:
        containers = _folders_of_folders(parts for _, parts, _ in files)
        for where, parts, read in files:
            if isinstance(read, str):
                yield Unreadable(where, read)
            elif not parts[-1].lower().endswith(".txt"):
                yield Unreadable(where, "not a text (.txt)")
            elif len(parts) == 1:
                yield Unreadable(where, "not in a folder, so it has no label")
            elif parts[:-1] in containers:
                yield Unreadable(where, "its folder contains the folders of other texts, so it has no label")
            else:
                try:
                    content = read()
                except READ_FAILURES as error:
                    yield Unreadable(where, f"cannot be read: {error}")
                    continue
                named = source.options.form.encoding
                encoding, flags = (named, ()) if named else guess_encoding(content)
                text = content.decode(encoding, errors="replace")
                # The first line is a headline if an empty line follows.
                title, gap, rest = text.strip().partition("\n\n")
                fields = {"title": title, "text": rest} if gap and "\n" not in title else {"text": text}
                yield Record(where, fields, flags, row={"label": parts[-2]})


def _folders_of_folders(paths: Iterable[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Return the folders that contain folders with texts. Their names are no labels."""
    folders = {parts[:-1] for parts in paths if parts[-1].lower().endswith(".txt")}
    return {folder[:depth] for folder in folders for depth in range(len(folder))}


@contextmanager
def _texts_of(path: Path) -> Iterator[list[_File]]:
    """Open a folder or an archive, and yield its files in alphabetical order."""
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            yield [_text_in_zip(path, archive, *member) for member in zip_members(archive)]
        return
    files = ((file, file.relative_to(path).parts) for file in sorted(path.rglob("*")) if file.is_file())
    yield [(str(file), parts, file.read_bytes) for file, parts in files if not is_hidden(parts)]


def _text_in_zip(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, why_not: str) -> _File:
    where, parts = f"{path}, {info.filename}", PurePosixPath(info.filename).parts
    if info.file_size > _MOST_OF_A_TEXT:
        why_not = f"would unpack to {info.file_size} bytes, more than the limit for a text"
    return where, parts, why_not or partial(archive.read, info)


def _holds_texts(path: Path) -> bool:
    """Return whether an archive contains texts in folders, and no tables or exports."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [PurePosixPath(info.filename) for info, _ in zip_members(archive)]
    except READ_FAILURES:  # the reader of archives says what is wrong
        return False
    if any(name.suffix.lower() in _TABLES for name in names):
        return False
    return any(name.suffix.lower() == ".txt" and len(name.parts) > 1 for name in names)


def _records_of_fasttext(source: LabelSource) -> Iterator[Record | Unreadable]:
    """Yield the texts of a file of fastText: the words of a line that begin with a prefix are its labels."""
    with source.path.open("rb") as file:
        _, encoding, flags = decoded_head(file, source.options.form.encoding)
        for number, line in enumerate(io.TextIOWrapper(file, encoding, errors="replace"), start=1):
            where = f"{source.path}, line {number}"
            labels = [label for label in _FASTTEXT_LABEL.findall(line) if label]
            text = _FASTTEXT_LABEL.sub("", line).strip()
            if text:
                yield Record(where, {"text": text}, flags, row={"labels": labels or None})
            elif line.strip():
                yield Unreadable(where, "no text beside the labels")
