"""The classifiers that a comparison can run, by name.

A classifier combines an estimator, the hyper-parameter values to try, and the function that computes scores. For
multi-label data, one estimator is fitted per topic (one-vs-rest). For multi-class data, one estimator is fitted on all
classes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from topicdesk._arguments import check_path, check_string
from topicdesk._renamed import renamed_arguments
from topicdesk.errors import SpecError, SplitError, TopicdeskError
from topicdesk.evaluation._grids import (
    RIDGE_TOLERANCE,
    Scorer,
    complement_odds,
    multinomial_odds,
    neighbour_shares,
    ridge_margins,
)
from topicdesk.evaluation._linear_grids import Scored, linear_svm_scores, logistic_scores, sgd_scores
from topicdesk.evaluation.engine import restart_workers
from topicdesk.evaluation.estimators import NBSVM, Centroids
from topicdesk.evaluation.names import BASELINES, check_classifier, check_hyperparameters

__all__ = [
    "BASELINES",
    "CLASSIFIERS",
    "Classifier",
    "added_baselines",
    "check_neighbours",
    "classifier_named",
    "fit_and_score",
    "fit_estimators",
    "fit_grid_and_score",
    "own_classifier",
    "with_baselines",
]

Scores = NDArray[np.float64]
Features = csr_matrix | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Classifier:
    """Definition of a classifier.

    Parameters
    ----------
    name : str
        Name in specs and tables.
    description : str
        Description in one line.
    build : callable or None
        Creates the estimator. Its argument ``binary`` is True for one topic against the rest, False for all classes.
        None if the features already are the scores (keyword rules).
    score : callable
        Computes the scores of a fitted estimator: shape (n_rows,) for two classes, else (n_rows, n_classes).
    grid : mapping of str to sequence
        Values to try for each hyper-parameter, simplest first. The first one wins ties.
    features : {"searched", "default", "keywords", "none"}
        TF-IDF with the settings of the spec, TF-IDF with scikit-learn's defaults, keyword hits, or no features.
    threshold : float or None
        Fixed decision threshold. None to choose one threshold per topic on inner folds.
    fit_grid : callable, optional
        Fits many points of the grid for many topics in one computation (see `topicdesk.evaluation._grids`).
    kernel : callable, optional
        Fits and scores them with compiled code, or returns None (see `topicdesk.evaluation._linear_grids`).
    """

    name: str
    description: str
    build: Callable[[bool], BaseEstimator] | None
    score: Callable[[Any, Features], Scores]
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    features: Literal["searched", "default", "keywords", "none"] = "searched"
    threshold: float | None = None
    fit_grid: Callable[[Sequence[Mapping[str, Any]], Any, NDArray[np.int8], bool], Scorer] | None = None
    kernel: Callable[[Sequence[Mapping[str, Any]], Any, NDArray[np.int8], Any, bool, int], Scored | None] | None = None

    def __repr__(self) -> str:
        """Return the name and the grid, without functions."""
        return f"Classifier({self.name!r}{f', grid={dict(self.grid)}' if self.grid else ''})"

    @property
    def is_own(self) -> bool:
        """Whether a user made the classifier from an estimator (see `own_classifier`)."""
        return self.name not in CLASSIFIERS

    def parameters(self) -> Iterator[dict[str, Any]]:
        """Yield every point of the grid, in order."""
        names = list(self.grid)
        for values in product(*self.grid.values()):
            yield dict(zip(names, values, strict=True))

    def with_grid(self, grid: Mapping[str, Sequence[Any]]) -> Classifier:
        """Return the same classifier with another grid.

        Raises
        ------
        SpecError
            If the estimator does not have a hyper-parameter of the grid, or rejects a value, or a hyper-parameter has
            no list of values.
        """
        if not isinstance(grid, Mapping):
            raise SpecError(f"grid must map hyper-parameters to lists of values; got {type(grid).__name__}.")
        for parameter, values in grid.items():
            if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__len__") or not len(values):
                raise SpecError(f"classifier {self.name!r}: {parameter} needs a list of values; got {values!r}.")
            for value in values:
                if not isinstance(value, Hashable):
                    raise SpecError(
                        f"classifier {self.name!r}: {parameter} cannot have the value {value!r} in a grid. Use a tuple "
                        "instead of a list, and a classifier of its own for each dict or array."
                    )
        build = self.build
        valid = build(True).get_params() if build else {}
        check_hyperparameters(self.name, grid, valid)
        # `fit_grid` and `kernel` support only the hyper-parameters of the classifier's own grid.
        changed = replace(self, grid=grid)
        if set(grid) != set(self.grid):
            changed = replace(changed, fit_grid=None, kernel=None)
        # An estimator of a user may cross-validate its parameters, which needs some rows of each class.
        copies = 20 if self.is_own else 1
        for point in changed.parameters() if grid else ():
            assert build is not None  # classifiers with hyper-parameters have an estimator
            try:  # scikit-learn checks values only in fit: fail here, not in the middle of a comparison
                build(True).set_params(**_copied(point)).fit([[0.0], [1.0]] * copies, [0, 1] * copies)
            except (ValueError, TypeError) as error:
                raise SpecError(f"classifier {self.name!r} rejects {point}: {error}") from error
        return changed


def fit_and_score(
    classifier: Classifier,
    parameters: Mapping[str, Any],
    train: Features,
    Y: NDArray[np.int8],
    test: Features,
    multi_class: bool,
    random_state: int,
) -> tuple[Scores, float, float]:
    """Fit on training rows and score held-out rows.

    Parameters
    ----------
    classifier : Classifier
        The classifier to fit.
    parameters : mapping
        A point of its grid.
    train : csr_matrix or ndarray, shape (n_train, n_features)
        Features of the training rows.
    Y : ndarray of {0, 1}, shape (n_train, n_topics)
        Topics of the training rows.
    test : csr_matrix or ndarray, shape (n_test, n_features)
        Features of the held-out rows.
    multi_class : bool
        Whether every row has exactly one topic.
    random_state : int
        Random seed of the estimator, if it uses one.

    Returns
    -------
    scores : ndarray of float, shape (n_test, n_topics)
        Scores of the held-out rows. A topic or class gets a constant score if no training row has it (lowest) or every
        training row has it (highest).
    fit_seconds, predict_seconds : float
        Seconds for fitting and for scoring.
    """
    if classifier.build is None:
        return np.asarray(test, dtype=np.float64), 0.0, 0.0
    timed = _Timed(classifier, parameters, random_state)
    if multi_class:
        return timed.all_classes(train, Y.argmax(axis=1), test, Y.shape[1]), timed.fitting, timed.predicting
    columns = [timed.one_topic(train, Y[:, topic], test) for topic in range(Y.shape[1])]
    return np.column_stack(columns), timed.fitting, timed.predicting


def fit_grid_and_score(
    classifier: Classifier,
    points: Sequence[Mapping[str, Any]],
    train: Features,
    Y: NDArray[np.int8],
    test: Features,
    multi_class: bool,
    random_state: int,
) -> list[tuple[Scores, float, float]]:
    """Fit and score many points of a classifier's grid, in one computation if the result is the same.

    Parameters
    ----------
    classifier, train, Y, test, multi_class, random_state
        As in `fit_and_score`.
    points : sequence of mapping
        Points of the classifier's grid.

    Returns
    -------
    list of (ndarray, float, float)
        Results of `fit_and_score`, one per point. Points that are fitted together share the seconds equally.
    """
    both = bool((Y.min(axis=0) < Y.max(axis=0)).all()) and not (multi_class and Y.shape[1] == 2)
    if classifier.kernel is not None and both and _has_own_kernel(classifier):
        scored = classifier.kernel(points, train, Y, test, multi_class, random_state)
        if scored is not None:
            return scored
    if classifier.fit_grid is None or not both:
        return [fit_and_score(classifier, point, train, Y, test, multi_class, random_state) for point in points]
    start = perf_counter()
    score = classifier.fit_grid(points, train, Y, multi_class)
    fitted = perf_counter()
    all_scores = score(test)
    seconds = (fitted - start) / len(points), (perf_counter() - fitted) / len(points)
    return [(scores, *seconds) for scores in all_scores]


@renamed_arguments(seed="random_state")
def fit_estimators(
    classifier: Classifier,
    parameters: Mapping[str, Any],
    features: Features,
    targets: Sequence[NDArray[Any]],
    random_state: int,
) -> list[Any]:
    """Fit a classifier and return its estimators.

    Parameters
    ----------
    classifier : Classifier
        A classifier with an estimator; keyword rules have none.
    parameters : mapping
        A point of its grid.
    features : csr_matrix or ndarray, shape (n_rows, n_features)
        Features of the training rows.
    targets : sequence of ndarray, shape (n_rows,)
        Target of each estimator: {0, 1} for one topic, or all classes.
    random_state : int
        Random seed of the estimators, if they use one.

    Returns
    -------
    list of estimator
        One fitted estimator per target.
    """
    estimators = [_made(classifier, parameters, _binary(y), random_state) for y in targets]
    for estimator, y in zip(estimators, targets, strict=True):
        with _naming(classifier, parameters):
            estimator.fit(features, y)
    return estimators


def _binary(target: NDArray[Any]) -> bool:
    return target.dtype.kind in "iu" and set(np.unique(target)) <= {0, 1}


def _made(classifier: Classifier, parameters: Mapping[str, Any], binary: bool, random_state: int) -> Any:
    assert classifier.build is not None
    estimator: Any = classifier.build(binary)
    if classifier.is_own:  # it can contain other estimators, such as a pipeline
        nested = estimator.get_params(deep=True)
        states = {name: random_state for name in nested if name.endswith("__random_state") and nested[name] is None}
        estimator.set_params(**states)
        estimator.set_params(**_copied(parameters))
    else:  # names and values were checked with the grid, and `set_params` would take as long as a small fit
        for name, value in parameters.items():
            setattr(estimator, name, value)
    if hasattr(estimator, "random_state"):
        estimator.random_state = random_state
    return estimator


@contextmanager
def _naming(classifier: Classifier, parameters: Mapping[str, Any]) -> Iterator[None]:
    """Name the classifier in an error of a user's own estimator."""
    try:
        yield
    except (TopicdeskError, MemoryError):
        raise
    except Exception as error:
        if not classifier.is_own:
            raise
        raise SpecError(
            f"{classifier.name} with {dict(parameters)} failed: {type(error).__name__}: {error} (An estimator gets a "
            "sparse matrix of features, and one target per row.)"
        ) from error


def _copied(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies: a value can be an estimator, which must not be fitted."""
    return {name: clone(value, safe=False) for name, value in parameters.items()}


def check_neighbours(classifier: Classifier, n_rows: int) -> None:
    """Raise `SplitError` if a classifier needs more neighbours than an inner fold has training rows."""
    needed = max(classifier.grid.get("n_neighbors", (0,)))
    if needed > n_rows:
        raise SplitError(
            f"{classifier.name} needs {needed} neighbours, but an inner fold trains on about {n_rows} articles. "
            "Lower n_neighbors, or label more articles."
        )


class _Timed:
    """Fits the estimators of one classifier and sums the time for fitting and predicting."""

    def __init__(self, classifier: Classifier, parameters: Mapping[str, Any], random_state: int) -> None:
        self.classifier, self.parameters, self.random_state = classifier, parameters, random_state
        self.fitting = self.predicting = 0.0

    def one_topic(self, train: Features, y: NDArray[np.int8], test: Features) -> Scores:
        if y.min() == y.max():
            lowest, highest = (0.0, 1.0) if self.classifier.score is _probabilities else (-1.0, 1.0)
            return np.full(test.shape[0], highest if y[0] else lowest)
        scores = self._scores(self._estimator(binary=True), train, y, test)
        return scores if scores.ndim == 1 else scores[:, 1] - scores[:, 0]

    def all_classes(self, train: Features, y: NDArray[np.intp], test: Features, n_classes: int) -> Scores:
        if y.min() == y.max():
            lowest, highest = (0.0, 1.0) if self.classifier.score is _probabilities else (-1.0, 1.0)
            scores = np.full((test.shape[0], n_classes), lowest)
            scores[:, y[0]] = highest
            return scores
        estimator = self._estimator(binary=False)
        class_scores = self._scores(estimator, train, y, test)
        if class_scores.ndim == 1:  # scikit-learn returns one column for two classes
            opposite = 1 - class_scores if self.classifier.score is _probabilities else -class_scores
            class_scores = np.column_stack([opposite, class_scores])
        # A class missing from the training rows ranks below every other.
        scores = np.full((test.shape[0], n_classes), class_scores.min() - 1.0)
        scores[:, np.unique(y)] = class_scores
        return scores

    def _estimator(self, binary: bool) -> BaseEstimator:
        return _made(self.classifier, self.parameters, binary, self.random_state)

    def _scores(self, estimator: Any, train: Features, y: NDArray[Any], test: Features) -> Scores:
        start = perf_counter()
        with _naming(self.classifier, self.parameters):
            estimator.fit(train, y)
            fitted = perf_counter()
            _check_fitted(self.classifier, estimator)
            scores = np.asarray(self.classifier.score(estimator, test), dtype=np.float64)
        n_rows, n_classes = test.shape[0], len(np.unique(y))
        if scores.shape != (n_rows, n_classes) and not (n_classes == 2 and scores.shape == (n_rows,)):
            raise SpecError(
                f"{self.classifier.name} computes scores of shape {scores.shape} for {n_rows} rows and {n_classes} "
                "classes."
            )
        if n_classes > 2 and _scores_pairs(estimator):  # for three classes, the shape is right
            raise SpecError(
                f"{self.classifier.name} computes a score for each pair of classes: set decision_function_shape='ovr'."
            )
        self.fitting += fitted - start
        self.predicting += perf_counter() - fitted
        return scores


def _check_fitted(classifier: Classifier, estimator: Any) -> None:
    if not hasattr(estimator, "classes_"):
        raise SpecError(
            f"{classifier.name} has no attribute classes_ after fit, as scikit-learn's classifiers have. Let fit set "
            "self.classes_ = np.unique(y)."
        )


def _scores_pairs(estimator: Any) -> bool:
    """Return whether ``decision_function`` has a column for each pair of classes."""
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    return getattr(estimator, "decision_function_shape", None) == "ovo"


def _probabilities(estimator: Any, features: Features) -> Scores:
    probabilities: Scores = estimator.predict_proba(features)
    return probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities


def _log_odds(estimator: Any, features: Features) -> Scores:
    # Naive Bayes probabilities near 1 round to the same float; their logarithms do not.
    log_probabilities: Scores = estimator.predict_log_proba(features)
    return log_probabilities[:, 1] - log_probabilities[:, 0] if log_probabilities.shape[1] == 2 else log_probabilities


def _margins(estimator: Any, features: Features) -> Scores:
    return np.asarray(estimator.decision_function(features), dtype=np.float64)


def _raw_margins(estimator: Any, features: Features) -> Scores:
    # Not probabilities: near 1, they round to the same float.
    return np.asarray(estimator.predict(features, raw_score=True), dtype=np.float64)


def _has_own_kernel(classifier: Classifier) -> bool:
    """Return whether a classifier is still built and scored as its kernel does, and not with another estimator."""
    kernel, build, score = classifier.kernel, classifier.build, classifier.score
    return any((one.kernel, one.build, one.score) == (kernel, build, score) for one in CLASSIFIERS.values())


class _New:
    """Makes an estimator. Unlike a lambda, it can be pickled, and with it a fitted `topicdesk.TopicClassifier`."""

    def __init__(self, estimator: type[BaseEstimator], **options: Any) -> None:
        self.estimator, self.options = estimator, options

    def __call__(self, binary: bool) -> BaseEstimator:
        return self.estimator(**self.options)

    # Worker processes have copies.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _New) and (self.estimator, self.options) == (other.estimator, other.options)

    def __hash__(self) -> int:
        return hash(self.estimator)


def _logistic_regression(binary: bool) -> BaseEstimator:
    # With few articles and many terms, the dual is solved twice as fast as the primal, with the same optimum.
    if binary:
        return LogisticRegression(solver="liblinear", dual=True, max_iter=1000)
    return LogisticRegression(max_iter=1000)


def _boosted_trees(binary: bool) -> BaseEstimator:
    try:
        from lightgbm import LGBMClassifier
    except (ImportError, OSError) as error:  # OSError: LightGBM needs the system library libgomp
        raise SpecError(
            f"boosted-trees needs LightGBM ({error}). Run pip install 'topicdesk[boosting]', and install libgomp "
            "(Debian: libgomp1)."
        ) from error
    return LGBMClassifier(
        learning_rate=0.1, min_child_samples=5, colsample_bytree=0.3, n_jobs=1, deterministic=True, verbose=-1
    )


_ALL = (
    Classifier(
        "majority", "baseline: predicts the topics that most training articles have",
        _New(DummyClassifier, strategy="prior"), _probabilities, features="none", threshold=0.5,
    ),
    Classifier(
        "keyword-rules", "baseline: counts the topic's keywords; the minimum count is chosen on inner folds",
        None, _margins, features="keywords",
    ),
    Classifier(
        "plain-linear-svm", "baseline: scikit-learn's LinearSVC on its default TF-IDF, without tuning",
        _New(LinearSVC), _margins, features="default", threshold=0.0, kernel=linear_svm_scores,
    ),
    Classifier(
        "multinomial-nb", "multinomial naive Bayes",
        _New(MultinomialNB), _log_odds, {"alpha": (1.0, 0.3, 0.1, 0.03, 0.01)},
        fit_grid=multinomial_odds,
    ),
    Classifier(
        "complement-nb", "complement naive Bayes (Rennie et al. 2003)",
        _New(ComplementNB), _log_odds, {"alpha": (1.0, 0.3, 0.1, 0.03, 0.01)},
        fit_grid=complement_odds,
    ),
    Classifier(
        "nearest-centroid", "distance to the mean of each topic (Rocchio)",
        _New(Centroids), _margins,
    ),
    Classifier(
        "k-nn", "share of the topic among the k nearest articles, weighted by distance",
        _New(KNeighborsClassifier, weights="distance", algorithm="brute"), _probabilities,
        {"n_neighbors": (40, 20, 10)}, fit_grid=neighbour_shares,
    ),
    # The tuned SVM is the same model as the baseline, so it comes before the other linear classifiers.
    Classifier(
        "linear-svm", "linear support-vector machine (LIBLINEAR, squared hinge)",
        _New(LinearSVC), _margins, {"C": (0.1, 0.3, 1.0, 3.0, 10.0)}, kernel=linear_svm_scores,
    ),
    Classifier(
        "logistic-regression", "logistic regression, L2",
        _logistic_regression, _margins, {"C": (1.0, 3.0, 10.0, 30.0, 100.0)}, kernel=logistic_scores,
    ),
    Classifier(
        "nb-svm", "linear support-vector machine on naive Bayes log-count ratios (Wang and Manning 2012)",
        _New(NBSVM), _margins, {"C": (0.1, 1.0, 10.0)},
    ),
    Classifier(
        "sgd", "linear model by stochastic gradient descent, modified Huber loss",
        _New(SGDClassifier, loss="modified_huber"), _margins, {"alpha": (1e-2, 3e-3, 1e-3, 3e-4, 1e-4)},
        kernel=sgd_scores,
    ),
    Classifier(
        "ridge", "ridge regression on the targets -1 and 1",
        _New(RidgeClassifier, solver="sparse_cg", tol=RIDGE_TOLERANCE), _margins,
        {"alpha": (10.0, 3.0, 1.0, 0.3)}, fit_grid=ridge_margins,
    ),
    Classifier(
        "boosted-trees", "gradient-boosted trees (LightGBM)",
        _boosted_trees, _raw_margins, {"n_estimators": (50, 200)},
    ),
)  # fmt: skip

#: Every classifier, by name.
CLASSIFIERS = {classifier.name: classifier for classifier in _ALL}


def classifier_named(name: str) -> Classifier:
    """Return the classifier with this name; raise `SpecError` with the closest name if there is none."""
    check_string("name", name)
    check_classifier(name)
    return CLASSIFIERS[name]


def added_baselines(classifiers: Iterable[Classifier], chosen: Iterable[Classifier]) -> tuple[str, ...]:
    """Return the names of the baselines among some classifiers that nobody chose.

    Examples
    --------
    >>> chosen = [classifier_named("linear-svm"), classifier_named("majority")]
    >>> added_baselines(with_baselines(chosen, keywords=False), chosen)
    ('plain-linear-svm',)
    """
    taken = {classifier.name for classifier in chosen}
    return tuple(one.name for one in classifiers if one.name in BASELINES and one.name not in taken)


def with_baselines(chosen: Iterable[Classifier], keywords: bool) -> tuple[Classifier, ...]:
    """Add the baselines to some classifiers.

    Parameters
    ----------
    chosen : iterable of Classifier
        Classifiers to compare. One of them may replace the baseline of the same name.
    keywords : bool
        Whether topics have keywords, which the keyword rules need.

    Returns
    -------
    tuple of Classifier
        topicdesk's classifiers, simplest first, then a user's own in their order.
    """
    chosen = list(chosen)
    taken = {classifier.name for classifier in chosen}
    baselines = [
        CLASSIFIERS[name]
        for name in BASELINES
        if name not in taken and (keywords or CLASSIFIERS[name].features != "keywords")
    ]
    order = {name: place for place, name in enumerate(CLASSIFIERS)}
    return tuple(sorted([*baselines, *chosen], key=lambda classifier: order.get(classifier.name, len(order))))


def own_classifier(name: str, estimator: str | BaseEstimator, folder: Path | None = None) -> Classifier:
    """Create a classifier from a user's own estimator.

    Parameters
    ----------
    name : str
        Name in tables; must differ from the names in `CLASSIFIERS`. Without line breaks and control characters.
    estimator : estimator or str
        An estimator that follows scikit-learn's conventions and has ``decision_function`` or ``predict_proba``. It is
        cloned for each fit, and fitted on a sparse matrix of features. Its random states are set, for reproducible
        results; those of estimators inside it only if they are None. Or the import path of its class, as
        ``package.module:Class``; the class is called without arguments.
    folder : Path, optional
        For an import path: folder that is searched for the module after all others, in every process that needs it.

    Returns
    -------
    Classifier
        The classifier, with an empty grid (see `Classifier.with_grid`).

    Raises
    ------
    SpecError
        If the name is taken or empty, or if the class does not exist, cannot be instantiated, is not a scikit-learn
        estimator or does not compute scores.
    ArgumentError
        If an argument has a wrong type or value.

    Examples
    --------
    >>> from sklearn.linear_model import SGDClassifier
    >>> classifier = own_classifier("huber", SGDClassifier(loss="modified_huber")).with_grid({"alpha": [1e-4, 1e-3]})
    >>> classifier.description
    "your own: SGDClassifier(loss='modified_huber')"
    """
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise SpecError(f"name must be a string of printable characters that is not empty; got {name!r}.")
    if name in CLASSIFIERS:
        raise SpecError(f"{name!r} is already a classifier of topicdesk. Give your estimator another name.")
    if folder is not None:
        check_path("folder", folder)
        if not Path(folder).is_dir():
            raise SpecError(f"folder: there is no folder {folder}.")
    build = _copies(name, estimator) if not isinstance(estimator, str) else _imported(name, estimator, folder)
    example: Any = build(True)
    shown = f"estimator = {estimator!r} of {name!r}" if isinstance(estimator, str) else f"the estimator of {name!r}"
    if not (hasattr(example, "fit") and hasattr(example, "get_params")):
        raise SpecError(f"{shown} is not a scikit-learn estimator: it needs fit and get_params.")
    if isinstance(example, Pipeline) and any(isinstance(step, CountVectorizer | HashingVectorizer) for step in example):
        raise SpecError(
            f"{shown} contains a vectorizer, but topicdesk makes the features. Pass the classifier without it, and the "
            "vectorizer's options as features."
        )
    if hasattr(example, "decision_function"):
        score = _margins
    elif hasattr(example, "predict_proba"):
        score = _probabilities
    else:
        raise SpecError(
            f"{shown} computes no scores: it needs decision_function or predict_proba. Thresholds, curves and "
            "probabilities need scores. Wrap it in a class with one of these methods, as CalibratedClassifierCV does."
        )
    description = estimator if isinstance(estimator, str) else " ".join(repr(estimator).split())
    return Classifier(name, f"your own: {description}", build, score)


def _copies(name: str, estimator: Any) -> _Copies:
    if isinstance(estimator, type):
        raise SpecError(f"the estimator of {name!r} is a class. Pass an instance: {estimator.__name__}().")
    try:
        clone(estimator)
    except (TypeError, RuntimeError) as error:
        raise SpecError(f"the estimator of {name!r} cannot be cloned: {error}") from error
    return _Copies(estimator)


def _imported(name: str, path: str, folder: Path | None) -> _OwnEstimator:
    if folder is None and path.partition(":")[0] not in sys.modules:  # running workers may not be able to import it
        restart_workers()
    build = _OwnEstimator(path, "" if folder is None else str(folder))
    try:
        build()
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise SpecError(
            f"estimator = {path!r} of {name!r}: {error}. Write package.module:Class. The class takes no "
            "arguments, and is in an installed package or in the project's folder."
        ) from error
    return build


@dataclass(frozen=True, eq=False)
class _Copies:
    """Makes unfitted copies of a user's estimator."""

    estimator: Any

    def __call__(self, binary: bool = True) -> BaseEstimator:
        copy: BaseEstimator = clone(self.estimator)
        return copy


@dataclass(frozen=True)
class _OwnEstimator:
    """Creates a user's estimator. Workers get the import path, and import the class themselves."""

    path: str
    folder: str

    def __call__(self, binary: bool = True) -> BaseEstimator:
        module, _, name = self.path.partition(":")
        with _searching(self.folder):
            found = getattr(import_module(module), name)
            # A spec of somebody else must not call a function, such as os:abort.
            if not (isinstance(found, type) and hasattr(found, "fit")):
                raise TypeError(f"{name} is not a class of estimators: it must be a class with a method fit")
            estimator: BaseEstimator = found()
        return estimator


@contextmanager
def _searching(folder: str) -> Iterator[None]:
    """Search a folder for modules, after all others, until the block ends."""
    if not folder or folder in sys.path:
        yield
        return
    sys.path.append(folder)
    try:
        yield
    finally:
        with suppress(ValueError):  # the module may have changed the path itself
            sys.path.remove(folder)
