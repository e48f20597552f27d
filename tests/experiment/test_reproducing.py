"""Reproduce logged runs, and compare two runs."""

import re

import pytest

from topicdesk.annotation import write_annotations
from topicdesk.errors import TrackingError
from topicdesk.experiment import compare_runs, log_experiment, reproduce_run, run_experiment
from topicdesk.tracking import load_labeller, open_store

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("store")]


@pytest.fixture
def spec(project):
    return project.root / "experiments" / "small.toml"


def logged(spec):
    (run,) = log_experiment(run_experiment(spec, n_jobs=1))
    return run.run_id


def test_reproduce_run_uses_the_spec_saved_with_the_run(project, spec):
    run = logged(spec)
    spec.write_text(spec.read_text().replace("seed = 5", "seed = 6"))
    reproduction = reproduce_run(project, run, n_jobs=1)
    assert reproduction.differences == ()
    assert reproduction.n_scores > 50
    assert reproduction.facts.loc[["spec.hash", "corpus.hash", "labels.hash", "python"], "same"].all()
    child = next(
        logged_run
        for logged_run in open_store(project).search_runs(["1"])
        if logged_run.data.tags.get("classifier") == "linear-svm"
    )
    assert reproduce_run(project, child.info.run_id, n_jobs=1).run_id == run


def test_reproduce_run_repeats_an_experiment_with_blocks(project, spec):
    blocks = """
[features.blocks.lead]
lead = 40
weight = [0, 0.5]

[features.blocks.keywords]
keywords = true
weight = 0.15

[classifiers]
"""
    spec.write_text(spec.read_text().replace("[classifiers]", blocks))
    (run,) = log_experiment(run_experiment(spec, n_jobs=1))
    assert reproduce_run(project, run.run_id, n_jobs=1).differences == ()
    model = load_labeller(run.run_id)
    assert model.explain("The judge met the jury.").contributions["courts"]


def test_reproduce_run_and_compare_runs_report_changed_labels(project, spec, newsroom):
    run = logged(spec)
    _, labels = newsroom(90)
    labels.at[0, "topics"] = () if labels.at[0, "topics"] else ("courts",)
    write_annotations(labels, project.root / "data" / "labels" / "gold.csv")
    reproduction = reproduce_run(project, run, n_jobs=1)
    assert reproduction.differences
    assert not reproduction.facts.loc["labels.hash", "same"]
    assert reproduction.facts.loc["corpus.hash", "same"]
    second = logged(spec)
    comparison = compare_runs(project, run, second)
    assert set(comparison.labels["article_id"]) == {"n0"}
    assert list(comparison.facts.index) == ["labels.hash"]
    assert comparison.spec == ()
    assert len(comparison.scores)
    assert comparison.articles == (0, 0)


def test_compare_runs_shows_changed_spec_lines_and_flipped_decisions(project, spec):
    first = logged(spec)
    spec.write_text(spec.read_text().replace("C = [0.3, 3.0]", "C = [0.3]"))
    second = logged(spec)
    comparison = compare_runs(project, first, second, "linear-svm")
    assert "-linear-svm = { C = [0.3, 3.0] }" in comparison.spec
    assert "+linear-svm = { C = [0.3] }" in comparison.spec
    assert comparison.classifiers == ("linear-svm", "linear-svm")
    assert set(comparison.flips.columns) == {"article_id", "topic", "labelled", "before", "after", "right"}
    with pytest.raises(TrackingError, match="has no classifier called 'nobody'"):
        compare_runs(project, first, second, "nobody")


def test_diff_command_rounds_scores(spec, run):
    first = logged(spec)
    spec.write_text(
        spec.read_text().replace("linear-svm = { C = [0.3, 3.0] }", "linear-svm = { C = 0.001 }\nridge = {}")
    )
    done = run("diff", first, logged(spec))
    assert done.returncode == 0, done.stderr
    scores = done.stdout.partition("Scores that differ")[2].partition("Decisions that differ")[0]
    assert re.search(r"macro_f1 +\d\.\d{4} +\d\.\d{4} +[+-]\d\.\d{4} ", scores)
    assert not re.search(r"\d\.\d{5}", scores)
    assert re.search(r"ridge +macro_f1 +– +\d\.\d{4} +– ", scores)


def test_reproduce_run_rejects_an_unknown_run(project):
    with pytest.raises(TrackingError, match="no run 'abc' in MLflow's store"):
        reproduce_run(project, "abc")


def test_report_counts_only_a_lock_from_before_the_run_as_verification(project, spec, run):
    def report_text():
        done = run("compare", spec, "--no-log", "--report", "report.html")
        assert done.returncode == 0, done.stderr
        return (project.root / "report.html").read_text()

    assert "there was no results lock before this run" in report_text()
    assert "Yes. All scores equal those of the committed results lock." in report_text()
