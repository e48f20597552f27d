"""Errors that a user can act on.

Every message says what is wrong, where (file, row, key) and what to do. The command line prints it without a
traceback and exits 2 for wrong input, 1 for a check that failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

#: Valid words that a message lists, and characters of a message.
_LISTED, _LONGEST = 60, 1800

__all__ = [
    "CorpusError",
    "EngineError",
    "FeaturesError",
    "FetchError",
    "LabellerError",
    "LabelsError",
    "ProjectError",
    "SpecError",
    "SplitError",
    "TopicdeskError",
    "TrackingError",
    "VerificationError",
    "nearest",
]


class TopicdeskError(Exception):
    """Anything that topicdesk refuses; wrong input unless a subclass says otherwise.

    Parameters
    ----------
    message : str
        What, where, and what to do. Cut where it is longer than a person reads: what is wrong may be a megabyte long.
    """

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(message if len(message) <= _LONGEST else f"{message[:_LONGEST]} ...")


class ProjectError(TopicdeskError):
    """The project folder, or a file that should be in it, is not there or cannot be written."""


class FetchError(TopicdeskError):
    """A pinned corpus could not be downloaded or is not the file that was pinned."""


class CorpusError(TopicdeskError):
    """A corpus file is damaged, or its rows break the schema of articles."""


class LabelsError(TopicdeskError):
    """The taxonomy or an annotation file is wrong."""


class FeaturesError(TopicdeskError):
    """The texts hold no term that the feature setting would keep."""


class SpecError(TopicdeskError):
    """An experiment's spec is wrong."""


class SplitError(TopicdeskError):
    """The dataset cannot be split as asked."""


class LabellerError(TopicdeskError):
    """A model cannot be opened, or cannot do what is asked of it."""


class EngineError(TopicdeskError):
    """The machines that were to do the work cannot be reached, or lost it."""


class TrackingError(TopicdeskError):
    """MLflow's store cannot be reached or written."""


class VerificationError(TopicdeskError):
    """A recomputed figure is not the one in the results lock."""

    exit_code = 1


def nearest(word: str, valid: Iterable[str]) -> str:
    """Say which valid word comes closest, for the end of an error message.

    Parameters
    ----------
    word : str
        What the user wrote.
    valid : iterable of str
        What they could have written.

    Returns
    -------
    str
        ``"did you mean 'x'?"``, or the list of valid words when none is close.
    """
    words = sorted(valid)
    close = get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return f"valid: {', '.join(words[:_LISTED])}{more}"
