"""Prepare a result for review: the report, the model, and the runs in MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from topicdesk._arguments import check_flag, check_instance, check_n_jobs
from topicdesk._renamed import renamed_arguments
from topicdesk.corpus import read_corpus, read_sources
from topicdesk.errors import ArgumentError, SplitError
from topicdesk.evaluation import SourceAudit, StoryAudit, audit_sources, audit_stories
from topicdesk.experiment._pool import unlabelled_articles
from topicdesk.experiment.diagnosing import disputed_labels, spec_taxonomy
from topicdesk.experiment.lock import differences, lock_path, lock_text, read_lock
from topicdesk.experiment.run import ExperimentResult, corpus_file, read_spec_labels, spec_keywords, spec_titles
from topicdesk.interface import Comparison
from topicdesk.prediction import Labeller, error_kinds
from topicdesk.prediction.reference import FEWEST_REFERENCE
from topicdesk.report import About, Provenance, make_report
from topicdesk.tracking import LoggedComparison, pack_comparison, send_parcel

__all__ = ["Review", "fit_winner", "log_experiment", "review_experiment"]

_LockState = Literal["none", "same", "moved"]

_AUDIT_RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Review:
    """The review material of one comparison.

    Parameters
    ----------
    comparison : Comparison
        The comparison to review.
    about : About
        The experiment's question, spec, data and environment.
    labeller : Labeller
        The winner, fitted on all labels.
    report : str
        HTML.
    """

    comparison: Comparison
    about: About
    labeller: Labeller
    report: str


@renamed_arguments(jobs="n_jobs")
def review_experiment(result: ExperimentResult, n_jobs: int = -1, lock_is_new: bool = False) -> tuple[Review, ...]:
    """Fit the winners on all labels and make the reports, without logging anything.

    Parameters
    ----------
    result : ExperimentResult
        The result to review.
    n_jobs : int, default -1
        Number of processes; -1 uses one per core.
    lock_is_new : bool, default False
        Whether the results lock was made from this result. If so, the two are not compared.

    Returns
    -------
    tuple of Review
        One per corpus, in the spec's order.

    Raises
    ------
    ArgumentError
        If an argument has a wrong type or value.
    """
    check_instance("result", result, ExperimentResult, "Use run_experiment.")
    check_n_jobs(n_jobs)
    check_flag("lock_is_new", lock_is_new)
    lock: _LockState = "none" if lock_is_new else _against_lock(result)
    return tuple(
        _review(result, corpus, comparison, lock, n_jobs)
        for corpus, comparison in zip(result.spec.data.corpus, result.comparisons, strict=True)
    )


@renamed_arguments(jobs="n_jobs")
def log_experiment(
    result: ExperimentResult, n_jobs: int = -1, reviews: Sequence[Review] | None = None
) -> tuple[LoggedComparison, ...]:
    """Log an experiment to MLflow: one parent run per comparison, with its report and the winner as registered model.

    All data are saved to disk before anything is sent. If the store fails, no result is lost.

    Parameters
    ----------
    result : ExperimentResult
        The result to log.
    n_jobs : int, default -1
        Number of processes for `topicdesk.experiment.review_experiment`; -1 uses one per core.
    reviews : sequence of Review, optional
        From `topicdesk.experiment.review_experiment`, which is called by default.

    Returns
    -------
    tuple of LoggedComparison
        One per corpus.

    Raises
    ------
    TrackingError
        If the store fails. Unsent data are kept for `resume_logging`.
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
    >>> (logged,) = topicdesk.log_experiment(result, n_jobs=1)
    >>> logged.model.name
    'topicdesk-small'
    """
    check_instance("result", result, ExperimentResult, "Use run_experiment.")
    check_n_jobs(n_jobs)
    _check_reviews(reviews, len(result.comparisons))
    parcels = []
    reviews = review_experiment(result, n_jobs) if reviews is None else reviews
    for corpus, review in zip(result.spec.data.corpus, reviews, strict=True):
        comparison, name = review.comparison, f"topicdesk-{result.name}"
        parcels.append(
            pack_comparison(
                result.project,
                comparison,
                review.about,
                lock_text(result.lock((comparison,))),
                corpus_file(result.project, corpus),
                name if len(reviews) == 1 else f"{name}-{comparison.dataset.name}",
                review.report,
                review.labeller,
            )
        )
    return tuple(send_parcel(result.project, parcel) for parcel in parcels)


@renamed_arguments(jobs="n_jobs")
def fit_winner(result: ExperimentResult, comparison: Comparison, n_jobs: int = -1) -> Labeller:
    """Fit the winner of a comparison on all its labels, with unlabelled articles of its corpus as reference of drift.

    Parameters
    ----------
    result : ExperimentResult
        The result with the comparison.
    comparison : Comparison
        One of the result's comparisons.
    n_jobs : int, default -1
        Number of processes; -1 uses one per core.

    Returns
    -------
    Labeller
    """
    corpora = dict(zip((one.dataset.name for one in result.comparisons), result.spec.data.corpus, strict=True))
    unlabelled = unlabelled_articles(result.project, result.spec, corpora[comparison.dataset.name])
    if unlabelled is not None and len(unlabelled) < FEWEST_REFERENCE:
        unlabelled = None
    return comparison.fit(unlabelled=unlabelled, n_jobs=n_jobs).labeller_


def _check_reviews(reviews: Sequence[Review] | None, count: int) -> None:
    if reviews is None:
        return
    if not isinstance(reviews, Sequence) or not all(isinstance(review, Review) for review in reviews):
        raise ArgumentError("reviews must be the tuple that review_experiment returned.")
    if len(reviews) != count:
        raise ArgumentError(f"reviews has {len(reviews)} items, but the result has {count} comparisons.")


def _review(result: ExperimentResult, corpus: str, comparison: Comparison, lock: _LockState, n_jobs: int) -> Review:
    spec, labeller = result.spec, fit_winner(result, comparison, n_jobs)
    articles = read_corpus(corpus_file(result.project, corpus))
    labelled = articles.set_index("id", drop=False).loc[comparison.dataset.ids].reset_index(drop=True)
    about = About(
        experiment=result.name,
        title=spec.experiment.title,
        question=spec.experiment.question,
        spec=result.spec_file.name,
        spec_text=result.spec_file.read_text(encoding="utf-8"),
        spec_hash=spec.content_hash(),
        environment=result.environment,
        provenance=_provenance(result, corpus, articles, labelled),
        keywords=spec_keywords(result.project, spec),
        topic_titles=spec_titles(result.project, spec),
        lock=lock,
        extract=spec.report.extract,
        errors=spec.report.errors,
    )
    audit = _audit(labelled, spec.data.text, n_jobs)
    stories = _audit_winner(comparison, about, n_jobs) if spec.evaluation.stories else None
    kinds = error_kinds(
        comparison,
        taxonomy=spec_taxonomy(result.project, spec),
        keywords=about.keywords,
        disputed=disputed_labels(result.project, spec),
        titles=about.provenance.titles,
    )
    return Review(comparison, about, labeller, make_report(comparison, about, labeller, audit, stories, kinds))


def _provenance(result: ExperimentResult, corpus: str, articles: pd.DataFrame, labelled: pd.DataFrame) -> Provenance:
    spec, source = result.spec, read_sources(result.project).get(corpus)
    annotations = read_spec_labels(result.project, spec, corpus, articles)
    return Provenance(
        title="" if source is None else source.title,
        citation="" if source is None else source.citation,
        licence="" if source is None else source.licence,
        label_files=() if spec.data.published else spec.data.labels,
        annotators={str(name): int(count) for name, count in annotations["annotator"].value_counts().items()},
        codebooks=tuple(sorted({str(version) for version in annotations["codebook"] if version})),
        languages={str(name): int(count) for name, count in labelled["language"].value_counts().items()},
        titles=tuple(labelled["title"].tolist()),
    )


def _audit(labelled: pd.DataFrame, fields: Sequence[str], n_jobs: int) -> SourceAudit | None:
    """Audit how well the source of a labelled article can be predicted; return None if there are too few articles."""
    try:
        return audit_sources(labelled, fields, resamples=_AUDIT_RESAMPLES, n_jobs=n_jobs)
    except SplitError:  # fewer than two sources have enough articles; the report mentions it
        return None


def _audit_winner(comparison: Comparison, about: About, n_jobs: int) -> StoryAudit:
    """Measure how much of the winner's score is remembering the same story."""
    named = {classifier.name: classifier for classifier in comparison.plan.classifiers}
    winner = named[comparison.verdict.winner]
    return audit_stories(comparison.dataset, comparison.plan, winner, about.keywords, n_jobs)


def _against_lock(result: ExperimentResult) -> _LockState:
    path = lock_path(result.spec_file)
    if not path.is_file():
        return "none"
    return "moved" if differences(read_lock(path), result.lock()) else "same"
