"""The command line as a whole: every command, in groups."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from topicdesk import __version__
from topicdesk.cli import _annotation, _comparing, _corpora, _labelling, _projects, _runs, _servers
from topicdesk.cli._printing import print_text
from topicdesk.cli._stopping import Stopped, stop_on_signals
from topicdesk.cli._streams import any_text_printed, described_failure
from topicdesk.errors import TopicdeskError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Compare text classifiers on news articles, with statistics that a reviewer can check.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="First steps: topicdesk init desk, then cd desk, then topicdesk compare experiments/example.toml",
)

# The groups of the list of commands, each command with an example.
_GROUPS: dict[str, list[tuple[Callable[..., None], str]]] = {
    "Start": [
        (_projects.init, "topicdesk init desk --from articles.csv --text headline,body --labels topics"),
        (_projects.doctor, "topicdesk doctor"),
    ],
    "Articles and labels": [
        (_corpora.import_, "topicdesk import pages/ t.csv --map title=headline --output mine.parquet"),
        (_annotation.adjudicate, "topicdesk adjudicate maria tom newsarticles --annotator lena"),
    ],
    "Experiments": [
        (_comparing.compare, "topicdesk compare experiments/topics.toml --jobs 2"),
        (_comparing.verify, "topicdesk verify experiments/topics.toml"),
        (_comparing.results, "topicdesk results experiments"),
        (_comparing.splits, "topicdesk splits experiments/topics.toml --output experiments/topics.splits.csv"),
        (
            _comparing.learning_curve,
            "topicdesk learning-curve experiments/topics.toml --plot curve.png",
        ),
        (_comparing.ablate, "topicdesk ablate experiments/topics.toml --classifier linear-svm"),
        (_comparing.stories, "topicdesk stories experiments/topics.toml --plot stories.png"),
        (_runs.errors, "topicdesk errors experiments/topics.toml --plot errors.png"),
        (_comparing.rank, "topicdesk rank experiments/published.toml --plot ranks.png"),
    ],
    "Runs and models in MLflow": [
        (_servers.review, "topicdesk review --port 5001"),
        (_runs.runs, "topicdesk runs --experiment topics"),
        (_runs.reproduce, "topicdesk reproduce 3f0c9d1e8a7b4c5d9e0f1a2b3c4d5e6f"),
        (_runs.diff, "topicdesk diff 3f0c9d1e8a7b 5d9e0f1a2b3c --classifier linear-svm"),
        (_runs.log, "topicdesk log --resume"),
        (_runs.promote, "topicdesk promote topicdesk-topics --version 3"),
        (_runs.rollback, "topicdesk rollback topicdesk-topics"),
    ],
    "New articles": [
        (_labelling.label, "topicdesk label tonight.jsonl --output labelled.parquet --explain 5"),
        (_labelling.drift, "topicdesk drift tonight.jsonl --reference models:/topicdesk-topics@champion"),
        (_servers.serve, "topicdesk serve models:/topicdesk-topics@champion --port 5002"),
    ],
}
for _group, _commands in _GROUPS.items():
    for _command, _example in _commands:
        _name = _command.__name__.strip("_").replace("_", "-")
        app.command(_name, epilog=f"Example: {_example}", rich_help_panel=_group)(_command)
app.add_typer(_annotation.annotating, name="annotate", rich_help_panel="Articles and labels")
app.add_typer(_corpora.data, name="data", rich_help_panel="Articles and labels")
app.add_typer(_annotation.group, name="annotations", rich_help_panel="Articles and labels")
app.add_typer(_annotation.group, name="labels", hidden=True, callback=_annotation.name_former_group)


def _print_version(asked: bool) -> None:
    if asked:
        print_text(f"topicdesk {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Compare text classifiers on news articles, with statistics that a reviewer can check."""


def main() -> None:
    """Run the command line. Errors that a user can act on are printed without a traceback."""
    try:
        with stop_on_signals(), any_text_printed():
            app()
    except TopicdeskError as error:
        print_text(f"topicdesk: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        print_text(f"topicdesk: {described_failure(error)}", file=sys.stderr)
        sys.exit(2)
    except Stopped as stopped:
        print_text("topicdesk: stopped. No file is incomplete. Run the command again to continue.", file=sys.stderr)
        sys.exit(128 + stopped.args[0])
