"""The terms that decided: how much each pushed an article towards a topic, or away from it.

For linear classifiers, a contribution is the term's weight times its value in the article. Contributions and a constant
add up to the score. For other classifiers, it is how far the score falls if the term is removed from the article.
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
from topicdesk.features import Analyser
from topicdesk.prediction.linear import linear_weights

__all__ = ["Contribution", "Explanation", "contributions", "find_terms", "strongest_terms"]

# Of a classifier that is not linear, so many terms of an article are taken out one by one.
_MOST_TAKEN_OUT = 60

# Colours of topics, told apart by eyes that see colour differently too (Okabe and Ito 2008), in red, green, blue.
_COLOURS = ("230,159,0", "86,180,233", "0,158,115", "204,121,167", "0,114,178", "213,94,0", "240,228,66")

# As many terms as a table names, for and against.
_SHOWN = 5


@dataclass(frozen=True)
class Contribution:
    """How much a term pushed.

    Parameters
    ----------
    term : str
    push : float
        Above 0 towards the topic, below 0 away from it; in the classifier's own score.
    """

    term: str
    contribution: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why an article gets its topics; in a notebook, its text with the terms that decided marked.

    Parameters
    ----------
    text : str
        All that was read.
    answer : Series
        What `Labeller.label` says of the article.
    contributions : mapping of str to tuple of Contribution
        Of each topic, every term of the article, the strongest towards first.
    analyser : Analyser
        That the terms come from.
    fields : tuple of str, default ()
        Fields that are weighed apart: their names stand before their terms, as in ``title__court``.
    """

    text: str
    answer: pd.Series[Any]
    contributions: Mapping[str, tuple[Contribution, ...]]
    analyser: Analyser
    fields: tuple[str, ...] = ()

    @property
    def marked(self) -> tuple[str, ...]:
        """The topics that are given; where none is, the most probable one."""
        given = tuple(str(self.answer["topics"] or "").split())
        return given or (max(self.contributions, key=lambda name: self.answer[f"p_{name}"]),)

    def table(self, count: int = _SHOWN) -> pd.DataFrame:
        """List the terms that pushed most.

        Parameters
        ----------
        count : int, default 5
            How many for and against each topic.

        Returns
        -------
        DataFrame of shape (n_topics, 4)
            By topic: its probability, whether it is given, terms towards it and away from it with their contributions.
        """
        given = str(self.answer["topics"] or "").split()
        rows = {
            name: {
                "probability": float(self.answer[f"p_{name}"]),
                "given": name in given,
                "towards": _told(one for one in terms[:count] if one.contribution > 0),
                "away": _told(one for one in terms[::-1][:count] if one.contribution < 0),
            }
            for name, terms in self.contributions.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("topic")

    def __str__(self) -> str:
        """Tell the reason, and the terms of the topics that are given."""
        lines = [str(self.answer["reason"])]
        lines += [f"{name}: {_told(self.contributions[name][:_SHOWN])}" for name in self.marked]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        colour = {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(self.contributions)}
        strongest: dict[str, tuple[float, str]] = {}
        for name in self.marked:
            for one in self.contributions[name]:
                term = self._in_text(one.term)
                if one.contribution > strongest.get(term, (0.0, ""))[0]:
                    strongest[term] = (one.contribution, name)
        most = max((push for push, _ in strongest.values()), default=1.0)
        ordered = sorted(strongest, key=lambda term: -strongest[term][0])
        pieces, place = [], 0
        for start, end, term in find_terms(self.text, ordered, self.analyser):
            push, name = strongest.get(term, (0.0, self.marked[0]))
            shade = f"rgba({colour[name]},{0.15 + 0.65 * push / most:.2f})"
            pieces.append(escape(self.text[place:start]))
            pieces.append(
                f'<mark style="background:{shade};color:inherit" title="{escape(term)}: {push:+.2f} towards '
                f'{escape(name)}">'
                f"{escape(self.text[start:end])}</mark>"
            )
            place = end
        pieces.append(escape(self.text[place:]))
        legend = " ".join(
            f'<span style="border-bottom:3px solid rgb({colour[name]});margin-right:1em">{escape(name)} '
            f"{self.answer[f'p_{name}']:.2f}</span>"
            for name in self.marked
        )
        return (
            f'<div><p>{legend}</p><p style="white-space:pre-wrap;max-width:70ch;line-height:1.5">{"".join(pieces)}</p>'
            f"<p><small>{escape(str(self.answer['reason']))}</small></p></div>"
        )

    def _in_text(self, term: str) -> str:
        """Give a term as the text has it."""
        field, _, bare = term.partition("__")
        return bare if field in self.fields else term


def contributions(
    estimator: Any, classifier: Classifier, features: csr_matrix, place: int, names: NDArray[Any]
) -> list[Contribution]:
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
    list of Contribution
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
    return [Contribution(str(names[columns[one]]), float(strength[one])) for one in order]


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
        earliest: dict[str, str] = {}
        for term in terms:
            if term.strip():
                earliest.setdefault(term.strip().lower(), term)
        pattern = "|".join(map(re.escape, earliest))
        for match in re.finditer(pattern, text, flags=re.IGNORECASE) if pattern else ():
            found = match.group()
            # Where lower case is not what the expression ignores, such as a dotted capital I.
            yield match.start(), match.end(), earliest.get(found.lower(), found)
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


def strongest_terms(
    features: csr_matrix, weights: NDArray[np.float64], names: NDArray[Any], count: int
) -> list[list[str]]:
    """Name the terms of each article that push most towards each topic of a linear classifier.

    Parameters
    ----------
    features : csr_matrix of float, shape (n_articles, n_features)
    weights : ndarray of float, shape (n_topics, n_features)
    names : ndarray of str, shape (n_features,)
    count : int
        How many at most.

    Returns
    -------
    list of list of str
        A list a topic, in it a text an article: ``court +1.20, judge +0.85``; empty where no term
        contributes.
    """
    told = []
    for row in weights:
        pushed = features.copy()
        pushed.data = features.data * row[features.indices]
        of_topic = []
        for start, end in zip(pushed.indptr[:-1], pushed.indptr[1:], strict=True):
            strength, columns = pushed.data[start:end], pushed.indices[start:end]
            order = np.argsort(-strength, kind="stable")[:count]
            of_topic.append(
                _told(
                    Contribution(str(names[columns[one]]), float(strength[one])) for one in order if strength[one] > 0
                )
            )
        told.append(of_topic)
    return told


def _told(pushed: Iterable[Contribution]) -> str:
    return ", ".join(f"{one.term} {one.contribution:+.2f}" for one in pushed)
