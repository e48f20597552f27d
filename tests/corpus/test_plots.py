import pandas as pd
import pytest

from topicdesk.corpus import articles_frame, find_duplicates, plot_corpus


def corpus(dates, sources=None, texts=None):
    return articles_frame(
        {
            "id": [f"a{number}" for number in range(len(dates))],
            "text": texts or [f"boat number {number} was painted" for number in range(len(dates))],
            "published": [None if date is None else pd.Timestamp(date) for date in dates],
            "source": sources or ["town.example"] * len(dates),
        }
    )


def drawn(articles):
    return plot_corpus(articles, find_duplicates(articles["text"].tolist())).axes


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_months_without_an_article_show_as_a_gap_and_missing_dates_apart():
    months, *_ = drawn(corpus(["2023-01-05", "2023-03-07", "2023-03-08", None]))
    assert labels(months.xaxis) == ["2023-01", "2023-02", "2023-03", "no date"]
    assert [text.get_text() for text in months.texts] == ["1", "2", "1"]


def test_many_years_are_shown_by_year():
    months, *_ = drawn(corpus(["2001-01-05", "2023-03-07"]))
    assert labels(months.xaxis)[0] == "2001"
    assert "year" in months.get_title()


def test_more_sources_than_a_picture_can_name_stand_together():
    months, *_ = drawn(corpus(["2023-01-05"] * 40, [f"s{number // 2:02}.example" for number in range(40)]))
    assert len(labels(months.yaxis)) == 16
    assert labels(months.yaxis)[-1] == "(others)"
    assert sum(int(text.get_text()) for text in months.texts) == 40


@pytest.mark.parametrize("texts", [["one boat here"] * 3, ["one boat here", "two trams there", "a bus came late"]])
def test_clusters_are_counted_by_their_size(texts):
    *_, clusters = drawn(corpus(["2023-01-05"] * 3, texts=texts))
    if len(set(texts)) == 1:
        assert labels(clusters.yaxis) == ["3 articles"]
    else:
        assert clusters.texts[0].get_text() == "none"


def test_a_corpus_without_dates_and_sources_is_drawn_too():
    months, *_ = drawn(corpus([None, None], ["", ""]))
    assert labels(months.xaxis) == ["no date"]
    assert labels(months.yaxis) == ["(none)"]
