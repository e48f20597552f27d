"""Commands that label new articles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topicdesk._progress import say
from topicdesk._spreadsheets import Formulas
from topicdesk.cli._options import (
    ColumnPairs,
    EngineName,
    Scheduler,
    Trust,
    checked_picture,
    column_pairs,
    engine_named,
    spare_inputs,
)
from topicdesk.cli._printing import print_table, print_text, save_picture

if TYPE_CHECKING:
    from topicdesk.prediction import Labeller, LabellingAccount

__all__ = ["drift", "label"]

_Model = Annotated[
    str | None,
    typer.Option(
        help="models:/NAME@ALIAS or models:/NAME/VERSION, the id of a comparison's run, or a model's folder; "
        "by default the project's champion."
    ),
]
# Maximum number of articles to print in a terminal.
_SHOWN = 8
_TITLE_CHARACTERS = 60


def label(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Tables (.csv .jsonl .parquet), pages (.txt .html), feeds, .warc.gz, .zip, folders, or - (stdin)."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            callback=spare_inputs,
            help="CSV, TSV, JSON lines or Parquet, by file extension; without one, a folder of Parquet files.",
        ),
    ],
    model: _Model = None,
    columns: ColumnPairs = None,
    explain: Annotated[
        int, typer.Option(min=0, help="Add this many terms that contributed most to each topic.", metavar="TERMS")
    ] = 0,
    prefix: Annotated[str, typer.Option(help="Prefix of the added columns.")] = "",
    clean: Annotated[
        bool, typer.Option("--clean", help="Clean the articles of tables first, as 'topicdesk import' does.")
    ] = False,
    formulas: Annotated[
        Formulas, typer.Option(help="How to write cells that a spreadsheet would run as a formula, in CSV and TSV.")
    ] = Formulas.ESCAPE,
    jobs: Annotated[int | None, typer.Option(min=1, help="Number of processes; by default one per core.")] = None,
    engine: Annotated[EngineName, typer.Option(help="Where the work runs.")] = EngineName.LOCAL,
    scheduler: Scheduler = None,
    trust: Trust = None,
) -> None:
    """Label articles with a model: topics, calibrated probabilities, the reason, and whether to abstain.

    Rows keep their order and all their columns. Articles that cannot be labelled are listed in
    OUTPUT.unlabelled.csv. If the command is stopped, run it again to continue.
    """
    mapped = column_pairs(columns)
    model = _announce_model(model, paths, mapped)
    from topicdesk.prediction import label_files
    from topicdesk.tracking import load_labeller

    labeller = load_labeller(model, trust=trust or ())
    account = label_files(
        labeller,
        paths,
        output,
        columns=mapped,
        explain=explain,
        prefix=prefix,
        clean=clean,
        formulas=formulas,
        n_jobs=jobs or -1,
        engine=engine_named(engine, scheduler),
    )
    _print_first(labeller, account, prefix, mapped)
    print_text(account)


def _announce_model(model: str | None, paths: list[Path], columns: dict[str, str]) -> str:
    """Check names and columns, before anything slow is imported; say that the model is read, and return its name."""
    from topicdesk.corpus import TableFormat
    from topicdesk.corpus.readers import check_columns
    from topicdesk.tracking.listing import chosen_model

    model = chosen_model(model)
    for path in paths:
        check_columns(path, TableFormat(columns))
    say(f"reading {model} ...")
    return model


def _print_first(labeller: Labeller, account: LabellingAccount, prefix: str, columns: dict[str, str]) -> None:
    """Print the topics of the first articles, and the terms that contributed most if they were asked for."""
    import pandas as pd

    from topicdesk.corpus import matched_columns
    from topicdesk.errors import CorpusError

    articles = account.first(_SHOWN)
    if not len(articles):
        return
    rows: dict[int, dict[str, str]] = {}
    try:
        table_columns = matched_columns("the output", list(map(str, articles.columns)), columns)
    except CorpusError:  # rows without texts
        table_columns = {}
    title_columns = [*(table_columns[name] for name in labeller.fields if name in table_columns), f"{prefix}id"]
    for row in articles.astype(object).fillna("").to_dict("records"):
        title = next((str(row[name]) for name in title_columns if row.get(name)), "")
        topics = str(row[f"{prefix}topics"]).split()
        terms = [f"{name}: {row[f'{prefix}terms_{name}']}" for name in topics if f"{prefix}terms_{name}" in row]
        rows[len(rows) + 1] = {
            "article": title[:_TITLE_CHARACTERS],
            "topics": " ".join(topics) or "–",
            "abstain": "yes" if row[f"{prefix}abstain"] in (True, "True") else "",
            "reason": row[f"{prefix}reason"],
            **({"terms": "\n".join(terms)} if any(str(name).startswith(f"{prefix}terms_") for name in row) else {}),
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("row")
    print_table(table, f"The first {len(table)} of {account.rows:,}" if account.rows > len(table) else "Labelled")


def drift(
    paths: Annotated[
        list[Path], typer.Argument(help="New articles: tables, pages, feeds, .zip, folders.", metavar="NEW...")
    ],
    reference: Annotated[
        str | None,
        typer.Option(
            help="The model to compare with: a run id, models:/NAME@ALIAS, or a model's folder; "
            "by default the project's champion."
        ),
    ] = None,
    columns: ColumnPairs = None,
    plot: Annotated[
        Path | None, typer.Option(callback=checked_picture, help="Also plot the comparison, as PNG, SVG or PDF.")
    ] = None,
    trust: Trust = None,
) -> None:
    """Test whether new articles resemble the training data, in topics, words and scores. Exit 1 if not.

    A check says YES if the difference is significant (p, adjusted for multiple tests) and large enough to matter.
    """
    mapped = column_pairs(columns)
    reference = _announce_model(reference, paths, mapped)
    from topicdesk.prediction import measure_drift_of_files
    from topicdesk.tracking import load_labeller

    labeller = load_labeller(reference, trust=trust or ())
    result = measure_drift_of_files(labeller, paths, mapped)
    print_table(result.table(), "New articles and the reference (medians of scores)")
    print_text(result)
    if plot is not None:
        save_picture(result.plot(), plot)
    if result.drifted:
        raise typer.Exit(1)
