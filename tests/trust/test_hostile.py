"""Attacks by what is read: markup, formulas, paths, bombs and secrets, each through the whole command."""

import base64
import csv
import json
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

from topicdesk import read_run
from topicdesk.annotation import LabelStore, read_label_file, read_taxonomy, write_annotations
from topicdesk.corpus import read_corpus, summarise_corpus, write_corpus
from topicdesk.errors import LabelsError, SpecError
from topicdesk.experiment import read_spec

SPEC = "experiments/small.toml"
IMAGE, SCRIPT = "<img src=x onerror=window.hacked=1>", '"><script>window.hacked=1</script>'


def poison(project):
    """Put markup that would run into every field of a text that a project has."""
    corpus = project.corpora / "newsroom.parquet"
    articles = read_corpus(corpus)
    for name in ("title", "section", "url", "authors", "place"):
        articles[name] = f"{IMAGE}{name}"
    articles["source"] = [f"{SCRIPT}{number % 3}" for number in range(len(articles))]
    articles["text"] = [f"{IMAGE} {text} {SCRIPT}" for text in articles["text"]]
    write_corpus(articles, corpus)
    taxonomy = project.root / "data" / "topics.toml"
    text = taxonomy.read_text()
    for old in ("A small newsroom", "Courts and judges at work."):
        assert old in text
        text = text.replace(old, f"{IMAGE} {old} '><script>window.hacked=1</script>")
    taxonomy.write_text(text)
    spec = project.root / SPEC
    spec.write_text(spec.read_text().replace('title = "Small newsroom"', f"title = '{IMAGE}'\nquestion = '{SCRIPT}'"))
    gold = project.labels / "gold.csv"
    labels = read_label_file(gold, ("courts", "rail"))
    write_annotations(labels.assign(annotator=SCRIPT, note=IMAGE), gold)


@pytest.mark.browser
def test_markup_in_every_text_field_is_shown_and_never_run(project, run, chromium):
    poison(project)
    ended = run("compare", SPEC, "--jobs", "1", "--report", "report.html")
    assert ended.returncode == 0, ended.said
    listed = run("runs")
    assert listed.returncode == 0, listed.said
    (logged,) = [word for word in listed.said.split() if len(word) == 32]
    shown = {
        "report": (project.root / "report.html").read_text(),
        "summary": summarise_corpus(read_corpus(project.corpora / "newsroom.parquet"))._repr_html_(),
        "taxonomy": read_taxonomy(project.root / "data" / "topics.toml")._repr_html_(),
        "run": read_run(project, logged)._repr_html_(),
    }
    page = chromium.new_page()
    for name, html in shown.items():
        assert "window.hacked" in html or name == "run", f"{name} shows the field"
        # A policy would stop a script too: there is none here.
        page.goto(f"data:text/html;base64,{base64.b64encode(html.encode()).decode()}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.hacked") is None, name
        assert page.locator("img[src=x]").count() == 0, name
    page.close()


FORMULAS = ['=HYPERLINK("http://127.0.0.1/?"&A1)', "+1+cmd|' /C calc'!A0", "-1+1", "@SUM(1)", "\t=1", "＝1+1"]
LETTERS = "A jury found the defendant guilty on both counts, and the judge adjourned."


def cells(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [cell for row in csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ",") for cell in row]


@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_labelled_formulas_are_escaped_refused_or_kept_as_the_option_says(project, run, model, ending):
    rows = [{"id": formula, "title": formula, "text": f"{formula} {LETTERS}", "n": -1.5} for formula in FORMULAS]
    rows.append({"id": "=none", "title": "", "text": "", "n": 2})
    (project.root / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = ("label", "new.jsonl", "--model", model, "--output")
    escaped = run(*arguments, f"safe{ending}")
    assert escaped.returncode == 0, escaped.said
    assert "cells look like spreadsheet formulas and got a leading apostrophe" in escaped.said
    written = cells(project.root / f"safe{ending}")
    assert not [cell for cell in written if cell.startswith(("=", "+", "@", "\t", "＝", "-1+"))]
    assert {f"'{formula}" for formula in FORMULAS} <= set(written)
    assert "-1.5" in written, "a number is none"
    assert "'=none" in cells(project.root / "safe.unlabelled.csv")
    refused = run(*arguments, f"refused{ending}", "--formulas", "refuse")
    assert refused.returncode == 2
    assert "which a spreadsheet would run as a formula. Escape such cells (--formulas escape)" in refused.said
    assert not (project.root / f"refused{ending}").exists()
    kept = run(*arguments, f"kept{ending}", "--formulas", "keep")
    assert kept.returncode == 0, kept.said
    assert set(FORMULAS) <= set(cells(project.root / f"kept{ending}"))
    with_own = run(*arguments, "own.jsonl")
    assert with_own.returncode == 0
    own = [json.loads(line) for line in (project.root / "own.jsonl").read_text().splitlines()]
    assert [row["title"] for row in own] == [row["title"] for row in rows], "what no spreadsheet runs stays as it is"


def test_formulas_in_labels_are_safe_in_the_file_and_read_as_they_were(project):
    taxonomy = read_taxonomy(project.root / "data" / "topics.toml")
    store = LabelStore(project.labels / "maria.csv", "maria", taxonomy)
    store.open()
    for formula in FORMULAS:
        store.decide(formula.strip(), ("courts",), "=random()", note=formula)
    assert not [cell for cell in cells(store.path) if cell.startswith(("=", "+", "-", "@", "＝"))]
    assert set(store.open()) == {formula.strip() for formula in FORMULAS}
    assert {row["note"] for row in store.open().values()} == {" ".join(formula.split()) for formula in FORMULAS}


@pytest.mark.parametrize("name", ["../../climbed.jsonl", "/climbed.jsonl", "..\\climbed.jsonl", "C:\\climbed.jsonl"])
def test_names_in_an_archive_lead_nowhere(project, run, name):
    with zipfile.ZipFile(project.root / "a.zip", "w") as archive:
        archive.writestr(name, json.dumps({"id": "../../../climbed", "text": LETTERS}))
    before = {path for path in project.root.parent.rglob("*")}
    ended = run("import", "a.zip", "--output", "a.parquet")
    assert ended.returncode == 0, ended.said
    assert {path for path in project.root.parent.rglob("*")} - before == {project.root / "a.parquet"}
    assert read_corpus(project.root / "a.parquet")["id"].tolist() == ["../../../climbed"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("annotate", "data/corpora/newsroom.parquet", "--annotator", "../../climbed"),
        ("data", "build", "../../climbed"),
        ("labels", "agreement", "../../climbed", "gold"),
    ],
    ids=" ".join,
)
def test_names_of_a_command_lead_nowhere(project, run, refused, arguments):
    before = {path for path in project.root.parent.rglob("*")}
    refused(run(*arguments), "climbed")
    assert {path for path in project.root.parent.rglob("*")} == before


LAUGHS = "<!DOCTYPE rss [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{level} '{f'&a{level - 1};' * 10}'>" for level in range(1, 10)
)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".xml", ".html", ".json", ".zip"])
def test_a_bomb_takes_neither_the_memory_nor_the_day(project, ending):
    path = project.root / f"bomb{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb.txt", b"a" * (300 << 20))
    else:
        path.write_text(
            {
                ".xml": f"{LAUGHS}]><rss version='2.0'><channel><item><title>&a9;</title></item></channel></rss>",
                ".html": "<div>" * 100_000 + LETTERS,
                ".json": "[" * 200_000,
            }[ending]
        )
    (project.root / "good.jsonl").write_text(json.dumps({"text": LETTERS}) + "\n")
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (120, 120))\n"  # of its own, however busy the machine is
        "from topicdesk.corpus import read_articles\n"
        f"corpus, account = read_articles([{str(path)!r}, {str(project.root / 'good.jsonl')!r}])\n"
        "assert len(corpus) >= 1, account"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("".join(f"k{number} = {number}\n" for number in range(1_000_000)), "bytes, and the limit is 8,388,608"),
        ("".join(f"key{number} = 1\n" for number in range(100_000)), "key0: unknown key"),
        (".".join("a" * 20_000) + " = 1\n", "line 1: a key has more than 100 parts"),
        ("x = " + "[" * 100_000, "not valid TOML"),
        ("x = " + "9" * 100_000, "not valid TOML"),
        ('"' + "k" * 1_000_000 + '" = 1\n', "unknown key"),
    ],
    ids=["a million keys", "many keys", "parts", "brackets", "digits", "a long key"],
)
def test_a_toml_file_that_is_too_much_is_refused(project, written, told):
    spec = project.root / SPEC
    spec.write_text(written + spec.read_text())
    with pytest.raises(SpecError) as refused:
        read_spec(spec)
    assert told in str(refused.value)
    assert len(str(refused.value)) < 2000


def test_a_spec_of_more_candidates_than_a_machine_can_try_is_refused(project):
    spec = project.root / SPEC
    lists = "".join(f"{name} = [{', '.join(map(str, range(1, 300)))}]\n" for name in ("lead", "chi2"))
    spec.write_text(spec.read_text().replace("[features]\n", f"[features]\n{lists}"))
    with pytest.raises(SpecError, match=r"178,802 combinations of features times 2 of hyper-parameters"):
        read_spec(spec)


class Unwilling(BaseHTTPRequestHandler):
    """A tracking server that wants no one, and says who it was that asked."""

    def do_GET(self):  # the library's name
        asked = self.headers.get("Authorization", "").removeprefix("Basic ")
        self.send_response(401)
        self.end_headers()
        self.wfile.write(json.dumps({"message": "no " + base64.b64decode(asked).decode()}).encode())

    do_POST = do_GET

    def log_message(self, *words):
        """Say nothing."""


SECRET = "s3cr3t-pa55"


@pytest.mark.parametrize("there", [True, False], ids=["a server that refuses", "no server"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", SPEC, "--jobs", "1"),
        ("log", "--resume"),
        ("runs",),
        ("doctor",),
        ("label", "new.jsonl", "--output", "out.csv", "--model", "models:/topicdesk-small@champion"),
        ("promote", "topicdesk-small", "1"),
        ("reproduce", "0" * 32),
        ("review",),
        ("serve",),
    ],
    ids=lambda arguments: arguments[0],
)
def test_credentials_of_a_tracking_server_are_never_told_or_kept(project, run, free_port, arguments, there):
    (project.root / "new.jsonl").write_text(json.dumps({"text": LETTERS}) + "\n")
    server = ThreadingHTTPServer(("127.0.0.1", free_port), Unwilling) if there else None
    if server is not None:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        if arguments[0] == "log":
            run("compare", SPEC, "--jobs", "1", MLFLOW_TRACKING_URI=f"http://anna:{SECRET}@127.0.0.1:{free_port}")
        ended = run(
            *arguments,
            MLFLOW_TRACKING_URI=f"http://anna:{SECRET}@127.0.0.1:{free_port}",
            MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
        )
    finally:
        if server is not None:
            server.shutdown()
            server.server_close()
    assert ended.returncode in (1, 2), ended.said
    assert "Traceback" not in ended.said
    encoded = base64.b64encode(f"anna:{SECRET}".encode()).decode()
    for secret in (SECRET, encoded):
        assert secret not in ended.said, ended.said
        kept = [path for path in project.root.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
        assert not kept


def test_a_label_file_with_an_unknown_topic_of_a_megabyte_is_refused_in_a_line(project):
    gold = project.labels / "gold.csv"
    table = pd.read_csv(gold, dtype="str", keep_default_na=False)
    table.loc[0, "topics"] = "x" * (1 << 16)
    table.to_csv(gold, index=False)
    with pytest.raises(LabelsError) as refused:
        read_label_file(gold, ("courts", "rail"))
    assert len(str(refused.value)) < 2000
