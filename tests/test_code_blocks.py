"""Every code block of README and docs runs, as it stands, in a small project that has what they speak of.

A block says in its fence what it is: ``sh`` and ``python`` are run, ``toml`` is read as a taxonomy or a spec, ``text``
and ``json`` are outputs. A comment before it says more: ``file: NAME``, it is that file of the project; ``not run here:
WHY``, with a file that runs the like.
"""

import re
import shlex
import shutil
import tomllib
from dataclasses import dataclass
from textwrap import dedent

import mlflow
import pandas as pd
import pytest
from typer.testing import CliRunner

from topicdesk.cli import app
from topicdesk.corpus import build, import_articles, read_corpus, source_named, write_corpus
from topicdesk.experiment import Spec, read_spec
from topicdesk.labels import read_taxonomy, write_annotations
from topicdesk.project import Project, find_project
from topicdesk.tracking import list_runs

ROOT = find_project(__file__).root
DOCUMENTS = [
    ROOT / "README.md",
    *(path for path in sorted((ROOT / "docs").rglob("*.md")) if not {"generated", "_build"} & set(path.parts)),
]

PAGE = """\
Tram line opens: 'at last', mayor says
Port Town/30.06.23/Courier: The mayor said on Friday that the tram line along the quay had opened.
Trains to the harbour will run every ten minutes.
Anna Lindqvist
Town
-
The town court heard the case of the lost anchor.
Leave a review"""


@dataclass(frozen=True)
class Block:
    """A fenced block, and what the comment before it says."""

    line: int
    language: str
    text: str
    file: str = ""
    not_run: str = ""


def blocks_of(document):
    found, lines = [], document.read_text().splitlines()
    said, start = "", None
    for number, line in enumerate(lines, start=1):
        if start is None and line.lstrip().startswith("```"):
            start, language = number, line.strip().removeprefix("```")
        elif start is not None and line.strip() == "```":
            kind, _, what = said.partition(": ")
            keywords = {"file": {"file": what}, "not run here": {"not_run": what}}.get(kind, {})
            found.append(Block(start, language, dedent("\n".join(lines[start : number - 1])) + "\n", **keywords))
            said, start = "", None
        elif start is None and line.strip():
            comment = re.fullmatch(r"\s*<!-- (.*) -->", line)
            said = comment[1] if comment else ""
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory, newsroom, newsroom_files):
    """Make a project that has what the documents speak of, with a comparison of each of its two specs logged."""
    root = tmp_path_factory.mktemp("demo") / "project"
    made = Project(root)
    for folder in ("data/labels", "experiments", "pages"):
        (root / folder).mkdir(parents=True)
    shutil.copy(ROOT / "data" / "sources.toml", made.sources)
    shutil.copytree(ROOT / "data" / "samples", root / "data" / "samples")
    articles, labels = newsroom(90)
    articles["source"] = ["town.example", "port.example"] * 45
    # Under the name of the real corpus, and marked as built of its source, so that it is not built anew.
    write_corpus(articles, made.corpora / "newsarticles.parquet", build._origin(source_named(made, "newsarticles")))
    for name in ("topics", "my-topics"):
        (root / "data" / f"{name}.toml").write_text(newsroom_files.taxonomy)
    (root / "experiments" / "topics.toml").write_text(
        newsroom_files.spec.replace("data/corpora/newsroom.parquet", "newsarticles")
    )
    mine = {"newsroom": "mine", "gold.csv": "you.csv", "topics.toml": "my-topics.toml"}
    spec = newsroom_files.spec
    for old, new in mine.items():
        spec = spec.replace(old, new)
    (root / "experiments" / "mine.toml").write_text(spec)
    made.reserved.write_text("r1\n")
    for annotator, part in (("gold", labels), ("maria", labels[:60]), ("tom", labels[:40])):
        write_annotations(part.assign(annotator=annotator), made.labels / f"{annotator}.csv")
    (root / "pages" / "tram.txt").write_text(PAGE)
    table = articles[["title", "text", "source"]].rename(columns={"title": "headline"})
    table["headline"] = [f"Notes from the town, {number}" for number in range(len(table))]
    table.to_csv(root / "more.csv", index=False)
    table.rename(columns={"text": "body"})[:3].to_json(root / "tonight.jsonl", orient="records", lines=True)
    table[:40].to_json(root / "week.jsonl", orient="records", lines=True)
    import_articles([root / "pages", root / "more.csv"], made.corpora / "mine.parquet", {"title": "headline"})
    mine = read_corpus(made.corpora / "mine.parquet")
    named = [
        tuple(topic for topic, phrases in newsroom_files.phrases.items() if any(phrase in text for phrase in phrases))
        for text in mine["text"]
    ]
    you = pd.DataFrame({"article_id": mine["id"], "topics": named, "annotator": "you", "codebook": "1"})
    write_annotations(you.assign(sample="random"), made.labels / "you.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        for spec in ("topics", "mine"):
            run(f"topicdesk compare experiments/{spec}.toml")
    return made


def run(line):
    """Run one line of a shell, in this process: what a command is made of is imported once."""
    words = shlex.split(line, comments=True)
    may_fail = words[-2:] == ["||", "true"]
    words = words[:-2] if may_fail else words
    assert words[0] == "topicdesk", f"{line!r} is no command of ours: say why it is not run here"
    done = CliRunner().invoke(app, words[1:])
    assert done.exit_code == 0 or (may_fail and done.exit_code == 1), f"{line}\n{done.output}\n{done.exception!r}"


def read_as_toml(text, project):
    content = tomllib.loads(text)
    if "codebook" in content or "experiment" in content:
        path = project.root / "data" / "block.toml"
        path.write_text(text)
        (read_taxonomy if "codebook" in content else read_spec)(path)
        return
    whole = tomllib.loads((project.root / "experiments" / "topics.toml").read_text())
    Spec.model_validate(whole | content).plan()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_block_runs(document, demo, tmp_path, monkeypatch):
    blocks = blocks_of(document)
    project = Project(tmp_path / "project")
    shutil.copytree(demo.root, project.root)
    monkeypatch.chdir(project.root)
    monkeypatch.syspath_prepend(project.root)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    runs = list_runs(project, "topics").index
    names = {}
    for block in blocks:
        where = f"{document.name}, line {block.line}"
        if block.not_run:
            elsewhere = re.findall(r"(?:tests/|\.ci/)[\w./]+", block.not_run)
            assert elsewhere and all((ROOT / path).is_file() for path in elsewhere), where
            continue
        if block.file:
            (project.root / block.file).write_text(block.text)
            (project.root / block.file).with_suffix(".lock.json").unlink(missing_ok=True)  # of another spec
        text = block.text.replace("RUN_ID", runs[0]).replace("RUN_A", runs[0]).replace("RUN_B", runs[-1])
        match block.language:
            case "sh":
                for line in text.replace("\\\n", " ").splitlines():
                    run(line)
            case "python":
                exec(compile(text, where, "exec"), names)
            case "toml":
                read_as_toml(text, project)
            case "text" | "json" | "{toctree}":
                pass
            case other:
                raise AssertionError(f"{where}: a block has to say what it is; this one says {other!r}")
    mlflow.set_tracking_uri(None)
    if document.name == "README.md":  # says what came out
        assert names["leader"] == names["comparison"].ranking[0]
        assert len(names["runs"]) == 1
        assert names["moved"] == []


def test_most_blocks_are_run():
    blocks = [block for document in DOCUMENTS for block in blocks_of(document)]
    assert sum(not block.not_run for block in blocks) > 2 * sum(bool(block.not_run) for block in blocks)
