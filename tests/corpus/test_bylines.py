import pytest
from hypothesis import given, strategies as st

from topicdesk.corpus._bylines import read_people, split_byline


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
def test_split_byline_reads_bylines_before_a_text(text, authors, agency, rest):
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
def test_split_byline_keeps_sentences_that_look_like_bylines(text):
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
def test_read_people_returns_names_only_for_a_byline(line, people):
    assert read_people(line) == people


PIECES = ["By ", "Anna Berg", " and ", "Bo Ek", " | ", "Courier", ", ", "Staff", "\n", " The ferry", "x", "."]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_split_byline_loses_no_text(text):
    byline, rest = split_byline(text)
    assert (byline.written if byline else "") + rest == text
