"""Commands about the project and the environment."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from topicdesk._progress import say
from topicdesk.cli._options import Codes, Encoding, Header, Quote, QuoteStyle, code_pairs
from topicdesk.cli._printing import print_table, print_text

__all__ = ["doctor", "init"]


def init(
    folder: Annotated[
        Path,
        typer.Argument(
            help="The project's folder. It may exist, but must not contain files of a project.", metavar="FOLDER"
        ),
    ],
    table: Annotated[
        Path | None,
        typer.Option("--from", help="Your labelled texts: a table, a tool's export, a folder; by default a sample."),
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="Its column of texts, or of headlines and texts, such as headline,body.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Its column of labels, such as topics; or several columns of 0 and 1.")
    ] = None,
    separator: Annotated[
        str | None, typer.Option(help="Separator of several labels in a cell; by default ; or | if cells contain it.")
    ] = None,
    codes: Codes = None,
    annotator: Annotated[str, typer.Option(help="Who labelled the texts, if the file does not say.")] = "imported",
    header: Header = True,
    quote: Quote = QuoteStyle.AUTO,
    encoding: Encoding = None,
) -> None:
    """Create a project: topics, articles, labels, a spec, a notebook and a Makefile. Never overwrites a file."""
    from topicdesk.annotation._fields import check_labelled_source
    from topicdesk.starter._checks import refuse_to_overwrite

    refuse_to_overwrite(folder)
    if table is not None:
        check_labelled_source(table)
    say(f"creating {folder} ...")
    from topicdesk.starter import create_project

    created = create_project(
        folder,
        table,
        text=text,
        labels=labels,
        separator=separator,
        codes=code_pairs(codes),
        annotator=annotator,
        header=header,
        quote=quote.value,
        encoding=encoding,
    )
    print_text(created)
    print_text(f"Next: cd {shlex.quote(str(folder))} && topicdesk compare experiments/example.toml")


def doctor() -> None:
    """Check what is installed, which optional parts are missing, and whether MLflow's store can be used."""
    say("checking the installation ...")
    from topicdesk.doctor import diagnose

    diagnosis = diagnose()
    print_table(diagnosis.checks, "Checks")
    print_text(diagnosis)
    if diagnosis.wrong:
        raise typer.Exit(1)
