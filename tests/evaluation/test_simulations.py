"""Data of which the truth is known: nothing can be learnt from it, so what an estimate finds is what it got wrong."""

import random
from dataclasses import replace

import numpy as np
import pytest

from topicdesk.corpus import find_duplicates
from topicdesk.evaluation import (
    ALL_SAMPLES,
    ComparisonPlan,
    SplitPlan,
    best_f1_thresholds,
    classifier_named,
    compare,
    decide,
    figures_where,
)

VOCABULARY = [f"word{number}" for number in range(400)]


def noise(dataset, n_articles, copies, seed=0):
    """Write articles of random words under one topic by chance, each with near-copies that carry the same."""
    rng = random.Random(seed)
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
    )


def f1_of(dataset):
    plan = ComparisonPlan(
        (classifier_named("linear-svm").with_grid({"C": [1.0]}),),
        splits=SplitPlan(folds=4),
        inner_folds=2,
        resamples=100,
    )
    found = compare(dataset, plan, jobs=1)
    return found, figures_where(found.figures, sample=ALL_SAMPLES, metric="macro_f1")["value"].item()


def always(Y):
    """Give F1 of always saying yes: the most that can be had without a signal."""
    return 2 * Y.mean() / (1 + Y.mean())


def test_planted_near_duplicates_lift_an_ungrouped_estimate_and_not_ours(dataset):
    data = noise(dataset, n_articles=60, copies=3)
    assert len(set(data.groups)) == 60
    _, grouped = f1_of(data)
    _, ungrouped = f1_of(replace(data, groups=np.arange(len(data))))
    assert ungrouped > 0.9
    assert grouped < always(data.Y) + 0.05


@pytest.mark.slow
def test_thresholds_chosen_on_test_rows_would_have_shown_and_do_not(dataset):
    cheated, honest, most = [], [], []
    for seed in range(6):
        data = noise(dataset, n_articles=80, copies=1, seed=seed)
        found, f1 = f1_of(data)
        hits = decided = 0
        for result in found.results:
            truth = data.Y[result.split.test]
            cheat = decide(result.scores, best_f1_thresholds(truth, result.scores))
            hits, decided = hits + (cheat & truth).sum(), decided + cheat.sum()
        cheated.append(2 * hits / (decided + data.Y.sum()))
        honest.append(f1)
        most.append(always(data.Y))
    assert np.mean(cheated) > np.mean(most) + 0.02, "chosen on test rows, noise looks like a signal"
    assert np.mean(honest) < np.mean(most)
    assert np.mean(cheated) > np.mean(honest) + 0.05
