"""Run README, tutorial and how-tos verbatim and in order: in a clone, and with the installed package only."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.installing import base_python
from topicdesk.project import find_project

ROOT = find_project(__file__).root
DRIVER = Path(__file__).with_name("run_blocks.py")
BIN = "Scripts" if os.name == "nt" else "bin"

_spec = importlib.util.spec_from_file_location("run_blocks", DRIVER)
run_blocks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(run_blocks)

BLOCKS = [(document, block) for document in run_blocks.documents(ROOT) for block in run_blocks.blocks_of(document)]


def clean_environment(tmp_path, **more):
    """Return the variables of a user's shell, without those of this test run."""
    excluded = (
        "MLFLOW_TRACKING_URI",
        "VIRTUAL_ENV",
        "PYTHONPATH",
        "MAKEFLAGS",
        "MAKELEVEL",
        "MFLAGS",
        "COVERAGE_PROCESS_START",
    )
    inherited = {
        name: value for name, value in os.environ.items() if name not in excluded and not name.startswith("PYTEST_")
    }
    return {
        **inherited,
        "OUTPUT": str(tmp_path / "output.txt"),
        "UV_OFFLINE": "1",
        **more,
    }  # uv's cache contains what `make setup-dev` fetched


def run(command, folder, environment):
    """Run a command and append its output to the file OUTPUT; if it fails, show the end of the output."""
    output = Path(environment["OUTPUT"])
    with output.open("a", encoding="utf-8") as file:
        words = [str(word) for word in command]
        done = subprocess.run(words, cwd=folder, env=environment, stdout=file, stderr=file, check=False)
    end = output.read_text(encoding="utf-8", errors="replace")[-20_000:]
    assert done.returncode == 0, f"{command} in {folder}\n{end}"


@pytest.fixture
def clone(tmp_path):
    """Clone the repository, and run the first block of README: `make reproduce`."""
    root = tmp_path / "topicdesk"
    environment = clean_environment(tmp_path, PYTHON=str(base_python()))
    run(["git", "clone", "--quiet", ROOT, root], tmp_path, environment)
    if (ROOT / "data" / "raw").is_dir():  # the fetched corpora
        shutil.copytree(ROOT / "data" / "raw", root / "data" / "raw", ignore=shutil.ignore_patterns(".fetching-*"))
    if (ROOT / ".uv").is_dir():  # the installer, which needs a package index
        shutil.copytree(ROOT / ".uv", root / ".uv", symlinks=True)
    first = [block for block in run_blocks.blocks_of(root / "README.md") if block.comment == run_blocks.FIRST]
    assert first, "README has no block that creates the environment"
    for block in first:
        run(["bash", "-euo", "pipefail", "-c", block.text], root, environment)
    python = root / ".venv" / BIN / "python"
    return python, root, root, with_widgets(tmp_path, python)


def with_widgets(tmp_path, python):
    """Return the variables of a shell whose Python also has the annotation widget."""
    environment, widgets = clean_environment(tmp_path), tmp_path / "widgets"
    run([sys.executable, DRIVER.with_name("widgets.py"), python, widgets], tmp_path, environment)
    return {**environment, "PYTHONPATH": str(widgets)}


@pytest.fixture
def here(tmp_path):
    """Return the Python for running and this clone, after `make reproduce`."""
    python = ROOT / ".venv" / BIN / "python"
    return python, ROOT, ROOT, with_widgets(tmp_path, python)


@pytest.fixture
def package(tmp_path, wheel_environment):
    """Return the Python with the wheel, and an empty folder."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return wheel_environment.python, ROOT, folder, with_widgets(tmp_path, wheel_environment.python)


@pytest.mark.slow
@pytest.mark.corpus
@pytest.mark.parametrize("place", ["here", "package", "clone"])
def test_code_blocks_of_documents_run(place, request, tmp_path):
    options = {"here": ("--documents",), "package": ("--documents", "--torture"), "clone": ("--torture",)}[place]
    if not any(map(request.config.getoption, options)):
        pytest.skip("make documents runs them in this clone and with the wheel; in another clone: pytest --torture")
    python, root, folder, environment = request.getfixturevalue(place)
    report = tmp_path / "report.json"
    everything = ["--all"] if request.config.getoption("--torture") else []
    where = "package" if place == "package" else "clone"
    run([python, "-P", DRIVER, where, root, report, *everything], folder, environment)
    counts = json.loads(report.read_text())
    assert counts["run"] > 2 * counts["not run"]


def test_code_blocks_have_a_known_language():
    known = {"sh", "python", "toml", *run_blocks.OUTPUTS}
    assert {block.language for _, block in BLOCKS} <= known


def test_code_blocks_that_are_not_run_name_a_test():
    for document, block in BLOCKS:
        if block.not_run:
            named = re.findall(r"(?:tests/|\.ci/)[\w./]*\w", block.not_run)
            assert named, f"{document.name}, line {block.line}"
            assert all((ROOT / path).is_file() for path in named), f"{document.name}, line {block.line}"


def test_most_code_blocks_run():
    code = [block for _, block in BLOCKS if block.runs]
    assert sum(not block.not_run for block in code) > 2 * sum(bool(block.not_run) for block in code)
