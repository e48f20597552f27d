"""Show people how far long work has come."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tqdm.auto import tqdm
from tqdm.notebook import tqdm as tqdm_notebook

__all__ = ["Advance", "nowhere", "progress"]


class Advance(Protocol):
    """What is called after each step, or after several."""

    def __call__(self, steps: int = 1) -> None:
        """Say how far the work has come."""


def nowhere(steps: int = 1) -> None:
    """Tell nobody: the `Advance` of work that is not watched."""


@contextmanager
def progress(total: int, what: str, unit: str) -> Iterator[Advance]:
    """Draw a bar on a terminal or in a notebook; elsewhere, such as in a log of CI, draw nothing.

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
    seen = sys.stderr.isatty() or issubclass(tqdm, tqdm_notebook)
    with tqdm(total=total, desc=what, unit=unit, disable=not seen, dynamic_ncols=True, unit_scale=unit == "B") as bar:

        def advance(steps: int = 1) -> None:
            bar.update(steps)

        yield advance
