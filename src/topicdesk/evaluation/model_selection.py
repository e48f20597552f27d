"""What follows from scores on held-out rows: which candidate is chosen, thresholds, and calibrated probabilities.

Candidates are made here too. The same choice is made for every outer split of a comparison, and once more on all
labelled rows for the model that is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topicdesk.evaluation._types import ComparisonPlan, DecisionRule
from topicdesk.evaluation.calibration import Calibration, fit_calibration
from topicdesk.evaluation.classifiers import Classifier, Scores
from topicdesk.evaluation.engine import Engine
from topicdesk.evaluation.fitting import Candidate, View, gather_materials, score_inner_folds
from topicdesk.evaluation.metrics import figure
from topicdesk.evaluation.splits import Split, make_inner_splits
from topicdesk.evaluation.thresholds import choose_thresholds, decide, decide_class
from topicdesk.features import FeatureSetting

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = [
    "Choice",
    "FinalChoice",
    "candidates_of",
    "choose",
    "choose_on_all",
    "decisions_at",
    "described",
    "fixed_thresholds",
    "has_choice",
    "held_out",
    "judge",
]


@dataclass(frozen=True, eq=False)
class Choice:
    """The candidate that held-out rows speak for, and what follows from its scores on them."""

    candidate: Candidate
    thresholds: NDArray[np.float64] | None
    score: float
    calibration: Calibration | None = None
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class FinalChoice:
    """The choice on all labelled rows.

    Parameters
    ----------
    candidate : Candidate
    score : float
        The plan's metric on held-out rows: how it was chosen, not how good it is.
    rows : ndarray of int, shape (n_held_out,)
        Ascending.
    scores : ndarray of float, shape (n_held_out, n_topics)
        Of these rows, by models that had not seen them.
    """

    candidate: Candidate
    score: float
    rows: NDArray[np.intp]
    scores: Scores


def choose_on_all(
    dataset: Dataset,
    plan: ComparisonPlan,
    classifier: Classifier,
    keywords: Mapping[str, Sequence[str]] | None,
    engine: Engine,
) -> FinalChoice:
    """Choose features and hyper-parameters on all labelled rows, as a comparison does on those of each outer split.

    Parameters
    ----------
    dataset : Dataset
    plan : ComparisonPlan
        Says features, inner folds, metric, thresholds and seed; its other classifiers are not looked at.
    classifier : Classifier
    keywords : mapping of str to sequence of str or None
        By topic; only the keyword-rules baseline needs them.
    engine : Engine

    Returns
    -------
    FinalChoice
    """
    candidates = candidates_of(classifier, plan.settings)
    materials = gather_materials(dataset, {candidate.view for candidate in candidates}, keywords, plan.seed)
    everything = Split(np.arange(len(dataset)), np.arange(0), 0, 0, plan.splits.scheme)
    folds = make_inner_splits(dataset, everything, plan.inner_folds, plan.seed)
    found, _ = score_inner_folds(materials, [folds], [candidates], engine)
    rows, order = held_out(folds)
    scored = {one: found[0, one].scores[order] for one in candidates}
    best = choose(iter(scored.items()), materials.Y[rows], plan.metric, materials.multi_class, plan.decision_rule)
    return FinalChoice(best.candidate, best.score, rows, scored[best.candidate])


def candidates_of(classifier: Classifier, settings: Sequence[FeatureSetting]) -> list[Candidate]:
    """Give all there is to try of a classifier, in order: of equals the earliest is chosen."""
    views: Sequence[View]
    match classifier.features:
        case "searched":
            views = settings
        case "default":
            views = (FeatureSetting(),)
        case "keywords" | "none" as fixed:
            views = (fixed,)
    return [Candidate(classifier, view, tuple(point.items())) for view in views for point in classifier.parameters()]


def has_choice(classifier: Classifier, candidates: Sequence[Candidate], multi_class: bool) -> bool:
    """Say whether anything is to be chosen on inner folds."""
    return len(candidates) > 1 or (classifier.threshold is None and not multi_class)


def judge(
    candidate: Candidate,
    scores: Scores,
    Y: NDArray[np.int8],
    metric: str,
    multi_class: bool,
    decision_rule: DecisionRule,
) -> tuple[NDArray[np.float64] | None, float]:
    """Give a candidate's thresholds, fixed or chosen on these scores, and its metric with them."""
    if multi_class or candidate.classifier.threshold is not None:
        thresholds = fixed_thresholds(candidate.classifier, Y.shape[1], multi_class)
    else:
        thresholds = choose_thresholds(Y, scores, decision_rule.threshold)
    return thresholds, figure(metric, Y, decisions_at(scores, thresholds), scores)


def held_out(folds: Sequence[Split]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the held-out rows of all folds, ascending, and the order that sorts scores the same way."""
    rows = np.concatenate([fold.test for fold in folds])
    order = np.argsort(rows)
    return rows[order], order


def choose(
    scored: Iterator[tuple[Candidate, Scores]],
    Y: NDArray[np.int8],
    metric: str,
    multi_class: bool,
    decision_rule: DecisionRule,
) -> Choice:
    """Take the candidate with the best metric on the held-out rows of all inner folds; of equals the first."""
    best: Choice | None = None
    scores_of_best = np.empty(0)
    for candidate, scores in scored:
        thresholds, score = judge(candidate, scores, Y, metric, multi_class, decision_rule)
        # A difference in the last digits is arithmetic, not merit.
        if best is None or score > best.score + 1e-9 or (np.isnan(best.score) and not np.isnan(score)):
            best, scores_of_best = Choice(candidate, thresholds, score), scores
    assert best is not None
    decisions = decisions_at(scores_of_best, best.thresholds)
    calibration = fit_calibration(
        Y, scores_of_best, decisions, decision_rule.calibration, multi_class, decision_rule.automation_precision
    )
    return replace(best, calibration=calibration)


def fixed_thresholds(classifier: Classifier, n_topics: int, multi_class: bool) -> NDArray[np.float64] | None:
    """Give the thresholds that are fixed beforehand; none for multi-class data."""
    if multi_class:
        return None
    assert classifier.threshold is not None
    return np.full(n_topics, classifier.threshold)


def decisions_at(scores: Scores, thresholds: NDArray[np.float64] | None) -> NDArray[np.int8]:
    """Decide by thresholds, or by the highest score where there are none."""
    return decide_class(scores) if thresholds is None else decide(scores, thresholds)


def described(view: View) -> str:
    """Say what features are, in options that differ from scikit-learn's defaults."""
    if isinstance(view, FeatureSetting):
        return ", ".join(f"{name}={value}" for name, value in view.changed().items()) or "TfidfVectorizer defaults"
    return {"keywords": "keywords of the taxonomy", "none": "none"}[view]
