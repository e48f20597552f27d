import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from topicdesk.evaluation import ThresholdRule, best_f1_thresholds, choose_thresholds, decide, decide_class


def f1(y, decided):
    return 2 * (y & decided).sum() / max(y.sum() + decided.sum(), 1)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 1), st.integers(-4, 4)), min_size=2, max_size=25).filter(
        lambda rows: any(y for y, _ in rows)
    )
)
def test_no_other_threshold_has_a_higher_f1(rows):
    Y = np.array([[y] for y, _ in rows], dtype=np.int8)
    scores = np.array([[score / 3] for _, score in rows])
    chosen = f1(Y, decide(scores, best_f1_thresholds(Y, scores)))
    candidates = [*np.unique(scores), np.inf]
    assert chosen >= max(f1(Y, decide(scores, np.array([at]))) for at in candidates) - 1e-12


def test_a_threshold_lies_halfway_between_the_scores_that_it_parts():
    Y = np.array([[0], [1], [1]], dtype=np.int8)
    assert best_f1_thresholds(Y, np.array([[0.0], [1.0], [2.0]]))[0] == 0.5


# Halfway between the first two rounds up, between the others down.
@pytest.mark.parametrize(("low", "high"), [(np.nextafter(1.0, 0), 1.0), (1.0, np.nextafter(1.0, 2))])
def test_neighbouring_floats_are_parted_too(low, high):
    Y = np.array([[0], [1]], dtype=np.int8)
    scores = np.array([[low], [high]])
    np.testing.assert_array_equal(decide(scores, best_f1_thresholds(Y, scores)), Y)


def test_a_topic_without_a_positive_is_never_decided_for():
    Y = np.zeros((3, 1), dtype=np.int8)
    scores = np.array([[1.0], [2.0], [1e300]])
    assert decide(scores, best_f1_thresholds(Y, scores)).sum() == 0


def test_of_several_classes_the_highest_score_decides_and_the_first_of_equals():
    scores = np.array([[1.0, 3.0, 2.0], [2.0, 2.0, 0.0]])
    np.testing.assert_array_equal(decide_class(scores), [[0, 1, 0], [1, 0, 0]])
    assert decide_class(scores).dtype == np.int8


ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(-4, 4)), min_size=2, max_size=25).filter(
    lambda rows: any(y for y, _ in rows)
)


def every_decision(rows):
    """Give truth, scores, and the decisions of every threshold that there is."""
    Y = np.array([[y] for y, _ in rows], dtype=np.int8)
    scores = np.array([[score / 3] for _, score in rows])
    return Y, scores, [decide(scores, np.array([at])) for at in [*np.unique(scores), np.inf]]


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, precision=st.sampled_from([0.3, 0.5, 0.8, 0.95, 1.0]))
def test_no_other_threshold_of_that_precision_finds_more(rows, precision):
    Y, scores, decisions = every_decision(rows)
    chosen = decide(scores, choose_thresholds(Y, scores, ThresholdRule(precision=precision)))
    assert chosen.sum() == 0 or (Y & chosen).sum() / chosen.sum() >= precision
    reached = [(Y & one).sum() for one in decisions if one.sum() and (Y & one).sum() / one.sum() >= precision]
    assert (Y & chosen).sum() == max(reached, default=0)


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, costs=st.tuples(st.sampled_from([1.0, 2.0, 7.0]), st.sampled_from([1.0, 3.0, 10.0])))
def test_no_other_threshold_costs_less(rows, costs):
    Y, scores, decisions = every_decision(rows)

    def cost(decided):
        return costs[0] * ((1 - Y) & decided).sum() + costs[1] * (Y & (1 - decided)).sum()

    chosen = decide(
        scores, choose_thresholds(Y, scores, ThresholdRule(false_positive=costs[0], false_negative=costs[1]))
    )
    assert cost(chosen) == min(map(cost, decisions))


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"false_positive": 1.0}, "a cost needs both false_positive and false_negative"),
        ({"false_negative": 1.0}, "a cost needs both false_positive and false_negative"),
        (
            {"precision": 0.9, "false_positive": 1.0, "false_negative": 1.0},
            "a threshold is chosen for a precision or by cost, not for both",
        ),
        ({"precision": 1.5}, "precision must be above 0 and at most 1, not 1.5"),
        ({"precision": 0.0}, "precision must be above 0 and at most 1, not 0.0"),
        ({"false_positive": 0.0, "false_negative": 1.0}, "costs must be above 0"),
        ({"false_positive": 1.0, "false_negative": 0.0}, "costs must be above 0"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(asked, fault):
    with pytest.raises(ValueError, match=f"^{fault}$"):
        ThresholdRule(**asked)
