"""Drift: found where articles changed, and not where they did not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from topicdesk.errors import LabellerError
from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan
from topicdesk.features import Analyser, FeatureSetting
from topicdesk.prediction import fit_labeller, measure_drift, measure_drift_of_files


def answers(drift):
    return dict(zip(drift.checks["asked"], drift.checks["drifted"], strict=True))


@pytest.fixture(scope="module")
def large(labeller):
    """A labeller of which the reference is large enough to tell differences from."""
    rng = np.random.default_rng(0)
    rows = rng.integers(len(labeller.reference), size=600)
    reference = labeller.reference
    return replace(
        labeller,
        reference=replace(
            reference,
            probabilities=reference.probabilities[rows],
            given=reference.given[rows],
            unseen=reference.unseen[rows],
        ),
    )


def test_articles_of_the_same_make_do_not_drift(labeller, newsroom):
    articles, _ = newsroom(400, seed=8)
    found = measure_drift(labeller, articles)
    # Scores of a model are a little surer than those of the models on its folds; shares and words are alike.
    assert not any(drifted for asked, drifted in answers(found).items() if not asked.startswith("scores"))
    assert found.table().columns.tolist() == ["reference", "new", "difference", "least", "p", "drifted"]
    assert "400 new articles compared with" in str(found)


def test_other_words_are_found(large, newsroom):
    articles, _ = newsroom(300, seed=8)
    strange = articles.assign(text=articles["text"] + " quantum lattice fermion boson spin hadron gluon meson")
    found = answers(measure_drift(large, strange))
    assert found["unseen words"]


def test_another_share_of_a_topic_is_found_and_named(large, newsroom):
    articles, labels = newsroom(600, seed=8)
    courts = labels["topics"].map(lambda topics: "courts" in topics).to_numpy()
    found = measure_drift(large, articles[courts])
    assert answers(found)["share: courts"]
    assert answers(found)["scores: courts"]
    assert found.drifted
    assert str(found).startswith("Drift: share: courts")
    assert "YES" in found._repr_html_()


def test_a_trifle_is_no_drift_however_sure_it_is(large):
    # Of so many articles, two points are shown beyond doubt, and do not matter.
    share = large.reference.given[:, 0].mean() + 0.02
    rng = np.random.default_rng(1)
    given = rng.random((200_000, 2)) < [share, large.reference.given[:, 1].mean()]
    wide = replace(large, reference=replace(large.reference, given=np.repeat(large.reference.given, 200, axis=0)))
    from topicdesk.prediction.drift import Observed, _judged

    probabilities = np.resize(large.reference.probabilities, (200_000, 2))
    checks = _judged(wide, Observed(probabilities, given, None, 0)).checks.set_index("asked")
    assert checks.loc["share: courts", "p"] < 0.001
    assert not checks.loc["share: courts", "drifted"]


def test_files_are_asked_about_too_and_what_is_no_article_is_counted(labeller, newsroom, tmp_path):
    articles, _ = newsroom(60, seed=8)
    articles.loc[5, "text"] = ""
    articles.loc[5, "title"] = ""
    articles.drop(columns="published").to_json(tmp_path / "new.jsonl", orient="records", lines=True)
    of_files = measure_drift_of_files(labeller, [tmp_path / "new.jsonl"])
    pd.testing.assert_frame_equal(of_files.checks, measure_drift(labeller, articles).checks)
    assert "1 could not be labelled" in str(of_files)
    with pytest.raises(LabellerError, match="only 3 articles could be labelled, and the drift tests need at least 20"):
        measure_drift(labeller, articles.head(3))


def test_unseen_words_of_the_reference_are_those_that_nothing_else_teaches(dataset):
    # One article has a word of its own, and one has a copy: neither teaches its own words.
    own = " zebra" * 5
    texts = tuple(f"{text}{own}" if row in (0, 1) else text for row, text in enumerate(dataset.texts))
    groups = np.arange(len(dataset))
    for together, expected in ((True, True), (False, False)):
        groups[1] = 0 if together else 1
        data = replace(dataset, texts=texts, groups=groups.copy(), fields={"text": texts})
        plan = ComparisonPlan((CLASSIFIERS["linear-svm"],), (FeatureSetting(),), inner_folds=2, seed=3)
        unseen = fit_labeller(data, plan, CLASSIFIERS["linear-svm"], jobs=1).reference.unseen
        words = len(FeatureSetting().analyser.vectorizer().build_analyzer()(texts[0]))
        assert (unseen[0] == pytest.approx(5 / words, abs=1e-4)) == expected


def test_where_features_are_not_words_they_are_not_counted(dataset, newsroom):
    setting = FeatureSetting(Analyser(analyzer="char_wb", ngram_range=(2, 3)))
    plan = ComparisonPlan((CLASSIFIERS["linear-svm"],), (setting,), inner_folds=2, seed=3)
    fitted = fit_labeller(dataset, plan, CLASSIFIERS["linear-svm"], jobs=1)
    found = measure_drift(fitted, newsroom(40, seed=8)[0])
    assert "unseen words" not in answers(found)
    assert found.plot().axes


def test_the_picture_says_of_each_check_what_the_table_says(large, newsroom):
    articles, labels = newsroom(300, seed=8)
    courts = labels["topics"].map(lambda topics: "courts" in topics).to_numpy()
    figure = measure_drift(large, articles[courts]).plot()
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[2] == "scores of courts: DRIFT"
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels[0] == "courts\nDRIFT"
