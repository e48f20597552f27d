"""Identify the code that computed a result: topicdesk and its numerical libraries."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import CodeType

__all__ = ["code_version", "fingerprint"]

_LIBRARIES = ("numpy", "scikit-learn", "scipy")


@cache
def code_version() -> str:
    """Hash topicdesk's code and the versions of Python and the numerical libraries, to 32 hexadecimal characters.

    A version number alone does not distinguish two commits. Comments, docstrings and layout are not hashed, because
    they cannot change a result.
    """
    digest = hashlib.blake2b(digest_size=16)
    root = Path(__file__).parents[1]
    for file in sorted(root.rglob("*.py")):
        digest.update(f"{file.relative_to(root).as_posix()} {fingerprint(file.read_bytes())}\n".encode())
    digest.update(platform.python_version().encode())
    for name in _LIBRARIES:
        digest.update(f"{name} {version(name)}\n".encode())
    return digest.hexdigest()


def fingerprint(source: bytes) -> str:
    """Hash what a module does, to 32 hexadecimal characters: its compiled code, without docstrings and line numbers.

    Examples
    --------
    >>> fingerprint(b"def half(x): return x / 2") == fingerprint(b"def half(x): return (x / 2)  # Halve.")
    True
    >>> fingerprint(b"def half(x): return x / 2") == fingerprint(b"def half(x): return x / 3")
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    # With this level of optimisation, the compiler leaves out docstrings.
    for part in _parts(compile(source, "", "exec", dont_inherit=True, optimize=2)):
        digest.update(part)
    return digest.hexdigest()


def _parts(code: CodeType) -> Iterator[bytes]:
    """Yield everything of compiled code that says what it does."""
    yield code.co_code
    yield code.co_exceptiontable
    yield repr((code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)).encode()
    yield repr((code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)).encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        elif isinstance(constant, frozenset):  # its order depends on the process
            yield repr(sorted(map(repr, constant))).encode()
        else:
            yield repr(constant).encode()
