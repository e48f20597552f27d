import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import accuracy_score, f1_score

from topicdesk import bootstrap_interval
from topicdesk.errors import SpecError
from topicdesk.evaluation import intervals

RNG = np.random.default_rng(0)
TRUE = RNG.integers(0, 3, 200)
PREDICTED = np.where(RNG.random(200) < 0.8, TRUE, RNG.integers(0, 3, 200))


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("subset_accuracy", accuracy_score),
        ("macro_f1", lambda true, predicted: f1_score(true, predicted, average="macro")),
        ("micro_f1", lambda true, predicted: f1_score(true, predicted, average="micro")),
    ],
)
def test_bootstrap_interval_is_the_same_for_a_name_and_for_scikit_learns_function(name, function):
    named = bootstrap_interval(TRUE, PREDICTED, name, n_resamples=200)
    called = bootstrap_interval(TRUE, PREDICTED, function, n_resamples=200)
    assert named.value == pytest.approx(function(TRUE, PREDICTED))
    assert (named.value, named.low, named.high) == pytest.approx((called.value, called.low, called.high))
    assert named.low < named.value < named.high
    assert named.n_resamples == 200


@pytest.mark.slow
def test_bootstrap_interval_covers_the_true_accuracy():
    rng = np.random.default_rng(1)
    covered = 0
    for repeat in range(200):
        right = rng.random(150) < 0.7
        interval = bootstrap_interval(np.ones(150), right, "subset_accuracy", n_resamples=200, random_state=repeat)
        covered += interval.low <= 0.7 <= interval.high
    assert 180 <= covered <= 199  # 190 expected, standard deviation 3


def test_bootstrap_interval_is_wider_for_groups_and_narrower_for_less_confidence():
    true, predicted, groups = np.repeat(TRUE, 10), np.repeat(PREDICTED, 10), np.repeat(np.arange(200), 10)

    def width(**options):
        interval = bootstrap_interval(true, predicted, "subset_accuracy", **options)
        return interval.high - interval.low

    assert width(groups=groups) > 2 * width()
    assert width(confidence=0.5) < width() / 2
    single = bootstrap_interval(TRUE, PREDICTED, "subset_accuracy")
    assert width(groups=groups) == pytest.approx(single.high - single.low)


def test_bootstrap_interval_takes_labels_indicators_and_undefined_resamples():
    names = np.array(["a", "b", "c"])
    assert bootstrap_interval(names[TRUE], list(names[PREDICTED])) == bootstrap_interval(TRUE, PREDICTED)
    indicators = [(values[:, None] == np.arange(3)).astype(int) for values in (TRUE, PREDICTED)]
    assert bootstrap_interval(*indicators) == bootstrap_interval(TRUE, PREDICTED)
    rare = bootstrap_interval([1, 0, 0], [1, 0, 0], lambda t, p: np.nan if not t.any() else 1.0, n_resamples=100)
    assert 50 < rare.n_resamples < 100
    assert str(rare) == "1.000 [1.000, 1.000]"


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (([1, 0], [1]), {}, ValueError, r"must have the same shape; got \(2,\) and \(1,\)"),
        (([], []), {}, ValueError, "y_true is empty"),
        (([1, None], [1, 0]), {}, ValueError, "y_true contains missing values"),
        ((1, 1), {}, ValueError, "y_true must have one or two dimensions"),
        (([[2, 0]], [[1, 0]]), {}, ValueError, "only 0 and 1"),
        (([1, 0], [1, 0], "macro_f"), {}, SpecError, "no metric 'macro_f'; did you mean"),
        (([1, 0], [1, 0], "macro_roc_auc"), {}, SpecError, "'macro_roc_auc' needs scores"),
        (([1, 0], [1, 0], 5), {}, TypeError, "metric must be a name or a function; got int"),
        (([1, 0], [1, 0]), {"groups": [1]}, ValueError, "groups has 1 values"),
        (([1, 0], [1, 0]), {"n_resamples": 0}, ValueError, "n_resamples must be an integer of at least 1; got 0"),
        (([1, 0], [1, 0]), {"confidence": 1}, ValueError, "confidence must be between 0 and 1; got 1"),
    ],
)
def test_bootstrap_interval_names_a_wrong_argument(arguments, options, error, message):
    with pytest.raises(error, match=message):
        bootstrap_interval(*arguments, **options)


TABLE = pd.DataFrame(np.eye(2, dtype=int), columns=["a", "b"])


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (([1, 0], ["1", "0"]), {}, ValueError, "y_true and y_pred must both contain strings, or both contain numbers"),
        (([1, 0], [0.9, 0.2]), {}, ValueError, "y_pred must contain classes; got numbers such as 0.9"),
        ((TABLE, TABLE[["b", "a"]]), {}, ValueError, "must have the same columns in the same order"),
        (([["a"], ["a", "b"]], [["a"], ["b"]]), {}, ValueError, "y_true must be an array"),
        ((np.zeros((3, 0)), np.zeros((3, 0))), {}, ValueError, "y_true is empty"),
        (([1, 0], [1, 0]), {"groups": [[1], [2]]}, ValueError, r"groups must have one dimension; got shape \(2, 1\)"),
        (([1, 0], [1, 0]), {"confidence": "0.9"}, ValueError, "confidence must be between 0 and 1; got '0.9'"),
        (([1, 0], [1, 0]), {"random_state": -1}, ValueError, "random_state must be an integer of at least 0; got -1"),
        (([1, 0], [1, 0]), {"random_state": "a"}, ValueError, "random_state must be an integer of at least 0; got 'a'"),
        (([1, 0], [1, 0], lambda true, predicted: None), {}, TypeError, "metric must return a number.*NoneType"),
        (([1, 0], [1, 0], lambda true, predicted: true), {}, TypeError, "metric must return a number.*ndarray"),
    ],
)  # fmt: skip
def test_bootstrap_interval_rejects_values_that_it_would_misread(arguments, options, error, message):
    with pytest.raises(error, match=message):
        bootstrap_interval(*arguments, **options)


def test_bootstrap_interval_reads_sparse_indicators():
    true, predicted = ((values[:, None] == np.arange(3)).astype(int) for values in (TRUE, PREDICTED))
    assert bootstrap_interval(csr_matrix(true), csr_matrix(predicted)) == bootstrap_interval(true, predicted)


@pytest.mark.parametrize("metric", ["macro_f1", accuracy_score])
def test_bootstrap_interval_is_the_same_in_parts(metric, monkeypatch):
    whole = bootstrap_interval(TRUE, PREDICTED, metric, n_resamples=50)
    monkeypatch.setattr(intervals, "_AT_ONCE", 7 * len(TRUE))
    parts = bootstrap_interval(TRUE, PREDICTED, metric, n_resamples=50)
    assert (parts.value, parts.low, parts.high) == pytest.approx((whole.value, whole.low, whole.high), abs=1e-12)
    assert parts.n_resamples == whole.n_resamples
