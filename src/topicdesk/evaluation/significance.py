"""Test differences between classifiers for significance.

Metrics of cross-validation folds are not independent, because the training sets overlap. A plain t-test ignores this
and reports too many significant differences. The tests here correct for the overlap (Nadeau and Bengio 2003) and for
multiple comparisons (Holm 1979). They also estimate the probability that a difference is large enough to matter (Corani
and Benavoli 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from topicdesk._renamed import renamed_arguments
from topicdesk.errors import SplitError

__all__ = [
    "BayesianTest",
    "CorrectedTest",
    "FriedmanTest",
    "bayesian_t_test",
    "corrected_t_test",
    "critical_difference",
    "friedman_nemenyi",
    "holm",
    "mcnemar",
    "nemenyi",
]

#: Significance level for adjusted p-values.
_ALPHA = 0.05


@dataclass(frozen=True)
class CorrectedTest:
    """Result of a corrected t-test on differences from cross-validation.

    Parameters
    ----------
    difference, low, high : float
        The mean difference and its 95 % confidence interval.
    p_value : float
        Two-sided, for the null hypothesis of no mean difference.
    n : int
        Number of defined differences.
    """

    difference: float
    low: float
    high: float
    p_value: float
    n: int


@dataclass(frozen=True)
class BayesianTest:
    """Posterior probability that a difference is large enough to matter.

    Parameters
    ----------
    better, equivalent, worse : float
        Posterior probabilities that the mean difference is above, in or below the region of practical equivalence.
    above_zero : float
        Posterior probability of a positive mean difference.
    rope : float
        Half the width of the region.
    """

    better: float
    equivalent: float
    worse: float
    above_zero: float
    rope: float

    def in_words(self, first: str, second: str) -> str:
        """Return the result as a sentence."""
        if self.above_zero >= 0.5:
            name, probability, matters = first, self.above_zero, self.better
        else:
            name, probability, matters = second, 1 - self.above_zero, self.worse
        rival = second if name == first else first
        return f"{name} is better than {rival} with {probability:.0%}, by more than {self.rope:g} with {matters:.0%}"


@dataclass(frozen=True)
class FriedmanTest:
    """Result of Friedman's test and Nemenyi's post-hoc test over many datasets.

    Parameters
    ----------
    p_value : float
        p-value of Friedman's test, for the null hypothesis of equal ranks.
    ranks : Series
        Mean rank of each classifier; 1 is best.
    pairs : DataFrame of shape (n_classifiers, n_classifiers)
        p-values of Nemenyi's test.
    """

    p_value: float
    ranks: pd.Series
    pairs: pd.DataFrame


def corrected_t_test(differences: Sequence[float] | NDArray[np.float64], test_to_train: float) -> CorrectedTest:
    """Test whether the mean difference over splits of the same data is zero.

    Parameters
    ----------
    differences : sequence of float
        One difference per split. NaN (a metric that is undefined in a fold) is left out.
    test_to_train : float
        Ratio of test rows to training rows, such as 1/4 for five folds.

    Returns
    -------
    CorrectedTest
        The interval and the p-value are NaN if fewer than two differences are defined.

    Raises
    ------
    ValueError
        If `differences` is not a sequence of finite numbers, or `test_to_train` is negative or not finite.

    See Also
    --------
    topicdesk.bootstrap_interval : Interval of the metric of one classifier.

    References
    ----------
    Nadeau and Bengio (2003), "Inference for the generalization error", Machine Learning 52, equation 9. Bouckaert and
    Frank (2004), for repeats.

    Examples
    --------
    >>> from topicdesk import corrected_t_test
    >>> test = corrected_t_test([0.02, 0.01, 0.03, 0.02, 0.02], test_to_train=1 / 4)
    >>> print(f"{test.difference:.3f} [{test.low:.3f}, {test.high:.3f}], p = {test.p_value:.3f}")
    0.020 [0.007, 0.033], p = 0.014
    """
    mean, scale, n = _mean_and_scale(differences, test_to_train)
    if n < 2:
        return CorrectedTest(mean, np.nan, np.nan, np.nan, n)
    if scale == 0:
        return CorrectedTest(mean, mean, mean, 1.0 if mean == 0 else 0.0, n)
    p_value = 2 * stats.t.sf(abs(mean) / scale, n - 1)
    low, high = stats.t.interval(0.95, n - 1, mean, scale)
    return CorrectedTest(mean, float(low), float(high), float(p_value), n)


def bayesian_t_test(
    differences: Sequence[float] | NDArray[np.float64], test_to_train: float, rope: float = 0.01
) -> BayesianTest:
    """Compute the posterior probabilities that a mean difference is better, equivalent or worse.

    Parameters
    ----------
    differences, test_to_train
        As in `corrected_t_test`.
    rope : float, default 0.01
        Differences up to this size do not matter in practice (region of practical equivalence).

    Returns
    -------
    BayesianTest
        The probabilities are NaN if fewer than two differences are defined.

    References
    ----------
    Corani and Benavoli (2015), "A Bayesian approach for comparing cross-validated algorithms on multiple data sets",
    Machine Learning 100; Benavoli et al. (2017), section 3.1.
    """
    mean, scale, n = _mean_and_scale(differences, test_to_train)
    if n < 2:
        return BayesianTest(np.nan, np.nan, np.nan, np.nan, rope)
    if scale == 0:
        sides = float(mean > rope), float(abs(mean) <= rope), float(mean < -rope)
        return BayesianTest(*sides, 0.5 + 0.5 * float(np.sign(mean)), rope)
    posterior = stats.t(n - 1, mean, scale)
    worse, better = float(posterior.cdf(-rope)), float(posterior.sf(rope))
    return BayesianTest(better, 1 - better - worse, worse, float(posterior.sf(0)), rope)


def holm(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p-values for multiple comparisons, to control the family-wise error rate.

    Parameters
    ----------
    p_values : sequence of float
        One p-value per comparison. NaN stays NaN and is not counted as a comparison.

    Returns
    -------
    ndarray of float, shape (n_comparisons,)
        Adjusted p-values.

    References
    ----------
    Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    raw = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(raw.shape, np.nan)
    ascending = np.argsort(raw)[: np.count_nonzero(~np.isnan(raw))]  # NaN sorts last
    steps = raw[ascending] * np.arange(len(ascending), 0, -1)
    adjusted[ascending] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def mcnemar(first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> float:
    """Test whether two classifiers have the same accuracy on the same articles.

    Parameters
    ----------
    first_right, second_right : ndarray of bool, shape (n_articles,)
        Whether each classifier is right on each article.

    Returns
    -------
    float
        Exact two-sided p-value. It applies to these two fitted models, and ignores the variation between training sets.

    References
    ----------
    McNemar (1947). Dietterich (1998), for classifiers.
    """
    only_first, only_second = int(np.sum(first_right & ~second_right)), int(np.sum(~first_right & second_right))
    return min(1.0, float(stats.binom.cdf(min(only_first, only_second), only_first + only_second, 0.5) * 2))


@renamed_arguments(figures="scores")
def friedman_nemenyi(scores: pd.DataFrame) -> FriedmanTest:
    """Compare classifiers over many datasets with Friedman's and Nemenyi's tests.

    Parameters
    ----------
    scores : DataFrame of shape (n_datasets, n_classifiers)
        One metric value each; higher is better. Datasets with a missing value are left out.

    Returns
    -------
    FriedmanTest

    Raises
    ------
    SplitError
        If there are fewer than three classifiers or fewer than three complete datasets.

    References
    ----------
    Demšar (2006), "Statistical comparisons of classifiers over multiple data sets".
    """
    scores = scores.dropna()
    datasets, classifiers = scores.shape
    if classifiers < 3 or datasets < 3:
        raise SplitError(
            f"scores: Friedman's test needs at least three classifiers and three datasets, not {classifiers} and "
            f"{datasets}."
        )
    p_value = float(stats.friedmanchisquare(*(scores[name] for name in scores)).pvalue)
    ranks = scores.rank(axis=1, ascending=False).mean()
    return FriedmanTest(p_value, ranks, nemenyi(scores))


def nemenyi(scores: pd.DataFrame) -> pd.DataFrame:
    """Test every pair of classifiers over many datasets with Nemenyi's test.

    Parameters
    ----------
    scores : DataFrame of shape (n_datasets, n_classifiers)
        One metric value each. Datasets with a missing value are left out.

    Returns
    -------
    DataFrame of shape (n_classifiers, n_classifiers)
        p-values, adjusted for the number of pairs. The diagonal is 1.

    See Also
    --------
    friedman_nemenyi : Run this test after Friedman's.
    critical_difference : Compute the difference of mean ranks at which the p-value is `alpha`.

    References
    ----------
    Nemenyi (1963), "Distribution-free multiple comparisons". Demšar (2006), section 3.2.2, for classifiers.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0.9, 0.8, 0.9], "b": [0.8, 0.7, 0.8], "c": [0.1, 0.2, 0.3]})
    >>> nemenyi(scores).loc["a"].round(3).tolist()
    [1.0, 0.438, 0.038]
    """
    complete = scores.dropna().to_numpy(dtype=np.float64)
    n, k = complete.shape
    mean_ranks = stats.rankdata(complete, axis=1).mean(axis=0)
    differences = np.abs(mean_ranks[:, None] - mean_ranks)
    p_values = stats.studentized_range.sf(differences / _rank_scale(n, k) * np.sqrt(2.0), k, np.inf)
    np.fill_diagonal(p_values, 1)
    return pd.DataFrame(p_values, index=scores.columns, columns=scores.columns)


def critical_difference(n_datasets: int, n_classifiers: int, *, alpha: float = _ALPHA) -> float:
    """Compute the smallest difference of mean ranks that is significant in Nemenyi's test.

    Parameters
    ----------
    n_datasets, n_classifiers : int
        How many are compared.
    alpha : float, default 0.05
        Significance level.

    Returns
    -------
    float

    See Also
    --------
    nemenyi : Compute the p-values of the test.

    References
    ----------
    Demšar (2006), "Statistical comparisons of classifiers over multiple data sets", section 3.2.2.

    Examples
    --------
    Demšar's example, four classifiers on 14 datasets:

    >>> round(critical_difference(14, 4), 2)
    1.25
    """
    quantile = stats.studentized_range.isf(alpha, n_classifiers, np.inf) / np.sqrt(2.0)
    return float(quantile * _rank_scale(n_datasets, n_classifiers))


def _rank_scale(n_datasets: int, n_classifiers: int) -> float:
    """Compute the standard error of a difference of mean ranks."""
    return float(np.sqrt(n_classifiers * (n_classifiers + 1.0) / (6.0 * n_datasets)))


def _mean_and_scale(
    differences: Sequence[float] | NDArray[np.float64], test_to_train: float
) -> tuple[float, float, int]:
    """Return the mean, its standard error corrected for overlapping training sets, and the count."""
    if (
        isinstance(test_to_train, bool)
        or not isinstance(test_to_train, int | float | np.number)
        or not 0 <= test_to_train < np.inf
    ):
        raise ValueError(f"test_to_train must be a number of at least 0, such as 1/4; got {test_to_train!r}.")
    given = np.asarray(differences)
    try:
        values = given.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"differences must be a sequence of numbers: {error}.") from error
    if given.ndim != 1 or given.dtype.kind in "USc" or np.isinf(values).any():
        raise ValueError("differences must be a sequence of finite numbers, one per split.")
    values = values[~np.isnan(values)]
    n = len(values)
    if n == 0:
        return np.nan, np.nan, 0
    if n == 1:
        return float(values[0]), np.nan, 1
    # Treat differences that are equal up to floating-point noise as having no variance.
    variance = 0.0 if np.ptp(values) < 1e-12 else float(values.var(ddof=1))
    return float(values.mean()), float(np.sqrt((1 / n + test_to_train) * variance)), n
