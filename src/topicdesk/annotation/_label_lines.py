"""The rows of a label file, each with its line in the file, so that a decision writes one line anew."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from topicdesk._spreadsheets import RowWriter
from topicdesk.annotation._design import DESIGN_COLUMNS
from topicdesk.annotation.annotations import label_cells, label_columns, label_order

__all__ = ["LabelLines"]


class LabelLines:
    """The rows of a label file by article, and the lines that contain them.

    Parameters
    ----------
    rows : iterable of mapping
        Rows as `read_label_rows` returns them, at most one per article.

    Examples
    --------
    >>> lines = LabelLines([{"article_id": "n10", "topics": ("rail",)}])
    >>> lines.set("n9", {"article_id": "n9", "topics": ()})
    >>> print(lines.content().decode())
    article_id,topics,annotator,codebook,time,sample,note
    n9,,,,,,
    n10,rail,,,,,
    <BLANKLINE>
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        #: The rows by article. Change them with `set` only.
        self.rows = {row["article_id"]: dict(row) for row in rows}
        self._order = sorted(map(label_order, self.rows))  # the lines have this order, too
        # The number of rows that have a value in a column of the design. The file has only columns with values.
        self._filled = Counter(name for row in self.rows.values() for name in _filled(row))
        self._write_all()

    def set(self, article_id: str, row: Mapping[str, Any] | None) -> None:
        """Add or replace the row of an article, or remove it if `row` is None."""
        place = bisect_left(self._order, label_order(article_id))
        previous = self.rows.pop(article_id, None)
        if previous is not None:
            del self._order[place], self._lines[place]
            self._filled.subtract(_filled(previous))
        if row is not None:
            self._order.insert(place, label_order(article_id))
            self._lines[place:place] = _written([label_cells(row, self._columns)])
            self.rows[article_id] = dict(row)
            self._filled.update(_filled(row))
        if label_columns(+self._filled) != self._columns:
            self._write_all()

    def content(self) -> bytes:
        """Return the content of the file, sorted by article (see `write_annotations`)."""
        return b"".join([*_written([self._columns]), *self._lines])

    def _write_all(self) -> None:
        self._columns = label_columns(+self._filled)
        self._lines = _written(label_cells(self.rows[article_id], self._columns) for _, article_id in self._order)


def _filled(row: Mapping[str, Any]) -> list[str]:
    return [name for name in DESIGN_COLUMNS if row.get(name)]


class _Lines(list[str]):
    """A file whose writes are kept apart. A writer of CSV makes one for each row."""

    write = list.append


def _written(rows: Iterable[Sequence[str]]) -> list[bytes]:
    lines = _Lines()
    RowWriter(lines).write(rows)
    return [line.encode("utf-8") for line in lines]
