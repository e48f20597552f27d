"""Read the features of a fitted pipeline: the analyser and the names of its terms, and the same values, faster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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

__all__ = ["FittedBlock", "analyser_of", "fast_features", "fitted_blocks", "term_names"]

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
        names = list(self.steps.named_steps)
        if "field" in names:
            first, selected = names.index("field") + 1, self.steps["field"].transform(texts)
        else:
            first, selected = names.index("one text") + 1, whole_texts
        reading = self.steps[first : names.index("terms")]
        if len(reading):
            selected = reading.transform(pd.Series(selected, dtype="str"))
        return selected if isinstance(selected, list) else list(selected)

    @cached_property
    def lookup(self) -> TermLookup | None:
        """A fast lookup of the terms; None if their vectorizer needs its own ``transform``."""
        return TermLookup(self.vectorizer) if TermLookup.suits(self.vectorizer) else None

    def features(self, texts: pd.DataFrame, whole_texts: Sequence[str]) -> csr_matrix:
        """Compute the weighted features of articles, with the same values as the pipeline."""
        read = self.read(texts, whole_texts)
        if self.lookup is None:
            features = self.vectorizer.transform(read)
        elif isinstance(self.vectorizer, TfidfVectorizer):
            features = weighting(self.vectorizer).transform(counted(self.lookup, read), copy=False)
        else:
            features = counted(self.lookup, read)
        last = list(self.steps.named_steps).index("terms") + 1
        for _, step in self.steps.steps[last:]:
            features = step.transform(features)
        return self.weight * csr_matrix(features)


def fitted_blocks(features: Any) -> tuple[FittedBlock, ...]:
    """Return the blocks of the step ``features`` of a pipeline, that of the whole text first; empty without blocks."""
    union = features[0] if isinstance(features, Pipeline) else features
    if not isinstance(union, FeatureUnion):
        return ()
    return tuple(
        FittedBlock(name.removeprefix(BLOCK) if name.startswith(BLOCK) else "", union.transformer_weights[name], steps)
        for name, steps in union.transformer_list
    )


def fast_features(
    features: Any, blocks: Sequence[FittedBlock], whole_texts: Callable[[pd.DataFrame], list[str]]
) -> Callable[[pd.DataFrame], csr_matrix]:
    """Return a function that computes the features of a pipeline with blocks from the fields of articles."""

    def compute(texts: pd.DataFrame) -> csr_matrix:
        whole = whole_texts(texts)
        together = hstack([block.features(texts, whole) for block in blocks], format="csr")
        return csr_matrix(features[1].transform(together)) if isinstance(features, Pipeline) else together

    return compute


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
    return vstack([lookup.counts(portion) for portion in _portions(texts)], format="csr")


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
