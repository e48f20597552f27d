"""Leakage audits of synthetic outlets: some sign their articles, some use their own words for a topic."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from support.figures import assert_legends_cover_no_data
from topicdesk.annotation import join_dataset
from topicdesk.corpus import articles_frame, write_corpus
from topicdesk.errors import SplitError
from topicdesk.evaluation import TopicAudit, audit_sources, audit_topics, leave_one_source_out, plot_leakage

OUTLETS = ["courier", "gazette", "herald"]


@pytest.fixture
def outlets(newsroom):
    """Return a function that writes articles of three outlets.

    `signed` articles name their outlet. With `own_words`, no two outlets share a word.
    """

    def write(n_articles=180, *, signed=False, own_words=False):
        articles, labels = newsroom(n_articles)
        articles["source"] = [OUTLETS[number % 3] for number in range(n_articles)]
        if own_words:
            articles["text"] = [
                re.sub(r"(\w+)", rf"\1{source}", text)
                for text, source in zip(articles["text"], articles["source"], strict=True)
            ]
        if signed:
            articles["text"] += "\nas the " + articles["source"] + " reports"
        labels["time"] = labels["note"] = ""
        return articles, join_dataset("newsroom", articles, labels, ("courts", "rail"))

    return write


def test_audit_sources_lists_the_outlet_name_as_the_strongest_term(outlets):
    corpus, _ = outlets(signed=True)
    audit = audit_sources(corpus, resamples=50, n_jobs=1)
    assert audit.accuracy["value"] == 1.0
    assert audit.guess["value"] == pytest.approx(1 / 3)
    for outlet in OUTLETS:
        first = audit.terms[audit.terms["source"] == outlet].iloc[0]
        assert (first["term"], first["inside"], first["outside"]) == (outlet, 1.0, 0.0)
    assert audit.sources["articles"].tolist() == [60, 60, 60]
    assert (audit.sources["f1"] == 1.0).all()
    assert str(audit).startswith(
        "A classifier predicts the source of 100.0% [95.4%, 100.0%] of the articles from their text."
    )


def test_audit_sources_has_chance_accuracy_for_similar_outlets(outlets):
    audit = audit_sources(outlets(360)[0], resamples=200, n_jobs=1)
    assert audit.accuracy["low"] < 1 / 3 + 0.03
    assert audit.accuracy["value"] < 0.45


def test_audit_sources_lists_terms_of_both_of_two_outlets(outlets):
    corpus, _ = outlets(signed=True)
    two = corpus[corpus["source"] != "herald"]
    audit = audit_sources(two, resamples=20, n_jobs=1)
    assert audit.terms.groupby("source").first()["term"].tolist() == ["courier", "gazette"]


def test_audit_sources_omits_small_sources_and_rejects_a_single_source(outlets):
    corpus, _ = outlets(signed=True)
    corpus.loc[:3, "source"] = "leaflet"
    audit = audit_sources(corpus, resamples=20, n_jobs=1)
    assert "leaflet" not in audit.sources.index
    assert audit.warnings[0].startswith("1 sources with fewer than 20 articles are left out")
    with pytest.raises(SplitError, match="only 1 of 1 sources have 20 articles or more"):
        audit_sources(corpus.assign(source=""), n_jobs=1)


@pytest.mark.slow
def test_audit_topics_finds_a_fall_only_if_outlets_use_different_words(outlets):
    _, shared = outlets()
    _, own = outlets(own_words=True)
    shared_audit, own_audit = (audit_topics(dataset, resamples=100, n_jobs=1) for dataset in (shared, own))
    assert shared_audit.topics["fall"].abs().max() < 0.03
    assert (own_audit.topics["fall_low"] > 0.2).all()
    assert (own_audit.topics["mixed"] > 0.9).all()
    assert own_audit.sources["articles"].tolist() == [60, 60, 60]
    assert own_audit.topics.loc["courts", "positives"] == own.Y[:, 0].sum()
    assert own_audit.training_articles == pytest.approx({"mixed": 120, "without": 120}, rel=0.15)
    assert "macro-F1 is 0." in str(own_audit)


@pytest.mark.slow
def test_audits_do_not_depend_on_the_number_of_processes(outlets):
    corpus, dataset = outlets(90)
    one, two = (audit_topics(dataset, resamples=20, random_state=3, n_jobs=n_jobs) for n_jobs in (1, 2))
    pd.testing.assert_frame_equal(one.topics, two.topics)
    one, two = (audit_sources(corpus, resamples=20, random_state=3, n_jobs=n_jobs) for n_jobs in (1, 2))
    pd.testing.assert_frame_equal(one.terms, two.terms)


def test_leave_one_source_out_removes_near_duplicates_of_the_held_out_source(outlets):
    _, dataset = outlets(30)
    groups = np.arange(30)
    groups[1] = groups[0]  # the courier and the gazette share an article
    splits, warnings = leave_one_source_out(replace(dataset, groups=groups), repeats=2)
    courier, gazette, herald, *second_repeat = splits
    assert len(second_repeat) == 3
    assert not warnings
    assert courier.test.tolist() == list(range(0, 30, 3))
    assert 1 not in courier.train
    assert 0 not in gazette.train
    assert {0, 1} <= set(herald.train)
    assert {split.repeat for split in second_repeat} == {1}


def test_leave_one_source_out_warns_of_one_source_topics_and_rejects_one_source(outlets):
    _, dataset = outlets(30)
    Y = dataset.Y.copy()
    Y[:, 0] = dataset.sources == "courier"
    assert leave_one_source_out(replace(dataset, Y=Y))[1] == ("courts: no positive test article in gazette, herald.",)
    with pytest.raises(SplitError, match="all labelled articles are from the source 'a'"):
        leave_one_source_out(replace(dataset, sources=np.full(30, "a", dtype=object)))


def test_topic_audit_says_increase_if_f1_is_higher_without_the_source():
    row = {"without": 0.8, "mixed": 0.75, "fall": -0.05, "fall_low": -0.09, "fall_high": 0.02}
    topics = pd.DataFrame([row], index=["(macro mean)"])
    audit = TopicAudit(topics, pd.DataFrame(), {}, ())
    assert str(audit).endswith("macro-F1 is 0.800 instead of 0.750: an increase of 0.050 [-0.020, 0.090].")


@pytest.mark.slow
def test_plot_leakage_labels_sources_terms_and_topics(outlets):
    corpus, dataset = outlets(90, signed=True)
    sources, topics = audit_sources(corpus, resamples=20, n_jobs=1), audit_topics(dataset, resamples=20, n_jobs=1)
    figure = plot_leakage(sources, topics)
    assert_legends_cover_no_data(figure, count=2)
    alone = plot_leakage(sources)
    assert_legends_cover_no_data(alone)
    assert alone.axes[0].title.get_window_extent().x1 <= alone.bbox.x1  # the title is not cut
    left, right = figure.axes
    assert {tick.get_text() for tick in left.get_yticklabels()} == {f"{outlet} (30)" for outlet in OUTLETS}
    assert {text.get_text().split(",")[0] for text in left.texts} == set(OUTLETS)
    assert right.get_yticklabels()[0].get_text() == f"courts ({dataset.Y[:, 0].sum()})"
    assert len(plot_leakage(sources).axes) == 1


def test_data_audit_command_reads_corpus_and_labels_of_a_spec(outlets, project, run):
    corpus, _ = outlets(90, signed=True)
    write_corpus(corpus, project.corpora / "newsroom.parquet")
    ended = run("data", "audit", "experiments/small.toml", "--plot", "leak.png", "--jobs", "1", folder=project.root)
    assert ended.returncode == 0, ended.stderr
    assert "predicts the source of 98.9%" in ended.stdout
    assert "F1 of each topic, by training articles" in ended.stdout
    assert (project.root / "leak.png").read_bytes().startswith(b"\x89PNG")


def test_data_show_and_data_audit_commands_read_an_imported_corpus(outlets, tmp_path, run):
    corpus, _ = outlets(90, signed=True)
    corpus.to_json(tmp_path / "t.jsonl", orient="records", lines=True, date_format="iso")
    imported = run("import", "t.jsonl", "--output", "mine.parquet", folder=tmp_path)
    assert imported.returncode == 0
    shown = run("data", "show", "mine.parquet", "--plot", "mine.svg", folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "90 rows read, 90 articles kept" in shown.stdout
    assert "<svg" in (tmp_path / "mine.svg").read_text()
    audit = run("data", "audit", "mine.parquet", "--jobs", "1", folder=tmp_path)
    assert audit.returncode == 0, audit.stderr
    assert "The audit of topics needs labels" in audit.stdout


def test_data_show_command_works_without_an_import_account(tmp_path, run):
    write_corpus(articles_frame({"id": ["a"], "text": ["The ferry came late."]}), tmp_path / "mine.parquet")
    shown = run("data", "show", "mine.parquet", folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "Articles by source" in shown.stdout
