from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from topicdesk.errors import SplitError
from topicdesk.evaluation import SplitPlan, make_splits, read_splits, split_table, splits_hash, write_splits


@pytest.fixture
def splits(dataset):
    return make_splits(dataset, SplitPlan(folds=3, repeats=2), 1)[0]


def test_read_splits_returns_what_write_splits_wrote(dataset, splits, tmp_path):
    write_splits(dataset, splits, tmp_path / "s.csv")
    restored, warnings = read_splits(tmp_path / "s.csv", dataset)
    assert splits_hash(dataset, restored) == splits_hash(dataset, splits)
    assert [(one.scheme, one.repeat, one.fold) for one in restored] == [
        (one.scheme, one.repeat, one.fold) for one in splits
    ]
    assert not warnings


def test_read_splits_works_for_articles_in_another_order(dataset, splits, tmp_path):
    write_splits(dataset, splits, tmp_path / "s.csv")
    order = np.random.default_rng(0).permutation(len(dataset))
    shuffled = replace(
        dataset,
        **{name: getattr(dataset, name)[order] for name in ("Y", "ids", "groups", "samples", "sources", "dates")},
        texts=tuple(dataset.texts[row] for row in order),
    )
    restored, _ = read_splits(tmp_path / "s.csv", shuffled)
    assert splits_hash(shuffled, restored) == splits_hash(dataset, splits)


def edited(dataset, splits, path, change):
    write_splits(dataset, splits, path)
    table = pd.read_csv(path, dtype="str")
    change(table).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda table: table.replace({"article_id": {"n3": "gone"}}),
            "6 articles are not labelled, for example 'gone'",
        ),
        (lambda table: table.drop(columns="side"), "expected the columns scheme, repeat, fold, side, article_id"),
        (
            lambda table: table.assign(side=["tset", *table["side"][1:]]),
            "line 2: side must be 'train' or 'test', not 'tset'",
        ),
        (lambda table: table[table["side"] == "train"], "repeat 0, fold 0 has an empty side"),
        (lambda table: pd.concat([table, table.assign(side="test")]), "an article on both sides"),
    ],
)
def test_read_splits_reports_an_invalid_file(dataset, splits, tmp_path, change, message):
    with pytest.raises(SplitError, match=message):
        read_splits(edited(dataset, splits, tmp_path / "s.csv", change), dataset)


def test_read_splits_says_how_to_make_a_missing_file(dataset, tmp_path):
    with pytest.raises(SplitError, match="topicdesk splits SPEC --output"):
        read_splits(tmp_path / "s.csv", dataset)


def test_read_splits_warns_of_missing_articles_and_separated_duplicates(dataset, splits, tmp_path):
    path = edited(dataset, splits, tmp_path / "s.csv", lambda table: table[table["article_id"] != "n3"])
    groups = np.arange(len(dataset))
    groups[splits[0].test[0]] = groups[splits[0].train[0]]
    warnings = read_splits(path, replace(dataset, groups=groups))[1]
    assert warnings[0] == "1 of 90 labelled articles are not in any saved split."
    assert "saved splits have near-duplicates on both sides" in warnings[1]


def test_split_table_counts_articles_by_topic_and_by_source(dataset, splits):
    data = replace(dataset, sources=np.array(["a", ""], dtype=object)[np.arange(len(dataset)) % 2])
    by_topic, by_source = split_table(data, splits), split_table(data, splits, "source")
    assert by_topic[by_topic["repeat"] == 0]["courts"].sum() == data.Y[:, 0].sum()
    assert by_source[by_source["repeat"] == 1][["a", "(none)"]].sum().tolist() == [45, 45]
    assert (by_source["a"] + by_source["(none)"] == by_source["test"]).all()
