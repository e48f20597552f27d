"""Match keyword rules: count the keywords of each topic in a text. Nothing is learnt, so no fold is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from topicdesk.errors import FeaturesError
from topicdesk.features.scripts import mostly_turkish, with_turkish_i

__all__ = ["keyword_hits", "keyword_matrix", "keyword_phrases", "phrase_vectorizer"]


def keyword_hits(
    texts: Sequence[str], keywords: Mapping[str, Sequence[str]], turkish: bool | None = None
) -> NDArray[np.float64]:
    """Count the distinct keywords of each topic in each text.

    Only whole words match, regardless of case. A phrase matches consecutive words.

    Parameters
    ----------
    texts : sequence of str
        Length n_texts.
    keywords : mapping of str to sequence of str
        Words and phrases of each topic; length n_topics.
    turkish : bool, optional
        Whether I and ı, and İ and i, are the same letter in upper and lower case, as in Turkish and Azerbaijani. By
        default, if most texts are in these languages.

    Returns
    -------
    ndarray of float64, shape (n_texts, n_topics)

    Raises
    ------
    FeaturesError
        When a topic has no keyword, or one that can never match.
    """
    hits, rules = keyword_matrix(texts, keywords, turkish)
    return np.column_stack([hits[:, rules["topic"] == topic].sum(axis=1) for topic in keywords]).astype(np.float64)


def keyword_matrix(
    texts: Sequence[str], keywords: Mapping[str, Sequence[str]], turkish: bool | None = None
) -> tuple[NDArray[np.bool_], pd.DataFrame]:
    """Find the keywords that each text contains.

    Parameters
    ----------
    texts, keywords, turkish
        As in `keyword_hits`.

    Returns
    -------
    found : ndarray of bool, shape (n_texts, n_keywords)
    rules : DataFrame of shape (n_keywords, 2)
        Columns ``topic, keyword``: each distinct keyword of each topic. Row i describes column i of `found`.
    """
    if turkish is None:
        turkish = mostly_turkish(texts)
    by_topic = keyword_phrases(keywords, turkish)
    pairs = [(topic, phrase) for topic, phrases in by_topic.items() for phrase in dict.fromkeys(phrases)]
    rules = pd.DataFrame(pairs, columns=["topic", "keyword"])
    vectorizer = phrase_vectorizer(by_topic)
    column_of = {phrase: column for column, phrase in enumerate(vectorizer.vocabulary)}
    read = [with_turkish_i(text) for text in texts] if turkish else texts
    matrix = vectorizer.fit_transform(read)[:, [column_of[phrase] for phrase in rules["keyword"]]]
    return matrix.toarray().astype(bool), rules


def keyword_phrases(keywords: Mapping[str, Sequence[str]], turkish: bool = False) -> dict[str, list[str]]:
    """Convert keywords to the terms that are matched in texts: lower case, words separated by one space.

    Parameters
    ----------
    keywords : mapping of str to sequence of str
        As in `keyword_hits`.
    turkish : bool, default False
        Convert to lower case as in Turkish and Azerbaijani.

    Returns
    -------
    dict of str to list of str
        Terms by topic.

    Raises
    ------
    FeaturesError
        When a topic has no keyword, or one that can never match.
    """
    tokenise = CountVectorizer().build_tokenizer()
    by_topic = {
        topic: [" ".join(tokenise((with_turkish_i(phrase) if turkish else phrase).lower())) for phrase in phrases]
        for topic, phrases in keywords.items()
    }
    for topic, phrases in by_topic.items():
        if not phrases or not all(phrases):
            raise FeaturesError(
                f"topic {topic!r} has no usable keywords. Add 'keywords' of at least two letters to the taxonomy."
            )
    return by_topic


def phrase_vectorizer(phrases: Mapping[str, Sequence[str]]) -> CountVectorizer:
    """Return a vectorizer that finds the phrases of all topics in texts.

    Parameters
    ----------
    phrases : mapping of str to sequence of str
        Terms by topic, from `keyword_phrases`.

    Returns
    -------
    CountVectorizer
        Its vocabulary is the sorted list of distinct phrases. Its features are 0 or 1.
    """
    vocabulary = sorted({phrase for group in phrases.values() for phrase in group})
    longest = max(phrase.count(" ") + 1 for phrase in vocabulary)
    return CountVectorizer(vocabulary=vocabulary, ngram_range=(1, longest), binary=True)
