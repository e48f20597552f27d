"""Log to the MLflow server that ``MLFLOW_TRACKING_URI`` names: a real server in a process of its own."""

import getpass
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from mlflow import MlflowClient

from support.servers import serving
from topicdesk.errors import TrackingError
from topicdesk.experiment import log_experiment, run_experiment
from topicdesk.project import Project
from topicdesk.tracking import open_store, resume_logging, serve_pages


@pytest.fixture
def team(tmp_path, empty_store):
    """Return another project, whose store a server uses."""
    team_project = Project(tmp_path / "team")
    team_project.root.mkdir()
    shutil.copy(empty_store, team_project.mlflow_database)
    return team_project


@pytest.mark.slow
def test_log_experiment_sends_runs_and_artifacts_to_the_configured_server(project, team, monkeypatch, free_port):
    with serve_pages(team, free_port, "small") as (address, _):
        uri = address.partition("/#")[0]
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        (run,) = log_experiment(run_experiment(project.root / "experiments" / "small.toml", n_jobs=1))
        client = MlflowClient(uri)
        assert client.get_run(run.run_id).info.status == "FINISHED"
        assert "report.html" in {artifact.path for artifact in client.list_artifacts(run.run_id)}
        # serve_pages starts no second server for a store that is already on a server.
        with (
            pytest.raises(TrackingError, match=rf"already on a server\. Open {uri}/#/experiments/"),
            serve_pages(project, free_port, "small"),
        ):
            pytest.fail("a second server was started")
    assert not project.mlflow_database.exists(), "nothing is written to the project's own store"


@pytest.mark.slow
def test_resume_logging_completes_runs_after_the_server_stopped(project, team, monkeypatch, free_port):
    result = run_experiment(project.root / "experiments" / "small.toml", n_jobs=1)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with serve_pages(team, free_port, "small") as (address, server):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address.partition("/#")[0])
        children = []

        def create_run(client, *arguments, original=MlflowClient.create_run, **options):
            children.append(None)
            if len(children) == 3:  # after the parent and the first child, the server stops
                server.terminate()
                server.wait()
            return original(client, *arguments, **options)

        monkeypatch.setattr(MlflowClient, "create_run", create_run)
        with pytest.raises(
            TrackingError, match=r"No result is lost: everything is saved in experiments/\.unsent/small"
        ):
            log_experiment(result)
    monkeypatch.undo()
    monkeypatch.chdir(project.root)
    # The server runs again: the waiting comparison is sent into the runs that were already created.
    with serve_pages(team, free_port, "small") as (address, _):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address.partition("/#")[0])
        (run,) = resume_logging(project)
        client = MlflowClient(address.partition("/#")[0])
        experiment = client.get_experiment_by_name("small").experiment_id
        runs = client.search_runs([experiment])
        assert len(runs) == 1 + len(result.comparisons[0].plan.classifiers)
        assert {logged_run.info.status for logged_run in runs} == {"FINISHED"}
        child = next(logged_run for logged_run in runs if logged_run.data.tags.get("classifier") == "linear-svm")
        history = client.get_metric_history(child.info.run_id, "fold/macro_f1")
        assert sorted(point.step for point in history) == list(range(len(result.comparisons[0].splits)))
        assert client.get_model_version_by_alias("topicdesk-small", "champion").run_id == run.run_id
    assert not list(project.unsent.glob("*"))


@pytest.mark.slow
@pytest.mark.parametrize("step", ["log_batch", "log_artifacts", "log_model_artifacts", "create_model_version"])
def test_resume_logging_completes_runs_after_the_server_was_killed(project, team, monkeypatch, free_port, step):
    result = run_experiment(project.root / "experiments" / "small.toml", n_jobs=1)
    with serve_pages(team, free_port, "small") as (address, server), monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", address.partition("/#")[0])
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        calls, original = [], getattr(MlflowClient, step)

        def kill_the_server(client, *arguments, **options):
            calls.append(None)
            if len(calls) == 1:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
            return original(client, *arguments, **options)

        patch.setattr(MlflowClient, step, kill_the_server)
        with pytest.raises(
            TrackingError, match=r"No result is lost: everything is saved in experiments/\.unsent/small"
        ):
            log_experiment(result)
        assert calls
    with serve_pages(team, free_port, "small") as (address, _):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address.partition("/#")[0])
        (run,) = resume_logging(project)
        client = MlflowClient(address.partition("/#")[0])
        runs = client.search_runs([client.get_experiment_by_name("small").experiment_id])
        assert len(runs) == 1 + len(result.comparisons[0].plan.classifiers)
        assert {logged_run.info.status for logged_run in runs} == {"FINISHED"}
        for logged_run in runs:
            assert (logged_run.info.run_id == run.run_id) == ("classifier" not in logged_run.data.tags)
        assert client.get_model_version_by_alias("topicdesk-small", "champion").run_id == run.run_id
        assert "report.html" in {artifact.path for artifact in client.list_artifacts(run.run_id)}
    assert not list(project.unsent.glob("*"))


def test_concurrent_compare_commands_log_complete_runs_to_a_new_store(project, begin):
    spec = project.root / "experiments" / "small.toml"
    started = [begin("compare", spec, "--jobs", "1") for _ in range(3)]
    for process in started:
        ended = process.wait()
        assert ended.returncode == 0, ended.output
    client = open_store(project)
    runs = client.search_runs([client.get_experiment_by_name("small").experiment_id])
    parents = [run for run in runs if run.data.tags["role"] == "comparison"]
    assert len(parents) == 3
    assert len(runs) == 3 * len(run_experiment(spec, n_jobs=1).comparisons[0].plan.classifiers) + 3
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert len(client.search_model_versions("name = 'topicdesk-small'")) == 3
    assert client.get_model_version_by_alias("topicdesk-small", "champion")


@contextmanager
def team_server(folder, port, *options, **environment):
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", port, "--workers", "1"]
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **environment}
    with serving(
        [*command, *options], f"{address}/health", folder=folder, log=folder / "server.log", environment=environment
    ):
        yield address


@pytest.mark.slow
def test_server_with_basic_auth_requires_the_password(project, team, monkeypatch, free_port):
    pytest.importorskip("flask_wtf", reason="mlflow[auth] is not installed: pip install 'topicdesk[server]'")
    team = team.root
    (team / "auth.ini").write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{team}/auth.db\nadmin_username = admin\n"
        "admin_password = a-long-password-of-the-team\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    options = ("--app-name", "basic-auth", "--backend-store-uri", f"sqlite:///{team}/mlflow.db",
               "--artifacts-destination", str(team / "artifacts"))  # fmt: skip
    variables = {"MLFLOW_AUTH_CONFIG_PATH": str(team / "auth.ini"), "MLFLOW_FLASK_SERVER_SECRET_KEY": "of these tests"}
    result = run_experiment(project.root / "experiments" / "small.toml", n_jobs=1)
    with team_server(team, free_port, *options, **variables) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        with pytest.raises(TrackingError, match="No result is lost"):
            log_experiment(result)
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "a-long-password-of-the-team")
        (run,) = resume_logging(project)
        client = MlflowClient(address)
        assert client.get_run(run.run_id).info.status == "FINISHED"
        assert "report.html" in {artifact.path for artifact in client.list_artifacts(run.run_id)}
        assert client.get_model_version_by_alias("topicdesk-small", "champion").run_id == run.run_id


POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@pytest.fixture
def postgres(wait_until):
    """Start a PostgreSQL server that listens on a socket file only."""
    if POSTGRES is None:
        pytest.skip("no PostgreSQL on this machine: install Debian's package 'postgresql'")
    pytest.importorskip("psycopg", reason="no driver: pip install 'topicdesk[server]'")
    # A short path, since the path of a socket may have 100 characters at most. PostgreSQL does not run as root.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    user = "postgres" if os.getuid() == 0 else getpass.getuser()
    shutil.chown(folder, user)
    command = ["runuser", "-u", user, "--"] if os.getuid() == 0 else []
    run = {"check": True, "capture_output": True, "cwd": folder}
    subprocess.run([*command, POSTGRES / "initdb", "-D", folder / "data", "-A", "trust", "-U", "mlflow"], **run)
    started = subprocess.Popen(
        [*command, POSTGRES / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses="],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def is_ready():
        assert started.poll() is None, "PostgreSQL ended"
        return subprocess.run([POSTGRES / "pg_isready", "-h", folder], capture_output=True, check=False).returncode == 0

    try:
        wait_until(is_ready, every=0.1)
        subprocess.run([POSTGRES / "createdb", "-h", folder, "-U", "mlflow", "mlflow"], **run)
        yield f"postgresql://mlflow@/mlflow?host={folder}"
    finally:
        started.terminate()
        started.wait()
        shutil.rmtree(folder, ignore_errors=True)


def test_server_on_postgresql_stores_runs_artifacts_and_models(project, tmp_path, postgres, monkeypatch, free_port):
    team = tmp_path / "team"
    team.mkdir()
    options = ("--backend-store-uri", postgres, "--artifacts-destination", str(team / "artifacts"))
    with team_server(team, free_port, *options) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        (run,) = log_experiment(run_experiment(project.root / "experiments" / "small.toml", n_jobs=1))
        client = MlflowClient(address)
        assert client.get_run(run.run_id).info.status == "FINISHED"
        assert "report.html" in {artifact.path for artifact in client.list_artifacts(run.run_id)}
        assert client.get_model_version_by_alias("topicdesk-small", "champion").run_id == run.run_id
    assert list((team / "artifacts").rglob("report.html"))
