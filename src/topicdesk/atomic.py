"""Write files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from topicdesk.errors import ProjectError

__all__ = ["replacing", "write_text"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it over `path` when the block ends well.

    A reader sees the old file or the whole new one, never a part: the rename is atomic within a file system, and
    the data is on disk before it. When the block raises, the temporary file is removed and `path` stays as it was.
    A process killed inside the block leaves a file that starts with a dot and ends in ``.part``; nothing reads it.

    Parameters
    ----------
    path : Path
        The file to make or replace. Missing parent folders are made.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    ProjectError
        When the folder cannot be written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise ProjectError(f"cannot write {path}: {error.strerror}. Make the folder writable.") from error
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise ProjectError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all (see `replacing`)."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def _umask() -> int:
    # There is no call that reads the umask without setting it.
    current = os.umask(0o022)
    os.umask(current)
    return current
