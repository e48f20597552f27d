"""Ablations reset one option at a time. The loss is the difference of two comparisons."""

from dataclasses import replace

import numpy as np
import pytest

from topicdesk.evaluation import ComparisonPlan, SplitPlan, ablate, classifier_named, compare, scores_where
from topicdesk.evaluation.studies.ablation import _without_each
from topicdesk.features import Analyser, FeatureSetting

SETTINGS = (
    FeatureSetting(Analyser(ngram_range=(1, 2)), min_df=2, sublinear_tf=True),
    FeatureSetting(Analyser(ngram_range=(1, 1)), min_df=2, sublinear_tf=True),
)
SMALL = classifier_named("linear-svm").with_grid({"C": (0.3, 3.0)})
PLAN = ComparisonPlan((SMALL,), SETTINGS, SplitPlan(folds=3, repeats=2), inner_folds=2, resamples=50, random_state=3)


def test_without_each_resets_an_option_in_all_settings_and_merges_equal_settings():
    # The function is private. Scores do not show that equal settings are merged, which only saves time.
    without = dict(_without_each(SETTINGS))
    assert list(without) == ["ngram_range", "min_df", "sublinear_tf"]
    assert without["ngram_range"] == (FeatureSetting(min_df=2, sublinear_tf=True),)
    assert [setting.min_df for setting in without["min_df"]] == [1, 1]
    assert not dict(_without_each((FeatureSetting(),)))


@pytest.mark.slow
def test_ablate_loss_is_the_difference_of_two_comparisons(dataset):
    ablation = ablate(dataset, PLAN, SMALL, n_jobs=1)
    assert list(ablation.table.index) == ["(nothing)", "ngram_range", "min_df", "sublinear_tf"]
    variants = {
        "(nothing)": SETTINGS,
        "ngram_range": (FeatureSetting(min_df=2, sublinear_tf=True),),
        "min_df": tuple(replace(setting, min_df=1) for setting in SETTINGS),
        "sublinear_tf": tuple(replace(setting, sublinear_tf=False) for setting in SETTINGS),
    }
    values = {
        name: scores_where(
            compare(dataset, replace(PLAN, settings=settings), n_jobs=1).scores, metric="macro_f1", sample="all"
        )["value"].item()
        for name, settings in variants.items()
    }
    assert ablation.table["value"].to_dict() == values
    losses = {name: values["(nothing)"] - value for name, value in values.items()}
    assert ablation.table["loss"].to_dict() == pytest.approx(losses)
    rows = ablation.table.iloc[1:]
    assert (rows["loss_low"] <= rows["loss_high"]).all()
    assert (rows["p_holm"] >= rows["p"]).all()
    assert np.isnan(ablation.table["p"].iloc[0])
    assert "lost [95 %]" in str(ablation)
    assert "sublinear_tf" in ablation._repr_html_()
    (axes,) = ablation.plot().axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"without {name}" for name in rows.index]


def test_ablate_removes_nothing_from_default_settings(dataset):
    ablation = ablate(dataset, replace(PLAN, settings=(FeatureSetting(),)), SMALL, n_jobs=1)
    assert list(ablation.table.index) == ["(nothing)"]
    assert "(nothing)" in str(ablation)
