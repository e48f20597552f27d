"""Hostile input: markup, formulas, paths, decompression bombs and secrets, each given to a whole command."""

import base64
import csv
import json
import subprocess
import sys
import threading
import zipfile
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest
from sklearn.naive_bayes import MultinomialNB

import topicdesk
from topicdesk import read_run
from topicdesk.annotation import LabelStore, read_label_file, read_taxonomy, write_annotations
from topicdesk.corpus import read_corpus, summarise_corpus, write_corpus
from topicdesk.errors import LabelsError, SpecError
from topicdesk.experiment import read_spec
from topicdesk.tracking.sending import LoggedComparison

SPEC = "experiments/small.toml"
IMAGE, SCRIPT = "<img src=x onerror=window.hacked=1>", '"><script>window.hacked=1</script>'


def poison(project):
    """Put executable markup into every text field of a project."""
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
def test_pages_show_markup_in_text_fields_and_never_run_it(project, run, chromium):
    poison(project)
    ended = run("compare", SPEC, "--jobs", "1", "--report", "report.html")
    assert ended.returncode == 0, ended.output
    listed = run("runs")
    assert listed.returncode == 0, listed.output
    (logged,) = [word for word in listed.output.split() if len(word) == 32]
    shown = {
        "report": (project.root / "report.html").read_text(),
        "summary": summarise_corpus(read_corpus(project.corpora / "newsroom.parquet"))._repr_html_(),
        "taxonomy": read_taxonomy(project.root / "data" / "topics.toml")._repr_html_(),
        "run": read_run(logged, project)._repr_html_(),
    }
    page = chromium.new_page()
    for name in ("report", "summary", "taxonomy"):
        assert "window.hacked" in shown[name], f"{name} shows the field"
    for name, html in shown.items():
        # These pages have no content security policy, which would block scripts too.
        page.goto(f"data:text/html;base64,{base64.b64encode(html.encode()).decode()}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.hacked") is None, name
        assert page.locator("img[src=x]").count() == 0, name
    page.close()


class Elements(HTMLParser):
    """The elements and attributes of a page, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attributes)

    def handle_data(self, data):
        self.text += data


@pytest.mark.slow
def test_notebook_output_shows_markup_of_texts_and_topics_as_text():
    texts = [f"{IMAGE} the judge met the jury on day {number} {SCRIPT}" for number in range(12)]
    texts += [f"{SCRIPT} the train stood still on day {number} {IMAGE}" for number in range(12)]
    comparison = topicdesk.compare(
        texts, [IMAGE] * 12 + [SCRIPT] * 12, classifiers=["multinomial-nb", (IMAGE, MultinomialNB())],
        cv=2, n_repeats=1, inner_cv=2, n_jobs=1, groups=None,
    )  # fmt: skip
    model = comparison.fit("multinomial-nb")
    shown = {
        "comparison": (comparison, IMAGE),
        "model": (model, IMAGE),
        "explanation": (model.explain(texts[0]), SCRIPT),
        "logged": (LoggedComparison(IMAGE, "0" * 32, SCRIPT), IMAGE),
    }
    for name, (value, expected) in shown.items():
        page = Elements(value._repr_html_())
        assert expected in page.text, name
        assert not page.tags & {"img", "script", "iframe", "object", "svg", "a"}, name
        assert not [attribute for attribute in page.attributes if attribute.startswith("on")], name


FORMULAS = ['=HYPERLINK("http://127.0.0.1/?"&A1)', "+1+cmd|' /C calc'!A0", "-1+1", "@SUM(1)", "\t=1", "＝1+1"]
LETTERS = "A jury found the defendant guilty on both counts, and the judge adjourned."


def cells(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [cell for row in csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ",") for cell in row]


@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_label_command_escapes_refuses_or_keeps_formulas_by_option(project, run, model, ending):
    rows = [{"id": formula, "title": formula, "text": f"{formula} {LETTERS}", "n": -1.5} for formula in FORMULAS]
    rows.append({"id": "=none", "title": "", "text": "", "n": 2})
    (project.root / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = ("label", "new.jsonl", "--model", model, "--output")
    escaped = run(*arguments, f"safe{ending}")
    assert escaped.returncode == 0, escaped.output
    assert "cells look like spreadsheet formulas and got a leading apostrophe" in escaped.output
    written = cells(project.root / f"safe{ending}")
    assert not [cell for cell in written if cell.startswith(("=", "+", "@", "\t", "＝", "-1+"))]
    assert {f"'{formula}" for formula in FORMULAS} <= set(written)
    assert "-1.5" in written, "a number is not a formula"
    assert "'=none" in cells(project.root / "safe.unlabelled.csv")
    refused = run(*arguments, f"refused{ending}", "--formulas", "refuse")
    assert refused.returncode == 2
    assert "which a spreadsheet would run as a formula. Escape such cells (--formulas escape)" in refused.output
    assert not (project.root / f"refused{ending}").exists()
    kept = run(*arguments, f"kept{ending}", "--formulas", "keep")
    assert kept.returncode == 0, kept.output
    assert set(FORMULAS) <= set(cells(project.root / f"kept{ending}"))
    to_jsonl = run(*arguments, "own.jsonl")
    assert to_jsonl.returncode == 0
    jsonl_rows = [json.loads(line) for line in (project.root / "own.jsonl").read_text().splitlines()]
    assert [row["title"] for row in jsonl_rows] == [row["title"] for row in rows], "JSON Lines is not escaped"


def test_label_store_escapes_formulas_in_its_file_and_restores_them(project):
    taxonomy = read_taxonomy(project.root / "data" / "topics.toml")
    store = LabelStore(project.labels / "maria.csv", "maria", taxonomy)
    store.open()
    for formula in FORMULAS:
        store.decide(formula.strip(), ("courts",), "=random()", note=formula)
    assert not [cell for cell in cells(store.path) if cell.startswith(("=", "+", "-", "@", "＝"))]
    assert set(store.open()) == {formula.strip() for formula in FORMULAS}
    assert {row["note"] for row in store.open().values()} == {" ".join(formula.split()) for formula in FORMULAS}


@pytest.mark.parametrize("name", ["../../climbed.jsonl", "/climbed.jsonl", "..\\climbed.jsonl", "C:\\climbed.jsonl"])
def test_import_command_ignores_paths_in_names_of_archive_members(project, run, name):
    with zipfile.ZipFile(project.root / "a.zip", "w") as archive:
        archive.writestr(name, json.dumps({"id": "../../../climbed", "text": LETTERS}))
    before = {path for path in project.root.parent.rglob("*")}
    ended = run("import", "a.zip", "--output", "a.parquet")
    assert ended.returncode == 0, ended.output
    assert {path for path in project.root.parent.rglob("*")} - before == {project.root / "a.parquet"}
    assert read_corpus(project.root / "a.parquet")["id"].tolist() == ["../../../climbed"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("annotate", "data/corpora/newsroom.parquet", "--annotator", "../../climbed"),
        ("data", "build", "../../climbed"),
        ("annotations", "agreement", "../../climbed", "gold"),
    ],
    ids=" ".join,
)
def test_commands_reject_names_that_contain_paths(project, run, refused, arguments):
    before = {path for path in project.root.parent.rglob("*")}
    refused(run(*arguments), "climbed")
    assert {path for path in project.root.parent.rglob("*")} == before


LAUGHS = "<!DOCTYPE rss [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{level} '{f'&a{level - 1};' * 10}'>" for level in range(1, 10)
)


def test_commands_print_no_control_characters_of_articles_and_file_names(project, run, model):
    name = "new\x1b]0;taken over\x07.jsonl"
    texts = [LETTERS, "The judge adjourned the hearing until spring."]
    rows = [
        {"id": f"{row}\x1b[2J", "title": "\x1b[31mFerry\x9b", "text": text, "source": "\x1b[8mpress", "\x1b[5mmore": 1}
        for row, text in enumerate(texts)
    ]
    (project.root / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    for arguments in (
        ("import", name, "--output", "data/corpora/new.parquet"),
        ("data", "show", "new"),
        ("label", name, "--output", "out.csv", "--model", model),
        ("import", "missing\x1b[2J.csv", "--output", "x.parquet"),
    ):
        ended = run(*arguments)
        assert not {"\x1b", "\x07", "\x9b"} & set(ended.output), ended.output
        assert ended.output.strip()
    assert read_corpus(project.root / "data" / "corpora" / "new.parquet")["id"].tolist() == ["0[2J", "1[2J"]


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".xml", ".html", ".json", ".zip"])
def test_read_articles_reads_bombs_with_limited_memory_and_time(project, ending):
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
        "resource.setrlimit(resource.RLIMIT_CPU, (120, 120))\n"  # CPU time of this process only
        "from topicdesk.corpus import read_articles\n"
        f"corpus, account = read_articles([{str(path)!r}, {str(project.root / 'good.jsonl')!r}])\n"
        "assert len(corpus) >= 1, account"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "expected"),
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
def test_read_spec_rejects_oversized_toml_files(project, content, expected):
    spec = project.root / SPEC
    spec.write_text(content + spec.read_text())
    with pytest.raises(SpecError) as error:
        read_spec(spec)
    assert expected in str(error.value)
    assert len(str(error.value)) < 2000


def test_read_spec_rejects_too_many_combinations(project):
    spec = project.root / SPEC
    lists = "".join(f"{name} = [{', '.join(map(str, range(1, 300)))}]\n" for name in ("lead", "chi2"))
    spec.write_text(spec.read_text().replace("[features]\n", f"[features]\n{lists}"))
    with pytest.raises(SpecError, match=r"178,802 combinations of features times 2 of hyper-parameters"):
        read_spec(spec)


class RejectingHandler(BaseHTTPRequestHandler):
    """A tracking server that rejects every request, and repeats the credentials of the client."""

    def do_GET(self):  # the name that http.server requires
        credentials = self.headers.get("Authorization", "").removeprefix("Basic ")
        self.send_response(401)
        self.end_headers()
        self.wfile.write(json.dumps({"message": "no " + base64.b64decode(credentials).decode()}).encode())

    do_POST = do_GET

    def log_message(self, *words):
        """Write no log."""


SECRET = "s3cr3t-pa55"


@pytest.mark.parametrize("has_server", [True, False], ids=["a server that refuses", "no server"])
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
def test_commands_never_print_or_write_credentials_of_a_tracking_server(project, run, free_port, arguments, has_server):
    (project.root / "new.jsonl").write_text(json.dumps({"text": LETTERS}) + "\n")
    server = ThreadingHTTPServer(("127.0.0.1", free_port), RejectingHandler) if has_server else None
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
    assert ended.returncode == (1 if arguments == ("doctor",) else 2), ended.output
    assert "Traceback" not in ended.output
    encoded = base64.b64encode(f"anna:{SECRET}".encode()).decode()
    for secret in (SECRET, encoded):
        assert secret not in ended.output, ended.output
        leaks = [path for path in project.root.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
        assert not leaks


def test_read_label_file_shortens_a_huge_unknown_topic_in_its_message(project):
    gold = project.labels / "gold.csv"
    table = pd.read_csv(gold, dtype="str", keep_default_na=False)
    table.loc[0, "topics"] = "x" * (1 << 16)
    table.to_csv(gold, index=False)
    with pytest.raises(LabelsError) as error:
        read_label_file(gold, ("courts", "rail"))
    assert len(str(error.value)) < 2000
