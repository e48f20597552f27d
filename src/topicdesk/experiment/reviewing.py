"""From a result to what a reviewer opens: the report, the model, and the runs in MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

from topicdesk.corpus import published_labels_path, read_corpus, read_sources
from topicdesk.errors import SplitError
from topicdesk.evaluation import Comparison, SourceAudit, audit_sources
from topicdesk.experiment.lock import differences, lock_path, lock_text, make_lock, read_lock
from topicdesk.experiment.run import ExperimentResult, corpus_file, read_spec_labels, spec_keywords
from topicdesk.labelling import Labeller, fit_labeller
from topicdesk.labels import published_annotations
from topicdesk.report import About, Provenance, make_report
from topicdesk.tracking import LoggedComparison, pack_comparison, send_parcel

__all__ = ["fit_winner", "log_experiment", "report_on"]

_AUDIT_RESAMPLES = 500


def log_experiment(result: ExperimentResult, jobs: int = -1, lock_is_new: bool = False) -> tuple[LoggedComparison, ...]:
    """Log an experiment to MLflow: a parent run a comparison, with its report, and the winner as a registered model.

    Everything is written down on disk before anything is sent: a store that fails costs no result.

    Parameters
    ----------
    result : ExperimentResult
    jobs : int, default -1
        Processes for refitting the winner; -1 for one a core.
    lock_is_new : bool, default False
        Whether the results lock was made from this very result: equal to it proves nothing then.

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
    for corpus, comparison in zip(result.spec.data.corpus, result.comparisons, strict=True):
        labeller = fit_winner(result, comparison, jobs)
        about, audit = _about(result, corpus, comparison, lock_is_new), _audit(result, corpus, comparison, jobs)
        name = f"topicdesk-{result.name}"
        parcels.append(
            pack_comparison(
                result.project,
                comparison,
                about,
                lock_text(
                    make_lock(
                        result.name,
                        result.spec.content_hash(),
                        result.spec.evaluation.metric,
                        result.environment,
                        [comparison],
                    )
                ),
                corpus_file(result.project, corpus),
                name if len(result.comparisons) == 1 else f"{name}-{comparison.dataset.name}",
                make_report(comparison, about, labeller, audit),
                labeller,
            )
        )
    return tuple(send_parcel(result.project, parcel) for parcel in parcels)


def report_on(result: ExperimentResult, jobs: int = -1, lock_is_new: bool = False) -> dict[str, str]:
    """Write the report of each comparison, and log nothing.

    Parameters
    ----------
    result : ExperimentResult
    jobs, lock_is_new
        As in `log_experiment`.

    Returns
    -------
    dict of str to str
        HTML by corpus.
    """
    return {
        comparison.dataset.name: make_report(
            comparison,
            _about(result, corpus, comparison, lock_is_new),
            fit_winner(result, comparison, jobs),
            _audit(result, corpus, comparison, jobs),
        )
        for corpus, comparison in zip(result.spec.data.corpus, result.comparisons, strict=True)
    }


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


def _about(result: ExperimentResult, corpus: str, comparison: Comparison, lock_is_new: bool) -> About:
    spec = result.spec
    return About(
        experiment=result.name,
        title=spec.experiment.title,
        question=spec.experiment.question,
        spec=result.spec_file.name,
        spec_text=result.spec_file.read_text(encoding="utf-8"),
        spec_hash=spec.content_hash(),
        environment=result.environment,
        provenance=_provenance(result, corpus, comparison),
        keywords=spec_keywords(result.project, spec),
        lock="none" if lock_is_new else _against_lock(result),
        extract=spec.report.extract,
        errors=spec.report.errors,
    )


def _provenance(result: ExperimentResult, corpus: str, comparison: Comparison) -> Provenance:
    articles = _labelled(result, corpus, comparison)
    spec, sources = result.spec, read_sources(result.project)
    source = sources.get(corpus)
    if spec.data.published:
        path = corpus_file(result.project, corpus)
        annotations = published_annotations(published_labels_path(path), annotator=corpus)
    else:
        annotations = read_spec_labels(result.project, spec, read_corpus(corpus_file(result.project, corpus)))
    return Provenance(
        title="" if source is None else source.title,
        citation="" if source is None else source.citation,
        licence="" if source is None else source.licence,
        label_files=() if spec.data.published else spec.data.labels,
        annotators={str(name): int(count) for name, count in annotations["annotator"].value_counts().items()},
        codebooks=tuple(sorted({str(version) for version in annotations["codebook"] if version})),
        languages={str(name): int(count) for name, count in articles["language"].value_counts().items()},
        titles=tuple(articles["title"].tolist()),
    )


def _audit(result: ExperimentResult, corpus: str, comparison: Comparison, jobs: int) -> SourceAudit | None:
    """Tell the sources of the labelled articles apart; None where there are no two to tell."""
    articles = _labelled(result, corpus, comparison)
    try:
        return audit_sources(articles, result.spec.data.text, resamples=_AUDIT_RESAMPLES, jobs=jobs)
    except SplitError:  # too few articles of two sources: the report says so
        return None


def _labelled(result: ExperimentResult, corpus: str, comparison: Comparison) -> pd.DataFrame:
    articles = read_corpus(corpus_file(result.project, corpus))
    return articles.set_index("id", drop=False).loc[comparison.dataset.ids].reset_index(drop=True)


def _against_lock(result: ExperimentResult) -> Literal["none", "same", "moved"]:
    path: Path = lock_path(result.spec_file)
    if not path.is_file():
        return "none"
    return "moved" if differences(read_lock(path), result.lock()) else "same"
