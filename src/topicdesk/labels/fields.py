"""Check that articles have the fields that a spec reads, without importing pandas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from topicdesk.errors import LabelsError, nearest

__all__ = ["check_fields"]


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
