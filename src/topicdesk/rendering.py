"""How a value shows itself in a notebook's cell: a line, what a reader should know, tables."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import pandas as pd

__all__ = ["as_html"]

_LONGEST_LINE = 40


def as_html(line: str, *tables: pd.DataFrame, warnings: Iterable[str] = (), after: str = "") -> str:
    """Write a value as HTML; texts are escaped.

    Parameters
    ----------
    line : str
        What it is.
    *tables : DataFrame
        An index without a name whose labels are 0, 1, 2 … is left out.
    warnings : iterable of str, optional
        What a reader should know, before the tables.
    after : str, optional
        A sentence behind the tables.

    Returns
    -------
    str
    """
    told = "".join(f"<p>Warning: {escape(warning)}</p>" for warning in warnings)
    shown = "".join(_table(table) for table in tables)
    return f"<p>{escape(line)}</p>{told}{shown}" + (f"<p>{escape(after)}</p>" if after else "")


def _table(table: pd.DataFrame) -> str:
    html = table.to_html(border=0, index=not _is_numbered(table))
    # A figure and its interval stay on a line; prose does not.
    if max((len(str(cell)) for cell in table.to_numpy().flat), default=0) <= _LONGEST_LINE:
        html = html.replace("<table ", '<table style="white-space: nowrap" ', 1)
    return f'<div style="overflow-x: auto">{html}</div>'


def _is_numbered(table: pd.DataFrame) -> bool:
    return isinstance(table.index, pd.RangeIndex) and table.index.name is None
