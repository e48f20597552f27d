"""Run the command line in processes that have already imported everything.

`python -m topicdesk` needs seconds for its imports. A fork server imports once per run of the tests. Each command is
then a process of its own, forked from that server.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

import psutil
import time_machine

from support.waiting import poll
from topicdesk.cli import main

#: The modules that `compare`, `log`, `label` and `import` import.
PRELOADED = (
    "alembic.command",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "mlflow.pyfunc",
    "mlflow.sklearn",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "narwhals._pandas_like.namespace",
    "pandas.core.reshape.reshape",
    "pandera.pandas",
    "py3langid",
    "pyarrow.dataset",
    "sqlalchemy.dialects.sqlite",
    "topicdesk.cli",
    "topicdesk.corpus.importing",
    "topicdesk.evaluation.studies.leakage",
    "topicdesk.experiment.reviewing",
    "topicdesk.experiment.run",
    "topicdesk.prediction.bulk",
    "topicdesk.report.page",
    "topicdesk.tracking.models",
    "topicdesk.tracking.sending",
)

# Windows has no fork: each command starts a new Python.
context = multiprocessing.get_context(
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)
context.set_forkserver_preload(list(PRELOADED))


#: Seconds after which a process that outlives its command counts as left behind.
_SECONDS_TO_END = 60


@dataclass(frozen=True)
class Ended:
    """The exit code of a command (negative for a signal), and its output."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Standard output, followed by standard error."""
        return self.stdout + self.stderr


class Command:
    """A command that runs in a folder, in its own process and process group."""

    def __init__(self, arguments, folder, *, stdin="", moment=None, environment=None, prepare=None):
        # Not in the command's folder, since its disk may be full.
        self._streams = tempfile.TemporaryDirectory(prefix="topicdesk-command-")
        streams = Path(self._streams.name)
        (streams / "stdin").write_text(stdin, encoding="utf-8")
        words = ["topicdesk", *map(str, arguments)]
        # A process that is killed leaves its temporary files. They are removed with its output.
        (streams / "temporary").mkdir()
        temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(streams / "temporary"))
        environment = {**os.environ, **temporary, **(environment or {})}
        self._process = context.Process(target=_run, args=(words, str(folder), streams, moment, environment, prepare))
        self._process.start()

    @property
    def pid(self) -> int:
        """The id of the process, and of its group."""
        return self._process.pid

    def poll(self):
        """Return the exit code, or None while the command runs."""
        return self._process.exitcode

    def send_signal(self, number) -> None:
        """Send a signal to the process only, as `kill` does. A process that has ended gets none."""
        self._await_group()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill_group(self, number=signal.SIGKILL) -> None:
        """Send a signal to the process and to all processes that it started. If all have ended, none gets one."""
        self._await_group()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def members(self) -> list[psutil.Process]:
        """List the running processes of the group: the command, and those that it started."""
        return [process for process in psutil.process_iter() if _is_running_member(process, self.pid)]

    def workers(self) -> list[psutil.Process]:
        """List the running worker processes of the command."""
        return [process for process in self.members() if "--process-name" in _words_of(process)]

    def wait(self) -> Ended:
        """Wait until the command ends; fail if a process that it started outlives it."""
        self._process.join()
        if hasattr(os, "killpg"):
            poll(lambda: not self.members(), seconds=_SECONDS_TO_END)
        return Ended(self._process.exitcode, self._printed("stdout"), self._printed("stderr"))

    def output(self) -> str:
        """Return what the command has printed so far: standard output, followed by standard error."""
        return self._printed("stdout") + self._printed("stderr")

    def _printed(self, name: str) -> str:
        path = Path(self._streams.name) / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def clean_up(self) -> None:
        """Kill what still runs of the command, and remove its output."""
        self.kill_group()
        self._process.join()
        self._streams.cleanup()

    def _await_group(self) -> None:
        # A process that has just been forked has no group yet.
        while self._process.is_alive() and not _leads_group(self.pid):
            time.sleep(0.001)


def _is_running_member(process, group):
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):  # it has just ended
        return False


def _words_of(process):
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _leads_group(pid):
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


def _run(words, folder, streams, moment, environment, prepare):
    writing = os.O_WRONLY | os.O_CREAT
    for number, name, mode in ((0, "stdin", os.O_RDONLY), (1, "stdout", writing), (2, "stderr", writing)):
        os.dup2(os.open(streams / name, mode, 0o644), number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    # As in a terminal. Tests that run in the background would otherwise ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    os.chdir(folder)
    sys.argv = words
    if prepare is not None:
        prepare()
    # Last, since a test may send a signal as soon as the group exists.
    if hasattr(os, "setsid"):
        os.setsid()
    code = 0
    try:
        with contextlib.nullcontext() if moment is None else time_machine.travel(moment):
            main()
    except SystemExit as stopped:
        code = stopped.code or 0
    except BaseException:
        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
