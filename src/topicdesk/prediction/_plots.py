"""Plots that compare new articles with the training corpus of a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from topicdesk._colours import BLUE, GREY, ORANGE, PARTS
from topicdesk._proportions import wilson_interval
from topicdesk.prediction._text_sample import TextSample
from topicdesk.prediction.reference import Observed, Reference

__all__ = ["plot_drift", "plot_error_kinds", "plot_text_drift"]

_THEN, _NOW = BLUE, ORANGE

# Maximum number of topics with their own panel.
_MOST_TOPICS = 8

# Maximum number of words in a plot.
_MOST_TERMS = 15


def plot_drift(names: Sequence[str], then: Reference, now: Observed, checks: pd.DataFrame) -> Figure:
    """Plot the shares of topics, the unseen words, and the distribution of each topic's probabilities.

    Parameters
    ----------
    names : sequence of str
        Names of the topics.
    then : Reference
        The training corpus.
    now : Observed
        The new articles.
    checks : DataFrame
        The checks, as in `Drift`.

    Returns
    -------
    Figure
    """
    topics = names[:_MOST_TOPICS]
    rows = 1 + -(-len(topics) // 4)
    figure = Figure(figsize=(12, 3.1 * rows), layout="constrained")
    grid = figure.add_gridspec(rows, 4)
    drifted = dict(zip(checks["check"], checks["drifted"], strict=True))
    _draw_shares(figure.add_subplot(grid[0, :2]), names, then, now, drifted)
    _draw_unseen(figure.add_subplot(grid[0, 2:]), then, now, drifted)
    for index, name in enumerate(topics):
        axes = figure.add_subplot(grid[1 + index // 4, index % 4])
        column = names.index(name)
        for values, colour in ((then.probabilities[:, column], _THEN), (now.probabilities[:, column], _NOW)):
            axes.ecdf(values, color=colour)
        axes.set(
            title=f"scores of {name}: {_answer(drifted[f'scores: {name}'])}", xlabel="probability", xlim=(-0.02, 1.02)
        )
        axes.set_ylabel("cumulative share of articles" if index % 4 == 0 else "")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def plot_text_drift(before: TextSample, after: TextSample, checks: pd.DataFrame, terms: pd.DataFrame) -> Figure:
    """Plot unseen words, lengths, classifier scores, and the words whose frequency changed most.

    Parameters
    ----------
    before, after : TextSample
        The reference texts and the new texts.
    checks, terms : DataFrame
        As in `TextDrift`.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(11, 7), layout="constrained")
    axes = figure.subplots(2, 2)
    drifted = dict(zip(checks["check"], checks["drifted"], strict=True))
    for panel, name, field, label in (
        (axes[0, 0], "unseen words", "unseen", "share of a text's words that the reference does not contain"),
        (axes[0, 1], "length", "lengths", "words per text"),
        (axes[1, 0], "classifier AUC", "scores", "score of the classifier: larger means more like the new texts"),
    ):
        for sample, colour, whose in ((before, _THEN, "reference"), (after, _NOW, "new")):
            panel.ecdf(getattr(sample, field), color=colour, label=f"{whose} ({len(getattr(sample, field)):,})")
        panel.set(title=f"{name}: {_answer(drifted[name])}", xlabel=label, ylabel="cumulative share of texts")
        panel.legend(frameon=False)
    if before.lengths.max() > 20 * np.median(before.lengths) or after.lengths.max() > 20 * np.median(after.lengths):
        axes[0, 1].set_xscale("log")
    _draw_terms(axes[1, 1], terms.head(_MOST_TERMS))
    return figure


def plot_error_kinds(counts: pd.DataFrame, classifier: str) -> Figure:
    """Plot the number of errors of each kind as horizontal bars, stacked by topic.

    Parameters
    ----------
    counts : DataFrame of int, shape (n_kinds, n_topics)
        Number of errors by kind and topic. Topics without errors are left out. With more topics than colours, those
        with the fewest errors are shown together.
    classifier : str
        Name of the classifier.

    Returns
    -------
    Figure
    """
    totals = counts.sum()
    topics = list(totals[totals > 0].sort_values(ascending=False, kind="stable").index)
    shown = topics if len(topics) <= len(PARTS) else topics[: len(PARTS) - 1]
    parts = [(topic, counts[topic], colour) for topic, colour in zip(shown, PARTS, strict=False)]
    if len(shown) < len(topics):
        others = topics[len(shown) :]
        parts.append((f"{len(others)} other topics", counts[others].sum(axis=1), GREY))
    figure = Figure(figsize=(8, 1.3 + 0.38 * len(counts)), layout="constrained")
    axes = figure.subplots()
    rows, left = np.arange(len(counts)), np.zeros(len(counts))
    for name, part, colour in parts:
        axes.barh(rows, part, left=left, height=0.7, color=colour, label=name, edgecolor="white", linewidth=0.5)
        left = left + part.to_numpy()
    for row, total in zip(rows.tolist(), left.tolist(), strict=True):
        axes.text(total, row, f" {total:.0f}", va="center", fontsize=9)
    axes.set_yticks(rows, list(counts.index))
    axes.invert_yaxis()
    axes.set_xlim(0, max(left.max() * 1.08, 1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("errors")
    axes.set_title(f"{classifier}: {left.sum():.0f} errors by kind and topic", fontsize=10)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    if parts:
        figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def _draw_terms(axes: Axes, terms: pd.DataFrame) -> None:
    rows = np.arange(len(terms))
    axes.hlines(rows, terms["reference"], terms["new"], color="#999")
    axes.plot(terms["reference"], rows, "o", color=_THEN, label="reference")
    axes.plot(terms["new"], rows, "o", color=_NOW, label="new")
    names = [f"{term} *" if changed else term for term, changed in zip(terms["term"], terms["changed"], strict=True)]
    axes.set_yticks(rows, names)
    axes.invert_yaxis()
    axes.set(title="words that changed most (* significantly)", xlabel="share of texts that contain the word")
    axes.legend(frameon=False)


def _draw_shares(axes: Axes, topics: Sequence[str], then: Reference, now: Observed, drifted: dict[str, bool]) -> None:
    series: list[tuple[NDArray[np.bool_], str, str]] = [
        (then.given, _THEN, f"training corpus ({len(then):,})"),
        (now.given, _NOW, f"new ({len(now):,})"),
    ]
    positions = np.arange(len(topics))
    for shift, (decisions, colour, label) in zip((-0.2, 0.2), series, strict=True):
        share = decisions.mean(axis=0)
        low, high = wilson_interval(decisions.sum(axis=0), len(decisions))
        margins = np.clip([share - low, high - share], 0, None)
        axes.bar(positions + shift, share, 0.4, color=colour, yerr=margins, capsize=2, label=label, ecolor="#555")
    labels = [f"{name}\n{_answer(drifted[f'share: {name}'])}" for name in topics]
    axes.set_xticks(positions, labels, rotation=0 if len(topics) <= _MOST_TOPICS else 90)
    axes.set(title="shares of predicted topics, with 95 % intervals", ylabel="share of articles")


def _draw_unseen(axes: Axes, of_then: Reference, of_now: Observed, drifted: dict[str, bool]) -> None:
    unseen_then, unseen_now = of_then.unseen, of_now.unseen
    if unseen_then is None or unseen_now is None:
        axes.text(0.5, 0.5, "features are not words,\nso unseen words were not counted", ha="center", va="center")
        axes.set_axis_off()
        return
    bins = np.linspace(0, max(np.nanmax(unseen_then), np.nanmax(unseen_now), 0.01), 40).tolist()
    for values, colour in ((unseen_then, _THEN), (unseen_now, _NOW)):
        finite = values[~np.isnan(values)]
        axes.hist(finite, bins, weights=np.full(len(finite), 1 / len(finite)), color=colour, alpha=0.55)
        axes.axvline(float(finite.mean()), color=colour, linestyle="--", linewidth=1)
    axes.set(
        title=f"unseen words: {_answer(drifted['unseen words'])}",
        xlabel="share of an article's words that the model does not know (dashed: mean)",
        ylabel="share of articles",
    )


def _answer(drifted: bool) -> str:
    return "DRIFT" if drifted else "no drift"
