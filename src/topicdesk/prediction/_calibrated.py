"""Fitted classifiers with calibrated probabilities, made of scikit-learn's parts: features → score → probability.

A calibrator is fitted on held-out scores, not on scores of the classifier's own training texts.
`CalibratedClassifierCV` takes no such scores. Here, the calibrator is a classifier whose features are the scores,
stacked on the other one.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from topicdesk.evaluation.calibration import fit_platt
from topicdesk.prediction.linear import linear_estimator

__all__ = ["calibrated_classifier", "fit_calibrator", "uncalibrated"]

_SCORED = "calibrated"

_Floats = NDArray[np.float64]


def fit_calibrator(scores: _Floats, y: NDArray[Any], method: Literal["platt", "isotonic", "temperature"]) -> Any:
    """Fit a classifier whose features are the held-out scores of another one.

    Parameters
    ----------
    scores : ndarray of float, shape (n_rows, 1) or (n_rows, n_classes)
        Held-out scores: of the second class, or of each class in sorted order.
    y : ndarray of int, shape (n_rows,)
        True classes, as numbers from 0; {0, 1} for one topic.
    method : {"platt", "isotonic", "temperature"}
        Temperature scaling does not change which class has the highest score.

    Returns
    -------
    classifier
        A fitted classifier of scikit-learn, with ``predict_proba``.
    """
    if method == "platt":
        sigmoid = fit_platt(y, scores[:, 0])
        calibrator = LogisticRegression()
        calibrator.coef_, calibrator.intercept_ = np.array([[sigmoid.slope]]), np.array([sigmoid.intercept])
        calibrator.classes_, calibrator.n_features_in_ = np.array([0, 1]), 1
        return calibrator
    width = scores.shape[1]
    identity = linear_estimator(np.eye(width), np.zeros(width), np.arange(max(width, 2)))
    rows = np.arange(len(y))
    calibrator = CalibratedClassifierCV(FrozenEstimator(identity), method=method, cv=[(rows, rows)], ensemble=False)
    return calibrator.fit(scores, y)


def calibrated_classifier(estimator: Any, calibrator: Any, features: Any, classes: NDArray[Any]) -> StackingClassifier:
    """Combine a fitted classifier and the calibrator of its scores.

    Parameters
    ----------
    estimator : estimator
        Fitted. Has a decision function; or, for two classes, ``predict_proba``.
    calibrator : classifier
        From `fit_calibrator`.
    features : csr_matrix or ndarray, shape (n_rows, n_features)
        Features of any articles, at least one for each class. Nothing is learnt from them.
    classes : ndarray, shape (n_classes,)
        Sorted classes, whose positions the calibrator predicts.

    Returns
    -------
    StackingClassifier
        Its prefit classifier computes scores, and its final estimator, the calibrator, is frozen.
    """
    method = "decision_function" if hasattr(estimator, "decision_function") else "predict_proba"
    combined = StackingClassifier(
        [(_SCORED, estimator)], final_estimator=FrozenEstimator(calibrator), cv="prefit", stack_method=method
    )
    return combined.fit(features[: len(classes)], classes)


def uncalibrated(classifier: Any) -> Any:
    """Return the classifier whose scores are calibrated, or the classifier itself if they are not."""
    if isinstance(classifier, StackingClassifier) and classifier.estimators[0][0] == _SCORED:
        return classifier.estimators_[0]
    if isinstance(classifier, CalibratedClassifierCV):  # in a model of the first edition
        return classifier.calibrated_classifiers_[0].estimator
    return classifier
