"""Read a logged comparison back."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from topicdesk.errors import TrackingError
from topicdesk.project import Project
from topicdesk.tracking.store import STORE_ERRORS, open_store, reason

__all__ = ["ReadRun", "read_run"]


@dataclass(frozen=True)
class ReadRun:
    """A comparison, as MLflow has it.

    Parameters
    ----------
    client : MlflowClient
    run : mlflow.entities.Run
    experiment : str
    spec, lock : str
        The spec and the figures, as they were.
    """

    client: MlflowClient
    run: Run
    experiment: str
    spec: str
    lock: str

    @property
    def run_id(self) -> str:
        """Its id."""
        return str(self.run.info.run_id)

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.run.info.run_name)

    @property
    def tags(self) -> dict[str, str]:
        """What it says of itself."""
        return dict(self.run.data.tags)

    @property
    def corpus(self) -> str:
        """The compared corpus."""
        return str(self.run.data.params["corpus"])

    def predictions(self, classifier: str | None = None) -> pd.DataFrame:
        """Read every out-of-fold score and decision of a classifier; by default of the winner.

        Raises
        ------
        TrackingError
            When the comparison had no such classifier.
        """
        name = classifier or self.tags["winner"]
        children = self.client.search_runs(
            [self.run.info.experiment_id],
            f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self.run_id}' and tags.classifier = '{name}'",
        )
        if not children:
            raise TrackingError(f"run {self.run_id} compared no classifier called {name!r}.")
        with tempfile.TemporaryDirectory() as folder:
            return pd.read_parquet(_download(self.client, children[0].info.run_id, "predictions.parquet", folder))


def read_run(project: Project, run_id: str) -> ReadRun:
    """Read a comparison by the id of its run, or of one of its classifiers' runs.

    Parameters
    ----------
    project : Project
        Its store is used, unless ``MLFLOW_TRACKING_URI`` names another.
    run_id : str

    Returns
    -------
    ReadRun

    Raises
    ------
    TrackingError
        When there is no such run, or it was not logged whole by a topicdesk that keeps figures with it.
    """
    client = open_store(project)
    try:
        run = client.get_run(run_id)
        parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
        if parent is not None:
            run = client.get_run(parent)
    except MlflowException as error:
        raise TrackingError(
            f"no run {run_id!r} in MLflow's store ({reason(error, client.tracking_uri)}). 'make review' shows the runs."
        ) from error
    try:
        with tempfile.TemporaryDirectory() as folder:
            spec, lock = (
                Path(_download(client, run.info.run_id, name, folder)).read_text(encoding="utf-8")
                for name in ("spec.toml", "results.lock.json")
            )
    except STORE_ERRORS as error:
        raise TrackingError(
            f"run {run.info.run_id} has no spec and figures with it ({reason(error, client.tracking_uri)}). It was not "
            "logged whole, or by an older topicdesk: log the experiment again."
        ) from error
    return ReadRun(client, run, client.get_experiment(run.info.experiment_id).name, spec, lock)


def _download(client: MlflowClient, run: str, path: str, folder: str) -> str:
    return str(
        mlflow.artifacts.download_artifacts(
            run_id=run, artifact_path=path, dst_path=folder, tracking_uri=client.tracking_uri
        )
    )
