"""Find the labels in the rows of a file: a column, columns of 0 and 1, or the decisions in a tool's export."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from topicdesk.annotation._label_cells import is_blank, labels_in, plain_label, written_list
from topicdesk.annotation._label_files import LabelledRow, LabelSource
from topicdesk.annotation._tool_exports import Decision, tool_decisions
from topicdesk.annotation.annotations import ANNOTATION_COLUMNS
from topicdesk.annotation.inputs import USUAL_SEPARATORS
from topicdesk.errors import LabelsError, nearest

__all__ = ["NAME_THE_COLUMN", "reader_of"]

#: Advice of messages.
NAME_THE_COLUMN = "Name the label column with --column (--labels for 'topicdesk init')."

#: Names of label columns, used if the user names none, in the form used for comparison: lower case, letters only.
_USUAL_COLUMNS = (
    "topics", "labels", "topic", "label", "subjecturis", "subjectlabels", "categories", "category", "class",
    "classindex", "tags", "annotation",
)  # fmt: skip

# Columns with the time of a decision.
_TIMES = ("time", "updated_at", "created_at")

# Names of files in an archive that are no annotators: those of doccano for all of them, and parts of a dataset.
_NO_ANNOTATORS = ("all", "unknown", "train", "training", "test", "dev", "val", "valid", "validation")

# Columns of Label Studio beside the fields of the text and the label, and those that it is recognised by.
_LABEL_STUDIO_COLUMNS = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement")
_LABEL_STUDIO_MARKS = {"annotation_id", "lead_time"}


def reader_of(
    source: LabelSource, records: Sequence[LabelledRow]
) -> tuple[Callable[[LabelledRow], Iterable[Decision]], str, tuple[str, ...]]:
    """Return a function that reads the decisions in a record, the separator of labels, and the label columns."""
    if any(tool_decisions(record.row, source.column, record.where) is not None for record in records):
        return lambda record: _of_tool(source, record), "", ()
    columns = _label_columns(source, records)
    if len(columns) > 1:
        return lambda record: _of_indicators(source, columns, record), "", columns
    (column,) = columns
    # Spaces separate the topics of topicdesk's own label files. Other tables may have some of their columns.
    if column == "topics" and source.separator is None and set(records[0].row) == set(ANNOTATION_COLUMNS):
        return lambda record: _of_label_file(source, record), " ", columns
    separator = source.separator
    if separator is None:
        cells = [cell for record in records if isinstance(cell := record.row.get(column), str)]
        texts = [cell for cell in cells if not cell.lstrip().startswith("[") and written_list(cell) is None]
        marks = [mark for mark in USUAL_SEPARATORS if any(mark in cell for cell in texts)]
        if len(marks) > 1:
            raise LabelsError(
                f"{source.path}: column {column!r} contains both {' and '.join(map(repr, marks))}. Name the separator "
                "of labels with --separator; the empty string splits nothing."
            )
        separator = marks[0] if marks else ""
    return lambda record: _of_column(source, column, separator, record), separator, columns


def _label_columns(source: LabelSource, records: Sequence[LabelledRow]) -> tuple[str, ...]:
    """Return the label column, or the columns of indicators."""
    path, wanted = source.path, source.column
    names = dict.fromkeys(str(name) for record in records for name in record.row)
    if wanted is not None:
        several = (wanted,) if wanted in names else tuple(part.strip() for part in wanted.split(","))
        absent = next((name for name in several if name not in names), None)
        if absent is not None:
            raise LabelsError(f"{path}: no column {absent!r} for the labels; {nearest(absent, names)}")
        if len(several) > 1:
            _check_indicators(several, records)
        return several
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(re.sub(r"[^a-z]", "", name.casefold()), name)
    usual = next((plain[name] for name in _USUAL_COLUMNS if name in plain), None)
    if usual is not None:
        return (usual,)
    # A file of Annif has no header, and its label column no name. Label Studio names it after the question.
    others = [name for name in names if not any(name in record.mapped for record in records[:1])]
    others = [name for name in others if name not in _LABEL_STUDIO_COLUMNS and name.strip()]
    if len(others) == 1 and (others == ["2"] or set(names) >= _LABEL_STUDIO_MARKS):
        return (others[0],)
    indicators = tuple(
        name for name in others if all(_indicator(record.row.get(name)) is not None for record in records)
    )
    if len(indicators) > 1:
        return indicators
    raise LabelsError(f"{path}: no label column. {NAME_THE_COLUMN} The columns are: {', '.join(names) or 'none'}.")


def _check_indicators(columns: Sequence[str], records: Sequence[LabelledRow]) -> None:
    for record in records:
        for name in columns:
            if _indicator(record.row.get(name)) is None:
                raise LabelsError(
                    f"{record.where}: column {name!r} contains {str(record.row.get(name))[:30]!r}. Several label "
                    "columns must contain only 0 and 1."
                )


def _indicator(cell: Any) -> bool | None:
    """Return whether a cell is 1 or 0; None if it is neither."""
    written = str(cell).strip().lower()
    if written in ("1", "1.0", "true"):
        return True
    return False if written in ("0", "0.0", "false") else None


def _of_tool(source: LabelSource, record: LabelledRow) -> Iterator[Decision]:
    about = _about(source, record)
    for decision in tool_decisions(record.row, source.column, record.where) or ():
        yield replace(
            decision,
            labels=_decoded(source, decision.labels),
            annotator=decision.annotator or about.annotator,
            sample=about.sample,
            note=about.note,
            codebook=about.codebook,
        )


def _of_indicators(source: LabelSource, columns: Sequence[str], record: LabelledRow) -> Iterator[Decision]:
    labels = tuple(name for name in columns if _indicator(record.row.get(name)))
    yield replace(_about(source, record), labels=_decoded(source, labels))


def _of_column(source: LabelSource, column: str, separator: str, record: LabelledRow) -> Iterator[Decision]:
    labels = labels_in(record.row.get(column), separator, record.where)
    if labels is not None:
        yield replace(_about(source, record), labels=_decoded(source, labels))


def _of_label_file(source: LabelSource, record: LabelledRow) -> Iterator[Decision]:
    """Yield the decision in a row of a label file of topicdesk, where an empty cell means that there is no topic."""
    labels = tuple(str(record.row["topics"] or "").split())
    yield replace(_about(source, record), labels=_decoded(source, labels))


def _about(source: LabelSource, record: LabelledRow) -> Decision:
    """Return a decision without labels: who made it, when, and how the article was drawn."""
    row = record.row
    # Without an annotator, the times are those of something else.
    times = _TIMES if "annotator" in row else _TIMES[:1]
    annotator, time, sample, note, codebook = (
        next((plain_label(row[name]) for name in names if not is_blank(row.get(name))), "")
        for names in (("annotator",), times, ("sample",), ("note",), ("codebook",))
    )
    return Decision((), annotator or _member(source.path, record), time, sample, note, codebook)


def _member(path: Path, record: LabelledRow) -> str:
    """Return the annotator that a file in an archive of doccano is named after; empty for other archives."""
    is_doccano = "id" in record.row and isinstance(record.row.get("label"), list)
    if path.suffix.lower() != ".zip" or not is_doccano:
        return ""
    member = PurePosixPath(record.where.removeprefix(f"{path}, ").partition(", ")[0])
    return "" if len(member.parts) > 1 or member.stem.lower() in _NO_ANNOTATORS else member.stem


def _decoded(source: LabelSource, labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source.codes.get(label, label) for label in labels))
