"""Measure whether articles labelled automatically are as precise as asked, and what the guarantee costs.

Run with ``python benchmarks/automation.py``. Articles are split at random many times: a classifier, its calibration and
both cuts come from the first part, as in a comparison, and the precision from the rest. The plain cut is the lowest
confidence with the precision on out-of-fold scores, without a guarantee.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np
from _subsets import rows_of
from numpy.typing import NDArray

from topicdesk._answers import confidence
from topicdesk.annotation import Dataset
from topicdesk.evaluation import (
    ComparisonPlan,
    ThresholdRule,
    automation_cut,
    choose_on_all,
    choose_thresholds,
    classifier_named,
    fit_calibration,
)
from topicdesk.evaluation.classifiers import fit_and_score
from topicdesk.evaluation.engine import single_threaded_engine
from topicdesk.evaluation.model_selection import decisions_at
from topicdesk.experiment import load_dataset, read_spec
from topicdesk.features import FeatureSetting
from topicdesk.project import find_project

_PRECISION, _CONFIDENCE = 0.95, 0.9
_SETTING = FeatureSetting(min_df=2, sublinear_tf=True)
_CLASSIFIER = classifier_named("linear-svm").with_grid({"C": [1.0]})
_MOST_TESTED = 4000

# Spec, corpus, number of labelled articles, number of splits.
_CORPORA = (
    ("newsgroups", "20newsgroups", 1000, 60),
    ("published", "reuters-r8", 1000, 60),
    ("published", "20newsgroups", 2000, 15),
)


class _Side(NamedTuple):
    confidences: NDArray[np.float64]
    correct: NDArray[np.bool_]
    groups: NDArray[np.intp] | None = None


def main() -> int:
    """Print the automation rate and precision of both cuts; return 1 if the guaranteed one misses its confidence."""
    print(f"required precision {_PRECISION:.0%} with confidence {_CONFIDENCE:.0%}")
    missed = [_report("synthetic, 500", [_drawn(500, seed) for seed in range(1000)])]
    project = find_project(__file__)
    for spec, corpus, n_labelled, n_splits in _CORPORA:
        data = load_dataset(project, read_spec(project.root / "experiments" / f"{spec}.toml"), corpus)
        sides = [_split(data, n_labelled, seed) for seed in range(n_splits)]
        missed.append(_report(f"{corpus}, {data.n_topics} classes, {n_labelled}", sides))
    return int(any(missed))


def _report(name: str, sides: list[tuple[_Side, _Side]]) -> bool:
    print(f"{name} labelled articles, {len(sides)} splits", flush=True)
    cuts = {
        "plain": [_plain_cut(fitted) for fitted, _ in sides],
        "guaranteed": [automation_cut(*fitted[:2], _PRECISION, _CONFIDENCE, fitted.groups) for fitted, _ in sides],
    }
    below = 0.0
    for kind, values in cuts.items():
        automated = [new.confidences >= cut for (_, new), cut in zip(sides, values, strict=True)]
        precisions = [new.correct[one].mean() for (_, new), one in zip(sides, automated, strict=True) if one.any()]
        below = sum(precision < _PRECISION for precision in precisions) / len(sides)
        print(
            f"  {kind:<10}  labelled alone {np.mean([one.mean() for one in automated]):6.1%}  "
            f"of those right {np.mean(precisions):6.2%}  below {_PRECISION:.0%} in {below:6.1%} of splits",
            flush=True,
        )
    # Three standard errors of the simulation.
    return bool(below > 1 - _CONFIDENCE + 3 * np.sqrt(_CONFIDENCE * (1 - _CONFIDENCE) / len(sides)))


def _plain_cut(fitted: _Side) -> float:
    y = fitted.correct[:, None].astype(np.int8)
    return float(choose_thresholds(y, fitted.confidences[:, None], ThresholdRule(precision=_PRECISION))[0])


def _drawn(n_rows: int, seed: int) -> tuple[_Side, _Side]:
    """Draw uniform confidences; wrong articles get likelier with the square of the missing confidence."""
    rng = np.random.default_rng(seed)
    sides = []
    for size in (n_rows, 50_000):
        confidences = rng.random(size)
        sides.append(_Side(confidences, rng.random(size) < 1 - 0.6 * (1 - confidences) ** 2))
    return sides[0], sides[1]


def _split(data: Dataset, n_labelled: int, seed: int) -> tuple[_Side, _Side]:
    """Fit on random groups of near-duplicates, and return out-of-fold and new confidences."""
    rng = np.random.default_rng(seed)
    _, group = np.unique(data.groups, return_inverse=True)
    order = np.argsort(rng.permutation(group.max() + 1)[group], kind="stable")
    train, rest = np.sort(order[:n_labelled]), order[n_labelled:]
    test = rest[~np.isin(group[rest], group[train])][:_MOST_TESTED]
    labelled = rows_of(data, train)
    plan = ComparisonPlan((_CLASSIFIER,), (_SETTING,))
    with single_threaded_engine(None, 1) as engine:
        choice = choose_on_all(labelled, plan, _CLASSIFIER, None, engine)
    Y = labelled.Y[choice.rows]
    decisions = decisions_at(choice.scores, None)
    calibration = fit_calibration(Y, choice.scores, decisions, "platt", True, _PRECISION)
    vectorizer = _SETTING.vectorizer()
    features = vectorizer.fit_transform(labelled.texts)
    new_features = vectorizer.transform([data.texts[row] for row in test])
    parameters = dict(choice.candidate.parameters)
    scores, _, _ = fit_and_score(_CLASSIFIER, parameters, features, labelled.Y, new_features, True, 0)
    new = decisions_at(scores, None)
    return (
        _Side(
            confidence(calibration.probabilities(choice.scores), decisions, True),
            (decisions == Y).all(axis=1),
            labelled.groups[choice.rows],
        ),
        _Side(confidence(calibration.probabilities(scores), new, True), (new == data.Y[test]).all(axis=1)),
    )


if __name__ == "__main__":
    sys.exit(main())
