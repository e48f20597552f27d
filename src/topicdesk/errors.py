"""Errors that a user can act on.

Every message says what is wrong, where (file, row, key) and what to do. The command line prints it without a
traceback. The exit code is 2 for wrong input and 1 for a failed check.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

#: Maximum number of valid words that a message lists, and of characters in a message.
_LISTED, _LONGEST = 60, 1800

__all__ = [
    "ArgumentError",
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
    "counted",
    "nearest",
]


class TopicdeskError(Exception):
    """Base class of topicdesk's errors: wrong input, unless a subclass says otherwise.

    Parameters
    ----------
    message : str
        What is wrong, where, and what to do. A long message is cut, since the wrong value may be a megabyte long.

    Examples
    --------
    >>> import topicdesk
    >>> try:
    ...     topicdesk.read_taxonomy("missing.toml")
    ... except topicdesk.TopicdeskError as error:
    ...     print(type(error).__name__)
    LabelsError
    """

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(message if len(message) <= _LONGEST else f"{message[:_LONGEST]} ...")


class ArgumentError(TopicdeskError, ValueError, TypeError):
    """An argument has a wrong type or value. As in scikit-learn, the error is a `ValueError` and a `TypeError`."""


class ProjectError(TopicdeskError):
    """The project folder, or a file in it, is missing or cannot be written."""


class FetchError(TopicdeskError):
    """A pinned corpus could not be downloaded or is not the file that was pinned."""


class CorpusError(TopicdeskError):
    """A corpus file is damaged, or its rows do not match the article schema."""


class LabelsError(TopicdeskError):
    """The taxonomy or an annotation file is wrong."""


class FeaturesError(TopicdeskError):
    """The texts contain no term that the feature setting keeps."""


class SpecError(TopicdeskError):
    """An experiment's spec is wrong."""


class SplitError(TopicdeskError):
    """The dataset cannot be split as requested."""


class LabellerError(TopicdeskError):
    """A model cannot be loaded, or does not support what is requested."""


class EngineError(TopicdeskError):
    """The machines for the computation cannot be reached, or lost the work."""


class TrackingError(TopicdeskError):
    """MLflow's store cannot be reached or written."""


class VerificationError(TopicdeskError):
    """A recomputed score differs from the results lock."""

    exit_code = 1


def counted(number: int, noun: str = "article") -> str:
    """Return a number of things, for a message.

    Examples
    --------
    >>> counted(1, "repeat"), counted(1200)
    ('1 repeat', '1,200 articles')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def nearest(word: str, valid: Iterable[str]) -> str:
    """Return a hint with the closest valid word, for the end of an error message.

    Parameters
    ----------
    word : str
        What the user wrote.
    valid : iterable of str
        Valid words.

    Returns
    -------
    str
        ``"did you mean 'x'?"``, or the list of valid words if none is close.
    """
    words = sorted(valid)
    close = get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    suffix = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return f"valid: {', '.join(words[:_LISTED])}{suffix}"
