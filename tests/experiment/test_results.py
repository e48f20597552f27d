"""The results page of experiments on a small newsroom."""

import pytest

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
    assert f"Made on {changed.made_on} from commit" in page
