"""Register models, and set which version is in use (the champion)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from topicdesk.errors import TrackingError
from topicdesk.evaluation import challenge
from topicdesk.project import Project
from topicdesk.tracking._mlflow import (
    RESOURCE_ALREADY_EXISTS,
    ErrorCode,
    MlflowClient,
    MlflowException,
    ModelVersion,
    download_artifact,
    quiet_mlflow,
)
from topicdesk.tracking.parcel import PackedModel
from topicdesk.tracking.store import STORE_ERRORS, open_store, reason

__all__ = ["CHAMPION", "PREVIOUS", "RegisteredLabeller", "promote", "register", "rollback"]

#: Aliases of a registered model: the version in use, and the one before it.
CHAMPION, PREVIOUS = "champion", "previous"

#: Tag of a version: the run with its out-of-fold predictions.
_PREDICTIONS = "predictions.run"

# Tags that say how a model was made. A version with the same values does not replace the champion.
_SAME = ("spec.hash", "corpus.hash", "labels.hash", "requirements.sha256", "classifier", "git.commit")


class RegisteredLabeller(NamedTuple):
    """A version of a registered model, and a sentence on whether it is the champion and why."""

    name: str
    version: str
    outcome: str


def register(
    client: MlflowClient, model: PackedModel, model_id: str, run_id: str, predictions_run: str, predictions: Path
) -> RegisteredLabeller:
    """Register a model, and make it the champion if the rule allows it.

    The rule has three parts. The model is the winner of a comparison. Its scores match the results lock, if there is
    one. On the articles that both models were tested on, it is not shown to be worse than the champion (see
    `challenge`).

    Parameters
    ----------
    client : MlflowClient
        Client of the store.
    model : PackedModel
        The model to register.
    model_id : str
        Id of the logged model.
    run_id, predictions_run : str
        Ids of the comparison's run, and of the run with the model's out-of-fold predictions.
    predictions : Path
        Parquet file of these predictions.

    Returns
    -------
    RegisteredLabeller
    """
    name = model.registered
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
    version = client.create_model_version(
        name,
        source=_source(client, model_id),
        run_id=run_id,
        tags={**model.tags, _PREDICTIONS: predictions_run, "logged_model": model_id},
        description=model.card,
        model_id=model_id,
    )
    champion = _aliased(client, name, CHAMPION)
    wins, reason = _takes_the_place(client, model, champion, predictions)
    if wins:
        _put_in_place(client, name, str(version.version), champion)
        message = f"{name} version {version.version} is the champion: {reason}."
    else:
        message = f"{name} version {version.version} is registered but is not the champion: {reason}."
    return RegisteredLabeller(name, str(version.version), message)


@quiet_mlflow()
def promote(project: Project, name: str, version: str | None = None) -> str:
    """Make a version of a registered model the champion, regardless of the rule in `register`.

    Parameters
    ----------
    project : Project
        Project whose store is used, unless ``MLFLOW_TRACKING_URI`` names another.
    name : str
        Name of the registered model, such as ``topicdesk-topics``.
    version : str, optional
        Version to promote. By default the newest.

    Returns
    -------
    str
        A sentence that describes the result.

    Raises
    ------
    TrackingError
        If there is no such model or version, or the store fails.
    """
    client = open_store(project)
    with _report_failures(client):
        return _promote(client, name, version)


@quiet_mlflow()
def rollback(project: Project, name: str) -> str:
    """Make the previous champion the champion again. The current champion becomes the previous one.

    Parameters
    ----------
    project : Project
        Project whose store is used, unless ``MLFLOW_TRACKING_URI`` names another.
    name : str
        Name of the registered model.

    Returns
    -------
    str
        A sentence that describes the result.

    Raises
    ------
    TrackingError
        If there is no previous champion, or the store fails.
    """
    client = open_store(project)
    with _report_failures(client):
        previous = _aliased(client, name, PREVIOUS)
        if previous is None:
            raise TrackingError(
                f"{name} has no version with the alias {PREVIOUS!r}: there is no version to roll back to."
            )
        return _promote(client, name, str(previous.version))


@contextmanager
def _report_failures(client: MlflowClient) -> Iterator[None]:
    try:
        yield
    except STORE_ERRORS as error:
        raise TrackingError(f"MLflow's registry failed: {reason(error, client.tracking_uri)}") from error


def _promote(client: MlflowClient, name: str, version: str | None) -> str:
    versions = {
        str(model_version.version): model_version for model_version in client.search_model_versions(_named(name))
    }
    if not versions:
        raise TrackingError(f"no registered model called {name!r}; registered models: {_registered(client)}.")
    chosen = version or max(versions, key=int)
    if chosen not in versions:
        raise TrackingError(f"{name} has no version {chosen}; its versions: {', '.join(sorted(versions, key=int))}.")
    champion = _aliased(client, name, CHAMPION)
    if champion is not None and str(champion.version) == chosen:
        return f"{name} version {chosen} is already the champion."
    _put_in_place(client, name, chosen, champion)
    note = f"; version {champion.version} is kept as '{PREVIOUS}'" if champion is not None else ""
    return f"{name} version {chosen} is the champion{note}."


def _source(client: MlflowClient, model_id: str) -> str:
    """Return the address of a version's files."""
    # A database store resolves a ``models:/`` address in MLflow's current store, which may be a different one. A server
    # knows only its own store, and accepts no other address.
    if client.tracking_uri.startswith("http"):
        return f"models:/{model_id}"
    return str(client.get_logged_model(model_id).artifact_location)


def _takes_the_place(
    client: MlflowClient, model: PackedModel, champion: ModelVersion | None, predictions: Path
) -> tuple[bool, str]:
    if model.held_back:
        return False, model.held_back
    if champion is None:
        return True, "it is the first version, and its comparison kept it"
    if all(champion.tags.get(tag) == model.tags.get(tag) for tag in _SAME):
        return False, f"version {champion.version} was made from the same spec, articles, labels and code"
    run = champion.tags.get(_PREDICTIONS)
    if run is None:
        return False, f"version {champion.version} has no out-of-fold predictions to compare with"
    with tempfile.TemporaryDirectory() as folder:
        path = download_artifact(client, run, "predictions.parquet", folder)
        outcome = challenge(
            pd.read_parquet(path),
            pd.read_parquet(predictions),
            model.metric,
            model.rope,
            random_state=model.seed,
            classifiers=(champion.tags.get("classifier", ""), model.tags.get("classifier", "")),
        )
    return outcome.wins, outcome.reason


def _put_in_place(client: MlflowClient, name: str, version: str, champion: ModelVersion | None) -> None:
    if champion is not None:
        client.set_registered_model_alias(name, PREVIOUS, str(champion.version))
    client.set_registered_model_alias(name, CHAMPION, version)


def _aliased(client: MlflowClient, name: str, alias: str) -> ModelVersion | None:
    models = {model.name: model for model in client.search_registered_models(_named(name))}
    number = models[name].aliases.get(alias) if name in models else None
    return None if number is None else client.get_model_version(name, str(number))


def _named(name: str) -> str:
    """Return MLflow's filter for a name."""
    quote = '"' if "'" in name else "'"
    return f"name = {quote}{name}{quote}"


def _registered(client: MlflowClient) -> str:
    return ", ".join(model.name for model in client.search_registered_models()) or "none"
