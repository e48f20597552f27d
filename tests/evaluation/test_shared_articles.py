"""Scores of a comparison on the test articles of another experiment."""

import pandas as pd

from topicdesk.evaluation import ALL_SAMPLES, CLASSIFIERS, ComparisonPlan, SplitPlan, compare, scores_where
from topicdesk.evaluation.studies.shared_articles import scores_on_shared


def test_scores_on_shared_articles_have_the_intervals_of_the_comparison(dataset):
    """On its own articles and labels, a comparison has the same scores, with the same intervals, in both tables."""
    classifiers = tuple(CLASSIFIERS[name] for name in ("multinomial-nb", "linear-svm"))
    plan = ComparisonPlan(classifiers, splits=SplitPlan(folds=3), resamples=50)
    comparison = compare(dataset, plan, n_jobs=1)
    shared = scores_on_shared(comparison, dataset, comparison.splits)
    columns = ["classifier", "metric", "value", "low", "high"]
    own = scores_where(comparison.scores, sample=ALL_SAMPLES)[columns]
    assert shared.articles == len(dataset)
    assert (own["value"] == 1).any(), "the interval of a perfect score follows from the articles it depends on"
    pd.testing.assert_frame_equal(
        shared.scores.sort_values(columns[:2], ignore_index=True), own.sort_values(columns[:2], ignore_index=True)
    )
