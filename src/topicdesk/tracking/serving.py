"""Run MLflow's servers on this machine: its pages for the project's own store, and its server for a model."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from topicdesk._processes import end_group, started_group
from topicdesk.errors import TrackingError
from topicdesk.project import Project
from topicdesk.tracking._mlflow import QUIET_VARIABLES
from topicdesk.tracking._ports import check_port
from topicdesk.tracking.listing import tracking_uri
from topicdesk.tracking.models import fetched_model, load_labeller
from topicdesk.tracking.store import experiment_address, open_store

__all__ = ["serve_model", "serve_pages"]

_START_SECONDS = 300


@contextmanager
def serve_pages(project: Project, port: int, experiment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve MLflow's pages on 127.0.0.1 until the block ends.

    Parameters
    ----------
    project : Project
        Project whose store is shown, unless ``MLFLOW_TRACKING_URI`` names another.
    port : int
        Port to listen on.
    experiment : str
        The MLflow experiment to open; empty for the list of experiments.

    Yields
    ------
    address : str
        Address of the experiment's runs.
    server : subprocess.Popen
        MLflow's server.

    Raises
    ------
    TrackingError
        If the port is taken, the store is already on a server, or the server does not start.
    """
    uri = tracking_uri(project)
    is_remote = uri.startswith("http")
    if not is_remote:
        check_port(port)
    path = experiment_address(open_store(project), experiment)
    if is_remote:
        raise TrackingError(f"the runs are already on a server. Open {uri}{path}")
    # MLflow's job runners are for language-model judges, which topicdesk does not use.
    settings = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command = ["mlflow", "server", "--backend-store-uri", uri, "--workers", "1", "--host", "127.0.0.1"]
    with _serving(project, [*command, "--port", str(port)], port, "/health", settings) as server:
        yield f"http://127.0.0.1:{port}{path}", server


@contextmanager
def serve_model(
    project: Project, model: str, port: int, trust: Collection[str] = ()
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve a model's predictions on 127.0.0.1 with MLflow's own server, until the block ends.

    A request that cannot be read is answered with status 400 or 415, and a short reason in JSON.

    Parameters
    ----------
    project : Project
        Project whose store is read, unless ``MLFLOW_TRACKING_URI`` names another.
    model : str
        Name, run id or folder of the model. `load_labeller` checks the model first.
    port : int
        Port to listen on.
    trust : collection of str, default ()
        Types that the model's file may contain besides those that topicdesk's own models need.

    Yields
    ------
    address : str
        Address to send requests to.
    server : subprocess.Popen
        MLflow's server.

    Raises
    ------
    LabellerError
        If the model cannot be loaded or contains types that are not trusted.
    TrackingError
        If the port is taken, or the server does not start.
    """
    check_port(port)
    # Serve the files that were checked: the name may refer to another version in the meantime.
    with fetched_model(model, project) as folder:
        load_labeller(folder, trust=trust)
        command = ["topicdesk.tracking._model_server", str(folder), str(port)]
        with _serving(project, command, port, "/ping", {}) as server:
            yield f"http://127.0.0.1:{port}/invocations", server


@contextmanager
def _serving(
    project: Project, module: Sequence[str], port: int, health: str, settings: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module, with its arguments, until the block ends."""
    programs = str(Path(sys.executable).parent)
    server = started_group(
        [sys.executable, "-m", *module],
        cwd=project.root,
        # MLflow starts programs of its environment by name, so they must be on the PATH.
        env={
            **QUIET_VARIABLES,
            **os.environ,
            **settings,
            "PATH": os.pathsep.join([programs, os.environ.get("PATH", "")]),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_up(server, f"http://127.0.0.1:{port}{health}", module)
        yield server
    finally:
        end_group(server)


def _wait_until_up(server: subprocess.Popen[bytes], health: str, module: Sequence[str]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(health, timeout=2):
                return
        except (URLError, OSError):  # not up yet
            time.sleep(0.2)
    raise TrackingError(
        f"MLflow's server did not start. Run 'python -m {shlex.join(module)}' in the project folder to see its "
        "messages."
    )
