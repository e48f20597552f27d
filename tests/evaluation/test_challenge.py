"""Challenges between two models, on the articles that both were tested on."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan, SplitPlan, challenge, compare, flipped_decisions


@pytest.fixture(scope="module")
def comparison(dataset):
    classifiers = tuple(CLASSIFIERS[name] for name in ("majority", "linear-svm"))
    return compare(dataset, ComparisonPlan(classifiers, splits=SplitPlan(folds=3, repeats=2), resamples=100), n_jobs=1)


@pytest.mark.slow
def test_challenge_compares_models_on_their_common_test_articles(comparison):
    good, bad = (comparison.predictions(name) for name in ("linear-svm", "majority"))
    assert challenge(bad, good, "macro_f1").wins
    assert not challenge(good, bad, "macro_f1").wins
    few = good[good["article_id"].isin(good["article_id"].unique()[:20])]
    assert challenge(few, good, "macro_f1").reason == (
        "only 20 articles were tested by both models, too few to compare; decide yourself"
    )
    other = good.assign(topic=good["topic"].cat.rename_categories({"rail": "trains"}))
    assert not challenge(other, good, "macro_f1").wins


def predictions_of(right, folds=5):
    """Return out-of-fold predictions of one topic that are right where told."""
    n = len(right)
    truth = np.arange(n) % 2
    decision = np.where(right, truth, 1 - truth)
    return pd.DataFrame(
        {
            "article_id": [f"a{number}" for number in range(n)],
            "group": np.arange(n),
            "weight": 1.0,
            "repeat": 0,
            "fold": np.arange(n) % folds,
            "topic": "courts",
            "truth": truth,
            "score": decision.astype(float),
            "decision": decision,
        }
    )


def drawn_predictions(accuracies, n_articles, random_state):
    """Return predictions of two models whose errors are correlated."""
    rng = np.random.default_rng(random_state)
    common, own = rng.normal(size=(n_articles, 1)), rng.normal(size=(n_articles, 2))
    skill = (common + own) / np.sqrt(2)
    return [predictions_of(skill[:, side] < norm.ppf(accuracies[side])) for side in (0, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("loss", [0.0, 0.03, 0.06])
def test_challenge_rarely_replaces_a_model_by_one_that_is_not_better(loss):
    """Before, a model that was not shown to be worse replaced the current one."""
    names = ("linear-svm", "multinomial-nb")
    replaced = [
        challenge(*drawn_predictions((0.85, 0.85 - loss), 500, seed), "micro_f1", resamples=200, classifiers=names).wins
        for seed in range(60)
    ]
    assert np.mean(replaced) <= 0.05


@pytest.mark.slow
def test_challenge_replaces_a_model_by_one_that_is_clearly_better():
    won = [challenge(*drawn_predictions((0.72, 0.85), 600, seed), "micro_f1", resamples=200).wins for seed in range(20)]
    assert np.mean(won) > 0.9


def test_challenge_replaces_a_model_by_an_equivalent_one_only_if_it_is_simpler():
    same = predictions_of(np.arange(2000) % 5 > 0)
    simpler = challenge(same, same, "micro_f1", classifiers=("ridge", "multinomial-nb"))
    assert simpler.wins
    assert simpler.reason == (
        "the new model is simpler, and equivalent within 0.01: on the 2000 articles that both were tested on, micro-F1 "
        "is 0.800 for the new model and 0.800 for the current model; the new model is ahead by 0.000 [-0.003, 0.003] "
        "[95 %]"
    )
    for classifiers in (("multinomial-nb", "ridge"), ("ridge", "ridge"), ("ridge", "my own")):
        assert not challenge(same, same, "micro_f1", classifiers=classifiers).wins
    assert challenge(same, same, "micro_f1", classifiers=("my own", "ridge")).wins


def test_challenge_does_not_take_equal_decisions_on_few_articles_for_equivalence():
    """A worse model replaced a better one in a third of challenges, if both decided all of a few articles alike."""
    same = predictions_of(np.ones(100, dtype=bool))
    outcome = challenge(same, same, "macro_f1", classifiers=("ridge", "multinomial-nb"))
    assert not outcome.wins
    assert outcome.reason.startswith("the new model is not shown to be better")


def test_challenge_takes_predictions_of_repeats_that_test_other_articles():
    right = np.arange(200) % 10 > 0
    halves = [predictions_of(right).assign(repeat=repeat) for repeat in (0, 1)]
    parts = pd.concat([halves[0].iloc[:120], halves[1].iloc[80:]])
    assert challenge(parts, parts, "macro_f1", resamples=50).reason.endswith("ahead by 0.000 [-0.029, 0.029] [95 %]")


def test_challenge_says_that_a_worse_model_is_behind():
    good, bad = predictions_of(np.arange(400) % 10 > 0), predictions_of(np.arange(400) % 2 > 0)
    reasons = [challenge(*pair, "micro_f1").reason for pair in ((good, bad), (bad, good))]
    behind, ahead = (reason.rpartition("; the new model is ")[2] for reason in reasons)
    assert re.fullmatch(r"behind by 0\.242 \[0\.19\d, 0\.29\d\] \[95 %\]", behind)
    assert re.fullmatch(r"ahead by 0\.242 \[0\.19\d, 0\.29\d\] \[95 %\]", ahead)


def test_challenge_weights_articles_by_how_they_were_drawn():
    picked = np.arange(400) < 200
    current, new = predictions_of(~picked), predictions_of(picked)
    assert not challenge(current, new.assign(weight=np.where(picked, 1.0, 20.0)), "micro_f1").wins
    assert challenge(current, new.assign(weight=np.where(picked, 20.0, 1.0)), "micro_f1").wins


def test_flipped_decisions_name_the_model_that_is_right(comparison):
    good, bad = (comparison.predictions(name) for name in ("linear-svm", "majority"))
    flips = flipped_decisions(bad, good)
    assert not flips["before"].any()
    assert flips["after"].all()
    right = flips["right"] == "after"
    assert (right == flips["labelled"]).all()
    assert len(flipped_decisions(good, good)) == 0
    assert np.isin(flips["article_id"], comparison.dataset.ids).all()
