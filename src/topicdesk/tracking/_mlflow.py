"""The parts of MLflow that topicdesk uses, without its telemetry and its own output.

This is the only module that imports MLflow, because MLflow reads settings when it is imported.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = [
    "BAD_REQUEST",
    "MLFLOW_LOGGED_ARTIFACTS",
    "MLFLOW_PARENT_RUN_ID",
    "MLFLOW_RUN_NOTE",
    "QUIET_VARIABLES",
    "RESOURCE_ALREADY_EXISTS",
    "RESOURCE_DOES_NOT_EXIST",
    "CodeDatasetSource",
    "Dataset",
    "DatasetInput",
    "ErrorCode",
    "InputTag",
    "LifecycleStage",
    "LoggedModelOutput",
    "LoggedModelStatus",
    "Metric",
    "MlflowClient",
    "MlflowException",
    "Model",
    "ModelVersion",
    "Param",
    "Run",
    "RunStatus",
    "RunTag",
    "SqlAlchemyStore",
    "download_artifact",
    "download_model",
    "from_pandas",
    "model_application",
    "quiet_mlflow",
    "read_manifest",
]

#: Environment variables that turn off MLflow's telemetry and output.
QUIET_VARIABLES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # read on import
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}

# The second logger prints the traceback of every error of the store. Users get topicdesk's error message instead.
_LEVELS = {"mlflow": logging.WARNING, "mlflow.store.db.utils": logging.CRITICAL}


@contextmanager
def _variables() -> Iterator[None]:
    """Set MLflow's environment variables, except those that the user has set, and remove them at the end."""
    added = {name: value for name, value in QUIET_VARIABLES.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


with _variables():
    from mlflow import MlflowClient
    from mlflow.artifacts import download_artifacts
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.pandas_dataset import from_pandas
    from mlflow.entities import (
        Dataset,
        DatasetInput,
        InputTag,
        LifecycleStage,
        LoggedModelOutput,
        Metric,
        Param,
        Run,
        RunStatus,
        RunTag,
    )
    from mlflow.entities.logged_model_status import LoggedModelStatus
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model
    from mlflow.protos.databricks_pb2 import (
        BAD_REQUEST,
        RESOURCE_ALREADY_EXISTS,
        RESOURCE_DOES_NOT_EXIST,
        ErrorCode,
    )
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_ARTIFACTS, MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE


@contextmanager
def quiet_mlflow() -> Iterator[None]:
    """Turn off MLflow's telemetry and output, and restore the settings at the end. Also a decorator."""
    loggers = {logging.getLogger(name): level for name, level in _LEVELS.items()}
    levels = {logger: logger.level for logger in loggers}
    with _variables():
        try:
            for logger, level in loggers.items():
                logger.setLevel(max(level, logger.level))
            yield
        finally:
            for logger, level in levels.items():
                logger.setLevel(level)


@quiet_mlflow()
def download_artifact(client: MlflowClient, run: str, path: str, folder: str) -> Path:
    """Download a file of a run to a folder, and return its path."""
    return Path(download_artifacts(run_id=run, artifact_path=path, dst_path=folder, tracking_uri=client.tracking_uri))


@quiet_mlflow()
def download_model(client: MlflowClient, model_id: str, folder: str) -> Path:
    """Download the files of a logged model to a folder, and return the path of the model."""
    address = client.get_logged_model(model_id).artifact_location
    return Path(download_artifacts(artifact_uri=address, dst_path=folder, tracking_uri=client.tracking_uri))


def read_manifest(folder: Path) -> Model:
    """Read the file MLmodel in a folder. `Model.load` reads a path as an address, in which # and ? have a meaning."""
    import yaml  # installed with MLflow

    return Model.from_dict(yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8")))


@quiet_mlflow()
def model_application(folder: str) -> Any:
    """Return the web application (ASGI) with which MLflow serves the model in a folder."""
    from mlflow.pyfunc import load_model, scoring_server  # only the server needs them

    return scoring_server.init(load_model(folder))
