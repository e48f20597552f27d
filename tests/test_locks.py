"""Locks between processes: exclusive, released by the system, and correct when a lock file is replaced."""

import os
import subprocess
import sys
import threading

import pytest
from filelock import FileLock

from topicdesk._locks import exclusive_lock
from topicdesk.errors import ProjectError

HOLD = """
import sys, time
from pathlib import Path
from topicdesk._locks import exclusive_lock
with exclusive_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Start a process that holds the lock until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_exclusive_lock_raises_busy_if_another_process_holds_the_lock(tmp_path, holder):
    with pytest.raises(ProjectError, match="busy"), exclusive_lock(tmp_path / "lock", busy=ProjectError("busy")):
        pytest.fail("two processes held the lock")


def test_exclusive_lock_is_released_when_its_process_is_killed(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert (tmp_path / "lock").exists()
    with exclusive_lock(tmp_path / "lock", busy=ProjectError("busy")):
        pass
    assert not (tmp_path / "lock").exists()


def test_exclusive_lock_waits_until_the_other_process_releases_it(tmp_path, holder):
    entered = threading.Event()

    def wait():
        with exclusive_lock(tmp_path / "lock"):
            entered.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not entered.wait(0.2)
    holder.stdin.close()
    assert entered.wait(60)
    thread.join()


@pytest.mark.parametrize("fault", ["deleted", "replaced", "its folder renamed"])
def test_exclusive_lock_ignores_a_file_that_is_no_longer_at_its_path(tmp_path, monkeypatch, fault):
    folder = tmp_path / "folder"
    folder.mkdir()
    path, faults = folder / "lock", []

    def acquire_and_disturb(lock, *arguments, acquire=FileLock.acquire, **options):
        acquired = acquire(lock, *arguments, **options)
        if not faults:
            faults.append(fault)
            if fault == "its folder renamed":
                folder.rename(tmp_path / "renamed")
                folder.mkdir()
            else:
                path.unlink()
            if fault != "deleted":
                path.touch()
        return acquired

    monkeypatch.setattr(FileLock, "acquire", acquire_and_disturb)
    with exclusive_lock(path, busy=ProjectError("busy")):
        assert faults == [fault]
        monkeypatch.undo()
        with pytest.raises(ProjectError, match="busy"), exclusive_lock(path, busy=ProjectError("busy")):
            pytest.fail("the first lock is on a file that no other process opens")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_exclusive_lock_stays_exclusive_although_its_file_is_removed_each_time(tmp_path):
    counter = tmp_path / "counter"
    counter.write_text("0")

    def count():
        for _ in range(50):
            with exclusive_lock(tmp_path / "lock"):
                counter.write_text(str(int(counter.read_text()) + 1))

    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                count()
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert counter.read_text() == "200"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["counter"]


def test_exclusive_lock_creates_missing_folders(tmp_path):
    with exclusive_lock(tmp_path / "new" / "lock"):
        assert (tmp_path / "new" / "lock").exists()
    assert list((tmp_path / "new").iterdir()) == []


def test_exclusive_lock_raises_the_systems_error_when_the_file_cannot_be_created(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"), exclusive_lock(tmp_path / "file" / "lock"):
        pytest.fail("a lock was created inside a file")
