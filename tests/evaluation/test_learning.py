"""Learning curves repeat the whole procedure on growing parts, and their power law is fitted correctly."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from support.figures import assert_legends_cover_no_data
from topicdesk.errors import SplitError
from topicdesk.evaluation import (
    ComparisonPlan,
    LearningCurve,
    SplitPlan,
    classifier_named,
    compare,
    learning_curve,
    scores_where,
)
from topicdesk.evaluation.studies.learning import _fit_law, power_law

PLAN = ComparisonPlan(
    classifiers=(classifier_named("linear-svm"),),
    splits=SplitPlan(folds=3),
    inner_folds=2,
    resamples=50,
    random_state=3,
)
SMALL = classifier_named("linear-svm").with_grid({"C": (0.3, 3.0)})


@pytest.fixture(scope="module")
def curve(dataset):
    return learning_curve(dataset, PLAN, SMALL, sizes=4, n_jobs=1)


@pytest.mark.parametrize("law", [(0.9, 2.0, 0.5), (0.7, 30.0, 1.2), (1.0, 1.0, 0.2)])
def test_fit_law_recovers_a_power_law(law):
    # The function is private. Through `learning_curve`, the true law of the scores is not known.
    sizes = np.array([50.0, 100, 200, 300, 400, 500])
    fitted = _fit_law(sizes, power_law(sizes, *law))
    np.testing.assert_allclose(power_law(np.array([1000.0]), *fitted), power_law(np.array([1000.0]), *law), atol=1e-3)


def test_learning_curve_gain_is_zero_for_a_flat_curve():
    sizes = np.array([50.0, 100, 200, 400])
    law = _fit_law(sizes, np.full(4, 0.8))
    flat = LearningCurve("ridge", "macro_f1", pd.DataFrame({"labels": sizes}), law, law[None])
    assert flat.gain(500)["value"] == pytest.approx(0, abs=1e-3)


@pytest.mark.slow
def test_learning_curve_ends_at_the_score_of_compare(dataset, curve):
    comparison = compare(dataset, replace(PLAN, classifiers=(SMALL,)), n_jobs=1)
    row = scores_where(comparison.scores, metric="macro_f1", sample="all").iloc[0]
    columns = ["value", "low", "high"]
    assert curve.points[columns].iloc[-1].tolist() == row[columns].tolist()
    labels = curve.points["labels"]
    assert labels.is_monotonic_increasing
    assert labels.iloc[-1] == np.mean([len(split.train) for split in comparison.splits])
    assert labels.iloc[0] == pytest.approx(labels.iloc[-1] / 4, rel=0.2)


@pytest.mark.slow
def test_learning_curve_forecasts_a_gain_from_more_labels(curve):
    assert curve.points["value"].iloc[-1] > curve.points["value"].iloc[0]
    gain = curve.gain(100)
    assert gain["low"] >= 0
    assert gain["low"] - 1e-6 <= gain["value"] <= gain["high"] + 1e-6
    assert curve.gain(0)["value"] == 0
    assert "With 100 more labels than the current 60, macro-F1 of linear-svm" in curve.sentence(100)
    assert curve.sentence() in str(curve)
    forecast = curve.forecast([60, 1000])
    assert (forecast["value"] <= 1).all()
    assert (forecast["low"] <= forecast["high"]).all()
    assert curve.sentence() in curve._repr_html_()


@pytest.mark.parametrize(
    ("law", "shown"),
    [
        ((1.0, 3.2618, 0.6849), "macro-F1 = 1.00 − 3.26 · labels^−0.685;"),
        ((0.8654, 15432.1, 2.0), "macro-F1 = 0.865 − 15400 · labels^−2.00;"),
        ((0.5, 0.00312, 0.01), "macro-F1 = 0.500 − 0.00312 · labels^−0.0100;"),
        ((0.5, 2.5e-9, 3.0), "macro-F1 = 0.500 − 2.50e-09 · labels^−3.00;"),
        ((0.5, 123456789.0, 3.0), "macro-F1 = 0.500 − 1.23e+08 · labels^−3.00;"),
        ((0.5, 0.0, 3.0), "macro-F1 = 0.500 − 0.00 · labels^−3.00;"),
    ],
)
def test_learning_curve_shows_three_digits_of_its_power_law(law, shown):
    points = pd.DataFrame({"labels": [50.0, 100.0, 200.0, 400.0]})
    assert shown in LearningCurve("ridge", "macro_f1", points, np.array(law), np.array([law])).sentence()


@pytest.mark.slow
def test_learning_curve_plot_has_its_legend_beside_the_curve(curve):
    assert_legends_cover_no_data(curve.plot(200))


def test_learning_curve_plot_extends_to_the_requested_labels(curve):
    (axes,) = curve.plot(200).axes
    assert axes.lines[0].get_xdata().max() == pytest.approx(curve.points["labels"].iloc[-1] + 200)
    assert "expected gain from 200 more labels" in axes.get_title()


def test_learning_curve_rejects_too_few_sizes_and_too_small_parts(dataset):
    with pytest.raises(SplitError, match="needs at least 4 sizes, not 3"):
        learning_curve(dataset, PLAN, SMALL, sizes=3, n_jobs=1)
    with pytest.raises(SplitError, match=r"the smallest of 4 parts has 1\d training articles, and k-nn needs 80"):
        learning_curve(dataset, PLAN, classifier_named("k-nn"), sizes=4, n_jobs=1)
