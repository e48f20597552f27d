"""Check the arguments that comparisons and studies share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from topicdesk._arguments import check_engine, check_instance, check_mapping, check_n_jobs, check_strings
from topicdesk.annotation import Dataset
from topicdesk.errors import ArgumentError
from topicdesk.evaluation._types import ComparisonPlan
from topicdesk.evaluation.classifiers import Classifier
from topicdesk.evaluation.splits import Split

__all__ = ["check_comparison", "check_dataset", "check_keywords", "check_splits", "check_study"]


def check_dataset(dataset: Any) -> None:
    """Raise `ArgumentError` if an argument is not a dataset."""
    check_instance("dataset", dataset, Dataset, "Use make_dataset.")


def check_splits(splits: Sequence[Split] | None, n_articles: int) -> None:
    """Raise `ArgumentError` if an argument is neither None nor a list of splits of a dataset with `n_articles`."""
    if splits is None:
        return
    if not isinstance(splits, Sequence) or not splits or not all(isinstance(split, Split) for split in splits):
        raise ArgumentError("splits must be a list of Split that is not empty, such as the result of make_splits.")
    for split in splits:
        rows = np.concatenate([split.train, split.test])
        if len(rows) and (rows.min() < 0 or rows.max() >= n_articles):
            raise ArgumentError(
                f"splits: {split!r} has row {rows.max() if rows.max() >= n_articles else rows.min()}, but the dataset "
                f"has {n_articles} articles. Use splits of this dataset."
            )


def check_keywords(keywords: Mapping[str, Sequence[str]] | None) -> None:
    """Raise `ArgumentError` if an argument is neither None nor a mapping of topics to lists of words."""
    if keywords is None:
        return
    check_mapping("keywords", keywords, "names of topics")
    for topic, words in keywords.items():
        check_strings(f"keywords[{topic!r}]", words)


def check_comparison(dataset: Any, plan: Any, splits: Any, keywords: Any, n_jobs: object, engine: object) -> None:
    """Raise `ArgumentError` if an argument of a comparison is wrong.

    Parameters
    ----------
    dataset, plan, splits, keywords, n_jobs, engine
        The arguments, as in `compare`.
    """
    check_dataset(dataset)
    check_instance("plan", plan, ComparisonPlan)
    check_splits(splits, len(dataset))
    check_keywords(keywords)
    check_n_jobs(n_jobs)
    check_engine(engine)


def check_study(
    dataset: Any, plan: Any, classifier: Any, splits: Any, keywords: Any, n_jobs: object, engine: object
) -> None:
    """Raise `ArgumentError` if an argument of a study of one classifier is wrong.

    Parameters
    ----------
    dataset, plan, classifier, splits, keywords, n_jobs, engine
        The arguments, as in `ablate`.
    """
    check_comparison(dataset, plan, splits, keywords, n_jobs, engine)
    check_instance("classifier", classifier, Classifier, "Use classifier_named or own_classifier.")
