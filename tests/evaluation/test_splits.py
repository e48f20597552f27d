import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold

from topicdesk.errors import SplitError
from topicdesk.evaluation import SplitPlan, make_inner_splits, make_splits, split_table
from topicdesk.evaluation.splits import stratified_group_folds


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_folds=st.integers(2, 5))
def test_folds_keep_groups_whole_and_leave_none_empty(seed, n_folds):
    rng = np.random.default_rng(seed)
    Y = (rng.random((40, 3)) < [0.5, 0.2, 0.05]).astype(np.int8)
    groups = rng.integers(0, 25, 40)
    folds = stratified_group_folds(Y, groups, n_folds, np.random.default_rng(seed))
    for group in np.unique(groups):
        assert len(set(folds[groups == group])) == 1
    assert set(folds) == set(range(n_folds))


def test_folds_are_more_even_than_grouped_folds_that_do_not_look_at_topics():
    rng = np.random.default_rng(1)
    shares = np.array([0.3, 0.1, 0.03])

    def unevenness(folds, Y):
        counts = np.array([Y[folds == fold].sum(axis=0) for fold in range(5)])
        return np.abs(counts - counts.mean(axis=0)).sum()

    ours = theirs = 0.0
    for seed in range(20):
        Y = (rng.random((300, 3)) < shares).astype(np.int8)
        groups = rng.integers(0, 280, 300)
        ours += unevenness(stratified_group_folds(Y, groups, 5, np.random.default_rng(seed)), Y)
        blind = np.empty(300, dtype=int)
        for fold, (_, test) in enumerate(GroupKFold(5, shuffle=True, random_state=seed).split(Y, groups=groups)):
            blind[test] = fold
        theirs += unevenness(blind, Y)
    assert ours < 0.25 * theirs


def test_a_topic_with_as_many_positives_as_folds_has_one_in_each():
    Y = np.zeros((100, 1), dtype=np.int8)
    Y[[3, 20, 41, 66, 90]] = 1
    folds = stratified_group_folds(Y, np.arange(100), 5, np.random.default_rng(0))
    assert sorted(folds[Y[:, 0] == 1]) == [0, 1, 2, 3, 4]
    assert np.bincount(folds).tolist() == [20, 20, 20, 20, 20]


def test_the_same_seed_gives_the_same_splits_and_another_gives_others(dataset):
    one, again, other = (make_splits(dataset, SplitPlan(folds=3), seed)[0] for seed in (1, 1, 2))
    for first, second in zip(one, again, strict=True):
        np.testing.assert_array_equal(first.test, second.test)
    assert any(not np.array_equal(first.test, second.test) for first, second in zip(one, other, strict=True))


def test_inner_folds_part_the_training_rows_and_no_others(dataset):
    outer = make_splits(dataset, SplitPlan(folds=3), 1)[0][1]
    inner = make_inner_splits(dataset, outer, 2, 1)
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in inner])), outer.train)
    for fold in inner:
        np.testing.assert_array_equal(np.union1d(fold.train, fold.test), outer.train)
        assert not set(dataset.groups[fold.train]) & set(dataset.groups[fold.test])


def test_the_table_counts_both_sides_and_each_topic(dataset):
    table = split_table(dataset, make_splits(dataset, SplitPlan(folds=3), 1)[0])
    assert table["test"].sum() == len(dataset)
    assert (table["train"] + table["test"] == len(dataset)).all()
    assert table[list(dataset.topics)].sum().tolist() == dataset.Y.sum(axis=0).tolist()


def test_fewer_distinct_articles_than_folds_are_refused():
    with pytest.raises(SplitError, match="2 distinct articles cannot fill 3 folds"):
        stratified_group_folds(np.ones((4, 1), np.int8), np.array([0, 0, 1, 1]), 3, np.random.default_rng(0))
