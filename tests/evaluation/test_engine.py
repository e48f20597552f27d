"""Engines give the same results locally and on a real Dask scheduler, even if workers die."""

import os
import signal
import sys
import threading
import time
import warnings
from dataclasses import replace

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
    random_state=3,
)


def slow_double(shared, number):
    time.sleep(0.2)
    return shared * number


def other_topicdesk(folder, code=""):
    """Write another package of that name. Return the variables of a worker that imports it instead of topicdesk."""
    package = folder / "other" / "topicdesk"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(code)
    return {"PYTHONPATH": str(package.parent)}


def refuse(shared, number):
    raise SpecError(f"number {number} is refused")


def test_dask_engine_gives_the_local_scores_after_losing_a_worker(cluster, dataset):
    local = compare(dataset, PLAN, n_jobs=1)
    cluster.add_worker()
    cluster.add_worker()
    engine, done = DaskEngine(cluster.address, patience=600), []

    class KillingEngine:
        """Engine that kills a worker after eight tasks."""

        def run(self, work, shared, tasks):
            for number, result in engine.run(work, shared, tasks):
                done.append(number)
                if len(done) == 8:
                    os.killpg(cluster.workers[0].pid, signal.SIGKILL)
                yield number, result

    distributed = compare(dataset, PLAN, engine=KillingEngine())
    assert cluster.workers[0].wait(timeout=600) == -signal.SIGKILL
    assert cluster.workers[1].poll() is None
    pd.testing.assert_frame_equal(distributed.scores, local.scores)
    pd.testing.assert_frame_equal(distributed.topic_scores, local.topic_scores)
    assert distributed.warnings == local.warnings


def test_dask_engine_continues_after_all_workers_died_and_another_joined(cluster):
    cluster.add_worker()
    done = []

    def replace_worker(number, result):
        done.append(number)
        if len(done) == 5:
            os.killpg(cluster.workers[0].pid, signal.SIGKILL)
            cluster.add_worker()

    engine = DaskEngine(cluster.address, patience=600)
    results = run_all(engine, slow_double, 2, [(number,) for number in range(40)], "doubling", note=replace_worker)
    assert results == [2 * number for number in range(40)]
    assert cluster.workers[0].wait(timeout=600) == -signal.SIGKILL


def test_dask_engine_continues_after_its_only_worker_dies_in_the_version_check(cluster, tmp_path, wait_until):
    # The version check is the first thing for which a worker imports topicdesk.
    marker = tmp_path / "imported"
    code = f"import os, pathlib; pathlib.Path({str(marker)!r}).touch(); os.kill(os.getpid(), {int(signal.SIGKILL)})"
    cluster.add_worker(**other_topicdesk(tmp_path, code))

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


def test_dask_engine_reports_workers_that_cannot_import_topicdesk(cluster, tmp_path):
    cluster.add_worker(**other_topicdesk(tmp_path))
    with pytest.raises(EngineError, match=r"cannot run topicdesk: .*No module named 'topicdesk\.evaluation'"):
        run_all(DaskEngine(cluster.address, patience=600), slow_double, 2, [(1,)], "doubling")


@pytest.mark.slow
def test_local_engine_cancels_tasks_without_warnings_or_leftover_filters(recwarn):
    before = list(warnings.filters)
    with pytest.raises(SpecError, match="is refused"):
        run_all(LocalEngine(2), refuse, None, [(number,) for number in range(20)], "refusing")
    results = LocalEngine(2).run(slow_double, 2, [(number,) for number in range(20)])
    next(results)
    results.close()
    assert list(warnings.filters) == before
    assert not [str(one.message) for one in recwarn if "tasks" in str(one.message)]


def test_engines_raise_the_error_of_a_task_unchanged(cluster):
    cluster.add_worker()
    with pytest.raises(SpecError, match="number 0 is refused"):
        run_all(DaskEngine(cluster.address, patience=600), refuse, None, [(0,)], "refusing")
    with pytest.raises(SpecError, match="number 0 is refused"):
        run_all(LocalEngine(2), refuse, None, [(0,)], "refusing")


def test_dask_engine_reports_no_scheduler_no_worker_and_other_code(cluster, monkeypatch):
    with pytest.raises(EngineError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 .* 'dask scheduler'"):
        run_all(DaskEngine("tcp://127.0.0.1:1", patience=1), slow_double, 2, [(1,)], "doubling")
    with pytest.raises(EngineError, match="no Dask scheduler answers at nonsense"):
        run_all(DaskEngine("nonsense://", patience=1), slow_double, 2, [(1,)], "doubling")
    with pytest.raises(EngineError, match=r"has no worker\. Start some with 'dask worker"):
        run_all(DaskEngine(cluster.address, patience=1), slow_double, 2, [(1,)], "doubling")
    cluster.add_worker()
    monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
    code_version.cache_clear()
    try:
        with pytest.raises(EngineError, match="have another version of topicdesk"):
            run_all(replace(DaskEngine(cluster.address), patience=600), slow_double, 2, [(1,)], "doubling")
    finally:
        code_version.cache_clear()


def test_dask_engine_names_the_extra_to_install_without_distributed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineError, match=r"pip install 'topicdesk\[scale\]'"):
        run_all(DaskEngine("tcp://127.0.0.1:1"), slow_double, 2, [(1,)], "doubling")
