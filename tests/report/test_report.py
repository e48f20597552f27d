"""The report: its content, and that no text in it runs as code."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from topicdesk import make_dataset
from topicdesk._environment import Environment
from topicdesk.evaluation import (
    CLASSIFIERS,
    PROBABILITY_METRICS,
    ComparisonPlan,
    SplitPlan,
    audit_stories,
    compare,
)
from topicdesk.features import Analyser, Features
from topicdesk.prediction import Contribution, error_kinds, fit_labeller
from topicdesk.report import About, Provenance, make_report, model_card
from topicdesk.report._checklist import checklist, straddling
from topicdesk.report._passages import short_passage

HOSTILE = ("<img src=x onerror=alert(1)>", '"><script>alert(2)</script>')
ENVIRONMENT = Environment("a" * 40, False, "b" * 64, "3.11.7", "Linux", {"numpy": "2"})
KEYWORDS = {"courts": ("judge", "jury", "verdict"), "rail": ("train", "trains", "railway", "platform")}
SECTIONS = [
    "question", "decision", "leaderboard", "significance", "data", "splits", "chosen", "topic-courts", "topic-rail",
    "suspects", "leakage", "cost", "environment", "again", "checklist",
]  # fmt: skip


@pytest.fixture(scope="module")
def comparison(dataset):
    names = ("majority", "keyword-rules", "plain-linear-svm", "multinomial-nb")
    hostile = replace(
        dataset,
        sources=np.array([HOSTILE[1]] * len(dataset), dtype=object),
        fields={**dataset.fields, "text": tuple(f"{HOSTILE[0]} {text}" for text in dataset.fields["text"])},
        Y=np.where(np.arange(len(dataset))[:, None] % 15 == 0, 1 - dataset.Y, dataset.Y),  # adds errors
    )
    plan = ComparisonPlan(tuple(CLASSIFIERS[name] for name in names), splits=SplitPlan(folds=3), resamples=100)
    return compare(hostile, plan, KEYWORDS, n_jobs=1)


@pytest.fixture(scope="module")
def about(comparison):
    titles = tuple(f"{HOSTILE[0]} {row}" for row in range(len(comparison.dataset)))
    provenance = Provenance("T", "C", "L", ("gold.csv",), {HOSTILE[1]: 90}, ("1",), {"en": 90}, titles)
    return About("small", "Small", f"Who? {HOSTILE[0]}", "small.toml", "[data]", "h", ENVIRONMENT, provenance, KEYWORDS)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.external = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.tags.append(tag)
        self.ids.append(named.get("id"))
        self.external += [value for name, value in attributes if name in ("src", "href") and "://" in (value or "")]
        assert not [name for name in named if name.startswith("on")], named


@pytest.mark.slow
def test_make_report_has_every_section_and_loads_nothing_from_a_network(comparison, about):
    winner = CLASSIFIERS[comparison.verdict.winner]
    labeller = fit_labeller(comparison.dataset, comparison.plan, winner, KEYWORDS, n_jobs=1)
    page = Page(make_report(comparison, about, labeller))
    assert [name for name in page.ids if name in SECTIONS] == SECTIONS
    assert page.external == []
    assert len([name for name in page.ids if name]) == len({name for name in page.ids if name})


@pytest.mark.slow
def test_make_report_shows_the_audit_of_stories_if_there_is_one(comparison, about):
    question = "How much of it is remembering the same story?"
    assert question not in make_report(comparison, about)
    winner = CLASSIFIERS["multinomial-nb"].with_grid({"alpha": (0.1,)})
    data = replace(comparison.dataset, dates=np.full(len(comparison.dataset), np.datetime64("NaT", "us")))
    audit = audit_stories(data, comparison.plan, winner, n_jobs=1)
    html = make_report(comparison, about, stories=audit)
    assert question in html
    assert escape(audit.sentence()) in html
    assert "random folds, stories kept together" in html
    assert html.index("<h3>Stories</h3>") < html.index("random folds, stories kept together")
    assert "draw whole stories" in html
    assert "The split by time is left out: 90 of 90 articles have no date." in html


@pytest.mark.slow
def test_make_report_shows_errors_by_kind_if_they_are_given(comparison, about):
    assert "Where it still fails" not in make_report(comparison, about)
    kinds = error_kinds(comparison, keywords=KEYWORDS, titles=about.provenance.titles)
    html = make_report(comparison, about, kinds=kinds)
    assert html.index("Where does it still fail?") < html.index('<section id="errors">')
    section = html.partition('<section id="errors">')[2].partition("</section>")[0]
    assert str(escape(kinds.sentence())) in section
    assert "<svg" in section
    for kind, action in kinds.actions().items():
        assert f"<h4>{kind.capitalize()}</h4>" in section
        assert action in section
    titles = kinds.examples(about.errors)["title"]
    assert all(str(escape(title)) in section for title in titles)
    assert "img" not in Page(html).tags
    hidden = make_report(comparison, replace(about, extract=0), kinds=kinds)
    assert not any(str(escape(title)) in hidden for title in titles)


@pytest.mark.slow
def test_make_report_says_what_articles_of_a_group_share(comparison, about):
    groups = np.arange(90) // 2
    for grouping, expected, fellow in (
        ("near-duplicates", "45 articles are near-duplicates of an earlier one", "have a near-duplicate in training"),
        ("stories", "45 articles tell the story of an earlier one", "have an article that tells the same story in"),
        ("own", "45 articles are in the group of an earlier one", "have an article of the same group in"),
    ):
        html = make_report(
            replace(comparison, dataset=replace(comparison.dataset, groups=groups, grouping=grouping)), about
        )
        assert expected in html
        assert fellow in html


@pytest.mark.slow
def test_make_report_escapes_texts_titles_sources_and_annotators(comparison, about):
    html = make_report(comparison, about)
    page = Page(html)
    assert "img" not in page.tags
    assert page.tags.count("script") == 1, "only the script of the page itself"
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "<img" not in html
    assert "<script>alert" not in html


@pytest.mark.slow
def test_make_report_shows_errors_with_their_terms_and_titles_of_topics(comparison, about):
    html = make_report(comparison, replace(about, topic_titles={"courts": "Courts & Law <b>"}))
    assert '<h2>Topic: Courts &amp; Law &lt;b&gt; <span class="soft">(courts in tables)</span></h2>' in html
    assert "<h2>Topic: rail</h2>" in html
    assert "wrong 1 of 1 times" in html
    assert "<mark" in html


@pytest.mark.slow
def test_make_report_and_model_card_name_the_blocks_of_the_features(comparison, about):
    blocks = {"lead": {"lead": 60, "weight": 3.0}, "words": {"keywords": True, "weight": 2.0}}
    svm = CLASSIFIERS["linear-svm"].with_grid({"C": [0.01]})
    plan = ComparisonPlan(
        (svm,), Features(max_features=2, blocks=blocks).settings(), splits=SplitPlan(folds=3), resamples=100
    )
    with_blocks = compare(comparison.dataset, plan, KEYWORDS, n_jobs=1)
    html = make_report(with_blocks, about)
    chosen = "max_features=2, blocks.lead={'lead': 60, 'weight': 3.0}, blocks.words={'keywords': True, 'weight': 2.0}"
    assert str(escape(chosen)) in html
    assert "lead: " in html.partition('id="topic-courts"')[2]
    assert "words: courts" in html
    assert "<mark" in html
    labeller = fit_labeller(with_blocks.dataset, plan, svm, KEYWORDS, n_jobs=1)
    assert f"Selected on inner folds: {chosen}; C=0.01." in model_card(with_blocks, labeller, about)


@pytest.mark.slow
def test_make_report_says_that_an_error_has_no_explanation_because_its_topic_was_not_learnt(about):
    y = ["courts", "health", "rail"] * 6 + ["food"]
    texts = [f"{one}ish day{n % 4}" for n, one in enumerate(y)]
    plan = ComparisonPlan((CLASSIFIERS["plain-linear-svm"],), splits=SplitPlan(folds=2), inner_folds=2, resamples=20)
    comparison = compare(make_dataset(texts, y, groups=None), plan, n_jobs=1)
    no_titles = replace(about, provenance=replace(about.provenance, titles=()))
    html = make_report(comparison, no_titles)
    assert html.count("No explanation: in the training data of this fold, no article or every article has") == 1


@pytest.mark.slow
def test_make_report_keeps_no_more_text_than_requested(comparison, about):
    none = make_report(comparison, replace(about, extract=0))
    assert "<mark" not in none
    assert "onerror=alert(1)&gt; 4" not in none, "titles must not be kept either"
    text = "word " * 200 + "the judge spoke " + "more " * 200
    for characters in (40, 240):
        pieces = short_passage(text, (Contribution("judge", 1.0),), Analyser(), characters)
        assert "judge" in [piece.text for piece in pieces if piece.contribution]
        assert sum(len(piece.text) for piece in pieces) <= characters + 4


def test_checklist_ticks_only_items_that_hold(comparison, about):
    items = {item.asks: item.holds for item in checklist(comparison, about)}
    assert items["No near-duplicates are on both sides of a split."]
    assert items["The code version is known, and was committed."]
    assert not items["The scores equal those of an earlier run."]
    assert not items["Cross-validation was repeated with other seeds."]
    dirty = replace(about, environment=replace(ENVIRONMENT, dirty=True), lock="same")
    items = {item.asks: item.holds for item in checklist(comparison, dirty)}
    assert not items["The code version is known, and was committed."]
    assert items["The scores equal those of an earlier run."]


def test_checklist_names_what_splits_keep_together(comparison, about):
    for grouping, together, units in (
        ("near-duplicates", "near-duplicates", "groups of near-duplicates"),
        ("stories", "articles of the same story", "stories"),
        ("own", "articles of the same group", "the groups of the dataset"),
    ):
        grouped = replace(comparison, dataset=replace(comparison.dataset, grouping=grouping))
        asks = [item.asks for item in checklist(grouped, about)]
        assert f"No {together} are on both sides of a split." in asks
        assert f"Metrics have confidence intervals, over {units}." in asks


def test_report_and_checklist_count_a_single_repeat(comparison, about):
    assert "3 folds × 1 repeat. Models" in make_report(comparison, about)
    assert [item.shown_by for item in checklist(comparison, about) if "other seeds" in item.asks] == ["1 repeat"]


@pytest.mark.slow
def test_make_report_speaks_of_a_winner_only_if_there_is_one(comparison, about):
    for outcome, question, star in (
        ("wins", "Which classifier wins?", "★ marks the winner"),
        ("equivalent", "Which classifier wins?", "★ marks the winner"),
        ("undecided", "Which classifier is best?", "★ marks the best score of the listed classifiers"),
    ):
        html = make_report(replace(comparison, verdict=replace(comparison.verdict, outcome=outcome)), about)
        assert question in html
        assert star in html
        assert html.count("Which classifier ") == 1


def test_checklist_ticks_nothing_for_a_run_that_meets_no_item(comparison, about):
    data = replace(comparison.dataset, groups=np.zeros(len(comparison.dataset), dtype=int), labels_hash="")
    plan = replace(comparison.plan, classifiers=comparison.plan.classifiers[-1:], resamples=0, rope=0.0)
    probable = comparison.scores["metric"].isin(PROBABILITY_METRICS)
    poor = replace(
        comparison,
        dataset=data,
        plan=plan,
        splits=tuple(replace(split, train=np.arange(len(data))) for split in comparison.splits),
        results=tuple(replace(one, inner_score=np.nan) for one in comparison.results),
        scores=comparison.scores[~probable],
        topic_scores=comparison.topic_scores.head(0),
        fold_scores=comparison.fold_scores.head(0),
        significance=comparison.significance.head(0),
        warnings=("1 fit of multinomial-nb has not converged",),
        seconds=0.0,
        verdict=replace(comparison.verdict, corrected=np.nan),
    )
    nothing = Environment("", False, "", "3.11.7", "", {})
    anonymous = replace(about, question="", environment=nothing, provenance=Provenance(), extract=0)
    assert [item.asks for item in checklist(poor, anonymous) if item.holds] == []
    assert sum(item.holds for item in checklist(comparison, about)) > 15


def test_straddling_counts_near_duplicates_on_both_sides(comparison):
    groups = np.zeros(len(comparison.dataset), dtype=int)
    leaky = replace(comparison, dataset=replace(comparison.dataset, groups=groups))
    assert straddling(comparison) == 0
    assert straddling(leaky) == len(comparison.dataset)


def test_model_card_states_topics_data_and_performance(comparison, about):
    classifier = CLASSIFIERS["multinomial-nb"]
    labeller = fit_labeller(comparison.dataset, comparison.plan, classifier, n_jobs=1)
    card = model_card(comparison, labeller, about)
    value = comparison.scores.query("classifier == 'multinomial-nb' and metric == 'macro_f1'")["value"].iloc[0]
    assert f"macro-F1 {value:.3f}" in card
    assert "| courts |" in card
    assert comparison.dataset.labels_hash in card


def test_html_reprs_escape_hostile_names(comparison):
    html = comparison._repr_html_() + comparison.dataset._repr_html_()
    frame = pd.DataFrame({"source": list(HOSTILE)})
    assert "<img" not in html + frame.to_html()
