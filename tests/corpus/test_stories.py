"""Texts that tell the same story are grouped, and groups do not grow into chains."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from topicdesk.corpus import find_duplicates, find_stories, join_groups, stories, story_groups
from topicdesk.errors import ArgumentError

WORDS = "ferry port rope sail mast deck tide wind crew dock buoy keel helm oar net cod pier gull fog bell".split()


@st.composite
def newspapers(draw):
    """Generate texts of a few words each, some of which are copies or share words."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    texts = [" ".join(rng.choice(WORDS, rng.integers(0, 12))) for _ in range(draw(st.integers(1, 14)))]
    texts += [f"{texts[row]} today" for row in rng.integers(len(texts), size=draw(st.integers(0, 4)))]
    return [texts[row] for row in rng.permutation(len(texts))]


def together(groups):
    return (groups[:, None] == groups).tolist()


@settings(max_examples=60, deadline=None)
@given(texts=newspapers(), threshold=st.sampled_from([0.3, 0.5, 0.8]), chunk=st.integers(1, 5))
def test_find_stories_equals_a_comparison_of_every_pair(texts, threshold, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stories, "_CHUNK", chunk)
        found = find_stories(texts, threshold, largest=1)
    linked = find_duplicates(texts).groups[:, None] == find_duplicates(texts).groups
    if any(texts):
        vectors = TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True).fit_transform(texts)
        linked |= (vectors @ vectors.T).toarray() >= threshold - 1e-9
    for _ in texts:
        linked = linked @ linked
    assert together(found.groups) == linked.tolist()
    assert found.threshold == threshold
    assert found.warnings == ()


@settings(max_examples=30, deadline=None)
@given(texts=newspapers(), random_state=st.integers(0, 100))
def test_find_stories_does_not_depend_on_the_order_of_texts(texts, random_state):
    order = np.random.default_rng(random_state).permutation(len(texts))
    groups = find_stories(texts).groups
    assert together(find_stories([texts[row] for row in order]).groups) == together(groups[order])
    assert np.array_equal(np.unique(groups, return_index=True)[1], sorted(np.unique(groups, return_index=True)[1]))


@settings(max_examples=30, deadline=None)
@given(texts=newspapers())
def test_find_stories_keeps_near_duplicates_together_at_any_threshold(texts):
    duplicates = find_duplicates(texts).groups
    groups = find_stories(texts, threshold=1).groups
    assert all(len(set(groups[duplicates == group])) == 1 for group in set(duplicates))


def test_find_stories_raises_the_threshold_of_a_chain_and_says_so():
    # Neighbours share two of three words, and the ends of the chain share none.
    chain = [f"w{number} w{number + 1} w{number + 2}" for number in range(40)]
    found = find_stories(chain)
    assert found.threshold > 0.3
    assert found.sizes.max() <= 10
    (warning,) = found.warnings
    assert "one story would have 40 of 40 texts" in warning
    assert f"raised to {found.threshold:g}" in warning
    with pytest.warns(UserWarning, match="one story would have 40 of 40 texts"):
        assert np.array_equal(story_groups(chain), found.groups)


def test_find_stories_never_separates_near_duplicates_to_make_a_group_smaller():
    found = find_stories(["the ferry came late again"] * 30 + ["the tram came on time"] * 2)
    assert found.sizes.tolist() == [30, 2]


@pytest.mark.parametrize(
    "texts",
    [
        # Two headlines of the same story, and one of another.
        ["港口渡轮因大雾停航三天", "大雾致港口渡轮停航", "法院驳回居民上诉"],
        ["Die Fähre fällt wegen Nebels aus", "Wegen Nebels fällt die Fähre heute aus", "Das Gericht hört zwei Zeugen"],
        ["Паром не ходит из-за тумана", "Из-за тумана паром не ходит до утра", "Суд выслушал жителей города"],
    ],
    ids=["Chinese", "German", "Russian"],
)  # fmt: skip
def test_find_stories_works_in_other_languages(texts):
    assert find_stories(texts).groups.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("texts", "expected"), [([], []), ([""], [0]), (["", "!", "?"], [0, 0, 0]), (["", "a b c"], [0, 1])]
)
def test_find_stories_accepts_texts_without_words(texts, expected):
    assert find_stories(texts).groups.tolist() == expected


@pytest.mark.parametrize("threshold", [0.04, 1.1, "0.3", None, True, float("nan")])
def test_find_stories_rejects_other_thresholds(threshold):
    with pytest.raises(ArgumentError, match="threshold must be a number"):
        find_stories(["a"], threshold)


@pytest.mark.parametrize("largest", [0, -0.1, 1.1, None])
def test_find_stories_rejects_other_shares(largest):
    with pytest.raises(ArgumentError, match="largest must be"):
        find_stories(["a"], largest=largest)


def test_join_groups_links_rows_over_several_groupings():
    one, two = np.array([5, 5, 7, 8, 9]), np.array([0, 1, 1, 2, 3])
    assert join_groups(one, two).tolist() == [0, 0, 0, 1, 2]
    assert join_groups(one).tolist() == [0, 0, 1, 2, 3]
