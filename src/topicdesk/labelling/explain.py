"""The terms that decided: how much each pushed an article towards a topic, or away from it.

Exact for linear classifiers: a push is the term's weight times its value in the article, and the pushes and a constant
add up to the score. For others a push is how far the score falls when the term is taken out of the article.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from topicdesk.evaluation import Classifier, described, fit_estimators
from topicdesk.features import Analyser, FeatureSetting, keyword_phrases
from topicdesk.labelling.labeller import field_frame
from topicdesk.labelling.linear import linear_weights

if TYPE_CHECKING:
    from topicdesk.evaluation import Comparison, FoldResult
    from topicdesk.labels import Dataset

__all__ = ["Push", "explain_held_out", "find_terms", "pushes"]

# Of a classifier that is not linear, so many terms of an article are taken out one by one.
_MOST_TAKEN_OUT = 60


@dataclass(frozen=True)
class Push:
    """How much a term pushed.

    Parameters
    ----------
    term : str
    push : float
        Above 0 towards the topic, below 0 away from it; in the classifier's own score.
    """

    term: str
    push: float


def explain_held_out(
    comparison: Comparison,
    classifier: Classifier,
    wanted: Sequence[tuple[int, int]],
    keywords: Mapping[str, Sequence[str]] | None = None,
    count: int = 6,
) -> dict[tuple[int, int], tuple[Push, ...]]:
    """Tell which terms decided about articles, by the very models that had not seen them.

    Those of the comparison's first repeat are fitted again, as they were.

    Parameters
    ----------
    comparison : Comparison
    classifier : Classifier
        One of the comparison's.
    wanted : sequence of (int, int)
        Rows of the dataset, each with the number of a topic.
    keywords : mapping of str to sequence of str, optional
        Of each topic; only the keyword-rules baseline needs them.
    count : int, default 6
        How many terms for, and how many against.

    Returns
    -------
    dict of (int, int) to tuple of Push
        The strongest towards the topic first. Rows that were never tested are left out.
    """
    found: dict[tuple[int, int], tuple[Push, ...]] = {}
    for result in comparison.results_of(classifier.name):
        if result.split.repeat != 0:
            continue
        tested = set(result.split.test.tolist())
        here = [(row, column) for row, column in wanted if row in tested]
        if here:
            found |= _explain_split(comparison, classifier, result, here, keywords, count)
    return found


def pushes(estimator: Any, classifier: Classifier, features: csr_matrix, place: int, names: NDArray[Any]) -> list[Push]:
    """Tell how much each term of one article pushed its score.

    Parameters
    ----------
    estimator : estimator
        Fitted: on one topic, or on all classes.
    classifier : Classifier
        That the estimator is of: says how it scores.
    features : csr_matrix of float, shape (1, n_features)
        The article.
    place : int
        Of the estimator's scores, which is asked for; 0 where it has one.
    names : ndarray of str, shape (n_features,)

    Returns
    -------
    list of Push
        Strongest towards first.
    """
    weights = linear_weights(estimator)
    columns, values = features.indices, features.data
    if weights is not None:
        strength = weights[0][place, columns] * values
    else:
        order = np.argsort(-values, kind="stable")[:_MOST_TAKEN_OUT]
        columns = columns[order]
        without = csr_matrix(np.ones((len(columns) + 1, 1))) @ features
        without = without.tolil()
        for row, column in enumerate(columns, start=1):
            without[row, column] = 0
        scores = classifier.read(estimator, without.tocsr())
        scores = scores if scores.ndim == 1 else scores[:, place]
        strength = scores[0] - scores[1:]
    order = np.argsort(-strength, kind="stable")
    return [Push(str(names[columns[one]]), float(strength[one])) for one in order]


def find_terms(text: str, terms: Sequence[str], analyser: Analyser) -> Iterator[tuple[int, int, str]]:
    """Find where a text holds terms.

    Parameters
    ----------
    text : str
    terms : sequence of str
        As the analyser gives them.
    analyser : Analyser

    Yields
    ------
    start, end : int
        Of a word, or a run of characters, that belongs to a term; ascending, none overlaps another.
    term : str
        The earliest of `terms` that it belongs to.
    """
    if analyser.analyzer != "word":
        pattern = "|".join(re.escape(term.strip()) for term in terms if term.strip())
        for match in re.finditer(pattern, text, flags=re.IGNORECASE) if pattern else ():
            yield match.start(), match.end(), match.group()
        return
    words = [(match.start(), match.end()) for match in re.finditer(analyser.token_pattern, text)]
    prepare = analyser.vectorizer().build_preprocessor()
    vectorizer = CountVectorizer(**{**analyser.options(), "ngram_range": (1, 1)})
    analyse = vectorizer.build_analyzer()
    # Each word alone, as the analyser has it: nothing for a stop word.
    kept = [(span, known[0]) for span in words if (known := analyse(prepare(text[slice(*span)])))]
    place_of = {term: place for place, term in enumerate(terms)}
    belongs: dict[int, str] = {}
    for length in sorted({term.count(" ") + 1 for term in terms}):
        for start in range(len(kept) - length + 1):
            run = " ".join(word for _, word in kept[start : start + length])
            if run in place_of:
                for number in range(start, start + length):
                    earlier = belongs.get(number)
                    if earlier is None or place_of[run] < place_of[earlier]:
                        belongs[number] = run
    for number in sorted(belongs):
        yield (*kept[number][0], belongs[number])


def _explain_split(
    comparison: Comparison,
    classifier: Classifier,
    result: FoldResult,
    wanted: Sequence[tuple[int, int]],
    keywords: Mapping[str, Sequence[str]] | None,
    count: int,
) -> dict[tuple[int, int], tuple[Push, ...]]:
    data, split = comparison.dataset, result.split
    rows = sorted({row for row, _ in wanted})
    if classifier.features == "none":
        return {one: () for one in wanted}
    if classifier.features == "keywords":
        return {one: _keywords_of(data.texts[one[0]], keywords or {}, data.topics[one[1]]) for one in wanted}
    setting = _setting_of(comparison, result)
    transformer = setting.transformer()
    train, test = (_readable(data, setting, side) for side in (split.train, np.array(rows)))
    features = transformer.fit_transform(train, data.Y[split.train])
    tested = csr_matrix(transformer.transform(test))
    names = transformer.get_feature_names_out()
    multi_class = data.task == "multi-class"
    columns = sorted({column for _, column in wanted})
    targets = [data.Y[split.train].argmax(axis=1)] if multi_class else [data.Y[split.train, one] for one in columns]
    estimators = fit_estimators(classifier, result.parameters, features, targets, comparison.plan.seed)
    found = {}
    for row, column in wanted:
        if multi_class:
            estimator, place = estimators[0], int(np.searchsorted(estimators[0].classes_, column))
        else:
            estimator, place = estimators[columns.index(column)], 0
        ranked = pushes(estimator, classifier, tested[rows.index(row)], place, names)
        towards = [one for one in ranked[:count] if one.push > 0]
        away = [one for one in ranked[-count:] if one.push < 0]
        found[row, column] = tuple([*towards, *away])
    return found


def _setting_of(comparison: Comparison, result: FoldResult) -> FeatureSetting:
    settings = (*comparison.plan.settings, FeatureSetting())
    return next(setting for setting in settings if described(setting) == result.features)


def _readable(data: Dataset, setting: FeatureSetting, rows: NDArray[np.intp]) -> Any:
    """Give what the setting's transformer reads: texts, or a frame of the fields that it weighs apart."""
    return field_frame(data, rows) if setting.field_weights else [data.texts[row] for row in rows]


def _keywords_of(text: str, keywords: Mapping[str, Sequence[str]], topic: str) -> tuple[Push, ...]:
    phrases = keyword_phrases({topic: keywords.get(topic, ())})[topic]
    longest = max(phrase.count(" ") + 1 for phrase in phrases)
    analyse = CountVectorizer(ngram_range=(1, longest)).build_analyzer()
    held = set(analyse(text))
    return tuple(Push(phrase, 1.0) for phrase in phrases if phrase in held)
