"""Articles of drawn words, for benchmarks that need many, and the peak memory of the process."""

from __future__ import annotations

import resource

import numpy as np
from numpy.typing import NDArray

__all__ = ["WORDS_OF_3_KB", "draw_vocabulary", "draw_words", "peak_megabytes", "print_memory"]

#: Number of words of an article of about 3 kB.
WORDS_OF_3_KB = 500


def draw_vocabulary(rng: np.random.Generator) -> NDArray[np.str_]:
    """Draw 50,000 words of two to eight letters."""
    letters = list("abcdefghijklmnoprstuvwy")
    return np.array(["".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(50_000)])


def draw_words(vocabulary: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.str_]:
    """Draw the words of one article, with Zipf frequencies."""
    return np.asarray(vocabulary[np.minimum(rng.zipf(1.3, WORDS_OF_3_KB), len(vocabulary)) - 1])


def peak_megabytes() -> float:
    """Return the peak memory of the process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def print_memory(before: float) -> None:
    """Print the peak memory, and what it was before the measured work."""
    print(f"peak memory {peak_megabytes():.0f} MB; it was {before:.0f} MB before, with the articles alone")
