"""Fit all grid points of a classifier, for all topics, in one computation.

Each function fits on training rows and returns a function that scores test rows. The scores match those of
scikit-learn's estimator, fitted at each grid point separately: one-vs-rest for multi-label data, all classes together
for multi-class data. A test checks this. Every topic needs positive and negative training rows. Multi-class data need
at least three classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import log_softmax
from sklearn.neighbors import NearestNeighbors

__all__ = ["RIDGE_TOLERANCE", "Scorer", "complement_odds", "multinomial_odds", "neighbour_shares", "ridge_margins"]

#: Relative residual at which ridge regression stops. Machines sum floats in different orders. On 20 Newsgroups this
#: changes the fourth decimal of the scores with scikit-learn's default of 1e-4, but only the tenth with this value.
RIDGE_TOLERANCE = 1e-10

_Scores = NDArray[np.float64]
_Points = Sequence[Mapping[str, Any]]

#: Scores the test rows at every grid point. It can be called only once.
Scorer = Callable[[Any], list[_Scores]]


def multinomial_odds(points: _Points, train: csr_matrix, Y: NDArray[np.int8], multi_class: bool) -> Scorer:
    """Fit multinomial naive Bayes for every ``alpha``, and return a scorer.

    The scores are log odds for multi-label data and log probabilities for multi-class data.

    Parameters
    ----------
    points : sequence of mapping
        Grid points, each with ``alpha``.
    train : csr_matrix, shape (n_train, n_terms)
        Features of the training rows.
    Y : ndarray of {0, 1}, shape (n_train, n_topics)
        Labels of the training rows.
    multi_class : bool
        Whether topics are the classes of one estimator.

    Returns
    -------
    callable
        Takes the test rows, a csr_matrix of shape (n_test, n_terms). Returns one ndarray of scores per point, each of
        shape (n_test, n_topics).
    """
    inside = _term_sums(train, Y)
    if multi_class:
        prior = np.log(Y.sum(axis=0)) - np.log(len(Y))
        logs = [_log_shares(inside + point["alpha"]).T for point in points]
        return lambda test: [log_softmax(test @ log + prior, axis=1) for log in logs]
    outside = _term_sums(train, 1 - Y)
    prior = np.log(Y.sum(axis=0)) - np.log(len(Y) - Y.sum(axis=0))
    odds = [(_log_shares(inside + point["alpha"]) - _log_shares(outside + point["alpha"])).T for point in points]
    return lambda test: [test @ odd + prior for odd in odds]


def complement_odds(points: _Points, train: csr_matrix, Y: NDArray[np.int8], multi_class: bool) -> Scorer:
    """Fit complement naive Bayes for every ``alpha``, and return a scorer (see `multinomial_odds`).

    The complement of a topic is the set of rows without it. There is no prior.
    """
    outside = _term_sums(train, 1 - Y)
    if multi_class:
        logs = [-_log_shares(outside + point["alpha"]).T for point in points]
        return lambda test: [log_softmax(test @ log, axis=1) for log in logs]
    inside = _term_sums(train, Y)
    odds = [(_log_shares(inside + point["alpha"]) - _log_shares(outside + point["alpha"])).T for point in points]
    return lambda test: [test @ odd for odd in odds]


def neighbour_shares(points: _Points, train: csr_matrix, Y: NDArray[np.int8], multi_class: bool) -> Scorer:
    """Fit nearest neighbours for every ``n_neighbors``, and return a scorer (see `multinomial_odds`).

    A score is the share of the nearest rows that carry the topic, weighted by inverse distance. It is the same for
    multi-class data. Distances are computed once, for the largest ``n_neighbors``.
    """
    most = max(point["n_neighbors"] for point in points)
    neighbours = NearestNeighbors(n_neighbors=most, algorithm="brute").fit(train)

    def score(test: csr_matrix) -> list[_Scores]:
        distances, nearest = neighbours.kneighbors(test)
        with np.errstate(divide="ignore"):
            closeness = 1 / distances
        shares = []
        for point in points:
            weights = closeness[:, : point["n_neighbors"]]
            # A row that equals training rows uses only those neighbours.
            same = np.isinf(weights)
            weights = np.where(same.any(axis=1, keepdims=True), same, weights)
            carried = np.einsum("rn,rnt->rt", weights, Y[nearest[:, : point["n_neighbors"]]].astype(np.float64))
            shares.append(carried / weights.sum(axis=1, keepdims=True))
        return shares

    return score


def ridge_margins(points: _Points, train: csr_matrix, Y: NDArray[np.int8], multi_class: bool) -> Scorer:
    """Fit ridge regression on -1 and 1 for every ``alpha``, and return a scorer of margins (see `multinomial_odds`).

    Classes are regressed one by one, like topics. The problem is that of ``RidgeClassifier(solver="sparse_cg")``, with
    the same start and the same stopping residual (`RIDGE_TOLERANCE`). One Krylov space serves all penalties.
    """
    means = np.asarray(train.mean(axis=0)).ravel()
    signs = 2.0 * Y - 1
    targets = signs - signs.mean(axis=0)
    across = train.T.tocsr()
    penalties = [point["alpha"] for point in points]
    # Centred rows would not be sparse, so the centring happens inside the products.
    if train.shape[1] > train.shape[0]:
        shared, length = train @ means, means @ means

        def between_rows(v: _Scores) -> _Scores:
            total = v.sum(axis=0)
            return np.asarray(train @ (across @ v) - np.outer(shared, total) + (length * total - shared @ v))

        duals = _solve_shifted(between_rows, targets, penalties)
        coefficients: Iterator[_Scores]
        # Computed one by one to save memory: there are as many coefficients as terms.
        coefficients = (np.asarray(across @ dual - np.outer(means, dual.sum(axis=0))) for dual in duals)
    else:
        n_train = train.shape[0]

        def between_terms(v: _Scores) -> _Scores:
            return np.asarray(across @ (train @ v) - n_train * np.outer(means, means @ v))

        coefficients = iter(_solve_shifted(between_terms, across @ targets, penalties))
    return lambda test: [test @ weights + (signs.mean(axis=0) - means @ weights) for weights in coefficients]


def _solve_shifted(
    product: Callable[[_Scores], _Scores], targets: _Scores, shifts: Sequence[float], tolerance: float = RIDGE_TOLERANCE
) -> list[_Scores]:
    """Solve (A + shift I) X = targets by conjugate gradients for all shifts, with the matrix products of one shift.

    Each solution is the iterate at which `scipy.sparse.linalg.cg` stops if it runs for that shift and column alone.

    Parameters
    ----------
    product : callable
        Multiplies the symmetric positive semi-definite matrix A by columns.
    targets : ndarray of float, shape (n, n_columns)
        Right-hand sides.
    shifts : sequence of float
        Values to add to the diagonal of A.
    tolerance : float, default RIDGE_TOLERANCE
        Norm of the residual at which a column stops, relative to the norm of its target.

    Returns
    -------
    list of ndarray of float, shape (n, n_columns)
        One solution per shift.

    References
    ----------
    Jegerlehner (1996), "Krylov space solvers for shifted linear systems", arXiv:hep-lat/9612014, algorithm CG-M.
    """
    # Iterate on the smallest shift, which needs the most steps. The other shifts follow from it by three numbers each.
    lead = min(shifts)
    offsets = np.array([shift - lead for shift in shifts])[:, None]
    solutions = np.zeros((len(shifts), *targets.shape))
    directions = np.repeat(targets[None], len(shifts), axis=0)
    residual, direction, moved = targets.copy(), targets.copy(), np.zeros_like(targets)
    squared = (residual**2).sum(axis=0)
    enough = tolerance * np.sqrt(squared)
    shrunk = previous = np.ones((len(shifts), targets.shape[1]))
    step_before, turn = np.ones(targets.shape[1]), np.zeros(targets.shape[1])
    for _ in range(10 * len(targets)):
        active = shrunk * np.sqrt(squared) >= enough
        columns = active.any(axis=0)
        if not columns.any():
            break
        moved[:, columns] = product(direction[:, columns]) + lead * direction[:, columns]
        with np.errstate(invalid="ignore", divide="ignore"):  # only in converged columns, which are not read again
            step = squared / (direction * moved).sum(axis=0)
            ahead = shrunk * previous * step_before / (
                step * turn * (previous - shrunk) + previous * step_before * (1 + offsets * step)
            )  # fmt: skip
            ratio = np.where(active, ahead / shrunk, 0.0)
        step = np.where(columns, step, 0.0)
        solutions += (step * ratio)[:, None] * directions
        residual -= step * moved
        squared_before, squared = squared, (residual**2).sum(axis=0)
        turn = np.divide(squared, squared_before, out=np.zeros_like(squared), where=squared_before > 0)
        direction = residual + turn * direction
        directions *= (turn * ratio**2)[:, None]
        directions += np.where(active, ahead, 0.0)[:, None] * residual
        previous, shrunk, step_before = shrunk, np.where(active, ahead, 0.0), step
    return list(solutions)


def _term_sums(train: csr_matrix, Y: NDArray[np.int8]) -> _Scores:
    """Sum each term over the rows of each topic, shape (n_topics, n_terms)."""
    return np.asarray((csr_matrix(Y.T.astype(np.float64)) @ train).toarray())


def _log_shares(sums: _Scores) -> _Scores:
    return np.asarray(np.log(sums) - np.log(sums.sum(axis=1, keepdims=True)))
