"""Contributions of terms: exact for linear classifiers, and located in the text."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.sparse import csr_matrix

from topicdesk import make_dataset
from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan, SplitPlan, compare
from topicdesk.features import Analyser, FeatureSetting
from topicdesk.prediction import Contribution, contributions, explain_held_out, find_terms, fit_labeller
from topicdesk.prediction.explain import terms_in_text
from topicdesk.prediction.held_out import untrained

KEYWORDS = {"courts": ("judge", "jury"), "rail": ("train", "railway")}


@pytest.mark.parametrize(
    "name", ["linear-svm", "logistic-regression", "multinomial-nb", "complement-nb", "nearest-centroid"]
)
def test_contributions_of_a_linear_classifier_and_its_constant_sum_to_the_score(name):
    rng = np.random.default_rng(0)
    features = csr_matrix(rng.random((60, 12)) * (rng.random((60, 12)) < 0.5))
    y = (features[:, 0].toarray().ravel() > 0.3).astype(int)
    classifier = CLASSIFIERS[name]
    estimator = classifier.build(True).fit(features, y)
    names = np.array([f"t{place}" for place in range(12)])
    blank = csr_matrix((1, 12))
    for row in range(5):
        result = contributions(estimator, classifier, features[row], 1, names)
        score, constant = (classifier.score(estimator, one)[0] for one in (features[row], blank))
        assert sum(one.contribution for one in result) == pytest.approx(score - constant, abs=1e-9)
        assert [one.contribution for one in result] == sorted((one.contribution for one in result), reverse=True)


def test_contributions_of_other_classifiers_are_the_loss_without_the_term():
    features = csr_matrix(np.array([[1.0, 0], [1.0, 0], [0, 1.0], [0, 1.0], [1.0, 0.2]]))
    classifier = CLASSIFIERS["k-nn"]
    estimator = classifier.build(True).set_params(n_neighbors=2).fit(features[:4], [1, 1, 0, 0])
    result = contributions(estimator, classifier, features[4], 1, np.array(["for", "against"]))
    of_the_other = contributions(estimator, classifier, features[4], 0, np.array(["for", "against"]))
    assert [one.contribution for one in of_the_other] == [-one.contribution for one in reversed(result)]
    assert result[0].term == "for"
    assert result[0].contribution > 0.5


@pytest.mark.parametrize("name", ["linear-svm", "complement-nb", "k-nn"])
def test_explain_held_out_explains_both_of_two_classes(name):
    rng = np.random.default_rng(0)
    word = {"courts": "jury", "rail": "train"}
    y = ["courts", "rail"] * 30
    texts = [f"{word[one]} {' '.join(rng.choice(['day', 'week', 'year', 'hour'], 3))} {n}" for n, one in enumerate(y)]
    dataset = make_dataset(texts, y, groups=None)
    classifier = CLASSIFIERS[name].with_grid({"n_neighbors": [5]}) if name == "k-nn" else CLASSIFIERS[name]
    comparison = compare(dataset, ComparisonPlan((classifier,), splits=SplitPlan(folds=3), resamples=100), n_jobs=1)
    explanations = explain_held_out(comparison, classifier, [(0, 0), (0, 1), (1, 0), (1, 1)])
    assert explanations[0, 0][0].term == explanations[0, 1][-1].term == "jury"
    assert explanations[1, 1][0].term == explanations[1, 0][-1].term == "train"
    labeller = fit_labeller(dataset, comparison.plan, classifier, n_jobs=1)
    by_topic = labeller.explain(texts[0]).contributions
    assert by_topic["courts"][0].term == by_topic["rail"][-1].term == "jury"


@pytest.fixture(scope="module")
def texts_with_a_rare_topic():
    words = {"courts": "jury", "health": "nurse", "rail": "train"}
    y = [*words] * 6
    return [f"{words[one]} day{n % 4} week{n % 3}" for n, one in enumerate(y)] + ["bread day1 jury"], y


@pytest.mark.parametrize("rare", ["food", "zoo"])  # before other topics, and after them
@pytest.mark.parametrize("several", [False, True])
def test_explain_held_out_says_that_a_topic_was_not_in_the_training_data(texts_with_a_rare_topic, rare, several):
    texts, y = texts_with_a_rare_topic
    y = [*y, rare]
    dataset = make_dataset(texts, [[one] for one in y] if several else y, groups=None)
    plan = ComparisonPlan((CLASSIFIERS["plain-linear-svm"],), splits=SplitPlan(folds=2), inner_folds=2, resamples=0)
    comparison = compare(dataset, plan, n_jobs=1)
    row, column, other = 18, dataset.topics.index(rare), dataset.topics.index("courts")
    with pytest.warns(UserWarning, match=rf"1 decisions of plain-linear-svm have no explanation.*'{rare}'"):
        explanations = explain_held_out(comparison, plan.classifiers[0], [(row, column), (row, other)])
    assert explanations[row, column] == ()
    assert explanations[row, other][0].term == "jury"
    assert untrained(comparison, plan.classifiers[0], [(row, column), (row, other)]) == {(row, column)}


def test_explain_held_out_names_terms_of_each_test_article(dataset):
    names = ("keyword-rules", "linear-svm", "k-nn")
    classifiers = tuple(
        CLASSIFIERS[name].with_grid({"n_neighbors": [5]}) if name == "k-nn" else CLASSIFIERS[name] for name in names
    )
    settings = (FeatureSetting(), FeatureSetting(Analyser(ngram_range=(1, 2))))
    comparison = compare(
        dataset, ComparisonPlan(classifiers, settings, SplitPlan(folds=3), 2, resamples=100), KEYWORDS, n_jobs=1
    )
    row = int(np.flatnonzero(dataset.Y[:, 0])[0])
    for classifier in classifiers:
        explanations = explain_held_out(comparison, classifier, [(row, 0), (row, 1)], KEYWORDS)
        assert set(explanations) == {(row, 0), (row, 1)}
        assert all(
            one.term in dataset.texts[row].lower() for explanation in explanations.values() for one in explanation
        )


@pytest.mark.slow
def test_explain_held_out_supports_settings_with_and_without_field_weights(dataset):
    by_field = FeatureSetting(field_weights=(("title", 1.0), ("text", 1.0)))
    classifier = CLASSIFIERS["linear-svm"]
    rows = [(int(row), 0) for row in np.flatnonzero(dataset.Y[:, 0])[:5]]
    for settings in ((FeatureSetting(),), (by_field,), (FeatureSetting(), by_field), (by_field, FeatureSetting())):
        plan = ComparisonPlan((classifier,), settings, SplitPlan(folds=3), 2, resamples=100)
        comparison = compare(dataset, plan, n_jobs=1)
        explanations = explain_held_out(comparison, classifier, rows)
        terms = {one.term.rpartition("__")[2] for explanation in explanations.values() for one in explanation}
        assert terms & {"jury", "judge", "verdict", "court", "appeal", "defendant", "lawyers"}


def test_terms_in_text_adds_the_contributions_of_fields_and_blocks():
    terms = [Contribution("jury", 0.5), Contribution("lead: jury", 0.25), Contribution("keywords: courts", 1.0)]
    assert terms_in_text(terms, ["lead: "]) == [Contribution("jury", 0.75), Contribution("keywords: courts", 1.0)]
    assert terms_in_text(terms, []) == terms


def test_find_terms_locates_terms_in_the_text():
    text = "The JUDGE met the Jury. A supreme, court."
    analyser = Analyser(ngram_range=(1, 2), stop_words="english")
    located = [(text[start:end], term) for start, end, term in find_terms(text, ["judge", "supreme court"], analyser)]
    assert located == [("JUDGE", "judge"), ("supreme", "supreme court"), ("court", "supreme court")]


@given(st.text(), st.lists(st.text(min_size=1), max_size=4), st.sampled_from(["word", "char"]))
def test_find_terms_spans_never_overlap_and_lie_inside_the_text(text, terms, analyzer):
    last = 0
    for start, end, _ in find_terms(text, terms, Analyser(analyzer=analyzer)):
        assert last <= start < end <= len(text)
        last = end
