"""Open MLflow's store: the project's own SQLite file, or the store that ``MLFLOW_TRACKING_URI`` names."""

from __future__ import annotations

import ctypes
import os
import socket
import sqlite3
import sys
import tempfile
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from sqlalchemy.exc import SQLAlchemyError

from topicdesk._progress import say
from topicdesk.errors import TrackingError
from topicdesk.project import Project
from topicdesk.tracking._mlflow import (
    RESOURCE_ALREADY_EXISTS,
    ErrorCode,
    LifecycleStage,
    MlflowClient,
    MlflowException,
    RunStatus,
    SqlAlchemyStore,
    quiet_mlflow,
)
from topicdesk.tracking.listing import deleted_experiment, tracking_uri

__all__ = [
    "PROCESS_TAG",
    "STORE_ERRORS",
    "VIEW",
    "VIEW_TAG",
    "experiment_address",
    "experiment_id",
    "open_store",
    "process_name",
    "reason",
    "tracking_uri",
]

#: Exceptions that MLflow raises if its store fails.
STORE_ERRORS = (MlflowException, SQLAlchemyError, OSError)

#: Tag of a run: the process that logs it.
PROCESS_TAG = "topicdesk.process"

# Default ports of servers, and how many seconds to wait for a server or a locked file.
_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
_PATIENCE = 10

#: MLflow's pages store each shared view of an experiment's runs in a tag: its prefix, and the key of topicdesk's view.
VIEW_TAG, VIEW = "mlflow.sharedViewState.", "topicdesk"


@quiet_mlflow()
def open_store(project: Project) -> MlflowClient:
    """Open MLflow's store. Create the project's own store if it is missing.

    Parameters
    ----------
    project : Project
        Project whose store is opened, unless ``MLFLOW_TRACKING_URI`` names another.

    Returns
    -------
    MlflowClient

    Raises
    ------
    TrackingError
        If the store cannot be reached or written, or the project's path cannot hold one.
    """
    uri = tracking_uri(project)
    try:
        if uri == _sqlite(project.mlflow_database) and not project.mlflow_database.exists():
            _make_database(project)
        _knock(uri)
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
    except STORE_ERRORS as error:
        hint = "Another program has locked it: stop that program or wait. " if _is_locked(error) else ""
        raise TrackingError(
            f"MLflow's store cannot be used ({reason(error, uri)}). {hint}The store is {reason(uri, uri)}; "
            "set MLFLOW_TRACKING_URI to use another."
        ) from error
    return client


@quiet_mlflow()
def experiment_id(client: MlflowClient, project: Project, name: str) -> str:
    """Return the id of an MLflow experiment. Create it if it is missing, and mark runs of dead processes as killed.

    Raises
    ------
    TrackingError
        If the experiment is deleted.
    """
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        is_local = tracking_uri(project) == _sqlite(project.mlflow_database)
        # A server chooses the location of its artifacts itself.
        location = (project.mlflow_artifacts / name).as_uri() if is_local else None
        try:
            return str(client.create_experiment(name, artifact_location=location))
        except MlflowException as error:
            # Another process may have created it in the meantime.
            experiment = client.get_experiment_by_name(name)
            if experiment is None or error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
                raise
            return str(experiment.experiment_id)
    if experiment.lifecycle_stage == LifecycleStage.DELETED:
        uri = client.tracking_uri
        raise deleted_experiment(name, str(experiment.experiment_id), reason(uri, uri))
    _mark_killed(client, experiment.experiment_id)
    return str(experiment.experiment_id)


@quiet_mlflow()
def experiment_address(client: MlflowClient, name: str) -> str:
    """Return the path of an experiment's runs in MLflow's pages, to append to the server's address."""
    experiment = client.get_experiment_by_name(name) if name else None
    if experiment is None:
        return "/"
    view = f"?viewStateShareKey={VIEW}" if f"{VIEW_TAG}{VIEW}" in experiment.tags else ""
    return f"/#/experiments/{experiment.experiment_id}/runs{view}"


def reason(error: object, uri: str) -> str:
    """Return the first line of a store's error, without the user name and password that its address may contain.

    A server may report them in another form than in the address: separately, decoded, or as an encoded HTTP header.
    """
    message = (str(error).splitlines() or [type(error).__name__])[0]
    credentials, at, _ = uri.partition("://")[2].rpartition("@")
    user, _, password = unquote(credentials).partition(":")
    variables = [os.environ.get(f"MLFLOW_TRACKING_{name}", "") for name in ("PASSWORD", "TOKEN")]
    header = b64encode(f"{user}:{password}".encode()).decode()
    message = message.replace(credentials + at, "")
    for secret in filter(None, (credentials, password and header, credentials.partition(":")[2], password, *variables)):
        message = message.replace(secret, "***")
    return message


def process_name() -> str:
    """Return the host name and id of this process, for other processes to check whether it still runs."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _knock(uri: str) -> None:
    """Raise `OSError` if no server listens or the file stays locked. MLflow itself would retry for minutes."""
    scheme, file, path = uri.partition("sqlite:///")
    if file and not scheme and Path(path).exists():
        try:
            with closing(sqlite3.connect(path, timeout=_PATIENCE)) as store:
                store.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.DatabaseError as error:
            if _is_locked(error):  # MLflow reports all other errors
                raise OSError(str(error)) from error
        return
    address = urlsplit(uri)
    scheme = address.scheme.partition("+")[0]
    port = address.port or _PORTS.get(scheme)
    if address.hostname is None or port is None or (scheme in getproxies() and not proxy_bypass(address.hostname)):
        return
    try:
        socket.create_connection((address.hostname, port), timeout=_PATIENCE).close()
    except OSError as error:
        raise OSError(f"no server answers at {address.hostname}, port {port}: {error.strerror or error}") from error


def _is_locked(error: BaseException | None) -> bool:
    """Return whether an error is, or was caused by, SQLite's error for a locked file."""
    while error is not None:
        # The last eight bits are the error, the others its details.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if isinstance(error, sqlite3.Error) and code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return True
        error = error.__cause__
    return False


def _make_database(project: Project) -> None:
    say(f"creating MLflow's store {project.mlflow_database.name} (once; takes about 10 s) ...")
    # Create a temporary file, then link it: concurrent or killed processes leave one complete file or none.
    handle, name = tempfile.mkstemp(dir=project.root, prefix=".mlflow.db.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        store = SqlAlchemyStore(_sqlite(part), project.mlflow_artifacts.as_uri())  # type: ignore[no-untyped-call]
        store.engine.dispose()
        if os.name == "nt":
            part.rename(project.mlflow_database)  # does not replace an existing file on Windows
        else:
            os.link(part, project.mlflow_database)
    except FileExistsError:  # another process was first; its file is equivalent
        pass
    finally:
        part.unlink(missing_ok=True)


def _mark_killed(client: MlflowClient, experiment: str) -> None:
    host = process_name().rpartition(":")[0]
    for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        run_host, _, pid = run.data.tags.get(PROCESS_TAG, "").rpartition(":")
        if run_host == host and pid.isdigit() and not _lives(int(pid)):
            client.set_terminated(run.info.run_id, RunStatus.to_string(RunStatus.KILLED))


def _lives(pid: int) -> bool:
    if sys.platform == "win32":  # os.kill would send Ctrl-C to the process, or end it
        return _lives_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's process
        return True
    return True


def _lives_on_windows(pid: int) -> bool:
    # SYNCHRONIZE access is enough to check whether the process has ended. Access denied: another user's process runs.
    kernel: Any = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined, unused-ignore]
    process = kernel.OpenProcess(0x0010_0000, False, pid)
    if not process:
        access_denied = 5
        return bool(ctypes.get_last_error() == access_denied)  # type: ignore[attr-defined, unused-ignore]
    still_running = 0x102  # WAIT_TIMEOUT
    try:
        return bool(kernel.WaitForSingleObject(process, 0) == still_running)
    finally:
        kernel.CloseHandle(process)


def _sqlite(path: Path) -> str:
    # SQLAlchemy needs forward slashes, also on Windows.
    return f"sqlite:///{path.as_posix()}"
