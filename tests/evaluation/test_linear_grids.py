"""Kernels agree with the estimators that they repeat."""

import os
import pickle
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array, csr_matrix, vstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.svm import LinearSVC

from topicdesk.errors import ArgumentError
from topicdesk.evaluation import _linear_grids, classifier_named, make_inner_splits
from topicdesk.evaluation._linear_grids import kernels_are_used, linear_svm_scores, logistic_scores, sgd_scores
from topicdesk.evaluation.classifiers import _has_own_kernel, fit_and_score, fit_grid_and_score
from topicdesk.experiment import load_experiments
from topicdesk.features import count_terms_once, weigh_fold
from topicdesk.project import find_project

pytest.importorskip("numba", reason="kernels need numba")

SRC = Path(_linear_grids.__file__).parents[2]
NAMES = ["linear-svm", "logistic-regression", "plain-linear-svm", "sgd"]
ESTIMATORS = {
    linear_svm_scores: LinearSVC,
    logistic_scores: lambda **options: LogisticRegression(solver="liblinear", dual=True, **options),
    sgd_scores: lambda **options: SGDClassifier(loss="modified_huber", **options),
}
FUNCTIONS = pytest.mark.parametrize("function", ESTIMATORS, ids=lambda function: function.__name__)


@pytest.fixture(params=[True, False], ids=["Gram matrix", "sparse rows"])
def gram(request, monkeypatch):
    monkeypatch.setattr(_linear_grids, "_gram_pays", lambda train: request.param)
    return request.param


@st.composite
def problems(draw):
    """Draw training rows, topics and test rows, often degenerate."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_rows = draw(st.integers(4, 60))
    n_terms = n_rows + draw(st.integers(1, 100))
    X = rng.random((n_rows, n_terms)) * (rng.random((n_rows, n_terms)) < draw(st.sampled_from([0.05, 0.3, 1.0])))
    if draw(st.booleans()):  # coarse values, so that sums and gradients tie
        X = (2 * X).round() / 2
    kind = draw(st.sampled_from(["plain", "normalised", "duplicates", "equal"]))
    if kind == "normalised":
        X /= np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-9)
    elif kind == "duplicates":
        X = X[rng.integers(0, max(n_rows // 3, 1), n_rows)]
    elif kind == "equal":
        X = np.repeat(X[:1], n_rows, axis=0)
    X[rng.random(n_rows) < draw(st.sampled_from([0.0, 0.2]))] = 0  # empty rows
    X[0, 0] = 1.0
    multi_class = draw(st.booleans())
    if multi_class:
        classes = rng.integers(0, 3, n_rows)
        classes[:3] = range(3)
        Y = np.eye(3, dtype=np.int8)[classes]
    else:
        Y = (rng.random((n_rows, 2)) < [0.3, 0.0]).astype(np.int8)
        Y[rng.integers(n_rows), 1] = 1  # one positive
        Y[:2, 0] = [0, 1]
    test = csr_matrix(np.vstack([X[:3], rng.random((5, n_terms)), np.zeros((1, n_terms))]))
    return csr_matrix(X), Y, test, multi_class, draw(st.integers(0, 2**31 - 1))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(problem=problems(), use_gram=st.booleans())
def test_kernels_agree_with_fitting_each_point(name, problem, use_gram):
    X, Y, test, multi_class, random_state = problem
    classifier = classifier_named(name)
    points = list(classifier.parameters())
    with pytest.MonkeyPatch.context() as patched, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        patched.setattr(_linear_grids, "_gram_pays", lambda train: use_gram)
        scored = classifier.kernel(points, X, Y, test, multi_class, random_state)
        if name == "logistic-regression" and multi_class:
            assert scored is None
            return
        for point, (scores, _, _) in zip(points, scored, strict=True):
            expected, _, _ = fit_and_score(classifier, point, X, Y, test, multi_class, random_state)
            np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-9)
            assert ((scores > 0) == (expected > 0))[np.abs(expected) > 1e-9].all()


@FUNCTIONS
def test_kernels_warn_of_each_fit_that_stops_early(function, gram):
    rng = np.random.default_rng(0)
    X = csr_matrix(rng.random((50, 80)) * (rng.random((50, 80)) < 0.3))
    Y = (rng.random((50, 3)) < 0.4).astype(np.int8)
    points = [{"alpha": 1e-4}, {"alpha": 1e-2}] if function is sgd_scores else [{"C": 1e-3}, {"C": 100.0}]
    for max_iter in (1, 6, 40):
        expected, counts = [], []
        for fit in (True, False):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                if fit:
                    scored = function(points, X, Y, X, False, 7, max_iter=max_iter)
                else:
                    expected = [
                        [ESTIMATORS[function](max_iter=max_iter, random_state=7, **point).fit(X, y).decision_function(X)
                         for y in Y.T]
                        for point in points
                    ]  # fmt: skip
            assert {warning.category for warning in caught} <= {ConvergenceWarning}
            counts.append(len(caught))
        assert counts[0] == counts[1]
        for (scores, _, _), columns in zip(scored, expected, strict=True):
            np.testing.assert_allclose(scores, np.column_stack(columns), rtol=0, atol=1e-9)


def test_a_multi_class_estimator_that_stops_early_warns_once():
    rng = np.random.default_rng(0)
    X, Y = csr_matrix(rng.random((30, 60))), np.eye(3, dtype=np.int8)[np.arange(30) % 3]
    for function, point in ((linear_svm_scores, {"C": 1.0}), (sgd_scores, {"alpha": 1e-4})):
        with pytest.warns(ConvergenceWarning) as caught:
            function([point], X, Y, X, True, 0, max_iter=2)
        assert len(caught) == 1


def test_a_fit_whose_comparison_is_closer_than_rounding_is_left_to_sparse_rows(monkeypatch):
    # The margins of these rows tie with each other. With the Gram matrix alone, scores would differ by 1e-5 and more.
    rng = np.random.default_rng(3)
    monkeypatch.setattr(_linear_grids, "_gram_pays", lambda train: True)
    kernels = _linear_grids._loaded("fit_squared_hinge")
    undecided = 0
    for _ in range(30):
        X = csr_matrix(rng.choice([0, 0, 0.5, 1.0], (9, 12)))
        Y = (np.arange(9)[:, None] % 3 == 0).astype(np.int8)
        order, duals = np.argsort(Y[:, 0], kind="stable").astype(np.uint32), np.empty(9)
        rows = _linear_grids._rows(X, gram=True)
        twister = _linear_grids._twister(int(np.random.RandomState(0).randint(2**31 - 1)))
        found = kernels.fit_squared_hinge(rows, order, Y[:, 0] > 0, 10.0, 1e-4, 1000, twister, np.empty(9), duals)
        undecided += found == kernels.UNDECIDED
        ((scores, _, _),) = linear_svm_scores([{"C": 10.0}], X, Y, X, False, 0)
        expected = LinearSVC(C=10.0, random_state=0).fit(X, Y[:, 0]).decision_function(X)
        np.testing.assert_allclose(scores[:, 0], expected, rtol=0, atol=1e-9)
    assert undecided


def test_gram_matrix_holds_the_products_of_rows():
    rng = np.random.default_rng(0)
    X = csr_matrix(rng.random((20, 50)) * (rng.random((20, 50)) < 0.2))
    np.testing.assert_allclose(_linear_grids._rows(X, gram=True).gram, (X @ X.T).toarray() + 1, rtol=1e-12)


@pytest.mark.parametrize("change", ["dense", "float32", "NaN", "no values", "64-bit indices", "more rows than terms"])
def test_unsupported_rows_are_left_to_scikit_learn(change):
    X = csr_matrix(np.eye(4, 6))
    if change == "dense":
        X = X.toarray()
    elif change == "float32":
        X = X.astype(np.float32)
    elif change == "NaN":
        X.data[0] = np.nan
    elif change == "no values":
        X = csr_matrix((4, 6))
    elif change == "64-bit indices":
        X = csr_array(X)
        X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    else:
        X = csr_matrix(vstack([X, X]))
    Y = np.array([[0], [1]] * (X.shape[0] // 2), dtype=np.int8)
    assert linear_svm_scores([{"C": 1.0}], X, Y, X, False, 0) is None
    if change != "more rows than terms":  # only LinearSVC changes its problem
        assert logistic_scores([{"C": 1.0}], X, Y, X, False, 0) is None
        assert sgd_scores([{"alpha": 1e-3}], X, Y, X, False, 0) is None


def test_other_hyper_parameters_have_no_kernel():
    svm = classifier_named("linear-svm")
    assert svm.with_grid({"C": [0.5]}).kernel is linear_svm_scores
    assert svm.with_grid({"C": [0.5], "loss": ["hinge", "squared_hinge"]}).kernel is None


def test_the_variable_turns_kernels_off(monkeypatch):
    X, Y = csr_matrix(np.eye(4, 6)), np.array([[0], [1]] * 2, dtype=np.int8)
    monkeypatch.setenv("TOPICDESK_KERNELS", "0")
    assert not kernels_are_used()
    assert linear_svm_scores([{"C": 1.0}], X, Y, X, False, 0) is None
    monkeypatch.setenv("TOPICDESK_KERNELS", "1")
    assert kernels_are_used()
    assert linear_svm_scores([{"C": 1.0}], X, Y, X, False, 0) is not None
    monkeypatch.setenv("TOPICDESK_KERNELS", "yes")
    with pytest.raises(ArgumentError, match="TOPICDESK_KERNELS must be 0 or 1; got 'yes'"):
        kernels_are_used()


def test_kernels_are_used_only_with_the_scikit_learn_that_they_repeat(monkeypatch):
    monkeypatch.delenv("TOPICDESK_KERNELS", raising=False)
    monkeypatch.setattr(_linear_grids, "version", lambda name: "1.10.0")
    _linear_grids._can_repeat.cache_clear()
    assert not kernels_are_used()
    monkeypatch.undo()
    _linear_grids._can_repeat.cache_clear()


@pytest.mark.corpus
@pytest.mark.parametrize("name", NAMES)
def test_kernels_agree_on_the_main_experiment(name, gram):
    (load,) = load_experiments(find_project(__file__).root / "experiments" / "topics.toml")
    data, plan, classifier = load.dataset, load.plan, classifier_named(name)
    fold = make_inner_splits(data, load.splits[0], plan.inner_folds, plan.random_state)[0]
    counts = count_terms_once(data.texts, [setting.analyser for setting in plan.settings])
    points = list(classifier.parameters())
    for setting in (plan.settings[0], plan.settings[-1]):
        weights = weigh_fold(counts[setting.analyser], setting, fold.train, fold.test)
        about = weights.train, data.Y[fold.train], weights.test, False, plan.random_state
        scored = fit_grid_and_score(classifier, points, *about)
        for point, (scores, _, _) in zip(points, scored, strict=True):
            expected, _, _ = fit_and_score(classifier, point, *about)
            if gram and name != "sgd":
                np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-12)
            else:  # the same sums in the same order
                np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-14)


FIT = """
import numpy as np
from scipy.sparse import csr_matrix
from topicdesk.evaluation._linear_grids import sgd_scores
rng = np.random.default_rng(0)
X, Y = csr_matrix(rng.random((20, 30))), np.arange(20)[:, None] % 2
((scores, _, _),) = sgd_scores([{"alpha": 1e-3}], X, Y, X, False, 0)
print(repr(scores.sum()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("writable", [True, False])
def test_processes_that_compile_at_the_same_time_agree_and_keep_the_code(tmp_path, writable):
    package, user = tmp_path / "src" / "topicdesk", tmp_path / "user"
    shutil.copytree(SRC / "topicdesk", package, ignore=shutil.ignore_patterns("__pycache__"))
    kept = package / "evaluation" / "__pycache__"
    if not writable:  # nobody can make a folder where a file is, not even root
        kept.write_text("")
    user.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment |= {"PYTHONPATH": str(tmp_path / "src"), "HOME": str(user), "XDG_CACHE_HOME": str(user)}
    started = [
        subprocess.Popen([sys.executable, "-c", FIT], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    printed = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    assert len(set(printed)) == 1 and printed[0]
    assert list((kept if writable else user).rglob("_kernels.fit_modified_huber*.nbi"))


@pytest.mark.parametrize("name", NAMES)
def test_kernel_fits_only_the_estimator_that_it_repeats(name):
    classifier = classifier_named(name)
    assert _has_own_kernel(classifier)
    assert _has_own_kernel(pickle.loads(pickle.dumps(classifier))), "worker processes have copies"
    assert not _has_own_kernel(replace(classifier, build=lambda binary: LinearSVC(max_iter=1)))
    assert not _has_own_kernel(replace(classifier, score=lambda estimator, features: np.zeros(features.shape[0])))
