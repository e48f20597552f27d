"""What is said of an article, and of what is none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from topicdesk.errors import LabellerError
from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan, DecisionRule, ThresholdRule
from topicdesk.features import Analyser, FeatureSetting
from topicdesk.prediction import fit_labeller
from topicdesk.prediction.answers import MOST_CHARACTERS, Answering

COURT = "A jury found the defendant guilty. The judge read the verdict before a full courtroom."
TRAIN = "Commuter trains stood still at the central station, and passengers waited on the platform."


def one_label_each(dataset):
    one = (dataset.Y.sum(axis=1) == 1).nonzero()[0]
    return replace(
        dataset,
        task="multi-class",
        texts=tuple(dataset.texts[row] for row in one),
        fields={name: tuple(values[row] for row in one) for name, values in dataset.fields.items()},
        **{name: getattr(dataset, name)[one] for name in ("Y", "ids", "groups", "samples", "sources", "dates")},
    )


def test_a_text_texts_and_a_table_are_labelled_alike(labeller):
    table = pd.DataFrame({"id": ["a", "b"], "title": ["", ""], "text": [COURT, TRAIN]}, index=[7, 3])
    said = labeller.label(table)
    assert said.columns.tolist() == ["id", "topics", "p_courts", "p_rail", "reason", "abstain"]
    assert said["topics"].tolist() == ["courts", "rail"]
    assert said.index.tolist() == [7, 3]
    texts = labeller.label([COURT, TRAIN])
    pd.testing.assert_frame_equal(texts, said.drop(columns="id").reset_index(drop=True))
    pd.testing.assert_frame_equal(labeller.label(COURT), texts.head(1))
    assert labeller.pipeline.predict([COURT, TRAIN]).tolist() == labeller.decide([COURT, TRAIN]).tolist()


def test_articles_that_share_an_index_each_have_an_answer(labeller):
    table = pd.DataFrame({"id": ["a", "b", "c"], "text": [COURT, TRAIN, COURT]}, index=[0, 0, 0])
    said = labeller.label(table, explain=2)
    assert said["id"].tolist() == ["a", "b", "c"]
    assert said["topics"].tolist() == ["courts", "rail", "courts"]
    assert said.index.tolist() == [0, 0, 0]


def test_a_column_that_is_missing_is_empty_and_no_column_at_all_is_an_error(labeller):
    assert labeller.label(pd.DataFrame({"text": [COURT], "more": [1]}))["topics"].tolist() == ["courts"]
    with pytest.raises(LabellerError, match=r"need a column 'title' or 'text'; the columns are: body\."):
        labeller.label(pd.DataFrame({"body": [COURT]}))
    with pytest.raises(LabellerError, match="must be a DataFrame, a list of texts or a text, not int"):
        labeller.label(5)


def test_what_is_no_text_is_not_labelled_and_says_why(labeller):
    table = pd.DataFrame(
        {
            "title": ["", None, "", np.nan, "", "Jury finds defendant guilty", pd.NA],
            "text": [None, " \n", 12, ["a"], "a" * (MOST_CHARACTERS + 1), None, COURT],
        },
        dtype=object,
    )
    said = labeller.label(table)
    assert said["topics"].isna().tolist() == [True] * 5 + [False] * 2
    assert said["abstain"].tolist()[:5] == [True] * 5
    assert said.filter(like="p_").isna().all(axis=1).tolist() == said["topics"].isna().tolist()
    assert said["reason"].tolist()[:4] == [
        "not labelled: it has no text",
        "not labelled: it has no text",
        "not labelled: its text is of type int, not a string",
        "not labelled: its text is of type list, not a string",
    ]
    assert "10,000,001 characters" in said["reason"][4]
    assert said["topics"].tolist()[5:] == ["courts", "courts"]


def test_an_article_of_which_no_term_is_known_is_left_to_a_person(labeller):
    said = labeller.label("Der Ausschuss vertagte sich gestern Abend auf unbestimmte Zeit.")
    assert said["abstain"].tolist() == [True]
    assert said["reason"][0].endswith("; the model knows none of its terms")


def test_reasons_name_topics_thresholds_and_what_is_unsure(labeller):
    sure = replace(labeller, rules=replace(labeller.rules, thresholds=(0.4, 0.6), sure=0.5))
    said = sure.label([COURT, "The weather stayed mild and the choir sang on the market square."])
    assert said["reason"][0].startswith("courts ")
    assert "(threshold 0.40)" in said["reason"][0]
    assert said["reason"][1].startswith("none: ")
    assert not said["abstain"].any()
    unsure = replace(labeller, rules=replace(labeller.rules, sure=0.9999999)).label(COURT)
    assert unsure["abstain"].tolist() == [True]
    assert "is required" in unsure["reason"][0]
    never = replace(labeller, rules=replace(labeller.rules, sure=None)).label(COURT)
    assert never["abstain"].tolist() == [True]
    assert never["reason"][0].endswith("no probability is high enough")


def test_what_abstains_is_chosen_so_that_the_rest_is_right_as_often_as_asked(dataset):
    mixed = replace(dataset, Y=np.where(np.arange(90)[:, None] % 9 == 0, 1 - dataset.Y, dataset.Y).astype(np.int8))
    plan = ComparisonPlan(
        (CLASSIFIERS["linear-svm"],), inner_folds=3, decision_rule=DecisionRule(automation_precision=0.9), seed=3
    )
    fitted = fit_labeller(mixed, plan, CLASSIFIERS["linear-svm"], jobs=1)
    probabilities, given = fitted.reference.probabilities, fitted.reference.given
    sure = np.where(given, probabilities, 1 - probabilities).prod(axis=1) >= fitted.rules.sure - 1e-4
    right = (given == (mixed.Y == 1)).all(axis=1)
    assert 0 < sure.sum() < 90
    assert right[sure].mean() >= 0.9


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(texts=st.lists(st.one_of(st.text(max_size=60), st.sampled_from([COURT, TRAIN, "judge train"])), max_size=6))
def test_an_article_gets_the_same_answer_alone_in_a_batch_and_as_mlflow_asks(labeller, texts):
    together = labeller.label(texts)
    for row, text in enumerate(texts):
        pd.testing.assert_frame_equal(labeller.label(text), together.iloc[[row]].reset_index(drop=True))
    table = pd.DataFrame({"title": [""] * len(texts), "text": pd.Series(texts, dtype=object)})
    served = Answering(labeller.pipeline, labeller.rules).predict(table)
    assert served.to_dict("records") == together.astype(object).where(together.notna(), None).to_dict("records")


@pytest.mark.parametrize("lead", [None, 60])
def test_the_faster_way_gives_the_numbers_of_the_pipeline(dataset, lead):
    setting = FeatureSetting(Analyser(lead=lead), min_df=2, chi2=None)
    plan = ComparisonPlan((CLASSIFIERS["logistic-regression"],), (setting,), inner_folds=2, seed=3)
    fitted = fit_labeller(dataset, plan, CLASSIFIERS["logistic-regression"], jobs=1)
    table = pd.DataFrame({"title": [*dataset.fields["title"], ""], "text": [*dataset.fields["text"], TRAIN]})
    own = fitted.pipeline[:-1].transform(table)
    assert (fitted.transform(table) != own).nnz == 0
    if lead:
        longer = table.assign(text=table["text"].str.slice(0, lead) + " court jury train")
        longer["text"] = longer["title"].str.cat(longer["text"], sep="\n").str.slice(0, 10_000)
        beyond = table.assign(text=table["text"] + " court jury train platform verdict")
        long_enough = table["text"].str.len() > lead
        assert (fitted.transform(beyond[long_enough]) != own[long_enough.to_numpy()]).nnz == 0


@pytest.mark.parametrize(
    "name", ["linear-svm", "complement-nb", "k-nn", "keyword-rules", "logistic-regression", "majority"]
)
def test_classes_have_probabilities_and_the_highest_score_is_the_most_probable(dataset, name):
    classes = one_label_each(dataset)
    keywords = {"courts": ("judge", "jury", "verdict"), "rail": ("train", "trains", "platform")}
    classifier = CLASSIFIERS[name].with_grid({"n_neighbors": [3]}) if name == "k-nn" else CLASSIFIERS[name]
    plan = ComparisonPlan((classifier,), inner_folds=2, seed=3)
    fitted = fit_labeller(classes, plan, classifier, keywords, jobs=1)
    table = pd.DataFrame({"title": list(classes.fields["title"]), "text": list(classes.fields["text"])})
    said = fitted.label(table)
    assert said[["p_courts", "p_rail"]].sum(axis=1).to_numpy() == pytest.approx(1.0)
    most = said[["p_courts", "p_rail"]].idxmax(axis=1).str.removeprefix("p_")
    assert said["topics"].tolist() == most.tolist() == fitted.pipeline.predict(table).tolist()
    assert not said["topics"].str.contains(" ").any()


def test_three_classes_are_calibrated_without_another_order(dataset):
    classes = one_label_each(dataset)
    third = np.arange(len(classes)) % 3 == 0
    Y = np.column_stack([np.where(third[:, None], 0, classes.Y), third]).astype(np.int8)
    classes = replace(classes, Y=Y, topics=("rail", "courts", "other"))
    for name in ("linear-svm", "nearest-centroid"):
        plan = ComparisonPlan((CLASSIFIERS[name],), inner_folds=2, seed=3)
        fitted = fit_labeller(classes, plan, CLASSIFIERS[name], jobs=1)
        (inside,) = fitted.estimators()
        scores = inside.decision_function(fitted.transform(pd.DataFrame(dict(classes.fields))))
        said = fitted.label(pd.DataFrame(dict(classes.fields)))
        assert said["topics"].tolist() == inside.classes_[scores.argmax(axis=1)].tolist()
        assert said[["p_rail", "p_courts", "p_other"]].sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_terms_that_decided_are_named_exactly(labeller):
    said = labeller.label([COURT, TRAIN], explain=2)
    assert said["terms_courts"][0].count(",") == 1
    assert said["terms_courts"][1].count("train") == 0
    told = labeller.explain(COURT)
    weights = labeller.weights
    features = labeller.transform(pd.DataFrame({"title": [""], "text": [COURT]}))
    for column, topic in enumerate(labeller.topics):
        assert sum(one.contribution for one in told.contributions[topic]) == pytest.approx(
            float((features @ weights[column])[0])
        )
    strongest = told.contributions["courts"][0]
    assert said["terms_courts"][0].startswith(f"{strongest.term} {strongest.contribution:+.2f}")
    assert told.marked == ("courts",)
    assert told.table().loc["courts", "given"]
    assert str(told).splitlines()[0] == said["reason"][0]


def test_an_explanation_marks_terms_in_the_text_and_text_stays_text(labeller):
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
def test_terms_are_marked_whatever_the_features(dataset, setting, marked):
    plan = ComparisonPlan((CLASSIFIERS["linear-svm"],), (setting,), inner_folds=2, seed=3)
    fitted = fit_labeller(dataset, plan, CLASSIFIERS["linear-svm"], jobs=1)
    told = fitted.explain(pd.DataFrame({"title": ["Jury finds guilty"], "text": [COURT + " \u0130"]}))
    assert marked in told._repr_html_()
    assert ("courtroom" in told.text) == (setting.analyser.lead is None)


def test_terms_of_what_is_not_linear_are_told_one_article_at_a_time(dataset):
    classifier = CLASSIFIERS["k-nn"].with_grid({"n_neighbors": [5]})
    fitted = fit_labeller(dataset, ComparisonPlan((classifier,), inner_folds=2), classifier, jobs=1)
    with pytest.raises(LabellerError, match=r"k-nn is not linear.*labeller\.explain\(article\)"):
        fitted.label(COURT, explain=3)
    assert len(fitted.explain(COURT).contributions["courts"]) > 3
    with pytest.raises(LabellerError, match="explain takes one article, not 2"):
        fitted.explain([COURT, TRAIN])


def test_thresholds_that_no_article_reaches_give_no_topic(dataset):
    rare = ThresholdRule(false_positive=1e9, false_negative=1e-9)
    plan = ComparisonPlan((CLASSIFIERS["nearest-centroid"],), inner_folds=2, decision_rule=DecisionRule(rare))
    shuffled = replace(dataset, Y=np.roll(dataset.Y, 7, axis=0))
    fitted = fit_labeller(shuffled, plan, CLASSIFIERS["nearest-centroid"], jobs=1)
    assert fitted.label(COURT)["topics"].tolist() == [""]
