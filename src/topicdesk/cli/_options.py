"""Define arguments and options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topicdesk._progress import say

if TYPE_CHECKING:
    from topicdesk.evaluation import Engine

__all__ = [
    "Codes",
    "ColumnPairs",
    "Corpus",
    "DateOrder",
    "Encoding",
    "EngineName",
    "Header",
    "IdSource",
    "Jobs",
    "OneClassifier",
    "Quote",
    "QuoteStyle",
    "Scheduler",
    "Spec",
    "Trust",
    "announce_spec",
    "checked_output",
    "code_pairs",
    "column_pairs",
    "engine_named",
]

Corpus = Annotated[str, typer.Argument(help="A corpus of data/sources.toml, or a Parquet file.", metavar="CORPUS")]
Spec = Annotated[Path, typer.Argument(help="A spec, such as experiments/topics.toml.", metavar="SPEC")]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, help="Number of processes; by default that of the spec, or one per core. Scores do not depend on it."
    ),
]
OneClassifier = Annotated[
    str | None, typer.Option(help="One of the spec's classifiers; by default the winner of its results lock.")
]
ColumnPairs = Annotated[
    list[str] | None, typer.Option("--map", help="A field and your column for it, such as title=headline.")
]
Scheduler = Annotated[str | None, typer.Option(help="Address of the Dask scheduler, such as tcp://127.0.0.1:8786.")]
Trust = Annotated[
    list[str] | None,
    typer.Option(help="A type that the model file may contain, such as mine.Estimator; may be repeated."),
]


class EngineName(StrEnum):
    """Where a computation runs."""

    LOCAL = "local"
    DASK = "dask"


class QuoteStyle(StrEnum):
    """How quotation marks inside the cells of a table are written."""

    AUTO = "auto"
    DOUBLE = "double"
    BACKSLASH = "backslash"
    NONE = "none"


class DateOrder(StrEnum):
    """Order of day and month in numeric dates."""

    AUTO = "auto"
    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


class IdSource(StrEnum):
    """Where the ids of articles come from."""

    FILE = "file"
    NEW = "new"


Codes = Annotated[
    list[str] | None, typer.Option("--code", help="A code in the label column and its label, such as 1=World.")
]
Header = Annotated[
    bool, typer.Option("--header/--no-header", help="Whether CSV and TSV files begin with the names of columns.")
]
Quote = Annotated[
    QuoteStyle, typer.Option(help="Quotation marks in cells: doubled, after a backslash, or without a meaning.")
]
Encoding = Annotated[str | None, typer.Option(help="Encoding of text files, such as cp1252; by default guessed.")]


def checked_output(path: Path | None) -> Path | None:
    """Return an option's output; raise an error before any work if it cannot be written."""
    from topicdesk._atomic import output_file

    if path is not None:
        output_file(path)
    return path


def announce_spec(spec: Path, classifier: str | None = None) -> None:
    """Check the names in a spec, before anything slow is imported, and say that the spec is read."""
    from topicdesk.experiment._checks import check_spec

    check_spec(spec, classifier)
    say(f"reading {spec} ...")


def column_pairs(pairs: list[str] | None) -> dict[str, str]:
    """Parse options such as ``title=headline``."""
    return _pairs(pairs, "--map takes FIELD=COLUMN, such as title=headline")


def code_pairs(pairs: list[str] | None) -> dict[str, str]:
    """Parse options such as ``1=World``."""
    return _pairs(pairs, "--code takes CODE=LABEL, such as 1=World")


def _pairs(pairs: list[str] | None, form: str) -> dict[str, str]:
    parsed = {}
    for pair in pairs or ():
        name, sign, value = pair.partition("=")
        if not sign or not name or not value:
            raise typer.BadParameter(f"{form}, not {pair!r}.")
        parsed[name] = value
    return parsed


def engine_named(name: EngineName, scheduler: str | None) -> Engine | None:
    """Return the engine that the options name; None for this machine."""
    if (name is EngineName.DASK) != (scheduler is not None):
        raise typer.BadParameter("use --engine dask and --scheduler together.")
    if scheduler is None:
        return None
    from topicdesk.evaluation import DaskEngine

    return DaskEngine(scheduler)
