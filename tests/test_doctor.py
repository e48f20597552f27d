"""`diagnose` in a complete environment, and in environments with faults."""

import sqlite3
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import pytest

from topicdesk import diagnose, doctor


def test_diagnose_finds_no_problems_in_the_pinned_environment(project):
    diagnosis = diagnose(project.root)
    assert not diagnosis.wrong
    assert diagnosis.checks.at["MLflow's store", "state"] == "ok"
    assert not project.mlflow_database.exists(), "diagnose creates no store"
    assert f"scikit-learn {version('scikit-learn')}" in diagnosis.checks.at["packages", "found"]
    assert "newsroom" in diagnosis.checks.at["project", "found"]
    assert "No problems found" in diagnosis._repr_html_()


@pytest.mark.parametrize(
    ("absent", "check", "state", "advice"),
    [
        ("distributed", "optional: scale", "missing", "pip install 'topicdesk[scale]'"),
        ("scipy", "scipy", "wrong", "make setup"),
    ],
)
def test_diagnose_names_a_missing_package_and_how_to_install_it(project, monkeypatch, absent, check, state, advice):
    def without(name):
        if name == absent:
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(doctor, "version", without)
    diagnosis = diagnose(project.root)
    assert diagnosis.checks.at[check, "state"] == state
    assert "not installed" in diagnosis.checks.at[check, "found"]
    assert advice in diagnosis.checks.at[check, "advice"]
    assert diagnosis.wrong == ((check,) if state == "wrong" else ())


@pytest.mark.parametrize(("module", "check"), [("trafilatura", "HTML pages"), ("feedparser", "feeds")])
def test_diagnose_reports_a_reader_that_cannot_be_imported(project, monkeypatch, module, check):
    def without(name):
        if name == module:
            raise ImportError("lxml.html.clean module is now\na separate project")
        return import_module(name)

    assert diagnose(project.root).checks.at["files", "state"] == "ok"
    monkeypatch.setattr(doctor, "import_module", without)
    diagnosis = diagnose(project.root)
    assert diagnosis.wrong == (check,)
    assert diagnosis.checks.at[check, "found"] == "cannot be read: lxml.html.clean module is now a separate project"
    assert "pip install" in diagnosis.checks.at[check, "advice"]


def test_diagnose_omits_missing_packages_of_developers(project, monkeypatch):
    def without(name):
        if name in ("pytest", "sphinx", "atheris"):
            raise PackageNotFoundError(name)
        return version(name)

    assert "optional: dev" in diagnose(project.root).checks.index
    monkeypatch.setattr(doctor, "version", without)
    shown = [name for name in diagnose(project.root).checks.index if name.startswith("optional")]
    assert shown == [
        "optional: boosting",
        "optional: speed",
        "optional: notebooks",
        "optional: scale",
        "optional: server",
    ]


def test_diagnose_reports_a_version_that_is_too_old(project, monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda name: "1.0.2" if name == "scikit-learn" else version(name))
    diagnosis = diagnose(project.root)
    assert diagnosis.wrong == ("scikit-learn",)
    assert "1.0.2, needs" in diagnosis.checks.at["scikit-learn", "found"]


def test_diagnose_reports_versions_that_differ_from_the_lock(project):
    (project.root / "requirements.lock").write_text("numpy==2.2.0 \\\n    --hash=sha256:0\n")
    row = diagnose(project.root).checks.loc["requirements.lock"]
    assert row["state"] == "missing"
    assert f"numpy {version('numpy')} (pinned: 2.2.0)" in row["found"]


@pytest.mark.slow
def test_diagnose_reports_an_unusable_store_without_its_password(project, monkeypatch):
    sqlite3.connect(project.mlflow_database).execute("CREATE TABLE experiments (other INTEGER)")
    assert "MLflow's store" in diagnose(project.root).wrong
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:secret@127.0.0.1:9/mlflow")
    diagnosis = diagnose(project.root)
    assert "MLflow's store" in diagnosis.wrong
    assert "secret" not in diagnosis.checks.to_string()


def test_diagnose_omits_the_store_outside_a_project(tmp_path):
    checks = diagnose(tmp_path).checks
    assert checks.at["project", "state"] == "missing"
    assert "MLflow's store" not in checks.index
