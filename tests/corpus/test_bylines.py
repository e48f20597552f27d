import pytest
from hypothesis import given, strategies as st

from topicdesk.corpus.bylines import read_people, split_byline


@pytest.mark.parametrize(
    ("text", "authors", "agency", "rest"),
    [
        ("By Anna Berg\nThe ferry.", ("Anna Berg",), "", "The ferry."),
        ("By Anna Berg, Bo Ek and Cleo de Roo | Courier\nThe ferry.", ("Anna Berg", "Bo Ek", "Cleo de Roo"), "Courier",
         "The ferry."),
        ("By Anna Berg & Bo Ek, Courier Correspondents\nThe ferry.", ("Anna Berg", "Bo Ek"), "", "The ferry."),
        ("By Anna Berg | Associated Press The ferry.", ("Anna Berg",), "Associated Press", "The ferry."),
        ("By Änne O'Neill-Ek | Kurier “Zu spät”", ("Änne O'Neill-Ek",), "Kurier", "“Zu spät”"),
    ],
)  # fmt: skip
def test_bylines_before_a_text_are_read(text, authors, agency, rest):
    byline, left = split_byline(text)
    assert (byline.authors, byline.agency, left) == (authors, agency, rest)


@pytest.mark.parametrize(
    "text",
    [
        "By Monday The Ferry Line had\nsailed.",
        "By noon\nit was late.",
        "By Anna Berg",
        "Anna Berg\nThe ferry.",
        "By Port Town | it was late.",
        "",
    ],
)
def test_sentences_that_begin_alike_are_none(text):
    assert split_byline(text) == (None, text)


@pytest.mark.parametrize(
    ("line", "people"),
    [
        ("Anna Berg", ("Anna Berg",)),
        ("By Anna Berg and Bo Ek | Courier", ("Anna Berg", "Bo Ek")),
        ("Anna", ()),
        ("the ferry came late", ()),
        ("", ()),
    ],
)
def test_a_line_is_a_byline_or_is_not(line, people):
    assert read_people(line) == people


PIECES = ["By ", "Anna Berg", " and ", "Bo Ek", " | ", "Courier", ", ", "Staff", "\n", " The ferry", "x", "."]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_nothing_is_lost(text):
    byline, rest = split_byline(text)
    assert (byline.written if byline else "") + rest == text
