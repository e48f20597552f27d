"""Tables with texts and labels, in the formats that users have."""

import json

import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from topicdesk.annotation import Topic, topic_keys
from topicdesk.corpus import read_corpus
from topicdesk.errors import CorpusError, LabelsError
from topicdesk.starter._labelled_table import read_labelled_table

TEXTS = [
    "The judge adjourned the hearing until spring.",
    "Commuter trains stood still at the central station.",
    "The jury heard how the railway was built.",
    "The museum showed a new collection of maps.",
]


def read(tmp_path, table, name="t.csv", **options):
    path = tmp_path / name
    match path.suffix:
        case ".csv" | ".tsv":
            table.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
        case ".jsonl":
            table.to_json(path, orient="records", lines=True)
        case ".json":
            table.to_json(path, orient="records")
        case ".parquet":
            table.to_parquet(path)
    return read_labelled_table(path, tmp_path / "corpus.parquet", **options)


def labels_by_text(result, tmp_path):
    corpus = read_corpus(tmp_path / "corpus.parquet").set_index("id")["text"]
    return {corpus[article]: named for article, named in result.labels.items()}


def frame(labels, **columns):
    return pd.DataFrame({"body": TEXTS[: len(labels)], "topics": labels, **columns})


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (["courts", "rail", "courts;rail", None], {}),
        (["courts", "rail", "courts | rail", ""], {}),
        (["courts", "rail", "courts, rail", ""], {"separator": ","}),
        (['["courts"]', "['rail']", '["courts", "rail"]', ""], {}),
    ],
)
def test_read_labelled_table_reads_several_labels_in_a_cell(tmp_path, name, cells, options):
    result = read(tmp_path, frame(cells), name, **options)
    assert labels_by_text(result, tmp_path) == dict(
        zip(TEXTS[:3], [("courts",), ("rail",), ("courts", "rail")], strict=True)
    )
    assert result.imported.unlabelled == 1
    assert not result.imported.one_each
    assert result.imported.counts == {"courts": 2, "rail": 2}


@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.parquet"])
def test_read_labelled_table_reads_lists_and_takes_an_empty_list_as_no_topic(tmp_path, name):
    result = read(tmp_path, frame([["courts"], ["rail"], ["courts", "rail"], []]), name)
    assert labels_by_text(result, tmp_path) == dict(
        zip(TEXTS, [("courts",), ("rail",), ("courts", "rail"), ()], strict=True)
    )
    assert result.imported.unlabelled == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_read_labelled_table_reads_codes_and_missing_labels(tmp_path, name):
    result = read(tmp_path, frame([1, 2, None, 1]), name)
    assert labels_by_text(result, tmp_path) == {TEXTS[0]: ("1",), TEXTS[1]: ("2",), TEXTS[3]: ("1",)}
    assert result.imported.one_each
    assert result.imported.unlabelled == 1


def test_read_labelled_table_keeps_a_label_with_a_comma_together(tmp_path):
    result = read(tmp_path, frame(["ARTS, CULTURE", "SCI/TECH", "SCI/TECH", "ARTS, CULTURE"]))
    assert result.imported.counts == {"ARTS, CULTURE": 2, "SCI/TECH": 2}


def test_read_labelled_table_keeps_texts_unchanged(tmp_path):
    table = frame(["a", "b"])
    table["body"] = ["PORT TOWN (Courier) - The tram came early.", "محمد - قال الوزير في المؤتمر"]
    read(tmp_path, table)
    assert read_corpus(tmp_path / "corpus.parquet")["text"].tolist() == table["body"].tolist()


def test_read_labelled_table_uses_the_named_text_columns(tmp_path):
    table = frame(["a", "b", "a"], headline=["One", "Two", "Three"], kicker=["x", "y", "z"])
    both = read(tmp_path, table, text=["headline", "body"], labels="topics")
    assert both.fields == ("title", "text")
    assert read_corpus(tmp_path / "corpus.parquet")["title"].tolist() == ["One", "Two", "Three"]
    assert read(tmp_path, table, text=["body"]).fields == ("text",)
    assert read(tmp_path, table).fields == ("title", "text")
    assert read(tmp_path, table.drop(columns="headline")).fields == ("text",)


def test_read_labelled_table_reports_repeated_articles_with_other_labels(tmp_path):
    table = pd.DataFrame({"body": [TEXTS[0], TEXTS[1], TEXTS[0]], "topics": ["courts", "rail", "rail"]})
    result = read(tmp_path, table)
    assert labels_by_text(result, tmp_path) == {TEXTS[0]: ("courts",), TEXTS[1]: ("rail",)}
    assert len(result.imported.contradicted) == 1
    assert result.imported.contradicted[0].endswith("line 4")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"labels": "topic"}, LabelsError, r"no column 'topic' for the labels; did you mean 'topics'\?"),
        ({"text": ["bdy"]}, CorpusError, r"no column 'bdy' for text; did you mean 'body'\?"),
        ({"text": ["a", "b", "c"]}, CorpusError, "name the text column, or the headline and text columns"),
    ],
)
def test_read_labelled_table_rejects_invalid_column_names(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        read(tmp_path, frame(["a", "b"]), **options)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["", ""], "no article has a label"),
        (["a", "a"], r"there is only one label \('a'\)"),
        (["[a", "[b, c]"], r"'\[b, c\]' is not a list of labels"),
    ],
)
def test_read_labelled_table_rejects_labels_that_cannot_be_compared(tmp_path, cells, message):
    with pytest.raises(LabelsError, match=message):
        read(tmp_path, frame(cells))


def test_read_labelled_table_rejects_a_column_of_texts_as_labels(tmp_path):
    table = pd.DataFrame({"body": [f"Text {n}" for n in range(60)], "topics": [f"Summary {n}" for n in range(60)]})
    with pytest.raises(LabelsError, match="60 different labels on 60 articles"):
        read(tmp_path, table)


def test_read_labelled_table_rejects_empty_unsupported_and_missing_files(tmp_path):
    (tmp_path / "empty.csv").touch()
    with pytest.raises(CorpusError, match=r"empty\.csv is empty"):
        read_labelled_table(tmp_path / "empty.csv", tmp_path / "corpus.parquet")
    (tmp_path / "page.html").write_text("<p>Nothing</p>")
    with pytest.raises(CorpusError, match=r"unsupported format of labelled texts\. Use one of"):
        read_labelled_table(tmp_path / "page.html", tmp_path / "corpus.parquet")
    with pytest.raises(CorpusError, match=r"no file .*lost\.csv"):
        read_labelled_table(tmp_path / "lost.csv", tmp_path / "corpus.parquet")


def test_topic_keys_are_unique_lower_case_words():
    keys = topic_keys(["ARTS & CULTURE", "Arts, Culture", "1", "Экология", "!!", "Ökologie"])
    assert list(keys.values()) == ["arts-culture", "arts-culture-2", "1", "экология", "topic-5", "okologie"]
    assert json.loads(json.dumps(keys))


@pytest.mark.parametrize("label", ["Наука", "中文", "विज्ञान", "ﷺ", "ΑΘΗΝΑ Α.Ε.", "İstanbul", "ǅ", "\u0301 x", "١٢"])
def test_topic_keys_are_names_that_a_taxonomy_accepts_in_any_script(label):
    (key,) = topic_keys([label]).values()
    assert Topic(name=key, definition="x").name == key
    assert not key.startswith("topic-")


def test_read_labelled_table_accepts_lone_surrogates_and_accents_in_labels(tmp_path):
    (tmp_path / "t.jsonl").write_text(
        '{"body": "One text.", "topics": "\\ud800x", "id": "\\udfff1"}\n{"body": "Two texts.", "topics": "Économie"}\n'
    )
    result = read_labelled_table(tmp_path / "t.jsonl", tmp_path / "corpus.parquet")
    assert topic_keys(result.imported.counts) == {"?x": "x", "Économie": "economie"}


def test_topic_keys_of_long_labels_are_short():
    keys = topic_keys(["a" * 100_000, "a" * 100_001])
    assert list(keys.values()) == ["a" * 40, "a" * 40 + "-2"]


def test_read_labelled_table_ignores_labels_of_rows_without_text(tmp_path):
    table = pd.DataFrame({"body": [*TEXTS[:3], ""], "topics": ["courts", "rail", "courts", "ghost"]})
    assert read(tmp_path, table).imported.counts == {"courts": 2, "rail": 1}


def test_read_labelled_table_gives_a_repeated_row_the_label_of_its_copy(tmp_path):
    table = pd.DataFrame({"body": [TEXTS[0], TEXTS[1], TEXTS[0], TEXTS[1]], "topics": [None, "rail", "courts", None]})
    result = read(tmp_path, table)
    assert labels_by_text(result, tmp_path) == {TEXTS[0]: ("courts",), TEXTS[1]: ("rail",)}
    assert not result.imported.contradicted


def test_read_labelled_table_rejects_a_label_of_every_article(tmp_path):
    with pytest.raises(LabelsError, match="every labelled article has the label 'news'"):
        read(tmp_path, frame(["news;a", "news;b"]))


def test_read_labelled_table_rejects_damaged_parquet_and_duplicate_columns(tmp_path):
    column = arrow.array(["courts", "rail"])
    twice = arrow.table([arrow.array(TEXTS[:2]), column, column], names=["body", "label", "label"])
    parquet.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(CorpusError, match="2 columns are called 'label'"):
        read_labelled_table(tmp_path / "twice.parquet", tmp_path / "corpus.parquet")
    (tmp_path / "broken.parquet").write_bytes((tmp_path / "twice.parquet").read_bytes()[:-20])
    with pytest.raises(CorpusError):
        read_labelled_table(tmp_path / "broken.parquet", tmp_path / "corpus.parquet")
