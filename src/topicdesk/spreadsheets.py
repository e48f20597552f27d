"""Cells that a spreadsheet would run.

A program that opens a CSV takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break for a
formula, and a formula can fetch, send and start things (CWE-1236). Articles are other people's: so cells like that get
an apostrophe before them, which spreadsheets take for "this is text". It can be taken off again without a loss.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Formulas", "defused", "defused_table", "is_formula", "restored"]

# Full-width signs are signs where Excel speaks Japanese or Chinese.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class Formulas(StrEnum):
    """What is done with cells that a spreadsheet would run."""

    ESCAPE = "escape"
    REFUSE = "refuse"
    KEEP = "keep"


def is_formula(cell: str) -> bool:
    """Say whether a spreadsheet would take a cell for a formula; numbers are none, whatever their sign."""
    return _FORMULA.match(cell) is not None and _NUMBER.fullmatch(cell) is None


def defused(cell: str) -> str:
    """Put an apostrophe before a cell that is a formula, or is one behind apostrophes (see `restored`)."""
    return f"'{cell}" if is_formula(cell) else cell


def restored(cell: str) -> str:
    """Take off the apostrophe that `defused` put: together they give every cell back as it was."""
    return cell[1:] if cell.startswith("'") and is_formula(cell[1:]) else cell


def defused_table(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table whose texts are all `defused`, its columns' names too."""
    safe = table.rename(columns=lambda name: defused(name) if isinstance(name, str) else name)
    for place, dtype in enumerate(table.dtypes):
        if str(dtype) in ("str", "object"):
            texts = table.iloc[:, place].map(lambda cell: defused(cell) if isinstance(cell, str) else cell)
            safe.isetitem(place, texts)
    return safe
