"""LabelStore keeps every decision on disk."""

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
from hypothesis import given, settings, strategies as st

from topicdesk.annotation import (
    LabelStore,
    codebook_marks,
    open_session,
    outdated_labels,
    read_label_file,
    read_taxonomy,
    record_codebook,
    write_annotations,
)
from topicdesk.annotation._label_lines import LabelLines
from topicdesk.annotation.annotations import write_label_rows
from topicdesk.annotation.store import KeptAside
from topicdesk.corpus import articles_frame
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


def test_decide_writes_a_row_with_annotator_time_and_codebook(store):
    store.decide("n3", ("rail", "courts"), "random", "late\n trains")
    (row,) = read_label_file(store.path, TOPICS).to_dict("records")
    assert row["topics"] == ("rail", "courts")
    assert (row["annotator"], row["codebook"], row["sample"], row["note"]) == ("maria", "1", "random", "late trains")
    assert pd.Timestamp(row["time"]).tzinfo is not None
    assert store.journal.read_bytes() == b""


def test_decide_keeps_the_file_sorted_by_article(store):
    for article in ("n10", "2", "10", "n9", "1"):
        store.decide(article, (), "random")
    assert list(stored(store)) == ["1", "2", "10", "n9", "n10"]


def test_decide_does_not_overwrite_an_unseen_decision_of_another_window(store):
    theirs = store.decide("n1", ("courts",), "random")
    with pytest.raises(LabelsError, match="labelled in another window in the meantime: courts"):
        store.decide("n1", ("rail",), "random")
    assert stored(store) == {"n1": ("courts",)}
    store.decide("n1", ("rail",), "random", seen=theirs)
    assert stored(store) == {"n1": ("rail",)}


def lines_of(work):
    """Count the lines of code that some work runs. Unlike seconds, they are the same on every machine."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += 1
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def test_a_decision_runs_as_many_lines_of_code_with_2000_labels_as_with_20(project):
    def decide(session):
        session.decide(["rail"])
        session.counts()
        session.undo()

    lines = {}
    for n_labels in (20, 2000):
        labels = pd.DataFrame({"article_id": [f"n{number}" for number in range(n_labels)], "topics": [()] * n_labels})
        path = project.labels / f"with-{n_labels}.csv"
        write_annotations(labels.assign(annotator="maria", codebook="1", sample="random"), path)
        texts = ["The judge met the jury."] * (n_labels + 9)
        articles = articles_frame({"id": [f"n{number}" for number in range(n_labels + 9)], "title": "", "text": texts})
        session = open_session(articles, project.root / "data" / "topics.toml", path.stem, project=project)
        assert len(session.labels) == n_labels
        decide(session)
        lines[n_labels] = lines_of(lambda: decide(session))  # noqa: B023
        session.decide(["rail"])
        assert session.counts() == {"courts": 0, "rail": 1, "(none)": n_labels}
        table = read_label_file(path, TOPICS)
        assert set(table["article_id"]) == {*labels["article_id"], *session.decisions()}
    assert lines[2000] < 1.2 * lines[20]


def test_decide_sees_a_change_that_leaves_size_and_time_of_the_file(store):
    mine = store.decide("n1", ("rail",), "random", "late")
    before = store.path.stat()
    store.path.write_bytes(store.path.read_bytes().replace(b"late", b"soon"))
    os.utime(store.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.path.stat().st_size == before.st_size
    store.decide("n2", ("courts",), "random")
    assert store.open()["n1"] == {**mine, "note": "soon"}


@pytest.mark.parametrize("left", ["", "nothing"])
def test_decide_reads_a_file_again_that_was_emptied_or_removed(store, left):
    store.decide("n1", ("rail",), "random")
    if left == "nothing":
        store.path.unlink()
        store.decide("n2", ("rail",), "random")
        assert stored(store) == {"n2": ("rail",)}
    else:
        store.path.write_bytes(b"")
        with pytest.raises(KeptAside, match="the header lacks article_id"):
            store.decide("n2", ("rail",), "random")


ids = st.sampled_from(["n1", "n01", "n2", "n10", "2", "é\n", "=1", 'a "quoted", id'])
changes = st.lists(
    st.tuples(
        ids,
        st.none()
        | st.fixed_dictionaries(
            {
                "topics": st.sampled_from([(), ("rail",), ("rail", "courts")]),
                "note": st.text(max_size=8),
                "draw": st.sampled_from(["", "1", "7"]),
                "stratum_size": st.sampled_from(["", "40"]),
            }
        ),
    ),
    max_size=12,
)


@settings(max_examples=30)
@given(before=st.dictionaries(ids, st.just({"topics": ("courts",), "note": "-1"})), changes=changes)
def test_label_lines_have_the_content_that_write_label_rows_writes(tmp_path_factory, before, changes):
    rows = {article: {"article_id": article, **row} for article, row in before.items()}
    lines = LabelLines(rows.values())
    for article, row in changes:
        rows.pop(article, None)
        if row is not None:
            rows[article] = {"article_id": article, **row}
        lines.set(article, rows.get(article))
    path = tmp_path_factory.mktemp("lines") / "labels.csv"
    write_label_rows(rows.values(), path)
    assert lines.content() == path.read_bytes()
    assert lines.rows == rows


def decide_many(root, name, articles):
    taxonomy = read_taxonomy(root / "data" / "topics.toml")
    store = LabelStore(root / "data" / "labels" / name, "maria", taxonomy)
    for article in articles:
        store.decide(article, ("rail",), "random")


@pytest.mark.slow
def test_decide_loses_nothing_when_two_windows_write_at_once(project, store):
    halves = [[f"n{number}" for number in range(start, 60, 2)] for start in (0, 1)]
    spawn = multiprocessing.get_context("spawn")
    windows = [spawn.Process(target=decide_many, args=(project.root, "maria.csv", half)) for half in halves]
    for window in windows:
        window.start()
    for window in windows:
        window.join()
    assert [window.exitcode for window in windows] == [0, 0]
    assert set(stored(store)) == {f"n{number}" for number in range(60)}


def test_decide_with_a_damaged_file_saves_the_decision_until_it_is_repaired(store):
    store.decide("n1", ("courts",), "random")
    intact = store.path.read_text()
    store.path.write_text(intact.replace("courts", "cuorts"))
    with pytest.raises(LabelsError) as error:
        store.decide("n2", ("rail",), "random")
    assert "maria.csv, line 2: unknown topic 'cuorts'; did you mean 'courts'?" in str(error.value)
    assert "Your decision is saved in" in str(error.value)
    store.path.write_text(intact)
    assert set(store.open()) == {"n1", "n2"}
    assert stored(store) == {"n1": ("courts",), "n2": ("rail",)}
    assert store.journal.read_bytes() == b""


def decide_with_limited_space(store, size, article):
    """Decide in a process whose files may have at most `size` bytes, as on a nearly full disk."""
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
    ("room", "message", "saved"),
    [(20, "not saved. Free some disk space and decide again", False), (600, "Your decision is saved in", True)],
    ids=["no room at all", "room for the journal alone"],
)
def test_decide_reports_a_full_disk_and_loses_nothing(store, capfd, room, message, saved):
    for number in range(20):
        store.decide(f"n{number}", ("courts",), "random")
    before = store.path.read_bytes()
    window = multiprocessing.get_context("fork").Process(target=decide_with_limited_space, args=(store, room, "n99"))
    window.start()
    window.join()
    assert window.exitcode == 7
    assert message in capfd.readouterr().err
    assert store.path.read_bytes() == before
    assert ("n99" in store.open()) is saved
    store.decide("n50", (), "random")
    assert len(stored(store)) == 21 + saved


@pytest.mark.slow
def test_decide_keeps_every_acknowledged_decision_after_a_kill(project, store):
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


def test_open_removes_what_a_killed_process_left_of_the_file(store):
    store.decide("a", ("courts",), "random")
    for name in ("maria.csv", "other.csv"):
        store.path.with_name(f".{name}.abcd_123.part").write_text("article_id,")
    left = store.path.with_name(f".{store.path.name}.abcd_123.part")
    left.write_text("article_id,")
    assert set(store.open()) == {"a"}
    assert not left.exists()
    assert store.path.with_name(".other.csv.abcd_123.part").exists()


def test_open_skips_only_the_torn_line_of_the_journal(store):
    store.decide("n1", ("courts",), "random")
    row = {"article_id": "n2", "topics": ["rail"], "annotator": "maria", "codebook": "1", "time": "t"}
    entry = {"article_id": "n2", "row": {**row, "sample": "random", "note": ""}}
    store.journal.write_text('{"article_id": "n9", "ro\n' + json.dumps(entry) + "\n")
    assert set(store.open()) == {"n1", "n2"}


def test_journal_keeps_how_an_article_was_drawn_and_rejects_an_impossible_design(store):
    row = store.decide("n1", (), "random", design={"draw": 2, "stratum_size": 40.0})
    assert (row["draw"], row["stratum_size"], row["inclusion_probability"]) == ("2", "40", "")
    entry = {"article_id": "n2", "row": {**row, "article_id": "n2", "stratum_size": "40.0"}}
    store.journal.write_text(json.dumps(entry) + "\n")
    assert store.open()["n2"] == store.open()["n2"] == {**row, "article_id": "n2"}
    entry["row"]["draw"] = "first"
    store.journal.write_text(json.dumps(entry) + "\n")
    with pytest.raises(LabelsError, match=r"journal, line 1: draw must be .*; got 'first'"):
        store.open()
    store.journal.write_text("")
    with pytest.raises(LabelsError, match=r"article n3: inclusion_probability must be .*; got '2'"):
        store.decide("n3", (), "random", design={"inclusion_probability": 2})
    assert set(store.open()) == {"n1", "n2"}


def test_open_rejects_a_changed_definition_under_the_same_version(project, store):
    store.open()
    path = project.root / "data" / "topics.toml"
    path.write_text(path.read_text().replace("Courts and judges at work.", "Courts, and nothing else."))
    changed = LabelStore(store.path, "maria", read_taxonomy(path))
    with pytest.raises(LabelsError, match=r"the codebook of topics has changed \(courts\), but its version is still 1"):
        changed.open()


def test_outdated_labels_lists_rows_of_an_older_codebook_version(project, store, taxonomy):
    store.open()
    store.decide("n1", ("courts",), "random")
    path = project.root / "data" / "topics.toml"
    text = path.read_text().replace("version = 1", "version = 2")
    path.write_text(text.replace("Courts and judges at work.", "Courts, and nothing else."))
    newer = LabelStore(store.path, "maria", read_taxonomy(path))
    newer.open()
    newer.decide("n2", (), "random")
    outdated = outdated_labels(read_label_file(store.path, TOPICS), project.labels / "codebooks.json", newer.taxonomy)
    assert outdated.to_dict("records") == [
        {"article_id": "n1", "annotator": "maria", "codebook": "1", "changed": "courts"}
    ]
    # Only rules use keywords. A change of keywords does not need a new version.
    path.write_text(path.read_text().replace('"jury", ', ""))
    record_codebook(project.labels / "codebooks.json", read_taxonomy(path))


def test_codebook_marks_of_one_taxonomy_do_not_apply_to_another(project, store):
    store.open()
    other = project.root / "data" / "my-topics.toml"
    other.write_text((project.root / "data" / "topics.toml").read_text().replace("Courts and judges at work.", "Mine."))
    mine = LabelStore(project.labels / "me.csv", "me", read_taxonomy(other))
    mine.open()
    mine.decide("n1", ("courts",), "random")
    codebooks = project.labels / "codebooks.json"
    assert set(json.loads(codebooks.read_text())) == {"topics", "my-topics"}
    assert outdated_labels(read_label_file(mine.path, TOPICS), codebooks, mine.taxonomy).empty
    other.write_text(other.read_text().replace("Mine.", "Changed."))
    with pytest.raises(LabelsError, match=r"the codebook of my-topics has changed \(courts\)"):
        LabelStore(mine.path, "me", read_taxonomy(other)).open()
    store.open()


def test_codebook_marks_of_the_first_edition_move_to_the_matching_taxonomy(project, store, taxonomy):
    codebooks = project.labels / "codebooks.json"
    codebooks.write_text(json.dumps({"1": codebook_marks(taxonomy)}))
    other = project.root / "data" / "my-topics.toml"
    text = (project.root / "data" / "topics.toml").read_text()
    for old, new in {"Courts and judges at work.": "Mine.", "Trains and what they run on.": "Mine too."}.items():
        text = text.replace(old, new)
    other.write_text(text.replace("An article carries every topic that it is about.", "My rule."))
    LabelStore(project.labels / "me.csv", "me", read_taxonomy(other)).open()
    assert set(json.loads(codebooks.read_text())) == {"", "my-topics"}
    store.open()
    assert set(json.loads(codebooks.read_text())) == {"topics", "my-topics"}
    assert json.loads(codebooks.read_text())["topics"] == {"1": codebook_marks(taxonomy)}
    path = project.root / "data" / "topics.toml"
    path.write_text(path.read_text().replace("Courts and judges at work.", "Courts, and nothing else."))
    with pytest.raises(LabelsError, match=r"the codebook of topics has changed \(courts\)"):
        LabelStore(store.path, "maria", read_taxonomy(path)).open()


def test_open_reports_a_folder_that_is_not_writable(project, taxonomy):
    (project.root / "data" / "blocked").write_text("a file where a folder should be")
    with pytest.raises(ProjectError, match="Nothing is saved"):
        LabelStore(project.root / "data" / "blocked" / "maria.csv", "maria", taxonomy).open()
