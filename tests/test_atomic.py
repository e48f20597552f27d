"""Replace files and remove folders in one step."""

import shutil
from pathlib import Path

import pytest

from topicdesk import _atomic
from topicdesk._atomic import remove_tree, replacing, sweep_removed
from topicdesk.errors import ProjectError


@pytest.fixture
def folder(tmp_path):
    parts = tmp_path / ".out.csv.parts"
    (parts / "deep").mkdir(parents=True)
    (parts / "deep" / "file").write_text("x")
    (parts / "plan.json").write_text("{}")
    return parts


def test_remove_tree_leaves_nothing_and_accepts_a_missing_folder(folder, tmp_path):
    remove_tree(folder)
    assert list(tmp_path.iterdir()) == []
    remove_tree(folder)
    assert list(tmp_path.iterdir()) == []


def test_remove_tree_renames_the_folder_before_it_deletes_its_files(folder, tmp_path, monkeypatch):
    def killed(path, **options):
        (path / "plan.json").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        remove_tree(folder)
    assert not folder.exists()
    (leftover,) = tmp_path.iterdir()
    assert leftover.name.startswith(".out.csv.parts.")
    assert leftover.name.endswith(".removed")
    monkeypatch.undo()
    (tmp_path / ".out2.csv.parts.x.removed").mkdir()
    sweep_removed(folder)
    assert [path.name for path in tmp_path.iterdir()] == [".out2.csv.parts.x.removed"], (
        "only leftovers of this folder are removed"
    )


def test_remove_tree_does_not_change_a_folder_that_cannot_be_renamed(folder, monkeypatch):
    def refused(self, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refused)
    remove_tree(folder)
    assert (folder / "deep" / "file").read_text() == "x"
    assert (folder / "plan.json").exists()


def test_replacing_retries_a_rename_that_windows_refuses(tmp_path, monkeypatch):
    rename, failures = Path.replace, []

    def held_open(self, target):
        if len(failures) < 3:
            failures.append(target)
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", held_open)
    with pytest.raises(ProjectError, match="Permission denied"), replacing(tmp_path / "file") as part:
        part.write_text("x")
    # Only Windows refuses such a rename, so elsewhere topicdesk does not wait. The test runs on all systems.
    monkeypatch.setattr(_atomic, "_RENAME_SECONDS", 60)
    with replacing(tmp_path / "file") as part:
        part.write_text("x")
    assert (tmp_path / "file").read_text() == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
