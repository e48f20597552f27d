"""A logged run is had again, or it is told what differs."""

import pytest

from topicdesk.annotation import write_annotations
from topicdesk.errors import TrackingError
from topicdesk.experiment import compare_runs, log_experiment, reproduce_run, run_experiment
from topicdesk.tracking import open_store

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("store")]


@pytest.fixture
def spec(project):
    return project.root / "experiments" / "small.toml"


def logged(spec):
    (run,) = log_experiment(run_experiment(spec, jobs=1))
    return run.run_id


def test_a_run_is_reproduced_from_the_spec_that_it_kept(project, spec):
    run = logged(spec)
    spec.write_text(spec.read_text().replace("seed = 5", "seed = 6"))
    found = reproduce_run(project, run, jobs=1)
    assert found.differences == ()
    assert found.figures > 50
    assert found.facts.loc[["spec.hash", "corpus.hash", "labels.hash", "python"], "same"].all()
    child = next(
        one for one in open_store(project).search_runs(["1"]) if one.data.tags.get("classifier") == "linear-svm"
    )
    assert reproduce_run(project, child.info.run_id, jobs=1).run_id == run


def test_changed_labels_are_told_with_what_they_moved(project, spec, newsroom):
    run = logged(spec)
    _, labels = newsroom(90)
    labels.at[0, "topics"] = () if labels.at[0, "topics"] else ("courts",)
    write_annotations(labels, project.root / "data" / "labels" / "gold.csv")
    found = reproduce_run(project, run, jobs=1)
    assert found.differences
    assert not found.facts.loc["labels.hash", "same"]
    assert found.facts.loc["corpus.hash", "same"]
    second = logged(spec)
    compared = compare_runs(project, run, second)
    assert set(compared.labels["article_id"]) == {"n0"}
    assert list(compared.facts.index) == ["labels.hash"]
    assert compared.spec == ()
    assert len(compared.figures)
    assert compared.articles == (0, 0)


def test_two_runs_of_other_specs_show_the_line_and_the_decisions_that_flipped(project, spec):
    first = logged(spec)
    spec.write_text(spec.read_text().replace("C = [0.3, 3.0]", "C = [0.3]"))
    second = logged(spec)
    found = compare_runs(project, first, second, "linear-svm")
    assert "-linear-svm = { C = [0.3, 3.0] }" in found.spec
    assert "+linear-svm = { C = [0.3] }" in found.spec
    assert found.classifiers == ("linear-svm", "linear-svm")
    assert set(found.flips.columns) == {"article_id", "topic", "labelled", "before", "after", "right"}
    with pytest.raises(TrackingError, match="has no classifier called 'nobody'"):
        compare_runs(project, first, second, "nobody")


def test_a_run_that_is_not_there_is_told(project):
    with pytest.raises(TrackingError, match="no run 'abc' in MLflow's store"):
        reproduce_run(project, "abc")


def test_a_lock_that_was_made_from_the_result_itself_proves_nothing(project, spec, run):
    def told():
        done = run("compare", spec, "--no-log", "--report", "report.html")
        assert done.returncode == 0, done.stderr
        return (project.root / "report.html").read_text()

    assert "there was no results lock before this run" in told()
    assert "Yes. All figures equal those of the committed results lock." in told()
