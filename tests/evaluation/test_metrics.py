"""Metrics agree with scikit-learn, for one vector of row weights and for many."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn import metrics as sk
from sklearn.exceptions import UndefinedMetricWarning

from topicdesk.evaluation import METRICS, TOPIC_METRICS, metric_values, topic_metric_values
from topicdesk.evaluation.metrics import bootstrap_weights, metric_value


@st.composite
def outcomes(draw):
    """Draw labels, decisions, scores with ties, and row weights."""
    n_rows, n_topics = draw(st.integers(6, 20)), draw(st.integers(2, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    Y = rng.integers(0, 2, (n_rows, n_topics), dtype=np.int8)
    Y[0], Y[1] = 1, 0  # every topic has a positive and a negative
    decisions = rng.integers(0, 2, (n_rows, n_topics), dtype=np.int8)
    scores = rng.integers(-3, 4, (n_rows, n_topics)) / 2
    weights = rng.integers(0, 4, n_rows).astype(float)
    weights[:2] = 1
    return Y, decisions, scores, weights


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(outcome=outcomes())
def test_metric_values_with_weights_agree_with_scikit_learn(outcome):
    Y, decisions, scores, weights = outcome
    own = metric_values(Y, decisions, scores, weights[None])
    by_topic = topic_metric_values(Y, decisions, scores, weights[None])
    # A row of weight 3 equals a row that is repeated three times.
    rows = np.repeat(np.arange(len(Y)), weights.astype(int))
    Y, decisions, scores = Y[rows], decisions[rows], scores[rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        for mean in ("macro", "micro"):
            precision, recall, f1, _ = sk.precision_recall_fscore_support(Y, decisions, average=mean, zero_division=0)
            assert own[f"{mean}_precision"][0] == pytest.approx(precision, abs=1e-12)
            assert own[f"{mean}_recall"][0] == pytest.approx(recall, abs=1e-12)
            assert own[f"{mean}_f1"][0] == pytest.approx(f1, abs=1e-12)
            assert own[f"{mean}_average_precision"][0] == pytest.approx(
                sk.average_precision_score(Y, scores, average=mean), abs=1e-12
            )
            assert own[f"{mean}_roc_auc"][0] == pytest.approx(sk.roc_auc_score(Y, scores, average=mean), abs=1e-12)
    assert own["subset_accuracy"][0] == pytest.approx((decisions == Y).all(axis=1).mean(), abs=1e-12)
    assert own["hamming_loss"][0] == pytest.approx((decisions != Y).mean(), abs=1e-12)
    assert set(own) == set(METRICS)
    np.testing.assert_array_equal(by_topic["support"][0], Y.sum(axis=0))
    for topic in range(Y.shape[1]):
        expected = sk.average_precision_score(Y[:, topic], scores[:, topic])
        assert by_topic["average_precision"][0, topic] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(outcome=outcomes())
def test_metric_value_equals_its_entry_in_metric_values(outcome):
    Y, decisions, scores, _ = outcome
    everything = metric_values(Y, decisions, scores)
    for name in METRICS:
        assert metric_value(name, Y, decisions, scores) == pytest.approx(everything[name][0], abs=1e-12)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(outcome=outcomes(), random_state=st.integers(0, 999))
def test_metric_values_of_many_weights_equal_those_of_each_alone(outcome, random_state):
    Y, decisions, scores, _ = outcome
    rng = np.random.default_rng(random_state)
    # Some weights leave a topic without positives. Undefined metrics must not affect others.
    weights = rng.integers(0, 3, (70, len(Y))).astype(float)
    weights[:, 2] += 1
    folds = rng.integers(0, 3, len(Y))
    for fold in (None, folds):
        together = metric_values(Y, decisions, scores, weights, fold)
        for row in (0, 1, 35, 69):
            alone = metric_values(Y, decisions, scores, weights[row : row + 1], fold)
            for name in METRICS:
                assert together[name].shape == (70,)
                np.testing.assert_allclose(together[name][row], alone[name][0], atol=1e-12)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(outcome=outcomes(), random_state=st.integers(0, 999))
def test_topic_metric_values_average_ranking_metrics_over_folds(outcome, random_state):
    Y, decisions, scores, _ = outcome
    folds = np.random.default_rng(random_state).integers(0, 3, len(Y))
    result = topic_metric_values(Y, decisions, scores, folds=folds)
    for name in ("average_precision", "roc_auc"):
        for topic in range(Y.shape[1]):
            by_fold = []
            for fold in np.unique(folds):
                y, ranked = Y[folds == fold, topic], scores[folds == fold, topic]
                if y.any() and (name == "average_precision" or not y.all()):
                    by_fold.append(getattr(sk, f"{name}_score")(y, ranked))
            assert result[name][0, topic] == pytest.approx(
                np.mean(by_fold) if by_fold else np.nan, abs=1e-12, nan_ok=True
            )


def test_metric_values_count_each_row_once_by_default():
    Y = np.array([[1, 0], [0, 1]], dtype=np.int8)
    assert metric_values(Y, Y, Y.astype(float))["macro_f1"].shape == (1,)
    assert topic_metric_values(Y, Y, Y.astype(float))["f1"].shape == (1, 2)


def test_metric_values_use_given_topic_metric_values():
    Y = np.array([[1, 0], [0, 1]], dtype=np.int8)
    halved = {name: values / 2 for name, values in topic_metric_values(Y, Y, Y.astype(float)).items()}
    result = metric_values(Y, Y, Y.astype(float), by_topic=halved)
    assert result["macro_f1"][0] == 0.5
    assert result["micro_f1"][0] == 1


def test_metric_values_without_positives_have_no_recall_and_no_warning():
    Y = np.zeros((3, 2), dtype=np.int8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = metric_values(Y, Y, Y.astype(float))
    for name in ("macro_recall", "macro_f1", "macro_average_precision", "macro_roc_auc", "micro_recall"):
        assert np.isnan(result[name][0])
    assert result["macro_precision"][0] == result["micro_precision"][0] == 0


def test_metric_values_do_not_rank_scores_of_different_folds_together():
    Y = np.array([[1], [0], [1], [0]], dtype=np.int8)
    # Each fold ranks its own rows perfectly, on its own scale.
    scores = np.array([[0.9], [0.8], [0.2], [0.1]])
    folds = np.array([0, 0, 1, 1])
    assert metric_values(Y, Y, scores)["macro_roc_auc"][0] < 1
    assert metric_values(Y, Y, scores, folds=folds)["macro_roc_auc"][0] == 1
    assert metric_values(Y, Y, scores, folds=folds)["micro_average_precision"][0] == 1


def test_metric_values_are_nan_if_undefined_and_left_out_of_macro_means():
    Y = np.array([[1, 0], [0, 0], [1, 0]], dtype=np.int8)
    decisions = np.array([[1, 0], [0, 0], [1, 0]], dtype=np.int8)
    scores = np.array([[2.0, 1.0], [1.0, 2.0], [3.0, 0.0]])
    by_topic = topic_metric_values(Y, decisions, scores)
    assert set(by_topic) >= set(TOPIC_METRICS)
    for name in TOPIC_METRICS:
        assert by_topic[name][0, 0] == 1
        expected = 0.0 if name == "precision" else np.nan
        np.testing.assert_equal(by_topic[name][0, 1], expected, err_msg=name)
    assert metric_values(Y, decisions, scores)["macro_f1"][0] == 1


def test_bootstrap_weights_draw_whole_groups():
    groups = np.array([0, 0, 1, 2, 2, 2])
    weights = bootstrap_weights(groups, 500, np.random.default_rng(0))
    assert weights.shape == (500, 6)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 1])
    np.testing.assert_array_equal(weights[:, 3], weights[:, 5])
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all(), "each resample must draw as many groups as there are"


@pytest.mark.slow
def test_bootstrap_intervals_have_about_their_nominal_coverage():
    # 200 samples of 150 articles; a decision is right with probability 0.8, so accuracy is 0.8.
    rng = np.random.default_rng(11)
    inside = 0
    for _ in range(200):
        Y = rng.integers(0, 2, (150, 1), dtype=np.int8)
        decisions = np.where(rng.random((150, 1)) < 0.8, Y, 1 - Y).astype(np.int8)
        weights = bootstrap_weights(np.arange(150), 400, rng)
        low, high = np.percentile(
            metric_values(Y, decisions, decisions.astype(float), weights)["subset_accuracy"], [2.5, 97.5]
        )
        inside += low <= 0.8 <= high
    assert 180 <= inside <= 198
