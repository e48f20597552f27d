"""Checklist of a reviewer's questions, answered from the run. A box is empty if the answer is no.

The questions follow REFORMS (Kapoor et al. 2024) and "Show your work" (Dodge et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from topicdesk.errors import counted
from topicdesk.evaluation import BASELINES, CORPUS_SAMPLE, metric_title, shown
from topicdesk.evaluation.model_selection import candidates_of

if TYPE_CHECKING:
    from topicdesk.evaluation import ComparisonResult
    from topicdesk.report.about import About

__all__ = ["Item", "checklist", "straddling"]


# By the grouping of the dataset: what every split keeps together, and what bootstrap resamples draw.
_GROUPS = {
    "near-duplicates": ("near-duplicates", "groups of near-duplicates"),
    "stories": ("articles of the same story", "stories"),
    "own": ("articles of the same group", "the groups of the dataset"),
}


@dataclass(frozen=True)
class Item:
    """One item of the checklist: its group, the statement, whether it is true, and the evidence."""

    group: str
    asks: str
    holds: bool
    shown_by: str


def checklist(comparison: ComparisonResult, about: About) -> list[Item]:
    """Return the checklist of a run.

    Parameters
    ----------
    comparison : ComparisonResult
        Result of the run.
    about : About
        Description of the experiment.

    Returns
    -------
    list of Item
        All items, including those that are not true. Each is computed from the run. Two are never true: topicdesk
        does not do what they ask for.
    """
    data, plan, provenance, environment = comparison.dataset, comparison.plan, about.provenance, about.environment
    names = {classifier.name for classifier in plan.classifiers}
    n_straddling = straddling(comparison)
    repeats = len({split.repeat for split in comparison.splits})
    n_splits = counted(len(comparison.splits), "split")
    unconverged = [warning for warning in comparison.warnings if "converged" in warning]
    n_calibrated = len(comparison.probability_leaderboard())
    scheme = comparison.splits[0].scheme
    candidates = {one.name: len(candidates_of(one, plan.settings)) for one in plan.classifiers}
    missing = [name for name in BASELINES if name not in names]
    committed = bool(environment.commit) and not environment.dirty
    n_shared = sum(len(np.intersect1d(split.train, split.test)) for split in comparison.splits)
    searched = [result for result in comparison.results if candidates.get(result.classifier, 0) > 1]
    n_scored = sum(bool(np.isfinite(result.inner_score)) for result in searched)
    n_folds = len(comparison.fold_scores[["classifier", "repeat", "fold"]].drop_duplicates())
    complete = n_folds == len(names) * len(comparison.splits)
    measured = set(data.topics).intersection(comparison.topic_scores["topic"])
    annotators = ", ".join(f"{name} ({count} articles)" for name, count in provenance.annotators.items())
    title = metric_title(plan.metric)
    together, units = _GROUPS[data.grouping]
    return [
        Item("Claim", "The experiment states its question.", bool(about.question), about.question),
        Item("Claim", "The spec names the metric that decides.", plan.metric in about.spec_text,
             f"{title}, in {about.spec}"),
        Item(
            "Claim", "Some articles were drawn uniformly from the population, and are marked as such.",
            plan.representative is not None,
            f"sample '{plan.representative}'" if plan.representative else "no representative sample in the spec",
        ),
        Item("Claim", "It is known how each article was drawn, and the headline is weighted accordingly.",
             data.weights is not None,
             ("weighted to the corpus" if comparison.headline == CORPUS_SAMPLE else "all articles weigh the same")
             if data.weights is not None else "the labels have no probabilities of selection"),
        Item("Data", "Articles and labels are identified by hashes.", bool(data.corpus_hash and data.labels_hash),
             f"articles {data.corpus_hash or 'unknown'}, labels {data.labels_hash or 'unknown'}"),
        Item("Data", "The origin and licence of the articles are documented.",
             bool(provenance.citation and provenance.licence),
             f"{provenance.citation} {provenance.licence}".strip() or "the corpus is not among the pinned sources"),
        Item("Data", "The annotators, human or machine, and their codebook are documented.",
             bool(provenance.annotators and provenance.codebooks),
             f"{annotators}; codebook {', '.join(provenance.codebooks)}" if provenance.annotators else "unknown"),
        Item("Data", "More than one annotator labelled articles, so agreement can be measured.",
             len(provenance.annotators) > 1, f"annotators: {len(provenance.annotators)}"),
        Item("Leakage", f"No {together} are on both sides of a split.", n_straddling == 0,
             f"{counted(n_straddling, 'test article')} of {n_splits} with one in the training articles"),
        Item("Leakage", "No article is both a training and a test article of a split.", n_shared == 0,
             f"{n_shared} are; vocabulary, idf, selection, thresholds and calibration use {plan.inner_folds} inner "
             "folds of each split's training articles"),
        Item("Leakage", "Articles are held out by source or by time.", scheme in ("source", "time"),
             f"scheme '{scheme}'; the leakage audit above predicts the source from the text"),
        Item("Leakage", "The result was confirmed on articles that were never used before.", False,
             "earlier runs used the same test articles, so scores may be slightly too high"),
        Item("Transparency", "The baselines that a reviewer would ask for were run.", not missing,
             ", ".join(BASELINES) if not missing else f"missing: {', '.join(missing)}"),
        Item("Transparency", "Every selected model has a score on inner folds, beside its score on test articles.",
             0 < n_scored == len(searched),
             f"{n_scored} of {len(searched)}, of {sum(candidates.values())} candidates, {plan.search}, "
             f"highest {title} on inner folds; the simplest on ties"),
        Item("Transparency", "The expected score for smaller search budgets is reported.", False,
             "scores of candidates that were not selected are not saved"),
        Item("Transparency", "Every fold is reported, not only the mean.", complete,
             f"{counted(n_folds, 'fold')}, for {counted(len(names), 'classifier')} and {n_splits}"),
        Item("Transparency", "Cross-validation was repeated with other seeds.", repeats > 1,
             counted(repeats, "repeat")),
        Item("Transparency", "Every fit converged.", not unconverged, "; ".join(unconverged) or "no warning"),
        Item("Uncertainty", f"Metrics have confidence intervals, over {units}.", plan.resamples > 0,
             f"{plan.resamples} bootstrap resamples; widened for the choice of training articles"),
        Item("Uncertainty", "Differences are tested together, with a family-wise error rate of 5 %.",
             bool(comparison.significance["p"].notna().any()),
             f"{counted(len(comparison.significance), 'difference')}: max-T over {plan.resamples} resamples"),
        Item("Uncertainty", "The highest score is corrected for having been chosen.",
             bool(np.isfinite(comparison.verdict.corrected)),
             f"{shown(comparison.verdict.corrected)} after correction (BBC-CV)"),
        Item("Uncertainty", "The size of a difference that matters is defined.", plan.rope > 0,
             f"differences up to {plan.rope:g} do not matter (region of practical equivalence)"),
        Item("Errors", "Each topic has its own metrics.", len(measured) == data.n_topics,
             f"{len(measured)} of {data.n_topics} topics"),
        Item("Errors", "Probabilities are calibrated, and the calibration is evaluated.", n_calibrated > 0,
             f"{counted(n_calibrated, 'classifier')}, {plan.decision_rule.calibration}"),
        Item("Errors", "Examples of errors are shown.", about.errors > 0 and about.extract > 0,
             f"{about.errors} of each type and topic, {about.extract} characters of each article"),
        Item("Reproducibility", "The code version is known, and was committed.", committed,
             (environment.commit or "no commit") + (", with uncommitted changes" if environment.dirty else "")),
        Item("Reproducibility", "The environment is pinned.", bool(environment.requirements),
             f"requirements.lock {environment.requirements[:16]}" if environment.requirements
             else "no requirements.lock"),
        Item("Reproducibility", "The scores equal those of an earlier run.", about.lock == "same",
             {"same": "equal to the results lock", "moved": "NOT equal to the results lock",
              "none": "there was no results lock before this run"}[about.lock]),
        Item("Reproducibility", "The machine and the run time are reported.",
             bool(environment.system) and comparison.seconds > 0,
             f"{environment.system or 'unknown'}, {comparison.seconds:.0f} s"),
    ]  # fmt: skip


def straddling(comparison: ComparisonResult) -> int:
    """Count test articles that have an article of their group, such as a near-duplicate, in training."""
    groups = comparison.dataset.groups
    return sum(
        int(sum(group in training for group in groups[split.test].tolist()))
        for split in comparison.splits
        for training in (set(groups[split.train].tolist()),)
    )
