"""Pictures of evaluations that are no comparison; those of comparisons are drawn where they are logged."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from topicdesk.evaluation.comparison_plots import BLUE, error_bars
from topicdesk.evaluation.leakage import SourceAudit, TopicAudit

__all__ = ["plot_leakage"]

_ORANGE = "#c4601d"

# As many sources and terms as a person reads.
_MOST_SOURCES, _MOST_TERMS = 20, 4


def plot_leakage(sources: SourceAudit, topics: TopicAudit | None = None) -> Figure:
    """Draw how well sources are told apart and by what, and how far topics fall without a source.

    Parameters
    ----------
    sources : SourceAudit
    topics : TopicAudit, optional

    Returns
    -------
    Figure
    """
    n_rows = max(min(len(sources.sources), _MOST_SOURCES), 0 if topics is None else len(topics.topics))
    figure = Figure(figsize=(6.5 if topics is None else 12, 1.6 + 0.42 * n_rows), layout="constrained")
    left, *right = figure.subplots(1, 1 if topics is None else 2, squeeze=False)[0]
    _draw_sources(left, sources)
    if topics is not None:
        _draw_topics(right[0], topics.topics)
    return figure


def _draw_sources(axes: Axes, audit: SourceAudit) -> None:
    shown = audit.sources.sort_values("f1", ascending=False).head(_MOST_SOURCES)
    rows = np.arange(len(shown))
    axes.barh(rows, shown["f1"], height=0.62, color=BLUE, alpha=0.35)
    axes.errorbar(shown["f1"], rows, xerr=_reach(shown, "f1", "low", "high"), fmt="none", ecolor=BLUE, capsize=2)
    for row, terms in zip(rows.tolist(), shown["terms"], strict=True):
        axes.text(0.01, row, ", ".join(terms.split(", ")[:_MOST_TERMS]), va="center", fontsize=8)
    axes.axvline(audit.guess["value"], color="grey", linestyle=":", label="accuracy of guessing the largest source")
    axes.axvline(audit.accuracy["value"], color=BLUE, linestyle="--", label="accuracy of a linear SVM")
    axes.set_yticks(rows, [f"{name} ({count})" for name, count in shown["articles"].items()], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_title("Sources told from their texts, and by which terms (F1)", fontsize=10)
    _legend(axes)


def _draw_topics(axes: Axes, topics: pd.DataFrame) -> None:
    rows = np.arange(len(topics))
    for side, colour, shift, label in (
        ("mixed", BLUE, -0.12, "trained on all sources"),
        ("without", _ORANGE, 0.12, "trained without the article's source"),
    ):
        reach = _reach(topics, side, f"{side}_low", f"{side}_high")
        axes.errorbar(topics[side], rows + shift, xerr=reach, fmt="o", color=colour, capsize=2, label=label)
    axes.set_yticks(rows, [f"{name} ({count})" for name, count in topics["positives"].items()], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.grid(axis="x", alpha=0.3)
    axes.set_title("Topics in articles of a source that is new (F1)", fontsize=10)
    _legend(axes)


def _reach(table: pd.DataFrame, value: str, low: str, high: str) -> NDArray[np.float64]:
    return error_bars(*(table[name].to_numpy() for name in (value, low, high)))


def _legend(axes: Axes) -> None:
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, fontsize=8, frameon=False)
