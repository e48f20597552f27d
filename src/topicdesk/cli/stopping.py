"""A command that is stopped says so, and ends."""

from __future__ import annotations

import signal
from types import FrameType

__all__ = ["Stopped", "stop_on_signals"]


class Stopped(BaseException):
    """Somebody ended the command: Ctrl-C, or a signal to terminate.

    Not `KeyboardInterrupt`, which typer answers itself, without a word.
    """


def stop_on_signals() -> None:
    """Raise `Stopped` in the main thread at Ctrl-C and at a signal to terminate."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)
