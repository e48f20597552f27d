"""Plots for ablations, learning curves, audits of leakage and stories, and rankings."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from topicdesk._arguments import check_instance, check_table
from topicdesk._colours import BLUE, ORANGE
from topicdesk._renamed import renamed_arguments
from topicdesk.errors import ArgumentError
from topicdesk.evaluation.comparison_plots import error_bars
from topicdesk.evaluation.leaderboard import metric_title
from topicdesk.evaluation.significance import critical_difference, friedman_nemenyi
from topicdesk.evaluation.studies.leakage import SourceAudit, TopicAudit

__all__ = ["plot_ablation", "plot_critical_difference", "plot_leakage", "plot_learning_curve", "plot_stories"]


# More sources and terms would not be readable.
_MOST_SOURCES, _MOST_TERMS = 20, 4


def plot_leakage(sources: SourceAudit, topics: TopicAudit | None = None) -> Figure:
    """Plot a leakage audit.

    The left panel shows how well each source is predicted, and its most predictive terms. The right panel shows F1 of
    each topic with and without the article's source in training.

    Parameters
    ----------
    sources : SourceAudit
        Result of `audit_sources`.
    topics : TopicAudit, optional
        Result of `audit_topics`. Without it there is no right panel.

    Returns
    -------
    Figure

    Raises
    ------
    ArgumentError
        If an argument has a wrong type or value.
    """
    check_instance("sources", sources, SourceAudit, "Use audit_sources.")
    if topics is not None:
        check_instance("topics", topics, TopicAudit, "Use audit_topics.")
    n_rows = max(min(len(sources.sources), _MOST_SOURCES), 0 if topics is None else len(topics.topics))
    figure = Figure(figsize=(6.5 if topics is None else 12, 1.6 + 0.42 * n_rows), layout="constrained")
    left, *right = figure.subplots(1, 1 if topics is None else 2, squeeze=False)[0]
    _draw_sources(left, sources)
    if topics is not None:
        _draw_topics(right[0], topics.topics)
    return figure


def plot_learning_curve(points: pd.DataFrame, forecast: pd.DataFrame, metric: str, title: str) -> Figure:
    """Plot a classifier's metric over the number of labels, with the fitted power law.

    Parameters
    ----------
    points : DataFrame
        Measured values, fewest labels first. Columns ``labels, value, low, high``.
    forecast : DataFrame
        Values of the power law, in the same columns.
    metric : str
        Name of the metric.
    title : str
        Title of the plot.

    Returns
    -------
    Figure
    """
    current = float(points["labels"].iloc[-1])
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(forecast["labels"], forecast["value"], color=ORANGE, label="power law, with its 95 % interval")
    axes.fill_between(forecast["labels"], forecast["low"], forecast["high"], color=ORANGE, alpha=0.2, linewidth=0)
    axes.errorbar(
        points["labels"], points["value"], yerr=_reach(points, "value", "low", "high"), fmt="o", color=BLUE, capsize=3,
        label="measured, with bootstrap 95 % interval",
    )  # fmt: skip
    axes.axvline(current, color="grey", linestyle=":", linewidth=1)
    axes.text(
        current, 0.02, " all labels", color="grey", fontsize=8, va="bottom", transform=axes.get_xaxis_transform()
    )  # fmt: skip
    axes.set(xlabel="labelled training articles", ylabel=metric_title(metric))
    axes.set_ylim(top=min(1, axes.get_ylim()[1]))
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def plot_ablation(table: pd.DataFrame, classifier: str, metric: str) -> Figure:
    """Plot what a classifier loses without each feature option, with the paired 95 % interval.

    Parameters
    ----------
    table : DataFrame
        As in `Ablation`.
    classifier, metric : str
        Their names.

    Returns
    -------
    Figure
    """
    rows = table.iloc[1:]
    figure = Figure(figsize=(7, 1.4 + 0.4 * max(len(rows), 1)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color="grey", linewidth=1)
    places = np.arange(len(rows))
    reach = _reach(rows, "loss", "loss_low", "loss_high")
    axes.errorbar(rows["loss"], places, xerr=reach, fmt="o", color=BLUE, capsize=3)
    axes.set_yticks(places, [f"without {name}" for name in rows.index])
    axes.invert_yaxis()
    axes.set_xlabel(f"decrease of {metric_title(metric)}, with bootstrap 95 % interval")
    axes.set_title(f"{classifier}: {table['value'].iloc[0]:.3f} with all options", fontsize=10)
    axes.grid(axis="x", alpha=0.3)
    return figure


def plot_stories(table: pd.DataFrame, classifier: str, metric: str) -> Figure:
    """Plot the metric of each way of training, with its 95 % interval, and the decrease.

    Parameters
    ----------
    table : DataFrame
        As in `StoryAudit`. Rows that are compared follow each other.
    classifier, metric : str
        Their names.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(8, 1.4 + 0.5 * len(table)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(table))
    compared = table["decrease"].notna().to_numpy()
    reach = _reach(table, "value", "low", "high")
    for rows, colour in ((~compared, BLUE), (compared, ORANGE)):
        axes.errorbar(table["value"][rows], places[rows], xerr=reach[:, rows], fmt="o", color=colour, capsize=3)
    axes.set_yticks(places, list(table.index))
    axes.invert_yaxis()
    axes.set_xlabel(f"{metric_title(metric)}, with 95 % interval")
    axes.set_title(f"{classifier}: compare blue with the orange point below it, on the same test articles", fontsize=10)
    axes.grid(axis="x", alpha=0.3)
    return figure


@renamed_arguments(figures="scores")
def plot_critical_difference(scores: pd.DataFrame) -> Figure:
    """Plot a critical-difference diagram: mean ranks, and bars that join classifiers that do not differ.

    Parameters
    ----------
    scores : DataFrame of shape (n_datasets, n_classifiers)
        One metric value each, as in `friedman_nemenyi`. Datasets with a missing value are left out.

    Returns
    -------
    Figure

    Raises
    ------
    SplitError
        If there are fewer than three datasets or classifiers.
    ArgumentError
        If an argument has a wrong type or value.

    See Also
    --------
    friedman_nemenyi : The tests that the diagram shows.

    References
    ----------
    Demšar (2006), "Statistical comparisons of classifiers over multiple data sets", figure 1.
    """
    check_table("scores", scores)
    words = next((name for name in scores if not pd.api.types.is_numeric_dtype(scores[name])), None)
    if words is not None:
        raise ArgumentError(f"scores must contain numbers; the column {words!r} does not.")
    scores = scores.dropna()
    test = friedman_nemenyi(scores)
    ranks, n = test.ranks.sort_values(), len(test.ranks)
    bars = _bars(ranks, test.pairs)
    first_row = -_BAR_STEP * (1 + max((level for *_, level in bars), default=-1)) - 1
    n_left = (n + 1) // 2
    figure = Figure(figsize=(8, 1.8 + 0.22 * n), layout="constrained")
    axes = figure.subplots()
    for position, (name, rank) in enumerate(ranks.items()):
        left = position < n_left
        y, edge = first_row - (position if left else n - 1 - position), 1 if left else n
        axes.plot([rank, rank, edge], [0, y, y], color="grey", linewidth=1.2, clip_on=False, zorder=1)
        axes.plot(rank, 0, "o", color="grey", markersize=6, clip_on=False, zorder=3)
        label = f"{name} ({rank:.2f}) " if left else f" ({rank:.2f}) {name}"
        axes.text(edge, y, label, ha="right" if left else "left", va="center")
    for low, high, level in bars:
        y = -_BAR_STEP * (level + 1)
        axes.plot([low, high], [y, y], color="k", linewidth=4, clip_on=False, zorder=2)
    needed = critical_difference(len(scores), n)
    ruler = {"arrowstyle": "|-|", "mutation_scale": 3, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (1, 1.9), (1 + needed, 1.9), arrowprops=ruler, annotation_clip=False)
    axes.text(1 + needed, 1.9, f"  critical difference {needed:.2f}", va="center", fontsize=9)
    axes.set(xlim=(1, n), ylim=(first_row - n_left + 0.5, 2.4), xticks=range(1, n + 1), yticks=[])
    axes.spines[["left", "right", "bottom"]].set_visible(False)
    axes.spines["top"].set_position(("data", 0))
    axes.xaxis.tick_top()
    axes.set_title(
        f"Mean rank over {len(scores)} datasets (1 is best), Friedman p = {test.p_value:.3f}; "
        "bars join classifiers that do not differ significantly (Nemenyi, 0.05)",
        fontsize=9,
    )
    return figure


#: Distance between bars, in rows of names.
_BAR_STEP = 0.7


def _bars(ranks: pd.Series, pairs: pd.DataFrame, alpha: float = 0.05) -> list[tuple[float, float, int]]:
    """Return the first and last mean rank of each bar, and its level below the axis.

    A bar joins a longest run of classifiers that do not differ. `ranks` are sorted. Nemenyi's test uses the same
    critical difference for all pairs, so if the ends of a run do not differ, no pair in it does.
    """
    similar = pairs.loc[ranks.index, ranks.index].to_numpy() > alpha
    bars: list[tuple[float, float, int]] = []
    farthest = 0
    for start in range(len(ranks)):
        end = int(np.flatnonzero(similar[start])[-1])
        if end > max(farthest, start):
            low, high = float(ranks.iloc[start]), float(ranks.iloc[end])
            taken = {level for _, bar_end, level in bars if bar_end >= low}
            bars.append((low, high, min(set(range(len(bars) + 1)) - taken)))
            farthest = end
    return bars


def _draw_sources(axes: Axes, audit: SourceAudit) -> None:
    table = audit.sources.sort_values("f1", ascending=False).head(_MOST_SOURCES)
    rows = np.arange(len(table))
    axes.barh(rows, table["f1"], height=0.62, color=BLUE, alpha=0.35)
    axes.errorbar(table["f1"], rows, xerr=_reach(table, "f1", "low", "high"), fmt="none", ecolor=BLUE, capsize=2)
    for row, terms in zip(rows.tolist(), table["terms"], strict=True):
        axes.text(0.01, row, ", ".join(terms.split(", ")[:_MOST_TERMS]), va="center", fontsize=8)
    axes.axvline(audit.guess["value"], color="grey", linestyle=":", label="accuracy of guessing the largest source")
    axes.axvline(audit.accuracy["value"], color=BLUE, linestyle="--", label="accuracy of a linear SVM")
    _label_rows(axes, table["articles"], "F1 of predicting the source from the text,\nwith the most predictive terms")


def _draw_topics(axes: Axes, topics: pd.DataFrame) -> None:
    rows = np.arange(len(topics))
    for side, colour, shift, label in (
        ("mixed", BLUE, -0.12, "trained on all sources"),
        ("without", ORANGE, 0.12, "trained without the article's source"),
    ):
        reach = _reach(topics, side, f"{side}_low", f"{side}_high")
        axes.errorbar(topics[side], rows + shift, xerr=reach, fmt="o", color=colour, capsize=2, label=label)
    axes.grid(axis="x", alpha=0.3)
    _label_rows(axes, topics["positives"], "F1 of each topic on articles from an unseen source")


def _reach(table: pd.DataFrame, value: str, low: str, high: str) -> NDArray[np.float64]:
    return error_bars(*(table[name].to_numpy() for name in (value, low, high)))


def _label_rows(axes: Axes, counts: pd.Series[int], title: str) -> None:
    """Label the rows of a plot of F1 with names and counts, and add title and legend."""
    axes.set_yticks(np.arange(len(counts)), [f"{name} ({count})" for name, count in counts.items()], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_title(title, fontsize=10)
    # Below the tick labels, at a distance in units of the font size, since the height of the plot varies.
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=3, ncols=2, fontsize=8, frameon=False)
