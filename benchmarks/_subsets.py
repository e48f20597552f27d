"""Some rows of a dataset."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from topicdesk.annotation import Dataset

__all__ = ["rows_of"]


def rows_of(data: Dataset, rows: NDArray[np.intp]) -> Dataset:
    """Return a dataset of these rows. Its weights must be None."""
    arrays = {name: getattr(data, name)[rows] for name in ("Y", "ids", "groups", "samples", "sources", "dates")}
    fields = {name: tuple(values[row] for row in rows) for name, values in data.fields.items()}
    return replace(data, texts=tuple(data.texts[row] for row in rows), fields=fields, **arrays)
