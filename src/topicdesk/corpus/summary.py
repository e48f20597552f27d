"""What is in a corpus, in numbers."""

from __future__ import annotations

import pandas as pd

__all__ = ["summarise_corpus"]


def summarise_corpus(corpus: pd.DataFrame) -> pd.DataFrame:
    """Count articles by source.

    Parameters
    ----------
    corpus : DataFrame of shape (n_articles, 12)
        Valid articles.

    Returns
    -------
    DataFrame of shape (n_sources + 1, 5)
        Index ``source``, most articles first, then ``(all)``; columns ``articles, first, last`` (dates, NaT where none
        is known), ``undated`` and ``median_characters`` of the texts.
    """
    measured = corpus.assign(characters=corpus["text"].str.len())
    everything = measured.assign(source="(all)")
    tables = [_by_source(measured).sort_values("articles", ascending=False, kind="stable"), _by_source(everything)]
    return pd.concat(tables)


def _by_source(measured: pd.DataFrame) -> pd.DataFrame:
    return measured.groupby("source").agg(
        articles=("id", "size"),
        first=("published", "min"),
        last=("published", "max"),
        undated=("published", lambda dates: int(dates.isna().sum())),
        median_characters=("characters", lambda lengths: int(lengths.median())),
    )
