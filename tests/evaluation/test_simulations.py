"""Comparisons on data without a signal: any score above chance is an error of the estimate."""

import random
from dataclasses import replace

import numpy as np
import pytest

from topicdesk.corpus import find_duplicates
from topicdesk.evaluation import (
    ALL_SAMPLES,
    ComparisonPlan,
    DecisionRule,
    SplitPlan,
    ThresholdRule,
    best_f1_thresholds,
    classifier_named,
    compare,
    decide,
    scores_where,
)

VOCABULARY = [f"word{number}" for number in range(400)]


def random_dataset(dataset, n_articles, copies, random_state=0):
    """Return articles of random words with a random topic. Near-copies of an article have the same label."""
    rng = random.Random(random_state)
    texts, labels = [], []
    for _ in range(n_articles):
        words, label = rng.choices(VOCABULARY, k=60), rng.random() < 0.4
        for _ in range(copies):
            copy = list(words)
            copy[rng.randrange(60)] = rng.choice(VOCABULARY)
            texts.append(" ".join(copy))
            labels.append(label)
    rows = len(texts)
    return replace(
        dataset,
        texts=tuple(texts),
        Y=np.array(labels, dtype=np.int8)[:, None],
        topics=("chance",),
        ids=np.arange(rows).astype(str).astype(object),
        groups=find_duplicates(texts).groups,
        samples=np.full(rows, "random", dtype=object),
        sources=np.full(rows, "a", dtype=object),
        dates=np.full(rows, np.datetime64("2024-01-01", "us")),
        fields={},
    )


def macro_f1(dataset, thresholds="expected"):
    plan = ComparisonPlan(
        (classifier_named("linear-svm").with_grid({"C": [1.0]}),),
        splits=SplitPlan(folds=4),
        inner_folds=2,
        resamples=100,
        decision_rule=DecisionRule(ThresholdRule(f1=thresholds)),
    )
    comparison = compare(dataset, plan, n_jobs=1)
    return comparison, scores_where(comparison.scores, sample=ALL_SAMPLES, metric="macro_f1")["value"].item()


def always_positive_f1(Y):
    """Return the F1 of always predicting the topic, the highest possible F1 without a signal."""
    return 2 * Y.mean() / (1 + Y.mean())


def test_compare_is_not_inflated_by_near_duplicates(dataset):
    data = random_dataset(dataset, n_articles=60, copies=3)
    assert len(set(data.groups)) == 60
    _, grouped = macro_f1(data)
    _, ungrouped = macro_f1(replace(data, groups=np.arange(len(data))))
    assert ungrouped > 0.9
    assert grouped < always_positive_f1(data.Y) + 0.05


# Without a signal, F1 is highest if the topic is nearly always predicted, and the expected F1 says so. The observed F1
# may be highest anywhere, so its thresholds lose more on test rows.
@pytest.mark.slow
@pytest.mark.parametrize(("thresholds", "least_gain"), [("observed", 0.05), ("expected", 0.03)])
def test_compare_does_not_choose_thresholds_on_test_rows(dataset, thresholds, least_gain):
    leaked_f1, compared_f1, highest_f1 = [], [], []
    for seed in range(6):
        data = random_dataset(dataset, n_articles=80, copies=1, random_state=seed)
        comparison, f1 = macro_f1(data, thresholds)
        hits = decided = 0
        for result in comparison.results:
            truth = data.Y[result.split.test]
            leaked = decide(result.scores, best_f1_thresholds(truth, result.scores))
            hits, decided = hits + (leaked & truth).sum(), decided + leaked.sum()
        leaked_f1.append(2 * hits / (decided + data.Y.sum()))
        compared_f1.append(f1)
        highest_f1.append(always_positive_f1(data.Y))
    assert np.mean(leaked_f1) > np.mean(highest_f1) + 0.02, "thresholds chosen on test rows must raise F1 on noise"
    assert np.mean(compared_f1) < np.mean(highest_f1)
    assert np.mean(leaked_f1) > np.mean(compared_f1) + least_gain
