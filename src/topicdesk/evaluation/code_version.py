"""Identify the code that computed a result: topicdesk and its numerical libraries."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

__all__ = ["code_version"]

_LIBRARIES = ("numpy", "scikit-learn", "scipy")


@cache
def code_version() -> str:
    """Hash topicdesk's source and the versions of Python and the numerical libraries, to 32 hexadecimal characters.

    A version number alone does not distinguish two commits.
    """
    digest = hashlib.blake2b(digest_size=16)
    root = Path(__file__).parents[1]
    for file in sorted(root.rglob("*.py")):
        digest.update(f"{file.relative_to(root).as_posix()}\n".encode())
        digest.update(file.read_bytes())
    digest.update(platform.python_version().encode())
    for name in _LIBRARIES:
        digest.update(f"{name} {version(name)}\n".encode())
    return digest.hexdigest()
