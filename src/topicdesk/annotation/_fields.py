"""Check names of fields and annotators, without importing pandas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from topicdesk._arguments import check_string
from topicdesk.errors import LabelsError, nearest

__all__ = ["check_annotator", "check_fields"]

_ANNOTATOR = re.compile(r"[a-z0-9][a-z0-9_-]*")


def check_annotator(annotator: str, argument: str = "annotator") -> None:
    """Raise `LabelsError` if an annotator's name cannot be the name of a label file; `argument` begins the message."""
    check_string(argument, annotator)
    if not _ANNOTATOR.fullmatch(annotator):
        raise LabelsError(
            f"{argument} {annotator!r}: the name is used as a file name. Use only lower-case letters, digits, - and _, "
            "and start with a letter or a digit."
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
