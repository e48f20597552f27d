"""Run an experiment: read a spec, load its datasets, compare classifiers, and make or verify the results lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from topicdesk._arguments import (
    check_engine,
    check_flag,
    check_instance,
    check_n_jobs,
    check_number,
    check_string,
    check_strings,
)
from topicdesk._environment import Environment, observe_environment
from topicdesk._renamed import renamed_arguments, renamed_fields
from topicdesk.annotation import (
    Dataset,
    Taxonomy,
    join_dataset,
    published_annotations,
    read_annotations,
    read_taxonomy,
    reserved_in,
    unused_published,
)
from topicdesk.corpus import published_labels_path, read_corpus, stored_corpus
from topicdesk.errors import SpecError, VerificationError, nearest
from topicdesk.evaluation import (
    Classifier,
    ComparisonPlan,
    Engine,
    SharedScores,
    Split,
    hash_of_tested,
    make_splits,
    read_splits,
    scores_on_shared,
)
from topicdesk.experiment._checks import corpus_path
from topicdesk.experiment.lock import Difference, ResultsLock, differences, lock_path, make_lock, read_lock
from topicdesk.experiment.spec import Spec, read_spec
from topicdesk.interface import Comparison, compare
from topicdesk.project import Project, find_file, find_project

__all__ = [
    "ExperimentResult",
    "LoadedExperiment",
    "corpus_file",
    "load_dataset",
    "load_experiments",
    "load_splits",
    "locked_scores",
    "read_spec_labels",
    "run_experiment",
    "spec_keywords",
    "spec_titles",
    "verify_experiment",
]


@dataclass(frozen=True, eq=False)
class ExperimentResult:
    """Result of an experiment.

    Parameters
    ----------
    project : Project
        Project that data and labels come from.
    name : str
        File name of the spec without its extension.
    spec_file : Path
        File of the spec.
    spec : Spec
        The spec.
    environment : Environment
        Code and software versions of the run.
    comparisons : tuple of Comparison
        One per corpus, in the spec's order.
    shared : mapping of str to mapping of str to SharedScores
        By corpus, then by the experiment that the spec names as ``beside``: scores on its test articles. Empty if both
        experiments test the same articles with the same labels, or if this one does not test all of them.
    """

    project: Project
    name: str
    spec_file: Path
    spec: Spec
    environment: Environment
    comparisons: tuple[Comparison, ...]
    shared: Mapping[str, Mapping[str, SharedScores]] = field(default_factory=dict)

    def forget_cells(self) -> None:
        """Delete the checkpoints saved for resuming. Call it once everything is logged and written."""
        for comparison in self.comparisons:
            if comparison.checkpoints is not None:
                comparison.checkpoints.clear()

    def lock(self, comparisons: Sequence[Comparison] | None = None) -> ResultsLock:
        """Return the results lock of some comparisons; by default of all."""
        return make_lock(
            self.name,
            self.spec.content_hash(),
            self.spec.evaluation.metric,
            self.environment,
            self.comparisons if comparisons is None else comparisons,
            self.shared,
        )


@renamed_arguments(jobs="n_jobs")
def run_experiment(
    spec_file: Path | str,
    n_jobs: int | None = None,
    engine: Engine | None = None,
    resume: bool = False,
    project: Project | None = None,
    corpora: Sequence[str] | None = None,
) -> ExperimentResult:
    """Run an experiment without logging or writing results.

    Parameters
    ----------
    spec_file : path
        A spec such as ``experiments/topics.toml``, inside a project.
    n_jobs : int, optional
        Number of processes; by default that of the spec. Scores do not depend on it.
    engine : Engine, optional
        Runs the tasks instead of local processes, such as a `topicdesk.evaluation.DaskEngine`.
    resume : bool, default False
        Save a checkpoint of each finished task in the project, and reuse those of an earlier run of the same experiment
        that was stopped. `ExperimentResult.forget_cells` deletes them.
    project : Project, optional
        Project with data and labels; by default that of the spec's folder.
    corpora : sequence of str, optional
        Names of datasets to use from a spec with several; by default all.

    Returns
    -------
    ExperimentResult

    Raises
    ------
    TopicdeskError
        If the spec, corpus, labels or splits are invalid. The message says what to do.

    Examples
    --------
    >>> import tempfile
    >>> import topicdesk
    >>> desk = topicdesk.create_project(tempfile.mkdtemp() + "/desk")
    >>> spec = desk.root / "experiments" / "small.toml"
    >>> _ = spec.write_text('''
    ... [experiment]
    ... title = "A small comparison"
    ... [data]
    ... corpus = "data/corpora/example.parquet"
    ... labels = "data/labels/example.csv"
    ... topics = "data/topics.toml"
    ... [classifiers]
    ... multinomial-nb = { alpha = 0.1 }
    ... [splits]
    ... folds = 2
    ... ''')
    >>> result = topicdesk.run_experiment(spec, n_jobs=1)
    >>> result.comparisons[0].ranking
    ('multinomial-nb', 'plain-linear-svm', 'majority')
    """
    check_n_jobs(n_jobs, optional=True)
    check_engine(engine)
    check_flag("resume", resume)
    if corpora is not None:
        check_strings("corpora", corpora, empty=False)
    path = find_file(spec_file, name="spec_file")
    spec = read_spec(path, project)
    known = [Path(corpus).stem for corpus in spec.data.corpus]
    unknown = next((name for name in corpora or () if name not in known), None)
    if unknown is not None:
        raise SpecError(f"corpora: {path} names no corpus called {unknown!r}; {nearest(unknown, known)}")
    project = project or find_project(path.parent)
    environment = observe_environment(project)
    other = None if spec.experiment.beside is None else _spec_beside(path, project, spec.experiment.beside)
    comparisons = []
    for load in _load_all(path, project, spec, corpora):
        checkpoints = project.cells if resume else None
        comparisons.append(
            compare(
                load.dataset,
                load.plan,
                keywords=load.keywords,
                cv=load.splits,
                n_jobs=n_jobs or load.n_jobs,
                engine=engine,
                checkpoints=checkpoints,
            )
        )
    shared = {} if other is None else _shared_scores(project, other, comparisons, n_jobs or spec.evaluation.jobs)
    return ExperimentResult(project, path.stem, path, spec, environment, tuple(comparisons), shared)


@renamed_fields(jobs="n_jobs")
@dataclass(frozen=True, eq=False)
class LoadedExperiment:
    """One corpus of a spec, loaded and split.

    Parameters
    ----------
    spec_file : Path
        File of the spec.
    dataset : Dataset
        The dataset, including the warnings of its splits.
    plan : ComparisonPlan
        What to compare.
    splits : tuple of Split
        The outer splits.
    keywords : mapping of str to tuple of str, or None
        Keywords of each topic; None without a taxonomy, or if a topic has none.
    n_jobs : int
        Number of processes in the spec.
    alone : bool
        Whether the spec has no other corpus.
    """

    spec_file: Path
    dataset: Dataset
    plan: ComparisonPlan
    splits: tuple[Split, ...]
    keywords: Mapping[str, Sequence[str]] | None
    n_jobs: int
    alone: bool

    def classifier(self, name: str | None = None) -> Classifier:
        """Return one of the spec's classifiers.

        Parameters
        ----------
        name : str, optional
            Name of the classifier; by default the winner of the results lock beside the spec.

        Raises
        ------
        SpecError
            If the spec has no such classifier, or `name` is None and there is no lock.
        """
        if name is None:
            if not lock_path(self.spec_file).is_file():
                raise SpecError(
                    f"{self.spec_file} has no results lock, so it has no winner. Name a classifier (--classifier)."
                )
            name = read_lock(lock_path(self.spec_file)).comparisons[self.dataset.name].winner
        by_name = {classifier.name: classifier for classifier in self.plan.classifiers}
        if name not in by_name:
            raise SpecError(f"{self.spec_file} compares no classifier called {name!r}; {nearest(name, by_name)}")
        return by_name[name]


def load_experiments(
    spec_file: Path | str, project: Project | None = None, corpora: Sequence[str] | None = None
) -> Iterator[LoadedExperiment]:
    """Read a spec, and load and split its corpora one by one.

    Parameters
    ----------
    spec_file : path
        A spec.
    project : Project, optional
        Project with data and labels; by default that of the spec's folder.
    corpora : sequence of str, optional
        Names of datasets to load; by default all.

    Returns
    -------
    iterator of LoadedExperiment
        One per corpus, in the spec's order.
    """
    path = find_file(spec_file, name="spec_file")
    return _load_all(path, project or find_project(path.parent), read_spec(path, project), corpora)


def locked_scores(spec_files: Sequence[Path]) -> pd.DataFrame:
    """Read the main score of each classifier on each dataset from results locks.

    Parameters
    ----------
    spec_files : sequence of Path
        Specs that all use the same metric.

    Returns
    -------
    DataFrame of shape (n_datasets, n_classifiers)
        Scores of the classifiers that every dataset has.

    Raises
    ------
    SpecError
        If the metrics differ.
    """
    locks = [read_lock(lock_path(path)) for path in spec_files]
    metrics = sorted({lock.metric for lock in locks})
    if len(metrics) > 1:
        raise SpecError(f"the experiments use different metrics ({', '.join(metrics)}). Ranks need the same metric.")
    rows = {
        name: {
            classifier: scores[lock.metric][0] for classifier, scores in comparison.figures[comparison.headline].items()
        }
        for lock in locks
        for name, comparison in lock.comparisons.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").dropna(axis=1)


def verify_experiment(result: ExperimentResult, tolerance: float = 0.0) -> list[Difference]:
    """Compare a result with the lock beside its spec.

    Parameters
    ----------
    result : ExperimentResult
        The result to verify.
    tolerance : float, default 0.0
        Maximum absolute difference of a score that is not reported.

    Returns
    -------
    list of Difference
        Empty if all scores are reproduced.

    Raises
    ------
    VerificationError
        If there is no lock, or it was made from another version of the spec.
    ArgumentError
        If an argument has a wrong type or value.

    Examples
    --------
    >>> import tempfile
    >>> import topicdesk
    >>> desk = topicdesk.create_project(tempfile.mkdtemp() + "/desk")
    >>> spec = desk.root / "experiments" / "small.toml"
    >>> _ = spec.write_text('''
    ... [experiment]
    ... title = "A small comparison"
    ... [data]
    ... corpus = "data/corpora/example.parquet"
    ... labels = "data/labels/example.csv"
    ... topics = "data/topics.toml"
    ... [classifiers]
    ... multinomial-nb = { alpha = 0.1 }
    ... [splits]
    ... folds = 2
    ... ''')
    >>> result = topicdesk.run_experiment(spec, n_jobs=1)
    >>> from topicdesk.experiment import lock_path, write_lock
    >>> write_lock(result.lock(), lock_path(spec))  # 'topicdesk compare' does this
    >>> topicdesk.verify_experiment(result)
    []
    """
    check_instance("result", result, ExperimentResult, "Use run_experiment.")
    check_number("tolerance", tolerance)
    path = lock_path(result.spec_file)
    lock = read_lock(path)
    current = result.lock()
    if lock.spec != current.spec:
        raise VerificationError(
            f"{path} was made from another version of {result.spec_file.name}. "
            "Undo the change to the spec, or replace the lock with 'topicdesk compare SPEC --update-lock'."
        )
    return differences(lock, current, tolerance)


def load_dataset(project: Project, spec: Spec, corpus: str) -> Dataset:
    """Join a corpus with its labels according to a spec; fetch and build the corpus if it is missing.

    Parameters
    ----------
    project : Project
        The project of the corpus.
    spec : Spec
        The spec.
    corpus : str
        One of ``spec.data.corpus``.

    Returns
    -------
    Dataset

    Raises
    ------
    TopicdeskError
        If the spec names no such corpus, or the corpus or its labels are missing or invalid.

    Examples
    --------
    >>> import tempfile
    >>> import topicdesk
    >>> desk = topicdesk.create_project(tempfile.mkdtemp() + "/desk")
    >>> spec = topicdesk.read_spec(desk.root / "experiments" / "example.toml")
    >>> topicdesk.load_dataset(topicdesk.find_project(desk.root), spec, "data/corpora/example.parquet")
    Dataset(example: 96 articles, 4 topics, multi-label)
    """
    check_instance("project", project, Project, "Use find_project.")
    check_instance("spec", spec, Spec, "Use read_spec.")
    check_string("corpus", corpus, empty=False)
    if corpus not in spec.data.corpus:
        raise SpecError(f"corpus: the spec names no corpus {corpus!r}; {nearest(corpus, spec.data.corpus)}")
    articles = read_corpus(corpus_file(project, corpus))
    annotations = read_spec_labels(project, spec, corpus, articles)
    taxonomy = _taxonomy(project, spec)
    if taxonomy is not None:
        topics: Sequence[str] = taxonomy.names
    else:
        topics = sorted({topic for names in annotations["topics"] for topic in names})
    dataset = join_dataset(
        Path(corpus).stem,
        articles,
        annotations,
        topics,
        spec.data.text,
        spec.data.task,
        groups=spec.splits.groups,
    )
    if not spec.data.published:
        return dataset
    path = published_labels_path(corpus_file(project, corpus))
    unused = unused_published(path, set(articles["id"]), None if taxonomy is None else topics)
    return replace(dataset, warnings=(*unused, *dataset.warnings))


def read_spec_labels(project: Project, spec: Spec, corpus: str, articles: pd.DataFrame) -> pd.DataFrame:
    """Read the labels of a corpus that a spec names.

    Parameters
    ----------
    project : Project
        The project of the corpus.
    spec : Spec
        The spec.
    corpus : str
        One of ``spec.data.corpus``.
    articles : DataFrame of shape (n_articles, 12)
        The articles of that corpus.

    Returns
    -------
    DataFrame of shape (n_annotations, 7)
        Labels from label files, checked against topics and articles (see `read_annotations`), or those published with
        the corpus. If the spec names a taxonomy, published labels are limited to its topics.
    """
    taxonomy = _taxonomy(project, spec)
    if spec.data.published:
        path = published_labels_path(corpus_file(project, corpus))
        return published_annotations(path, corpus, None if taxonomy is None else taxonomy.names)
    assert taxonomy is not None
    return read_annotations(
        [project.root / label_file for label_file in spec.data.labels],
        taxonomy.names,
        set(articles["id"]),
        reserved_in(project.reserved, articles),
    )


def spec_keywords(project: Project, spec: Spec) -> dict[str, tuple[str, ...]] | None:
    """Return the keywords of each topic; None without a taxonomy, or if a topic has none."""
    taxonomy = _taxonomy(project, spec)
    return None if taxonomy is None else taxonomy.keywords


def spec_titles(project: Project, spec: Spec) -> dict[str, str]:
    """Return the title of each topic as people write it, by name; empty without a taxonomy."""
    taxonomy = _taxonomy(project, spec)
    return {} if taxonomy is None else taxonomy.titles


def load_splits(project: Project, spec: Spec, dataset: Dataset) -> tuple[tuple[Split, ...], tuple[str, ...]]:
    """Make the outer splits of a spec, or read them if the spec names a file with saved splits.

    Parameters
    ----------
    project : Project
        The project that the file is in.
    spec : Spec
        The spec.
    dataset : Dataset
        The dataset to split.

    Returns
    -------
    splits : tuple of Split
    warnings : tuple of str
    """
    if spec.splits.file is not None:
        return read_splits(project.root / spec.splits.file, dataset)
    return make_splits(dataset, spec.splits.plan(), spec.evaluation.seed)


def corpus_file(project: Project, corpus: str) -> Path:
    """Return the file of a corpus that a spec names; fetch and build the corpus if it is missing.

    Parameters
    ----------
    project : Project
        The project of the corpus.
    corpus : str
        A name in ``data/sources.toml``, or the path of a Parquet file.

    Returns
    -------
    Path

    Raises
    ------
    SpecError
        If it is neither.
    """
    path = corpus_path(project, corpus)
    return path if corpus.endswith(".parquet") else stored_corpus(project, corpus)


def _load_all(
    spec_file: Path, project: Project, spec: Spec, corpora: Sequence[str] | None = None
) -> Iterator[LoadedExperiment]:
    taxonomy = _taxonomy(project, spec)
    keywords = None if taxonomy is None else taxonomy.keywords
    _check_keywords_of_blocks(spec_file, spec, taxonomy)
    plan = spec.plan(keywords is not None)
    notes = () if taxonomy is None or keywords is not None else (_without_keywords(taxonomy),)
    alone = len(spec.data.corpus) == 1
    for corpus in spec.data.corpus:
        if corpora is not None and Path(corpus).stem not in corpora:
            continue
        dataset = load_dataset(project, spec, corpus)
        splits, warnings = load_splits(project, spec, dataset)
        dataset = replace(dataset, warnings=(*dataset.warnings, *warnings, *notes))
        yield LoadedExperiment(spec_file, dataset, plan, splits, keywords, spec.evaluation.jobs, alone)


def _spec_beside(spec_file: Path, project: Project, name: str) -> Path:
    """Return the file of another spec: in the same folder, or in ``experiments`` for a spec that was logged."""
    candidates = (spec_file.with_name(f"{name}.toml"), project.root / "experiments" / f"{name}.toml")
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise SpecError(
            f"{spec_file}: experiment.beside: there is no spec {candidates[0]}. Name another spec in the folder, "
            "without its extension, or remove the key."
        )
    return found


def _shared_scores(
    project: Project, spec_file: Path, comparisons: Sequence[Comparison], n_jobs: int
) -> dict[str, dict[str, SharedScores]]:
    """Score comparisons on the test articles of another experiment, where these are not their own."""
    spec = read_spec(spec_file, project)
    by_name = {Path(corpus).stem: corpus for corpus in spec.data.corpus}
    shared: dict[str, dict[str, SharedScores]] = {}
    for comparison in comparisons:
        name = comparison.dataset.name
        # Two experiments of one corpus each are always compared, such as one on cleaned and one on uncleaned texts.
        corpus = spec.data.corpus[0] if len(comparisons) == len(by_name) == 1 else by_name.get(name)
        if corpus is None:
            continue
        dataset = load_dataset(project, spec, corpus)
        splits, _ = load_splits(project, spec, dataset)
        if hash_of_tested(dataset, splits) != hash_of_tested(comparison.dataset, comparison.splits):
            scores = scores_on_shared(comparison, dataset, splits, n_jobs)
            if scores is not None:
                shared[name] = {spec_file.stem: scores}
    return shared


def _check_keywords_of_blocks(spec_file: Path, spec: Spec, taxonomy: Taxonomy | None) -> None:
    """Raise `SpecError` if a block needs keywords, and a topic of the taxonomy has none."""
    missing = [topic.name for topic in (taxonomy.topics if taxonomy else ()) if not topic.keywords]
    for name, block in spec.features.blocks.items():
        if block.keywords and missing:
            raise SpecError(
                f"{spec_file}: features.blocks.{name}.keywords: {', '.join(missing)} in {spec.data.topics} have no "
                "keywords. Add keywords to every topic, or remove the block."
            )


def _without_keywords(taxonomy: Taxonomy) -> str:
    missing = [topic.name for topic in taxonomy.topics if not topic.keywords]
    subject = "no topic has" if len(missing) == len(taxonomy.topics) else f"{', '.join(missing)}: no"
    return f"The keyword baseline is left out ({subject} keywords in the taxonomy)."


def _taxonomy(project: Project, spec: Spec) -> Taxonomy | None:
    return None if spec.data.topics is None else read_taxonomy(project.root / spec.data.topics)
