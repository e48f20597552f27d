"""CSV that reads back as it was written, and cells that a spreadsheet would run.

A program that opens a CSV takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break for a
formula, and a formula can fetch, send and start things (CWE-1236). Articles are other people's: so cells like that get
an apostrophe before them, which spreadsheets take for "this is text". It can be taken off again without a loss.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Formulas", "RowWriter", "defused", "is_formula", "restored", "write_table"]

# Full-width signs are signs where Excel speaks Japanese or Chinese.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


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


class RowWriter:
    """Writes rows as `csv.writer` does, each ended by a line feed, so that they read back as they were.

    Before Python 3.13 `csv.writer` does not quote a cell for a carriage return, which readers take for the row's end.

    Parameters
    ----------
    file : text file
        Opened with ``newline=""``.
    delimiter : str, default ","
    """

    def __init__(self, file: IO[str], delimiter: str = ",") -> None:
        self._plain = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        self._quoted = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows, of any cells that `str` tells."""
        for row in rows:
            broken = any(isinstance(cell, str) and "\r" in cell for cell in row)
            (self._quoted if broken else self._plain).writerow(row)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, its texts and the names of its columns `defused`; what is missing is empty."""
    cells = table.astype(object).where(table.notna(), "")
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = RowWriter(file)
        for row in (tuple(table.columns), *map(tuple, cells.to_numpy().tolist())):
            rows.write([[defused(cell) if isinstance(cell, str) else cell for cell in row]])
