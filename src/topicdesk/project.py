"""Find the project folder and the paths in it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from topicdesk._arguments import check_instance, check_path
from topicdesk.errors import ProjectError

__all__ = ["Project", "find_file", "find_project", "working_project"]

_SOURCES = Path("data") / "sources.toml"

# A folder is a project if it contains all paths of one of these groups.
_MARKS = ((Path("data"), Path("experiments")), (_SOURCES,))


@dataclass(frozen=True)
class Project:
    """A project folder, and the paths in it.

    Parameters
    ----------
    root : Path
        Absolute path of the folder.

    Raises
    ------
    ArgumentError
        If an argument has a wrong type or value.
    """

    root: Path

    def __post_init__(self) -> None:
        """Raise `ArgumentError` if `root` is not a path."""
        check_instance("root", self.root, Path, "Use find_project.")

    @property
    def sources(self) -> Path:
        """File that lists the pinned corpora, if the project has some."""
        return self.root / _SOURCES

    @property
    def raw(self) -> Path:
        """Folder of the downloaded wheels, unchanged."""
        return self.root / "data" / "raw"

    @property
    def corpora(self) -> Path:
        """Folder of the built corpora, as Parquet files."""
        return self.root / "data" / "corpora"

    @property
    def labels(self) -> Path:
        """Folder of the label files, one per annotator."""
        return self.root / "data" / "labels"

    @property
    def reserved(self) -> Path:
        """File of article ids that are never used for annotation, training or model selection, if there are some."""
        return self.labels / "reserved.txt"

    @property
    def cells(self) -> Path:
        """Folder of the checkpoints of comparisons that are running or were stopped."""
        return self.root / "experiments" / ".cells"

    @property
    def unsent(self) -> Path:
        """Folder of the comparisons that are saved but not yet sent to MLflow's store."""
        return self.root / "experiments" / ".unsent"

    @property
    def mlflow_database(self) -> Path:
        """MLflow's SQLite store, used unless ``MLFLOW_TRACKING_URI`` names another."""
        return self.root / "mlflow.db"

    @property
    def mlflow_artifacts(self) -> Path:
        """Folder of MLflow's artifacts, next to its store."""
        return self.root / "mlruns"

    def reads(self, path: Path) -> bool:
        """Return whether commands read a file: a spec, a taxonomy, a results lock, labels, a download or the store."""
        file = path.resolve()
        return (
            file.suffix == ".toml"
            or file.name.endswith(".lock.json")
            or file == self.mlflow_database.resolve()
            or any(file.is_relative_to(folder.resolve()) for folder in (self.labels, self.raw))
        )

    def shown(self, path: Path) -> str:
        """Return `path` relative to the project folder, or unchanged if it is outside."""
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
        The nearest folder, upwards from `start`, that contains ``data/`` and ``experiments/``, or
        ``data/sources.toml``.

    Raises
    ------
    ProjectError
        If there is no such folder, or `start` cannot be read.
    ArgumentError
        If `start` is not a path.

    Examples
    --------
    >>> import tempfile
    >>> import topicdesk
    >>> desk = topicdesk.create_project(tempfile.mkdtemp() + "/desk")
    >>> topicdesk.find_project(desk.root / "data" / "topics.toml").root == desk.root
    True
    """
    check_path("start", start)
    try:
        base = Path(start).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, or a null character
        raise ProjectError(f"start = {str(start)!r}: {error}.") from error
    for folder in (base, *base.parents):
        if any(all((folder / mark).exists() for mark in marks) for marks in _MARKS):
            return Project(folder)
    raise ProjectError(
        f"no topicdesk project at {base} or above it: a project has the folders data and experiments. "
        "Create one with 'topicdesk init desk', then 'cd desk'."
    )


def working_project() -> Project:
    """Return the project that contains the working folder; without one, the working folder itself."""
    try:
        return find_project()
    except ProjectError:
        return Project(Path.cwd())


def find_file(path: str | PathLike[str], project: Project | None = None, name: str = "path") -> Path:
    """Return the path of a file that is named relative to the working folder or to the project.

    Parameters
    ----------
    path : str or path
        An absolute path is returned unchanged; ``~`` is the user's home.
    project : Project, optional
        By default the project of the working folder, if there is one.
    name : str, default "path"
        Name of the argument in messages.

    Returns
    -------
    Path
        `path` itself if it exists in the working folder, else the path in the project if that exists, else `path`.

    Raises
    ------
    ProjectError
        If the file system rejects `path`, for example because it is too long.
    ArgumentError
        If `path` is not a path, or empty.
    """
    check_path(name, path)
    given = Path(path).expanduser()
    try:
        if given.is_absolute() or given.exists():
            return given
    except OSError as error:
        raise ProjectError(f"{error.strerror}: {given}") from error
    if project is None:
        with suppress(ProjectError):
            project = find_project()
    in_project = given if project is None else project.root / given
    return in_project if in_project.exists() else given
