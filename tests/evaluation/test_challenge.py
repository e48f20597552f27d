"""Challenges between two models, on the articles that both were tested on."""

import numpy as np
import pytest

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


def test_flipped_decisions_name_the_model_that_is_right(comparison):
    good, bad = (comparison.predictions(name) for name in ("linear-svm", "majority"))
    flips = flipped_decisions(bad, good)
    assert not flips["before"].any()
    assert flips["after"].all()
    right = flips["right"] == "after"
    assert (right == flips["labelled"]).all()
    assert len(flipped_decisions(good, good)) == 0
    assert np.isin(flips["article_id"], comparison.dataset.ids).all()
