"""Commands about what was logged: runs, and registered models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicdesk._progress import say
from topicdesk.cli._options import Jobs, announce_spec, checked_picture, checked_table, named_apart
from topicdesk.cli._printing import (
    MOST_ROWS,
    print_differences,
    print_facts,
    print_more,
    print_rows,
    print_some,
    print_table,
    print_text,
    print_warnings,
    results_differ,
    save_picture,
)
from topicdesk.errors import TrackingError, VerificationError

if TYPE_CHECKING:
    import pandas as pd

    from topicdesk.prediction import ErrorKinds
    from topicdesk.project import Project

__all__ = ["diff", "errors", "log", "promote", "reproduce", "rollback", "runs"]

# Maximum length of a title in a table.
_TITLE_WIDTH = 100

# Maximum number of topics whose errors are counted side by side in a terminal.
_MOST_TOPICS = 12

_Model = Annotated[str, typer.Argument(help="A registered model, such as topicdesk-topics.", metavar="MODEL")]


def runs(
    experiment: Annotated[str | None, typer.Option(help="Only this experiment, such as topics.")] = None,
) -> None:
    """List the comparisons in MLflow's store, newest first."""
    from topicdesk.project import find_project
    from topicdesk.tracking.listing import logged_comparisons

    project = find_project()
    comparisons = logged_comparisons(project, experiment)
    if comparisons is None:  # a server, or a store that only MLflow can read
        say("reading MLflow's store ...")
        from topicdesk.tracking import list_runs

        comparisons = _records(list_runs(project, experiment).reset_index())
    if not comparisons:
        print_text("Nothing is logged yet. Run 'topicdesk compare experiments/topics.toml'.")
        return
    rows = [
        (
            run["run_id"], run["experiment"], f"{run['started']:%Y-%m-%d %H:%M}", run["corpus"], run["winner"],
            run["metric"], f"{run['value']:.3f} [{run['low']:.3f}, {run['high']:.3f}]", run["commit"],
        )
        for run in comparisons
    ]  # fmt: skip
    columns = ["run_id", "experiment", "started", "corpus", "winner", "metric", "score [95 %]", "commit"]
    print_rows(columns, rows[:MOST_ROWS], "Comparisons in MLflow, newest first (UTC)")
    print_more(len(rows))


def reproduce(
    run_id: Annotated[str, typer.Argument(help="Id of a run; 'topicdesk runs' lists them.", metavar="RUN_ID")],
    jobs: Jobs = None,
    tolerance: Annotated[float, typer.Option(min=0, help="Largest allowed difference.")] = 0.0,
) -> None:
    """Recompute a logged run from its spec, and show what differs. Exit 1 if a score differs."""
    from topicdesk.project import find_project
    from topicdesk.tracking.listing import check_run

    project = find_project()
    check_run(project, run_id)
    say(f"reading run {run_id} ...")
    from topicdesk.experiment import reproduce_run

    result = reproduce_run(project, run_id, jobs, tolerance)
    print_facts(result.facts, f"Run {result.name} ({result.run_id}), then and now")
    if not result.differences:
        print_text(f"Reproduced: all {result.n_scores} scores match the run (tolerance {tolerance:g}).")
        return
    print_differences(result.differences, "Differences from the run")
    commit = result.facts["then"].to_dict()["git.commit"]
    raise VerificationError(
        f"{results_differ(len(result.differences))} from run {result.run_id}. The facts above that changed are "
        "possible causes." + (f" The code of the run is commit {commit}." if commit not in ("", "–") else "")
    )


def errors(
    experiment: Annotated[
        str, typer.Argument(help="A spec that was compared, or the id of a run.", metavar="SPEC|RUN_ID")
    ],
    classifier: Annotated[
        str | None, typer.Option(help="One of the classifiers that were compared; by default the winner.")
    ] = None,
    annotator: Annotated[
        list[str] | None,
        typer.Option(help="Another annotator, in data/labels/NAME.csv, who may disagree; may be repeated."),
    ] = None,
    count: Annotated[int, typer.Option(min=0, help="Number of errors of each kind to print.")] = 3,
    output: Annotated[
        Path | None, typer.Option(callback=checked_table, help="Also write all errors to this CSV.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(callback=checked_picture, help="Also plot the kinds, as PNG, SVG or PDF.")
    ] = None,
) -> None:
    """Show where a classifier still fails: group its logged out-of-fold errors into kinds that a person can act on."""
    if experiment.endswith(".toml"):
        announce_spec(Path(experiment), classifier)
    else:
        from topicdesk.project import find_project
        from topicdesk.tracking.listing import check_run

        check_run(find_project(), experiment)
        say(f"reading run {experiment} ...")
    from topicdesk.experiment import errors_of

    by_corpus = errors_of(experiment, classifier, annotators=annotator or ())
    is_alone = len(by_corpus) == 1
    for corpus, kinds in by_corpus.items():
        _print_kinds(corpus, kinds, count)
        if output is not None:
            from topicdesk._atomic import replacing
            from topicdesk._spreadsheets import write_csv

            file = named_apart(output, corpus, is_alone)
            with replacing(file) as part:
                write_csv(kinds.table.assign(signs=kinds.table["signs"].map("; ".join)), part)
            print_text(f"All errors: {file}")
        if plot is not None:
            save_picture(kinds.plot(), named_apart(plot, corpus, is_alone))


def _print_kinds(corpus: str, kinds: ErrorKinds, count: int) -> None:
    print_warnings(kinds.warnings)
    print_text(f"{corpus}: {kinds.sentence()}")
    if kinds.table.empty:
        return
    print_table(kinds.text_summary(), "Errors by kind: each has the first kind that applies")
    if len(kinds.topics) <= _MOST_TOPICS:
        print_table(kinds.by_topic, "Errors by kind and topic")
    higher = kinds.text_groups(int(kinds.groups["higher"].sum()))
    if len(higher):
        print_table(higher, "Groups with more errors than other articles with the same labels")
    else:
        print_text("No outlet, length, rule or pair of topics is shown to have more errors than others.")
    examples = kinds.examples(count)
    if len(examples):
        cut = [title if len(title) <= _TITLE_WIDTH else f"{title[: _TITLE_WIDTH - 1]}…" for title in examples["title"]]
        examples = examples.assign(title=cut)
        print_table(
            examples[["article_id", "kind", "topic", "error", "detail", "title"]].set_index("article_id"),
            "Errors to read first",
        )
    for kind, action in kinds.actions().items():
        print_text(f"{kind}: {action}")


def diff(
    first: Annotated[str, typer.Argument(help="Id of a run.", metavar="RUN_A")],
    second: Annotated[str, typer.Argument(help="Id of another run.", metavar="RUN_B")],
    classifier: Annotated[
        str | None, typer.Option(help="Classifier whose decisions are compared; by default the winner of each run.")
    ] = None,
) -> None:
    """Show how two logged runs differ: spec, data, labels, scores and decisions."""
    from topicdesk.project import find_project
    from topicdesk.tracking.listing import check_run

    project = find_project()
    for run_id in (first, second):
        check_run(project, run_id)
    say(f"reading runs {first} and {second} ...")
    from topicdesk.experiment import compare_runs

    difference = compare_runs(project, first, second, classifier)
    print_text("\n".join(difference.spec) if difference.spec else "The specs are equal.")
    if len(difference.facts):
        print_table(difference.facts, "Code, packages and data that differ")
    counts = " and ".join(str(count) for count in difference.articles)
    print_text(f"Articles that only one of the runs tested: {counts}; labels that differ: {len(difference.labels)}")
    print_some(difference.labels, "article_id", "Labels that differ")
    print_text(f"Pooled scores that differ: {len(difference.scores)}")
    print_some(_rounded(difference.scores), "classifier", "Scores that differ")
    before, after = difference.classifiers
    n_right = (difference.flips["right"] == "after").sum()
    print_text(
        f"Decisions that differ between {before} and {after}: {len(difference.flips)}; the second is right in {n_right}"
    )
    print_some(difference.flips, "article_id", "Decisions that changed")


def log(
    resume: Annotated[bool, typer.Option("--resume", help="Send the comparisons.")] = False,
) -> None:
    """List the comparisons that are saved but not in MLflow's store yet, or send them."""
    from topicdesk.project import find_project

    project = find_project()
    say("reading comparisons that are not in MLflow's store yet ...")
    from topicdesk.tracking import read_parcels, resumed

    if resume:
        n_sent, failed = 0, []
        for result in resumed(project):
            if isinstance(result, TrackingError):
                failed.append(result)
            else:
                print_text(result)
                n_sent += 1
        print_text(f"{n_sent} sent; {len(failed) or 'nothing'} {'are' if len(failed) > 1 else 'is'} waiting.")
        _raise(failed)
        return
    parcels, failures = read_parcels(project.unsent)
    for parcel in parcels:
        print_text(f"{parcel.experiment}: {parcel.runs[0].name} ({project.shown(parcel.folder)})")
    print_text(f"{len(parcels)} waiting." + (" Send them with 'topicdesk log --resume'." if parcels else ""))
    _raise(failures)


def _raise(failures: list[TrackingError]) -> None:
    """Print all errors but the last, which is raised."""
    for failure in failures[:-1]:
        print_text(f"topicdesk: {failure}", file=sys.stderr)
    if failures:
        raise failures[-1]


def promote(
    model: _Model,
    version: Annotated[str | None, typer.Option(help="Version to promote; by default the newest.")] = None,
) -> None:
    """Make a version of a registered model the champion. The current one becomes 'previous'."""
    project = _announce_update(model)
    from topicdesk.tracking import promote

    print_text(promote(project, model, version))


def rollback(model: _Model) -> None:
    """Make the previous champion of a registered model the champion again."""
    project = _announce_update(model)
    from topicdesk.tracking import rollback

    print_text(rollback(project, model))


def _announce_update(model: str) -> Project:
    """Check that a model is registered, say that the registry is updated, and return the project."""
    from topicdesk.project import find_project
    from topicdesk.tracking.listing import check_registered

    project = find_project()
    check_registered(project, model)
    say("updating MLflow's registry ...")
    return project


def _rounded(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of `RunDifference` as text; a dash if a run does not have one."""
    formats = {"first": "{:.4f}", "second": "{:.4f}", "moved": "{:+.4f}"}
    return scores.assign(
        **{
            name: ["–" if value is None or value != value else form.format(value) for value in scores[name]]
            for name, form in formats.items()
        }
    )


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
