"""The audit finds what classifiers remember of a story, and nothing where there is nothing to remember."""

from dataclasses import replace

import numpy as np
import pytest

from topicdesk import compare, make_dataset
from topicdesk.errors import ArgumentError, SplitError
from topicdesk.evaluation import ComparisonPlan, SplitPlan, audit_stories, classifier_named, scores_where
from topicdesk.evaluation.studies.stories import APART, EARLIER, RANDOM_LATER

NAIVE_BAYES = classifier_named("multinomial-nb").with_grid({"alpha": (0.1,)})
PLAN = ComparisonPlan((NAIVE_BAYES,), splits=SplitPlan(folds=4), inner_folds=2, resamples=100, random_state=3)
FILLER = [f"filler{number}" for number in range(300)]


def newspaper(n_stories, copies, random_state=0, undated=()):
    """Make articles with a random label. Articles of one story share half of their words, and the label.

    Only the words of the story reveal the label, so there is nothing to learn but the story.
    """
    rng = np.random.default_rng(random_state)
    texts, labels = [], []
    for story in range(n_stories):
        label = ("courts", "rail")[story % 2]
        own = [f"story{story}word{number}" for number in range(12)]
        for _ in range(copies):
            texts.append(" ".join(rng.permutation([*own, *rng.choice(FILLER, 12)])))
            labels.append(label)
    order = rng.permutation(len(texts))
    days = np.datetime64("2026-01-01") + np.arange(len(texts))
    dates = [None if row in undated else str(day) for row, day in enumerate(days)]
    return make_dataset([texts[row] for row in order], [labels[row] for row in order], dates=dates)


@pytest.fixture(scope="module")
def remembered():
    return audit_stories(newspaper(30, 4), PLAN, NAIVE_BAYES, n_jobs=1)


def test_audit_stories_finds_that_a_score_is_only_remembering(remembered):
    random, apart, random_later, earlier = remembered.table.itertuples()
    assert random.value > 0.9
    assert apart.value < 0.65
    assert apart.decrease == pytest.approx(random.value - apart.value)
    assert 0 < apart.decrease_low < apart.decrease < apart.decrease_high
    assert len(remembered.stories.sizes) == 30
    assert "is remembering the same story. 100% of the articles" in remembered.sentence()
    assert np.isnan(random.decrease)
    assert np.isnan(random_later.decrease)
    assert earlier.decrease == pytest.approx(random_later.value - earlier.value)


def test_audit_stories_has_the_interval_of_a_comparison_also_if_resamples_hardly_vary():
    words = {"courts": "judge verdict appeal jury", "rail": "train platform railway signal"}
    labels = ["courts"] * 20 + ["rail"] * 8
    texts = [f"{words[label]} {' '.join(FILLER[9 * row : 9 * row + 9])}" for row, label in enumerate(labels)]
    data = make_dataset(texts, labels)
    (row,) = compare(data, PLAN, n_jobs=1).scores.query("metric == 'macro_f1'").itertuples()
    assert row.value == 1.0
    random = audit_stories(data, PLAN, NAIVE_BAYES, n_jobs=1).table.iloc[0]
    assert random[["value", "low", "high"]].tolist() == [row.value, row.low, row.high]


def test_audit_stories_finds_nothing_if_each_article_has_its_own_story():
    data = newspaper(60, 1)
    words = {"courts": "judge verdict appeal jury", "rail": "train platform railway signal"}
    texts = [f"{text} {words[data.topics[int(row.argmax())]]}" for text, row in zip(data.texts, data.Y, strict=True)]
    audit = audit_stories(replace(data, texts=tuple(texts)), PLAN, NAIVE_BAYES, n_jobs=1)
    assert len(audit.stories.sizes) == 60
    assert audit.table["decrease"].iloc[1] == 0
    assert "does not decrease if folds keep stories together (decrease 0.000 [" in audit.sentence()


def test_audit_stories_starts_from_the_score_of_the_comparison(remembered):
    comparison = compare(newspaper(30, 4), PLAN, n_jobs=1)
    score = scores_where(comparison.scores, metric="macro_f1", sample="all", classifier="multinomial-nb")
    assert remembered.table["value"].iloc[0] == score["value"].item()


def test_audit_stories_tests_the_latest_articles_with_as_many_training_articles(remembered):
    _, _, random_later, earlier = remembered.table.itertuples()
    assert earlier.tested == random_later.tested == 36
    assert earlier.trained == random_later.trained == 84


def test_audit_stories_leaves_out_the_split_by_time_if_a_date_is_missing():
    audit = audit_stories(newspaper(10, 3, undated=(4,)), PLAN, NAIVE_BAYES, n_jobs=1)
    assert len(audit.table) == 2
    assert "The split by time is left out: 1 of 30 articles have no date." in audit.warnings
    assert "latest" not in audit.sentence()


def test_audit_stories_leaves_out_the_split_by_time_of_a_single_day():
    data = newspaper(10, 3)
    one_day = replace(data, dates=np.full(len(data), np.datetime64("2026-01-01", "us")))
    audit = audit_stories(one_day, PLAN, NAIVE_BAYES, n_jobs=1)
    assert "The split by time is left out: all articles are of the same day." in audit.warnings


def test_audit_stories_gives_the_same_result_for_a_dataset_that_is_grouped_by_story(remembered):
    data = newspaper(30, 4)
    by_story = make_dataset(
        data.texts, [data.topics[row.argmax()] for row in data.Y], dates=data.dates, groups="stories"
    )
    assert by_story.grouping == "stories"
    assert len(set(by_story.groups)) == 30
    audit = audit_stories(by_story, PLAN, NAIVE_BAYES, n_jobs=1)
    assert audit.table["value"].tolist() == remembered.table["value"].tolist()


def test_story_audit_says_increase_if_the_score_is_higher(remembered):
    columns = ["decrease", "decrease_low", "decrease_high"]
    table = remembered.table.copy()
    table.loc[RANDOM_LATER:, columns] = np.nan
    table.loc[[APART, EARLIER], columns] = (-0.025, -0.06, 0.01)
    higher = replace(remembered, table=table).sentence()
    assert "does not decrease if folds keep stories together (increase 0.025 [-0.010, 0.060])" in higher
    assert higher.endswith("as many of any time: an increase of 0.025 [-0.010, 0.060].")
    table.loc[EARLIER, columns] = (0.025, -0.01, 0.06)
    assert replace(remembered, table=table).sentence().endswith("a decrease of 0.025 [-0.010, 0.060].")


def test_audit_stories_needs_as_many_stories_as_folds():
    with pytest.raises(SplitError, match="3 groups of articles cannot fill 4 folds"):
        audit_stories(newspaper(3, 6), PLAN, NAIVE_BAYES, n_jobs=1)


def test_story_audit_is_shown_as_text_html_and_plot(remembered):
    assert "random folds, stories kept together" in str(remembered)
    assert repr(remembered) == str(remembered)
    assert "remembering the same story" in remembered._repr_html_()
    (axes,) = remembered.plot().axes
    assert [label.get_text() for label in axes.get_yticklabels()] == list(remembered.table.index)


def test_audit_stories_rejects_a_name_of_a_classifier():
    with pytest.raises(ArgumentError, match="classifier must be"):
        audit_stories(newspaper(10, 2), PLAN, "multinomial-nb", n_jobs=1)
