"""Successive halving: fewer candidates on more rows, and no test rows."""

from dataclasses import replace

import numpy as np
import pytest

from topicdesk.evaluation import ComparisonPlan, LocalEngine, SplitPlan, classifier_named, compare
from topicdesk.features import Analyser, FeatureSetting

pytestmark = pytest.mark.slow

GRID = {"C": tuple(float(value) for value in np.geomspace(0.01, 100, 9))}
PLAN = ComparisonPlan(
    classifiers=(classifier_named("linear-svm").with_grid(GRID), classifier_named("multinomial-nb")),
    settings=(FeatureSetting(), FeatureSetting(Analyser(ngram_range=(1, 2)))),
    splits=SplitPlan(folds=3),
    inner_folds=2,
    resamples=50,
    random_state=3,
    search="halving",
)


class RecordingEngine:
    """Engine that records how many candidates are fitted on how many rows."""

    def __init__(self):
        self.seen = {}

    def run(self, work, shared, tasks):
        for task in tasks:
            if len(task) == 3:  # a fit: candidates, split, view
                names = [candidate.classifier.name for candidate in task[0]]
                key = len(task[1].train)
                self.seen[key] = self.seen.get(key, 0) + names.count("linear-svm")
        yield from LocalEngine(1).run(work, shared, tasks)


def test_halving_fits_a_third_of_the_candidates_on_three_times_the_rows(dataset):
    engine = RecordingEngine()
    compare(dataset, PLAN, engine=engine)
    by_rows = sorted(engine.seen.items())
    folds = 3 * 2
    counts = [count for rows, count in by_rows if rows < 50]
    assert sum(counts) == folds * (18 + 6 + 2)
    small, middle, large = (
        sum(count for rows, count in by_rows if low <= rows < high) for low, high in ((0, 8), (8, 20), (20, 50))
    )
    assert (small, middle, large) == (folds * 18, folds * 6, folds * 2)


def test_halving_chooses_about_as_well_as_the_grid(dataset):
    halving, grid = (compare(dataset, replace(PLAN, search=search), n_jobs=1) for search in ("halving", "grid"))
    for one, other in zip(halving.results, grid.results, strict=True):
        # A surviving candidate has the same score as in the grid.
        assert one.inner_score <= other.inner_score + 1e-9
        # A search that keeps the worst candidates loses 0.08.
        assert one.inner_score >= other.inner_score - 0.02
    assert halving.scores.set_index(["classifier", "metric"]).loc[("linear-svm", "macro_f1"), "value"] > 0.8


def test_halving_is_reproducible_and_sees_no_test_row(dataset):
    first = compare(dataset, PLAN, n_jobs=1)
    split = first.splits[0]
    Y = dataset.Y.copy()
    Y[split.test] = 1 - Y[split.test]
    altered = compare(replace(dataset, Y=Y), PLAN, splits=[split], n_jobs=1)
    for name in ("linear-svm", "multinomial-nb"):
        assert altered.results_of(name)[0].parameters == first.results_of(name)[0].parameters
        assert altered.results_of(name)[0].inner_score == pytest.approx(first.results_of(name)[0].inner_score, abs=0)
