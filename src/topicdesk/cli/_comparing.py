"""Commands that compute a spec: compare, verify, and studies beside the comparison."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from topicdesk._progress import say
from topicdesk.cli._options import (
    EngineName,
    Jobs,
    OneClassifier,
    Scheduler,
    Spec,
    announce_spec,
    checked_page,
    checked_picture,
    checked_table,
    engine_named,
    named_apart,
)
from topicdesk.cli._printing import (
    print_differences,
    print_facts,
    print_table,
    print_text,
    print_warnings,
    results_differ,
    save_picture,
)
from topicdesk.errors import VerificationError

if TYPE_CHECKING:
    from topicdesk.experiment import Difference, ExperimentResult
    from topicdesk.tracking import LoggedComparison

__all__ = ["ablate", "compare", "learning_curve", "rank", "results", "splits", "stories", "verify"]

_STARTED = perf_counter()

# Maximum number of topics and columns to print in a terminal.
_MOST_TOPICS = 6
_MOST_COLUMNS = 16

# Maximum number of differences from a lock to print. The first ones show how large they are.
_MOST_DIFFERENCES = 10


def compare(
    spec: Spec,
    jobs: Jobs = None,
    engine: Annotated[
        EngineName, typer.Option(help="Where the work runs. Scores do not depend on it.")
    ] = EngineName.LOCAL,
    scheduler: Scheduler = None,
    resume: Annotated[bool, typer.Option(help="Continue a run of the same spec that was stopped.")] = True,
    log: Annotated[bool, typer.Option(help="Log the comparison to MLflow.")] = True,
    update_lock: Annotated[bool, typer.Option("--update-lock", help="Replace the results lock.")] = False,
    report: Annotated[
        Path | None, typer.Option(callback=checked_page, help="Also write the HTML report to this file.")
    ] = None,
) -> None:
    """Compare the classifiers of a spec, log to MLflow, and write or check the results lock."""
    from topicdesk.experiment._checks import check_spec
    from topicdesk.project import find_project
    from topicdesk.tracking.listing import check_experiment

    check_spec(spec)
    if log:
        check_experiment(find_project(spec.parent), spec.stem)
    if engine is not EngineName.LOCAL or scheduler is not None:
        engine_named(engine, scheduler)
    say(f"reading {spec} ...")
    from topicdesk._atomic import write_text
    from topicdesk.experiment import (
        lock_path,
        log_experiment,
        read_lock,
        read_spec,
        review_experiment,
        run_experiment,
        verify_experiment,
        write_lock,
    )
    from topicdesk.report import name_run

    path = lock_path(spec)
    if not update_lock and path.is_file() and read_lock(path).spec != read_spec(spec).content_hash():
        say(
            f"note: {path} was made from another version of the spec, so the scores cannot be compared with it. To "
            "replace it, add --update-lock."
        )
    result = run_experiment(spec, jobs, engine_named(engine, scheduler), resume)
    _print_result(result)
    # Check once: another process may write it in the meantime.
    previous = read_lock(path) if path.is_file() else None
    renew = update_lock or previous is None
    if renew:
        write_lock(result.lock().after(previous), path)
        print_text(f"Results lock written: {path}")
    reviews = review_experiment(result, jobs or result.spec.evaluation.jobs, renew) if log or report is not None else ()
    logged = log_experiment(result, reviews=reviews) if log else ()
    _print_next(result, logged)
    if report is not None:
        for review, run in zip_longest(reviews, logged):
            file = report if len(reviews) == 1 else report.with_stem(f"{report.stem}-{review.comparison.dataset.name}")
            write_text(file, review.report if run is None else name_run(review.report, run.run_id))
            print_text(f"Report: {file}")
    result.forget_cells()
    try:
        if not renew:
            _report(verify_experiment(result), path, result)
    finally:
        print_text(f"{perf_counter() - _STARTED:.0f} s in total")


def verify(
    spec: Spec,
    jobs: Jobs = None,
    tolerance: Annotated[
        float, typer.Option(min=0, help="Largest allowed difference. Use 0 on the platform that wrote the lock.")
    ] = 0.0,
) -> None:
    """Recompute the scores of a spec, and compare them with its results lock. Exit 1 if a score differs."""
    announce_spec(spec)
    from topicdesk.experiment import compare_facts, lock_path, read_lock, run_experiment, verify_experiment

    read_lock(lock_path(spec))  # fail before the long work if there is no lock
    result = run_experiment(spec, jobs)
    differing = verify_experiment(result, tolerance)
    facts = compare_facts(read_lock(lock_path(spec)).facts(), result.lock().facts())
    print_facts(facts.rename(columns={"then": "locked"}), "What the scores depend on")
    _report(differing, lock_path(spec), result, tolerance)


def results(
    folder: Annotated[Path, typer.Argument(help="Folder of specs and their locks.")] = Path("experiments"),
) -> None:
    """Write the results page, README.md in the folder, from its locks."""
    from topicdesk.project import find_project

    find_project(folder)
    say(f"reading the locks of {folder} ...")
    from topicdesk._atomic import write_text
    from topicdesk.experiment import results_page

    write_text(folder / "README.md", results_page(folder))
    print_text(f"Results page written: {folder / 'README.md'}")


def splits(
    spec: Spec,
    output: Annotated[
        Path | None, typer.Option(callback=checked_table, help="Save the splits as CSV, for [splits] file in a spec.")
    ] = None,
) -> None:
    """Show how a spec splits its articles, by topic and by source, and save the splits."""
    announce_spec(spec)
    from topicdesk.evaluation import split_table, write_splits
    from topicdesk.experiment import load_dataset, load_splits, read_spec
    from topicdesk.project import find_project

    parsed, project = read_spec(spec), find_project(spec.parent)
    if output is not None and len(parsed.data.corpus) > 1:
        raise typer.BadParameter(f"{spec} names several corpora, but splits can be saved for one corpus only.")
    for corpus in parsed.data.corpus:
        dataset = load_dataset(project, parsed, corpus)
        loaded, warnings = load_splits(project, parsed, dataset)
        print_warnings(warnings)
        for column in ("topic", "source"):
            table = split_table(dataset, loaded, column).astype("str").set_index("repeat")
            if table.shape[1] <= _MOST_COLUMNS:
                print_table(table, f"{dataset.name}: test articles by {column}")
        if output is not None:
            write_splits(dataset, loaded, output)
            print_text(f"Splits saved: {output}")


def learning_curve(
    spec: Spec,
    classifier: OneClassifier = None,
    sizes: Annotated[int, typer.Option(min=4, help="Number of training set sizes.")] = 6,
    more: Annotated[int, typer.Option(min=1, help="Number of additional labels to forecast for.")] = 500,
    plot: Annotated[
        Path | None, typer.Option(callback=checked_picture, help="Also plot the curve, as PNG, SVG or PDF.")
    ] = None,
    jobs: Jobs = None,
) -> None:
    """Fit a classifier on growing parts of the labels, and forecast the gain from more labels."""
    announce_spec(spec, classifier)
    from topicdesk.evaluation import learning_curve
    from topicdesk.experiment import load_experiments

    for load in load_experiments(spec):
        selected = load.classifier(classifier)
        curve = learning_curve(
            load.dataset, load.plan, selected, sizes, load.splits, load.keywords, jobs or load.n_jobs
        )
        print_warnings(curve.warnings)
        table = curve.points.assign(labels=curve.points["labels"].map("{:.0f}".format)).set_index("labels")
        print_table(table.map("{:.3f}".format), f"{load.dataset.name}, {curve.classifier}: {curve.metric} by labels")
        print_text(curve.sentence(more))
        if plot is not None:
            save_picture(curve.plot(more), named_apart(plot, load.dataset.name, load.alone))


def ablate(
    spec: Spec,
    classifier: OneClassifier = None,
    plot: Annotated[
        Path | None, typer.Option(callback=checked_picture, help="Also plot the losses, as PNG, SVG or PDF.")
    ] = None,
    jobs: Jobs = None,
) -> None:
    """Remove each feature option of a spec in turn, and show how much a classifier loses."""
    announce_spec(spec, classifier)
    from topicdesk.evaluation import ablate
    from topicdesk.experiment import load_experiments

    for load in load_experiments(spec):
        ablation = ablate(
            load.dataset, load.plan, load.classifier(classifier), load.splits, load.keywords, jobs or load.n_jobs
        )
        print_warnings(ablation.warnings)
        print_table(ablation.text_table(), f"{load.dataset.name}, {ablation.classifier} without each feature option")
        if plot is not None:
            save_picture(ablation.plot(), named_apart(plot, load.dataset.name, load.alone))


def stories(
    spec: Spec,
    classifier: OneClassifier = None,
    plot: Annotated[
        Path | None, typer.Option(callback=checked_picture, help="Also plot the scores, as PNG, SVG or PDF.")
    ] = None,
    jobs: Jobs = None,
) -> None:
    """Show how much of a score is remembering the same story, and how much it falls on later articles."""
    announce_spec(spec, classifier)
    from topicdesk.evaluation import audit_stories
    from topicdesk.experiment import load_experiments

    for load in load_experiments(spec):
        audit = audit_stories(load.dataset, load.plan, load.classifier(classifier), load.keywords, jobs or load.n_jobs)
        print_warnings(audit.warnings)
        print_table(audit.text_table(), f"{load.dataset.name}, {audit.classifier}: scores by training articles")
        print_text(audit.sentence())
        if plot is not None:
            save_picture(audit.plot(), named_apart(plot, load.dataset.name, load.alone))


def rank(
    specs: Annotated[list[Path], typer.Argument(help="Specs with results locks.", metavar="SPEC")],
    plot: Annotated[
        Path | None,
        typer.Option(callback=checked_picture, help="Plot the critical-difference diagram, as PNG, SVG or PDF."),
    ] = None,
) -> None:
    """Rank classifiers over several datasets, with the tests of Friedman and Nemenyi."""
    say("reading results locks ...")
    from topicdesk.evaluation import friedman_nemenyi, plot_critical_difference
    from topicdesk.experiment import locked_scores

    scores = locked_scores(specs)
    test = friedman_nemenyi(scores)
    table = test.pairs.map("{:.3f}".format)
    table.insert(0, "mean rank", test.ranks.map("{:.2f}".format))
    order = test.ranks.sort_values().index
    print_table(table.loc[order, ["mean rank", *order]], "Mean rank, and p-values of Nemenyi's test")
    print_text(f"{len(scores)} datasets ({', '.join(scores.index)}); Friedman p = {test.p_value:.3f}")
    if plot is not None:
        save_picture(plot_critical_difference(scores), plot)


def _report(found: list[Difference], path: Path, result: ExperimentResult, tolerance: float = 0.0) -> None:
    if not found:
        print_text(f"Verified: all scores match {path}" + (f", within {tolerance:g}." if tolerance else "."))
        return
    from topicdesk.experiment import changed_inputs, read_lock

    locked, now = read_lock(path), result.lock()
    causes = changed_inputs(locked, now)
    print_text(
        f"Changed since {path} was made: {'; '.join(causes)}."
        if causes
        else f"The spec, the data and the versions are those of {path}. So the code or the machine is another one."
    )
    # Hashes of inputs are among the causes. Of the results, winners and scores in the metric of the spec come first.
    differing = sorted((one for one in found if not one.is_input), key=lambda one: not one.is_about(now.metric))
    if differing:
        print_differences(differing, f"Differences from {path}", _MOST_DIFFERENCES)
    raise VerificationError(
        f"{results_differ(len(differing))} from {path}. If the change is intended, replace the lock with "
        f"'topicdesk compare {result.spec_file} --update-lock' and commit it."
    )


def _print_result(result: ExperimentResult) -> None:
    from topicdesk.evaluation import CORPUS_SAMPLE, leaderboard_note, topic_leaderboard

    for comparison in result.comparisons:
        print_text(f"\n{result.spec.experiment.title} — {comparison.dataset}")
        for warning in comparison.warnings:
            print_text(f"  warning: {warning}")
        if comparison.checkpoints is not None and comparison.checkpoints.reused:
            print_text(f"  reused {comparison.checkpoints.reused} checkpoints of a run that was stopped")
        leaderboard = comparison.leaderboard()
        choices = comparison.choices()
        for column, title in {"fit_seconds": "fit s", "predict_seconds": "predict s"}.items():
            leaderboard[title] = choices.groupby("classifier")[column].mean().map("{:.3f}".format)
        note = leaderboard_note(comparison.headline)
        weighted = ", weighted to the corpus" if comparison.headline == CORPUS_SAMPLE else ""
        print_table(leaderboard, f"Leaderboard: out-of-fold scores, best first. {note}")
        print_text(f"Verdict: {comparison.verdict.reason}")
        probabilities = comparison.probability_leaderboard()
        if len(probabilities):
            method = {"platt": "Platt scaling", "isotonic": "isotonic regression"}
            calibration = method[comparison.plan.decision_rule.calibration]
            print_table(probabilities, f"Out-of-fold probabilities, calibrated by {calibration}{weighted}")
        if comparison.dataset.n_topics <= _MOST_TOPICS:
            by_topic = topic_leaderboard(comparison.topic_scores, comparison.ranking, sample=comparison.headline)
            print_table(by_topic, f"F1 by topic [95 %]{weighted}")


def _print_next(result: ExperimentResult, logged: tuple[LoggedComparison, ...]) -> None:
    if not logged:
        return
    from topicdesk.tracking import tracking_uri

    for run in logged:
        print_text(run)
    is_local = tracking_uri(result.project).startswith("sqlite:")
    hint = "run 'topicdesk review' and open the address it prints" if is_local else "open your MLflow server"
    print_text(f"Where to look next: {hint}.")
