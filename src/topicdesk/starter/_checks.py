"""Check the labelled texts and the folder of a new project before slow libraries are imported."""

from __future__ import annotations

import os
from pathlib import Path

from topicdesk.errors import CorpusError, ProjectError

__all__ = ["check_labelled_source", "refuse_to_overwrite"]

_ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".txt", ".zip")
_FILES = ("data", "experiments", "notebooks", "Makefile", "README.md", ".gitignore")


def check_labelled_source(path: Path) -> None:
    """Raise `CorpusError` if there is no such file or folder, or the ending is not that of labelled texts."""
    if path.suffix.lower() not in _ENDINGS and not path.is_dir():
        raise CorpusError(
            f"{path}: unsupported format of labelled texts. Use one of {', '.join(_ENDINGS)}, or a folder of folders."
        )
    if not path.exists():
        raise CorpusError(f"no file {path} (current folder: {Path.cwd()}).")


def refuse_to_overwrite(root: Path) -> None:
    """Raise `ProjectError` if `root` is a file, or already contains a file of a new project."""
    if root.exists() and not root.is_dir():
        raise ProjectError(f"{root} is a file. Use a new or empty folder.")
    existing = [name for name in _FILES if os.path.lexists(root / name)]
    if existing:
        raise ProjectError(
            f"{root} already contains {', '.join(existing)}. Existing files are not overwritten. Use another folder."
        )
