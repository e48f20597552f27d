"""Labels of articles, and of input that is no article."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from topicdesk._answers import MOST_CHARACTERS, Answering, Rules, answer
from topicdesk.annotation import join_dataset
from topicdesk.errors import LabellerError
from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan, DecisionRule, ThresholdRule
from topicdesk.features import Analyser, FeatureSetting
from topicdesk.prediction import fit_labeller

COURT = "A jury found the defendant guilty. The judge read the verdict before a full courtroom."
TRAIN = "Commuter trains stood still at the central station, and passengers waited on the platform."


def multi_class(dataset):
    one = (dataset.Y.sum(axis=1) == 1).nonzero()[0]
    return replace(
        dataset,
        task="multi-class",
        texts=tuple(dataset.texts[row] for row in one),
        fields={name: tuple(values[row] for row in one) for name, values in dataset.fields.items()},
        **{name: getattr(dataset, name)[one] for name in ("Y", "ids", "groups", "samples", "sources", "dates")},
    )


def test_labeller_label_treats_a_text_a_list_and_a_table_alike(labeller):
    table = pd.DataFrame({"id": ["a", "b"], "title": ["", ""], "text": [COURT, TRAIN]}, index=[7, 3])
    answers = labeller.label(table)
    assert answers.columns.tolist() == ["id", "topics", "p_courts", "p_rail", "reason", "abstain"]
    assert answers["topics"].tolist() == ["courts", "rail"]
    assert answers.index.tolist() == [7, 3]
    texts = labeller.label([COURT, TRAIN])
    pd.testing.assert_frame_equal(texts, answers.drop(columns="id").reset_index(drop=True))
    pd.testing.assert_frame_equal(labeller.label(COURT), texts.head(1))
    assert labeller.pipeline.predict([COURT, TRAIN]).tolist() == labeller.decide([COURT, TRAIN]).tolist()


def test_labeller_label_answers_each_article_of_a_duplicated_index(labeller):
    table = pd.DataFrame({"id": ["a", "b", "c"], "text": [COURT, TRAIN, COURT]}, index=[0, 0, 0])
    answers = labeller.label(table, explain=2)
    assert answers["id"].tolist() == ["a", "b", "c"]
    assert answers["topics"].tolist() == ["courts", "rail", "courts"]
    assert answers.index.tolist() == [0, 0, 0]


def test_labeller_label_accepts_one_missing_column_and_rejects_a_table_without_any(labeller):
    assert labeller.label(pd.DataFrame({"text": [COURT], "more": [1]}))["topics"].tolist() == ["courts"]
    with pytest.raises(LabellerError, match=r"need a column 'title' or 'text'; the columns are: body\."):
        labeller.label(pd.DataFrame({"body": [COURT]}))
    with pytest.raises(LabellerError, match="must be a DataFrame, a list of texts or a text, not int"):
        labeller.label(5)


def test_labeller_label_explains_why_an_article_is_not_labelled(labeller):
    table = pd.DataFrame(
        {
            "title": ["", None, "", np.nan, "", "Jury finds defendant guilty", pd.NA],
            "text": [None, " \n", 12, ["a"], "a" * (MOST_CHARACTERS + 1), None, COURT],
        },
        dtype=object,
    )
    answers = labeller.label(table)
    assert answers["topics"].isna().tolist() == [True] * 5 + [False] * 2
    assert answers["abstain"].tolist()[:5] == [True] * 5
    assert answers.filter(like="p_").isna().all(axis=1).tolist() == answers["topics"].isna().tolist()
    assert answers["reason"].tolist()[:4] == [
        "not labelled: it has no text",
        "not labelled: it has no text",
        "not labelled: its text is of type int, not a string",
        "not labelled: its text is of type list, not a string",
    ]
    assert "10,000,001 characters" in answers["reason"][4]
    assert answers["topics"].tolist()[5:] == ["courts", "courts"]


def test_labeller_label_abstains_if_it_knows_no_term(labeller):
    answers = labeller.label("Der Ausschuss vertagte sich gestern Abend auf unbestimmte Zeit.")
    assert answers["abstain"].tolist() == [True]
    assert answers["reason"][0].endswith("; the model knows none of its terms")


def test_labeller_label_gives_a_reason_with_topics_thresholds_and_confidence(labeller):
    sure = replace(labeller, rules=replace(labeller.rules, thresholds=(0.4, 0.6), sure=0.5))
    answers = sure.label([COURT, "The weather stayed mild and the choir sang on the market square."])
    assert answers["reason"][0].startswith("courts ")
    assert "(threshold 0.40)" in answers["reason"][0]
    assert answers["reason"][1].startswith("none: ")
    assert not answers["abstain"].any()
    unsure = replace(labeller, rules=replace(labeller.rules, sure=0.9999999)).label(COURT)
    assert unsure["abstain"].tolist() == [True]
    assert "is required" in unsure["reason"][0]
    never = replace(labeller, rules=replace(labeller.rules, sure=None)).label(COURT)
    assert never["abstain"].tolist() == [True]
    assert never["reason"][0].endswith("no probability is high enough")


def test_answer_names_the_topic_that_is_closest_to_its_threshold_by_ratio():
    rules = Rules(("climate", "transport"), ("text",), multi_class=False, thresholds=(0.3, 0.5), sure=0.9)
    articles = pd.DataFrame({"text": ["The choir sang."]})
    table = answer(articles, rules, lambda texts: (np.array([[0.002, 0.049]]), np.array([True])))
    assert table["reason"][0].startswith("none: transport is closest, 0.05 (threshold 0.50)")


def test_fit_labeller_abstains_to_reach_the_requested_precision(newsroom):
    articles, labels = newsroom(300, random_state=1)
    labels["time"] = labels["note"] = ""
    clean = join_dataset("newsroom", articles, labels, ("courts", "rail"))
    # Articles of both topics are labelled at random, and the model is less sure of them.
    both = np.flatnonzero(clean.Y.all(axis=1))
    Y = clean.Y.copy()
    Y[both] = np.random.default_rng(0).integers(0, 2, (len(both), 2))
    noisy = replace(clean, Y=Y, groups=np.arange(len(clean)))
    fitted_at = {}
    for sureness in (0.6, 0.9, 1 - 1e-9):
        rule = DecisionRule(automation_precision=0.95, automation_confidence=sureness)
        plan = ComparisonPlan((CLASSIFIERS["linear-svm"],), inner_folds=3, decision_rule=rule, random_state=3)
        fitted_at[sureness] = fit_labeller(noisy, plan, CLASSIFIERS["linear-svm"], n_jobs=1)
    fitted = fitted_at[0.9]
    probabilities, decisions = fitted.reference.probabilities, fitted.reference.given
    sure = np.where(decisions, probabilities, 1 - probabilities).prod(axis=1) >= fitted.rules.sure - 1e-4
    right = (decisions == (noisy.Y == 1)).all(axis=1)
    assert 0 < sure.sum() < len(noisy)
    assert right[sure].mean() > right.mean()
    assert fitted_at[0.6].rules.sure <= fitted.rules.sure
    assert fitted_at[1 - 1e-9].rules.sure is None


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(texts=st.lists(st.one_of(st.text(max_size=60), st.sampled_from([COURT, TRAIN, "judge train"])), max_size=6))
def test_labeller_label_gives_the_same_answer_alone_in_a_batch_and_in_mlflow(labeller, texts):
    together = labeller.label(texts)
    for row, text in enumerate(texts):
        pd.testing.assert_frame_equal(labeller.label(text), together.iloc[[row]].reset_index(drop=True))
    table = pd.DataFrame({"title": [""] * len(texts), "text": pd.Series(texts, dtype=object)})
    served = Answering(labeller.pipeline, labeller.rules).predict(table)
    assert served.to_dict("records") == together.astype(object).where(together.notna(), None).to_dict("records")


@pytest.mark.parametrize("lead", [None, 60])
def test_labeller_transform_gives_the_features_of_the_pipeline(dataset, lead):
    setting = FeatureSetting(Analyser(lead=lead), min_df=2, chi2=None)
    plan = ComparisonPlan((CLASSIFIERS["logistic-regression"],), (setting,), inner_folds=2, random_state=3)
    fitted = fit_labeller(dataset, plan, CLASSIFIERS["logistic-regression"], n_jobs=1)
    table = pd.DataFrame({"title": [*dataset.fields["title"], ""], "text": [*dataset.fields["text"], TRAIN]})
    expected = fitted.pipeline[:-1].transform(table)
    assert (fitted.transform(table) != expected).nnz == 0
    if lead:
        longer = table.assign(text=table["text"].str.slice(0, lead) + " court jury train")
        longer["text"] = longer["title"].str.cat(longer["text"], sep="\n").str.slice(0, 10_000)
        beyond = table.assign(text=table["text"] + " court jury train platform verdict")
        long_enough = table["text"].str.len() > lead
        assert (fitted.transform(beyond[long_enough]) != expected[long_enough.to_numpy()]).nnz == 0


@pytest.mark.parametrize(
    "name", ["linear-svm", "complement-nb", "k-nn", "keyword-rules", "logistic-regression", "majority"]
)
def test_labeller_label_gives_the_most_probable_class(dataset, name):
    classes = multi_class(dataset)
    keywords = {"courts": ("judge", "jury", "verdict"), "rail": ("train", "trains", "platform")}
    classifier = CLASSIFIERS[name].with_grid({"n_neighbors": [3]}) if name == "k-nn" else CLASSIFIERS[name]
    plan = ComparisonPlan((classifier,), inner_folds=2, random_state=3)
    fitted = fit_labeller(classes, plan, classifier, keywords, n_jobs=1)
    table = pd.DataFrame({"title": list(classes.fields["title"]), "text": list(classes.fields["text"])})
    answers = fitted.label(table)
    assert answers[["p_courts", "p_rail"]].sum(axis=1).to_numpy() == pytest.approx(1.0)
    most_probable = answers[["p_courts", "p_rail"]].idxmax(axis=1).str.removeprefix("p_")
    assert answers["topics"].tolist() == most_probable.tolist() == fitted.pipeline.predict(table).tolist()
    assert not answers["topics"].str.contains(" ").any()


def test_labeller_label_keeps_the_order_of_three_classes_in_its_probabilities(dataset):
    classes = multi_class(dataset)
    third = np.arange(len(classes)) % 3 == 0
    Y = np.column_stack([np.where(third[:, None], 0, classes.Y), third]).astype(np.int8)
    classes = replace(classes, Y=Y, topics=("rail", "courts", "other"))
    for name in ("linear-svm", "nearest-centroid"):
        plan = ComparisonPlan((CLASSIFIERS[name],), inner_folds=2, random_state=3)
        fitted = fit_labeller(classes, plan, CLASSIFIERS[name], n_jobs=1)
        (estimator,) = fitted.estimators()
        scores = estimator.decision_function(fitted.transform(pd.DataFrame(dict(classes.fields))))
        answers = fitted.label(pd.DataFrame(dict(classes.fields)))
        assert answers["topics"].tolist() == estimator.classes_[scores.argmax(axis=1)].tolist()
        assert answers[["p_rail", "p_courts", "p_other"]].sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_labeller_explain_contributions_sum_to_the_score(labeller):
    answers = labeller.label([COURT, TRAIN], explain=2)
    assert answers["terms_courts"][0].count(",") == 1
    assert answers["terms_courts"][1].count("train") == 0
    explanation = labeller.explain(COURT)
    weights = labeller.weights
    features = labeller.transform(pd.DataFrame({"title": [""], "text": [COURT]}))
    for column, topic in enumerate(labeller.topics):
        assert sum(one.contribution for one in explanation.contributions[topic]) == pytest.approx(
            float((features @ weights[column])[0])
        )
    strongest = explanation.contributions["courts"][0]
    assert answers["terms_courts"][0].startswith(f"{strongest.term} {strongest.contribution:+.2f}")
    assert explanation.marked == ("courts",)
    assert explanation.table().loc["courts", "predicted"]
    assert str(explanation).splitlines()[0] == answers["reason"][0]


def test_explanation_html_marks_terms_and_escapes_the_text(labeller):
    page = labeller.explain(f"<script>alert(1)</script> {COURT}")._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<mark" in page
    assert ">jury</mark>" in page


@pytest.mark.parametrize(
    ("setting", "marked"),
    [
        (FeatureSetting(field_weights=(("title", 2.0), ("text", 1.0))), ">jury</mark>"),
        (FeatureSetting(Analyser(analyzer="char_wb", ngram_range=(4, 4))), "</mark>"),
        (FeatureSetting(Analyser(stemmer="english")), ">guilty</mark>"),
        (FeatureSetting(Analyser(lead=40)), ">jury</mark>"),
    ],
    ids=["fields apart", "characters", "stems", "lead"],
)
def test_explanation_html_marks_terms_for_each_kind_of_features(dataset, setting, marked):
    plan = ComparisonPlan((CLASSIFIERS["linear-svm"],), (setting,), inner_folds=2, random_state=3)
    fitted = fit_labeller(dataset, plan, CLASSIFIERS["linear-svm"], n_jobs=1)
    explanation = fitted.explain(pd.DataFrame({"title": ["Jury finds guilty"], "text": [COURT + " \u0130"]}))
    assert marked in explanation._repr_html_()
    assert ("courtroom" in explanation.text) == (setting.analyser.lead is None)


def test_labeller_explains_a_non_linear_classifier_one_article_at_a_time(dataset):
    classifier = CLASSIFIERS["k-nn"].with_grid({"n_neighbors": [5]})
    fitted = fit_labeller(dataset, ComparisonPlan((classifier,), inner_folds=2), classifier, n_jobs=1)
    with pytest.raises(LabellerError, match=r"k-nn is not linear.*labeller\.explain\(article\)"):
        fitted.label(COURT, explain=3)
    assert len(fitted.explain(COURT).contributions["courts"]) > 3
    with pytest.raises(LabellerError, match="explain takes one article, not 2"):
        fitted.explain([COURT, TRAIN])


def test_labeller_label_gives_no_topic_below_its_threshold(dataset):
    rare = ThresholdRule(false_positive=1e9, false_negative=1e-9)
    plan = ComparisonPlan((CLASSIFIERS["nearest-centroid"],), inner_folds=2, decision_rule=DecisionRule(rare))
    shuffled = replace(dataset, Y=np.roll(dataset.Y, 7, axis=0))
    fitted = fit_labeller(shuffled, plan, CLASSIFIERS["nearest-centroid"], n_jobs=1)
    assert fitted.label(COURT)["topics"].tolist() == [""]
