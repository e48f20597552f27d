"""Estimators that follow scikit-learn's conventions, for methods that no library offers or that are too slow there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.svm import LinearSVC
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

__all__ = ["NBSVM", "Centroids"]

_Features = csr_matrix | NDArray[np.float64]
_Scores = NDArray[np.float64]


class _SparseClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of classifiers of sparse features whose decision function has one column for two classes."""

    def predict(self, X: _Features) -> NDArray[Any]:
        """Return the class with the highest decision function for each row."""
        scores = self.decision_function(X)
        chosen = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[chosen])

    def __sklearn_tags__(self) -> Any:
        """Return the tags: sparse features are supported."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class Centroids(_SparseClassifier):
    """Nearest-centroid classifier (Rocchio) with the predictions of scikit-learn's `NearestCentroid`.

    `NearestCentroid` also computes the standard deviation of each term, for which it makes sparse features dense. It
    takes 60 times as long on the topics experiment. Its decision function divides by these deviations, which suppresses
    frequent terms. This class uses the plain distance, as the `predict` method of `NearestCentroid` does. A test checks
    that both agree.
    """

    def fit(self, X: _Features, y: NDArray[Any]) -> Centroids:
        """Compute the mean of each class."""
        X, y = validate_data(self, X, y, accept_sparse="csr")
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        share = 1 / np.bincount(numbers)[numbers]
        self.centroids_ = safe_sparse_dot(csr_matrix((share, (numbers, np.arange(len(y))))), X, dense_output=True)
        return self

    def decision_function(self, X: _Features) -> _Scores:
        """Return minus the squared Euclidean distance to each class; for two classes, the second minus the first."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        closeness: _Scores = -euclidean_distances(X, self.centroids_, squared=True)
        return closeness[:, 1] - closeness[:, 0] if closeness.shape[1] == 2 else closeness


class NBSVM(_SparseClassifier):
    """Linear support-vector machine on features scaled by naive Bayes log-count ratios (Wang and Manning 2012).

    Parameters
    ----------
    C : float, default 1.0
        Inverse regularization strength of the SVM.
    alpha : float, default 1.0
        Smoothing constant, added to the count of each term.
    beta : float, default 0.25
        Interpolation between naive Bayes and the SVM: share of the SVM's weights. The rest goes to their mean absolute
        value, which keeps the naive Bayes ratios.
    random_state : int, optional
        Random seed of the SVM solver.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        The class labels.
    coef_ : ndarray of float, shape (1 or n_classes, n_terms)
        Weights of the unscaled features; for two classes, those of the second class.
    intercept_ : ndarray of float, shape (1 or n_classes,)
        Intercepts; for two classes, that of the second class.

    References
    ----------
    Wang and Manning (2012), "Baselines and bigrams: simple, good sentiment and topic classification", ACL.
    """

    def __init__(self, C: float = 1.0, alpha: float = 1.0, beta: float = 0.25, random_state: int | None = None) -> None:
        self.C, self.alpha, self.beta, self.random_state = C, alpha, beta, random_state

    def fit(self, X: _Features, y: NDArray[Any]) -> NBSVM:
        """Fit one SVM per class against the rest; for two classes, a single one."""
        for name, least in (("C", 0.0), ("alpha", 0.0)):
            if not getattr(self, name) > least:
                raise ValueError(f"{name} must be above {least:g}, not {getattr(self, name)}")
        if not 0 <= self.beta <= 1:
            raise ValueError(f"beta must be between 0 and 1, not {self.beta}")
        X, y = validate_data(self, X, y, accept_sparse="csr")
        check_classification_targets(y)
        check_non_negative(X, "NBSVM")
        X = csr_matrix(X)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError("NBSVM needs at least two classes, and there is only one class")
        positives = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        fitted = [self._fit_class(X, y == positive) for positive in positives]
        self.coef_ = np.vstack([weights for weights, _ in fitted])
        self.intercept_ = np.array([intercept for _, intercept in fitted])
        return self

    def _fit_class(self, X: csr_matrix, positive: NDArray[np.bool_]) -> tuple[_Scores, float]:
        inside = self.alpha + np.asarray(X[positive].sum(axis=0)).ravel()
        outside = self.alpha + np.asarray(X[~positive].sum(axis=0)).ravel()
        ratio = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
        machine = LinearSVC(C=self.C, random_state=self.random_state).fit(X.multiply(ratio).tocsr(), positive)
        weights = machine.coef_.ravel()
        blended = (1 - self.beta) * np.abs(weights).mean() + self.beta * weights
        return ratio * blended, float(machine.intercept_[0])

    def decision_function(self, X: _Features) -> _Scores:
        """Return the margin of each class; for two classes, that of the second."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        margins = np.asarray(safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_)
        return margins[:, 0] if len(self.classes_) == 2 else margins

    def __sklearn_tags__(self) -> Any:
        """Return the tags: sparse features are supported, negative ones are not because features are counts."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        # Count ratios do not suit the dense clusters on which scikit-learn checks accuracy (as for ComplementNB).
        tags.classifier_tags.poor_score = True
        return tags
