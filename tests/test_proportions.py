"""Intervals and tests for proportions, compared with statsmodels and SciPy."""

import warnings
from itertools import permutations

import numpy as np
import pytest
from hypothesis import example, given, strategies as st
from scipy.stats import binomtest, fisher_exact
from statsmodels.stats.proportion import proportion_confint, test_proportions_2indep as score_test_of_statsmodels

from topicdesk._proportions import score_test, stratified_exact_test, wilson_interval

samples = st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(samples, st.sampled_from([0.5, 0.1, 0.05, 0.01]))
@example((0, 1), 0.05)
@example((1, 1), 0.05)
@example((0, 100_000), 0.05)
def test_wilson_interval_agrees_with_scipy_and_statsmodels(sample, alpha):
    k, n = sample
    low, high = wilson_interval([k], [n], alpha=alpha)
    theirs = binomtest(k, n).proportion_ci(1 - alpha, method="wilson")
    np.testing.assert_allclose((low[0], high[0]), (theirs.low, theirs.high), rtol=0, atol=1e-12)
    np.testing.assert_array_equal((low[0], high[0]), proportion_confint(k, n, alpha, method="wilson"))


@given(st.lists(samples, min_size=1, max_size=20), st.integers(1, 10))
def test_wilson_interval_of_several_and_repeated_samples_agrees_with_statsmodels(many, repeats):
    k, n = np.array(many).T / repeats
    np.testing.assert_array_equal(wilson_interval(k, n), proportion_confint(k, n, method="wilson"))


def test_wilson_interval_is_nan_without_trials():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = wilson_interval([0, 1, 0], [0, 2, 0])
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False, True]
    assert [end.shape for end in wilson_interval([], 5)] == [(0,), (0,)]


@given(samples, samples)
@example((3, 10), (3, 10))
@example((0, 5), (5, 5))
@example((1, 1), (0, 1))
def test_score_test_agrees_with_statsmodels(first, second):
    (k_1, n_1), (k_2, n_2) = first, second
    ours = score_test((k_1, k_2), (n_1, n_2))
    if 0 < k_1 + k_2 < n_1 + n_2:
        with np.errstate(divide="ignore", invalid="ignore"):
            assert ours == score_test_of_statsmodels(k_1, n_1, k_2, n_2, method="score").pvalue
    else:
        assert ours == 1


@pytest.mark.parametrize("trials", [(0, 5), (5, 0), (0, 0)])
def test_score_test_is_nan_for_an_empty_sample(trials):
    assert np.isnan(score_test((0, 0), trials))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_stratified_exact_test_of_one_stratum_is_fishers_test(rows):
    members, successes = np.array(rows).T
    counts = [[(members & successes).sum(), (members & ~successes).sum()],
              [(~members & successes).sum(), (~members & ~successes).sum()]]  # fmt: skip
    expected, p_value = stratified_exact_test(members, successes, np.zeros(len(rows), dtype=int))
    assert p_value == pytest.approx(fisher_exact(counts, alternative="greater").pvalue, abs=1e-10)
    assert expected == pytest.approx(members.sum() * successes.sum() / len(rows))


def test_stratified_exact_test_counts_the_permutations_within_strata():
    members = np.array([1, 1, 0, 0, 1, 0, 0], dtype=bool)
    successes = np.array([1, 1, 0, 1, 1, 0, 0], dtype=bool)
    strata = np.array([7, 7, 7, 7, 2, 2, 2])
    observed = (members & successes).sum()
    sums = [
        (members[:4] & np.array(first)).sum() + (members[4:] & np.array(second)).sum()
        for first in permutations(successes[:4])
        for second in permutations(successes[4:])
    ]
    expected, p_value = stratified_exact_test(members, successes, strata)
    assert p_value == pytest.approx(np.mean([total >= observed for total in sums]))
    assert expected == pytest.approx(np.mean(sums))


def test_stratified_exact_test_ignores_that_a_group_has_more_of_the_harder_stratum():
    strata = np.repeat([0, 1], 200)
    successes = np.concatenate([np.arange(200) % 20 == 0, np.arange(200) % 2 == 0])  # 5 % and 50 %
    members = np.concatenate([np.arange(200) < 20, np.arange(200) < 180])
    nobody = np.zeros(400, dtype=int)
    assert stratified_exact_test(members, successes, nobody)[1] < 1e-6
    assert stratified_exact_test(members, successes, strata)[1] > 0.4
