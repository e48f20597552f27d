import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from topicdesk.errors import ArgumentError
from topicdesk.evaluation import ThresholdRule, best_f1_thresholds, choose_thresholds, decide, decide_class
from topicdesk.evaluation.calibration import platt_probabilities


def f1(y, decided):
    return 2 * (y & decided).sum() / max(y.sum() + decided.sum(), 1)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 1), st.integers(-4, 4)), min_size=2, max_size=25).filter(
        lambda rows: any(y for y, _ in rows)
    )
)
def test_best_f1_thresholds_maximise_f1(rows):
    Y = np.array([[y] for y, _ in rows], dtype=np.int8)
    scores = np.array([[score / 3] for _, score in rows])
    chosen = f1(Y, decide(scores, best_f1_thresholds(Y, scores)))
    candidates = [*np.unique(scores), np.inf]
    assert chosen >= max(f1(Y, decide(scores, np.array([threshold]))) for threshold in candidates) - 1e-12


def test_best_f1_thresholds_lie_halfway_between_the_separated_scores():
    Y = np.array([[0], [1], [1]], dtype=np.int8)
    assert best_f1_thresholds(Y, np.array([[0.0], [1.0], [2.0]]))[0] == 0.5


# The midpoint of the first pair is rounded up, that of the second pair down.
@pytest.mark.parametrize(("low", "high"), [(np.nextafter(1.0, 0), 1.0), (1.0, np.nextafter(1.0, 2))])
def test_best_f1_thresholds_separate_neighbouring_floats(low, high):
    Y = np.array([[0], [1]], dtype=np.int8)
    scores = np.array([[low], [high]])
    np.testing.assert_array_equal(decide(scores, best_f1_thresholds(Y, scores)), Y)


def test_best_f1_thresholds_reject_all_rows_of_a_topic_without_positives():
    Y = np.zeros((3, 1), dtype=np.int8)
    scores = np.array([[1.0], [2.0], [1e300]])
    assert decide(scores, best_f1_thresholds(Y, scores)).sum() == 0


def test_decide_class_takes_the_highest_score_and_the_first_of_equal_scores():
    scores = np.array([[1.0, 3.0, 2.0], [2.0, 2.0, 0.0]])
    np.testing.assert_array_equal(decide_class(scores), [[0, 1, 0], [1, 0, 0]])
    assert decide_class(scores).dtype == np.int8


ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(-4, 4)), min_size=2, max_size=25).filter(
    lambda rows: any(y for y, _ in rows)
)


def all_decisions(rows):
    """Return labels, scores, and the decisions of all possible thresholds."""
    Y = np.array([[y] for y, _ in rows], dtype=np.int8)
    scores = np.array([[score / 3] for _, score in rows])
    return Y, scores, [decide(scores, np.array([threshold])) for threshold in [*np.unique(scores), np.inf]]


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, precision=st.sampled_from([0.3, 0.5, 0.8, 0.95, 1.0]))
def test_choose_thresholds_maximise_recall_at_a_precision(rows, precision):
    Y, scores, decisions = all_decisions(rows)
    chosen = decide(scores, choose_thresholds(Y, scores, ThresholdRule(precision=precision)))
    assert chosen.sum() == 0 or (Y & chosen).sum() / chosen.sum() >= precision
    true_positives = [
        (Y & decided).sum()
        for decided in decisions
        if decided.sum() and (Y & decided).sum() / decided.sum() >= precision
    ]
    assert (Y & chosen).sum() == max(true_positives, default=0)


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, costs=st.tuples(st.sampled_from([1.0, 2.0, 7.0]), st.sampled_from([1.0, 3.0, 10.0])))
def test_choose_thresholds_minimise_cost(rows, costs):
    Y, scores, decisions = all_decisions(rows)

    def cost(decided):
        return costs[0] * ((1 - Y) & decided).sum() + costs[1] * (Y & (1 - decided)).sum()

    chosen = decide(
        scores, choose_thresholds(Y, scores, ThresholdRule(false_positive=costs[0], false_negative=costs[1]))
    )
    assert cost(chosen) == min(map(cost, decisions))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"false_positive": 1.0}, "a cost needs both false_positive and false_negative"),
        ({"false_negative": 1.0}, "a cost needs both false_positive and false_negative"),
        (
            {"precision": 0.9, "false_positive": 1.0, "false_negative": 1.0},
            "a threshold is chosen for a precision or by cost, not for both",
        ),
        ({"precision": 1.5}, "precision must be at most 1; got 1.5."),
        ({"precision": 0.0}, "precision must be above 0; got 0.0."),
        ({"false_positive": 0.0, "false_negative": 1.0}, "false_positive must be above 0; got 0.0."),
        ({"false_positive": 1.0, "false_negative": 0.0}, "false_negative must be above 0; got 0.0."),
    ],
)
def test_threshold_rule_rejects_invalid_parameters(parameters, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        ThresholdRule(**parameters)


EXPECTED = ThresholdRule(f1="expected")


def expected_f1(probabilities, decided):
    return 2 * probabilities[decided].sum() / max(decided.sum() + probabilities.sum(), 1e-12)


@settings(max_examples=200, deadline=None)
@given(rows=ROWS)
def test_choose_thresholds_maximise_the_expected_f1_of_platt_probabilities(rows):
    Y, scores, _ = all_decisions(rows)
    probabilities = platt_probabilities(Y, scores)[:, 0]
    chosen = decide(scores, choose_thresholds(Y, scores, EXPECTED))[:, 0] == 1
    best = max(expected_f1(probabilities, scores[:, 0] >= threshold) for threshold in np.unique(scores))
    assert expected_f1(probabilities, chosen) >= best - 1e-12


def test_choose_thresholds_of_the_expected_f1_never_predict_a_topic_without_positives():
    Y, scores = np.zeros((30, 1), dtype=np.int8), np.arange(30.0)[:, None]
    assert choose_thresholds(Y, scores, EXPECTED) == np.inf


def test_choose_thresholds_of_the_expected_f1_take_given_probabilities_of_scores_in_steps():
    # Isotonic regression gives steps. A threshold cannot separate equal scores, whatever the probabilities are.
    Y = np.array([[0], [0], [1], [1]], dtype=np.int8)
    steps = np.array([[0.2], [0.2], [0.8], [0.8]])
    threshold = choose_thresholds(Y, steps, EXPECTED, np.array([[0.1], [0.3], [0.7], [0.9]]))
    assert threshold == 0.5


def test_expected_f1_thresholds_vary_less_between_samples_and_decide_better():
    """Draw a topic with 12 positives among 600 rows: its best observed F1 depends on a few rows."""
    rng = np.random.default_rng(0)

    def draw(n):
        y = (rng.random(n) < 0.02).astype(np.int8)
        y[:2] = 0, 1
        return y[:, None], (rng.normal(size=n) + 2.5 * y)[:, None]

    Y_new, new = draw(200_000)
    thresholds, scores = {"expected": [], "observed": []}, {"expected": [], "observed": []}
    for _ in range(200):
        Y, drawn = draw(600)
        for name in thresholds:
            threshold = choose_thresholds(Y, drawn, ThresholdRule(f1=name))
            thresholds[name].append(threshold[0])
            scores[name].append(f1(Y_new, decide(new, threshold)))
    assert np.std(thresholds["expected"]) < 0.7 * np.std(thresholds["observed"])
    assert np.mean(scores["expected"]) > np.mean(scores["observed"]) + 0.01


def test_threshold_rule_names_the_nearest_criterion():
    with pytest.raises(ArgumentError, match="f1 = 'observd': did you mean 'observed'"):
        ThresholdRule(f1="observd")


@pytest.mark.parametrize("f1", ["expected", "observed"])
def test_threshold_rule_takes_one_criterion(f1):
    with pytest.raises(ValueError, match=f"f1 = '{f1}' cannot be combined with precision or costs"):
        ThresholdRule(precision=0.9, f1=f1)
    with pytest.raises(ValueError, match=f"f1 = '{f1}' cannot be combined with precision or costs"):
        ThresholdRule(false_positive=1.0, false_negative=2.0, f1=f1)


def test_threshold_rule_is_for_the_expected_f1_by_default():
    Y, scores, _ = all_decisions([(0, 0.1), (1, 0.2), (0, 0.3), (0, 0.4), (1, 0.9)] * 3)
    by_default = choose_thresholds(Y, scores, ThresholdRule())
    np.testing.assert_array_equal(by_default, choose_thresholds(Y, scores, ThresholdRule(f1="expected")))
    assert (by_default != choose_thresholds(Y, scores, ThresholdRule(f1="observed"))).any()
