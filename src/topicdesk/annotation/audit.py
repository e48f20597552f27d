"""Find suspect labels: those that out-of-fold probabilities contradict most.

If a model was not fitted on an article and is confident that its label is wrong, it is often right. This module only
ranks such labels for review by a person. It changes no label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray

__all__ = ["suspect_labels"]


def suspect_labels(
    ids: Sequence[str] | NDArray[Any],
    Y: NDArray[np.int8],
    probabilities: NDArray[np.float64],
    topics: Sequence[str],
    task: Literal["multi-label", "multi-class"] = "multi-label",
) -> pd.DataFrame:
    """Rank the labels that are probably wrong.

    Parameters
    ----------
    ids : sequence of str
        Article ids, length n_articles.
    Y : ndarray of {0, 1}, shape (n_articles, n_topics)
        The current labels.
    probabilities : ndarray of float, shape (n_articles, n_topics)
        Calibrated probabilities from models that were not fitted on the article.
    topics : sequence of str
        Topic names, length n_topics.
    task : {"multi-label", "multi-class"}, default "multi-label"
        Whether each topic is a binary question of its own, or an article has exactly one topic.

    Returns
    -------
    DataFrame
        Columns ``article_id, topic, labelled, probability``, most suspect first. ``labelled`` is whether the article
        has the topic as a label, ``probability`` the predicted probability of the topic. For multi-class data,
        ``topic`` is the current label.

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident learning: estimating uncertainty in dataset labels", JAIR 70.
    Computed by the library cleanlab, with pruning by noise rate.
    """
    if task == "multi-class":
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


def _issues(labels: NDArray[Any], probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
    rows = find_label_issues(
        labels=labels.astype(int),
        pred_probs=probabilities,
        return_indices_ranked_by="self_confidence",
        n_jobs=1,  # starting a process pool takes longer than the work
    )
    return np.asarray(rows, dtype=np.intp)
