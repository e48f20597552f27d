"""Find suspect labels: those that out-of-fold probabilities contradict most.

If a model was not fitted on an article and is confident that its label is wrong, it is often right. This module only
ranks such labels for review by a person. It changes no label.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from topicdesk._arguments import check_integer, check_random_state
from topicdesk._renamed import renamed_arguments
from topicdesk.annotation._arrays import labels_in_order, probability_matrix, row_ids, word_features
from topicdesk.annotation.inputs import check_order, check_task, is_sequence, label_column, text_fields, whole_texts
from topicdesk.corpus import near_duplicate_groups
from topicdesk.errors import CorpusError, LabelsError

__all__ = ["suspect_labels"]


@renamed_arguments(Y="y")
def suspect_labels(
    texts: pd.DataFrame | pd.Series | Sequence[Any] | NDArray[Any] | None = None,
    y: Any = None,
    *former: Any,
    probabilities: ArrayLike | pd.DataFrame | None = None,
    topics: Sequence[str] | None = None,
    ids: ArrayLike | None = None,
    task: Literal["multi-label", "multi-class"] | None = None,
    text: str | Sequence[str] | None = None,
    separator: str | None = None,
    cv: int = 5,
    random_state: int = 0,
) -> pd.DataFrame:
    """Rank the labels that are probably wrong.

    Parameters
    ----------
    texts : DataFrame, Series or sequence of str, optional
        One text per row. Not needed if `probabilities` are given; the index then identifies the rows.
    y : Series, sequence, array, sparse matrix, DataFrame or str
        The current labels, in any form that `topicdesk.make_dataset` takes: one class per row, lists of labels,
        indicators of {0, 1}, or the name of a column of `texts`.
    *former
        The former call ``suspect_labels(ids, Y, probabilities, topics, task)`` by position still works.
    probabilities : array-like or DataFrame of float, shape (n_rows, n_topics), optional
        Out-of-fold probabilities, from models that were not fitted on the row, such as those of scikit-learn's
        ``cross_val_predict(..., method="predict_proba")``. Columns are in the order of `topics`; those of a DataFrame
        are matched by name. In one dimension: probabilities of the only topic, or of the second of two classes. By
        default, they are computed from the texts.
    topics : sequence of str, optional
        Names and order of the topics. By default the columns of a DataFrame, else all labels, sorted as in
        scikit-learn's ``classes_``. Indicators in an array need it.
    ids : array-like of shape (n_rows,), optional
        Ids of the rows. By default the index of `texts` or `y`, else row numbers.
    task : {"multi-label", "multi-class"}, optional
        Whether each topic is a binary question of its own, or a row has exactly one topic. By default, multi-class if
        `y` has one class per row.
    text, separator
        Columns of the text, and separator of labels in a string, as in `topicdesk.make_dataset`.
    cv : int, default 5
        Number of folds if probabilities are computed. Near-duplicates are in the same fold.
    random_state : int, default 0
        Seed of these folds.

    Returns
    -------
    DataFrame
        Columns ``article_id, topic, labelled, probability``, most suspect first. ``labelled`` is whether the row has
        the topic as a label, ``probability`` the predicted probability of the topic. For multi-class data, ``topic`` is
        the current label.

    Raises
    ------
    LabelsError
        If there are no labels, `y`, `probabilities` or `ids` have another length, probabilities are missing or not
        between 0 and 1, or a topic has too few texts for `cv`.
    CorpusError
        If a text is missing or not a string, or a column does not exist.
    ValueError
        If `cv`, `random_state` or `task` is out of range.

    See Also
    --------
    topicdesk.experiment.suspects_of : The same for an experiment's spec.
    topicdesk.annotate : Review the labels.

    Notes
    -----
    Without `probabilities`, they come from a logistic regression (C = 10) on TF-IDF features with sublinear term
    frequencies, by cross-validation stratified by label. The features are computed once; they do not depend on labels.

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident learning: estimating uncertainty in dataset labels", JAIR 70.
    Computed by the library cleanlab, with pruning by noise rate.

    Examples
    --------
    >>> import topicdesk
    >>> texts = [f"court judge appeal {n}" for n in range(20)] + [f"train rail delay {n}" for n in range(20)]
    >>> labels = ["courts"] * 20 + ["rail"] * 20
    >>> labels[3] = "rail"  # wrong
    >>> topicdesk.suspect_labels(texts, labels)[["article_id", "topic", "labelled"]]
       article_id topic  labelled
    0           3  rail      True
    """
    if former:
        ids, (probabilities, topics, task) = texts, _former(former)
        texts = None
    if task is not None:
        check_task(task)
    if y is None:
        raise LabelsError("y: pass the current labels, one row per text.")
    y = label_column(y, texts)
    if texts is not None and not is_sequence(texts):
        raise CorpusError(f"texts must be a list, Series or DataFrame of texts; got {type(texts).__name__}.")
    check_random_state(random_state)
    n_rows = _length(y)
    if not n_rows:
        raise LabelsError("y is empty.")
    if texts is not None and len(texts) != n_rows:
        raise LabelsError(f"y has {n_rows} rows, but there are {len(texts)} texts.")
    check_order("y", y, texts, LabelsError)
    check_order("probabilities", probabilities, texts, LabelsError)
    Y, names, single = labels_in_order(y, topics, probabilities, separator, n_rows)
    multi_class = single if task is None else task == "multi-class"
    if multi_class and (Y.sum(axis=1) != 1).any():
        row = int(np.flatnonzero(Y.sum(axis=1) != 1)[0])
        raise LabelsError(f"y: row {row} has {Y[row].sum()} classes, but task='multi-class' means exactly one.")
    if probabilities is None:
        probabilities = _out_of_fold(_whole_texts(texts, text), Y, names, multi_class, cv, random_state)
    values = probability_matrix(probabilities, n_rows, names, single)
    return _ranked(row_ids(ids, n_rows, texts, y), Y, values, names, multi_class)


def _length(y: Any) -> int:
    """Return the number of rows; sparse matrices have no `len`."""
    if getattr(y, "shape", ()):
        return int(y.shape[0])
    if not hasattr(y, "__len__"):
        raise LabelsError(f"y must contain one label, or a list of labels, per row; got {type(y).__name__}.")
    return len(y)


def _former(arguments: Sequence[Any]) -> tuple[Any, Any, Any]:
    if not 2 <= len(arguments) <= 3:
        raise TypeError(
            "suspect_labels takes texts and y by position, and all other arguments by name, such as probabilities=..."
        )
    probabilities, topics, task = (*arguments, "multi-label")[:3]
    return probabilities, topics, task


def _ranked(
    ids: NDArray[Any],
    Y: NDArray[np.int8],
    probabilities: NDArray[np.float64],
    topics: Sequence[str],
    multi_class: bool,
) -> pd.DataFrame:
    if multi_class:
        labels = Y.argmax(axis=1)
        rows = _issues(labels, probabilities)
        suspects = [(ids[row], topics[labels[row]], True, probabilities[row, labels[row]]) for row in rows]
    else:
        suspects = [
            (ids[row], topic, bool(Y[row, column]), probabilities[row, column])
            for column, topic in enumerate(topics)
            for row in _issues(Y[:, column], np.column_stack([1 - probabilities[:, column], probabilities[:, column]]))
        ]
    table = pd.DataFrame(suspects, columns=["article_id", "topic", "labelled", "probability"])
    doubt = table["probability"].where(table["labelled"].astype(bool), 1 - table["probability"])
    return table.iloc[np.argsort(doubt.to_numpy(dtype=float), kind="stable")].reset_index(drop=True)


def _whole_texts(texts: Any, text: str | Sequence[str] | None) -> tuple[str, ...]:
    if texts is None:
        raise LabelsError("probabilities: pass out-of-fold probabilities, or texts to compute them from.")
    return whole_texts(text_fields(texts, text))


def _out_of_fold(
    texts: Sequence[str], Y: NDArray[np.int8], topics: Sequence[str], multi_class: bool, cv: int, random_state: int
) -> NDArray[np.float64]:
    """Compute probabilities of each row with a model that was not fitted on it or its near-duplicates."""
    check_integer("cv", cv, 2)
    folds = StratifiedGroupKFold(int(cv), shuffle=True, random_state=int(random_state))
    groups = near_duplicate_groups(texts)
    for topic, column in zip(topics, Y.T, strict=True):
        for answer in (1,) if multi_class else (1, 0):
            count = len(np.unique(groups[column == answer]))
            if count < cv:
                having = "with" if answer else "without"
                raise LabelsError(
                    f"topics: there are {count} texts {having} the topic {topic!r}, not counting near-duplicates, but "
                    f"cv={cv} folds need at least {cv}. Leave the topic out, label more texts, or lower cv."
                )
    features = word_features(texts)
    targets = [Y.argmax(axis=1)] if multi_class else list(Y.T)
    parts = [
        cross_val_predict(
            LogisticRegression(C=10, max_iter=1000), features, target, cv=folds, groups=groups, method="predict_proba"
        )
        for target in targets
    ]
    return np.asarray(parts[0] if multi_class else np.column_stack([part[:, 1] for part in parts]))


def _issues(labels: NDArray[Any], probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
    with warnings.catch_warnings():
        # cleanlab keeps a few labels of each class out of its list, and warns if a class has hardly more than these.
        warnings.filterwarnings("ignore", message="May not flag all label issues in class")
        rows = find_label_issues(
            labels=labels.astype(int),
            pred_probs=probabilities,
            return_indices_ranked_by="self_confidence",
            n_jobs=1,  # starting a process pool takes longer than the work
        )
    return np.asarray(rows, dtype=np.intp)
