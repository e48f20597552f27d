"""The reader, on rows written by hand with the faults that the real corpus has."""

import csv
import io

import pandas as pd
import pytest

from topicdesk.corpus.newsarticles import read_newsarticles
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
    ("written", "read"),
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
def test_dates_of_every_shape_are_read_and_others_are_not_guessed(written, read):
    articles, report = corpus(row(date=written))
    published = articles.loc[0, "published"]
    assert pd.isna(published) if read is None else published == pd.Timestamp(read)
    assert report.noted["no readable date (NaT)"] == (read is None)


def test_rows_without_text_are_dropped_and_counted():
    articles, report = corpus(row(1), row(2, text=""), row(3, text=" \n\t "))
    assert list(articles["id"]) == ["1"]
    assert (report.rows, report.articles, report.dropped) == (3, 1, {"no text": 2})


def test_mojibake_is_repaired_and_typographic_quotes_are_kept():
    articles, report = corpus(row(title="Caf\u00c3\u00a9 closes", text="\u201cWe stay,\u201d she said."))
    assert articles.loc[0, "title"] == "Café closes"
    assert articles.loc[0, "text"] == "“We stay,” she said."
    assert report.changed["fix_encoding in title"] == 1


def test_lost_quotation_marks_and_line_breaks_are_mended():
    articles, _ = corpus(row(text='"It ends,"?he said.-The next day came.'))
    assert articles.loc[0, "text"] == '"It ends," he said.\nThe next day came.'


def test_white_space_is_squeezed_and_invisible_characters_go():
    articles, _ = corpus(row(text="  one \u200b\t two \r\n\r\n\n three\u00ad "))
    assert articles.loc[0, "text"] == "one two\nthree"


def test_a_subtitle_comes_first_unless_the_text_begins_with_it():
    articles, _ = corpus(row(1, subtitle="A lead.", text="The text."), row(2, subtitle="A lead.", text="A lead. More."))
    assert list(articles["text"]) == ["A lead.\nThe text.", "A lead. More."]


def test_the_outlet_is_the_links_host_and_a_missing_title_stays_empty():
    articles, report = corpus(row(title="", link="https://news.town.example/2017/a?b=c"))
    assert articles.loc[0, "source"] == "news.town.example"
    assert articles.loc[0, "title"] == ""
    assert report.noted["no title"] == 1


def test_what_cannot_be_repaired_is_noted():
    _, report = corpus(row(1, text="It\ufffds late."), row(2, text="Same."), row(3, text="Same."))
    assert report.noted["a character that cannot be repaired (U+FFFD)"] == 1
    assert report.noted["the same text as an earlier article"] == 1


def test_other_columns_are_refused():
    with pytest.raises(CorpusError, match="expected the columns"):
        read_newsarticles(b"id,text\n1,Some text.\n")


def test_datelines_and_recurring_sentences_are_taken_off_and_counted():
    notice = "The views in this column are not those of the Courier."
    rows = [row(number, text=f"PORT TOWN (Courier) - Boat {number} was painted. {notice}") for number in range(6)]
    articles, report = corpus(*rows)
    assert list(articles["text"]) == [f"Boat {number} was painted." for number in range(6)]
    assert set(articles["place"]) == {"PORT TOWN"}
    assert report.changed["split_dateline in text"] == report.changed["take_off_recurring in text"] == 6


def test_a_dateline_goes_where_the_subtitle_is_the_texts_beginning_too():
    articles, _ = corpus(row(subtitle="(PTN)The ferry came late.", text="(PTN)The ferry came late. It was windy."))
    assert articles.loc[0, "text"] == "The ferry came late. It was windy."


def test_boilerplate_is_kept_where_that_is_asked_for():
    file = io.StringIO()
    csv.writer(file).writerows([HEADER, row(text="PORT TOWN (Courier) - The ferry came late.")])
    articles, report = read_newsarticles(file.getvalue().encode(), boilerplate="kept")
    assert articles.loc[0, "text"] == "PORT TOWN (Courier) - The ferry came late."
    assert not any("split_dateline" in step for step in report.changed)
