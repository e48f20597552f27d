"""Explain decisions: how much each term of an article contributes to the score of a topic.

For linear classifiers, a contribution is the term's weight times its value in the article. The contributions and a
constant add up to the score. For other classifiers, the contribution is the decrease of the score if the term is
removed from the article.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from topicdesk.evaluation import Classifier
from topicdesk.features import Analyser, with_turkish_i
from topicdesk.prediction.linear import linear_weights

__all__ = [
    "Contribution",
    "Explanation",
    "contributions",
    "find_terms",
    "ranked_contributions",
    "strongest_terms",
    "terms_in_text",
]

# Maximum number of terms that are removed, one by one, if the classifier is not linear.
_MOST_TAKEN_OUT = 60

# Colours of topics that people with colour blindness can distinguish (Okabe and Ito 2008), as red, green, blue.
_COLOURS = ("230,159,0", "86,180,233", "0,158,115", "204,121,167", "0,114,178", "213,94,0", "240,228,66")

# Number of terms that a table lists, for and against a topic.
_SHOWN = 5


@dataclass(frozen=True)
class Contribution:
    """Contribution of a term to the score of a topic.

    Parameters
    ----------
    term : str
        The term.
    contribution : float
        In units of the classifier's score. Positive values are towards the topic, negative values away from it.
    """

    term: str
    contribution: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """Explanation of the topics of an article. A notebook displays the text with the strongest terms marked.

    Parameters
    ----------
    text : str
        The text that the model read.
    answer : Series
        The prediction of `Labeller.label` for the article.
    contributions : mapping of str to tuple of Contribution
        Contributions of the article's terms to each topic, in descending order.
    analyser : Analyser
        The analyser that extracts the terms.
    predicted : tuple of str
        The predicted topics.
    prefixes : tuple of str, default ()
        What the names of terms of separate fields and blocks begin with, as in ``title__court`` and ``lead: court``.
    """

    text: str
    answer: pd.Series[Any]
    contributions: Mapping[str, tuple[Contribution, ...]]
    analyser: Analyser
    predicted: tuple[str, ...]
    prefixes: tuple[str, ...] = ()

    @property
    def marked(self) -> tuple[str, ...]:
        """The predicted topics. If there are none, the most probable one."""
        return self.predicted or (max(self.contributions, key=lambda name: self.answer[f"p_{name}"]),)

    def table(self, count: int = _SHOWN) -> pd.DataFrame:
        """Return the terms that contribute most to each topic.

        Parameters
        ----------
        count : int, default 5
            Maximum number of terms for each topic, and of terms against it.

        Returns
        -------
        DataFrame of shape (n_topics, 4)
            Indexed by topic. Columns: ``probability``, ``predicted`` (whether the topic is predicted), ``towards`` and
            ``away`` (terms for and against the topic, with their contributions).
        """
        rows = {
            name: {
                "probability": float(self.answer[f"p_{name}"]),
                "predicted": name in self.predicted,
                "towards": _as_text(entry for entry in terms[:count] if entry.contribution > 0),
                "away": _as_text(entry for entry in terms[::-1][:count] if entry.contribution < 0),
            }
            for name, terms in self.contributions.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("topic")

    def __str__(self) -> str:
        """Return the reason for the prediction, and the strongest terms of each topic in `marked`."""
        lines = [str(self.answer["reason"])]
        lines += [f"{name}: {_as_text(self.contributions[name][:_SHOWN])}" for name in self.marked]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        colour = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(self.contributions)}
        strongest: dict[str, tuple[float, str]] = {}
        for name in self.marked:
            for entry in self.contributions[name]:
                term = _term_in_text(entry.term, self.prefixes)
                if entry.contribution > strongest.get(term, (0.0, ""))[0]:
                    strongest[term] = (entry.contribution, name)
        largest = max((value for value, _ in strongest.values()), default=1.0)
        ordered = sorted(strongest, key=lambda term: -strongest[term][0])
        pieces, position = [], 0
        for start, end, term in find_terms(self.text, ordered, self.analyser):
            value, name = strongest.get(term, (0.0, self.marked[0]))
            shade = f"rgba({colour[name]},{0.15 + 0.65 * value / largest:.2f})"
            pieces.append(escape(self.text[position:start]))
            pieces.append(
                f'<mark style="background:{shade};color:inherit" title="{escape(term)}: {value:+.2f} towards '
                f'{escape(name)}">'
                f"{escape(self.text[start:end])}</mark>"
            )
            position = end
        pieces.append(escape(self.text[position:]))
        legend = " ".join(
            f'<span style="border-bottom:3px solid rgb({colour[name]});margin-right:1em">{escape(name)} '
            f"{self.answer[f'p_{name}']:.2f}</span>"
            for name in self.marked
        )
        return (
            f'<div><p>{legend}</p><p style="white-space:pre-wrap;max-width:70ch;line-height:1.5">{"".join(pieces)}</p>'
            f"<p><small>{escape(str(self.answer['reason']))}</small></p></div>"
        )


def _term_in_text(name: str, prefixes: Iterable[str]) -> str:
    """Return a term as it is in a text, without the prefix of its field or block."""
    prefix = next((prefix for prefix in prefixes if name.startswith(prefix)), "")
    return name[len(prefix) :]


def terms_in_text(terms: Iterable[Contribution], prefixes: Sequence[str]) -> list[Contribution]:
    """Return contributions by term in the text: the sum over all fields and blocks that have the term."""
    sums: dict[str, float] = {}
    for entry in terms:
        term = _term_in_text(entry.term, prefixes)
        sums[term] = sums.get(term, 0.0) + entry.contribution
    return [Contribution(term, contribution) for term, contribution in sums.items()]


def contributions(
    estimator: Any, classifier: Classifier, features: csr_matrix, place: int, names: NDArray[Any]
) -> list[Contribution]:
    """Return how much each term of an article contributes to its score.

    Parameters
    ----------
    estimator : estimator
        Fitted on one topic, or on all classes.
    classifier : Classifier
        The classifier of the estimator. It defines how to compute scores.
    features : csr_matrix of float, shape (1, n_features)
        Features of the article.
    place : int
        Index of the class to explain in ``estimator.classes_``: 1 for an estimator of one topic.
    names : ndarray of str, shape (n_features,)
        Terms of the features.

    Returns
    -------
    list of Contribution
        Contributions in descending order. If the estimator is not linear, only of the 60 terms with the highest values.
    """
    weights = linear_weights(estimator)
    columns, values = features.indices, features.data
    # With two classes there is one score, which is that of the second class.
    sign = -1 if len(estimator.classes_) == 2 and place == 0 else 1
    if weights is not None:
        coef = weights[0]
        strength = sign * coef[place if len(coef) > 1 else 0, columns] * values
    else:
        order = np.argsort(-values, kind="stable")[:_MOST_TAKEN_OUT]
        columns = columns[order]
        reduced = csr_matrix(np.ones((len(columns) + 1, 1))) @ features
        reduced = reduced.tolil()
        for row, column in enumerate(columns, start=1):
            reduced[row, column] = 0
        scores = classifier.score(estimator, reduced.tocsr())
        scores = scores if scores.ndim == 1 else scores[:, place]
        strength = sign * (scores[0] - scores[1:])
    return ranked_contributions(names[columns], strength)


def ranked_contributions(terms: NDArray[Any], strength: NDArray[np.float64]) -> list[Contribution]:
    """Return the contributions of terms in descending order. `strength` contains one number per term."""
    order = np.argsort(-strength, kind="stable")
    return [Contribution(str(terms[index]), float(strength[index])) for index in order]


def find_terms(text: str, terms: Sequence[str], analyser: Analyser) -> Iterator[tuple[int, int, str]]:
    """Find the positions of terms in a text.

    Parameters
    ----------
    text : str
        The text.
    terms : sequence of str
        Terms, as extracted by the analyser.
    analyser : Analyser
        The analyser that extracts the terms.

    Yields
    ------
    start, end : int
        Position of a word, or of a sequence of characters, that belongs to a term. Positions ascend and do not overlap.
    term : str
        The first of `terms` that it belongs to.
    """
    flags = re.IGNORECASE
    if analyser.turkish:  # the text keeps its length
        text = with_turkish_i(text).lower()
        flags = re.NOFLAG  # re.IGNORECASE takes ı for i
    if analyser.analyzer != "word":
        earliest: dict[str, str] = {}
        for term in terms:
            if term.strip():
                earliest.setdefault(term.strip().lower(), term)
        pattern = "|".join(map(re.escape, earliest))
        for match in re.finditer(pattern, text, flags=flags) if pattern else ():
            matched = match.group()
            # The default is needed where re.IGNORECASE and lower() differ, such as for a dotted capital I.
            yield match.start(), match.end(), earliest.get(matched.lower(), matched)
        return
    words = [(match.start(), match.end()) for match in re.finditer(analyser.token_pattern, text)]
    prepare = analyser.vectorizer().build_preprocessor()
    vectorizer = CountVectorizer(**{**analyser.options(), "ngram_range": (1, 1)})
    analyse = vectorizer.build_analyzer()
    # Analyse each word alone. The result is empty for a stop word.
    tokens = [(span, analysed[0]) for span in words if (analysed := analyse(prepare(text[slice(*span)])))]
    rank = {term: position for position, term in enumerate(terms)}
    term_at: dict[int, str] = {}
    for length in sorted({term.count(" ") + 1 for term in terms}):
        for start in range(len(tokens) - length + 1):
            phrase = " ".join(word for _, word in tokens[start : start + length])
            if phrase in rank:
                for number in range(start, start + length):
                    existing = term_at.get(number)
                    if existing is None or rank[phrase] < rank[existing]:
                        term_at[number] = phrase
    for number in sorted(term_at):
        yield (*tokens[number][0], term_at[number])


def strongest_terms(
    features: csr_matrix, weights: NDArray[np.float64], names: NDArray[Any], count: int
) -> list[list[str]]:
    """Return the terms of each article that contribute most towards each topic of a linear classifier.

    Parameters
    ----------
    features : csr_matrix of float, shape (n_articles, n_features)
        Features of the articles.
    weights : ndarray of float, shape (n_topics, n_features)
        Weights of the classifier.
    names : ndarray of str, shape (n_features,)
        Terms of the features.
    count : int
        Maximum number of terms per article and topic.

    Returns
    -------
    list of list of str
        One list per topic, with one string per article, such as ``court +1.20, judge +0.85``. Empty if no term
        contributes towards the topic.
    """
    strongest = []
    for row in weights:
        products = features.copy()
        products.data = features.data * row[features.indices]
        descriptions = []
        for start, end in zip(products.indptr[:-1], products.indptr[1:], strict=True):
            strength, columns = products.data[start:end], products.indices[start:end]
            order = np.argsort(-strength, kind="stable")[:count]
            descriptions.append(
                _as_text(
                    Contribution(str(names[columns[index]]), float(strength[index]))
                    for index in order
                    if strength[index] > 0
                )
            )
        strongest.append(descriptions)
    return strongest


def _as_text(pushed: Iterable[Contribution]) -> str:
    return ", ".join(f"{entry.term} {entry.contribution:+.2f}" for entry in pushed)
