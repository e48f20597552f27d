"""The next articles to label, for another annotation tool, with a model's suggestions."""

import json

import pytest
from typer.testing import CliRunner

from topicdesk import TopicClassifier, create_project, read_corpus
from topicdesk.annotation import read_label_file
from topicdesk.cli import app

TOPICS = ("courts", "environment", "health", "transport")


@pytest.mark.slow
def test_annotate_export_and_import_commands_bring_labels_back_with_their_sample(tmp_path, monkeypatch):
    desk = create_project(tmp_path / "desk").root
    monkeypatch.chdir(desk)
    articles = read_corpus("data/corpora/example.parquet").set_index("id")
    labels = read_label_file("data/labels/example.csv", TOPICS)
    table = articles.loc[labels["article_id"], ["title", "text"]]
    model = TopicClassifier("multinomial-nb", inner_cv=2, n_jobs=1).fit(table, labels["topics"].tolist())
    model.save(tmp_path / "model")
    command = ["annotate", "export", "experiments/example.toml", "--output", "tasks.json", "--count", "6"]
    done = CliRunner().invoke(app, [*command, "--model", str(tmp_path / "model")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    tasks = json.loads((desk / "tasks.json").read_text())
    assert len(tasks) == 6
    assert not {task["data"]["article_id"] for task in tasks} & set(labels["article_id"])
    assert all(0 <= task["predictions"][0]["score"] <= 1 for task in tasks)
    assert any(task["predictions"][0]["result"][0]["value"]["choices"] for task in tasks)
    assert (desk / "tasks.xml").read_text().count("<Choice ") == len(TOPICS)
    for task in tasks:
        task["annotations"] = [{"completed_by": {"email": "maria"}, **prediction} for prediction in task["predictions"]]
    (desk / "export.json").write_text(json.dumps(tasks))
    command = ["annotate", "import", "export.json", "--corpus", "data/corpora/example.parquet"]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    maria = read_label_file("data/labels/maria.csv", TOPICS)
    drawn = {task["data"]["article_id"]: (task["data"]["sample"], int(task["data"]["stratum_size"])) for task in tasks}
    columns = maria[["article_id", "sample", "stratum_size"]]
    assert {article: (sample, size) for article, sample, size in columns.itertuples(index=False)} == drawn
    assert set(maria["draw"]) == {2}
