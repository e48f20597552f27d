"""Concurrent processes on one label folder, store, cache or output give the same result as one process."""

import os
import sqlite3

import pytest

from topicdesk._locks import exclusive_lock
from topicdesk.annotation import LabelStore, read_label_file, read_taxonomy
from topicdesk.annotation.annotations import write_label_rows
from topicdesk.corpus import read_corpus
from topicdesk.experiment import lock_path

TEN = 10
SPEC = "experiments/small.toml"


def in_processes(work):
    """Run ``work(number)`` in ten processes, and return their exit codes."""
    children = []
    for number in range(TEN):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(number)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


@pytest.mark.slow
@pytest.mark.parametrize("annotators", [1, TEN])
def test_label_store_loses_no_decision_of_ten_concurrent_processes(project, rounds, figure, annotators):
    taxonomy = read_taxonomy(project.root / "data" / "topics.toml")
    each = rounds(30, 300)
    kinds = [(), ("courts",), ("courts", "rail")]

    def store(number):
        name = f"annotator{number % annotators}"
        return LabelStore(project.labels / f"{name}.csv", name, taxonomy)

    def window(number):
        own = store(number)
        own.open()
        for article in range(each):
            own.decide(f"w{number}-n{article}", kinds[(number + article) % 3], "random", note=f"of {number}")

    assert in_processes(window) == [0] * TEN
    decided = {}
    for number in range(annotators):
        rows = read_label_file(store(number).path, taxonomy.names).to_dict("records")
        decided |= {row["article_id"]: (row["topics"], row["note"]) for row in rows}
        assert not store(number).journal.read_bytes()
        # The rows have the order in which one process would have written them.
        write_label_rows(rows, project.root / "serial.csv")
        assert (project.root / "serial.csv").read_bytes() == store(number).path.read_bytes()
    assert decided == {
        f"w{number}-n{article}": (kinds[(number + article) % 3], f"of {number}")
        for number in range(TEN)
        for article in range(each)
    }
    figure("decisions", len(decided))


def runs_of(project):
    store = sqlite3.connect(f"file:{project.mlflow_database}?mode=ro", uri=True)
    try:
        return store.execute(
            """SELECT m.key, m.value, count(*) FROM latest_metrics m JOIN runs r ON r.run_uuid = m.run_uuid
            WHERE r.status = 'FINISHED' AND m.key NOT LIKE '%seconds%' AND m.key NOT LIKE 'system/%'
            GROUP BY m.key, m.value ORDER BY 1, 2"""
        ).fetchall()
    finally:
        store.close()


def test_concurrent_compare_commands_give_the_results_of_a_single_one(project, begin, run, rounds, figure):
    single = run("compare", SPEC, "--jobs", "1")
    assert single.returncode == 0, single.output
    lock = lock_path(project.root / SPEC)
    written, logged = lock.read_bytes(), runs_of(project)
    lock.unlink()
    for name in ("mlflow.db", "mlflow.db-wal", "mlflow.db-shm"):
        (project.root / name).unlink(missing_ok=True)
    n_concurrent = rounds(4, TEN)
    commands = [begin("compare", SPEC, "--jobs", "1") for _ in range(n_concurrent)]
    ended = [command.wait() for command in commands]
    assert [result.returncode for result in ended] == [0] * n_concurrent, next(
        result.output for result in ended if result.returncode
    )
    assert lock.read_bytes() == written
    assert runs_of(project) == [(key, value, n_concurrent * count) for key, value, count in logged]
    assert not list(project.cells.glob("*/*.npz")), "the last process removes the checkpoints"
    figure("metrics in the store", sum(count for *_, count in runs_of(project)))


def test_concurrent_import_commands_write_the_file_of_a_single_one(project, newsroom, begin, run):
    articles, _ = newsroom(200, random_state=5)
    articles.to_csv(project.root / "new.csv", index=False)
    assert run("import", "new.csv", "--output", "new.parquet").returncode == 0
    expected = read_corpus(project.root / "new.parquet").to_csv()
    (project.root / "new.parquet").unlink()
    commands = [begin("import", "new.csv", "--output", "new.parquet") for _ in range(TEN)]
    assert [command.wait().returncode for command in commands] == [0] * TEN
    assert read_corpus(project.root / "new.parquet").to_csv() == expected
    assert not list(project.root.glob(".new.parquet*"))


def test_concurrent_label_commands_write_the_file_of_a_single_one(project, newsroom, model, begin, run):
    articles, _ = newsroom(200, random_state=5)
    articles.to_csv(project.root / "new.csv", index=False)
    arguments = ("label", "new.csv", "--output", "out.csv", "--model", model)
    assert run(*arguments).returncode == 0
    expected = (project.root / "out.csv").read_bytes()
    (project.root / "out.csv").unlink()
    commands = [begin(*arguments) for _ in range(TEN)]
    ended = [command.wait() for command in commands]
    rejected = [result for result in ended if result.returncode != 0]
    assert len(rejected) < TEN, [result.output for result in ended]
    for result in rejected:
        assert result.returncode == 2, result.output
        assert "out.csv: another process writes to it. Wait until it ends" in result.output
    assert (project.root / "out.csv").read_bytes() == expected
    assert not (project.root / ".out.csv.parts").exists()


def test_label_command_rejects_an_output_that_another_process_writes(project, newsroom, model, run, refused):
    articles, _ = newsroom(20, random_state=5)
    articles.to_csv(project.root / "new.csv", index=False)
    with exclusive_lock(project.root / ".out.csv.lock"):
        ended = run("label", "new.csv", "--output", "out.csv", "--model", model)
    refused(ended, "out.csv: another process writes to it. Wait until it ends")
    assert not list(project.root.glob("*out.csv*"))
