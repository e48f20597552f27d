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
    "checked_page",
    "checked_picture",
    "checked_table",
    "code_pairs",
    "column_pairs",
    "engine_named",
    "named_apart",
    "spare_inputs",
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
    """Return an option's output; raise an error before any work if it cannot be written, or would replace an input."""
    from topicdesk._atomic import output_file

    if path is not None:
        output_file(path)
        spare_inputs(path)
    return path


def spare_inputs(path: Path) -> Path:
    """Return an output; raise an error if it would replace what commands read, such as labels or a spec."""
    from topicdesk.errors import ProjectError
    from topicdesk.project import working_project

    if path.exists() and working_project().reads(path):
        raise ProjectError(
            f"cannot write {path}: topicdesk reads it, and the output would replace it. Choose another name."
        )
    return path


def checked_table(path: Path | None) -> Path | None:
    """Return the file of a table; raise an error before any work unless it can be written as CSV."""
    return _with_ending(checked_output(path), (".csv",), "the table is written as CSV")


def checked_picture(path: Path | None) -> Path | None:
    """Return the file of a picture; raise an error before any work unless it can be written, in a known format."""
    return _with_ending(checked_output(path), (".png", ".svg", ".pdf"), "the picture is written as PNG, SVG or PDF")


def checked_page(path: Path | None) -> Path | None:
    """Return the file of a report; raise an error before any work unless it can be written as HTML."""
    return _with_ending(checked_output(path), (".html", ".htm"), "the report is written as HTML")


def named_apart(path: Path, corpus: str, is_alone: bool) -> Path:
    """Return the file of a corpus: the path itself if the spec has no other corpus."""
    return path if is_alone else path.with_stem(f"{path.stem}-{corpus}")


def _with_ending(path: Path | None, endings: tuple[str, ...], reason: str) -> Path | None:
    from topicdesk.errors import ProjectError

    if path is not None and path.suffix.lower() not in endings:
        raise ProjectError(f"cannot write {path}: {reason}. Name a file that ends with {' or '.join(endings)}.")
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
