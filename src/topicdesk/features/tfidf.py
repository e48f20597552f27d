"""Compute the TF-IDF weights of one fold, learning only from its training rows.

`weigh_fold` returns the same matrices as scikit-learn's `TfidfVectorizer` fitted on the training texts, but does not
tokenise the texts again. A property test compares the two for every option.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.pipeline import make_pipeline

from topicdesk.errors import FeaturesError
from topicdesk.features.counts import Analyser, Counts
from topicdesk.features.scripts import mostly_turkish

__all__ = [
    "WHOLE_TEXT",
    "FeatureSetting",
    "FoldWeights",
    "fold_features",
    "keywords_are_turkish",
    "settings_for_texts",
    "weigh_fold",
]

#: Block name for all fields of an article as one text.
WHOLE_TEXT = ""


@dataclass(frozen=True)
class FeatureSetting:
    """Options of the features; most are those of scikit-learn's `TfidfVectorizer`, with the same defaults.

    Parameters
    ----------
    analyser : Analyser
        How a text becomes terms.
    min_df, max_df : int or float
        Minimum and maximum number (int) or share (float) of training texts that contain a term.
    max_features : int, optional
        Number of terms to keep: the most frequent ones in the training texts. By default, all.
    binary : bool, default False
        Count a term at most once per text.
    sublinear_tf : bool, default False
        Replace a count by 1 + log(count).
    use_idf, smooth_idf : bool, default True
        Weight by inverse document frequency; smooth it as if one more text contained every term once.
    norm : {"l2", "l1"} or None, default "l2"
        Norm that scales the weights of each text to unit length; None does not scale them.
    field_weights : tuple of (str, float), default ()
        Weights of fields with separate TF-IDF features, such as ``(("title", 2.0), ("text", 1.0))``. The features of
        each field are multiplied by its weight. By default, the fields form one text.
    chi2 : int, optional
        Number of terms to keep: those that depend most on the topics, by the chi-squared statistic in the training
        texts. By default, all.
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
    field_weights: tuple[tuple[str, float], ...] = ()
    chi2: int | None = None

    def __post_init__(self) -> None:
        """Raise `FeaturesError` if both `lead` and `field_weights` are set."""
        if self.field_weights and self.analyser.lead is not None:
            raise FeaturesError("lead and field_weights cannot be combined: fields with weights are read completely.")

    @property
    def blocks(self) -> tuple[tuple[str, float], ...]:
        """Fields with separate features, and their weights; only `WHOLE_TEXT` if there are none."""
        return self.field_weights or ((WHOLE_TEXT, 1.0),)

    def vectorizer(self) -> TfidfVectorizer:
        """Return an unfitted `TfidfVectorizer` with the same options."""
        options = asdict(self)
        del options["analyser"], options["field_weights"], options["chi2"]
        return TfidfVectorizer(**self.analyser.options(), **options)

    def transformer(self) -> BaseEstimator:
        """Return an unfitted scikit-learn transformer with the same options.

        Returns
        -------
        TfidfVectorizer, ColumnTransformer or Pipeline
            Fit it on the texts that `Analyser.read` returns. With `field_weights`, fit it on a DataFrame that has the
            fields as columns, each read with `Analyser.read`.
        """
        features: Any = self.vectorizer()
        if self.field_weights:
            features = ColumnTransformer(
                [(field, self.vectorizer(), field) for field, _ in self.field_weights],
                transformer_weights=dict(self.field_weights),
            )
        return features if self.chi2 is None else make_pipeline(features, SelectKBest(chi2, k=self.chi2))

    def changed(self) -> dict[str, Any]:
        """Return the options that differ from scikit-learn's defaults."""
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
        Weights of the held-out rows, with the vocabulary and idf of the training rows.
    columns : ndarray of int, shape (n_kept,)
        The kept terms, as columns of the counts.
    idf : ndarray of float64, shape (n_kept,) or None
        Inverse document frequencies in the training rows; None if they are not used.
    """

    train: csr_matrix
    test: csr_matrix
    columns: NDArray[np.intp]
    idf: NDArray[np.float64] | None


def settings_for_texts(
    settings: Sequence[FeatureSetting], texts: Sequence[str]
) -> tuple[tuple[FeatureSetting, ...], tuple[str, ...]]:
    """Replace ``lowercase=True`` by ``"turkish"`` if most texts are in Turkish or Azerbaijani.

    Parameters
    ----------
    settings : sequence of FeatureSetting
        Settings to try.
    texts : sequence of str
        All texts. Labels are not used.

    Returns
    -------
    settings : tuple of FeatureSetting
        The same settings if there is nothing to replace.
    warnings : tuple of str
        At most one warning, if a setting was replaced or would remove the letter ı.
    """
    converted = [one for one in settings if one.analyser.lowercase and not one.analyser.turkish]
    if not converted or not mostly_turkish(texts):
        return tuple(settings), ()
    ascii_only = [one for one in converted if one.analyser.strip_accents == "ascii"]
    resolved = {one: replace(one, analyser=replace(one.analyser, lowercase="turkish"))
                for one in converted if one not in ascii_only}  # fmt: skip
    warning = "Most texts are in Turkish or Azerbaijani"
    if resolved:
        warning += ": in lower case, I becomes ı and İ becomes i (lowercase = 'turkish')"
    if ascii_only:
        warning += "; strip_accents = 'ascii' removes the letter ı. Use 'unicode' or None"
    return tuple(dict.fromkeys(resolved.get(one, one) for one in settings)), (f"{warning}.",)


def keywords_are_turkish(settings: Sequence[FeatureSetting], texts: Sequence[str]) -> bool:
    """Return whether keywords are found in texts by Turkish lower case: if a setting asks for it, or most texts do."""
    return any(setting.analyser.turkish for setting in settings) or mostly_turkish(texts)


def fold_features(
    counts: Mapping[tuple[Analyser, str], Counts],
    setting: FeatureSetting,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    Y: NDArray[np.int8],
) -> tuple[csr_matrix, csr_matrix]:
    """Compute the features of one fold, with `field_weights` and `chi2` selection if the setting has them.

    Parameters
    ----------
    counts : mapping of (Analyser, str) to Counts
        Counts of all texts, for the setting's analyser and each of its `FeatureSetting.blocks`.
    setting : FeatureSetting
        Options of the features.
    train, test : ndarray of int
        Row numbers.
    Y : ndarray of {0, 1}, shape (n_train, n_topics)
        Labels of the training rows; used only for the chi-squared selection.

    Returns
    -------
    train, test : csr_matrix of float64, shape (n_train, n_features) and (n_test, n_features)

    Raises
    ------
    FeaturesError
        When no term is left.
    """
    train_parts, test_parts = [], []
    for field_name, weight in setting.blocks:
        fold = weigh_fold(counts[setting.analyser, field_name], setting, train, test)
        train_parts.append(weight * fold.train)
        test_parts.append(weight * fold.test)
    sides = [parts[0] if len(parts) == 1 else hstack(parts, format="csr") for parts in (train_parts, test_parts)]
    if setting.chi2 is not None and setting.chi2 < sides[0].shape[1]:
        selection = SelectKBest(chi2, k=setting.chi2).fit(sides[0], Y if Y.shape[1] > 1 else Y[:, 0])
        sides = [csr_matrix(selection.transform(side)) for side in sides]
    return sides[0], sides[1]


def weigh_fold(counts: Counts, setting: FeatureSetting, train: NDArray[np.intp], test: NDArray[np.intp]) -> FoldWeights:
    """Learn vocabulary and idf on the training rows, and compute the weights of training and held-out rows.

    Parameters
    ----------
    counts : Counts
        Counts of all texts, for ``setting.analyser``.
    setting : FeatureSetting
        Options of the features; `field_weights` and `chi2` are not used.
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
    # Follows CountVectorizer.fit step by step, so that ties are resolved the same way.
    n_texts, n_terms = counts.shape
    most = setting.max_df if isinstance(setting.max_df, Integral) else setting.max_df * n_texts
    fewest = setting.min_df if isinstance(setting.min_df, Integral) else setting.min_df * n_texts
    holding = np.bincount(counts.indices, minlength=n_terms)
    present = holding > 0
    mask = present & (holding >= fewest) & (holding <= most)
    limit = setting.max_features
    if limit is not None and mask.sum() > limit:
        totals = np.bincount(counts.indices, weights=counts.data, minlength=n_terms)
        candidates = np.flatnonzero(mask)
        return np.sort(candidates[(-totals[candidates]).argsort()[:limit]])
    columns = np.flatnonzero(mask)
    if columns.size == 0:
        raise FeaturesError(
            f"no term is in at least {fewest:g} and at most {most:g} of {n_texts} training texts. "
            "Lower min_df or raise max_df in [features]."
        )
    return columns
