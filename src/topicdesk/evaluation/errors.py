"""Errors to read: what a classifier decided about articles it had not seen, and where it was most wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from topicdesk.evaluation.comparison import Comparison

__all__ = ["OutOfFold", "out_of_fold", "worst_errors"]


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What models of one classifier said of each article that they had not seen, over all repeats.

    Parameters
    ----------
    classifier : str
    tested : ndarray of int, shape (n_articles,)
        How often each article was tested; 0 for those that only trained.
    given : ndarray of int, shape (n_articles, n_topics)
        How often it was given each topic.
    right : ndarray of int, shape (n_articles,)
        How often all its topics were right.
    probabilities : ndarray of float, shape (n_articles, n_topics), or None
        Calibrated, a mean over the times it was tested, NaN where it never was; None when the classifier has none.
    """

    classifier: str
    tested: NDArray[np.intp]
    given: NDArray[np.intp]
    right: NDArray[np.intp]
    probabilities: NDArray[np.float64] | None


def out_of_fold(comparison: Comparison, classifier: str) -> OutOfFold:
    """Gather the out-of-fold decisions and probabilities of a classifier, article by article.

    Parameters
    ----------
    comparison : Comparison
    classifier : str

    Returns
    -------
    OutOfFold
    """
    data, results = comparison.dataset, comparison.results_of(classifier)
    tested, right = np.zeros(len(data), dtype=np.intp), np.zeros(len(data), dtype=np.intp)
    given, said = np.zeros((len(data), data.n_topics), dtype=np.intp), np.zeros((len(data), data.n_topics))
    for result in results:
        rows = result.split.test
        tested[rows] += 1
        given[rows] += result.decisions
        right[rows] += (result.decisions == data.Y[rows]).all(axis=1)
        if result.probabilities is not None:
            said[rows] += result.probabilities
    probable = all(result.probabilities is not None for result in results)
    with np.errstate(invalid="ignore"):
        return OutOfFold(classifier, tested, given, right, said / tested[:, None] if probable else None)


def worst_errors(
    comparison: Comparison, found: OutOfFold, topic: str, kind: Literal["false positive", "false negative"], count: int
) -> pd.DataFrame:
    """List the articles about which a classifier was wrong most often, and most surely.

    Parameters
    ----------
    comparison : Comparison
    found : OutOfFold
        Of one of its classifiers.
    topic : str
    kind : {"false positive", "false negative"}
    count : int
        How many at most.

    Returns
    -------
    DataFrame
        Columns ``row, article_id, wrong, tested, probability``: row number in the dataset, how often the decision was
        wrong of how many times the article was tested, and the mean probability of the topic (NaN where there is none).
    """
    data = comparison.dataset
    column = data.topics.index(topic)
    likely = np.full(len(data), np.nan) if found.probabilities is None else found.probabilities[:, column]
    positive = kind == "false positive"
    wrong = found.given[:, column] if positive else found.tested - found.given[:, column]
    rows = np.flatnonzero((data.Y[:, column] == (0 if positive else 1)) & (wrong > 0))
    table = pd.DataFrame(
        {"row": rows, "article_id": data.ids[rows], "wrong": wrong[rows], "tested": found.tested[rows],
         "probability": likely[rows]}
    )  # fmt: skip
    share = table["wrong"] / table["tested"]
    doubt = table["probability"] if positive else -table["probability"]
    order = np.lexsort((table["row"], -doubt.fillna(0), -share))
    return table.iloc[order[:count]].reset_index(drop=True)
