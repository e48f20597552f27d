"""Finished cells are kept: killed at any moment, a comparison goes on where it was; nothing stale is ever read."""

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

from topicdesk.errors import ProjectError
from topicdesk.evaluation import (
    ComparisonPlan,
    DecisionRule,
    LocalEngine,
    SplitPlan,
    ThresholdRule,
    classifier_named,
    compare,
)
from topicdesk.evaluation._execution import checkpoints
from topicdesk.evaluation._execution.checkpoints import Checkpoints, Fits
from topicdesk.features import Analyser, FeatureSetting

KEYWORDS = {"courts": ["judge"], "rail": ["train"]}
PLAN = ComparisonPlan(
    classifiers=tuple(map(classifier_named, ("keyword-rules", "multinomial-nb", "linear-svm"))),
    settings=(FeatureSetting(), FeatureSetting(Analyser(ngram_range=(1, 2)))),
    splits=SplitPlan(folds=3),
    inner_folds=2,
    resamples=100,
    seed=3,
)

# Runs in a process of its own, to be killed.
NUMBERS = {"fit_seconds", "predict_seconds"}  # a clock's, which no two runs share


class Counting:
    """An engine that counts what it is given, and may stop before the end, as a killed process would."""

    def __init__(self, stop_after=None):
        self.done, self.stop_after = 0, stop_after

    def run(self, work, shared, tasks):
        for number, result in LocalEngine(1).run(work, shared, tasks):
            if self.done == self.stop_after:
                raise KeyboardInterrupt
            self.done += 1
            yield number, result


@pytest.mark.slow
def test_a_comparison_that_was_stopped_does_only_what_is_missing(dataset, tmp_path):
    whole = compare(dataset, PLAN, KEYWORDS, jobs=1)
    with pytest.raises(KeyboardInterrupt):
        compare(dataset, PLAN, KEYWORDS, engine=Counting(stop_after=7), keep=tmp_path)
    rest = Counting()
    found = compare(dataset, PLAN, KEYWORDS, engine=rest, keep=tmp_path)
    assert found.checkpoints.reused == 7
    cells = 3 * 2 * 3 + 3 * 3  # outer and inner folds of three views, then outer folds of three classifiers
    assert rest.done == cells - 7 + 3  # intervals of three classifiers are no cells
    pd.testing.assert_frame_equal(found.figures, whole.figures)
    for one, other in zip(found.results, whole.results, strict=True):
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
        lambda dataset, plan: (dataset, replace(plan, seed=4)),
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
def test_a_cell_of_anything_else_is_never_read(dataset, tmp_path, change):
    compare(dataset, PLAN, KEYWORDS, jobs=1, keep=tmp_path)
    found = compare(*change(dataset, PLAN), KEYWORDS, jobs=1, keep=tmp_path)
    assert found.checkpoints.reused == 0


@pytest.mark.slow
def test_a_cell_of_other_code_or_other_keywords_is_never_read(dataset, tmp_path, monkeypatch):
    compare(dataset, PLAN, KEYWORDS, jobs=1, keep=tmp_path)
    assert compare(dataset, PLAN, KEYWORDS, jobs=1, keep=tmp_path).checkpoints.reused == 27
    other = compare(dataset, PLAN, KEYWORDS | {"rail": ["railway"]}, jobs=1, keep=tmp_path)
    assert other.checkpoints.reused == 0
    monkeypatch.setattr(checkpoints, "code_version", lambda: "another commit")
    assert compare(dataset, PLAN, KEYWORDS, jobs=1, keep=tmp_path).checkpoints.reused == 0


def test_cells_are_cleared_and_so_are_those_given_up_a_week_ago(tmp_path):
    fits = Fits(np.zeros((1, 2, 3)), np.zeros((1, 2)), {"sgd": 2})
    mine, fresh, old = (Checkpoints(tmp_path, key) for key in ("mine", "fresh", "old"))
    for kept in (mine, fresh, old):
        kept.save("outer-0-0", fits)
    assert mine.load("outer-0-0").unconverged == {"sgd": 2}
    assert mine.load("outer-0-1") is None
    week = time.time() - 8 * 24 * 3600
    os.utime(tmp_path / "old", (week, week))
    mine.clear()
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["fresh"]
    mine.clear()  # twice is once


def test_a_folder_that_cannot_be_written_is_told(dataset, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ProjectError, match="cannot write"):
        compare(dataset, PLAN, KEYWORDS, jobs=1, keep=tmp_path / "file")


def test_a_damaged_cell_is_told_with_its_place(tmp_path):
    kept = Checkpoints(tmp_path, "mine")
    kept.save("outer-0-0", Fits(np.zeros((1, 2, 3)), np.zeros((1, 2)), {}))
    (tmp_path / "mine" / "outer-0-0.npz").write_bytes(b"half of a fil")
    with pytest.raises(ProjectError, match=r"outer-0-0\.npz: cannot be read .* Remove its folder"):
        kept.load("outer-0-0")


def kept_cells(folder, *names):
    kept = Checkpoints(folder, "mine")
    for name in names:
        kept.save(name, Fits(np.zeros((1, 2, 3)), np.zeros((1, 2)), {}))
    return kept


def test_clear_killed_while_it_deletes_leaves_no_cell_to_be_found(tmp_path, monkeypatch):
    kept = kept_cells(tmp_path, "a", "b")

    def killed(folder, **options):
        (folder / "a.npz").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        kept.clear()
    monkeypatch.undo()
    assert kept.load("a") is kept.load("b") is None
    assert len(list(tmp_path.iterdir())) == 1, "the folder is renamed and not deleted yet"
    Checkpoints(tmp_path, "another").clear()
    assert list(tmp_path.iterdir()) == []


def test_save_writes_again_when_another_process_clears_the_folder_meanwhile(tmp_path, monkeypatch):
    savez, cleared = np.savez, []

    def cleared_once(file, **arrays):
        savez(file, **arrays)
        if not cleared:
            cleared.append(file)
            shutil.rmtree(tmp_path / "mine")

    monkeypatch.setattr(np, "savez", cleared_once)
    kept = kept_cells(tmp_path, "a")
    assert cleared
    assert kept.load("a") is not None


def forked(work):
    """Run in a process of its own, which is ready at once; give its id."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return child


def killed_at(child, cells, folder):
    """Kill a process when so many cells are there, unless it ends before; return its status."""
    while len(list(folder.glob("*/*.npz"))) < cells:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


@pytest.mark.slow
def test_killed_many_times_at_random_moments_the_figures_are_the_undisturbed_ones(dataset, tmp_path, rounds):
    # Long enough to be killed in: every setting, and folds again. tests/trust kills the command with its workers.
    plan = replace(PLAN, splits=SplitPlan(folds=4, repeats=3), inner_folds=3)
    undisturbed = compare(dataset, plan, KEYWORDS, jobs=1, keep=tmp_path / "undisturbed")
    n_cells = len(list(tmp_path.glob("undisturbed/*/*.npz")))
    found = tmp_path / "found.pickle"

    def work():
        made = compare(dataset, plan, KEYWORDS, jobs=1, keep=tmp_path / "cells")
        found.write_bytes(pickle.dumps((made.figures, made.choices(), made.checkpoints.reused)))

    wanted, moments, kills, ends, reused = rounds(5, 20), random.Random(7), 0, 0, 0
    while kills < wanted or not found.exists():
        child = forked(work)
        if kills < wanted:
            there = len(list(tmp_path.glob("cells/*/*.npz")))
            status = killed_at(child, there + moments.randint(0, n_cells // 3), tmp_path / "cells")
        else:
            status = os.waitpid(child, 0)[1]
        assert status in (0, signal.SIGKILL)
        kills += status == signal.SIGKILL
        if found.exists() and status == 0:
            figures, choices, times = pickle.loads(found.read_bytes())
            pd.testing.assert_frame_equal(figures, undisturbed.figures)
            pd.testing.assert_frame_equal(choices.drop(columns=NUMBERS), undisturbed.choices().drop(columns=NUMBERS))
            ends, reused = ends + 1, reused + times
        if found.exists() and kills < wanted:  # once more from the start
            found.unlink()
            for cell in tmp_path.glob("cells/*/*.npz"):
                cell.unlink()
    assert ends > 0
    assert reused > 0
