"""Error analysis: out-of-fold decisions by article, and the worst errors of a classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from topicdesk.evaluation._types import CrossValidation

__all__ = ["OutOfFold", "out_of_fold", "worst_errors"]


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Out-of-fold results of one classifier by article, over all repeats.

    Parameters
    ----------
    classifier : str
        Name of the classifier.
    tested : ndarray of int, shape (n_articles,)
        Number of times each article was tested; 0 for articles that were only used for training.
    given : ndarray of int, shape (n_articles, n_topics)
        Number of times each topic was predicted.
    right : ndarray of int, shape (n_articles,)
        Number of times all topics of the article were right.
    probabilities : ndarray of float, shape (n_articles, n_topics), or None
        Calibrated probabilities, averaged over the times the article was tested; NaN if it never was. None if the
        classifier has no probabilities.
    """

    classifier: str
    tested: NDArray[np.intp]
    given: NDArray[np.intp]
    right: NDArray[np.intp]
    probabilities: NDArray[np.float64] | None


def out_of_fold(comparison: CrossValidation, classifier: str) -> OutOfFold:
    """Aggregate the out-of-fold decisions and probabilities of a classifier by article.

    Parameters
    ----------
    comparison : CrossValidation
        The comparison that ran the classifier.
    classifier : str
        Name of the classifier.

    Returns
    -------
    OutOfFold
    """
    data, results = comparison.dataset, comparison.results_of(classifier)
    n_tested, right = np.zeros(len(data), dtype=np.intp), np.zeros(len(data), dtype=np.intp)
    decisions, probabilities = np.zeros((len(data), data.n_topics), dtype=np.intp), np.zeros((len(data), data.n_topics))
    for result in results:
        rows = result.split.test
        n_tested[rows] += 1
        decisions[rows] += result.decisions
        right[rows] += (result.decisions == data.Y[rows]).all(axis=1)
        if result.probabilities is not None:
            probabilities[rows] += result.probabilities
    probable = all(result.probabilities is not None for result in results)
    with np.errstate(invalid="ignore"):
        return OutOfFold(
            classifier, n_tested, decisions, right, probabilities / n_tested[:, None] if probable else None
        )


def worst_errors(
    comparison: CrossValidation,
    found: OutOfFold,
    topic: str,
    kind: Literal["false positive", "false negative"],
    count: int,
) -> pd.DataFrame:
    """List the articles that a classifier got wrong most often, then those with the highest confidence.

    Parameters
    ----------
    comparison : CrossValidation
        The comparison that ran the classifier.
    found : OutOfFold
        Out-of-fold results of the classifier.
    topic : str
        Topic to list errors for.
    kind : {"false positive", "false negative"}
        Kind of error.
    count : int
        Maximum number of articles.

    Returns
    -------
    DataFrame
        Columns ``row, article_id, wrong, tested, probability``: row number in the dataset, article, number of wrong
        decisions, number of times the article was tested, and mean probability of the topic (NaN if there is none).
    """
    data = comparison.dataset
    column = comparison.topic_column(topic)
    probabilities = np.full(len(data), np.nan) if found.probabilities is None else found.probabilities[:, column]
    positive = kind == "false positive"
    wrong = found.given[:, column] if positive else found.tested - found.given[:, column]
    rows = np.flatnonzero((data.Y[:, column] == (0 if positive else 1)) & (wrong > 0))
    table = pd.DataFrame(
        {"row": rows, "article_id": data.ids[rows], "wrong": wrong[rows], "tested": found.tested[rows],
         "probability": probabilities[rows]}
    )  # fmt: skip
    share = table["wrong"] / table["tested"]
    doubt = table["probability"] if positive else -table["probability"]
    order = np.lexsort((table["row"], -doubt.fillna(0), -share))
    return table.iloc[order[:count]].reset_index(drop=True)
