"""Define arguments and options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from topicdesk.evaluation import Engine

__all__ = ["Corpus", "EngineName", "Jobs", "OneClassifier", "Spec", "Trust", "column_pair", "engine_named"]

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
Trust = Annotated[
    list[str] | None,
    typer.Option(help="A type that the model file may contain, such as mine.Estimator; may be repeated."),
]


class EngineName(StrEnum):
    """Where a computation runs."""

    LOCAL = "local"
    DASK = "dask"


def column_pair(written: str) -> tuple[str, str]:
    """Parse an option such as ``title=headline``."""
    field, sign, column = written.partition("=")
    if not sign or not field or not column:
        raise typer.BadParameter(f"--map takes FIELD=COLUMN, such as title=headline, not {written!r}.")
    return field, column


def engine_named(name: EngineName, scheduler: str | None) -> Engine | None:
    """Return the engine that the options name; None for this machine."""
    if (name is EngineName.DASK) != (scheduler is not None):
        raise typer.BadParameter("use --engine dask and --scheduler together.")
    if scheduler is None:
        return None
    from topicdesk.evaluation import DaskEngine

    return DaskEngine(scheduler)
