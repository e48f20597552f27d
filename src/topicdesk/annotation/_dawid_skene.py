"""Dawid–Skene: estimate true classes and the error rates of observers when nobody knows the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from topicdesk.errors import LabelsError

__all__ = ["DawidSkene", "dawid_skene"]

_Floats = NDArray[np.float64]

#: Lower bound of estimated probabilities. With 0, one contradicting vote would rule out a class for good.
_EPSILON = 1e-10


@dataclass(frozen=True, eq=False)
class DawidSkene:
    """Result of `dawid_skene`.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n_items, n_classes)
        Posterior probability of each class. Rows sum to 1.
    class_shares : ndarray of float, shape (n_classes,)
        Estimated share of each class.
    error_rates : ndarray of float, shape (n_observers, n_classes, n_classes)
        Probability that an observer gives the class of the last axis when the class of the middle axis is true.
    log_likelihood : ndarray of float, shape (n_iter,)
        Log-likelihood of the votes at the start of each iteration. It never decreases.
    """

    probabilities: _Floats
    class_shares: _Floats
    error_rates: _Floats
    log_likelihood: _Floats

    @property
    def n_iter(self) -> int:
        """Number of iterations."""
        return len(self.log_likelihood)

    def __repr__(self) -> str:
        """Return a short representation that shows sizes instead of arrays."""
        n_items, n_classes = self.probabilities.shape
        return (
            f"DawidSkene(n_items={n_items}, n_observers={len(self.error_rates)}, n_classes={n_classes}, "
            f"n_iter={self.n_iter})"
        )


def dawid_skene(counts: ArrayLike, *, max_iter: int = 50, tol: float = 1e-5) -> DawidSkene:
    """Estimate true classes from the votes of fallible observers by expectation–maximisation.

    Parameters
    ----------
    counts : array_like of int, shape (n_items, n_observers, n_classes)
        How often an observer gave an item a class. All zeros where the observer did not see the item.
    max_iter : int, default 50
        Maximum number of iterations.
    tol : float, default 1e-5
        Stop when the bound of the log-likelihood, per vote, increases by less.

    Returns
    -------
    DawidSkene

    Raises
    ------
    LabelsError
        If `counts` is not three-dimensional or has negative or non-finite entries.

    See Also
    --------
    topicdesk.annotation.aggregate_rules : Combine keyword rules into weak labels.

    Notes
    -----
    The initial probabilities are the shares of votes. The method finds a local maximum of the likelihood. Class labels
    keep their meaning only if observers are right more often than wrong. A class that no observer ever gives has
    probability 0.

    References
    ----------
    A. P. Dawid and A. M. Skene (1979), "Maximum likelihood estimation of observer error-rates using the EM algorithm",
    Journal of the Royal Statistical Society C 28(1), 20-28. Start, smoothing and stopping rule are those of crowd-kit
    1.4 (Ustalov et al. 2024, Journal of Open Source Software 9(96), 6227); results agree with it.

    Examples
    --------
    Two observers agree, and a third always says class 1:

    >>> import numpy as np
    >>> votes = np.array([[0, 0, 1], [0, 0, 1], [1, 1, 1], [0, 0, 1]])
    >>> found = dawid_skene(np.eye(2)[votes])
    >>> found.probabilities.argmax(axis=1).tolist()
    [0, 0, 1, 0]
    >>> found.class_shares.round(2).tolist()
    [0.75, 0.25]
    """
    all_counts = np.asarray(counts, dtype=np.float64)
    if all_counts.ndim != 3 or not np.isfinite(all_counts).all() or (all_counts < 0).any():
        raise LabelsError(
            "Dawid–Skene needs counts of shape (n_items, n_observers, n_classes), finite and not negative; "
            f"got shape {all_counts.shape}."
        )
    n_items, n_observers, n_classes = all_counts.shape
    total = all_counts.sum()
    if not total:
        uniform = np.full((n_items, n_classes), 1 / n_classes)
        rates = np.full((n_observers, n_classes, n_classes), 1 / n_classes)
        return DawidSkene(uniform, np.full(n_classes, 1 / n_classes), rates, np.empty(0))

    classes = np.flatnonzero(all_counts.sum(axis=(0, 1)))
    votes = all_counts[:, :, classes]
    n_votes = votes.sum(axis=(1, 2))[:, None]
    used = (votes.sum(axis=0) > 0)[:, None, :]  # no smoothing for a class that an observer never gives
    shares_of_votes = np.divide(
        votes.sum(axis=1), n_votes, out=np.full((n_items, len(classes)), 1 / len(classes)), where=n_votes > 0
    )
    probabilities = shares_of_votes
    class_shares, error_rates = _maximise(votes, probabilities, used)
    history: list[float] = []
    bound = -np.inf
    for _ in range(max_iter):
        log_shares, log_votes = _log_likelihoods(votes, class_shares, error_rates, used)
        joint = log_shares + log_votes
        evidence = logsumexp(joint, axis=1, keepdims=True)
        history.append(float(evidence.sum()))
        probabilities = np.exp(joint - evidence)
        class_shares, error_rates = _maximise(votes, probabilities, used)

        # crowd-kit's bound counts the class shares once per vote, not once per item. We keep its stopping rule so that
        # weak labels do not change.
        log_shares, log_votes = _log_likelihoods(votes, class_shares, error_rates, used)
        floored = np.maximum(probabilities, _EPSILON)
        expected = np.sum(probabilities * (n_votes * log_shares + log_votes))
        new_bound = float((expected - np.sum(floored * np.log(floored))) / total)
        if new_bound - bound < tol:
            break
        bound = new_bound
    full = np.zeros((n_items, n_classes)), np.zeros(n_classes), np.zeros((n_observers, n_classes, n_classes))
    full[0][:, classes] = probabilities
    full[1][classes] = class_shares
    full[2][:, classes[:, None], classes] = error_rates
    return DawidSkene(*full, np.array(history))


def _maximise(votes: _Floats, probabilities: _Floats, used: NDArray[np.bool_]) -> tuple[_Floats, _Floats]:
    """Estimate class shares and error rates from probabilities (equations 2.3 and 2.4 of the paper)."""
    weights = np.einsum("iol,ic->ocl", votes, probabilities)
    weights = np.where(used, np.maximum(weights, _EPSILON), 0.0)
    sums = weights.sum(axis=2, keepdims=True)
    return probabilities.mean(axis=0), np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)


def _log_likelihoods(
    votes: _Floats, class_shares: _Floats, error_rates: _Floats, used: NDArray[np.bool_]
) -> tuple[_Floats, _Floats]:
    """Compute log class shares, shape (n_classes,), and log-likelihoods of votes, shape (n_items, n_classes)."""
    log_rates = np.log(error_rates, out=np.zeros_like(error_rates), where=np.broadcast_to(used, error_rates.shape))
    return np.log(np.maximum(class_shares, _EPSILON)), np.einsum("iol,ocl->ic", votes, log_rates)
