import pytest
from hypothesis import given, strategies as st

from topicdesk.corpus._boilerplate import RecurrenceFinder, take_off_menus, take_off_recurring

NOTICE = "The views in this column are not those of the Courier."


def articles(n_articles, *, end=""):
    return [f"Boat {number} was painted on Monday. It was windy. {end}".strip() for number in range(n_articles)]


def recurring_in(texts, source="a"):
    finder = RecurrenceFinder()
    for text in texts:
        finder.add(source, text)
    return finder.find()[source]


def test_recurrence_finder_finds_recurring_text_per_source():
    finder = RecurrenceFinder()
    for here, there in zip(articles(8, end=NOTICE), [*articles(7), f"It was windy. {NOTICE}"], strict=True):
        finder.add("a", here)
        finder.add("b", there)
    recurring = finder.find()
    text = f"The ferry came late. It was windy. {NOTICE} The end."
    assert take_off_recurring(text, recurring["a"]) == ("The ferry came late. It was windy. The end.", [NOTICE])
    assert take_off_recurring(text, recurring["b"]) == (text, [])


@pytest.mark.parametrize(("n_articles", "recurs"), [(4, False), (5, True)])
def test_recurrence_finder_needs_at_least_five_articles(n_articles, recurs):
    recurring = recurring_in(articles(n_articles, end=NOTICE))
    assert take_off_recurring(f"A. {NOTICE}", recurring)[1] == ([NOTICE] if recurs else [])


def test_recurrence_finder_ignores_a_small_share_of_a_large_source():
    texts = [*articles(5, end=NOTICE), *articles(600)[5:]]
    assert take_off_recurring(f"A. {NOTICE}", recurring_in(texts))[1] == []


def test_recurrence_finder_counts_repeated_articles_once():
    assert take_off_recurring(f"A. {NOTICE}", recurring_in(articles(1, end=NOTICE) * 20))[1] == []


def test_take_off_recurring_removes_short_sentences_only_at_the_end_of_texts():
    recurring = recurring_in(articles(8, end="Source: Courier"))
    assert take_off_recurring("The ferry came late. It was windy. Source: Courier", recurring) == (
        "The ferry came late. It was windy.",
        ["Source: Courier"],
    )
    assert take_off_recurring("It was windy. Source: Courier\nHe left.", recurring)[1] == [], (
        "the sentence is not at the end"
    )
    assert take_off_recurring("The ferry came late Source: Courier", recurring) == (
        "The ferry came late",
        ["Source: Courier"],
    ), "the full stop between them was lost"


def test_take_off_recurring_matches_source_lines_with_any_date_and_page():
    texts = [f"{text} (Courier Weekly 0{day}/07/2023 page{day})" for day, text in enumerate(articles(8))]
    line = "(Courier Weekly 31/12/2024 page12)"
    assert take_off_recurring(f"It was windy. {line}", recurring_in(texts)) == ("It was windy.", [line])
    assert take_off_recurring(f"It was windy, anna@courier.example {line}", recurring_in(texts))[1] == [line]
    assert take_off_recurring("It was windy. (Courier Weekly 12)", recurring_in(texts))[1] == []


def test_take_off_recurring_does_not_cut_a_final_word_out_of_a_sentence():
    recurring = recurring_in([f"{text}\nCourier" for text in articles(8)])
    assert take_off_recurring("The ferry came late.\nCourier", recurring) == ("The ferry came late.", ["Courier"])
    assert take_off_recurring("The ferry came late, he told the Courier", recurring)[1] == []


def test_take_off_recurring_keeps_short_sentences_that_occur_anywhere():
    texts = [f"He said so. {text}" if number % 2 else f"{text} He said so." for number, text in enumerate(articles(20))]
    assert take_off_recurring("The ferry came late. He said so.", recurring_in(texts))[1] == []


def test_recurrence_finder_ignores_the_order_of_more_texts_than_it_samples():
    texts = [*articles(2100), *(f"{number}. {NOTICE}" for number in range(2100))]
    forward, backward = recurring_in(texts), recurring_in(texts[::-1])
    assert forward == backward
    assert take_off_recurring(f"A. {NOTICE}", forward)[1] == [NOTICE]


def test_take_off_recurring_keeps_a_text_that_is_only_boilerplate():
    assert take_off_recurring(NOTICE, recurring_in(articles(8, end=NOTICE))) == (NOTICE, [])


def test_take_off_menus_removes_menus_and_keeps_the_rest():
    text = "The ferry came late. Learn more\nIt was windy,\nhe said. Leave a review\nThe end."
    assert take_off_menus(text) == (
        "The ferry came late. It was windy,\nhe said. The end.",
        ["Learn more", "Leave a review"],
    )


@pytest.mark.parametrize(
    "line",
    [
        "Leave a review",
        "Share this with",
        "SHARE",
        "Comments (12)",
        "Read more »",
        "View Comments",
        "Anna Berg in Port Town contributed to this report.",
        "(Reporting by Anna Berg; editing by Bo Ek)",
        "Follow Anna Berg on Twitter: @anna",
        "ab/cd (dpa, AFP)",
        "Contact the writers at anna@courier.example",
        "Facebook Twitter WhatsApp",
        "Share Facebook | Twitter | Email",
    ],
)
def test_take_off_menus_recognises_menu_phrases_and_credits(line):
    assert take_off_menus(line) == ("", [line])


@pytest.mark.parametrize(
    "line",
    [
        "Share prices fell.",
        "Read the verdict here",
        "Back to school",
        "The menu was long",
        "Fog contributed to this.",
        "Share this with care, he said.",
        "They met on Facebook, Twitter, Instagram and by email.",
        "Write to anna@courier.example before Monday.",
        "The dam (in March) broke.",
        "",
    ],
)
def test_take_off_menus_keeps_sentences_that_begin_like_a_menu(line):
    assert take_off_menus(line) == (line, [])


@pytest.mark.parametrize(
    ("text", "rest", "phrase"),
    [
        ("Share this with Fog covered the port.", "Fog covered the port.", "Share this with"),
        (
            "It was late. Share this with Media playback is not supported on this device Fog came.",
            "It was late. Fog came.",
            "Share this with Media playback is not supported on this device",
        ),
        (
            "It was late. Send Facebook Twitter Google+ Whatsapp Permalink http://c.example/p/2X Fog came.",
            "It was late. Fog came.",
            "Send Facebook Twitter Google+ Whatsapp Permalink http://c.example/p/2X",
        ),
        ("It was late. anna@courier.example Fog came.", "It was late. Fog came.", "anna@courier.example"),
        ("It was late. READ MORE: Fog in the port", "It was late. Fog in the port", "READ MORE:"),
    ],
)
def test_take_off_menus_removes_phrases_that_run_into_the_next_sentence(text, rest, phrase):
    assert take_off_menus(text) == (rest, [phrase])


PIECES = ["It was windy.", NOTICE, "Share this", "“Late!” ", "x", "Source: Courier", "READ MORE: ", "\n", " "]


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12), glue=st.sampled_from([" ", "\n", ""]))
def test_take_off_functions_return_every_character_as_rest_or_removed(pieces, glue):
    text = glue.join(pieces)
    recurring = recurring_in([f"Boat {number}. {NOTICE} Source: Courier" for number in range(8)])
    bare, menus = take_off_menus(text)
    rest, removed = take_off_recurring(bare, recurring)
    assert sorted("".join((rest + "".join(menus + removed)).split())) == sorted("".join(text.split()))
