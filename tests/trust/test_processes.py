"""No process outlives the command that started it, whatever is stopped or killed, and when."""

import signal
import socket
import time

import psutil
import pytest

from support.phases import PHASES, SignalDuring
from support.waiting import poll

SPEC = "experiments/small.toml"

#: Far less than the time that the work would take, and far more than stopping does on a slow machine.
SECONDS_TO_STOP = 30


@pytest.fixture
def working(project, newsroom, model, begin):
    """Start a command that works with two processes for minutes."""
    articles, _ = newsroom(400, random_state=5)

    def start(operation):
        if operation == "label":
            lines = articles.to_csv(index=False).splitlines(keepends=True)
            with (project.root / "new.csv").open("w") as file:
                file.writelines([lines[0], *lines[1:] * 200])
            return begin("label", "new.csv", "--output", "out.csv", "--model", model, "--jobs", "2")
        spec = project.root / SPEC
        spec.write_text(spec.read_text().replace("repeats = 2\n", "repeats = 200\n"))
        return begin("compare", SPEC, "--jobs", "2", "--no-log")

    return start


def wait_for_workers(command, n_workers):
    poll(lambda: command.poll() is not None or len(command.workers()) >= n_workers, every=0.002)
    assert command.poll() is None, "the command ended before it could be stopped"


@pytest.mark.parametrize(
    ("number", "n_workers"),
    [(signal.SIGTERM, 1), (signal.SIGTERM, 2), (signal.SIGINT, 1)],
    ids=["term-1", "term-2", "int-1"],
)
@pytest.mark.parametrize("operation", ["label", "compare"])
def test_commands_stopped_while_workers_start_end_at_once_without_a_traceback(
    working, rounds, figure, operation, number, n_workers
):
    times = rounds(1, 5)
    figure("times stopped", times)
    for _ in range(times):
        command = working(operation)
        wait_for_workers(command, n_workers)
        start = time.monotonic()
        if number == signal.SIGINT:  # a terminal sends it to the whole group
            command.kill_group(number)
        else:
            command.send_signal(number)
        ended = command.wait()
        assert time.monotonic() - start < SECONDS_TO_STOP
        assert ended.returncode == 128 + number, ended.output
        assert "topicdesk: stopped." in ended.stderr
        assert "Traceback" not in ended.output, ended.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=["term", "int", "kill"])
@pytest.mark.parametrize("phase", PHASES)
def test_label_command_stopped_in_any_phase_leaves_all_or_nothing_and_resumes(
    project, newsroom, model, begin, run, phase, number
):
    articles, _ = newsroom(80, random_state=5)
    (project.root / "in").mkdir()
    for start in range(0, 80, 20):
        articles.iloc[start : start + 20].to_csv(project.root / "in" / f"{start:02d}.csv", index=False)
    arguments = ("label", "in", "--model", model, "--output")
    assert run(*arguments, "whole.csv", "--jobs", "1").returncode == 0
    expected, output = (project.root / "whole.csv").read_bytes(), project.root / "out.csv"
    before = set(project.root.iterdir())

    jobs = "2" if phase in ("reading", "starting workers") else "1"
    command = begin(*arguments, output.name, "--jobs", jobs, prepare=SignalDuring(phase, number))
    ended = command.wait()  # which fails if a process is left
    assert ended.returncode == (-number if number == signal.SIGKILL else 128 + number), ended.output
    assert "Traceback" not in ended.output, ended.output
    assert not output.exists() or output.read_bytes() == expected
    assert output.exists() == (phase in ("removing parts", "deleting parts"))
    again = run(*arguments, output.name, "--jobs", "1")
    assert again.returncode == 0, again.output
    assert output.read_bytes() == expected
    assert {path.name for path in set(project.root.iterdir()) - before} <= {output.name, f".{output.name}.lock"}


@pytest.mark.parametrize("operation", ["label", "compare"])
def test_workers_end_when_their_command_is_killed(working, operation):
    command = working(operation)
    wait_for_workers(command, 2)
    command.send_signal(signal.SIGKILL)
    poll(lambda: command.poll() is not None)
    poll(lambda: not command.workers(), seconds=SECONDS_TO_STOP)
    assert command.wait().returncode == -signal.SIGKILL


def test_review_command_leaves_no_server_when_it_is_killed(project, begin, free_port):
    command = begin("review", "--port", free_port)
    poll(lambda: command.poll() is not None or _answers(free_port))
    assert command.poll() is None
    started = psutil.Process(command.pid).children(recursive=True)
    assert len(started) > 1
    command.send_signal(signal.SIGKILL)
    poll(lambda: not any(map(_runs, started)), seconds=SECONDS_TO_STOP)
    poll(lambda: not _answers(free_port), seconds=SECONDS_TO_STOP)


def _answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _runs(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
