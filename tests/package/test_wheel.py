"""The built distributions, and the wheel without the repository; `make documents` runs README with the wheel too."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from topicdesk import __version__
from topicdesk.project import find_project

ROOT = find_project(__file__).root


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build both distributions, as `make package` does, and return their folder."""
    folder = tmp_path_factory.mktemp("dist")
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "--offline", "--quiet", "--out-dir", folder], cwd=ROOT, check=True)
    return folder


def names_in(folder, ending):
    (path,) = folder.glob(f"*{ending}")
    if ending == ".whl":
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist())
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_wheel_contains_exactly_the_files_of_the_package(built):
    tracked = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=True)
    source = {name.removeprefix("src/") for name in tracked.stdout.splitlines()}
    wheel = {name for name in names_in(built, ".whl") if ".dist-info/" not in name and not name.endswith("/")}
    assert wheel == source
    for needed in ("starter/sample/articles.jsonl", "starter/template/Makefile", "annotation/widget.js", "py.typed"):
        assert f"topicdesk/{needed}" in wheel


def test_source_distribution_builds_the_same_wheel(built, tmp_path):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "--offline", "--quiet", "--wheel", "--out-dir", tmp_path / "dist", source], check=True)
    assert names_in(tmp_path / "dist", ".whl") == names_in(built, ".whl")
    assert {"README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "pyproject.toml"} <= names_in(built, ".tar.gz")


def run(wheel_environment, folder, *arguments, **variables):
    """Run `topicdesk` of the clean environment in a folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLFLOW"))}
    done = subprocess.run(
        [wheel_environment.topicdesk, *arguments],
        cwd=folder, env={**environment, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done


def test_init_command_creates_a_comparison_from_a_labelled_table(wheel_environment, tmp_path, newsroom):
    articles, labels = newsroom(90)
    headlines = [f"Notes from the town, day {number}" for number in range(len(articles))]
    table = {"headline": headlines, "body": articles["text"], "topics": labels["topics"].map(";".join)}
    pd.DataFrame(table).to_csv(tmp_path / "articles.csv", index=False)
    done = run(
        wheel_environment, tmp_path, "init", "desk", "--from", "articles.csv", "--text", "headline,body",
        "--labels", "topics",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = run(wheel_environment, tmp_path / "desk", "compare", "experiments/example.toml", "--no-log")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"linear-svm +(1\.000|0\.9)", done.stdout)


def test_wheel_has_version_public_names_and_shell_completion(wheel_environment, tmp_path):
    assert run(wheel_environment, tmp_path, "--version").stdout == f"topicdesk {__version__}\n"
    code = "import topicdesk; print(topicdesk.__version__, len(set(topicdesk.__all__) - set(dir(topicdesk))))"
    done = subprocess.run(
        [wheel_environment.python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [__version__, "0"]
    completing = {"_TOPICDESK_COMPLETE": "complete_bash", "COMP_WORDS": "topicdesk ini", "COMP_CWORD": "1"}
    assert run(wheel_environment, tmp_path, **completing).stdout.split() == ["init"]


def test_wheel_environment_has_neither_the_repository_nor_pytest(wheel_environment, tmp_path):
    """Otherwise the tests above would show nothing."""
    code = "import importlib.util as u, topicdesk; print(topicdesk.__file__, u.find_spec('pytest'))"
    done = subprocess.run(
        [wheel_environment.python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    place, pytest_found = done.stdout.split()
    assert "site-packages" in place
    assert not place.startswith(str(ROOT))
    assert pytest_found == "None"
