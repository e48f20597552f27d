"""Lock files between processes, on Linux, macOS and Windows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from inspect import signature
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

__all__ = ["exclusive_lock"]

_POLL_SECONDS = 0.01
_TRIES = 1000

# Without flock, filelock can use the existence of the file as a lock. A killed process would never release it, so an
# error is better.
_OPTIONS: dict[str, Any] = {"fallback_to_soft": False} if "fallback_to_soft" in signature(FileLock).parameters else {}


@contextmanager
def exclusive_lock(path: Path, *, busy: Exception | None = None) -> Iterator[None]:
    """Lock a file until the block ends. No other process can lock it at the same time.

    The operating system releases the lock when the process ends, even if it is killed. The file is removed on release.
    A file that a killed process left behind is not locked and is used again.

    Parameters
    ----------
    path : Path
        The lock file. Use it for nothing else: on Windows no process can read or write it while it is locked. Missing
        folders are created. Its folder must not be renamed or removed while the lock is held.
    busy : Exception, optional
        Raised at once if another process holds the lock. By default the call waits.

    Raises
    ------
    OSError
        If the file cannot be created, or its file system has no locks.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder, exclusive_lock(Path(folder) / ".lock"):
    ...     print("alone")
    alone
    """
    lock = _acquired(path, busy)
    try:
        yield
    finally:
        # Remove the file before the release: a process that already opened it notices this and opens a new file.
        # Windows does not remove open files; there, filelock removes the file on release.
        if os.name != "nt" and _is_at(lock, path):
            with suppress(OSError):
                path.unlink()
        lock.release()


def _acquired(path: Path, busy: Exception | None) -> FileLock:
    for tries_left in reversed(range(_TRIES)):
        # A new object each time: filelock's locks are reentrant, and one object would let two threads in.
        lock = FileLock(path, thread_local=False, **_OPTIONS)
        try:
            lock.acquire(blocking=busy is None, poll_interval=_POLL_SECONDS)
        except Timeout as error:
            assert busy is not None
            raise busy from error
        except FileNotFoundError:  # the last owner removed the file, or the empty folder, at the same time
            if tries_left:
                continue
            raise
        if _is_at(lock, path):
            return lock
        # Another process removed or replaced the file after this one opened it: the lock has no effect.
        lock.release()
    raise TimeoutError(f"{path} was replaced {_TRIES} times while this process locked it")


def _is_at(lock: FileLock, path: Path) -> bool:
    """Return whether the locked file is still the one at `path`."""
    descriptor = lock._context.lock_file_fd  # filelock has no public name for it
    if descriptor is None:
        return False
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
