"""Print tables and warnings, and save pictures, for the commands."""

from __future__ import annotations

import sys
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, TextIO

from topicdesk._terminals import visible
from topicdesk.errors import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from topicdesk.experiment import Difference

__all__ = [
    "MOST_ROWS",
    "print_differences",
    "print_facts",
    "print_more",
    "print_rows",
    "print_some",
    "print_table",
    "print_text",
    "print_warnings",
    "results_differ",
    "save_picture",
]

#: Maximum number of rows to print in a terminal.
MOST_ROWS = 40

# Width of a table in a log, in characters.
_LOG_WIDTH = 160


def print_text(*values: object, file: TextIO | None = None, flush: bool = False) -> None:
    """Print as `print` does. Titles, ids and file names of others cannot act on the terminal (see `visible`)."""
    print(*map(visible, values), file=file, flush=flush)


def print_table(table: pd.DataFrame, title: str) -> None:
    """Print a table and its index under a title."""
    print_rows(
        [str(table.index.name or ""), *map(str, table.columns)], ((name, *row) for name, row in table.iterrows()), title
    )


def print_rows(columns: Sequence[str], rows: Iterable[Iterable[object]], title: str) -> None:
    """Print rows under a title and column names, without importing pandas.

    Columns that do not fit side by side are printed in blocks, one below the other. Each block repeats the first
    column. Text is wrapped at spaces. Nothing is cut, and a number stays on one line with its interval.
    """
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from topicdesk.cli._columns import column_blocks, fold, table_width

    # Logs and pipes have no window width.
    width = get_terminal_size().columns if sys.stdout.isatty() else _LOG_WIDTH
    console = Console(width=width)
    cells = [tuple(visible(value).expandtabs() for value in row) for row in (columns, *rows)]
    console.print(visible(title), markup=False)
    for block in column_blocks(cells, width):
        table = Table(box=SIMPLE)
        # Cells contain the user's text, not markup.
        names, *lines = ([Text(fold(row[column], size)) for column, size in block.items()] for row in cells)
        for name, size in zip(names, block.values(), strict=True):
            table.add_column(name, width=size, no_wrap=True)
        for line in lines:
            table.add_row(*line)
        # rich cuts cells if its window is narrower than the table. A terminal wraps them.
        console.width = max(width, table_width(list(block.values())))
        console.print(table)


def print_some(table: pd.DataFrame, index: str, title: str) -> None:
    """Print the first rows of a table, if it has any, and the number of remaining rows."""
    if len(table):
        print_table(table.head(MOST_ROWS).set_index(index), title)
        print_more(len(table))


def print_more(n_rows: int, most: int = MOST_ROWS) -> None:
    """Print how many of `n_rows` rows a table of at most `most` rows leaves out, if any."""
    if n_rows > most:
        print_text(f"... and {n_rows - most} more.")


def print_differences(found: Sequence[Difference], title: str, most: int = MOST_ROWS) -> None:
    """Print the first values that differ from the locked ones, and the number of others."""
    import pandas as pd

    rows = [
        {
            "where": difference.where,
            "locked": difference.locked,
            "now": difference.now,
            "difference": "" if difference.by is None else f"{difference.by:+.6f}",
        }
        for difference in found[:most]
    ]
    print_table(pd.DataFrame(rows).astype("str").set_index("where"), title)
    print_more(len(found), most)


def results_differ(number: int) -> str:
    """Return the beginning of a sentence: how many results differ."""
    return f"{counted(number, 'result')} {'differs' if number == 1 else 'differ'}"


def print_warnings(warnings: Iterable[str]) -> None:
    """Print each warning on its own line."""
    for warning in warnings:
        print_text(f"warning: {warning}")


def save_picture(figure: Figure, path: Path) -> None:
    """Save a picture in the format of its file extension (default PNG), and print its path."""
    from topicdesk._atomic import replacing
    from topicdesk._figures import save_figure

    with replacing(path) as part:
        save_figure(figure, part, format=path.suffix.lower().removeprefix(".") or "png", dpi=110)
    print_text(f"Picture: {path}")


def print_facts(facts: pd.DataFrame, title: str) -> None:
    """Print what two results depend on, and whether it is the same."""
    print_table(facts.assign(same=["yes" if same else "NO" for same in facts["same"]]), title)
