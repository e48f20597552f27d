"""Runs go to another MLflow server when ``MLFLOW_TRACKING_URI`` names one: a real server, as a process of its own."""

import pytest
from mlflow import MlflowClient

from topicdesk.errors import TrackingError
from topicdesk.experiment import log_experiment, run_experiment
from topicdesk.project import Project
from topicdesk.tracking import resume_logging, serve_pages


def test_runs_and_artifacts_go_through_the_server_that_the_variable_names(project, tmp_path, monkeypatch, free_port):
    team = Project(tmp_path / "team")
    team.root.mkdir()
    with serve_pages(team, free_port, "small") as (address, _):
        uri = address.partition("/#")[0]
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        (run,) = log_experiment(run_experiment(project.root / "experiments" / "small.toml", jobs=1))
        client = MlflowClient(uri)
        assert client.get_run(run.run_id).info.status == "FINISHED"
        assert "report.html" in {found.path for found in client.list_artifacts(run.run_id)}
        # Pages of a server that runs already are opened, not served again.
        with (
            pytest.raises(TrackingError, match=f"on a server already: open {uri}/#/experiments/"),
            serve_pages(project, free_port, "small"),
        ):
            pytest.fail("a second server was started")
    assert not project.mlflow_database.exists(), "nothing stays behind in the project's own store"


def test_a_server_that_goes_away_midway_is_told(project, tmp_path, monkeypatch, free_port):
    result = run_experiment(project.root / "experiments" / "small.toml", jobs=1)
    team = Project(tmp_path / "team")
    team.root.mkdir()
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with serve_pages(team, free_port, "small") as (address, server):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address.partition("/#")[0])
        children = []

        def create_run(client, *arguments, original=MlflowClient.create_run, **options):
            children.append(None)
            if len(children) == 3:  # parent, first child, and here it goes
                server.terminate()
                server.wait()
            return original(client, *arguments, **options)

        monkeypatch.setattr(MlflowClient, "create_run", create_run)
        with pytest.raises(TrackingError, match=r"Nothing is lost: everything is kept in experiments/\.unsent/small"):
            log_experiment(result)
    monkeypatch.undo()
    monkeypatch.chdir(project.root)
    # The server is back: what waits is sent, into the runs that were begun.
    with serve_pages(team, free_port, "small") as (address, _):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address.partition("/#")[0])
        (run,) = resume_logging(project)
        client = MlflowClient(address.partition("/#")[0])
        within = client.get_experiment_by_name("small").experiment_id
        runs = client.search_runs([within])
        assert len(runs) == 1 + len(result.comparisons[0].plan.classifiers)
        assert {one.info.status for one in runs} == {"FINISHED"}
        child = next(one for one in runs if one.data.tags.get("classifier") == "linear-svm")
        history = client.get_metric_history(child.info.run_id, "fold/macro_f1")
        assert sorted(point.step for point in history) == list(range(len(result.comparisons[0].splits)))
        assert client.get_model_version_by_alias("topicdesk-small", "champion").run_id == run.run_id
    assert not list(project.unsent.glob("*"))
