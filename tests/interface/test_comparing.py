"""`compare` takes texts and labels in the forms in which people have them, and gives what a spec gives."""

import math
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, RepeatedStratifiedKFold, ShuffleSplit, StratifiedKFold

import topicdesk as td
from topicdesk.errors import ArgumentError, FeaturesError, LabelsError, SpecError, SplitError, TrackingError
from topicdesk.evaluation import ComparisonPlan, SplitPlan, classifier_named
from topicdesk.experiment import reproduce_run
from topicdesk.project import Project

COURTS = ["judge", "jury", "verdict", "court", "lawyers", "appeal"]
RAIL = ["train", "trains", "railway", "passengers", "station", "platform"]
FAST = {"cv": 2, "inner_cv": 2, "n_resamples": 100, "n_jobs": 1, "groups": None}


class Unsplittable:
    def split(self, X, y, groups):
        raise KeyError("no column")


def words(rng, vocabulary, n_words=6):
    return " ".join(rng.choice(vocabulary, n_words))


@pytest.fixture(scope="module")
def table():
    """Forty short texts with one class, and with any number of topics."""
    rng = np.random.default_rng(0)
    rows = []
    for row in range(40):
        topics = [["courts"], ["rail"], ["courts", "rail"], []][row % 4]
        vocabulary = [*(COURTS if "courts" in topics else ()), *(RAIL if "rail" in topics else ())]
        text = words(rng, [*vocabulary, "the", "of", "monday"] if vocabulary else ["the", "of", "monday", "weather"])
        rows.append({"headline": f"story {row}", "body": text, "topics": topics, "kind": "yes" if topics else "no"})
    return pd.DataFrame(rows)


def scores_of(comparison):
    return comparison.scores.reset_index(drop=True)


@pytest.mark.slow
def test_compare_gives_the_same_scores_for_each_form_of_labels(table):
    indicators = pd.DataFrame({name: [int(name in has) for has in table["topics"]] for name in ("courts", "rail")})
    forms = {
        "lists": table["topics"].tolist(),
        "sets": [set(labels) for labels in table["topics"]],
        "strings": table["topics"].str.join(";"),
        "frame": indicators,
        "column": "topics",
    }
    results = {
        name: scores_of(td.compare(table, y, text=["headline", "body"], classifiers=["multinomial-nb"], **FAST))
        for name, y in forms.items()
    }
    array = td.compare(
        table, indicators.to_numpy(), topics=["courts", "rail"], text=["headline", "body"],
        classifiers=["multinomial-nb"], **FAST,
    )  # fmt: skip
    for result in (*results.values(), scores_of(array)):
        pd.testing.assert_frame_equal(result, results["lists"])


@pytest.mark.slow
def test_compare_takes_names_estimators_and_grids(table):
    comparison = td.compare(
        table["body"], table["kind"],
        classifiers=[
            "multinomial-nb",
            ("complement-nb", {"alpha": [0.1]}),
            LogisticRegression(C=10),
            ("mine", LogisticRegression()),
            ("searched", LogisticRegression(), {"C": [0.1, 1]}),
        ],
        **FAST,
    )  # fmt: skip
    names = [classifier.name for classifier in comparison.plan.classifiers]
    assert names == [
        "majority", "plain-linear-svm", "multinomial-nb", "complement-nb", "LogisticRegression", "mine", "searched",
    ]  # fmt: skip
    chosen = comparison.choices().set_index("classifier")["parameters"]
    assert chosen["complement-nb"].unique().tolist() == ["alpha=0.1"]
    assert set(chosen["searched"]) <= {"C=0.1", "C=1"}
    mapped = td.compare(table["body"], table["kind"], classifiers={"mine": LogisticRegression()}, **FAST)
    expected = scores_of(comparison).query("classifier == 'mine'")["value"]
    np.testing.assert_array_equal(scores_of(mapped).query("classifier == 'mine'")["value"], expected)


@pytest.mark.parametrize(
    ("cv", "n_splits", "n_repeats"),
    [
        (StratifiedKFold(4), 4, 1),
        (RepeatedStratifiedKFold(n_splits=2, n_repeats=3, random_state=0), 6, 3),
        (ShuffleSplit(2, test_size=0.6, random_state=0), 2, 2),
        ([(np.arange(30), np.arange(30, 40)), (np.arange(10, 40), np.arange(10))], 2, 1),
        ([(np.arange(40) < 30, np.arange(40) >= 30)], 1, 1),
    ],
)
def test_compare_uses_the_splits_of_a_splitter_or_of_row_numbers(table, cv, n_splits, n_repeats):
    comparison = td.compare(table["body"], table["kind"], classifiers=["multinomial-nb"], **FAST | {"cv": cv})
    assert len(comparison.splits) == n_splits
    assert {split.repeat for split in comparison.splits} == set(range(n_repeats))
    pairs = list(cv.split(table["body"], table["kind"]) if hasattr(cv, "split") else cv)
    for split, (_, test) in zip(comparison.splits, pairs, strict=True):
        expected = np.flatnonzero(test) if np.asarray(test).dtype == bool else np.sort(test)
        assert split.test.tolist() == expected.tolist()
    assert set(comparison.choices()["fold"]) == set(range(n_splits // n_repeats))


def test_compare_passes_groups_to_a_splitter_and_warns_of_a_group_on_both_sides(table):
    groups = np.arange(40) // 4
    options = FAST | {"groups": groups}
    kept = td.compare(table["body"], table["kind"], classifiers=["multinomial-nb"], **options | {"cv": GroupKFold(2)})
    assert not any("both sides" in warning for warning in kept.warnings)
    split = td.compare(
        table["body"], table["kind"], classifiers=["multinomial-nb"],
        **options | {"cv": KFold(2, shuffle=True, random_state=0)},
    )  # fmt: skip
    assert any("2 of 2 splits have rows of one group on both sides" in warning for warning in split.warnings)


@pytest.mark.slow
def test_compare_and_a_spec_give_the_same_scores(project):
    result = td.run_experiment(project.root / "experiments" / "small.toml", n_jobs=1)
    (by_spec,) = result.comparisons
    plan = by_spec.plan
    by_call = td.compare(
        by_spec.dataset,
        classifiers=[classifier for classifier in plan.classifiers if classifier.name not in plan.baselines],
        features=plan.settings,
        cv=plan.splits,
        inner_cv=plan.inner_folds,
        metric=plan.metric,
        representative=plan.representative,
        decision_rule=plan.decision_rule,
        n_resamples=plan.resamples,
        rope=plan.rope,
        keywords=by_spec.keywords,
        random_state=plan.random_state,
        n_jobs=1,
    )
    pd.testing.assert_frame_equal(by_call.scores, by_spec.scores)
    pd.testing.assert_frame_equal(by_call.significance, by_spec.significance)
    assert by_call.verdict == by_spec.verdict


def test_comparison_shows_the_leaderboard_and_never_the_texts(table):
    comparison = td.compare(table["body"], table["kind"], classifiers=["multinomial-nb"], **FAST)
    for shown in (repr(comparison), comparison._repr_html_()):
        assert "multinomial-nb" in shown
        assert table["body"][0] not in shown
        assert len(shown) < 5000
    assert comparison.scores["value"].dtype == float
    assert "leaderboard" in repr(comparison.plot)
    assert len(repr(comparison.plan)) < 1500
    with pytest.warns(FutureWarning, match=r"plot\.topics\(\)"):
        comparison.plot_topics()


def test_comparison_fit_returns_the_winner_or_the_classifier_that_is_named(table):
    comparison = td.compare(table["body"], table["kind"], classifiers=["multinomial-nb"], **FAST)
    assert comparison.fit(n_jobs=1).labeller_.classifier == comparison.verdict.winner
    assert comparison.fit("multinomial-nb", n_jobs=1).labeller_.classifier == "multinomial-nb"
    with pytest.raises(SpecError, match=r"classifier: .*'multinomial'; did you mean 'multinomial-nb'"):
        comparison.fit("multinomial")


@pytest.mark.slow
def test_comparison_and_each_model_that_it_fits_can_be_pickled_and_cloned(table):
    comparison = td.compare(
        table["body"], table["topics"],
        classifiers=[
            "multinomial-nb", "complement-nb", "nearest-centroid", ("k-nn", {"n_neighbors": [3]}), "linear-svm",
            "logistic-regression", "nb-svm", "sgd", "ridge", ("mine", LogisticRegression()),
        ],
        keywords={"courts": ["judge"], "rail": ["train"]},
        **FAST,
    )  # fmt: skip
    copied = pickle.loads(pickle.dumps(comparison))
    assert repr(copied) == repr(comparison)
    for name in comparison.ranking:
        model = comparison.fit(name, n_jobs=1)
        expected = model.predict_proba(table["body"])
        for copy in (
            pickle.loads(pickle.dumps(model)),
            clone(model).fit(table["body"], table["topics"], groups=None),
            copied.fit(name, n_jobs=1),
        ):
            np.testing.assert_array_equal(copy.predict_proba(table["body"]), expected, err_msg=name)


@pytest.mark.slow
def test_comparison_log_needs_no_project(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    comparison = td.compare(table["body"], table["topics"], classifiers=["multinomial-nb"], **FAST)
    logged = comparison.log("an experiment", n_jobs=1)
    assert logged.model.name == "topicdesk-an experiment"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlflow.db", "mlruns"]
    assert td.list_runs().index.tolist() == [logged.run_id]
    run = td.read_run(logged.run_id)
    assert run.table().index.tolist() == list(comparison.ranking)
    assert len(run.predictions()) == 80
    with pytest.raises(TrackingError, match="logged from Python, so it has no spec"):
        reproduce_run(Project(tmp_path), logged.run_id)
    loaded = td.load_model("models:/topicdesk-an experiment@champion")
    expected = comparison.fit(n_jobs=1).predict_proba(table["body"])
    np.testing.assert_array_equal(loaded.predict_proba(table["body"]), expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Glyph")
def test_comparison_log_takes_names_in_every_script_and_loads_labels_of_their_type(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"courts": "Law, order & <b>justice</b>; \U0001f469\u200d\u2696\ufe0f", "rail": "न्याय/यात्रा", "x": ".."}
    topics = [[names[name] for name in labels] or [names["x"]] for labels in table["topics"]]
    samples = ["a, b" if row % 3 else "a; b" for row in range(40)]
    comparison = td.compare(
        table["body"], topics, samples=samples, representative="a, b",
        classifiers=[("ridge", {"alpha": np.array([1, 3])}), ("L'été, 中", LogisticRegression())], **FAST,
    )  # fmt: skip
    logged = comparison.log("L'actualité, \U0001f5de", n_jobs=1)
    loaded = td.load_model(f"models:/{logged.model.name}@champion")
    assert loaded.classes_.tolist() == sorted(names.values())
    numbers = td.compare(table["body"], table["kind"].eq("yes").astype(int), classifiers=["multinomial-nb"], **FAST)
    loaded = td.load_model(f"models:/{numbers.log('numbers', n_jobs=1).model.name}@champion")
    assert loaded.classes_.dtype.kind == "i"
    assert loaded.predict(table["body"]).tolist() == numbers.fit(n_jobs=1).predict(table["body"]).tolist()


@pytest.mark.parametrize("experiment", ["", "a'b\"c", "a/b", "a:b", ".hidden", None, 3, "a\nb"])
def test_comparison_log_refuses_a_name_that_cannot_be_stored(table, experiment):
    comparison = td.compare(table["body"], table["kind"], classifiers=["multinomial-nb"], **FAST)
    with pytest.raises(ValueError, match="experiment"):
        comparison.log(experiment)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"classifiers": []}, SpecError, "classifiers is empty"),
        ({"classifiers": "linear-svm"}, TypeError, "classifiers must be a list"),
        ({"classifiers": ["linear-svc"]}, SpecError, "did you mean 'linear-svm'"),
        ({"classifiers": ["ridge", "ridge"]}, SpecError, "'ridge' occurs more than once"),
        ({"classifiers": [("mine", LogisticRegression(), {"D": [1]})]}, SpecError, "has no hyper-parameter 'D'"),
        ({"classifiers": [("mine", LogisticRegression(), 3)]}, TypeError, "the grid of 'mine' must be a mapping"),
        ({"classifiers": [LogisticRegression]}, SpecError, "is a class"),
        ({"classifiers": [None]}, ArgumentError, "must be a name, an estimator or .*got None"),
        ({"classifiers": ("ridge", {"alpha": [1]})}, ArgumentError, "must be a name, an estimator or .*got {'alpha'"),
        ({"features": "words"}, TypeError, "features must be Features"),
        ({"features": []}, FeaturesError, "features is empty"),
        ({"cv": 1}, ArgumentError, "cv must be an integer of at least 2"),
        ({"cv": True}, TypeError, "cv must be"),
        ({"cv": "five"}, TypeError, "cv must be"),
        ({"cv": []}, SplitError, "cv makes no splits"),
        ({"cv": [([0, 1], [1, 2])]}, SplitError, "both the training and the test rows"),
        ({"cv": [([0, 1], [40])]}, SplitError, "from 0 to 39"),
        ({"cv": [([0, 1], [])]}, SplitError, "not empty"),
        ({"cv": [([0.5], [1])]}, TypeError, "must be integers"),
        ({"cv": [([0, 1], [2], [3])]}, TypeError, "must be a pair"),
        ({"cv": KFold}, TypeError, r"cv is the class KFold. Pass an instance: KFold\(\)"),
        ({"cv": Unsplittable()}, SplitError, "cv: Unsplittable cannot split these rows: KeyError: 'no column'$"),
        ({"cv": StratifiedKFold(50)}, SplitError, r"n_splits=50 (?!.*For rows with several)"),
        ({"cv": GroupKFold(50)}, SplitError, "GroupKFold cannot split"),
        ({"n_repeats": 0}, ArgumentError, "n_repeats must be"),
        ({"cv": KFold(2), "n_repeats": 2}, SpecError, "n_repeats needs an integer cv"),
        ({"inner_cv": 1}, ArgumentError, "inner_cv must be an integer of at least 2"),
        ({"metric": "f1_macro"}, ArgumentError, "did you mean 'macro_f1'"),
        ({"random_state": -1}, ArgumentError, "random_state"),
        ({"n_resamples": -1}, ArgumentError, "resamples"),
        ({"search": "random"}, ArgumentError, "search"),
    ],
)
def test_compare_names_the_argument_that_is_wrong(table, options, error, message):
    with pytest.raises(error, match=message):
        td.compare(table["body"], table["kind"], **FAST | options)


def test_compare_names_wrong_texts_and_labels(table):
    with pytest.raises(TypeError, match="y is missing"):
        td.compare(table["body"])
    with pytest.raises(LabelsError, match="y has 3 rows"):
        td.compare(table["body"], ["a", "b", "a"])
    dataset = td.make_dataset(table["body"], table["kind"])
    with pytest.raises(TypeError, match="y must be None or a ComparisonPlan"):
        td.compare(dataset, table["kind"])
    with pytest.raises(TypeError, match="texts must be a Dataset"):
        td.compare(table["body"], ComparisonPlan((classifier_named("multinomial-nb"),)))


def test_compare_accepts_former_names_of_arguments(table):
    dataset = td.make_dataset(table["body"], table["kind"], groups=None)
    plan = ComparisonPlan((classifier_named("multinomial-nb"),), splits=SplitPlan(folds=2), inner_folds=2)
    with pytest.warns(FutureWarning, match="splits"):
        comparison = td.compare(dataset, plan, splits=None, n_jobs=1)
    assert math.isfinite(comparison.scores["value"][0])


def test_comparison_fits_with_the_number_of_processes_of_the_comparison(table):
    comparison = td.compare(table["body"], table["topics"], classifiers=["multinomial-nb"], **FAST)
    assert comparison.fit().n_jobs == 1
    assert comparison.fit(n_jobs=2).n_jobs == 2


def test_compare_works_without_resamples(table):
    """Before, it failed with a ValueError about values to unpack."""
    comparison = td.compare(table["body"], table["kind"], classifiers=["multinomial-nb"], cv=2, n_resamples=0, n_jobs=1)
    assert comparison.scores["low"].isna().all()
    assert comparison.verdict.winner == "multinomial-nb"
