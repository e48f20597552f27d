"""Plot an overview of a corpus."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from topicdesk._arguments import check_instance
from topicdesk._colours import BLUE
from topicdesk.corpus.articles import check_corpus
from topicdesk.corpus.duplicates import Duplicates
from topicdesk.errors import ArgumentError

__all__ = ["plot_corpus"]


# Number of sources that have their own row. The others share one row.
_MOST_SOURCES = 15

# Longer periods are shown by year.
_MOST_MONTHS = pd.Timedelta(days=3 * 366)


def plot_corpus(corpus: pd.DataFrame, duplicates: Duplicates) -> Figure:
    """Plot articles by source and month, text lengths, languages, and clusters of near-duplicates.

    Parameters
    ----------
    corpus : DataFrame of shape (n_articles, 12)
        Valid articles.
    duplicates : Duplicates
        Near-duplicates among the corpus's texts (see `find_duplicates`).

    Returns
    -------
    Figure

    Raises
    ------
    TopicdeskError
        If `corpus` is not a corpus or has no articles, or `duplicates` are those of other texts.
    """
    check_corpus("corpus", corpus)
    check_instance("duplicates", duplicates, Duplicates, "Use find_duplicates(corpus['text']).")
    if len(duplicates.groups) != len(corpus):
        raise ArgumentError(
            f"duplicates are those of {len(duplicates.groups)} texts, but corpus has {len(corpus)} articles. Use "
            "find_duplicates(corpus['text'])."
        )
    counts = corpus["source"].replace("", "(none)").value_counts()
    sources = counts.index[:_MOST_SOURCES]
    source = corpus["source"].replace("", "(none)").where(lambda names: names.isin(sources), "(others)")
    order = [*sources, *(["(others)"] if len(counts) > _MOST_SOURCES else [])]
    figure = Figure(figsize=(11, 4.2 + 0.3 * len(order)), layout="constrained")
    (by_month, lengths), (languages, clusters) = figure.subplots(
        2, 2, height_ratios=[1 + 0.25 * len(order), 2], width_ratios=[3, 2]
    )
    _draw_months(by_month, corpus["published"], source, order)
    _draw_lengths(lengths, corpus["text"].str.len(), source, order)
    _draw_bars(languages, corpus["language"].replace("", "(none)").value_counts(), "articles by language")
    sizes = pd.Series(np.bincount(duplicates.groups)).value_counts().sort_index()
    repeated = sizes[sizes.index > 1].rename(index="{} articles".format)
    _draw_bars(clusters, repeated, "clusters of near-duplicates, by size")
    return figure


def _draw_months(axes: Axes, published: pd.Series, source: pd.Series, order: list[str]) -> None:
    frequency = "M" if published.max() - published.min() < _MOST_MONTHS else "Y"
    period = published.dt.to_period(frequency)
    # Months without articles are included, so that gaps are visible. Undated articles have their own column.
    span = (
        []
        if period.isna().all()
        else pd.period_range(period.min(), period.max(), freq=frequency).astype("str").tolist()
    )
    columns = [*span, *(["no date"] if period.isna().any() else [])]
    labels = period.astype("str").where(period.notna(), "no date")
    table = pd.crosstab(source, labels).reindex(index=order, columns=columns, fill_value=0)
    axes.imshow(np.log1p(table.to_numpy()), aspect="auto", cmap="Blues", vmin=0)
    for (row, column), count in np.ndenumerate(table.to_numpy()):
        if count:
            axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color=_readable(count, table))
    axes.set_xticks(range(table.shape[1]), [str(name) for name in table.columns], rotation=60, ha="right", fontsize=7)
    axes.set_yticks(range(len(order)), order, fontsize=8)
    axes.set_title(f"articles by source and {'month' if frequency == 'M' else 'year'}", fontsize=10)


def _draw_lengths(axes: Axes, characters: pd.Series, source: pd.Series, order: list[str]) -> None:
    groups = [np.maximum(characters[source == name].to_numpy(), 1) for name in order]
    axes.boxplot(groups, orientation="horizontal", flierprops={"markersize": 2}, medianprops={"color": BLUE})
    axes.set_xscale("log")
    axes.set_yticks(range(1, len(order) + 1), order, fontsize=8)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    axes.set_title("characters per text", fontsize=10)


def _draw_bars(axes: Axes, counts: pd.Series, title: str) -> None:
    axes.set_title(title, fontsize=10)
    if counts.empty:
        axes.text(0.5, 0.5, "none", ha="center", va="center")
        axes.set_axis_off()
        return
    bars = axes.barh([str(name) for name in counts.index], counts.to_numpy(), height=0.6, color=BLUE)
    axes.bar_label(bars, padding=3, fontsize=8)
    axes.invert_yaxis()
    # Leave room for the numbers, and keep a single bar from filling the plot.
    axes.margins(x=0.15, y=0.6 / len(counts))
    axes.tick_params(labelsize=8)


def _readable(count: int, table: pd.DataFrame) -> str:
    return "white" if np.log1p(count) > 0.6 * np.log1p(table.to_numpy().max()) else "black"
