"""Probabilities are scikit-learn's, and what is labelled without a person is right as often as was asked."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from topicdesk.errors import SpecError
from topicdesk.evaluation import (
    ComparisonPlan,
    DecisionRule,
    SplitPlan,
    classifier_named,
    compare,
    fit_calibration,
    probability_figures,
    reliability_table,
)
from topicdesk.evaluation.calibration import confidence

NOTHING = np.zeros((0, 1))


def drawn(n_rows, slope, intercept, seed, n_topics=1):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n_rows, n_topics))
    return (rng.random((n_rows, n_topics)) < expit(slope * scores + intercept)).astype(np.int8), scores


def calibrated(Y, scores, method="platt", multi_class=False):
    return fit_calibration(Y, scores, (scores > 0).astype(np.int8), method, multi_class, precision=0.95)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10_000), scale=st.sampled_from([1e-3, 1.0, 1e4]), method=st.sampled_from(["platt", "isotonic"])
)
def test_probabilities_are_those_of_scikit_learns_calibration(seed, scale, method):
    Y, scores = drawn(200, 2.0, -1.0, seed)
    if Y.min() == Y.max():
        return
    found = calibrated(Y, scores * scale, method).probabilities(scores * scale)[:, 0]
    # A model whose margin is the score, known beforehand.
    margin = LogisticRegression().fit([[-1.0], [1.0]], [0, 1])
    margin.coef_, margin.intercept_ = np.array([[1.0]]), np.array([0.0])
    name = {"platt": "sigmoid", "isotonic": "isotonic"}[method]
    theirs = CalibratedClassifierCV(FrozenEstimator(margin), method=name).fit(scores * scale, Y[:, 0])
    np.testing.assert_allclose(found, theirs.predict_proba(scores * scale)[:, 1], atol=2e-4)


def test_a_sigmoid_is_found_again_and_scores_that_part_classes_perfectly_give_no_certainty():
    Y, scores = drawn(50_000, 3.0, -2.0, 0)
    at = np.array([[-1.0], [0.0], [1.0]])
    np.testing.assert_allclose(calibrated(Y, scores).probabilities(at), expit(3.0 * at - 2.0), atol=0.01)
    parted = calibrated(np.array([[0], [0], [1]], dtype=np.int8), np.array([[-1.0], [-2.0], [5.0]]))
    assert (parted.probabilities(np.array([[-2.0], [5.0]]))[:, 0] < [0.5, 0.99]).all()
    same = calibrated(np.array([[0], [1]], dtype=np.int8), np.zeros((2, 1)))
    np.testing.assert_allclose(same.probabilities(np.zeros((1, 1))), 0.5)


def test_probabilities_of_classes_add_up_to_one():
    rng = np.random.default_rng(1)
    Y = np.eye(4, dtype=np.int8)[rng.integers(0, 4, 300)]
    scores = Y + rng.normal(size=Y.shape)
    for method in ("platt", "isotonic"):
        found = fit_calibration(Y, scores, Y, method, True, 0.95).probabilities(scores - 5)
        np.testing.assert_allclose(found.sum(axis=1), 1.0)
        assert (found >= 0).all()


def test_confidence_is_the_chance_that_everything_decided_is_right():
    probabilities = np.array([[0.9, 0.2], [0.6, 0.7]])
    decisions = np.array([[1, 0], [0, 1]], dtype=np.int8)
    np.testing.assert_allclose(confidence(probabilities, decisions, multi_class=False), [0.9 * 0.8, 0.4 * 0.7])
    np.testing.assert_allclose(confidence(probabilities, decisions, multi_class=True), [0.9, 0.7])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_probability_figures_are_scikit_learns_weighed_or_repeated(seed):
    rng = np.random.default_rng(seed)
    n_rows, n_topics = 60, 3
    probabilities = rng.random((n_rows, n_topics))
    Y = (rng.random((n_rows, n_topics)) < probabilities).astype(np.int8)
    decisions = (probabilities > 0.5).astype(np.int8)
    automated = rng.random(n_rows) < 0.5
    weights = rng.integers(0, 4, n_rows).astype(float)
    found = {
        name: value[0]
        for name, value in probability_figures(Y, decisions, probabilities, automated, weights[None]).items()
    }
    rows = np.repeat(np.arange(n_rows), weights.astype(int))
    Y, decisions, probabilities, automated = Y[rows], decisions[rows], probabilities[rows], automated[rows]
    assert found["brier"] == pytest.approx(
        np.mean([brier_score_loss(Y[:, topic], probabilities[:, topic]) for topic in range(n_topics)])
    )
    errors = []
    for topic in range(n_topics):
        observed, predicted = calibration_curve(Y[:, topic], probabilities[:, topic], n_bins=10)
        held = np.histogram(probabilities[:, topic], bins=10, range=(0, 1))[0]
        errors.append((np.abs(observed - predicted) * held[held > 0]).sum() / len(rows))
    assert found["calibration_error"] == pytest.approx(np.mean(errors))
    assert found["automation_rate"] == pytest.approx(automated.mean())
    right = (decisions == Y).all(axis=1)
    assert found["automation_precision"] == pytest.approx(right[automated].mean())


def test_probability_figures_of_many_weighings_are_those_of_each_alone():
    rng = np.random.default_rng(2)
    probabilities = rng.random((40, 2))
    Y = (rng.random((40, 2)) < probabilities).astype(np.int8)
    decisions, automated = (probabilities > 0.5).astype(np.int8), rng.random(40) < 0.5
    weights = rng.integers(0, 4, (5, 40)).astype(float)
    together = probability_figures(Y, decisions, probabilities, automated, weights)
    for row in range(5):
        alone = probability_figures(Y, decisions, probabilities, automated, weights[row : row + 1])
        for name, values in together.items():
            assert values.shape == (5,)
            assert values[row] == pytest.approx(alone[name][0])
    assert probability_figures(Y, decisions, probabilities, automated)["brier"].shape == (1,)


def test_where_nothing_is_automated_there_is_no_precision():
    Y = np.ones((3, 1), dtype=np.int8)
    found = probability_figures(Y, Y, Y.astype(float), np.zeros(3, dtype=bool))
    assert found["automation_rate"] == 0
    assert np.isnan(found["automation_precision"]).all()


def test_a_reliability_table_counts_every_article_once_with_wilsons_interval():
    rng = np.random.default_rng(3)
    said = np.append(rng.random(500), [0.0, 1.0])
    table = reliability_table((rng.random(502) < said).astype(np.int8), said)
    assert table["articles"].sum() == 502
    assert (table["low"] <= table["observed"]).all() and (table["observed"] <= table["high"]).all()
    _, predicted = calibration_curve((rng.random(502) < said).astype(int), said, n_bins=10)
    np.testing.assert_allclose(table["predicted"], predicted)


def test_articles_that_stand_there_five_times_make_no_interval_narrower():
    rng = np.random.default_rng(4)
    said = rng.random(200)
    y = (rng.random(200) < said).astype(np.int8)
    once, five = reliability_table(y, said), reliability_table(np.tile(y, 5), np.tile(said, 5), repeats=5)
    np.testing.assert_allclose(five[["observed", "low", "high"]], once[["observed", "low", "high"]])
    assert five["articles"].sum() == 1000


def test_the_asked_precision_is_kept_on_articles_never_seen():
    # 20 corpora from the same well: what was promised on one half of each must hold on the other, on average.
    kept, automated = [], []
    for seed in range(20):
        Y, scores = drawn(2000, 3.0, -1.0, seed, n_topics=2)
        decisions = (scores > 1 / 3).astype(np.int8)
        half = slice(0, 1000), slice(1000, None)
        calibration = fit_calibration(Y[half[0]], scores[half[0]], decisions[half[0]], "platt", False, 0.9)
        sure = confidence(calibration.probabilities(scores[half[1]]), decisions[half[1]], False) >= calibration.cut
        automated.append(sure.mean())
        kept.append((Y[half[1]] == decisions[half[1]]).all(axis=1)[sure].mean())
    assert np.mean(kept) == pytest.approx(0.9, abs=0.01)
    assert 0.1 < np.mean(automated) < 0.9


@pytest.mark.slow
def test_a_comparison_tells_probabilities_of_what_was_scored_on_inner_folds(dataset):
    plan = ComparisonPlan(
        classifiers=tuple(map(classifier_named, ("majority", "plain-linear-svm", "multinomial-nb", "linear-svm"))),
        splits=SplitPlan(folds=3),
        resamples=50,
        decision_rule=DecisionRule(automation_precision=0.8),
    )
    found = compare(dataset, plan, jobs=1)
    table = found.probability_leaderboard()
    assert sorted(table.index) == ["linear-svm", "multinomial-nb"]
    assert "labelled alone at 80% [95 %]" in table.columns
    for result in found.results_of("linear-svm"):
        assert ((result.probabilities >= 0) & (result.probabilities <= 1)).all()
    predictions = found.predictions("linear-svm")
    assert predictions["probability"].between(0, 1).all()
    assert found.predictions("majority")["probability"].isna().all()
    steps = compare(dataset, replace(plan, decision_rule=DecisionRule(calibration="isotonic")), jobs=1)
    assert not np.array_equal(steps.results[-1].probabilities, found.results[-1].probabilities)
    np.testing.assert_array_equal(steps.results[-1].decisions, found.results[-1].decisions)


def test_a_comparison_without_a_choice_has_no_probabilities_and_says_so(dataset):
    plan = ComparisonPlan((classifier_named("majority"), classifier_named("plain-linear-svm")), resamples=20)
    found = compare(dataset, plan, jobs=1)
    assert found.probability_leaderboard().empty
    with pytest.raises(SpecError, match="no classifier of this comparison has probabilities"):
        found.plot_reliability("courts")
