"""label_files writes each row once, in order, with its columns, despite faults and interruptions."""

import csv
import gc
import io
import json
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
import weakref
import zipfile
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from topicdesk._answers import MOST_CHARACTERS
from topicdesk.corpus import read_articles
from topicdesk.errors import CorpusError, EngineError, LabellerError, ProjectError
from topicdesk.evaluation import DaskEngine
from topicdesk.prediction import Labeller, _parts, label_files

JURY = "A jury found the defendant guilty and the verdict was read."
TRAIN = "Commuter trains stood still at the central station while passengers waited on the platform."
ADDED = ["topics", "p_courts", "p_rail", "reason", "abstain"]


@pytest.fixture
def articles(newsroom):
    table, _ = newsroom(230)
    return pd.DataFrame({"headline": table["title"], "number": range(230), "body": table["text"], "id": table["id"]})


def write(table, path):
    match path.suffix:
        case ".csv":
            table.to_csv(path, index=False)
        case ".tsv":
            table.to_csv(path, index=False, sep="\t")
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in table.to_dict("records")))
        case ".json":
            path.write_text(json.dumps(table.to_dict("records")))
        case ".parquet":
            table.to_parquet(path, index=False, row_group_size=23)
    return path


def write_files(table, folder, ending, rows=40):
    """Write a table to files with so many rows. Each file is a batch, or a task if it is Parquet."""
    folder.mkdir()
    starts = range(0, len(table), rows)
    return [write(table.iloc[start : start + rows], folder / f"{start:04d}{ending}") for start in starts]


def with_hook(labeller, hook):
    """Return the labeller with a method `label` that first calls a function with the articles of the batch."""

    class HookedLabeller(Labeller):  # a local class, which is copied to other processes
        def label(self, articles, explain=0):
            hook(articles)
            return super().label(articles, explain)

    return HookedLabeller(**{field.name: getattr(labeller, field.name) for field in fields(labeller)})


def read(path):
    match path.suffix:
        case ".csv" | ".tsv":
            return pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",", dtype="str", keep_default_na=False)
        case ".jsonl":
            return pd.DataFrame([json.loads(line) for line in path.read_text().splitlines()])
        case _:
            return pd.read_parquet(path)


@pytest.mark.parametrize("source", [".csv", ".tsv", ".jsonl", ".json", ".parquet"])
@pytest.mark.parametrize("target", [".csv", ".jsonl", ".parquet", ""])
def test_label_files_keeps_rows_and_columns_for_each_pair_of_formats(labeller, articles, tmp_path, source, target):
    files = write_files(articles, tmp_path / "in", source)
    account = label_files(labeller, files, tmp_path / f"out{target}")
    output = read(account.output)
    assert output.columns.tolist() == [*articles.columns, *ADDED]
    for name in articles:
        assert output[name].astype("str").tolist() == articles[name].astype("str").tolist()
    expected = labeller.label(articles.rename(columns={"headline": "title", "body": "text"}))
    assert output["topics"].tolist() == expected["topics"].tolist()
    assert output["p_rail"].astype(float).tolist() == expected["p_rail"].tolist()
    assert output["reason"].tolist() == expected["reason"].tolist()
    assert (account.rows, account.abstained) == (230, expected["abstain"].sum())
    assert account.side_file is None
    assert account.first(3)["topics"].fillna("").tolist() == expected["topics"].tolist()[:3]
    assert {path.name for path in tmp_path.iterdir()} == {"in", f"out{target}"}


@pytest.mark.slow
@pytest.mark.parametrize("source", [".csv", ".jsonl", ".parquet"])
def test_label_files_labels_a_file_of_several_batches(labeller, articles, tmp_path, source):
    many = pd.concat([articles] * 20, ignore_index=True).assign(number=range(4600))
    many.loc[4500, ["headline", "body"]] = ""
    account = label_files(labeller, [write(many, tmp_path / f"in{source}")], tmp_path / "out.csv", n_jobs=1)
    output = read(account.output)
    assert output["number"].astype(int).tolist() == list(range(4600))
    expected = labeller.label(articles.rename(columns={"headline": "title", "body": "text"}))["topics"].tolist() * 20
    expected[4500] = ""
    assert output["topics"].tolist() == expected
    assert [row for row, *_ in account.unlabelled] == [4501]


@pytest.mark.slow
def test_label_files_labels_a_parquet_file_of_several_tasks(labeller, tmp_path):
    texts = [JURY, TRAIN] * 12_500
    texts[24_000] = ""
    file = tmp_path / "in.parquet"
    parquet.write_table(arrow.table({"text": texts, "number": range(25_000)}), file, row_group_size=5000)
    account = label_files(labeller, [file], tmp_path / "out", n_jobs=1)
    output = [pd.read_parquet(path) for path in sorted(account.output.glob("*.parquet"))]
    assert [len(part) for part in output] == [10_000, 10_000, 5000]
    assert pd.concat(output)["number"].tolist() == list(range(25_000))
    expected = ["courts", "rail"] * 12_500
    expected[24_000] = ""
    assert pd.concat(output)["topics"].fillna("").tolist() == expected
    assert [(row, where) for row, _, where, _ in account.unlabelled] == [(24_001, f"{file}, row 24001")]


@pytest.mark.slow
def test_label_files_gives_the_same_bytes_with_two_processes(labeller, articles, tmp_path):
    files = write_files(articles, tmp_path / "in", ".csv")
    one = label_files(labeller, files, tmp_path / "one.csv", n_jobs=1, explain=2)
    two = label_files(labeller, files, tmp_path / "two.csv", n_jobs=2, explain=2)
    assert one.output.read_bytes() == two.output.read_bytes()
    assert "terms_rail" in read(two.output)


def test_label_files_frees_the_model_when_it_ends(articles, labeller, tmp_path):
    copy = pickle.loads(pickle.dumps(labeller))
    freed = weakref.ref(copy)
    label_files(copy, [write(articles, tmp_path / "in.parquet")], tmp_path / "out.parquet", n_jobs=1)
    del copy
    gc.collect()
    assert freed() is None


def test_label_files_keeps_the_types_of_parquet_columns(labeller, articles, tmp_path):
    table = arrow.table(
        {
            "text": articles["body"].tolist(),
            "day": arrow.array([18_000] * 230, arrow.date32()),
            "tags": [["a", "b"]] * 230,
            "category": arrow.array(["x", "y"] * 115).dictionary_encode(),
            "share": arrow.array([0.1, None] * 115, arrow.float32()),
        }
    )
    parquet.write_table(table, tmp_path / "in.parquet")
    account = label_files(labeller, [tmp_path / "in.parquet"], tmp_path / "out.parquet")
    output = parquet.read_table(account.output)
    assert output.select(["text", "day", "tags", "share"]).equals(table.select(["text", "day", "tags", "share"]))
    assert output["category"].to_pylist() == table["category"].to_pylist()
    assert output.column_names[5:] == ["id", *ADDED]
    assert len(set(output["id"].to_pylist())) == articles["body"].nunique()  # an id depends on the content
    json_account = label_files(labeller, [tmp_path / "in.parquet"], tmp_path / "out.jsonl")
    assert json.loads(json_account.output.read_text().splitlines()[0])["day"] == "2019-04-14"


@pytest.mark.slow
def test_label_files_keeps_and_lists_rows_that_cannot_be_labelled(labeller, tmp_path):
    rows = [
        {"id": "good", "text": "The jury found the defendant guilty."},
        {"id": "missing", "text": None},
        {"id": "empty", "text": " \n "},
        {"id": "number", "text": 12.5},
        {"id": "list", "text": ["The jury"]},
        {"id": "none of it"},
        {"id": "enormous", "text": "train " * (MOST_CHARACTERS // 5)},
        {"id": "foreign", "text": "Суд признал подсудимого виновным."},
        {"id": 8, "text": TRAIN, "more": {"a": [1]}},
        {"id": "surrogate", "text": "The jury \ud800 sat."},
    ]
    lines = [json.dumps(row) for row in rows]
    lines[1:1] = ["{broken", "", "[1, 2]"]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    for ending in (".jsonl", ".csv", ".parquet"):
        account = label_files(labeller, [tmp_path / "in.jsonl"], tmp_path / f"out{ending}")
        output = read(account.output)
        assert output["id"].astype("str").tolist() == [str(row["id"]) for row in rows]
        labelled = output["topics"].notna() & ~output["reason"].str.startswith("not labelled")
        assert output["id"][labelled].astype("str").tolist() == ["good", "foreign", "8", "surrogate"]
        with account.side_file.open(newline="", encoding="utf-8") as file:
            listed = list(csv.DictReader(file))
        assert [(one["row"], one["id"]) for one in listed if one["row"]] == [
            ("2", "missing"), ("3", "empty"), ("4", "number"), ("5", "list"), ("6", "none of it"), ("7", "enormous"),
        ]  # fmt: skip
        assert [one["where"].rpartition(", ")[2] for one in listed if not one["row"]] == ["line 2", "line 4"]
        reasons = {one["id"]: one["why"] for one in listed}
        assert reasons["number"] == "its text is of type float, not a string"
        assert reasons["none of it"].startswith("no text column; the columns are: id")
        assert "characters" in reasons["enormous"]
        assert len(account.unlabelled) == 8
        assert "not labelled: 8, listed in" in str(account)
    good = tmp_path / "good.jsonl"
    good.write_text(lines[0])
    label_files(labeller, [good], tmp_path / "out.csv")
    assert not (tmp_path / "out.unlabelled.csv").exists()


def test_label_files_reports_ragged_rows_and_damaged_files(labeller, articles, tmp_path):
    write(articles, tmp_path / "a.parquet")
    damaged = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(damaged[: len(damaged) // 2])
    (tmp_path / "b.csv").write_text(f"text,more\n{JURY},1\nToo,many,fields\n{TRAIN},2\n")
    (tmp_path / "c.note").write_text("not read")
    account = label_files(labeller, [tmp_path], tmp_path / "out" / "all.csv")
    assert read(account.output)["topics"].tolist() == ["courts", "rail"]
    assert [Path(where.partition(",")[0]).name for _, _, where, _ in account.unlabelled] == [
        "c.note",
        "a.parquet",
        "b.csv",
    ]


def test_label_files_splits_pages_into_articles_and_teasers_beside_tables(labeller, tmp_path):
    (tmp_path / "page.txt").write_text(
        "Jury finds mayor guilty\nHARBOUR/ 30.06.23/ Coast: A jury found the mayor guilty on both counts on Friday.\n"
        "The judge will read the sentence in July.\nAnna Holm\nCourts\n-\nCommuter trains stood still at the station, "
        "and passengers waited for hours on the platform of the central station.\nLeave a review\n"
    )
    write(
        pd.DataFrame({"title": ["Trains late"], "text": [TRAIN], "x": [1]}),
        tmp_path / "t.csv",
    )
    account = label_files(labeller, [tmp_path / "page.txt", tmp_path / "t.csv"], tmp_path / "out.csv")
    output = read(account.output)
    assert output["topics"].tolist() == ["courts", "rail", "rail"]
    assert output["kind"].tolist() == ["article", "teaser", ""]
    assert output["place"][0] == "HARBOUR"
    assert output["x"].tolist() == ["", "", "1"]
    assert output["id"].str.len().min() > 8


def test_label_files_cleans_texts_on_request_and_writes_them_unchanged(labeller, tmp_path):
    dirty = "HARBOUR, June 30 (Coast) - The jury found the defendant guilty."
    write(pd.DataFrame({"text": [dirty]}), tmp_path / "in.jsonl")
    plain = read(label_files(labeller, [tmp_path / "in.jsonl"], tmp_path / "a.jsonl").output)
    clean = read(label_files(labeller, [tmp_path / "in.jsonl"], tmp_path / "b.jsonl", clean=True).output)
    assert plain["text"].tolist() == clean["text"].tolist() == [dirty]
    assert clean["p_courts"][0] == labeller.label("The jury found the defendant guilty.")["p_courts"][0]


def test_label_files_never_overwrites_a_column(labeller, tmp_path):
    file = write(pd.DataFrame({"text": ["The jury sat."], "topics": ["mine"]}), tmp_path / "in.csv")
    with pytest.raises(LabellerError, match=r"the column 'topics' already exists .*--prefix"):
        label_files(labeller, [file], tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    output = read(label_files(labeller, [file], tmp_path / "out.csv", prefix="label_").output)
    assert output.loc[0, ["topics", "label_topics"]].tolist() == ["mine", "courts"]


def test_label_files_rejects_wrong_paths_formats_and_folders(labeller, articles, tmp_path):
    file = write(articles, tmp_path / "in.parquet")
    with pytest.raises(CorpusError, match="no file or folder"):
        label_files(labeller, [tmp_path / "none.csv"], tmp_path / "out.csv")
    with pytest.raises(LabellerError, match=r"the format \.xlsx is not supported"):
        label_files(labeller, [file], tmp_path / "out.xlsx")
    with pytest.raises(LabellerError, match="Parquet files that topicdesk did not write"):
        label_files(labeller, [file], tmp_path)
    assert file.exists()
    write(pd.DataFrame({"words": ["The jury sat."]}), tmp_path / "t.csv")
    with pytest.raises(CorpusError, match="no text column; the columns are: words"):
        label_files(labeller, [tmp_path / "t.csv"], tmp_path / "out.csv")
    account = label_files(labeller, [tmp_path / "t.csv"], tmp_path / "out.csv", columns={"text": "words"})
    assert read(account.output)["topics"].tolist() == ["courts"]


def test_label_files_rejects_outputs_that_would_replace_a_file_of_somebody_else(labeller, articles, tmp_path):
    file = write(articles, tmp_path / "in.csv")
    (tmp_path / "out").write_text("mine")
    with pytest.raises(LabellerError, match="out is a file, and the output is a folder of Parquet files"):
        label_files(labeller, [file], tmp_path / "out")
    theirs = tmp_path / "labelled.unlabelled.csv"
    theirs.write_text("id,topics\n1,\n")
    with pytest.raises(LabellerError, match=r"labelled\.unlabelled\.csv exists, and topicdesk did not write it"):
        label_files(labeller, [file], tmp_path / "labelled.csv")
    assert theirs.read_text() == "id,topics\n1,\n"
    assert not (tmp_path / "labelled.csv").exists()
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ProjectError, match=r"folder\.csv"):
        label_files(labeller, [file], tmp_path / "folder.csv")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.parquet", b"PAR1"),
        ("a.jsonl", b"no JSON\n"),
        ("a.json", b"["),
        ("a.zip", b"PK"),
        ("a.html", b""),
        ("a.xml", b"<a>"),
    ],
)
def test_label_files_rejects_input_of_which_nothing_can_be_read(labeller, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    for output in ("out.csv", "out.parquet", "out"):
        with pytest.raises(CorpusError, match=name.replace(".", r"\.")):
            label_files(labeller, [tmp_path / name], tmp_path / output, n_jobs=1)
        assert not (tmp_path / output).is_file()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_label_files_and_read_articles_reject_a_named_pipe(labeller, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for read in (lambda: label_files(labeller, [tmp_path / "pipe.csv"], tmp_path / "out.csv"),
                 lambda: read_articles([tmp_path / "pipe.csv"])):  # fmt: skip
        with pytest.raises(CorpusError, match=r"pipe\.csv is not a regular file"):
            read()


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_label_files_reads_any_format_from_standard_input(labeller, articles, tmp_path, monkeypatch, ending):
    content = write(articles, tmp_path / f"in{ending}").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert label_files(labeller, ["-"], tmp_path / "out.csv").rows == 230
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"in{ending}", "out.csv"]


def test_label_files_does_not_resume_with_other_standard_input_of_the_same_length(labeller, tmp_path, monkeypatch):
    outputs = []
    for topic in (JURY, TRAIN[: len(JURY)]):
        content = json.dumps({"text": topic}).encode() + b"\n"
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content * 50)))
        outputs.append(read(label_files(labeller, ["-"], tmp_path / "out").output)["topics"].tolist())
    assert outputs[0] == ["courts"] * 50
    assert outputs[1] != outputs[0]


def test_label_files_reports_output_files_with_different_columns(labeller, articles, tmp_path):
    write(articles, tmp_path / "a.csv")
    write(articles.assign(more=1), tmp_path / "b.csv")
    account = label_files(labeller, [tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "out")
    assert account.uneven
    assert "the output files have different columns" in str(account)
    one = label_files(labeller, [tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "out.parquet")
    assert not one.uneven
    assert read(one.output)["more"].isna().sum() == 230


def kill_while_labelling(labeller, files, output, new_parts):
    """Label in a child process, and kill it once it has written so many new parts or the complete output.

    Return whether it was killed; it may end before.
    """
    accounts = output.with_name(f".{output.name}.parts") if output.suffix else output / "_parts"

    def count_parts():
        return len(list(accounts.glob("part-*.json")))

    def output_inode():
        return output.stat().st_ino if output.suffix and output.exists() else None

    n_parts, inode_before = count_parts() + new_parts, output_inode()
    child = os.fork()
    if child == 0:
        label_files(labeller, files, output, n_jobs=1)
        os._exit(0)
    while count_parts() < n_parts and output_inode() == inode_before:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0
            return False
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.slow
@pytest.mark.parametrize(("source", "target"), [(".jsonl", "out.csv"), (".jsonl", "out.parquet"), (".parquet", "out")])
def test_label_files_killed_at_random_moments_gives_the_uninterrupted_output(
    labeller, articles, tmp_path, rounds, source, target
):
    many = pd.concat([articles] * 4, ignore_index=True).assign(number=range(920))
    files = write_files(many, tmp_path / "in", source, rows=10)
    expected = label_files(labeller, files, tmp_path / f"whole{Path(target).suffix}", n_jobs=1)
    n_parts = len(list((expected.output / "_parts").glob("part-*.json"))) if target == "out" else 92
    moments, kills, wanted = random.Random(7), 0, rounds(4, 10)
    for _ in range(10 * wanted):
        if kills == wanted:
            break
        # One process in four is killed once its output exists, which is during its cleanup.
        new_parts = moments.choice([n_parts, *moments.choices(range(n_parts // 3), k=3)])
        if kill_while_labelling(labeller, files, tmp_path / target, new_parts):
            kills += 1
        elif (tmp_path / target).is_dir():  # it was complete: start again
            shutil.rmtree(tmp_path / target)
        else:
            (tmp_path / target).unlink()
    assert kills == wanted, "too many runs ended before they could be killed"
    account = label_files(labeller, files, tmp_path / target, n_jobs=1)
    assert account.rows == 920
    if target == "out":
        pd.testing.assert_frame_equal(read(account.output), read(expected.output))
    else:
        assert account.output.read_bytes() == expected.output.read_bytes()


def test_label_files_resumes_after_an_interruption_and_restarts_for_other_input(labeller, articles, tmp_path):
    files, texts = write_files(articles, tmp_path / "in", ".jsonl"), articles["body"].tolist()
    labelled = []

    def interrupt_the_fourth_batch(batch):
        if len(labelled) == 120:
            raise KeyboardInterrupt
        labelled.extend(batch["text"])

    interrupted = with_hook(labeller, interrupt_the_fourth_batch)
    with pytest.raises(KeyboardInterrupt):
        label_files(interrupted, files, tmp_path / "out.csv", n_jobs=1)
    assert not (tmp_path / "out.csv").exists()
    rest = []
    counting = with_hook(labeller, lambda batch: rest.extend(batch["text"]))
    account = label_files(counting, files, tmp_path / "out.csv", n_jobs=1)
    assert (labelled, rest) == (texts[:120], texts[120:])
    assert account.resumed == 120
    assert "120 of them before an interruption" in str(account)
    labelled.clear()
    with pytest.raises(KeyboardInterrupt):
        label_files(interrupted, files, tmp_path / "out.csv", n_jobs=1)
    write(articles.head(50), files[0])
    account = label_files(labeller, files, tmp_path / "out.csv", n_jobs=1)
    assert (account.rows, account.resumed) == (240, 0)


@pytest.mark.parametrize(
    ("ending", "name"), [(".csv", "out.csv"), (".jsonl", "out.jsonl"), (".parquet", "out.parquet"), (".parquet", "out")]
)
def test_label_files_refuses_a_file_that_changes_while_it_is_labelled(labeller, articles, tmp_path, ending, name):
    files, output = write_files(articles, tmp_path / "in", ending, rows=80), tmp_path / name
    labelled = []

    def change_a_file(batch):
        labelled.append(len(batch))
        if len(labelled) == 2:  # a file that is labelled already, in part or wholly
            write(articles.tail(60), tmp_path / f"new{ending}").replace(files[0])

    with pytest.raises(CorpusError, match=rf"0000\{ending} changed while it was read\. Nothing is written"):
        label_files(with_hook(labeller, change_a_file), files, output, n_jobs=1)
    assert not output.exists() or not list(output.glob("*.parquet"))
    account = label_files(labeller, files, output, n_jobs=1)
    assert (account.rows, account.resumed) == (60 + 150, 0)
    assert read(output)["id"].tolist() == [*articles["id"].tail(60), *articles["id"].iloc[80:]]


def write_parts(labeller, files, output):
    """Label files into parts that are not joined, because a file of that size cannot be written."""
    resource = pytest.importorskip("resource", reason="Windows has no limit of file sizes")
    whole = label_files(labeller, files, output.with_name(f"whole{output.suffix}"), n_jobs=1).output
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (whole.stat().st_size - 1, limits[1]))
    try:
        with pytest.raises(ProjectError, match="cannot write"):
            label_files(labeller, files, output, n_jobs=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    whole.unlink()
    return output.with_name(f".{output.name}.parts")


def lose_a_part(folder, ending):
    (folder / f"part-000001{ending}").unlink()


def shorten_a_part(folder, ending):
    part = folder / f"part-000001{ending}"
    part.write_bytes(part.read_bytes()[:-10])


def lose_all_but_the_accounts(folder, ending):
    for part in folder.glob(f"part-*{ending}"):
        part.unlink()


def damage_an_account(folder, ending):
    (folder / "part-000001.json").write_text("{")


# A part that no process writes is not waited for: that would take a minute.
WAIT_SECONDS = 60


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize(
    ("fault", "resumed"),
    [(lose_a_part, 190), (shorten_a_part, 190), (lose_all_but_the_accounts, 0), (damage_an_account, 190)],
)
def test_label_files_killed_during_cleanup_gives_the_same_bytes_when_run_again(
    labeller, articles, tmp_path, fault, resumed, ending
):
    files, output = write_files(articles, tmp_path / "in", ".jsonl"), tmp_path / f"out{ending}"
    fault(write_parts(labeller, files, output), ending)
    expected = label_files(labeller, files, tmp_path / "whole" / output.name, n_jobs=1).output.read_bytes()
    output.write_bytes(expected)
    account = label_files(labeller, files, output, n_jobs=1)
    assert output.read_bytes() == expected
    assert account.resumed == resumed
    assert account.seconds < WAIT_SECONDS
    assert {path.name for path in tmp_path.iterdir()} == {"in", "whole", output.name}


def test_label_files_killed_after_renaming_its_part_folder_gives_the_same_bytes(labeller, articles, tmp_path):
    files, output = write_files(articles, tmp_path / "in", ".jsonl"), tmp_path / "out.csv"
    expected = label_files(labeller, files, tmp_path / "whole" / "out.csv", n_jobs=1).output.read_bytes()
    left = tmp_path / ".out.csv.parts.0123456789ab.removed"
    write_parts(labeller, files, output).rename(left)
    lose_a_part(left, ".csv")
    (tmp_path / ".out.csv.lock").touch()
    output.write_bytes(expected)
    assert label_files(labeller, files, output, n_jobs=1).output.read_bytes() == expected
    assert {path.name for path in tmp_path.iterdir()} == {"in", "whole", output.name}


@pytest.mark.parametrize("name", ["out.csv", "out"])
def test_label_files_removes_what_a_killed_run_left_of_a_file(labeller, articles, tmp_path, name):
    output = tmp_path / name
    left = tmp_path / ".out.csv.abcd_123.part" if output.suffix else output / ".part-000001.parquet.abcd_123.part"
    left.parent.mkdir(exist_ok=True)
    left.write_text("a part of the output")
    of_another = left.with_name(".other.csv.abcd_123.part")
    of_another.write_text("another output")
    label_files(labeller, [write(articles, tmp_path / "in.jsonl")], output, n_jobs=1)
    assert not left.exists()
    assert of_another.exists()


def test_label_files_replaces_a_part_that_is_missing_from_an_output_folder(labeller, articles, tmp_path):
    files, output = write_files(articles, tmp_path / "in", ".parquet", rows=23), tmp_path / "out"
    expected = read(label_files(labeller, files, output, n_jobs=1).output)
    lose_a_part(output, ".parquet")
    account = label_files(labeller, files, output, n_jobs=1)
    pd.testing.assert_frame_equal(read(account.output), expected)
    assert (account.rows, account.resumed) == (230, 207)
    assert account.seconds < WAIT_SECONDS


def test_label_files_replaces_a_part_that_is_lost_after_it_was_written(labeller, articles, tmp_path, monkeypatch):
    files, batches = write_files(articles, tmp_path / "in", ".jsonl"), []
    expected = label_files(labeller, files, tmp_path / "whole.csv", n_jobs=1).output.read_bytes()

    def lose_the_third_part(batch):
        batches.append(len(batch))
        if len(batches) == 4:
            (tmp_path / ".out.csv.parts" / "part-000002.csv").unlink()

    # The constant is private, because no user needs to change it. Without this line, the test waits for a minute.
    monkeypatch.setattr(_parts, "_PATIENCE_SECONDS", 0.1)
    account = label_files(with_hook(labeller, lose_the_third_part), files, tmp_path / "out.csv", n_jobs=1)
    assert batches == [40, 40, 40, 40, 40, 30, 40], "the third part is labelled again, and no other"
    assert account.output.read_bytes() == expected
    assert (account.rows, account.resumed) == (230, 0)


def test_label_files_restarts_for_other_input_into_a_parquet_file(labeller, articles, tmp_path):
    files, output = write_files(articles, tmp_path / "in", ".jsonl"), tmp_path / "out.parquet"
    write_parts(labeller, files, output)
    write(articles.head(50), files[0])
    account = label_files(labeller, files, output, n_jobs=1)
    assert (account.rows, account.resumed) == (240, 0)
    assert read(output)["number"].tolist() == [*range(50), *range(40, 230)]


def test_label_files_does_not_read_parts_of_its_output_as_input(labeller, articles, tmp_path):
    write(articles, tmp_path / "in.csv")
    left = tmp_path / ".out.csv.parts"
    left.mkdir()
    (left / "part-000000.csv").write_text("text\nThe jury sat.\n")
    account = label_files(labeller, [tmp_path], tmp_path / "out.csv", n_jobs=1)
    assert (account.rows, account.unlabelled) == (230, ())


@pytest.mark.slow
def test_label_files_reports_a_process_that_was_killed_and_keeps_finished_parts(labeller, articles, tmp_path):
    files, survive = write_files(articles, tmp_path / "in", ".csv"), tmp_path / "survive"
    deadly = "The jury sat on the day of the deadly article."
    write(articles.iloc[80:120].assign(body=deadly), files[2])

    def die_at_the_third_batch(batch):
        if deadly in batch["text"].tolist() and not survive.exists():
            os.kill(os.getpid(), signal.SIGKILL)

    mortal = with_hook(labeller, die_at_the_third_batch)
    with pytest.raises(EngineError, match="killed, probably out of memory"):
        label_files(mortal, files, tmp_path / "out.csv", n_jobs=2)
    survive.touch()
    account = label_files(mortal, files, tmp_path / "out.csv", n_jobs=2)
    assert account.rows == 230
    assert 40 <= account.resumed <= 190, "a process labels the third batch after one of the first two"


MEMORY = """
import pickle, resource, sys
from topicdesk.prediction import label_files
labeller = pickle.load(open(sys.argv[1], "rb"))
label_files(labeller, [sys.argv[2]], sys.argv[3], n_jobs=1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_label_files_needs_no_more_memory_for_more_rows(labeller, tmp_path):
    (tmp_path / "labeller").write_bytes(pickle.dumps(labeller))
    used = {}
    for rows in (10_000, 100_000):
        file = tmp_path / f"{rows}.jsonl"
        file.write_text("".join(f'{{"id": "{row}", "text": "The jury sat on day {row}."}}\n' for row in range(rows)))
        command = [sys.executable, "-c", MEMORY, tmp_path / "labeller", file, tmp_path / f"{rows}.parquet"]
        used[rows] = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert used[100_000] < 1.1 * used[10_000]


def test_label_files_on_a_cluster_gives_the_local_output_after_losing_a_worker(labeller, articles, tmp_path, cluster):
    many = pd.concat([articles] * 3, ignore_index=True).assign(number=range(690))
    files = write_files(many, tmp_path / "in", ".parquet", rows=60)
    expected = read(label_files(labeller, files, tmp_path / "here").output)
    cluster.add_worker()
    cluster.add_worker()
    engine = _KillingEngine(cluster)
    account = label_files(labeller, files, tmp_path / "there", engine=engine)
    assert engine.killed
    pd.testing.assert_frame_equal(read(account.output), expected)
    assert account.rows == 690
    with pytest.raises(LabellerError, match="a cluster writes a folder"):
        label_files(labeller, files, tmp_path / "there.csv", engine=engine)
    with pytest.raises(LabellerError, match="a cluster labels only Parquet files"):
        label_files(labeller, [write(articles, tmp_path / "in.csv")], tmp_path / "other", engine=engine)


class _KillingEngine:
    """Dask engine that kills a worker after the first result."""

    def __init__(self, cluster):
        self.cluster, self.killed = cluster, False

    def run(self, work, shared, tasks):
        for result in DaskEngine(self.cluster.address, patience=600).run(work, shared, tasks):
            if not self.killed:
                os.killpg(self.cluster.workers[0].pid, signal.SIGKILL)
                self.killed = True
            yield result


def test_label_files_reads_feeds_web_pages_and_archives(labeller, tmp_path):
    feed = (
        f"<rss version='2.0'><channel><title>Coast</title><item><title>Trial</title><description>{JURY}</description>"
    )
    (tmp_path / "a.rss").write_text(f"{feed}</item></channel></rss>")
    paragraphs = "".join(f"<p>{TRAIN}</p>" for _ in range(6))
    (tmp_path / "b.html").write_text(
        f"<html><head><title>Trains late</title></head><body><article><h1>Trains late</h1>{paragraphs}</article></body>"
        "</html>"
    )
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("in/t.csv", f"text,more\n{JURY},1\n")
        archive.writestr("in/readme.md", "not read")
    account = label_files(labeller, [tmp_path], tmp_path / "out" / "all.jsonl")
    output = read(account.output)
    assert output["topics"].tolist() == ["courts", "rail", "courts"]
    assert output["more"].tolist()[2] == "1"
    assert len(account.unlabelled) == 1
