"""Compare topicdesk's model selection with scikit-learn's `GridSearchCV`: time, memory and scores.

Run with ``python benchmarks/compare.py [topics] [20newsgroups] [20newsgroups-stop-words]``; without a name, all. Both
sides search the same grids on the same inner folds of three outer splits (20 Newsgroups has one), with two processes.
Both fit the best candidate and score the test articles. Ours is the whole `compare`, with thresholds, probabilities,
bootstrap intervals and significance tests. Theirs is `GridSearchCV` over a pipeline of `TfidfVectorizer` and the same
estimator. Afterwards, the scores of every candidate on every inner fold are compared. The metric is accuracy for
multi-class data, and mean average precision for topics, because `GridSearchCV` chooses no thresholds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, average_precision_score
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from topicdesk.annotation import Dataset
from topicdesk.evaluation import BASELINES, Classifier, Split, compare, make_inner_splits, make_splits
from topicdesk.evaluation._search import inner_scores
from topicdesk.experiment import load_dataset, read_spec
from topicdesk.project import find_project

_N_JOBS = 2
#: By experiment: its spec, its corpus, and how many times as fast ours is to be.
_EXPERIMENTS = {
    "topics": ("first772", "newsarticles", 15),
    "20newsgroups": ("published", "20newsgroups", 5),
    # Also chooses whether to remove stop words, as the topics experiment does.
    "20newsgroups-stop-words": ("published", "20newsgroups", 5),
}
#: Number of outer splits of the topics experiment. With more splits, counting once saves more time.
_OUTER = 3
_LARGEST_DIFFERENCE = 1e-9
#: Largest allowed ratio of the peak memory, ours to theirs.
_MOST_MEMORY = 1.5


def main() -> int:
    """Print the results; return 1 if a goal is missed."""
    if len(sys.argv) == 4 and sys.argv[1] in ("ours", "theirs", "check"):
        _run_side(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
        return 0
    missed = 0
    for name in sys.argv[1:] or list(_EXPERIMENTS):
        goal = _EXPERIMENTS[name][2]
        with tempfile.TemporaryDirectory() as folder:
            ours, ours_memory = _timed("ours", name, Path(folder))
            theirs, theirs_memory = _timed("theirs", name, Path(folder))
            _timed("check", name, Path(folder))
            outcome = json.loads((Path(folder) / "check.json").read_text())
        ratio, memory = theirs / ours, ours_memory / theirs_memory
        print(f"{name}: {outcome['candidates']} candidates on {outcome['folds']} inner folds, {_N_JOBS} processes")
        print(f"  GridSearchCV        {theirs:7.1f} s   peak memory {theirs_memory:5.0f} MB")
        print(f"  topicdesk compare   {ours:7.1f} s   peak memory {ours_memory:5.0f} MB")
        print(f"  {ratio:.1f} times as fast (goal {goal}), {memory:.2f} times the memory (goal at most {_MOST_MEMORY})")
        print(f"  largest difference of a score: {outcome['difference']:.1e} (goal at most {_LARGEST_DIFFERENCE:.0e})")
        met = ratio >= goal and memory <= _MOST_MEMORY and outcome["difference"] <= _LARGEST_DIFFERENCE
        print(f"  goals: {'met' if met else 'missed'}", flush=True)
        missed += not met
    return int(missed > 0)


def _timed(side: str, name: str, folder: Path) -> tuple[float, float]:
    """Run one side in its own process; return its seconds, and the peak memory of all its processes."""
    process = subprocess.Popen([sys.executable, __file__, side, name, str(folder)])
    watched = psutil.Process(process.pid)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _megabytes(watched))
        time.sleep(1)
    if process.returncode:
        raise SystemExit(f"{side} of {name} failed")
    return json.loads((folder / f"{side}.json").read_text())["seconds"], peak


def _megabytes(process: psutil.Process) -> float:
    """Return the memory of a process and its children (PSS: shared pages are divided among processes)."""
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_full_info().pss
        except psutil.Error:  # the process has ended
            continue
    return total / 1e6


def _run_side(side: str, name: str, folder: Path) -> None:
    spec_name, corpus, _ = _EXPERIMENTS[name]
    project = find_project(__file__)
    spec = read_spec(project.root / "experiments" / f"{spec_name}.toml")
    dataset = load_dataset(project, spec, corpus)
    plan = spec.plan()
    searched = tuple(classifier for classifier in plan.classifiers if classifier.name not in BASELINES)
    settings_tried = plan.settings
    if name.endswith("stop-words"):
        settings_tried += tuple(
            replace(one, analyser=replace(one.analyser, stop_words="english")) for one in plan.settings
        )
    plan = replace(plan, classifiers=searched, settings=settings_tried)
    outers = make_splits(dataset, plan.splits, plan.random_state)[0][:_OUTER]
    if side == "ours":
        start = time.perf_counter()
        compare(dataset, plan, splits=outers, n_jobs=_N_JOBS)
        (folder / "ours.json").write_text(json.dumps({"seconds": time.perf_counter() - start}))
        return
    options = TfidfVectorizer().get_params()
    settings = [
        {name: value for name, value in (asdict(one) | asdict(one.analyser)).items() if name in {*options, "lead"}}
        for one in plan.settings
    ]
    folds = [make_inner_splits(dataset, outer, plan.inner_folds, plan.random_state) for outer in outers]
    if side == "theirs":
        start = time.perf_counter()
        scores = [
            {one.name: _grid_search(dataset, outer, inner, settings, one, plan.random_state) for one in searched}
            for outer, inner in zip(outers, folds, strict=True)
        ]
        seconds = time.perf_counter() - start
        (folder / "theirs.json").write_text(json.dumps({"seconds": seconds, "scores": scores}))
        return
    largest, candidates = 0.0, 0
    theirs = json.loads((folder / "theirs.json").read_text())["scores"]
    for outer, inner, of_outer in zip(outers, folds, theirs, strict=True):
        ours = inner_scores(dataset, searched, plan.settings, outer, plan.inner_folds, plan.random_state, _N_JOBS)
        candidates += len(ours)
        for candidate, by_fold in ours.items():
            key = _key(settings[plan.settings.index(candidate.view)], dict(candidate.parameters))
            for number, (fold, scored) in enumerate(zip(inner, by_fold, strict=True)):
                found = _score(dataset.Y[fold.test], scored, dataset.task == "multi-class")
                largest = max(largest, abs(found - of_outer[candidate.classifier.name][key][number]))
    outcome = {"seconds": 0.0, "candidates": candidates, "folds": len(folds[0]), "difference": largest}
    (folder / "check.json").write_text(json.dumps(outcome))


def _grid_search(
    dataset: Dataset,
    outer: Split,
    folds: tuple[Split, ...],
    settings: list[dict[str, Any]],
    classifier: Classifier,
    random_state: int,
) -> dict[str, list[float]]:
    """Search as a user of scikit-learn would; return the score of each candidate on each inner fold."""
    multi_class = dataset.task == "multi-class"
    assert classifier.build is not None
    estimator = classifier.build(not multi_class)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=random_state)
    last = estimator if multi_class else OneVsRestClassifier(estimator)
    pipeline = Pipeline([("read", FunctionTransformer(_read)), ("tfidf", TfidfVectorizer()), ("clf", last)])
    prefix = "clf__" if multi_class else "clf__estimator__"
    grid = [
        {"read__kw_args": [{"lead": setting["lead"]}],
         **{f"tfidf__{option}": [value] for option, value in setting.items() if option != "lead"},
         **{f"{prefix}{parameter}": list(values) for parameter, values in classifier.grid.items()}}
        for setting in settings
    ]  # fmt: skip
    texts = np.array(dataset.texts, dtype=object)[outer.train]
    Y = dataset.Y[outer.train]
    place = {row: number for number, row in enumerate(outer.train)}
    cv = [tuple(np.array([place[row] for row in side]) for side in (fold.train, fold.test)) for fold in folds]

    def score(fitted: Pipeline, some: NDArray[Any], truth: NDArray[Any]) -> float:
        features = fitted[:-1].transform(some)
        if multi_class:
            one_hot = np.eye(dataset.n_topics, dtype=np.int8)[truth]
            return _score(one_hot, classifier.score(fitted["clf"], features), multi_class)
        by_topic = [classifier.score(one, features) for one in fitted["clf"].estimators_]
        return _score(truth, np.column_stack(by_topic), multi_class)

    search = GridSearchCV(pipeline, grid, scoring=score, cv=cv, n_jobs=_N_JOBS)
    search.fit(texts, Y.argmax(axis=1) if multi_class else Y)
    score(
        search.best_estimator_,
        np.array(dataset.texts, dtype=object)[outer.test],
        dataset.Y[outer.test].argmax(axis=1) if multi_class else dataset.Y[outer.test],
    )
    results = search.cv_results_
    by_fold = np.column_stack([results[f"split{number}_test_score"] for number in range(len(folds))])
    return {
        _key(*_parted(parameters, prefix)): row.tolist()
        for parameters, row in zip(results["params"], by_fold, strict=True)
    }


def _parted(parameters: dict[str, Any], prefix: str) -> Iterator[dict[str, Any]]:
    for start in ("tfidf__", prefix):
        own = {name.removeprefix(start): value for name, value in parameters.items() if name.startswith(start)}
        yield own | (parameters["read__kw_args"] if start == "tfidf__" else {})


def _read(texts: NDArray[Any], lead: int | None = None) -> NDArray[Any]:
    return texts if lead is None else np.array([text[:lead] for text in texts], dtype=object)


def _key(setting: dict[str, Any], parameters: dict[str, Any]) -> str:
    return json.dumps([setting, parameters], sort_keys=True, default=list)


def _score(Y: NDArray[np.int8], scores: NDArray[np.float64], multi_class: bool) -> float:
    scores = scores.round(10)
    if multi_class:
        return float(accuracy_score(Y.argmax(axis=1), scores.argmax(axis=1)))
    carried = Y.any(axis=0)
    return float(average_precision_score(Y[:, carried], scores[:, carried], average="macro"))


if __name__ == "__main__":
    sys.exit(main())
