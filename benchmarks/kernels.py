"""Compare compiled kernels with the scikit-learn estimators that they repeat: time of a grid, and scores.

Run with ``python benchmarks/kernels.py``. The data are those of the topics experiment: the first inner fold of the
first outer split, and every feature setting. A grid is all points of a classifier for all topics, 20 fits. Both sides
take turns in one process, and the times are CPU seconds. The kernels run with a Gram matrix, without, and as topicdesk
chooses. The first run of each kernel is measured in a new process with an empty cache, then with a full one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import warnings
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from topicdesk.evaluation import CLASSIFIERS, _linear_grids, make_inner_splits
from topicdesk.evaluation.classifiers import fit_and_score
from topicdesk.experiment import load_experiments
from topicdesk.features import count_terms_once, weigh_fold
from topicdesk.project import find_project

_NAMES = {"linear-svm": "fit_squared_hinge", "logistic-regression": "fit_logistic", "sgd": "fit_modified_huber"}
_SIDES = ("scikit-learn", "sparse", "Gram", "chosen")
_ROUNDS = 3
_LARGEST_DIFFERENCE = 1e-9


def main() -> int:
    """Print seconds and differences; return 1 if scores differ."""
    if len(sys.argv) == 2:
        _first_run(sys.argv[1])
        return 0
    (load,) = load_experiments(find_project(__file__).root / "experiments" / "topics.toml")
    data, plan = load.dataset, load.plan
    counts = count_terms_once(data.texts, [setting.analyser for setting in plan.settings])
    fold = make_inner_splits(data, load.splits[0], plan.inner_folds, plan.random_state)[0]
    largest = 0.0
    total = {(name, side): 0.0 for name in _NAMES for side in _SIDES}
    print(f"CPU milliseconds of a grid on {len(fold.train)} rows, fastest of {_ROUNDS}")
    print("terms a row  classifier            scikit-learn  sparse    Gram  chosen  difference")
    with threadpool_limits(limits=1), config_context(assume_finite=True, skip_parameter_validation=True):
        for setting in plan.settings:
            weights = weigh_fold(counts[setting.analyser], setting, fold.train, fold.test)
            about = weights.train, data.Y[fold.train], weights.test, False, plan.random_state
            for name in _NAMES:
                seconds, difference = _compare(name, about)
                largest = max(largest, difference)
                for side, fastest in seconds.items():
                    total[name, side] += fastest
                shown = "  ".join(f"{1000 * seconds[side]:{6 * (side != 'scikit-learn') or 12}.1f}" for side in seconds)
                print(f"{weights.train.nnz / len(fold.train):11.0f}  {name:20} {shown}  {difference:.0e}", flush=True)
    for name in _NAMES:
        ratio = total[name, "scikit-learn"] / total[name, "chosen"]
        print(f"{name}: {ratio:.1f} times as fast as scikit-learn, over all settings")
    print("seconds until a kernel is ready, in a new process: compiled, then read from the cache")
    with tempfile.TemporaryDirectory() as folder:
        for name, kernel in _NAMES.items():
            first, second = (_ready_after(kernel, folder) for _ in range(2))
            print(f"  {name:20} {first:5.1f}  {second:5.1f}", flush=True)
    print(f"largest difference of a score: {largest:.0e} (goal at most {_LARGEST_DIFFERENCE:.0e})")
    return int(largest > _LARGEST_DIFFERENCE)


def _compare(name: str, about: tuple[Any, ...]) -> tuple[dict[str, float], float]:
    """Return the CPU seconds of each side, and the largest difference of a score."""
    classifier = CLASSIFIERS[name]
    points = list(classifier.parameters())
    seconds = dict.fromkeys(_SIDES, np.inf)
    scores: dict[str, list[NDArray[np.float64]]] = {}
    for _ in range(_ROUNDS):
        for side in seconds:
            rule = {"sparse": lambda train: False, "Gram": lambda train: True}.get(side, _linear_grids._gram_pays)
            with mock.patch.object(_linear_grids, "_gram_pays", rule), warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                if side != "scikit-learn":
                    _linear_grids._loaded(_NAMES[name])
                start = time.process_time()
                if side == "scikit-learn":
                    scored = [fit_and_score(classifier, point, *about) for point in points]
                else:
                    assert classifier.kernel is not None
                    scored = classifier.kernel(points, *about) or []
                seconds[side] = min(seconds[side], time.process_time() - start)
            scores[side] = [of_point for of_point, _, _ in scored]
    sides = [scores[side] for side in _SIDES[1:]]
    difference = max(float(np.abs(np.subtract(side, scores["scikit-learn"])).max()) for side in sides)
    return {side: float(fastest) for side, fastest in seconds.items()}, difference


def _ready_after(kernel: str, folder: str) -> float:
    environment = os.environ | {"NUMBA_CACHE_DIR": folder}
    done = subprocess.run(
        [sys.executable, __file__, kernel], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _first_run(kernel: str) -> None:
    start = time.process_time()
    _linear_grids._loaded(kernel)
    print(time.process_time() - start)


if __name__ == "__main__":
    sys.exit(main())
