"""End-to-end tests of experiments on a small newsroom, with a real MLflow store."""

import re

import pandas as pd
import pytest

from topicdesk.corpus import find_duplicates, read_corpus
from topicdesk.errors import LabelsError, ProjectError, SpecError, VerificationError
from topicdesk.experiment import (
    differences,
    load_experiments,
    lock_path,
    locked_scores,
    read_lock,
    read_spec,
    results_page,
    review_experiment,
    run_experiment,
    verify_experiment,
    write_lock,
)
from topicdesk.project import find_project


def spec_of(project):
    return project.root / "experiments" / "small.toml"


@pytest.mark.slow
def test_run_experiment_gives_identical_locks_for_the_same_spec(project):
    path = lock_path(spec_of(project))
    write_lock(run_experiment(spec_of(project), n_jobs=1).lock(), path)
    first = path.read_bytes()
    write_lock(run_experiment(spec_of(project), n_jobs=2).lock(), path)
    assert path.read_bytes() == first


@pytest.mark.slow
def test_lock_records_the_splits_and_the_number_of_near_duplicates(project):
    first = run_experiment(spec_of(project), n_jobs=1).lock().comparisons["newsroom"]
    spec_of(project).write_text(spec_of(project).read_text().replace("seed = 5", "seed = 6"))
    other = run_experiment(spec_of(project), n_jobs=1).lock().comparisons["newsroom"]
    assert first.splits != other.splits
    corpus = read_corpus(project.corpora / "newsroom.parquet")
    repeated = len(corpus) - len(set(find_duplicates(corpus["text"].tolist()).groups))
    assert first.near_duplicates == other.near_duplicates == repeated > 0


@pytest.mark.slow
def test_run_experiment_keeps_stories_together_if_the_spec_asks_for_it(project):
    spec = spec_of(project)
    text = spec.read_text()
    plain = run_experiment(spec, n_jobs=1).comparisons[0].dataset
    spec.write_text(text.replace("[splits]", '[splits]\ngroups = "stories"'))
    result = run_experiment(spec, n_jobs=1)
    told = result.comparisons[0].dataset
    assert (plain.grouping, told.grouping) == ("near-duplicates", "stories")
    assert told.n_repeated > plain.n_repeated
    # The articles of the newsroom consist of a few phrases, so they form a chain at the usual threshold.
    assert any("similar texts form a chain" in warning for warning in result.comparisons[0].warnings)
    for split in result.comparisons[0].splits:
        assert not set(told.groups[split.train]) & set(told.groups[split.test])
    write_lock(result.lock(), lock_path(spec))
    assert f"{told.n_repeated} articles tell the story of an earlier one" in results_page(spec.parent)


@pytest.mark.slow
def test_review_experiment_audits_stories_if_the_spec_asks_for_it(project):
    spec = spec_of(project)
    before = read_spec(spec).content_hash()
    spec.write_text(spec.read_text().replace("[evaluation]", "[evaluation]\nstories = true"))
    assert read_spec(spec).content_hash() == before, "scores do not depend on it"
    (review,) = review_experiment(run_experiment(spec, n_jobs=1), n_jobs=1)
    assert "How much of it is remembering the same story?" in review.report


def test_splits_command_shows_and_saves_splits_that_a_spec_can_reuse(project, run):
    done = run("splits", "experiments/small.toml", "--output", "saved.csv")
    assert done.returncode == 0, done.stderr
    assert "newsroom: test articles by topic" in done.stdout
    assert "newsroom: test articles by source" in done.stdout
    first = run_experiment(spec_of(project), n_jobs=1).lock().comparisons["newsroom"]
    text = (
        spec_of(project).read_text().replace("[splits]", '[splits]\nfile = "saved.csv"').replace("seed = 5", "seed = 6")
    )
    spec_of(project).write_text(text)
    again = run_experiment(spec_of(project), n_jobs=1).lock().comparisons["newsroom"]
    assert again.splits == first.splits


@pytest.mark.slow
def test_lock_records_the_winner_its_verdict_and_the_significance_tests(project):
    result = run_experiment(spec_of(project), n_jobs=1)
    (comparison,) = result.comparisons
    locked = result.lock().comparisons["newsroom"]
    assert locked.winner == comparison.verdict.winner in locked.verdict
    assert set(locked.significance) == set(comparison.ranking) - {comparison.verdict.best}
    assert locked.significance["majority"].p < 0.05
    assert locked.significance["majority"].conclusion == "worse"
    assert locked.outcome == comparison.verdict.outcome
    assert sum(locked.significance["majority"].posterior) == pytest.approx(1, abs=1e-5)
    assert comparison.leaderboard()["adjusted p"].iloc[-1].endswith("*")
    assert str(comparison).endswith(locked.verdict)


@pytest.mark.slow
def test_verify_experiment_reports_place_and_size_of_a_difference(project):
    result = run_experiment(spec_of(project), n_jobs=1)
    path = lock_path(spec_of(project))
    write_lock(result.lock(), path)
    assert verify_experiment(result) == []
    value = read_lock(path).comparisons["newsroom"].figures["all"]["linear-svm"]["macro_f1"][0]
    edited = path.read_text().replace(f'"macro_f1": [{value}', f'"macro_f1": [{value - 0.01:.6f}', 1)
    path.write_text(edited)
    reported = verify_experiment(result)
    assert reported, "the edited score is not reported"
    assert reported[0].where.endswith("macro_f1")
    assert reported[0].by == pytest.approx(0.01, abs=1e-6)
    assert verify_experiment(result, tolerance=0.02) == []


@pytest.mark.slow
def test_verify_experiment_rejects_the_lock_of_another_spec(project):
    path = spec_of(project)
    write_lock(run_experiment(path, n_jobs=1).lock(), lock_path(path))
    path.write_text(path.read_text().replace("seed = 5", "seed = 6"))
    with pytest.raises(VerificationError, match=r"made from another version of small\.toml"):
        verify_experiment(run_experiment(path, n_jobs=1))


@pytest.mark.parametrize(
    ("content", "fault"),
    [(None, "no results lock at"), ("{}", "is not a results lock"), ('{"experiment": ', "is not a results lock")],
)
def test_read_lock_rejects_a_missing_or_damaged_lock(tmp_path, content, fault):
    if content is not None:
        (tmp_path / "x.lock.json").write_text(content)
    with pytest.raises(VerificationError, match=fault):
        read_lock(tmp_path / "x.lock.json")


@pytest.mark.slow
def test_differences_names_changed_corpora_and_missing_classifiers(project):
    lock = run_experiment(spec_of(project), n_jobs=1).lock()
    newsroom = lock.comparisons["newsroom"]
    fewer = newsroom.model_copy(
        update={"figures": {"all": {"majority": newsroom.figures["all"]["majority"]}}, "corpus": "0" * 32}
    )
    places = {
        difference.where
        for difference in differences(lock, lock.model_copy(update={"comparisons": {"newsroom": fewer}}))
    }
    assert "comparisons › newsroom › corpus" in places
    assert any("linear-svm" in place for place in places)
    assert not any("› all › majority ›" in place for place in places)


def test_compare_command_logs_the_run_writes_the_lock_and_names_next_steps(project, run):
    done = run("compare", "experiments/small.toml", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if " % after " not in line]  # printed only by slow runs
    assert lines == [  # no other output
        "topicdesk: reading experiments/small.toml ...",
        "topicdesk: creating MLflow's store mlflow.db (once; takes about 10 s) ...",
    ]
    assert re.fullmatch(r"\d+ s in total", done.stdout.splitlines()[-1])
    assert "Leaderboard" in done.stdout
    assert "linear-svm" in done.stdout
    assert "Results lock written: experiments/small.lock.json" in done.stdout
    assert "Where to look next" in done.stdout
    assert project.mlflow_database.is_file()
    assert not list(project.root.glob(".*.part"))

    again = run("compare", "experiments/small.toml", "--jobs", "2")
    assert again.returncode == 0, again.stderr
    assert "Verified: all scores match experiments/small.lock.json" in again.stdout
    # The total includes the time of the verification.
    assert re.fullmatch(r"\d+ s in total", again.stdout.splitlines()[-1])


def test_compare_command_finds_the_project_of_the_spec_from_any_folder(project, tmp_path, run):
    done = run("compare", spec_of(project), "--jobs", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert project.mlflow_database.is_file()
    assert lock_path(spec_of(project)).is_file()


def test_verify_command_fails_with_a_table_of_edited_scores(project, run):
    assert run("compare", "experiments/small.toml", "--no-log").returncode == 0
    assert run("verify", "experiments/small.toml").returncode == 0
    path = lock_path(spec_of(project))
    path.write_text(path.read_text().replace('"subset_accuracy": [0.', '"subset_accuracy": [1.', 1))
    done = run("verify", "experiments/small.toml")
    assert done.returncode == 1
    assert "Differences from experiments/small.lock.json" in done.stdout
    assert "subset_accuracy" in done.stdout
    assert "-1.000000" in done.stdout
    assert "1 result differs from experiments/small.lock.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_compare_command_says_before_the_work_that_the_lock_is_of_another_spec(project, run):
    path = spec_of(project)
    assert run("compare", "experiments/small.toml", "--no-log").returncode == 0
    path.write_text(path.read_text().replace("seed = 5", "seed = 6"))
    done = run("compare", "experiments/small.toml", "--no-log")
    assert done.returncode == 1
    note = "topicdesk: note: experiments/small.lock.json was made from another version of the spec, so"
    assert done.stderr.splitlines()[1].startswith(note)
    assert "add --update-lock" in done.stderr.splitlines()[1]
    renewed = run("compare", "experiments/small.toml", "--no-log", "--update-lock")
    assert renewed.returncode == 0
    assert "another version" not in renewed.stderr


def test_compare_command_resumes_a_stopped_run_and_removes_its_checkpoints(project, run):
    path = spec_of(project)
    write_lock(run_experiment(path, n_jobs=1, resume=True).lock(), lock_path(path))
    assert list(project.cells.glob("*/*.npz"))  # as if the run had been stopped before it wrote its lock
    done = run("compare", "experiments/small.toml", "--no-log")
    assert done.returncode == 0, done.stderr
    assert "checkpoints of a run that was stopped" in done.stdout
    assert not list(project.cells.glob("*/*.npz"))
    again = run("compare", "experiments/small.toml", "--no-log")
    assert "checkpoints of a run that was stopped" not in again.stdout


def test_compare_command_on_a_dask_cluster_gives_the_scores_of_the_lock(project, cluster, run):
    write_lock(run_experiment(spec_of(project), n_jobs=1).lock(), lock_path(spec_of(project)))
    cluster.add_worker()
    arguments = ("compare", "experiments/small.toml", "--no-log", "--engine", "dask", "--scheduler", cluster.address)
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert "Verified: all scores match" in done.stdout
    without_scheduler = run("compare", "experiments/small.toml", "--engine", "dask")
    assert without_scheduler.returncode == 2
    assert "use --engine dask and --scheduler together" in without_scheduler.stderr


def test_learning_curve_ablate_and_stories_commands_print_and_plot_their_results(project, run):
    without_lock = run("learning-curve", "experiments/small.toml", "--sizes", "4")
    assert without_lock.returncode == 2
    assert "has no results lock, so it has no winner. Name a classifier (--classifier)" in without_lock.stderr
    write_lock(run_experiment(spec_of(project), n_jobs=1).lock(), lock_path(spec_of(project)))
    winner = read_lock(lock_path(spec_of(project))).comparisons["newsroom"].winner
    small = ("experiments/small.toml", "--jobs", "1")
    curve = run("learning-curve", *small, "--sizes", "4", "--more", "40", "--plot", "curve.png")
    assert curve.returncode == 0, curve.stderr
    assert f"newsroom, {winner}: macro_f1 by labels" in curve.stdout
    assert f"With 40 more labels than the current 60, macro-F1 of {winner}" in curve.stdout
    ablation = run("ablate", *small, "--classifier", "linear-svm", "--plot", "lost.png")
    assert ablation.returncode == 0, ablation.stderr
    assert re.search(r"ngram_range +[01]\.\d{3} \[", ablation.stdout)
    stories = run("stories", *small, "--classifier", "linear-svm", "--plot", "stories.png")
    assert stories.returncode == 0, stories.stderr
    assert "newsroom, linear-svm: scores by training articles" in stories.stdout
    assert "random folds, stories kept together" in stories.stdout
    assert "The split by time is left out: 90 of 90 articles have no date." in stories.stdout + stories.stderr
    assert {"curve.png", "lost.png", "stories.png"} <= {path.name for path in project.root.iterdir()}
    wrong = run("ablate", "experiments/small.toml", "--classifier", "linear-smv")
    assert wrong.returncode == 2
    assert "compares no classifier called 'linear-smv'; did you mean 'linear-svm'?" in wrong.stderr


def test_rank_command_ranks_classifiers_over_the_datasets_of_several_locks(project, run):
    write_lock(run_experiment(spec_of(project), n_jobs=1).lock(), lock_path(spec_of(project)))
    lock = lock_path(spec_of(project)).read_text()
    specs = []
    for name in ("one", "two", "three"):
        specs.append(f"experiments/{name}.toml")
        (project.root / f"experiments/{name}.lock.json").write_text(lock.replace('"newsroom": {', f'"{name}": {{', 1))
    done = run("rank", *specs, "--plot", "ranks.svg")
    assert done.returncode == 0, done.stderr
    assert "3 datasets (one, two, three); Friedman p = 0.0" in done.stdout
    ranks = locked_scores([project.root / spec for spec in specs]).rank(axis=1, ascending=False).mean()
    for name, rank in ranks.items():
        assert re.search(rf"^ *{name} +{rank:.2f} ", done.stdout, flags=re.MULTILINE)
    assert (project.root / "ranks.svg").read_bytes().startswith(b"<?xml")
    single_dataset = run("rank", specs[0])
    assert single_dataset.returncode == 2
    assert "Friedman's test needs at least three classifiers and three datasets" in single_dataset.stderr
    (project.root / "experiments/two.lock.json").write_text(lock.replace('"macro_f1"', '"micro_f1"'))
    mixed_metrics = run("rank", *specs)
    assert "use different metrics (macro_f1, micro_f1). Ranks need the same metric" in mixed_metrics.stderr


@pytest.mark.parametrize(
    ("spoil", "error", "fault"),
    [
        (lambda root: (root / "data/labels/gold.csv").unlink(), LabelsError, "no label file at"),
        (
            lambda root: (root / "data/labels/reserved.txt").write_text("n3\n"),
            LabelsError,
            "line 5: article n3 is reserved",
        ),
        (lambda root: (root / "data/topics.toml").unlink(), LabelsError, r"no file .*topics\.toml"),
    ],
)
def test_run_experiment_rejects_missing_or_invalid_labels(project, spoil, error, fault):
    spoil(project.root)
    with pytest.raises(error, match=fault):
        run_experiment(spec_of(project), n_jobs=1)


def test_run_experiment_suggests_a_name_for_an_unknown_corpus(project):
    path = spec_of(project)
    path.write_text(path.read_text().replace("data/corpora/newsroom.parquet", "newsarticle"))
    project.sources.write_bytes(find_project(__file__).sources.read_bytes())
    with pytest.raises(SpecError, match=r"no corpus called 'newsarticle'.*did you mean 'newsarticles'"):
        run_experiment(path, n_jobs=1)


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("compare", "experiments/lost.toml"), 2, "no file experiments/lost.toml"),
        (("verify", "experiments/small.toml"), 1, "no results lock at experiments/small.lock.json"),
        (("data", "fetch", "lost"), 2, "no corpus called 'lost'"),
    ],
)
def test_commands_report_wrong_input_without_a_traceback(project, arguments, code, expected, run):
    done = run(*arguments)
    assert done.returncode == code
    assert done.stderr.startswith("topicdesk: ")
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.slow
def test_compare_command_names_the_changed_labels_before_ten_differences(project, run):
    assert run("compare", "experiments/small.toml", "--no-log").returncode == 0
    labels = project.root / "data" / "labels" / "gold.csv"
    lines = labels.read_text().splitlines()
    changed = [line.replace("courts", "rail") if number < 12 else line for number, line in enumerate(lines)]
    assert changed != lines
    labels.write_text("\n".join(changed) + "\n")
    done = run("compare", "experiments/small.toml", "--no-log")
    assert done.returncode == 1
    cause = "Changed since experiments/small.lock.json was made: the labels of newsroom"
    assert done.stdout.index(cause) < done.stdout.index("Differences from experiments/small.lock.json")
    table = done.stdout.partition("Differences from experiments/small.lock.json")[2]
    assert table.count("comparisons ›") == 10
    assert "› macro_f1 " in table.splitlines()[4]
    assert re.search(r"^\.\.\. and \d+ more\.$", table, re.MULTILINE)
    assert not re.search(r"\b[0-9a-f]{16,}\b", table + done.stderr)
    assert done.stderr.count("--update-lock") == 1
    assert "topicdesk compare experiments/small.toml --update-lock" in done.stderr


@pytest.mark.slow
def test_compare_command_says_of_all_tables_that_they_are_weighted_to_the_corpus(project, run):
    plain = run("compare", "experiments/small.toml", "--no-log")
    assert plain.returncode == 0
    assert "weighted to the corpus" not in plain.stdout
    labels = project.root / "data" / "labels" / "gold.csv"
    table = pd.read_csv(labels, dtype=str, keep_default_na=False)
    table.assign(inclusion_probability=["0.5" if row % 2 else "1" for row in range(len(table))]).to_csv(
        labels, index=False
    )
    done = run("compare", "experiments/small.toml", "--no-log", "--update-lock")
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    assert "All scores are weighted to the corpus, unless the title of a column says otherwise." in shown
    assert "calibrated by Platt scaling, weighted to the corpus" in shown
    assert "F1 by topic [95 %], weighted to the corpus" in shown


@pytest.mark.slow
def test_compare_command_writes_a_report_with_the_id_of_the_logged_run(project, run):
    done = run("compare", "experiments/small.toml", "--report", "report.html")
    assert done.returncode == 0, done.stderr
    (run_id,) = re.findall(r"\(([0-9a-f]{32})\)", done.stdout)
    report = (project.root / "report.html").read_text()
    assert f"topicdesk reproduce {run_id}" in report
    assert "RUN-ID" not in report


@pytest.mark.slow
def test_write_lock_raises_project_error_for_an_unwritable_path(project):
    result = run_experiment(spec_of(project), n_jobs=1)
    with pytest.raises(ProjectError, match="cannot write"):
        write_lock(result.lock(), spec_of(project) / "small.lock.json")


def test_compare_command_works_without_sources_reserved_ids_and_keywords(project, run):
    project.sources.unlink()
    project.reserved.unlink()
    taxonomy = project.root / "data" / "topics.toml"
    text = taxonomy.read_text()
    taxonomy.write_text("\n".join(line for line in text.splitlines() if not line.startswith("keywords")))
    report = project.root / "report.html"
    done = run("compare", "experiments/small.toml", "--no-log", "--report", "report.html")
    assert done.returncode == 0, done.stderr
    warning = "The keyword baseline is left out (no topic has keywords in the taxonomy)."
    assert warning in " ".join(done.stdout.split())
    assert warning in report.read_text()
    # Only the checklist names it, as missing.
    assert "keyword-rules" not in report.read_text().replace("missing: keyword-rules", "")
    assert "keyword-rules" not in lock_path(spec_of(project)).read_text()


def test_load_experiments_warns_about_topics_without_keywords(project):
    taxonomy = project.root / "data" / "topics.toml"
    taxonomy.write_text(taxonomy.read_text().replace('keywords = ["judge", "jury", "verdict", "supreme court"]', ""))
    (load,) = load_experiments(spec_of(project))
    assert load.keywords is None
    assert "The keyword baseline is left out (courts: no keywords in the taxonomy)." in load.dataset.warnings
    assert "keyword-rules" not in [classifier.name for classifier in load.plan.classifiers]
