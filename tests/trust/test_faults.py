"""Real faults: processes that are killed or terminated, full or read-only disks, truncated files."""

import os
import random
import re
import shutil
import signal
import sqlite3
import threading
from pathlib import Path

import pandas as pd
import pyarrow as arrow
import pytest

from topicdesk.annotation import LabelStore, read_label_file, read_taxonomy
from topicdesk.annotation._design import DESIGN_COLUMNS
from topicdesk.annotation.store import KeptAside
from topicdesk.corpus import read_corpus
from topicdesk.errors import EngineError, ProjectError
from topicdesk.experiment import lock_path

OPERATIONS = ("import", "compare", "log", "label")
SPEC = "experiments/small.toml"

# Only `compare` and `log` write to SQLite, which has messages of its own.
SYSTEM, SQLITE = "No space left on device", "disk is full|disk I/O error"
FULL_DISK = {"import": SYSTEM, "compare": f"{SYSTEM}|{SQLITE}", "log": f"{SYSTEM}|{SQLITE}", "label": SYSTEM}


class Newsroom:
    """A project with 400 new articles, the operations under test, and their outputs."""

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
        """Remove the outputs of the operation; for `log`, save a comparison that could not be logged."""
        for name in ("new.parquet", "out.csv", "mlflow.db", "mlflow.db-wal", "mlflow.db-shm"):
            (self.root / name).unlink(missing_ok=True)
        lock_path(self.root / SPEC).unlink(missing_ok=True)
        for name in ("mlruns", "mlartifacts", "experiments/.cells", "experiments/.unsent", ".out.csv.parts"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        if operation == "log":
            waiting = self.root / "waiting"
            if not waiting.exists():
                self.save_unsent_comparison()
                shutil.copytree(self.root / "experiments" / ".unsent", waiting)
            else:
                shutil.copytree(waiting, self.root / "experiments" / ".unsent")

    def save_unsent_comparison(self):
        # No server listens at this address.
        ended = self.run(*self.arguments["compare"], MLFLOW_TRACKING_URI="http://127.0.0.1:9")
        assert "topicdesk log --resume" in ended.output, ended.output

    def output_of(self, operation):
        """Return the output of the operation in a form to compare, or None if there is none."""
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
        """Count finished runs, also while a process writes."""
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
        """Return the paths of all files and folders; each change of this set is an event."""
        return frozenset(Path(folder, name) for folder, _, names in os.walk(self.root) for name in ("", *names))

    def incomplete_files(self):
        """List incomplete files."""
        return [path for path in self.root.rglob(".*.part") if path.is_file()]


class Events:
    """Counts the observed changes of a project's set of files."""

    def __init__(self, place):
        self.place, self.seen, self.count = place, place.listing(), 0

    def update(self):
        now = self.place.listing()
        self.count += now != self.seen
        self.seen = now
        return self.count


@pytest.fixture
def place(project, newsroom, model, run):
    articles, _ = newsroom(400, random_state=5)
    articles["id"] = [f"w{number}" for number in range(len(articles))]
    return Newsroom(project, articles, model, run)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_commands_stopped_at_any_moment_leave_all_or_nothing_and_resume(
    place, begin, run, operation, number, rounds, figure, wait_until
):
    place.prepare(operation)
    watched = Events(place)
    command = begin(*place.arguments[operation])

    def watch_until_end():
        watched.update()
        return command.poll() is not None

    wait_until(watch_until_end, seconds=300, every=0.001)
    assert command.wait().returncode == 0
    events, expected = watched.count, place.output_of(operation)
    assert expected is not None
    assert events > 0
    rng, n_stopped, wanted = random.Random(11), 0, rounds(1, 30)
    for _ in range(20 * wanted):
        if n_stopped == wanted:
            break
        place.prepare(operation)
        command, watched, stop_after = begin(*place.arguments[operation]), Events(place), rng.randint(0, events)
        wait_until(lambda: watched.update() >= stop_after or command.poll() is not None, seconds=300, every=0.001)  # noqa: B023
        command.kill_group(number)
        ended = command.wait()
        n_stopped += ended.returncode != 0
        assert ended.returncode in (0, -number, 128 + number), ended.output
        if ended.returncode == 128 + number:
            assert "stopped. No file is incomplete. Run the command again to continue." in ended.output
            # A signal between the creation of a file and the line that registers it leaves an empty file.
            assert not [path for path in place.incomplete_files() if path.stat().st_size]
        if operation != "log":
            assert place.output_of(operation) in (None, expected)
        again = run(*place.arguments[operation])
        assert again.returncode == 0, again.output
        assert place.output_of(operation) == expected
    assert n_stopped == wanted, "too many commands ended before they could be stopped"
    figure("times stopped", n_stopped)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_commands_report_a_full_disk_and_succeed_with_more_space(place, disk, run, refused, operation, rounds, figure):
    place.prepare(operation)
    shutil.copytree(place.root, disk("size=100m") / "project")
    newsroom_on_disk = Newsroom.__new__(Newsroom)
    newsroom_on_disk.__dict__ |= {**place.__dict__, "root": place.root.parent / "disk" / "project"}
    newsroom_on_disk.project = type(place.project)(newsroom_on_disk.root)
    used = shutil.disk_usage(newsroom_on_disk.root).used // 1024
    n_full, spare = 0, 8
    while True:
        disk(f"size={used + int(spare)}k")
        ended = run(*place.arguments[operation], folder=newsroom_on_disk.root)
        if ended.returncode == 0:
            break
        n_full += 1
        refused(ended)
        assert re.search(FULL_DISK[operation], ended.output), ended.output
        if operation in ("import", "label"):
            assert newsroom_on_disk.output_of(operation) is None
        spare *= rounds(3, 1.3)
    assert n_full > 0
    assert newsroom_on_disk.output_of(operation) is not None
    figure("times the disk was full", n_full)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_commands_report_a_read_only_disk_and_change_nothing(place, disk, run, refused, operation):
    place.prepare(operation)
    shutil.copytree(place.root, disk("size=100m") / "project")
    root = place.root.parent / "disk" / "project"
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    disk("ro")
    refused(run(*place.arguments[operation], folder=root), "cannot", "ead-only file system")
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_label_store_loses_no_decision_on_a_full_or_read_only_disk(project, disk, figure):
    taxonomy = read_taxonomy(project.root / "data" / "topics.toml")
    folder = disk("size=100m")
    store = LabelStore(folder / "maria.csv", "maria", taxonomy)
    store.open()
    decisions, n_refused = {}, 0
    disk("size=48k")
    for number in range(2000):
        try:
            decisions[f"n{number}"] = store.decide(f"n{number}", ("courts",), "random")
        except KeptAside as error:  # saved in the journal
            assert "No space left on device" in str(error)
            decisions[f"n{number}"] = error.row
            n_refused += 1
        except ProjectError as error:
            assert "No space left on device" in str(error)
            n_refused += 1
        if n_refused == 20:
            break
    assert n_refused == 20
    disk("size=10m")
    assert store.open() == decisions
    disk("ro")
    with pytest.raises(ProjectError, match="Nothing is saved"):
        store.decide("n9999", ("courts",), "random")
    saved = read_label_file(store.path, taxonomy.names)
    saved[[*DESIGN_COLUMNS]] = ""  # these articles were not drawn
    assert {row["article_id"]: row for row in saved.to_dict("records")} == decisions
    figure("decisions before and while the disk was full", len(decisions))


def test_commands_name_a_parquet_file_with_a_damaged_page(place, run, refused, rounds, figure):
    corpus = place.project.corpora / "newsroom.parquet"
    content, intact = corpus.read_bytes(), pd.read_parquet(corpus)
    n_damaged = 0
    positions = range(100, len(content) - 2000, len(content) // rounds(3, 12))
    for start in positions:
        corpus.write_bytes(content[:start] + b"\xff" * 40 + content[start + 40 :])
        try:
            pd.testing.assert_frame_equal(pd.read_parquet(corpus), intact)
            damaged = False
        except (arrow.ArrowException, OSError):
            damaged = True
        n_damaged += damaged
        compared = run("compare", SPEC, "--no-log", "--jobs", "1", "--no-resume")
        if damaged:
            refused(compared, "newsroom.parquet")
        else:  # the damage is in bytes that no reader uses
            assert compared.returncode == 0, compared.output
        (place.root / "broken.parquet").write_bytes(corpus.read_bytes())
        imported = run("import", "broken.parquet", "new.csv", "--output", "new.parquet")
        assert imported.returncode == 0, imported.output
        assert len(read_corpus(place.root / "new.parquet")) >= 400, "undamaged rows are read"
        labelled = run("label", "broken.parquet", "--output", "out.csv", "--model", place.arguments["label"][-1])
        if labelled.returncode != 0:
            refused(labelled, "broken.parquet")
        assert ("broken.parquet" in labelled.output) == damaged, labelled.output
    assert n_damaged > 0
    figure("places", len(positions))


def test_compare_command_saves_the_comparison_when_the_store_is_truncated(place, run, refused, rounds, figure):
    shares = rounds((0.3,), (0, 0.01, 0.3, 0.9))
    for share in shares:
        check_truncated_store(place, run, refused, share)
    figure("lengths it was cut to", len(shares))


def check_truncated_store(place, run, refused, share):
    place.prepare("compare")
    assert run(*place.arguments["compare"]).returncode == 0
    runs = place.finished()
    database = place.project.mlflow_database
    for wal in ("mlflow.db-wal", "mlflow.db-shm"):
        (place.root / wal).unlink(missing_ok=True)
    content = database.read_bytes()
    database.write_bytes(content[: int(len(content) * share)] if share else b"no database")
    again = run(*place.arguments["compare"])
    refused(again, "No result is lost", "topicdesk log --resume")
    refused(run("runs"), "mlflow.db")
    database.write_bytes(content)
    resumed = run("log", "--resume")
    assert resumed.returncode == 0, resumed.output
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


def test_compare_command_reports_a_worker_killed_for_memory_and_resumes(place, begin, refused):
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
    assert again.returncode == 0, again.output
    assert "checkpoints of a run that was stopped" in again.output


def test_results_do_not_depend_on_clock_jumps(place, run, time_machine):
    labels = LabelStore(place.project.labels / "maria.csv", "maria", read_taxonomy(place.root / "data" / "topics.toml"))
    labels.open()
    for when, topics in (("2026-03-01", ("courts",)), ("2025-01-01", ()), ("2031-01-01", ("rail",))):
        time_machine.move_to(when)
        before = labels.open().get("n1")
        labels.decide("n1", topics, "random", seen=before)
        assert labels.open()["n1"]["topics"] == topics, "the last decision is valid, whatever the clock says"
    place.prepare("compare")
    assert run(*place.arguments["compare"], "--no-log", moment="2026-03-02").returncode == 0
    lock = place.output_of("compare")
    again = run(*place.arguments["compare"], moment="2024-01-01")
    assert again.returncode == 0, again.output
    assert place.output_of("compare") == lock
    assert run(*place.arguments["label"], moment="2024-01-01").returncode == 0
    labelled = place.output_of("label")
    assert run(*place.arguments["label"], moment="2027-01-01").returncode == 0
    assert place.output_of("label") == labelled


@pytest.mark.slow
def test_label_files_waits_for_a_rename_that_becomes_visible_late(place, monkeypatch):
    """On a network file system, other machines see a new file name after a delay."""
    from topicdesk.prediction import _parts, label_files
    from topicdesk.tracking import load_labeller

    rename = Path.replace

    def late(self, target):
        if "part-" not in str(target):
            return rename(self, target)
        delayed = self.with_name(f"late-{self.name}")
        os.link(self, delayed)
        threading.Timer(0.3, lambda: rename(delayed, target)).start()
        return target

    labeller = load_labeller(place.arguments["label"][-1])
    expected = label_files(labeller, ["new.csv"], "whole.csv", n_jobs=1).output.read_bytes()
    monkeypatch.setattr(Path, "replace", late)
    assert label_files(labeller, ["new.csv"], "late.csv", n_jobs=1).output.read_bytes() == expected
    # The constant is private, because no user needs to change it. Without this line, the test waits for two minutes.
    monkeypatch.setattr(_parts, "_PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(
        Path, "replace", lambda self, target: target if "part-" in str(target) else rename(self, target)
    )
    with pytest.raises(EngineError, match=r"part-000000.* was written twice but does not exist"):
        label_files(labeller, ["new.csv"], "never.csv", n_jobs=1)
