"""Articles for other annotation tools, and their way back."""

import json
from xml.etree import ElementTree

import pandas as pd
import pytest

from topicdesk.annotation import (
    Codebook,
    Taxonomy,
    Topic,
    export_queue,
    label_studio_interface,
    read_labels,
    read_taxonomy,
)
from topicdesk.corpus import import_articles, read_corpus
from topicdesk.errors import ArgumentError, LabelsError

TEXTS = ["The judge heard the appeal.", "The tram was late again.", "The court stopped the tram line."]
TAXONOMY = Taxonomy(
    codebook=Codebook(version=1, title="T", rule="R"),
    topics=(Topic(name="courts", title="Courts & Law", definition="D"), Topic(name="rail", definition="D")),
)
TOPICS = """[codebook]
version = 1
title = "Desk"
rule = "What it is about."

[[topics]]
name = "courts"
title = "Courts & Law"
definition = "Trials."

[[topics]]
name = "rail"
definition = "Trains and trams."
"""


@pytest.fixture
def desk(tmp_path):
    pd.DataFrame({"id": list("abc"), "title": ["One", "Two", ""], "text": TEXTS}).to_csv(
        tmp_path / "n.csv", index=False
    )
    import_articles([tmp_path / "n.csv"], tmp_path / "c.parquet", language="en")
    (tmp_path / "topics.toml").write_text(TOPICS)
    queue = pd.DataFrame(
        {"article_id": ["c", "a"], "sample": ["uncertain", "random"], "draw": 2, "stratum_size": [1, 2]}
    )
    predictions = pd.DataFrame({"article_id": ["c"], "topics": [("courts", "rail")], "score": [0.9]})
    return tmp_path, read_corpus(tmp_path / "c.parquet"), queue, read_taxonomy(tmp_path / "topics.toml"), predictions


def test_label_studio_gets_tasks_with_suggestions_and_returns_labels_with_their_sample(desk):
    folder, corpus, queue, taxonomy, predictions = desk
    export_queue(corpus, queue, taxonomy, folder / "tasks.json", predictions=predictions, model="m")
    first, second = json.loads((folder / "tasks.json").read_text())
    assert [first["data"]["article_id"], second["data"]["article_id"]] == ["c", "a"]
    (suggestion,) = first["predictions"]
    assert suggestion["model_version"] == "m"
    assert suggestion["result"][0]["value"] == {"choices": ["Courts & Law", "rail"]}
    assert "predictions" not in second
    interface = label_studio_interface(taxonomy)
    assert 'value="Courts &amp; Law"' in interface
    # As Label Studio exports the tasks, after somebody has accepted the suggestion and labelled the other.
    for number, (task, choices) in enumerate([(first, ["Courts & Law", "rail"]), (second, ["Courts & Law"])]):
        result = [{"from_name": "topics", "to_name": "text", "type": "choices", "value": {"choices": choices}}]
        task |= {"id": 100 + number, "annotations": [{"completed_by": 3, "result": result, "was_cancelled": False}]}
    (folder / "export.json").write_text(json.dumps([first, second]))
    labels = read_labels(folder / "export.json", corpus)
    assert labels[["article_id", "topics", "sample", "codebook", "draw", "stratum_size"]].to_numpy().tolist() == [
        ["c", ("Courts & Law", "rail"), "uncertain", "1", 2, 1],
        ["a", ("Courts & Law",), "random", "1", 2, 2],
    ]


def test_doccano_gets_documents_and_returns_labels_with_their_sample(desk):
    folder, corpus, queue, taxonomy, predictions = desk
    export_queue(corpus, queue, taxonomy, folder / "docs.jsonl", "doccano", predictions)
    rows = [json.loads(line) for line in (folder / "docs.jsonl").read_text().splitlines()]
    assert [row["label"] for row in rows] == [["Courts & Law", "rail"], []]
    assert rows[1]["text"] == f"One\n\n{TEXTS[0]}"
    rows = [{"id": 7 + number, **row, "label": ["rail"], "Comments": []} for number, row in enumerate(rows)]
    (folder / "export.jsonl").write_text("\n".join(map(json.dumps, rows)))
    labels = read_labels(folder / "export.jsonl", corpus)
    assert labels[["article_id", "sample", "draw", "stratum_size"]].to_numpy().tolist() == [
        ["c", "uncertain", 2, 1],
        ["a", "random", 2, 2],
    ]


def test_a_spreadsheet_gets_an_empty_column_and_returns_what_was_filled_in(desk):
    folder, corpus, queue, taxonomy, predictions = desk
    export_queue(corpus, queue, taxonomy, folder / "sheet.csv", "csv", predictions)
    table = pd.read_csv(folder / "sheet.csv", keep_default_na=False)
    assert table["suggested"].tolist() == ["Courts & Law;rail", ""]
    assert table["topics"].tolist() == ["", ""]
    table.assign(topics=["rail;Courts & Law", ""]).to_csv(folder / "filled.csv", index=False)
    with pytest.warns(UserWarning, match="not labelled: 1 article"):
        labels = read_labels(folder / "filled.csv", corpus)
    assert labels[["article_id", "topics", "sample", "draw", "stratum_size"]].to_numpy().tolist() == [
        ["c", ("rail", "Courts & Law"), "uncertain", 2, 1]
    ]


def test_export_queue_rejects_unknown_articles_formats_and_an_empty_queue(desk):
    folder, corpus, queue, taxonomy, _ = desk
    with pytest.raises(LabelsError, match="the corpus has no article with id 'z'"):
        export_queue(corpus, queue.assign(article_id=["z", "a"]), taxonomy, folder / "t.json")
    with pytest.raises(LabelsError, match="queue is empty"):
        export_queue(corpus, queue.head(0), taxonomy, folder / "t.json")
    with pytest.raises(ArgumentError, match="format = 'excel' is not known"):
        export_queue(corpus, queue, taxonomy, folder / "t.json", "excel")
    assert not (folder / "t.json").exists()


@pytest.mark.parametrize(("task", "choice"), [("multi-label", "multiple"), ("multi-class", "single")])
def test_label_studio_interface_allows_several_topics_only_if_the_task_does(task, choice):
    (choices,) = ElementTree.fromstring(label_studio_interface(TAXONOMY, task=task)).iter("Choices")
    assert choices.get("choice") == choice
    assert [item.get("value") for item in choices] == ["Courts & Law", "rail"]


def test_label_studio_interface_refuses_an_unknown_task():
    with pytest.raises(ArgumentError, match="task"):
        label_studio_interface(TAXONOMY, task="several")
