"""Errors by kind, on a corpus in which the reason of each error is planted."""

import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import topicdesk
from topicdesk.annotation import Codebook, Taxonomy, Topic
from topicdesk.errors import ArgumentError
from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan, CrossValidation, SplitPlan, compare, out_of_fold
from topicdesk.features import FeatureSetting
from topicdesk.prediction import error_kinds
from topicdesk.prediction._error_signs import KINDS

WORDS = {
    "courts": ["judge", "jury", "verdict", "appeal", "lawyer", "trial", "prosecutor", "sentence"],
    "rail": ["train", "railway", "platform", "locomotive", "signal", "carriage", "track", "station"],
    "harbours": ["ship", "quay", "crane", "tug", "pilot", "anchor", "berth", "cargo"],
}
FILLER = [f"{first}{second}" for first in ("bak", "yard", "mus", "harb", "chor", "wind") for second in
          ("ery", "ens", "eum", "our", "us", "ows", "elo", "ato")]  # fmt: skip
UNSEEN = [f"tramway{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
COURT_GAMES = ["tennis", "clay", "grass", "racket", "umpire", "volley", "squash", "badminton"]
RULE = f"sports such as {' or '.join(COURT_GAMES)}"
TAXONOMY = Taxonomy(
    codebook=Codebook(version=1, title="T", rule="R", edge_rules=("Opinion pieces: same rule.",)),
    topics=(
        Topic(name="courts", definition="D", excludes=(RULE,)),
        Topic(name="rail", definition="D"),
    ),
)


class Corpus:
    """Articles whose topics follow from their words, except where something is planted."""

    def __init__(self):
        self.rng = random.Random(3)
        self.texts, self.topics, self.sources, self.planted = [], [], [], []

    def add(self, topics, *, words=4, filler=24, source=None, text=None, planted=""):
        lines = [word for topic in topics for word in self.rng.sample(WORDS[topic], words)]
        lines += self.rng.sample(FILLER, filler)
        self.rng.shuffle(lines)
        self.texts.append(" ".join(lines) + (f" {text}" if text else "") + f" issue{len(self.texts)}")
        self.topics.append(list(topics))
        self.sources.append(source or self.rng.choice(["a.example", "b.example", "c.example"]))
        self.planted.append(planted)

    def dataset(self, topics=("courts", "rail")):
        data = topicdesk.make_dataset(self.texts, self.topics, topics=topics, sources=self.sources)
        return replace(data, fields={"title": tuple(f"Title {row}" for row in range(len(self.texts)))})

    def rows(self, planted):
        return {row for row, name in enumerate(self.planted) if name == planted}


def usual(corpus, count=240):
    for number in range(count):
        corpus.add([(), ("courts",), ("rail",)][number % 3])


def compared(data, repeats=1, classifier="linear-svm", grid=None):
    chosen = CLASSIFIERS[classifier]
    grid = {"C": (1.0,)} if classifier == "linear-svm" and grid is None else grid
    plan = ComparisonPlan(
        (chosen if grid is None else chosen.with_grid(grid),),
        (FeatureSetting(min_df=2, sublinear_tf=True),),
        splits=SplitPlan(folds=4, repeats=repeats),
        resamples=20,
    )
    return compare(data, plan, n_jobs=1)


def planted_corpus():
    corpus = Corpus()
    usual(corpus)
    for _ in range(4):
        corpus.add(["courts"], planted="flipped")
        corpus.topics[-1] = []
    for _ in range(12):  # the pages of one outlet hold other text
        menu = " ".join(corpus.rng.sample(WORDS["rail"], 4))
        corpus.add([], source="noisy.example", planted="outlet", filler=20, text=menu)
    for _ in range(9):
        corpus.add([], source="noisy.example")
    for number in range(3):
        words = " ".join(UNSEEN[8 * number : 8 * number + 8])
        corpus.add(["rail"], words=0, filler=20, text=words, planted="unseen")
    return corpus


@pytest.fixture(scope="module")
def corpus():
    return planted_corpus()


@pytest.fixture(scope="module")
def comparison(corpus):
    return compared(corpus.dataset())


@pytest.fixture(scope="module")
def kinds(comparison):
    return error_kinds(comparison, "linear-svm", taxonomy=TAXONOMY)


def of_rows(kinds, comparison, rows):
    return kinds.table[kinds.table["article_id"].isin({str(comparison.dataset.ids[row]) for row in rows})]


def has_sign(table, kind):
    """Return whether a kind applies to each error, as its kind or as a further sign."""
    further = table["signs"].map(lambda signs: kind in [sign.partition(":")[0] for sign in signs])
    return (table["kind"] == kind) | further


def test_error_kinds_finds_a_flipped_label(kinds, comparison, corpus):
    found = of_rows(kinds, comparison, corpus.rows("flipped"))
    assert len(found) == 4
    assert (found["kind"] == "suspect label").all()
    assert set(found["error"]) == {"false positive"}


def test_error_kinds_finds_an_outlet_with_more_errors(kinds, comparison, corpus):
    groups = kinds.groups.set_index("group")
    assert groups.index[groups["higher"]].tolist() == ["noisy.example"]
    noisy = groups.loc["noisy.example"]
    assert noisy["articles"] == 21
    assert noisy["rate"] > 3 * noisy["elsewhere"]
    assert noisy["wrong"] > 2 * noisy["expected"]
    found = of_rows(kinds, comparison, corpus.rows("outlet"))
    assert len(found) >= 8
    assert set(found["kind"]) == {"outlet"}
    assert set(found["detail"]) == {"noisy.example"}
    assert all("suspect label" in signs for signs in found["signs"][:5]), "a further sign"


def test_error_kinds_shows_words_that_training_articles_lack(kinds, comparison, corpus):
    found = of_rows(kinds, comparison, corpus.rows("unseen"))
    assert len(found) == 3
    assert (found["kind"] == "missing word").all()
    assert found["detail"].str.contains("; too rare in training: .*tramway").all()


def test_error_kinds_counts_each_error_once(kinds, comparison):
    data, held_out = comparison.dataset, out_of_fold(comparison, "linear-svm")
    wrong = (held_out.given == 1) != (data.Y == 1)
    assert len(kinds.table) == wrong.sum() > 15
    assert kinds.summary["errors"].sum() == wrong.sum()
    assert (kinds.summary["false_positives"] + kinds.summary["false_negatives"] == kinds.summary["errors"]).all()
    assert kinds.summary["share"].sum() == pytest.approx(1)
    by_topic = kinds.by_topic
    assert by_topic.loc["all"].to_dict() == dict(zip(data.topics, wrong.sum(axis=0), strict=True))
    assert (by_topic.drop(index="all").sum(axis=1) == kinds.summary["errors"]).all()
    assert (kinds.summary["with_sign"] >= kinds.summary["share"]).all()
    keys = list(zip(kinds.table["article_id"], kinds.table["topic"], strict=True))
    expected = {(str(data.ids[row]), data.topics[column]) for row, column in np.argwhere(wrong)}
    assert set(keys) == expected and len(keys) == len(expected)


def test_error_kinds_are_sorted_by_precedence_and_carry_titles(kinds, comparison):
    places = [list(KINDS).index(kind) for kind in kinds.table["kind"]]
    assert places == sorted(places)
    assert kinds.table["title"].str.startswith("Title ").all()
    further = [sign.partition(":")[0] for signs in kinds.table["signs"] for sign in signs]
    assert set(further) <= set(KINDS)
    for row in kinds.table.to_dict("records"):
        after = [list(KINDS).index(sign.partition(":")[0]) for sign in row["signs"]]
        assert all(place > list(KINDS).index(row["kind"]) for place in after)
    given = error_kinds(comparison, "linear-svm", titles=["T"] * len(comparison.dataset))
    assert set(given.table["title"]) == {"T"}


def test_error_kinds_says_how_often_right_decisions_have_the_same_sign(kinds):
    summary = kinds.summary
    assert summary.loc["outlet", "among_right"] < summary.loc["outlet", "with_sign"]
    assert summary.loc["near threshold", "among_right"] < 0.15
    assert summary.loc["missing word", "among_right"] == pytest.approx(0.1, abs=0.03), "a tenth, by definition"
    assert np.isnan(summary.loc["other", "among_right"])


def test_error_kinds_finds_short_articles():
    corpus = Corpus()
    usual(corpus)
    for number in range(18):  # cut off before the words that tell the topic
        corpus.add([("courts",), ("rail",)][number % 2], words=0, filler=3, planted="short")
    comparison = compared(corpus.dataset())
    kinds = error_kinds(comparison)
    lengths = kinds.groups[kinds.groups["kind"] == "length"].set_index("higher")["group"].to_dict()
    assert lengths[True].startswith("at most") and lengths[False].startswith("at least")
    found = of_rows(kinds, comparison, corpus.rows("short"))
    assert len(found) >= 15
    assert (found["kind"] == "length").mean() >= 0.5, "the others are confused topics"
    assert has_sign(found, "length").all()


def test_error_kinds_finds_a_rule_whose_articles_have_more_errors():
    corpus = Corpus()
    usual(corpus)
    for number in range(12):  # what the topic excludes uses its words
        words = [*corpus.rng.sample(WORDS["courts"], 4), *corpus.rng.sample(COURT_GAMES, 2)]
        corpus.add([], filler=18, text=f"{' '.join(words)} number{number}", planted="rule")
    comparison = compared(corpus.dataset())
    kinds = error_kinds(comparison, taxonomy=TAXONOMY)
    found = of_rows(kinds, comparison, corpus.rows("rule"))
    rule = f"not {RULE}"
    (group,) = kinds.groups[kinds.groups["kind"] == "edge rule"].to_dict("records")
    assert (group["group"], group["articles"], group["higher"]) == (f"courts: {rule}", 12, True)
    assert group["wrong"] == len(found) >= 4
    assert set(found["rule"]) == {rule}
    assert (found["kind"] == "edge rule").all()
    without = error_kinds(comparison)
    assert not (without.groups["kind"] == "edge rule").any()
    assert not without.table["rule"].any()


def three_topics(corpus):
    usual(corpus)
    for _ in range(80):
        corpus.add(["harbours"])


def test_error_kinds_finds_topics_that_are_confused():
    corpus = Corpus()
    three_topics(corpus)
    for _ in range(7):  # labelled with one topic, with the words of another
        corpus.add(["rail"], planted="confused")
        corpus.topics[-1] = ["courts"]
    for _ in range(7):  # missed, and nothing else is predicted
        corpus.add(["harbours"], words=0)
    comparison = compared(corpus.dataset(tuple(WORDS)))
    kinds = error_kinds(comparison)
    group = kinds.groups.set_index("group").loc["courts is missed and rail predicted"]
    assert group["higher"]
    found = of_rows(kinds, comparison, corpus.rows("confused"))
    assert set(found["topic"]) == {"courts", "rail"}
    assert (found["kind"] == "edge rule").all()


def test_error_kinds_finds_no_confused_topics_only_because_most_articles_have_one_topic():
    corpus = Corpus()
    three_topics(corpus)
    labels = list(WORDS)
    for number in range(24):  # labels at random: whatever is missed, another topic is predicted
        corpus.add([labels[number % 3]])
        corpus.topics[-1] = [labels[(number % 3 + 1 + number // 3 % 2) % 3]]
    kinds = error_kinds(compared(corpus.dataset(tuple(WORDS))))
    assert len(kinds.table) > 30
    assert (kinds.groups["kind"] == "edge rule").any()
    assert not kinds.groups.loc[kinds.groups["kind"] == "edge rule", "higher"].any()


def test_error_kinds_names_an_outlet_whose_labels_are_wrong_before_the_topics_that_it_confuses():
    corpus = Corpus()
    three_topics(corpus)
    labels = list(WORDS)
    for number in range(24):
        corpus.add([labels[number % 3]], source="wrong.example", planted="wrong")
        corpus.topics[-1] = [labels[(number + 1) % 3]]
    comparison = compared(corpus.dataset(tuple(WORDS)))
    found = of_rows(error_kinds(comparison), comparison, corpus.rows("wrong"))
    assert len(found) > 30
    assert (found["kind"] == "outlet").all()


def test_error_kinds_calls_a_label_disputed_if_annotators_disagreed(comparison, kinds):
    error = kinds.table[kinds.table["kind"] == "missing word"].iloc[0]
    disputed = pd.DataFrame({"article_id": [error["article_id"], "nobody"], "topic": [error["topic"], "courts"]})
    again = error_kinds(comparison, disputed=disputed).table.set_index(["article_id", "topic"])
    row = again.loc[(error["article_id"], error["topic"])]
    assert row["kind"] == "disputed label"
    assert any(sign.startswith("missing word: ") for sign in row["signs"])


def test_error_kinds_names_words_without_which_a_decision_would_be_right():
    corpus = Corpus()
    usual(corpus)
    for _ in range(30):
        corpus.add(["courts"], words=0, text="gavel")
    for number in range(6):  # another sense of the word
        corpus.add([], text=f"gavel auction{number}", planted="misled")
    comparison = compared(corpus.dataset())
    kinds = error_kinds(comparison)
    found = of_rows(kinds, comparison, corpus.rows("misled"))
    assert len(found) >= 3
    naming = found["detail"].str.contains("gavel") | found["signs"].map(
        lambda signs: any(sign.startswith("misleading word: for it: gavel") for sign in signs)
    )
    # Any word can turn a decision near the threshold, so none is named there.
    assert naming.sum() >= 3
    assert (naming | (found["kind"] == "near threshold")).all()


def test_error_kinds_counts_an_error_if_at_least_half_of_the_repeats_are_wrong():
    corpus = Corpus()
    usual(corpus)
    for number in range(18):
        corpus.add([("courts",), ("rail",)][number % 2], words=0, filler=3)
    comparison = compared(corpus.dataset(), repeats=2)
    held_out, data = out_of_fold(comparison, "linear-svm"), comparison.dataset
    wrong = np.where(data.Y == 1, 2 - held_out.given, held_out.given)
    kinds = error_kinds(comparison)
    assert (wrong == 1).any(), "some decisions differ between repeats"
    assert len(kinds.table) == (wrong >= 1).sum()
    assert set(kinds.table["tested"]) == {2}
    assert "in at least half of the repeats" in kinds.sentence()


@pytest.mark.parametrize(
    ("classifier", "grid"),
    [("multinomial-nb", {"alpha": (0.1, 1.0)}), ("linear-svm", {"C": (1.0, 0.5)}), ("k-nn", {"n_neighbors": (5, 9)})],
)
def test_error_kinds_of_multi_class_data(classifier, grid):
    rng, texts, y = random.Random(1), [], []
    pools = {**WORDS, "garden": ["rose", "tulip", "hedge", "lawn", "orchard", "seed"]}
    for number in range(150):
        topic = list(pools)[number % 3]
        texts.append(" ".join([*rng.sample(pools[topic], 2), *rng.sample(FILLER, 8), f"issue{number}"]))
        y.append(topic if number % 10 else "garden")
    comparison = compared(topicdesk.make_dataset(texts, y), classifier=classifier, grid=grid)
    kinds = error_kinds(comparison)
    held_out, data = out_of_fold(comparison, classifier), comparison.dataset
    wrong = held_out.given != data.Y
    assert kinds.summary["errors"].sum() == wrong.sum() > 8
    assert (kinds.table["error"] == "false negative").sum() == (kinds.table["error"] == "false positive").sum()
    assert has_sign(kinds.table, "suspect label").sum() >= 4
    assert "cannot be explained by words" not in " ".join(kinds.warnings)


def test_error_kinds_of_keyword_rules_on_multi_class_data():
    rng = random.Random(1)
    y = ["courts", "rail"] * 30
    texts = [" ".join([*rng.sample(WORDS[topic], 2), *rng.sample(FILLER, 8), f"n{n}"]) for n, topic in enumerate(y)]
    comparison = topicdesk.compare(
        texts, y, classifiers=["keyword-rules"], keywords={topic: words[:2] for topic, words in WORDS.items()},
        cv=3, inner_cv=2, n_resamples=20, n_jobs=1,
    )  # fmt: skip
    kinds = comparison.error_kinds("keyword-rules")
    assert kinds.summary["errors"].sum() == 2 * kinds.table["article_id"].nunique() > 0


def test_error_kinds_of_results_without_metrics_needs_a_classifier(comparison, kinds):
    plain = CrossValidation(comparison.dataset, comparison.plan, comparison.splits, comparison.results)
    with pytest.raises(ArgumentError, match="classifier must be the name of a classifier"):
        error_kinds(plain)
    pd.testing.assert_frame_equal(error_kinds(plain, "linear-svm", taxonomy=TAXONOMY).table, kinds.table)


def test_error_kinds_of_a_classifier_without_terms_and_probabilities(corpus):
    kinds = error_kinds(compared(corpus.dataset(), classifier="majority"))
    assert len(kinds.table) == corpus.dataset().Y.sum()
    assert "majority has no probabilities, so no label is suspect." in kinds.warnings
    assert any("cannot be explained by words" in warning for warning in kinds.warnings)


def test_error_kinds_without_errors_says_so(comparison):
    right = tuple(replace(result, decisions=comparison.dataset.Y[result.split.test]) for result in comparison.results)
    kinds = error_kinds(replace(comparison, results=right))
    assert kinds.table.empty
    assert kinds.summary["errors"].sum() == 0
    assert kinds.sentence() == "linear-svm makes no errors on 268 articles."
    assert str(kinds) and kinds._repr_html_()
    kinds.plot()


def test_error_kinds_shows_counts_and_escapes_titles(kinds):
    assert "suspect label" in str(kinds) and "noisy.example" in str(kinds)
    assert "Title 1" not in str(kinds)
    hostile = replace(kinds, table=kinds.table.assign(title="<script>"))
    assert "<script>" not in hostile._repr_html_()


def test_error_kinds_plot_stacks_the_errors_of_each_kind_by_topic(kinds):
    (axes,) = kinds.plot().axes
    widths = {container.get_label(): [bar.get_width() for bar in container] for container in axes.containers}
    assert {topic: sum(bars) for topic, bars in widths.items()} == kinds.by_topic.loc["all"].to_dict()
    assert [label.get_text() for label in axes.get_yticklabels()] == list(KINDS)
    assert [text.get_text().strip() for text in axes.texts] == [str(count) for count in kinds.summary["errors"]]


def test_error_kinds_plot_puts_the_smallest_of_many_topics_together(kinds):
    counts = pd.DataFrame({f"t{number}": [number + 1] * 9 for number in range(10)}, index=list(KINDS))
    from topicdesk.prediction._plots import plot_error_kinds

    (axes,) = plot_error_kinds(counts, "svm").axes
    labels = [container.get_label() for container in axes.containers]
    assert labels == ["t9", "t8", "t7", "t6", "t5", "t4", "4 other topics"]
    assert [sum(bar.get_width() for bar in container) for container in axes.containers][-1] == 9 * (1 + 2 + 3 + 4)


def test_comparison_method_passes_keywords_and_taxonomy():
    corpus = planted_corpus()
    comparison = topicdesk.compare(
        corpus.texts, corpus.topics, classifiers=["keyword-rules"], keywords={t: w[:3] for t, w in WORDS.items()},
        sources=corpus.sources, cv=3, inner_cv=2, n_resamples=20, n_jobs=1,
    )  # fmt: skip
    kinds = comparison.error_kinds("keyword-rules", taxonomy=TAXONOMY)
    assert has_sign(kinds.table, "missing word").sum() >= 3
    assert all("nothing speaks for it" in f"{row['detail']} {row['signs']}"
               for row in kinds.table[has_sign(kinds.table, "missing word")].to_dict("records"))  # fmt: skip
    assert set(kinds.table["title"]) == {""}
