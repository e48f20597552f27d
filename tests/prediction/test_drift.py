"""Drift checks detect changed articles, and no drift in similar ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from support.figures import assert_legends_cover_no_data
from topicdesk.annotation import make_dataset
from topicdesk.errors import LabellerError
from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan
from topicdesk.features import Analyser, FeatureSetting
from topicdesk.prediction import Reference, fit_labeller, measure_drift, measure_drift_of_files
from topicdesk.prediction._observing import observe

N_WORDS, LENGTH = 3000, 60
WORDS = np.array([f"w{number}x" for number in range(N_WORDS)])
FREQUENCIES = 1 / np.arange(10, N_WORDS + 10)
TOPIC_WORDS = [np.random.default_rng(100 + topic).choice(N_WORDS, 150, replace=False) for topic in range(2)]


def write_texts(n_texts, rng, share=0.3):
    """Write texts of words with Zipf's frequencies, some of them words of a topic, and return their topics too."""
    Y = rng.random((n_texts, 2)) < share
    texts = []
    for row in Y:
        words = rng.choice(N_WORDS, LENGTH, p=FREQUENCIES / FREQUENCIES.sum())
        for topic in np.flatnonzero(row):
            replaced = rng.random(LENGTH) < 0.12
            words[replaced] = rng.choice(TOPIC_WORDS[topic], replaced.sum())
        texts.append(" ".join(WORDS[words]))
    return texts, Y.astype(np.int8)


def fit_texts(texts, Y, unlabelled=None):
    dataset = make_dataset(texts, Y, topics=["a", "b"])
    classifier = CLASSIFIERS["logistic-regression"].with_grid({"C": [10.0]})
    plan = ComparisonPlan((classifier,), (FeatureSetting(min_df=2, sublinear_tf=True),))
    return fit_labeller(dataset, plan, classifier, n_jobs=1, unlabelled=unlabelled)


@pytest.mark.slow
@pytest.mark.parametrize("has_unlabelled", [True, False], ids=["unlabelled", "labelled"])
def test_measure_drift_reports_drift_in_few_undrifted_batches_and_in_drifted_ones(has_unlabelled):
    undrifted, drifted = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        fitted = fit_texts(*write_texts(300, rng), write_texts(600, rng)[0] if has_unlabelled else None)
        assert fitted.reference.scored_by == ("model" if has_unlabelled else "fold models")
        undrifted += [measure_drift(fitted, write_texts(300, rng)[0]).drifted for _ in range(10)]
        drifted.append(measure_drift(fitted, write_texts(300, rng, share=0.6)[0]).drifted)
    print(f"false alarms: {np.mean(undrifted):.1%} of {len(undrifted)} batches")
    assert np.mean(undrifted) <= 0.07
    assert np.mean(drifted) >= 0.9


def test_measure_drift_compares_equal_values_as_equal(labeller, newsroom):
    # Values of a reference are rounded. Most of these shares and probabilities are not rounded numbers.
    articles, _ = newsroom(200, random_state=8)
    same = replace(labeller, reference=observe(labeller, articles).reference())
    checks = measure_drift(same, articles).checks
    assert (checks["difference"] == 0).all()
    assert (checks["p"] == 1).all()


def test_fit_labeller_leaves_copies_of_labelled_and_unlabelled_texts_out_of_the_reference():
    rng = np.random.default_rng(0)
    texts, Y = write_texts(60, rng)
    new, _ = write_texts(120, rng)
    reference = fit_texts(texts, Y, [*new, *texts, *new, "", " "]).reference
    assert (reference.sample, reference.scored_by, len(reference)) == ("unlabelled", "model", 120)
    assert (reference.unseen > 0).all()
    too_few = fit_texts(texts, Y, [*new[:99], *texts]).reference
    assert (too_few.sample, too_few.scored_by, len(too_few)) == ("all", "fold models", 60)


def test_fit_labeller_names_unlabelled_articles_that_it_cannot_read():
    texts, Y = write_texts(60, np.random.default_rng(0))
    with pytest.raises(LabellerError, match=r"unlabelled: articles need a column 'text'; the columns are: body\."):
        fit_texts(texts, Y, pd.DataFrame({"body": texts}))
    with pytest.raises(LabellerError, match=r"unlabelled: .* not int\."):
        fit_texts(texts, Y, 5)


def test_reference_names_its_articles_and_opens_as_saved(labeller):
    facts = labeller.reference.facts()
    again = Reference.of(facts)
    assert again.scored_by == "fold models"
    np.testing.assert_array_equal(again.probabilities, labeller.reference.probabilities)
    del facts["scored_by"]  # an older version saved the model
    older = Reference.of(facts)
    assert older.scored_by == "inner folds"
    assert "fit the model again" in older.description()
    assert replace(older, scored_by="model").description() == f"{len(older)} unlabelled articles of the model's corpus"


def drifted_by_check(drift):
    return dict(zip(drift.checks["check"], drift.checks["drifted"], strict=True))


def with_reference_rows(labeller, rows):
    """Return a labeller whose reference consists of these rows, some of them repeated."""
    reference = labeller.reference
    arrays = {name: getattr(reference, name)[rows] for name in ("probabilities", "given", "unseen")}
    return replace(labeller, reference=replace(reference, **arrays))


@pytest.fixture(scope="module")
def large(labeller):
    """Return a labeller whose reference is large enough to detect differences."""
    rng = np.random.default_rng(0)
    return with_reference_rows(labeller, rng.integers(len(labeller.reference), size=600))


def test_measure_drift_finds_no_drift_in_similar_articles(labeller, newsroom):
    articles, _ = newsroom(400, random_state=8)
    drift = measure_drift(labeller, articles)
    assert not drift.drifted
    assert drift.table().columns.tolist() == ["reference", "new", "difference", "minimum", "p", "drifted"]
    assert "400 new articles compared with" in str(drift)


def test_measure_drift_reads_texts_as_the_last_field(labeller, newsroom):
    articles, _ = newsroom(100, random_state=8)
    from_texts = measure_drift(labeller, articles["text"].tolist())
    from_table = measure_drift(labeller, articles[["text"]])
    pd.testing.assert_frame_equal(from_texts.checks, from_table.checks)


def test_measure_drift_detects_unseen_words(large, newsroom):
    articles, _ = newsroom(300, random_state=8)
    changed = articles.assign(text=articles["text"] + " quantum lattice fermion boson spin hadron gluon meson")
    drifted = drifted_by_check(measure_drift(large, changed))
    assert drifted["unseen words"]


def test_measure_drift_detects_and_names_a_changed_topic_share(large, newsroom):
    articles, labels = newsroom(600, random_state=8)
    courts = labels["topics"].map(lambda topics: "courts" in topics).to_numpy()
    drift = measure_drift(large, articles[courts])
    assert drifted_by_check(drift)["share: courts"]
    assert drifted_by_check(drift)["scores: courts"]
    assert drift.drifted
    assert str(drift).startswith("Drift: share: courts")
    assert "YES" in drift._repr_html_()


@pytest.mark.slow
def test_measure_drift_ignores_significant_differences_that_are_too_small_to_matter(large, newsroom):
    # With 30,000 articles on both sides, two percentage points are highly significant, but too small to matter.
    n_articles, reference = 30_000, large.reference
    rows = np.resize(np.arange(len(reference)), n_articles)
    larger = with_reference_rows(large, rows)
    articles, _ = newsroom(200, random_state=8)
    predicted = large.label(articles)["topics"].str.contains("courts").to_numpy(dtype=bool)
    n_courts = round((reference.given[:, 0].mean() + 0.02) * n_articles)
    new = np.concatenate(
        [np.resize(np.flatnonzero(predicted), n_courts), np.resize(np.flatnonzero(~predicted), n_articles - n_courts)]
    )
    checks = measure_drift(larger, articles.iloc[new].reset_index(drop=True)).checks.set_index("check")
    assert checks.loc["share: courts", "difference"] == pytest.approx(0.02, abs=1e-4)
    assert checks.loc["share: courts", "p"] < 0.001
    assert not checks.loc["share: courts", "drifted"]


def test_measure_drift_of_files_agrees_and_counts_unlabelled_articles(labeller, newsroom, tmp_path):
    articles, _ = newsroom(60, random_state=8)
    articles.loc[5, "text"] = ""
    articles.loc[5, "title"] = ""
    articles.drop(columns="published").to_json(tmp_path / "new.jsonl", orient="records", lines=True)
    of_files = measure_drift_of_files(labeller, [tmp_path / "new.jsonl"])
    pd.testing.assert_frame_equal(of_files.checks, measure_drift(labeller, articles).checks)
    assert "1 could not be labelled" in str(of_files)
    with pytest.raises(LabellerError, match="only 3 articles could be labelled, and the drift tests need at least 20"):
        measure_drift(labeller, articles.head(3))


def test_reference_counts_words_that_occur_in_no_other_cluster_as_unseen(dataset):
    # Two articles share words that no other article has. In one cluster, neither makes them known for the other.
    own_words = " zebra" * 5
    texts = tuple(f"{text}{own_words}" if row in (0, 1) else text for row, text in enumerate(dataset.texts))
    groups = np.arange(len(dataset))
    for same_cluster, expected in ((True, True), (False, False)):
        groups[1] = 0 if same_cluster else 1
        data = replace(dataset, texts=texts, groups=groups.copy(), fields={"text": texts})
        plan = ComparisonPlan((CLASSIFIERS["linear-svm"],), (FeatureSetting(),), inner_folds=2, random_state=3)
        unseen = fit_labeller(data, plan, CLASSIFIERS["linear-svm"], n_jobs=1).reference.unseen
        words = len(FeatureSetting().analyser.vectorizer().build_analyzer()(texts[0]))
        assert (unseen[0] == pytest.approx(5 / words, abs=1e-4)) == expected


def test_measure_drift_omits_unseen_words_if_features_are_not_words(dataset, newsroom):
    setting = FeatureSetting(Analyser(analyzer="char_wb", ngram_range=(2, 3)))
    plan = ComparisonPlan((CLASSIFIERS["linear-svm"],), (setting,), inner_folds=2, random_state=3)
    fitted = fit_labeller(dataset, plan, CLASSIFIERS["linear-svm"], n_jobs=1)
    drift = measure_drift(fitted, newsroom(40, random_state=8)[0])
    assert "unseen words" not in drifted_by_check(drift)
    assert drift.plot().axes


def test_drift_plot_marks_the_checks_that_drifted(large, newsroom):
    articles, labels = newsroom(300, random_state=8)
    courts = labels["topics"].map(lambda topics: "courts" in topics).to_numpy()
    figure = measure_drift(large, articles[courts]).plot()
    assert_legends_cover_no_data(figure)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[2] == "scores of courts: DRIFT"
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels[0] == "courts\nDRIFT"


def test_measure_drift_says_that_the_model_comes_first(labeller, newsroom):
    texts = newsroom(30, random_state=8)[0]["text"].tolist()
    for reference in (texts, labeller):
        with pytest.raises(LabellerError, match=r"articles is a model\. Pass the model first, then the new articles"):
            measure_drift(reference, labeller)


def test_measure_drift_takes_a_table_with_a_column_called_predict(newsroom):
    before, after = (newsroom(40, random_state=seed)[0].assign(predict="courts") for seed in (8, 9))
    assert not measure_drift(before, after, text="text").drifted
