"""Check the names in a spec against the project, without importing scikit-learn or MLflow.

Commands call this first, to report a spelling mistake within a second.
"""

from __future__ import annotations

from pathlib import Path

from topicdesk.annotation._fields import check_annotator, check_fields
from topicdesk.corpus.names import missing_corpus
from topicdesk.corpus.sources import read_sources
from topicdesk.errors import CorpusError, LabelsError, SpecError, nearest
from topicdesk.evaluation.names import BASELINES
from topicdesk.experiment.spec import Spec, read_named_spec
from topicdesk.project import Project, find_file, find_project

__all__ = ["check_annotation", "check_spec"]


def check_spec(spec_file: Path, classifier: str | None = None) -> Spec:
    """Check keys, classifiers, corpora, columns and label files of a spec.

    Parameters
    ----------
    spec_file : Path
        The spec.
    classifier : str, optional
        A classifier that the spec must compare.

    Returns
    -------
    Spec

    Raises
    ------
    SpecError, LabelsError, ProjectError
        As `run_experiment` raises later.
    """
    spec = read_named_spec(spec_file)
    project = find_project(spec_file.parent)
    for corpus in spec.data.corpus:
        path = corpus_path(project, corpus)
        if path.is_file():
            _check_columns(path, corpus, spec)
    missing = [name for name in spec.data.labels if not spec.data.published and not (project.root / name).is_file()]
    if missing:
        from topicdesk.annotation.annotations import read_label_file

        read_label_file(project.root / missing[0], ())
    names = [*spec.classifiers, *BASELINES]
    if classifier is not None and classifier not in names:
        raise SpecError(f"{spec_file} compares no classifier called {classifier!r}; {nearest(classifier, names)}")
    return spec


def check_annotation(corpus: str, topics: Path, annotator: str, queue: Path | None = None) -> None:
    """Check the arguments of an annotation session.

    Parameters
    ----------
    corpus : str
        A corpus of ``data/sources.toml``, or a Parquet file.
    topics : Path
        File of the taxonomy.
    annotator : str
        Name of the annotator.
    queue : Path, optional
        File of the queue.

    Raises
    ------
    CorpusError, LabelsError, ProjectError, SpecError
        As `open_session` raises later.
    """
    project = find_project()
    check_annotator(annotator)
    if not corpus.endswith(".parquet"):
        corpus_path(project, corpus)
    elif not find_file(corpus, project).is_file():
        raise CorpusError(missing_corpus(find_file(corpus, project)))
    if queue is not None and not queue.is_file():
        raise LabelsError(f"no queue at {queue}. Draw one with 'topicdesk annotations queue SPEC --output {queue}'.")
    if not find_file(topics, project).is_file():  # its content is checked when it is read
        raise LabelsError(f"no taxonomy at {project.root / topics}. Name it with --topics.")


def corpus_path(project: Project, corpus: str) -> Path:
    """Return the path of a corpus that a spec names, whether or not it is built already.

    Raises
    ------
    SpecError
        If it is neither a name in ``data/sources.toml`` nor a Parquet file.
    """
    if corpus.endswith(".parquet"):
        return project.root / corpus
    sources = read_sources(project)
    if corpus not in sources:
        hint = f"in {project.sources}; {nearest(corpus, sources)}" if sources else "in the project"
        raise SpecError(
            f"data.corpus: no corpus called {corpus!r} {hint} (or name a Parquet file, such as "
            "data/corpora/NAME.parquet)"
        )
    return project.corpora / f"{corpus}.parquet"


def _check_columns(path: Path, corpus: str, spec: Spec) -> None:
    from pyarrow import ArrowException
    from pyarrow.parquet import read_schema

    try:
        columns = read_schema(path).names
    except (OSError, ArrowException):  # reading the corpus later reports the fault
        return
    check_fields(Path(corpus).stem, spec.data.text, columns)
