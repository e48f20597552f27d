"""Write files and remove folders atomically."""

from __future__ import annotations

import errno
import glob
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep, time
from uuid import uuid4

from topicdesk.errors import ProjectError

__all__ = [
    "abandoned",
    "cannot_write",
    "creating",
    "output_file",
    "remove_tree",
    "replacing",
    "sweep_parts",
    "sweep_removed",
    "sweep_removed_in",
    "write_text",
]

_REMOVED = ".removed"

# Number of characters of a file's name that its temporary name begins with.
_PREFIX_CHARACTERS = 40

# Work in a folder that was not continued for this long counts as abandoned.
_GIVEN_UP_SECONDS = 7 * 24 * 3600

# Windows refuses to rename a file that a virus scanner or an indexer has open, usually for less than a second.
_RENAME_SECONDS = 2 if os.name == "nt" else 0
_RENAME_AGAIN_SECONDS = 0.05


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename it to `path` when the block ends without an error.

    A reader sees the old file or the complete new one: the rename is atomic within a file system, and the data is on
    disk before it. If the block raises, the temporary file is removed and `path` does not change. A process that is
    killed inside the block leaves a file that starts with a dot and ends in ``.part``; nothing reads it.

    Parameters
    ----------
    path : Path
        The file to create or replace. Missing parent folders are created. If it is a symbolic link, the file that it
        points to is replaced, and the link stays.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    ProjectError
        If the path is not that of a regular file, the folder is not writable, or the disk is full.
    """
    target = output_file(path)
    with _part_of(path, target) as part:
        yield part
        _complete(part)
        _patiently(lambda: part.replace(target))


@contextmanager
def creating(paths: Iterable[Path], lock: AbstractContextManager[object]) -> Iterator[dict[Path, Path]]:
    """Yield a temporary path for each of several new files, and create all of them when the block ends, or none.

    Parameters
    ----------
    paths : iterable of Path
        The files to create. Missing parent folders are created.
    lock : context manager
        A lock such as `exclusive_lock`, held while the files get their names. Of two processes that create the same
        file, the second fails.

    Yields
    ------
    dict of Path to Path
        Where to write, by file.

    Raises
    ------
    ProjectError
        If a file exists when the block ends, or cannot be written. No file is created in this case.
    """
    with ExitStack() as stack:
        parts = {path: stack.enter_context(_part_of(path, output_file(path))) for path in paths}
        yield parts
        for part in parts.values():
            _complete(part)
        created: list[Path] = []
        with lock:
            existing = [str(path) for path in parts if os.path.lexists(path)]
            if existing:
                raise ProjectError(f"{', '.join(existing)} already exists. Nothing was written.")
            try:
                for path, part in parts.items():
                    _patiently(partial(part.replace, path))
                    created.append(path)
            except BaseException:
                for path in created:
                    path.unlink(missing_ok=True)
                raise


@contextmanager
def _part_of(path: Path, target: Path) -> Iterator[Path]:
    """Yield a temporary file beside `target`, and remove it at the end. Errors name `path`, the user's output."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _delete_files(abandoned(_parts(target)))
        # The name of the file may be as long as a name may be, so the temporary one has only its beginning.
        prefix = f".{target.name[:_PREFIX_CHARACTERS]}."
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=prefix, suffix=".part")
    except OSError as error:
        raise ProjectError(cannot_write(path, error)) from error
    os.close(handle)
    part = Path(name)
    try:
        yield part
    except OSError as error:
        raise ProjectError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        # An error here would hide the original error.
        with suppress(OSError):
            part.unlink(missing_ok=True)


def sweep_parts(target: Path) -> None:
    """Delete the temporary files of killed processes that wrote `target`. Call it where no other process writes it."""
    _delete_files(_parts(target))


def _delete_files(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):  # another process may delete it too
            path.unlink()


def _parts(target: Path) -> Iterable[Path]:
    """List the temporary files of a target, or none if its name is long."""
    # Temporary names contain only the beginning of a long name, which other files may share.
    if len(target.name) > _PREFIX_CHARACTERS:
        return ()
    # tempfile adds eight characters.
    return target.parent.glob(f"{glob.escape(f'.{target.name}.')}{'?' * 8}.part")


def _complete(part: Path) -> None:
    """Put a temporary file on disk, with the rights of a new file."""
    # Open for writing: Windows cannot flush a file that is open for reading only.
    with part.open("r+b") as file:
        os.fsync(file.fileno())
    part.chmod(0o666 & ~_umask())


def output_file(path: Path) -> Path:
    """Return the file to create or replace for an output, after following links.

    Parameters
    ----------
    path : Path
        The output. It may be missing.

    Raises
    ------
    ProjectError
        If the path exists and is not a regular file, such as a folder, a device or a pipe, or if no file can have it.
    """
    try:
        str(path).encode()
        kind = path.stat().st_mode
    except FileNotFoundError:
        kind = stat.S_IFREG
    except OSError as error:
        raise ProjectError(cannot_write(path, error)) from error
    except UnicodeEncodeError as error:
        raise ProjectError(
            f"cannot write {str(path)!r}: the name is not valid UTF-8. In an ASCII locale, set PYTHONUTF8=1."
        ) from error
    if stat.S_ISDIR(kind):
        raise ProjectError(f"cannot write {path}: it is a folder. Name a file.")
    if not stat.S_ISREG(kind):
        raise ProjectError(
            f"cannot write {path}: it is not a regular file, and the output would replace it. Name a file."
        )
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def cannot_write(path: Path, error: OSError) -> str:
    """Return the message of an output that cannot be written: the reason, and what to do."""
    advice = {
        errno.ENAMETOOLONG: "Use a shorter name.",
        errno.ENOSPC: "Free some space.",
        errno.EDQUOT: "Free some space.",
        errno.ELOOP: "Remove the links that point to each other.",
    }.get(error.errno or 0, "Make the folder writable.")
    return f"cannot write {path}: {error.strerror or error}. {advice}"


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, atomically (see `replacing`)."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def remove_tree(folder: Path) -> None:
    """Remove a folder in one atomic step, then delete its files.

    The folder is first renamed to a unique name in the same parent folder. No other process can see a partly deleted
    folder, even if this process is killed. The next call, or `sweep_removed`, deletes what a killed process left under
    the new name. If the folder cannot be renamed, it stays complete.

    Parameters
    ----------
    folder : Path
        Folder to remove. It may be missing.
    """
    removed = folder.with_name(f"{_removed_prefix(folder)}{uuid4().hex[:12]}{_REMOVED}")
    with suppress(OSError):
        _patiently(lambda: folder.rename(removed))
    sweep_removed(folder)


def sweep_removed(folder: Path) -> None:
    """Delete what interrupted calls of `remove_tree` left of a folder."""
    _delete(folder.parent.glob(f"{glob.escape(_removed_prefix(folder))}*{_REMOVED}"))


def sweep_removed_in(parent: Path) -> None:
    """Delete what interrupted calls of `remove_tree` left of any folder in `parent`."""
    _delete(parent.glob(f".*{_REMOVED}"))


def abandoned(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield the folders and files that were not changed for a week."""
    for folder in folders:
        try:
            age = time() - folder.stat().st_mtime
        except FileNotFoundError:  # another process renamed or removed it
            continue
        if age > _GIVEN_UP_SECONDS:
            yield folder


def _delete(folders: Iterable[Path]) -> None:
    for folder in folders:
        # Another process may delete it too.
        shutil.rmtree(folder, ignore_errors=True)


def _removed_prefix(folder: Path) -> str:
    # The leading dot hides the folder: topicdesk does not read hidden files.
    return f".{folder.name.lstrip('.')}."


def _patiently(rename: Callable[[], object]) -> None:
    deadline = monotonic() + _RENAME_SECONDS
    while True:
        try:
            rename()
            return
        except PermissionError:
            if monotonic() >= deadline:
                raise
        sleep(_RENAME_AGAIN_SECONDS)


def _umask() -> int:
    # The umask can only be read by setting it.
    current = os.umask(0o022)
    os.umask(current)
    return current
