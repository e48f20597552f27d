"""The choice of features, hyper-parameters and thresholds on inner folds."""

import numpy as np
import pytest

from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan
from topicdesk.evaluation.model_selection import candidates_of, choose, held_out
from topicdesk.evaluation.splits import Split
from topicdesk.features import FeatureSetting


def split(train, test):
    return Split(np.array(train), np.array(test), 0, 0, "grouped")


def test_held_out_returns_the_rows_of_all_folds_in_order_with_their_fold():
    rows, order, folds = held_out([split([0, 2, 4], [3, 1]), split([1, 3], [4, 0, 2])])
    assert rows.tolist() == [0, 1, 2, 3, 4]
    assert np.array([3, 1, 4, 0, 2])[order].tolist() == rows.tolist()
    assert folds.tolist() == [1, 0, 1, 0, 1]


@pytest.mark.parametrize("metric", ["macro_average_precision", "macro_roc_auc", "micro_average_precision"])
def test_choose_ranks_the_rows_of_each_inner_fold_on_their_own(metric):
    # Models of different folds do not share a scale. The first candidate ranks each fold perfectly, on two scales; the
    # second makes a mistake in each fold, on one scale.
    Y = np.array([[1], [1], *[[0]] * 10] * 2, dtype=np.int8)
    folds = np.repeat([0, 1], 12)
    perfect = np.concatenate([offset + np.linspace(1, 0, 12) for offset in (0, 9)])[:, None]
    mistaken = np.tile([0.9, 0.7, 0.8, *[0.1] * 9], 2)[:, None]
    classifier = CLASSIFIERS["linear-svm"].with_grid({"C": (1.0, 2.0)})
    first, second = candidates_of(classifier, [FeatureSetting()])
    plan = ComparisonPlan((classifier,), (FeatureSetting(),), metric=metric)
    chosen = choose(iter([(first, mistaken), (second, perfect)]), Y, folds, np.arange(len(Y)), False, plan)
    assert chosen.candidate == second
    assert chosen.score == 1.0
