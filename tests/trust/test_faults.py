"""Faults, made for real: a process that is killed or ended, a disk that is full or read-only, files cut short."""

import os
import random
import shutil
import signal
import sqlite3
import threading
from pathlib import Path

import pytest

from topicdesk.annotation import LabelStore, read_label_file, read_taxonomy
from topicdesk.corpus import read_corpus
from topicdesk.experiment import lock_path

OPERATIONS = ("import", "compare", "log", "label")
SPEC = "experiments/small.toml"


class Newsroom:
    """A project with 400 new articles, what is done there, and what that makes."""

    def __init__(self, project, articles, model, run):
        self.project, self.root, self.run = project, project.root, run
        articles.to_csv(self.root / "new.csv", index=False)
        self.arguments = {
            "import": ("import", "new.csv", "--output", "new.parquet"),
            "compare": ("compare", SPEC, "--jobs", "1"),
            "log": ("log", "--resume"),
            "label": ("label", "new.csv", "--output", "out.csv", "--model", model),
        }

    def prepare(self, operation):
        """Take away what the operation makes; for the log, a comparison waits that a store did not take."""
        for name in ("new.parquet", "out.csv", "mlflow.db", "mlflow.db-wal", "mlflow.db-shm"):
            (self.root / name).unlink(missing_ok=True)
        lock_path(self.root / SPEC).unlink(missing_ok=True)
        for name in ("mlruns", "mlartifacts", "experiments/.cells", "experiments/.unsent", ".out.csv.parts"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        if operation == "log":
            waiting = self.root / "waiting"
            if not waiting.exists():
                self.write_down()
                shutil.copytree(self.root / "experiments" / ".unsent", waiting)
            else:
                shutil.copytree(waiting, self.root / "experiments" / ".unsent")

    def write_down(self):
        # Nobody listens there.
        ended = self.run(*self.arguments["compare"], MLFLOW_TRACKING_URI="http://127.0.0.1:9")
        assert "topicdesk log --resume" in ended.said, ended.said

    def made(self, operation):
        """Give what there is of the operation, to be compared; None where there is nothing."""
        if operation == "import":
            path = self.root / "new.parquet"
            return read_corpus(path).to_csv() if path.exists() else None
        if operation == "label":
            path = self.root / "out.csv"
            return path.read_bytes() if path.exists() else None
        if operation == "compare":
            path = lock_path(self.root / SPEC)
            return path.read_bytes() if path.exists() else None
        return self.finished() or None

    def finished(self):
        """Count runs, also while a process writes."""
        if not (self.root / "mlflow.db").exists():
            return 0
        store = sqlite3.connect(f"file:{self.root / 'mlflow.db'}?mode=ro", uri=True)
        try:
            return store.execute("SELECT count(*) FROM runs WHERE status = 'FINISHED'").fetchone()[0]
        except sqlite3.OperationalError:  # no table yet
            return 0
        finally:
            store.close()

    def listing(self):
        """List all files, and the folders in work; what changes it is an event."""
        return frozenset(Path(folder, name) for folder, _, names in os.walk(self.root) for name in ("", *names))

    def litter(self):
        """List what is left of files that were being written."""
        return [path for path in self.root.rglob(".*.part") if path.is_file()]


class Events:
    """Counts how often the files of a project changed while somebody looked."""

    def __init__(self, place):
        self.place, self.seen, self.count = place, place.listing(), 0

    def look(self):
        now = self.place.listing()
        self.count += now != self.seen
        self.seen = now
        return self.count


@pytest.fixture
def place(project, newsroom, model, run):
    articles, _ = newsroom(400, seed=5)
    articles["id"] = [f"w{number}" for number in range(len(articles))]
    return Newsroom(project, articles, model, run)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_stopped_at_any_moment_it_leaves_all_or_nothing_and_goes_on(
    place, begin, run, operation, number, rounds, figure, wait_until
):
    place.prepare(operation)
    watched = Events(place)
    command = begin(*place.arguments[operation])

    def watched_to_its_end():
        watched.look()
        return command.poll() is not None

    wait_until(watched_to_its_end, seconds=300, every=0.001)
    assert command.wait().returncode == 0
    events, whole = watched.count, place.made(operation)
    assert whole is not None
    assert events > 0
    moments, stopped = random.Random(11), 0
    for _ in range(rounds(1, 30)):
        place.prepare(operation)
        command, watched, wanted = begin(*place.arguments[operation]), Events(place), moments.randint(0, events)
        wait_until(lambda: watched.look() >= wanted or command.poll() is not None, seconds=300, every=0.001)  # noqa: B023
        command.kill_group(number)
        ended = command.wait()
        stopped += ended.returncode != 0
        assert ended.returncode in (0, -number, 128 + number), ended.said
        if ended.returncode == 128 + number:
            assert "stopped. No file is incomplete. Run the command again to continue." in ended.said
            # A signal between the making of a file and the first line that knows of it leaves an empty one.
            assert not [path for path in place.litter() if path.stat().st_size]
        if operation != "log":
            assert place.made(operation) in (None, whole)
        again = run(*place.arguments[operation])
        assert again.returncode == 0, again.said
        assert place.made(operation) == whole
    figure("times stopped", stopped)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_full_disk_is_told_and_with_room_it_goes_on(place, disk, run, refused, operation, rounds, figure):
    place.prepare(operation)
    shutil.copytree(place.root, disk("size=100m") / "project")
    room = Newsroom.__new__(Newsroom)
    room.__dict__ |= {**place.__dict__, "root": place.root.parent / "disk" / "project"}
    room.project = type(place.project)(room.root)
    taken = shutil.disk_usage(room.root).used // 1024
    full, spare = 0, 8
    while True:
        disk(f"size={taken + int(spare)}k")
        ended = run(*place.arguments[operation], folder=room.root)
        if ended.returncode == 0:
            break
        full += 1
        refused(ended)
        assert "No space left on device" in ended.said or "disk is full" in ended.said or "disk I/O error" in ended.said
        if operation in ("import", "label"):
            assert room.made(operation) is None
        spare *= rounds(3, 1.3)
    assert full > 0
    assert room.made(operation) is not None
    figure("times full", full)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_read_only_disk_is_told_and_nothing_is_lost(place, disk, run, refused, operation):
    place.prepare(operation)
    shutil.copytree(place.root, disk("size=100m") / "project")
    root = place.root.parent / "disk" / "project"
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    disk("ro")
    refused(run(*place.arguments[operation], folder=root), "cannot", "ead-only file system")
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_decisions_on_a_full_or_read_only_disk_are_kept_or_refused_and_never_lost(project, disk, figure):
    taxonomy = read_taxonomy(project.root / "data" / "topics.toml")
    folder = disk("size=100m")
    store = LabelStore(folder / "maria.csv", "maria", taxonomy)
    store.open()
    kept, refused = {}, 0
    disk("size=48k")
    for number in range(2000):
        try:
            kept[f"n{number}"] = store.decide(f"n{number}", ("courts",), "random")
        except Exception as error:
            row = getattr(error, "row", None)
            assert "No space left on device" in str(error)
            if row is not None:  # kept aside, in the journal
                kept[f"n{number}"] = row
            refused += 1
            if refused == 20:
                break
    assert refused == 20
    disk("size=10m")
    assert store.open() == kept
    disk("ro")
    with pytest.raises(Exception, match="Nothing is saved"):
        store.decide("n9999", ("courts",), "random")
    assert {row["article_id"]: row for row in read_label_file(store.path, taxonomy.names).to_dict("records")} == kept
    figure("decisions before and while it was full", len(kept))


def test_a_broken_page_of_a_parquet_file_is_told_with_the_file(place, run, refused, rounds, figure):
    corpus = place.project.corpora / "newsroom.parquet"
    whole = corpus.read_bytes()
    places = range(100, len(whole) - 2000, len(whole) // rounds(3, 12))
    for start in places:
        corpus.write_bytes(whole[:start] + b"\xff" * 40 + whole[start + 40 :])
        compared = run("compare", SPEC, "--no-log", "--jobs", "1", "--no-resume")
        if compared.returncode != 0:
            refused(compared, "newsroom.parquet")
        (place.root / "broken.parquet").write_bytes(corpus.read_bytes())
        imported = run("import", "broken.parquet", "new.csv", "--output", "new.parquet")
        assert imported.returncode == 0, imported.said
        assert len(read_corpus(place.root / "new.parquet")) >= 400, "what is whole is read all the same"
        labelled = run("label", "broken.parquet", "--output", "out.csv", "--model", place.arguments["label"][-1])
        if labelled.returncode != 0:
            refused(labelled, "broken.parquet")
    figure("places", len(places))


def test_a_store_that_is_cut_short_is_told_and_the_comparison_waits(place, run, refused, rounds, figure):
    shares = rounds((0.3,), (0, 0.01, 0.3, 0.9))
    for share in shares:
        cut_short(place, run, refused, share)
    figure("lengths it was cut to", len(shares))


def cut_short(place, run, refused, share):
    place.prepare("compare")
    assert run(*place.arguments["compare"]).returncode == 0
    runs = place.finished()
    database = place.project.mlflow_database
    for wal in ("mlflow.db-wal", "mlflow.db-shm"):
        (place.root / wal).unlink(missing_ok=True)
    whole = database.read_bytes()
    database.write_bytes(whole[: int(len(whole) * share)] if share else b"no database")
    again = run(*place.arguments["compare"])
    refused(again, "No result is lost", "topicdesk log --resume")
    refused(run("runs"), "mlflow.db")
    database.write_bytes(whole)
    sent = run("log", "--resume")
    assert sent.returncode == 0, sent.said
    assert place.finished() == 2 * runs


ESTIMATOR = '''
import os, signal
from sklearn.naive_bayes import MultinomialNB

class Hungry(MultinomialNB):
    """Does what the kernel does to a process that takes too much."""
    def fit(self, X, y):
        with open("eaten", "a") as file:
            file.write("x")
        if not os.path.exists("fed") and os.path.getsize("eaten") > 40:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y)
'''


def test_a_worker_that_is_killed_for_want_of_memory_is_told_and_what_is_done_is_kept(place, begin, refused):
    place.prepare("compare")
    (place.root / "hungry.py").write_text(ESTIMATOR)
    spec = place.root / SPEC
    spec.write_text(
        spec.read_text().replace("[classifiers]", '[classifiers]\nhungry = { estimator = "hungry:Hungry" }')
    )
    ended = begin("compare", SPEC, "--jobs", "2", "--no-log").wait()
    refused(ended, "memory", "--jobs")
    (place.root / "fed").write_text("")
    again = begin("compare", SPEC, "--jobs", "2", "--no-log").wait()
    assert again.returncode == 0, again.said
    assert "checkpoints of a run that was stopped" in again.said


def test_a_clock_that_jumps_changes_no_result(place, run, time_machine):
    labels = LabelStore(place.project.labels / "maria.csv", "maria", read_taxonomy(place.root / "data" / "topics.toml"))
    labels.open()
    for when, topics in (("2026-03-01", ("courts",)), ("2025-01-01", ()), ("2031-01-01", ("rail",))):
        time_machine.move_to(when)
        before = labels.open().get("n1")
        labels.decide("n1", topics, "random", seen=before)
        assert labels.open()["n1"]["topics"] == topics, "the last decision stands, whatever the clock says"
    place.prepare("compare")
    assert run(*place.arguments["compare"], "--no-log", moment="2026-03-02").returncode == 0
    lock = place.made("compare")
    again = run(*place.arguments["compare"], moment="2024-01-01")
    assert again.returncode == 0, again.said
    assert place.made("compare") == lock
    assert run(*place.arguments["label"], moment="2024-01-01").returncode == 0
    labelled = place.made("label")
    assert run(*place.arguments["label"], moment="2027-01-01").returncode == 0
    assert place.made("label") == labelled


@pytest.mark.slow
def test_a_rename_that_shows_late_is_waited_for(place, monkeypatch):
    """On a network file system another machine sees a new name a moment after it was given."""
    from topicdesk.prediction import label_files, parts
    from topicdesk.tracking import load_labeller

    rename = Path.replace

    def late(self, target):
        if "part-" not in str(target):
            return rename(self, target)
        kept = self.with_name(f"late-{self.name}")
        os.link(self, kept)
        threading.Timer(0.3, lambda: rename(kept, target)).start()
        return target

    labeller = load_labeller(place.arguments["label"][-1])
    whole = label_files(labeller, ["new.csv"], "whole.csv", jobs=1).output.read_bytes()
    monkeypatch.setattr(Path, "replace", late)
    assert label_files(labeller, ["new.csv"], "late.csv", jobs=1).output.read_bytes() == whole
    monkeypatch.setattr(parts, "_PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(
        Path, "replace", lambda self, target: target if "part-" in str(target) else rename(self, target)
    )
    with pytest.raises(Exception, match=r"part-000000.* was written twice but does not exist"):
        label_files(labeller, ["new.csv"], "never.csv", jobs=1)
