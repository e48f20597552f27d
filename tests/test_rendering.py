"""HTML representations of values in a notebook."""

from pathlib import Path

import pandas as pd
import pytest

import topicdesk
from topicdesk import list_runs, log_experiment, read_run, read_taxonomy, run_experiment, summarise_corpus
from topicdesk._colours import BLUE
from topicdesk._rendering import as_html
from topicdesk.corpus import read_corpus
from topicdesk.errors import TrackingError
from topicdesk.evaluation import SplitPlan, make_splits


def test_as_html_escapes_markup():
    table = pd.DataFrame({"title": ["<script>alert(1)</script>"]}, index=pd.Index(["<b>"], name="source"))
    html = as_html("<i>corpus</i>", table, warnings=["<img src=x>"], after="a & b")
    for tag in ("<script", "<b>", "<i>", "<img"):
        assert tag not in html
    assert "a &amp; b" in html


def test_as_html_omits_row_numbers_and_shows_row_names():
    assert "<th>0</th>" not in as_html("a line", pd.DataFrame({"n": [5]}))
    assert "<th>courts</th>" in as_html("a line", pd.DataFrame({"n": [5]}, index=["courts"]))


def test_corpus_summary_shows_sources_dates_and_hash(project):
    summary = summarise_corpus(read_corpus(project.corpora / "newsroom.parquet"))
    html = summary._repr_html_()
    assert len(summary) == 90
    assert "town.example" in html and summary.content_hash in html
    assert "NaT" not in html


def test_taxonomy_shows_the_definitions_of_its_topics(project):
    html = read_taxonomy(project.root / "data" / "topics.toml")._repr_html_()
    for shown in (
        "A small newsroom, codebook version 1",
        "Courts and judges at work.",
        "railway",
        "carries every topic",
    ):
        assert shown in html


def test_dataset_shows_its_labels_by_sample(dataset):
    html = dataset._repr_html_()
    assert "90 articles, 2 topics, multi-label" in html
    assert "enriched" in html and "(none)" in html


def test_split_shows_the_sizes_of_its_sides(dataset):
    splits, _ = make_splits(dataset, SplitPlan(folds=3), random_state=1)
    assert (
        repr(splits[1])
        == f"Split(stratified, repeat 0, fold 1: {len(splits[1].train)} train, {len(splits[1].test)} test)"
    )
    assert repr(splits[1]) in splits[1]._repr_html_()


@pytest.mark.slow
@pytest.mark.usefixtures("store")
def test_run_shows_its_leaderboard_and_verdict_and_returns_its_tables(project):
    result = run_experiment(project.root / "experiments" / "small.toml", n_jobs=1)
    comparison = result.comparisons[0]
    (logged,) = log_experiment(result, n_jobs=1)
    assert logged.run_id in logged._repr_html_()

    listed = list_runs(project, "small")
    assert list(listed.index) == [logged.run_id]
    assert listed["winner"].item() == comparison.verdict.winner
    assert listed["low"].item() <= listed["value"].item() <= listed["high"].item()

    run = read_run(project, logged.run_id)
    assert run.verdict == comparison.verdict.reason
    assert list(run.table().index) == list(comparison.leaderboard().index)
    assert comparison.verdict.winner in run._repr_html_()
    assert run.facts().at["corpus.hash", "run"] == comparison.dataset.corpus_hash
    assert len(run.table("splits")) == 6
    assert "<h1" in run.save_report("report.html").read_text()
    with pytest.raises(TrackingError, match="did you mean 'leaderboard'"):
        run.table("leaderbord")
    with pytest.raises(TrackingError, match="did you mean 'small'"):
        list_runs(project, "smal")


def test_as_html_wraps_prose_but_no_scores():
    assert "nowrap" in as_html("a line", pd.DataFrame({"f1": ["0.805 [0.759, 0.840]"]}))
    assert "nowrap" not in as_html(
        "a line", pd.DataFrame({"definition": ["Courts, tribunals and judges at work. " * 3]})
    )


@pytest.mark.parametrize(
    ("sheet", "rule"),
    [("annotation/widget.css", "--td-blue: {};"), ("report/report.css", "--accent: {};")],
)
def test_stylesheets_have_the_colours_of_plots(sheet, rule):
    text = (Path(topicdesk.__file__).parent / sheet).read_text(encoding="utf-8")
    assert rule.format(BLUE) in text
