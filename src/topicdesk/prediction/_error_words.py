"""Words behind errors: telling words that an article lacks, words that mislead, and words that training did not show.

The weights of terms come from the models of the first repeat, which are fitted again on their training articles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from topicdesk.evaluation import Classifier
from topicdesk.features import Analyser, Counts, FeatureSetting, count_terms, keyword_phrases
from topicdesk.prediction.explain import Contribution, terms_in_text
from topicdesk.prediction.held_out import held_out_contributions, setting_of

if TYPE_CHECKING:
    from topicdesk.evaluation import CrossValidation, FoldResult

__all__ = ["Evidence", "evidence_of", "least_evidence", "margins", "near_threshold", "rare_words"]

#: Number of terms that may mislead a decision together.
_MISLEADING = 3

# An article lacks words if its evidence is below that of this share of the articles in which the topic was found.
_LEAST = 0.1

# With fewer articles in which the topic was found, only an article without any telling term lacks words.
_FEWEST_FOUND = 10

# Decisions whose score is nearest to the threshold, as a share of all test decisions about the topic in the fold.
_NEAREST = 0.1

_SHORTEST_WORD = 3

# Share of the tested articles that have unusually many rare words.
_MANY = 0.1

_Pair = tuple[int, int]


@dataclass(frozen=True)
class Evidence:
    """Terms of an article for and against a topic.

    Parameters
    ----------
    towards, away : tuple of Contribution
        Terms for and against the topic, strongest first.
    """

    towards: tuple[Contribution, ...]
    away: tuple[Contribution, ...]

    @property
    def total(self) -> float:
        """Sum of all contributions towards the topic."""
        return sum(entry.contribution for entry in self.towards)

    def lacks_words(self, least: float) -> bool:
        """Return whether the terms for the topic add up to less than `least`, or there are none."""
        return not self.towards or self.total < least

    def misleading(self, margin: float, positive: bool) -> tuple[str, ...]:
        """Return the fewest terms, of at most three, without which the opposite would be decided.

        Parameters
        ----------
        margin : float
            Score of the decision minus its threshold.
        positive : bool
            Whether the decision is that the article has the topic.

        Returns
        -------
        tuple of str
            Empty if there are none, or the score is on the other side of the threshold.
        """
        left = margin if positive else -margin
        if left <= 0:
            return ()
        strongest = (self.towards if positive else self.away)[:_MISLEADING]
        for number, entry in enumerate(strongest, start=1):
            left -= abs(entry.contribution)
            if left < 0:
                return tuple(one.term for one in strongest[:number])
        return ()


def evidence_of(
    comparison: CrossValidation,
    classifier: Classifier,
    pairs: Sequence[_Pair],
    keywords: Mapping[str, Sequence[str]] | None,
) -> dict[_Pair, Evidence]:
    """Return the evidence of the first repeat's models for and against topics of articles.

    Parameters
    ----------
    comparison : CrossValidation
        The comparison.
    classifier : Classifier
        One of its classifiers.
    pairs : sequence of (int, int)
        Rows of the dataset and numbers of topics.
    keywords : mapping of str to sequence of str or None
        Keywords of each topic.

    Returns
    -------
    dict of (int, int) to Evidence
        Without pairs whose model has no terms, or did not learn the topic, or that the first repeat did not test. In
        multi-class data, contributions are those to the topic minus those to the class with the highest other score.
        The contributions of a word in several fields and blocks are added up.
    """
    if classifier.features == "none":
        return {}
    rivals = _rivals(comparison, classifier.name, pairs) if comparison.dataset.task == "multi-class" else {}
    wanted = dict.fromkeys([*pairs, *((row, rivals[row, column]) for row, column in pairs if (row, column) in rivals)])
    found = held_out_contributions(comparison, classifier, list(wanted), keywords)
    prefixes = _prefixes(comparison, classifier)
    evidence = {}
    for row, column in pairs:
        ranked = found.get((row, column), [])
        if (row, column) in rivals:
            of_rival = found[row, rivals[row, column]]
            learnt = classifier.features == "keywords" or (ranked and of_rival)
            ranked = _minus(ranked, of_rival) if learnt else []
        # Keyword rules learn nothing: an article without a keyword of the topic has no terms at all.
        if ranked or (classifier.features == "keywords" and (row, column) in found):
            summed = sorted(terms_in_text(ranked, prefixes[row]), key=lambda entry: -entry.contribution)
            towards = tuple(entry for entry in summed if entry.contribution > 0)
            away = tuple(entry for entry in reversed(summed) if entry.contribution < 0)
            evidence[row, column] = Evidence(towards, away)
    return evidence


def _prefixes(comparison: CrossValidation, classifier: Classifier) -> dict[int, list[str]]:
    """Return what the names of words of fields and blocks begin with, by article of the first repeat."""
    prefixes: dict[int, list[str]] = {}
    for result in _first_repeat(comparison, classifier.name):
        setting = _setting(comparison, classifier, result)
        parts = [] if setting is None else [part for part in setting.parts if part.setting and part.name]
        fields = [] if setting is None else [f"{name}__" for name, _ in setting.field_weights]
        prefixes |= {int(row): [*(f"{part.name}: " for part in parts), *fields] for row in result.split.test}
    return prefixes


def _setting(comparison: CrossValidation, classifier: Classifier, result: FoldResult) -> FeatureSetting | None:
    return None if classifier.features in ("none", "keywords") else setting_of(comparison, result)


def _rivals(comparison: CrossValidation, classifier: str, pairs: Sequence[_Pair]) -> dict[_Pair, int]:
    """Return the class with the highest score apart from the class of each pair, in the first repeat."""
    rivals = {}
    for result in _first_repeat(comparison, classifier):
        place_of = {int(row): place for place, row in enumerate(result.split.test)}
        for row, column in pairs:
            if row in place_of:
                scores = result.scores[place_of[row]].copy()
                scores[column] = -np.inf
                rivals[row, column] = int(scores.argmax())
    return rivals


def _minus(ranked: Sequence[Contribution], of_rival: Sequence[Contribution]) -> list[Contribution]:
    """Return contributions to the difference of two scores."""
    differences = {entry.term: entry.contribution for entry in ranked}
    for entry in of_rival:
        differences[entry.term] = differences.get(entry.term, 0.0) - entry.contribution
    return [Contribution(term, difference) for term, difference in differences.items()]


def margins(comparison: CrossValidation, classifier: str) -> NDArray[np.float64]:
    """Return the distance of each score of the first repeat from its threshold.

    Returns
    -------
    ndarray of float, shape (n_articles, n_topics)
        Positive if the topic is predicted. In multi-class data, the distance from the highest score of another class.
        NaN for articles that the first repeat did not test.
    """
    data = comparison.dataset
    values = np.full((len(data), data.n_topics), np.nan)
    for result in _first_repeat(comparison, classifier):
        values[result.split.test] = _distances(result)
    return values


def near_threshold(comparison: CrossValidation, classifier: str) -> NDArray[np.bool_]:
    """Return whether the scores of an article are among the nearest tenth to the threshold of the topic.

    Returns
    -------
    ndarray of bool, shape (n_articles, n_topics)
        A score is ranked among all scores of the topic in its fold. The mean rank over repeats decides.
    """
    data = comparison.dataset
    ranks, tested = np.zeros((len(data), data.n_topics)), np.zeros(len(data))
    for result in comparison.results_of(classifier):
        distances = np.abs(_distances(result))
        order = distances.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
        ranks[result.split.test] += (order + 1) / len(distances)
        tested[result.split.test] += 1
    with np.errstate(invalid="ignore"):  # articles that were not tested
        return np.asarray(ranks / tested[:, None] <= _NEAREST)


def _distances(result: FoldResult) -> NDArray[np.float64]:
    if result.thresholds is not None:
        return np.asarray(result.scores - result.thresholds)
    scores = np.asarray(result.scores, dtype=np.float64)
    two_highest = np.sort(scores, axis=1)[:, -2:]
    is_highest = scores == two_highest[:, 1:]
    return np.asarray(scores - np.where(is_highest, two_highest[:, :1], two_highest[:, 1:]))


def least_evidence(found: Sequence[Evidence]) -> float:
    """Return the evidence for a topic that nine tenths of the articles reach in which the topic was found.

    With fewer than ten such articles, any term for the topic is enough.
    """
    if len(found) < _FEWEST_FOUND:
        return 0.0
    return float(np.quantile([one.total for one in found], _LEAST))


@dataclass(frozen=True, eq=False)
class RareWords:
    """Words of articles that too few training articles of the first repeat have for the classifier to use them.

    Parameters
    ----------
    words : mapping of int to sequence of str
        Some rare words of the requested rows: keywords first, then the words that the article has most often. Words of
        at least three letters, in lower case.
    many : ndarray of bool, shape (n_articles,)
        Whether more of the article's distinct words are rare than in nine tenths of the tested articles.
    """

    words: Mapping[int, Sequence[str]]
    many: NDArray[np.bool_]


def rare_words(
    comparison: CrossValidation,
    classifier: Classifier,
    rows: Sequence[int],
    keywords: Mapping[str, Sequence[str]] | None,
    most: int,
) -> RareWords:
    """Find the words of articles that fewer training articles have than ``min_df``.

    Parameters
    ----------
    comparison : CrossValidation
        The comparison.
    classifier : Classifier
        One of its classifiers. Only features that are words have rare words.
    rows : sequence of int
        Rows of the dataset whose words are listed.
    keywords : mapping of str to sequence of str or None
        Keywords of each topic.
    most : int
        Maximum number of words of an article.

    Returns
    -------
    RareWords
    """
    data, known, listed = comparison.dataset, _words_of(keywords), set(rows)
    shares = np.full(len(data), np.nan)
    counted: dict[Analyser, Counts] = {}
    words: dict[int, list[str]] = {}
    for result in _first_repeat(comparison, classifier.name):
        setting, split = _setting(comparison, classifier, result), result.split
        if setting is None or setting.analyser.analyzer != "word":
            continue
        analyser = replace(setting.analyser, ngram_range=(1, 1), stemmer=None)
        if analyser not in counted:
            counted[analyser] = count_terms(data.texts, analyser)
        counts = counted[analyser]
        seen = np.bincount(csr_matrix(counts.matrix[split.train]).indices, minlength=counts.matrix.shape[1])
        least = setting.min_df if isinstance(setting.min_df, Integral) else setting.min_df * len(split.train)
        is_rare = seen < max(least, 1)
        for row in split.test.tolist():
            start, end = counts.matrix.indptr[row : row + 2]
            columns, numbers = counts.matrix.indices[start:end], counts.matrix.data[start:end]
            rare = is_rare[columns]
            shares[row] = rare.mean() if len(rare) else np.nan
            if row in listed:
                pairs = zip(counts.terms[columns[rare]], numbers[rare].tolist(), strict=True)
                usable = [
                    (word, n)
                    for word, n in pairs
                    if len(word) >= _SHORTEST_WORD and not word.isdigit() and word not in ENGLISH_STOP_WORDS
                ]
                usable.sort(key=lambda item: (item[0] not in known, -item[1], item[0]))
                words[row] = [str(word) for word, _ in usable[:most]]
    if np.isnan(shares).all():
        return RareWords(words, np.zeros(len(data), dtype=bool))
    return RareWords(words, shares > np.nanquantile(shares, 1 - _MANY))


def _words_of(keywords: Mapping[str, Sequence[str]] | None) -> set[str]:
    with_words = {topic: words for topic, words in (keywords or {}).items() if len(words)}
    return {word for phrases in keyword_phrases(with_words).values() for phrase in phrases for word in phrase.split()}


def _first_repeat(comparison: CrossValidation, classifier: str) -> list[FoldResult]:
    return [result for result in comparison.results_of(classifier) if result.split.repeat == 0]
