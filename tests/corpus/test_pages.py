"""Handwritten pages in the layout of a newsroom."""

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from topicdesk.corpus import parse_page
from topicdesk.errors import CorpusError

PAGE = """Ferry Talks: 'Good Progress' Made, Harbour Master Says
Port Town/30.06.23/Courier: The harbour master said on Thursday that both islands had made “good progress”.
"The closer we get, the harder it gets," she said at the end of three days of talks.
The islands will meet again in autumn.
Anna Lindqvist
Politics
-
The delegation to the autumn fair will be led by the deputy mayor, the Courier reports.
-
On October 31, the town court heard the case of the lost anchor.
-
During the fair, the port expects 2,000 passengers a day.
Leave a review"""


def rows_of(page):
    return page.articles.to_dict("records")


def test_parse_page_returns_the_article_and_its_teasers_without_menus():
    page = parse_page(PAGE)
    article, *teasers = rows_of(page)
    assert article["title"] == "Ferry Talks: 'Good Progress' Made, Harbour Master Says"
    assert (article["place"], article["source"], article["section"]) == ("Port Town", "Courier", "Politics")
    assert (article["published"], article["authors"]) == (pd.Timestamp(2023, 6, 30), "Anna Lindqvist")
    assert article["text"].startswith("The harbour master said")
    assert article["text"].endswith("again in autumn.")
    assert [teaser["text"].split()[0] for teaser in teasers] == ["The", "On", "During"]
    for teaser in teasers:
        assert (teaser["kind"], teaser["section"], teaser["page"]) == ("teaser", "Politics", article["id"])
        assert pd.isna(teaser["published"]), "a teaser does not have the date of the article, because it is newer"
        assert (teaser["place"], teaser["authors"], teaser["title"]) == ("", "", "")
    assert not page.articles["text"].str.contains("review").any()
    assert [(line.number, line.reason) for line in page.removed] == [
        (2, "dateline"), (5, "byline"), (7, "divider"), (9, "divider"), (11, "divider"), (13, "menu"),
    ]  # fmt: skip
    assert page.flags == ()


@pytest.mark.parametrize(
    "written",
    [
        PAGE.replace("\n", "\r\n"),
        PAGE.replace("\n", "\r"),
        "\ufeff" + PAGE,
        PAGE.replace("\n", "\n\n \t\n"),
        "Menu\nSearch\n" + PAGE,
        PAGE.replace("\n-\n", "\n – \n"),
    ],
    ids=["windows", "old mac", "byte-order mark", "blank lines", "menu above", "other dashes"],
)
def test_parse_page_ignores_line_ends_blank_lines_and_kinds_of_dashes(written):
    pd.testing.assert_frame_equal(parse_page(written).articles, parse_page(PAGE).articles)


@pytest.mark.parametrize(
    ("lines", "authors", "section", "flags"),
    [
        (["Anna Lindqvist", "Politics"], "Anna Lindqvist", "Politics", ()),
        (["By Anna Lindqvist and Bo Ek", "Local News"], "Anna Lindqvist; Bo Ek", "Local News", ()),
        (["Anna Lindqvist", "Harbour Affairs"], "Anna Lindqvist", "Harbour Affairs", ("name or section",)),
        (["By Anna Lindqvist | Courier", "World"], "Anna Lindqvist", "World", ()),
        (["Anna Lindqvist", "Civil Society"], "Anna Lindqvist", "Civil Society", ()),
        (["Politics"], "", "Politics", ()),
        (["Sport & Culture"], "", "Sport & Culture", ()),
        (["By Anna Lindqvist"], "Anna Lindqvist", "", ()),
        (["Anna Lindqvist"], "Anna Lindqvist", "", ("name or section",)),
        ([], "", "", ()),
    ],
)
def test_parse_page_reads_optional_byline_and_section(lines, authors, section, flags):
    page = parse_page("\n".join(["A headline", "The ferry came late.", "It was windy.", *lines]))
    (article,) = rows_of(page)
    assert (article["authors"], article["section"], page.flags) == (authors, section, flags)
    assert article["text"] == "The ferry came late.\nIt was windy."


@pytest.mark.parametrize(
    ("line", "authors", "source"),
    [
        ("By Anna Berg | Courier", "Anna Berg", "Courier"),
        ("By ANNA BERG and BO EK, Courier Staff", "ANNA BERG; BO EK", ""),
        ("By Anna Berg", "Anna Berg", ""),
    ],
)
def test_parse_page_removes_a_byline_before_the_first_sentence(line, authors, source):
    page = parse_page(f"A headline\n{line}\nPORT TOWN, Nov 1 - The ferry came late.\nIt was windy.\nPolitics")
    (article,) = rows_of(page)
    assert (article["authors"], article["source"], article["place"]) == (authors, source, "PORT TOWN")
    assert (article["text"], article["section"]) == ("The ferry came late.\nIt was windy.", "Politics")
    assert [(line.number, line.reason) for line in page.removed] == [(2, "byline"), (3, "dateline")]


def test_parse_page_removes_an_inline_byline_with_a_bar():
    (article,) = rows_of(parse_page("A headline\nBy Anna Berg | Courier The ferry came late.\nIt was windy."))
    assert (article["authors"], article["source"]) == ("Anna Berg", "Courier")
    assert article["text"] == "The ferry came late.\nIt was windy."


@pytest.mark.parametrize(
    "line", ["By tradition, the ferry came late.", "By 2020 the Ferry Line will run.", "By Anna Berg"]
)
def test_parse_page_keeps_sentences_that_begin_like_a_byline(line):
    (article,) = rows_of(parse_page(f"A headline\n{line}", language="en"))
    assert article["text"] == line


def test_parse_page_without_steps_keeps_the_text_and_the_ids():
    written = PAGE.replace("\nPort Town", "\nBy Bo Ek\nPort Town")
    clean, uncleaned = (
        parse_page(written),
        parse_page(written, without=["split_byline", "split_dateline", "take_off_menus"]),
    )
    clean_article, uncleaned_article = rows_of(clean)[0], rows_of(uncleaned)[0]
    assert uncleaned_article["text"].startswith("By Bo Ek\nPort Town/30.06.23/Courier: The harbour master")
    assert uncleaned_article["text"].endswith("in autumn.\nAnna Lindqvist")
    assert (uncleaned_article["authors"], uncleaned_article["published"], uncleaned_article["id"]) == (
        clean_article["authors"],
        clean_article["published"],
        clean_article["id"],
    )
    assert uncleaned_article["authors"] == "Bo Ek; Anna Lindqvist"
    assert rows_of(uncleaned)[-1]["text"].endswith("Leave a review")
    assert [row["id"] for row in clean.rows] == [row["id"] for row in uncleaned.rows]
    assert {line.reason for line in uncleaned.removed} == {"divider"}


def test_parse_page_without_dateline_and_teasers_returns_one_article():
    page = parse_page("A headline\nThe ferry came late.\nIt was windy.", source="town.example", language="en")
    (article,) = rows_of(page)
    assert page.dateline is None
    assert (article["source"], article["language"], article["place"]) == ("town.example", "en", "")
    assert pd.isna(article["published"])


def test_parse_page_reads_other_languages():
    page = parse_page(
        "Fähre kommt zu spät\nHafenstadt/03.04.23/Kurier: Die Fähre kam am Montag zu spät.\nEs war stürmisch.\n"
        "Änne Müller-Lüdenscheidt\nPolitik\n-\nÜber 2000 Gäste werden erwartet."
    )
    article, teaser = rows_of(page)
    assert (article["place"], article["authors"], article["section"]) == (
        "Hafenstadt",
        "Änne Müller-Lüdenscheidt",
        "Politik",
    )
    assert page.flags == ("ambiguous date",)
    assert teaser["text"] == "Über 2000 Gäste werden erwartet."


def test_parse_page_reads_many_teasers_and_reports_a_repeated_one():
    teasers = [f"Boat number {number} was painted." for number in range(1000)]
    page = parse_page("\n-\n".join(["A headline\nThe ferry came late.", *teasers, teasers[3]]))
    assert len(page.articles) == 1001
    assert page.articles["id"].is_unique
    assert [line.text for line in page.removed if line.reason == "the same teaser again"] == [teasers[3]]


def test_parse_page_derives_ids_from_content_and_source():
    assert rows_of(parse_page(PAGE))[0]["id"] == rows_of(parse_page(PAGE))[0]["id"]
    assert rows_of(parse_page(PAGE, source="other.example"))[0]["id"] != rows_of(parse_page(PAGE))[0]["id"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no headline"),
        ("Menu\n-\n-", "no headline"),
        ("A headline\n-\nA teaser.", "a headline but no text: 'A headline'"),
    ],
)
def test_parse_page_rejects_a_page_without_an_article(text, message):
    with pytest.raises(CorpusError, match=message):
        parse_page(text)


LINES = st.sampled_from(
    (
        "A headline;PORT TOWN (Courier) - The ferry came late.;It was windy.;Anna Lindqvist;Politics;-;—;***;"
        "Leave a review;Share this with;Read more;By Bo Ek, Courier;By Bo Ek;By Bo Ek | Courier It;  ;1/2/23/Courier: A"
    ).split(";")
) | st.text(max_size=30)


@pytest.mark.slow
@given(lines=st.lists(LINES, max_size=25), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_parse_page_keeps_or_reports_every_character(lines, end):
    text = end.join(lines)
    try:
        page = parse_page(text)
    except CorpusError:
        return
    article = rows_of(page)[0]
    out = [article["title"], article["section"]]
    out += [row["text"] for row in rows_of(page)] + [line.text for line in page.removed]
    assert sorted("".join("".join(out).split())) == sorted("".join(text.removeprefix("\ufeff").split()))


@pytest.mark.parametrize(
    ("beginning", "place", "source", "published", "removed"),
    [
        ("PORT TOWN, February 7. /COURIER/. ", "PORT TOWN", "COURIER", pd.NaT, "PORT TOWN, February 7. /COURIER/."),
        ("PORT TOWN, February 7, 2021. /COURIER/.\n", "PORT TOWN", "COURIER", pd.Timestamp(2021, 2, 7), None),
        ("Port Town/30.06.23/Courier: ", "Port Town", "Courier", pd.Timestamp(2023, 6, 30), None),
        ("PORT TOWN (Courier) - ", "PORT TOWN", "Courier", pd.NaT, None),
        ("PORT TOWN — ", "PORT TOWN", "", pd.NaT, None),
        ("МОСКВА, 7 Feb 2021 /ВЕСТНИК/. ", "МОСКВА", "ВЕСТНИК", pd.Timestamp(2021, 2, 7), None),
    ],
)
@pytest.mark.parametrize("more", ["", "\nShips wait outside.\nAnna Lindqvist\nPolitics\n-\nA storm is near.\n"])
def test_parse_page_makes_no_title_of_a_dateline(beginning, place, source, published, removed, more):
    page = parse_page(f"{beginning}The ministry closed the harbour for a week.{more}")
    article, *teasers = rows_of(page)
    assert (article["title"], article["place"], article["source"]) == ("", place, source)
    assert article["published"] is published or article["published"] == published
    assert article["text"].split("\n")[0] == "The ministry closed the harbour for a week."
    assert next(line for line in page.removed if line.reason == "dateline").number == 1
    assert page.removed[0].text == (removed or beginning.strip())
    if more:
        assert (article["authors"], article["section"], len(teasers)) == ("Anna Lindqvist", "Politics", 1)


@pytest.mark.parametrize(
    "headline",
    ["ROME - Mill sold to the town", "Port Town (Courier) - Mill sold", "Rome, Italy - Mill sold", "Mill sold."],
)
def test_parse_page_keeps_a_headline_that_names_a_place(headline):
    article, *_ = rows_of(parse_page(f"{headline}\nThe mill was sold on a cold day.\nIt will close."))
    assert article["title"] == headline


def test_parse_page_keeps_a_headline_before_a_dateline():
    text = "PORT TOWN, 7 Feb 2021 /COURIER/. Mill sold.\nPORT TOWN, 8 Feb 2021. /COURIER/. The mill was sold."
    article, *_ = rows_of(parse_page(text))
    assert article["title"] == "PORT TOWN, 7 Feb 2021 /COURIER/. Mill sold."
    assert article["published"] == pd.Timestamp(2021, 2, 8)


def test_parse_page_without_split_dateline_keeps_it_in_the_text():
    written = "PORT TOWN, February 7. /COURIER/. The ministry closed the harbour."
    article, *_ = rows_of(parse_page(written, without=("split_dateline",)))
    assert (article["title"], article["text"], article["place"]) == ("", written, "PORT TOWN")
