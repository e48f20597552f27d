"""Parcels on disk are complete or not listed, even if the process that packs or removes them is killed."""

import os
import shutil
import time

import pytest

from topicdesk._locks import exclusive_lock
from topicdesk.errors import TrackingError
from topicdesk.project import Project
from topicdesk.tracking.parcel import (
    PackedRun,
    Parcel,
    packed_folder,
    packing,
    run_folder,
    waiting_parcels,
    write_manifest,
)
from topicdesk.tracking.sending import send_parcel


@pytest.fixture
def parcel(tmp_path):
    with packing(tmp_path / "unsent", "small") as folder:
        (run_folder(folder, 0) / "deep").mkdir(parents=True)
        (run_folder(folder, 0) / "deep" / "artifact").write_text("x")
        packed = Parcel(packed_folder(folder), "small", 1, 2, {}, (PackedRun("parent", {}, {}, []),))
        write_manifest(packed, folder)
    return packed


def test_throw_away_leaves_no_parcel_to_send_when_it_is_killed(parcel, monkeypatch):
    outbox = parcel.folder.parent
    assert waiting_parcels(outbox) == [parcel]

    def killed(folder, **options):
        (folder / "runs" / "0" / "deep" / "artifact").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        parcel.throw_away()
    monkeypatch.undo()
    assert waiting_parcels(outbox) == []
    assert len(list(outbox.iterdir())) == 1, "the folder is renamed and not deleted yet"
    with packing(outbox, "small") as folder:
        assert list(outbox.iterdir()) == [folder]


def test_packing_removes_leftovers_of_killed_processes_older_than_a_week(tmp_path):
    old, young = tmp_path / ".small.old.part", tmp_path / ".small.young.part"
    for leftover in (old, young):
        leftover.mkdir()
        (leftover / "file").touch()
    week_ago = time.time() - 8 * 24 * 3600
    os.utime(old, (week_ago, week_ago))
    with packing(tmp_path, "small"):
        assert not old.exists()
        assert young.exists()


def test_waiting_parcels_omits_a_parcel_that_is_sent_during_the_read(parcel, monkeypatch):
    read_text = type(parcel.folder).read_text

    def sent_meanwhile(path, **options):
        parcel.throw_away()
        return read_text(path, **options)

    monkeypatch.setattr(type(parcel.folder), "read_text", sent_meanwhile)
    assert waiting_parcels(parcel.folder.parent) == []


def test_send_parcel_sends_a_parcel_once_and_by_one_process_at_a_time(parcel, tmp_path):
    project = Project(tmp_path / "project")
    with exclusive_lock(parcel.folder.with_name(f".{parcel.folder.name}.lock")):  # as another process does
        with pytest.raises(TrackingError, match="another process is sending"):
            send_parcel(project, parcel)
        parcel.throw_away()
    with pytest.raises(TrackingError, match="no longer exists: another process has sent it"):
        send_parcel(project, parcel)
    assert list(parcel.folder.parent.iterdir()) == []
    assert not project.root.exists(), "nothing is sent"
