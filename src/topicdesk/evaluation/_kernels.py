"""Compiled loops that repeat scikit-learn's linear solvers, step by step.

A kernel draws the same random numbers as scikit-learn, visits the rows in the same order, and shrinks and stops at the
same places. So it follows the same path, and does not only reach the same optimum. On sparse rows it also sums in the
same order, and the coefficients are equal to the last bit.

Kernels take and fill arrays, hold no Python object and release the GIL. This module imports numba, which takes a
second. Import it only to run a kernel (see `topicdesk.evaluation._linear_grids`).

Notes
-----
`fit_squared_hinge` and `fit_logistic` follow LIBLINEAR as scikit-learn changed it (``svm/src/liblinear/linear.cpp`` and
``svm/src/newrand/newrand.h``). `fit_modified_huber` follows scikit-learn (``linear_model/_sgd_fast.pyx.tp`` and
``utils/_seq_dataset.pyx.tp``). Both have the following licence (BSD-3-Clause).

Copyright (c) 2007-2014 The LIBLINEAR Project.
Copyright (c) 2007-2026 The scikit-learn developers.
All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following
   disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
   disclaimer in the documentation and/or other materials provided with the distribution.

3. Neither name of copyright holders nor the names of its contributors may be used to endorse or promote products
   derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE REGENTS OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL,
EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS
OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN
CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.

References
----------
Hsieh, Chang, Lin, Keerthi and Sundararajan (2008), "A dual coordinate descent method for large-scale linear SVM", ICML.
Yu, Huang and Lin (2011), "Dual coordinate descent methods for logistic regression and maximum entropy models", Machine
Learning 85.
Bottou (2012), "Stochastic gradient descent tricks", in Neural Networks: Tricks of the Trade.
Matsumoto and Nishimura (1998), "Mersenne twister", ACM Transactions on Modeling and Computer Simulation 8.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["LANES", "UNDECIDED", "Rows", "fit_logistic", "fit_modified_huber", "fit_squared_hinge", "gram_matrix"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: Number of fits that `fit_modified_huber` runs side by side: their weights of one term fill a cache line.
LANES = 8

#: Relative to the margins, a difference that rounding may make, with a wide margin. The sums of a Gram matrix round
#: otherwise than those of sparse rows. A comparison that is closer than this is left to sparse rows.
_ROUNDING = 1e-12
#: What the kernels return if a comparison is that close. Then the same fit without a Gram matrix is exact.
UNDECIDED = -1

_WORD = 0xFFFFFFFF  # the largest number of 32 bits
_TWISTER_WORDS = 624


class Rows(NamedTuple):
    """Sparse training rows (CSR), and optionally their Gram matrix.

    Parameters
    ----------
    data : ndarray of float64, shape (n_nonzeros,)
        Values.
    indices : ndarray of uint32, shape (n_nonzeros,)
        Terms. They are unsigned, because numba makes a test for negative indices of signed ones.
    indptr : ndarray of uint32, shape (n_rows + 1,)
        Where each row starts.
    gram : ndarray of float64, shape (n_rows, n_rows) or (0, 0)
        Products of all pairs of rows, with 1 added for the intercept. If empty, products are computed from the values.
    """

    data: NDArray[np.float64]
    indices: NDArray[np.uint32]
    indptr: NDArray[np.uint32]
    gram: NDArray[np.float64]


def _compiled(function: _Function) -> _Function:
    return cast(_Function, njit(cache=True, nogil=True)(function))


@_compiled
def fit_squared_hinge(
    rows: Rows,
    order: NDArray[np.uint32],
    positive: NDArray[np.bool_],
    C: float,
    tol: float,
    max_iter: int,
    twister: NDArray[np.uint32],
    state: NDArray[np.float64],
    duals: NDArray[np.float64],
) -> int:
    """Fit one linear SVM with squared hinge loss by dual coordinate descent, as ``LinearSVC(dual=True)`` does.

    Parameters
    ----------
    rows : Rows
        Training rows.
    order : ndarray of uint32, shape (n_rows,)
        The rows in LIBLINEAR's order: sorted by class.
    positive : ndarray of bool, shape (n_rows,)
        Whether a row belongs to the class, by row.
    C, tol, max_iter
        As in `LinearSVC`.
    twister : ndarray of uint32, shape (625,)
        State of the random numbers: the words of MT19937, then the number of words that are used. It is advanced.
    state : ndarray of float64
        Output. Without a Gram matrix: weights of the terms, then the intercept, shape (n_terms + 1,). With it: margins
        of the training rows, shape (n_rows,).
    duals : ndarray of float64, shape (n_rows,)
        Output: dual coefficients with the sign of the class. The weights are their products with the rows.

    Returns
    -------
    int
        Number of iterations; `max_iter` if it did not converge. `UNDECIDED` if a Gram matrix is not exact enough.
    """
    n_rows = len(order)
    rounding = _ROUNDING if len(rows.gram) else 0.0
    shift = 0.5 / C
    curvatures = np.empty(n_rows)
    for row in range(n_rows):
        curvatures[row] = _squared_norm(rows, row, shift)
    state[:] = 0.0
    duals[:] = 0.0
    queue = order.copy()
    n_active = n_rows
    highest_before = math.inf  # a larger gradient shows that a dual coefficient stays at zero
    iteration = 0
    while iteration < max_iter:
        lowest, highest = math.inf, -math.inf
        _shuffle(queue, n_active, twister)
        place, has_zero = 0, False
        while place < n_active:
            row = queue[place]
            sign = 1.0 if positive[row] else -1.0
            dual = sign * duals[row]
            margin = _margin(rows, state, row)
            gradient = margin * sign - 1 + dual * shift
            close = rounding * max(abs(margin), 1.0)
            if abs(gradient - highest_before) < close and dual == 0:
                return UNDECIDED
            projected = gradient
            if dual == 0:
                if gradient > highest_before:  # shrink: leave the row out of the next iterations
                    n_active -= 1
                    queue[place], queue[n_active] = queue[n_active], queue[place]
                    continue
                projected = min(gradient, 0.0)
            lowest, highest = min(lowest, projected), max(highest, projected)
            has_zero |= dual > 0 and abs(gradient) < close
            if abs(projected) > 1e-12:
                moved = dual - gradient / curvatures[row]
                if abs(moved) < close:
                    return UNDECIDED
                moved = max(moved, 0.0)
                duals[row] = sign * moved
                _move(rows, state, row, (moved - dual) * sign)
            place += 1
        iteration += 1
        if abs(highest - lowest - tol) < rounding or (has_zero and highest < rounding):
            return UNDECIDED
        if highest - lowest <= tol:
            if n_active == n_rows:
                break
            # Converged on the rows that are left. Check all rows once more.
            n_active = n_rows
            highest_before = math.inf
            continue
        highest_before = highest if highest > 0 else math.inf
    return iteration


@_compiled
def fit_logistic(
    rows: Rows,
    order: NDArray[np.uint32],
    positive: NDArray[np.bool_],
    C: float,
    tol: float,
    max_iter: int,
    twister: NDArray[np.uint32],
    state: NDArray[np.float64],
    duals: NDArray[np.float64],
) -> int:
    """Fit one logistic regression by dual coordinate descent, as LIBLINEAR does for ``LogisticRegression(dual=True)``.

    Parameters and return value are those of `fit_squared_hinge`.
    """
    n_rows = len(order)
    rounding = _ROUNDING if len(rows.gram) else 0.0
    state[:] = 0.0
    # A dual coefficient is between 0 and C. Near C, its difference from C has more digits than itself, so keep both.
    from_zero, from_C = np.empty(n_rows), np.empty(n_rows)
    curvatures = np.empty(n_rows)
    for row in order:
        from_zero[row] = min(0.001 * C, 1e-8)
        from_C[row] = C - from_zero[row]
        curvatures[row] = _squared_norm(rows, row, 0.0)
        _move(rows, state, row, from_zero[row] if positive[row] else -from_zero[row])
    queue = order.copy()
    precision, finest = 1e-2, min(1e-8, tol)
    iteration = 0
    while iteration < max_iter:
        _shuffle(queue, n_rows, twister)
        n_steps, largest = 0, 0.0
        for row in queue:
            sign = 1.0 if positive[row] else -1.0
            curvature, slope = curvatures[row], _margin(rows, state, row) * sign
            close = rounding * max(abs(slope), 1.0)
            # Move the smaller of both numbers.
            middle = 0.5 * curvature * (from_C[row] - from_zero[row]) + slope
            if abs(middle) < close:
                return UNDECIDED
            upwards = not middle < 0
            side = 1.0 if upwards else -1.0
            before = from_zero[row] if upwards else from_C[row]
            dual = 0.1 * before if C - before < 0.5 * C else before
            gradient = curvature * (dual - before) + side * slope + math.log(dual / (C - dual))
            largest = max(largest, abs(gradient))
            steps = 0
            while steps <= 100 and not abs(gradient) < precision:  # Newton's method for one coefficient
                if abs(gradient) - precision < close:
                    return UNDECIDED
                ahead = dual - gradient / (curvature + C / (C - dual) / dual)
                dual = 0.1 * dual if ahead <= 0 else ahead
                gradient = curvature * (dual - before) + side * slope + math.log(dual / (C - dual))
                steps += 1
            if precision - abs(gradient) < close and steps <= 100:
                return UNDECIDED
            if steps > 0:
                from_zero[row] = dual if upwards else C - dual
                from_C[row] = C - dual if upwards else dual
                _move(rows, state, row, side * (dual - before) * sign)
            n_steps += steps
        iteration += 1
        if abs(largest - tol) < rounding:
            return UNDECIDED
        if largest < tol:
            break
        if n_steps <= n_rows // 10:
            precision = max(finest, 0.1 * precision)
    for row in range(n_rows):
        duals[row] = from_zero[row] if positive[row] else -from_zero[row]
    return iteration


@_compiled
def gram_matrix(
    data: NDArray[np.float64],
    indices: NDArray[np.uint32],
    indptr: NDArray[np.uint32],
    row_of: NDArray[np.uint32],
    value_of: NDArray[np.float64],
    column_starts: NDArray[np.uint32],
) -> NDArray[np.float64]:
    """Return the products of all pairs of rows, with 1 added for the intercept.

    Parameters
    ----------
    data, indices, indptr
        The rows, as in `Rows`.
    row_of, value_of, column_starts
        The same matrix by columns (CSC): row numbers in order, values, and where each column starts.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_rows)
    """
    n_rows = len(indptr) - 1
    gram = np.ones((n_rows, n_rows))
    for row in range(n_rows):
        products = gram[row]
        for place in range(indptr[row], indptr[row + 1]):
            start, end = column_starts[indices[place]], column_starts[indices[place] + 1]
            # From the last row of the column back to this one: the matrix is symmetric.
            for other in range(end - 1, start - 1, -1):
                if row_of[other] < row:
                    break
                products[row_of[other]] += data[place] * value_of[other]
        for other in range(row):
            products[other] = gram[other, row]
    return gram


@_compiled
def fit_modified_huber(
    rows: Rows,
    signs: NDArray[np.float64],
    alphas: NDArray[np.float64],
    tol: float,
    max_iter: int,
    patience: int,
    seed: int,
    weights: NDArray[np.float64],
    intercepts: NDArray[np.float64],
    epochs: NDArray[np.int64],
) -> None:
    """Fit several models of modified Huber loss by stochastic gradient descent, as ``SGDClassifier`` does.

    All fits with the same seed visit the rows in the same order. So they run side by side: each value is read once for
    all of them, and the processor computes their sums together.

    Parameters
    ----------
    rows : Rows
        Training rows. A Gram matrix is not used: the stopping rule needs the weights.
    signs : ndarray of float64, shape (n_rows, n_fits)
        Targets of each fit, -1 or 1. There are at most `LANES` fits.
    alphas : ndarray of float64, shape (n_fits,)
        Penalty of each fit.
    tol, max_iter
        As in `SGDClassifier`.
    patience : int
        Number of epochs without improvement after which a fit stops, ``n_iter_no_change``.
    seed : int
        Seed of the order of the rows.
    weights : ndarray of float64, shape (n_terms, LANES)
        Output: the weights of each fit.
    intercepts : ndarray of float64, shape (n_fits,)
        Output: the intercepts.
    epochs : ndarray of int64, shape (n_fits,)
        Output: number of epochs; `max_iter` if a fit did not converge.
    """
    n_rows, n_fits = signs.shape
    weights[:] = 0.0
    intercepts[:] = 0.0
    epochs[:] = max_iter
    # The true weights are `scales` times `weights`, so a penalty changes one number. As in scikit-learn, `norms` are
    # squared norms of the weights in the last row that changed them, not of all weights.
    scales, norms = np.ones(n_fits), np.zeros(n_fits)
    best, waited, running = np.full(n_fits, math.inf), np.zeros(n_fits, np.int64), np.ones(n_fits, np.bool_)
    n_running = n_fits
    steps, products, squares = np.zeros(LANES), np.zeros(LANES), np.zeros(LANES)
    first = 1.0 / (np.sqrt(1.0 / np.sqrt(alphas)) * alphas)  # Bottou's first step
    queue = np.arange(n_rows).astype(np.uint32)
    n_seen = 1.0
    for epoch in range(max_iter):
        _shuffle_by_xorshift(queue, seed)
        objectives = np.zeros(n_fits)
        for row in queue:
            _multiply_lanes(rows, row, weights, products)
            moved = False
            for fit in range(n_fits):
                steps[fit] = 0.0
                if not running[fit]:
                    continue
                alpha, sign = alphas[fit], signs[row, fit]
                margin = (products[fit] * scales[fit] + intercepts[fit]) * sign
                eta = 1.0 / (alpha * (first[fit] + n_seen - 1))
                if margin >= 1.0:
                    loss, slope = 0.0, 0.0
                elif margin >= -1.0:
                    loss, slope = (1.0 - margin) * (1.0 - margin), 2.0 * (1.0 - margin) * -sign
                else:
                    loss, slope = -4.0 * margin, -4.0 * sign
                objectives[fit] += loss
                norm = math.sqrt(norms[fit])
                objectives[fit] += alpha * (0.5 * (norm * norm))
                shrunk = max(0.0, 1.0 - eta * alpha)
                scales[fit] *= shrunk
                norms[fit] *= shrunk * shrunk
                if scales[fit] < 1e-9:
                    weights[:, fit] *= scales[fit]
                    scales[fit] = 1.0
                step = -eta * min(max(slope, -1e12), 1e12)
                if step != 0.0:
                    moved = True
                    steps[fit] = step / scales[fit]
                    intercepts[fit] += step * 0.01  # the intercept is slower on sparse rows
            if moved:
                _add_lanes(rows, row, steps, weights, squares)
                for fit in range(n_fits):
                    if steps[fit] != 0.0:
                        norms[fit] = squares[fit] * (scales[fit] * scales[fit])
            n_seen += 1
        for fit in range(n_fits):
            if not running[fit]:
                continue
            objective = objectives[fit] / n_rows
            waited[fit] = waited[fit] + 1 if objective > best[fit] - tol else 0
            best[fit] = min(best[fit], objective)
            if waited[fit] >= patience:
                running[fit] = False
                epochs[fit] = epoch + 1
                n_running -= 1
        if n_running == 0:
            break
    for fit in range(n_fits):
        weights[:, fit] *= scales[fit]


@_compiled
def _margin(rows: Rows, state: NDArray[np.float64], row: Any) -> float:
    """Return the product of a row and the weights, with the intercept."""
    if len(rows.gram):
        return float(state[row])
    total = 0.0
    for place in range(rows.indptr[row], rows.indptr[row + 1]):
        total += state[rows.indices[place]] * rows.data[place]
    return total + float(state[-1])


@_compiled
def _move(rows: Rows, state: NDArray[np.float64], row: Any, step: float) -> None:
    """Add a row times a number to the weights."""
    if len(rows.gram):
        products = rows.gram[row]
        for other in range(len(products)):
            state[other] += step * products[other]
        return
    for place in range(rows.indptr[row], rows.indptr[row + 1]):
        state[rows.indices[place]] += step * rows.data[place]
    state[-1] += step


@_compiled
def _squared_norm(rows: Rows, row: Any, start: float) -> float:
    """Return a number plus the squared norm of a row, with 1 for the intercept, summed in LIBLINEAR's order."""
    total = start
    for place in range(rows.indptr[row], rows.indptr[row + 1]):
        total += rows.data[place] * rows.data[place]
    return total + 1.0


@_compiled
def _multiply_lanes(rows: Rows, row: Any, weights: NDArray[np.float64], products: NDArray[np.float64]) -> None:
    """Compute the product of a row and the weights of each lane."""
    # Eight names and not an array: the compiler keeps them in registers.
    a = b = c = d = e = f = g = h = 0.0
    for place in range(rows.indptr[row], rows.indptr[row + 1]):
        value, lane = rows.data[place], weights[rows.indices[place]]
        a += lane[0] * value
        b += lane[1] * value
        c += lane[2] * value
        d += lane[3] * value
        e += lane[4] * value
        f += lane[5] * value
        g += lane[6] * value
        h += lane[7] * value
    products[0], products[1], products[2], products[3] = a, b, c, d
    products[4], products[5], products[6], products[7] = e, f, g, h


@_compiled
def _add_lanes(
    rows: Rows, row: Any, steps: NDArray[np.float64], weights: NDArray[np.float64], squares: NDArray[np.float64]
) -> None:
    """Add a row times a step to the weights of each lane, and sum the squares of the weights of its terms."""
    for lane in range(LANES):
        squares[lane] = 0.0
    for place in range(rows.indptr[row], rows.indptr[row + 1]):
        value, lanes = rows.data[place], weights[rows.indices[place]]
        for lane in range(LANES):
            lanes[lane] += value * steps[lane]
            squares[lane] += lanes[lane] * lanes[lane]


@_compiled
def _shuffle(queue: NDArray[np.uint32], n_first: int, twister: NDArray[np.uint32]) -> None:
    """Shuffle the first rows of a queue with the random numbers of scikit-learn's LIBLINEAR."""
    for place in range(n_first):
        # Lemire's method: the upper half of a product is a random number below the bound.
        bound = n_first - place
        product = _random_word(twister) * bound
        if product & _WORD < bound:
            while product & _WORD < (_WORD + 1 - bound) % bound:  # reject the words that make it uneven
                product = _random_word(twister) * bound
        other = place + (product >> 32)
        queue[place], queue[other] = queue[other], queue[place]


@_compiled
def _random_word(twister: NDArray[np.uint32]) -> Any:
    """Return the next number of 32 bits of the Mersenne twister MT19937."""
    used = twister[_TWISTER_WORDS]
    if used == _TWISTER_WORDS:
        for place in range(_TWISTER_WORDS):
            mixed = (twister[place] & 0x80000000) | (twister[(place + 1) % _TWISTER_WORDS] & 0x7FFFFFFF)
            odd = 0x9908B0DF if mixed & 1 else 0
            twister[place] = twister[(place + 397) % _TWISTER_WORDS] ^ (mixed >> 1) ^ odd
        used = 0
    twister[_TWISTER_WORDS] = used + 1
    word = np.int64(twister[used])
    word ^= word >> 11
    word ^= (word << 7) & 0x9D2C5680
    word ^= (word << 15) & 0xEFC60000
    return word ^ (word >> 18)


@_compiled
def _shuffle_by_xorshift(queue: NDArray[np.uint32], seed: int) -> None:
    """Shuffle a queue with the random numbers of scikit-learn's ``SGDClassifier``."""
    word = max(seed, 1)
    for place in range(len(queue) - 1):
        word ^= (word << 13) & _WORD
        word ^= word >> 17
        word ^= (word << 5) & _WORD
        other = place + (word & 0x7FFFFFFF) % (len(queue) - place)
        queue[place], queue[other] = queue[other], queue[place]
