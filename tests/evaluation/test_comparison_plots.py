"""Plots of a comparison show the values of its tables."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from support.figures import assert_legends_cover_no_data
from topicdesk.errors import ArgumentError, SplitError, TopicdeskError
from topicdesk.evaluation import ComparisonPlan, SplitPlan, classifier_named, compare, plot_critical_difference
from topicdesk.evaluation.significance import critical_difference

PLAN = ComparisonPlan(
    tuple(classifier_named(name) for name in ("majority", "complement-nb", "ridge")),
    splits=SplitPlan(folds=3),
    inner_folds=2,
    resamples=100,
)


@pytest.fixture(scope="module")
def comparison(dataset):
    # Labels are flipped at random, so that no classifier is always right.
    rng = np.random.default_rng(0)
    flipped = np.where(rng.random(dataset.Y.shape) < 0.15, 1 - dataset.Y, dataset.Y).astype(np.int8)
    dataset = type(dataset)(**{**vars(dataset), "Y": flipped})
    return compare(dataset, PLAN, n_jobs=1)


def test_plot_leaderboard_shows_classifiers_in_order_with_the_best_on_top(comparison):
    (axes,) = comparison.plot.leaderboard().axes
    assert [label.get_text() for label in axes.get_yticklabels()] == list(comparison.ranking)
    assert axes.yaxis_inverted()
    drawn = axes.containers[0].lines[0].get_xdata()
    assert list(drawn) == sorted(drawn, reverse=True)


def test_plot_topics_shows_topics_in_order_with_their_support(comparison):
    (axes,) = comparison.plot.topics().axes
    Y = comparison.dataset.Y
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        f"courts (n = {Y[:, 0].sum()})",
        f"rail (n = {Y[:, 1].sum()})",
    ]


def test_plot_confusion_counts_each_test_article_once(comparison):
    (axes,) = comparison.plot.confusion("ridge", "rail").axes
    counts = [int(text.get_text()) for text in axes.texts]
    assert sum(counts) == len(comparison.dataset)


@pytest.mark.parametrize(
    "plot",
    [
        lambda comparison: comparison.plot.topics(),
        lambda comparison: comparison.plot.precision_recall("rail"),
        lambda comparison: comparison.plot.reliability("rail"),
    ],
    ids=["topics", "precision-recall", "reliability"],
)
def test_plots_have_their_legends_beside_the_data(comparison, plot):
    assert_legends_cover_no_data(plot(comparison))


@pytest.mark.parametrize("topic", ["courts", "rail"])
def test_plot_precision_recall_marks_points_on_the_curves(comparison, topic):
    (axes,) = comparison.plot.precision_recall(topic).axes
    dots = [dot.get_offsets()[0] for dot in axes.collections]
    assert len(dots) == 3
    for line, (recall, precision) in zip(axes.lines, dots, strict=True):
        if recall > 0:  # without a positive decision, the point is not on the curve
            curve = np.column_stack([line.get_xdata(), line.get_ydata()])
            assert np.abs(curve - [recall, precision]).sum(axis=1).min() < 1e-9


def test_plot_precision_recall_includes_a_fold_that_never_predicts_the_topic(comparison):
    first, *others = comparison.results_of("ridge")
    never = replace(first, scores=first.scores * 1e-3, thresholds=np.array([np.inf, 0.0]))
    unchanged = [result for result in comparison.results if result.classifier != "ridge"]
    changed = replace(comparison, results=(*unchanged, never, *others))
    (axes,) = changed.plot.precision_recall("courts", ["ridge"]).axes
    assert np.isfinite(axes.lines[0].get_xydata()).all()


@pytest.mark.parametrize("topic", ["courts", "rail"])
def test_plot_reliability_shows_the_best_classifier_and_each_test_article(comparison, topic):
    figure = comparison.plot.reliability(topic)
    axes, below = figure.axes
    (legend,) = figure.legends
    assert comparison.probability_leaderboard().index[0] in [text.get_text() for text in legend.get_texts()]
    assert sum(bar.get_height() for bar in below.patches) == len(comparison.dataset)
    drawn = axes.containers[0].lines[0]
    assert (np.diff(drawn.get_xdata()) > 0).all()
    assert ((drawn.get_ydata() >= 0) & (drawn.get_ydata() <= 1)).all()


@pytest.mark.parametrize(
    ("plot", "arguments", "message"),
    [
        ("precision_recall", ("rails",), "topic = 'rails' is not known; did you mean 'rail'"),
        ("reliability", ("rails",), "topic = 'rails' is not known; did you mean 'rail'"),
        ("reliability", ("rail", "rigde"), "classifier = 'rigde' is not known; did you mean 'ridge'"),
        ("reliability", ("rail", "majority"), "classifier: 'majority' has no probabilities"),
        ("precision_recall", ("rail", ["rigde"]), "classifier = 'rigde' is not known"),
        ("confusion", ("rigde",), "classifier = 'rigde' is not known"),
        ("confusion", ("ridge", "rails"), "topic = 'rails' is not known"),
    ],
)
def test_plots_name_an_unknown_topic_or_classifier(comparison, plot, arguments, message):
    with pytest.raises(TopicdeskError, match=message):
        getattr(comparison.plot, plot)(*arguments)


def test_predictions_name_an_unknown_classifier(comparison):
    with pytest.raises(ArgumentError, match="classifier = 'rigde' is not known"):
        comparison.predictions("rigde")


def test_plot_critical_difference_joins_only_classifiers_that_do_not_differ():
    rng = np.random.default_rng(0)
    scores = pd.DataFrame(
        {"best": 0.9, "same": 0.9, "worst": 0.5}, index=[f"corpus {n}" for n in range(12)], dtype=float
    )
    scores[["best", "same"]] += rng.normal(scale=0.01, size=(12, 2))
    scores["worst"] += rng.normal(scale=0.01, size=12)
    (axes,) = plot_critical_difference(scores).axes
    assert "12 datasets" in axes.get_title()
    bars = [line.get_xdata() for line in axes.lines if len(set(line.get_ydata())) == 1 and line.get_color() == "k"]
    ranks = scores.rank(axis=1, ascending=False).mean()
    assert [sorted(bar) for bar in bars] == [sorted(ranks[["best", "same"]])]
    missing = scores.copy()
    missing.iloc[0, 0] = np.nan
    assert "11 datasets" in plot_critical_difference(missing).axes[0].get_title()
    with pytest.raises(SplitError, match="three classifiers and three datasets"):
        plot_critical_difference(scores.head(2))


@pytest.mark.parametrize("random_state", range(6))
def test_plot_critical_difference_bars_join_exactly_the_pairs_that_do_not_differ(random_state):
    rng = np.random.default_rng(random_state)
    n_classifiers = int(rng.integers(3, 12))
    quality = rng.normal(size=n_classifiers)
    scores = pd.DataFrame(quality + rng.normal(scale=0.4, size=(15, n_classifiers))).add_prefix("c")
    (axes,) = plot_critical_difference(scores).axes
    ranks = scores.rank(axis=1, ascending=False).mean()
    lines = [(line.get_xdata(), line.get_ydata()[0]) for line in axes.lines if line.get_color() == "k"]
    critical = critical_difference(15, n_classifiers)

    joined = {
        frozenset((one, other))
        for (low, high), _ in lines
        for one, other in combinations(ranks.index[ranks.between(low, high)], 2)
    }
    not_different = {
        frozenset((one, other))
        for one, other in combinations(ranks.index, 2)
        if abs(ranks[one] - ranks[other]) < critical
    }
    assert joined == not_different
    for ((low, high), y), ((other_low, other_high), other_y) in combinations(lines, 2):
        assert y != other_y or high < other_low or other_high < low  # bars never touch
        assert not (low <= other_low and other_high <= high)  # no bar is part of another
    names = [text.get_position() for text in axes.texts if text.get_text()]
    assert len(set(names)) == len(names) == n_classifiers + 1
