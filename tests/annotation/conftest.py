"""Fixtures for tests of labels."""

import pytest


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Return an empty project, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    for folder in ("data/labels", "experiments"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path
