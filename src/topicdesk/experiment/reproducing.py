"""Whether a logged run can be had again, and how two runs differ."""

from __future__ import annotations

import difflib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from topicdesk.evaluation import ALL_SAMPLES, flipped_decisions
from topicdesk.experiment.lock import Difference, ResultsLock, differences
from topicdesk.experiment.run import ExperimentResult, run_experiment
from topicdesk.project import Project
from topicdesk.tracking import ReadRun, read_run

__all__ = ["Reproduction", "RunDifference", "compare_facts", "compare_runs", "reproduce_run"]

# What a run says of itself that figures may depend on.
_FACTS = (
    "git.commit", "git.dirty", "requirements.sha256", "python", "platform", "spec.hash", "corpus.hash", "labels.hash",
)  # fmt: skip


@dataclass(frozen=True)
class Reproduction:
    """A logged run, computed again.

    Parameters
    ----------
    run_id, name : str
    facts : DataFrame
        Index ``fact``; columns ``then, now, same``: code, environment, data, labels and spec.
    differences : tuple of Difference
        Figures that moved beyond the tolerance; empty when the run can be had again.
    figures : int
        How many were compared.
    """

    run_id: str
    name: str
    facts: pd.DataFrame
    differences: tuple[Difference, ...]
    figures: int


@dataclass(frozen=True)
class RunDifference:
    """How two runs differ.

    Parameters
    ----------
    facts : DataFrame
        Index ``fact``; columns ``first, second``; those that differ.
    spec : tuple of str
        A unified diff; empty when the specs are equal.
    labels : DataFrame
        Columns ``article_id, topic, first, second``: labels of tested articles that differ.
    articles : tuple of (int, int)
        How many articles only the first tested, and only the second.
    figures : DataFrame
        Columns ``classifier, metric, first, second, moved``: pooled figures that differ.
    classifiers : tuple of (str, str)
        Whose decisions are compared: the winners, or one that was asked for.
    flips : DataFrame
        From `flipped_decisions`.
    """

    facts: pd.DataFrame
    spec: tuple[str, ...]
    labels: pd.DataFrame
    articles: tuple[int, int]
    figures: pd.DataFrame
    classifiers: tuple[str, str]
    flips: pd.DataFrame


def reproduce_run(project: Project, run_id: str, jobs: int | None = None, tolerance: float = 0.0) -> Reproduction:
    """Compute a logged run again, from the spec that it kept and the data of the project.

    Parameters
    ----------
    project : Project
    run_id : str
        Of a comparison, or of one of its classifiers.
    jobs : int, optional
        Processes, instead of the spec's.
    tolerance : float, default 0.0
        How far a figure may move.

    Returns
    -------
    Reproduction

    Raises
    ------
    TrackingError
        When there is no such run, or it keeps no spec.
    TopicdeskError
        When its spec cannot be run now.
    """
    run = read_run(project, run_id)
    before = ResultsLock.model_validate_json(run.lock)
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / f"{run.experiment}.toml"
        spec.write_text(run.spec, encoding="utf-8")
        result = run_experiment(spec, jobs, project=project, corpora=(run.corpus,))
    found = differences(before, result.lock(), tolerance)
    by_classifier = [one for locked in before.comparisons.values() for one in locked.figures.values()]
    count = sum(len(figures) for one in by_classifier for figures in one.values())
    return Reproduction(run.run_id, run.name, compare_facts(_facts(run.tags), _facts_now(result)), tuple(found), count)


def compare_runs(project: Project, first: str, second: str, classifier: str | None = None) -> RunDifference:
    """Tell how two logged runs differ: spec, data, labels, figures, and decisions about the same articles.

    Parameters
    ----------
    project : Project
    first, second : str
        Ids of runs.
    classifier : str, optional
        Whose decisions to compare; by default those of each run's winner.

    Returns
    -------
    RunDifference

    Raises
    ------
    TrackingError
        When a run is missing, or has no such classifier.
    """
    runs = [read_run(project, one) for one in (first, second)]
    names = tuple(classifier or run.tags["winner"] for run in runs)
    decided = [run.predictions(name) for run, name in zip(runs, names, strict=True)]
    ids = [set(frame["article_id"]) for frame in decided]
    facts = compare_facts(*(_facts(run.tags) for run in runs)).rename(columns={"then": "first", "now": "second"})
    return RunDifference(
        facts=facts[~facts.pop("same")],
        spec=tuple(
            difflib.unified_diff(
                runs[0].spec.splitlines(), runs[1].spec.splitlines(), runs[0].name, runs[1].name, lineterm="", n=1
            )
        ),
        labels=_relabelled(*decided),
        articles=(len(ids[0] - ids[1]), len(ids[1] - ids[0])),
        figures=_moved(*runs),
        classifiers=(names[0], names[1]),
        flips=flipped_decisions(*decided),
    )


def compare_facts(then: dict[str, str], now: dict[str, str]) -> pd.DataFrame:
    """Set what two results were made with and of side by side.

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


def _facts(tags: dict[str, str]) -> dict[str, str]:
    """Take from what a run says of itself what figures may depend on."""
    versions = {name: number for name, number in sorted(tags.items()) if name.startswith("version.")}
    return {name: tags.get(name, "–") for name in _FACTS} | versions


def _facts_now(result: ExperimentResult) -> dict[str, str]:
    (comparison,) = result.comparisons
    data = comparison.dataset
    hashes = {"spec.hash": result.spec.content_hash(), "corpus.hash": data.corpus_hash, "labels.hash": data.labels_hash}
    return _facts(result.environment.tags() | hashes)


def _relabelled(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    sides = [
        frame.assign(topic=frame["topic"].astype(str)).groupby(["article_id", "topic"])["truth"].first() == 1
        for frame in (first, second)
    ]
    both = pd.concat(sides, axis=1, join="inner", keys=["first", "second"])
    return both[both["first"] != both["second"]].reset_index()


def _moved(first: ReadRun, second: ReadRun) -> pd.DataFrame:
    sides = []
    for run in (first, second):
        (locked,) = ResultsLock.model_validate_json(run.lock).comparisons.values()
        sides.append(
            {
                (classifier, metric): figure[0]
                for classifier, by_metric in locked.figures[ALL_SAMPLES].items()
                for metric, figure in by_metric.items()
            }
        )
    rows = [
        {"classifier": key[0], "metric": key[1], "first": sides[0].get(key), "second": sides[1].get(key)}
        for key in dict.fromkeys([*sides[0], *sides[1]])
        if sides[0].get(key) != sides[1].get(key)
    ]
    table = pd.DataFrame(rows, columns=["classifier", "metric", "first", "second"])
    return table.assign(moved=pd.to_numeric(table["second"]) - pd.to_numeric(table["first"]))
