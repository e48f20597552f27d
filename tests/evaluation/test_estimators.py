"""Estimators of our own are scikit-learn's kind, by its own checks."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.metadata_routing import get_routing_for_object

from topicdesk.evaluation.estimators import NBSVM, Centroids

OURS = [Centroids(), NBSVM(random_state=0)]


@pytest.fixture
def counts():
    rng = np.random.default_rng(5)
    y = rng.integers(0, 3, 90)
    X = rng.poisson(1.0, (90, 12)).astype(float)
    X[np.arange(90), y] += 4
    return X, np.array(["courts", "rail", "harbour"])[y]


@parametrize_with_checks(OURS)
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", OURS, ids=lambda one: type(one).__name__)
def test_sparse_dense_and_named_columns_give_the_same(counts, estimator):
    X, y = counts
    expected = clone(estimator).fit(X, y).decision_function(X)
    for kind in (csr_matrix, csr_array, lambda dense: pd.DataFrame(dense, columns=[f"t{n}" for n in range(12)])):
        fitted = clone(estimator).fit(kind(X), y)
        np.testing.assert_allclose(fitted.decision_function(kind(X)), expected, atol=1e-9)
        assert (fitted.predict(kind(X)) == clone(estimator).fit(X, y).predict(X)).all()
    assert list(fitted.feature_names_in_) == [f"t{n}" for n in range(12)]


@pytest.mark.parametrize("estimator", OURS, ids=lambda one: type(one).__name__)
def test_they_stand_in_pipelines_searches_and_several_outputs(counts, estimator):
    X, y = counts
    pipeline = make_pipeline(MaxAbsScaler(), estimator).set_output(transform="pandas")
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.9
    both = np.column_stack([y == "rail", y == "courts"]).astype(int)
    assert MultiOutputClassifier(estimator).fit(X, both).predict(X).shape == (90, 2)


@pytest.mark.parametrize("estimator", OURS, ids=lambda one: type(one).__name__)
def test_metadata_that_they_do_not_take_is_refused_and_what_others_take_reaches_them(counts, estimator):
    X, y = counts
    with config_context(enable_metadata_routing=True):
        assert get_routing_for_object(estimator).fit.requests == {}, "they take no weights of rows"
        pipeline = make_pipeline(StandardScaler(with_mean=False).set_fit_request(sample_weight=True), clone(estimator))
        # The scaler asks for the weights, and gets them: rows without weight do not count.
        weights = (np.arange(90) < 45).astype(float)
        scaler = pipeline.fit(X, y, sample_weight=weights)[0]
        np.testing.assert_allclose(scaler.var_, X[:45].var(axis=0))
        alone = make_pipeline(MaxAbsScaler(), clone(estimator))
        with pytest.raises(TypeError, match="sample_weight"):
            alone.fit(X, y, sample_weight=weights)


def test_features_below_zero_are_refused_where_they_are_read_as_counts(counts):
    X, y = counts
    with pytest.raises(ValueError, match="Negative values in data passed to NBSVM"):
        NBSVM().fit(-X, y)
