"""Weigh counts for one fold: everything learnt is learnt on its training rows.

`weigh_fold` gives the matrices that scikit-learn's `TfidfVectorizer`, fitted on the texts of the training rows, would
give, without tokenising a text again. A property test holds the two together for every option.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer

from topicdesk.errors import FeaturesError
from topicdesk.features.counts import Analyser, Counts

__all__ = ["FeatureSetting", "FoldWeights", "weigh_fold"]


@dataclass(frozen=True)
class FeatureSetting:
    """One choice of features; the fields are scikit-learn's `TfidfVectorizer`'s, with its defaults.

    Parameters
    ----------
    analyser : Analyser
        How a text becomes terms.
    min_df, max_df : int or float
        Fewest and most training texts that may hold a term: a count, or a share of them.
    max_features : int, optional
        Keep the terms most frequent in the training texts.
    binary : bool, default False
        Count a term once a text.
    sublinear_tf : bool, default False
        Replace a count by 1 + log(count).
    use_idf, smooth_idf : bool, default True
        Weigh by inverse document frequency, as if one more text held every term once.
    norm : {"l2", "l1"} or None, default "l2"
        Length that each text's weights are scaled to.
    """

    analyser: Analyser = field(default_factory=Analyser)
    min_df: int | float = 1
    max_df: int | float = 1.0
    max_features: int | None = None
    binary: bool = False
    sublinear_tf: bool = False
    use_idf: bool = True
    smooth_idf: bool = True
    norm: Literal["l2", "l1"] | None = "l2"

    def vectorizer(self) -> TfidfVectorizer:
        """Give scikit-learn's vectorizer of the same options, not fitted."""
        options = asdict(self)
        return TfidfVectorizer(**options.pop("analyser"), **options)

    def changed(self) -> dict[str, Any]:
        """Give the options that differ from scikit-learn's defaults."""
        default = FeatureSetting()
        flat, plain = ({**asdict(s), **asdict(s.analyser)} for s in (self, default))
        return {name: value for name, value in flat.items() if name != "analyser" and value != plain[name]}


@dataclass(frozen=True, eq=False)
class FoldWeights:
    """TF-IDF weights of one fold.

    Parameters
    ----------
    train : csr_matrix of float64, shape (n_train, n_kept)
        Weights of the training rows.
    test : csr_matrix of float64, shape (n_test, n_kept)
        Weights of the held-out rows, by what the training rows taught.
    columns : ndarray of int, shape (n_kept,)
        The kept terms, as columns of the counts.
    idf : ndarray of float64, shape (n_kept,) or None
        Inverse document frequencies in the training rows.
    """

    train: csr_matrix
    test: csr_matrix
    columns: NDArray[np.intp]
    idf: NDArray[np.float64] | None


def weigh_fold(counts: Counts, setting: FeatureSetting, train: NDArray[np.intp], test: NDArray[np.intp]) -> FoldWeights:
    """Choose the vocabulary and weigh it on the training rows, then weigh the held-out rows with it.

    Parameters
    ----------
    counts : Counts
        Of all texts, under ``setting.analyser``.
    setting : FeatureSetting
        What to keep and how to weigh it.
    train, test : ndarray of int
        Row numbers.

    Returns
    -------
    FoldWeights

    Raises
    ------
    FeaturesError
        When no term is left.
    """
    train_counts = counts.matrix[train]
    if setting.binary:
        train_counts.data.fill(1)
    columns = _kept_columns(train_counts, setting)
    weights = TfidfTransformer(
        norm=setting.norm,
        use_idf=setting.use_idf,
        smooth_idf=setting.smooth_idf,
        sublinear_tf=setting.sublinear_tf,
    )
    train_weights = weights.fit_transform(train_counts[:, columns])
    test_counts = counts.matrix[test][:, columns]
    if setting.binary:
        test_counts.data.fill(1)
    return FoldWeights(
        train=csr_matrix(train_weights),
        test=csr_matrix(weights.transform(test_counts)),
        columns=columns,
        idf=weights.idf_.copy() if setting.use_idf else None,
    )


def _kept_columns(counts: csr_matrix, setting: FeatureSetting) -> NDArray[np.intp]:
    # The rules of CountVectorizer.fit, step by step, so that ties fall the same way.
    n_texts, n_terms = counts.shape
    most = setting.max_df if isinstance(setting.max_df, Integral) else setting.max_df * n_texts
    fewest = setting.min_df if isinstance(setting.min_df, Integral) else setting.min_df * n_texts
    holding = np.bincount(counts.indices, minlength=n_terms)
    present = holding > 0
    kept = present & (holding >= fewest) & (holding <= most)
    limit = setting.max_features
    if limit is not None and kept.sum() > limit:
        totals = np.bincount(counts.indices, weights=counts.data, minlength=n_terms)
        candidates = np.flatnonzero(kept)
        return np.sort(candidates[(-totals[candidates]).argsort()[:limit]])
    columns = np.flatnonzero(kept)
    if columns.size == 0:
        raise FeaturesError(
            f"no term is in at least {fewest:g} and at most {most:g} of {n_texts} training texts. "
            "Lower min_df or raise max_df in [features]."
        )
    return columns
