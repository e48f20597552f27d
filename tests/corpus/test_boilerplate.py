import pytest
from hypothesis import given
from hypothesis import strategies as st

from topicdesk.corpus.boilerplate import is_menu, recurring_sentences, without_sentences

NOTICE = "The views in this column are not those of the Courier."


def articles(n_articles, source, *, notice):
    texts = [
        f"Boat {number} was painted on Monday. It was windy. {NOTICE if notice else ''}" for number in range(n_articles)
    ]
    return texts, [source] * n_articles


def test_what_many_articles_of_a_source_share_recurs_in_that_source_only():
    (here, here_source), (there, there_source) = articles(8, "a", notice=True), articles(8, "b", notice=False)
    there[0] += NOTICE
    found = recurring_sentences(here + there, here_source + there_source)
    assert found == {"a": frozenset({NOTICE}), "b": frozenset()}, "nor does a short sentence, however often"


@pytest.mark.parametrize(("n_articles", "recurs"), [(4, False), (5, True)])
def test_few_articles_make_no_boilerplate(n_articles, recurs):
    texts, sources = articles(n_articles, "a", notice=True)
    assert (NOTICE in recurring_sentences(texts, sources)["a"]) == recurs


def test_a_small_share_of_a_large_source_is_no_boilerplate():
    (some, _), (most, _) = articles(5, "a", notice=True), articles(600, "a", notice=False)
    assert recurring_sentences(some + most[5:], ["a"] * 600)["a"] == frozenset()


def test_the_same_article_again_counts_once():
    texts, sources = articles(1, "a", notice=True)
    assert recurring_sentences(texts * 20, sources * 20)["a"] == frozenset()


def test_sentences_are_taken_off_and_the_rest_stays_as_it_stood():
    text = f"The ferry came late. {NOTICE}\nIt was windy,\nhe said. Learn more\nThe end."
    rest, removed = without_sentences(text, {NOTICE})
    assert rest == "The ferry came late. It was windy,\nhe said. The end."
    assert removed == [NOTICE, "Learn more"]


def test_a_text_of_nothing_else_stays():
    assert without_sentences(NOTICE, {NOTICE}) == (NOTICE, [])


@pytest.mark.parametrize(
    "line", ["Leave a review", "Share this with", "SHARE", "Comments (12)", "Read more »", "View Comments"]
)
def test_menu_phrases_are_known(line):
    assert is_menu(line)


@pytest.mark.parametrize(
    "line", ["Share prices fell.", "Read the verdict here", "Back to school", "The menu was long", ""]
)
def test_sentences_that_begin_like_a_menu_are_not(line):
    assert not is_menu(line)


@given(
    pieces=st.lists(st.sampled_from(["It was windy.", NOTICE, "Share this", "“Late!” ", "x", "\n", " "]), max_size=12),
    glue=st.sampled_from([" ", "\n", ""]),
)
def test_text_in_is_text_out_and_what_was_removed(pieces, glue):
    text = glue.join(pieces)
    rest, removed = without_sentences(text, {NOTICE})
    assert sorted("".join((rest + "".join(removed)).split())) == sorted("".join(text.split()))
