"""The model that is kept: a classifier refitted on all labels, as one plain scikit-learn pipeline.

Fields of an article → TF-IDF → one classifier a topic → calibration → thresholds. All of it is scikit-learn's, so that
the pipeline opens, and labels, where topicdesk is not installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import methodcaller
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from topicdesk.errors import FeaturesError
from topicdesk.evaluation import (
    NBSVM,
    Centroids,
    Classifier,
    ComparisonPlan,
    Engine,
    FinalChoice,
    LocalEngine,
    choose_on_all,
    choose_thresholds,
    described,
    fit_estimators,
)
from topicdesk.features import FeatureSetting, keyword_phrases
from topicdesk.labelling.linear import linear_estimator, linear_weights
from topicdesk.labels import Dataset

__all__ = ["Labeller", "field_frame", "fit_labeller"]

#: Above every probability: a topic that is never given.
_NEVER = float(np.nextafter(1, 2))

# What becomes a linear estimator: nobody else has the classes of our own, and naive Bayes scores by log-odds here,
# while its own probabilities are too sure of themselves to be calibrated.
_REWRITTEN = (NBSVM, Centroids, MultinomialNB, ComplementNB)


@dataclass(frozen=True, eq=False)
class Labeller:
    """A classifier refitted on all labels.

    Parameters
    ----------
    pipeline : Pipeline
        Takes a DataFrame with the columns `fields`. Of multi-label data it predicts an array of {0, 1} of shape
        (n_articles, n_topics); of multi-class data the topic's name, shape (n_articles,).
    topics, fields : tuple of str
    task : {"multi-label", "multi-class"}
    classifier : str
    features, parameters : str
        What was chosen on inner folds of all labelled articles.
    inner_score : float
        The metric of that choice on held-out articles: how it was chosen, not how good it is.
    thresholds : ndarray of float, shape (n_topics,), or None
        Probabilities from which topics are given; None for multi-class data, where the highest score decides.
    n_articles : int
        How many it was fitted on.
    portable : bool
        Whether the pipeline opens without topicdesk; not with a stemmer, or an estimator of a user's own.
    """

    pipeline: Pipeline
    topics: tuple[str, ...]
    fields: tuple[str, ...]
    task: str
    classifier: str
    features: str
    parameters: str
    inner_score: float
    thresholds: NDArray[np.float64] | None
    n_articles: int
    portable: bool

    def decide(self, articles: pd.DataFrame) -> NDArray[np.int8]:
        """Give the topics of articles.

        Parameters
        ----------
        articles : DataFrame of shape (n_articles, ...)
            With the columns `fields`.

        Returns
        -------
        ndarray of {0, 1}, shape (n_articles, n_topics)
        """
        found: NDArray[Any] = self.pipeline.predict(articles[list(self.fields)])
        if self.task == "multi-label":
            return np.asarray(found, dtype=np.int8)
        given: NDArray[np.int8] = (found[:, None] == np.array(self.topics)).astype(np.int8)
        return given

    def estimators(self) -> tuple[Any, ...]:
        """Give the fitted classifiers inside: one a topic, or one for all classes."""
        last = self.pipeline[-1]
        if self.task == "multi-class":
            return (last,)
        inside = (one.estimator for one in last.estimators_)
        return tuple(
            one.calibrated_classifiers_[0].estimator if isinstance(one, CalibratedClassifierCV) else one
            for one in inside
        )

    def terms(self, count: int) -> pd.DataFrame | None:
        """List the terms with the greatest weights for each topic, and against it.

        Parameters
        ----------
        count : int
            How many of each.

        Returns
        -------
        DataFrame or None
            Columns ``topic, term, weight``, topic by topic, weights falling; None for a classifier that is not linear.
        """
        weights = [linear_weights(estimator) for estimator in self.estimators()]
        if any(one is None for one in weights):
            return None
        rows = np.vstack([one[0] for one in weights if one is not None])
        topics = self.topics if self.task == "multi-label" else tuple(self.estimators()[0].classes_)
        if len(rows) != len(topics):  # of two classes there is one row, the second's
            rows = np.vstack([-rows, rows])
        names = self.pipeline["features"].get_feature_names_out()
        parts = []
        for topic, row in zip(topics, rows, strict=True):
            order = np.argsort(-row, kind="stable")
            shown = np.unique(np.concatenate([order[:count], order[-count:]]))
            shown = shown[np.argsort(-row[shown], kind="stable")]
            parts.append(pd.DataFrame({"topic": topic, "term": names[shown], "weight": row[shown]}))
        return pd.concat(parts, ignore_index=True)


def fit_labeller(
    dataset: Dataset,
    plan: ComparisonPlan,
    classifier: Classifier,
    keywords: Mapping[str, Sequence[str]] | None = None,
    jobs: int = -1,
    engine: Engine | None = None,
) -> Labeller:
    """Choose on inner folds of all labelled articles, as a comparison does within each split, and fit on all of them.

    Parameters
    ----------
    dataset : Dataset
    plan : ComparisonPlan
        Says features, inner folds, metric, thresholds, calibration and seed.
    classifier : Classifier
        The winner, or another.
    keywords : mapping of str to sequence of str, optional
        Of each topic; only the keyword-rules baseline needs them.
    jobs, engine
        As in `compare`.

    Returns
    -------
    Labeller

    Examples
    --------
    ::

        comparison = topicdesk.run_experiment("experiments/topics.toml").comparisons[0]
        winner = topicdesk.classifier_named(comparison.verdict.winner)
        labeller = topicdesk.fit_labeller(comparison.dataset, comparison.plan, winner)
        labeller.pipeline.predict(articles[["title", "text"]])
    """
    with threadpool_limits(limits=1):
        choice = choose_on_all(dataset, plan, classifier, keywords, engine or LocalEngine(jobs))
        frame = field_frame(dataset)
        reading = _reading(choice, dataset, keywords)
        features = reading.fit_transform(frame, dataset.Y if dataset.n_topics > 1 else dataset.Y[:, 0])
        multi_class = dataset.task == "multi-class"
        estimators = _plain_estimators(classifier, choice, features, dataset, keywords, plan.seed)
        thresholds = None
        if multi_class:
            deciding: Any = estimators[0]
        elif classifier.features == "none":
            deciding, thresholds = _at_fixed_threshold(estimators, classifier)
        else:
            scores = expit(choice.scores) if classifier.name == "boosted-trees" else choice.scores
            deciding, thresholds = _with_thresholds(estimators, scores, dataset.Y[choice.rows], plan, classifier)
    view = choice.candidate.view
    stems = isinstance(view, FeatureSetting) and view.analyser.stemmer is not None
    return Labeller(
        pipeline=Pipeline([*reading.steps, ("topics", deciding)]),
        topics=dataset.topics,
        fields=tuple(frame.columns),
        task=dataset.task,
        classifier=classifier.name,
        features=described(view),
        parameters=", ".join(f"{name}={value}" for name, value in choice.candidate.parameters) or "(none)",
        inner_score=choice.score,
        thresholds=thresholds,
        n_articles=len(dataset),
        portable=not stems and all(type(one).__module__.startswith("sklearn.") for one in estimators),
    )


def field_frame(dataset: Dataset, rows: NDArray[np.intp] | None = None) -> pd.DataFrame:
    """Give the articles as the pipeline takes them: a column a field.

    Parameters
    ----------
    dataset : Dataset
    rows : ndarray of int, optional
        By default all.

    Returns
    -------
    DataFrame of shape (n_articles, n_fields)
    """
    columns = dataset.fields or {"text": dataset.texts}
    frame = pd.DataFrame({name: list(values) for name, values in columns.items()}, dtype="str")
    return frame if rows is None else frame.iloc[rows]


def _reading(choice: FinalChoice, dataset: Dataset, keywords: Mapping[str, Sequence[str]] | None) -> Pipeline:
    """Make the steps from fields to features."""
    view = choice.candidate.view
    blank = ("no missing", FunctionTransformer(methodcaller("fillna", "")))
    if isinstance(view, FeatureSetting) and view.field_weights:
        return Pipeline([blank, ("features", view.transformer())])
    # Fields joined by a line break, as the texts of a comparison are (an empty field leaves its line break, which only
    # n-grams of characters see). Every step is a function of NumPy's or a method of pandas', so that no code of ours
    # is needed to open it.
    breaks = ["\n"] * (len(dataset.fields or ("text",)) - 1) + [""]
    joined = [
        blank,
        ("line breaks", FunctionTransformer(methodcaller("add", breaks))),
        ("one text", FunctionTransformer(np.sum, kw_args={"axis": 1})),
    ]
    match view:
        case FeatureSetting():
            return Pipeline([*joined, ("features", view.transformer())])
        case "keywords":
            if keywords is None:
                raise FeaturesError("keyword rules need the taxonomy's keywords, and got none.")
            phrases = keyword_phrases({topic: keywords.get(topic, ()) for topic in dataset.topics})
            vocabulary = _vocabulary(phrases)
            longest = max(phrase.count(" ") + 1 for phrase in vocabulary)
            counting = CountVectorizer(vocabulary=vocabulary, ngram_range=(1, longest), binary=True)
            return Pipeline([*joined, ("features", counting)])
        case _:
            return Pipeline([*joined, ("features", CountVectorizer(max_features=1))])  # nothing looks at them


def _plain_estimators(
    classifier: Classifier,
    choice: FinalChoice,
    features: Any,
    dataset: Dataset,
    keywords: Mapping[str, Sequence[str]] | None,
    seed: int,
) -> list[Any]:
    """Fit the estimators, and write those that nobody else has as linear ones of scikit-learn's."""
    names: NDArray[Any] = np.array(dataset.topics)
    multi_class = dataset.task == "multi-class"
    if classifier.build is None:
        return _counting(dataset.topics, keywords or {}, multi_class)
    targets = [names[dataset.Y.argmax(axis=1)]] if multi_class else list(dataset.Y.T)
    found = fit_estimators(classifier, dict(choice.candidate.parameters), features, targets, seed)
    return [_rewritten(one) if isinstance(one, _REWRITTEN) else one for one in found]


def _rewritten(estimator: Any) -> LinearSVC:
    weights = linear_weights(estimator)
    assert weights is not None
    return linear_estimator(*weights, estimator.classes_)


def _counting(topics: Sequence[str], keywords: Mapping[str, Sequence[str]], multi_class: bool) -> list[Any]:
    """Write keyword rules as sums: each topic counts its own phrases among the columns."""
    phrases = keyword_phrases({topic: keywords.get(topic, ()) for topic in topics})
    columns = _vocabulary(phrases)
    coef = np.array([[float(column in phrases[topic]) for column in columns] for topic in topics])
    if multi_class:
        return [linear_estimator(coef, np.zeros(len(topics)), np.array(topics))]
    return [linear_estimator(row[None, :], np.zeros(1), np.array([0, 1])) for row in coef]


def _vocabulary(phrases: Mapping[str, Sequence[str]]) -> list[str]:
    return sorted({phrase for group in phrases.values() for phrase in group})


def _with_thresholds(
    estimators: Sequence[Any],
    scores: NDArray[np.float64],
    Y: NDArray[np.int8],
    plan: ComparisonPlan,
    classifier: Classifier,
) -> tuple[MultiOutputClassifier, NDArray[np.float64]]:
    """Calibrate each estimator on held-out scores, and decide at a probability chosen on them."""
    method = "sigmoid" if plan.deciding.calibration == "platt" else "isotonic"
    calibrated = [
        _calibrate(estimator, column, y, method) for estimator, column, y in zip(estimators, scores.T, Y.T, strict=True)
    ]
    probabilities = np.column_stack([said for _, said in calibrated])
    if classifier.threshold is None:
        thresholds = choose_thresholds(Y, probabilities, plan.deciding.threshold)
    else:
        fixed = np.array([classifier.threshold])
        thresholds = np.array(
            [one.calibrated_classifiers_[0].calibrators[0].predict(fixed)[0] for one, _ in calibrated]
        )
    thresholds = np.where(np.isfinite(thresholds), thresholds, _NEVER)
    return _side_by_side([one for one, _ in calibrated], thresholds), thresholds


def _at_fixed_threshold(
    estimators: Sequence[Any], classifier: Classifier
) -> tuple[MultiOutputClassifier, NDArray[np.float64]]:
    """Decide at the classifier's own threshold: what says the same of every article cannot be calibrated."""
    assert classifier.threshold is not None
    thresholds = np.full(len(estimators), classifier.threshold)
    return _side_by_side(estimators, thresholds), thresholds


def _side_by_side(probable: Sequence[Any], thresholds: NDArray[np.float64]) -> MultiOutputClassifier:
    """Put fitted classifiers, each with its threshold, side by side; scikit-learn can only fit them itself."""
    together = MultiOutputClassifier(probable[0])
    together.estimators_ = [
        FixedThresholdClassifier(one, threshold=float(at), pos_label=1, response_method="predict_proba")
        for one, at in zip(probable, thresholds, strict=True)
    ]
    together.classes_ = [one.classes_ for one in together.estimators_]
    return together


def _calibrate(
    estimator: Any, scores: NDArray[np.float64], y: NDArray[np.int8], method: str
) -> tuple[CalibratedClassifierCV, NDArray[np.float64]]:
    """Fit scikit-learn's calibration on held-out scores, put the estimator behind it, and give their probabilities."""
    # A stand-in whose score is its one feature: so the calibration sees the held-out scores, and no score of a text
    # that the estimator was fitted on.
    stand_in = linear_estimator(np.ones((1, 1)), np.zeros(1), np.array([0, 1]))
    rows = np.arange(len(y))
    calibrated = CalibratedClassifierCV(FrozenEstimator(stand_in), method=method, cv=[(rows, rows)], ensemble=False)
    calibrated.fit(scores[:, None], y)
    probabilities = calibrated.predict_proba(scores[:, None])[:, 1]
    calibrated.calibrated_classifiers_[0].estimator = estimator
    return calibrated, probabilities
