import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array, vstack
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC

from topicdesk.errors import SpecError
from topicdesk.evaluation import (
    BASELINES,
    CLASSIFIERS,
    ComparisonPlan,
    SplitPlan,
    classifier_named,
    compare,
    make_splits,
)
from topicdesk.evaluation._execution.checkpoints import comparison_hash
from topicdesk.evaluation._grids import RIDGE_TOLERANCE, _solve_shifted, ridge_margins
from topicdesk.evaluation.classifiers import fit_and_score, fit_estimators, fit_grid_and_score, own_classifier
from topicdesk.evaluation.estimators import NBSVM

SEARCHED = [classifier for classifier in CLASSIFIERS.values() if classifier.features == "searched"]


@pytest.fixture(autouse=True)
def _needs_libgomp(request):
    if getattr(request.node, "callspec", None) and "boosted-trees" in request.node.name:
        try:
            classifier_named("boosted-trees").build(True)
        except SpecError as error:
            pytest.skip(str(error))


def points(n_rows, random_state):
    return csr_matrix(random_array((n_rows, 30), density=0.3, rng=np.random.default_rng(random_state)))


def first_point(classifier):
    return next(classifier.parameters()) | ({"n_neighbors": 5} if classifier.name == "k-nn" else {})


@pytest.mark.parametrize("classifier", SEARCHED, ids=lambda classifier: classifier.name)
def test_fit_and_score_ranks_two_classes_like_one_topic(classifier):
    X, test = points(40, 0), points(10, 1)
    Y = np.zeros((40, 2), dtype=np.int8)
    Y[np.arange(40), np.random.default_rng(2).integers(0, 2, 40)] = 1
    one, _, _ = fit_and_score(classifier, first_point(classifier), X, Y[:, 1:], test, multi_class=False, random_state=0)
    both, _, _ = fit_and_score(classifier, first_point(classifier), X, Y, test, multi_class=True, random_state=0)
    assert both.shape == (10, 2)
    order = np.argsort(one[:, 0], kind="stable")
    assert (np.diff((both[:, 1] - both[:, 0])[order]) >= -1e-6).all()


@pytest.mark.parametrize("classifier", SEARCHED, ids=lambda classifier: classifier.name)
def test_fit_and_score_ranks_a_topic_without_training_rows_last(classifier):
    X, test = points(40, 0), points(10, 1)
    Y = np.zeros((40, 3), dtype=np.int8)
    Y[np.arange(40), np.random.default_rng(2).integers(0, 2, 40)] = 1
    topic_scores, _, _ = fit_and_score(
        classifier, first_point(classifier), X, Y, test, multi_class=False, random_state=0
    )
    assert len(set(topic_scores[:, 2])) == 1
    class_scores, _, _ = fit_and_score(
        classifier, first_point(classifier), X, Y, test, multi_class=True, random_state=0
    )
    assert (class_scores[:, 2] < class_scores[:, :2].min()).all()


@pytest.mark.parametrize("n_classes", [2, 4])
def test_nearest_centroid_agrees_with_scikit_learn(n_classes):
    X, test = points(60, 3), points(50, 4)
    y = np.random.default_rng(5).integers(0, n_classes, 60)
    ours = CLASSIFIERS["nearest-centroid"].build(n_classes == 2).fit(X, y)
    theirs = NearestCentroid().fit(X, y)
    np.testing.assert_allclose(ours.centroids_, theirs.centroids_, atol=1e-12)
    np.testing.assert_array_equal(ours.predict(test), theirs.predict(test))


def test_baselines_have_no_tuned_parameters():
    for name in BASELINES:
        assert not CLASSIFIERS[name].grid


def test_classifier_named_suggests_the_nearest_name():
    with pytest.raises(SpecError, match="no classifier called 'linearsvm'; did you mean 'linear-svm'"):
        classifier_named("linearsvm")


def test_with_grid_suggests_the_nearest_hyper_parameter():
    with pytest.raises(SpecError, match=r"no hyper-parameter 'alhpa'; did you mean 'alpha'"):
        classifier_named("ridge").with_grid({"alhpa": (1.0,)})


def test_with_grid_rejects_values_that_the_estimator_rejects():
    with pytest.raises(SpecError, match=r"'linear-svm' rejects \{'C': -1.0\}"):
        classifier_named("linear-svm").with_grid({"C": (1.0, -1.0)})


WITH_FIT_GRID = [classifier for classifier in CLASSIFIERS.values() if classifier.fit_grid is not None]


@pytest.mark.parametrize("classifier", WITH_FIT_GRID, ids=lambda classifier: classifier.name)
@pytest.mark.parametrize("random_state", range(5))
@pytest.mark.parametrize("multi_class", [False, True], ids=["topics", "classes"])
def test_fit_grid_and_score_agrees_with_fitting_each_point(classifier, multi_class, random_state):
    rng = np.random.default_rng(random_state)
    X = points(120, random_state)
    test = csr_matrix(vstack([X[:3], points(20, random_state + 100)]))  # three test rows equal training rows
    if multi_class:
        Y = np.eye(5, dtype=np.int8)[rng.permutation(np.repeat(range(5), 24))]
    else:
        Y = (rng.random((120, 4)) < [0.5, 0.3, 0.1, 0.9]).astype(np.int8)
    grid = list(classifier.parameters())
    results = fit_grid_and_score(classifier, grid, X, Y, test, multi_class, random_state=0)
    assert len(results) == len(grid)
    for point, (scores, _, _) in zip(grid, results, strict=True):
        expected, _, _ = fit_and_score(classifier, point, X, Y, test, multi_class, random_state=0)
        np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("shape", [(60, 200), (200, 60)], ids=["more terms than rows", "more rows than terms"])
def test_ridge_margins_agree_with_a_separate_fit_per_penalty(shape):
    X = csr_matrix(random_array(shape, density=0.2, rng=np.random.default_rng(0)))
    Y = np.eye(4, dtype=np.int8)[np.arange(shape[0]) % 4]
    penalties = (1e3, 10.0, 0.1, 1e-3)
    all_scores = ridge_margins([{"alpha": alpha} for alpha in penalties], X, Y, multi_class=True)(X)
    for alpha, scores in zip(penalties, all_scores, strict=True):
        separate = RidgeClassifier(alpha=alpha, solver="sparse_cg", tol=RIDGE_TOLERANCE).fit(X, Y.argmax(axis=1))
        np.testing.assert_allclose(scores, separate.decision_function(X), rtol=0, atol=1e-8)


def test_solve_shifted_keeps_a_solved_column_while_others_iterate():
    diagonal = np.array([1.0, 2.0, 4.0, 8.0])
    # The function is private. `ridge_margins` centres its data, so it cannot be given these targets:
    # an eigenvector, which takes one iteration, and a vector that takes four.
    targets = np.column_stack([[0.0, 2.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    shifts = [0.0, 2.0, 6.0]
    for shift, solution in zip(shifts, _solve_shifted(lambda v: diagonal[:, None] * v, targets, shifts), strict=True):
        np.testing.assert_allclose(solution, targets / (diagonal[:, None] + shift), rtol=1e-9)


def test_fit_grid_and_score_falls_back_without_positives_or_with_other_parameters():
    classifier = classifier_named("multinomial-nb")
    X, Y = points(40, 0), np.zeros((40, 1), dtype=np.int8)
    results = fit_grid_and_score(classifier, list(classifier.parameters()), X, Y, X, multi_class=False, random_state=0)
    assert all((scores == -1.0).all() for scores, _, _ in results)
    assert classifier.with_grid({"alpha": [1.0, 0.5], "fit_prior": [True, False]}).fit_grid is None
    assert classifier.with_grid({"alpha": [1.0, 0.5]}).fit_grid is not None


def test_nb_svm_is_a_linear_svm_on_scaled_features_blended_with_naive_bayes():
    rng = np.random.default_rng(0)
    X, y = points(60, 0), rng.integers(0, 2, 60)
    inside, outside = (1 + np.asarray(X[y == side].sum(axis=0)).ravel() for side in (1, 0))
    ratio = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
    svm = LinearSVC(C=3.0, random_state=0).fit(X.multiply(ratio).tocsr(), y)
    nb_svm = NBSVM(C=3.0, beta=1.0, random_state=0).fit(X, y)
    np.testing.assert_allclose(
        nb_svm.decision_function(X), svm.decision_function(X.multiply(ratio).tocsr()), rtol=0, atol=1e-9
    )
    # With beta=0, the weights of the SVM are ignored, and the ranking is that of naive Bayes.
    bayes = NBSVM(C=3.0, beta=0.0, random_state=0).fit(X, y).decision_function(X)
    assert (np.diff((X @ ratio)[np.argsort(bayes)]) >= -1e-9).all()
    three = NBSVM().fit(X, np.arange(60) % 3)
    assert three.decision_function(X).shape == (60, 3)
    assert (three.predict(X) == three.classes_[three.decision_function(X).argmax(axis=1)]).all()
    assert set(nb_svm.predict(X)) <= {0, 1}
    for parameters, message in (({"C": 0.0}, "C must be above 0"), ({"beta": 2.0}, "beta must be between 0 and 1")):
        with pytest.raises(ValueError, match=message):
            NBSVM(**parameters).fit(X, y)


def test_own_classifier_scores_with_the_method_of_its_estimator():
    forest = own_classifier("forest", "sklearn.ensemble:RandomForestClassifier").with_grid({"n_estimators": (5, 9)})
    perceptron = own_classifier("perceptron", "sklearn.linear_model:Perceptron")
    X, Y = points(40, 0), (np.random.default_rng(1).random((40, 2)) < 0.5).astype(np.int8)
    probabilities, margins = (
        fit_and_score(classifier, next(classifier.parameters()), X, Y, X, multi_class=False, random_state=0)[0]
        for classifier in (forest, perceptron)
    )
    assert probabilities.shape == margins.shape == (40, 2)
    assert 0 <= probabilities.min() < probabilities.max() <= 1
    assert margins.min() < 0 < margins.max()


@pytest.mark.parametrize(
    ("name", "path", "message"),
    [
        ("sgd", "sklearn.linear_model:SGDClassifier", "'sgd' is already a classifier of topicdesk"),
        ("mine", "sklearn.nowhere:Thing", "No module named 'sklearn.nowhere'"),
        ("mine", "sklearn.svm:LinearSVX", "has no attribute 'LinearSVX'"),
        ("mine", "sklearn.svm", "Write package.module:Class"),
        ("mine", "", "Write package.module:Class"),
        ("mine", "sklearn.multiclass:OneVsRestClassifier", "missing 1 required positional argument"),
        ("mine", "collections:OrderedDict", "it must be a class with a method fit"),
        ("mine", "os:abort", "abort is not a class of estimators"),
        ("mine", "sklearn.pipeline:make_pipeline", "make_pipeline is not a class of estimators"),
        ("mine", "sklearn.semi_supervised:nothing", "has no attribute"),
        ("mine", "sklearn.cluster:DBSCAN", "computes no scores: it needs decision_function or predict_proba"),
    ],
)
def test_own_classifier_rejects_unusable_import_paths(name, path, message):
    with pytest.raises(SpecError, match=message):
        own_classifier(name, path)


@pytest.mark.slow
def test_own_classifier_takes_an_estimator_with_its_settings(dataset):
    estimator = SGDClassifier(loss="hinge", tol=0.1)
    classifier = own_classifier("mine", estimator).with_grid({"alpha": [1e-4, 1e-2]})
    assert classifier.build(True).tol == 0.1
    assert classifier.build(True) is not classifier.build(True)
    plan = ComparisonPlan((classifier,), splits=SplitPlan(folds=2), inner_folds=2, resamples=100)
    comparison = compare(dataset, plan, n_jobs=2)
    assert comparison.results[0].parameters["alpha"] in (1e-4, 1e-2)
    assert not hasattr(estimator, "coef_")  # only copies are fitted


def test_a_class_without_a_file_gets_checkpoints_of_its_own(dataset, tmp_path):
    plans, nested_plans = [], []
    for tolerance in (1e-3, 1e-4):
        typed = {"__name__": "typed"}  # like a class of a terminal or notebook, it belongs to no file
        exec(
            "from sklearn.svm import LinearSVC\n"
            f"class Mine(LinearSVC):\n    def fit(self, X, y):\n        self.tol = {tolerance}\n"
            "        return super().fit(X, y)\n    def get_params(self, deep=True):\n        return {}\n",
            typed,
        )
        classifier = own_classifier("mine", typed["Mine"]())
        plans.append(ComparisonPlan((classifier,), splits=SplitPlan(folds=2), inner_folds=2, resamples=100))
        nested = own_classifier("nested", CalibratedClassifierCV(typed["Mine"](), cv=2))
        nested_plans.append(replace(plans[-1], classifiers=(nested,)))
    splits, _ = make_splits(dataset, plans[0].splits, 0)
    for first, second in (plans, nested_plans):
        assert comparison_hash(dataset, first, splits, None) != comparison_hash(dataset, second, splits, None)


def test_checkpoints_depend_on_values_that_the_repr_of_an_estimator_leaves_out(dataset):
    plans = []
    for weight in (1.0, 2.0, 1.0):
        estimator = SGDClassifier(class_weight=dict.fromkeys(range(100), 1.0) | {70: weight})
        plans.append(ComparisonPlan((own_classifier("mine", estimator),)))
    splits, _ = make_splits(dataset, SplitPlan(folds=2), 0)
    first, second, third = (comparison_hash(dataset, plan, splits, None) for plan in plans)
    assert repr(plans[0].classifiers[0].build()) == repr(plans[1].classifiers[0].build())
    assert first != second
    assert first == third


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (SGDClassifier, r"is a class. Pass an instance: SGDClassifier\(\)"),
        (3, "cannot be cloned"),
        (StandardScaler(), "computes no scores"),
        (make_pipeline(TfidfVectorizer(), LinearSVC()), "contains a vectorizer, but topicdesk makes the features"),
        (None, "cannot be cloned"),
    ],
)
def test_own_classifier_rejects_objects_that_are_no_classifiers(estimator, message):
    with pytest.raises(SpecError, match=message):
        own_classifier("mine", estimator)


class WithoutSelf(LinearSVC):
    """An estimator whose `fit` returns nothing."""

    def fit(self, X, y):
        super().fit(X, y)


class Fewer(LinearSVC):
    """An estimator that leaves out the score of the last row."""

    def decision_function(self, X):
        return super().decision_function(X)[:-1]


class Text(LinearSVC):
    """An estimator whose scores are no numbers."""

    def decision_function(self, X):
        return np.array(["high"] * X.shape[0])


class WithoutClasses(BaseEstimator):
    """An estimator that does not say which classes it was fitted to."""

    def fit(self, X, y):
        return self

    def decision_function(self, X):
        return np.zeros(X.shape[0])


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "a\0b", None, 5])
def test_own_classifier_rejects_names_that_cannot_be_shown(name):
    with pytest.raises(SpecError, match="name must be a string of printable characters that is not empty"):
        own_classifier(name, LinearSVC())


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (GaussianNB(), r"mine with \{\} failed: TypeError: Sparse data was passed.*gets a sparse matrix"),
        (KNeighborsClassifier(500), r"mine with \{\} failed: ValueError: Expected n_neighbors"),
        (Fewer(), r"mine computes scores of shape \(39,\) for 40 rows and 2 classes"),
        (WithoutClasses(), r"mine has no attribute classes_ after fit.*self\.classes_ = np\.unique\(y\)"),
        (Text(), r"mine with \{\} failed: ValueError: could not convert string to float"),
    ],
)
@pytest.mark.parametrize("multi_class", [True, False])
def test_fit_and_score_names_an_own_classifier_that_fails(estimator, message, multi_class):
    X, Y = csr_matrix(points(40, 0)), np.eye(2, dtype=np.int8)[np.arange(40) % 2]
    with pytest.raises(SpecError, match=message):
        fit_and_score(own_classifier("mine", estimator), {}, X, Y, X, multi_class=multi_class, random_state=0)


@pytest.mark.parametrize("wrap", [lambda estimator: estimator, make_pipeline], ids=["alone", "pipeline"])
def test_fit_and_score_rejects_scores_of_pairs_of_classes(wrap):
    estimator = wrap(SVC(decision_function_shape="ovo"))
    X, Y = csr_matrix(points(60, 0)), np.eye(3, dtype=np.int8)[np.arange(60) % 3]
    with pytest.raises(
        SpecError, match=r"mine computes a score for each pair of classes.*decision_function_shape='ovr'"
    ):
        fit_and_score(own_classifier("mine", estimator), {}, X, Y, X, multi_class=True, random_state=0)


def test_fit_estimators_returns_estimators_whose_fit_returns_nothing():
    X, y = points(40, 0), np.arange(40) % 2
    (estimator,) = fit_estimators(own_classifier("mine", WithoutSelf()), {}, X, [y], 0)
    assert estimator.decision_function(X).shape == (40,)


def test_a_grid_sets_hyper_parameters_inside_a_pipeline():
    X, Y = csr_matrix(points(40, 0)), np.eye(2, dtype=np.int8)[np.random.default_rng(1).integers(0, 2, 40)]
    scaler = MaxAbsScaler()
    pipeline = make_pipeline("passthrough", LinearSVC())
    classifier = own_classifier("mine", pipeline).with_grid({"linearsvc__C": [1e-3, 10.0], "passthrough": [scaler]})
    for point in classifier.parameters():
        scores, _, _ = fit_and_score(classifier, point, X, Y, X, multi_class=True, random_state=0)
        expected = make_pipeline(MaxAbsScaler(), LinearSVC(C=point["linearsvc__C"], random_state=0)).fit(X, Y[:, 1])
        assert scores[:, 1] == pytest.approx(expected.decision_function(X))
    assert not hasattr(scaler, "scale_")  # only copies are fitted


def test_with_grid_accepts_an_estimator_that_cross_validates():
    classifier = own_classifier("mine", CalibratedClassifierCV(LinearSVC()))
    assert len(list(classifier.with_grid({"estimator__C": [0.1, 1.0]}).parameters())) == 2
    with pytest.raises(SpecError, match=r"rejects \{'estimator__C': -1.0\}"):
        classifier.with_grid({"estimator__C": [-1.0]})


def test_random_states_inside_a_pipeline_are_set_if_they_are_none():
    X, Y = csr_matrix(points(40, 0)), np.eye(2, dtype=np.int8)[np.random.default_rng(1).integers(0, 2, 40)]

    def scores(state, random_state):
        classifier = own_classifier(
            "mine", make_pipeline(MaxAbsScaler(), RandomForestClassifier(5, random_state=state))
        )
        return fit_and_score(classifier, {}, X, Y, X, multi_class=True, random_state=random_state)[0].tolist()

    assert scores(None, 1) == scores(None, 1)
    assert scores(None, 1) != scores(None, 2)
    assert scores(5, 1) == scores(5, 2)


@pytest.mark.parametrize(
    "name", ["majority", "logistic-regression", "linear-svm", "nearest-centroid", "multinomial-nb"]
)
def test_fit_and_score_ranks_the_only_class_of_the_training_rows_first(name):
    X, Y = csr_matrix(points(10, 0)), np.tile(np.array([0, 1, 0], dtype=np.int8), (10, 1))
    classifier = classifier_named(name)
    scores, _, _ = fit_and_score(classifier, first_point(classifier), X, Y, X, multi_class=True, random_state=0)
    assert (scores.argmax(axis=1) == 1).all()
    assert (scores[:, 0] == scores[:, 2]).all()


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"C": 1}, "C needs a list of values; got 1"),
        ({"C": "12"}, "C needs a list of values; got '12'"),
        ({"class_weight": [None, {0: 1}]}, r"class_weight cannot have the value \{0: 1\} in a grid"),
        ({"C": []}, r"C needs a list of values; got \[\]"),
        (None, "grid must map hyper-parameters to lists of values; got NoneType"),
    ],
)
def test_with_grid_needs_a_list_of_values_for_each_hyper_parameter(grid, message):
    with pytest.raises(SpecError, match=message):
        classifier_named("linear-svm").with_grid(grid)


def test_boosted_trees_name_the_extra_to_install_without_lightgbm(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(SpecError, match=r"pip install 'topicdesk\[boosting\]'"):
        classifier_named("boosted-trees").build(True)
