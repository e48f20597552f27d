"""Significance tests, on data with a known truth and against other implementations."""

from dataclasses import astuple
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from hypothesis import example, given, settings, strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of_statsmodels
from statsmodels.stats.multitest import multipletests

from topicdesk.errors import SplitError
from topicdesk.evaluation.significance import (
    BayesianTest,
    bayesian_t_test,
    corrected_t_test,
    critical_difference,
    friedman_nemenyi,
    holm,
    mcnemar,
    nemenyi,
)

FIVE_FOLDS = 1 / 4


def accuracies(X, y, folds, repeats, rng):
    """Cross-validate a classifier that separates the class means, and yield its accuracies."""
    for _ in range(repeats):
        fold = rng.permutation(len(y)) % folds
        for held_out in range(folds):
            train, test = fold != held_out, fold == held_out
            means = [X[train & (y == label)].mean(axis=0) for label in (0, 1)]
            weights = means[1] - means[0]
            decided = (X[test] - (means[0] + means[1]) / 2) @ weights > 0
            yield (decided == y[test]).mean()


def differences_of_equal_classifiers(random_state, repeats=4):
    """Return differences between two classifiers on equally good features: neither is better."""
    rng = np.random.default_rng(random_state)
    y = rng.permutation(np.arange(100) % 2)
    blocks = [rng.normal(size=(100, 5)) + 0.4 * y[:, None] for _ in range(2)]
    first, second = (list(accuracies(X, y, 5, repeats, np.random.default_rng(random_state))) for X in blocks)
    return np.subtract(first, second)


@pytest.mark.slow
def test_corrected_t_test_has_its_nominal_error_rate_and_the_naive_one_has_not():
    runs = [differences_of_equal_classifiers(seed) for seed in range(200)]
    corrected = np.mean([corrected_t_test(run, FIVE_FOLDS).p_value < 0.05 for run in runs])
    naive = np.mean([stats.ttest_1samp(run, 0).pvalue < 0.05 for run in runs])
    assert 0.01 <= corrected <= 0.10
    assert naive > 0.3


def test_corrected_t_test_detects_a_difference():
    rng = np.random.default_rng(0)
    result = corrected_t_test(0.05 + 0.02 * rng.normal(size=10), FIVE_FOLDS)
    assert result.p_value < 0.01
    assert result.low < 0.05 < result.high


def test_corrected_t_test_without_overlap_is_the_t_test():
    values = np.random.default_rng(1).normal(0.1, 1, 12)
    ours, theirs = corrected_t_test(values, 0.0), stats.ttest_1samp(values, 0)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=1e-12)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval()), abs=1e-12)
    assert ours.n == 12


def test_corrected_t_test_uses_the_correction_of_the_paper():
    # Three differences with variance 1: the standard error is sqrt(1/3 + 1/2).
    result = corrected_t_test([1, 2, 3], 1 / 2)
    statistic = 2 / np.sqrt(1 / 3 + 1 / 2)
    assert result.p_value == pytest.approx(2 * stats.t.sf(statistic, 2))


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ([0.0, 0.0, 0.0], (0, 0, 0, 1, 3)),
        ([0.1, 0.1], (0.1, 0.1, 0.1, 0, 2)),
        ([0.1], (0.1, np.nan, np.nan, np.nan, 1)),
        ([], (np.nan, np.nan, np.nan, np.nan, 0)),
    ],
)
def test_corrected_t_test_handles_equal_and_too_few_differences(differences, expected):
    assert astuple(corrected_t_test(differences, FIVE_FOLDS)) == pytest.approx(expected, nan_ok=True)


def test_corrected_t_test_ignores_rounding_errors_of_equal_differences():
    result = corrected_t_test([0.3, 0.1 + 0.2], FIVE_FOLDS)
    assert result.low == result.high == result.difference
    assert result.p_value == 0


@pytest.mark.parametrize(
    ("difference", "sides"),
    [(0.02, (1, 0, 0, 1)), (-0.02, (0, 0, 1, 0)), (0.0, (0, 1, 0, 0.5)), (0.01, (0, 1, 0, 1)), (-0.01, (0, 1, 0, 0))],
)
def test_bayesian_t_test_is_certain_for_equal_differences(difference, sides):
    assert astuple(bayesian_t_test([difference] * 3, FIVE_FOLDS, rope=0.01)) == (*sides, 0.01)


def test_bayesian_t_test_needs_two_differences():
    assert np.isfinite(astuple(bayesian_t_test([0.02, 0.03], FIVE_FOLDS))).all()
    undefined = astuple(bayesian_t_test([0.02], FIVE_FOLDS, rope=0.03))
    assert undefined == pytest.approx((np.nan, np.nan, np.nan, np.nan, 0.03), nan_ok=True)


def test_corrected_t_test_skips_undefined_differences():
    assert corrected_t_test([0.1, np.nan, 0.2, 0.15], FIVE_FOLDS) == corrected_t_test([0.1, 0.2, 0.15], FIVE_FOLDS)


def test_bayesian_t_test_agrees_with_baycomp():
    # baycomp 1.0.3: CorrelatedTTest(x, y, rope=0.01, runs=2).probs() of ten folds, x - y as below.
    differences = [0.02, 0.01, -0.01, 0.03, 0.02, 0.00, 0.015, 0.005, 0.02, 0.01]
    ours = bayesian_t_test(differences, test_to_train=1 / 4, rope=0.01)
    assert (ours.better, ours.equivalent, ours.worse) == pytest.approx(
        (0.6113834355, 0.3832625546, 0.00535401), abs=1e-8
    )


def test_bayesian_test_in_words_names_the_better_classifier_first():
    differences = [0.02, 0.01, -0.01, 0.03, 0.02]
    sentence = bayesian_t_test(differences, FIVE_FOLDS).in_words("ridge", "sgd")
    assert sentence == bayesian_t_test(np.negative(differences), FIVE_FOLDS).in_words("sgd", "ridge")
    assert sentence.startswith("ridge is better than sgd with 8")
    assert "by more than 0.01 with" in sentence
    even = BayesianTest(0.0, 1.0, 0.0, above_zero=0.5, rope=0.01)
    assert even.in_words("ridge", "sgd") == "ridge is better than sgd with 50%, by more than 0.01 with 0%"


def test_holm_adjusts_p_values_and_keeps_undefined_ones():
    np.testing.assert_allclose(holm([0.01, np.nan, 0.04, 0.03]), [0.03, np.nan, 0.06, 0.06])
    assert np.isnan(holm([np.nan])).all()


@given(st.lists(st.floats(0, 1) | st.just(float("nan")), max_size=20))
@example([])
@example([0.0, 0.0, 1.0])
@example([0.02, 0.02, 0.01, float("nan"), 0.02])
def test_holm_agrees_with_statsmodels(p_values):
    expected = np.array(p_values, dtype=float)
    defined = ~np.isnan(expected)
    if defined.any():
        with patch("gc.collect"):  # statsmodels calls it each time, which is slow
            expected[defined] = multipletests(expected[defined], method="holm")[1]
    np.testing.assert_array_equal(holm(p_values), expected)


@given(*[st.integers(0, 3000)] * 2)
@example(0, 0)
@example(5, 5)
def test_mcnemar_agrees_with_statsmodels(only_first, only_second):
    first = np.repeat([True, True, False, False], [7, only_first, only_second, 3])
    second = np.repeat([True, False, True, False], [7, only_first, only_second, 3])
    expected = mcnemar_of_statsmodels([[7, only_first], [only_second, 3]], exact=True).pvalue
    assert mcnemar(first, second) == expected


def test_mcnemar_counts_the_discordant_articles():
    first = np.array([True] * 8 + [False] * 1 + [True] * 50)
    second = np.array([False] * 8 + [True] * 1 + [True] * 50)
    assert mcnemar(first, second) == pytest.approx(stats.binomtest(1, 9).pvalue)
    assert mcnemar(first, first) == 1.0


@given(st.integers(3, 12), st.integers(3, 15), st.integers(0, 10_000), st.booleans())
@settings(max_examples=15, deadline=None)
def test_nemenyi_agrees_with_scikit_posthocs(n_datasets, n_classifiers, random_state, missing):
    rng = np.random.default_rng(random_state)
    scores = pd.DataFrame(rng.normal(size=(n_datasets, n_classifiers)).round(1))  # with ties
    if missing:
        scores.iloc[0, 0] = np.nan
    expected = scikit_posthocs.posthoc_nemenyi_friedman(scores.dropna().to_numpy())
    np.testing.assert_allclose(nemenyi(scores), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("n_classifiers", "quantile"), [(2, 1.960), (3, 2.343), (4, 2.569), (6, 2.850), (10, 3.164)])
def test_critical_difference_agrees_with_the_table_of_demsar(n_classifiers, quantile):
    scale = np.sqrt(n_classifiers * (n_classifiers + 1) / (6 * 20))
    assert critical_difference(20, n_classifiers) == pytest.approx(quantile * scale, abs=1e-3 * scale)


def test_friedman_nemenyi_ranks_classifiers_over_datasets():
    rng = np.random.default_rng(0)
    base = rng.uniform(0.5, 0.9, 12)
    scores = pd.DataFrame({"good": base + 0.05, "same": base + 0.049 + rng.normal(0, 0.01, 12), "bad": base - 0.2})
    result = friedman_nemenyi(scores)
    assert result.p_value < 0.001
    assert result.ranks["bad"] == 3
    assert result.pairs.loc["good", "bad"] < 0.01
    assert result.pairs.loc["good", "same"] > 0.5
    assert friedman_nemenyi(scores.iloc[:3]).ranks["bad"] == 3
    with_gap = pd.concat([scores, scores.iloc[:1].assign(good=np.nan)], ignore_index=True)
    assert friedman_nemenyi(with_gap).p_value == result.p_value
    assert friedman_nemenyi(with_gap).ranks.equals(result.ranks)
    with pytest.raises(SplitError, match="needs at least three classifiers and three datasets, not 3 and 2"):
        friedman_nemenyi(scores.iloc[:2])
    with pytest.raises(SplitError, match="needs at least three classifiers and three datasets, not 2 and 12"):
        friedman_nemenyi(scores[["good", "bad"]])


@pytest.mark.parametrize(
    ("differences", "test_to_train", "message"),
    [
        (None, 0.25, "differences must be a sequence of finite numbers"),
        (0.1, 0.25, "differences must be a sequence of finite numbers"),
        ([[0.1, 0.2], [0.3, 0.4]], 0.25, "differences must be a sequence of finite numbers"),
        (["1", "2"], 0.25, "differences must be a sequence of finite numbers"),
        (["a"], 0.25, "differences must be a sequence of numbers: could not convert"),
        ([0.1, np.inf], 0.25, "differences must be a sequence of finite numbers"),
        ([0.1, 0.2], -1, "test_to_train must be a number of at least 0, such as 1/4; got -1"),
        ([0.1, 0.2], np.nan, "test_to_train must be a number of at least 0"),
        ([0.1, 0.2], None, "test_to_train must be a number of at least 0"),
    ],
)
@pytest.mark.parametrize("test", [corrected_t_test, bayesian_t_test])
def test_t_tests_name_a_wrong_argument(test, differences, test_to_train, message):
    with pytest.raises(ValueError, match=message):
        test(differences, test_to_train)
