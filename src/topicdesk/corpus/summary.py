"""Summarise a corpus in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from topicdesk._rendering import as_html
from topicdesk.corpus.articles import check_corpus, content_hash

__all__ = ["CorpusSummary", "summarise_corpus"]


@dataclass(frozen=True, eq=False)
class CorpusSummary:
    """Numbers that describe a corpus.

    Parameters
    ----------
    kinds, languages : mapping of str to int
        Number of articles by kind and by language, largest first. The empty name means unknown.
    content_hash : str
        The hash that experiments log.
    sources : DataFrame of shape (n_sources + 1, 5)
        Index ``source``, sorted by number of articles, then ``(all)``. Columns ``articles, first, last`` (dates, NaT if
        none is known), ``undated`` and ``median_characters`` of the texts.
    """

    kinds: Mapping[str, int]
    languages: Mapping[str, int]
    content_hash: str
    sources: pd.DataFrame

    def __len__(self) -> int:
        """Return the number of articles."""
        return sum(self.kinds.values())

    def table(self) -> pd.DataFrame:
        """Return the sources as a table of strings."""
        sources = self.sources.rename(index={"": "(none)"})
        return sources.astype("str").fillna("–").replace("NaT", "–")

    def __str__(self) -> str:
        """Describe the corpus in one line."""
        kinds = ", ".join(f"{kind}: {count:,}" for kind, count in self.kinds.items())
        languages = ", ".join(f"{name or 'unknown'} ({count:,})" for name, count in self.languages.items())
        return (
            f"{len(self):,} rows ({kinds}) from {len(self.sources) - 1:,} sources; languages: {languages}; "
            f"content hash {self.content_hash}"
        )

    def _repr_html_(self) -> str:
        return as_html(str(self), self.table())


def summarise_corpus(corpus: pd.DataFrame) -> CorpusSummary:
    """Summarise a corpus: counts by kind and language, and a table of its sources.

    Parameters
    ----------
    corpus : DataFrame of shape (n_articles, 12)
        Valid articles.

    Returns
    -------
    CorpusSummary

    Raises
    ------
    TopicdeskError
        If `corpus` is not a corpus or has no articles.
    """
    check_corpus("corpus", corpus)
    articles = corpus.assign(characters=corpus["text"].str.len())
    all_sources = articles.assign(source="(all)")
    tables = [_by_source(articles).sort_values("articles", ascending=False, kind="stable"), _by_source(all_sources)]
    kinds, languages = (
        {str(name): int(count) for name, count in corpus[column].value_counts().items()}
        for column in ("kind", "language")
    )
    return CorpusSummary(kinds, languages, content_hash(corpus), pd.concat(tables))


def _by_source(measured: pd.DataFrame) -> pd.DataFrame:
    return measured.groupby("source").agg(
        articles=("id", "size"),
        first=("published", "min"),
        last=("published", "max"),
        undated=("published", lambda dates: int(dates.isna().sum())),
        median_characters=("characters", lambda lengths: int(lengths.median())),
    )
