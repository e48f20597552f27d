"""Classifiers, features and class labels, in the forms in which people have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse

from topicdesk.annotation import Dataset
from topicdesk.annotation.inputs import (
    USUAL_SEPARATORS,
    check_order,
    is_collection,
    is_row_of_indicators,
    label_column,
    label_indicators,
    topic_names,
)
from topicdesk.errors import ArgumentError, FeaturesError, LabelsError, SpecError
from topicdesk.evaluation import Classifier, classifier_named, own_classifier
from topicdesk.features import Features, FeatureSetting

__all__ = ["class_labels", "class_name", "classifier_from", "classifiers_from", "settings_from", "true_indicators"]

#: Types of labels that predictions keep, if all labels have the same.
_KEPT = (str, (bool, np.bool_), (Integral, float, np.floating))

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
        If there is no classifier, a name is unknown, or an estimator cannot be used.
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
    return tuple(classifier_from(item, "classifiers") for item in items)


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
        if not hasattr(item, "get_params"):
            raise TypeError(f"a classifier must be a name, an estimator or (name, estimator, grid); got {item!r}.")
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
        Integers, floats, booleans and strings as they are in `y`. The names of the topics if `y` has other types, or if
        labels that differ in `y` have become one topic, such as ``"courts"`` and ``"courts "``.
    """
    if dataset.task == "multi-label":
        return dataset.topics
    own: dict[str, set[Any]] = {topic: set() for topic in dataset.topics}
    for column, label in zip(dataset.Y.argmax(axis=1).tolist(), _rows(label_column(y, texts)), strict=True):
        own[dataset.topics[column]].add(label)
    labels = tuple(next(iter(equal)) for equal in own.values())
    kept = any(all(isinstance(label, kind) for equal in own.values() for label in equal) for kind in _KEPT)
    if not kept or any(len(equal) > 1 for equal in own.values()) or len(set(labels)) < len(labels):
        return dataset.topics
    return labels if tuple(map(class_name, labels)) == dataset.topics else dataset.topics


def class_name(label: Any) -> str:
    """Return the name that `make_dataset` gives to a label."""
    (name,) = topic_names([label])
    return name


def true_indicators(
    y: Any, texts: Any, topics: Sequence[str], *, single: bool, separator: str | None, n_texts: int
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Return indicators of the topics of a model, and which rows have a label that the model does not know.

    Parameters
    ----------
    y, texts
        Labels in a form of `make_dataset`, and the texts.
    topics : sequence of str
        Topics of the model. Columns of indicators without names have this order.
    single : bool
        Whether each text has one class.
    separator : str or None
        Separator of several labels in a string, as in `make_dataset`.
    n_texts : int
        Number of texts.

    Returns
    -------
    Y : ndarray of {0, 1}, shape (n_texts, n_topics)
        Indicators.
    unknown : ndarray of bool, shape (n_texts,)
        Whether a row has another label besides.

    Raises
    ------
    LabelsError
        If `y` has another length, or cannot be used.
    """
    labels = label_column(y, texts)
    check_order("y", labels, texts, LabelsError)
    named = isinstance(labels, pd.DataFrame) and not isinstance(labels.columns, pd.RangeIndex)
    if isinstance(labels, pd.DataFrame) or issparse(labels) or (isinstance(labels, np.ndarray) and labels.ndim != 1):
        matrix = True
    elif isinstance(labels, str | bytes | set | frozenset | Mapping) or not isinstance(labels, Iterable):
        raise LabelsError(f"y must contain one label, or a list of labels, per text; got {type(labels).__name__}.")
    else:
        labels = _rows(labels)
        if not single:
            labels = [_parts(label, topics, separator) if isinstance(label, str) else label for label in labels]
        if len(labels) == n_texts and all(is_collection(label) and not len(label) for label in labels):
            return np.zeros((n_texts, len(topics)), dtype=np.int8), np.zeros(n_texts, dtype=np.bool_)
        matrix = all(map(is_row_of_indicators, labels))
    found, names, _ = label_indicators(labels, topics if matrix and not named else None, "", n_texts)
    Y = np.zeros((n_texts, len(topics)), dtype=np.int8)
    for column, topic in enumerate(topics):
        if topic in names:
            Y[:, column] = found[:, names.index(topic)]
    other = [column for column, name in enumerate(names) if name not in topics]
    return Y, np.asarray(found[:, other].any(axis=1))


def _parts(labels: str, topics: Sequence[str], separator: str | None) -> list[str]:
    """Return the labels in a string. By default, a mark separates labels unless it is part of a topic's name."""
    marks = USUAL_SEPARATORS if separator is None else tuple(filter(None, [separator]))
    for mark in marks:
        if mark in labels and (separator is not None or not any(mark in topic for topic in topics)):
            return labels.split(mark)
    return [labels]


def _rows(labels: Any) -> list[Any]:
    """Return labels as a list of Python's types."""
    if hasattr(labels, "to_pylist"):  # an Arrow array, whose scalars are not Python's
        return list(labels.to_pylist())
    return list(labels.tolist() if isinstance(labels, pd.Series | np.ndarray) else labels)
