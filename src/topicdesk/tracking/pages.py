"""MLflow's pages over the project's own store."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.error import URLError
from urllib.request import urlopen

from topicdesk.errors import TrackingError
from topicdesk.project import Project
from topicdesk.tracking.store import experiment_address, open_store, tracking_uri

__all__ = ["serve_pages"]

_START_SECONDS = 60


@contextmanager
def serve_pages(project: Project, port: int, experiment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve MLflow's pages on 127.0.0.1 until the block ends.

    Parameters
    ----------
    project : Project
    port : int
    experiment : str
        The MLflow experiment to open at.

    Yields
    ------
    address : str
        Of the experiment's runs.
    server : subprocess.Popen
        MLflow's server.

    Raises
    ------
    TrackingError
        When the port is taken, the store is another server's, or the server does not start.
    """
    uri = tracking_uri(project)
    path = experiment_address(open_store(project), experiment)
    if uri.startswith("http"):
        raise TrackingError(f"the runs are on a server already: open {uri}{path}")
    with socket.socket() as probe:
        # As MLflow's server does: a port that was just let go is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise TrackingError(
                f"port {port} of 127.0.0.1 is taken ({error.strerror}). Choose another, as in: make review PORT=5001"
            ) from error
    server = subprocess.Popen(
        [
            sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--host", "127.0.0.1",
            "--port", str(port), "--workers", "1",
        ],
        cwd=project.root,
        # Its job runners serve language-model judges, which nothing here has.
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        _wait_until_up(server, f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}{path}", server
    finally:
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.killpg(server.pid, signal.SIGTERM)  # the server starts others: all end together
        server.wait()


def _wait_until_up(server: subprocess.Popen[bytes], health: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(health, timeout=2):
                return
        except (URLError, OSError):  # not up yet
            time.sleep(0.2)
    raise TrackingError("MLflow's server did not start. Run 'mlflow server' in the project folder to see what it says.")
