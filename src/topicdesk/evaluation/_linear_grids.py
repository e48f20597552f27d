"""Fit all grid points of a linear classifier, for all topics, with compiled kernels, and score the test rows.

Where no kernel can repeat scikit-learn, the functions return None, and the estimators are fitted one by one. Scores do
not depend on this choice: tests hold both to a difference of at most 1e-9. Every topic needs positive and negative
training rows. Multi-class data need at least three classes.

The environment variable ``TOPICDESK_KERNELS``, set to 0, turns kernels off.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning

from topicdesk.errors import ArgumentError

if TYPE_CHECKING:
    from topicdesk.evaluation._kernels import Rows

__all__ = ["Scored", "kernels_are_used", "linear_svm_scores", "logistic_scores", "sgd_scores"]

#: For each grid point: scores of the test rows, shape (n_test, n_topics), seconds of fitting and seconds of scoring.
Scored = list[tuple[NDArray[np.float64], float, float]]

_Points = Sequence[Mapping[str, Any]]

_VARIABLE = "TOPICDESK_KERNELS"
#: Version of scikit-learn whose solvers the kernels repeat. Another may draw other random numbers or stop elsewhere.
_REPEATED = "1.9."
#: A step costs the number of rows with a Gram matrix, and the number of terms of a row without. Rows are neighbours in
#: memory, so they are faster by about this factor (see benchmarks/kernels.py).
_ROWS_PER_TERM = 8
#: The Gram matrix of more rows does not fit the processor's cache.
_MOST_ROWS = 1500
_SEEDS = np.iinfo(np.int32).max
#: LIBLINEAR's own limit: it does not move beyond it.
_LARGEST_VALUE = 1e30


def kernels_are_used() -> bool:
    """Return whether kernels fit linear classifiers: numba is installed, and ``TOPICDESK_KERNELS`` is not 0.

    Raises
    ------
    ArgumentError
        If the variable has another value than 0 and 1.
    """
    wanted = os.environ.get(_VARIABLE, "1")
    if wanted not in ("0", "1"):
        raise ArgumentError(f"the environment variable {_VARIABLE} must be 0 or 1; got {wanted!r}.")
    return wanted == "1" and _can_repeat()


@cache
def _can_repeat() -> bool:
    if not version("scikit-learn").startswith(_REPEATED):
        return False
    try:
        import numba  # noqa: F401
    except ModuleNotFoundError:
        return False
    except ImportError as error:  # such as a NumPy that is newer than numba supports
        warnings.warn(f"numba cannot be imported, so linear classifiers take longer: {error}", stacklevel=2)
        return False
    return True


def linear_svm_scores(
    points: _Points,
    train: Any,
    Y: NDArray[np.int8],
    test: Any,
    multi_class: bool,
    random_state: int,
    tol: float = 1e-4,
    max_iter: int = 1000,
) -> Scored | None:
    """Fit `LinearSVC` for every ``C``, and score the test rows.

    Parameters
    ----------
    points : sequence of mapping
        Grid points, each with ``C``; 1 if it has none.
    train : csr_matrix, shape (n_train, n_terms)
        Features of the training rows.
    Y : ndarray of {0, 1}, shape (n_train, n_topics)
        Labels of the training rows.
    test : csr_matrix, shape (n_test, n_terms)
        Features of the test rows.
    multi_class : bool
        Whether topics are the classes of one estimator.
    random_state : int
        Random seed of the estimator.
    tol, max_iter
        As in `LinearSVC`.

    Returns
    -------
    list of (ndarray, float, float), or None
        Scores and seconds of each point. None if the estimator has to be fitted instead: kernels are off, rows are not
        sparse float64, or there are at least as many rows as terms, for which `LinearSVC` solves the primal problem.
    """
    if not _is_supported(train) or train.shape[0] >= train.shape[1]:
        return None
    return _dual_scores("fit_squared_hinge", points, train, Y, test, multi_class, random_state, tol, max_iter)


def logistic_scores(
    points: _Points,
    train: Any,
    Y: NDArray[np.int8],
    test: Any,
    multi_class: bool,
    random_state: int,
    tol: float = 1e-4,
    max_iter: int = 1000,
) -> Scored | None:
    """Fit `LogisticRegression` with ``dual=True`` for every ``C``, and score the test rows (see `linear_svm_scores`).

    Multi-class data have another solver, so the result is None.
    """
    if multi_class or not _is_supported(train):
        return None
    return _dual_scores("fit_logistic", points, train, Y, test, multi_class, random_state, tol, max_iter)


def sgd_scores(
    points: _Points,
    train: Any,
    Y: NDArray[np.int8],
    test: Any,
    multi_class: bool,
    random_state: int,
    tol: float = 1e-3,
    max_iter: int = 1000,
    n_iter_no_change: int = 5,
) -> Scored | None:
    """Fit `SGDClassifier` with modified Huber loss for every ``alpha``, and score the test rows.

    Parameters and return value are those of `linear_svm_scores`, and ``n_iter_no_change`` is that of `SGDClassifier`.
    """
    if not _is_supported(train):
        return None
    kernels = _loaded("fit_modified_huber")
    start = perf_counter()
    rows = _rows(train, gram=False)
    signs = 2.0 * Y - 1
    if multi_class:
        generator = np.random.RandomState(random_state)
        seeds = [_sgd_seed(int(generator.randint(_SEEDS))) for _ in range(Y.shape[1])]
    else:
        seeds = [_sgd_seed(random_state)] * Y.shape[1]
    scores = np.empty((len(points), test.shape[0], Y.shape[1]))
    slowest = np.zeros(len(points), dtype=np.int64)
    n_unconverged, scoring = 0, 0.0
    weights = np.empty((train.shape[1], kernels.LANES))
    for seed in dict.fromkeys(seeds):
        # Side by side are fits with the same seed. Neighbours have the same alpha, and so about as many epochs.
        fits = [(point, topic) for point in range(len(points)) for topic in range(Y.shape[1]) if seeds[topic] == seed]
        for first in range(0, len(fits), kernels.LANES):
            which, topics = np.array(fits[first : first + kernels.LANES]).T
            alphas = np.array([float(points[point].get("alpha", 1e-4)) for point in which])
            intercepts, epochs = np.empty(len(which)), np.empty(len(which), dtype=np.int64)
            own = np.ascontiguousarray(signs[:, topics])
            kernels.fit_modified_huber(
                rows, own, alphas, tol, max_iter, n_iter_no_change, seed, weights, intercepts, epochs
            )
            fitted = perf_counter()
            scores[which, :, topics] = (test @ weights)[:, : len(which)].T + intercepts[:, None]
            scoring += perf_counter() - fitted
            np.maximum.at(slowest, which, epochs)
            n_unconverged += int((epochs == max_iter).sum())
    _warn("SGD", n_unconverged if not multi_class else int((slowest == max_iter).sum()))
    fitting = perf_counter() - start - scoring
    return [(of_point, fitting / len(points), scoring / len(points)) for of_point in scores]


def _sgd_seed(random_state: int) -> int:
    """Return the seed of the order of rows that `SGDClassifier` draws from its random state."""
    generator = np.random.RandomState(random_state)
    generator.randint(1, _SEEDS)  # drawn for random access to rows, which plain SGD does not use
    return int(generator.randint(_SEEDS))


def _dual_scores(
    kernel: Literal["fit_squared_hinge", "fit_logistic"],
    points: _Points,
    train: csr_matrix,
    Y: NDArray[np.int8],
    test: csr_matrix,
    multi_class: bool,
    random_state: int,
    tol: float,
    max_iter: int,
) -> Scored:
    kernels = _loaded(kernel)
    fit = getattr(kernels, kernel)
    start = perf_counter()
    sparse = _rows(train, gram=False)
    rows = _rows(train, gram=True) if _gram_pays(train) else sparse
    n_topics = Y.shape[1]
    # LIBLINEAR sorts rows by class. Classes of one estimator have one order, and share a sequence of random numbers.
    targets = np.repeat(Y.argmax(axis=1)[:, None], n_topics, axis=1) if multi_class else Y
    orders = [np.argsort(target, kind="stable").astype(np.uint32) for target in targets.T]
    twister = _twister(int(np.random.RandomState(random_state).randint(_SEEDS)))
    margins, exact = np.empty(train.shape[0]), np.empty((n_topics, train.shape[1] + 1))
    shared = (perf_counter() - start) / len(points)
    scored: Scored = []
    n_unconverged = 0
    for point in points:
        start = perf_counter()
        options = float(point.get("C", 1.0)), tol, max_iter
        duals, n_iter, is_exact = np.empty((n_topics, train.shape[0])), [], np.full(n_topics, rows is sparse)
        random_words = twister.copy()
        for topic, order in enumerate(orders):
            before = random_words.copy() if multi_class else twister
            about = order, Y[:, topic] > 0, *options
            n = kernels.UNDECIDED
            if rows is not sparse:
                random_words[:] = before
                n = fit(rows, *about, random_words, margins, duals[topic])
            if n == kernels.UNDECIDED:
                random_words[:] = before
                n = fit(sparse, *about, random_words, exact[topic], duals[topic])
                is_exact[topic] = True
            n_iter.append(n)
        weights, intercepts = exact[:, :-1].T, exact[:, -1]
        if not is_exact.all():
            weights = np.where(is_exact, weights, train.T @ duals.T)
            intercepts = np.where(is_exact, intercepts, duals.sum(axis=1))
        fitted = perf_counter()
        scores = test @ weights + intercepts
        scored.append((scores, shared + fitted - start, perf_counter() - fitted))
        stopped = np.array(n_iter) >= max_iter
        n_unconverged += int(stopped.any() if multi_class else stopped.sum())
    _warn("LIBLINEAR", n_unconverged)
    return scored


def _twister(seed: int) -> NDArray[np.uint32]:
    """Return the state of the Mersenne twister after a seed, with all of its words used."""
    _, words, used, *_ = np.random.RandomState(seed).get_state(legacy=True)
    return np.append(words, np.uint32(used)).astype(np.uint32)


def _warn(solver: str, n_unconverged: int) -> None:
    """Warn once per fit that did not converge, as scikit-learn does."""
    for _ in range(n_unconverged):
        warnings.warn(f"{solver} reached max_iter before it converged.", ConvergenceWarning, stacklevel=4)


def _is_supported(train: Any) -> bool:
    """Return whether kernels are used and can read the rows."""
    if not kernels_are_used() or getattr(train, "format", None) != "csr":
        return False
    return bool(
        train.dtype == np.float64
        and train.indices.dtype == train.indptr.dtype == np.int32
        and train.nnz
        and np.abs(train.data).max() <= _LARGEST_VALUE  # not NaN: the estimator says what is wrong
    )


def _rows(train: csr_matrix, gram: bool) -> Rows:
    from topicdesk.evaluation._kernels import Rows, gram_matrix

    arrays = train.data, train.indices.view(np.uint32), train.indptr.view(np.uint32)
    if not gram:
        return Rows(*arrays, np.empty((0, 0)))
    columns = train.tocsc()
    by_column = columns.indices.view(np.uint32), columns.data, columns.indptr.view(np.uint32)
    return Rows(*arrays, gram_matrix(*arrays, *by_column))


def _gram_pays(train: csr_matrix) -> bool:
    """Return whether fits are faster with a Gram matrix. It depends only on sizes, so results do not vary."""
    n_rows = train.shape[0]
    return bool(n_rows <= _MOST_ROWS and n_rows * n_rows <= _ROWS_PER_TERM * train.nnz)


@cache
def _loaded(kernel: str) -> Any:
    """Import the kernels, and compile one on two rows, so that compiling does not count as fitting."""
    from topicdesk.evaluation import _kernels

    rows = _rows(csr_matrix(np.eye(2)), gram=False)
    if kernel == "fit_modified_huber":
        output = np.empty((2, _kernels.LANES)), np.empty(1), np.empty(1, dtype=np.int64)
        _kernels.fit_modified_huber(rows, np.array([[-1.0], [1.0]]), np.ones(1), 1e-3, 1, 5, 1, *output)
    else:
        order, positive = np.arange(2, dtype=np.uint32), np.array([False, True])
        getattr(_kernels, kernel)(rows, order, positive, 1.0, 1e-4, 1, _twister(1), np.empty(3), np.empty(2))
    return _kernels
