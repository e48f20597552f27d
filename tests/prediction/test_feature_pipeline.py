"""The pipeline of a setting with blocks has the features of a comparison; its model labels and explains with them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from topicdesk.errors import FeaturesError
from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan, SplitPlan, compare
from topicdesk.evaluation._execution.fitting import Candidate, gather_materials
from topicdesk.features import Analyser, Block, FeatureSetting, fold_features
from topicdesk.prediction import explain_held_out, field_frame, fit_labeller
from topicdesk.prediction._feature_pipeline import feature_pipeline

KEYWORDS = {"courts": ("judge", "jury", "verdict"), "rail": ("train", "trains", "central station")}
BLOCKS = (
    Block("lead", 0.5, options=(("lead", 40), ("ngram_range", (1, 2)))),
    Block("title", 2.0, field="title", options=(("lead", 12),)),
    Block("keywords", 0.3, keywords=True),
    Block("keywords-of-lead", 0.3, keywords=True, options=(("lead", 40),)),
)
SETTING = FeatureSetting(min_df=2, sublinear_tf=True, blocks=BLOCKS)
SVM = CLASSIFIERS["linear-svm"]


def plan_of(*settings, classifier=SVM):
    return ComparisonPlan((classifier,), settings, SplitPlan(folds=3), inner_folds=2, resamples=100, random_state=3)


@pytest.fixture(scope="module")
def fitted(dataset):
    return fit_labeller(dataset, plan_of(SETTING), SVM, KEYWORDS, n_jobs=1)


@pytest.mark.parametrize(
    "setting",
    [
        SETTING,
        replace(SETTING, chi2=30),
        replace(SETTING, analyser=Analyser("char_wb", (2, 3), lead=60)),
        replace(SETTING, analyser=Analyser(lowercase="turkish", stop_words="english")),
    ],
    ids=["words", "selected", "characters of the lead", "Turkish"],
)
def test_feature_pipeline_with_blocks_equals_the_features_of_a_fold(dataset, setting):
    # An empty first field leaves its line break in the pipeline, which only n-grams of characters contain.
    empty = {row for row in range(len(dataset)) if row % 7 == 0 and setting.analyser.analyzer == "word"}
    titles = ["" if row in empty else title for row, title in enumerate(dataset.fields["title"])]
    bodies = dataset.fields["text"]
    texts = tuple("\n".join(filter(None, parts)) for parts in zip(titles, bodies, strict=True))
    data = replace(dataset, texts=texts, fields={"title": tuple(titles), "text": bodies})
    rows = np.random.default_rng(0).permutation(len(data))
    train, test = rows[:60], rows[60:]
    materials = gather_materials(data, [Candidate(SVM, setting, ())], KEYWORDS, 0, (setting,))
    expected = fold_features(materials.counts, setting, train, test, data.Y[train], materials.keyword_hits)
    turkish = setting.analyser.turkish
    pipeline = feature_pipeline(setting, ["title", "text"], data.topics, KEYWORDS, turkish)
    result = (
        pipeline.fit_transform(field_frame(data, train), data.Y[train]),
        pipeline.transform(field_frame(data, test)),
    )
    for one, other in zip(result, expected, strict=True):
        assert one.shape == other.shape
        assert abs(one - other).max() <= 1e-12


def test_labeller_transform_with_blocks_equals_the_steps_of_its_pipeline(dataset, fitted):
    frame = pd.concat([field_frame(dataset), pd.DataFrame({"title": ["", "Only a title"], "text": ["a jury", ""]})])
    steps = csr_matrix(fitted.pipeline[:-1].transform(frame))
    assert abs(fitted.transform(frame) - steps).max() <= 1e-12
    assert fitted.names.shape == (steps.shape[1],)
    assert (fitted.decide(frame) == fitted.pipeline.predict(frame)).all()
    assert fitted.portable


def test_labeller_with_blocks_reads_texts_without_fields(fitted):
    texts = ["The judge met the jury. Bakers in the old town", "The railway and its trains"]
    features = csr_matrix(fitted.pipeline[:-1].transform(texts))
    assert abs(fitted.transform(pd.DataFrame({"title": "", "text": texts})) - features).max() <= 1e-12
    assert fitted.decide(texts).tolist() == fitted.pipeline.predict(texts).tolist()
    assert fitted.names[features[0].indices].tolist()[-2:] == ["keywords: courts", "keywords-of-lead: courts"]


def test_labeller_description_names_the_weights_of_blocks(fitted):
    assert "blocks.title={'field': 'title', 'lead': 12, 'weight': 2.0}" in fitted.features
    assert "blocks.keywords={'keywords': True, 'weight': 0.3}" in fitted.features


@pytest.mark.parametrize("chi2", [None, 40])
def test_contributions_with_blocks_add_up_to_the_score_and_name_the_blocks(dataset, chi2):
    model = fit_labeller(dataset, plan_of(replace(SETTING, chi2=chi2)), SVM, KEYWORDS, n_jobs=1)
    row = int(np.flatnonzero(dataset.Y[:, 0])[0])
    article = field_frame(dataset, np.array([row]))
    explanation = model.explain(article)
    features = model.pipeline[:-1].transform(article)
    for column, topic in enumerate(model.topics):
        estimator = model.estimators()[column]
        total = sum(entry.contribution for entry in explanation.contributions[topic])
        assert total + estimator.intercept_[0] == pytest.approx(estimator.decision_function(features)[0], abs=1e-12)
    names = {entry.term for entry in explanation.contributions["courts"]}
    assert "keywords: courts" in names
    assert any(name.startswith("lead: ") for name in names) == (chi2 is None)
    assert "<mark" in explanation._repr_html_()
    assert "terms_courts" in model.label(article, explain=3)


def test_explain_marks_terms_of_blocks_in_the_text(dataset):
    setting = FeatureSetting(min_df=1, blocks=(Block("lead", 5.0, options=(("lead", 600),)),))
    model = fit_labeller(dataset, plan_of(setting), SVM, n_jobs=1)
    html = model.explain("The jury met.")._repr_html_()
    assert ">jury</mark>" in html
    assert "lead: " not in html


def test_explain_held_out_names_blocks(dataset):
    setting = replace(SETTING, blocks=(*BLOCKS[:2], replace(BLOCKS[2], weight=5.0)))
    comparison = compare(dataset, plan_of(setting), KEYWORDS, n_jobs=1)
    row = int(np.flatnonzero(dataset.Y[:, 0])[0])
    (explanation,) = explain_held_out(comparison, SVM, [(row, 0)], KEYWORDS).values()
    assert "keywords: courts" in {entry.term for entry in explanation}


def test_unseen_shares_with_blocks_are_those_of_the_whole_text(dataset, fitted):
    plain = fit_labeller(dataset, plan_of(replace(SETTING, blocks=())), SVM, n_jobs=1)
    articles = pd.DataFrame({"title": ["", "Zebra"], "text": ["the jury and a zebra", "the judge"]})
    np.testing.assert_array_equal(fitted.unseen_shares(articles), plain.unseen_shares(articles))
    np.testing.assert_array_equal(fitted.reference.unseen, plain.reference.unseen)
    assert fitted.unseen_shares(articles)[0] > 0


@pytest.mark.parametrize(
    ("block", "keywords", "message"),
    [
        (
            Block("a", field="titel"),
            KEYWORDS,
            r"^blocks\.a\.field: the texts have no field 'titel'; did you mean 'title'",
        ),
        (Block("a", keywords=True), None, r"^blocks\.a: the block needs keywords of every topic, .* courts, rail\."),
        (Block("a", keywords=True), {"rail": ["train"]}, "there are none for courts"),
    ],
)
def test_compare_names_a_block_that_reads_what_there_is_not(dataset, block, keywords, message):
    with pytest.raises(FeaturesError, match=message):
        compare(dataset, plan_of(FeatureSetting(blocks=(block,))), keywords, n_jobs=1)
