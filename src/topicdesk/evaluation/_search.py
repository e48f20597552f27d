"""Run nested cross-validation: choose on inner folds, fit on all training rows, score the test rows.

No test row is used before its model is fixed. All rows of inner folds are training rows of the outer split, and the
labels of test rows are never read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby
from typing import TYPE_CHECKING

import numpy as np

from topicdesk._answers import confidence
from topicdesk.evaluation._execution.checkpoints import Cell, Checkpoints, run_cells
from topicdesk.evaluation._execution.fitting import (
    DECIMALS,
    Candidate,
    Fit,
    Materials,
    fit_candidates,
    gather_materials,
    score_inner_folds,
    unpack,
)
from topicdesk.evaluation._types import ComparisonPlan, FoldResult
from topicdesk.evaluation.classifiers import Classifier, Scores
from topicdesk.evaluation.engine import Engine, LocalEngine
from topicdesk.evaluation.model_selection import (
    Choice,
    candidates_of,
    choose,
    decisions_at,
    described,
    fixed_thresholds,
    has_choice,
    held_out,
    judge,
)
from topicdesk.evaluation.splits import Split, make_inner_splits, make_splits
from topicdesk.features import FeatureSetting

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = ["cross_validate", "inner_scores", "planned_splits"]

# Successive halving: number of rungs, and the factor by which each rung multiplies rows and divides candidates.
_RUNGS = 3
_FACTOR = 3


def planned_splits(
    dataset: Dataset, plan: ComparisonPlan, splits: Sequence[Split] | None = None
) -> tuple[Sequence[Split], tuple[str, ...]]:
    """Return the given outer splits, or else the plan's splits with their warnings."""
    return make_splits(dataset, plan.splits, plan.random_state) if splits is None else (splits, ())


def cross_validate(
    dataset: Dataset,
    plan: ComparisonPlan,
    splits: Sequence[Split],
    keywords: Mapping[str, Sequence[str]] | None = None,
    engine: Engine | None = None,
    checkpoints: Checkpoints | None = None,
) -> tuple[tuple[FoldResult, ...], tuple[str, ...]]:
    """Choose, fit and score every classifier on every outer split.

    Parameters
    ----------
    dataset : Dataset
        Labelled articles.
    plan : ComparisonPlan
        Its metric, on the held-out rows of all inner folds together, selects features and hyper-parameters. With
        ``search="halving"``, all candidates are scored on a ninth of the training rows. The best third of each
        classifier is scored on a third of the rows, and the best third of these on all rows (successive halving,
        Jamieson and Talwalkar 2016).
    splits : sequence of Split
        Outer splits, used instead of the plan's.
    keywords : mapping of str to sequence of str, optional
        Keywords of each topic, for the keyword-rules baseline.
    engine : Engine, optional
        Runs the fits. By default, one process per core.
    checkpoints : Checkpoints, optional
        Stores finished cells and reads them back.

    Returns
    -------
    results : tuple of FoldResult
        One result per classifier and split, ordered by classifier, then split.
    warnings : tuple of str
    """
    classifiers = plan.classifiers
    candidates = {classifier.name: candidates_of(classifier, plan.settings) for classifier in classifiers}
    materials = gather_materials(
        dataset, chain.from_iterable(candidates.values()), keywords, plan.random_state, plan.settings
    )
    inner = [make_inner_splits(dataset, split, plan.inner_folds, plan.random_state) for split in splits]
    searched = [
        candidate
        for classifier in classifiers
        for candidate in candidates[classifier.name]
        if has_choice(classifier, candidates[classifier.name], materials.multi_class)
    ]

    engine = engine or LocalEngine()
    if plan.search == "halving":
        inner_fits, unconverged = _halve(materials, inner, searched, plan, engine, checkpoints)
    else:
        inner_fits, unconverged = score_inner_folds(materials, inner, [searched] * len(inner), engine, checkpoints)
    choices: dict[tuple[int, str], Choice] = {}
    for outer, folds in enumerate(inner):
        held = held_out(folds)
        for classifier in classifiers:
            group = candidates[classifier.name]
            if has_choice(classifier, group, materials.multi_class):
                scored = (
                    (candidate, inner_fits[outer, candidate].scores[held.order])
                    for candidate in group
                    if (outer, candidate) in inner_fits
                )
                groups = dataset.groups[held.rows]
                choice = choose(scored, materials.Y[held.rows], held.folds, groups, materials.multi_class, plan)
                choice = replace(choice, seconds=inner_fits[outer, choice.candidate].seconds)
            else:
                choice = Choice(group[0], fixed_thresholds(classifier, dataset.n_topics, materials.multi_class), np.nan)
            choices[outer, classifier.name] = choice

    fitted, unconverged_refits = _refit(materials, splits, choices, engine, checkpoints)
    results = tuple(
        _result(split, choices[outer, classifier.name], fitted[outer, classifier.name], materials.multi_class)
        for classifier in classifiers
        for outer, split in enumerate(splits)
    )
    unconverged.update(unconverged_refits)
    return results, tuple(
        f"{name}: {count} fits stopped before they converged." for name, count in sorted(unconverged.items())
    )


def inner_scores(
    dataset: Dataset,
    classifiers: Sequence[Classifier],
    settings: Sequence[FeatureSetting],
    split: Split,
    inner_folds: int,
    random_state: int,
    n_jobs: int = -1,
) -> dict[Candidate, tuple[Scores, ...]]:
    """Score every candidate on the inner folds of one outer split, as `cross_validate` does before the choice.

    Parameters
    ----------
    dataset, classifiers, settings, inner_folds, random_state
        As in `cross_validate`.
    split : Split
        The outer split. Its training rows are divided into inner folds.
    n_jobs : int, default -1
        Number of processes; -1 means one per core.

    Returns
    -------
    dict of Candidate to tuple of ndarray
        For each inner fold, scores of its held-out rows, shape (n_held_out, n_topics).
    """
    candidates = [candidate for classifier in classifiers for candidate in candidates_of(classifier, settings)]
    materials = gather_materials(dataset, candidates, None, random_state)
    folds = make_inner_splits(dataset, split, inner_folds, random_state)
    fits, _ = score_inner_folds(materials, [folds], [candidates], LocalEngine(n_jobs))
    ends = np.cumsum([len(fold.test) for fold in folds])[:-1]
    return {candidate: tuple(np.split(fit.scores, ends)) for (_, candidate), fit in fits.items()}


def _halve(
    materials: Materials,
    inner: Sequence[Sequence[Split]],
    searched: Sequence[Candidate],
    plan: ComparisonPlan,
    engine: Engine,
    checkpoints: Checkpoints | None,
) -> tuple[dict[tuple[int, Candidate], Fit], Counter[str]]:
    """Run successive halving, and return the result of `score_inner_folds` for the last rung."""
    alive = [list(searched) for _ in inner]
    unconverged: Counter[str] = Counter()
    fewest = max((dict(candidate.parameters).get("n_neighbors", 0) for candidate in searched), default=0)
    for rung in range(_RUNGS - 1):
        share = _FACTOR ** (rung + 1 - _RUNGS)
        parts = [[_part_of(fold, share, fewest, materials.random_state, number) for number, fold in enumerate(folds)]
                 for folds in inner]  # fmt: skip
        fits, stopped = score_inner_folds(materials, parts, alive, engine, checkpoints, f"rung{rung}")
        unconverged.update(stopped)
        for outer, folds in enumerate(inner):
            held = held_out(folds)
            Y = materials.Y[held.rows]
            best: list[Candidate] = []
            for _, group in groupby(alive[outer], key=lambda candidate: candidate.classifier):
                candidates = list(group)
                merits = [
                    judge(
                        candidate,
                        fits[outer, candidate].scores[held.order],
                        Y,
                        held.folds,
                        materials.multi_class,
                        plan,
                    )[1]
                    for candidate in candidates
                ]
                # NaN ranks last, and ties go to the earliest.
                ranked = np.argsort(-np.nan_to_num(np.array(merits).round(9), nan=-np.inf), kind="stable")
                survivors = set(ranked[: -(-len(candidates) // _FACTOR)])
                best += [candidate for index, candidate in enumerate(candidates) if index in survivors]
            alive[outer] = best
    fits, stopped = score_inner_folds(materials, inner, alive, engine, checkpoints)
    unconverged.update(stopped)
    return fits, unconverged


def _part_of(fold: Split, share: float, fewest: int, random_state: int, number: int) -> Split:
    """Draw a random share of a fold's training rows. A larger share contains every smaller one."""
    rng = np.random.default_rng([random_state, 3, fold.repeat, fold.fold, number])
    rows = rng.permutation(fold.train)[: max(round(share * len(fold.train)), fewest)]
    return replace(fold, train=np.sort(rows))


def _refit(
    materials: Materials,
    splits: Sequence[Split],
    choices: Mapping[tuple[int, str], Choice],
    engine: Engine,
    checkpoints: Checkpoints | None,
) -> tuple[dict[tuple[int, str], Fit], Counter[str]]:
    """Fit each chosen candidate on all training rows of its outer split, and score the test rows."""
    places = list(dict.fromkeys(name for _, name in choices))
    order = sorted(choices, key=lambda key: (-choices[key].seconds, -materials.size(choices[key].candidate.view)))
    cells = [
        Cell(f"outer-{outer}-{places.index(name)}", ([choice.candidate], splits[outer], choice.candidate.view))
        for outer, name in order
        for choice in (choices[outer, name],)
    ]
    done = run_cells(engine, fit_candidates, materials, cells, "fitting the selected models", checkpoints)
    unconverged: Counter[str] = Counter()
    for fits in done:
        unconverged.update(fits.unconverged)
    return {key: unpack(fits)[0] for key, fits in zip(order, done, strict=True)}, unconverged


def _result(split: Split, choice: Choice, fit: Fit, multi_class: bool) -> FoldResult:
    decisions = decisions_at(fit.scores, choice.thresholds)
    if choice.calibration is None:
        probabilities, automated = None, np.zeros(len(decisions), dtype=bool)
    else:
        probabilities = choice.calibration.probabilities(fit.scores).round(DECIMALS)
        automated = confidence(probabilities, decisions, multi_class) >= choice.calibration.cut
    return FoldResult(
        classifier=choice.candidate.classifier.name,
        split=split,
        features=described(choice.candidate.view),
        parameters=dict(choice.candidate.parameters),
        thresholds=choice.thresholds,
        inner_score=choice.score,
        scores=fit.scores,
        decisions=decisions,
        probabilities=probabilities,
        automated=automated,
        fit_seconds=fit.fit_seconds,
        predict_seconds=fit.predict_seconds,
    )
