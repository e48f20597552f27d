"""Count the terms of all texts once; each fold selects its rows.

Counting is the slow part of TF-IDF, and the counts of a text do not depend on other texts. So terms are counted once
for all articles. Everything that depends on the training rows (vocabulary, document frequencies, idf) is computed per
fold in `topicdesk.features.tfidf`.

Texts are tokenised once for all analysers with the same tokenisation. Stop words, n-grams and the alphabetical order of
terms are then computed from word numbers. A property test compares the counts with scikit-learn's `CountVectorizer` for
every option.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
import Stemmer
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from topicdesk._progress import progress
from topicdesk.errors import FeaturesError
from topicdesk.features.names import STEMMERS, check_stemmer
from topicdesk.features.scripts import with_turkish_i

__all__ = ["STEMMERS", "Analyser", "Counts", "StemmingTokeniser", "count_terms", "count_terms_once"]

# N-grams sort like their sequences of words only if no word contains a space or a character that sorts before it.
_SPACE_OR_BELOW = re.compile(r"[\x00-\x20]")


@dataclass(frozen=True)
class Analyser:
    """Options that define how a text becomes terms.

    Parameters
    ----------
    analyzer, ngram_range, strip_accents, stop_words, token_pattern
        As in scikit-learn's `CountVectorizer`, with the same defaults.
    lowercase : bool or "turkish", default True
        As in `CountVectorizer`; or convert I to ı and İ to i, as in Turkish and Azerbaijani.
    stemmer : str, optional
        Language of a Snowball stemmer (see `STEMMERS`). Words are stemmed after stop words are removed.
    lead : int, optional
        Number of characters to read from the beginning of each text. By default, the whole text.
    """

    analyzer: Literal["word", "char", "char_wb"] = "word"
    ngram_range: tuple[int, int] = (1, 1)
    lowercase: bool | Literal["turkish"] = True
    strip_accents: Literal["ascii", "unicode"] | None = None
    stop_words: Literal["english"] | None = None
    token_pattern: str = r"(?u)\b\w\w+\b"
    stemmer: str | None = None
    lead: int | None = None

    def __post_init__(self) -> None:
        """Raise `FeaturesError` if a value is wrong, or two values cannot be combined."""
        if isinstance(self.lowercase, str) and self.lowercase != "turkish":
            raise FeaturesError(f"lowercase must be True, False or 'turkish'; got {self.lowercase!r}.")
        if self.turkish and self.strip_accents == "ascii":
            raise FeaturesError(
                "lowercase = 'turkish' and strip_accents = 'ascii' cannot be combined: 'ascii' removes the letter ı. "
                "Use strip_accents = 'unicode'."
            )
        if self.lead is not None and self.lead < 1:
            raise FeaturesError(f"lead must be at least 1 character; got {self.lead}.")
        if self.stemmer is None:
            return
        if self.analyzer != "word":
            raise FeaturesError(
                f"stemmer = {self.stemmer!r} requires analyzer = 'word', but analyzer is {self.analyzer!r}."
            )
        check_stemmer(self.stemmer)

    @property
    def turkish(self) -> bool:
        """Whether I becomes ı, and İ becomes i, in lower case."""
        return self.lowercase == "turkish"

    def options(self) -> dict[str, Any]:
        """Return the equivalent options of `CountVectorizer`, to be used on the texts that `read` returns."""
        options = asdict(self) | {"lowercase": bool(self.lowercase)}
        del options["lead"]
        if options.pop("stemmer") is None:
            return options
        options["tokenizer"] = StemmingTokeniser(self)
        return options | {"token_pattern": None, "stop_words": None}

    def read(self, texts: Sequence[str]) -> Sequence[str]:
        """Return what a vectorizer gets of each text: the whole text or its lead.

        scikit-learn lower-cases all languages in the same way, so the letters that differ in Turkish are replaced here.
        """
        if self.turkish:
            texts = [with_turkish_i(text) for text in texts]
        return texts if self.lead is None else [text[: self.lead] for text in texts]

    def vectorizer(self) -> CountVectorizer:
        """Return an unfitted `CountVectorizer` with the same options."""
        return CountVectorizer(**self.options(), dtype=np.int32)


class StemmingTokeniser:
    """A ``tokenizer`` for scikit-learn's vectorizers that removes stop words and stems the other words.

    Parameters
    ----------
    analyser : Analyser
        An analyser with a stemmer.
    """

    def __init__(self, analyser: Analyser) -> None:
        self.analyser = analyser
        self._make()

    def _make(self) -> None:
        plain = CountVectorizer(token_pattern=self.analyser.token_pattern, stop_words=self.analyser.stop_words)
        self._cut, self._dropped = plain.build_tokenizer(), plain.get_stop_words() or frozenset()

    def __getstate__(self) -> dict[str, Any]:
        """Return only the analyser, because skops cannot store a method of a compiled pattern."""
        return {"analyser": self.analyser}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the analyser and rebuild the rest."""
        self.analyser = state["analyser"]
        self._make()

    def __call__(self, text: str) -> list[str]:
        """Return the stems of a text, in order."""
        return _stems([word for word in self._cut(text) if word not in self._dropped], self.analyser.stemmer)


@dataclass(frozen=True, eq=False)
class Counts:
    """Term counts of all texts.

    Parameters
    ----------
    matrix : csr_matrix of int32, shape (n_texts, n_terms)
        Number of occurrences of each term in each text. Columns are in the alphabetical order of terms.
    words : ndarray of str, shape (n_words,)
        Words that the terms consist of.
    grams : ndarray of int, shape (n_terms, longest)
        Words of each term, as indices into `words`, padded with -1.
    """

    matrix: csr_matrix
    words: NDArray[Any]
    grams: NDArray[np.intp]

    @cached_property
    def terms(self) -> NDArray[Any]:
        """The terms, shape (n_terms,), in the order of the columns."""
        terms = [" ".join(self.words[gram[gram >= 0]]) for gram in self.grams]
        return np.array(terms, dtype=object)

    def numbers(self) -> Counts:
        """Return the counts without the names of the terms."""
        return Counts(self.matrix, self.words[:0], self.grams[:0])


@dataclass(frozen=True, eq=False)
class _Words:
    """The words of all texts, one text after the other, as numbers that follow the alphabetical order."""

    distinct: NDArray[Any]
    numbers: NDArray[np.intp]
    texts: NDArray[np.intp]

    @classmethod
    def cut(cls, texts: Sequence[str], analyser: Analyser) -> _Words:
        vectorizer = analyser.vectorizer()
        prepare, tokenise = vectorizer.build_preprocessor(), vectorizer.build_tokenizer()
        number_of: defaultdict[str, int] = defaultdict()
        number_of.default_factory = number_of.__len__
        parts = []
        for text in texts:
            words = tokenise(prepare(text))
            parts.append(np.fromiter(map(number_of.__getitem__, words), dtype=np.intp, count=len(words)))
        distinct = np.array([*number_of, None], dtype=object)[:-1]
        order = np.argsort(distinct)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        return cls(
            distinct[order],
            rank[np.concatenate(parts)] if parts else rank,
            np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
        )

    def without(self, stop_words: Iterable[str]) -> _Words:
        mask = ~np.isin(self.distinct, list(stop_words))[self.numbers]
        return _Words(self.distinct, self.numbers[mask], self.texts[mask])

    def stemmed(self, stemmer: str | None) -> _Words:
        stems, inverse = np.unique(np.array([*_stems(list(self.distinct), stemmer), ""]), return_inverse=True)
        return _Words(stems.astype(object), inverse[self.numbers], self.texts)

    def counts(self, n_texts: int, shortest: int, longest: int) -> Counts:
        if longest == 1:
            present = np.bincount(self.numbers, minlength=len(self.distinct)) > 0
            columns = np.cumsum(present) - 1
            return self._counts(n_texts, self.texts, columns[self.numbers], np.flatnonzero(present)[:, None])
        grams, texts = [], []
        for length in range(shortest, longest + 1):
            starts = np.arange(max(len(self.numbers) - length + 1, 0))
            starts = starts[self.texts[starts] == self.texts[starts + length - 1]]
            gram = np.full((len(starts), longest), -1, dtype=np.intp)
            for offset in range(length):
                gram[:, offset] = self.numbers[starts + offset]
            grams.append(gram)
            texts.append(self.texts[starts])
        distinct, columns = _distinct_rows(np.concatenate(grams))
        return self._counts(n_texts, np.concatenate(texts), columns, distinct)

    def _counts(
        self, n_texts: int, rows: NDArray[np.intp], columns: NDArray[np.intp], grams: NDArray[np.intp]
    ) -> Counts:
        ones = np.ones(len(rows), dtype=np.int32)
        matrix = csr_matrix((ones, (rows, columns)), shape=(n_texts, len(grams)))
        matrix.sum_duplicates()
        return Counts(matrix, self.distinct, grams)


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
        When no text contains a term.
    """
    return count_terms_once(texts, [analyser])[analyser]


def count_terms_once(texts: Sequence[str], analysers: Iterable[Analyser]) -> dict[Analyser, Counts]:
    """Count the terms of every text, once for each distinct analyser (see `count_terms`)."""
    distinct = list(dict.fromkeys(analysers))
    words_of: dict[Analyser, _Words] = {}
    counts = {}
    with progress(len(distinct), "counting terms", "analyser") as advance:
        for analyser in distinct:
            base = Analyser(
                lowercase=analyser.lowercase,
                strip_accents=analyser.strip_accents,
                token_pattern=analyser.token_pattern,
                lead=analyser.lead,
            )
            if analyser.analyzer == "word" and base not in words_of:
                words_of[base] = _Words.cut(base.read(texts), base)
            if analyser.analyzer != "word" or any(map(_SPACE_OR_BELOW.search, words_of[base].distinct)):
                counts[analyser] = _counted_by_scikit_learn(analyser.read(texts), analyser)
            else:
                words = words_of[base]
                stop_words = CountVectorizer(stop_words=analyser.stop_words).get_stop_words()
                if stop_words is not None:
                    words = words.without(stop_words)
                if analyser.stemmer is not None:
                    words = words.stemmed(analyser.stemmer)
                counts[analyser] = words.counts(len(texts), *analyser.ngram_range)
            if counts[analyser].matrix.shape[1] == 0:
                raise FeaturesError(f"none of {len(texts)} texts contains a term with {analyser}.")
            advance()
    return counts


def _counted_by_scikit_learn(texts: Sequence[str], analyser: Analyser) -> Counts:
    vectorizer = analyser.vectorizer()
    try:
        matrix = csr_matrix(vectorizer.fit_transform(texts))
    except ValueError as error:
        if "empty vocabulary" not in str(error):
            raise
        raise FeaturesError(f"none of {len(texts)} texts contains a term with {analyser}.") from error
    matrix.sort_indices()
    terms = vectorizer.get_feature_names_out()
    return Counts(matrix, terms, np.arange(len(terms))[:, None])


def _stems(words: list[str], stemmer: str | None) -> list[str]:
    return list(Stemmer.Stemmer(stemmer).stemWords(words))


def _distinct_rows(grams: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the distinct rows in order, and the index of each row among them."""
    inverse = np.zeros(len(grams), dtype=np.intp)
    # Column by column, to keep the sort keys small: a key combines a row's rank so far with its next word.
    for column in grams.T:
        inverse = pd.factorize(inverse * (grams.max(initial=-1) + 2) + column + 1, sort=True)[0]
    first = np.zeros(inverse.max(initial=-1) + 1, dtype=np.intp)
    first[inverse] = np.arange(len(inverse))
    return grams[first], inverse
