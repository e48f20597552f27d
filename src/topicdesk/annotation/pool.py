"""The pool of articles from which a queue is drawn, and how to make one from texts and arrays."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize

from topicdesk._arguments import check_integer
from topicdesk.annotation._arrays import labels_in_order, probability_matrix, row_ids, word_features
from topicdesk.annotation.inputs import check_distinct, check_task, is_sequence, text_fields, topic_names, whole_texts
from topicdesk.errors import CorpusError, LabelsError

__all__ = ["Pool", "pool_of_texts"]


@dataclass(frozen=True, eq=False)
class Pool:
    """Articles, their labels so far, and the predictions of classifiers for all of them.

    Parameters
    ----------
    ids : ndarray of str, shape (n_articles,)
        Article ids.
    labelled : ndarray of int, shape (n_labelled,)
        Row numbers of labelled articles.
    Y : ndarray of {0, 1}, shape (n_labelled, n_topics)
        Their labels.
    features : csr_matrix, shape (n_articles, n_terms), optional
        Rows with norm 1 or 0. Used by ``diverse``.
    probabilities : ndarray of float, shape (n_articles, n_topics), optional
        Predicted by a classifier fitted on the labelled articles. Used by ``uncertain`` and ``rare-first``.
    votes : ndarray of {0, 1}, shape (n_classifiers, n_articles, n_topics), optional
        Predictions of several classifiers. Used by ``disagreement``.
    task : {"multi-label", "multi-class"}, default "multi-label"
        Whether an article has any number of topics or exactly one.
    shares : ndarray of float, shape (n_topics,), optional
        Expected share of articles with each topic, used by ``uncertain``. By default the share among the labelled
        articles, smoothed.
    draw : int, optional
        Number of the draw from this pool. By default 2 if articles are labelled, else 1.
    """

    ids: NDArray[Any]
    labelled: NDArray[np.intp]
    Y: NDArray[np.int8]
    features: csr_matrix | None = None
    probabilities: NDArray[np.float64] | None = None
    votes: NDArray[np.int8] | None = None
    task: Literal["multi-label", "multi-class"] = "multi-label"
    shares: NDArray[np.float64] | None = None
    draw: int | None = None

    @property
    def next_draw(self) -> int:
        """Number of the draw from this pool."""
        return self.draw or (2 if len(self.labelled) else 1)

    def unlabelled(self) -> NDArray[np.intp]:
        """Return the row numbers of unlabelled articles."""
        return np.setdiff1d(np.arange(len(self.ids)), self.labelled)


def pool_of_texts(
    texts: Any,
    strategies: Collection[str],
    *,
    probabilities: Any,
    features: Any,
    votes: Any,
    labelled: Any,
    y: Any,
    topics: Sequence[str] | None,
    ids: Any,
    task: Any,
    text: Any,
    draw: int | None,
) -> Pool:
    """Make a pool of texts and arrays, with what the strategies need (see `topicdesk.draw_queue`)."""
    if not is_sequence(texts):
        raise CorpusError(f"texts must be a list, Series or DataFrame of texts, or a Pool; got {type(texts).__name__}.")
    if task is not None:
        check_task(task)
    if draw is not None:
        check_integer("draw", draw, 1)
    if text is not None and not isinstance(texts, pd.DataFrame):
        raise CorpusError(f"text={text!r} names columns, but texts is not a DataFrame.")
    if topics is not None:
        check_distinct(topic_names(topics))
    n_texts = len(texts)
    for name, value, needing in (
        ("probabilities", probabilities, ("uncertain", "rare-first")),
        ("votes", votes, ("disagreement",)),
    ):
        missing = next((strategy for strategy in needing if strategy in strategies), None)
        if value is None and missing is not None:
            raise LabelsError(f"{name}: the strategy {missing!r} needs them. Pass them, or choose another strategy.")
    rows = _labelled_rows(labelled, n_texts)
    names, single = topics, None
    labels = np.zeros((0, 0), dtype=np.int8)
    if y is not None:
        if labelled is None:
            raise LabelsError("labelled: name the rows that y has labels of.")
        labels, names, single = labels_in_order(y, topics, probabilities, None, len(rows))
    two_classes = bool(single) if task is None else task == "multi-class"
    matrix = None if probabilities is None else probability_matrix(probabilities, n_texts, names, two_classes)
    if two_classes and matrix is not None and matrix.shape[1] < 2:
        raise LabelsError("probabilities: a multi-class task needs a column for each class.")
    if single is None:
        single = matrix is not None and matrix.shape[1] > 1 and bool(np.allclose(matrix.sum(axis=1), 1))
    if features is not None:
        features = _unit_rows(features, n_texts)
    elif "diverse" in strategies:
        features = word_features(whole_texts(text_fields(texts, text)))
    return Pool(
        ids=row_ids(ids, n_texts, texts),
        labelled=rows,
        Y=labels if y is not None or matrix is None else np.zeros((0, matrix.shape[1]), dtype=np.int8),
        features=features if "diverse" in strategies else None,
        probabilities=matrix,
        votes=None if votes is None else _votes(votes, n_texts),
        task=task or ("multi-class" if single else "multi-label"),
        shares=matrix.mean(axis=0) if y is None and matrix is not None else None,
        draw=draw,
    )


def _labelled_rows(labelled: Any, n_texts: int) -> NDArray[np.intp]:
    if labelled is None:
        return np.empty(0, dtype=np.intp)
    values = np.asarray(labelled)
    if values.dtype == bool and values.shape == (n_texts,):
        return np.flatnonzero(values)
    if values.ndim != 1 or (values.size and values.dtype.kind not in "iu"):
        raise LabelsError(f"labelled must contain row numbers, or a mask of {n_texts} booleans.")
    if values.size and not (values.min() >= 0 and values.max() < n_texts):
        raise LabelsError(f"labelled: row numbers must be from 0 to {n_texts - 1}; got {values.max()}.")
    if len(set(values.tolist())) < len(values):
        raise LabelsError("labelled contains a row number more than once.")
    return values.astype(np.intp)


def _unit_rows(features: Any, n_texts: int) -> csr_matrix:
    try:
        matrix = csr_matrix(features, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise LabelsError(f"features must be an array or a sparse matrix of numbers: {error}") from error
    if matrix.shape[0] != n_texts or not np.isfinite(matrix.data).all():
        raise LabelsError(
            f"features must have one row of finite numbers per text; got shape {matrix.shape} for {n_texts} texts."
        )
    return csr_matrix(normalize(matrix))


def _votes(votes: Any, n_texts: int) -> NDArray[np.int8]:
    values = np.asarray(votes)
    if values.ndim not in (2, 3) or values.shape[1] != n_texts:
        raise LabelsError(
            f"votes must have the shape (n_classifiers, {n_texts}) or (n_classifiers, {n_texts}, n_topics); got "
            f"{values.shape}."
        )
    if values.ndim == 2:
        return np.asarray(values[:, :, None] == np.unique(values), dtype=np.int8)
    if not np.isin(values, (0, 1)).all():
        raise LabelsError("votes in three dimensions must contain only 0 and 1.")
    return values.astype(np.int8)
