"""Which code a figure comes from: ours, and the libraries below it."""

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
    """Hash topicdesk's own source and the versions of Python and of the libraries that fit: 32 hexadecimal characters.

    A version number alone would not tell one commit from the next.
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
