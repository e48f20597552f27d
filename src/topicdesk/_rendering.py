"""Render values as HTML in notebooks: a summary line, warnings and tables."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import pandas as pd

__all__ = ["as_html"]

_LONGEST_LINE = 40


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


def _table(table: pd.DataFrame) -> str:
    html = table.to_html(border=0, index=not _is_numbered(table))
    # Do not wrap short cells, such as a score with its interval. Wrap prose.
    if max((len(str(cell)) for cell in table.to_numpy().flat), default=0) <= _LONGEST_LINE:
        html = html.replace("<table ", '<table style="white-space: nowrap" ', 1)
    return f'<div style="overflow-x: auto">{html}</div>'


def _is_numbered(table: pd.DataFrame) -> bool:
    return isinstance(table.index, pd.RangeIndex) and table.index.name is None
