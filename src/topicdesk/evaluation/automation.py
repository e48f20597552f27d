"""Choose the minimum confidence for labelling articles without a person, with a guarantee on how many are right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from topicdesk._arguments import check_number
from topicdesk.errors import ArgumentError

__all__ = ["automation_cut", "check_automation"]

# The first test passes with so many wrong articles. If it allowed none, one wrong article among the surest would end
# the sequence. If it allowed more, it would need more articles. In simulations with 300 to 3000 articles, one is best.
_WRONG_AT_FIRST = 1

# Number of tests: each further test can stop the sequence by chance, and fewer tests stop further from the best cut.
_MOST_TESTS = 50


def automation_cut(
    confidences: NDArray[np.float64],
    correct: NDArray[np.bool_],
    precision: float = 0.95,
    confidence: float = 0.9,
    groups: NDArray[np.intp] | None = None,
) -> float:
    """Choose the minimum confidence for labelling an article without a person.

    The labelled articles are a sample. In another sample, fewer articles above the same cut may be right. Therefore the
    cut is not the lowest one with the required precision in the sample. It is the lowest one for which a test shows the
    precision.

    Parameters
    ----------
    confidences : ndarray of float, shape (n_rows,)
        Confidence in each held-out article.
    correct : ndarray of bool, shape (n_rows,)
        Whether all topics of the article are right.
    precision : float, default 0.95
        Required share of correct articles among those with at least the minimum confidence. No sample can show a
        precision of 1.
    confidence : float, default 0.9
        Probability with which new articles reach this share, above 0 and below 1.
    groups : ndarray of int, shape (n_rows,), optional
        Cluster of near-duplicates of each row. Copies are not independent, so only the first row of a group counts. By
        default all rows count.

    Returns
    -------
    float
        Infinite if no cut passes: the confident articles are too few, or too many of them are wrong.

    Raises
    ------
    ArgumentError
        If `precision` or `confidence` is out of range.

    Notes
    -----
    Learn then Test, with fixed-sequence testing: cuts are tested from the highest down at level ``1 - confidence``, and
    the first that fails ends the sequence. The test is the exact binomial test of the number of correct articles above
    the cut. The positions of the cuts depend only on the number of articles, never on which of them are right. The
    guarantee is exact if precision does not fall with confidence, and if new articles and models are like those of the
    held-out scores. The second is only nearly so for out-of-fold scores.

    References
    ----------
    Angelopoulos, Bates, Candès, Jordan and Lei (2021), "Learn then test: calibrating predictive algorithms to achieve
    risk control". Bauer (1991), "Multiple testing in clinical trials", for testing in a fixed sequence. Geifman and
    El-Yaniv (2017), "Selective classification for deep neural networks".

    Examples
    --------
    >>> import numpy as np
    >>> confidences = np.linspace(1, 0.5, 200)
    >>> correct = np.arange(200) < 150  # the surest 150 of 200 are right
    >>> float(round(automation_cut(confidences, correct), 2))
    0.62
    >>> automation_cut(confidences[:40], correct[:40])  # 40 of 40 are too few to show 95 %
    inf
    """
    check_automation(precision, confidence)
    if groups is not None:
        _, first_rows = np.unique(groups, return_index=True)
        confidences, correct = confidences[first_rows], correct[first_rows]
    order = np.argsort(-confidences, kind="stable")
    ranked, n_right = confidences[order], np.cumsum(correct[order])
    # Articles with equal confidence are above a cut together.
    ends = np.flatnonzero(np.append(np.diff(ranked), 1.0)) if len(ranked) else np.empty(0, dtype=np.intp)
    alpha, cut = 1 - confidence, float("inf")
    for n_above in _places(len(ranked), precision, alpha):
        end = int(ends[np.searchsorted(ends, n_above - 1)])
        if binom.sf(n_right[end] - 1, end + 1, precision) > alpha:
            break
        cut = float(ranked[end])
    return cut


def check_automation(precision: float, confidence: float) -> None:
    """Raise `ArgumentError` if a required precision, or the probability of reaching it, is out of range."""
    check_number("automation_precision", precision, 0, 1)
    if precision == 0:
        raise ArgumentError("automation_precision must be above 0; got 0.")
    check_number("automation_confidence", confidence, 0, 1)
    if confidence in (0, 1):
        raise ArgumentError(f"automation_confidence must be above 0 and below 1; got {confidence}.")


def _places(n_articles: int, precision: float, alpha: float) -> list[int]:
    """Return how many articles are above each cut to test, ascending; none if too few articles can pass the first."""
    counts = np.arange(1, n_articles + 1)
    for n_wrong in range(_WRONG_AT_FIRST, -1, -1):
        passing = counts[binom.cdf(n_wrong, counts, 1 - precision) <= alpha]
        if len(passing):
            step = -(-n_articles // _MOST_TESTS)
            return [*range(int(passing[0]), n_articles, step), n_articles]
    return []
