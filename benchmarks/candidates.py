"""Try stronger candidates against the linear SVM of the main experiment, with the same nested folds.

Run with ``python benchmarks/candidates.py [CANDIDATE ...]``; without a name, all. Each candidate chooses its features
and hyper-parameters on inner folds, and its thresholds for the expected F1, as classifiers of a comparison do.
Differences are paired by article, with the 95 % interval of a challenge.

- ``nb-svm``: features scaled by naive Bayes log-count ratios, block by block (Wang and Manning 2012).
- ``stacking``: a logistic regression on out-of-fold scores of a linear SVM, a logistic regression and naive Bayes. Only
  the features are chosen: each fit is twelve fits.
- ``chain``: a classifier chain of linear SVMs, the most frequent topic first (Read et al. 2011). Its features are those
  that the linear SVM chose in the same fold.
- ``per-topic``: for each topic, the classifier, features and hyper-parameters that are best for this topic.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multioutput import ClassifierChain
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from topicdesk.evaluation import (
    Classifier,
    ComparisonPlan,
    ComparisonResult,
    FoldResult,
    Split,
    challenge,
    classifier_named,
    compare,
    described,
    make_inner_splits,
    own_classifier,
)
from topicdesk.evaluation.thresholds import choose_thresholds, decide
from topicdesk.experiment import LoadedExperiment, load_experiments
from topicdesk.prediction._feature_pipeline import feature_pipeline
from topicdesk.project import find_project

_Result = TypeVar("_Result")

_REFERENCE = "linear-svm"
#: Classifiers among which each topic chooses.
_LINEAR = ("logistic-regression", "linear-svm", "sgd", "ridge")


def main() -> int:
    """Print the table."""
    project = find_project(__file__)
    (load,) = load_experiments(project.root / "experiments" / "topics.toml")
    reference, seconds = _timed(lambda: _compared(load, (_classifier(load, _REFERENCE),)))
    base = reference.predictions(_REFERENCE)
    print(f"{len(load.dataset)} articles, {len(reference.results)} outer splits, {load.plan.metric}\n")
    print("| candidate | macro-F1 | minus linear SVM [95 %] | micro-F1 | minus linear SVM [95 %] | seconds |")
    print("|---|---|---|---|---|---|")
    print(f"| linear-svm | {_score(base, 'macro_f1'):.3f} | | {_score(base, 'micro_f1'):.3f} | | {seconds:.0f} |")
    for name in sys.argv[1:] or list(_CANDIDATES):
        predictions, seconds = _timed(lambda name=name: _CANDIDATES[name](load, reference))  # type: ignore[misc]
        cells = []
        for metric in ("macro_f1", "micro_f1"):
            outcome = challenge(base, predictions, metric, resamples=load.plan.resamples)
            cells.append(f"{_score(predictions, metric):.3f}")
            cells.append(f"{outcome.difference:+.3f} [{outcome.low:+.3f}, {outcome.high:+.3f}]")
        print(f"| {name} | {' | '.join(cells)} | {seconds:.0f} |", flush=True)
    return 0


def _nb_svm(load: LoadedExperiment, reference: ComparisonResult) -> pd.DataFrame:
    return _compared(load, (classifier_named("nb-svm"),)).predictions("nb-svm")


def _stacking(load: LoadedExperiment, reference: ComparisonResult) -> pd.DataFrame:
    bases = [("svm", LinearSVC()), ("logistic", LogisticRegression(C=10.0)), ("bayes", ComplementNB(alpha=0.1))]
    stack = StackingClassifier(bases, final_estimator=LogisticRegression(), cv=3)
    return _compared(load, (own_classifier("stacking", stack),)).predictions("stacking")


def _per_topic(load: LoadedExperiment, reference: ComparisonResult) -> pd.DataFrame:
    classifiers = tuple(_classifier(load, name) for name in _LINEAR)
    dataset, decisions = load.dataset, {}
    for topic, name in enumerate(dataset.topics):
        alone = replace(load, dataset=replace(dataset, Y=dataset.Y[:, [topic]], topics=(name,)))
        results = _compared(alone, classifiers, reference).results
        for split in (result.split for result in reference.results):
            of_split = [result for result in results if (result.split.repeat, result.split.fold) == _number(split)]
            decisions[_number(split), topic] = max(of_split, key=lambda result: result.inner_score).decisions[:, 0]
    return _predictions(
        reference, lambda split: np.column_stack([decisions[_number(split), t] for t in range(dataset.n_topics)])
    )


def _chain(load: LoadedExperiment, reference: ComparisonResult) -> pd.DataFrame:
    dataset, plan = load.dataset, load.plan
    settings = {described(setting): setting for setting in plan.settings}
    order = np.argsort(-dataset.Y.sum(axis=0))
    chosen = {_number(result.split): result for result in reference.results}

    def scores(result: FoldResult, train: NDArray[np.intp], test: NDArray[np.intp]) -> NDArray[np.float64]:
        pipeline = feature_pipeline(settings[result.features], ["text"], dataset.topics, load.keywords, False)
        texts = pd.DataFrame({"text": list(dataset.texts)})
        X_train, X_test = pipeline.fit_transform(texts.iloc[train]), pipeline.transform(texts.iloc[test])
        chain = ClassifierChain(
            LinearSVC(**result.parameters, random_state=plan.random_state),
            order=order,
            cv=3,
            chain_method="decision_function",
            random_state=plan.random_state,
        )
        margins: NDArray[np.float64] = chain.fit(X_train, dataset.Y[train]).decision_function(X_test)
        return margins

    def decisions(split: Split) -> NDArray[np.int8]:
        result = chosen[_number(split)]
        inner = make_inner_splits(dataset, split, plan.inner_folds, plan.random_state)
        held_out = np.concatenate([fold.test for fold in inner])
        out_of_fold = np.concatenate([scores(result, fold.train, fold.test) for fold in inner])
        thresholds = choose_thresholds(dataset.Y[held_out], out_of_fold, plan.decision_rule.threshold)
        return decide(scores(result, split.train, split.test), thresholds)

    return _predictions(reference, decisions)


_CANDIDATES: dict[str, Callable[[LoadedExperiment, ComparisonResult], pd.DataFrame]] = {
    "nb-svm": _nb_svm,
    "stacking": _stacking,
    "chain": _chain,
    "per-topic": _per_topic,
}


def _compared(
    load: LoadedExperiment, classifiers: tuple[Classifier, ...], reference: ComparisonResult | None = None
) -> ComparisonResult:
    """Return the comparison of classifiers without baselines, on the splits of the reference if there is one."""
    plan: ComparisonPlan = replace(load.plan, classifiers=classifiers, baselines=(), resamples=100)
    splits = None if reference is None else tuple(result.split for result in reference.results)
    return compare(load.dataset, plan, keywords=load.keywords, splits=splits)


def _classifier(load: LoadedExperiment, name: str) -> Classifier:
    return next(classifier for classifier in load.plan.classifiers if classifier.name == name)


def _number(split: Split) -> tuple[int, int]:
    return split.repeat, split.fold


def _predictions(reference: ComparisonResult, decisions: Callable[[Split], NDArray[np.int8]]) -> pd.DataFrame:
    """Return the predictions of the reference with other decisions. Decisions stand for scores: F1 needs none."""
    table = reference.predictions(_REFERENCE)
    flat = np.concatenate([decisions(result.split).ravel() for result in reference.results])
    return table.assign(decision=flat, score=flat.astype(np.float64))


def _score(predictions: pd.DataFrame, metric: str) -> float:
    """Return the mean over repeats of a pooled F1 score."""
    n_topics, average = predictions["topic"].nunique(), metric.removesuffix("_f1")
    values = []
    for _, part in predictions.groupby("repeat"):
        truth, decisions = (part[column].to_numpy().reshape(-1, n_topics) for column in ("truth", "decision"))
        values.append(f1_score(truth, decisions, average=average, zero_division=0))
    return float(np.mean(values))


def _timed(run: Callable[[], _Result]) -> tuple[_Result, float]:
    start = time.perf_counter()
    return run(), time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
