"""Articles in the JSON that programs, newspapers' interfaces and pandas write."""

import json

import pandas as pd
import pytest

from topicdesk.corpus import read_articles
from topicdesk.errors import CorpusError

SOLD = "The mill was sold on a cold day."
BOUGHT = "The mill was bought on a warm day."
TABLE = pd.DataFrame(
    {"title": ["Mill sold", "Mill bought"], "text": [SOLD, BOUGHT], "date": ["2021-01-30", "2021-01-31"]}
)


def read(tmp_path, content, name="news.json", **options):
    file = tmp_path / name
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_articles([file], language="en", **options)


def texts(tmp_path, content, **options):
    return read(tmp_path, content, **options)[0]["text"].tolist()


@pytest.mark.parametrize("orient", ["columns", "index", "records", "split", "table"])
def test_read_articles_reads_the_orientations_of_pandas(tmp_path, orient):
    corpus, account = read(tmp_path, TABLE.to_json(orient=orient))
    assert corpus["text"].tolist() == [SOLD, BOUGHT]
    assert corpus["title"].tolist() == ["Mill sold", "Mill bought"]
    assert corpus["published"].dt.day.tolist() == [30, 31]
    assert account.articles == 2


def test_read_articles_reads_a_dictionary_of_lists(tmp_path):
    assert texts(tmp_path, TABLE.to_dict("list")) == [SOLD, BOUGHT]


@pytest.mark.parametrize(
    "content",
    [
        {"title": "Mill sold", "text": SOLD, "authors": ["Ann Lee", "Bo Ray"], "tags": []},
        {"title": "Mill sold", "maintext": SOLD, "authors": [{"name": "Ann Lee"}, {"name": "Bo Ray"}]},
        {"tags": ["a"], "articles": [{"title": "Mill sold", "content": SOLD, "author": "Ann Lee; Bo Ray"}]},
        {"headline": "Mill sold", "articleBody": [SOLD], "author": [{"@type": "Person", "name": "Ann Lee"}, "Bo Ray"]},
        {"@graph": [{"headline": "Mill sold", "articleBody": SOLD, "author": ["Ann Lee", "Bo Ray"]}]},
    ],
)
def test_read_articles_reads_an_object_that_has_a_text_as_one_article(tmp_path, content):
    corpus, account = read(tmp_path, content)
    (article,) = corpus.to_dict("records")
    assert (article["title"], article["text"], article["authors"]) == ("Mill sold", SOLD, "Ann Lee; Bo Ray")
    assert account.articles == 1
    assert not account.dropped


def test_read_articles_reads_json_lines_in_a_json_file(tmp_path):
    lines = "".join(
        json.dumps({"headline": str(row), "short_description": text}) + "\n" for row, text in enumerate([SOLD, BOUGHT])
    )
    assert texts(tmp_path, lines) == [SOLD, BOUGHT]


def test_read_articles_names_the_line_of_json_lines_that_are_cut(tmp_path):
    with pytest.raises(CorpusError, match="not JSON"):
        texts(tmp_path, '{"text": "cut')
    corpus, account = read(tmp_path, json.dumps({"text": SOLD}) + '\n{"text": "cut')
    assert corpus["text"].tolist() == [SOLD]
    assert sum(account.dropped.values()) == 1


def test_read_articles_reads_nan_as_missing(tmp_path):
    lines = f'{{"text": NaN, "author": "Ann Lee"}}\n{{"text": "{SOLD}", "author": NaN}}'
    corpus, account = read(tmp_path, lines, "news.jsonl")
    assert corpus["text"].tolist() == [SOLD]
    assert corpus["authors"].tolist() == [""]
    assert sum(account.dropped.values()) == 1


def test_read_articles_refuses_a_text_that_is_an_object(tmp_path):
    corpus, account = read(tmp_path, [{"text": {"en": SOLD}}, {"text": [{"p": SOLD}]}, {"text": SOLD}])
    assert corpus["text"].tolist() == [SOLD]
    assert sum(account.dropped.values()) == 2


def test_read_articles_keeps_the_other_articles_beside_a_deeply_nested_value(tmp_path):
    nested = "[" * 480 + "]" * 480
    content = f'[{{"text": "{SOLD}", "author": {nested}}}, {{"text": {nested}}}, {{"text": "{BOUGHT}"}}]'
    corpus, account = read(tmp_path, content)
    assert corpus["text"].tolist() == [SOLD, BOUGHT]
    assert sum(account.dropped.values()) == 1


def test_read_articles_joins_paragraphs_by_line_breaks(tmp_path):
    assert texts(tmp_path, [{"title": "Mill sold", "text": [SOLD, None, BOUGHT]}]) == [f"{SOLD}\n{BOUGHT}"]


def test_read_articles_replaces_objects_by_their_names_and_addresses_by_their_hosts(tmp_path):
    content = [
        {"text": SOLD, "source": {"id": "post", "name": "Valley Post"}, "categories": ["Local", "Trade"]},
        {"text": BOUGHT, "source": "https://www.post.example/mill"},
        {
            "text": "The mill burnt on a dry day.",
            "source": "https://post.example/fire",
            "url": "https://short.example/1",
        },
        {"text": "The mill was rebuilt.", "source": {"id": None}, "publisher": "Valley Post"},
    ]
    corpus, _ = read(tmp_path, content)
    assert corpus["source"].tolist() == ["Valley Post", "post.example", "post.example", ""]
    assert corpus["url"].tolist() == ["", "https://www.post.example/mill", "https://short.example/1", ""]
    assert corpus.loc[0, "section"] == "Local; Trade"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (1612011200000, "2021-01-30 12:53:20"),
        (1612011200, "2021-01-30 12:53:20"),
        ("1612011200", "2021-01-30 12:53:20"),
        (20210130, "2021-01-30"),
        (2021, None),
        ("16120112000", None),
        ("2021-01-30", "2021-01-30"),
    ],
)
def test_read_articles_reads_numbers_as_time_since_1970_or_not_at_all(tmp_path, written, expected):
    corpus, account = read(tmp_path, [{"text": SOLD, "date": written}])
    published = corpus.loc[0, "published"]
    assert pd.isna(published) if expected is None else published == pd.Timestamp(expected)
    assert any("cannot be read" in flag for flag in account.noted) == (expected is None)


def test_read_articles_reads_dates_and_ids_of_mongodb(tmp_path):
    row = {"_id": {"$oid": "65a1"}, "text": SOLD, "date": {"$date": "2021-01-30T09:00:00Z"}}
    corpus, _ = read(tmp_path, [row])
    assert corpus.loc[0, "id"] == "65a1"
    assert str(corpus.loc[0, "published"]) == "2021-01-30 09:00:00"
