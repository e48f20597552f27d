"""Read comparisons and models from MLflow's SQLite file, with the same results as MLflow's client."""

import shutil
import sqlite3

import pandas as pd
import pytest

from topicdesk.errors import TrackingError
from topicdesk.project import Project
from topicdesk.tracking import list_runs, open_store
from topicdesk.tracking.listing import check_model, check_registered, check_run, logged_comparisons, only_champion

pytestmark = pytest.mark.slow


@pytest.fixture
def logged(template, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(template.mlflow_database, tmp_path)
    return Project(tmp_path)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("store"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        client = open_store(project)
    for number, (role, end) in enumerate(
        [("comparison", "FINISHED"), ("comparison", "FAILED"), ("classifier", "FINISHED"), ("comparison", "FINISHED")]
    ):
        name = f"experiment {number % 3}"
        existing = client.get_experiment_by_name(name)
        experiment = existing.experiment_id if existing else client.create_experiment(name)
        run = client.create_run(experiment, start_time=1_700_000_000_000 + number * 1000)
        for key, value in {"role": role, "winner": "ridge", "git.commit": "0123456789"}.items():
            client.set_tag(run.info.run_id, key, value)
        for key, value in {"metric": "macro_f1", "corpus": "c", "articles": "12"}.items():
            client.log_param(run.info.run_id, key, value)
        for key, value in {"macro_f1": 0.5, "macro_f1/low": float("nan"), "macro_f1/high": 0.75}.items():
            client.log_metric(run.info.run_id, key, value)
        client.set_terminated(run.info.run_id, end)
    client.create_registered_model("kept")
    client.create_model_version("kept", "file:///nowhere")
    client.set_registered_model_alias("kept", "champion", "1")
    return project


def test_logged_comparisons_equal_those_that_mlflow_lists(logged, monkeypatch):
    comparisons = logged_comparisons(logged)
    assert len(comparisons) == 2
    read_directly = list_runs(logged)
    assert read_directly.index.tolist() == [comparison["run_id"] for comparison in comparisons]
    with monkeypatch.context() as patch:
        # An address that only MLflow understands, of the same store.
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite+pysqlite:///{logged.mlflow_database}")
        assert logged_comparisons(logged) is None
        pd.testing.assert_frame_equal(list_runs(logged), read_directly)
    (comparison,) = logged_comparisons(logged, "experiment 0")[:1]
    assert comparison["experiment"] == "experiment 0"
    with pytest.raises(TrackingError, match="no experiment 'experiment 9'; did you mean"):
        logged_comparisons(logged, "experiment 9")


def test_checks_accept_existing_runs_and_models(logged):
    run = logged_comparisons(logged)[0]["run_id"]
    check_run(logged, run)
    check_registered(logged, "kept")
    for model in (run, "models:/kept@champion", "models:/kept/1", "models:/m-0123"):
        check_model(logged, model)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("models:/kept2@champion", "no registered model 'kept2'; did you mean 'kept'?"),
        ("models:/kept@previous", "kept has no alias 'previous'"),
        ("models:/kept/2", "kept has no version '2'"),
        ("models:/kept/two", "kept has no version 'two'"),
        ("0123", "no such folder and no such run)"),
        ("kept", "no such folder and no such run; did you mean 'models:/kept@champion'?"),
    ],
)
def test_check_model_rejects_an_unknown_model(logged, model, expected):
    with pytest.raises(TrackingError, match="no model") as error:
        check_model(logged, model)
    assert expected in str(error.value)


def test_only_champion_returns_the_champion_if_there_is_exactly_one(logged, tmp_path, monkeypatch):
    assert only_champion(logged) == "models:/kept@champion"
    with sqlite3.connect(logged.mlflow_database) as store:
        store.execute("INSERT INTO registered_models (name) VALUES ('other')")
        store.execute("INSERT INTO registered_model_aliases (name, alias, version) VALUES ('other', 'champion', 1)")
    with pytest.raises(TrackingError, match="2 champions; name one: models:/kept@champion, models:/other@champion"):
        only_champion(logged)
    with pytest.raises(TrackingError, match="no champion yet"):
        only_champion(Project(tmp_path / "new"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(TrackingError, match="Name the model"):
        only_champion(logged)


@pytest.mark.parametrize("change", ["DROP TABLE alembic_version", "ALTER TABLE runs RENAME COLUMN status TO state"])
def test_logged_comparisons_returns_none_for_another_schema(logged, change):
    with sqlite3.connect(logged.mlflow_database) as store:
        store.execute(change)
    assert logged_comparisons(logged) is None


def test_checks_skip_stores_that_are_not_sqlite_files(tmp_path, monkeypatch):
    project = Project(tmp_path)
    project.mlflow_database.write_text("not a database")
    assert logged_comparisons(project) is None
    check_model(project, "models:/kept@champion")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert logged_comparisons(project) is None
    check_run(project, "0123")
