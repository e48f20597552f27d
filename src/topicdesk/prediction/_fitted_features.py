"""Read the features of a fitted pipeline: the analyser and the names of its terms, and the same values, faster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import FeatureUnion, Pipeline

from topicdesk.features import Analyser, StemmingTokeniser, TermLookup
from topicdesk.prediction._feature_pipeline import BLOCK, TURKISH_STEP

__all__ = ["FittedBlock", "FittedBlocks", "analyser_of", "counted", "fitted_blocks", "term_names", "weighting"]

# Characters per call of the term lookup. It is fastest with this number, because its arrays fit in the CPU cache.
_PORTION = 1_500_000


@dataclass(frozen=True, eq=False)
class FittedBlock:
    """A block of a fitted pipeline, or the features of the whole text.

    Parameters
    ----------
    name : str
        Name of the block; empty for the whole text.
    weight : float
        The features are multiplied by it.
    steps : Pipeline
        The steps of the block, from a table of fields to its features.
    """

    name: str
    weight: float
    steps: Pipeline

    @property
    def vectorizer(self) -> CountVectorizer:
        """The step that turns the texts into terms."""
        return self.steps["terms"]

    @property
    def analyser(self) -> Analyser:
        """The analyser that extracts the terms."""
        return analyser_of(self.vectorizer, TURKISH_STEP in self.steps.named_steps)

    @property
    def has_terms(self) -> bool:
        """Whether a feature is a term, not the keywords of a topic."""
        return "topics" not in self.steps.named_steps

    def names(self, topics: Sequence[str]) -> list[str]:
        """Return the names of the features, such as ``lead: judge``, or ``keywords: courts`` for a topic's keywords."""
        names = self.vectorizer.get_feature_names_out() if self.has_terms else topics
        return [f"{self.name}: {name}" if self.name else str(name) for name in names]

    def read(self, texts: pd.DataFrame, whole_texts: Sequence[str]) -> Sequence[str]:
        """Return the texts that the vectorizer gets: fields or whole texts, or their leads.

        Parameters
        ----------
        texts : DataFrame of str, shape (n_articles, n_fields)
            Texts of the fields, without missing values.
        whole_texts : sequence of str, length n_articles
            All fields as one text.
        """
        if "field" in self.steps.named_steps:
            first, selected = self._position("field") + 1, self.steps["field"].transform(texts)
        else:
            first, selected = self._position("one text") + 1, whole_texts
        reading = self.steps[first : self._position("terms")]
        if len(reading):
            selected = reading.transform(pd.Series(selected, dtype="str"))
        return selected if isinstance(selected, list) else list(selected)

    @property
    def reading(self) -> tuple[str, ...]:
        """What is equal for blocks whose vectorizers get the same texts."""
        return tuple(f"{name} {step.func!r}" for name, step in self.steps.steps[: self._position("terms")])

    @cached_property
    def weighting(self) -> TfidfTransformer | None:
        """The transformer of the block's counts; None for keywords."""
        return weighting(self.vectorizer) if isinstance(self.vectorizer, TfidfVectorizer) else None

    def features(self, terms: csr_matrix) -> csr_matrix:
        """Return the weighted features, given what the vectorizer makes of the texts."""
        for _, step in self.steps.steps[self._position("terms") + 1 :]:
            terms = step.transform(terms)
        return self.weight * csr_matrix(terms)

    def _position(self, step: str) -> int:
        return list(self.steps.named_steps).index(step)


class FittedBlocks(tuple[FittedBlock, ...]):
    """The blocks of a fitted pipeline, which compute features together: each text is split into words once."""

    @cached_property
    def _groups(self) -> list[tuple[list[FittedBlock], TermLookup | None]]:
        """Blocks that read the same texts, and the lookup of their terms; None if it does not suit the vectorizer."""
        groups: list[list[FittedBlock]] = []
        for block in self:
            for group in groups:
                if group[0].reading == block.reading and TermLookup.can_share([*_vectorizers(group), block.vectorizer]):
                    group.append(block)
                    break
            else:
                groups.append([block])
        return [(group, _lookup_of(_vectorizers(group))) for group in groups]

    @property
    def lookup(self) -> TermLookup | None:
        """A lookup of the terms of the whole text; None if they are not words."""
        return self._groups[0][1]

    def transform(self, texts: pd.DataFrame, whole_texts: Sequence[str]) -> csr_matrix:
        """Compute the features of articles, with the same values as the pipeline.

        Parameters
        ----------
        texts, whole_texts
            As in `FittedBlock.read`.

        Returns
        -------
        csr_matrix of float, shape (n_articles, n_features)
            The features of all blocks, side by side.
        """
        features: dict[str, csr_matrix] = {}
        for group, lookup in self._groups:
            read = group[0].read(texts, whole_texts)
            if lookup is None:
                features[group[0].name] = group[0].features(group[0].vectorizer.transform(read))
                continue
            portions = [lookup.counts_of_each(portion) for portion in _portions(read)]
            for block, counts in zip(group, zip(*portions, strict=True), strict=True):
                terms = vstack(counts, format="csr")
                weigh = block.weighting
                features[block.name] = block.features(terms if weigh is None else weigh.transform(terms, copy=False))
        return csr_matrix(hstack([features[block.name] for block in self], format="csr"))


def _vectorizers(group: Sequence[FittedBlock]) -> list[CountVectorizer]:
    return [block.vectorizer for block in group]


def _lookup_of(vectorizers: Sequence[CountVectorizer]) -> TermLookup | None:
    return TermLookup(vectorizers[0], vectorizers[1:]) if TermLookup.suits(vectorizers[0]) else None


def fitted_blocks(features: Any) -> FittedBlocks:
    """Return the blocks of the step ``features`` of a pipeline, that of the whole text first; empty without blocks."""
    union = features[0] if isinstance(features, Pipeline) else features
    if not isinstance(union, FeatureUnion):
        return FittedBlocks()
    return FittedBlocks(
        FittedBlock(name.removeprefix(BLOCK) if name.startswith(BLOCK) else "", union.transformer_weights[name], steps)
        for name, steps in union.transformer_list
    )


def term_names(features: Any, topics: Sequence[str]) -> NDArray[Any]:
    """Return the names of the features of the step ``features`` of a pipeline.

    Parameters
    ----------
    features : transformer
        The fitted step.
    topics : sequence of str
        The topics, which are the names of the columns of keywords.
    """
    blocks = fitted_blocks(features)
    if not blocks:
        return np.asarray(features.get_feature_names_out())
    names: NDArray[Any] = np.array([name for block in blocks for name in block.names(topics)], dtype=object)
    if isinstance(features, Pipeline) and isinstance(features[1], SelectKBest):
        names = names[features[1].get_support()]
    return names


def analyser_of(vectorizer: CountVectorizer, turkish: bool) -> Analyser:
    """Return the analyser of a vectorizer, which gets texts in which I and İ are replaced if `turkish`."""
    if isinstance(vectorizer.tokenizer, StemmingTokeniser):
        return vectorizer.tokenizer.analyser
    options = {
        name: getattr(vectorizer, name) for name in Analyser.__dataclass_fields__ if name not in ("stemmer", "lead")
    }
    return Analyser(**options | ({"lowercase": "turkish"} if turkish else {}))


def weighting(vectorizer: TfidfVectorizer) -> TfidfTransformer:
    """Return the fitted transformer that turns the counts of a fitted vectorizer into its weights."""
    transformer = TfidfTransformer(
        norm=vectorizer.norm,
        use_idf=vectorizer.use_idf,
        smooth_idf=vectorizer.smooth_idf,
        sublinear_tf=vectorizer.sublinear_tf,
    )
    if vectorizer.use_idf:
        transformer.idf_ = vectorizer.idf_
    return transformer


def counted(lookup: TermLookup, texts: Sequence[str]) -> csr_matrix:
    """Count the terms of a lookup in texts, portion by portion."""
    return csr_matrix(vstack([lookup.counts(portion) for portion in _portions(texts)], format="csr"))


def _portions(texts: Sequence[str]) -> Iterator[list[str]]:
    """Split texts into portions of about `_PORTION` characters, with at least one text each."""
    portion: list[str] = []
    characters = 0
    for text in texts:
        portion.append(text)
        characters += len(text)
        if characters >= _PORTION:
            yield portion
            portion, characters = [], 0
    if portion:
        yield portion
