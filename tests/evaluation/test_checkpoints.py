"""Checkpoints: a killed comparison continues where it stopped, and no outdated checkpoint is read."""

import os
import pickle
import random
import shutil
import signal
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from topicdesk.errors import ArgumentError, ProjectError
from topicdesk.evaluation import (
    ComparisonPlan,
    DecisionRule,
    LocalEngine,
    SplitPlan,
    ThresholdRule,
    classifier_named,
    compare,
)
from topicdesk.evaluation._execution.checkpoints import Checkpoints, Fits
from topicdesk.evaluation.code_version import code_version
from topicdesk.features import Analyser, FeatureSetting

KEYWORDS = {"courts": ["judge"], "rail": ["train"]}
PLAN = ComparisonPlan(
    classifiers=tuple(map(classifier_named, ("keyword-rules", "multinomial-nb", "linear-svm"))),
    settings=(FeatureSetting(), FeatureSetting(Analyser(ngram_range=(1, 2)))),
    splits=SplitPlan(folds=3),
    inner_folds=2,
    resamples=100,
    random_state=3,
)

# Columns of measured times, which differ between runs.
TIMES = {"fit_seconds", "predict_seconds"}


class Counting:
    """Engine that counts finished tasks, and can stop before the end, as a killed process does."""

    def __init__(self, stop_after=None):
        self.done, self.stop_after = 0, stop_after

    def run(self, work, shared, tasks):
        for number, result in LocalEngine(1).run(work, shared, tasks):
            if self.done == self.stop_after:
                raise KeyboardInterrupt
            self.done += 1
            yield number, result


@pytest.mark.slow
def test_compare_resumes_an_interrupted_comparison(dataset, tmp_path):
    expected = compare(dataset, PLAN, KEYWORDS, n_jobs=1)
    with pytest.raises(KeyboardInterrupt):
        compare(dataset, PLAN, KEYWORDS, engine=Counting(stop_after=7), keep=tmp_path)
    rest = Counting()
    resumed = compare(dataset, PLAN, KEYWORDS, engine=rest, keep=tmp_path)
    assert resumed.checkpoints.reused == 7
    cells = 3 * 2 * 3 + 3 * 3  # outer and inner folds of three views, then outer folds of three classifiers
    # The resamples of three classifiers, and the articles that they left out, have no checkpoints.
    assert rest.done == cells - 7 + 2 * 3
    pd.testing.assert_frame_equal(resumed.scores, expected.scores)
    for one, other in zip(resumed.results, expected.results, strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)
        assert one.parameters == other.parameters


def changed_label(dataset):
    Y = dataset.Y.copy()
    Y[0, 0] = 1 - Y[0, 0]
    return replace(dataset, Y=Y)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda dataset, plan: (replace(dataset, texts=("another text", *dataset.texts[1:])), plan),
        lambda dataset, plan: (changed_label(dataset), plan),
        lambda dataset, plan: (replace(dataset, groups=np.zeros_like(dataset.groups) + np.arange(len(dataset))), plan),
        lambda dataset, plan: (dataset, replace(plan, random_state=4)),
        lambda dataset, plan: (dataset, replace(plan, inner_folds=3)),
        lambda dataset, plan: (dataset, replace(plan, metric="micro_f1")),
        lambda dataset, plan: (dataset, replace(plan, decision_rule=DecisionRule(ThresholdRule(precision=0.9)))),
        lambda dataset, plan: (dataset, replace(plan, settings=plan.settings[:1])),
        lambda dataset, plan: (
            dataset,
            replace(
                plan, classifiers=(*plan.classifiers[:2], classifier_named("linear-svm").with_grid({"C": (1.0, 2.0)}))
            ),
        ),
    ],
    ids=["text", "label", "groups", "seed", "inner folds", "metric", "threshold", "settings", "grid"],
)
def test_compare_reuses_no_checkpoint_after_a_change_of_data_or_plan(dataset, tmp_path, change):
    compare(dataset, PLAN, KEYWORDS, n_jobs=1, keep=tmp_path)
    changed = compare(*change(dataset, PLAN), KEYWORDS, n_jobs=1, keep=tmp_path)
    assert changed.checkpoints.reused == 0


@pytest.mark.slow
def test_compare_reuses_no_checkpoint_of_another_python_or_keywords(dataset, tmp_path, monkeypatch):
    compare(dataset, PLAN, KEYWORDS, n_jobs=1, keep=tmp_path)
    assert compare(dataset, PLAN, KEYWORDS, n_jobs=1, keep=tmp_path).checkpoints.reused == 27
    other = compare(dataset, PLAN, KEYWORDS | {"rail": ["railway"]}, n_jobs=1, keep=tmp_path)
    assert other.checkpoints.reused == 0
    monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
    code_version.cache_clear()
    try:
        assert compare(dataset, PLAN, KEYWORDS, n_jobs=1, keep=tmp_path).checkpoints.reused == 0
    finally:
        code_version.cache_clear()


def test_checkpoints_clear_removes_its_own_and_week_old_folders(tmp_path):
    fits = Fits(np.zeros((1, 2, 3)), np.zeros((1, 2)), {"sgd": 2})
    mine, fresh, old = (Checkpoints(tmp_path, key) for key in ("mine", "fresh", "old"))
    for store in (mine, fresh, old):
        store.save("outer-0-0", fits)
    assert mine.load("outer-0-0").unconverged == {"sgd": 2}
    assert mine.load("outer-0-1") is None
    eight_days_ago = time.time() - 8 * 24 * 3600
    os.utime(tmp_path / "old", (eight_days_ago, eight_days_ago))
    mine.clear()
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["fresh"]
    mine.clear()  # a second call has no effect


def test_compare_reports_an_unwritable_checkpoint_folder(dataset, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ArgumentError, match=r"checkpoints: .* is a file"):
        compare(dataset, PLAN, KEYWORDS, n_jobs=1, keep=tmp_path / "file")
    with pytest.raises(ProjectError, match="cannot write"):
        compare(dataset, PLAN, KEYWORDS, n_jobs=1, keep=tmp_path / "file" / "folder")


@pytest.mark.slow
def test_compare_names_a_damaged_checkpoint(dataset, tmp_path):
    compare(dataset, PLAN, KEYWORDS, n_jobs=1, keep=tmp_path)
    (checkpoint,) = tmp_path.glob("*/outer-0-0.npz")
    checkpoint.write_bytes(b"half of a fil")
    with pytest.raises(ProjectError, match=r"outer-0-0\.npz: cannot be read .* Remove its folder"):
        compare(dataset, PLAN, KEYWORDS, n_jobs=1, keep=tmp_path)


# `Checkpoints` is private. `compare` cannot be stopped at the exact moment in which a file is saved or removed.
def saved_checkpoints(folder, *names):
    store = Checkpoints(folder, "mine")
    for name in names:
        store.save(name, Fits(np.zeros((1, 2, 3)), np.zeros((1, 2)), {}))
    return store


def test_checkpoints_clear_leaves_no_readable_checkpoint_if_killed(tmp_path, monkeypatch):
    store = saved_checkpoints(tmp_path, "a", "b")

    def interrupted_rmtree(folder, **options):
        (folder / "a.npz").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", interrupted_rmtree)
    with pytest.raises(KeyboardInterrupt):
        store.clear()
    monkeypatch.undo()
    assert store.load("a") is store.load("b") is None
    assert len(list(tmp_path.iterdir())) == 1, "the folder must be renamed and not deleted yet"
    Checkpoints(tmp_path, "another").clear()
    assert list(tmp_path.iterdir()) == []


def test_checkpoints_save_retries_if_another_process_clears_the_folder(tmp_path, monkeypatch):
    savez, cleared = np.savez, []

    def savez_and_clear_once(file, **arrays):
        savez(file, **arrays)
        if not cleared:
            cleared.append(file)
            shutil.rmtree(tmp_path / "mine")

    monkeypatch.setattr(np, "savez", savez_and_clear_once)
    store = saved_checkpoints(tmp_path, "a")
    assert cleared
    assert store.load("a") is not None


def fork(work):
    """Run a function in a forked process, which needs no start-up time, and return its id."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return child


def kill_at(child, n_checkpoints, folder):
    """Kill a process once so many checkpoints exist, unless it ends before, and return its status."""
    while len(list(folder.glob("*/*.npz"))) < n_checkpoints:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


@pytest.mark.slow
def test_compare_killed_at_random_moments_gives_the_uninterrupted_scores(dataset, tmp_path, rounds):
    # All settings and repeated folds: long enough to be killed. tests/trust kills the command with its workers.
    plan = replace(PLAN, splits=SplitPlan(folds=4, repeats=3), inner_folds=3)
    expected = compare(dataset, plan, KEYWORDS, n_jobs=1, keep=tmp_path / "undisturbed")
    n_cells = len(list(tmp_path.glob("undisturbed/*/*.npz")))
    output = tmp_path / "result.pickle"

    def work():
        comparison = compare(dataset, plan, KEYWORDS, n_jobs=1, keep=tmp_path / "cells")
        output.write_bytes(pickle.dumps((comparison.scores, comparison.choices(), comparison.checkpoints.reused)))

    wanted, moments, kills, ends, reused = rounds(5, 20), random.Random(7), 0, 0, 0
    while kills < wanted or not output.exists():
        child = fork(work)
        if kills < wanted:
            n_done = len(list(tmp_path.glob("cells/*/*.npz")))
            status = kill_at(child, n_done + moments.randint(0, n_cells // 3), tmp_path / "cells")
        else:
            status = os.waitpid(child, 0)[1]
        assert status in (0, signal.SIGKILL)
        kills += status == signal.SIGKILL
        if output.exists() and status == 0:
            scores, choices, reused_now = pickle.loads(output.read_bytes())
            pd.testing.assert_frame_equal(scores, expected.scores)
            pd.testing.assert_frame_equal(choices.drop(columns=TIMES), expected.choices().drop(columns=TIMES))
            ends, reused = ends + 1, reused + reused_now
        if output.exists() and kills < wanted:  # start again
            output.unlink()
            for cell in tmp_path.glob("cells/*/*.npz"):
                cell.unlink()
    assert ends > 0
    assert reused > 0
