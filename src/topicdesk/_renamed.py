"""Accept the former names of arguments and fields for one version, with a warning."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

__all__ = ["renamed_arguments", "renamed_fields"]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_T = TypeVar("_T")


def renamed_arguments(**names: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Return a decorator for a function whose keyword arguments were renamed.

    Parameters
    ----------
    **names : str
        New name of each former argument.

    Returns
    -------
    callable
        Decorator. The decorated function has the same signature, and also takes the former arguments: it warns with a
        `FutureWarning`, and raises `TypeError` if an argument is given by both names.

    Examples
    --------
    >>> @renamed_arguments(jobs="n_jobs")
    ... def start(n_jobs=1):
    ...     return n_jobs
    >>> start(n_jobs=2)
    2
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        return _accepting(function, function.__name__, names)

    return decorate


def renamed_fields(**names: str) -> Callable[[type[_T]], type[_T]]:
    """Return a decorator for a dataclass whose fields were renamed.

    Parameters
    ----------
    **names : str
        New name of each former field.

    Returns
    -------
    callable
        Decorator, to put above ``@dataclass``. The class also takes the former names as arguments, and has them as
        read-only properties; both warn with a `FutureWarning`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @renamed_fields(jobs="n_jobs")
    ... @dataclass
    ... class Engine:
    ...     n_jobs: int = 1
    >>> Engine(n_jobs=2)
    Engine(n_jobs=2)
    """

    def decorate(cls: type[_T]) -> type[_T]:
        members: dict[str, object] = {"__init__": _accepting(vars(cls)["__init__"], cls.__name__, names)}
        members |= {old: _former(cls.__name__, old, new) for old, new in names.items()}
        for name, member in members.items():
            setattr(cls, name, member)
        return cls

    return decorate


def _accepting(function: Callable[_P, _R], called: str, names: dict[str, str]) -> Callable[_P, _R]:
    @functools.wraps(function)
    def accepting(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        for old, new in names.items():
            if old in kwargs:
                if new in kwargs:
                    raise TypeError(f"{called}() got both {old!r} and {new!r}; use {new!r}.")
                warnings.warn(f"argument {old!r} of {called} is now {new!r}", FutureWarning, stacklevel=2)
                kwargs[new] = kwargs.pop(old)
        return function(*args, **kwargs)

    return accepting


def _former(owner: str, old: str, new: str) -> property:
    def value(self: Any) -> Any:
        warnings.warn(f"attribute {old!r} of {owner} is now {new!r}", FutureWarning, stacklevel=2)
        return getattr(self, new)

    value.__doc__ = f"Former name of `{new}`."
    return property(value)
