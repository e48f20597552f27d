"""Plots of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_curve

from topicdesk._colours import BLUE, GREY
from topicdesk._figures import save_figure
from topicdesk.errors import SpecError
from topicdesk.evaluation._types import ComparisonValues, FoldResult
from topicdesk.evaluation.calibration import reliability_table
from topicdesk.evaluation.leaderboard import metric_title, scores_where
from topicdesk.evaluation.names import ALL_SAMPLES, CORPUS_SAMPLE

__all__ = [
    "error_bars",
    "plot_confusion",
    "plot_leaderboard",
    "plot_precision_recall",
    "plot_reliability",
    "plot_topics",
    "save_plot",
]

# Maximum number of matrices that fit side by side.
_MOST_CONFUSIONS = 12


def save_plot(figure: Figure, path: Path) -> None:
    """Save a plot as PNG; create its folder if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_figure(figure, path, dpi=110, metadata={"Software": None})


def plot_leaderboard(comparison: ComparisonValues) -> Figure:
    """Plot each classifier's metric with its 95 % interval, and the value of each fold as a dot; best on top."""
    metric, order = comparison.plan.metric, comparison.ranking
    rows = scores_where(comparison.scores, sample=comparison.headline, metric=metric).set_index("classifier")
    rows = rows.loc[list(order)]
    folds = scores_where(comparison.fold_scores, metric=metric)
    figure = Figure(figsize=(8, 1.2 + 0.36 * len(order)), layout="constrained")
    axes = figure.subplots()
    for position, name in enumerate(order):
        dots = scores_where(folds, classifier=name)["value"]
        axes.scatter(dots, np.full(len(dots), position + 0.28), s=12, color=GREY, alpha=0.6, linewidths=0, zorder=2)
    _intervals(axes, rows["value"].to_numpy(), rows["low"].to_numpy(), rows["high"].to_numpy())
    axes.set_yticks(range(len(order)), order)
    axes.invert_yaxis()
    axes.set_xlim(right=1)
    axes.set_xlabel(
        f"{metric_title(metric)}{_weighted(comparison)}: pooled with 95 % interval (blue), single folds (grey)"
    )
    axes.grid(axis="x", alpha=0.3)
    axes.set_title(str(comparison.dataset), fontsize=10)
    return figure


def plot_topics(comparison: ComparisonValues) -> Figure:
    """Plot the best classifier's F1 of each topic with its 95 % interval, and that of the keyword rules if they ran."""
    leader = comparison.ranking[0]
    rows = scores_where(comparison.topic_scores, sample=comparison.headline, metric="f1")
    topics = comparison.dataset.topics
    figure = Figure(figsize=(8, 1.5 + 0.4 * len(topics)), layout="constrained")
    axes = figure.subplots()
    leader_rows = scores_where(rows, classifier=leader).set_index("topic").loc[list(topics)]
    rules = scores_where(rows, classifier="keyword-rules").set_index("topic")
    if len(rules):
        axes.scatter(
            rules.loc[list(topics), "value"], np.arange(len(topics)), marker="|", s=120, color=GREY,
            label="keyword-rules",
        )  # fmt: skip
    _intervals(
        axes,
        leader_rows["value"].to_numpy(),
        leader_rows["low"].to_numpy(),
        leader_rows["high"].to_numpy(),
        label=leader,
    )
    axes.set_yticks(
        range(len(topics)), [f"{topic} (n = {n})" for topic, n in zip(topics, leader_rows["support"], strict=True)]
    )
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel(f"F1{_weighted(comparison)}, pooled, with 95 % interval")
    axes.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _weighted(comparison: ComparisonValues) -> str:
    """Return what to add to the name of a weighted metric."""
    return ", weighted to the corpus" if comparison.headline == CORPUS_SAMPLE else ""


def plot_confusion(comparison: ComparisonValues, classifier: str, topic: str | None = None) -> Figure:
    """Plot confusion matrices of one classifier.

    Parameters
    ----------
    comparison : ComparisonResult
        The comparison to plot.
    classifier : str
        Name of the classifier.
    topic : str, optional
        Plot this topic against the rest. By default, plot each topic against the rest (at most 12), or for multi-class
        data one matrix of all classes.

    Returns
    -------
    Figure
    """
    results, data = comparison.results_of(classifier), comparison.dataset
    Y = np.concatenate([data.Y[result.split.test] for result in results])
    decisions = np.concatenate([result.decisions for result in results])
    if topic is None and data.task == "multi-class":
        labels = list(data.topics)
        counts = [confusion_matrix(Y.argmax(axis=1), decisions.argmax(axis=1), labels=range(len(labels)))]
        class_names = [labels]
    else:
        columns = range(min(data.n_topics, _MOST_CONFUSIONS)) if topic is None else [comparison.topic_column(topic)]
        counts = [confusion_matrix(Y[:, column], decisions[:, column], labels=[0, 1]) for column in columns]
        class_names = [[f"not {data.topics[column]}", data.topics[column]] for column in columns]
    repeats = len({result.split.repeat for result in results})
    return _confusion_figure(counts, class_names, classifier, repeats)


def plot_precision_recall(comparison: ComparisonValues, topic: str, classifiers: Sequence[str] | None = None) -> Figure:
    """Plot the precision-recall curve of each classifier for one topic; by default, of all classifiers.

    Scores of different folds come from different models and are not on the same scale. The scores of each fold are
    therefore replaced by their distance to the fold's threshold, in standard deviations of the fold's scores. A curve
    shows the effect of moving the thresholds of all folds by the same distance. Its dot marks the actual decisions.
    """
    column = comparison.topic_column(topic)
    figure = Figure(figsize=(8.2, 5.2), layout="constrained")
    axes = figure.subplots()
    points = scores_where(comparison.topic_scores, sample=ALL_SAMPLES, topic=topic)
    point = points.set_index(["classifier", "metric"])["value"].to_dict()
    for position, name in enumerate(classifiers or comparison.ranking):
        results = comparison.results_of(name)
        truth = np.concatenate([comparison.dataset.Y[result.split.test, column] for result in results])
        distances = np.concatenate([_distances_to_decision(result, column) for result in results])
        precision, recall, _ = precision_recall_curve(truth, distances)
        first = position == 0
        (line,) = axes.plot(
            recall, precision, linewidth=2.2 if first else 1, alpha=1 if first else 0.7,
            linestyle="-" if position < 10 else "--", drawstyle="steps-post",
            label=f"{name} (AP {point[name, 'average_precision']:.2f})",
        )  # fmt: skip
        axes.scatter(
            point[name, "recall"], point[name, "precision"], s=36 if first else 18, color=line.get_color(), zorder=3
        )
    support = int(comparison.dataset.Y[:, column].sum())
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    axes.set_title(f"{topic} ({support} of {len(comparison.dataset)} articles)", fontsize=10)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    return figure


def plot_reliability(comparison: ComparisonValues, topic: str, classifier: str | None = None) -> Figure:
    """Plot predicted against observed frequency of a topic.

    By default, the best classifier with probabilities is used. The lower panel shows the number of articles behind each
    point. Points on the diagonal are perfectly calibrated.

    Raises
    ------
    SpecError
        If no classifier has probabilities.
    """
    column = comparison.topic_column(topic)
    probable = comparison.probability_leaderboard()
    if probable.empty:
        raise SpecError("no classifier of this comparison has probabilities, because none was scored on inner folds.")
    name = str(probable.index[0]) if classifier is None else classifier
    results = comparison.results_of(name)
    if name not in probable.index:
        raise SpecError(f"classifier: {name!r} has no probabilities, because it was not scored on inner folds.")
    truth = np.concatenate([comparison.dataset.Y[result.split.test, column] for result in results])
    probabilities = np.concatenate(
        [result.probabilities[:, column] for result in results if result.probabilities is not None]
    )
    repeats = len({result.split.repeat for result in results})
    table = reliability_table(truth, probabilities, repeats)
    predicted, observed = table["predicted"].to_numpy(), table["observed"].to_numpy()
    figure = Figure(figsize=(5.2, 5.6), layout="constrained")
    axes, below = figure.subplots(2, height_ratios=(4, 1), sharex=True)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="perfectly calibrated")
    axes.errorbar(
        predicted, observed, yerr=error_bars(observed, table["low"].to_numpy(), table["high"].to_numpy()),
        fmt="o-", color=BLUE, capsize=3, markersize=5, label=name,
    )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share of articles with the topic, 95 % interval")
    unit = f"test articles of {repeats} repeats" if repeats > 1 else "test articles"
    axes.set_title(f"{topic}: {len(truth)} {unit}", fontsize=10)
    axes.grid(alpha=0.3)
    below.bar(predicted, table["articles"], width=0.03, color=BLUE)
    below.set(yscale="log", xlabel=f"probability of {topic}", ylabel="articles")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def error_bars(
    values: NDArray[np.float64], lows: NDArray[np.float64], highs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the lengths of error bars below and above the values, shape (2, n_values), as matplotlib expects them."""
    # A percentile interval does not always contain the value itself.
    return np.vstack([np.maximum(values - lows, 0), np.maximum(highs - values, 0)])


def _distances_to_decision(result: FoldResult, column: int) -> NDArray[np.float64]:
    scores = result.scores[:, column]
    if result.thresholds is None:  # the highest score decides
        decides_at = np.delete(result.scores, column, axis=1).max(axis=1)
    else:
        decides_at = np.full(len(scores), result.thresholds[column])
    # If a fold never predicts the topic, its threshold is infinite: rank its articles last.
    distances = (scores - decides_at) / (scores.std() or 1.0)
    return np.where(np.isfinite(decides_at), distances, np.finfo(np.float64).min)


def _intervals(
    axes: Axes,
    values: NDArray[np.float64],
    lows: NDArray[np.float64],
    highs: NDArray[np.float64],
    label: str | None = None,
) -> None:
    axes.errorbar(
        values,
        np.arange(len(values)),
        xerr=error_bars(values, lows, highs),
        fmt="o",
        color=BLUE,
        capsize=3,
        markersize=5,
        zorder=3,
        label=label,
    )


def _confusion_figure(
    matrices: list[NDArray[np.int64]], labels: list[list[str]], classifier: str, repeats: int
) -> Figure:
    size = max(3.6, 0.28 * len(labels[0]) + 2)
    figure = Figure(figsize=(size * len(matrices), size), layout="constrained")
    for axes, counts, names in zip(np.atleast_1d(figure.subplots(1, len(matrices))), matrices, labels, strict=True):
        _draw_confusion(axes, counts, names)
    scope = f"all {repeats} repeats" if repeats > 1 else "all folds"
    figure.suptitle(f"{classifier}\ntest articles of {scope}; shade: share of the row", fontsize=8)
    return figure


def _draw_confusion(axes: Axes, counts: NDArray[np.int64], labels: list[str]) -> None:
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    small = 9 if len(labels) <= 4 else 6
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(
                column, row, str(count), ha="center", va="center", fontsize=small,
                color="white" if share[row, column] > 0.5 else "black",
            )  # fmt: skip
    axes.set_xticks(range(len(labels)), labels, rotation=90 if len(labels) > 4 else 0, fontsize=small)
    axes.set_yticks(range(len(labels)), labels, fontsize=small)
    axes.set(xlabel="decided", ylabel="labelled")
