"""What the doctor finds, in an environment as it is, and in ones that lack something."""

import sqlite3
from importlib.metadata import PackageNotFoundError, version

import pytest

from topicdesk import diagnose, doctor


def test_all_is_well_in_the_pinned_environment(project):
    found = diagnose(project.root)
    assert not found.wrong
    assert found.checks.at["MLflow's store", "state"] == "ok"
    assert not project.mlflow_database.exists(), "looking makes no store"
    assert f"scikit-learn {version('scikit-learn')}" in found.checks.at["packages", "found"]
    assert "newsroom" in found.checks.at["project", "found"]
    assert "No problems found" in found._repr_html_()


@pytest.mark.parametrize(
    ("absent", "check", "state", "advice"),
    [
        ("distributed", "optional: scale", "missing", "pip install 'topicdesk[scale]'"),
        ("scipy", "scipy", "wrong", "make setup"),
    ],
)
def test_what_is_not_installed_is_named_with_what_to_do(project, monkeypatch, absent, check, state, advice):
    def without(name):
        if name == absent:
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(doctor, "version", without)
    found = diagnose(project.root)
    assert found.checks.at[check, "state"] == state
    assert "not installed" in found.checks.at[check, "found"]
    assert advice in found.checks.at[check, "advice"]
    assert found.wrong == ((check,) if state == "wrong" else ())


def test_the_parts_of_developers_are_not_missed_by_users(project, monkeypatch):
    def without(name):
        if name in ("pytest", "sphinx", "atheris"):
            raise PackageNotFoundError(name)
        return version(name)

    assert "optional: dev" in diagnose(project.root).checks.index
    monkeypatch.setattr(doctor, "version", without)
    shown = [name for name in diagnose(project.root).checks.index if name.startswith("optional")]
    assert shown == ["optional: boosting", "optional: notebooks", "optional: scale", "optional: server"]


def test_a_version_that_is_too_old_is_wrong(project, monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda name: "1.0.2" if name == "scikit-learn" else version(name))
    found = diagnose(project.root)
    assert found.wrong == ("scikit-learn",)
    assert "1.0.2, needs" in found.checks.at["scikit-learn", "found"]


def test_packages_that_are_not_the_pinned_ones_are_told(project):
    (project.root / "requirements.lock").write_text("numpy==2.2.0 \\\n    --hash=sha256:0\n")
    row = diagnose(project.root).checks.loc["requirements.lock"]
    assert row["state"] == "missing"
    assert f"numpy {version('numpy')} (pinned: 2.2.0)" in row["found"]


@pytest.mark.slow
def test_a_store_that_cannot_be_used_is_wrong_and_its_password_not_told(project, monkeypatch):
    sqlite3.connect(project.mlflow_database).execute("CREATE TABLE experiments (other INTEGER)")
    assert "MLflow's store" in diagnose(project.root).wrong
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:secret@127.0.0.1:9/mlflow")
    found = diagnose(project.root)
    assert "MLflow's store" in found.wrong
    assert "secret" not in found.checks.to_string()


def test_without_a_project_only_what_needs_none_is_asked(tmp_path):
    checks = diagnose(tmp_path).checks
    assert checks.at["project", "state"] == "missing"
    assert "MLflow's store" not in checks.index
