from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from topicdesk.annotation import join_dataset
from topicdesk.corpus import articles_frame
from topicdesk.errors import ArgumentError, LabelsError

ARTICLES = articles_frame(
    {"id": ["a", "b", "c", "d"], "title": ["A", "", "C", "D"], "text": ["one", "two", "ONE ", "four"]}
)


def labels(**topics):
    return pd.DataFrame(
        {"article_id": list(topics), "topics": [tuple(named.split()) for named in topics.values()], "sample": "random"}
    )


def test_join_dataset_keeps_labelled_articles_in_corpus_order():
    data = join_dataset("tiny", ARTICLES, labels(d="rail", a="courts rail", b=""), ["courts", "rail"])
    assert list(data.ids) == ["a", "b", "d"]
    assert data.texts == ("A\none", "two", "D\nfour")
    np.testing.assert_array_equal(data.Y, [[1, 1], [0, 0], [0, 1]])


def test_join_dataset_groups_equal_texts_with_different_titles():
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
    ("annotations", "topics", "task", "message"),
    [
        (labels(), ["rail"], "multi-label", "no article is labelled"),
        (labels(a="", b=""), ["rail"], "multi-label", "no labelled article has the topic 'rail'"),
        (labels(a="rail", b="rail"), ["rail"], "multi-label", "every labelled article has the topic 'rail'"),
        (labels(a="rail", b="rail"), ["rail"], "multi-class", "only one class"),
        (labels(a="rail", b=""), ["rail", "courts"], "multi-class", "article b has 0 classes"),
    ],
)
def test_join_dataset_rejects_labels_that_cannot_be_learnt(annotations, topics, task, message):
    with pytest.raises(LabelsError, match=message):
        join_dataset("tiny", ARTICLES, annotations, topics, task=task)


def test_join_dataset_warns_of_empty_texts_and_fails_if_all_are_empty():
    data = join_dataset("tiny", ARTICLES, labels(a="rail", b=""), ["rail"], text_fields=["title"])
    assert data.warnings == ("1 of 2 articles have no text in title and therefore no features.",)
    with pytest.raises(LabelsError, match="no labelled article has text in title"):
        join_dataset("tiny", ARTICLES.assign(title=""), labels(a="rail", b=""), ["rail"], text_fields=["title"])


def test_join_dataset_suggests_the_nearest_text_field():
    with pytest.raises(LabelsError, match="no field 'titel'; did you mean 'title'"):
        join_dataset("tiny", ARTICLES, labels(a="rail", b=""), ["rail"], text_fields=["titel"])


def test_labels_hash_depends_on_labels_and_not_on_row_order():
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


def test_join_dataset_weights_articles_by_how_they_were_drawn():
    table = labels(d="rail", a="rail", b="").assign(sample=["enriched", "random", "random"])
    drawn = table.assign(draw=1, stratum_size=[1, 9, 9])
    data = join_dataset("tiny", ARTICLES, drawn, ["rail"])
    assert data.weights.tolist() == [4.5, 4.5, 1]
    assert str(data) == "tiny: 3 articles, 1 topics, multi-label; weighted to 10 articles, effective size 2"
    plain = join_dataset("tiny", ARTICLES, table, ["rail"])
    assert plain.weights is None
    assert "weighted" not in str(plain)
    # Without a design, the hash is that of earlier versions.
    assert plain.labels_hash == "9642df7e8891532fd8effed824b985d1"
    assert (
        data.labels_hash
        != plain.labels_hash
        != join_dataset("tiny", ARTICLES, table.assign(sample="random"), ["rail"]).labels_hash
    )


def test_join_dataset_warns_of_random_articles_without_a_stratum():
    table = labels(d="rail", a="rail", b="").assign(draw=[1, 2, 2], stratum_size=pd.array([None, 9, 9], dtype="Int64"))
    (warning,) = join_dataset("tiny", ARTICLES, table, ["rail"]).warnings
    assert warning.startswith("1 of 3 labelled articles were drawn at random, but have no stratum_size")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(2), r"tiny: weights has shape \(2,\), but there are 3 texts"),
        (np.array([1, -1, 1.0]), "tiny: weights must be finite numbers of at least 0; row 1 is -1"),
        (np.array([1, np.inf, 1]), "tiny: weights must be finite numbers of at least 0; row 1 is inf"),
        (np.zeros(3), "tiny: all weights are 0"),
    ],
)
def test_dataset_rejects_wrong_weights(weights, message):
    data = join_dataset("tiny", ARTICLES, labels(a="rail", b="", d=""), ["rail"])
    with pytest.raises(LabelsError, match=message):
        replace(data, weights=weights)


def test_join_dataset_groups_stories_if_asked():
    texts = [
        "The tram line opens on Monday in the old town.",
        "Monday the new tram line opens, at last.",
        "A judge rules.",
    ]
    articles = ARTICLES.head(3).assign(text=texts)
    ids = articles["id"].tolist()
    table = labels(**dict.fromkeys(ids[:2], "rail"), **{ids[2]: ""})
    plain, told = (
        join_dataset("tiny", articles, table, ["rail"], ["text"], groups=groups)
        for groups in ("near-duplicates", "stories")
    )
    assert (plain.n_repeated, plain.grouping) == (0, "near-duplicates")
    assert (told.n_repeated, told.grouping) == (1, "stories")
    assert told.groups.tolist() == [0, 0, 1]
    assert told.describe_groups() == "1 articles that tell the story of an earlier one"
    assert plain.describe_groups() == "no near-duplicates"


def test_join_dataset_rejects_an_unknown_kind_of_groups():
    with pytest.raises(ArgumentError, match="groups = 'story' is not known; did you mean 'stories'"):
        join_dataset("tiny", ARTICLES, labels(a="rail", b=""), ["rail"], groups="story")
