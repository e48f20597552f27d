"""Confidence intervals and tests for proportions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import hypergeom, norm

__all__ = ["NORMAL", "score_test", "stratified_exact_test", "wilson_interval"]

#: Half the width of a 95 % interval of a normal variable, in standard errors.
NORMAL = 1.959964


def wilson_interval(
    successes: ArrayLike, trials: ArrayLike, *, alpha: float = 0.05
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute Wilson's confidence interval of a proportion.

    Parameters
    ----------
    successes : array_like of float, shape (n_proportions,)
        Number of successes. It need not be an integer: repeats of the same row count as fractions.
    trials : array_like of float, shape (n_proportions,) or scalar
        Number of trials.
    alpha : float, default 0.05
        One minus the confidence level.

    Returns
    -------
    low, high : ndarray of float, shape (n_proportions,)
        Ends of the interval, between 0 and 1. NaN where there are no trials.

    See Also
    --------
    score_test : Test whether two proportions are equal.

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22; recommended by Brown, Cai and DasGupta (2001), Statistical Science 16(2).

    Examples
    --------
    >>> low, high = wilson_interval([0, 8], [10, 10])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.49], [0.278, 0.943])
    """
    k, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    z = norm.isf(alpha / 2)
    with np.errstate(divide="ignore", invalid="ignore"):  # no trials: NaN
        share = k / n
        scale = 1 + z**2 / n
        centre = (share + z**2 / (2 * n)) / scale
        margin = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / scale
        return np.clip(centre - margin, 0, 1), np.clip(centre + margin, 0, 1)


def score_test(successes: tuple[int, int], trials: tuple[int, int]) -> float:
    """Test whether two independent proportions are equal.

    Parameters
    ----------
    successes : tuple of int
        Number of successes in the first and in the second sample.
    trials : tuple of int
        Size of the first and of the second sample.

    Returns
    -------
    float
        Two-sided p-value. It is 1 if both samples are all successes or all failures, and NaN if a sample is empty.

    See Also
    --------
    wilson_interval : Confidence interval of one proportion.

    References
    ----------
    Miettinen and Nurminen (1985), "Comparative analysis of two rates", Statistics in Medicine 4.

    Examples
    --------
    >>> round(score_test((15, 5), (50, 50)), 3)
    0.013
    """
    (k_1, k_2), (n_1, n_2) = (map(int, successes), map(int, trials))
    if not (n_1 and n_2):
        return float("nan")
    n = n_1 + n_2
    pooled = (k_1 + k_2) / n
    if pooled in (0, 1):
        return 1.0
    variance = (pooled * (1 - pooled) / n_1 + pooled * (1 - pooled) / n_2) * (n / (n - 1))
    return float(norm.sf(abs(k_1 / n_1 - k_2 / n_2) / np.sqrt(variance)) * 2)


def stratified_exact_test(
    members: NDArray[np.bool_], successes: NDArray[np.bool_], strata: NDArray[np.intp]
) -> tuple[float, float]:
    """Test whether successes are more frequent among members than among others of the same strata.

    Parameters
    ----------
    members : ndarray of bool, shape (n_rows,)
        Whether each row is a member of the group.
    successes : ndarray of bool, shape (n_rows,)
        Whether each row is a success.
    strata : ndarray of int, shape (n_rows,)
        Stratum of each row. Rows are compared within strata only.

    Returns
    -------
    expected : float
        Number of successes among members if these do not differ from others of the same strata.
    p_value : float
        One-sided: the probability of at least as many successes among members as there are, if each stratum has as many
        members and as many successes as it has.

    See Also
    --------
    score_test : Two proportions, without strata.

    Notes
    -----
    Given its margins, each stratum has a hypergeometric number of successes among its members. The distribution of the
    sum is their convolution. With one stratum, this is Fisher's exact test.

    References
    ----------
    Mehta, Patel and Gray (1985), "Computing an exact confidence interval for the common odds ratio in several 2 × 2
    contingency tables", Journal of the American Statistical Association 80.

    Examples
    --------
    >>> members, successes = np.array([True] * 4 + [False] * 4), np.array([True] * 4 + [False] * 4)
    >>> expected, p_value = stratified_exact_test(members, successes, np.zeros(8, dtype=int))
    >>> expected, round(p_value, 4)  # 1 in 70
    (2.0, 0.0143)
    """
    _, codes = np.unique(strata, return_inverse=True)
    sizes, n_members, n_successes = (np.bincount(codes, weights=weights) for weights in (None, members, successes))
    expected, distribution = 0.0, np.ones(1)
    for size, drawn, marked in zip(sizes.tolist(), n_members.astype(int), n_successes.astype(int), strict=True):
        if drawn and marked:
            expected += drawn * marked / size
            distribution = np.convolve(
                distribution, hypergeom.pmf(np.arange(min(drawn, marked) + 1), size, marked, drawn)
            )
    tail = distribution[int((members & successes).sum()) :].sum()
    return float(expected), float(min(tail, 1.0))
