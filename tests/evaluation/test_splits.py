from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.model_selection import GroupKFold

from topicdesk.errors import SplitError
from topicdesk.evaluation import SplitPlan, make_inner_splits, make_splits, split_table
from topicdesk.evaluation.splits import stratified_group_folds, time_windows


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


def dated(dataset, days):
    """Spread the articles over so many days, in no order."""
    days_of = np.random.default_rng(0).integers(0, days, len(dataset))
    return replace(dataset, dates=np.datetime64("2024-01-01", "us") + days_of.astype("timedelta64[D]"))


@settings(max_examples=60, deadline=None)
@given(days=st.integers(6, 60), windows=st.integers(1, 5), seed=st.integers(0, 1000))
def test_windows_of_time_train_before_and_test_after_and_expand(dataset, days, windows, seed):
    rng = np.random.default_rng(seed)
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


def test_windows_of_many_days_are_about_equal(dataset):
    splits, _ = time_windows(dated(dataset, 5000), 4)
    assert [len(split.test) for split in splits] == pytest.approx([18] * 4, abs=2)


def test_near_duplicates_of_later_articles_are_not_trained_on(dataset):
    data = dated(dataset, 30)
    groups = np.arange(len(data))
    first, last = np.argmin(data.dates), np.argmax(data.dates)
    groups[first] = groups[last]
    splits, _ = time_windows(replace(data, groups=groups), 3)
    assert last in splits[-1].test
    assert first not in splits[-1].train
    assert first in splits[0].train


def test_inner_folds_follow_the_outer_scheme(dataset):
    sources = np.array(["a", "b", "c"], dtype=object)[np.arange(len(dataset)) % 3]
    data = replace(dated(dataset, 40), sources=sources)
    by_time, _ = make_splits(data, SplitPlan("time", folds=3), 0)
    for inner in make_inner_splits(data, by_time[2], 2, 0):
        assert data.dates[inner.train].max() < data.dates[inner.test].min()
        assert set(inner.test) <= set(by_time[2].train)
    by_source, _ = make_splits(data, SplitPlan("source"), 0)
    inner = make_inner_splits(data, by_source[0], 5, 0)
    assert len(inner) == 2, "of two sources there are two folds"
    for split in inner:
        assert not set(data.sources[split.train]) & set(data.sources[split.test])
        assert not set(data.groups[split.train]) & set(data.groups[split.test])


def test_articles_without_a_date_cannot_be_put_in_time(dataset):
    dates = dated(dataset, 30).dates.copy()
    dates[[3, 5]] = np.datetime64("NaT")
    with pytest.raises(SplitError, match="2 of 90 labelled articles have no date"):
        make_splits(replace(dataset, dates=dates), SplitPlan("time"), 0)
    with pytest.raises(SplitError, match="articles of 3 days cannot be split into 5 time windows"):
        make_splits(dated(dataset, 3), SplitPlan("time"), 0)


def test_what_a_split_cannot_teach_or_test_is_told(dataset):
    sources = np.where(dataset.Y[:, 0] == 1, "a", np.where(np.arange(len(dataset)) % 2, "b", "c")).astype(object)
    _, warnings = make_splits(replace(dataset, sources=sources), SplitPlan("source"), 0)
    assert "courts: no positive test article in b, c." in warnings
    assert "courts: no positive training article in 1 of 3 splits." in warnings


def test_a_cluster_larger_than_a_fold_is_told(dataset):
    groups = np.arange(len(dataset))
    groups[:40] = 0
    splits, warnings = make_splits(replace(dataset, groups=groups), SplitPlan(folds=3), 0)
    assert "a cluster of 40 near-duplicates is larger than a fold (30 articles)" in warnings[-1]
    assert sum(0 in split.test for split in splits) == 1
