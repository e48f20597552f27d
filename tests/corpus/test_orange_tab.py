import pytest

from topicdesk.corpus._orange_tab import read_orange_tab
from topicdesk.errors import CorpusError

HEADER = "Category\tText\nd\tstring\nclass\t\n"


def test_read_orange_tab_returns_articles_and_labels_with_line_numbers_as_ids():
    articles, labels, report = read_orange_tab(
        {
            "train": f"{HEADER}rail\ttrains run\ncourts\ta judge\x85rules\n".encode(),
            "test": f"{HEADER}rail\tx\n".encode(),
        },
        "tiny",
    )
    assert list(articles["id"]) == ["train-4", "train-5", "test-4"]
    assert articles.loc[1, "text"] == "a judge\x85rules", "only a line feed ends a row"
    assert labels.to_dict("list") == {
        "article_id": ["train-4", "train-5", "test-4"],
        "topic": ["rail", "courts", "rail"],
        "sample": ["train", "train", "test"],
    }
    assert (report.rows, report.articles) == (3, 3)


def test_read_orange_tab_drops_and_counts_rows_without_text():
    articles, labels, report = read_orange_tab({"train": f"{HEADER}rail\t\nrail\ttrains\n".encode()}, "tiny")
    assert len(articles) == len(labels) == 1
    assert report.dropped == {"no text": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [("a\tb\n", "tiny, train: expected the header"), (f"{HEADER}no tab here\n", "tiny, train, line 4: expected")],
)
def test_read_orange_tab_rejects_other_layouts_with_part_and_line(content, message):
    with pytest.raises(CorpusError, match=message):
        read_orange_tab({"train": content.encode()}, "tiny")
