"""Reference data of a model: predictions for its training articles, with which new articles are compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicdesk.features import Analyser, FeatureSetting, TermLookup, count_terms

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset
    from topicdesk.evaluation import FinalChoice

__all__ = ["Observed", "Reference", "make_reference"]

# With fewer articles in the representative sample, all articles are the better reference.
_FEWEST_REPRESENTATIVE = 100

# Maximum number of articles to keep. More articles hardly change the distributions.
_MOST_ARTICLES = 5000

_DIGITS = 5


@dataclass(frozen=True, eq=False)
class Reference:
    """Out-of-fold predictions for articles of the training corpus.

    Parameters
    ----------
    sample : str
        Sample that the articles come from. ``all`` means all labelled articles.
    probabilities : ndarray of float, shape (n_articles, n_topics)
        Calibrated probabilities, from models fitted on the other folds.
    given : ndarray of bool, shape (n_articles, n_topics)
        Topics predicted from these probabilities.
    unseen : ndarray of float, shape (n_articles,), or None
        Share of an article's words, without stop words, that are not in the vocabulary of the other training articles.
        NaN for an article without words. None if the features are not words.
    """

    sample: str
    probabilities: NDArray[np.float64]
    given: NDArray[np.bool_]
    unseen: NDArray[np.float64] | None

    def __len__(self) -> int:
        """Return the number of articles."""
        return len(self.probabilities)

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
        )


@dataclass(frozen=True, eq=False)
class Observed:
    """Predictions of a model for new articles.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n_articles, n_topics)
        Calibrated probabilities.
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


def make_reference(
    dataset: Dataset,
    choice: FinalChoice,
    probabilities: NDArray[np.float64],
    given: NDArray[np.bool_],
    representative: str | None,
) -> Reference:
    """Select the training articles with which new articles are compared, and return their predictions.

    Parameters
    ----------
    dataset : Dataset
        The training corpus.
    choice : FinalChoice
        Contains the held-out rows and the features.
    probabilities, given : ndarray of shape (n_held_out, n_topics)
        Probabilities and predictions of the held-out rows.
    representative : str or None
        The sample that was drawn uniformly. Only in this sample are topics as frequent as in the corpus. If it has
        fewer than 100 held-out articles, all articles are used.

    Returns
    -------
    Reference
        At most 5000 articles, drawn at random.
    """
    samples = dataset.samples[choice.rows]
    rows = np.flatnonzero(samples == representative)
    sample = str(representative)
    if len(rows) < _FEWEST_REPRESENTATIVE:
        rows, sample = np.arange(len(samples)), "all"
    rows = np.random.default_rng(0).permutation(rows)[:_MOST_ARTICLES]
    rows.sort()
    unseen = None
    setting = choice.candidate.view
    if isinstance(setting, FeatureSetting) and _of_words(setting):
        unseen = _unseen_shares(dataset, setting)[choice.rows][rows].round(_DIGITS)
    return Reference(sample, probabilities[rows].round(_DIGITS), given[rows], unseen)


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
