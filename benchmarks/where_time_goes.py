"""Measure the parts of `compare`: counting, the grid of each classifier on one inner fold, and both search methods.

Run with ``python benchmarks/where_time_goes.py``. The data are the first 772 labels. Counting and grids run
in one process, with all analysers and feature settings, on the first inner fold of the first outer split. The searches
run in two processes, with two repeats.
"""

from __future__ import annotations

import time
from dataclasses import replace

from sklearn import config_context
from threadpoolctl import threadpool_limits

from topicdesk.evaluation import BASELINES, ComparisonPlan, SplitPlan, compare, make_inner_splits
from topicdesk.evaluation.classifiers import fit_grid_and_score
from topicdesk.experiment import LoadedExperiment, load_experiments
from topicdesk.features import count_terms_once, weigh_fold
from topicdesk.project import find_project

_N_JOBS = 2
_FOLDS, _REPEATS = 5, 2


def main() -> None:
    """Print the seconds."""
    (load,) = load_experiments(find_project(__file__).root / "experiments" / "first772.toml")
    searched = tuple(one for one in load.plan.classifiers if one.name not in BASELINES)
    plan = replace(load.plan, classifiers=searched, splits=SplitPlan(folds=_FOLDS, repeats=_REPEATS))
    _counting(load)
    _fitting(load, plan)
    for search in ("grid", "halving"):
        start = time.perf_counter()
        found = compare(load.dataset, replace(plan, search=search), n_jobs=_N_JOBS)
        best = found.leaderboard().iloc[:, 0]
        seconds = time.perf_counter() - start
        print(f"{search}: {seconds:.0f} s, {_N_JOBS} processes; linear-svm {best['linear-svm']}", flush=True)


def _counting(load: LoadedExperiment) -> None:
    analysers = list(dict.fromkeys(setting.analyser for setting in load.plan.settings))
    start = time.perf_counter()
    count_terms_once(load.dataset.texts, analysers)
    ours = time.perf_counter() - start
    start = time.perf_counter()
    for analyser in analysers:
        analyser.vectorizer().fit_transform(analyser.read(load.dataset.texts))
    theirs = time.perf_counter() - start
    print(f"counting for {len(analysers)} analysers: {ours:.2f} s, scikit-learn's CountVectorizer {theirs:.2f} s")


def _fitting(load: LoadedExperiment, plan: ComparisonPlan) -> None:
    data = load.dataset
    counts = count_terms_once(data.texts, [setting.analyser for setting in plan.settings])
    fold = make_inner_splits(data, load.splits[0], plan.inner_folds, plan.random_state)[0]
    seconds = dict.fromkeys(("weighing", *(one.name for one in plan.classifiers)), 0.0)
    with threadpool_limits(limits=1), config_context(assume_finite=True, skip_parameter_validation=True):
        for setting in plan.settings:
            start = time.perf_counter()
            weights = weigh_fold(counts[setting.analyser], setting, fold.train, fold.test)
            seconds["weighing"] += time.perf_counter() - start
            for one in plan.classifiers:
                start = time.perf_counter()
                points = list(one.parameters())
                fit_grid_and_score(
                    one, points, weights.train, data.Y[fold.train], weights.test, False, plan.random_state
                )
                seconds[one.name] += time.perf_counter() - start
    print("a whole grid on one inner fold, mean over feature settings:")
    for name, total in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"  {1000 * total / len(plan.settings):6.1f} ms  {name}")


if __name__ == "__main__":
    main()
