"""Run the code blocks of README, tutorial and how-tos, verbatim and in reading order, in one place.

Usage: python run_blocks.py PLACE ROOT REPORT [--all], started in the folder where a reader starts. PLACE is ``clone``
or ``package``. ROOT contains the documents. The counts are written to REPORT as JSON. One process runs everything: it
keeps the working directory, and runs topicdesk's commands without a new Python.

A document without instructions for a place is the same in both. Without ``--all``, the clone therefore runs only
README, tutorial and documents with such instructions. The package runs all.

The language of a block selects what happens. ``sh`` and ``python`` are run, ``toml`` is checked as a taxonomy or a part
of a spec, ``text`` and ``json`` are outputs. An HTML comment before a block gives instructions:

- ``file: NAME``: write the block to this file;
- ``not run here: WHY``: don't run the block. WHY names the path of a test that runs similar code;
- ``in the repository``: run it in the clone's root, and only there;
- ``first, in the repository``: as above. The block creates the environment, so the test runs it before this script;
- ``in the package``: run it only outside a clone.
"""

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import time
import tomllib
import traceback
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

FIRST = "first, in the repository"
PLACES = {"in the repository": "clone", "in the package": "package"}
OUTPUTS = {"text", "json", "{toctree}"}


class Block(NamedTuple):
    """A fenced block, and the comment before it."""

    line: int
    language: str
    text: str
    comment: str

    @property
    def file(self):
        return self.comment.removeprefix("file: ") if self.comment.startswith("file: ") else ""

    @property
    def not_run(self):
        return self.comment.removeprefix("not run here: ") if self.comment.startswith("not run here: ") else ""

    @property
    def runs(self):
        """Whether the block is run, and is not an output."""
        return bool(self.file) or self.language not in OUTPUTS


def blocks_of(document):
    """Return the blocks of a document, from top to bottom."""
    blocks, lines = [], document.read_text(encoding="utf-8").splitlines()
    comment, start, language = "", None, ""
    for number, line in enumerate(lines, start=1):
        if start is None and line.lstrip().startswith("```"):
            start, language = number, line.strip().removeprefix("```")
        elif start is not None and line.strip() == "```":
            blocks.append(Block(start, language, dedent("\n".join(lines[start : number - 1])) + "\n", comment))
            comment, start = "", None
        elif start is None and line.strip():
            matched = re.fullmatch(r"\s*<!-- (.*) -->", line)
            comment = matched[1] if matched else ""
    return blocks


def documents(root):
    """Return the documents in reading order: README, tutorial, how-tos in the order of their index, all others."""
    docs = root / "docs"
    index = (docs / "how-to" / "index.md").read_text(encoding="utf-8")
    guides = re.search(r"```\{toctree\}\n(.*?)```", index, re.DOTALL)[1].splitlines()
    ordered = [root / "README.md", docs / "tutorial.md"]
    ordered += [docs / "how-to" / f"{name.strip()}.md" for name in guides if name.strip() and not name.startswith(":")]
    others = (path for path in sorted(docs.rglob("*.md")) if not {"generated", "_build", "executed"} & set(path.parts))
    return ordered + [path for path in others if path not in ordered]


def run_line(line):
    """Run one line of a shell."""
    words = shlex.split(line, comments=True)
    may_fail = words[-2:] == ["||", "true"]
    match words[:-2] if may_fail else words:
        case []:
            pass
        case ["cd", folder]:
            os.chdir(folder)
        case ["source", script]:  # this process already runs in that environment
            assert Path(script).absolute().parent == Path(sys.executable).parent, (
                f"{script} does not belong to {sys.executable}"
            )
            assert Path(script).is_file(), f"{script} does not exist"
        case ["pip", *rest]:
            subprocess.run([sys.executable, "-m", "pip", *rest], check=True)
        case ["topicdesk", *rest]:
            from typer.testing import CliRunner

            from topicdesk.cli import app

            done = CliRunner().invoke(app, rest)
            if done.exception is not None and not isinstance(done.exception, SystemExit):
                traceback.print_exception(done.exception)
            assert done.exit_code == 0 or (may_fail and done.exit_code == 1), (
                f"exit code {done.exit_code}\n{done.output}"
            )
        case _:
            raise AssertionError("unknown command: add it to run_blocks.py, or mark the block with 'not run here: WHY'")


def check_toml(text):
    """Check a taxonomy, a spec, or some tables of a spec."""
    from topicdesk.annotation import read_taxonomy
    from topicdesk.experiment import Spec, read_spec

    content = tomllib.loads(text)
    if "codebook" in content or "experiment" in content:
        path = Path("data") / "block.toml"
        path.write_text(text, encoding="utf-8")
        (read_taxonomy if "codebook" in content else read_spec)(path)
        path.unlink()
        return
    example = tomllib.loads(Path("experiments/example.toml").read_text(encoding="utf-8"))
    Spec.model_validate(example | content).plan()


def with_run_ids(text):
    """Replace placeholders of run ids by ids that `topicdesk runs` lists."""
    if "RUN_" not in text:
        return text
    import topicdesk

    runs = topicdesk.list_runs(topicdesk.find_project(), "example").index
    return text.replace("RUN_ID", runs[0]).replace("RUN_A", runs[0]).replace("RUN_B", runs[-1])


def run_block(block, names, where):
    """Run a block in the working directory."""
    if block.file:
        Path(block.file).write_text(block.text, encoding="utf-8")
        return
    text = with_run_ids(block.text)
    match block.language:
        case "sh":
            for line in text.replace("\\\n", " ").splitlines():
                started = time.monotonic()
                print(f"{where}: {line}", flush=True)
                run_line(line)
                print(f"    {time.monotonic() - started:.1f} s", flush=True)
        case "python":
            print(f"{where}: Python", flush=True)
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(text, where, "exec"), names)
        case "toml":
            check_toml(text)
        case other:
            raise AssertionError(f"unknown language of a block: {other!r}")


def main(place, root, report, everything):
    """Run the documents; return the exit code."""
    start = desk = Path.cwd()
    root, report = root.absolute(), report.absolute()
    sys.path.insert(0, str(start))
    # The environment is activated, as the documents instruct.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    counts = {"run": 0, "not run": 0, "of the other place": 0, "documents": {}}
    began = time.monotonic()
    for number, document in enumerate(documents(root)):
        name, names, started = document.relative_to(root).as_posix(), {}, time.monotonic()
        is_the_same = number > 1 and not any(block.comment in PLACES for block in blocks_of(document))
        if place == "clone" and is_the_same and not everything:
            continue
        os.chdir(start if number < 2 else desk)
        sys.path[0] = str(Path.cwd())  # as in a Python that is started there; its workers import from there too
        for block in blocks_of(document):
            if not block.runs or block.not_run or block.comment == FIRST:
                counts["not run"] += bool(block.not_run)
                counts["run"] += block.comment == FIRST and place == "clone"
                continue
            if PLACES.get(block.comment, place) != place:
                counts["of the other place"] += 1
                continue
            previous, where = Path.cwd(), f"{name}, line {block.line}"
            if block.comment == "in the repository":
                os.chdir(start)
            try:
                run_block(block, names, where)
            except BaseException:
                traceback.print_exc()
                print(f"FAILED in the {place}: {where}, in {Path.cwd()}", file=sys.stderr)
                return 1
            if block.comment == "in the repository":
                os.chdir(previous)
            counts["run"] += 1
        if number == 0:  # README states these results
            assert names["leader"] == names["comparison"].ranking[0]
            assert len(names["runs"]) == 1
            assert names["moved"] == []
        if number == 1:
            desk = Path.cwd()
        import mlflow

        from topicdesk.evaluation import restart_workers

        mlflow.set_tracking_uri(None)  # a block sets it
        restart_workers()  # workers start in the folder of a document, and import modules from there
        counts["documents"][name] = round(time.monotonic() - started, 1)
    counts["seconds"] = round(time.monotonic() - began, 1)
    report.write_text(json.dumps(counts, indent=1), encoding="utf-8")
    print(json.dumps(counts, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), "--all" in sys.argv))
