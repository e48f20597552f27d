"""Processes that end when the process that started them ends, and starting them without interruption.

``python -m topicdesk._processes COMMAND`` runs a command until it ends or standard input does, and then ends all
processes of its group.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from time import monotonic, sleep
from types import FrameType
from typing import Any

__all__ = ["end_group", "end_with_parent", "lifeline", "started_group", "uninterrupted", "wait_for_handover"]

_MOST_SECONDS = 1.0

#: The pipe of this process, once a worker needs it: the end that workers read, and the end that only this process has.
_pipe: list[tuple[Connection, Connection]] = []


def lifeline() -> Connection:
    """Return a pipe that workers read, and that breaks when this process ends.

    Nothing is ever written to it. The operating system closes the other end when the process ends, even if it is
    killed. It works on Linux, macOS and Windows. The same pipe is returned every time, so that joblib recognizes its
    workers.
    """
    if not _pipe:
        _pipe.append(Pipe(duplex=False))
    return _pipe[0][0]


def end_with_parent(pipe: Connection) -> None:
    """Make this worker end when the process that started it ends. Call it first in a worker.

    Parameters
    ----------
    pipe : Connection
        The `lifeline` of the process that started the worker.
    """
    threading.Thread(target=_wait_for_end, args=(pipe,), name="topicdesk-lifeline", daemon=True).start()


def _wait_for_end(pipe: Connection) -> None:
    with suppress(EOFError, OSError):
        pipe.recv_bytes()
    # Not sys.exit, which would end this thread only. Whatever a worker writes is renamed when it is complete.
    os._exit(1)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay Ctrl-C and termination signals until the block ends.

    Starting and stopping workers takes locks. An exception in the middle would leave these locked, and the program
    would wait for ever. Processes that are started inside the block ignore Ctrl-C: a terminal sends it to all
    processes, and the one that started them ends them. In other threads than the main thread this does nothing, because
    no signal interrupts them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)

    handlers = {}
    blocked = None
    try:
        for number in map(int, (signal.SIGINT, signal.SIGTERM)):
            handler = signal.getsignal(number)
            if callable(handler):  # the others act without an exception, or not at all
                handlers[number] = handler
                signal.signal(number, note)
        if hasattr(signal, "pthread_sigmask"):  # processes inherit the mask
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        if blocked is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in dict.fromkeys(received):
            signal.raise_signal(number)


def wait_for_handover(executor: Executor | None) -> None:
    """Wait until an executor of loky has queued all submitted tasks. Call it before its workers are killed.

    loky's thread raises a KeyError if the executor is stopped between the submission of a task and its queueing
    (joblib 1.6). That takes milliseconds. A full queue has no such problem, so the wait is limited.
    """
    submitted = getattr(executor, "_work_ids", None)
    deadline = monotonic() + _MOST_SECONDS
    while submitted is not None and not submitted.empty() and monotonic() < deadline:
        sleep(0.005)


def started_group(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a command that ends, with all processes that it starts, when this process ends.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.
    **options
        Options of `subprocess.Popen`, such as ``cwd`` and ``env``.

    Returns
    -------
    Popen
        Its standard input must stay open. End it with `end_group`, or with its own ``terminate`` and ``wait``.
    """
    return subprocess.Popen(
        # -P: a module of the same name in the working folder is never imported.
        [sys.executable, "-P", "-m", "topicdesk._processes", *command],
        stdin=subprocess.PIPE,
        start_new_session=True,  # a process group to end; ignored on Windows
        **options,
    )


def end_group(group: subprocess.Popen[bytes]) -> None:
    """End a command of `started_group` and the processes that it started."""
    _send_to_group(group.pid, signal.SIGTERM)
    group.wait()
    if group.stdin is not None:
        group.stdin.close()


def _send_to_group(pid: int, number: int) -> None:
    """Send a signal to a process and those that it started. Windows has no such signals, and ends them at once."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], capture_output=True, check=False)
    else:
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.killpg(pid, number)


def _run_until_input_ends(command: Sequence[str]) -> int:
    started: list[subprocess.Popen[bytes]] = []
    if sys.platform != "win32":

        def end_all(number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # this process is one of the group
            if not started:
                os._exit(128 + number)
            _send_to_group(os.getpid(), signal.SIGTERM)

        signal.signal(signal.SIGTERM, end_all)

    started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))

    def wait_for_end() -> None:
        sys.stdin.buffer.read()
        _send_to_group(os.getpid(), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)

    threading.Thread(target=wait_for_end, daemon=True).start()
    return started[0].wait()


def _forget_pipe() -> None:
    """Close the pipe in a forked child. Otherwise it would not break while the child runs."""
    for ends in _pipe:
        for end in ends:
            end.close()
    _pipe.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pipe)

if __name__ == "__main__":
    sys.exit(_run_until_input_ends(sys.argv[1:]))
