"""Compute the TF-IDF weights of one fold, learning only from its training rows.

`weigh_fold` returns the same matrices as scikit-learn's `TfidfVectorizer` fitted on the training texts, but does not
tokenise the texts again. A property test compares the two for every option.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from numbers import Integral
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.pipeline import make_pipeline

from topicdesk.errors import FeaturesError, nearest
from topicdesk.features.blocks import WHOLE_TEXT, Block
from topicdesk.features.counts import Analyser, Counts
from topicdesk.features.scripts import mostly_turkish

__all__ = [
    "FeatureSetting",
    "FoldWeights",
    "Part",
    "fold_features",
    "keywords_are_turkish",
    "settings_for_texts",
    "weigh_fold",
]

# Options of an analyser, and other options of a `TfidfVectorizer`. A block can have values of its own for all of them.
_ANALYSER_OPTIONS = frozenset(Analyser.__dataclass_fields__)
_TFIDF_OPTIONS = frozenset(
    {"min_df", "max_df", "max_features", "binary", "sublinear_tf", "use_idf", "smooth_idf", "norm"}
)


class Part(NamedTuple):
    """A part of a setting's features, which is computed by itself: of the whole text, of a field, or of a block.

    Parameters
    ----------
    name : str
        Name of the block or the field; empty for the whole text.
    weight : float
        The features are multiplied by it.
    field : str
        The field to read; empty for all fields as one text.
    setting : FeatureSetting or None
        Options of TF-IDF features. None if the features are keywords of the topics.
    lead : int or None
        Number of characters in which keywords are found. None for the whole text, and for TF-IDF features.
    """

    name: str
    weight: float
    field: str
    setting: FeatureSetting | None
    lead: int | None = None


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
        texts. By default, all. With blocks, it selects among the features of all blocks, after they are weighted.
    blocks : tuple of Block, default ()
        Features beside those of the whole text, to the right of them.

    Raises
    ------
    FeaturesError
        If two options cannot be combined, or two blocks have the same name.
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
    blocks: tuple[Block, ...] = ()

    def __post_init__(self) -> None:
        """Raise `FeaturesError` if options cannot be combined, or two blocks have the same name."""
        if self.field_weights and self.analyser.lead is not None:
            raise FeaturesError("lead and field_weights cannot be combined: fields with weights are read completely.")
        if self.field_weights and self.blocks:
            raise FeaturesError("field_weights and blocks cannot be combined: use a block for each field.")
        names = [block.name for block in self.blocks]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise FeaturesError(f"blocks: two blocks have the name {twice!r}. Rename one of them.")
        for block in self.blocks:  # its options may not fit together with those of this setting
            self.options_of(block)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts whose features are side by side: the whole text and the blocks, or the fields with weights."""
        if self.field_weights:
            return tuple(Part(name, weight, name, self) for name, weight in self.field_weights)
        blocks = (
            Part(block.name, block.weight, block.field, self.options_of(block), block.lead if block.keywords else None)
            for block in self.blocks
        )
        return (Part("", 1.0, WHOLE_TEXT, replace(self, blocks=(), chi2=None)), *blocks)

    def options_of(self, block: Block) -> FeatureSetting | None:
        """Return all options of a block: its own, and for the others those of this setting; None for keywords.

        Raises
        ------
        FeaturesError
            If an option is unknown, or options cannot be combined.
        """
        if block.keywords:
            return None
        own = dict(block.options)
        analyser = {name: own.pop(name) for name in list(own) if name in _ANALYSER_OPTIONS}
        for name in own:
            if name not in _TFIDF_OPTIONS:
                hint = nearest(name, _TFIDF_OPTIONS | _ANALYSER_OPTIONS)
                raise FeaturesError(f"blocks.{block.name}: a block has no option {name!r}; {hint}")
        try:
            return replace(self, analyser=replace(self.analyser, **analyser), blocks=(), chi2=None, **own)
        except FeaturesError as error:
            raise FeaturesError(f"blocks.{block.name}: {error}") from error

    def vectorizer(self) -> TfidfVectorizer:
        """Return an unfitted `TfidfVectorizer` with the same options."""
        return TfidfVectorizer(**self.analyser.options(), **{name: getattr(self, name) for name in _TFIDF_OPTIONS})

    def transformer(self) -> BaseEstimator:
        """Return an unfitted scikit-learn transformer with the same options.

        Returns
        -------
        TfidfVectorizer, ColumnTransformer or Pipeline
            Fit it on the texts that `Analyser.read` returns. With `field_weights`, fit it on a DataFrame that has the
            fields as columns, each read with `Analyser.read`.

        Raises
        ------
        FeaturesError
            If the setting has blocks, which read different texts. A fitted model's pipeline selects them.
        """
        if self.blocks:
            raise FeaturesError("blocks read different texts. Fit a model, whose pipeline selects the text of each.")
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
        changed = {
            name: value for name, value in flat.items() if name not in ("analyser", "blocks") and value != plain[name]
        }
        return changed | {f"blocks.{block.name}": block.description() for block in self.blocks}


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
    analysers = {part.setting.analyser for one in settings for part in one.parts if part.setting is not None}
    converted = [analyser for analyser in analysers if analyser.lowercase and not analyser.turkish]
    if not converted or not mostly_turkish(texts):
        return tuple(settings), ()
    ascii_only = [analyser for analyser in converted if analyser.strip_accents == "ascii"]
    warning = "Most texts are in Turkish or Azerbaijani"
    if len(ascii_only) < len(converted):
        warning += ": in lower case, I becomes ı and İ becomes i (lowercase = 'turkish')"
    if ascii_only:
        warning += "; strip_accents = 'ascii' removes the letter ı. Use 'unicode' or None"
    return tuple(dict.fromkeys(map(_in_turkish, settings))), (f"{warning}.",)


def _in_turkish(setting: FeatureSetting) -> FeatureSetting:
    """Return a setting with Turkish lower case wherever it converts to lower case and does not remove the letter ı."""

    def case(analyser: Analyser) -> Any:
        return "turkish" if analyser.lowercase and analyser.strip_accents != "ascii" else analyser.lowercase

    blocks = []
    for block in setting.blocks:
        resolved = setting.options_of(block)
        if resolved is None or case(resolved.analyser) == case(setting.analyser):
            blocks.append(replace(block, options=tuple(pair for pair in block.options if pair[0] != "lowercase")))
        else:
            own = dict(block.options) | {"lowercase": case(resolved.analyser)}
            blocks.append(replace(block, options=tuple(own.items())))
    whole_text = replace(setting.analyser, lowercase=case(setting.analyser))
    return replace(setting, analyser=whole_text, blocks=tuple(blocks))


def keywords_are_turkish(settings: Sequence[FeatureSetting], texts: Sequence[str]) -> bool:
    """Return whether keywords are found in texts by Turkish lower case: if a setting asks for it, or most texts do."""
    parts = (part.setting for setting in settings for part in setting.parts if part.setting is not None)
    return any(setting.analyser.turkish for setting in parts) or mostly_turkish(texts)


def fold_features(
    counts: Mapping[tuple[Analyser, str], Counts],
    setting: FeatureSetting,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    Y: NDArray[np.int8],
    keyword_hits: Mapping[int | None, NDArray[np.float64]] = MappingProxyType({}),
) -> tuple[csr_matrix, csr_matrix]:
    """Compute the features of one fold, with `blocks`, `field_weights` and `chi2` selection if the setting has them.

    Parameters
    ----------
    counts : mapping of (Analyser, str) to Counts
        Counts of all texts, for the analyser and the field of each of the setting's `FeatureSetting.parts`.
    setting : FeatureSetting
        Options of the features.
    train, test : ndarray of int
        Row numbers.
    Y : ndarray of {0, 1}, shape (n_train, n_topics)
        Labels of the training rows; used only for the chi-squared selection.
    keyword_hits : mapping of (int or None) to ndarray of float64, shape (n_texts, n_topics)
        Numbers of distinct keywords of each topic, by the number of characters in which they are found. Only blocks of
        keywords need them.

    Returns
    -------
    train, test : csr_matrix of float64, shape (n_train, n_features) and (n_test, n_features)

    Raises
    ------
    FeaturesError
        When no term is left.
    """
    train_parts, test_parts = [], []
    for part in setting.parts:
        if part.setting is None:
            # As with sublinear counts of terms, each further keyword of a topic adds less.
            columns = np.log1p(keyword_hits[part.lead])
            train_features, test_features = csr_matrix(columns[train]), csr_matrix(columns[test])
        else:
            try:
                fold = weigh_fold(counts[part.setting.analyser, part.field], part.setting, train, test)
            except FeaturesError as error:
                raise FeaturesError(f"{part.name}: {error}" if part.name else str(error)) from error
            train_features, test_features = fold.train, fold.test
        train_parts.append(part.weight * train_features)
        test_parts.append(part.weight * test_features)
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
        Options of the features; `field_weights`, `blocks` and `chi2` are not used.
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
