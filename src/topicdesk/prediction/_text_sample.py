"""What drift checks measure in a collection of texts. The checks and their plot use it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["TextSample"]


@dataclass(frozen=True, eq=False)
class TextSample:
    """What the checks measure in the texts of one collection.

    Parameters
    ----------
    lengths : ndarray of int, shape (n_texts,)
        Number of words of each text.
    unseen, scores : ndarray of float, shape (n_held_out,)
        Of the texts of one half: the share of words that are not in the other half of the reference, and the score of
        the classifier, larger for new texts.
    """

    lengths: NDArray[np.int64]
    unseen: NDArray[np.float64]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.lengths)
