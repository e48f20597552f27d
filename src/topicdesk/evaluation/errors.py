"""Errors to read: what a classifier decided about articles it had not seen, and where it was most wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from topicdesk.evaluation.comparison import Comparison

__all__ = ["held_out_probabilities", "held_out_votes", "worst_errors"]


def held_out_votes(comparison: Comparison, classifier: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Count how often each article was tested, and how often it was given each topic.

    Parameters
    ----------
    comparison : Comparison
    classifier : str

    Returns
    -------
    tested : ndarray of int, shape (n_articles,)
        0 for articles that only trained.
    given : ndarray of int, shape (n_articles, n_topics)
    """
    data = comparison.dataset
    tested = np.zeros(len(data), dtype=np.intp)
    given = np.zeros((len(data), data.n_topics), dtype=np.intp)
    for result in comparison.results_of(classifier):
        tested[result.split.test] += 1
        given[result.split.test] += result.decisions
    return tested, given


def held_out_probabilities(comparison: Comparison, classifier: str) -> NDArray[np.float64] | None:
    """Give each article's calibrated probabilities, a mean over the times it was tested.

    Parameters
    ----------
    comparison : Comparison
    classifier : str

    Returns
    -------
    ndarray of float, shape (n_articles, n_topics), or None
        NaN for articles that only trained; None when the classifier has no probabilities.
    """
    tested, _ = held_out_votes(comparison, classifier)
    total = np.zeros((len(comparison.dataset), comparison.dataset.n_topics))
    for result in comparison.results_of(classifier):
        if result.probabilities is None:
            return None
        total[result.split.test] += result.probabilities
    with np.errstate(invalid="ignore"):
        return np.asarray(total / tested[:, None])


def worst_errors(
    comparison: Comparison, classifier: str, topic: str, kind: Literal["false positive", "false negative"], count: int
) -> pd.DataFrame:
    """List the articles about which a classifier was wrong most often, and most surely.

    Parameters
    ----------
    comparison : Comparison
    classifier, topic : str
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
    tested, given = held_out_votes(comparison, classifier)
    probabilities = held_out_probabilities(comparison, classifier)
    likely = np.full(len(data), np.nan) if probabilities is None else probabilities[:, column]
    positive = kind == "false positive"
    wrong = given[:, column] if positive else tested - given[:, column]
    rows = np.flatnonzero((data.Y[:, column] == (0 if positive else 1)) & (wrong > 0))
    table = pd.DataFrame(
        {"row": rows, "article_id": data.ids[rows], "wrong": wrong[rows], "tested": tested[rows],
         "probability": likely[rows]}
    )  # fmt: skip
    share = table["wrong"] / table["tested"]
    doubt = table["probability"] if positive else -table["probability"]
    order = np.lexsort((table["row"], -doubt.fillna(0), -share))
    return table.iloc[order[:count]].reset_index(drop=True)
