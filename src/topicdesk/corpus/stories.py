"""Find texts that tell the same story, which near-duplicates miss because outlets use their own words.

Two texts tell the same story if the cosine similarity of their TF-IDF vectors reaches a threshold. Stories are the
connected components of such pairs (single linkage). Near-duplicates always belong to the same story.

Single linkage can chain: A resembles B, B resembles C, until one group holds half of the texts. The threshold is
therefore raised until no group is too large, and the result says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import minimum_spanning_tree

from topicdesk._arguments import check_number
from topicdesk._progress import progress
from topicdesk._warnings import warn_user
from topicdesk.corpus.duplicates import connected_groups, find_duplicates
from topicdesk.errors import ArgumentError

__all__ = ["Stories", "find_stories", "join_groups", "story_groups"]

_WORD = re.compile(r"\w+")

# Scripts without spaces between words (Chinese, Japanese, Thai, Lao, Burmese, Khmer). A sentence would be one word, so
# pairs of characters are compared instead.
_UNSPACED = re.compile("[\u0e01-\u0edf\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")

# Number of texts that are compared with all others at once. It limits the memory for their similarities.
_CHUNK = 256

# The threshold is raised in these steps.
_STEP = 0.05

# A group of up to this many texts is no chain, even if there are few texts.
_SMALL = 10

# Similarities of equal texts differ from 1 by rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Stories:
    """Texts grouped by the story that they tell.

    Parameters
    ----------
    groups : ndarray of int, shape (n_texts,)
        Story of each text. Stories are numbered from 0 in the order of their first text.
    threshold : float
        Minimum cosine similarity that was used.
    warnings : tuple of str
        Says if the threshold was raised, or if a group is still too large.
    """

    groups: NDArray[np.intp]
    threshold: float
    warnings: tuple[str, ...] = ()

    @property
    def sizes(self) -> NDArray[np.intp]:
        """Number of texts of each story, shape (n_stories,)."""
        return np.bincount(self.groups)

    def __repr__(self) -> str:
        """Return the number of stories and of texts that share one, without the groups."""
        sizes = self.sizes
        return (
            f"Stories({len(self.groups)} texts, {len(sizes)} stories, {sizes[sizes > 1].sum()} texts share one, "
            f"threshold {self.threshold:g})"
        )


def find_stories(texts: Sequence[str], threshold: float = 0.3, largest: float = 0.1) -> Stories:
    """Group texts that tell the same story.

    Parameters
    ----------
    texts : sequence of str
        Length n_texts.
    threshold : float, default 0.3
        Minimum cosine similarity of two texts, from 0.05 to 1. Vectors are TF-IDF of words with 1 + log(count), and the
        document frequencies are those of `texts`. The same threshold therefore means something else for other texts.
    largest : float, default 0.1
        Largest share of the texts in one story, above 0. If a story has more, the threshold is raised in steps of 0.05
        until none has, and the result has a warning. Stories of up to 10 texts, and near-duplicates alone, are never
        too large.

    Returns
    -------
    Stories

    Raises
    ------
    TypeError
        If `texts` is not a sequence of strings.
    ArgumentError
        If a number is out of range.

    See Also
    --------
    topicdesk.near_duplicate_groups : Only texts that are almost equal.

    Notes
    -----
    Every pair of texts is compared, in chunks. The time grows with the square of the number of texts, and the memory
    with the number (``benchmarks/stories.py``). Only a maximum spanning forest of the similarities is kept. It has the
    same connected components as all pairs, at every threshold.

    In scripts without spaces between words, pairs of characters take the place of words.

    References
    ----------
    Gower and Ross (1969), "Minimum spanning trees and single linkage cluster analysis".

    Examples
    --------
    >>> from topicdesk.corpus import find_stories
    >>> find_stories(
    ...     [
    ...         "The new tram line opens on Monday, the city said.",
    ...         "The court heard the appeal of three residents.",
    ...         "Passengers can take the new tram line from Monday.",
    ...     ]
    ... )
    Stories(3 texts, 2 stories, 2 texts share one, threshold 0.3)
    """
    check_number("threshold", threshold, 0.05, 1)
    check_number("largest", largest, 0, 1)
    if largest == 0:
        raise ArgumentError("largest must be above 0; got 0.")
    duplicates = find_duplicates(texts)
    n_texts = len(duplicates.groups)
    forest = _forest(_vectors(list(texts)), duplicates.groups, threshold)
    most = max(largest * n_texts, _SMALL, np.bincount(duplicates.groups).max(initial=0))
    used = threshold
    groups = _components(forest, used)
    asked_for = np.bincount(groups).max(initial=0)
    while np.bincount(groups).max(initial=0) > most and used < 1:
        used = min(round(used + _STEP, 6), 1.0)
        groups = _components(forest, used)
    notes: tuple[str, ...] = ()
    if used > threshold:
        notes = (
            f"At a cosine similarity of {threshold:g}, one story would have {asked_for} of {n_texts} texts, because "
            f"similar texts form a chain. The threshold was raised to {used:g}.",
        )
    return Stories(groups, used, notes)


def story_groups(texts: Sequence[str], threshold: float = 0.3) -> NDArray[np.intp]:
    """Return groups of texts that tell the same story, such as for the `groups` of a splitter.

    Parameters
    ----------
    texts : sequence of str
        Length n_texts.
    threshold : float, default 0.3
        Minimum cosine similarity of two texts, from 0.05 to 1 (see `topicdesk.corpus.find_stories`).

    Returns
    -------
    ndarray of int, shape (n_texts,)
        Group of each text, numbered from 0 in the order of the first text of each group.

    Raises
    ------
    TypeError
        If `texts` is not a sequence of strings.
    ArgumentError
        If the threshold is out of range.

    Warns
    -----
    UserWarning
        If the threshold was raised, because a group had more than a tenth of the texts.

    See Also
    --------
    topicdesk.corpus.find_stories : Also returns the threshold that was used.
    topicdesk.near_duplicate_groups : Groups of texts that are almost equal.

    Examples
    --------
    >>> from topicdesk.corpus import story_groups
    >>> story_groups(
    ...     [
    ...         "The new tram line opens on Monday, the city said.",
    ...         "The court heard the appeal of three residents.",
    ...         "Passengers can take the new tram line from Monday.",
    ...     ]
    ... )
    array([0, 1, 0])
    """
    stories = find_stories(texts, threshold)
    for warning in stories.warnings:
        warn_user(warning)
    return stories.groups


def join_groups(*groupings: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the finest groups that contain the groups of all groupings.

    Parameters
    ----------
    *groupings : ndarray of int, shape (n_rows,)
        Group of each row.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Numbered from 0 in the order of the first row of each group.

    Examples
    --------
    >>> import numpy as np
    >>> join_groups(np.array([0, 0, 1, 2]), np.array([0, 1, 2, 1]))
    array([0, 0, 1, 0])
    """
    links = [_links_to_first(groups) for groups in groupings]
    n_rows = len(groupings[0])
    left, right = (np.concatenate(ends) for ends in zip(*links, strict=True))
    return connected_groups(csr_matrix((np.ones(len(left)), (left, right)), shape=(n_rows, n_rows)))


def _vectors(texts: list[str]) -> csr_matrix:
    """Return the TF-IDF vectors of the texts, of unit length; without columns if no text has a word."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # slow to import, and rarely needed

    if not any(map(_WORD.search, texts)):
        return csr_matrix((len(texts), 0))
    return csr_matrix(TfidfVectorizer(analyzer=_terms, sublinear_tf=True).fit_transform(texts))


def _terms(text: str) -> Iterator[str]:
    for word in _WORD.findall(text.casefold()):
        if _UNSPACED.search(word):
            yield from (word[start : start + 2] for start in range(max(len(word) - 1, 1)))
        else:
            yield word


def _forest(vectors: csr_matrix, duplicates: NDArray[np.intp], threshold: float) -> coo_matrix:
    """Return a spanning forest of the largest similarities from a threshold on. Near-duplicates have similarity 1."""
    n_texts = vectors.shape[0]
    left, right = _links_to_first(duplicates)
    similarity = np.ones(len(left))
    with progress(n_texts, "finding stories", "text") as advance:
        for start in range(0, n_texts, _CHUNK):
            # Each pair once: the texts of a chunk with each other and with all later ones.
            found = coo_matrix(vectors[start : start + _CHUNK] @ vectors[start:].T)
            close = (found.data >= threshold - _ROUNDING) & (found.row < found.col)
            left = np.concatenate([left, found.row[close] + start])
            right = np.concatenate([right, found.col[close] + start])
            similarity = np.concatenate([similarity, np.minimum(found.data[close], 1)])
            left, right, similarity = _spanning(left, right, similarity, n_texts)
            for _ in range(min(_CHUNK, n_texts - start)):
                advance()
    return coo_matrix((similarity, (left, right)), shape=(n_texts, n_texts))


def _spanning(
    left: NDArray[np.intp], right: NDArray[np.intp], similarity: NDArray[np.float64], n_texts: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    # SciPy adds up entries of the same pair. A near-duplicate occurs twice; its larger similarity comes last.
    order = np.argsort(similarity, kind="stable")
    pairs = pd.DataFrame({"left": left[order], "right": right[order], "similarity": similarity[order]})
    pairs = pairs.drop_duplicates(["left", "right"], keep="last")
    # SciPy takes 0 for no edge, so distances begin at 1.
    distances = csr_matrix((2 - pairs["similarity"], (pairs["left"], pairs["right"])), shape=(n_texts, n_texts))
    tree = coo_matrix(minimum_spanning_tree(distances))
    return tree.row.astype(np.intp), tree.col.astype(np.intp), 2 - tree.data


def _components(forest: coo_matrix, threshold: float) -> NDArray[np.intp]:
    close = forest.data >= threshold - _ROUNDING
    return connected_groups(
        coo_matrix((np.ones(close.sum()), (forest.row[close], forest.col[close])), shape=forest.shape)
    )


def _links_to_first(groups: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return pairs of rows that link each row of a group to the first row of the group."""
    _, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    rows = np.arange(len(groups))
    linked = first[group_of] != rows
    return first[group_of][linked], rows[linked]
