"""Find near-duplicate articles, so that a split can keep them on one side.

Two texts are near-duplicates if the Jaccard similarity of their sets of word triples reaches a threshold. MinHash finds
candidate pairs (Broder 1997, "On the resemblance and containment of documents"). The exact similarity then confirms or
rejects each pair. Clusters are the connected components of the confirmed pairs. The result is deterministic: the same
texts always form the same clusters.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rensa import RMinHash
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from topicdesk._progress import progress

__all__ = ["Duplicates", "find_duplicates", "near_duplicate_groups"]

_WORD = re.compile(r"\w+")
_SHINGLE_WORDS = 3

# 32 bands of 4 rows: a pair with similarity 0.5 becomes a candidate with probability 0.87, one with 0.7 with 0.9998.
_BANDS, _ROWS = 32, 4
_SEED = 1

# Number of texts hashed at once. It limits the memory for their shingles.
_CHUNK = 2_000

_Hashes = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Clusters of near-duplicates.

    Parameters
    ----------
    groups : ndarray of int, shape (n_texts,)
        Cluster of each text. Clusters are numbered from 0 in the order of their first text.
    pairs : DataFrame
        Columns ``left, right`` (row numbers, left before right) and ``similarity``. These are the near-duplicate pairs
        that were found; clusters may contain further pairs.
    threshold : float
        Minimum Jaccard similarity of near-duplicates.
    """

    groups: NDArray[np.intp]
    pairs: pd.DataFrame
    threshold: float


def find_duplicates(texts: Sequence[str], threshold: float = 0.7) -> Duplicates:
    """Cluster near-duplicate texts.

    Parameters
    ----------
    texts : sequence of str
        Length n_texts.
    threshold : float, default 0.7
        Minimum Jaccard similarity of word triples for two texts to be near-duplicates. Lower values link texts that
        only share a form: at 0.5, Reuters R8 has a cluster of 245 dividend notices; at 0.7, no cluster has more than 8
        texts. Case, punctuation and white space are ignored. A text of fewer than three words is a single shingle.

    Returns
    -------
    Duplicates

    Raises
    ------
    TypeError
        If `texts` is not a sequence of strings.
    ValueError
        When the threshold is below 0.5 (MinHash would miss candidates) or above 1.
    """
    if isinstance(threshold, bool) or not isinstance(threshold, int | float | np.number) or not 0.5 <= threshold <= 1:
        raise ValueError(f"threshold must be between 0.5 and 1; got {threshold!r}.")
    texts = _listed(texts)
    words = _Words()
    shingles: list[_Hashes] = []
    digests: list[NDArray[np.uint32]] = []
    with progress(len(texts), "finding duplicates", "text") as advance:
        for start in range(0, len(texts), _CHUNK):
            chunk = []
            for text in texts[start : start + _CHUNK]:
                chunk.append(words.shingles(text))
                advance()
            digests.append(_digests(chunk))
            shingles += chunk
    matches = _verified(shingles, _candidates(np.vstack(digests)) if digests else (), threshold)
    pairs = pd.DataFrame(matches, columns=["left", "right", "similarity"])
    pairs = pairs.astype({"left": np.intp, "right": np.intp, "similarity": np.float64})
    ends = pairs[["left", "right"]].to_numpy(dtype=np.intp)
    links = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(texts), len(texts)))
    return Duplicates(connected_groups(links), pairs, threshold)


def connected_groups(links: csr_matrix | coo_matrix) -> NDArray[np.intp]:
    """Return the connected components of a graph, numbered from 0 in the order of their first rows."""
    _, labels = connected_components(links, directed=False)
    # SciPy's own numbers may have another order.
    return np.asarray(pd.factorize(labels)[0], dtype=np.intp)


def near_duplicate_groups(texts: Sequence[str], threshold: float = 0.7) -> NDArray[np.intp]:
    """Return groups of near-duplicate texts, such as for the `groups` of a splitter.

    Parameters
    ----------
    texts : sequence of str
        Length n_texts.
    threshold : float, default 0.7
        Minimum Jaccard similarity of word triples, from 0.5 to 1 (see `topicdesk.corpus.find_duplicates`).

    Returns
    -------
    ndarray of int, shape (n_texts,)
        Group of each text, numbered from 0 in the order of the first text of each group.

    Raises
    ------
    TypeError
        If `texts` is not a sequence of strings.
    ValueError
        If the threshold is below 0.5 or above 1.

    See Also
    --------
    topicdesk.corpus.find_duplicates : Also returns the pairs and their similarities.
    topicdesk.MultilabelStratifiedGroupKFold : Folds that keep groups together.

    Examples
    --------
    >>> from topicdesk import near_duplicate_groups
    >>> near_duplicate_groups(
    ...     [
    ...         "The new tram line opens on Monday, the city said.",
    ...         "The court heard the appeal of three residents.",
    ...         "The new tram line opens on Monday, the city said. More soon.",
    ...     ]
    ... )
    array([0, 1, 0])
    """
    return find_duplicates(texts, threshold).groups


def _listed(texts: Iterable[str]) -> list[str]:
    """Return the texts as a list; raise `TypeError` if they are not strings in an order."""
    if isinstance(texts, str | bytes | set | frozenset | Mapping | pd.DataFrame) or not isinstance(texts, Iterable):
        raise TypeError(f"texts must be a sequence of strings; got {type(texts).__name__}.")
    listed = list(texts)
    for row, text in enumerate(listed):
        if not isinstance(text, str):
            raise TypeError(f"texts must be a sequence of strings; row {row} is of type {type(text).__name__}.")
    return listed


class _Words:
    """Hash words, each distinct word only once."""

    def __init__(self) -> None:
        self.hashes: dict[str, int] = {}

    def shingles(self, text: str) -> _Hashes:
        """Return the distinct hashes of a text's word triples in ascending order."""
        words = _WORD.findall(text.casefold())
        hashed = np.fromiter(map(self._hash, words), dtype=np.uint64, count=len(words))
        if len(hashed) < _SHINGLE_WORDS:
            hashed = np.append(hashed, np.zeros(_SHINGLE_WORDS - len(hashed), dtype=np.uint64))
        rolled = np.zeros(len(hashed) - _SHINGLE_WORDS + 1, dtype=np.uint64)
        for place in range(_SHINGLE_WORDS):
            # Overflow is intended: multiplication by an odd number modulo 2**64 loses no information.
            rolled = rolled * np.uint64(0x9E3779B97F4A7C15) + hashed[place : len(hashed) - _SHINGLE_WORDS + 1 + place]
        return np.unique(rolled)

    def _hash(self, word: str) -> int:
        value = self.hashes.get(word)
        if value is None:
            digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            value = self.hashes[word] = int.from_bytes(digest, "little")
        return value


def _digests(shingles: Sequence[_Hashes]) -> NDArray[np.uint32]:
    offsets = np.concatenate([[0], np.cumsum([len(hashes) for hashes in shingles])]).astype(np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(np.concatenate(shingles), offsets, _BANDS * _ROWS, _SEED)
    return np.asarray(matrix.to_rows(), dtype=np.uint32)


def _candidates(digests: NDArray[np.uint32]) -> Iterator[NDArray[np.intp]]:
    """Yield the rows that share a band, one bucket at a time."""
    for band in range(_BANDS):
        keys = digests[:, band * _ROWS : (band + 1) * _ROWS]
        order = np.lexsort(keys.T)
        ends = np.flatnonzero((keys[order][1:] != keys[order][:-1]).any(axis=1)) + 1
        for bucket in np.split(order, ends):
            if len(bucket) > 1:
                yield bucket


def _verified(
    shingles: Sequence[_Hashes], buckets: Iterator[NDArray[np.intp]] | tuple[()], threshold: float
) -> list[tuple[int, int, float]]:
    """Return the pairs whose exact similarity reaches the threshold, sorted."""
    checked: set[tuple[int, int]] = set()
    matches = []
    for bucket in buckets:
        # Texts with equal shingles are linked to the first of them. Only that one is compared with other texts.
        first_of: dict[bytes, int] = {}
        for row in bucket.tolist():
            first = first_of.setdefault(shingles[row].tobytes(), row)
            candidates = [first] if first != row else [earlier for earlier in first_of.values() if earlier != row]
            for candidate in candidates:
                pair = (min(row, candidate), max(row, candidate))
                if pair not in checked:
                    checked.add(pair)
                    similarity = _jaccard(shingles[row], shingles[candidate])
                    if similarity >= threshold:
                        matches.append((*pair, similarity))
    return sorted(matches)


def _jaccard(one: _Hashes, other: _Hashes) -> float:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)
