"""Explain out-of-fold decisions of a comparison: the terms that contributed most to each decision."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicdesk._warnings import warn_user
from topicdesk.evaluation import Classifier, described, fit_estimators
from topicdesk.evaluation.model_selection import default_setting
from topicdesk.features import FeatureSetting, keyword_phrases, keywords_are_turkish, with_turkish_i
from topicdesk.features.keywords import phrase_vectorizer
from topicdesk.prediction._feature_pipeline import feature_pipeline
from topicdesk.prediction._fitted_features import term_names
from topicdesk.prediction.explain import Contribution, contributions
from topicdesk.prediction.refitting import field_frame

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset
    from topicdesk.evaluation import CrossValidation, FoldResult, Split

__all__ = ["explain_held_out", "held_out_contributions", "setting_of", "untrained"]

# Maximum number of topics in a warning.
_MOST_LISTED = 5


def explain_held_out(
    comparison: CrossValidation,
    classifier: Classifier,
    wanted: Sequence[tuple[int, int]],
    keywords: Mapping[str, Sequence[str]] | None = None,
    count: int = 6,
) -> dict[tuple[int, int], tuple[Contribution, ...]]:
    """Return the terms that contributed most to out-of-fold decisions.

    The models of the comparison's first repeat are fitted again with the same settings. Each article is explained by
    the model that did not train on it.

    Parameters
    ----------
    comparison : CrossValidation
        The comparison.
    classifier : Classifier
        One of the comparison's classifiers.
    wanted : sequence of (int, int)
        Pairs of a row of the dataset and the number of a topic.
    keywords : mapping of str to sequence of str, optional
        Keywords of each topic. Only the keyword-rules baseline and blocks of keywords need them.
    count : int, default 6
        Maximum number of terms for the topic, and of terms against it.

    Returns
    -------
    dict of (int, int) to tuple of Contribution
        Contributions of each pair, from the strongest towards the topic to the strongest away from it. Rows that were
        never tested are left out. A pair is empty, with a warning, if its model did not learn the topic (see
        `untrained`).
    """
    unlearnt = untrained(comparison, classifier, wanted)
    if unlearnt:
        names = [repr(comparison.dataset.topics[column]) for column in sorted({column for _, column in unlearnt})]
        more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
        warn_user(
            f"{len(unlearnt)} decisions of {classifier.name} have no explanation: in the training data of their fold, "
            f"no article or every article has the topic ({', '.join(names[:_MOST_LISTED])}{more})."
        )
    # Keyword rules have no terms against a topic, and all keywords are shown.
    most = None if classifier.features == "keywords" else count
    return {
        pair: tuple(_strongest(ranked, most))
        for pair, ranked in held_out_contributions(comparison, classifier, wanted, keywords).items()
    }


def held_out_contributions(
    comparison: CrossValidation,
    classifier: Classifier,
    wanted: Collection[tuple[int, int]],
    keywords: Mapping[str, Sequence[str]] | None = None,
) -> dict[tuple[int, int], list[Contribution]]:
    """Return the contributions of all terms to out-of-fold decisions, in descending order.

    Parameters
    ----------
    comparison, classifier, wanted, keywords
        As in `explain_held_out`.

    Returns
    -------
    dict of (int, int) to list of Contribution
        Rows that the first repeat did not test are left out. A list is empty if the model did not learn the topic.
    """
    unlearnt = untrained(comparison, classifier, wanted)
    found: dict[tuple[int, int], list[Contribution]] = {}
    for result in comparison.results_of(classifier.name):
        if result.split.repeat != 0:
            continue
        test_rows = set(result.split.test.tolist())
        found |= {pair: [] for pair in unlearnt if pair[0] in test_rows}
        selected = [pair for pair in wanted if pair[0] in test_rows and pair not in unlearnt]
        if selected:
            found |= _explain_split(comparison, classifier, result, selected, keywords)
    return found


def _strongest(ranked: Sequence[Contribution], count: int | None) -> list[Contribution]:
    """Return at most `count` terms towards the topic, then as many away from it."""
    if count is None:
        return list(ranked)
    towards = [entry for entry in ranked[:count] if entry.contribution > 0]
    away = [entry for entry in ranked[-count:] if entry.contribution < 0]
    return [*towards, *away]


def untrained(
    comparison: CrossValidation, classifier: Classifier, wanted: Collection[tuple[int, int]]
) -> frozenset[tuple[int, int]]:
    """Return the out-of-fold decisions about topics that the model did not learn.

    Parameters
    ----------
    comparison, classifier, wanted
        As in `explain_held_out`.

    Returns
    -------
    frozenset of (int, int)
        The pairs for which no article, or every article, in the training data of the first repeat's fold has the topic.
        Empty for baselines that learn nothing.
    """
    if classifier.features in ("none", "keywords"):
        return frozenset()
    pairs: set[tuple[int, int]] = set()
    for result in comparison.results_of(classifier.name):
        if result.split.repeat == 0:
            test_rows, learnt = set(result.split.test.tolist()), _learnt(comparison.dataset, result.split)
            pairs.update((row, column) for row, column in wanted if row in test_rows and not learnt[column])
    return frozenset(pairs)


def _learnt(data: Dataset, split: Split) -> NDArray[np.bool_]:
    """Return for each topic whether some articles of the training data have it, and others do not."""
    shares = data.Y[split.train].mean(axis=0)
    return np.asarray((shares > 0) & (shares < 1))


def _explain_split(
    comparison: CrossValidation,
    classifier: Classifier,
    result: FoldResult,
    wanted: Sequence[tuple[int, int]],
    keywords: Mapping[str, Sequence[str]] | None,
) -> dict[tuple[int, int], list[Contribution]]:
    data, split = comparison.dataset, result.split
    rows = sorted({row for row, _ in wanted})
    if classifier.features == "none":
        return {pair: [] for pair in wanted}
    if classifier.features == "keywords":
        turkish = keywords_are_turkish(comparison.plan.settings, data.texts)
        return {
            (row, column): _keywords_of(data.texts[row], keywords or {}, data.topics[column], turkish)
            for row, column in wanted
        }
    setting = setting_of(comparison, result)
    transformer: Any
    if setting.blocks:
        turkish = keywords_are_turkish(comparison.plan.settings, data.texts)
        transformer = feature_pipeline(setting, list(data.fields or ("text",)), data.topics, keywords, turkish)
        train, test = (field_frame(data, side) for side in (split.train, np.array(rows)))
    else:
        transformer = setting.transformer()
        train, test = (_readable(data, setting, side) for side in (split.train, np.array(rows)))
    features = transformer.fit_transform(train, data.Y[split.train])
    test_features = csr_matrix(transformer.transform(test))
    names = term_names(transformer["features"] if setting.blocks else transformer, data.topics)
    multi_class = data.task == "multi-class"
    columns = sorted({column for _, column in wanted})
    targets = (
        [data.Y[split.train].argmax(axis=1)] if multi_class else [data.Y[split.train, column] for column in columns]
    )
    estimators = fit_estimators(classifier, result.parameters, features, targets, comparison.plan.random_state)
    place_of = {row: place for place, row in enumerate(rows)}
    explanations = {}
    for row, column in wanted:
        if multi_class:
            estimator = estimators[0]
            index = list(estimator.classes_).index(column)
        else:
            estimator, index = estimators[columns.index(column)], 1
        explanations[row, column] = contributions(estimator, classifier, test_features[place_of[row]], index, names)
    return explanations


def setting_of(comparison: CrossValidation, result: FoldResult) -> FeatureSetting:
    """Return the features that were selected for a split."""
    settings = (*comparison.plan.settings, default_setting(comparison.plan.settings))
    return next(setting for setting in settings if described(setting) == result.features)


def _readable(data: Dataset, setting: FeatureSetting, rows: NDArray[np.intp]) -> Any:
    """Return the input of the setting's transformer: texts, or a DataFrame if it weights each field separately."""
    if not setting.field_weights:
        return setting.analyser.read([data.texts[row] for row in rows])
    frame = field_frame(data, rows)
    return frame.map(with_turkish_i) if setting.analyser.turkish else frame


def _keywords_of(text: str, keywords: Mapping[str, Sequence[str]], topic: str, turkish: bool) -> list[Contribution]:
    phrases = keyword_phrases({topic: keywords.get(topic, ())}, turkish)
    terms = set(phrase_vectorizer(phrases).build_analyzer()(with_turkish_i(text) if turkish else text))
    return [Contribution(phrase, 1.0) for phrase in phrases[topic] if phrase in terms]
