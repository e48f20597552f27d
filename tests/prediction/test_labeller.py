"""Fitted labellers are plain scikit-learn pipelines, made by the procedure of the comparison."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from topicdesk.annotation import make_dataset
from topicdesk.errors import LabellerError
from topicdesk.evaluation import (
    CLASSIFIERS,
    ComparisonPlan,
    DecisionRule,
    LocalEngine,
    SplitPlan,
    ThresholdRule,
    choose_on_all,
    choose_thresholds,
    decide,
)
from topicdesk.features import Analyser, FeatureSetting
from topicdesk.prediction import field_frame, fit_labeller

KEYWORDS = {"courts": ("judge", "jury", "verdict"), "rail": ("train", "trains", "railway", "platform")}
SETTINGS = (FeatureSetting(), FeatureSetting(Analyser(ngram_range=(1, 2)), sublinear_tf=True))


def plan_of(*names, **options):
    return ComparisonPlan(
        tuple(CLASSIFIERS[name] for name in names), SETTINGS, inner_folds=2, random_state=3, **options
    )


def skip_without_package_of(name):
    if name == "boosted-trees":
        pytest.importorskip("lightgbm", exc_type=(ImportError, OSError))


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_fit_labeller_makes_a_pipeline_that_skops_restores_for_each_classifier(dataset, name):
    skip_without_package_of(name)
    labeller = fit_labeller(dataset, plan_of(name), CLASSIFIERS[name], KEYWORDS, n_jobs=1)
    frame = field_frame(dataset)
    decisions = labeller.decide(frame)
    saved = skops.io.dumps(labeller.pipeline)
    loaded = skops.io.loads(saved, trusted=skops.io.get_untrusted_types(data=saved))
    assert (loaded.predict(frame) == decisions).all()
    assert labeller.portable == (name != "boosted-trees")
    if name != "majority":
        assert (decisions == dataset.Y).mean() > 0.9


@pytest.mark.parametrize(
    "name", ["logistic-regression", "multinomial-nb", "nearest-centroid", "nb-svm", "keyword-rules"]
)
def test_fit_labeller_calibrates_on_scores_of_held_out_articles(dataset, name):
    plan, classifier = plan_of(name), CLASSIFIERS[name]
    labeller = fit_labeller(dataset, plan, classifier, KEYWORDS, n_jobs=1)
    frame = field_frame(dataset)
    choice = choose_on_all(dataset, plan, classifier, KEYWORDS, LocalEngine(1))
    probabilities = np.column_stack([column[:, 1] for column in labeller.pipeline.predict_proba(frame)])
    assert (labeller.decide(frame) == (probabilities >= labeller.thresholds)).all()
    # Platt's sigmoid increases with the score, so thresholds of probabilities separate articles as those of scores do.
    for column, one in enumerate(labeller.pipeline[-1].estimators_):
        held_out = one.estimator.final_estimator_.predict_proba(choice.scores[:, [column]])[:, 1]
        assert (np.diff(held_out[np.argsort(choice.scores[:, column])]) >= 0).all()


@pytest.mark.parametrize("calibration", ["platt", "isotonic"])
def test_fit_labeller_takes_the_thresholds_of_the_expected_f1_that_a_comparison_takes(dataset, calibration):
    noise = np.random.default_rng(2).random(dataset.Y.shape) < 0.2
    noisy = replace(dataset, Y=np.where(noise, 1 - dataset.Y, dataset.Y).astype(np.int8))
    expected = ThresholdRule(f1="expected")
    classifier = CLASSIFIERS["logistic-regression"]
    plan = plan_of(classifier.name, decision_rule=DecisionRule(expected, calibration=calibration))
    labeller = fit_labeller(noisy, plan, classifier, KEYWORDS, n_jobs=1)
    choice = choose_on_all(noisy, plan, classifier, KEYWORDS, LocalEngine(1))
    Y = noisy.Y[choice.rows]
    of_scores = decide(choice.scores, choose_thresholds(Y, choice.scores, expected))
    assert (of_scores != decide(choice.scores, choose_thresholds(Y, choice.scores, ThresholdRule(f1="observed")))).any()
    for column, one in enumerate(labeller.pipeline[-1].estimators_):
        held_out = one.estimator.final_estimator_.predict_proba(choice.scores[:, [column]])[:, 1]
        decided = held_out >= labeller.thresholds[column]
        if calibration == "platt":
            assert (decided == of_scores[:, column]).all()
        else:  # steps of isotonic regression can only be separated from each other
            assert (decided != of_scores[:, column]).mean() < 0.2


def test_labeller_decide_reads_missing_fields_as_empty(dataset):
    labeller = fit_labeller(dataset, plan_of("linear-svm"), CLASSIFIERS["linear-svm"], n_jobs=1)
    missing = pd.DataFrame({"title": ["The jury found the defendant guilty", None], "text": [None, None]})
    assert (labeller.decide(missing) == labeller.decide(missing.fillna(""))).all()
    assert labeller.decide(missing)[0].tolist() == [1, 0]


def test_labeller_decide_never_gives_a_topic_without_a_suitable_threshold(dataset):
    rare = ThresholdRule(false_positive=1e9, false_negative=1e-9)
    plan = plan_of("majority", "nearest-centroid", decision_rule=DecisionRule(rare))
    labeller = fit_labeller(
        replace(dataset, Y=np.roll(dataset.Y, 7, axis=0)), plan, CLASSIFIERS["nearest-centroid"], n_jobs=1
    )
    assert not labeller.decide(field_frame(dataset)).any()


def test_labeller_pipeline_predicts_classes_by_name(dataset):
    one = (dataset.Y.sum(axis=1) == 1).nonzero()[0]
    classes = replace(
        dataset,
        task="multi-class",
        texts=tuple(dataset.texts[row] for row in one),
        fields={name: tuple(values[row] for row in one) for name, values in dataset.fields.items()},
        **{name: getattr(dataset, name)[one] for name in ("Y", "ids", "groups", "samples", "sources", "dates")},
    )
    for name in ("linear-svm", "complement-nb", "k-nn", "keyword-rules"):
        classifier = CLASSIFIERS[name].with_grid({"n_neighbors": [3]}) if name == "k-nn" else CLASSIFIERS[name]
        labeller = fit_labeller(classes, plan_of(name), classifier, KEYWORDS, n_jobs=1)
        assert set(labeller.pipeline.predict(field_frame(classes))) == set(classes.topics)
        assert (labeller.decide(field_frame(classes)) == classes.Y).all(axis=1).mean() > 0.9


def test_labeller_terms_names_the_strongest_terms_of_a_topic(dataset):
    labeller = fit_labeller(dataset, plan_of("linear-svm"), CLASSIFIERS["linear-svm"], n_jobs=1)
    terms = labeller.terms(6)
    top = {topic: set(group.nlargest(6, "weight")["term"]) for topic, group in terms.groupby("topic")}
    assert top["courts"] & {"jury", "judge", "verdict", "court", "lawyers", "appeal"}
    assert top["rail"] & {"train", "trains", "railway", "passengers", "station"}
    assert fit_labeller(dataset, plan_of("majority"), CLASSIFIERS["majority"], n_jobs=1).terms(3) is None


def test_fit_labeller_supports_field_weights_and_stemming(dataset):
    settings = (FeatureSetting(field_weights=(("title", 2.0), ("text", 1.0))),)
    labeller = fit_labeller(
        dataset, replace(plan_of("linear-svm"), settings=settings), CLASSIFIERS["linear-svm"], n_jobs=1
    )
    assert labeller.portable
    assert (labeller.decide(field_frame(dataset)) == dataset.Y).mean() > 0.95
    stems = (FeatureSetting(Analyser(stemmer="english")),)
    stemmed = fit_labeller(dataset, replace(plan_of("linear-svm"), settings=stems), CLASSIFIERS["linear-svm"], n_jobs=1)
    assert not stemmed.portable


def test_labeller_estimators_of_linear_classifiers_are_linear_svc(dataset):
    for name in ("multinomial-nb", "nearest-centroid", "nb-svm"):
        labeller = fit_labeller(dataset, plan_of(name), CLASSIFIERS[name], n_jobs=1)
        assert all(type(one) is LinearSVC for one in labeller.estimators())


def test_labeller_html_shows_thresholds_and_strongest_terms(labeller):
    html = labeller._repr_html_()
    for shown in ("fitted on 90 articles", "threshold", "share predicted", "strongest terms", "courts", "rail"):
        assert shown in html


def test_decide_and_explain_support_topics_with_spaces_in_their_names():
    words = {"world news": "summit", "world": "globe", "news": "paper"}
    y = list(words) * 12
    texts = [f"The {words[one]} of day {number}" for number, one in enumerate(y)]
    dataset = make_dataset(texts, y, groups=None)
    plan = ComparisonPlan((CLASSIFIERS["linear-svm"],), splits=SplitPlan(folds=2), inner_folds=2)
    labeller = fit_labeller(dataset, plan, CLASSIFIERS["linear-svm"], n_jobs=1)
    assert dataset.topics == ("news", "world", "world news")
    assert labeller.decide(["the summit", "the globe", " "]).tolist() == [[0, 0, 1], [0, 1, 0], [0, 0, 0]]
    explanation = labeller.explain("the summit")
    assert explanation.predicted == explanation.marked == ("world news",)
    assert explanation.table()["predicted"].tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("articles", "message"),
    [
        (pd.DataFrame([["judge", "train"]], columns=["text", "text"]), "articles have more than one column 'text'"),
        (pd.DataFrame([["judge", "a", "b"]], columns=["text", "id", "id"]), "articles have more than one column 'id'"),
        (b"judge", "articles must be a DataFrame, a list of texts or a text, not bytes"),
    ],
)
def test_label_rejects_articles_that_it_would_misread(labeller, articles, message):
    with pytest.raises(LabellerError, match=message):
        labeller.label(articles)


@pytest.mark.parametrize("explain", [-1, 1.5, "2", None])
def test_label_needs_a_number_of_terms_to_explain(labeller, explain):
    with pytest.raises(ValueError, match="explain must be an integer of at least 0; got "):
        labeller.label("judge", explain=explain)


def test_fit_labeller_names_a_classifier_of_another_type(dataset):
    with pytest.raises(TypeError, match=r"classifier must be a Classifier; got 'sgd'"):
        fit_labeller(dataset, plan_of("sgd"), "sgd", n_jobs=1)


@pytest.mark.parametrize("fields", [[0], [0, 1], [1, 0]])
def test_labeller_reads_fields_whose_names_are_numbers(fields):
    texts = ["judge court appeal", "train tram line"] * 10
    table = pd.DataFrame({0: texts, 1: ["today", "tonight"] * 10})
    dataset = make_dataset(table, ["courts", "rail"] * 10, text=fields, groups=None)
    labeller = fit_labeller(dataset, plan_of("linear-svm"), CLASSIFIERS["linear-svm"], n_jobs=1)
    answers = labeller.label(table.rename(columns=str))
    assert answers["topics"].tolist() == ["courts", "rail"] * 10
    assert labeller.pipeline.predict(texts).tolist() == ["courts", "rail"] * 10


def test_labeller_reads_weights_of_a_model_of_the_first_edition(dataset):
    labeller = fit_labeller(dataset, plan_of("linear-svm"), CLASSIFIERS["linear-svm"], n_jobs=1)
    features = labeller.pipeline[:-1].transform(field_frame(dataset))
    final = deepcopy(labeller.pipeline[-1])
    for topic, y in zip(final.estimators_, dataset.Y.T, strict=True):
        margins = FrozenEstimator(topic.estimator.estimators_[0])
        topic.estimator = CalibratedClassifierCV(margins, ensemble=False).fit(features, y)
        topic.estimator.calibrated_classifiers_[0].estimator = margins.estimator
    former = replace(labeller, pipeline=Pipeline([*labeller.pipeline.steps[:-1], ("topics", final)]))
    assert (former.weights == labeller.weights).all()
