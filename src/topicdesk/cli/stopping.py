"""Stop a command on Ctrl-C or a termination signal."""

from __future__ import annotations

import signal
from types import FrameType

__all__ = ["Stopped", "stop_on_signals"]


class Stopped(BaseException):
    """The command was stopped by Ctrl-C or a termination signal.

    It is not a `KeyboardInterrupt`, because typer handles that itself, without a message.
    """


def stop_on_signals() -> None:
    """Install handlers that raise `Stopped` in the main thread on Ctrl-C and on a termination signal."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)
