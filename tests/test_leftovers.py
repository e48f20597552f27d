"""The fixtures of this test suite fail a test that leaves a process or a file."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

CONFTEST = """
import support.leftovers
from support.leftovers import clean_session, nothing_left, pytest_sessionfinish, pytest_sessionstart
support.leftovers._SECONDS_TO_END = 1
"""
START = "import subprocess, sys, tempfile, os, pytest\nSLEEP = [sys.executable, '-c', 'import time; time.sleep(600)']\n"

#: Tests that leave something.
LEAVE = """
def test_leaves_a_process():
    subprocess.Popen(SLEEP)

def test_leaves_a_process_whose_parent_has_ended():
    subprocess.run([sys.executable, "-c", f"import subprocess; subprocess.Popen({SLEEP!r})"])

def test_leaves_a_process_in_its_own_session():
    subprocess.Popen(SLEEP, start_new_session=True)

def test_leaves_a_temporary_file():
    os.close(tempfile.mkstemp(suffix=".left")[0])

def test_leaves_a_temporary_folder():
    tempfile.mkdtemp(suffix=".left")
"""

#: Tests that leave nothing.
CLEAN = """
@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = subprocess.Popen(SLEEP)
    yield started
    started.kill()
    started.wait()

def test_with_a_server_of_the_module(server): assert server.poll() is None
def test_with_the_same_server(server): assert server.poll() is None

def test_that_ends_its_process():
    started = subprocess.Popen(SLEEP)
    started.kill()

def test_with_workers_of_joblib():
    import joblib
    assert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(-number) for number in range(4)) == [0, 1, 2, 3]

def test_with_a_folder_of_its_own(tmp_path):
    (tmp_path / "file").touch()
    with tempfile.TemporaryDirectory() as folder: open(os.path.join(folder, "file"), "w").close()
"""


def run_tests(folder, code, *options):
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(START + textwrap.dedent(code))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, *options, folder]
    command += ["--basetemp", folder / "temporary"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_nothing_left_fails_a_test_that_leaves_a_process_or_a_file(tmp_path):
    status, output = run_tests(tmp_path, LEAVE)
    assert status == 1, output
    assert "5 passed, 5 errors" in output, output
    pids = re.findall(r"it left these processes: (\d+) \(.*time\.sleep", output)
    assert len(set(pids)) == 3, output
    assert len(set(re.findall(r"it left these files: (.*\.left)", output))) == 2, output
    for pid in pids:
        assert not psutil.pid_exists(int(pid)) or psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "with-others"])
def test_nothing_left_passes_clean_tests(tmp_path, options):
    status, output = run_tests(tmp_path, CLEAN, *options)
    assert status == 0, output
    assert "5 passed" in output
