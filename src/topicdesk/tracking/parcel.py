"""Parcels: everything that will be logged of a comparison, written to disk before anything is sent.

If the server fails, the parcel stays in the project and can be sent later. Sending it again creates no second set of
runs.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from topicdesk._atomic import abandoned, remove_tree, sweep_removed_in, write_text
from topicdesk.errors import ProjectError, TrackingError
from topicdesk.tracking._keys import repaired_metrics
from topicdesk.tracking._mlflow import MlflowException

__all__ = [
    "FROM_MEMORY",
    "SPEC_SOURCE",
    "PackedModel",
    "PackedRun",
    "Parcel",
    "model_folder",
    "packed_folder",
    "packing",
    "read_parcels",
    "run_folder",
    "waiting_parcels",
    "write_manifest",
    "write_mlflow_table",
]

#: Tag of runs that have no spec, and its value: they were logged from Python, not from a spec.
SPEC_SOURCE, FROM_MEMORY = "spec.source", "memory"

_MANIFEST = "parcel.json"
_STATE = "sent.json"


@dataclass(frozen=True)
class PackedRun:
    """Content of one run.

    Parameters
    ----------
    name : str
        Name of the run.
    tags, params : dict of str to str
        Tags and parameters to log.
    metrics : list of (str, float, int)
        Name, value and step of each metric.
    tables : list of str
        Names of the artifacts that MLflow shows as tables.
    """

    name: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: list[tuple[str, float, int]]
    tables: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PackedModel:
    """The model of a parcel, and the settings that decide whether it becomes the champion.

    Parameters
    ----------
    registered : str
        Name in the registry.
    tags : dict of str to str
        Tags of the model version.
    card : str
        Model card in Markdown.
    metric : str
        Metric to compare it with the champion by.
    rope : float
        Region of practical equivalence: smaller differences do not matter.
    seed : int
        Seed of the bootstrap.
    run : int
        Index in `Parcel.runs` of the run with its out-of-fold predictions.
    held_back : str
        Why it may not become the champion automatically; empty if it may.
    """

    registered: str
    tags: dict[str, str]
    card: str
    metric: str
    rope: float
    seed: int
    run: int
    held_back: str = ""


@dataclass(frozen=True)
class Parcel:
    """A comparison that is ready to be sent.

    Parameters
    ----------
    folder : Path
        Folder of the parcel. It also contains the artifacts: ``runs/<place>/`` for each run, and ``model/``.
    experiment : str
        Name of the MLflow experiment.
    started, ended : int
        Start and end of the comparison, in milliseconds since 1970.
    dataset : dict of str to str
        Fields of MLflow's `Dataset`.
    runs : tuple of PackedRun
        The parent run, then its children.
    model : PackedModel or None
        The model to register, if any.
    """

    folder: Path
    experiment: str
    started: int
    ended: int
    dataset: dict[str, str]
    runs: tuple[PackedRun, ...]
    model: PackedModel | None = None

    def artifacts(self, place: int) -> Path:
        """Return the folder of a run's artifacts."""
        return run_folder(self.folder, place)

    @property
    def model_folder(self) -> Path:
        """The folder of the model, in MLflow's format."""
        return model_folder(self.folder)

    def is_waiting(self) -> bool:
        """Return whether the parcel is still on disk. It is deleted when it is sent completely."""
        return (self.folder / _MANIFEST).is_file()

    def state(self) -> dict[str, Any]:
        """Return the saved progress of sending; empty if there is none."""
        path = self.folder / _STATE
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return state

    def keep_state(self, state: dict[str, Any]) -> None:
        """Save the progress of sending."""
        write_text(self.folder / _STATE, json.dumps(state, indent=1))

    def throw_away(self) -> None:
        """Delete the parcel after everything was sent."""
        remove_tree(self.folder)


def run_folder(folder: Path, place: int) -> Path:
    """Return the folder of a run's artifacts inside a parcel's folder."""
    return folder / "runs" / str(place)


def model_folder(folder: Path) -> Path:
    """Return the folder of the model inside a parcel's folder."""
    return folder / "model"


def packed_folder(part: Path) -> Path:
    """Return the final path of a folder that `packing` yields."""
    return part.with_name(part.name.removeprefix(".").removesuffix(".part"))


@contextmanager
def packing(outbox: Path, name: str) -> Iterator[Path]:
    """Yield a folder to write a parcel in, and add it to the waiting parcels when the block ends without an error.

    If the block raises, the folder is deleted.

    Parameters
    ----------
    outbox : Path
        Folder of the waiting parcels.
    name : str
        Name of the parcel. A random suffix makes it unique.

    Yields
    ------
    Path
        Where to write (see `packed_folder`).

    Raises
    ------
    ProjectError
        If the folder cannot be written, or the disk is full.
    """
    try:
        outbox.mkdir(parents=True, exist_ok=True)
        _sweep(outbox)
        part = Path(tempfile.mkdtemp(dir=outbox, prefix=f".{name}.", suffix=".part"))
    except OSError as error:
        raise _unwritten(outbox, error) from error
    try:
        yield part
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        # MLflow wraps an error of the disk in its own exception.
        cause = error.__cause__ if isinstance(error, MlflowException) else error
        if isinstance(cause, OSError):
            raise _unwritten(outbox, cause) from error
        raise
    part.chmod(0o755)  # mkdtemp gives access to the owner only
    part.rename(packed_folder(part))


def _sweep(outbox: Path) -> None:
    """Delete what killed processes left behind: parcels that were sent, and parcels that are unfinished."""
    sweep_removed_in(outbox)
    for part in abandoned(outbox.glob(".*.part")):
        shutil.rmtree(part, ignore_errors=True)


def _unwritten(outbox: Path, error: OSError) -> ProjectError:
    return ProjectError(
        f"cannot save the comparison in {outbox}: {error.strerror or error}. Nothing was logged. Free some disk space, "
        "or make the folder writable. Then run the command again; it reuses what was computed."
    )


def write_manifest(parcel: Parcel, folder: Path) -> None:
    """Write the content of a parcel, without its artifacts, to a folder of `packing`."""
    manifest = asdict(parcel)
    del manifest["folder"]
    write_text(folder / _MANIFEST, json.dumps(manifest))


def waiting_parcels(outbox: Path) -> list[Parcel]:
    """Read the parcels that are not sent yet, oldest first.

    Raises
    ------
    TrackingError
        If a parcel cannot be read.
    """
    parcels, failures = read_parcels(outbox)
    if failures:
        raise failures[0]
    return parcels


def read_parcels(outbox: Path) -> tuple[list[Parcel], list[TrackingError]]:
    """Read the parcels that are not sent yet.

    Parameters
    ----------
    outbox : Path
        Folder of the waiting parcels.

    Returns
    -------
    parcels : list of Parcel
        Those that can be read, oldest first. Keys that MLflow refuses are repaired.
    failures : list of TrackingError
        An error for each parcel that cannot be read.
    """
    parcels, failures = [], []
    for manifest in sorted(outbox.glob(f"[!.]*/{_MANIFEST}")):
        try:
            data = json.loads(manifest.read_text(encoding="utf-8"))
            runs = tuple(
                PackedRun(**{**run, "metrics": repaired_metrics(tuple(metric) for metric in run["metrics"])})
                for run in data["runs"]
            )
            model = data["model"] and PackedModel(**data["model"])
            parcels.append(Parcel(manifest.parent, **{**data, "runs": runs, "model": model}))
        except FileNotFoundError:  # another process has sent it in the meantime
            continue
        except (OSError, ValueError, TypeError, KeyError) as error:
            failures.append(
                TrackingError(f"{manifest}: cannot be read ({error}). Remove its folder to discard the run.")
            )
    return sorted(parcels, key=lambda parcel: parcel.started), failures


def write_mlflow_table(table: pd.DataFrame, folder: Path, name: str) -> str:
    """Write a table in the format of `mlflow.log_table`, and return its name."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_json(path, orient="split", index=False, date_format="iso")
    return name
