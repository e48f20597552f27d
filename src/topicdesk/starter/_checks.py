"""Check the folder of a new project before slow libraries are imported."""

from __future__ import annotations

import os
from pathlib import Path

from topicdesk._arguments import check_path
from topicdesk.errors import ProjectError

__all__ = ["refuse_to_overwrite"]

_FILES = ("data", "experiments", "notebooks", "Makefile", "README.md", ".gitignore")


def refuse_to_overwrite(root: Path) -> None:
    """Raise `ProjectError` if `root` is a file, or already contains a file of a new project."""
    check_path("folder", root, written=True)
    if root.exists() and not root.is_dir():
        raise ProjectError(f"{root} is a file. Use a new or empty folder.")
    existing = [name for name in _FILES if os.path.lexists(root / name)]
    if existing:
        raise ProjectError(
            f"{root} already contains {', '.join(existing)}. Existing files are not overwritten. Use another folder."
        )
