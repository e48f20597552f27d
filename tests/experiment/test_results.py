"""The results page of experiments on a small newsroom."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from topicdesk.errors import SpecError
from topicdesk.experiment import lock_path, read_lock, results_page, run_experiment, write_lock

pytestmark = pytest.mark.slow


@pytest.fixture
def experiments(project):
    """Run an experiment, and a second one to compare with it."""
    folder = project.root / "experiments"
    spec = folder / "small.toml"
    other = folder / "other.toml"
    text = (
        spec.read_text().replace('Small newsroom"', 'Other"\nbeside = "small"').replace("C = [0.3, 3.0]", "C = [0.001]")
    )
    other.write_text(text)
    for path in (spec, other):
        write_lock(run_experiment(path, n_jobs=1).lock(), lock_path(path))
    return folder


def test_results_page_compares_two_experiments_and_shows_differences(experiments):
    page = results_page(experiments)
    section = page.partition("### Comparison with `small.toml`")[2].partition("\n## ")[0]
    first, other = (
        read_lock(experiments / f"{name}.lock.json").comparisons["newsroom"].figures["all"]["linear-svm"]["macro_f1"][0]
        for name in ("small", "other")
    )
    (row,) = (line for line in section.splitlines() if line.startswith("| linear-svm"))
    assert f"{first:.3f}" in row
    assert f"{other:.3f}" in row
    assert f"{first - other:+.3f}" in row
    assert "Both experiments use the same folds." in section


def test_results_page_reports_different_folds(experiments):
    path = experiments / "other.lock.json"
    folds = read_lock(path).comparisons["newsroom"].splits
    path.write_text(path.read_text().replace(folds, "0" * 32))
    assert "The folds differ" in results_page(experiments)


def with_more_labels(project, changed=()):
    """Make an experiment on the first 60 labels, and one on all labels. The latter changes labels of some articles."""
    folder = project.root / "data" / "labels"
    labels = pd.read_csv(folder / "gold.csv", dtype=str, keep_default_na=False)
    labels.head(60).to_csv(folder / "few.csv", index=False)
    mask = labels["article_id"].isin(changed)
    labels.assign(topics=labels["topics"].mask(mask, "courts rail")).to_csv(folder / "many.csv", index=False)
    specs = project.root / "experiments"
    text = (specs / "small.toml").read_text()
    few, many = specs / "few.toml", specs / "many.toml"
    few.write_text(text.replace("gold.csv", "few.csv").replace("Small newsroom", "Few"))
    many.write_text(text.replace("gold.csv", "many.csv").replace('Small newsroom"', 'Many"\nbeside = "few"'))
    return few, many


def section_of(page, title):
    return page.partition(f"### Comparison with `{title}`")[2].partition("\n## ")[0]


def test_results_page_compares_experiments_on_the_test_articles_that_they_share(project):
    few, many = with_more_labels(project, changed=("n0", "n1", "n2", "n3"))
    results = {path.stem: run_experiment(path, n_jobs=1) for path in (few, many)}
    for path in (few, many):
        write_lock(results[path.stem].lock(), lock_path(path))
    truth = results["few"].comparisons[0].dataset
    predicted = results["many"].comparisons[0].predictions("linear-svm")
    expected = np.mean(
        [
            f1_score(
                truth.Y,
                part.pivot(index="article_id", columns="topic", values="decision").loc[truth.ids],
                average="macro",
            )
            for _, part in predicted[predicted["article_id"].isin(truth.ids)].groupby("repeat")
        ]
    )
    locked = read_lock(lock_path(many)).comparisons["newsroom"]
    shared = locked.shared["few"]
    assert shared.figures["linear-svm"]["macro_f1"][0] == pytest.approx(expected, abs=1e-6)
    assert shared.articles == 60
    assert shared.tested == read_lock(lock_path(few)).comparisons["newsroom"].tested != locked.tested

    section = section_of(results_page(few.parent), "few.toml")
    (row,) = (line for line in section.splitlines() if line.startswith("| linear-svm"))
    alone = read_lock(lock_path(few)).comparisons["newsroom"].figures["all"]["linear-svm"]["macro_f1"][0]
    assert re.findall(r"\d\.\d{3}(?= \[)", row) == [f"{alone:.3f}", f"{expected:.3f}"]
    assert f"{alone - shared.figures['linear-svm']['macro_f1'][0]:+.3f}" in row
    assert "Both columns are of the same 60 test articles" in section
    assert "The scores above are of 90 articles" in section


def test_results_page_shows_no_scores_of_different_test_articles_side_by_side(project):
    few, many = with_more_labels(project)
    # The other way round: the smaller experiment does not test all articles of the larger one.
    few.write_text(few.read_text().replace('title = "Few"', 'title = "Few"\nbeside = "many"'))
    many.write_text(many.read_text().replace('beside = "few"', ""))
    for path in (few, many):
        write_lock(run_experiment(path, n_jobs=1).lock(), lock_path(path))
    assert read_lock(lock_path(few)).comparisons["newsroom"].shared == {}
    section = section_of(results_page(few.parent), "many.toml")
    assert "not shown side by side: they are of other test articles" in section
    assert "| linear-svm" not in section


def test_results_page_shows_no_scores_side_by_side_if_a_lock_does_not_record_its_test_articles(experiments):
    path = experiments / "small.lock.json"
    content = json.loads(path.read_text())
    del content["comparisons"]["newsroom"]["tested"]
    path.write_text(json.dumps(content))
    section = section_of(results_page(experiments), "small.toml")
    assert "does not record the test articles" in section
    assert "| linear-svm" not in section


def test_run_experiment_rejects_a_spec_beside_that_does_not_exist(project):
    spec = project.root / "experiments" / "small.toml"
    spec.write_text(spec.read_text().replace('newsroom"\n', 'newsroom"\nbeside = "topic"\n', 1))
    with pytest.raises(SpecError, match=r"experiment\.beside: there is no spec .*topic\.toml"):
        run_experiment(spec, n_jobs=1)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "grouping them does not change the folds or the scores"),
        (3, "3 articles are near-duplicates of an earlier one"),
    ],
)
def test_results_page_reports_the_effect_of_grouping(experiments, count, expected):
    path = experiments / "small.lock.json"
    current = read_lock(path).comparisons["newsroom"].near_duplicates
    path.write_text(path.read_text().replace(f'"near_duplicates": {current}', f'"near_duplicates": {count}'))
    assert expected in results_page(experiments).partition("## Small newsroom")[2]


def test_results_page_speaks_of_stories_if_these_are_kept_together(experiments):
    spec = experiments / "small.toml"
    spec.write_text(spec.read_text().replace("[splits]\n", '[splits]\ngroups = "stories"\n', 1))
    lock = experiments / "small.lock.json"
    current = read_lock(lock).comparisons["newsroom"].near_duplicates
    lock.write_text(lock.read_text().replace(f'"near_duplicates": {current}', '"near_duplicates": 0'))
    assert "There are no articles that tell the same story" in results_page(experiments).partition("## Small")[2]


def test_lock_and_results_page_list_changes_since_the_previous_lock(project):
    spec = project.root / "experiments" / "small.toml"
    first = run_experiment(spec, n_jobs=1).lock().after(None)
    assert first.changed == ("everything: this is the first lock",)
    assert first.made_on
    again = run_experiment(spec, n_jobs=1).lock().after(first)
    assert again.changed == ()
    spec.write_text(
        spec.read_text().replace("seed = 5", "seed = 6").replace("linear-svm = ", "nearest-centroid = {}\n#")
    )
    changed = run_experiment(spec, n_jobs=1).lock().after(first)
    assert changed.changed[0] == "the spec"
    assert "newsroom: the splits" in changed.changed
    assert any("nearest-centroid is new" in line and "linear-svm was removed" in line for line in changed.changed)
    write_lock(changed, lock_path(spec))
    page = results_page(spec.parent)
    assert "Changes since the previous lock:\n\n- the spec" in page
    assert f"Made on {changed.made_on}, with " in page, "the project has no commit"


def test_results_page_names_no_commit_if_there_is_none(project):
    spec = project.root / "experiments" / "small.toml"
    write_lock(run_experiment(spec, n_jobs=1).lock().model_copy(update={"commit": ""}), lock_path(spec))
    page = results_page(spec.parent)
    assert re.search(r"^Made on \d{4}-\d\d-\d\d, with ", page, re.MULTILINE)
    assert "from commit" not in page
