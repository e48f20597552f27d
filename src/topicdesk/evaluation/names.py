"""Names of metrics, classifiers and hyper-parameters, without importing scikit-learn.

Specs and commands check names with this module before they import slow packages.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Literal

from topicdesk.errors import SpecError, nearest

__all__ = [
    "ALL_SAMPLES",
    "BASELINES",
    "CORPUS_SAMPLE",
    "DIFFERENCE_FROM_BEST",
    "FEWEST_POSITIVES",
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

#: Metrics of each topic.
TOPIC_METRICS = ("precision", "recall", "f1", "average_precision", "roc_auc")

#: Metrics over all topics. ``subset_accuracy`` is the share of articles whose topics are all correct. For multi-class
#: data it is the accuracy.
METRICS = (
    *(f"{mean}_{name}" for mean in ("macro", "micro") for name in TOPIC_METRICS),
    "subset_accuracy",
    "hamming_loss",
)

#: Value of the column ``sample`` for metrics over all test articles, each counted once.
ALL_SAMPLES = "all"

#: Value of the column ``sample`` for metrics over all test articles, weighted by how they were drawn from the corpus.
CORPUS_SAMPLE = "corpus"

#: A topic with fewer positives supports no claim. Where articles were picked, only those drawn at random count.
FEWEST_POSITIVES = 10

#: Columns of a classifier's difference from the best one (best minus this), with the bounds of its interval.
DIFFERENCE_FROM_BEST = ("difference_from_best", "difference_from_best_low", "difference_from_best_high")

#: Metrics that can select features and hyper-parameters and sort the leaderboard. Higher is better.
SELECTION_METRICS = tuple(name for name in METRICS if name != "hamming_loss")

#: Metrics of calibrated probabilities. ``brier`` and ``calibration_error`` are means over topics; lower is better.
#: ``automation_rate`` is the share of articles with a confidence high enough to label them automatically.
#: ``automation_precision`` is the share of these articles whose topics are all correct.
PROBABILITY_METRICS = ("brier", "calibration_error", "automation_rate", "automation_precision")

#: Baselines that a reviewer would ask for. They run in every comparison.
BASELINES = ("majority", "keyword-rules", "plain-linear-svm")

_LINEAR_SVC = (
    "C class_weight dual fit_intercept intercept_scaling loss max_iter multi_class penalty random_state tol verbose"
)

#: Hyper-parameters of each classifier, in the scikit-learn version `_SCIKIT_LEARN`. None if another library defines
#: them.
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
    """Raise `SpecError` if topicdesk has no classifier of this name.

    Examples
    --------
    >>> check_classifier("linear-svc")
    Traceback (most recent call last):
    topicdesk.errors.SpecError: no classifier called 'linear-svc'; did you mean 'linear-svm'?
    """
    if name not in HYPERPARAMETERS:
        raise SpecError(f"no classifier called {name!r}; {nearest(name, HYPERPARAMETERS)}")


def check_hyperparameters(classifier: str, names: Iterable[str], valid: Iterable[str] | None = None) -> None:
    """Raise `SpecError` if a classifier lacks one of these hyper-parameters.

    Parameters
    ----------
    classifier : str
        Name of the classifier.
    names : iterable of str
        Names to check.
    valid : iterable of str, optional
        Valid names, by default those in `HYPERPARAMETERS`. If these are unknown for the installed version of
        scikit-learn, nothing is checked here; `Classifier.with_grid` still checks the names.

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
