"""HTML representations of values in a notebook."""

import re
from pathlib import Path

import pandas as pd
import pytest

import topicdesk
from support.terminals import run_in_terminal
from topicdesk import list_runs, log_experiment, read_run, read_taxonomy, run_experiment
from topicdesk._colours import BLUE
from topicdesk._rendering import as_html, as_text
from topicdesk.corpus import read_corpus, summarise_corpus
from topicdesk.errors import TrackingError
from topicdesk.evaluation import SplitPlan, make_splits


def cells_of(html):
    """Return the alignment and the text of each cell of the tables in HTML."""
    return re.findall(r'<t[hd][^>]*style="text-align: (left|right)"[^>]*>([^<]*)<', html)


def test_as_html_escapes_markup():
    table = pd.DataFrame({"title": ["<script>alert(1)</script>"]}, index=pd.Index(["<b>"], name="source"))
    html = as_html("<i>corpus</i>", table, warnings=["<img src=x>"], after="a & b")
    for tag in ("<script", "<b>", "<i>", "<img"):
        assert tag not in html
    assert "a &amp; b" in html


def test_as_html_omits_row_numbers_and_shows_row_names():
    assert cells_of(as_html("a line", pd.DataFrame({"n": [5]}))) == [("right", "n"), ("right", "5")]
    named = pd.DataFrame({"n": [5]}, index=["courts"])
    assert cells_of(as_html("a line", named)) == [("left", ""), ("right", "n"), ("left", "courts"), ("right", "5")]


NUMBERS = {
    "counts": ["1,204", "7"],
    "intervals": ["0.853 [0.812, 0.891]", "-0.020 [-0.113, 0.004]"],
    "p-values": ["<0.001 ***", "0.721"],
    "folds": ["0.856 ± 0.047", "nan"],
    "shares": ["12.5%", "3 %"],
    "behind": ["0.020 [0.004, 0.039]", ""],
    "floats": [0.5, -1e-7],
    "integers": [1, 20],
}
TEXTS = {
    "words": ["courts", "2 courts"],
    "dates": ["2024-05-01", "2024-05-02"],
    "times": pd.to_datetime(["2024-05-01", "2024-05-02"]),
    "versions": ["1.9.1", "3.0.0"],
    "hashes": ["4d43f4d", "15b3c37"],
    "flags": [True, False],
    "missing": ["", ""],
    "mixed": ["0.5", "the most probable"],
}


@pytest.mark.parametrize(("columns", "side"), [(NUMBERS, "right"), (TEXTS, "left")])
def test_as_html_aligns_numbers_right_and_text_left(columns, side):
    table = pd.DataFrame(columns)
    cells = cells_of(as_html("a line", table))
    assert len(cells) == len(columns) * 3
    assert {found for found, _ in cells} == {side}


def test_as_html_aligns_the_names_of_columns_as_their_cells():
    table = pd.DataFrame(
        {"articles": [5, 12], "terms": ["judge, trial", "train"], "F1": ["0.85 [0.81, 0.89]", "0.90 [0.86, 0.93]"]},
        index=pd.Index(["courts", "transport"], name="topic"),
    )
    cells = cells_of(as_html("a line", table))
    assert [side for side, _ in cells] == ["left", "right", "left", "right"] * 4
    numbered = table.set_axis(pd.Index([100, 200], name="labels"))
    assert [side for side, _ in cells_of(as_html("a line", numbered))] == ["right", "right", "left", "right"] * 4


def test_as_html_aligns_rows_with_several_names_left():
    index = pd.MultiIndex.from_tuples([("courts", 1), ("courts", 2)], names=["topic", "fold"])
    html = as_html("a line", pd.DataFrame({"n": [5, 6]}, index=index))
    assert ("left", "courts") in cells_of(html)
    assert [cell for cell in cells_of(html) if cell[1] in ("5", "6")] == [("right", "5"), ("right", "6")]


def test_as_text_limits_no_width_without_a_terminal():
    table = pd.DataFrame({f"score {column}": ["0.853 [0.812, 0.891]"] for column in range(20)}, index=["linear-svm"])
    assert len(as_text(table).splitlines()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 60])
def test_as_text_cuts_no_number_in_a_terminal(columns, tmp_path):
    scores = {f"score {column} [95 %]": [f"0.8{column} [0.7{column}, 0.9{column}]"] for column in range(10)}
    code = (
        "import pandas as pd; from topicdesk._rendering import as_text; "
        f"print(as_text(pd.DataFrame({scores!r}, index=['linear-svm'])))"
    )
    lines = run_in_terminal(["-c", code], columns, tmp_path)
    assert max(map(len, lines)) <= columns
    assert all(sum(score in line for line in lines) == 1 for (score,) in scores.values())


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

    run = read_run(logged.run_id, project)
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
