"""Parcels that MLflow's store refuses, deleted experiments, and folders whose paths are no addresses."""

import json
import sys
from pathlib import Path

import pytest
from sklearn.svm import LinearSVC

import topicdesk
from topicdesk.cli import main
from topicdesk.errors import TrackingError
from topicdesk.project import Project
from topicdesk.tracking import list_runs, open_store, resume_logging, waiting_parcels
from topicdesk.tracking.parcel import PackedRun, Parcel, packed_folder, packing, run_folder, write_manifest

pytestmark = pytest.mark.slow

TAGS = {"role": "comparison", "winner": "linear-svm"}
PARAMS = {"metric": "macro_f1", "corpus": "town", "articles": "3"}
METRICS = [("macro_f1", 0.5, 0), ("macro_f1/low", 0.25, 0), ("macro_f1/high", 0.75, 0)]
DATASET = {"name": "town", "digest": "abc", "source_type": "code", "source": "{}"}


def pack(project, experiment, started, metrics=(), dataset=DATASET, tags=()):
    with packing(project.unsent, experiment) as folder:
        run_folder(folder, 0).mkdir(parents=True)
        (run_folder(folder, 0) / "warnings.txt").write_text("none\n")
        run = PackedRun(f"run of {experiment}", TAGS | dict(tags), PARAMS, [*METRICS, *metrics])
        write_manifest(Parcel(packed_folder(folder), experiment, started, started + 1, dataset, (run,)), folder)


@pytest.fixture
def command(monkeypatch, capsys):
    """Return a function that runs a command in this process, and returns its exit code, output and errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["topicdesk", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        return code, *capsys.readouterr()

    return run


@pytest.mark.usefixtures("store")
def test_log_resume_sends_the_others_and_reports_all_failures(project, command):
    pack(project, "first", 1, dataset=DATASET | {"digest": "x" * 40})  # MLflow refuses a long digest
    pack(project, "second", 2)
    (project.unsent / "broken").mkdir()
    (project.unsent / "broken" / "parcel.json").write_text("{")
    pack(project, "third", 3, dataset=DATASET | {"digest": "y" * 40})
    pack(project, "fourth", 4)
    code, out, errors = command("log", "--resume")
    assert code == 2
    assert "2 sent; 3 are waiting." in out
    assert sorted(list_runs(project)["experiment"]) == ["fourth", "second"]
    assert len(errors.strip().splitlines()) == 3 + 1  # and the line that says what is read
    assert "first" in errors and "third" in errors and "broken" in errors
    assert "Traceback" not in errors
    with pytest.raises(TrackingError, match="3 comparisons could not be sent") as error:
        resume_logging(project)
    assert all(name in str(error.value) for name in ("first", "third", "broken"))


@pytest.mark.usefixtures("store")
def test_resume_logging_repairs_keys_that_earlier_versions_packed(project):
    pack(
        project,
        "old",
        1,
        [("topic/ARTS & CULTURE/f1", 0.5, 0), ("topic/ARTS ! CULTURE/f1", 0.25, 0), (f"topic/{'x' * 300}/f1", 1, 0)],
        tags={"undefined_metrics": "topic/y/f1, " * 2000},
    )
    (sent,) = resume_logging(project)
    assert waiting_parcels(project.unsent) == []
    run = open_store(project).get_run(sent.run_id)
    by_topic = {key: value for key, value in run.data.metrics.items() if key.startswith("topic/")}
    assert sorted(by_topic.values()) == [0.25, 0.5, 1]
    assert len(run.data.tags["undefined_metrics"]) == 8000


@pytest.mark.usefixtures("store")
def test_a_deleted_experiment_is_reported_with_how_to_restore_it(project, command):
    pack(project, "small", 1)
    resume_logging(project)
    client = open_store(project)
    experiment = client.get_experiment_by_name("small").experiment_id
    client.delete_experiment(experiment)

    code, _, errors = command("compare", "experiments/small.toml")
    assert code == 2
    assert "the MLflow experiment 'small'" in errors
    assert f"mlflow experiments restore --experiment-id {experiment}" in errors
    assert "reading experiments/small.toml" not in errors, "the comparison must not start"
    assert not list(project.cells.glob("*"))

    pack(project, "small", 2)
    pack(project, "other", 3)
    with pytest.raises(TrackingError, match=r"'small' .* is deleted.* No result is lost") as error:
        resume_logging(project)
    assert set(list_runs(project)["experiment"]) == {"other"}
    (statement,) = [
        part for part in str(error.value).split(" with ") if part.startswith("topicdesk.tracking.open_store")
    ]
    exec(f"import topicdesk.tracking\n{statement.partition('. No result')[0]}")
    assert len(resume_logging(project)) == 1


@pytest.mark.parametrize("name", ["my%20docs", "q?m", "a%2Fb"])
def test_commands_refuse_a_path_that_cannot_hold_a_store(project, command, monkeypatch, name):
    root = project.root.rename(project.root.with_name(name))
    monkeypatch.chdir(root)
    for arguments in (
        ["compare", "experiments/small.toml"],
        ["runs"],
        ["review", "--no-browser"],
        ["promote", "topicdesk-small"],
        ["label", "data/corpora/newsroom.parquet", "--output", "labelled.csv"],
    ):
        code, _, errors = command(*arguments)
        assert code == 2, arguments
        assert f"the project folder {root} has " in errors, arguments
        assert "MLFLOW_TRACKING_URI" in errors
    pack(Project(root), "small", 1)
    code, _, errors = command("log", "--resume")
    assert code == 2 and f"the project folder {root} has " in errors
    assert not list(root.parent.rglob("mlflow.db")) and not (root.parent / "q").exists()
    assert "the project folder" in command("doctor")[1].replace("\n", " ")


@pytest.mark.parametrize("name", ["c#sharp", "100% true", "sp ace", "müll; a&b=c"])
def test_other_paths_hold_a_store(project, empty_store, monkeypatch, name):
    root = project.root.rename(project.root.with_name(name))
    monkeypatch.chdir(root)
    moved = Project(root)
    moved.mlflow_database.write_bytes(empty_store.read_bytes())
    pack(moved, "small", 1)
    (sent,) = resume_logging(moved)
    assert [artifact.path for artifact in open_store(moved).list_artifacts(sent.run_id)] == ["warnings.txt"]
    assert (root / "mlruns" / "small" / sent.run_id / "artifacts" / "warnings.txt").is_file()


@pytest.mark.usefixtures("store")
def test_log_keeps_names_as_written_in_tables_and_makes_their_keys_valid(project, newsroom):
    articles, labels = newsroom(60)
    topics = ("ARTS & CULTURE", "Суды, a (b) " + "c" * 300)
    named = dict(zip(("courts", "rail"), topics, strict=True))
    lists = [[named[topic] for topic in of_one] for of_one in labels["topics"]]
    comparison = topicdesk.compare(
        list(articles["text"]), lists, classifiers=[("svm 0.5/x", LinearSVC())], cv=2, n_jobs=1
    )
    logged = comparison.log("edges", n_jobs=1)
    client = open_store(project)
    parent = client.get_run(logged.run_id)
    (child,) = client.search_runs(
        [parent.info.experiment_id], "tags.classifier = 'svm 0.5/x' and tags.role = 'classifier'"
    )
    keys = {key for key in child.data.metrics if key.startswith("topic/")}
    assert "topic/ARTS _ CULTURE/f1" in keys
    assert len({key for key in keys if key.endswith("/f1")}) == 2
    folder = client.download_artifacts(child.info.run_id, "")
    table = json.loads((Path(folder) / "topics.json").read_text())
    assert set(topics) == {row[table["columns"].index("topic")] for row in table["data"]}
