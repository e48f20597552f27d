"""Out-of-fold predictions, and the errors to review first."""

from dataclasses import replace

import numpy as np
import pytest

from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan, SplitPlan, compare, out_of_fold, worst_errors


@pytest.fixture(scope="module")
def comparison(dataset):
    noisy = replace(dataset, Y=np.where(np.arange(len(dataset))[:, None] % 15 == 0, 1 - dataset.Y, dataset.Y))
    classifiers = tuple(CLASSIFIERS[name] for name in ("majority", "multinomial-nb"))
    return compare(noisy, ComparisonPlan(classifiers, splits=SplitPlan(folds=3, repeats=2), resamples=100), n_jobs=1)


def test_out_of_fold_agrees_with_the_predictions(comparison):
    held_out, data = out_of_fold(comparison, "multinomial-nb"), comparison.dataset
    assert (held_out.tested == 2).all()
    predictions = comparison.predictions("multinomial-nb").groupby(["article_id", "topic"], observed=True)
    for column, topic in enumerate(data.topics):
        keys = [(article, topic) for article in data.ids]
        assert (predictions["decision"].sum().loc[keys].to_numpy() == held_out.given[:, column]).all()
        assert predictions["probability"].mean().loc[keys].to_numpy() == pytest.approx(
            held_out.probabilities[:, column]
        )
    assert out_of_fold(comparison, "majority").probabilities is None


def test_worst_errors_are_sorted_by_frequency_and_probability(comparison):
    held_out, data = out_of_fold(comparison, "multinomial-nb"), comparison.dataset
    for kind, labelled in (("false positive", 0), ("false negative", 1)):
        table = worst_errors(comparison, held_out, "courts", kind, 50)
        assert len(table)
        assert (data.Y[table["row"], 0] == labelled).all()
        decided = held_out.given[table["row"], 0]
        assert (table["wrong"] == (decided if kind == "false positive" else 2 - decided)).all()
        certainty = table["probability"] if kind == "false positive" else -table["probability"]
        keys = list(zip(-table["wrong"], -certainty, strict=True))
        assert keys == sorted(keys)
    assert len(worst_errors(comparison, held_out, "courts", "false positive", 1)) == 1
