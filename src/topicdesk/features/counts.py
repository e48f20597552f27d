"""Count the terms of all texts once; a fold takes its rows.

Counting is the slow half of TF-IDF and depends on no other text: tokens of an article are its own. So it is done once
for all articles, and everything that depends on which articles are training rows (vocabulary, document frequencies,
idf) is done per fold in `topicdesk.features.tfidf`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from topicdesk.errors import FeaturesError
from topicdesk.progress import progress

__all__ = ["Analyser", "Counts", "count_terms", "count_terms_once"]


@dataclass(frozen=True)
class Analyser:
    """How a text becomes terms; the fields are scikit-learn's `CountVectorizer`'s, with its defaults."""

    analyzer: Literal["word", "char", "char_wb"] = "word"
    ngram_range: tuple[int, int] = (1, 1)
    lowercase: bool = True
    strip_accents: Literal["ascii", "unicode"] | None = None
    stop_words: Literal["english"] | None = None
    token_pattern: str = r"(?u)\b\w\w+\b"


@dataclass(frozen=True, eq=False)
class Counts:
    """Term counts of all texts.

    Parameters
    ----------
    matrix : csr_matrix of int32, shape (n_texts, n_terms)
        How often each term occurs in each text.
    terms : ndarray of str, shape (n_terms,)
        In alphabetical order, the order of the columns.
    """

    matrix: csr_matrix
    terms: NDArray[Any]


def count_terms(texts: Sequence[str], analyser: Analyser) -> Counts:
    """Count the terms of every text.

    Parameters
    ----------
    texts : sequence of str
        Length n_texts.
    analyser : Analyser
        How a text becomes terms.

    Returns
    -------
    Counts

    Raises
    ------
    FeaturesError
        When no text holds a term.
    """
    vectorizer = CountVectorizer(**asdict(analyser), dtype=np.int32)
    try:
        matrix = vectorizer.fit_transform(texts)
    except ValueError as error:
        if "empty vocabulary" not in str(error):
            raise
        raise FeaturesError(f"none of {len(texts)} texts holds a term under {analyser}.") from error
    matrix = csr_matrix(matrix)
    matrix.sort_indices()
    return Counts(matrix, vectorizer.get_feature_names_out())


def count_terms_once(texts: Sequence[str], analysers: Iterable[Analyser]) -> dict[Analyser, Counts]:
    """Count the terms of every text, once for each distinct analyser (see `count_terms`)."""
    distinct = dict.fromkeys(analysers)
    counts = {}
    with progress(len(distinct), "counting terms", "analyser") as advance:
        for analyser in distinct:
            counts[analyser] = count_terms(texts, analyser)
            advance()
    return counts
