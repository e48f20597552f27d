"""Classifiers, features and class labels, in the forms in which people have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from topicdesk.annotation import Dataset
from topicdesk.errors import ArgumentError, FeaturesError, SpecError
from topicdesk.evaluation import Classifier, classifier_named, own_classifier
from topicdesk.features import Features, FeatureSetting

__all__ = ["class_labels", "classifier_from", "classifiers_from", "settings_from"]

#: Features that a comparison tries if none are given.
_USUAL_FEATURES = Features(sublinear_tf=True)


def classifiers_from(classifiers: Any) -> tuple[Classifier, ...]:
    """Return classifiers from names, estimators, and pairs or triples of name, estimator and grid.

    Parameters
    ----------
    classifiers : sequence or mapping
        A mapping has names as keys and estimators as values.

    Raises
    ------
    SpecError
        If there is no classifier, a name is unknown or occurs twice, or an estimator cannot be used.
    TypeError
        If `classifiers` or one of them has another type.
    """
    if isinstance(classifiers, str) or not isinstance(classifiers, Iterable) or isinstance(classifiers, set):
        raise TypeError(
            f"classifiers must be a list of names, estimators or (name, estimator, grid); got {classifiers!r}."
        )
    items = list(classifiers.items()) if isinstance(classifiers, Mapping) else list(classifiers)
    if not items:
        raise SpecError("classifiers is empty.")
    chosen = [classifier_from(item, "classifiers") for item in items]
    names = [classifier.name for classifier in chosen]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SpecError(f"classifiers: the name {twice!r} occurs more than once. Name them: [('{twice} 1', ...), ...].")
    return tuple(chosen)


def classifier_from(item: Any, argument: str = "classifier") -> Classifier:
    """Return a classifier from a name, an estimator, (name, estimator), (name, grid) or (name, estimator, grid).

    Parameters
    ----------
    item : Classifier, str, estimator, tuple or list
        What the user passed.
    argument : str, default "classifier"
        Name of the argument, for messages.
    """
    try:
        return _classifier(item)
    except SpecError as error:
        raise SpecError(f"{argument}: {error}") from error
    except TypeError as error:
        raise ArgumentError(f"{argument}: {error}") from error


def _classifier(item: Any) -> Classifier:
    if isinstance(item, Classifier):
        return item
    if isinstance(item, str):
        return classifier_named(item)
    if not isinstance(item, tuple | list):
        return own_classifier(type(item).__name__, item)
    if len(item) not in (2, 3) or not isinstance(item[0], str):
        raise TypeError(f"a tuple must be (name, estimator) or (name, estimator, grid); got {item!r}.")
    name, *rest = item
    grid = rest.pop() if isinstance(rest[-1], Mapping) else {}
    if len(rest) > 1:
        raise TypeError(f"the grid of {name!r} must be a mapping of parameter to values; got {rest[-1]!r}.")
    classifier = own_classifier(name, rest[0]) if rest else classifier_named(name)
    return classifier.with_grid(grid) if grid else classifier


def settings_from(features: Any) -> tuple[FeatureSetting, ...]:
    """Return feature settings from `Features`, a setting, or several of either; None means the usual ones."""
    if features is None:
        features = _USUAL_FEATURES
    if isinstance(features, Features):
        return features.settings()
    if isinstance(features, FeatureSetting):
        return (features,)
    if isinstance(features, Sequence) and not isinstance(features, str):
        if not features:
            raise FeaturesError("features is empty.")
        return tuple(dict.fromkeys(setting for part in features for setting in settings_from(part)))
    raise TypeError(f"features must be Features, such as topicdesk.Features(min_df=2); got {features!r}.")


def class_labels(y: Any, texts: Any, dataset: Dataset) -> tuple[Any, ...]:
    """Return the user's own label of each class, in the order of the topics; for multi-label data, the topics.

    Parameters
    ----------
    y, texts
        The arguments of `make_dataset`.
    dataset : Dataset
        Its result.

    Returns
    -------
    tuple of length n_topics
        Labels keep their type: integers stay integers.
    """
    if dataset.task == "multi-label":
        return dataset.topics
    values = texts[y] if isinstance(y, str) else y
    values = values.tolist() if isinstance(values, pd.Series | np.ndarray) else list(values)
    rows = [int(dataset.Y[:, column].argmax()) for column in range(dataset.n_topics)]
    if any(isinstance(values[row], str) for row in rows):  # make_dataset strips and normalises strings
        return dataset.topics
    return tuple(values[row] for row in rows)
