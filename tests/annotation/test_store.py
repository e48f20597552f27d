"""What an annotator decides is on disk, whatever happens."""

import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import textwrap

import pandas as pd
import pytest

from topicdesk.annotation import (
    LabelStore,
    codebook_marks,
    outdated_labels,
    read_label_file,
    read_taxonomy,
    record_codebook,
)
from topicdesk.errors import LabelsError, ProjectError, TopicdeskError

TOPICS = ["courts", "rail"]


@pytest.fixture
def taxonomy(project):
    return read_taxonomy(project.root / "data" / "topics.toml")


@pytest.fixture
def store(project, taxonomy):
    return LabelStore(project.labels / "maria.csv", "maria", taxonomy)


def stored(store):
    table = read_label_file(store.path, TOPICS)
    return dict(zip(table["article_id"], table["topics"], strict=True))


def test_a_decision_is_a_row_with_who_when_and_under_which_codebook(store):
    store.decide("n3", ("rail", "courts"), "random", "late\n trains")
    (row,) = read_label_file(store.path, TOPICS).to_dict("records")
    assert row["topics"] == ("rail", "courts")
    assert (row["annotator"], row["codebook"], row["sample"], row["note"]) == ("maria", "1", "random", "late trains")
    assert pd.Timestamp(row["time"]).tzinfo is not None
    assert store.journal.read_bytes() == b""


def test_the_file_is_sorted_by_article_so_that_diffs_read_well(store):
    for article in ("n10", "2", "10", "n9", "1"):
        store.decide(article, (), "random")
    assert list(stored(store)) == ["1", "2", "10", "n9", "n10"]


def test_what_another_window_decided_is_not_overwritten_unseen(store):
    theirs = store.decide("n1", ("courts",), "random")
    with pytest.raises(LabelsError, match="labelled in another window in the meantime: courts"):
        store.decide("n1", ("rail",), "random")
    assert stored(store) == {"n1": ("courts",)}
    store.decide("n1", ("rail",), "random", seen=theirs)
    assert stored(store) == {"n1": ("rail",)}


def decide_many(root, name, articles):
    taxonomy = read_taxonomy(root / "data" / "topics.toml")
    store = LabelStore(root / "data" / "labels" / name, "maria", taxonomy)
    for article in articles:
        store.decide(article, ("rail",), "random")


@pytest.mark.slow
def test_two_windows_that_write_at_once_lose_nothing(project, store):
    halves = [[f"n{number}" for number in range(start, 60, 2)] for start in (0, 1)]
    spawn = multiprocessing.get_context("spawn")
    windows = [spawn.Process(target=decide_many, args=(project.root, "maria.csv", half)) for half in halves]
    for window in windows:
        window.start()
    for window in windows:
        window.join()
    assert [window.exitcode for window in windows] == [0, 0]
    assert set(stored(store)) == {f"n{number}" for number in range(60)}


def test_a_file_damaged_by_hand_is_told_and_the_decision_waits_until_it_is_mended(store):
    store.decide("n1", ("courts",), "random")
    sound = store.path.read_text()
    store.path.write_text(sound.replace("courts", "cuorts"))
    with pytest.raises(LabelsError) as error:
        store.decide("n2", ("rail",), "random")
    assert "maria.csv, line 2: unknown topic 'cuorts'; did you mean 'courts'?" in str(error.value)
    assert "Your decision is saved in" in str(error.value)
    store.path.write_text(sound)
    assert set(store.open()) == {"n1", "n2"}
    assert stored(store) == {"n1": ("courts",), "n2": ("rail",)}
    assert store.journal.read_bytes() == b""


def limited(store, size, article):
    """Decide in a process that may write files of so many bytes: a disk that is nearly full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        store.decide(article, ("rail",), "random", "a note " * 5)
    except TopicdeskError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(error, file=sys.stderr, flush=True)
        os._exit(7)
    os._exit(0)


@pytest.mark.parametrize(
    ("room", "told", "kept"),
    [(20, "not saved. Free some disk space and decide again", False), (600, "Your decision is saved in", True)],
    ids=["no room at all", "room for the journal alone"],
)
def test_a_full_disk_is_told_and_loses_nothing(store, capfd, room, told, kept):
    for number in range(20):
        store.decide(f"n{number}", ("courts",), "random")
    before = store.path.read_bytes()
    window = multiprocessing.get_context("fork").Process(target=limited, args=(store, room, "n99"))
    window.start()
    window.join()
    assert window.exitcode == 7
    assert told in capfd.readouterr().err
    assert store.path.read_bytes() == before
    assert ("n99" in store.open()) is kept
    store.decide("n50", (), "random")
    assert len(stored(store)) == 21 + kept


@pytest.mark.slow
def test_every_decision_that_was_acknowledged_survives_a_kill(project, store):
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from topicdesk.annotation import LabelStore, read_taxonomy
        store = LabelStore(Path("data/labels/maria.csv"), "maria", read_taxonomy(Path("data/topics.toml")))
        for number in range(100_000):
            store.decide(f"n{number}", ("rail",), "random")
            print(f"n{number}", flush=True)
    """)
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=project.root, stdout=subprocess.PIPE, text=True) as window:
        for _ in range(25):
            window.stdout.readline()
        window.kill()
        more = window.stdout.read().count("\n")
    assert {f"n{number}" for number in range(25 + more)} <= set(store.open())


def test_a_line_torn_in_the_journal_takes_no_other_with_it(store):
    store.decide("n1", ("courts",), "random")
    row = {"article_id": "n2", "topics": ["rail"], "annotator": "maria", "codebook": "1", "time": "t"}
    entry = {"article_id": "n2", "row": {**row, "sample": "random", "note": ""}}
    store.journal.write_text('{"article_id": "n9", "ro\n' + json.dumps(entry) + "\n")
    assert set(store.open()) == {"n1", "n2"}


def test_a_definition_that_changed_under_the_same_version_stops_labelling(project, store):
    store.open()
    path = project.root / "data" / "topics.toml"
    path.write_text(path.read_text().replace("Courts and judges at work.", "Courts, and nothing else."))
    changed = LabelStore(store.path, "maria", read_taxonomy(path))
    with pytest.raises(LabelsError, match=r"the codebook of topics has changed \(courts\), but its version is still 1"):
        changed.open()


def test_a_new_version_marks_the_rows_that_were_made_under_other_words(project, store, taxonomy):
    store.open()
    store.decide("n1", ("courts",), "random")
    path = project.root / "data" / "topics.toml"
    text = path.read_text().replace("version = 1", "version = 2")
    path.write_text(text.replace("Courts and judges at work.", "Courts, and nothing else."))
    newer = LabelStore(store.path, "maria", read_taxonomy(path))
    newer.open()
    newer.decide("n2", (), "random")
    found = outdated_labels(read_label_file(store.path, TOPICS), project.labels / "codebooks.json", newer.taxonomy)
    assert found.to_dict("records") == [
        {"article_id": "n1", "annotator": "maria", "codebook": "1", "changed": "courts"}
    ]
    # Keywords serve rules; nobody labels by them.
    path.write_text(path.read_text().replace('"jury", ', ""))
    record_codebook(project.labels / "codebooks.json", read_taxonomy(path))


def test_marks_of_one_taxonomy_do_not_govern_another(project, store):
    store.open()
    other = project.root / "data" / "my-topics.toml"
    other.write_text((project.root / "data" / "topics.toml").read_text().replace("Courts and judges at work.", "Mine."))
    mine = LabelStore(project.labels / "me.csv", "me", read_taxonomy(other))
    mine.open()
    mine.decide("n1", ("courts",), "random")
    kept = project.labels / "codebooks.json"
    assert set(json.loads(kept.read_text())) == {"topics", "my-topics"}
    assert outdated_labels(read_label_file(mine.path, TOPICS), kept, mine.taxonomy).empty
    other.write_text(other.read_text().replace("Mine.", "Changed."))
    with pytest.raises(LabelsError, match=r"the codebook of my-topics has changed \(courts\)"):
        LabelStore(mine.path, "me", read_taxonomy(other)).open()
    store.open()


def test_marks_of_the_first_edition_are_bound_to_the_taxonomy_that_they_fit(project, store, taxonomy):
    kept = project.labels / "codebooks.json"
    kept.write_text(json.dumps({"1": codebook_marks(taxonomy)}))
    other = project.root / "data" / "my-topics.toml"
    text = (project.root / "data" / "topics.toml").read_text()
    for old, new in {"Courts and judges at work.": "Mine.", "Trains and what they run on.": "Mine too."}.items():
        text = text.replace(old, new)
    other.write_text(text.replace("An article carries every topic that it is about.", "My rule."))
    LabelStore(project.labels / "me.csv", "me", read_taxonomy(other)).open()
    assert set(json.loads(kept.read_text())) == {"", "my-topics"}
    store.open()
    assert set(json.loads(kept.read_text())) == {"topics", "my-topics"}
    assert json.loads(kept.read_text())["topics"] == {"1": codebook_marks(taxonomy)}
    path = project.root / "data" / "topics.toml"
    path.write_text(path.read_text().replace("Courts and judges at work.", "Courts, and nothing else."))
    with pytest.raises(LabelsError, match=r"the codebook of topics has changed \(courts\)"):
        LabelStore(store.path, "maria", read_taxonomy(path)).open()


def test_a_folder_that_cannot_be_written_is_told(project, taxonomy):
    (project.root / "data" / "blocked").write_text("a file where a folder should be")
    with pytest.raises(ProjectError, match="Nothing is saved"):
        LabelStore(project.root / "data" / "blocked" / "maria.csv", "maria", taxonomy).open()
