"""Look up runs and models in MLflow's SQLite file without importing MLflow, which takes seconds.

The file is opened read-only. If it is not as expected (another store, another schema, a lock), these functions give no
answer, and the caller asks MLflow.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from topicdesk.errors import TrackingError, nearest
from topicdesk.project import Project, find_project

__all__ = [
    "LISTED", "check_experiment", "check_model", "check_registered", "check_run", "chosen_model", "deleted_experiment",
    "listed", "logged_comparisons", "model_not_found", "only_champion", "tracking_uri",
]  # fmt: skip

#: Columns of a list of comparisons.
LISTED = (
    "experiment", "started", "corpus", "articles", "winner", "metric", "value", "low", "high", "commit", "dirty",
    "model",
)  # fmt: skip

# What SQLAlchemy, which opens the store, and MLflow decode in an address: queries, and encoded characters.
_NOT_IN_ADDRESSES = re.compile(r"\?|%[0-9A-Fa-f]{2}")

# Number of characters of a commit hash to show.
_COMMIT = 7

# Same order as MLflow's client.
_COMPARISONS = """
SELECT runs.run_uuid, experiments.name, runs.start_time FROM runs
JOIN experiments ON experiments.experiment_id = runs.experiment_id
JOIN tags ON tags.run_uuid = runs.run_uuid AND tags.key = 'role' AND tags.value = 'comparison'
WHERE runs.status = 'FINISHED' AND runs.lifecycle_stage = 'active' AND experiments.lifecycle_stage = 'active'
ORDER BY runs.start_time DESC, runs.run_uuid
"""

# Tables of an empty store, used until the first run is logged.
_EMPTY = """
CREATE TABLE experiments (experiment_id, name, lifecycle_stage);
CREATE TABLE runs (run_uuid, status, start_time, lifecycle_stage, experiment_id);
CREATE TABLE tags (key, value, run_uuid);
CREATE TABLE registered_models (name);
CREATE TABLE registered_model_aliases (name, alias);
"""


def tracking_uri(project: Project) -> str:
    """Return the address of MLflow's store: ``MLFLOW_TRACKING_URI``, or the project's SQLite file.

    Raises
    ------
    TrackingError
        If the path of the project's file has characters that mean something else in an address.
    """
    named = os.environ.get("MLFLOW_TRACKING_URI")
    if named:
        return named
    if found := _NOT_IN_ADDRESSES.search(str(project.root)):
        raise TrackingError(
            f"the project folder {project.root} has {found[0]!r} in its path, which MLflow reads as a part of an "
            "address, not of a path. Rename the folder, or set MLFLOW_TRACKING_URI to a store elsewhere."
        )
    return f"sqlite:///{project.mlflow_database}"


def deleted_experiment(name: str, experiment: str, uri: str) -> TrackingError:
    """Return the error for an MLflow experiment that is deleted.

    Parameters
    ----------
    name, experiment : str
        Name and id of the experiment.
    uri : str
        Address of its store, without a password.
    """
    return TrackingError(
        f"the MLflow experiment {name!r} (id {experiment}) is deleted, so nothing can be logged to it. Restore it with "
        f"'mlflow experiments restore --experiment-id {experiment}', with the environment variable "
        f"MLFLOW_TRACKING_URI set to {uri}; or in Python with "
        f"topicdesk.tracking.open_store(topicdesk.find_project()).restore_experiment({experiment!r})."
    )


def check_experiment(project: Project, name: str) -> None:
    """Raise `TrackingError` if nothing can be logged to an experiment. Check this before long computations.

    Parameters
    ----------
    project : Project
        Project whose store is checked, unless ``MLFLOW_TRACKING_URI`` names another.
    name : str
        Name of the MLflow experiment. It may be missing.

    Raises
    ------
    TrackingError
        If the project's path cannot hold a store, or the experiment is deleted in a SQLite store. Other stores are not
        checked.
    """
    with _reading(project) as store:
        query = "SELECT experiment_id FROM experiments WHERE name = ? AND lifecycle_stage = 'deleted'"
        for (experiment,) in () if store is None else _rows(store, query, name):
            raise deleted_experiment(name, str(experiment), tracking_uri(project))


def logged_comparisons(project: Project, experiment: str | None = None) -> list[dict[str, Any]] | None:
    """List the comparisons in a SQLite store, newest first.

    Parameters
    ----------
    project : Project
        Project whose store is read, unless ``MLFLOW_TRACKING_URI`` names another.
    experiment : str, optional
        List only this experiment.

    Returns
    -------
    list of dict or None
        One dict per comparison, with the keys ``run_id`` and `LISTED`. None if the store cannot be read this way.

    Raises
    ------
    TrackingError
        If the store has no experiment of that name.
    """
    with _reading(project) as store:
        if store is None:
            return None
        try:
            names = [name for (name,) in store.execute("SELECT name FROM experiments WHERE lifecycle_stage = 'active'")]
            runs = store.execute(_COMPARISONS).fetchall()
            facts = {run: _facts(store, run) for run, *_ in runs}
        except sqlite3.Error:
            return None
    if experiment is not None and experiment not in names:
        hint = nearest(experiment, names) if names else "nothing is logged yet"
        raise TrackingError(f"MLflow's store has no experiment {experiment!r}; {hint}")
    return [listed(run, name, started, *facts[run]) for run, name, started in runs if experiment in (None, name)]


def listed(
    run_id: str, experiment: str, started: int, tags: dict[str, str], params: dict[str, str], metrics: dict[str, float]
) -> dict[str, Any]:
    """Return one row of a list of comparisons. `started` is in milliseconds since 1970, UTC."""
    metric = params["metric"]
    return {
        "run_id": run_id,
        "experiment": experiment,
        "started": datetime.fromtimestamp(started / 1000, UTC).replace(tzinfo=None),
        "corpus": params["corpus"],
        "articles": int(params["articles"]),
        "winner": tags["winner"],
        "metric": metric,
        "value": metrics[metric],
        "low": metrics[f"{metric}/low"],
        "high": metrics[f"{metric}/high"],
        "commit": tags.get("git.commit", "")[:_COMMIT],
        "dirty": tags.get("git.dirty", ""),
        "model": tags.get("model", ""),
    }


def check_run(project: Project, run_id: str) -> None:
    """Raise `TrackingError` if a SQLite store has no such run. Other stores are not checked."""
    with _reading(project) as store:
        if store is not None and not _any(store, "SELECT 1 FROM runs WHERE run_uuid = ?", run_id):
            raise TrackingError(f"no run {run_id!r} in MLflow's store. 'topicdesk runs' lists the runs.")


def check_registered(project: Project, name: str) -> None:
    """Raise `TrackingError` if a SQLite store has no registered model of that name. Other stores are not checked."""
    with _reading(project) as store:
        if store is not None and not _any(store, "SELECT 1 FROM registered_models WHERE name = ?", name):
            registered = ", ".join(one for (one,) in _rows(store, "SELECT name FROM registered_models")) or "none"
            raise TrackingError(f"no registered model called {name!r}; registered models: {registered}.")


def check_model(project: Project, model: str) -> None:
    """Raise `TrackingError` if a SQLite store has no such model. Other stores are not checked.

    Parameters
    ----------
    project : Project
        Project whose store is checked, unless ``MLFLOW_TRACKING_URI`` names another.
    model : str
        ``models:/NAME@ALIAS``, ``models:/NAME/VERSION``, or the id of a run.
    """
    name, slash, version = model.removeprefix("models:/").partition("/")
    name, at, alias = name.partition("@")
    with _reading(project) as store:
        if store is None:
            return
        reason = None
        if not model.startswith("models:/"):
            if not _any(store, "SELECT 1 FROM runs WHERE run_uuid = ?", model):
                champion = "SELECT 1 FROM registered_model_aliases WHERE name = ? AND alias = 'champion'"
                champions = _rows(store, champion, model)
                hint = f"; did you mean 'models:/{model}@champion'?" if champions else ""
                reason = f"no such folder and no such run{hint}"
        elif at or slash:
            registered = [one for (one,) in _rows(store, "SELECT name FROM registered_models")]
            versions = "SELECT 1 FROM model_versions WHERE name = ? AND version = ?"
            if name not in registered:
                reason = (
                    f"no registered model {name!r}; {nearest(name, registered)}"
                    if registered
                    else "no model is registered"
                )
            elif at and not _any(
                store, "SELECT 1 FROM registered_model_aliases WHERE name = ? AND alias = ?", name, alias
            ):
                reason = f"{name} has no alias {alias!r}"
            elif slash and not (version.isdecimal() and _any(store, versions, name, int(version))):
                reason = f"{name} has no version {version!r}"
        if reason is not None:
            raise model_not_found(model, reason)


def model_not_found(model: str, reason: str) -> TrackingError:
    """Return the error for a model that is not in the store."""
    return TrackingError(
        f"no model {model!r} in MLflow's store ({reason}). An example of a name is "
        "models:/topicdesk-topics@champion. 'topicdesk compare SPEC' registers the winner as a model."
    )


def chosen_model(model: str | None) -> str:
    """Return the model that a command uses: the named one if it exists, or else the project's only champion.

    Parameters
    ----------
    model : str or None
        A model's folder, which needs no project, or a name as in `check_model`.

    Returns
    -------
    str

    Raises
    ------
    ProjectError
        If a project is needed and the working folder is in none.
    TrackingError
        As `check_model` and `only_champion`.
    """
    if model is None:
        return only_champion(find_project())
    if not Path(model).expanduser().is_dir():
        check_model(find_project(), model)
    return model


def only_champion(project: Project) -> str:
    """Return the project's only champion, the model that commands use by default.

    Parameters
    ----------
    project : Project
        Project whose store is read, unless ``MLFLOW_TRACKING_URI`` names another.

    Returns
    -------
    str
        ``models:/NAME@champion``.

    Raises
    ------
    TrackingError
        If there is no champion or more than one, or if the store is not a SQLite file.
    """
    query = "SELECT name FROM registered_model_aliases WHERE alias = 'champion' ORDER BY name"
    with _reading(project) as store:
        try:
            champions = None if store is None else [f"models:/{name}@champion" for (name,) in store.execute(query)]
        except sqlite3.Error:
            champions = None
    if champions is None:
        raise TrackingError(
            "cannot look up the champion, because MLflow's store is not a SQLite file. Name the model, for example "
            "models:/NAME@champion."
        )
    if not champions:
        raise TrackingError("there is no champion yet. 'topicdesk compare SPEC' registers the winner of a comparison.")
    if len(champions) > 1:
        raise TrackingError(f"there are {len(champions)} champions; name one: {', '.join(champions)}.")
    return champions[0]


@contextmanager
def _reading(project: Project) -> Iterator[sqlite3.Connection | None]:
    """Open the store read-only. Yield None if it is not MLflow's SQLite file, and an empty store if it is missing."""
    scheme, _, path = tracking_uri(project).partition("sqlite:///")
    if scheme:
        yield None
        return
    if not Path(path).exists():
        with closing(sqlite3.connect(":memory:")) as store:
            store.executescript(_EMPTY)
            yield store
        return
    try:
        store = sqlite3.connect(f"file:{quote(str(Path(path).resolve()))}?mode=ro", uri=True, timeout=1)
    except sqlite3.Error:
        yield None
        return
    with closing(store):
        try:
            is_mlflow = store.execute("SELECT count(*) FROM alembic_version").fetchone()[0] == 1
        except sqlite3.Error:
            is_mlflow = False
        yield store if is_mlflow else None


def _rows(store: sqlite3.Connection, query: str, *values: object) -> list[Any]:
    try:
        return store.execute(query, values).fetchall()
    except sqlite3.Error:
        return []


def _any(store: sqlite3.Connection, query: str, *values: object) -> bool:
    """Return whether a query has a result. True if the query fails: the check is then left to MLflow."""
    try:
        return store.execute(query, values).fetchone() is not None
    except sqlite3.Error:
        return True


def _facts(store: sqlite3.Connection, run: str) -> tuple[dict[str, str], dict[str, str], dict[str, float]]:
    tags, params = (
        dict(store.execute(f"SELECT key, value FROM {table} WHERE run_uuid = ?", (run,)))
        for table in ("tags", "params")
    )
    metrics = store.execute("SELECT key, value, is_nan FROM latest_metrics WHERE run_uuid = ?", (run,))
    return tags, params, {key: float("nan") if is_nan else value for key, value, is_nan in metrics}
