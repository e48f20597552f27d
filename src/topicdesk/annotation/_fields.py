"""Check names of fields, annotators and files of labels, without importing pandas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from topicdesk._arguments import check_path, check_string
from topicdesk.corpus._endings import how_to_convert
from topicdesk.errors import CorpusError, LabelsError, nearest

__all__ = ["MOST_OF_AN_ANNOTATOR", "RESERVED_NAMES", "check_annotator", "check_fields", "check_labelled_source"]

#: Maximum number of characters of an annotator's name, which is the name of a file.
MOST_OF_AN_ANNOTATOR = 100

#: Names of label files that no annotator has: decisions of adjudicators, and labels about which annotators agree.
RESERVED_NAMES = ("adjudicated", "agreed")

#: Endings of files that labels can be read from.
_ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".txt", ".zip")

_ANNOTATOR = re.compile(r"[a-z0-9][a-z0-9_-]*")


def check_annotator(annotator: str, argument: str = "annotator", *, person: bool = True) -> None:
    """Raise `LabelsError` if an annotator's name cannot be the name of a label file.

    Parameters
    ----------
    annotator : str
        The name.
    argument : str, default "annotator"
        Beginning of the message.
    person : bool, default True
        Whether the name is that of a person, who cannot have one of `RESERVED_NAMES`.
    """
    check_string(argument, annotator)
    if len(annotator) > MOST_OF_AN_ANNOTATOR:
        raise LabelsError(f"{argument} {annotator[:20]!r}...: use a name of at most {MOST_OF_AN_ANNOTATOR} characters.")
    if not _ANNOTATOR.fullmatch(annotator):
        raise LabelsError(
            f"{argument} {annotator!r}: the name is used as a file name. Use only lower-case letters, digits, - and _, "
            "and start with a letter or a digit."
        )
    if person and annotator in RESERVED_NAMES:
        raise LabelsError(
            f"{argument} {annotator!r}: topicdesk writes its own label file of this name. Use another name."
        )


def check_fields(name: str, fields: Sequence[str], columns: Iterable[str]) -> None:
    """Raise `LabelsError` if a field is not a column of the corpus.

    Parameters
    ----------
    name : str
        Name of the corpus, for the message.
    fields : sequence of str
        Fields to read.
    columns : iterable of str
        Columns of the corpus.

    Examples
    --------
    >>> check_fields("newsarticles", ["title", "txt"], ["title", "text"])
    Traceback (most recent call last):
    topicdesk.errors.LabelsError: newsarticles: articles have no field 'txt'; did you mean 'text'?
    """
    available = list(columns)
    for field in fields:
        if field not in available:
            raise LabelsError(f"{name}: articles have no field {field!r}; {nearest(field, available)}")


def check_labelled_source(path: Path) -> None:
    """Raise `CorpusError` if there is no such file or folder, or the ending is not that of labelled texts."""
    check_path("table", path)
    if path.suffix.lower() not in _ENDINGS and not path.is_dir():
        advice = how_to_convert(path.suffix)
        raise CorpusError(
            f"{path}: unsupported format of labelled texts. Use one of {', '.join(_ENDINGS)}, or a folder of folders"
            f"{f': {advice}' if advice else ''}."
        )
    if not path.exists():
        raise CorpusError(f"no file {path} (current folder: {Path.cwd()}).")
