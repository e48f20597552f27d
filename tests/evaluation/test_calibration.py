"""Calibrated probabilities agree with scikit-learn, and automated decisions reach the requested precision."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from topicdesk._answers import confidence
from topicdesk.errors import SpecError
from topicdesk.evaluation import (
    ComparisonPlan,
    DecisionRule,
    SplitPlan,
    classifier_named,
    compare,
    fit_calibration,
    probability_metric_values,
    reliability_table,
)

NOTHING = np.zeros((0, 1))


def draw_scores(n_rows, slope, intercept, random_state, n_topics=1):
    rng = np.random.default_rng(random_state)
    scores = rng.normal(size=(n_rows, n_topics))
    return (rng.random((n_rows, n_topics)) < expit(slope * scores + intercept)).astype(np.int8), scores


def calibrate(Y, scores, method="platt", multi_class=False):
    return fit_calibration(Y, scores, (scores > 0).astype(np.int8), method, multi_class, precision=0.95)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(
    random_state=st.integers(0, 10_000),
    scale=st.sampled_from([1e-3, 1.0, 1e4]),
    method=st.sampled_from(["platt", "isotonic"]),
)
def test_fit_calibration_agrees_with_scikit_learn(random_state, scale, method):
    Y, scores = draw_scores(200, 2.0, -1.0, random_state)
    if Y.min() == Y.max():
        return
    ours = calibrate(Y, scores * scale, method).probabilities(scores * scale)[:, 0]
    # A fitted model whose decision function returns the score unchanged.
    margin = LogisticRegression().fit([[-1.0], [1.0]], [0, 1])
    margin.coef_, margin.intercept_ = np.array([[1.0]]), np.array([0.0])
    name = {"platt": "sigmoid", "isotonic": "isotonic"}[method]
    theirs = CalibratedClassifierCV(FrozenEstimator(margin), method=name).fit(scores * scale, Y[:, 0])
    np.testing.assert_allclose(ours, theirs.predict_proba(scores * scale)[:, 1], atol=2e-4)


def test_fit_calibration_recovers_a_sigmoid_and_is_not_certain_if_classes_separate():
    Y, scores = draw_scores(50_000, 3.0, -2.0, 0)
    points = np.array([[-1.0], [0.0], [1.0]])
    np.testing.assert_allclose(calibrate(Y, scores).probabilities(points), expit(3.0 * points - 2.0), atol=0.01)
    separated = calibrate(np.array([[0], [0], [1]], dtype=np.int8), np.array([[-1.0], [-2.0], [5.0]]))
    assert (separated.probabilities(np.array([[-2.0], [5.0]]))[:, 0] < [0.5, 0.99]).all()
    constant = calibrate(np.array([[0], [1]], dtype=np.int8), np.zeros((2, 1)))
    np.testing.assert_allclose(constant.probabilities(np.zeros((1, 1))), 0.5)


def test_fit_calibration_gives_class_probabilities_that_sum_to_one():
    rng = np.random.default_rng(1)
    Y = np.eye(4, dtype=np.int8)[rng.integers(0, 4, 300)]
    scores = Y + rng.normal(size=Y.shape)
    for method in ("platt", "isotonic"):
        probabilities = fit_calibration(Y, scores, Y, method, True, 0.95).probabilities(scores - 5)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
        assert (probabilities >= 0).all()


def test_confidence_is_the_probability_that_all_decisions_are_right():
    probabilities = np.array([[0.9, 0.2], [0.6, 0.7]])
    decisions = np.array([[1, 0], [0, 1]], dtype=np.int8)
    np.testing.assert_allclose(confidence(probabilities, decisions, multi_class=False), [0.9 * 0.8, 0.4 * 0.7])
    np.testing.assert_allclose(confidence(probabilities, decisions, multi_class=True), [0.9, 0.7])


@settings(max_examples=60, deadline=None)
@given(random_state=st.integers(0, 10_000))
def test_probability_metric_values_with_weights_agree_with_scikit_learn(random_state):
    rng = np.random.default_rng(random_state)
    n_rows, n_topics = 60, 3
    probabilities = rng.random((n_rows, n_topics))
    Y = (rng.random((n_rows, n_topics)) < probabilities).astype(np.int8)
    decisions = (probabilities > 0.5).astype(np.int8)
    automated = rng.random(n_rows) < 0.5
    weights = rng.integers(0, 4, n_rows).astype(float)
    result = {
        name: value[0]
        for name, value in probability_metric_values(Y, decisions, probabilities, automated, weights[None]).items()
    }
    rows = np.repeat(np.arange(n_rows), weights.astype(int))
    Y, decisions, probabilities, automated = Y[rows], decisions[rows], probabilities[rows], automated[rows]
    assert result["brier"] == pytest.approx(
        np.mean([brier_score_loss(Y[:, topic], probabilities[:, topic]) for topic in range(n_topics)])
    )
    errors = []
    for topic in range(n_topics):
        observed, predicted = calibration_curve(Y[:, topic], probabilities[:, topic], n_bins=10)
        counts = np.histogram(probabilities[:, topic], bins=10, range=(0, 1))[0]
        errors.append((np.abs(observed - predicted) * counts[counts > 0]).sum() / len(rows))
    assert result["calibration_error"] == pytest.approx(np.mean(errors))
    assert result["automation_rate"] == pytest.approx(automated.mean())
    right = (decisions == Y).all(axis=1)
    assert result["automation_precision"] == pytest.approx(right[automated].mean())


def test_probability_metric_values_of_many_weights_equal_those_of_each_alone():
    rng = np.random.default_rng(2)
    probabilities = rng.random((40, 2))
    Y = (rng.random((40, 2)) < probabilities).astype(np.int8)
    decisions, automated = (probabilities > 0.5).astype(np.int8), rng.random(40) < 0.5
    weights = rng.integers(0, 4, (5, 40)).astype(float)
    together = probability_metric_values(Y, decisions, probabilities, automated, weights)
    for row in range(5):
        alone = probability_metric_values(Y, decisions, probabilities, automated, weights[row : row + 1])
        for name, values in together.items():
            assert values.shape == (5,)
            assert values[row] == pytest.approx(alone[name][0])
    assert probability_metric_values(Y, decisions, probabilities, automated)["brier"].shape == (1,)


def test_probability_metric_values_have_no_precision_if_nothing_is_automated():
    Y = np.ones((3, 1), dtype=np.int8)
    result = probability_metric_values(Y, Y, Y.astype(float), np.zeros(3, dtype=bool))
    assert result["automation_rate"] == 0
    assert np.isnan(result["automation_precision"]).all()


def test_reliability_table_counts_each_article_once_with_an_interval():
    rng = np.random.default_rng(3)
    probabilities = np.append(rng.random(500), [0.0, 1.0])
    table = reliability_table((rng.random(502) < probabilities).astype(np.int8), probabilities)
    assert table["articles"].sum() == 502
    assert (table["low"] <= table["observed"]).all() and (table["observed"] <= table["high"]).all()
    _, predicted = calibration_curve((rng.random(502) < probabilities).astype(int), probabilities, n_bins=10)
    np.testing.assert_allclose(table["predicted"], predicted)


def test_reliability_table_intervals_do_not_narrow_with_repeats():
    rng = np.random.default_rng(4)
    probabilities = rng.random(200)
    y = (rng.random(200) < probabilities).astype(np.int8)
    once, five = (
        reliability_table(y, probabilities),
        reliability_table(np.tile(y, 5), np.tile(probabilities, 5), repeats=5),
    )
    np.testing.assert_allclose(five[["observed", "low", "high"]], once[["observed", "low", "high"]])
    assert five["articles"].sum() == 1000


def test_fit_calibration_reaches_the_requested_precision_on_new_articles():
    # 40 corpora of one distribution: at least nine in ten must have on one half the precision promised on the other.
    precisions, automated = [], []
    for seed in range(40):
        Y, scores = draw_scores(2000, 3.0, -1.0, seed, n_topics=2)
        decisions = (scores > 1 / 3).astype(np.int8)
        half = slice(0, 1000), slice(1000, None)
        calibration = fit_calibration(Y[half[0]], scores[half[0]], decisions[half[0]], "platt", False, 0.9)
        sure = confidence(calibration.probabilities(scores[half[1]]), decisions[half[1]], False) >= calibration.cut
        automated.append(sure.mean())
        if sure.any():
            precisions.append((Y[half[1]] == decisions[half[1]]).all(axis=1)[sure].mean())
    # A half of a corpus also varies: two standard errors.
    assert np.mean(np.array(precisions) < 0.9 - 0.02) <= 0.1
    assert np.mean(precisions) > 0.9
    assert 0.1 < np.mean(automated) < 0.9


@pytest.mark.slow
def test_compare_gives_probabilities_to_classifiers_with_inner_folds(dataset):
    plan = ComparisonPlan(
        classifiers=tuple(map(classifier_named, ("majority", "plain-linear-svm", "multinomial-nb", "linear-svm"))),
        splits=SplitPlan(folds=3),
        resamples=50,
        decision_rule=DecisionRule(automation_precision=0.8),
    )
    comparison = compare(dataset, plan, n_jobs=1)
    table = comparison.probability_leaderboard()
    assert sorted(table.index) == ["linear-svm", "multinomial-nb"]
    assert "labelled alone at 80% [95 %]" in table.columns
    for result in comparison.results_of("linear-svm"):
        assert ((result.probabilities >= 0) & (result.probabilities <= 1)).all()
    predictions = comparison.predictions("linear-svm")
    assert predictions["probability"].between(0, 1).all()
    assert comparison.predictions("majority")["probability"].isna().all()
    isotonic = compare(dataset, replace(plan, decision_rule=DecisionRule(calibration="isotonic")), n_jobs=1)
    assert not np.array_equal(isotonic.results[-1].probabilities, comparison.results[-1].probabilities)
    np.testing.assert_array_equal(isotonic.results[-1].decisions, comparison.results[-1].decisions)


def test_plot_reliability_reports_that_no_classifier_has_probabilities(dataset):
    plan = ComparisonPlan((classifier_named("majority"), classifier_named("plain-linear-svm")), resamples=20)
    comparison = compare(dataset, plan, n_jobs=1)
    assert comparison.probability_leaderboard().empty
    with pytest.raises(SpecError, match="no classifier of this comparison has probabilities"):
        comparison.plot.reliability("courts")
