"""Whole grids of a classifier at once, where one computation serves every point and every topic.

Each function gives the scores that scikit-learn's estimator, fitted a point and a topic at a time, would give; a test
holds the two together. They take topics that have both positive and negative training rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.neighbors import NearestNeighbors

__all__ = ["complement_odds", "multinomial_odds", "neighbour_shares"]

_Scores = NDArray[np.float64]
_Points = Sequence[Mapping[str, Any]]


def multinomial_odds(points: _Points, train: csr_matrix, Y: NDArray[np.int8], test: csr_matrix) -> list[_Scores]:
    """Give log odds of multinomial naive Bayes for every ``alpha``.

    Parameters
    ----------
    points : sequence of mapping
        Each with ``alpha``.
    train : csr_matrix, shape (n_train, n_terms)
    Y : ndarray of {0, 1}, shape (n_train, n_topics)
    test : csr_matrix, shape (n_test, n_terms)

    Returns
    -------
    list of ndarray, shape (n_test, n_topics)
        By point.
    """
    positive, negative = _term_sums(train, Y)
    prior = np.log(Y.sum(axis=0)) - np.log(len(Y) - Y.sum(axis=0))
    return [
        test @ (_log_shares(positive + point["alpha"]) - _log_shares(negative + point["alpha"])).T + prior
        for point in points
    ]


def complement_odds(points: _Points, train: csr_matrix, Y: NDArray[np.int8], test: csr_matrix) -> list[_Scores]:
    """Give log odds of complement naive Bayes for every ``alpha`` (see `multinomial_odds`).

    A topic's complement are the rows without it. With two classes there is no prior.
    """
    positive, negative = _term_sums(train, Y)
    return [
        test @ (_log_shares(positive + point["alpha"]) - _log_shares(negative + point["alpha"])).T for point in points
    ]


def neighbour_shares(points: _Points, train: csr_matrix, Y: NDArray[np.int8], test: csr_matrix) -> list[_Scores]:
    """Give the share of the nearest rows that carry each topic, weighed by closeness, for every ``n_neighbors``.

    See `multinomial_odds`. Distances are computed once, for the most neighbours.
    """
    most = max(point["n_neighbors"] for point in points)
    distances, nearest = NearestNeighbors(n_neighbors=most, algorithm="brute").fit(train).kneighbors(test)
    with np.errstate(divide="ignore"):
        closeness = 1 / distances
    shares = []
    for point in points:
        weights = closeness[:, : point["n_neighbors"]]
        # Rows that are the same as a training row go by those alone.
        same = np.isinf(weights)
        weights = np.where(same.any(axis=1, keepdims=True), same, weights)
        carried = np.einsum("rn,rnt->rt", weights, Y[nearest[:, : point["n_neighbors"]]].astype(np.float64))
        shares.append(carried / weights.sum(axis=1, keepdims=True))
    return shares


def _term_sums(train: csr_matrix, Y: NDArray[np.int8]) -> tuple[_Scores, _Scores]:
    """Add up each term over the rows with and without each topic, shape (n_topics, n_terms) each."""
    carries = csr_matrix(Y.T.astype(np.float64))
    lacks = csr_matrix((1 - Y.T).astype(np.float64))
    return (carries @ train).toarray(), (lacks @ train).toarray()


def _log_shares(sums: _Scores) -> _Scores:
    return np.asarray(np.log(sums) - np.log(sums.sum(axis=1, keepdims=True)))
