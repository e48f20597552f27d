from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from topicdesk.annotation import join_dataset
from topicdesk.corpus import articles_frame
from topicdesk.errors import LabelsError

ARTICLES = articles_frame(
    {"id": ["a", "b", "c", "d"], "title": ["A", "", "C", "D"], "text": ["one", "two", "ONE ", "four"]}
)


def labels(**topics):
    return pd.DataFrame(
        {"article_id": list(topics), "topics": [tuple(named.split()) for named in topics.values()], "sample": "random"}
    )


def test_only_labelled_articles_join_in_the_corpus_order():
    data = join_dataset("tiny", ARTICLES, labels(d="rail", a="courts rail", b=""), ["courts", "rail"])
    assert list(data.ids) == ["a", "b", "d"]
    assert data.texts == ("A\none", "two", "D\nfour")
    np.testing.assert_array_equal(data.Y, [[1, 1], [0, 0], [0, 1]])


def test_equal_texts_share_a_group_whatever_their_titles():
    data = join_dataset("tiny", ARTICLES, labels(a="rail", b="", c="rail"), ["rail"])
    assert data.groups[0] == data.groups[2] != data.groups[1]


def test_support_counts_topics_and_samples():
    table = labels(a="rail", b="", c="rail")
    table["sample"] = ["random", "random", "enriched"]
    support = join_dataset("tiny", ARTICLES, table, ["rail"]).support()
    assert support.loc["rail"].to_dict() == {"enriched": 1, "random": 1, "all": 2}
    assert support.loc["(none)", "all"] == 1
    assert support.loc["(articles)", "all"] == 3


@pytest.mark.parametrize(
    ("found", "topics", "task", "fault"),
    [
        (labels(), ["rail"], "multi-label", "no article is labelled"),
        (labels(a="", b=""), ["rail"], "multi-label", "no labelled article has the topic 'rail'"),
        (labels(a="rail", b="rail"), ["rail"], "multi-label", "every labelled article has the topic 'rail'"),
        (labels(a="rail", b="rail"), ["rail"], "multi-class", "only one class"),
        (labels(a="rail", b=""), ["rail", "courts"], "multi-class", "article b has 0 classes"),
    ],
)
def test_labels_that_nothing_can_be_learnt_from_are_refused(found, topics, task, fault):
    with pytest.raises(LabelsError, match=fault):
        join_dataset("tiny", ARTICLES, found, topics, task=task)


def test_empty_texts_are_a_stated_warning_and_all_empty_an_error():
    data = join_dataset("tiny", ARTICLES, labels(a="rail", b=""), ["rail"], text_fields=["title"])
    assert data.warnings == ("1 of 2 articles have no text in title and therefore no features.",)
    with pytest.raises(LabelsError, match="no labelled article has text in title"):
        join_dataset("tiny", ARTICLES.assign(title=""), labels(a="rail", b=""), ["rail"], text_fields=["title"])


def test_an_unknown_text_field_is_answered_with_the_nearest():
    with pytest.raises(LabelsError, match="no field 'titel'; did you mean 'title'"):
        join_dataset("tiny", ARTICLES, labels(a="rail", b=""), ["rail"], text_fields=["titel"])


def test_the_hash_of_labels_moves_with_a_label_and_not_with_the_order_of_rows():
    one = join_dataset("tiny", ARTICLES, labels(a="rail", b=""), ["rail"])
    same = join_dataset("tiny", ARTICLES, labels(b="", a="rail"), ["rail"])
    other = join_dataset("tiny", ARTICLES, labels(a="rail", b="", c=""), ["rail"])
    assert one.labels_hash == same.labels_hash != other.labels_hash


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ids": np.array(["a"], dtype=object)}, "ids has length 1, but there are 3 texts"),
        ({"fields": {"title": ("A",)}}, r"fields\['title'\] has length 1"),
        ({"topics": ("rail", "sea")}, r"Y has shape \(3, 1\), but there are 3 texts and 2 topics"),
        ({"Y": np.array([[2], [0], [1]])}, "Y has other values than 0 and 1"),
        ({"ids": np.array(["a", "b", "a"], dtype=object)}, "the id 'a' occurs more than once"),
        ({"task": "multi-class"}, "article b has 0 classes"),
    ],
)
def test_dataset_rejects_values_that_contradict_each_other(changed, message):
    data = join_dataset("tiny", ARTICLES, labels(a="rail", b="", c="rail"), ["rail"])
    with pytest.raises(LabelsError, match=message):
        replace(data, **changed)
