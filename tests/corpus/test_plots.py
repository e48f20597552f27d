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


def plot_axes(articles):
    return plot_corpus(articles, find_duplicates(articles["text"].tolist())).axes


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_plot_corpus_shows_empty_months_and_missing_dates():
    months, *_ = plot_axes(corpus(["2023-01-05", "2023-03-07", "2023-03-08", None]))
    assert labels(months.xaxis) == ["2023-01", "2023-02", "2023-03", "no date"]
    assert [text.get_text() for text in months.texts] == ["1", "2", "1"]


def test_plot_corpus_shows_many_years_by_year():
    months, *_ = plot_axes(corpus(["2001-01-05", "2023-03-07"]))
    assert labels(months.xaxis)[0] == "2001"
    assert "year" in months.get_title()


def test_plot_corpus_combines_the_smallest_of_many_sources():
    months, *_ = plot_axes(corpus(["2023-01-05"] * 40, [f"s{number // 2:02}.example" for number in range(40)]))
    assert len(labels(months.yaxis)) == 16
    assert labels(months.yaxis)[-1] == "(others)"
    assert sum(int(text.get_text()) for text in months.texts) == 40


@pytest.mark.parametrize("texts", [["one boat here"] * 3, ["one boat here", "two trams there", "a bus came late"]])
def test_plot_corpus_counts_clusters_by_size(texts):
    *_, clusters = plot_axes(corpus(["2023-01-05"] * 3, texts=texts))
    if len(set(texts)) == 1:
        assert labels(clusters.yaxis) == ["3 articles"]
    else:
        assert clusters.texts[0].get_text() == "none"


def test_plot_corpus_accepts_articles_without_dates_and_sources():
    months, *_ = plot_axes(corpus([None, None], ["", ""]))
    assert labels(months.xaxis) == ["no date"]
    assert labels(months.yaxis) == ["(none)"]
