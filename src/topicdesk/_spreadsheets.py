"""Write CSV files that can be read back unchanged, and escape cells that a spreadsheet would run as formulas.

A spreadsheet treats a CSV cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break as a formula. A
formula can load data, send data and start programs (CWE-1236), and articles come from other people. Such cells
therefore get a leading apostrophe, which spreadsheets read as "this is text". It can be removed again without loss.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import SupportsWrite

__all__ = ["Formulas", "RowWriter", "defused", "is_formula", "restored", "write_csv"]

# Excel in Japanese or Chinese also accepts full-width signs.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class Formulas(StrEnum):
    """How to treat cells that a spreadsheet would run as formulas."""

    ESCAPE = "escape"
    REFUSE = "refuse"
    KEEP = "keep"


def is_formula(cell: str) -> bool:
    """Return whether a spreadsheet would treat a cell as a formula. A signed number is not a formula."""
    return _FORMULA.match(cell) is not None and _NUMBER.fullmatch(cell) is None


def defused(cell: str) -> str:
    """Return a cell with an apostrophe before a formula, or before apostrophes and a formula (see `restored`)."""
    return f"'{cell}" if is_formula(cell) else cell


def restored(cell: str) -> str:
    """Return a cell without the apostrophe that `defused` added: ``restored(defused(cell)) == cell`` for every cell."""
    return cell[1:] if cell.startswith("'") and is_formula(cell[1:]) else cell


class RowWriter:
    """Writer of CSV rows that can be read back unchanged. Rows end with a line feed.

    Before Python 3.13, `csv.writer` does not quote a cell with a carriage return, which readers treat as the end of the
    row.

    Parameters
    ----------
    file : text file
        File opened with ``newline=""``, or another object whose ``write`` takes a row as text.
    delimiter : str, default ","
        Separator between cells.
    """

    def __init__(self, file: SupportsWrite[str], delimiter: str = ",") -> None:
        self._plain = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        self._quoted = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows. Cells are converted with `str`."""
        for row in rows:
            has_return = any(isinstance(cell, str) and "\r" in cell for cell in row)
            (self._quoted if has_return else self._plain).writerow(row)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV. Texts and column names are `defused`; missing values become empty cells."""
    cells = table.astype(object).where(table.notna(), "")
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = RowWriter(file)
        for row in (tuple(table.columns), *map(tuple, cells.to_numpy().tolist())):
            rows.write([[defused(cell) if isinstance(cell, str) else cell for cell in row]])
