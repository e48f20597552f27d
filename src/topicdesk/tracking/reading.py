"""Read logged comparisons from MLflow's store."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from topicdesk._arguments import check_instance, check_string
from topicdesk._atomic import write_text
from topicdesk._rendering import as_html
from topicdesk._warnings import warn_user
from topicdesk.errors import TrackingError, nearest
from topicdesk.project import Project, working_project
from topicdesk.tracking._mlflow import (
    MLFLOW_PARENT_RUN_ID,
    MlflowClient,
    MlflowException,
    Run,
    download_artifact,
    quiet_mlflow,
)
from topicdesk.tracking.listing import LISTED, listed, logged_comparisons
from topicdesk.tracking.parcel import FROM_MEMORY, SPEC_SOURCE
from topicdesk.tracking.store import STORE_ERRORS, open_store, reason

__all__ = ["ReadRun", "list_runs", "read_run"]

#: Tables that `ReadRun.table` can read, and the names of their artifacts.
_TABLES = {
    "leaderboard": "table-1-leaderboard.json",
    "topics": "table-2-topics-f1.json",
    "significance": "table-3-significance.json",
    "probabilities": "table-4-probabilities.json",
    "splits": "table-5-splits.json",
    "labels": "table-6-labels.json",
}

# Prefixes of the tags that record what the scores depend on.
_FACTS = ("git.", "requirements.", "python", "platform", "version.", "spec.", "corpus.", "labels.")


@dataclass(frozen=True)
class ReadRun:
    """A logged comparison.

    Parameters
    ----------
    client : MlflowClient
        Client of the store.
    run : mlflow.entities.Run
        The parent run.
    experiment : str
        Name of the MLflow experiment.
    spec, lock : str
        The spec and the results lock, as they were logged. Empty if the comparison was logged from Python.
    """

    client: MlflowClient
    run: Run
    experiment: str
    spec: str
    lock: str

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return str(self.run.info.run_id)

    @property
    def name(self) -> str:
        """Name of the run."""
        return str(self.run.info.run_name)

    @property
    def tags(self) -> dict[str, str]:
        """Tags of the run."""
        return dict(self.run.data.tags)

    @property
    def corpus(self) -> str:
        """Name of the corpus."""
        return str(self.run.data.params["corpus"])

    @property
    def verdict(self) -> str:
        """The winner and the reason; empty for runs of an older topicdesk."""
        return self.tags.get("verdict", "")

    def table(self, name: str = "leaderboard") -> pd.DataFrame:
        """Read one of the run's tables.

        Parameters
        ----------
        name : {"leaderboard", "topics", "significance", "probabilities", "splits", "labels"}, default "leaderboard"
            Which table to read.

        Returns
        -------
        DataFrame
            The table as it was logged.

        Raises
        ------
        TrackingError
            If there is no such table, or the store fails.
        """
        if name not in _TABLES:
            raise TrackingError(f"a run has no table called {name!r}; {nearest(name, _TABLES)}")
        table = pd.read_json(StringIO(self._text(_TABLES[name])), orient="split")
        return table.set_index("classifier") if "classifier" in table and name != "significance" else table

    def save_report(self, path: Path | str) -> Path:
        """Write the run's report, one HTML page, to a file.

        Parameters
        ----------
        path : path
            The file to create or replace.

        Returns
        -------
        Path
            The same path.
        """
        write_text(Path(path), self._text("report.html"))
        return Path(path)

    def facts(self) -> pd.DataFrame:
        """Return the parameters, code, packages and data of the run: index ``fact``, one column ``run``."""
        facts = {name: value for name, value in self.tags.items() if name.startswith(_FACTS)}
        return pd.DataFrame({"run": {**self.run.data.params, **facts}}).rename_axis("fact")

    def __str__(self) -> str:
        """Return the name, id, experiment and winner in one line."""
        return f"{self.name} ({self.run_id}) of experiment {self.experiment!r}; winner {self.tags['winner']}"

    def _repr_html_(self) -> str:
        return as_html(str(self), self.table(), after=self.verdict)

    def _text(self, artifact: str) -> str:
        try:
            with tempfile.TemporaryDirectory() as folder:
                return download_artifact(self.client, self.run_id, artifact, folder).read_text(encoding="utf-8")
        except STORE_ERRORS as error:
            raise TrackingError(
                f"{artifact} of run {self.run_id} cannot be read ({reason(error, self.client.tracking_uri)})."
            ) from error

    @quiet_mlflow()
    def predictions(self, classifier: str | None = None) -> pd.DataFrame:
        """Read all out-of-fold scores and decisions of a classifier, by default of the winner.

        Raises
        ------
        TrackingError
            If the comparison has no such classifier.
        """
        with tempfile.TemporaryDirectory() as folder:
            return pd.read_parquet(
                download_artifact(self.client, self._child(classifier), "predictions.parquet", folder)
            )

    @quiet_mlflow()
    def choices(self, classifier: str | None = None) -> pd.DataFrame:
        """Read what was chosen for a classifier on the inner folds of each split, by default for the winner.

        Returns
        -------
        DataFrame of shape (n_splits, ...)
            As `ComparisonResult.choices`, without the column ``classifier``.

        Raises
        ------
        TrackingError
            If the comparison has no such classifier.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = download_artifact(self.client, self._child(classifier), "choices.json", folder)
            return pd.read_json(path, orient="split", dtype=False)

    def _child(self, classifier: str | None) -> str:
        """Return the id of the run of a classifier."""
        name = classifier or self.tags["winner"]
        children = self.client.search_runs(
            [self.run.info.experiment_id],
            f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self.run_id}' and tags.classifier = '{name}'",
        )
        if not children:
            raise TrackingError(f"run {self.run_id} has no classifier called {name!r}.")
        return str(children[0].info.run_id)


@quiet_mlflow()
def list_runs(project: Project | None = None, experiment: str | None = None) -> pd.DataFrame:
    """List the comparisons in MLflow's store, newest first.

    Parameters
    ----------
    project : Project, optional
        Project whose store is read, unless ``MLFLOW_TRACKING_URI`` names another. By default that of the working
        folder, or the working folder itself.
    experiment : str, optional
        List only this experiment.

    Returns
    -------
    DataFrame
        Index ``run_id``; columns ``experiment, started`` (UTC), ``corpus, articles, winner, metric, value, low, high``
        (the winner's score with its interval), ``commit, dirty, model``. Empty if nothing is logged.

    Raises
    ------
    TrackingError
        If the store cannot be reached, or has no experiment of that name.
    ArgumentError
        If an argument has a wrong type or value.

    Examples
    --------
    >>> import tempfile
    >>> import topicdesk
    >>> desk = topicdesk.create_project(tempfile.mkdtemp() + "/desk")
    >>> topicdesk.list_runs(topicdesk.find_project(desk.root)).empty  # nothing is logged yet
    True
    """
    if project is None:
        project = working_project()
    check_instance("project", project, Project, "Use find_project.")
    if experiment is not None:
        check_string("experiment", experiment, empty=False)
    rows = logged_comparisons(project, experiment)
    return _as_table(_asked_of_mlflow(project, experiment) if rows is None else rows)


def _as_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["run_id", *LISTED]).set_index("run_id").astype({"started": "datetime64[ms]"})


def _asked_of_mlflow(project: Project, experiment: str | None) -> list[dict[str, Any]]:
    client = open_store(project)
    experiments = {one.experiment_id: one.name for one in client.search_experiments()}
    if experiment is not None:
        if experiment not in experiments.values():
            raise TrackingError(
                f"MLflow's store has no experiment {experiment!r}; {nearest(experiment, experiments.values())}"
            )
        experiments = {number: name for number, name in experiments.items() if name == experiment}
    rows: list[dict[str, Any]] = []
    token = None
    while True:
        page = client.search_runs(
            list(experiments), "tags.role = 'comparison' and attributes.status = 'FINISHED'",
            order_by=["attributes.start_time DESC"], page_token=token,
        )  # fmt: skip
        rows += [
            listed(
                run.info.run_id,
                experiments[run.info.experiment_id],
                run.info.start_time,
                run.data.tags,
                run.data.params,
                run.data.metrics,
            )
            for run in page
        ]
        token = page.token
        if not token:
            return rows


@quiet_mlflow()
def read_run(run_id: str, project: Project | None = None) -> ReadRun:
    """Read a logged comparison.

    Parameters
    ----------
    run_id : str
        Id of the comparison's run, or of the run of one of its classifiers.
    project : Project, optional
        Project whose store is read, unless ``MLFLOW_TRACKING_URI`` names another. By default that of the working
        folder, or the working folder itself.

    Returns
    -------
    ReadRun

    Raises
    ------
    TrackingError
        If there is no such run, if it was not logged completely, or if it was logged by an older topicdesk, without
        its spec and results lock.
    ArgumentError
        If an argument has a wrong type or value.

    Examples
    --------
    >>> import tempfile
    >>> import topicdesk
    >>> desk = topicdesk.create_project(tempfile.mkdtemp() + "/desk")
    >>> spec = desk.root / "experiments" / "small.toml"
    >>> _ = spec.write_text('''
    ... [experiment]
    ... title = "A small comparison"
    ... [data]
    ... corpus = "data/corpora/example.parquet"
    ... labels = "data/labels/example.csv"
    ... topics = "data/topics.toml"
    ... [classifiers]
    ... multinomial-nb = { alpha = 0.1 }
    ... [splits]
    ... folds = 2
    ... ''')
    >>> result = topicdesk.run_experiment(spec, n_jobs=1)
    >>> (logged,) = topicdesk.log_experiment(result, n_jobs=1)
    >>> run = topicdesk.read_run(logged.run_id, topicdesk.find_project(desk.root))
    >>> run.table().index.tolist()
    ['multinomial-nb', 'plain-linear-svm', 'majority']
    """
    if isinstance(run_id, Project):
        warn_user("read_run takes the run first, then the project", FutureWarning)
        former: Any = run_id
        run_id, project = str(project), former
    if project is None:
        project = working_project()
    check_instance("project", project, Project, "Use find_project.")
    check_string("run_id", run_id, empty=False)
    client = open_store(project)
    try:
        run = client.get_run(run_id)
        parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
        if parent is not None:
            run = client.get_run(parent)
    except MlflowException as error:
        raise TrackingError(
            f"no run {run_id!r} in MLflow's store ({reason(error, client.tracking_uri)}). 'topicdesk runs' lists them."
        ) from error
    experiment = client.get_experiment(run.info.experiment_id).name
    if run.data.tags.get(SPEC_SOURCE) == FROM_MEMORY:
        return ReadRun(client, run, experiment, "", "")
    try:
        with tempfile.TemporaryDirectory() as folder:
            spec, lock = (
                download_artifact(client, run.info.run_id, name, folder).read_text(encoding="utf-8")
                for name in ("spec.toml", "results.lock.json")
            )
    except STORE_ERRORS as error:
        raise TrackingError(
            f"run {run.info.run_id} has no spec or results lock ({reason(error, client.tracking_uri)}). It was logged "
            "incompletely, or by an older version of topicdesk. Log the experiment again."
        ) from error
    return ReadRun(client, run, experiment, spec, lock)
