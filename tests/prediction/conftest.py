"""A labeller that is fitted on the small newsroom."""

import pytest

from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan
from topicdesk.features import Analyser, FeatureSetting
from topicdesk.prediction import fit_labeller


@pytest.fixture(scope="session")
def labeller(dataset):
    settings = (FeatureSetting(Analyser(ngram_range=(1, 2), stop_words="english"), sublinear_tf=True),)
    plan = ComparisonPlan(
        (CLASSIFIERS["linear-svm"],), settings, inner_folds=2, representative="random", random_state=3
    )
    return fit_labeller(dataset, plan, CLASSIFIERS["linear-svm"], n_jobs=1)
