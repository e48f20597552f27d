"""Dates as programs, feeds and people write them."""

from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from topicdesk.corpus import read_articles
from topicdesk.corpus._dates import read_time
from topicdesk.corpus._months import MONTHS


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2017-12-31T09:30:00.123Z", "2017-12-31 09:30:00.123"),
        ("2017-12-31 09:30:00 UTC", "2017-12-31 09:30"),
        ("2017-12-31T09:30:00+02:00", "2017-12-31 07:30"),
        ("2017/12/31 09:30", "2017-12-31 09:30"),
        ("2016/6/29 15:07:41", "2016-06-29 15:07:41"),
        ("31/12/2017 09:30", "2017-12-31 09:30"),
        ("30.06.2023 10:00", "2023-06-30 10:00"),
        ("20171231", "2017-12-31"),
        ("1612011200000", "2021-01-30 12:53:20"),
        ("1612011200", "2021-01-30 12:53:20"),
        ("1612011200.0", "2021-01-30 12:53:20"),
        ("Sun, 31 Dec 2017 09:30:00 +0100", "2017-12-31 08:30"),
        ("Sat, 05 Jun 2021 08:00:00 EST", "2021-06-05 13:00"),
        ("Fri, 22 Sep 17 22:05:03 +0300", "2017-09-22 19:05:03"),
        ("Mo, 25 Jun 2018 11:41:36", "2018-06-25 11:41:36"),
        ("Sunday, December 31, 2017", "2017-12-31"),
        ("December 31, 2017 ", "2017-12-31"),
        ("Dec. 31, 2017 9:30 a.m.", "2017-12-31 09:30"),
        ("Dec. 31, 2017, 12:05 AM", "2017-12-31 00:05"),
        ("May 4th, 2017 at noon", None),
        ("May 4th, 2017", "2017-05-04"),
        ("19-Feb-18", "2018-02-19"),
        ("Tue, 24 May 2016 2:17:57 PM CEST", None),  # no time in a zone that is not known
        ("Mon, 31 Jun 2021 08:00:00 GMT", None),
        ("5 May 2017 25:00", None),
        ("20171331", None),
        ("123456789", None),
        ("2021", None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+05:00", None),  # in the year 0
        ("9999-12-31T23:59:59-05:00", None),
    ],
)
def test_read_time_reads_usual_forms_and_makes_up_none(written, expected):
    found, flags = read_time(written)
    assert (found is None) == (expected is None)
    assert flags == (("a date that cannot be read (NaT)",) if expected is None else ())
    if expected is not None:
        assert pd.Timestamp(found) == pd.Timestamp(expected)


def test_read_time_flags_ambiguous_and_old_dates():
    assert read_time("12/05/2021 10:00")[1] == ("ambiguous date",)
    assert read_time("1612-01-12")[1] == ("a date before 1800",)
    assert read_time("  ") == (None, ())


@given(st.text(st.sampled_from("0123456789 :/-.,apmJanFebMayUTCZ+"), max_size=30))
def test_read_time_gives_a_time_without_zone_or_none(written):
    found, flags = read_time(written)
    assert found is None or found.tzinfo is None
    assert flags or found is not None or not written.strip()


def test_read_articles_notes_dates_of_a_feed_that_cannot_be_read(tmp_path):
    items = "".join(
        f"<item><title>Mill {row}</title><description>The mill number {row} was sold.</description>"
        f"<pubDate>{written}</pubDate></item>"
        for row, written in enumerate(["2016/6/29 15:07:41", "1612011200", "Mon, 31 Jun 2021 08:00:00 GMT", ""])
    )
    feed = tmp_path / "news.xml"
    feed.write_text(f"<rss version='2.0'><channel><title>Valley Post</title>{items}</channel></rss>")
    corpus, account = read_articles([feed], language="en")
    published = corpus.sort_values("title")["published"].tolist()
    assert published[:2] == [pd.Timestamp("2016-06-29 15:07:41"), pd.Timestamp("2021-01-30 12:53:20")]
    assert pd.isna(published[2])
    assert pd.isna(published[3])
    assert account.noted["a date that cannot be read (NaT)"] == 1


@pytest.mark.parametrize(
    "written",
    [
        "31 décembre 2017", "le 31 décembre 2017", "31. Dezember 2017", "31 de diciembre de 2017", "31 dicembre 2017",
        "31 de dezembro de 2017", "31 december 2017", "31 Aralık 2017", "31 декабря 2017", "31 грудня 2017",
        "Dimanche 31 décembre 2017",
    ],
)  # fmt: skip
def test_read_time_knows_months_in_other_languages(written):
    assert read_time(written) == (datetime(2017, 12, 31), ())


def test_read_time_knows_every_month_in_every_language():
    for names in MONTHS.values():
        for month, name in enumerate(names.split(), start=1):
            assert read_time(f"5 {name} 2021 09:30") == (datetime(2021, month, 5, 9, 30), ())
    assert read_time("1er août 2018") == (datetime(2018, 8, 1), ())
    assert read_time("5 März 2021") == read_time("5 março 2021") == (datetime(2021, 3, 5), ())
    assert read_time("31 hiver 2017") == (None, ("a date that cannot be read (NaT)",))
