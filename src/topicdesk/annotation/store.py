"""Save an annotator's decisions one by one, to disk or in memory.

On disk, each decision is first appended to a journal beside the label file and flushed. Then the label file is
rewritten, sorted, and the journal is emptied. If the file cannot be read, or the disk is full, the decision stays in
the journal and is added to the file later. Both steps hold a lock. If the file is not, byte for byte, as this store
wrote it last, it is parsed again, so a second window loses nothing.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Annotated, Any, NoReturn

from pydantic import StringConstraints, ValidationError

from topicdesk._atomic import replacing, sweep_parts
from topicdesk._locks import exclusive_lock
from topicdesk._toml import StrictModel
from topicdesk.annotation._design import checked_design
from topicdesk.annotation._label_lines import LabelLines
from topicdesk.annotation.annotations import read_label_rows
from topicdesk.annotation.codebooks import record_codebook
from topicdesk.annotation.topics import Taxonomy
from topicdesk.errors import LabelsError, ProjectError, nearest

__all__ = ["KeptAside", "LabelStore", "MemoryStore"]

Row = dict[str, Any]

_Text = Annotated[str, StringConstraints(strip_whitespace=True)]
_Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _JournalRow(StrictModel):
    """A row of a label file (see `ANNOTATION_COLUMNS` and `DESIGN_COLUMNS`)."""

    article_id: _Id
    topics: tuple[str, ...]
    annotator: _Text
    codebook: _Text
    time: _Text
    sample: _Text
    note: _Text
    draw: _Text = ""
    stratum_size: _Text = ""
    inclusion_probability: _Text = ""


class _JournalEntry(StrictModel):
    """A line of a journal; a row of None removes the article's label."""

    article_id: _Id
    row: _JournalRow | None


class KeptAside(LabelsError):
    """A decision is saved in the journal, but not in the label file yet.

    Parameters
    ----------
    message : str
        The error message.
    row : dict or None
        The decision; None if the article's label was removed.
    """

    def __init__(self, message: str, row: Row | None) -> None:
        super().__init__(message)
        self.row = row


@dataclass
class _Known:
    """The content of a label file that a store has read or written, and its lines; None if they are not known."""

    content: bytes | None = None
    lines: LabelLines = field(default_factory=lambda: LabelLines(()))


@dataclass(frozen=True)
class LabelStore:
    """The label file of one annotator.

    Parameters
    ----------
    path : Path
        The CSV file. The first decision creates it.
    annotator : str
        Saved with each row.
    taxonomy : Taxonomy
        The version of its codebook is saved with each row.
    has_codebook : bool, default True
        Whether the taxonomy has a codebook whose versions are recorded in ``codebooks.json``. A list of names has none.
    """

    path: Path
    annotator: str
    taxonomy: Taxonomy
    has_codebook: bool = True
    _known: _Known = field(default_factory=_Known, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.name

    @property
    def location(self) -> str:
        """Path of the file."""
        return str(self.path)

    @property
    def journal(self) -> Path:
        """File with the decisions that are not in the label file yet."""
        return self.path.with_name(f".{self.path.name}.journal")

    def open(self) -> dict[str, Row]:
        """Read the decisions by article, after adding those that an earlier session could not write.

        Raises
        ------
        LabelsError
            If the file is invalid, or the codebook has changed without a new version.
        ProjectError
            If the folder is not writable.
        """
        with self._locked() as journal:
            sweep_parts(self.path)
            if self.has_codebook:
                record_codebook(self.path.with_name("codebooks.json"), self.taxonomy)
            pending = self._waiting(journal)
            lines = self._read()
            if pending:
                self._take_in(lines, pending, journal)
            return dict(lines.rows)

    def decide(
        self,
        article_id: str,
        topics: tuple[str, ...],
        sample: str,
        note: str = "",
        seen: Row | None = None,
        *,
        design: Mapping[str, Any] | None = None,
    ) -> Row:
        """Save a decision, and replace an earlier one about the same article.

        Parameters
        ----------
        article_id : str
            Id of the article.
        topics : tuple of str
            Most prominent first; empty for none.
        sample : str
            How the article was drawn.
        note : str, default ""
            The annotator's note.
        seen : dict, optional
            The article's row as the annotator last saw it; None for no row.
        design : mapping of str to object, optional
            The article's ``draw``, ``stratum_size`` and ``inclusion_probability`` (see `sampling_weights`).

        Returns
        -------
        dict
            The saved row.

        Raises
        ------
        KeptAside
            If the file cannot be read or written. The decision waits in the journal.
        LabelsError
            If another window has decided about the article meanwhile, or `design` has an invalid value. Nothing is
            saved.
        ProjectError
            If nothing can be written. The decision is not saved.
        """
        version = str(self.taxonomy.codebook.version) if self.has_codebook else ""
        row = _row(article_id, topics, self.annotator, version, sample, note, design)
        self._keep(article_id, row, seen)
        return row

    def restore(self, article_id: str, row: Row | None, seen: Row | None) -> None:
        """Restore an earlier row of an article, or remove its label if `row` is None (see `decide`)."""
        self._keep(article_id, row, seen)

    def _keep(self, article_id: str, row: Row | None, seen: Row | None) -> None:
        with self._locked() as journal:
            pending = self._waiting(journal)
            read_error = None
            try:
                lines = self._read()
            except LabelsError as error:
                read_error = error
            else:
                waiting = [entry["row"] for entry in pending if entry["article_id"] == article_id]
                current = waiting[-1] if waiting else lines.rows.get(article_id)
                if current != seen:
                    raise LabelsError(
                        f"article {article_id} was labelled in another window in the meantime: "
                        f"{_described(current)}. Decide again to save your decision."
                    )
            entry = {"article_id": article_id, "row": row}
            _append(journal, entry, self.journal)
            notice = f"Your decision is saved in {self.journal}, and is added to the label file once that is possible."
            if read_error is not None:
                raise KeptAside(f"{read_error} {notice}", row) from read_error
            try:
                self._take_in(lines, [*pending, entry], journal)
            except ProjectError as error:
                raise KeptAside(f"{error} {notice}", row) from error

    def _take_in(self, lines: LabelLines, waiting: list[Row], journal: FileIO) -> None:
        self._known.content = None  # until the file is as the lines
        for entry in waiting:
            lines.set(entry["article_id"], entry["row"])
        content = lines.content()
        with replacing(self.path) as part:
            part.write_bytes(content)
        self._known.content = content
        journal.truncate(0)

    def _waiting(self, journal: FileIO) -> list[Row]:
        """Read the decisions of a journal; raise `LabelsError` for a line that is invalid under this taxonomy."""
        journal.seek(0)
        entries: list[Row] = []
        for number, line in enumerate(journal.read().splitlines(), start=1):
            try:
                entry = _JournalEntry.model_validate_json(line)
            except ValidationError as error:
                fault = error.errors()[0]
                if fault["type"] == "json_invalid":  # cut off by a crash during the write: never acknowledged
                    continue
                self._refuse(number, f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}")
            if entry.row is not None:
                if entry.row.article_id != entry.article_id:
                    self._refuse(number, "it names two articles")
                for topic in entry.row.topics:
                    if topic not in self.taxonomy.names:
                        self._refuse(number, f"unknown topic {topic!r}; {nearest(topic, self.taxonomy.names)}")
                if len(set(entry.row.topics)) != len(entry.row.topics):
                    self._refuse(number, "it names a topic twice")
            pending = entry.model_dump()
            if pending["row"] is not None:
                pending["row"] |= checked_design(pending["row"], f"{self.journal}, line {number}")
            entries.append(pending)
        return entries

    def _refuse(self, line: int, why: str) -> NoReturn:
        raise LabelsError(
            f"{self.journal}, line {line}: not a valid decision under this taxonomy: {why}. This file contains "
            "decisions that are not in the label file yet. Correct the line, or remove it if it is not needed."
        )

    def _read(self) -> LabelLines:
        """Return the lines of the file. It is parsed only if another program, or another window, has changed it."""
        content = self.path.read_bytes() if self.path.is_file() else None
        if content is None or content != self._known.content:
            self._known.content = None
            rows = () if content is None else read_label_rows(self.path, self.taxonomy.names, content=content)
            self._known.lines = LabelLines(rows)
            self._known.content = content
        return self._known.lines

    @contextmanager
    def _locked(self) -> Iterator[FileIO]:
        with ExitStack() as stack:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                # Lock a separate file: on Windows a locked file cannot be read or written.
                stack.enter_context(exclusive_lock(self.path.with_name(f".{self.path.name}.lock")))
                # Unbuffered: closing the file must not repeat a write that failed.
                journal = stack.enter_context(self.journal.open("a+b", buffering=0))
            except OSError as error:
                raise ProjectError(
                    f"cannot write {self.journal}: {error.strerror or error}. Nothing is saved. Make the folder "
                    "writable."
                ) from error
            yield journal


@dataclass(frozen=True)
class MemoryStore:
    """Decisions of one annotator that are kept in memory only, with the methods of a `LabelStore`.

    Parameters
    ----------
    annotator : str
        Kept with each row.
    taxonomy : Taxonomy
        The topics.
    """

    annotator: str
    taxonomy: Taxonomy
    _rows: dict[str, Row] = field(default_factory=dict, init=False, repr=False)

    #: Shown where a `LabelStore` has the name and path of its file.
    name = location = "memory only"

    def open(self) -> dict[str, Row]:
        """Return the decisions by article."""
        return dict(self._rows)

    def decide(
        self,
        article_id: str,
        topics: tuple[str, ...],
        sample: str,
        note: str = "",
        seen: Row | None = None,
        *,
        design: Mapping[str, Any] | None = None,
    ) -> Row:
        """Keep a decision, and replace an earlier one about the same article (see `LabelStore.decide`)."""
        row = _row(article_id, topics, self.annotator, "", sample, note, design)
        self.restore(article_id, row, seen)
        return row

    def restore(self, article_id: str, row: Row | None, seen: Row | None) -> None:
        """Restore an earlier row of an article, or remove its label if `row` is None."""
        if row is None:
            self._rows.pop(article_id, None)
        else:
            self._rows[article_id] = row


def _row(
    article_id: str,
    topics: tuple[str, ...],
    annotator: str,
    codebook: str,
    sample: str,
    note: str,
    design: Mapping[str, Any] | None,
) -> Row:
    return {
        "article_id": article_id,
        "topics": tuple(topics),
        "annotator": annotator,
        "codebook": codebook,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "sample": sample,
        # A browser can send lone surrogates, which cannot be encoded.
        "note": " ".join(note.encode("utf-8", "replace").decode().split()),
        **checked_design(design or {}, f"article {article_id}"),
    }


def _append(journal: FileIO, entry: Row, path: Path) -> None:
    journal.seek(0, os.SEEK_END)
    offset = journal.tell()
    # Start a new line: a crash may have left an incomplete one.
    line = b"\n" + json.dumps(entry).encode() + b"\n"
    try:
        if journal.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(journal.fileno())
    except OSError as error:
        journal.truncate(offset)
        raise ProjectError(
            f"cannot write {path}: {error.strerror}. This decision is not saved. Free some disk space and decide again."
        ) from error


def _described(row: Row | None) -> str:
    return "the label was removed" if row is None else f"{' '.join(row['topics']) or 'no topic'} ({row['time']})"
