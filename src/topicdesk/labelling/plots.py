"""Pictures of new articles beside those that a model was fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from topicdesk.proportions import wilson_interval

if TYPE_CHECKING:
    from topicdesk.labelling.drift import Drift

__all__ = ["plot_drift"]

_THEN, _NOW = "#1f5fa8", "#c4601d"

# As many topics as have a panel of their own.
_MOST_TOPICS = 8


def plot_drift(drift: Drift) -> Figure:
    """Draw shares of topics, unseen words, and the distribution of each topic's probabilities.

    Parameters
    ----------
    drift : Drift

    Returns
    -------
    Figure
    """
    topics = drift.labeller.topics[:_MOST_TOPICS]
    rows = 1 + -(-len(topics) // 4)
    figure = Figure(figsize=(12, 3.1 * rows), layout="constrained")
    grid = figure.add_gridspec(rows, 4)
    said = dict(zip(drift.checks["asked"], drift.checks["drifted"], strict=True))
    _draw_shares(figure.add_subplot(grid[0, :2]), drift, said)
    _draw_unseen(figure.add_subplot(grid[0, 2:]), drift, said)
    for place, name in enumerate(topics):
        axes = figure.add_subplot(grid[1 + place // 4, place % 4])
        column = drift.labeller.topics.index(name)
        for values, colour in (
            (drift.labeller.reference.probabilities[:, column], _THEN),
            (drift.observed.probabilities[:, column], _NOW),
        ):
            axes.ecdf(values, color=colour)
        axes.set(
            title=f"scores of {name}: {_answer(said[f'scores: {name}'])}", xlabel="probability", xlim=(-0.02, 1.02)
        )
        axes.set_ylabel("share of articles at most" if place % 4 == 0 else "")
    return figure


def _draw_shares(axes: Axes, drift: Drift, said: dict[str, bool]) -> None:
    topics = drift.labeller.topics
    sides: list[tuple[NDArray[np.bool_], str, str]] = [
        (drift.labeller.reference.given, _THEN, f"training corpus ({len(drift.labeller.reference):,})"),
        (drift.observed.given, _NOW, f"new ({len(drift.observed):,})"),
    ]
    places = np.arange(len(topics))
    for shift, (given, colour, label) in zip((-0.2, 0.2), sides, strict=True):
        share = given.mean(axis=0)
        low, high = wilson_interval(given.sum(axis=0), len(given))
        reach = np.clip([share - low, high - share], 0, None)
        axes.bar(places + shift, share, 0.4, color=colour, yerr=reach, capsize=2, label=label, ecolor="#555")
    labels = [f"{name}\n{_answer(said[f'share: {name}'])}" for name in topics]
    axes.set_xticks(places, labels, rotation=0 if len(topics) <= _MOST_TOPICS else 90)
    axes.set(title="shares of topics, as the model gives them, with 95 % intervals", ylabel="share of articles")
    axes.legend(frameon=False)


def _draw_unseen(axes: Axes, drift: Drift, said: dict[str, bool]) -> None:
    then, now = drift.labeller.reference.unseen, drift.observed.unseen
    if then is None or now is None:
        axes.text(0.5, 0.5, "features are not words:\nunseen words were not counted", ha="center", va="center")
        axes.set_axis_off()
        return
    bins = np.linspace(0, max(np.nanmax(then), np.nanmax(now), 0.01), 40).tolist()
    for values, colour in ((then, _THEN), (now, _NOW)):
        kept = values[~np.isnan(values)]
        axes.hist(kept, bins, weights=np.full(len(kept), 1 / len(kept)), color=colour, alpha=0.55)
        axes.axvline(float(kept.mean()), color=colour, linestyle="--", linewidth=1)
    axes.set(
        title=f"unseen words: {_answer(said['unseen words'])}",
        xlabel="share of an article's words that the model does not know (dashed: mean)",
        ylabel="share of articles",
    )


def _answer(drifted: bool) -> str:
    return "DRIFT" if drifted else "no drift"
