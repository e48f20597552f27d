"""Render values in notebooks, as HTML with a summary line, warnings and tables, and in a Python terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from html import escape
from itertools import cycle
from shutil import get_terminal_size

import pandas as pd

__all__ = ["as_html", "as_text"]

_LONGEST_LINE = 40

# What a formatted number may look like: "1,204", "12.5 %", "<0.001 ***", "0.84 ± 0.02", "0.853 [0.812, 0.891]".
_NUMBER = r"(?:[-+−]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?|nan|inf|-inf)"
_FIGURE = re.compile(
    rf"[<>≤≥]?\s?{_NUMBER}(?:\s?%)?(?:\s?±\s?{_NUMBER})?(?:\s?\[{_NUMBER},\s?{_NUMBER}\])?(?:\s\*{{1,3}})?"
)
_MISSING = {"", "-", "–", "nan", "NaN", "None", "<NA>"}


def as_html(line: str, *tables: pd.DataFrame, warnings: Iterable[str] = (), after: str = "") -> str:
    """Return HTML for a value. All text is escaped.

    Parameters
    ----------
    line : str
        Summary of the value.
    *tables : DataFrame
        Tables to show. An unnamed index with the labels 0, 1, 2 … is left out.
    warnings : iterable of str, optional
        Warnings to show before the tables.
    after : str, optional
        A sentence to show after the tables.

    Returns
    -------
    str
        HTML.
    """
    notes = "".join(f"<p>Warning: {escape(warning)}</p>" for warning in warnings)
    html_tables = "".join(_table(table) for table in tables)
    return f"<p>{escape(line)}</p>{notes}{html_tables}" + (f"<p>{escape(after)}</p>" if after else "")


def as_text(table: pd.DataFrame) -> str:
    """Return a table as text. If it is wider than the terminal, its columns are in blocks below each other.

    Parameters
    ----------
    table : DataFrame
        The table.

    Returns
    -------
    str
        The text. Each block repeats the index. The width of logs, pipes and notebooks is not limited.
    """
    return str(table.to_string(line_width=get_terminal_size().columns if sys.stdout.isatty() else None))


def _table(table: pd.DataFrame) -> str:
    html = table.to_html(border=0, index=not _is_numbered(table))
    # Do not wrap short cells, such as a score with its interval. Wrap prose.
    if max((len(str(cell)) for cell in table.to_numpy().flat), default=0) <= _LONGEST_LINE:
        html = html.replace("<table ", '<table style="white-space: nowrap" ', 1)
    return f'<div style="overflow-x: auto">{_aligned(html, table)}</div>'


def _aligned(html: str, table: pd.DataFrame) -> str:
    """Align numbers right, and text left. Notebooks align every cell right if the cell itself has no alignment."""
    columns = [_side(table.iloc[:, position]) for position in range(table.shape[1])]
    index = [] if _is_numbered(table) else [_side(table.index.to_series())] * table.index.nlevels
    head, body = html.split("<tbody>")
    if table.columns.nlevels == 1:  # cells of further levels span several columns
        head = _with_sides(head, "th", [*index, *columns])
    return f"{head}<tbody>{_with_sides(_with_sides(body, 'th', index), 'td', columns)}"


def _with_sides(html: str, tag: str, sides: list[str]) -> str:
    """Add an alignment to each cell with a tag. `sides` are those of the cells of one row."""
    repeated = cycle(sides)
    return re.sub(rf"<{tag}(?=[ >])", lambda found: f'{found[0]} style="text-align: {next(repeated)}"', html)


def _side(cells: pd.Series) -> str:
    """Return ``right`` for a column of numbers, also if they are formatted, and ``left`` for any other column."""
    if pd.api.types.is_bool_dtype(cells) or pd.api.types.is_datetime64_any_dtype(cells):
        return "left"
    if pd.api.types.is_numeric_dtype(cells):
        return "right"
    texts = [text for text in map(str, cells) if text.strip() not in _MISSING]
    return "right" if texts and all(map(_FIGURE.fullmatch, texts)) else "left"


def _is_numbered(table: pd.DataFrame) -> bool:
    return isinstance(table.index, pd.RangeIndex) and table.index.name is None
