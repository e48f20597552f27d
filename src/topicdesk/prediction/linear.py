"""Linear classifiers as what they are: weights of features, and a constant.

Most classifiers here score a text by a weighted sum, whatever they call it. Written so, each is a plain scikit-learn
estimator that opens without topicdesk, and says exactly what every term did.
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
    """Give the weights by which a fitted estimator scores.

    Parameters
    ----------
    estimator : estimator
        Fitted.

    Returns
    -------
    (coef, intercept) : ndarrays of float, shapes (1 or n_classes, n_features) and (1 or n_classes,), or None
        Scores are ``X @ coef.T + intercept``; of two classes, those of the second. None for what is not linear.
    """
    match estimator:
        case MultinomialNB():
            coef, intercept = estimator.feature_log_prob_, estimator.class_log_prior_
        case ComplementNB():
            # Its prior counts only where there is a single class.
            coef, intercept = estimator.feature_log_prob_, np.zeros(len(estimator.classes_))
        case Centroids():
            # Minus the squared distance, without the square of the text itself, which is the same for all classes.
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
    """Make a plain estimator that scores by given weights.

    Parameters
    ----------
    coef : ndarray of float, shape (1 or n_classes, n_features)
    intercept : ndarray of float, shape (1 or n_classes,)
    classes : ndarray, shape (n_classes,)

    Returns
    -------
    LinearSVC
        It was not fitted as one; it is the plainest of scikit-learn's estimators that score so.
    """
    estimator = LinearSVC()
    estimator.coef_, estimator.intercept_ = coef, intercept
    estimator.classes_, estimator.n_features_in_ = classes, coef.shape[1]
    return estimator
