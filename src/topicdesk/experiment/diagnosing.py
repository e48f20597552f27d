"""Say where a logged experiment still fails: its out-of-fold errors by kind."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from topicdesk._arguments import check_instance, check_path, check_string, check_strings
from topicdesk.annotation import Taxonomy, read_label_file, read_taxonomy
from topicdesk.annotation._fields import check_annotator
from topicdesk.corpus import read_corpus
from topicdesk.errors import SpecError, TrackingError
from topicdesk.evaluation import Classifier, CrossValidation, FoldResult, Split
from topicdesk.evaluation.model_selection import described_parameters, plan_for_texts
from topicdesk.experiment.run import LoadedExperiment, corpus_file, load_experiments
from topicdesk.experiment.spec import Spec, read_spec
from topicdesk.prediction import ErrorKinds, error_kinds
from topicdesk.project import Project, find_file, find_project
from topicdesk.tracking import ReadRun, list_runs, read_run

__all__ = ["disputed_labels", "errors_of", "spec_taxonomy"]


def errors_of(
    experiment: Path | str,
    classifier: str | None = None,
    *,
    annotators: Sequence[str] = (),
    project: Project | None = None,
) -> dict[str, ErrorKinds]:
    """Group the out-of-fold errors of a logged experiment into kinds that a person can act on.

    The predictions are read from the run. Only the models of the first repeat are fitted again, for the weights of
    their terms.

    Parameters
    ----------
    experiment : path or str
        A spec whose comparison was logged, such as ``experiments/topics.toml``, or the id of a run.
    classifier : str, optional
        A classifier of the comparison; by default the winner.
    annotators : sequence of str, default ()
        Further annotators, whose files ``data/labels/NAME.csv`` the spec does not read. A label is disputed if they
        or the label files of the spec disagree about it.
    project : Project, optional
        The project; by default that of the spec's folder, or of the working folder.

    Returns
    -------
    dict of str to ErrorKinds
        By corpus, in the order of the spec.

    Raises
    ------
    TrackingError
        If there is no such run, or the spec was not logged since it, its articles or its labels changed.
    TopicdeskError
        If the spec, its corpus or labels, or another argument is invalid.

    See Also
    --------
    topicdesk.Comparison.error_kinds : The same for a comparison in memory.

    Examples
    --------
    ::

        errors_of("experiments/topics.toml")["newsarticles"].summary
    """
    check_path("experiment", experiment)
    if classifier is not None:
        check_string("classifier", classifier, empty=False)
    check_strings("annotators", annotators)
    for name in annotators:
        check_annotator(name)
    if project is not None:
        check_instance("project", project, Project, "Use find_project.")
    if str(experiment).endswith(".toml"):
        path = find_file(experiment, project, "experiment")
        project = project or find_project(path.parent)
        runs = _latest_runs(project, path, read_spec(path, project))
    else:
        project = project or find_project()
        runs = [_run_of_spec(read_run(str(experiment), project))]
    return {run.corpus: _errors_of_run(run, project, classifier, annotators) for run in runs}


def spec_taxonomy(project: Project, spec: Spec) -> Taxonomy | None:
    """Return the taxonomy of a spec; None if it names none."""
    return None if spec.data.topics is None else read_taxonomy(project.root / spec.data.topics)


def disputed_labels(project: Project, spec: Spec, annotators: Sequence[str] = ()) -> pd.DataFrame:
    """List the labels that the label files of a spec, and those of further annotators, disagree on.

    Parameters
    ----------
    project : Project
        The project of the files.
    spec : Spec
        The spec.
    annotators : sequence of str, default ()
        Further annotators: names of files in ``data/labels``.

    Returns
    -------
    DataFrame
        Columns ``article_id, topic``. A disagreement that was adjudicated is listed too. Empty for published labels.
    """
    taxonomy = spec_taxonomy(project, spec)
    disputed: dict[tuple[str, str], None] = {}
    if taxonomy is not None and not spec.data.published:
        files = [project.root / name for name in spec.data.labels]
        files += [project.labels / f"{name}.csv" for name in annotators]
        given: dict[str, list[frozenset[str]]] = {}
        for file in dict.fromkeys(files):
            labels = read_label_file(file, taxonomy.names)
            for article, topics in zip(labels["article_id"], labels["topics"], strict=True):
                given.setdefault(str(article), []).append(frozenset(topics))
        for article, answers in given.items():
            doubtful = frozenset.union(*answers) - frozenset.intersection(*answers)
            disputed |= {(article, topic): None for topic in taxonomy.names if topic in doubtful}
    return pd.DataFrame(list(disputed), columns=["article_id", "topic"])


def _latest_runs(project: Project, spec_file: Path, spec: Spec) -> list[ReadRun]:
    """Return the latest run of each corpus of a spec, as the spec is now."""
    logged = list_runs(project)
    logged = logged[logged["experiment"] == spec_file.stem]
    runs = []
    for corpus in (Path(corpus).stem for corpus in spec.data.corpus):
        candidates = (read_run(str(run_id), project) for run_id in logged.index[logged["corpus"] == corpus])
        found = next((run for run in candidates if run.tags.get("spec.hash") == spec.content_hash() and run.lock), None)
        if found is None:
            changed = " as it is now" if (logged["corpus"] == corpus).any() else ""
            raise TrackingError(
                f"no comparison of {spec_file}{changed} is logged for the corpus {corpus!r}. Run 'topicdesk compare "
                f"{spec_file}' first; errors are grouped from its predictions."
            )
        runs.append(found)
    return runs


def _run_of_spec(run: ReadRun) -> ReadRun:
    if not run.lock:
        raise TrackingError(
            f"run {run.run_id} was logged from Python, so its texts are not in the project. Call error_kinds() of the "
            "comparison there, or open the report of the run."
        )
    return run


def _errors_of_run(run: ReadRun, project: Project, classifier: str | None, annotators: Sequence[str]) -> ErrorKinds:
    with tempfile.TemporaryDirectory() as folder:
        spec_file = Path(folder) / f"{run.experiment}.toml"
        spec_file.write_text(run.spec, encoding="utf-8")
        spec = read_spec(spec_file, project)
        (load,) = load_experiments(spec_file, project, (run.corpus,))
    for what, now in (("corpus", load.dataset.corpus_hash), ("labels", load.dataset.labels_hash)):
        if run.tags.get(f"{what}.hash") != now:
            changed = "articles" if what == "corpus" else "labels"
            raise TrackingError(
                f"run {run.run_id} was made with other {changed} than the project has now. Run 'topicdesk compare "
                f"experiments/{run.experiment}.toml' again."
            )
    name = classifier or run.tags["winner"]
    results = _read_results(run, load, name)
    corpus = next(corpus for corpus in spec.data.corpus if Path(corpus).stem == run.corpus)
    articles = read_corpus(corpus_file(project, corpus)).set_index("id")
    return error_kinds(
        results,
        name,
        taxonomy=spec_taxonomy(project, spec),
        keywords=load.keywords,
        disputed=disputed_labels(project, spec, annotators),
        titles=articles.loc[load.dataset.ids, "title"].tolist(),
    )


def _read_results(run: ReadRun, load: LoadedExperiment, name: str) -> CrossValidation:
    """Return the logged out-of-fold results of one classifier."""
    predictions = run.predictions(name)
    by_split = {key: rows for key, rows in predictions.groupby(["repeat", "fold"])}
    choices = {(choice["repeat"], choice["fold"]): choice for choice in run.choices(name).to_dict("records")}
    plan, _ = plan_for_texts(load.plan, load.dataset)
    (classifier,) = (one for one in plan.classifiers if one.name == name)
    results = []
    for split in load.splits:
        key = (split.repeat, split.fold)
        ids = load.dataset.ids[split.test]
        rows = by_split.get(key)
        if rows is None or rows["article_id"].tolist() != np.repeat(ids, load.dataset.n_topics).tolist():
            raise SpecError(
                f"run {run.run_id} has other splits than topicdesk makes now from its spec. Run 'topicdesk compare "
                f"experiments/{run.experiment}.toml' again."
            )
        results.append(_fold_result(classifier, split, rows, choices[key], load.dataset.topics))
    return CrossValidation(load.dataset, plan, load.splits, tuple(results))


def _fold_result(
    classifier: Classifier, split: Split, rows: pd.DataFrame, choice: Mapping[Any, Any], topics: Sequence[str]
) -> FoldResult:
    shape = (len(split.test), len(topics))
    scores, decisions, probabilities = (
        rows[column].to_numpy().reshape(shape) for column in ("score", "decision", "probability")
    )
    has_thresholds = f"threshold {topics[0]}" in choice
    return FoldResult(
        classifier=classifier.name,
        split=split,
        features=str(choice["features"]),
        parameters=next(
            (point for point in classifier.parameters() if described_parameters(point) == choice["parameters"]), {}
        ),
        thresholds=np.array([choice[f"threshold {topic}"] for topic in topics]) if has_thresholds else None,
        inner_score=float("nan"),
        scores=scores,
        decisions=decisions.astype(np.int8),
        probabilities=None if np.isnan(probabilities).any() else probabilities,
        automated=rows["automated"].to_numpy()[:: len(topics)],
        fit_seconds=float(choice["fit_seconds"]),
        predict_seconds=float(choice["predict_seconds"]),
    )
