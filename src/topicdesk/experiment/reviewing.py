"""From a result to what a reviewer opens: the report, the model, and the runs in MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from topicdesk.corpus import read_corpus, read_sources
from topicdesk.errors import SplitError
from topicdesk.evaluation import Comparison, SourceAudit, audit_sources
from topicdesk.experiment.lock import differences, lock_path, lock_text, read_lock
from topicdesk.experiment.run import ExperimentResult, corpus_file, read_spec_labels, spec_keywords
from topicdesk.prediction import Labeller, fit_labeller
from topicdesk.report import About, Provenance, make_report
from topicdesk.tracking import LoggedComparison, pack_comparison, send_parcel

__all__ = ["Review", "fit_winner", "log_experiment", "review_experiment"]

_LockState = Literal["none", "same", "moved"]

_AUDIT_RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Review:
    """What a reviewer is given of one comparison.

    Parameters
    ----------
    comparison : Comparison
    about : About
        What was asked, and what with.
    labeller : Labeller
        The winner, fitted on all labels.
    report : str
        HTML.
    """

    comparison: Comparison
    about: About
    labeller: Labeller
    report: str


def review_experiment(result: ExperimentResult, jobs: int = -1, lock_is_new: bool = False) -> tuple[Review, ...]:
    """Fit the winners on all labels and write the reports; log nothing.

    Parameters
    ----------
    result : ExperimentResult
    jobs : int, default -1
        Processes; -1 for one a core.
    lock_is_new : bool, default False
        Whether the results lock was made from this very result: equal to it proves nothing then.

    Returns
    -------
    tuple of Review
        One a corpus, in the spec's order.
    """
    lock: _LockState = "none" if lock_is_new else _against_lock(result)
    return tuple(
        _review(result, corpus, comparison, lock, jobs)
        for corpus, comparison in zip(result.spec.data.corpus, result.comparisons, strict=True)
    )


def log_experiment(
    result: ExperimentResult, jobs: int = -1, reviews: Sequence[Review] | None = None
) -> tuple[LoggedComparison, ...]:
    """Log an experiment to MLflow: a parent run a comparison, with its report, and the winner as a registered model.

    Everything is written down on disk before anything is sent: a store that fails costs no result.

    Parameters
    ----------
    result : ExperimentResult
    jobs : int, default -1
        Processes for reviewing; -1 for one a core.
    reviews : sequence of Review, optional
        From `review_experiment`; by default made here.

    Returns
    -------
    tuple of LoggedComparison
        One a corpus.

    Raises
    ------
    TrackingError
        When the store fails; what was not sent is kept, for `resume_logging`.
    """
    parcels = []
    reviews = review_experiment(result, jobs) if reviews is None else reviews
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


def fit_winner(result: ExperimentResult, comparison: Comparison, jobs: int = -1) -> Labeller:
    """Fit the winner of a comparison on all its labels.

    Parameters
    ----------
    result : ExperimentResult
    comparison : Comparison
        One of its own.
    jobs : int, default -1

    Returns
    -------
    Labeller
    """
    (winner,) = (one for one in comparison.plan.classifiers if one.name == comparison.verdict.winner)
    keywords = spec_keywords(result.project, result.spec)
    return fit_labeller(comparison.dataset, comparison.plan, winner, keywords, jobs)


def _review(result: ExperimentResult, corpus: str, comparison: Comparison, lock: _LockState, jobs: int) -> Review:
    spec, labeller = result.spec, fit_winner(result, comparison, jobs)
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
        lock=lock,
        extract=spec.report.extract,
        errors=spec.report.errors,
    )
    audit = _audit(labelled, spec.data.text, jobs)
    return Review(comparison, about, labeller, make_report(comparison, about, labeller, audit))


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


def _audit(labelled: pd.DataFrame, fields: Sequence[str], jobs: int) -> SourceAudit | None:
    """Tell the sources of the labelled articles apart; None where there are no two to tell."""
    try:
        return audit_sources(labelled, fields, resamples=_AUDIT_RESAMPLES, jobs=jobs)
    except SplitError:  # too few articles of two sources: the report says so
        return None


def _against_lock(result: ExperimentResult) -> _LockState:
    path = lock_path(result.spec_file)
    if not path.is_file():
        return "none"
    return "moved" if differences(read_lock(path), result.lock()) else "same"
