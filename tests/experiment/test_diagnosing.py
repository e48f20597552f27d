"""Errors by kind of logged experiments."""

import pandas as pd
import pytest

from topicdesk.annotation import read_label_file, write_annotations
from topicdesk.errors import TrackingError
from topicdesk.experiment import disputed_labels, errors_of, log_experiment, read_spec, run_experiment
from topicdesk.prediction import error_kinds

BLOCKS = """
[features.blocks.keywords]
keywords = true
weight = [0.15, 0.3]

[classifiers]
"""


@pytest.fixture
def spec(project):
    """Return a spec whose labels have errors, on features with a block."""
    file = project.labels / "gold.csv"
    labels = read_label_file(file, ("courts", "rail"))
    wrong = labels.index % 9 == 0
    labels.loc[wrong, "topics"] = labels.loc[wrong, "topics"].map(lambda topics: () if topics else ("rail",))
    write_annotations(labels, file)
    path = project.root / "experiments" / "small.toml"
    path.write_text(path.read_text().replace("[classifiers]", BLOCKS))
    return path


def test_disputed_labels_are_those_that_label_files_disagree_on(project, spec):
    assert disputed_labels(project, read_spec(spec)).empty
    labels = read_label_file(project.labels / "gold.csv", ("courts", "rail")).head(3)
    labels = labels.assign(topics=[("courts", "rail")] * 3, annotator="ben")
    before = read_label_file(project.labels / "gold.csv", ("courts", "rail"))["topics"].head(3)
    write_annotations(labels, project.labels / "ben.csv")
    disputed = disputed_labels(project, read_spec(spec), ["ben"])
    expected = [
        (article, topic)
        for article, given in zip(labels["article_id"], before, strict=True)
        for topic in ("courts", "rail")
        if topic not in given
    ]
    assert list(disputed.itertuples(index=False, name=None)) == expected
    assert expected


@pytest.mark.slow
@pytest.mark.usefixtures("store")
def test_errors_of_a_spec_and_of_its_run_equal_those_of_the_comparison(project, spec):
    with pytest.raises(TrackingError, match=r"is logged for the corpus 'newsroom'\. Run 'topicdesk compare"):
        errors_of(spec)
    result = run_experiment(spec, n_jobs=1)
    (logged,) = log_experiment(result, n_jobs=1)
    (comparison,) = result.comparisons
    for name in ("linear-svm", "multinomial-nb", "keyword-rules"):
        expected = error_kinds(comparison, name, keywords=comparison.keywords, titles=["Notes from the town"] * 90)
        for experiment in (spec, logged.run_id):
            kinds = errors_of(experiment, name)["newsroom"]
            pd.testing.assert_frame_equal(kinds.table, expected.table)
            pd.testing.assert_frame_equal(kinds.groups, expected.groups)
        assert len(kinds.table) >= 5
    assert errors_of(spec)["newsroom"].classifier == comparison.verdict.winner
    with pytest.raises(TrackingError, match="has no classifier called 'k-nn'"):
        errors_of(spec, "k-nn")

    labels = read_label_file(project.labels / "gold.csv", ("courts", "rail"))
    write_annotations(labels.assign(annotator="ben", topics=[("courts",)] * len(labels)), project.labels / "ben.csv")
    kinds = errors_of(spec, "linear-svm", annotators=["ben"])["newsroom"]
    assert (kinds.table["kind"] == "disputed label").sum() > 0

    text = spec.read_text()
    spec.write_text(text.replace("seed = 5", "seed = 6"))
    with pytest.raises(TrackingError, match="as it is now is logged for the corpus 'newsroom'"):
        errors_of(spec)
    assert errors_of(logged.run_id)["newsroom"].classifier, "the run has its own spec"
    spec.write_text(text)
    labels.loc[0, "topics"] = () if labels["topics"][0] else ("rail",)
    write_annotations(labels, project.labels / "gold.csv")
    with pytest.raises(TrackingError, match="was made with other labels than the project has now"):
        errors_of(spec)


@pytest.mark.slow
@pytest.mark.usefixtures("store")
def test_errors_command_prints_kinds_and_writes_all_errors(project, spec, run):
    unlogged = run("errors", "experiments/small.toml")
    assert unlogged.returncode == 2
    assert "Run 'topicdesk compare experiments/small.toml' first" in unlogged.stderr
    (logged,) = log_experiment(run_experiment(spec, n_jobs=1), n_jobs=1)
    options = ("--classifier", "linear-svm", "--output", "errors.csv", "--plot", "kinds.svg")
    done = run("errors", "experiments/small.toml", *options)
    assert done.returncode == 0, done.stderr
    assert "newsroom: linear-svm makes " in done.stdout
    assert "Errors by kind and topic" in done.stdout
    assert "Errors to read first" in done.stdout
    table = pd.read_csv(project.root / "errors.csv", keep_default_na=False)
    assert f"makes {len(table)} errors" in done.stdout
    assert (project.root / "kinds.svg").is_file()
    by_run = run("errors", logged.run_id, "--classifier", "linear-svm", "--count", "0")
    assert by_run.returncode == 0, by_run.stderr
    assert f"makes {len(table)} errors" in by_run.stdout
    assert "Errors to read first" not in by_run.stdout
    for arguments, expected in (
        (("experiments/small.toml", "--classifier", "linear-smv"), "did you mean 'linear-svm'?"),
        (("f" * 32,), f"no run '{'f' * 32}' in MLflow's store"),
        (("experiments/lost.toml",), "lost.toml"),
    ):
        wrong = run("errors", *arguments)
        assert (wrong.returncode, expected in wrong.stderr) == (2, True), wrong.stderr
