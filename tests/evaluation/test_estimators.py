"""topicdesk's estimators meet the contract of scikit-learn."""

import tempfile

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


@pytest.fixture(autouse=True)
def own_temporary_folder(monkeypatch, tmp_path):
    """Keep the memory maps of scikit-learn's checks in the folder of the test. They are removed when Python ends."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@parametrize_with_checks(OURS)
def test_estimators_pass_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", OURS, ids=lambda one: type(one).__name__)
def test_estimators_give_the_same_scores_for_sparse_dense_and_named_columns(counts, estimator):
    X, y = counts
    expected = clone(estimator).fit(X, y).decision_function(X)
    for kind in (csr_matrix, csr_array, lambda dense: pd.DataFrame(dense, columns=[f"t{n}" for n in range(12)])):
        fitted = clone(estimator).fit(kind(X), y)
        np.testing.assert_allclose(fitted.decision_function(kind(X)), expected, atol=1e-9)
        assert (fitted.predict(kind(X)) == clone(estimator).fit(X, y).predict(X)).all()
    assert list(fitted.feature_names_in_) == [f"t{n}" for n in range(12)]


@pytest.mark.parametrize("estimator", OURS, ids=lambda one: type(one).__name__)
def test_estimators_work_in_pipelines_cross_validation_and_multi_output(counts, estimator):
    X, y = counts
    pipeline = make_pipeline(MaxAbsScaler(), estimator).set_output(transform="pandas")
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.9
    both = np.column_stack([y == "rail", y == "courts"]).astype(int)
    assert MultiOutputClassifier(estimator).fit(X, both).predict(X).shape == (90, 2)


@pytest.mark.parametrize("estimator", OURS, ids=lambda one: type(one).__name__)
def test_estimators_reject_sample_weight_and_pipelines_route_it_to_other_steps(counts, estimator):
    X, y = counts
    with config_context(enable_metadata_routing=True):
        assert get_routing_for_object(estimator).fit.requests == {}, "the estimators take no sample weights"
        pipeline = make_pipeline(StandardScaler(with_mean=False).set_fit_request(sample_weight=True), clone(estimator))
        # The scaler requests the weights and receives them: rows of weight 0 do not count.
        weights = (np.arange(90) < 45).astype(float)
        scaler = pipeline.fit(X, y, sample_weight=weights)[0]
        np.testing.assert_allclose(scaler.var_, X[:45].var(axis=0))
        alone = make_pipeline(MaxAbsScaler(), clone(estimator))
        with pytest.raises(TypeError, match="sample_weight"):
            alone.fit(X, y, sample_weight=weights)


def test_nbsvm_rejects_negative_features(counts):
    X, y = counts
    with pytest.raises(ValueError, match="Negative values in data passed to NBSVM"):
        NBSVM().fit(-X, y)
