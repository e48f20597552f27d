"""Count the terms of a fitted vocabulary in new texts, as scikit-learn's vectorizers do, without a loop over words.

scikit-learn splits a text with a regular expression, and looks up each word and each n-gram in a dictionary. Here, all
texts of a batch form one array of characters, one byte each. NumPy operations find where words begin and end, read
eight characters of a word as one number, and represent n-grams as pairs of numbers. The mapping from words to numbers
is one to one, so the counts are exact. A property test compares them with `CountVectorizer.transform`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

__all__ = ["TermLookup"]

_Numbers = NDArray[np.int64]

# Only vectorizers with this pattern are supported: a word is a maximal run of two or more letters, digits or
# underscores.
_TOKEN_PATTERN = r"(?u)\b\w\w+\b"
_SHORTEST = 2

# Number of characters of a word that form one number.
_CHUNK = 8
_MASKS = np.array([(1 << 8 * length) - 1 for length in range(_CHUNK + 1)], dtype=np.uint64)

# Codes of characters between words, and of word characters outside the vocabulary. Other codes are characters of known
# words.
_BETWEEN, _UNKNOWN = 0, 255


class TermLookup:
    """Count the terms of fitted vectorizers in texts.

    Parameters
    ----------
    vectorizer : CountVectorizer or TfidfVectorizer
        A fitted vectorizer that `suits` accepts.
    beside : sequence of CountVectorizer or TfidfVectorizer, default ()
        Others that read the same texts (see `can_share`). Texts are split into words once for all of them.

    Attributes
    ----------
    words : frozenset of str
        Words that the terms of `vectorizer` consist of.
    """

    def __init__(self, vectorizer: CountVectorizer, beside: Sequence[CountVectorizer] = ()) -> None:
        self._prepare = vectorizer.build_preprocessor()
        vectorizers = (vectorizer, *beside)
        runs_of = [_runs_of(one) for one in vectorizers]
        self.words = frozenset(word for run in runs_of[0] for word in run)
        # The words of the first vectorizer have the lowest numbers.
        words = _numbered(word for runs in runs_of for run in runs for word in run)
        stop_words = frozenset().union(*(one.get_stop_words() or () for one in vectorizers))
        words |= {word: len(words) + index for index, word in enumerate(sorted(stop_words - set(words)))}
        self._codes = _code_table(words)
        self._words = _Words(words, self._codes)
        self._counters = [_TermCounter(one, runs, words) for one, runs in zip(vectorizers, runs_of, strict=True)]

    @staticmethod
    def suits(vectorizer: CountVectorizer) -> bool:
        """Return whether this class supports a vectorizer; others must use their own ``transform``."""
        settings = (vectorizer.tokenizer, vectorizer.preprocessor, vectorizer.input, vectorizer.decode_error)
        return (
            vectorizer.analyzer == "word"
            and settings == (None, None, "content", "strict")
            and vectorizer.token_pattern == _TOKEN_PATTERN
            and len(_letters_of(vectorizer)) < _UNKNOWN
        )

    @staticmethod
    def can_share(vectorizers: Sequence[CountVectorizer]) -> bool:
        """Return whether one lookup supports all vectorizers, because they split a text into the same words."""
        preparations = {(one.lowercase, one.strip_accents) for one in vectorizers}
        letters = frozenset().union(*map(_letters_of, vectorizers))
        return len(preparations) == 1 and len(letters) < _UNKNOWN and all(map(TermLookup.suits, vectorizers))

    def counts(self, texts: Sequence[str]) -> csr_matrix:
        """Count the terms of the first vectorizer in texts.

        Parameters
        ----------
        texts : sequence of str
            Length n_texts.

        Returns
        -------
        csr_matrix, shape (n_texts, n_terms)
            Same as ``CountVectorizer.transform``: same values, same types, same order of indices.
        """
        words, bounds = self._cut(texts)
        return self._counters[0].counts(words, bounds)

    def counts_of_each(self, texts: Sequence[str]) -> list[csr_matrix]:
        """Count the terms of all vectorizers in texts: one result of `counts` for each."""
        words, bounds = self._cut(texts)
        return [counter.counts(words, bounds) for counter in self._counters]

    def known_share(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Compute the share of each text's words that are in the vocabulary; NaN if there are no words.

        Stop words are not counted.
        """
        words, bounds = self._cut(texts)
        counted = ~self._counters[0].stops[words]
        known = counted & (words >= 0) & (words < len(self.words))
        totals = np.concatenate([[0], np.cumsum(counted)]), np.concatenate([[0], np.cumsum(known)])
        n_counted, n_known = (np.diff(total[bounds]) for total in totals)
        return np.asarray(np.divide(n_known, n_counted, out=np.full(len(texts), np.nan), where=n_counted > 0))

    def _cut(self, texts: Sequence[str]) -> tuple[_Numbers, _Numbers]:
        """Return the number of each word (-1 if unknown), and the index of each text's first word."""
        prepared = [self._prepare(text) for text in texts]
        # Line breaks separate texts. The padding at the end allows a full chunk to be read from the last word.
        joined = "\n" + "\n".join(prepared) + "\n" * (_CHUNK + 1)
        codes = self._codes[np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")]
        inside = codes != _BETWEEN
        edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
        starts, lengths = edges[::2], edges[1::2] - edges[::2]
        long_enough = lengths >= _SHORTEST
        starts, lengths = starts[long_enough], lengths[long_enough]
        ends_of_texts = 1 + np.cumsum([len(text) + 1 for text in prepared], dtype=np.int64)
        bounds = np.concatenate([[0], np.searchsorted(starts, ends_of_texts)])
        return self._words.find(codes, starts, lengths), bounds


class _TermCounter:
    """Count the terms of one vectorizer in sequences of numbered words."""

    def __init__(
        self, vectorizer: CountVectorizer, runs: Mapping[tuple[str, ...], int], number_of: Mapping[str, int]
    ) -> None:
        self._longest = vectorizer.ngram_range[1]
        self._binary, self._dtype = vectorizer.binary, vectorizer.dtype
        self._n_terms = len(vectorizer.vocabulary_)
        stop_words = frozenset(vectorizer.get_stop_words() or ())
        self.stops = np.zeros(len(number_of) + 1, dtype=np.bool_)  # the last entry, index -1, is for unknown words
        self.stops[[number_of[word] for word in stop_words]] = True
        self._has_stops = bool(stop_words)
        numbered = {tuple(number_of[word] for word in run): number for run, number in runs.items()}
        self._runs = _Tree(numbered, len(number_of))

    def counts(self, words: _Numbers, bounds: _Numbers) -> csr_matrix:
        """Count terms in texts, given the number of each word and the index of each text's first word."""
        n_texts = len(bounds) - 1
        row_of = np.repeat(np.arange(n_texts), np.diff(bounds))
        if self._has_stops:
            mask = ~self.stops[words]
            words, row_of = words[mask], row_of[mask]
        rows, terms = [], []
        positions = np.flatnonzero(words >= 0)
        path = np.zeros(len(positions), dtype=np.int64)
        for length in range(1, self._longest + 1):
            if length > 1:
                # An n-gram continues if the next word is known and is in the same text.
                continues = positions + length - 1 < len(words)
                positions, path = positions[continues], path[continues]
                next_positions = positions + length - 1
                continues = (words[next_positions] >= 0) & (row_of[next_positions] == row_of[positions])
                positions, path = positions[continues], path[continues]
            path, term = self._runs.step(length, path, words[positions + length - 1])
            complete = term >= 0
            rows.append(row_of[positions[complete]])
            terms.append(term[complete])
            positions, path = positions[path >= 0], path[path >= 0]
        return self._counted(np.concatenate(rows), np.concatenate(terms), n_texts)

    def _counted(self, rows: _Numbers, terms: _Numbers, n_texts: int) -> csr_matrix:
        counts = csr_matrix((np.ones(len(rows), dtype=self._dtype), (rows, terms)), shape=(n_texts, self._n_terms))
        counts.sum_duplicates()
        if self._binary:
            counts.data.fill(1)
        return counts


class _Tree:
    """Prefix tree that maps sequences of numbers to one number each."""

    def __init__(self, stands_for: Mapping[tuple[int, ...], int], n_symbols: int) -> None:
        self._n_symbols = max(n_symbols, 1)
        self._keys: list[Any] = []
        self._ends: list[_Numbers] = []
        indices: dict[tuple[int, ...], int] = {(): 0}
        for length in range(1, max(map(len, stands_for), default=1) + 1):
            beginnings = sorted({sequence[:length] for sequence in stands_for if len(sequence) >= length})
            keys = [indices[sequence[:-1]] * self._n_symbols + sequence[-1] for sequence in beginnings]
            self._keys.append(pd.Index(np.array(keys, dtype=np.int64)))
            # The last entry, index -1, is for sequences that are not in the tree.
            ends = [stands_for.get(sequence, -1) for sequence in beginnings]
            self._ends.append(np.array([*ends, -1], dtype=np.int64))
            indices = {sequence: number for number, sequence in enumerate(beginnings)}

    def step(self, length: int, path: _Numbers, symbols: _Numbers) -> tuple[_Numbers, _Numbers]:
        """Extend paths of ``length - 1`` symbols by their next symbol.

        Parameters
        ----------
        length : int
            Length of the paths after the step; 1 for the first step.
        path, symbols : ndarray of int, same shape
            Node of each path (0 before the first step), and its next symbol; none is negative.

        Returns
        -------
        path, found : ndarray of int
            New node of each path, and the number that its sequence maps to; -1 if there is none.
        """
        if length > len(self._keys):
            nowhere = np.full(len(path), -1, dtype=np.int64)
            return nowhere, nowhere
        path = self._keys[length - 1].get_indexer(pd.Index(path * self._n_symbols + symbols))
        return path, self._ends[length - 1][path]


class _Words:
    """Known words, split into chunks of eight characters."""

    def __init__(self, number_of: Mapping[str, int], codes: NDArray[np.uint8]) -> None:
        chunked = {}
        for word, number in number_of.items():
            word_codes = codes[[ord(character) for character in word]]
            if len(word_codes) >= _SHORTEST and (word_codes != _BETWEEN).all():  # other words never occur as tokens
                padded = np.append(word_codes, np.zeros(-len(word_codes) % _CHUNK, dtype=np.uint8))
                chunked[tuple(padded.view("<u8").tolist())] = number
        distinct = sorted({chunk for chunks in chunked for chunk in chunks})
        self._chunks = pd.Index(np.array(distinct, dtype=np.uint64))
        index_of = {chunk: number for number, chunk in enumerate(distinct)}
        tree = {tuple(index_of[chunk] for chunk in chunks): number for chunks, number in chunked.items()}
        self._tree = _Tree(tree, len(distinct))
        self._longest = max(map(len, tree), default=0)

    def find(self, codes: NDArray[np.uint8], starts: _Numbers, lengths: _Numbers) -> _Numbers:
        """Return the number of the word at each start, or -1 if the word is unknown."""
        chunk_at = np.ndarray((len(codes) - _CHUNK + 1,), dtype="<u8", buffer=codes, strides=(1,))
        numbers = np.full(len(starts), -1, dtype=np.int64)
        active = np.flatnonzero(lengths <= _CHUNK * self._longest)
        path = np.zeros(len(active), dtype=np.int64)
        for step in range(1, self._longest + 1):
            remaining = lengths[active] - _CHUNK * (step - 1)
            chunks = chunk_at[starts[active] + _CHUNK * (step - 1)] & _MASKS[np.minimum(remaining, _CHUNK)]
            symbols = self._chunks.get_indexer(pd.Index(chunks))
            known = symbols >= 0
            active, path, remaining = active[known], path[known], remaining[known]
            path, word = self._tree.step(step, path, symbols[known])
            ends = remaining <= _CHUNK
            numbers[active[ends]] = word[ends]
            continues = ~ends & (path >= 0)
            active, path = active[continues], path[continues]
        return numbers


def _runs_of(vectorizer: CountVectorizer) -> dict[tuple[str, ...], int]:
    """Return the terms of a vectorizer that can occur, as sequences of words, with their columns."""
    shortest, longest = vectorizer.ngram_range
    runs = {tuple(term.split(" ")): int(number) for term, number in vectorizer.vocabulary_.items()}
    return {run: number for run, number in runs.items() if shortest <= len(run) <= longest}


def _letters_of(vectorizer: CountVectorizer) -> frozenset[str]:
    return frozenset().union(*vectorizer.vocabulary_, *(vectorizer.get_stop_words() or ()))


def _numbered(words: Iterable[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(dict.fromkeys(words))}


def _code_table(words: Iterable[str]) -> NDArray[np.uint8]:
    """Return the code of each character: 0 for non-word characters, 255 for word characters outside `words`."""
    table = np.where(_word_characters(), np.uint8(_UNKNOWN), np.uint8(_BETWEEN))
    letters = [character for character in sorted(set().union(*words)) if table[ord(character)] != _BETWEEN]
    table[[ord(character) for character in letters]] = np.arange(1, len(letters) + 1)
    return table


@cache
def _word_characters() -> NDArray[np.bool_]:
    r"""Return whether each Unicode character matches ``\w``."""
    is_word = np.fromiter((chr(number).isalnum() for number in range(0x110000)), dtype=np.bool_, count=0x110000)
    is_word[ord("_")] = True
    return is_word
