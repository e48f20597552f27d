"""Reproduce a logged run, and compare two runs."""

from __future__ import annotations

import difflib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from topicdesk._arguments import check_instance, check_n_jobs, check_number, check_string
from topicdesk._renamed import renamed_arguments, renamed_fields
from topicdesk.errors import TrackingError
from topicdesk.evaluation import ALL_SAMPLES, flipped_decisions
from topicdesk.experiment.lock import Difference, ResultsLock, differences
from topicdesk.experiment.run import ExperimentResult, run_experiment
from topicdesk.project import Project
from topicdesk.tracking import ReadRun, read_run

__all__ = ["Reproduction", "RunDifference", "compare_facts", "compare_runs", "reproduce_run"]

# Tags of a run that its scores may depend on.
_FACTS = (
    "git.commit", "git.dirty", "requirements.sha256", "python", "platform", "spec.hash", "corpus.hash", "labels.hash",
)  # fmt: skip


@renamed_fields(figures="n_scores")
@dataclass(frozen=True)
class Reproduction:
    """Result of recomputing a logged run.

    Parameters
    ----------
    run_id, name : str
        Id and name of the run.
    facts : DataFrame
        Index ``fact``; columns ``then, now, same``: code, environment, data, labels and spec.
    differences : tuple of Difference
        Differences beyond the tolerance; empty if the run is reproducible.
    n_scores : int
        Number of scores compared.
    """

    run_id: str
    name: str
    facts: pd.DataFrame
    differences: tuple[Difference, ...]
    n_scores: int


@renamed_fields(figures="scores")
@dataclass(frozen=True)
class RunDifference:
    """Differences between two runs.

    Parameters
    ----------
    facts : DataFrame
        Facts that differ. Index ``fact``; columns ``first, second``.
    spec : tuple of str
        Lines of a unified diff; empty if the specs are equal.
    labels : DataFrame
        Labels of tested articles that differ. Columns ``article_id, topic, first, second``.
    articles : tuple of (int, int)
        Number of articles that only the first run tested, and that only the second run tested.
    scores : DataFrame
        Pooled scores that differ. Columns ``classifier, metric, first, second, moved``.
    classifiers : tuple of (str, str)
        The classifiers whose decisions are compared: the two winners, or the requested one twice.
    flips : DataFrame
        From `flipped_decisions`.
    """

    facts: pd.DataFrame
    spec: tuple[str, ...]
    labels: pd.DataFrame
    articles: tuple[int, int]
    scores: pd.DataFrame
    classifiers: tuple[str, str]
    flips: pd.DataFrame


@renamed_arguments(jobs="n_jobs")
def reproduce_run(project: Project, run_id: str, n_jobs: int | None = None, tolerance: float = 0.0) -> Reproduction:
    """Recompute a logged run from its saved spec and the data of the project.

    Parameters
    ----------
    project : Project
        The project with the run and the data.
    run_id : str
        Id of the run of a comparison, or of one of its classifiers.
    n_jobs : int, optional
        Number of processes; by default that of the spec.
    tolerance : float, default 0.0
        Maximum absolute difference of a score that is not reported.

    Returns
    -------
    Reproduction

    Raises
    ------
    TrackingError
        If the run does not exist or has no saved spec.
    TopicdeskError
        If its spec can no longer be run.
    """
    check_instance("project", project, Project, "Use find_project.")
    check_n_jobs(n_jobs, optional=True)
    check_number("tolerance", tolerance)
    run = _run_of_spec(run_id, project)
    lock = ResultsLock.model_validate_json(run.lock)
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / f"{run.experiment}.toml"
        spec.write_text(run.spec, encoding="utf-8")
        result = run_experiment(spec, n_jobs, project=project, corpora=(run.corpus,))
    changed = differences(lock, result.lock(), tolerance)
    by_classifier = [scores for comparison in lock.comparisons.values() for scores in comparison.figures.values()]
    count = sum(len(metrics) for scores in by_classifier for metrics in scores.values())
    return Reproduction(
        run.run_id, run.name, compare_facts(_facts(run.tags), _facts_now(result)), tuple(changed), count
    )


def compare_runs(project: Project, first: str, second: str, classifier: str | None = None) -> RunDifference:
    """Compare two logged runs: spec, data, labels, scores, and decisions about the same articles.

    Parameters
    ----------
    project : Project
        The project with the runs.
    first, second : str
        Ids of the runs.
    classifier : str, optional
        The classifier whose decisions to compare; by default each run's winner.

    Returns
    -------
    RunDifference

    Raises
    ------
    TrackingError
        If a run does not exist, or has no such classifier.
    ArgumentError
        If an argument has a wrong type or value.
    """
    check_instance("project", project, Project, "Use find_project.")
    check_string("first", first, empty=False)
    check_string("second", second, empty=False)
    if classifier is not None:
        check_string("classifier", classifier, empty=False)
    runs = [_run_of_spec(run_id, project) for run_id in (first, second)]
    names = tuple(classifier or run.tags["winner"] for run in runs)
    predictions = [run.predictions(name) for run, name in zip(runs, names, strict=True)]
    ids = [set(frame["article_id"]) for frame in predictions]
    facts = compare_facts(*(_facts(run.tags) for run in runs)).rename(columns={"then": "first", "now": "second"})
    return RunDifference(
        facts=facts[~facts.pop("same")],
        spec=tuple(
            difflib.unified_diff(
                runs[0].spec.splitlines(), runs[1].spec.splitlines(), runs[0].name, runs[1].name, lineterm="", n=1
            )
        ),
        labels=_relabelled(*predictions),
        articles=(len(ids[0] - ids[1]), len(ids[1] - ids[0])),
        scores=_moved(*runs),
        classifiers=(names[0], names[1]),
        flips=flipped_decisions(*predictions),
    )


def compare_facts(then: dict[str, str], now: dict[str, str]) -> pd.DataFrame:
    """Return the facts of two results side by side.

    Parameters
    ----------
    then, now : dict of str to str
        Facts by name, such as `ResultsLock.facts`.

    Returns
    -------
    DataFrame
        Index ``fact``; columns ``then, now, same``.
    """
    names = list(dict.fromkeys([*then, *now]))
    rows = [(then.get(name, "–"), now.get(name, "–")) for name in names]
    table = pd.DataFrame(rows, columns=["then", "now"], index=pd.Index(names, name="fact"))
    return table.assign(same=table["then"] == table["now"])


def _run_of_spec(run_id: str, project: Project) -> ReadRun:
    run = read_run(run_id, project)
    if not run.lock:
        raise TrackingError(
            f"run {run.run_id} was logged from Python, so it has no spec and no results lock. Run the same code again."
        )
    return run


def _facts(tags: dict[str, str]) -> dict[str, str]:
    """Return the tags of a run that its scores may depend on."""
    versions = {name: number for name, number in sorted(tags.items()) if name.startswith("version.")}
    return {name: tags.get(name, "–") for name in _FACTS} | versions


def _facts_now(result: ExperimentResult) -> dict[str, str]:
    (comparison,) = result.comparisons
    data = comparison.dataset
    hashes = {"spec.hash": result.spec.content_hash(), "corpus.hash": data.corpus_hash, "labels.hash": data.labels_hash}
    return _facts(result.environment.tags() | hashes)


def _relabelled(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    truths = [
        frame.assign(topic=frame["topic"].astype(str)).groupby(["article_id", "topic"])["truth"].first() == 1
        for frame in (first, second)
    ]
    table = pd.concat(truths, axis=1, join="inner", keys=["first", "second"])
    return table[table["first"] != table["second"]].reset_index()


def _moved(first: ReadRun, second: ReadRun) -> pd.DataFrame:
    scores = []
    for run in (first, second):
        (comparison,) = ResultsLock.model_validate_json(run.lock).comparisons.values()
        scores.append(
            {
                (classifier, metric): interval[0]
                for classifier, by_metric in comparison.figures[ALL_SAMPLES].items()
                for metric, interval in by_metric.items()
            }
        )
    rows = [
        {"classifier": key[0], "metric": key[1], "first": scores[0].get(key), "second": scores[1].get(key)}
        for key in dict.fromkeys([*scores[0], *scores[1]])
        if scores[0].get(key) != scores[1].get(key)
    ]
    table = pd.DataFrame(rows, columns=["classifier", "metric", "first", "second"])
    return table.assign(moved=pd.to_numeric(table["second"]) - pd.to_numeric(table["first"]))
