"""Names of metrics, classifiers and hyper-parameters, without scikit-learn.

Specs and commands check names with this module before they import what takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Literal

from topicdesk.errors import SpecError, nearest

__all__ = [
    "BASELINES",
    "HYPERPARAMETERS",
    "METRICS",
    "PROBABILITY_METRICS",
    "SELECTION_METRICS",
    "TOPIC_METRICS",
    "CalibrationMethod",
    "check_classifier",
    "check_hyperparameters",
]

CalibrationMethod = Literal["platt", "isotonic"]

#: Figures of each topic.
TOPIC_METRICS = ("precision", "recall", "f1", "average_precision", "roc_auc")

#: Figures of all topics together. ``subset_accuracy`` is the share of articles whose topics are all right: plain
#: accuracy for multi-class data.
METRICS = (
    *(f"{mean}_{name}" for mean in ("macro", "micro") for name in TOPIC_METRICS),
    "subset_accuracy",
    "hamming_loss",
)

#: Figures that may choose features, hyper-parameters and the order of the leaderboard: more is better.
SELECTION_METRICS = tuple(name for name in METRICS if name != "hamming_loss")

#: Figures of calibrated probabilities. ``brier`` and ``calibration_error`` are means over topics, less is better;
#: ``automation_rate`` is the share of articles that are sure enough to be labelled without a person, and
#: ``automation_precision`` the share of those whose topics are all right.
PROBABILITY_METRICS = ("brier", "calibration_error", "automation_rate", "automation_precision")

#: Classifiers that a reviewer would ask for: they run in every comparison.
BASELINES = ("majority", "keyword-rules", "plain-linear-svm")

_LINEAR_SVC = (
    "C class_weight dual fit_intercept intercept_scaling loss max_iter multi_class penalty random_state tol verbose"
)

#: Hyper-parameters of each classifier, in the version of scikit-learn below. None if another library defines them.
HYPERPARAMETERS: dict[str, tuple[str, ...] | None] = {
    "majority": ("constant", "random_state", "strategy"),
    "keyword-rules": (),
    "plain-linear-svm": tuple(_LINEAR_SVC.split()),
    "multinomial-nb": ("alpha", "class_prior", "fit_prior", "force_alpha"),
    "complement-nb": ("alpha", "class_prior", "fit_prior", "force_alpha", "norm"),
    "nearest-centroid": (),
    "k-nn": ("algorithm", "leaf_size", "metric", "metric_params", "n_jobs", "n_neighbors", "p", "weights"),
    "linear-svm": tuple(_LINEAR_SVC.split()),
    "logistic-regression": tuple(
        "C class_weight dual fit_intercept intercept_scaling l1_ratio max_iter n_jobs penalty random_state solver tol "
        "verbose warm_start".split()
    ),
    "nb-svm": ("C", "alpha", "beta", "random_state"),
    "sgd": tuple(
        "alpha average class_weight early_stopping epsilon eta0 fit_intercept l1_ratio learning_rate loss max_iter "
        "n_iter_no_change n_jobs penalty power_t random_state shuffle tol validation_fraction verbose "
        "warm_start".split()
    ),
    "ridge": tuple("alpha class_weight copy_X fit_intercept max_iter positive random_state solver tol".split()),
    "boosted-trees": None,
}

_SCIKIT_LEARN = "1.9."


def check_classifier(name: str) -> None:
    """Raise `SpecError` for a name that is no classifier of topicdesk.

    Examples
    --------
    >>> check_classifier("linear-svc")
    Traceback (most recent call last):
    topicdesk.errors.SpecError: no classifier called 'linear-svc'; did you mean 'linear-svm'?
    """
    if name not in HYPERPARAMETERS:
        raise SpecError(f"no classifier called {name!r}; {nearest(name, HYPERPARAMETERS)}")


def check_hyperparameters(classifier: str, names: Iterable[str], valid: Iterable[str] | None = None) -> None:
    """Raise `SpecError` for a name that is no hyper-parameter of a classifier.

    Parameters
    ----------
    classifier : str
    names : iterable of str
    valid : iterable of str, optional
        By default those of `HYPERPARAMETERS`. Nothing is checked if they are not known for the installed version of
        scikit-learn; `Classifier.with_grid` checks them all the same.

    Examples
    --------
    >>> check_hyperparameters("nb-svm", ["beta", "betta"])
    Traceback (most recent call last):
    topicdesk.errors.SpecError: classifier 'nb-svm' has no hyper-parameter 'betta'; did you mean 'beta'?
    """
    if valid is None:
        known = HYPERPARAMETERS.get(classifier)
        if known is None or not version("scikit-learn").startswith(_SCIKIT_LEARN):
            return
        valid = known
    accepted = list(valid)
    for name in names:
        if name not in accepted:
            raise SpecError(f"classifier {classifier!r} has no hyper-parameter {name!r}; {nearest(name, accepted)}")
