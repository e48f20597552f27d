"""TopicClassifier follows scikit-learn's contract for classifiers, with texts as input."""

import json
import pickle
import shutil
from datetime import date

import mlflow
import numpy as np
import pandas as pd
import pyarrow
import pytest
import yaml
from scipy.sparse import csr_array
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.utils import estimator_checks

import topicdesk as td
from topicdesk.errors import (
    ArgumentError,
    LabellerError,
    LabelsError,
    ProjectError,
    SpecError,
    SplitError,
    TrackingError,
)

COURTS = ["judge", "jury", "verdict", "court", "lawyers", "appeal"]
RAIL = ["train", "trains", "railway", "passengers", "station", "platform"]
TEXTS = [
    " ".join(np.random.default_rng(row).choice(COURTS if row % 2 else RAIL, 5)) + f" the story {row}"
    for row in range(24)
]  # fmt: skip
CLASSES = ["courts" if row % 2 else "rail" for row in range(24)]
TOPICS = [["courts"] if row % 2 else ["rail"] for row in range(22)] + [[], ["courts", "rail"]]
NEW = ["The judge and the jury went to court.", "Passengers left the train at the station."]


def make(classifier="multinomial-nb", **options):
    return td.TopicClassifier(classifier, **{"inner_cv": 2, "n_jobs": 1} | options)


@pytest.fixture(scope="module")
def classes():
    return make().fit(TEXTS, CLASSES, groups=None)


@pytest.fixture(scope="module")
def topics():
    return make().fit(TEXTS, TOPICS, groups=None)


# The checks of scikit-learn that need no numbers as features. The others fit on random numbers.
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_mixin_order,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_set_params,
        estimator_checks.check_valid_tag_types,
    ],
)
def test_estimator_passes_the_checks_of_scikit_learn_that_need_no_numbers(check):
    check("TopicClassifier", td.TopicClassifier())


def test_fit_returns_the_classifier_and_does_not_change_its_parameters():
    model = make(LogisticRegression(C=3), features=td.Features(min_df=[1, 2]))
    before = model.get_params()
    assert model.fit(TEXTS, CLASSES, groups=None) is model
    assert model.get_params() == before
    copy = clone(model)
    assert not hasattr(copy, "classes_")
    assert copy.classifier.C == 3
    assert is_classifier(model)
    with pytest.raises(NotFittedError):
        copy.predict(NEW)


def test_fit_gives_the_same_model_twice_and_after_pickling(classes):
    again = make().fit(TEXTS, CLASSES, groups=None)
    np.testing.assert_array_equal(again.predict_proba(NEW), classes.predict_proba(NEW))
    copy = pickle.loads(pickle.dumps(classes))
    np.testing.assert_array_equal(copy.predict_proba(NEW), classes.predict_proba(NEW))


def test_predict_returns_classes_and_probabilities_in_the_order_of_classes(classes):
    assert classes.classes_.tolist() == ["courts", "rail"]
    assert classes.predict(NEW).tolist() == ["courts", "rail"]
    probabilities = classes.predict_proba(NEW)
    assert probabilities.argmax(axis=1).tolist() == [0, 1]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert classes.predict_topics(NEW) == [("courts",), ("rail",)]
    assert classes.score(TEXTS, CLASSES) == 1


@pytest.mark.parametrize(
    "labels",
    [
        [" courts", "rail\t"],
        ["s\u0327ehir", "rail"],  # in decomposed Unicode, as macOS writes file names
        [2**70, 1],
        [1.0, 0.0],
        [-1, 1],
    ],
)
def test_predict_returns_labels_as_they_were_given(labels, tmp_path):
    y = [labels[row % 2] for row in range(24)]
    model = make().fit(TEXTS, y, groups=None)
    assert model.predict(TEXTS).tolist() == y
    assert model.score(TEXTS, y) == 1
    model.save(tmp_path / "model")
    assert td.load_model(tmp_path / "model").predict(TEXTS).tolist() == y


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([True, 1], ["True", "1"]),
        ([date(2026, 1, 2), date(2026, 1, 1)], ["2026-01-02", "2026-01-01"]),
        ([pd.Timestamp(0), pd.Timestamp("2026-01-01 12:00")], ["1970-01-01 00:00:00", "2026-01-01 12:00:00"]),
        ([7, "seven"], ["7", "seven"]),
    ],
)
def test_predict_returns_names_for_labels_of_other_or_mixed_types(labels, names, tmp_path):
    model = make().fit(TEXTS, [labels[row % 2] for row in range(24)], groups=None)
    assert model.predict(TEXTS[:2]).tolist() == names
    model.save(tmp_path / "model")
    assert td.load_model(tmp_path / "model").predict(TEXTS[:2]).tolist() == names


def test_fit_takes_arrow_labels_and_iterators():
    for y in (pyarrow.array([row % 2 for row in range(24)]), (row % 2 for row in range(24))):
        assert make().fit(TEXTS, y, groups=None).predict(TEXTS[:2]).tolist() == [0, 1]


def test_predict_and_label_agree_on_texts_whose_classes_are_equally_probable():
    texts, y = ["alpha beta", "gamma delta"] * 4, [9, 10] * 4  # as strings, 10 comes first
    model = make().fit(texts, y, groups=None)
    unknown = ["omega", ""]
    assert (model.predict_proba(unknown) == 0.5).all()
    assert model.predict(unknown).astype(str).tolist() == model.label(unknown)["topics"].fillna("10").tolist()


@pytest.mark.parametrize(("labels", "dtype"), [([10, 9], np.integer), ([True, False], np.bool_)])
def test_predict_returns_labels_of_the_type_that_fit_got(labels, dtype, tmp_path):
    y = [labels[row % 2] for row in range(24)]
    model = make().fit(pd.Series(TEXTS), pd.Series(y), groups=None)
    assert model.classes_.tolist() == sorted(labels)
    predicted = model.predict(NEW)
    assert np.issubdtype(predicted.dtype, dtype)
    assert predicted.tolist() == [labels[1], labels[0]]
    assert model.predict_proba(NEW)[0].argmax() == sorted(labels).index(labels[1])
    model.save(tmp_path / "model")
    loaded = td.load_model(tmp_path / "model")
    assert loaded.predict(NEW).tolist() == predicted.tolist()
    assert loaded.classes_.tolist() == sorted(labels)


def test_predict_returns_indicators_for_several_topics(topics):
    assert topics.classes_.tolist() == ["courts", "rail"]
    both = " ".join(NEW)
    predicted = topics.predict([*NEW, both])
    assert predicted.tolist() == [[1, 0], [0, 1], [1, 1]]
    assert topics.predict_topics([*NEW, both]) == [("courts",), ("rail",), ("courts", "rail")]
    np.testing.assert_array_equal(predicted, topics.predict_proba([*NEW, both]) >= topics.labeller_.thresholds)
    np.testing.assert_array_equal(predicted, topics.labeller_.decide([*NEW, both]))
    assert topics.score(NEW, [["courts"], ["courts"]]) == topics.score(NEW, np.array([[1, 0], [1, 0]])) == 0.5


def test_score_takes_every_form_of_labels_that_fit_takes(topics, classes):
    indicators = pd.DataFrame({name: [int(name in labels) for labels in TOPICS] for name in ("courts", "rail")})
    decided = topics.predict(TEXTS)
    expected = (decided == indicators.to_numpy()).all(axis=1).mean()
    assert 0.5 < expected < 1
    forms = [
        TOPICS,
        [set(labels) for labels in TOPICS],
        [" ; ".join(labels) for labels in TOPICS],
        indicators,
        indicators[["rail", "courts"]],
        indicators.to_numpy(),
        indicators.to_numpy().tolist(),
        csr_array(indicators.to_numpy()),
        indicators.to_numpy().astype(bool),
    ]
    for y in forms:
        assert topics.score(TEXTS, y) == expected
    assert topics.score(["x", "y"], [[], []]) == topics.score(["x", "y"], np.zeros((2, 2)))
    assert topics.score(TEXTS, [[*labels, "weather"] for labels in TOPICS]) == 0
    table = pd.DataFrame({"text": TEXTS, "kind": CLASSES})
    assert classes.score(table, "kind") == classes.score(TEXTS, pd.get_dummies(table["kind"])) == 1
    assert classes.score(TEXTS, ["weather"] * 12 + CLASSES[12:]) == 0.5
    assert classes.score(TEXTS, ["weather"] * 12 + CLASSES[12:], [0] * 12 + [1] * 12) == 1


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["courts"], "y has 1 rows"),
        ("courts", "names a column"),
        (np.array(CLASSES)[:, None], "one dimension"),
        ([None] * 24, "row 0 is missing"),
        (set(CLASSES), "got set"),
        (3, "got int"),
    ],
)
def test_score_refuses_labels_that_do_not_fit_the_texts(classes, y, message):
    with pytest.raises(LabelsError, match=message):
        classes.score(TEXTS, y)
    with pytest.raises(LabelsError, match="another order"):
        classes.score(pd.Series(TEXTS), pd.Series(CLASSES)[::-1])
    with pytest.raises(ValueError, match="y to be passed"):
        classes.score(TEXTS, None)


def test_predict_takes_a_table_a_series_an_array_and_one_text(classes):
    expected = classes.predict_proba(NEW)
    for texts in (pd.Series(NEW, index=[7, 3]), np.array(NEW), np.array(NEW, dtype=object), tuple(NEW)):
        np.testing.assert_array_equal(classes.predict_proba(texts), expected)
    np.testing.assert_array_equal(classes.predict_proba(NEW[0]), expected[:1])
    table = pd.DataFrame({"headline": ["Court"] * 24, "body": TEXTS})
    by_field = make(text=["headline", "body"]).fit(table, CLASSES, groups=None)
    new = pd.DataFrame({"body": NEW, "headline": ["Court", "Train"], "other": 1})
    assert by_field.predict(new).tolist() == ["courts", "rail"]
    assert classes.predict_proba([]).shape == (0, 2)
    assert classes.predict([]).shape == (0,)


def test_predict_takes_every_form_of_texts_that_fit_takes(classes):
    expected = classes.predict(NEW).tolist()
    forms = [
        pd.DataFrame({"text": NEW})["text"].to_numpy(),
        pd.Series(NEW, dtype="str").array,
        pd.Series(NEW, dtype="string").to_numpy(),
        pd.Categorical(NEW),
        pd.Index(NEW),
        pyarrow.array(NEW),
    ]
    for texts in forms:
        assert classes.predict(texts).tolist() == expected
        assert classes.label(texts)["topics"].tolist() == expected
        make().fit(texts, ["a", "b"], groups=None)
    for names in ([0, 1], [("text", "head"), ("text", "body")]):
        table = pd.DataFrame({names[0]: ["Court"] * 24, names[1]: TEXTS})
        model = make(text=names).fit(table, CLASSES, groups=None)
        assert model.predict(table).tolist() == CLASSES
        assert model.label(table)["topics"].tolist() == CLASSES
    with pytest.raises(LabellerError, match="X: articles need a column 'text'"):
        classes.predict(pd.DataFrame({"body": NEW}))


def test_predict_reads_an_empty_text_and_refuses_a_missing_one(classes):
    assert np.isfinite(classes.predict_proba(["", " "])).all()
    for missing in (None, float("nan"), 3):
        with pytest.raises(LabellerError, match="X: the text of row 1"):
            classes.predict([NEW[0], missing])
    for wrong in (3, np.array("text"), {"text": "court"}, {"court"}):
        with pytest.raises(LabellerError, match="articles must be"):
            classes.predict(wrong)


def test_cross_validation_and_grid_search_of_scikit_learn_take_the_classifier():
    model = make(n_jobs=1)
    assert cross_val_score(model, TEXTS, CLASSES, cv=2).mean() == 1
    probabilities = cross_val_predict(model, np.array(TEXTS), np.array(CLASSES), cv=2, method="predict_proba")
    assert (probabilities.argmax(axis=1) == (np.array(CLASSES) == "rail")).all()
    search = GridSearchCV(model, {"classifier": ["multinomial-nb", LogisticRegression()]}, cv=2, scoring="f1_macro")
    assert search.fit(TEXTS, CLASSES).best_score_ == 1


def test_label_and_explain_are_those_of_the_fitted_pipeline(topics):
    assert topics.label(NEW)["topics"].tolist() == ["courts", "rail"]
    assert "judge" in str(topics.explain(NEW[0]))
    with pytest.raises(NotFittedError):
        make().explain(NEW[0])


def test_save_and_load_model_restore_predictions_and_work_without_a_project(topics, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = topics.save("model")
    assert not list(tmp_path.glob(".model*"))
    loaded = td.load_model(str(folder))
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), topics.predict_proba(TEXTS))
    assert loaded.classes_.tolist() == ["courts", "rail"]
    assert "24" in (folder / "model-card.md").read_text()
    assert json.loads((folder / "classes.json").read_text()) == ["courts", "rail"]
    with pytest.raises(ProjectError, match="folder: model exists and is not empty"):
        topics.save("model")
    (tmp_path / "empty").mkdir()
    topics.save("empty")
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="folder: "):
        topics.save("file")
    with pytest.raises(ProjectError, match="folder: cannot write"):
        topics.save("file/model")


def test_save_and_load_model_know_the_home_folder(topics, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert topics.save("~/model") == tmp_path / "model"
    assert td.load_model("~/model").classes_.tolist() == ["courts", "rail"]


@pytest.mark.parametrize("content", ["", "[", "3", "[1, 2]", '["courts"]', "{}", "[null, []]"])
def test_load_model_refuses_damaged_classes(classes, tmp_path, content):
    classes.save(tmp_path / "model")
    (tmp_path / "model" / "classes.json").write_text(content)
    with pytest.raises(LabellerError, match=r"classes\.json is damaged"):
        td.load_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("MLmodel", ""),
        ("MLmodel", "text"),
        ("MLmodel", "flavors: ["),
        ("MLmodel", "flavors: 3"),
        ("reference.json", "{}"),
        ("reference.json", ""),
        ("reference.json", None),
        ("model.skops", "PK"),
        ("model.skops", None),
    ],
)
def test_load_model_refuses_a_damaged_file(classes, tmp_path, file, content):
    folder = classes.save(tmp_path / "model")
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)
    with pytest.raises(LabellerError, match=rf"model: (the file )?{file} is (damaged|missing, or it was changed)"):
        td.load_model(folder)


def test_load_model_and_mlflow_refuse_the_pipeline_of_another_model(classes, tmp_path):
    texts = ["The judge ruled on the tram.", "A train was late."] * 4
    other = td.TopicClassifier("multinomial-nb", inner_cv=2, n_jobs=1).fit(texts, ["courts", "rail"] * 4)
    folder, second = classes.save(tmp_path / "model"), other.save(tmp_path / "other")
    mlflow.pyfunc.load_model(str(folder))
    shutil.copy(second / "model.skops", folder / "model.skops")
    with pytest.raises(LabellerError, match=r"model\.skops is missing, or it was changed after the model was saved"):
        td.load_model(folder)
    with pytest.raises(ValueError, match=r"model\.skops is missing, or it was changed"):
        mlflow.pyfunc.load_model(str(folder))


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "multi-label"},
        {"fields": []},
        {"thresholds": [0.5]},
        {"topics": ["courts", "rail", "sea"]},
        {"topics": ["courts"]},
    ],
)
def test_load_model_refuses_metadata_that_do_not_fit_together(classes, tmp_path, changes):
    folder = classes.save(tmp_path / "model")
    manifest = yaml.safe_load((folder / "MLmodel").read_text())
    manifest["metadata"]["labeller"].update(changes)
    (folder / "MLmodel").write_text(yaml.safe_dump(manifest))
    with pytest.raises(LabellerError, match="do not fit together"):
        td.load_model(folder)


def test_load_model_creates_no_store_for_a_folder_that_does_not_exist(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("model-2", "models:/topicdesk-x@champion"):
        with pytest.raises(TrackingError, match="no store yet"):
            td.load_model(name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["C# texts?", "100%25 {x}", "models:", "主題/şehir"])
def test_save_and_load_model_take_every_name_of_a_folder(classes, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    classes.save(name)
    assert td.load_model(name).predict(NEW).tolist() == ["courts", "rail"]
    assert [path.name for path in tmp_path.iterdir()] == [name.partition("/")[0]]


def test_save_and_load_model_name_wrong_arguments(topics, tmp_path):
    with pytest.raises(TypeError, match="folder"):
        topics.save(3)
    with pytest.raises(ValueError, match="folder must not contain a null character"):
        topics.save("a\0b")
    with pytest.raises(ArgumentError, match="folder must have names of at most 255 bytes"):
        topics.save(tmp_path / ("long" * 100))
    with pytest.raises(NotFittedError):
        make().save(tmp_path / "model")
    with pytest.raises(TypeError, match="model must be"):
        td.load_model(3)
    with pytest.raises(LabellerError, match="not a model"):
        td.load_model(tmp_path)


def test_fit_names_wrong_texts_labels_and_parameters():
    with pytest.raises(ValueError, match="y to be passed"):
        make().fit(TEXTS, None)
    with pytest.raises(LabelsError, match="y has 2 rows"):
        make().fit(TEXTS, ["a", "b"])
    with pytest.raises(LabelsError, match="only one class"):
        make().fit(TEXTS, ["a"] * 24)
    with pytest.raises(SpecError, match="did you mean"):
        make("multinomial").fit(TEXTS, CLASSES)
    with pytest.raises(ValueError, match="inner_cv"):
        make(inner_cv=1).fit(TEXTS, CLASSES)
    with pytest.raises(ValueError, match="n_jobs"):
        make(n_jobs=0).fit(TEXTS, CLASSES)


def test_repr_of_a_fitted_model_is_short(classes, topics):
    assert repr(classes) == "TopicClassifier(multinomial-nb, 24 texts, classes: courts, rail)"
    assert repr(make()) == "TopicClassifier(classifier='multinomial-nb', inner_cv=2, n_jobs=1)"
    assert "courts" in topics._repr_html_()
    assert len(topics._repr_html_()) < 3000


def test_fit_names_more_neighbours_than_texts():
    texts, labels = ["a judge ruled", "the train was late"] * 10, ["courts", "rail"] * 10
    with pytest.raises(SplitError, match=r"k-nn needs \d+ neighbours.*Lower n_neighbors, or label more"):
        td.TopicClassifier("k-nn", n_jobs=1).fit(texts, labels, groups=None)


def test_fit_warns_of_too_few_unlabelled_articles_at_the_line_of_the_caller():
    with pytest.warns(UserWarning, match="unlabelled: 0 articles have text") as caught:
        make().fit(TEXTS, CLASSES, groups=None, unlabelled=[])
    assert [warning.filename for warning in caught] == [__file__]
