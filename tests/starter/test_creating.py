"""create_project makes complete projects and never overwrites existing files."""

import json
import re
import subprocess
from collections import Counter
from importlib.resources import files

import pandas as pd
import pytest

from topicdesk import create_project
from topicdesk.annotation import outdated_labels, read_label_file, read_taxonomy
from topicdesk.corpus import read_corpus
from topicdesk.errors import CorpusError, LabelsError, ProjectError
from topicdesk.experiment import load_experiments, read_spec
from topicdesk.project import find_project

SAMPLE = files("topicdesk.starter") / "sample"
FILES = {
    ".gitignore", "Makefile", "README.md", "data/corpora/example.parquet", "data/labels/example.csv",
    "data/samples/tonight.jsonl", "data/topics.toml", "experiments/example.toml", "notebooks/example.ipynb",
}  # fmt: skip


def files_of(root):
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def table(tmp_path, count=40):
    path = tmp_path / "articles.csv"
    texts = ["The train was late on day", "A judge heard case"]
    rows = [(f"Headline {n}", f"{texts[n % 2]} {n}.", ["rail", "COURTS & LAW"][n % 2]) for n in range(count)]
    pd.DataFrame(rows, columns=["headline", "body", "topics"]).to_csv(path, index=False)
    return path


def test_create_project_makes_a_complete_sample_project(tmp_path):
    created = create_project(tmp_path / "desk")
    samples = {f"data/samples/{name}" for name in ("articles.jsonl", "ferry.txt", "tram.csv")}
    assert files_of(created.root) == FILES | samples | {"data/labels/codebooks.json"}
    (load,) = load_experiments(created.root / "experiments" / "example.toml")
    assert len(load.dataset) == 96
    assert load.dataset.topics == ("courts", "environment", "health", "transport")
    assert load.dataset.Y.sum(axis=0).min() >= 20
    assert Counter(load.dataset.Y.sum(axis=1).tolist()) == {1: 56, 2: 22, 0: 18}
    assert len(read_corpus(created.root / "data/corpora/example.parquet")) == 120
    assert "96 labelled with 4 topics" in str(created)


def test_outdated_labels_of_the_sample_are_none_until_a_definition_changes(tmp_path):
    root = create_project(tmp_path / "desk").root
    taxonomy, labels = read_taxonomy(root / "data" / "topics.toml"), root / "data" / "labels"
    gold = read_label_file(labels / "example.csv", taxonomy.names)
    assert outdated_labels(gold, labels / "codebooks.json", taxonomy).empty
    changed = (
        (root / "data" / "topics.toml").read_text(encoding="utf-8").replace('definition = "', 'definition = "New: ', 1)
    )
    (root / "data" / "topics.toml").write_text(changed, encoding="utf-8")
    taxonomy = read_taxonomy(root / "data" / "topics.toml")
    assert len(outdated_labels(gold, labels / "codebooks.json", taxonomy)) == 96


def test_create_project_points_out_a_possible_label_separator(tmp_path):
    path = table(tmp_path)
    rows = pd.read_csv(path)
    rows["topics"] = [("rail, weather", "courts, weather", "rail")[n % 3] for n in range(len(rows))]
    rows.to_csv(path, index=False)
    created = create_project(tmp_path / "desk", path, labels="topics")
    assert "some labels contain ','" in str(created)
    assert "--separator ," in str(created)
    created = create_project(tmp_path / "split", path, labels="topics", separator=",")
    assert list(created.topics["label"]) == ["rail", "weather", "courts"]
    assert "some labels contain" not in str(created)


def test_create_project_makes_topics_labels_and_a_spec_from_a_table(tmp_path):
    created = create_project(
        tmp_path / "desk", table(tmp_path), text="headline,body", labels="topics", annotator="maria"
    )
    assert files_of(created.root) == FILES
    taxonomy = read_taxonomy(created.root / "data" / "topics.toml")
    assert taxonomy.names == ("rail", "courts-law")
    assert taxonomy.topics[1].definition == "COURTS & LAW (20 articles in articles.csv)"
    labels = pd.read_csv(created.root / "data" / "labels" / "example.csv")
    assert set(labels["annotator"]) == {"maria"}
    spec = read_spec(created.root / "experiments" / "example.toml")
    assert spec.data.task == "multi-class"
    assert spec.data.text == ("title", "text")
    assert spec.splits.folds == 5
    (load,) = load_experiments(created.root / "experiments" / "example.toml")
    assert load.dataset.Y.sum(axis=0).tolist() == [20, 20]


def test_create_project_escapes_labels_and_file_names_in_toml(tmp_path):
    path = tmp_path / 'od"d\\\tname.csv'
    rows = {
        "text": [f"Text number {n}" for n in range(8)],
        "label": ['qu"ote', "back\\slash", "Экология", "x\x7fy"] * 2,
    }
    pd.DataFrame(rows).to_csv(path, index=False)
    created = create_project(tmp_path / "desk", path)
    taxonomy = read_taxonomy(created.root / "data" / "topics.toml")
    assert [topic.definition.partition(" (")[0] for topic in taxonomy.topics] == list(created.topics["label"])
    read_spec(created.root / "experiments" / "example.toml")


def test_create_project_fills_an_existing_folder_and_keeps_its_files(tmp_path):
    source = table(tmp_path)
    before = source.read_bytes()
    created = create_project(tmp_path, source)
    assert files_of(created.root) == FILES | {"articles.csv"}
    assert source.read_bytes() == before


@pytest.mark.parametrize("name", ["data", "experiments", "notebooks", "Makefile", "README.md", ".gitignore"])
def test_create_project_never_overwrites(tmp_path, name):
    desk = tmp_path / "desk"
    desk.mkdir()
    (desk / name).write_text("mine")
    with pytest.raises(ProjectError, match=rf"already contains {re.escape(name)}\."):
        create_project(desk)
    assert files_of(tmp_path) == {f"desk/{name}"}
    assert (desk / name).read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "error"),
    [({"labels": "lost"}, LabelsError), ({"text": "lost"}, CorpusError), ({"table": "lost.csv"}, CorpusError)],
)
def test_create_project_leaves_no_files_when_it_rejects_a_table(tmp_path, options, error):
    source = table(tmp_path)
    with pytest.raises(error):
        create_project(tmp_path / "desk", **{"table": source, **options})
    assert files_of(tmp_path) == {"articles.csv"}
    assert not (tmp_path / "desk").exists()


def test_create_project_rejects_a_file_as_folder(tmp_path):
    (tmp_path / "desk").write_text("mine")
    with pytest.raises(ProjectError, match="is a file"):
        create_project(tmp_path / "desk")


def test_init_command_reports_what_it_made_and_the_next_step(tmp_path, run):
    command = ("init", "desk", "--from", table(tmp_path), "--labels", "topics")
    done = run(*command, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "40 articles, 40 labelled with 2 topics (exactly one per article)" in done.stdout
    assert "Next: cd desk && topicdesk compare experiments/example.toml" in done.stdout
    again = run(*command, folder=tmp_path)
    assert again.returncode == 2
    assert again.stderr.startswith("topicdesk: desk already contains data, experiments")


def test_makefile_lists_its_targets(tmp_path):
    created = create_project(tmp_path / "desk")
    done = subprocess.run(
        ["make", "-C", created.root, "--no-print-directory"], capture_output=True, text=True, check=True
    )
    targets = {line.split()[0] for line in done.stdout.splitlines()}
    assert targets == {"help", "reproduce", "verify", "review", "annotate", "label", "serve", "lab"}


def test_package_samples_equal_those_of_the_repository():
    root = find_project(__file__).root
    for name in ("ferry.txt", "tram.csv", "tonight.jsonl", "articles.jsonl"):
        assert (root / "data" / "samples" / name).read_bytes() == (SAMPLE / name).read_bytes(), name


def test_sample_names_a_language_model_as_its_author(tmp_path):
    created = create_project(tmp_path / "desk")
    assert set(pd.read_csv(created.root / "data/labels/example.csv")["annotator"]) == {"language-model"}
    assert "A language model\nwrote the articles" in (created.root / "README.md").read_text()


def test_sample_has_short_and_distinct_articles():
    rows = [json.loads(line) for line in (SAMPLE / "articles.jsonl").read_text().splitlines()]
    assert len({row["headline"] for row in rows}) == len({row["body"] for row in rows}) == 120
    assert all(40 <= len(row["body"].split()) <= 90 for row in rows)


def test_create_project_does_not_inject_a_file_name_into_the_topics(tmp_path):
    path = tmp_path / "new\nline [x].csv"
    path.write_bytes(table(tmp_path).read_bytes())
    created = create_project(tmp_path / "desk", path)
    assert read_taxonomy(created.root / "data" / "topics.toml").names == ("rail", "courts-law")


def test_create_project_reports_a_full_disk_and_leaves_no_files(disk):
    folder = disk("size=40k")
    with pytest.raises(ProjectError, match=r"cannot write|cannot create"):
        create_project(folder / "desk")
    assert not list(folder.iterdir())


def test_create_project_keeps_a_file_that_appears_midway(tmp_path, monkeypatch):
    desk = tmp_path / "desk"
    desk.mkdir()
    to_dict = pd.DataFrame.to_dict

    def write_data_first(*arguments, **options):
        (desk / "data").write_text("mine")
        return to_dict(*arguments, **options)

    monkeypatch.setattr(pd.DataFrame, "to_dict", write_data_first)
    with pytest.raises(ProjectError, match="already exists"):
        create_project(desk)
    assert files_of(tmp_path) == {"desk/data"}


def test_create_project_reports_how_it_reads_the_labels(tmp_path):
    path = tmp_path / "t.csv"
    cells = ["R&D", "R D", "Sport;R&D", *["Sport"] * 6]
    pd.DataFrame({"text": [f"Text number {n}" for n in range(9)], "labels": cells}).to_csv(path, index=False)
    message = str(create_project(tmp_path / "desk", path))
    assert "several labels in a cell are separated by ';'" in message
    assert "labels were renamed: 'Sport' to sport, 'R&D' to r-d, 'R D' to r-d-2" in message
    assert "topics with fewer than 5 articles, too few to learn from: r-d, r-d-2" in message


def test_create_project_does_not_call_the_rows_of_a_second_annotator_left_out(tmp_path):
    path = tmp_path / "t.csv"
    rows = pd.DataFrame({"text": [f"Text number {n}" for n in range(8)], "label": ["mills", "ferries"] * 4})
    pd.concat([rows.assign(annotator="maria"), rows.head(3).assign(annotator="tom")]).to_csv(path, index=False)
    message = str(create_project(tmp_path / "desk", path))
    assert "articles of several rows: 3 rows repeat an article, which is stored once" in message
    assert "left out" not in message


def test_create_project_takes_samples_from_the_table(tmp_path):
    created = create_project(tmp_path / "desk", table(tmp_path))
    some = pd.read_json(created.root / "data" / "samples" / "tonight.jsonl", lines=True)
    assert some["headline"].tolist() == [f"Headline {n}" for n in range(5)]


def test_create_project_keeps_the_labels_of_an_annotator_called_agreed(tmp_path):
    rows = [(f"Text number {n}", label, who) for n in range(8) for who in ("agreed", "tom") for label in ["ab"[n % 2]]]
    rows[-1] = (rows[-1][0], "a", "tom")
    pd.DataFrame(rows, columns=["text", "label", "annotator"]).to_csv(tmp_path / "t.csv", index=False)
    created = create_project(tmp_path / "desk", tmp_path / "t.csv")
    assert "renamed, because topicdesk uses these names: 'agreed' to 'agreed-2'" in str(created)
    labels = {file.stem: len(pd.read_csv(file)) for file in (created.root / "data" / "labels").glob("*.csv")}
    assert labels == {"agreed-2": 8, "tom": 8, "agreed": 7}


def test_create_project_does_not_call_the_yes_or_no_questions_of_prodigy_left_out(tmp_path):
    rows = [
        {"text": f"Text number {n}", "label": label, "answer": "accept" if n % 2 == (label == "ferries") else "reject"}
        for n in range(8)
        for label in ("mills", "ferries")
    ]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, rows)))
    message = str(create_project(tmp_path / "desk", tmp_path / "p.jsonl"))
    assert "articles of several rows: 8 rows repeat an article, which is stored once" in message
    assert "left out" not in message


def test_create_project_names_the_label_column(tmp_path):
    message = str(create_project(tmp_path / "desk", table(tmp_path)))
    assert "the labels are the column topics\n" in message


def test_create_project_names_the_columns_of_labels_that_no_article_has(tmp_path):
    rows = [(f"The train was late on day {n}.", n % 2, 1 - n % 2, 0) for n in range(40)]
    pd.DataFrame(rows, columns=["text", "rail", "courts", "climate"]).to_csv(tmp_path / "own.csv", index=False)
    created = create_project(tmp_path / "desk", tmp_path / "own.csv")
    assert sorted(created.topics.index) == ["courts", "rail"]
    assert "left out, because no article has these labels: climate" in str(created).splitlines()
