"""Weights of linear classifiers, and scikit-learn estimators with given weights.

Most classifiers in topicdesk score a text by a weighted sum of its features. Such a classifier can be saved as a plain
scikit-learn estimator, which loads without topicdesk. The contribution of every term to its score is exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.svm import LinearSVC

from topicdesk.evaluation import Centroids

__all__ = ["linear_estimator", "linear_weights"]

_Floats = NDArray[np.float64]


def linear_weights(estimator: Any) -> tuple[_Floats, _Floats] | None:
    """Return the weights and the intercept of a fitted linear estimator.

    Parameters
    ----------
    estimator : estimator
        Fitted.

    Returns
    -------
    (coef, intercept) : ndarrays of float, shapes (1 or n_classes, n_features) and (1 or n_classes,), or None
        Scores are ``X @ coef.T + intercept``. With two classes, they are the scores of the second class. None if the
        estimator is not linear.
    """
    match estimator:
        case MultinomialNB():
            coef, intercept = estimator.feature_log_prob_, estimator.class_log_prior_
        case ComplementNB():
            # ComplementNB uses its prior only if there is a single class.
            coef, intercept = estimator.feature_log_prob_, np.zeros(len(estimator.classes_))
        case Centroids():
            # The negative squared distance, without the squared norm of the text, which is the same for all classes.
            coef = 2 * np.asarray(estimator.centroids_)
            intercept = -(np.asarray(estimator.centroids_) ** 2).sum(axis=1)
        case _ if hasattr(estimator, "coef_"):
            return np.atleast_2d(np.asarray(estimator.coef_)), np.atleast_1d(np.asarray(estimator.intercept_))
        case _:
            return None
    if len(coef) == 2:
        return (coef[1] - coef[0])[None, :], np.array([intercept[1] - intercept[0]])
    return coef, intercept


def linear_estimator(coef: _Floats, intercept: _Floats, classes: NDArray[Any]) -> LinearSVC:
    """Return a scikit-learn estimator with the given weights.

    Parameters
    ----------
    coef : ndarray of float, shape (1 or n_classes, n_features)
        Weights of the features.
    intercept : ndarray of float, shape (1 or n_classes,)
        Constant of each score.
    classes : ndarray, shape (n_classes,)
        Class labels.

    Returns
    -------
    LinearSVC
        Not fitted as a support vector machine. `LinearSVC` is scikit-learn's simplest estimator with a linear score.
    """
    estimator = LinearSVC()
    estimator.coef_, estimator.intercept_ = coef, intercept
    estimator.classes_, estimator.n_features_in_ = classes, coef.shape[1]
    return estimator
