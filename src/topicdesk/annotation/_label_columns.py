"""Find the labels in the rows of a file: a column, columns of 0 and 1, or the decisions in a tool's export."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from topicdesk.annotation._design import DESIGN_COLUMNS, checked_design
from topicdesk.annotation._label_cells import MISSING, is_blank, labels_in, plain_label, written_list
from topicdesk.annotation._label_files import LabelledRow, LabelSource
from topicdesk.annotation._tool_exports import Decision, ToolExport, tool_export
from topicdesk.annotation.annotations import ANNOTATION_COLUMNS
from topicdesk.annotation.inputs import USUAL_SEPARATORS
from topicdesk.errors import LabelsError, nearest

__all__ = ["NAME_THE_COLUMN", "LabelReader", "reader_of"]

#: Advice of messages.
NAME_THE_COLUMN = "Name the label column with --column (--labels for 'topicdesk init', column= in Python)."

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


@dataclass(frozen=True)
class LabelReader:
    """How to read the labels of a file.

    Parameters
    ----------
    decisions : callable
        The decisions in a row.
    separator : str, default ""
        Separator of several labels in a cell; empty if there is none.
    columns : tuple of str, default ()
        The label columns; empty for the export of a tool.
    others : tuple of str, default ()
        Other columns whose names are usual for labels, if the user named none.
    is_export : bool, default False
        Whether the file is the export of a tool.
    missing : Counter of str
        Number of cells that were read as not labelled, by their word. It is counted while decisions are read.
    """

    decisions: Callable[[LabelledRow], Iterable[Decision]]
    separator: str = ""
    columns: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    is_export: bool = False
    missing: Counter[str] = field(default_factory=Counter)


def reader_of(source: LabelSource, records: Sequence[LabelledRow]) -> LabelReader:
    """Return how to read the labels of a file."""
    export = tool_export(source.path, [record.row for record in records], source.column)
    if export is not None:
        return LabelReader(lambda record: _of_tool(source, export, record), is_export=True)
    columns, others = _label_columns(source, records)
    # Spaces separate the topics of topicdesk's own label files. Other tables may have some of their columns.
    if columns == ("topics",) and source.separator is None and _is_label_file(records[0]):
        return LabelReader(lambda record: _of_label_file(source, record), " ", columns)
    if len(columns) > 1 and _are_indicators(columns, records):
        return LabelReader(lambda record: _of_indicators(source, columns, record), "", columns)
    separator = _separator(source, columns, records) if source.separator is None else source.separator
    # The words of missing labels that occur.
    missing: Counter[str] = Counter()
    words = MISSING - source.codes.keys()

    def decisions(record: LabelledRow) -> Iterator[Decision]:
        cells = [record.row.get(name) for name in columns]
        labels = _joined(labels_in(cell, separator, record.where, words) for cell in cells)
        if labels is not None:
            yield replace(_about(source, record), labels=labels)
            return
        missing.update(cell.strip() for cell in cells if isinstance(cell, str) and cell.strip() in words)
        # Label Studio leaves the cell of an annotation without a choice empty.
        if not is_blank(record.row.get("annotation_id")):
            yield _about(source, record)

    return LabelReader(decisions, separator, columns, others, missing=missing)


def _is_label_file(record: LabelledRow) -> bool:
    return set(record.row) - set(DESIGN_COLUMNS) == set(ANNOTATION_COLUMNS)


def _joined(cells: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """Return the labels of several cells; None if none of them is labelled."""
    given = [labels for labels in cells if labels is not None]
    if len(given) == 1:
        return given[0]
    return tuple(dict.fromkeys(label for labels in given for label in labels)) if given else None


def _separator(source: LabelSource, columns: Sequence[str], records: Sequence[LabelledRow]) -> str:
    """Return the usual separator that cells contain; empty if there is none."""
    cells = [cell for record in records for name in columns if isinstance(cell := record.row.get(name), str)]
    texts = [cell for cell in cells if not cell.lstrip().startswith("[") and written_list(cell) is None]
    marks = [mark for mark in USUAL_SEPARATORS if any(mark in cell for cell in texts)]
    if len(marks) > 1:
        raise LabelsError(
            f"{source.path}: column {', '.join(map(repr, columns))} contains both {' and '.join(map(repr, marks))}. "
            "Name the separator of labels with --separator (separator= in Python); the empty string splits nothing."
        )
    return marks[0] if marks else ""


def _label_columns(source: LabelSource, records: Sequence[LabelledRow]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the label column, or several columns, and other columns with usual names."""
    path, wanted = source.path, source.column
    names = dict.fromkeys(str(name) for record in records for name in record.row)
    if wanted is not None:
        several = (wanted,) if wanted in names else tuple(part.strip() for part in wanted.split(","))
        absent = next((name for name in several if name not in names), None)
        if absent is not None:
            raise LabelsError(f"{path}: no column {absent!r} for the labels; {nearest(absent, names)}")
        return several, ()
    usual = sorted(
        (_USUAL_COLUMNS.index(plain), place, name)
        for place, name in enumerate(names)
        if (plain := re.sub(r"[^a-z]", "", name.casefold())) in _USUAL_COLUMNS
    )
    if usual:
        first, *others = (name for _, _, name in usual)
        return (first,), tuple(others)
    # A file of Annif has no header, and its label column no name. Label Studio names it after the question.
    others = [name for name in names if not any(name in record.mapped for record in records[:1])]
    others = [name for name in others if name not in _LABEL_STUDIO_COLUMNS and name.strip()]
    if len(others) == 1 and (others == ["2"] or set(names) >= _LABEL_STUDIO_MARKS):
        return (others[0],), ()
    indicators = tuple(
        name for name in others if all(_indicator(record.row.get(name)) is not None for record in records)
    )
    if len(indicators) > 1:
        return indicators, ()
    columns = ", ".join(name.strip() or "(unnamed)" for name in names)
    raise LabelsError(f"{path}: no label column. {NAME_THE_COLUMN} The columns are: {columns or 'none'}.")


def _are_indicators(columns: Sequence[str], records: Sequence[LabelledRow]) -> bool:
    """Return whether columns contain 0 and 1, not labels; raise `LabelsError` if they contain both."""
    faults, n_indicators = [], 0
    for record in records:
        for name in columns:
            cell = record.row.get(name)
            if _indicator(cell) is None:
                faults.append((record.where, name, cell))
            else:
                n_indicators += 1
    if faults and n_indicators:
        where, name, cell = faults[0]
        raise LabelsError(
            f"{where}: column {name!r} contains {str(cell)[:30]!r}. Several label columns must contain only 0 and 1, "
            "or only labels."
        )
    return not faults


def _indicator(cell: Any) -> bool | None:
    """Return whether a cell is 1 or 0; None if it is neither."""
    written = str(cell).strip().lower()
    if written in ("1", "1.0", "true"):
        return True
    return False if written in ("0", "0.0", "false") else None


def _of_tool(source: LabelSource, export: ToolExport, record: LabelledRow) -> Iterator[Decision]:
    about = _about(source, record)
    for decision in export.decisions(record.row, record.where):
        yield replace(
            decision,
            annotator=decision.annotator or about.annotator,
            sample=about.sample,
            note=about.note,
            codebook=about.codebook,
            design=about.design,
        )


def _of_indicators(source: LabelSource, columns: Sequence[str], record: LabelledRow) -> Iterator[Decision]:
    labels = dict.fromkeys(plain_label(name) for name in columns if _indicator(record.row.get(name)))
    yield replace(_about(source, record), labels=tuple(filter(None, labels)))


def _of_label_file(source: LabelSource, record: LabelledRow) -> Iterator[Decision]:
    """Yield the decision in a row of a label file of topicdesk, where an empty cell means that there is no topic."""
    labels = tuple(str(record.row["topics"] or "").split())
    yield replace(_about(source, record), labels=labels)


def _about(source: LabelSource, record: LabelledRow) -> Decision:
    """Return a decision without labels: who made it, when, and how the article was drawn."""
    row = record.row
    # Without an annotator, the times are those of something else.
    times = _TIMES if "annotator" in row else _TIMES[:1]
    annotator, time, sample, note, codebook = (
        next((plain_label(row[name]) for name in names if not is_blank(row.get(name))), "")
        for names in (("annotator",), times, ("sample",), ("note",), ("codebook",))
    )
    annotator = annotator or _member(source.path, record)
    return Decision((), annotator, time, sample, note, codebook, design=_design(source, record))


def _design(source: LabelSource, record: LabelledRow) -> dict[str, str]:
    """Return how the article was selected, from columns that the user or topicdesk named."""
    named = dict(source.design)
    # A column draw alone may be a topic.
    if any(name in record.row for name in DESIGN_COLUMNS[1:]) or named:
        named = {name: name for name in DESIGN_COLUMNS if name in record.row} | named
    return checked_design({name: plain_label(record.row.get(column)) for name, column in named.items()}, record.where)


def _member(path: Path, record: LabelledRow) -> str:
    """Return the annotator that a file in an archive of doccano is named after; empty for other archives."""
    is_doccano = "id" in record.row and isinstance(record.row.get("label"), list)
    if path.suffix.lower() != ".zip" or not is_doccano:
        return ""
    member = PurePosixPath(record.where.removeprefix(f"{path}, ").partition(", ")[0])
    return "" if len(member.parts) > 1 or member.stem.lower() in _NO_ANNOTATORS else member.stem
