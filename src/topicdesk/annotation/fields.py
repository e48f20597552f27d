"""Check names of fields and annotators, without importing pandas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from topicdesk.errors import LabelsError, nearest

__all__ = ["check_annotator", "check_fields"]

_ANNOTATOR = re.compile(r"[a-z0-9][a-z0-9_-]*")


def check_annotator(annotator: str) -> None:
    """Raise `LabelsError` for a name that cannot be that of a label file."""
    if not _ANNOTATOR.fullmatch(annotator):
        raise LabelsError(
            f"annotator {annotator!r}: the label file is called by this name, so it takes lower-case letters, digits, "
            "- and _ alone."
        )


def check_fields(name: str, fields: Sequence[str], columns: Iterable[str]) -> None:
    """Raise `LabelsError` for a field that is no column of a corpus.

    Parameters
    ----------
    name : str
        The corpus, for the message.
    fields : sequence of str
        What is read.
    columns : iterable of str
        What there is.

    Examples
    --------
    >>> check_fields("newsarticles", ["title", "txt"], ["title", "text"])
    Traceback (most recent call last):
    topicdesk.errors.LabelsError: newsarticles: articles have no field 'txt'; did you mean 'text'?
    """
    there = list(columns)
    for field in fields:
        if field not in there:
            raise LabelsError(f"{name}: articles have no field {field!r}; {nearest(field, there)}")
