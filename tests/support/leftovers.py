"""Fixtures and hooks that fail a test, or a run, which leaves a process or a file behind. Import them in a conftest.

Each process that runs tests has its own folder for temporary files, so a test is never blamed for the files of another
that runs at the same time. A variable in the environment marks the processes that a test starts, also if the process
that started them has ended.
"""

import contextlib
import multiprocessing
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

__all__ = ["clean_session", "nothing_left", "pytest_sessionfinish", "pytest_sessionstart", "shared_files"]

#: Seconds after which a process that outlives its test counts as left. One that was killed needs a moment to end.
_SECONDS_TO_END = 60

_MARK = "TOPICDESK_TESTS_OF"
_FOLDERS = ("TMPDIR", "TEMP", "TMP")
_ROOT = Path(__file__).resolve().parents[2]

# Folders that tools and builds write to, maybe while the tests run.
_CACHES = {
    ".git", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".uv", "__pycache__", "_build", "build",
    "dist", "executed", "generated", "mutants",
    "corpora", "raw", "screenshots",  # tests build pinned corpora once, and keep their screenshots
}  # fmt: skip

# Direct children of this process that end with it: the server that forks commands, and the trackers of semaphores.
_SERVERS = ("multiprocessing.forkserver", "resource_tracker")
# joblib's idle workers live longer than a test, because starting them takes seconds. They are checked at the end.
_IDLE_WORKERS = "loky.backend.popen_loky"

# Dask keeps this folder. What a killed worker leaves in it, the next worker removes.
_DASK = "dask-scratch-space"

_BEFORE = pytest.StashKey[set[Path]]()


@dataclass(frozen=True)
class _Session:
    """The temporary folder of this process, and the mark of the processes that it starts."""

    folder: Path
    mark: str
    is_alone: bool


@pytest.fixture(scope="session", autouse=True)
def clean_session(request, tmp_path_factory):
    """Give this process its own temporary folder, and check at the end that no worker of joblib is left."""
    tmp_path_factory.getbasetemp()  # pytest's own folder stays where it is
    # The path of a socket has at most about 100 characters, so the folder is not in a deep one.
    folder, mark = Path(tempfile.mkdtemp(prefix="td-")).resolve(), uuid4().hex
    # After multiprocessing has removed its own folder in it, whose priority is -100.
    Finalize(None, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=-200)
    with pytest.MonkeyPatch.context() as patch:
        for name in _FOLDERS:
            patch.setenv(name, str(folder))
        patch.setenv(_MARK, mark)
        patch.setattr(tempfile, "tempdir", None)
        before = set(psutil.pids())
        session = _Session(folder, mark, is_alone=not _is_one_of_many(request.config))
        yield session
        _stop_idle_workers()
        described = _ended(_started_since(before, session, _SERVERS))
    if described:
        pytest.fail(f"the tests left these processes: {described}", pytrace=False)


@pytest.fixture(autouse=True)
def nothing_left(clean_session):
    """Fail a test after which a process or a file is left that was not there before.

    Fixtures of a module or of the session are set up before this one, so what they start is there before.
    """
    pids, files = set(psutil.pids()), _files(clean_session)
    yield
    processes = _ended(_started_since(pids, clean_session, (*_SERVERS, _IDLE_WORKERS)))
    left = sorted(_files(clean_session) - files)
    for path in left:
        if path.is_relative_to(clean_session.folder):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    faults = []
    if processes:
        faults.append(f"it left these processes: {processes}")
    if left:
        faults.append(f"it left these files: {', '.join(map(str, left))}")
    if faults:
        pytest.fail("; ".join(faults), pytrace=False)


def pytest_sessionstart(session):
    """Remember the files of shared folders, if several processes run tests: they are checked once, at the end."""
    if _gathers_reports(session.config):
        session.config.stash[_BEFORE] = shared_files()


def pytest_sessionfinish(session):
    """Fail the run if its tests left files in shared folders."""
    if _BEFORE in session.config.stash and (left := shared_files() - session.config.stash[_BEFORE]):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        reporter.write_line(f"the tests left these files: {', '.join(map(str, sorted(left)))}", red=True)


def _gathers_reports(config):
    is_first = bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")
    # With --documents, the code of documents runs in the repository, and leaves what a reader would have.
    return is_first and not config.getoption("--documents", False)


def _is_one_of_many(config):
    # With this option, the code of documents runs in the repository, and leaves what a reader would have.
    return hasattr(config, "workerinput") or config.getoption("--documents", False)


def _files(session):
    """List the temporary files of this process and, if no other process runs tests, the files in shared folders."""
    # multiprocessing keeps its folder, with the socket of the server that forks commands, until this process ends.
    own = multiprocessing.current_process()._config.get("tempdir")
    found = {path for path in session.folder.iterdir() if str(path) != own and path.name != _DASK}
    return found | (shared_files() if session.is_alone else set())


def shared_files():
    """List the files of the repository, and the files and folders of topicdesk and MLflow in the user's folders."""
    found = set()
    for folder, folders, names in os.walk(_ROOT):
        folders[:] = [name for name in folders if name not in _CACHES and not name.startswith(".venv")]
        found.update(Path(folder, name) for name in names if not name.startswith(".coverage"))
    home = Path.home()
    for folder in (home, home / ".cache", home / ".config", home / ".local" / "share"):
        with contextlib.suppress(OSError):
            found.update(path for path in folder.iterdir() if {"topicdesk", "mlflow"} & set(path.name.split(".")))
    return found


def _started_since(pids, session, lasting):
    """List the processes that were started since, by this process or by one of those that it started."""
    here = os.getpid()
    started = []
    for pid in set(psutil.pids()) - pids:
        with contextlib.suppress(psutil.Error):
            one = psutil.Process(pid)
            if one.status() == psutil.STATUS_ZOMBIE:
                continue
            if one.ppid() == here and any(words in _words(one) for words in lasting):
                continue
            if here in (parent.pid for parent in one.parents()) or one.environ().get(_MARK) == session.mark:
                started.append(one)
    return started


def _ended(processes):
    """Wait until processes end, kill those that do not, and return their commands."""
    _, alive = psutil.wait_procs(processes, timeout=_SECONDS_TO_END)
    left = [f"{one.pid} ({_words(one)[:200]})" for one in alive if not _is_zombie(one)]
    for one in alive:
        with contextlib.suppress(psutil.Error):
            one.kill()
    return ", ".join(left)


def _stop_idle_workers():
    loky = sys.modules.get("joblib.externals.loky.reusable_executor")
    if loky is not None and loky._executor is not None:
        loky._executor.shutdown(wait=True, kill_workers=True)


def _words(process):
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _is_zombie(process):
    with contextlib.suppress(psutil.Error):
        return process.status() == psutil.STATUS_ZOMBIE
    return True
