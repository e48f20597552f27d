import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from topicdesk.evaluation import best_f1_thresholds, decide, decide_class


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


def test_neighbouring_floats_are_parted_too():
    high = 1.0
    low = np.nextafter(high, 0)
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
