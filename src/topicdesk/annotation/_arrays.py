"""Read labels, probabilities and ids of rows from the arrays and tables that people have, and words from texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.feature_extraction.text import TfidfVectorizer

from topicdesk.annotation.inputs import check_distinct, is_collection, is_missing, label_indicators, topic_names
from topicdesk.errors import CorpusError, LabelsError

__all__ = ["labels_in_order", "probability_matrix", "row_ids", "word_features"]


def row_ids(ids: ArrayLike | None, n_rows: int, *indexed: Any) -> NDArray[Any]:
    """Return what identifies each row: `ids`, or the index of the first of `indexed` that has one, or row numbers."""
    if ids is not None:
        if isinstance(ids, str | bytes) or not isinstance(ids, Iterable):
            raise LabelsError(f"ids must be a list or an array of {n_rows} ids; got {ids!r}.")
        values: list[Any] = list(ids)
        if len(values) != n_rows:
            raise LabelsError(f"ids has {len(values)} values, but there are {n_rows} rows.")
        if any(is_missing(value) for value in values):
            raise LabelsError("ids contains missing values.")
        twice = pd.Index(values)[pd.Index(values).duplicated()]
        if len(twice):
            raise LabelsError(f"ids: the id {twice[0]!r} occurs more than once.")
    else:
        tables = (one for one in indexed if isinstance(one, pd.DataFrame | pd.Series))
        values = next((table.index.tolist() for table in tables), list(range(n_rows)))
    array = np.empty(n_rows, dtype=object)
    array[:] = values
    return array


def labels_in_order(
    y: Any, topics: Sequence[str] | None, probabilities: Any, separator: str | None, n_rows: int
) -> tuple[NDArray[np.int8], tuple[str, ...], bool]:
    """Return indicators, names of topics, and whether each row has exactly one class.

    Topics are in the order of the columns of the probabilities: those of a DataFrame, or as in scikit-learn's
    ``classes_``, which sorts numbers by value.
    """
    names = topics
    if names is None and isinstance(probabilities, pd.DataFrame):
        names = topic_names(probabilities.columns)
    Y, found, single = label_indicators(y, names, separator, n_rows)
    if names is None and all(name.isdecimal() for name in found) and not _has_strings(y):
        order = sorted(range(len(found)), key=lambda column: int(found[column]))
        Y, found = Y[:, order], tuple(found[column] for column in order)
    check_distinct(found)
    return Y, found, single


def _has_strings(y: Any) -> bool:
    if isinstance(y, pd.DataFrame) or issparse(y) or (isinstance(y, np.ndarray) and y.ndim == 2):
        return True  # its columns have their order
    return any(isinstance(label, str) for value in y for label in (value if is_collection(value) else [value]))


def probability_matrix(
    probabilities: Any, n_rows: int, topics: Sequence[str] | None, single: bool
) -> NDArray[np.float64]:
    """Return probabilities of shape (n_rows, n_topics), in the order of the topics.

    Probabilities in one dimension are those of the only topic, or of the second of two classes if `single` is true.
    """
    if isinstance(probabilities, pd.DataFrame) and topics is not None:
        columns = topic_names(probabilities.columns)
        if sorted(columns) != sorted(topics):
            raise LabelsError(
                f"probabilities has the columns {', '.join(columns)}, but the topics are {', '.join(topics)}."
            )
        probabilities = probabilities.iloc[:, [columns.index(topic) for topic in topics]]
    try:
        values = np.asarray(probabilities, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise LabelsError(f"probabilities must be an array of numbers: {error}") from error
    if values.ndim == 1:
        values = np.column_stack([1 - values, values]) if single else values[:, None]
    expected = "n_topics" if topics is None else len(topics)
    if values.ndim != 2 or len(values) != n_rows or (topics is not None and values.shape[1] != len(topics)):
        named = "" if topics is None else f" ({', '.join(topics[:10])}{', ...' if len(topics) > 10 else ''})"
        raise LabelsError(f"probabilities has shape {values.shape}, but must have ({n_rows}, {expected}){named}.")
    missing = np.flatnonzero(np.isnan(values).any(axis=1))
    if len(missing):
        raise LabelsError(f"probabilities: row {missing[0]} has no value. Leave out rows without predictions.")
    if ((values < 0) | (values > 1)).any():
        raise LabelsError(
            "probabilities must be between 0 and 1; got "
            f"{values[(values < 0) | (values > 1)][0]:g}. Scores of a decision function are not probabilities."
        )
    return values


def word_features(texts: Sequence[str]) -> csr_matrix:
    """Return TF-IDF features of the words of texts, shape (n_texts, n_words)."""
    try:
        return csr_matrix(TfidfVectorizer(sublinear_tf=True).fit_transform(texts))
    except ValueError as error:  # no word in any text
        raise CorpusError("texts contain no words.") from error
