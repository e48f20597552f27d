import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from topicdesk.corpus import find_duplicates

WORDS = "ferry port rope sail mast deck tide wind crew dock buoy keel helm oar net cod pier gull fog bell".split()


def triples(text):
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[start : start + 3]) for start in range(max(1, len(words) - 2))}


def jaccard(one, other):
    return len(triples(one) & triples(other)) / len(triples(one) | triples(other))


@st.composite
def families(draw):
    """Generate texts, some of which are copies of others with a few words changed."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    texts = []
    for _ in range(draw(st.integers(1, 6))):
        words = rng.choice(WORDS, 40).tolist()
        for changes in rng.integers(0, 6, rng.integers(1, 4)):
            varied = list(words)
            for place in rng.choice(40, changes, replace=False):
                varied[place] = str(rng.choice(WORDS))
            texts.append(" ".join(varied))
    return [texts[place] for place in rng.permutation(len(texts))]


@settings(max_examples=60, deadline=None)
@given(texts=families(), threshold=st.sampled_from([0.7, 0.8, 1.0]))
def test_find_duplicates_equals_a_comparison_of_every_pair(texts, threshold):
    result = find_duplicates(texts, threshold)
    cluster = list(range(len(texts)))
    for right in range(len(texts)):
        for left in range(right):
            if jaccard(texts[left], texts[right]) >= threshold:
                old, new = cluster[right], cluster[left]
                cluster = [new if one == old else one for one in cluster]
    expected = np.unique(cluster, return_inverse=True)[1]
    assert (result.groups[:, None] == result.groups).tolist() == (expected[:, None] == expected).tolist()
    for pair in result.pairs.itertuples():
        assert pair.left < pair.right
        assert pair.similarity == pytest.approx(jaccard(texts[pair.left], texts[pair.right]))


def test_find_duplicates_ignores_case_punctuation_and_white_space():
    result = find_duplicates(["The ferry came late.", "Another one was on time.", "the FERRY\n came - late!"])
    assert result.groups.tolist() == [0, 1, 0]
    assert result.pairs.to_dict("records") == [{"left": 0, "right": 2, "similarity": 1.0}]


def test_find_duplicates_numbers_clusters_by_their_first_text():
    assert find_duplicates(["b b b", "a a a", "c c c", "a a a", "b b b"]).groups.tolist() == [0, 1, 2, 1, 0]


@pytest.mark.parametrize("texts", [[], ["one"], ["", ""], ["one", "two"], ["one two", "one two"]])
def test_find_duplicates_accepts_few_and_short_texts(texts):
    groups = find_duplicates(texts).groups
    assert len(groups) == len(texts)
    assert len(set(groups)) == len(set(texts))


def test_find_duplicates_clusters_equal_texts_without_comparing_all_pairs():
    result = find_duplicates(["the ferry came late again"] * 3000 + ["the tram came on time"])
    assert len(set(result.groups)) == 2
    assert len(result.pairs) == 2999


def test_find_duplicates_rejects_a_threshold_that_misses_pairs():
    with pytest.raises(ValueError, match=r"between 0\.5 and 1; got 0\.3"):
        find_duplicates(["a"], 0.3)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("abc", "texts must be a sequence of strings; got str"),
        (None, "texts must be a sequence of strings; got NoneType"),
        ({"a", "b"}, "texts must be a sequence of strings; got set"),
        (pd.DataFrame({"text": ["a"]}), "texts must be a sequence of strings; got DataFrame"),
        (["a", None], "texts must be a sequence of strings; row 1 is of type NoneType"),
        ([b"a"], "texts must be a sequence of strings; row 0 is of type bytes"),
    ],
)
def test_find_duplicates_rejects_other_values_than_strings(texts, message):
    with pytest.raises(TypeError, match=message):
        find_duplicates(texts)
    with pytest.raises(ValueError, match=r"threshold must be between 0\.5 and 1; got None"):
        find_duplicates(["a"], None)
