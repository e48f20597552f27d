"""What is to be logged of a comparison, whole on disk before anything is sent.

A server that goes away takes nothing with it: the parcel stays in the project, and is sent later. Sent twice, it makes
the same runs.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException

from topicdesk.atomic import remove_tree, sweep_removed_in, write_text
from topicdesk.errors import ProjectError, TrackingError

__all__ = [
    "PackedModel",
    "PackedRun",
    "Parcel",
    "model_folder",
    "packed_folder",
    "packing",
    "run_folder",
    "waiting_parcels",
    "write_manifest",
    "write_table",
]

_MANIFEST = "parcel.json"
_STATE = "sent.json"

# A folder that nobody packed into for this long was left by a process that was killed.
_GIVEN_UP_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class PackedRun:
    """One run: what it is called, and what it says.

    Parameters
    ----------
    name : str
    tags, params : dict of str to str
    metrics : list of (str, float, int)
        Name, value and step.
    tables : list of str
        Artifacts that MLflow shows as tables.
    """

    name: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: list[tuple[str, float, int]]
    tables: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PackedModel:
    """The model of a parcel, and what decides whether it becomes the champion.

    Parameters
    ----------
    registered : str
        Name in the registry.
    tags : dict of str to str
        Of its version.
    card : str
        Markdown.
    metric : str
    rope : float
    seed : int
    run : int
        Place of the run that holds its out-of-fold predictions.
    held_back : str
        Why it may not become the champion by itself; empty when it may.
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
    """A comparison, ready to be sent.

    Parameters
    ----------
    folder : Path
        Holds artifacts too: ``runs/<place>/`` of each run, ``model/``.
    experiment : str
    started, ended : int
        Milliseconds since 1970.
    dataset : dict of str to str
        As MLflow's own `Dataset` has it.
    runs : tuple of PackedRun
        The parent first.
    model : PackedModel or None
    """

    folder: Path
    experiment: str
    started: int
    ended: int
    dataset: dict[str, str]
    runs: tuple[PackedRun, ...]
    model: PackedModel | None = None

    def artifacts(self, place: int) -> Path:
        """Give the folder of a run's artifacts."""
        return run_folder(self.folder, place)

    @property
    def model_folder(self) -> Path:
        """The folder of the model, in MLflow's format."""
        return model_folder(self.folder)

    def is_waiting(self) -> bool:
        """Return whether the parcel is still on disk, and so not sent completely."""
        return (self.folder / _MANIFEST).is_file()

    def state(self) -> dict[str, Any]:
        """Read how far it was sent."""
        path = self.folder / _STATE
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return found

    def keep_state(self, state: dict[str, Any]) -> None:
        """Write down how far it was sent."""
        write_text(self.folder / _STATE, json.dumps(state, indent=1))

    def throw_away(self) -> None:
        """Remove the parcel: everything was sent."""
        remove_tree(self.folder)


def run_folder(folder: Path, place: int) -> Path:
    """Give where a parcel's folder holds the artifacts of a run."""
    return folder / "runs" / str(place)


def model_folder(folder: Path) -> Path:
    """Give where a parcel's folder holds the model."""
    return folder / "model"


def packed_folder(part: Path) -> Path:
    """Give where a folder of `packing` stands when all is packed."""
    return part.with_name(part.name.removeprefix(".").removesuffix(".part"))


@contextmanager
def packing(outbox: Path, name: str) -> Iterator[Path]:
    """Give a folder to pack into; it stands among the waiting parcels when the block ends well, or not at all.

    Parameters
    ----------
    outbox : Path
    name : str
        What the parcel is called; told from others of that name by a number.

    Yields
    ------
    Path

    Raises
    ------
    ProjectError
        When the folder cannot be written, or the disk is full.
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
        # MLflow wraps what the disk said in an explanation of its own.
        cause = error.__cause__ if isinstance(error, MlflowException) else error
        if isinstance(cause, OSError):
            raise _unwritten(outbox, cause) from error
        raise
    part.chmod(0o755)  # mkdtemp makes it for its owner alone
    part.rename(packed_folder(part))


def _sweep(outbox: Path) -> None:
    """Delete what killed processes left, of parcels that were sent and of parcels that were packed."""
    sweep_removed_in(outbox)
    for part in outbox.glob(".*.part"):
        try:
            age = time.time() - part.stat().st_mtime
        except FileNotFoundError:  # packed, or removed by another process
            continue
        if age > _GIVEN_UP_SECONDS:
            shutil.rmtree(part, ignore_errors=True)


def _unwritten(outbox: Path, error: OSError) -> ProjectError:
    return ProjectError(
        f"cannot write the run down in {outbox}: {error.strerror or error}. Nothing is logged yet. Free some space, or "
        "make the folder writable, and give the command again: it goes on with what was computed."
    )


def write_manifest(parcel: Parcel, folder: Path) -> None:
    """Write what is to be said into a folder that is packed."""
    told = asdict(parcel)
    del told["folder"]
    write_text(folder / _MANIFEST, json.dumps(told))


def waiting_parcels(outbox: Path) -> list[Parcel]:
    """Read the parcels that were not sent yet, oldest first.

    Raises
    ------
    TrackingError
        When one cannot be read.
    """
    found = []
    for manifest in sorted(outbox.glob(f"[!.]*/{_MANIFEST}")):
        try:
            told = json.loads(manifest.read_text(encoding="utf-8"))
            runs = tuple(
                PackedRun(**{**run, "metrics": [tuple(one) for one in run["metrics"]]}) for run in told["runs"]
            )
            model = told["model"] and PackedModel(**told["model"])
            found.append(Parcel(manifest.parent, **{**told, "runs": runs, "model": model}))
        except FileNotFoundError:  # another process has sent it in the meantime
            continue
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise TrackingError(
                f"{manifest}: cannot be read ({error}). Remove its folder to give the run up."
            ) from error
    return sorted(found, key=lambda parcel: parcel.started)


def write_table(table: pd.DataFrame, folder: Path, name: str) -> str:
    """Write a table in the form of `mlflow.log_table`; give its name back."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_json(path, orient="split", index=False, date_format="iso")
    return name
