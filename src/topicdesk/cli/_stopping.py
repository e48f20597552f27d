"""Stop a command on Ctrl-C or a termination signal."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Stopped", "stop_on_signals"]


class Stopped(BaseException):
    """The command was stopped by Ctrl-C or a termination signal.

    It is not a `KeyboardInterrupt`, because typer handles that itself, without a message.
    """


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise `Stopped` in the main thread on Ctrl-C and on a termination signal, and restore the handlers afterwards.

    A signal that arrives when the command has ended, or a second one, then ends the process as it would any other.
    """
    handlers = {number: signal.signal(number, _stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)
