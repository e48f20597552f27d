"""What was said of articles out of fold, and the errors to read first."""

from dataclasses import replace

import numpy as np
import pytest

from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan, SplitPlan, compare, out_of_fold, worst_errors


@pytest.fixture(scope="module")
def comparison(dataset):
    noisy = replace(dataset, Y=np.where(np.arange(len(dataset))[:, None] % 15 == 0, 1 - dataset.Y, dataset.Y))
    classifiers = tuple(CLASSIFIERS[name] for name in ("majority", "multinomial-nb"))
    return compare(noisy, ComparisonPlan(classifiers, splits=SplitPlan(folds=3, repeats=2), resamples=100), jobs=1)


def test_votes_and_probabilities_are_those_of_the_predictions(comparison):
    found, data = out_of_fold(comparison, "multinomial-nb"), comparison.dataset
    assert (found.tested == 2).all()
    told = comparison.predictions("multinomial-nb").groupby(["article_id", "topic"], observed=True)
    for column, topic in enumerate(data.topics):
        of_topic = [(article, topic) for article in data.ids]
        assert (told["decision"].sum().loc[of_topic].to_numpy() == found.given[:, column]).all()
        assert told["probability"].mean().loc[of_topic].to_numpy() == pytest.approx(found.probabilities[:, column])
    assert out_of_fold(comparison, "majority").probabilities is None


def test_errors_come_by_how_often_and_how_surely_they_were_made(comparison):
    found, data = out_of_fold(comparison, "multinomial-nb"), comparison.dataset
    for kind, labelled in (("false positive", 0), ("false negative", 1)):
        table = worst_errors(comparison, found, "courts", kind, 50)
        assert len(table)
        assert (data.Y[table["row"], 0] == labelled).all()
        decided = found.given[table["row"], 0]
        assert (table["wrong"] == (decided if kind == "false positive" else 2 - decided)).all()
        doubt = table["probability"] if kind == "false positive" else -table["probability"]
        keys = list(zip(-table["wrong"], -doubt, strict=True))
        assert keys == sorted(keys)
    assert len(worst_errors(comparison, found, "courts", "false positive", 1)) == 1
