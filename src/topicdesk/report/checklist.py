"""Checklist of a reviewer's questions, answered from the run. A box is empty if the answer is no.

The questions follow REFORMS (Kapoor et al. 2024) and "Show your work" (Dodge et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from topicdesk.evaluation import BASELINES, metric_title

if TYPE_CHECKING:
    from topicdesk.evaluation import Comparison
    from topicdesk.report.about import About

__all__ = ["Item", "checklist", "straddling"]


@dataclass(frozen=True)
class Item:
    """One item of the checklist: its group, the statement, whether it is true, and the evidence."""

    group: str
    asks: str
    holds: bool
    shown_by: str


def checklist(comparison: Comparison, about: About) -> list[Item]:
    """Return the checklist of a run.

    Parameters
    ----------
    comparison : Comparison
        Result of the run.
    about : About
        Description of the experiment.

    Returns
    -------
    list of Item
        All items, including those that are not true.
    """
    data, plan, told, where = comparison.dataset, comparison.plan, about.provenance, about.environment
    names = {classifier.name for classifier in plan.classifiers}
    parted = straddling(comparison)
    repeats = len({split.repeat for split in comparison.splits})
    unconverged = [warning for warning in comparison.warnings if "converged" in warning]
    probable = len(comparison.probability_leaderboard())
    scheme = comparison.splits[0].scheme
    tried = sum(
        len(list(one.parameters())) * (len(plan.settings) if one.features == "searched" else 1)
        for one in plan.classifiers
    )
    missing = [name for name in BASELINES if name not in names]
    annotators = ", ".join(f"{name} ({count} articles)" for name, count in told.annotators.items())
    title = metric_title(plan.metric)
    return [
        Item("Claim", "The question is written down with the experiment.", bool(about.question), about.question),
        Item("Claim", "One figure decides, and is named beforehand.", True, f"{title}, in {about.spec}"),
        Item(
            "Claim", "The articles stand for a population: some were drawn uniformly from it, and are told apart.",
            plan.representative is not None,
            f"sample '{plan.representative}'" if plan.representative else "no representative sample in the spec",
        ),
        Item("Data", "Articles and labels are identified by hashes.", True,
             f"articles {data.corpus_hash}, labels {data.labels_hash}"),
        Item("Data", "Origin and terms of use are told.", bool(told.citation and told.licence),
             f"{told.citation} {told.licence}".strip() or "the corpus is not among the pinned sources"),
        Item("Data", "It is told who or what labelled, and under which codebook.",
             bool(told.annotators and told.codebooks),
             f"{annotators}; codebook {', '.join(told.codebooks)}" if told.annotators else "not known"),
        Item("Data", "Articles were labelled by more than one annotator, so that agreement is known.",
             len(told.annotators) > 1, f"{len(told.annotators)} annotator"),
        Item("Leakage", "No near-duplicates sit on both sides of a split.", parted == 0,
             f"{parted} articles of {len(comparison.splits)} splits have one on the other side"),
        Item("Leakage", "Vocabulary, idf, choices, thresholds and calibration are learnt on training articles.", True,
             f"nested: {plan.inner_folds} inner folds of each split's training articles; a test of the package "
             "alters test articles and compares"),
        Item("Leakage", "Articles are held out by source or by time.", scheme in ("source", "time"),
             f"scheme '{scheme}'; the audit of leakage above tells sources apart"),
        Item("Leakage", "The result was confirmed on articles that nobody had looked at before.", False,
             "these articles were tested by earlier runs too; figures may be a little too good"),
        Item("Work shown", "Baselines that a reviewer would ask for ran.", not missing,
             ", ".join(BASELINES) if not missing else f"missing: {', '.join(missing)}"),
        Item("Work shown", "What was tried is listed, with how one was chosen.", True,
             f"{tried} candidates, {plan.search}, the highest {title} on inner folds; of equals the simplest"),
        Item("Work shown", "Scores that chose stand beside scores on test articles.", True,
             "section 'What was chosen'"),
        Item("Work shown", "The expected score is told for smaller budgets of search.", False,
             "scores of candidates that were not chosen are not kept"),
        Item("Work shown", "Every fold is told, not the mean alone.", True, f"{len(comparison.splits)} splits"),
        Item("Work shown", "Splitting was repeated with other seeds.", repeats > 1, f"{repeats} repeats"),
        Item("Work shown", "Every fit converged.", not unconverged, "; ".join(unconverged) or "no warning"),
        Item("Chance", "Figures have intervals, over groups of near-duplicates.", plan.resamples > 0,
             f"{plan.resamples} bootstrap resamples"),
        Item("Chance", "Differences are tested for overlapping training sets, and for many comparisons.", True,
             "corrected t-test (Nadeau and Bengio 2003), Holm" if len(comparison.splits) > 1 else "McNemar, Holm"),
        Item("Chance", "It is told whether a difference matters.", True,
             f"differences up to {plan.rope:g} do not (region of practical equivalence)"),
        Item("Failure", "Each topic has its own figures, threshold, curve and confusion.", True, "sections by topic"),
        Item("Failure", "Probabilities are calibrated, and it is shown how well.", probable > 0,
             f"{probable} classifiers, {plan.decision_rule.calibration}"),
        Item("Failure", "Errors can be read.", about.errors > 0 and about.extract > 0,
             f"{about.errors} of each kind and topic, {about.extract} characters of each"),
        Item("Again", "The code is known, and was committed.", bool(where.commit) and not where.dirty,
             (where.commit or "no commit") + (", with changes" if where.dirty else "")),
        Item("Again", "The environment is pinned.", bool(where.requirements),
             f"requirements.lock {where.requirements[:16]}" if where.requirements else "no requirements.lock"),
        Item("Again", "The same figures came out before.", about.lock == "same",
             {"same": "equal to the results lock", "moved": "NOT equal to the results lock",
              "none": "there was no results lock before this run"}[about.lock]),
        Item("Again", "Machine and time are told.", True, f"{where.system}, {comparison.seconds:.0f} s"),
    ]  # fmt: skip


def straddling(comparison: Comparison) -> int:
    """Count test articles that have a near-duplicate among the training articles of their split."""
    groups = comparison.dataset.groups
    return sum(
        int(sum(group in training for group in groups[split.test].tolist()))
        for split in comparison.splits
        for training in (set(groups[split.train].tolist()),)
    )
