"""Check the arguments of public functions before any work is done.

Each check takes the argument's name, returns nothing, and raises `ArgumentError`. The message names the argument, what
it must be, and the value. This module imports no slow library.
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from numbers import Integral, Number, Real
from os import PathLike
from pathlib import Path
from typing import Any

from topicdesk.errors import ArgumentError, nearest

__all__ = [
    "check_choice",
    "check_encodable",
    "check_engine",
    "check_flag",
    "check_instance",
    "check_integer",
    "check_mapping",
    "check_n_jobs",
    "check_number",
    "check_path",
    "check_paths",
    "check_random_state",
    "check_string",
    "check_strings",
    "check_table",
]

# Number of characters of a wrong value that a message shows.
_MOST_SHOWN = 80

# Limits of file systems: 255 bytes for a name on most of them, and 4,096 bytes for a path on Linux.
_LONGEST_NAME, _LONGEST_PATH = 255, 4000

# NumPy's seeds may be larger, scikit-learn's may not.
_LARGEST_SEED = 2**32 - 1


def check_instance(name: str, value: object, expected: type, how: str = "") -> None:
    """Raise `ArgumentError` if a value is not an instance of a class.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : object
        The argument.
    expected : type
        The class.
    how : str, default ""
        How to get an instance, for the end of the message: ``"Use make_dataset."``.

    Examples
    --------
    >>> check_instance("path", 5, str)
    Traceback (most recent call last):
    topicdesk.errors.ArgumentError: path must be a str; got 5.
    """
    if not isinstance(value, expected):
        article = "an" if expected.__name__[0] in "AEIOU" else "a"
        raise ArgumentError(f"{name} must be {article} {expected.__name__}; got {_shown(value)}. {how}".rstrip())


def check_integer(name: str, value: Any, least: int = 0, most: int | None = None) -> None:
    """Raise `ArgumentError` if a value is not an integer between `least` and `most`. True and False are no integers.

    Examples
    --------
    >>> check_integer("n_terms", 0, least=1)
    Traceback (most recent call last):
    topicdesk.errors.ArgumentError: n_terms must be an integer of at least 1; got 0.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or not _within(value, least, most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ArgumentError(f"{name} must be an integer {bounds}; got {_shown(value)}.")


def check_number(name: str, value: Any, least: float = 0, most: float | None = None) -> None:
    """Raise `ArgumentError` if a value is not a finite number between `least` and `most`.

    Examples
    --------
    >>> check_number("tolerance", float("nan"))
    Traceback (most recent call last):
    topicdesk.errors.ArgumentError: tolerance must be a number of at least 0; got nan.
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, Real)
        or not math.isfinite(value)
        or not _within(value, least, most)
    ):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ArgumentError(f"{name} must be a number {bounds}; got {_shown(value)}.")


def check_n_jobs(value: object, optional: bool = False) -> None:
    """Raise `ArgumentError` if a value is not a number of processes as joblib takes it: not an integer, or 0."""
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, Integral) or value == 0:
        raise ArgumentError(
            f"n_jobs must be an integer of at least 1, or -1 for one process per core; got {_shown(value)}."
        )


def check_random_state(value: object) -> None:
    """Raise `ArgumentError` if a value is not a seed: an integer from 0 to 2**32 - 1."""
    check_integer("random_state", value)
    check_integer("random_state", value, 0, _LARGEST_SEED)


def check_flag(name: str, value: object) -> None:
    """Raise `ArgumentError` if a value is neither True nor False."""
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):  # NumPy's are called so
        raise ArgumentError(f"{name} must be True or False; got {_shown(value)}.")


def check_string(name: str, value: object, empty: bool = True) -> None:
    """Raise `ArgumentError` if a value is not a string, or is empty and must not be."""
    if not isinstance(value, str) or not (empty or value.strip()):
        raise ArgumentError(f"{name} must be a string{'' if empty else ' that is not empty'}; got {_shown(value)}.")


def check_strings(name: str, values: Any, empty: bool = True) -> None:
    """Raise `ArgumentError` if a value is not a collection of strings. A single string is none.

    Examples
    --------
    >>> check_strings("topics", "courts")
    Traceback (most recent call last):
    topicdesk.errors.ArgumentError: topics must be a list of strings; got the string 'courts'. Use ['courts'].
    """
    if isinstance(values, str):
        raise ArgumentError(
            f"{name} must be a list of strings; got the string {_shown(values)}. Use [{_shown(values)}]."
        )
    if not isinstance(values, Collection) and not hasattr(values, "__array__"):
        raise ArgumentError(f"{name} must be a list of strings; got {_shown(values)}.")
    if hasattr(values, "columns") or isinstance(values, bytes):
        raise ArgumentError(f"{name} must be a list of strings; got {_shown(values)}.")
    for value in values:
        if not isinstance(value, str):
            raise ArgumentError(f"{name} must be a list of strings; it contains {_shown(value)}.")
    if not empty and not len(values):
        raise ArgumentError(f"{name} is empty. Give at least one.")


def check_choice(name: str, value: object, valid: Iterable[str]) -> None:
    """Raise `ArgumentError` with the nearest valid word if a value is none of them.

    Examples
    --------
    >>> check_choice("task", "multilabel", ["multi-label", "multi-class"])
    Traceback (most recent call last):
    topicdesk.errors.ArgumentError: task = 'multilabel' is not known; did you mean 'multi-label'?
    """
    words = list(valid)
    if not isinstance(value, str):
        raise ArgumentError(f"{name} must be one of {', '.join(map(repr, words))}; got {_shown(value)}.")
    if value not in words:
        raise ArgumentError(f"{name} = {_shown(value)} is not known; {nearest(value, words)}")


def check_encodable(name: str, value: str | PathLike[Any]) -> None:
    r"""Raise `ArgumentError` if a string or a path cannot be written as UTF-8.

    Such a string contains half of a pair of surrogates: a byte of the command line or of a file's name that was not
    UTF-8, or not ASCII if the locale is.

    Examples
    --------
    >>> check_encodable("source", "\udcff.org")
    Traceback (most recent call last):
    topicdesk.errors.ArgumentError: source must be valid UTF-8; got '\udcff.org'. In an ASCII locale, set PYTHONUTF8=1.
    """
    try:
        str(value).encode()
    except UnicodeEncodeError:
        raise ArgumentError(
            f"{name} must be valid UTF-8; got {_shown(value)}. In an ASCII locale, set PYTHONUTF8=1."
        ) from None


def check_path(name: str, value: object, *, written: bool = False) -> None:
    """Raise `ArgumentError` if a value is neither a string nor a path, is empty, or cannot be the path of any file.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : object
        The argument. The path may be missing.
    written : bool, default False
        Whether a file or folder is written there. Its name must then be valid UTF-8, for Parquet and other libraries.
    """
    if not isinstance(value, str | PathLike) or value == "":
        raise ArgumentError(f"{name} must be a path or a string that is not empty; got {_shown(value)}.")
    if "\0" in str(value):
        raise ArgumentError(f"{name} must not contain a null character; got {_shown(value)}.")
    _check_length(name, value)
    if written:
        check_encodable(name, value)


def check_paths(name: str, values: Any) -> None:
    """Raise `ArgumentError` if a value is not a list of paths. A single path is none.

    Examples
    --------
    >>> check_paths("paths", "articles.csv")
    Traceback (most recent call last):
    topicdesk.errors.ArgumentError: paths must be a list of paths; got 'articles.csv'. Use ['articles.csv'].
    """
    if isinstance(values, str | PathLike):
        raise ArgumentError(f"{name} must be a list of paths; got {_shown(values)}. Use [{_shown(values)}].")
    if not isinstance(values, Collection) or isinstance(values, bytes | Mapping):
        raise ArgumentError(f"{name} must be a list of paths; got {_shown(values)}.")
    for value in values:
        if not isinstance(value, str | PathLike) or value == "":
            raise ArgumentError(f"{name} must be a list of paths; it contains {_shown(value)}.")
        check_path(name, value)
    if not len(values):
        raise ArgumentError(f"{name} is empty. Give at least one path.")


def _check_length(name: str, path: str | PathLike[Any]) -> None:
    parts = Path(path).parts
    # Windows counts UTF-16 units, and other systems bytes.
    sizes = [len(part.encode("utf-16-le")) // 2 if os.name == "nt" else len(os.fsencode(part)) for part in parts]
    if max(sizes, default=0) > _LONGEST_NAME or sum(sizes) + len(sizes) > _LONGEST_PATH:
        raise ArgumentError(
            f"{name} must have names of at most {_LONGEST_NAME} bytes, and of {_LONGEST_PATH} together; got "
            f"{_shown(path)}. Use a shorter name."
        )


def check_mapping(name: str, value: object, keys: str = "strings") -> None:
    """Raise `ArgumentError` if a value is not a mapping whose keys are strings."""
    if not isinstance(value, Mapping):
        raise ArgumentError(f"{name} must be a dict whose keys are {keys}; got {_shown(value)}.")
    for key in value:
        if not isinstance(key, str):
            raise ArgumentError(f"{name} must be a dict whose keys are {keys}; it has the key {_shown(key)}.")


def check_table(name: str, value: Any, columns: Sequence[str] = (), how: str = "") -> None:
    """Raise `ArgumentError` if a value is not a DataFrame with these columns.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : object
        The argument.
    columns : sequence of str, default ()
        Columns that it must have.
    how : str, default ""
        How to get such a table, for the end of the message: ``"Use read_corpus."``.

    Examples
    --------
    >>> import pandas as pd
    >>> check_table("corpus", pd.DataFrame({"txt": []}), ["text"], "Use read_corpus.")
    Traceback (most recent call last):
    topicdesk.errors.ArgumentError: corpus has no column 'text'; did you mean 'txt'? Use read_corpus.
    """
    import pandas as pd  # whoever has a table has imported it

    if not isinstance(value, pd.DataFrame):
        raise ArgumentError(f"{name} must be a DataFrame; got {_shown(value)}. {how}".rstrip())
    for column in columns:
        if column not in value.columns:
            hint = nearest(column, map(str, value.columns)) if len(value.columns) else "the table has no columns"
            hint = hint.replace("valid: ", "it has: ")
            raise ArgumentError(
                f"{name} has no column {column!r}; {hint.removesuffix('.')}{_stop(hint)} {how}".rstrip()
            )


def check_engine(value: object) -> None:
    """Raise `ArgumentError` if a value is neither None nor an engine: an object with a method ``run``."""
    if value is not None and (isinstance(value, type) or not callable(getattr(value, "run", None))):
        raise ArgumentError(f"engine must be None or an engine such as DaskEngine; got {_shown(value)}.")


def _within(value: Any, least: float, most: float | None) -> bool:
    return bool(value >= least and (most is None or value <= most))


def _stop(sentence: str) -> str:
    return "" if sentence.endswith("?") else "."


def _shown(value: object) -> str:
    """Return a value as it is written in Python if that is short, and else its type."""
    if isinstance(value, Number) and type(value).__module__ == "numpy":
        value = value.item()  # type: ignore[attr-defined]  # 1.0, not np.float64(1.0)
    if value is None or isinstance(value, str | int | float | PathLike) or type(value).__module__ == "numpy":
        text = repr(str(value) if isinstance(value, Path) else value)
        if isinstance(value, str | PathLike) or len(text) <= _MOST_SHOWN:
            return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"a value of type {type(value).__name__}"
