import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from topicdesk import MultilabelStratifiedGroupKFold
from topicdesk.errors import SplitError
from topicdesk.evaluation import SplitPlan
from topicdesk.evaluation.splits import make_splits

LABELS = st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=3), min_size=12, max_size=60)


@given(LABELS, st.integers(2, 5), st.data())
def test_split_tests_each_row_once_and_keeps_groups_together(rows, n_splits, data):
    Y = np.array(rows)
    groups = np.array(data.draw(st.lists(st.integers(0, 20), min_size=len(Y), max_size=len(Y))))
    folds = MultilabelStratifiedGroupKFold(n_splits)
    if len(set(groups)) < n_splits:
        with pytest.raises(SplitError, match=f"n_splits={n_splits} is more than the number of groups"):
            list(folds.split(Y, Y, groups))
        return
    tested = []
    for train, test in folds.split(Y, Y, groups):
        assert not set(groups[train]) & set(groups[test])
        assert sorted([*train, *test]) == list(range(len(Y)))
        tested += list(test)
    assert sorted(tested) == list(range(len(Y)))


def test_split_balances_every_label():
    rng = np.random.default_rng(0)
    Y = (rng.random((500, 4)) < (0.02, 0.1, 0.3, 0.5)).astype(int)
    for _, test in MultilabelStratifiedGroupKFold(5).split(Y, Y):
        assert abs(Y[test].sum(axis=0) - Y.sum(axis=0) / 5).max() <= 1.5
        assert abs(len(test) - 100) <= 2


def test_split_gives_the_folds_of_a_comparison(dataset):
    splits, _ = make_splits(dataset, SplitPlan(folds=3), 7)
    folds = MultilabelStratifiedGroupKFold(3, random_state=7).split(dataset.texts, dataset.Y, dataset.groups)
    for split, (train, test) in zip(splits, folds, strict=True):
        assert split.train.tolist() == train.tolist()
        assert split.test.tolist() == test.tolist()


def test_split_accepts_classes_sparse_labels_and_random_states():
    y = np.array(["a", "b", "c"] * 10)
    indicators = (y[:, None] == np.unique(y)).astype(int)
    of_classes = [test.tolist() for _, test in MultilabelStratifiedGroupKFold(3).split(y, y)]
    assert of_classes == [test.tolist() for _, test in MultilabelStratifiedGroupKFold(3).split(y, indicators)]
    sparse = csr_matrix(indicators)
    assert of_classes == [test.tolist() for _, test in MultilabelStratifiedGroupKFold(3).split(y, sparse)]
    state = np.random.RandomState(3)
    first, second = (
        [test.tolist() for _, test in MultilabelStratifiedGroupKFold(3, random_state=state).split(y, y)]
        for _ in range(2)
    )
    assert first != second  # the state moves on


def test_splitter_works_in_scikit_learn():
    texts = [f"{word} text number {number}" for number in range(20) for word in ("court", "train")]
    y = ["courts", "rail"] * 20
    groups = np.repeat(np.arange(20), 2)
    folds = MultilabelStratifiedGroupKFold(4)
    assert folds.get_n_splits() == 4
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    assert cross_val_score(model, texts, y, cv=folds, groups=groups).tolist() == [1.0] * 4
    search = GridSearchCV(model, {"logisticregression__C": [1, 10]}, cv=folds).fit(texts, y, groups=groups)
    assert search.n_splits_ == 4
    assert repr(folds) == "MultilabelStratifiedGroupKFold(n_splits=4, random_state=0)"


@pytest.mark.parametrize(
    ("n_splits", "y", "message"),
    [
        (1, ["a", "b"], "n_splits must be an integer of at least 2; got 1"),
        (2.0, ["a", "b"], "n_splits must be an integer of at least 2; got 2.0"),
        (True, ["a", "b"], "n_splits must be an integer of at least 2; got True"),
        (2, None, "y is missing"),
        (2, [0.1, 0.7], "y must be one class per row"),
        (2, [[2, 3], [4, 5]], "y must be one class per row"),
        (2, ["a", "b", "c"], "inconsistent numbers of samples"),
    ],
)
def test_split_rejects_wrong_arguments(n_splits, y, message):
    with pytest.raises(ValueError, match=message):
        list(MultilabelStratifiedGroupKFold(n_splits).split(["one", "two"], y))


@pytest.mark.parametrize(
    ("y", "groups", "random_state", "error", "message"),
    [
        ([["a"], ["a", "b"]], None, 0, ValueError, "y must be.*lists of different lengths.*MultiLabelBinarizer"),
        (pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}), None, 0, ValueError, "y contains missing values"),
        (["a", None], None, 0, ValueError, "y contains missing values"),
        (np.array(["a", 1], dtype=object), None, 0, TypeError, "y: '<' not supported"),
        (["a", "b"], [1.0, float("nan")], 0, ValueError, "groups contains missing values"),
        (["a", "b"], ["x", None], 0, ValueError, "groups contains missing values"),
        (["a", "b"], pd.array(["x", None], dtype="string"), 0, ValueError, "groups contains missing values"),
        (["a", "b"], [(1, 2), (3, 4)], 0, ValueError, r"groups must have one dimension; got shape \(2, 2\)"),
        (["a", "b"], [{1}, {2}], 0, TypeError, "groups: unhashable type"),
        (["a", "b"], None, -1, ValueError, "random_state must be an integer of at least 0; got -1"),
    ],
)
def test_split_names_the_argument_whose_values_are_wrong(y, groups, random_state, error, message):
    with pytest.raises(error, match=message):
        list(MultilabelStratifiedGroupKFold(2, random_state=random_state).split(["one", "two"], y, groups))


def test_split_accepts_groups_of_strings_and_numbers():
    groups = np.array([1, 1, "x", "x", 2, 2, "y", "y"], dtype=object)
    for train, test in MultilabelStratifiedGroupKFold(2).split(groups, [*"abababab"], groups):
        assert not set(groups[train]) & set(groups[test])
