"""Show people how far long work has come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm.auto import tqdm
from tqdm.notebook import tqdm as tqdm_notebook

__all__ = ["progress"]


@contextmanager
def progress(total: int, what: str, unit: str) -> Iterator[Callable[[], None]]:
    """Draw a bar on a terminal or in a notebook; elsewhere, such as in a log of CI, draw nothing.

    Parameters
    ----------
    total : int
        Number of steps.
    what : str
        The work, in a word or three.
    unit : str
        What a step is.

    Yields
    ------
    callable
        To be called after each step.
    """
    seen = sys.stderr.isatty() or issubclass(tqdm, tqdm_notebook)
    with tqdm(total=total, desc=what, unit=unit, disable=not seen, dynamic_ncols=True) as bar:

        def advance() -> None:
            bar.update()

        yield advance
