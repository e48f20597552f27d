"""Send parcels to MLflow's store. Content that is already there is not sent again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import IntegrityError

from topicdesk._locks import exclusive_lock
from topicdesk._progress import progress
from topicdesk._rendering import as_html
from topicdesk.errors import TrackingError
from topicdesk.project import Project
from topicdesk.report import name_run
from topicdesk.tracking._keys import model_name
from topicdesk.tracking._mlflow import (
    BAD_REQUEST,
    MLFLOW_LOGGED_ARTIFACTS,
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_RUN_NOTE,
    RESOURCE_ALREADY_EXISTS,
    RESOURCE_DOES_NOT_EXIST,
    Dataset,
    DatasetInput,
    ErrorCode,
    InputTag,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    MlflowClient,
    MlflowException,
    Param,
    RunStatus,
    RunTag,
    quiet_mlflow,
    read_manifest,
)
from topicdesk.tracking.packing import RUN_ADDRESS
from topicdesk.tracking.parcel import PackedRun, Parcel, read_parcels
from topicdesk.tracking.registry import RegisteredLabeller, register
from topicdesk.tracking.store import (
    PROCESS_TAG,
    STORE_ERRORS,
    VIEW,
    VIEW_TAG,
    experiment_id,
    open_store,
    process_name,
    reason,
)

__all__ = ["LoggedComparison", "resume_logging", "resumed", "send_parcel"]

# MLflow's codes for a row that the database refuses. MLflow checks whether a row exists before it writes it, but
# another process may write it in between. A server sends the same codes as a local store.
_REFUSED = {ErrorCode.Name(code) for code in (BAD_REQUEST, RESOURCE_ALREADY_EXISTS)}
_TRIES = 10

# MLflow's limits per call are 1000 metrics and a megabyte, in which a letter may take twelve bytes.
_METRICS_A_CALL = 250

# MLflow's limit, which a long description or many names exceed.
_TAG_CHARACTERS = 8000


@dataclass(frozen=True)
class LoggedComparison:
    """Where a comparison was logged.

    Parameters
    ----------
    experiment : str
        Name of the MLflow experiment.
    run_id : str
        Id of the parent run.
    run_name : str
        Name of the parent run.
    model : RegisteredLabeller or None
        The registered model, if any.
    """

    experiment: str
    run_id: str
    run_name: str
    model: RegisteredLabeller | None = None

    def __str__(self) -> str:
        """Return a sentence that names the experiment, the run and the model."""
        model = "" if self.model is None else f" Model: {self.model.outcome}"
        return f"Logged to MLflow: experiment {self.experiment!r}, run {self.run_name!r} ({self.run_id}).{model}"

    def _repr_html_(self) -> str:
        return as_html(str(self), after="'topicdesk review' opens MLflow's pages. read_run reads the run's tables.")


@quiet_mlflow()
def send_parcel(project: Project, parcel: Parcel) -> LoggedComparison:
    """Send a parcel to the project's store, and delete the parcel when everything is sent.

    Parameters
    ----------
    project : Project
        Project whose store is used, unless ``MLFLOW_TRACKING_URI`` names another.
    parcel : Parcel
        The parcel to send.

    Returns
    -------
    LoggedComparison

    Raises
    ------
    TrackingError
        If the store fails, or the experiment is deleted. The parcel is kept, and the runs that this call began are
        marked as failed until it is sent again.
    """
    begun: list[str] = []
    saved = f"No result is lost: everything is saved in {project.shown(parcel.folder)}."
    advice = f"{saved} Repair the store, then run 'topicdesk log --resume'."
    problem = "MLflow's store failed while logging the comparison:"
    with _claimed(parcel):
        try:
            client = open_store(project)
        except TrackingError as error:
            raise TrackingError(f"{problem} {error} {advice}") from error
        for tries_left in reversed(range(_TRIES)):
            try:
                with _in_turn(project, client):
                    logged = _send(client, project, parcel, begun)
                break
            except TrackingError as error:  # the experiment is deleted
                raise TrackingError(f"{error} {saved} After that, run 'topicdesk log --resume'.") from error
            except STORE_ERRORS as error:
                # Another process may have written the same row. Try again: what was already sent is skipped.
                if tries_left and _is_refused(error):
                    continue
                _mark_failed(client, begun)
                raise TrackingError(f"{problem} {reason(error, client.tracking_uri)} {advice}") from error
        parcel.throw_away()
    return logged


def _is_refused(error: Exception) -> bool:
    """Return whether the database refused a row."""
    return isinstance(error, IntegrityError) or (isinstance(error, MlflowException) and error.error_code in _REFUSED)


def resume_logging(project: Project) -> tuple[LoggedComparison, ...]:
    """Send all waiting parcels of the project, oldest first.

    Raises
    ------
    TrackingError
        If the store fails, or some parcels could not be sent. The others are sent first.
    """
    sent: list[LoggedComparison] = []
    failures: list[TrackingError] = []
    for result in resumed(project):
        if isinstance(result, TrackingError):
            failures.append(result)
        else:
            sent.append(result)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        lines = "\n".join(f"{number}. {failure}" for number, failure in enumerate(failures, start=1))
        raise TrackingError(f"{len(failures)} comparisons could not be sent:\n{lines}")
    return tuple(sent)


def resumed(project: Project) -> Iterator[LoggedComparison | TrackingError]:
    """Send the waiting parcels of the project one by one, oldest first.

    Parameters
    ----------
    project : Project
        Project whose parcels are sent.

    Yields
    ------
    LoggedComparison or TrackingError
        What was sent, each when it is complete. Then an error for each parcel that could not be read or sent.

    Raises
    ------
    TrackingError
        If the store cannot be opened. Nothing can be sent then.
    """
    parcels, failures = read_parcels(project.unsent)
    if parcels:
        open_store(project)
    for parcel in parcels:
        try:
            yield send_parcel(project, parcel)
        except TrackingError as error:
            failures.append(error)
    yield from failures


def _send(client: MlflowClient, project: Project, parcel: Parcel, begun: list[str]) -> LoggedComparison:
    experiment = experiment_id(client, project, parcel.experiment)
    state = parcel.state()
    if state.get("experiment") != experiment or not _holds(client, state["runs"]):
        state = {"experiment": experiment, "runs": {}, "done": []}
    dataset = DatasetInput(Dataset(**parcel.dataset), [InputTag("mlflow.data.context", "evaluation")])
    ids: list[str] = []
    with progress(len(parcel.runs), "logging to MLflow", "run") as advance:
        for number, run in enumerate(parcel.runs):
            if number and number in state["done"]:
                ids.append(state["runs"][str(number)])
                advance()
                continue
            run_id = _begin(client, parcel, state, number, experiment, ids[0] if ids else None)
            ids.append(run_id)
            begun.append(run_id)
            if number not in state["done"]:
                _say(client, run_id, run, parcel, dataset, f"#/experiments/{experiment}/runs/{ids[0]}")
                _send_artifacts(client, run_id, parcel.artifacts(number), ids[0])
                if number:
                    client.set_terminated(run_id, end_time=parcel.ended)
                    begun.remove(run_id)  # it is complete: a later failure is not its own
                state["done"].append(number)
                parcel.keep_state(state)
            advance()
    model = None
    if parcel.model is not None:
        model_id = _log_model(client, parcel, state, experiment, ids[0])
        predictions = parcel.artifacts(parcel.model.run) / "predictions.parquet"
        if "version" not in state:
            model = register(client, parcel.model, model_id, ids[0], ids[parcel.model.run], predictions)
            state["version"] = list(model)
            parcel.keep_state(state)
        model = RegisteredLabeller(*state["version"])
        client.set_tag(ids[0], "model", f"{model.name} version {model.version}")
    client.set_terminated(ids[0], end_time=parcel.ended)
    _show_first(client, experiment, parcel.runs[0].params["metric"])
    return LoggedComparison(parcel.experiment, ids[0], parcel.runs[0].name, model)


def _show_first(client: MlflowClient, within: str, metric: str) -> None:
    """Save a view of the experiment that shows the most important columns in MLflow's list of runs."""
    columns = [metric, f"{metric}/low", f"{metric}/high", f"{metric}/behind", "subset_accuracy"]
    view = {
        "selectedColumns": [f"metrics.`{name}`" for name in dict.fromkeys(columns)],
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
    }
    client.set_experiment_tag(within, f"{VIEW_TAG}{VIEW}", json.dumps(view))


def _holds(client: MlflowClient, runs: dict[str, str]) -> bool:
    """Return whether the store contains all of these runs, which an earlier attempt began."""
    try:
        for run in runs.values():
            client.get_run(run)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        return False
    return True


def _begin(
    client: MlflowClient, parcel: Parcel, state: dict[str, Any], place: int, within: str, parent: str | None
) -> str:
    """Create a run, or continue the one that an earlier attempt created, and return its id."""
    existing = state["runs"].get(str(place))
    if existing is not None:
        client.update_run(existing, status=RunStatus.to_string(RunStatus.RUNNING))
        client.set_tag(existing, PROCESS_TAG, process_name())
        return str(existing)
    run = parcel.runs[place]
    tags = {PROCESS_TAG: process_name()} | ({MLFLOW_PARENT_RUN_ID: parent} if parent else {})
    run_id = str(client.create_run(within, parcel.started, tags, run.name).info.run_id)
    state["runs"][str(place)] = run_id
    parcel.keep_state(state)
    return run_id


def _say(
    client: MlflowClient, run_id: str, run: PackedRun, parcel: Parcel, dataset: DatasetInput, address: str
) -> None:
    tags = dict(run.tags)
    if MLFLOW_RUN_NOTE in tags:
        tags[MLFLOW_RUN_NOTE] = tags[MLFLOW_RUN_NOTE].replace(RUN_ADDRESS, address)
    if run.tables:
        tags[MLFLOW_LOGGED_ARTIFACTS] = json.dumps([{"path": path, "type": "table"} for path in run.tables])
    client.log_inputs(run_id, [dataset])
    # All metrics have the same timestamp, so a metric that is sent twice is stored once.
    metrics = [Metric(name, value, parcel.ended, step) for name, value, step in run.metrics]
    client.log_batch(
        run_id,
        metrics=metrics[:_METRICS_A_CALL],
        params=[Param(key, value) for key, value in run.params.items()],
        tags=[RunTag(key, value[:_TAG_CHARACTERS]) for key, value in tags.items()],
    )
    for start in range(_METRICS_A_CALL, len(metrics), _METRICS_A_CALL):
        client.log_batch(run_id, metrics=metrics[start : start + _METRICS_A_CALL])


def _send_artifacts(client: MlflowClient, run_id: str, folder: Path, parent: str) -> None:
    report = folder / "report.html"
    if report.is_file():
        text = name_run(report.read_text(encoding="utf-8"), parent)
        report.write_text(text, encoding="utf-8", newline="\n")
    client.log_artifacts(run_id, str(folder))


def _log_model(client: MlflowClient, parcel: Parcel, state: dict[str, Any], within: str, parent: str) -> str:
    """Log the model as an output of the parent run, with both ids in its MLmodel file. Return the model's id."""
    assert parcel.model is not None
    if "model" in state:
        return str(state["model"])
    classifier = parcel.model.tags["classifier"]
    model = client.create_logged_model(within, model_name(classifier), parent, tags={"role": "winner"})
    manifest = read_manifest(parcel.model_folder)
    manifest.run_id, manifest.model_id, manifest.artifact_path = parent, model.model_id, model.artifact_location
    manifest.save(str(parcel.model_folder / "MLmodel"))
    shutil.rmtree(parcel.model_folder / "__pycache__", ignore_errors=True)
    client.log_model_artifacts(model.model_id, str(parcel.model_folder))
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    client.log_outputs(parent, [LoggedModelOutput(model.model_id, step=0)])
    state["model"] = model.model_id
    parcel.keep_state(state)
    return str(model.model_id)


@contextmanager
def _claimed(parcel: Parcel) -> Iterator[None]:
    """Prevent other processes from sending the same parcel at the same time."""
    # The lock is outside the folder, which is deleted at the end: Windows cannot rename a folder with an open file.
    lock = parcel.folder.with_name(f".{parcel.folder.name}.lock")
    busy = TrackingError(f"another process is sending {parcel.folder}. Wait until it ends.")
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive_lock(lock, busy=busy))
        except OSError as error:
            raise TrackingError(f"cannot write {lock}: {error.strerror or error}. Make the folder writable.") from error
        if not parcel.is_waiting():
            raise TrackingError(f"{parcel.folder} no longer exists: another process has sent it.")
        yield


@contextmanager
def _in_turn(project: Project, client: MlflowClient) -> Iterator[None]:
    """Let only one process at a time log to a SQLite store, where some of several writers would wait too long."""
    if not client.tracking_uri.startswith("sqlite:"):
        yield
        return
    with exclusive_lock(project.mlflow_database.with_name(f"{project.mlflow_database.name}-turn")):
        yield


def _mark_failed(client: MlflowClient, runs: list[str]) -> None:
    for run in runs:
        try:
            client.set_terminated(run, RunStatus.to_string(RunStatus.FAILED))
        except STORE_ERRORS:
            # The store is unreachable. The caller reports this, and the next attempt continues the run.
            return
