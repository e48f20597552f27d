"""Choose a candidate, its thresholds and its calibration from scores on held-out rows.

This module also creates the candidates. The same choice is made for every outer split of a comparison, and once more on
all labelled rows for the final model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from topicdesk.evaluation._execution.fitting import Candidate, View, gather_materials, score_inner_folds
from topicdesk.evaluation._types import ComparisonPlan
from topicdesk.evaluation.calibration import Calibration, fit_calibration
from topicdesk.evaluation.classifiers import Classifier, Scores, check_neighbours
from topicdesk.evaluation.engine import Engine
from topicdesk.evaluation.metrics import metric_value
from topicdesk.evaluation.splits import Split, make_inner_splits
from topicdesk.evaluation.thresholds import choose_thresholds, decide, decide_class
from topicdesk.features import Analyser, FeatureSetting, settings_for_texts

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = [
    "Choice",
    "FinalChoice",
    "candidates_of",
    "choose",
    "choose_on_all",
    "decisions_at",
    "default_setting",
    "described",
    "described_parameters",
    "fixed_thresholds",
    "has_choice",
    "held_out",
    "judge",
    "plan_for_texts",
    "score_all",
]


@dataclass(frozen=True, eq=False)
class Choice:
    """The best candidate on held-out rows, with the thresholds and calibration fitted to its scores."""

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
        The best candidate.
    score : float
        The plan's metric on held-out rows. It served to choose the candidate, so it does not estimate performance.
    rows : ndarray of int, shape (n_held_out,)
        Numbers of the held-out rows, ascending.
    scores : ndarray of float, shape (n_held_out, n_topics)
        Out-of-fold scores of these rows.
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
    """Choose features and hyper-parameters on all labelled rows.

    The choice works as a comparison's choice on the training rows of an outer split.

    Parameters
    ----------
    dataset : Dataset
        Labelled articles.
    plan : ComparisonPlan
        Sets features, inner folds, metric, thresholds and seed. Its classifiers are ignored.
    classifier : Classifier
        The classifier, whose grid is searched.
    keywords : mapping of str to sequence of str or None
        Keywords of each topic. Only the keyword-rules baseline and blocks of keywords need them.
    engine : Engine
        Runs the fits.

    Returns
    -------
    FinalChoice
    """
    candidates = candidates_of(classifier, plan.settings)
    materials = gather_materials(dataset, candidates, keywords, plan.random_state, plan.settings)
    full_split = Split(np.arange(len(dataset)), np.arange(0), 0, 0, plan.splits.scheme)
    folds = make_inner_splits(dataset, full_split, plan.inner_folds, plan.random_state)
    check_neighbours(classifier, min(len(fold.train) for fold in folds))
    fits, _ = score_inner_folds(materials, [folds], [candidates], engine)
    held = held_out(folds)
    scored = {candidate: fits[0, candidate].scores[held.order] for candidate in candidates}
    best = choose(
        iter(scored.items()),
        materials.Y[held.rows],
        held.folds,
        dataset.groups[held.rows],
        materials.multi_class,
        plan,
    )
    return FinalChoice(best.candidate, best.score, held.rows, scored[best.candidate])


def score_all(
    dataset: Dataset,
    plan: ComparisonPlan,
    candidate: Candidate,
    keywords: Mapping[str, Sequence[str]] | None,
    n_folds: int,
    engine: Engine,
) -> tuple[NDArray[np.intp], Scores]:
    """Score all labelled rows with models of one candidate, each fitted on the other folds.

    Parameters
    ----------
    dataset, plan, keywords, engine
        As in `choose_on_all`.
    candidate : Candidate
        The candidate, from `choose_on_all`.
    n_folds : int
        Number of stratified folds; fewer if there are fewer groups of near-duplicates.

    Returns
    -------
    rows : ndarray of int, shape (n_articles,)
        Numbers of the rows, ascending.
    scores : ndarray of float, shape (n_articles, n_topics)
        Out-of-fold scores of these rows.
    """
    materials = gather_materials(dataset, [candidate], keywords, plan.random_state, plan.settings)
    full_split = Split(np.arange(len(dataset)), np.arange(0), 0, 0, "stratified")
    n_folds = min(n_folds, len(set(dataset.groups.tolist())))
    folds = make_inner_splits(dataset, full_split, n_folds, plan.random_state)
    fits, _ = score_inner_folds(materials, [folds], [[candidate]], engine)
    held = held_out(folds)
    return held.rows, fits[0, candidate].scores[held.order]


def plan_for_texts(plan: ComparisonPlan, dataset: Dataset) -> tuple[ComparisonPlan, tuple[str, ...]]:
    """Return the plan with the settings that the language of the texts needs, and warnings (see `settings_for_texts`).

    Comparisons, studies and the final fit call it first, so all of them use the same features.
    """
    settings, warnings = settings_for_texts(plan.settings, dataset.texts)
    return plan if settings == tuple(plan.settings) else replace(plan, settings=settings), warnings


def default_setting(settings: Sequence[FeatureSetting]) -> FeatureSetting:
    """Return the setting of baselines: scikit-learn's defaults, with Turkish lower case if a plan's setting has it."""
    turkish = any(setting.analyser.turkish for setting in settings)
    return FeatureSetting(Analyser(lowercase="turkish")) if turkish else FeatureSetting()


def candidates_of(classifier: Classifier, settings: Sequence[FeatureSetting]) -> list[Candidate]:
    """Return all candidates of a classifier. Their order matters: ties go to the earliest."""
    views: Sequence[View]
    match classifier.features:
        case "searched":
            views = settings
        case "default":
            views = (default_setting(settings),)
        case "keywords" | "none" as fixed:
            views = (fixed,)
    return [Candidate(classifier, view, tuple(point.items())) for view in views for point in classifier.parameters()]


def has_choice(classifier: Classifier, candidates: Sequence[Candidate], multi_class: bool) -> bool:
    """Return whether a candidate or a threshold has to be chosen on inner folds."""
    return len(candidates) > 1 or (classifier.threshold is None and not multi_class)


def judge(
    candidate: Candidate,
    scores: Scores,
    Y: NDArray[np.int8],
    folds: NDArray[np.intp],
    multi_class: bool,
    plan: ComparisonPlan,
) -> tuple[NDArray[np.float64] | None, float]:
    """Return a candidate's thresholds, fixed or the best on these scores, and the plan's metric that they achieve.

    `folds` is the fold whose model scored each row. Ranking metrics are computed per fold. Candidates are compared at
    the best observed F1 also if the plan's rule is for the expected one: sigmoids of all candidates would take long.
    """
    if multi_class or candidate.classifier.threshold is not None:
        thresholds = fixed_thresholds(candidate.classifier, Y.shape[1], multi_class)
    else:
        thresholds = choose_thresholds(Y, scores, plan.decision_rule.threshold.observed())
    return thresholds, metric_value(plan.metric, Y, decisions_at(scores, thresholds), scores, folds)


class HeldOut(NamedTuple):
    """The held-out rows of inner folds.

    Parameters
    ----------
    rows : ndarray of int, shape (n_held_out,)
        The rows of all folds, ascending.
    order : ndarray of int, shape (n_held_out,)
        Sorts the scores of all folds, one fold after the other, as `rows`.
    folds : ndarray of int, shape (n_held_out,)
        The fold of each row.
    """

    rows: NDArray[np.intp]
    order: NDArray[np.intp]
    folds: NDArray[np.intp]


def held_out(folds: Sequence[Split]) -> HeldOut:
    """Return the held-out rows of all folds."""
    rows = np.concatenate([fold.test for fold in folds])
    numbers = np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])
    order = np.argsort(rows)
    return HeldOut(rows[order], order, numbers[order])


def choose(
    scored: Iterator[tuple[Candidate, Scores]],
    Y: NDArray[np.int8],
    folds: NDArray[np.intp],
    groups: NDArray[np.intp],
    multi_class: bool,
    plan: ComparisonPlan,
) -> Choice:
    """Choose the candidate with the best metric on the held-out rows of all inner folds. Ties go to the first.

    `groups` is the cluster of near-duplicates of each row.
    """
    best: Choice | None = None
    scores_of_best = np.empty(0)
    for candidate, scores in scored:
        thresholds, score = judge(candidate, scores, Y, folds, multi_class, plan)
        # Smaller differences are floating-point noise.
        if best is None or score > best.score + 1e-9 or (np.isnan(best.score) and not np.isnan(score)):
            best, scores_of_best = Choice(candidate, thresholds, score), scores
    assert best is not None
    rule = plan.decision_rule
    if rule.threshold.is_expected and not multi_class and best.candidate.classifier.threshold is None:
        best = replace(best, thresholds=choose_thresholds(Y, scores_of_best, rule.threshold))
    decisions = decisions_at(scores_of_best, best.thresholds)
    calibration = fit_calibration(
        Y,
        scores_of_best,
        decisions,
        rule.calibration,
        multi_class,
        rule.automation_precision,
        rule.automation_confidence,
        groups,
    )
    return replace(best, calibration=calibration)


def fixed_thresholds(classifier: Classifier, n_topics: int, multi_class: bool) -> NDArray[np.float64] | None:
    """Return a classifier's fixed thresholds, or None for multi-class data."""
    if multi_class:
        return None
    assert classifier.threshold is not None
    return np.full(n_topics, classifier.threshold)


def decisions_at(scores: Scores, thresholds: NDArray[np.float64] | None) -> NDArray[np.int8]:
    """Apply the thresholds, or choose the class with the highest score if there are none."""
    return decide_class(scores) if thresholds is None else decide(scores, thresholds)


def described(view: View) -> str:
    """Describe features by the options that differ from scikit-learn's defaults."""
    if isinstance(view, FeatureSetting):
        return ", ".join(f"{name}={value}" for name, value in view.changed().items()) or "TfidfVectorizer defaults"
    return {"keywords": "keywords of the taxonomy", "none": "none"}[view]


def described_parameters(parameters: Mapping[str, Any]) -> str:
    """Describe a point of a grid, as in ``C=0.3, loss=hinge``."""
    return ", ".join(
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in parameters.items()
    )
