from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.model_selection import GroupKFold

from topicdesk.errors import ArgumentError, SplitError
from topicdesk.evaluation import SplitPlan, make_inner_splits, make_splits, split_table
from topicdesk.evaluation.splits import stratified_group_folds, time_windows


@settings(max_examples=100, deadline=None)
@given(random_state=st.integers(0, 2**32 - 1), n_folds=st.integers(2, 5))
def test_stratified_group_folds_keep_groups_together_and_fill_each_fold(random_state, n_folds):
    rng = np.random.default_rng(random_state)
    Y = (rng.random((40, 3)) < [0.5, 0.2, 0.05]).astype(np.int8)
    groups = rng.integers(0, 25, 40)
    folds = stratified_group_folds(Y, groups, n_folds, np.random.default_rng(random_state))
    for group in np.unique(groups):
        assert len(set(folds[groups == group])) == 1
    assert set(folds) == set(range(n_folds))


def test_stratified_group_folds_balance_topics_better_than_group_k_fold():
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
        group_folds = np.empty(300, dtype=int)
        for fold, (_, test) in enumerate(GroupKFold(5, shuffle=True, random_state=seed).split(Y, groups=groups)):
            group_folds[test] = fold
        theirs += unevenness(group_folds, Y)
    assert ours < 0.25 * theirs


def test_stratified_group_folds_spread_a_rare_topic_over_all_folds():
    Y = np.zeros((100, 1), dtype=np.int8)
    Y[[3, 20, 41, 66, 90]] = 1
    folds = stratified_group_folds(Y, np.arange(100), 5, np.random.default_rng(0))
    assert sorted(folds[Y[:, 0] == 1]) == [0, 1, 2, 3, 4]
    assert np.bincount(folds).tolist() == [20, 20, 20, 20, 20]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scheme": "times"}, "scheme = 'times' is not known; did you mean 'time'"),
        ({"folds": 1}, "folds must be an integer of at least 2; got 1"),
        ({"repeats": 0}, "repeats must be an integer of at least 1; got 0"),
    ],
)
def test_split_plan_names_a_wrong_value(values, message):
    with pytest.raises(ArgumentError, match=message):
        SplitPlan(**values)


def test_make_splits_depends_on_the_seed_alone(dataset):
    splits, same, others = (make_splits(dataset, SplitPlan(folds=3), seed)[0] for seed in (1, 1, 2))
    for first, second in zip(splits, same, strict=True):
        np.testing.assert_array_equal(first.test, second.test)
    assert any(not np.array_equal(first.test, second.test) for first, second in zip(splits, others, strict=True))


def test_make_inner_splits_partition_the_training_rows(dataset):
    outer = make_splits(dataset, SplitPlan(folds=3), 1)[0][1]
    inner = make_inner_splits(dataset, outer, 2, 1)
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in inner])), outer.train)
    for fold in inner:
        np.testing.assert_array_equal(np.union1d(fold.train, fold.test), outer.train)
        assert not set(dataset.groups[fold.train]) & set(dataset.groups[fold.test])


def test_split_table_counts_both_sides_and_each_topic(dataset):
    table = split_table(dataset, make_splits(dataset, SplitPlan(folds=3), 1)[0])
    assert table["test"].sum() == len(dataset)
    assert (table["train"] + table["test"] == len(dataset)).all()
    assert table[list(dataset.topics)].sum().tolist() == dataset.Y.sum(axis=0).tolist()


def test_stratified_group_folds_reject_fewer_groups_than_folds():
    with pytest.raises(SplitError, match="2 groups of articles cannot fill 3 folds"):
        stratified_group_folds(np.ones((4, 1), np.int8), np.array([0, 0, 1, 1]), 3, np.random.default_rng(0))


def dated(dataset, days):
    """Return the dataset with random dates within so many days."""
    days_of = np.random.default_rng(0).integers(0, days, len(dataset))
    return replace(dataset, dates=np.datetime64("2024-01-01", "us") + days_of.astype("timedelta64[D]"))


@settings(max_examples=60, deadline=None)
@given(days=st.integers(6, 60), windows=st.integers(1, 5), random_state=st.integers(0, 1000))
def test_time_windows_expand_and_train_only_on_earlier_articles(dataset, days, windows, random_state):
    rng = np.random.default_rng(random_state)
    dates = np.datetime64("2024-01-01", "us") + rng.integers(0, days, len(dataset)).astype("timedelta64[D]")
    splits, _ = time_windows(replace(dataset, dates=dates, groups=np.arange(len(dataset))), windows)
    assert len(splits) == windows
    for split in splits:
        assert dates[split.train].max() < dates[split.test].min()
    for earlier, later in pairwise(splits):
        assert set(later.train) == set(earlier.train) | set(earlier.test)
    tested = np.concatenate([split.test for split in splits])
    assert len(set(tested)) == len(tested)
    assert len(splits[0].train) + len(tested) == len(dataset)


def test_time_windows_have_about_equal_sizes(dataset):
    splits, _ = time_windows(dated(dataset, 5000), 4)
    assert [len(split.test) for split in splits] == pytest.approx([18] * 4, abs=2)


def test_time_windows_do_not_train_on_near_duplicates_of_later_articles(dataset):
    data = dated(dataset, 30)
    groups = np.arange(len(data))
    first, last = np.argmin(data.dates), np.argmax(data.dates)
    groups[first] = groups[last]
    splits, _ = time_windows(replace(data, groups=groups), 3)
    assert last in splits[-1].test
    assert first not in splits[-1].train
    assert first in splits[0].train


def test_make_inner_splits_follow_the_outer_scheme(dataset):
    sources = np.array(["a", "b", "c"], dtype=object)[np.arange(len(dataset)) % 3]
    data = replace(dated(dataset, 40), sources=sources)
    by_time, _ = make_splits(data, SplitPlan("time", folds=3), 0)
    for inner in make_inner_splits(data, by_time[2], 2, 0):
        assert data.dates[inner.train].max() < data.dates[inner.test].min()
        assert set(inner.test) <= set(by_time[2].train)
    by_source, _ = make_splits(data, SplitPlan("source"), 0)
    inner = make_inner_splits(data, by_source[0], 5, 0)
    assert len(inner) == 2, "two sources give two folds"
    for split in inner:
        assert not set(data.sources[split.train]) & set(data.sources[split.test])
        assert not set(data.groups[split.train]) & set(data.groups[split.test])


def test_make_splits_by_time_rejects_undated_articles_and_too_few_days(dataset):
    dates = dated(dataset, 30).dates.copy()
    dates[[3, 5]] = np.datetime64("NaT")
    with pytest.raises(SplitError, match="2 of 90 labelled articles have no date"):
        make_splits(replace(dataset, dates=dates), SplitPlan("time"), 0)
    with pytest.raises(SplitError, match="articles of 3 days cannot be split into 5 time windows"):
        make_splits(dated(dataset, 3), SplitPlan("time"), 0)


def test_make_splits_warns_of_topics_without_positive_articles(dataset):
    sources = np.where(dataset.Y[:, 0] == 1, "a", np.where(np.arange(len(dataset)) % 2, "b", "c")).astype(object)
    _, warnings = make_splits(replace(dataset, sources=sources), SplitPlan("source"), 0)
    assert "courts: no positive test article in b, c." in warnings
    assert "courts: no positive training article in 1 of 3 splits." in warnings


def test_make_splits_warns_of_a_cluster_larger_than_a_fold(dataset):
    groups = np.arange(len(dataset))
    groups[:40] = 0
    splits, warnings = make_splits(replace(dataset, groups=groups), SplitPlan(folds=3), 0)
    assert "a cluster of 40 near-duplicates is larger than a fold (30 articles)" in warnings[-1]
    assert sum(0 in split.test for split in splits) == 1
