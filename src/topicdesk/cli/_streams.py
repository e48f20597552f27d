"""Print any text to standard output, and say so if it cannot be written."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["any_text_printed", "described_failure"]

# Faults of the disk, the rights or a name, which a user can act on. Others are faults of topicdesk.
_OF_THE_SYSTEM = frozenset(
    (
        errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENAMETOOLONG, errno.ELOOP,
        errno.EMFILE, errno.ENFILE,
    )
)  # fmt: skip


@contextmanager
def any_text_printed() -> Iterator[None]:
    """Print characters that standard output cannot encode with backslashes, as standard error does.

    Raises
    ------
    OSError
        At the end, if what was printed cannot be written. A closed pipe is no error: its reader wants no more.
    """
    stream: Any = sys.stdout
    errors = stream.errors if isinstance(stream, io.TextIOWrapper) else None
    if errors is not None:
        stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except BrokenPipeError:
            pass  # the interpreter says so when it ends
        else:
            if errors is not None and not stream.closed:
                stream.reconfigure(errors=errors)


def described_failure(error: OSError) -> str:
    """Return a message if a user can act on an error of the system; else raise it again."""
    if error.errno not in _OF_THE_SYSTEM:
        raise error
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        # What could not be written is still in the buffer, and the interpreter would try again when it ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    return f"the output cannot be written: {error.strerror}."
