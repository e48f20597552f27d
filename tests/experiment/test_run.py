"""Experiments from end to end, on a small newsroom, with a real MLflow store."""

import re

import pytest

from topicdesk.corpus import find_duplicates, read_corpus
from topicdesk.errors import LabelsError, ProjectError, SpecError, VerificationError
from topicdesk.experiment import (
    differences,
    load_experiments,
    lock_path,
    locked_figures,
    read_lock,
    run_experiment,
    verify_experiment,
    write_lock,
)
from topicdesk.project import find_project


def spec_of(project):
    return project.root / "experiments" / "small.toml"


@pytest.mark.slow
def test_the_same_spec_gives_the_same_lock_byte_for_byte(project):
    path = lock_path(spec_of(project))
    write_lock(run_experiment(spec_of(project), jobs=1).lock(), path)
    first = path.read_bytes()
    write_lock(run_experiment(spec_of(project), jobs=2).lock(), path)
    assert path.read_bytes() == first


@pytest.mark.slow
def test_a_lock_tells_which_articles_each_split_tests_and_how_many_repeat_another(project):
    first = run_experiment(spec_of(project), jobs=1).lock().comparisons["newsroom"]
    spec_of(project).write_text(spec_of(project).read_text().replace("seed = 5", "seed = 6"))
    other = run_experiment(spec_of(project), jobs=1).lock().comparisons["newsroom"]
    assert first.splits != other.splits
    corpus = read_corpus(project.corpora / "newsroom.parquet")
    repeated = len(corpus) - len(set(find_duplicates(corpus["text"].tolist()).groups))
    assert first.near_duplicates == other.near_duplicates == repeated > 0


def test_splits_are_shown_saved_and_used_again(project, run):
    done = run("splits", "experiments/small.toml", "--output", "saved.csv")
    assert done.returncode == 0, done.stderr
    assert "newsroom: test articles by topic" in done.stdout
    assert "newsroom: test articles by source" in done.stdout
    first = run_experiment(spec_of(project), jobs=1).lock().comparisons["newsroom"]
    told = (
        spec_of(project).read_text().replace("[splits]", '[splits]\nfile = "saved.csv"').replace("seed = 5", "seed = 6")
    )
    spec_of(project).write_text(told)
    again = run_experiment(spec_of(project), jobs=1).lock().comparisons["newsroom"]
    assert again.splits == first.splits


@pytest.mark.slow
def test_the_winner_is_locked_with_the_reason_and_the_tests_behind_it(project):
    result = run_experiment(spec_of(project), jobs=1)
    (comparison,) = result.comparisons
    locked = result.lock().comparisons["newsroom"]
    assert locked.winner == comparison.verdict.winner in locked.verdict
    assert set(locked.significance) == set(comparison.ranking[1:])
    assert locked.significance["majority"].p_holm < 0.05
    assert sum(locked.significance["majority"].posterior) == pytest.approx(1, abs=1e-5)
    assert comparison.leaderboard()["Holm p"].iloc[-1].endswith("***")
    assert str(comparison).endswith(locked.verdict)


@pytest.mark.slow
def test_an_edited_figure_is_found_with_its_place_and_its_size(project):
    result = run_experiment(spec_of(project), jobs=1)
    path = lock_path(spec_of(project))
    write_lock(result.lock(), path)
    assert verify_experiment(result) == []
    value = read_lock(path).comparisons["newsroom"].figures["all"]["linear-svm"]["macro_f1"][0]
    edited = path.read_text().replace(f'"macro_f1": [{value}', f'"macro_f1": [{value - 0.01:.6f}', 1)
    path.write_text(edited)
    found = verify_experiment(result)
    assert found, "an edit that nobody finds"
    assert found[0].where.endswith("macro_f1")
    assert found[0].by == pytest.approx(0.01, abs=1e-6)
    assert verify_experiment(result, tolerance=0.02) == []


@pytest.mark.slow
def test_the_lock_of_another_spec_is_refused(project):
    path = spec_of(project)
    write_lock(run_experiment(path, jobs=1).lock(), lock_path(path))
    path.write_text(path.read_text().replace("seed = 5", "seed = 6"))
    with pytest.raises(VerificationError, match=r"made from another version of small\.toml"):
        verify_experiment(run_experiment(path, jobs=1))


@pytest.mark.parametrize(
    ("content", "fault"),
    [(None, "no results lock at"), ("{}", "is not a results lock"), ('{"experiment": ', "is not a results lock")],
)
def test_a_missing_or_damaged_lock_is_told(tmp_path, content, fault):
    if content is not None:
        (tmp_path / "x.lock.json").write_text(content)
    with pytest.raises(VerificationError, match=fault):
        read_lock(tmp_path / "x.lock.json")


@pytest.mark.slow
def test_locks_differ_where_a_classifier_or_a_corpus_is_another(project):
    lock = run_experiment(spec_of(project), jobs=1).lock()
    newsroom = lock.comparisons["newsroom"]
    fewer = newsroom.model_copy(
        update={"figures": {"all": {"majority": newsroom.figures["all"]["majority"]}}, "corpus": "0" * 32}
    )
    places = {one.where for one in differences(lock, lock.model_copy(update={"comparisons": {"newsroom": fewer}}))}
    assert "comparisons › newsroom › corpus" in places
    assert any("linear-svm" in place for place in places)
    assert not any("› all › majority ›" in place for place in places)


def test_compare_logs_writes_the_lock_and_says_where_to_look(project, run):
    done = run("compare", "experiments/small.toml", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if " % after " not in line]  # which a busy machine prints
    assert lines == [  # and nothing stray
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
    # The check against the lock is counted too.
    assert re.fullmatch(r"\d+ s in total", again.stdout.splitlines()[-1])


def test_an_experiment_runs_from_any_folder_in_the_project_that_its_spec_is_in(project, tmp_path, run):
    done = run("compare", spec_of(project), "--jobs", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert project.mlflow_database.is_file()
    assert lock_path(spec_of(project)).is_file()


def test_verify_fails_with_a_table_when_a_figure_is_edited(project, run):
    assert run("compare", "experiments/small.toml", "--no-log").returncode == 0
    assert run("verify", "experiments/small.toml").returncode == 0
    path = lock_path(spec_of(project))
    path.write_text(path.read_text().replace('"subset_accuracy": [0.', '"subset_accuracy": [1.', 1))
    done = run("verify", "experiments/small.toml")
    assert done.returncode == 1
    assert "Differences from experiments/small.lock.json" in done.stdout
    assert "subset_accuracy" in done.stdout
    assert "-1.000000" in done.stdout
    assert "results differ from" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stopped_run_is_gone_on_with_and_leaves_no_cells_once_it_is_whole(project, run):
    path = spec_of(project)
    write_lock(run_experiment(path, jobs=1, resume=True).lock(), lock_path(path))
    assert list(project.cells.glob("*/*.npz"))  # as if it had been stopped before it wrote its lock
    done = run("compare", "experiments/small.toml", "--no-log")
    assert done.returncode == 0, done.stderr
    assert "checkpoints of a run that was stopped" in done.stdout
    assert not list(project.cells.glob("*/*.npz"))
    again = run("compare", "experiments/small.toml", "--no-log")
    assert "checkpoints of a run that was stopped" not in again.stdout


def test_a_comparison_on_a_dask_cluster_has_the_figures_of_the_lock(project, cluster, run):
    write_lock(run_experiment(spec_of(project), jobs=1).lock(), lock_path(spec_of(project)))
    cluster.add_worker()
    arguments = ("compare", "experiments/small.toml", "--no-log", "--engine", "dask", "--scheduler", cluster.address)
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert "Verified: all scores match" in done.stdout
    alone = run("compare", "experiments/small.toml", "--engine", "dask")
    assert alone.returncode == 2
    assert "use --engine dask and --scheduler together" in alone.stderr


def test_a_learning_curve_and_an_ablation_of_the_locks_winner_are_told_and_drawn(project, run):
    without_lock = run("learning-curve", "experiments/small.toml", "--sizes", "4")
    assert without_lock.returncode == 2
    assert "has no results lock, so it has no winner. Name a classifier (--classifier)" in without_lock.stderr
    write_lock(run_experiment(spec_of(project), jobs=1).lock(), lock_path(spec_of(project)))
    winner = read_lock(lock_path(spec_of(project))).comparisons["newsroom"].winner
    small = ("experiments/small.toml", "--jobs", "1")
    curve = run("learning-curve", *small, "--sizes", "4", "--more", "40", "--plot", "curve.png")
    assert curve.returncode == 0, curve.stderr
    assert f"newsroom, {winner}: macro_f1 by labels" in curve.stdout
    assert f"With 40 labels more than the current 60, macro-F1 of {winner}" in curve.stdout
    ablation = run("ablate", *small, "--classifier", "linear-svm", "--plot", "lost.png")
    assert ablation.returncode == 0, ablation.stderr
    assert re.search(r"ngram_range +[01]\.\d{3} \[", ablation.stdout)
    assert {"curve.png", "lost.png"} <= {path.name for path in project.root.iterdir()}
    wrong = run("ablate", "experiments/small.toml", "--classifier", "linear-smv")
    assert wrong.returncode == 2
    assert "compares no classifier called 'linear-smv'; did you mean 'linear-svm'?" in wrong.stderr


def test_classifiers_are_ranked_over_the_datasets_of_several_locks(project, run):
    write_lock(run_experiment(spec_of(project), jobs=1).lock(), lock_path(spec_of(project)))
    lock = lock_path(spec_of(project)).read_text()
    specs = []
    for name in ("one", "two", "three"):
        specs.append(f"experiments/{name}.toml")
        (project.root / f"experiments/{name}.lock.json").write_text(lock.replace('"newsroom": {', f'"{name}": {{', 1))
    done = run("rank", *specs, "--plot", "ranks.svg")
    assert done.returncode == 0, done.stderr
    assert "3 datasets (one, two, three); Friedman p = 0.0" in done.stdout
    ranks = locked_figures([project.root / spec for spec in specs]).rank(axis=1, ascending=False).mean()
    for name, rank in ranks.items():
        assert re.search(rf"^ *{name} +{rank:.2f} ", done.stdout, flags=re.MULTILINE)
    assert (project.root / "ranks.svg").read_bytes().startswith(b"<?xml")
    few = run("rank", specs[0])
    assert few.returncode == 2
    assert "Friedman's test needs at least three classifiers and three datasets" in few.stderr
    (project.root / "experiments/two.lock.json").write_text(lock.replace('"macro_f1"', '"micro_f1"'))
    mixed = run("rank", *specs)
    assert "use different metrics (macro_f1, micro_f1). Ranks need the same metric" in mixed.stderr


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
def test_missing_or_spoilt_labels_stop_the_experiment(project, spoil, error, fault):
    spoil(project.root)
    with pytest.raises(error, match=fault):
        run_experiment(spec_of(project), jobs=1)


def test_an_unknown_corpus_is_answered_with_the_nearest(project):
    path = spec_of(project)
    path.write_text(path.read_text().replace("data/corpora/newsroom.parquet", "newsarticle"))
    project.sources.write_bytes(find_project(__file__).sources.read_bytes())
    with pytest.raises(SpecError, match=r"no corpus called 'newsarticle'.*did you mean 'newsarticles'"):
        run_experiment(path, jobs=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compare", "experiments/lost.toml"), "no file experiments/lost.toml"),
        (("verify", "experiments/small.toml"), "no results lock at experiments/small.lock.json"),
        (("data", "fetch", "lost"), "no corpus called 'lost'"),
    ],
)
def test_the_command_line_answers_wrong_input_without_a_traceback(project, arguments, said, run):
    done = run(*arguments)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("topicdesk: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_an_unwritable_place_for_the_lock_is_a_clear_error(project):
    result = run_experiment(spec_of(project), jobs=1)
    with pytest.raises(ProjectError, match="cannot write"):
        write_lock(result.lock(), spec_of(project) / "small.lock.json")


def test_a_project_needs_neither_sources_nor_reserved_ids_nor_keywords(project, run):
    project.sources.unlink()
    project.reserved.unlink()
    taxonomy = project.root / "data" / "topics.toml"
    text = taxonomy.read_text()
    taxonomy.write_text("\n".join(line for line in text.splitlines() if not line.startswith("keywords")))
    report = project.root / "report.html"
    done = run("compare", "experiments/small.toml", "--no-log", "--report", "report.html")
    assert done.returncode == 0, done.stderr
    said = "The keyword baseline is left out (no topic has keywords in the taxonomy)."
    assert said in " ".join(done.stdout.split())
    assert said in report.read_text()
    # Only the checklist names it, among what is missing.
    assert "keyword-rules" not in report.read_text().replace("missing: keyword-rules", "")
    assert "keyword-rules" not in lock_path(spec_of(project)).read_text()


def test_keywords_of_some_topics_only_name_those_without(project):
    taxonomy = project.root / "data" / "topics.toml"
    taxonomy.write_text(taxonomy.read_text().replace('keywords = ["judge", "jury", "verdict", "supreme court"]', ""))
    (load,) = load_experiments(spec_of(project))
    assert load.keywords is None
    assert "The keyword baseline is left out (courts: no keywords in the taxonomy)." in load.dataset.warnings
    assert "keyword-rules" not in [classifier.name for classifier in load.plan.classifiers]
