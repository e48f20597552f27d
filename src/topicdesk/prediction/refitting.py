"""Refit a classifier on all labels, as one scikit-learn pipeline.

Fields of an article → TF-IDF → one classifier per topic → calibration → thresholds. All steps are scikit-learn objects.
Therefore the pipeline loads and predicts where topicdesk is not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from topicdesk._answers import NoFieldError, Rules, confidence, decide, readable_articles
from topicdesk._renamed import renamed_arguments
from topicdesk._warnings import warn_user
from topicdesk.annotation import Dataset
from topicdesk.corpus import find_duplicates
from topicdesk.errors import LabellerError
from topicdesk.evaluation import (
    NBSVM,
    Centroids,
    Classifier,
    ComparisonPlan,
    Engine,
    FinalChoice,
    automation_cut,
    choose_on_all,
    choose_thresholds,
    described,
    fit_estimators,
)
from topicdesk.evaluation._checks import check_study
from topicdesk.evaluation.calibration import platt_probabilities
from topicdesk.evaluation.engine import single_threaded_engine
from topicdesk.evaluation.model_selection import plan_for_texts, score_all
from topicdesk.features import FeatureSetting, keywords_are_turkish
from topicdesk.features.keywords import phrase_vectorizer
from topicdesk.prediction._calibrated import calibrated_classifier, fit_calibrator
from topicdesk.prediction._feature_pipeline import feature_pipeline, phrases_of_topics
from topicdesk.prediction._observing import observe
from topicdesk.prediction.labeller import Articles, Labeller, as_table
from topicdesk.prediction.linear import linear_estimator, linear_weights
from topicdesk.prediction.reference import FEWEST_REFERENCE, MOST_REFERENCE, Reference, labelled_reference

__all__ = ["field_frame", "fit_labeller"]

#: Higher than every probability: the threshold of a topic that is never predicted.
_NEVER = float(np.nextafter(1, 2))

# Number of folds that score the labelled articles for the reference. Each model is fitted on 95 % of them, which hardly
# changes its scores.
_REFERENCE_FOLDS = 20

# The reference of a model that has not scored its reference yet.
_NO_REFERENCE = Reference("all", np.empty((0, 0)), np.empty((0, 0), dtype=np.bool_), None)

_Probable = Callable[[NDArray[np.float64]], NDArray[np.float64]]

# Estimators that are replaced by linear ones: our own classes, because they need topicdesk, and naive Bayes. The latter
# is scored by its log-odds, because its own probabilities are too extreme to be calibrated.
_REWRITTEN = (NBSVM, Centroids, MultinomialNB, ComplementNB)


@renamed_arguments(jobs="n_jobs")
def fit_labeller(
    dataset: Dataset,
    plan: ComparisonPlan,
    classifier: Classifier,
    keywords: Mapping[str, Sequence[str]] | None = None,
    n_jobs: int = -1,
    engine: Engine | None = None,
    unlabelled: Articles | None = None,
) -> Labeller:
    """Select features and hyper-parameters on inner folds of all labelled articles, and fit a labeller on all articles.

    The selection is the same as within each split of a comparison.

    Parameters
    ----------
    dataset : Dataset
        The labelled articles.
    plan : ComparisonPlan
        Defines features, inner folds, metric, thresholds, calibration and seed.
    classifier : Classifier
        The best classifier of a comparison, or another one.
    keywords, n_jobs, engine
        As in `compare`.
    unlabelled : DataFrame or sequence of str, optional
        Articles of the same corpus without labels, drawn as new articles are: a table with the fields, or texts. Near-
        duplicates of labelled articles or of each other, and articles without text, are left out. If at least 100 are
        left, they become the reference of drift checks. By default, and if fewer are left, the reference consists of
        labelled articles, scored by models of 20 folds, which takes 20 more fits.

    Returns
    -------
    Labeller
        The fitted model.

    Raises
    ------
    FeaturesError
        If the texts contain no term, or if keywords are needed but missing.
    LabellerError
        If `unlabelled` is no table or list of texts, or has none of the fields.
    ArgumentError
        If an argument has another type.

    Examples
    --------
    ::

        comparison = topicdesk.run_experiment("experiments/topics.toml").comparisons[0]
        winner = classifier_named(comparison.verdict.winner)
        labeller = fit_labeller(comparison.dataset, comparison.plan, winner)
        labeller.label(articles)
    """
    check_study(dataset, plan, classifier, None, keywords, n_jobs, engine)
    unlabelled = None if unlabelled is None else _unlabelled(unlabelled, dataset)
    plan, _ = plan_for_texts(plan, dataset)
    turkish = keywords_are_turkish(plan.settings, dataset.texts)
    with single_threaded_engine(engine, n_jobs) as running:
        choice = choose_on_all(dataset, plan, classifier, keywords, running)
        frame = field_frame(dataset)
        view = choice.candidate.view
        preprocessing = feature_pipeline(view, list(frame.columns), dataset.topics, keywords, turkish)
        features = preprocessing.fit_transform(frame, dataset.Y if dataset.n_topics > 1 else dataset.Y[:, 0])
        multi_class = dataset.task == "multi-class"
        estimators = _plain_estimators(classifier, choice, features, dataset, keywords, plan.random_state, turkish)
        Y = dataset.Y[choice.rows]
        thresholds = None
        if multi_class:
            final_step, probable = _with_class_probabilities(estimators[0], features, choice, dataset)
        elif classifier.features == "none":
            final_step, thresholds = _at_fixed_threshold(estimators, classifier)
            probable = np.asarray
        else:
            final_step, thresholds, probable = _with_thresholds(
                estimators, features, choice.scores, Y, plan, classifier
            )
        if unlabelled is None:
            rows, scores = score_all(dataset, plan, choice.candidate, keywords, _REFERENCE_FOLDS, running)
    parts = [part.setting for part in view.parts] if isinstance(view, FeatureSetting) else []
    stems = any(setting is not None and setting.analyser.stemmer is not None for setting in parts)
    rules = Rules(
        topics=dataset.topics,
        fields=tuple(frame.columns),
        multi_class=multi_class,
        thresholds=None if thresholds is None else tuple(float(threshold) for threshold in thresholds),
        sure=None,
    )
    probabilities = probable(choice.scores)
    decisions = decide(probabilities, rules)
    cut = automation_cut(
        confidence(probabilities, decisions, multi_class),
        (decisions == (Y == 1)).all(axis=1),
        plan.decision_rule.automation_precision,
        plan.decision_rule.automation_confidence,
        dataset.groups[choice.rows],
    )
    rules = replace(rules, sure=cut if np.isfinite(cut) else None)
    labeller = Labeller(
        pipeline=Pipeline([*preprocessing.steps, ("topics", final_step)]),
        rules=rules,
        classifier=classifier.name,
        features=described(view),
        parameters=", ".join(f"{name}={value}" for name, value in choice.candidate.parameters) or "(none)",
        inner_score=choice.score,
        n_articles=len(dataset),
        portable=not stems and all(type(estimator).__module__.startswith("sklearn.") for estimator in estimators),
        reference=_NO_REFERENCE,
    )
    if unlabelled is not None:
        return replace(labeller, reference=observe(labeller, unlabelled).reference())
    probabilities = probable(scores)
    decisions = decide(probabilities, rules)
    reference = labelled_reference(dataset, view, rows, probabilities, decisions, plan.representative)
    return replace(labeller, reference=reference)


def field_frame(dataset: Dataset, rows: NDArray[np.intp] | None = None) -> pd.DataFrame:
    """Return the articles as input of the pipeline, with one column per field.

    Parameters
    ----------
    dataset : Dataset
        The articles.
    rows : ndarray of int, optional
        Rows of the dataset. By default, all rows.

    Returns
    -------
    DataFrame of shape (n_articles, n_fields)
        Texts of the fields.
    """
    columns = dataset.fields or {"text": dataset.texts}
    frame = pd.DataFrame({name: list(values) for name, values in columns.items()}, dtype="str")
    return frame if rows is None else frame.iloc[rows]


def _unlabelled(articles: Articles, dataset: Dataset) -> pd.DataFrame | None:
    """Return a random part of the articles that resemble no labelled one and have text; None if they are too few."""
    fields = list(dataset.fields or ("text",))
    if hasattr(articles, "__len__") and len(articles) == 0:
        _warn_of_too_few(0)
        return None
    try:
        table, why_not = readable_articles(as_table(articles, fields), fields)
    except (LabellerError, NoFieldError) as error:
        raise LabellerError(f"unlabelled: {error}") from error
    table = table[[not why for why in why_not]]
    drawn = np.random.default_rng(0).permutation(len(table))[:MOST_REFERENCE]
    table = table.iloc[np.sort(drawn)].reset_index(drop=True)
    texts = ["\n".join(parts) for parts in zip(*(table[name] for name in fields), strict=True)]
    groups = pd.Series(find_duplicates([*dataset.texts, *texts]).groups)
    table = table[~groups.duplicated().to_numpy()[len(dataset) :]]
    if len(table) < FEWEST_REFERENCE:
        _warn_of_too_few(len(table))
        return None
    return table.reset_index(drop=True)


def _warn_of_too_few(count: int) -> None:
    warn_user(
        f"unlabelled: {count} articles have text and resemble no labelled one. Drift needs {FEWEST_REFERENCE} of them; "
        "it uses labelled articles instead."
    )


def _plain_estimators(
    classifier: Classifier,
    choice: FinalChoice,
    features: Any,
    dataset: Dataset,
    keywords: Mapping[str, Sequence[str]] | None,
    random_state: int,
    turkish: bool,
) -> list[Any]:
    """Fit the estimators. Replace those in `_REWRITTEN`, and keyword rules, by scikit-learn's linear estimators."""
    names: NDArray[Any] = np.array(dataset.topics)
    multi_class = dataset.task == "multi-class"
    if classifier.build is None:
        return _counting(dataset.topics, phrases_of_topics(dataset.topics, keywords, turkish), multi_class)
    targets = [names[dataset.Y.argmax(axis=1)]] if multi_class else list(dataset.Y.T)
    fitted = fit_estimators(classifier, dict(choice.candidate.parameters), features, targets, random_state)
    return [_rewritten(estimator) if isinstance(estimator, _REWRITTEN) else estimator for estimator in fitted]


def _rewritten(estimator: Any) -> LinearSVC:
    weights = linear_weights(estimator)
    assert weights is not None
    return linear_estimator(*weights, estimator.classes_)


def _counting(topics: Sequence[str], phrases: Mapping[str, Sequence[str]], multi_class: bool) -> list[Any]:
    """Return keyword rules as linear estimators: the score of a topic is the number of its phrases in the text."""
    columns = phrase_vectorizer(phrases).vocabulary
    coef = np.array([[float(column in phrases[topic]) for column in columns] for topic in topics])
    if multi_class:
        # The constants decrease slightly, so that among classes with equal counts the first of the taxonomy wins. They
        # are near 1, because scikit-learn's calibration would interpret counts such as 1, 0, 0 as probabilities.
        constant = 1 - 1e-6 * np.arange(len(topics), dtype=np.float64)
        order = np.argsort(topics)
        coef, constant = coef[order], constant[order]
        if len(topics) == 2:
            coef, constant = coef[1:] - coef[:1], constant[1:] - constant[:1]
        return [linear_estimator(coef, constant, np.array(topics)[order])]
    return [linear_estimator(row[None, :], np.zeros(1), np.array([0, 1])) for row in coef]


def _with_thresholds(
    estimators: Sequence[Any],
    features: Any,
    scores: NDArray[np.float64],
    Y: NDArray[np.int8],
    plan: ComparisonPlan,
    classifier: Classifier,
) -> tuple[MultiOutputClassifier, NDArray[np.float64], _Probable]:
    """Calibrate each estimator and choose its threshold on held-out scores.

    Also return the thresholds, and the function that turns scores into probabilities.
    """

    def columns_of(scores: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        scores = expit(scores) if classifier.name == "boosted-trees" else scores
        return [column[:, None] for column in scores.T]

    calibrators = [
        fit_calibrator(column, y, plan.decision_rule.calibration)
        for column, y in zip(columns_of(scores), Y.T, strict=True)
    ]

    def probable(scores: NDArray[np.float64]) -> NDArray[np.float64]:
        return _second_class(calibrators, columns_of(scores))

    probabilities = probable(scores)
    if classifier.threshold is None:
        rule = plan.decision_rule.threshold
        # From the scores, as in a comparison: `probabilities` may be those of isotonic regression.
        expected = platt_probabilities(Y, scores) if rule.is_expected else None
        thresholds = choose_thresholds(Y, probabilities, rule, expected)
    else:
        fixed = np.array([[classifier.threshold]])
        thresholds = _second_class(calibrators, [fixed] * len(calibrators))[0]
    thresholds = np.where(np.isfinite(thresholds), thresholds, _NEVER)
    calibrated = [
        calibrated_classifier(estimator, calibrator, features, np.array([0, 1]))
        for estimator, calibrator in zip(estimators, calibrators, strict=True)
    ]
    return _side_by_side(calibrated, thresholds), thresholds, probable


def _second_class(calibrators: Sequence[Any], columns: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the probability of each topic, shape (n_rows, n_topics), from one column of scores for each."""
    return np.column_stack(
        [calibrator.predict_proba(column)[:, 1] for calibrator, column in zip(calibrators, columns, strict=True)]
    )


def _at_fixed_threshold(
    estimators: Sequence[Any], classifier: Classifier
) -> tuple[MultiOutputClassifier, NDArray[np.float64]]:
    """Use the classifier's own threshold, because a constant score cannot be calibrated."""
    assert classifier.threshold is not None
    thresholds = np.full(len(estimators), classifier.threshold)
    return _side_by_side(estimators, thresholds), thresholds


def _side_by_side(probable: Sequence[Any], thresholds: NDArray[np.float64]) -> MultiOutputClassifier:
    """Combine fitted classifiers and their thresholds. scikit-learn has no constructor for fitted classifiers."""
    combined = MultiOutputClassifier(probable[0])
    combined.estimators_ = [
        FixedThresholdClassifier(estimator, threshold=float(threshold), pos_label=1, response_method="predict_proba")
        for estimator, threshold in zip(probable, thresholds, strict=True)
    ]
    combined.classes_ = [estimator.classes_ for estimator in combined.estimators_]
    return combined


def _with_class_probabilities(
    estimator: Any, features: Any, choice: FinalChoice, dataset: Dataset
) -> tuple[Any, _Probable]:
    """Calibrate a multi-class classifier by temperature scaling, which does not change the predicted class.

    Classifiers without a decision function keep their own probabilities. Also return the function that turns scores
    into probabilities.
    """
    names: NDArray[Any] = np.array(dataset.topics)
    order = np.argsort(names)
    if not hasattr(estimator, "decision_function"):
        are_odds = bool((choice.scores < 0).any())
        return estimator, lambda scores: softmax(scores, axis=1) if are_odds else scores
    # With two classes, most estimators score only the second class.
    first = 1 if estimator.decision_function(features[:1]).ndim == 1 else 0
    columns = order[first:]
    classes = dataset.Y[choice.rows][:, order].argmax(axis=1)
    calibrator = fit_calibrator(choice.scores[:, columns], classes, "temperature")

    def probable(scores: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(calibrator.predict_proba(scores[:, columns])[:, np.argsort(order)])

    return calibrated_classifier(estimator, calibrator, features, names[order]), probable
