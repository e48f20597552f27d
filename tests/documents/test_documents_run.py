"""README, tutorial and how-tos run verbatim, in order, where users are: in a clone, and with the package alone."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
    ours = (
        "MLFLOW_TRACKING_URI",
        "VIRTUAL_ENV",
        "PYTHONPATH",
        "MAKEFLAGS",
        "MAKELEVEL",
        "MFLAGS",
        "COVERAGE_PROCESS_START",
    )
    kept = {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("PYTEST_")}
    return {
        **kept,
        "OUTPUT": str(tmp_path / "output.txt"),
        "UV_OFFLINE": "1",
        **more,
    }  # what `make setup-dev` fetched is in uv's cache


def run(command, folder, environment):
    """Run a command, with its output in the file OUTPUT, which can be read meanwhile; fail with the end of it."""
    output = Path(environment["OUTPUT"])
    with output.open("a", encoding="utf-8") as file:
        words = [str(word) for word in command]
        done = subprocess.run(words, cwd=folder, env=environment, stdout=file, stderr=file, check=False)
    end = output.read_text(encoding="utf-8", errors="replace")[-20_000:]
    assert done.returncode == 0, f"{command} in {folder}\n{end}"


@pytest.fixture
def clone(tmp_path):
    """Clone the repository, and do what README says first: `make reproduce`."""
    root, python = tmp_path / "topicdesk", Path(sys.base_prefix) / BIN / f"python3.{sys.version_info.minor}"
    environment = clean_environment(tmp_path, PYTHON=str(python if python.is_file() else sys.executable))
    run(["git", "clone", "--quiet", ROOT, root], tmp_path, environment)
    if (ROOT / "data" / "raw").is_dir():  # the corpora, as fetched
        shutil.copytree(ROOT / "data" / "raw", root / "data" / "raw", ignore=shutil.ignore_patterns(".fetching-*"))
    if (ROOT / ".uv").is_dir():  # the installer, which needs a package index
        shutil.copytree(ROOT / ".uv", root / ".uv", symlinks=True)
    first = [block for block in run_blocks.blocks_of(root / "README.md") if block.comment == run_blocks.FIRST]
    assert first, "README says how to start"
    for block in first:
        run(["bash", "-euo", "pipefail", "-c", block.text], root, environment)
    return root / ".venv" / BIN / "python", root, root, clean_environment(tmp_path)


def needed_by(*names):
    """Return the packages that these need, and themselves, as installed here."""
    found, ahead = set(), [canonicalize_name(name) for name in names]
    while ahead:
        name = ahead.pop()
        if name in found:
            continue
        found.add(name)
        for line in requires(name) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                ahead.append(canonicalize_name(requirement.name))
    return found


def locked(names):
    """Return the entries of environments/dev.lock for these packages."""
    entries = re.split(r"\n(?=\S)", (ROOT / "environments" / "dev.lock").read_text(encoding="utf-8"))
    return "\n".join(entry for entry in entries if entry.partition("==")[0] in names) + "\n"


@pytest.fixture
def package(tmp_path, wheel_environment):
    """Return the Python that has the wheel, and an empty folder."""
    folder, widgets = tmp_path / "empty", tmp_path / "widgets"
    folder.mkdir()
    # What `pip install 'topicdesk[notebooks]'` adds for the annotation widget, as locked.
    lock = tmp_path / "widgets.lock"
    lock.write_text(locked(needed_by("anywidget", "ipywidgets")), encoding="utf-8")
    uv = [Path(sys.executable).with_name("uv"), "--quiet", "pip", "install", "--no-deps", "--require-hashes"]
    uv += ["--python", wheel_environment.python, "--target", widgets, "--requirement", lock]
    run(uv, tmp_path, clean_environment(tmp_path))
    return wheel_environment.python, ROOT, folder, clean_environment(tmp_path, PYTHONPATH=str(widgets))


@pytest.mark.corpus
@pytest.mark.parametrize("place", ["package", "clone"])
def test_documents_run_as_they_stand(place, request, tmp_path):
    if place == "clone" and not request.config.getoption("--torture"):
        pytest.skip("make documents runs them in this clone, after make reproduce; in another clone: pytest --torture")
    python, root, folder, environment = request.getfixturevalue(place)
    report = tmp_path / "report.json"
    run([python, "-P", DRIVER, place, root, report], folder, environment)
    counts = json.loads(report.read_text())
    assert counts["run"] > 2 * counts["not run"]


def test_each_block_says_what_it_is():
    known = {"sh", "python", "toml", *run_blocks.OUTPUTS}
    assert {block.language for _, block in BLOCKS} <= known


def test_each_block_that_is_not_run_names_a_test_of_the_like():
    for document, block in BLOCKS:
        if block.not_run:
            elsewhere = re.findall(r"(?:tests/|\.ci/)[\w./]*\w", block.not_run)
            assert elsewhere, f"{document.name}, line {block.line}"
            assert all((ROOT / path).is_file() for path in elsewhere), f"{document.name}, line {block.line}"


def test_most_blocks_run():
    code = [block for _, block in BLOCKS if block.runs]
    assert sum(not block.not_run for block in code) > 2 * sum(bool(block.not_run) for block in code)
