"""The columns of labels that say how an article was selected, without importing anything slow but pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from topicdesk.errors import LabelsError

__all__ = ["DESIGN_COLUMNS", "checked_design", "design_of", "with_design"]

#: Optional columns of a label file and of a queue (see `topicdesk.annotation.sampling_weights`). ``draw`` is the number
#: of the draw that selected the article. The labelled rows of a draw and sample are a uniform sample of
#: ``stratum_size`` articles. ``inclusion_probability`` is the probability with which the draw selected the
#: article, if the stratum is not known.
DESIGN_COLUMNS = ("draw", "stratum_size", "inclusion_probability")

_DTYPES = {"draw": "Int64", "stratum_size": "Int64", "inclusion_probability": "Float64"}

# A row with a smaller probability would represent more than a billion articles.
_LEAST_PROBABILITY = 1e-9

# Larger integers are not exact as floating-point numbers.
_LARGEST = 2**53


def checked_design(row: Mapping[str, Any], where: str) -> dict[str, str]:
    """Return the design of a row as cells of a label file, one per column; empty if the row does not have it.

    Parameters
    ----------
    row : mapping of str to object
        A row with any of `DESIGN_COLUMNS`: numbers, their text, or missing values.
    where : str
        File and place in it, for messages.

    Raises
    ------
    LabelsError
        If a value is not a number in its range, or a row has both a stratum and a probability.

    Examples
    --------
    >>> checked_design({"draw": 1.0, "stratum_size": "250"}, "labels.csv, line 2")
    {'draw': '1', 'stratum_size': '250', 'inclusion_probability': ''}
    """
    cells = {name: _cell(name, row.get(name, ""), where) for name in DESIGN_COLUMNS}
    if cells["stratum_size"] and cells["inclusion_probability"]:
        raise LabelsError(
            f"{where}: the row has both stratum_size {cells['stratum_size']} and inclusion_probability "
            f"{cells['inclusion_probability']}. Keep one: the probability follows from the stratum."
        )
    return cells


def _cell(name: str, value: Any, where: str) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    text = str(value).strip()
    if not text:
        return ""
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if name == "inclusion_probability":
        if _LEAST_PROBABILITY <= number <= 1:
            return str(int(number)) if number == 1 else repr(number)
        expected = f"a number from {_LEAST_PROBABILITY:g} to 1"
    else:
        if number.is_integer() and 1 <= number <= _LARGEST:
            return str(int(number))
        expected = "an integer of at least 1"
    raise LabelsError(f"{where}: {name} must be empty or {expected}; got {text[:40]!r}.")


def design_of(table: pd.DataFrame, name: str) -> list[dict[str, str]]:
    """Return the design of each row of a table (see `checked_design`). `name` is that of the table, for messages."""
    columns = [column for column in DESIGN_COLUMNS if column in table.columns]
    if not columns:
        return [dict.fromkeys(DESIGN_COLUMNS, "")] * len(table)
    rows = zip(*(table[column].astype(object) for column in columns), strict=True)
    return [
        checked_design(dict(zip(columns, values, strict=True)), f"{name}: row {row}") for row, values in enumerate(rows)
    ]


def with_design(table: pd.DataFrame, rows: Iterable[Mapping[str, str]]) -> pd.DataFrame:
    """Return a table with the columns of its design that have a value, as nullable numbers.

    Parameters
    ----------
    table : DataFrame
        The table without a design.
    rows : iterable of mapping of str to str
        The design of each row, from `checked_design`.
    """
    designs = list(rows)
    for name, dtype in _DTYPES.items():
        cells = [row.get(name, "") for row in designs]
        if any(cells):
            numbers = [(float(cell) if dtype == "Float64" else int(cell)) if cell else pd.NA for cell in cells]
            table = table.assign(**{name: pd.Series(numbers, index=table.index, dtype=dtype)})
    return table
