"""The same figures wherever the work ran: here, or on a real Dask scheduler with workers that die."""

import os
import signal
import sys
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from topicdesk.errors import EngineError, SpecError
from topicdesk.evaluation import ComparisonPlan, DaskEngine, LocalEngine, SplitPlan, classifier_named, compare
from topicdesk.evaluation.code_version import code_version
from topicdesk.evaluation.engine import run_all
from topicdesk.features import Analyser, FeatureSetting

PLAN = ComparisonPlan(
    classifiers=tuple(map(classifier_named, ("multinomial-nb", "linear-svm", "ridge"))),
    settings=(FeatureSetting(), FeatureSetting(Analyser(ngram_range=(1, 2)))),
    splits=SplitPlan(folds=3, repeats=2),
    inner_folds=2,
    resamples=100,
    seed=3,
)


def slow_double(shared, number):
    time.sleep(0.2)
    return shared * number


def die_the_first_time():
    """Answer the version check as a worker does that is killed in it; the next worker answers well."""
    marker = Path(os.environ["TOPICDESK_TEST_MARKER"])
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return code_version()


def fail_to_import():
    raise ModuleNotFoundError("No module named 'topicdesk'")


def refuse(shared, number):
    raise SpecError(f"number {number} is refused")


def test_a_dask_cluster_that_loses_a_worker_gives_the_same_figures(cluster, dataset):
    here = compare(dataset, PLAN, jobs=1)
    cluster.add_worker()
    cluster.add_worker()
    engine, done = DaskEngine(cluster.address, patience=600), []

    class Killing:
        """Kills a worker when a third of the cells are done."""

        def run(self, work, shared, tasks):
            for number, result in engine.run(work, shared, tasks):
                done.append(number)
                if len(done) == 8:
                    os.killpg(cluster.workers[0].pid, signal.SIGKILL)
                yield number, result

    there = compare(dataset, PLAN, engine=Killing())
    assert cluster.workers[0].wait(timeout=600) == -signal.SIGKILL
    assert cluster.workers[1].poll() is None
    pd.testing.assert_frame_equal(there.figures, here.figures)
    pd.testing.assert_frame_equal(there.topic_figures, here.topic_figures)
    assert there.warnings == here.warnings


def test_work_goes_on_when_every_worker_died_and_another_came(cluster):
    cluster.add_worker()
    done = []

    def replace_worker(number, result):
        done.append(number)
        if len(done) == 5:
            os.killpg(cluster.workers[0].pid, signal.SIGKILL)
            cluster.add_worker()

    engine = DaskEngine(cluster.address, patience=600)
    found = run_all(engine, slow_double, 2, [(number,) for number in range(40)], "doubling", note=replace_worker)
    assert found == [2 * number for number in range(40)]
    assert cluster.workers[0].wait(timeout=600) == -signal.SIGKILL


def test_work_goes_on_when_the_only_worker_is_killed_in_the_version_check(cluster, tmp_path, monkeypatch, wait_until):
    marker = tmp_path / "asked"
    monkeypatch.setenv("TOPICDESK_TEST_MARKER", str(marker))
    monkeypatch.setattr("topicdesk.evaluation.engine._own_version", die_the_first_time)
    cluster.add_worker()

    def replace_worker():
        wait_until(marker.exists)
        cluster.workers[0].wait(timeout=600)
        cluster.add_worker()

    thread = threading.Thread(target=replace_worker)
    thread.start()
    try:
        engine = DaskEngine(cluster.address, patience=600)
        assert run_all(engine, slow_double, 2, [(1,), (2,)], "doubling") == [2, 4]
    finally:
        thread.join()
    assert cluster.workers[0].returncode == -signal.SIGKILL


def test_workers_that_cannot_import_topicdesk_are_an_error_at_once(cluster, monkeypatch):
    monkeypatch.setattr("topicdesk.evaluation.engine._own_version", fail_to_import)
    cluster.add_worker()
    with pytest.raises(EngineError, match="cannot run topicdesk: No module named 'topicdesk'"):
        run_all(DaskEngine(cluster.address, patience=600), slow_double, 2, [(1,)], "doubling")


@pytest.mark.slow
def test_tasks_that_are_cancelled_cause_no_warning_and_leave_no_filter(recwarn):
    before = list(warnings.filters)
    with pytest.raises(SpecError, match="is refused"):
        run_all(LocalEngine(2), refuse, None, [(number,) for number in range(20)], "refusing")
    results = LocalEngine(2).run(slow_double, 2, [(number,) for number in range(20)])
    next(results)
    results.close()
    assert list(warnings.filters) == before
    assert not [str(one.message) for one in recwarn if "tasks" in str(one.message)]


def test_an_error_of_the_work_reaches_the_user_as_it_is(cluster):
    cluster.add_worker()
    with pytest.raises(SpecError, match="number 0 is refused"):
        run_all(DaskEngine(cluster.address, patience=600), refuse, None, [(0,)], "refusing")
    with pytest.raises(SpecError, match="number 0 is refused"):
        run_all(LocalEngine(2), refuse, None, [(0,)], "refusing")


def test_no_scheduler_no_worker_and_other_code_are_told(cluster, monkeypatch):
    with pytest.raises(EngineError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 .* 'dask scheduler'"):
        run_all(DaskEngine("tcp://127.0.0.1:1", patience=1), slow_double, 2, [(1,)], "doubling")
    with pytest.raises(EngineError, match="no Dask scheduler answers at nonsense"):
        run_all(DaskEngine("nonsense://", patience=1), slow_double, 2, [(1,)], "doubling")
    with pytest.raises(EngineError, match=r"has no worker\. Start some with 'dask worker"):
        run_all(DaskEngine(cluster.address, patience=1), slow_double, 2, [(1,)], "doubling")
    cluster.add_worker()
    monkeypatch.setattr("topicdesk.evaluation.engine.code_version", lambda: "another commit")
    with pytest.raises(EngineError, match="have another version of topicdesk"):
        run_all(replace(DaskEngine(cluster.address), patience=600), slow_double, 2, [(1,)], "doubling")


def test_without_distributed_the_user_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineError, match=r"pip install 'topicdesk\[scale\]'"):
        run_all(DaskEngine("tcp://127.0.0.1:1"), slow_double, 2, [(1,)], "doubling")
