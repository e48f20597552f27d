"""Import the public names of a package when they are first used."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["attach"]


def attach(package: str, former: Mapping[str, tuple[str, str]] | None = None) -> list[str]:
    """Make the names in a package's ``__init__.pyi``, and its packages, available on first use.

    The stub declares each name once, for people, type checkers and this function. ``import topicdesk.annotation`` takes
    only milliseconds, and a command imports scikit-learn only if it needs it.

    Parameters
    ----------
    package : str
        Name of the package: ``__name__`` in its ``__init__.py``.
    former : mapping of str to (str, str), optional
        For each name that is no longer public: the package that still has it, and what replaces it. The name works for
        one version, with a `FutureWarning`.

    Returns
    -------
    list of str
        The public names, for ``__all__``.

    References
    ----------
    Scientific Python SPEC 1, "Lazy loading of submodules and functions".

    Examples
    --------
    >>> from topicdesk import annotation
    >>> annotation.read_taxonomy.__module__
    'topicdesk.annotation.topics'
    """
    module = sys.modules[package]
    assert module.__file__ is not None
    folder = Path(module.__file__).parent
    homes = _homes(folder / "__init__.pyi")

    class LazyPackage(ModuleType):
        def __getattr__(self, name: str) -> Any:
            if former is not None and name in former:
                home, present = former[name]
                warnings.warn(
                    f"{package}.{name} is now {present}. The former name works until the next version.",
                    FutureWarning,
                    stacklevel=2,
                )
                return getattr(import_module(home), name)
            if name not in homes and (folder / name / "__init__.pyi").is_file():
                return import_module(f"{package}.{name}")
            if name not in homes:
                raise AttributeError(f"module {package!r} has no attribute {name!r}")
            value = getattr(import_module(homes[name]), name)
            setattr(self, name, value)
            return value

        def __setattr__(self, name: str, value: Any) -> None:
            # Importing a submodule sets it as an attribute of its package. A function of the same name, such as
            # `topicdesk.annotation.agreement`, takes precedence.
            if isinstance(value, ModuleType) and homes.get(name) == value.__name__:
                value = getattr(value, name)
            super().__setattr__(name, value)

        def __dir__(self) -> Sequence[str]:
            return sorted({*super().__dir__(), *homes})

    module.__class__ = LazyPackage
    return list(homes)


def _homes(stub: Path) -> dict[str, str]:
    """Read the module that defines each name from a stub's ``from ... import ...`` lines."""
    body = ast.parse(stub.read_text(encoding="utf-8")).body
    return {
        alias.name: node.module
        for node in body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
