"""Show the progress of long operations."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from time import monotonic
from typing import Any, Protocol

from topicdesk._terminals import visible

__all__ = ["Advance", "nowhere", "progress", "say"]

#: Minimum time between two progress lines in a log.
SECONDS_BETWEEN_LINES = 30.0


class Advance(Protocol):
    """A function to call after one or more steps."""

    def __call__(self, steps: int = 1) -> None:
        """Report that `steps` more steps are done."""


def nowhere(steps: int = 1) -> None:
    """Do nothing: the `Advance` to use if progress is not shown."""


def say(line: str) -> None:
    """Print a line about a long operation to standard error, and flush it."""
    print(f"topicdesk: {visible(line)}", file=sys.stderr, flush=True)


@contextmanager
def progress(total: int, what: str, unit: str) -> Iterator[Advance]:
    """Draw a bar on a terminal or in a notebook; elsewhere, such as in a CI log, print a line every half minute.

    The bar is removed when the operation ends or fails.

    Parameters
    ----------
    total : int
        Number of steps.
    what : str
        The operation, in one to three words.
    unit : str
        Name of a step; ``B`` for bytes.

    Yields
    ------
    Advance
        Function to call after each step.
    """
    from tqdm.auto import tqdm

    # In a notebook, tqdm.auto is a class from tqdm.notebook. Checking its name avoids importing ipywidgets elsewhere.
    in_notebook = any(base.__module__ == "tqdm.notebook" for base in tqdm.__mro__)
    if not in_notebook and not sys.stderr.isatty():
        yield _Lines(total, what)
        return
    options: dict[str, Any] = {"display": False} if in_notebook else {}
    with tqdm(
        total=total, desc=what, unit=unit, leave=False, dynamic_ncols=True, unit_scale=unit == "B", **options
    ) as bar:

        def advance(steps: int = 1) -> None:
            bar.update(steps)

        with _shown_in_notebook(bar) if in_notebook else nullcontext():
            yield advance


@contextmanager
def _shown_in_notebook(bar: Any) -> Iterator[None]:
    """Show a bar of tqdm.notebook below the cell, and remove it.

    tqdm itself leaves a bar that did not reach its total. The notebook's file would also keep the text of each bar.
    """
    from IPython.display import display

    output = display(bar.container, display_id=True)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        bar.close()
        for widget in (*bar.container.children, bar.container):
            widget.close()
        if output is not None:
            output.update({"text/html": "", "text/plain": ""}, raw=True)


class _Lines:
    """Progress as lines, where no bar can be drawn."""

    def __init__(self, total: int, what: str) -> None:
        self._total, self._what, self._done = total, what, 0
        self._started = self._printed = monotonic()

    def __call__(self, steps: int = 1) -> None:
        self._done += steps
        now = monotonic()
        if now - self._printed >= SECONDS_BETWEEN_LINES:
            self._printed = now
            # The total is 0 for standard input, whose size is unknown.
            share = f"{100 * self._done // self._total} % " if self._total else ""
            say(f"{self._what}: {share}after {now - self._started:.0f} s ...")
