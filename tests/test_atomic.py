"""Replace files and remove folders in one step."""

import os
import shutil
import socket
from pathlib import Path

import pytest

from topicdesk import _atomic
from topicdesk._atomic import output_file, remove_tree, replacing, sweep_removed, write_text
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


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "link to a pipe", "link to itself"])
def test_replacing_refuses_an_output_that_is_not_a_regular_file(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    path = Path("output")
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(path))
        case "folder":
            path.mkdir()
        case "link to a pipe":
            os.mkfifo("target")
            path.symlink_to("target")
        case _:
            path.symlink_to(path)
    before = path.lstat()
    with pytest.raises(ProjectError, match=r"cannot write output: .*(Name a file|Remove the links)"), replacing(path):
        pytest.fail("the work begins")
    assert path.lstat().st_mode == before.st_mode and path.lstat().st_ino == before.st_ino
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
@pytest.mark.parametrize("exists", [True, False])
def test_replacing_follows_a_link_and_keeps_it(tmp_path, exists):
    (tmp_path / "deep").mkdir()
    target, link = tmp_path / "deep" / "target", tmp_path / "link"
    if exists:
        target.write_text("old")
    link.symlink_to(target)
    with replacing(link) as part:
        part.write_text("new")
        assert part.parent == target.parent, "a rename needs the same file system"
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["deep", "link", "target"]


def test_replacing_refuses_a_name_that_no_file_can_have_before_any_work(tmp_path):
    for name, advice in (("z" * 256, "Use a shorter name"), ("\udcff", "not valid UTF-8")):
        with pytest.raises(ProjectError, match=advice), replacing(tmp_path / name):
            pytest.fail("the work begins")
    longest = tmp_path / ("z" * 255)
    with replacing(longest) as part:
        part.write_text("x")
    assert output_file(longest).read_text() == "x"


def test_replacing_removes_old_parts_of_killed_processes_and_keeps_those_of_running_ones(tmp_path):
    old, new, other = (tmp_path / f".a.csv.{end}.part" for end in ("abcdefgh", "ijklmnop", "b.abcdefgh"))
    for path in (old, new, other):
        path.write_text("x")
    for path in (old, other):
        os.utime(path, (0, 0))
    write_text(tmp_path / "a.csv", "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([new.name, other.name, "a.csv"])
