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
        Item("Claim", "The experiment states its question.", bool(about.question), about.question),
        Item("Claim", "One metric decides, and is named in advance.", True, f"{title}, in {about.spec}"),
        Item(
            "Claim", "Some articles were drawn uniformly from the population, and are marked as such.",
            plan.representative is not None,
            f"sample '{plan.representative}'" if plan.representative else "no representative sample in the spec",
        ),
        Item("Data", "Articles and labels are identified by hashes.", True,
             f"articles {data.corpus_hash}, labels {data.labels_hash}"),
        Item("Data", "The origin and licence of the articles are documented.", bool(told.citation and told.licence),
             f"{told.citation} {told.licence}".strip() or "the corpus is not among the pinned sources"),
        Item("Data", "The annotators, human or machine, and their codebook are documented.",
             bool(told.annotators and told.codebooks),
             f"{annotators}; codebook {', '.join(told.codebooks)}" if told.annotators else "unknown"),
        Item("Data", "More than one annotator labelled articles, so agreement can be measured.",
             len(told.annotators) > 1, f"annotators: {len(told.annotators)}"),
        Item("Leakage", "No near-duplicates are on both sides of a split.", parted == 0,
             f"{parted} test articles of {len(comparison.splits)} splits have one in the training articles"),
        Item("Leakage", "Vocabulary, idf, model selection, thresholds and calibration use only training articles.",
             True, f"nested: {plan.inner_folds} inner folds of each split's training articles; a test of the package "
             "changes test articles and checks that nothing fitted changes"),
        Item("Leakage", "Articles are held out by source or by time.", scheme in ("source", "time"),
             f"scheme '{scheme}'; the leakage audit above predicts the source from the text"),
        Item("Leakage", "The result was confirmed on articles that were never used before.", False,
             "earlier runs used the same test articles, so scores may be slightly too high"),
        Item("Transparency", "The baselines that a reviewer would ask for were run.", not missing,
             ", ".join(BASELINES) if not missing else f"missing: {', '.join(missing)}"),
        Item("Transparency", "The candidates and the selection method are documented.", True,
             f"{tried} candidates, {plan.search}, highest {title} on inner folds; the simplest on ties"),
        Item("Transparency", "Scores on inner folds are shown next to scores on test articles.", True,
             "section 'Selected models'"),
        Item("Transparency", "The expected score for smaller search budgets is reported.", False,
             "scores of candidates that were not selected are not saved"),
        Item("Transparency", "Every fold is reported, not only the mean.", True, f"{len(comparison.splits)} splits"),
        Item("Transparency", "Cross-validation was repeated with other seeds.", repeats > 1, f"{repeats} repeats"),
        Item("Transparency", "Every fit converged.", not unconverged, "; ".join(unconverged) or "no warning"),
        Item("Uncertainty", "Metrics have confidence intervals, over groups of near-duplicates.", plan.resamples > 0,
             f"{plan.resamples} bootstrap resamples"),
        Item("Uncertainty", "Tests are corrected for overlapping training sets and for multiple comparisons.", True,
             "corrected t-test (Nadeau and Bengio 2003), Holm" if len(comparison.splits) > 1 else "McNemar, Holm"),
        Item("Uncertainty", "The size of a difference that matters is defined.", True,
             f"differences up to {plan.rope:g} do not matter (region of practical equivalence)"),
        Item("Errors", "Each topic has its own metrics, threshold, curve and confusion matrix.", True,
             "sections by topic"),
        Item("Errors", "Probabilities are calibrated, and the calibration is evaluated.", probable > 0,
             f"{probable} classifiers, {plan.decision_rule.calibration}"),
        Item("Errors", "Examples of errors are shown.", about.errors > 0 and about.extract > 0,
             f"{about.errors} of each type and topic, {about.extract} characters of each article"),
        Item("Reproducibility", "The code version is known, and was committed.", bool(where.commit) and not where.dirty,
             (where.commit or "no commit") + (", with uncommitted changes" if where.dirty else "")),
        Item("Reproducibility", "The environment is pinned.", bool(where.requirements),
             f"requirements.lock {where.requirements[:16]}" if where.requirements else "no requirements.lock"),
        Item("Reproducibility", "The figures equal those of an earlier run.", about.lock == "same",
             {"same": "equal to the results lock", "moved": "NOT equal to the results lock",
              "none": "there was no results lock before this run"}[about.lock]),
        Item("Reproducibility", "The machine and the run time are reported.", True,
             f"{where.system}, {comparison.seconds:.0f} s"),
    ]  # fmt: skip


def straddling(comparison: Comparison) -> int:
    """Count test articles that have a near-duplicate among the training articles of their split."""
    groups = comparison.dataset.groups
    return sum(
        int(sum(group in training for group in groups[split.test].tolist()))
        for split in comparison.splits
        for training in (set(groups[split.train].tolist()),)
    )
