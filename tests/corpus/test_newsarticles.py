"""read_newsarticles on handwritten rows with the defects of the real corpus."""

import csv
import io

import pandas as pd
import pytest

from topicdesk.corpus._newsarticles import read_newsarticles
from topicdesk.errors import CorpusError

HEADER = ["article_id", "publish_date", "article_source_link", "title", "subtitle", "text"]


def corpus(*rows):
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(HEADER)
    writer.writerows(rows)
    return read_newsarticles(file.getvalue().encode())


def row(number=1, date="2017/2/7", link="http://www.town.example/a", title="Title", subtitle="", text="Some text."):
    return [str(number), date, link, title, subtitle, text]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2017/2/7", "2017-02-07"),
        ("2017/02/07", "2017-02-07"),
        ("2017/2/07", "2017-02-07"),
        ("2017/02/7", "2017-02-07"),
        ("2017/2/7 9:30", "2017-02-07"),
        ("", None),
        ("soon", None),
        ("2017/13/40", None),
    ],
)
def test_read_newsarticles_parses_dates_and_does_not_guess(written, expected):
    articles, report = corpus(row(date=written))
    published = articles.loc[0, "published"]
    assert pd.isna(published) if expected is None else published == pd.Timestamp(expected)
    assert report.noted["no readable date (NaT)"] == (expected is None)


def test_read_newsarticles_drops_and_counts_rows_without_text():
    articles, report = corpus(row(1), row(2, text=""), row(3, text=" \n\t "))
    assert list(articles["id"]) == ["1"]
    assert (report.rows, report.articles, report.dropped) == (3, 1, {"no text": 2})


def test_read_newsarticles_repairs_mojibake_and_keeps_typographic_quotes():
    articles, report = corpus(row(title="Caf\u00c3\u00a9 closes", text="\u201cWe stay,\u201d she said."))
    assert articles.loc[0, "title"] == "Café closes"
    assert articles.loc[0, "text"] == "“We stay,” she said."
    assert report.changed["fix_encoding in title"] == 1


def test_read_newsarticles_restores_lost_quotation_marks_and_line_breaks():
    articles, _ = corpus(row(text='"It ends,"?he said.-The next day came.'))
    assert articles.loc[0, "text"] == '"It ends," he said.\nThe next day came.'


def test_read_newsarticles_squeezes_white_space_and_drops_invisible_characters():
    articles, _ = corpus(row(text="  one \u200b\t two \r\n\r\n\n three\u00ad "))
    assert articles.loc[0, "text"] == "one two\nthree"


def test_read_newsarticles_puts_the_subtitle_first_unless_the_text_repeats_it():
    articles, _ = corpus(row(1, subtitle="A lead.", text="The text."), row(2, subtitle="A lead.", text="A lead. More."))
    assert list(articles["text"]) == ["A lead.\nThe text.", "A lead. More."]


def test_read_newsarticles_takes_the_source_from_the_link_and_allows_no_title():
    articles, report = corpus(row(title="", link="https://news.town.example/2017/a?b=c"))
    assert articles.loc[0, "source"] == "news.town.example"
    assert articles.loc[0, "title"] == ""
    assert report.noted["no title"] == 1


def test_read_newsarticles_notes_what_it_cannot_repair():
    _, report = corpus(row(1, text="It\ufffds late."), row(2, text="Same."), row(3, text="Same."))
    assert report.noted["a character that cannot be repaired (U+FFFD)"] == 1
    assert report.noted["the same text as an earlier article"] == 1


def test_read_newsarticles_rejects_other_columns():
    with pytest.raises(CorpusError, match="expected the columns"):
        read_newsarticles(b"id,text\n1,Some text.\n")


def test_read_newsarticles_removes_datelines_and_recurring_sentences():
    notice = "The views in this column are not those of the Courier."
    rows = [row(number, text=f"PORT TOWN (Courier) - Boat {number} was painted. {notice}") for number in range(6)]
    articles, report = corpus(*rows)
    assert list(articles["text"]) == [f"Boat {number} was painted." for number in range(6)]
    assert set(articles["place"]) == {"PORT TOWN"}
    assert report.changed["split_dateline in text"] == report.changed["take_off_recurring in text"] == 6


def test_read_newsarticles_removes_a_dateline_that_the_subtitle_repeats():
    articles, _ = corpus(row(subtitle="(PTN)The ferry came late.", text="(PTN)The ferry came late. It was windy."))
    assert articles.loc[0, "text"] == "The ferry came late. It was windy."


def test_read_newsarticles_keeps_boilerplate_on_request():
    file = io.StringIO()
    csv.writer(file).writerows([HEADER, row(text="PORT TOWN (Courier) - The ferry came late.")])
    articles, report = read_newsarticles(file.getvalue().encode(), boilerplate="kept")
    assert articles.loc[0, "text"] == "PORT TOWN (Courier) - The ferry came late."
    assert not any("split_dateline" in step for step in report.changed)
