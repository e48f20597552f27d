"""Show people how far long work has come."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol

__all__ = ["Advance", "nowhere", "progress", "say"]

#: Between two lines about long work in a log.
SECONDS_BETWEEN_LINES = 30.0


class Advance(Protocol):
    """What is called after each step, or after several."""

    def __call__(self, steps: int = 1) -> None:
        """Say how far the work has come."""


def nowhere(steps: int = 1) -> None:
    """Tell nobody: the `Advance` of work that is not watched."""


def say(line: str) -> None:
    """Print a line about work that takes a while to standard error, at once."""
    print(f"topicdesk: {line}", file=sys.stderr, flush=True)


@contextmanager
def progress(total: int, what: str, unit: str) -> Iterator[Advance]:
    """Draw a bar on a terminal or in a notebook; elsewhere, such as in a log of CI, print a line every half minute.

    Parameters
    ----------
    total : int
        Number of steps.
    what : str
        The work, in a word or three.
    unit : str
        What a step is; ``B`` for bytes.

    Yields
    ------
    Advance
        To be called after each step.
    """
    from tqdm.auto import tqdm

    # In a notebook, tqdm.auto is the class that draws there; to ask by name spares an import of ipywidgets elsewhere.
    seen = sys.stderr.isatty() or any(base.__module__ == "tqdm.notebook" for base in tqdm.__mro__)
    with tqdm(total=total, desc=what, unit=unit, disable=not seen, dynamic_ncols=True, unit_scale=unit == "B") as bar:
        if seen:

            def advance(steps: int = 1) -> None:
                bar.update(steps)

            yield advance
        else:
            yield _Lines(total, what)


class _Lines:
    """Progress where nothing can be drawn."""

    def __init__(self, total: int, what: str) -> None:
        self._total, self._what, self._done = total, what, 0
        self._started = self._printed = monotonic()

    def __call__(self, steps: int = 1) -> None:
        self._done += steps
        now = monotonic()
        if now - self._printed >= SECONDS_BETWEEN_LINES:
            self._printed = now
            # What comes from standard input has no size.
            share = f"{100 * self._done // self._total} % " if self._total else ""
            say(f"{self._what}: {share}after {now - self._started:.0f} s ...")
