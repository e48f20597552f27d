"""Where things are: the project's folder and the paths in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from topicdesk.errors import ProjectError

__all__ = ["Project", "find_project"]

_SOURCES = Path("data") / "sources.toml"

# A folder that has all of one of these is a project.
_MARKS = ((Path("data"), Path("experiments")), (_SOURCES,))


@dataclass(frozen=True)
class Project:
    """A folder with ``data/`` and ``experiments/``, and the paths of what else is in it.

    Parameters
    ----------
    root : Path
        The folder, absolute.
    """

    root: Path

    @property
    def sources(self) -> Path:
        """The pinned corpora, where a project has some."""
        return self.root / _SOURCES

    @property
    def raw(self) -> Path:
        """Downloaded wheels, as they came."""
        return self.root / "data" / "raw"

    @property
    def corpora(self) -> Path:
        """Built corpora, Parquet."""
        return self.root / "data" / "corpora"

    @property
    def labels(self) -> Path:
        """Label files, one an annotator."""
        return self.root / "data" / "labels"

    @property
    def reserved(self) -> Path:
        """Article ids that are never annotated, trained on or used to choose anything, where a project has some."""
        return self.labels / "reserved.txt"

    @property
    def cells(self) -> Path:
        """Finished cells of comparisons that are under way, or were stopped."""
        return self.root / "experiments" / ".cells"

    @property
    def unsent(self) -> Path:
        """Comparisons that are written down whole, and not yet in MLflow's store."""
        return self.root / "experiments" / ".unsent"

    @property
    def mlflow_database(self) -> Path:
        """MLflow's SQLite store, used unless ``MLFLOW_TRACKING_URI`` names another."""
        return self.root / "mlflow.db"

    @property
    def mlflow_artifacts(self) -> Path:
        """MLflow's artifacts, beside its store."""
        return self.root / "mlruns"

    def shown(self, path: Path) -> str:
        """Give `path` as a person in the project folder would write it."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def find_project(start: Path | str = ".") -> Project:
    """Find the project that a file or folder is in.

    Parameters
    ----------
    start : path, default "."
        A file or folder inside the project.

    Returns
    -------
    Project
        The nearest folder, upwards from `start`, that holds ``data/`` and ``experiments/``, or
        ``data/sources.toml``.

    Raises
    ------
    ProjectError
        When there is none.
    """
    here = Path(start).resolve()
    for folder in (here, *here.parents):
        if any(all((folder / mark).exists() for mark in marks) for marks in _MARKS):
            return Project(folder)
    raise ProjectError(
        f"no topicdesk project at {here} or above it: a project has the folders data and experiments. "
        "Create one with 'topicdesk init desk', then 'cd desk'."
    )
