"""Articles that are the same text, so that a split can keep them on one side."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["duplicate_groups"]


def duplicate_groups(texts: Sequence[str]) -> NDArray[np.intp]:
    """Give each text the number of its cluster: texts that are equal but for case and white space.

    Parameters
    ----------
    texts : sequence of str
        Length n_articles.

    Returns
    -------
    ndarray of int, shape (n_articles,)
        Cluster of each text; clusters are numbered from 0 in the order of their first text.
    """
    clusters: dict[bytes, int] = {}
    groups = np.empty(len(texts), dtype=np.intp)
    for row, text in enumerate(texts):
        key = hashlib.blake2b(" ".join(text.casefold().split()).encode("utf-8", "surrogatepass")).digest()
        groups[row] = clusters.setdefault(key, len(clusters))
    return groups
