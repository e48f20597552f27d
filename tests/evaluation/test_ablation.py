"""Ablations reset one option at a time. The loss is the difference of two comparisons."""

from dataclasses import replace

import numpy as np
import pytest

from topicdesk.evaluation import (
    ComparisonPlan,
    SplitPlan,
    ablate,
    classifier_named,
    compare,
    corrected_t_test,
    scores_where,
)
from topicdesk.evaluation.splits import mean_test_to_train
from topicdesk.evaluation.studies.ablation import _without_each
from topicdesk.features import Analyser, Block, FeatureSetting

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


def test_without_each_removes_each_block():
    lead, words = Block("lead", 0.5, options=(("lead", 9),)), Block("words", keywords=True)
    settings = (FeatureSetting(min_df=2), FeatureSetting(min_df=2, blocks=(lead, words)))
    assert dict(_without_each(settings)) == {
        "min_df": (FeatureSetting(), FeatureSetting(blocks=(lead, words))),
        "blocks.lead": (FeatureSetting(min_df=2), FeatureSetting(min_df=2, blocks=(words,))),
        "blocks.words": (FeatureSetting(min_df=2), FeatureSetting(min_df=2, blocks=(lead,))),
    }


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


def test_ablate_tests_the_weighted_headline_with_the_intervals_of_a_comparison(dataset):
    weighted = replace(dataset, weights=np.where(np.arange(len(dataset)) % 3, 1.0, 5.0))
    plan = replace(PLAN, settings=SETTINGS[:1])
    row = ablate(weighted, plan, SMALL, n_jobs=1).table.loc["(nothing)"]
    comparison = compare(weighted, plan, n_jobs=1)
    assert comparison.headline == "corpus"
    expected = scores_where(comparison.scores, metric="macro_f1", sample="corpus").iloc[0]
    assert row[["value", "low", "high"]].tolist() == expected[["value", "low", "high"]].tolist()


def test_ablate_tests_the_headline_by_fold(dataset):
    noise = np.random.default_rng(5).random(dataset.Y.shape) < 0.2
    noisy = replace(dataset, Y=np.where(noise, 1 - dataset.Y, dataset.Y))
    weighted = replace(noisy, weights=np.where(np.arange(len(dataset)) % 3, 0.1, 1.0))
    plan = replace(PLAN, settings=SETTINGS[:1])
    p, unweighted = (ablate(data, plan, SMALL, n_jobs=1).table["p"] for data in (weighted, noisy))
    assert p["ngram_range"] != unweighted["ngram_range"]
    full, without = (
        compare(weighted, replace(plan, settings=(setting,)), n_jobs=1)
        for setting in (SETTINGS[0], replace(SETTINGS[0], analyser=Analyser()))
    )
    one, other = (
        scores_where(comparison.fold_scores, metric="macro_f1")["value"].to_numpy() for comparison in (full, without)
    )
    assert p["ngram_range"] == corrected_t_test(one - other, mean_test_to_train(full.splits)).p_value
