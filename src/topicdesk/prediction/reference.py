"""Reference data of a model: predictions for articles of its corpus, with which new articles are compared.

A model is surer of articles that it was fitted on, and a model of fewer articles is less sure of all. Therefore the
reference is scored by the model itself, on articles that it was not fitted on. Where there are none, it is scored by
models fitted on nearly all articles.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicdesk.features import Analyser, FeatureSetting, TermLookup, count_terms

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = ["DIGITS", "FEWEST_REFERENCE", "MOST_REFERENCE", "Observed", "Reference", "labelled_reference"]

#: With fewer articles in the representative sample, or fewer unlabelled ones, all labelled articles are the better
#: reference.
FEWEST_REFERENCE = 100

#: Maximum number of articles to keep. More articles hardly change the distributions.
MOST_REFERENCE = 5000

Scorer = Literal["model", "fold models", "inner folds"]

#: Number of decimals of probabilities and shares.
DIGITS = 5


@dataclass(frozen=True, eq=False)
class Reference:
    """Predictions for articles of a model's corpus that were not used to fit the model that predicted them.

    Parameters
    ----------
    sample : str
        Sample that the articles come from. ``all`` means all labelled articles, ``unlabelled`` unlabelled ones.
    probabilities : ndarray of float, shape (n_articles, n_topics)
        Calibrated probabilities.
    given : ndarray of bool, shape (n_articles, n_topics)
        Topics predicted from these probabilities.
    unseen : ndarray of float, shape (n_articles,), or None
        Share of an article's words, without stop words, that are not in the vocabulary; for a labelled article, the
        vocabulary without the article and its copies. NaN for an article without words. None if the features are not
        words.
    scored_by : {"model", "fold models", "inner folds"}, default "inner folds"
        Which models predicted: the model itself, for unlabelled articles; models fitted on nearly all labelled articles
        (see `fit_labeller`); or those of the inner folds, in a model that an older version of topicdesk saved. The
        latter were fitted on too few articles, so drift is reported too often.
    """

    sample: str
    probabilities: NDArray[np.float64]
    given: NDArray[np.bool_]
    unseen: NDArray[np.float64] | None
    scored_by: Scorer = "inner folds"

    def __len__(self) -> int:
        """Return the number of articles."""
        return len(self.probabilities)

    def description(self) -> str:
        """Return how many articles there are, which ones, and which models scored them."""
        if self.scored_by == "model":
            return f"{len(self):,} unlabelled articles of the model's corpus"
        caveat = "not all of them were drawn at random, which alone can change shares" if self.sample == "all" else ""
        if self.scored_by == "inner folds":
            old = "fitted on fewer articles, which alone can change scores: fit the model again"
            caveat = f"{caveat}; they were scored by models {old}" if caveat else f"scored by models {old}"
        articles = f"{len(self):,} labelled articles (sample: {self.sample})"
        return f"{articles}; {caveat}" if caveat else articles

    def facts(self) -> dict[str, Any]:
        """Return the data as values that JSON can represent."""
        facts = {
            name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in asdict(self).items()
        }
        if self.unseen is not None:
            facts["unseen"] = [None if np.isnan(share) else share for share in facts["unseen"]]
        return facts

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Reference:
        """Create a reference from the result of `facts`."""
        unseen = facts["unseen"]
        return cls(
            facts["sample"],
            np.array(facts["probabilities"], dtype=np.float64),
            np.array(facts["given"], dtype=np.bool_),
            None if unseen is None else np.array([np.nan if share is None else share for share in unseen]),
            facts.get("scored_by", "inner folds"),
        )


@dataclass(frozen=True, eq=False)
class Observed:
    """Predictions of a model for new articles.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n_articles, n_topics)
        Calibrated probabilities, to 5 decimals like those of a reference.
    given : ndarray of bool, shape (n_articles, n_topics)
        Predicted topics.
    unseen : ndarray of float, shape (n_articles,), or None
        Share of an article's words, without stop words, that are not in the vocabulary. NaN for an article without
        words. None if the features are not words.
    unlabelled : int
        Number of articles that could not be labelled. The arrays do not contain them.
    """

    probabilities: NDArray[np.float64]
    given: NDArray[np.bool_]
    unseen: NDArray[np.float64] | None
    unlabelled: int

    def __len__(self) -> int:
        """Return the number of articles."""
        return len(self.probabilities)

    def reference(self) -> Reference:
        """Return the predictions as the reference of the model that made them."""
        return Reference("unlabelled", self.probabilities, self.given, self.unseen, "model")


def labelled_reference(
    dataset: Dataset,
    view: FeatureSetting | str,
    rows: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    given: NDArray[np.bool_],
    representative: str | None,
) -> Reference:
    """Select the labelled articles with which new articles are compared, and return their predictions.

    Parameters
    ----------
    dataset : Dataset
        The labelled articles.
    view : FeatureSetting or str
        The features; the name of those that are not TF-IDF features.
    rows : ndarray of int, shape (n_held_out,)
        Rows that were predicted by models of other folds.
    probabilities, given : ndarray of shape (n_held_out, n_topics)
        Probabilities and predictions of these rows.
    representative : str or None
        The sample that was drawn uniformly. Only in this sample are topics as frequent as in the corpus. If it has
        fewer than 100 held-out articles, all articles are used.

    Returns
    -------
    Reference
        At most 5000 articles, drawn at random.
    """
    samples = dataset.samples[rows]
    selected = np.flatnonzero(samples == representative)
    sample = str(representative)
    if len(selected) < FEWEST_REFERENCE:
        selected, sample = np.arange(len(samples)), "all"
    selected = np.random.default_rng(0).permutation(selected)[:MOST_REFERENCE]
    selected.sort()
    unseen = None
    if isinstance(view, FeatureSetting) and _of_words(view):
        unseen = _unseen_shares(dataset, view)[rows][selected].round(DIGITS)
    return Reference(sample, probabilities[selected].round(DIGITS), given[selected], unseen, "fold models")


def _of_words(setting: FeatureSetting) -> bool:
    return setting.analyser.analyzer == "word" and setting.analyser.stemmer is None and not setting.field_weights


def _unseen_shares(dataset: Dataset, setting: FeatureSetting) -> NDArray[np.float64]:
    """Return the share of each article's words that are not in the vocabulary without the article and its copies."""
    known_words = TermLookup(setting.vectorizer().fit(setting.analyser.read(dataset.texts))).words
    unigrams = Analyser(**{**setting.analyser.__dict__, "ngram_range": (1, 1)})
    counts = count_terms(dataset.texts, unigrams)
    presence = counts.matrix.copy()
    presence.data.fill(1)
    _, group = np.unique(dataset.groups, return_inverse=True)
    membership = csr_matrix((np.ones(len(group), dtype=np.int32), (group, np.arange(len(group)))))
    within_group = (membership @ presence)[group].multiply(presence).tocsr()
    presence.sort_indices()
    within_group.sort_indices()
    document_frequency = np.asarray(presence.sum(axis=0)).ravel()
    min_df = setting.min_df if isinstance(setting.min_df, int) else setting.min_df * len(dataset)
    in_vocabulary = np.array([word in known_words for word in counts.terms])
    # `within_group` is at least 1 for each word of an article, so both matrices have the same non-zero entries.
    is_known = in_vocabulary[presence.indices] & (document_frequency[presence.indices] - within_group.data >= min_df)
    known_counts = csr_matrix(
        (counts.matrix.data * is_known, counts.matrix.indices, counts.matrix.indptr), counts.matrix.shape
    )
    total = np.asarray(counts.matrix.sum(axis=1), dtype=np.float64).ravel()
    known_share = np.divide(
        np.asarray(known_counts.sum(axis=1)).ravel(), total, out=np.full(len(total), np.nan), where=total > 0
    )
    return np.asarray(1 - known_share)
