"""The results lock: the scores of an experiment, committed to version control to verify that they are reproducible."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field, ValidationError

from topicdesk._atomic import write_text
from topicdesk._environment import Environment
from topicdesk._toml import StrictModel
from topicdesk.errors import VerificationError
from topicdesk.evaluation import (
    ALL_SAMPLES,
    CORPUS_SAMPLE,
    DIFFERENCE_FROM_BEST,
    ComparisonResult,
    SharedScores,
    hash_of_tested,
    metric_title,
    scores_where,
    splits_hash,
)

__all__ = [
    "Difference",
    "LockedComparison",
    "LockedInterval",
    "ResultsLock",
    "changed_inputs",
    "differences",
    "lock_path",
    "lock_text",
    "make_lock",
    "read_lock",
    "write_lock",
]

# Rounding of scores in a lock.
_DECIMALS = 6

# `tested` follows from the labels and the splits, which are compared. Locks of earlier versions do not have it.
_NOT_COMPARED: Any = {
    "made_with": True, "made_on": True, "commit": True, "changed": True, "comparisons": {"__all__": {"tested": True}},
}  # fmt: skip
_COMMIT_CHARACTERS = 10

#: Fields of a comparison that are hashes of what its scores depend on, and what each is called.
_INPUTS = {"corpus": "articles", "labels": "labels", "splits": "splits"}

# Between the names of the parts of a lock, in the place of a difference.
_WITHIN = " › "

#: A score and the ends of its interval; None if undefined.
LockedInterval = tuple[float | None, float | None, float | None]


class _LockedTest(StrictModel):
    """Difference between the best classifier and another, with significance tests."""

    difference: LockedInterval
    #: Adjusted for all pairs. In locks of earlier versions, the p-value that `p_holm` adjusts.
    p: float | None
    conclusion: str = ""
    #: In locks of earlier versions only.
    p_holm: float | None = Field(default=None, exclude=True)
    folds_p: float | None = None
    mcnemar_p: float
    #: Posterior probabilities of being better, equivalent and worse by more than the region of practical equivalence.
    posterior: LockedInterval


class _LockedShared(StrictModel):
    """Scores on the test articles of another experiment, judged by its labels."""

    #: Hash of these articles and labels, as in the lock of the other experiment.
    tested: str
    articles: int
    #: By classifier and metric; each article counts once.
    figures: dict[str, dict[str, LockedInterval]]


class LockedComparison(StrictModel):
    """Results for one corpus."""

    corpus: str
    labels: str
    articles: int
    #: Number of articles that repeat an earlier one.
    near_duplicates: int
    #: Hash of the outer splits.
    splits: str
    #: Hash of the test articles and their labels. Only scores with the same hash may be compared.
    tested: str = ""
    #: Number of test articles that have each topic; with weights, the effective number.
    support: dict[str, int]
    #: By sample, classifier and metric.
    figures: dict[str, dict[str, dict[str, LockedInterval]]]
    #: Difference from the best classifier in the experiment's metric, by classifier.
    behind: dict[str, LockedInterval]
    #: By classifier, except the best.
    significance: dict[str, _LockedTest]
    winner: str
    verdict: str
    outcome: str = ""
    #: The metric of the best classifier, corrected for its choice.
    corrected: float | None = None
    #: F1 by classifier and topic, of the headline.
    topics_f1: dict[str, dict[str, LockedInterval]]
    #: By name of the other experiment.
    shared: dict[str, _LockedShared] = Field(default_factory=dict)

    @property
    def headline(self) -> str:
        """The sample of the headline, as in `Comparison.headline`."""
        return CORPUS_SAMPLE if CORPUS_SAMPLE in self.figures else ALL_SAMPLES

    def significance_frame(self) -> pd.DataFrame:
        """Return the adjusted p-values and the conclusions as `leaderboard` expects them."""
        tests = self.significance
        p_values = {name: test.p if test.p_holm is None else test.p_holm for name, test in tests.items()}
        frame = pd.DataFrame({"p": pd.Series(p_values, dtype=float)})
        if any(test.conclusion for test in tests.values()):
            frame["conclusion"] = [tests[name].conclusion for name in frame.index]
        return frame

    def scores_frame(self, metric: str) -> pd.DataFrame:
        """Return the scores as `leaderboard` expects them."""
        rows = []
        for sample, by_classifier in self.figures.items():
            for classifier, by_metric in by_classifier.items():
                for name, interval in by_metric.items():
                    values = dict(zip(("value", "low", "high"), interval, strict=True))
                    if name == metric and sample == self.headline:
                        values |= dict(zip(DIFFERENCE_FROM_BEST, self.behind[classifier], strict=True))
                    rows.append({"classifier": classifier, "sample": sample, "metric": name} | values)
        return pd.DataFrame(rows)


class ResultsLock(StrictModel):
    """The scores of an experiment, and the versions and hashes that they depend on."""

    experiment: str
    spec: str
    metric: str
    #: Versions and platform. Not compared, but reported when a score changes.
    made_with: dict[str, str]
    #: Date and commit of the lock, and the changes since the previous lock. Not compared.
    made_on: str = ""
    commit: str = ""
    changed: tuple[str, ...] = ()
    comparisons: dict[str, LockedComparison]

    def facts(self) -> dict[str, str]:
        """Return what the scores depend on: code, packages, machine, spec, articles, labels and splits."""
        data_facts = {
            f"{name}: {field}": getattr(comparison, field)
            for name, comparison in self.comparisons.items()
            for field in _INPUTS
        }
        return {"commit": self.commit, **self.made_with, "spec": self.spec, **data_facts}

    def after(self, earlier: ResultsLock | None) -> ResultsLock:
        """Return a copy of the lock with a short list of changes since an earlier one."""
        changes = ("everything: this is the first lock",) if earlier is None else tuple(_changes_since(earlier, self))
        return self.model_copy(update={"changed": changes})


class Difference(StrictModel):
    """One difference between a recomputed result and the locked one."""

    where: str
    locked: Any = None
    now: Any = None

    @property
    def is_input(self) -> bool:
        """Whether the values are hashes of an input, and not results."""
        parts = self.where.split(_WITHIN)
        return parts == ["spec"] or (parts[0] == "comparisons" and len(parts) == 3 and parts[2] in _INPUTS)

    def is_about(self, metric: str) -> bool:
        """Whether the values are a winner, or a score in this metric."""
        parts = self.where.split(_WITHIN)
        return parts[-1] == metric or (len(parts) == 3 and parts[2] == "winner")

    @property
    def by(self) -> float | None:
        """Difference between the two values; None if they are not numbers."""
        numbers = isinstance(self.locked, float | int) and isinstance(self.now, float | int)
        return self.now - self.locked if numbers else None


def lock_path(spec: Path) -> Path:
    """Return the path of a spec's lock: ``<name>.lock.json`` in the same folder."""
    return spec.with_suffix(".lock.json")


def make_lock(
    name: str,
    spec_hash: str,
    metric: str,
    environment: Environment,
    comparisons: Sequence[ComparisonResult],
    shared: Mapping[str, Mapping[str, SharedScores]] | None = None,
) -> ResultsLock:
    """Make the results lock of an experiment.

    Parameters
    ----------
    name : str
        Name of the experiment.
    spec_hash : str
        Content hash of the spec.
    metric : str
        The spec's metric.
    environment : Environment
        The environment that computed the scores.
    comparisons : sequence of Comparison
        One per corpus.
    shared : mapping of str to mapping of str to SharedScores, optional
        By corpus, then by name of another experiment: scores on its test articles.

    Returns
    -------
    ResultsLock
    """
    shared = {} if shared is None else shared
    return ResultsLock(
        experiment=name,
        spec=spec_hash,
        metric=metric,
        made_with=environment.made_with(),
        made_on=date.today().isoformat(),
        commit=environment.commit[:_COMMIT_CHARACTERS] + (" and changes" if environment.dirty else ""),
        comparisons={
            comparison.dataset.name: _locked(comparison, shared.get(comparison.dataset.name, {}))
            for comparison in comparisons
        },
    )


def write_lock(lock: ResultsLock, path: Path) -> None:
    """Write a lock to a file atomically, as formatted by `lock_text`."""
    write_text(path, lock_text(lock))


def lock_text(lock: ResultsLock) -> str:
    """Return a lock as sorted JSON, with one score per line."""
    text = json.dumps(lock.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    # A score and its interval on one line are easier to read in a diff.
    return re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda match: f"[{' '.join(match[1].split())}]", text) + "\n"


def read_lock(path: Path) -> ResultsLock:
    """Read a lock; raise `VerificationError` if it is missing or invalid."""
    if not path.is_file():
        raise VerificationError(f"no results lock at {path}. Create it with 'topicdesk compare', and commit it.")
    try:
        return ResultsLock.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise VerificationError(
            f"{path} is not a results lock ({str(error).splitlines()[0]}). Restore it with git, or delete it and "
            "create it again with 'topicdesk compare'."
        ) from error


def differences(locked: ResultsLock, now: ResultsLock, tolerance: float = 0.0) -> list[Difference]:
    """List the differences between two locks, ignoring versions, date, commit and list of changes.

    Parameters
    ----------
    locked, now : ResultsLock
        The saved lock and the recomputed one.
    tolerance : float, default 0.0
        Maximum absolute difference of a number that is not reported.

    Returns
    -------
    list of Difference
        In the order of the lock.
    """
    before, after = (dict(_leaves(lock.model_dump(mode="json", exclude=_NOT_COMPARED))) for lock in (locked, now))
    changed = []
    for key in dict.fromkeys([*before, *after]):
        difference = Difference(where=key, locked=before.get(key), now=after.get(key))
        if difference.locked == difference.now:
            continue
        if difference.by is None or abs(difference.by) > tolerance:
            changed.append(difference)
    return changed


def _locked(comparison: ComparisonResult, shared: Mapping[str, SharedScores]) -> LockedComparison:
    data, pooled, by_topic = comparison.dataset, comparison.scores, comparison.topic_scores
    scores: dict[str, dict[str, dict[str, LockedInterval]]] = {}
    for row in pooled.to_dict("records"):
        by_metric = scores.setdefault(row["sample"], {}).setdefault(row["classifier"], {})
        by_metric[row["metric"]] = _rounded(row["value"], row["low"], row["high"])
    overall = scores_where(pooled, sample=comparison.headline, metric=comparison.plan.metric)
    topics: dict[str, dict[str, LockedInterval]] = {}
    f1 = scores_where(by_topic, sample=comparison.headline, metric="f1")
    for row in f1.to_dict("records"):
        topics.setdefault(row["classifier"], {})[row["topic"]] = _rounded(row["value"], row["low"], row["high"])
    return LockedComparison(
        corpus=data.corpus_hash,
        labels=data.labels_hash,
        articles=len(data),
        near_duplicates=len(data) - len(set(data.groups)),
        splits=splits_hash(data, comparison.splits),
        tested=hash_of_tested(data, comparison.splits),
        support={row["topic"]: row["support"] for row in f1.to_dict("records")},
        figures=scores,
        behind={
            row["classifier"]: _rounded(*(row[column] for column in DIFFERENCE_FROM_BEST))
            for row in overall.to_dict("records")
        },
        significance={
            str(name): _LockedTest(
                difference=_rounded(row["difference"], row["low"], row["high"]),
                p=_rounded_one(row["p"]),
                conclusion=row["conclusion"],
                folds_p=_rounded_one(row["folds_p"]),
                mcnemar_p=round(row["mcnemar_p"], _DECIMALS),
                posterior=_rounded(row["better"], row["equivalent"], row["worse"]),
            )
            for name, row in comparison.significance.to_dict("index").items()
        },
        winner=comparison.verdict.winner,
        verdict=comparison.verdict.reason,
        outcome=comparison.verdict.outcome,
        corrected=_rounded_one(comparison.verdict.corrected),
        topics_f1=topics,
        shared={name: _locked_shared(scores) for name, scores in shared.items()},
    )


def _locked_shared(shared: SharedScores) -> _LockedShared:
    figures: dict[str, dict[str, LockedInterval]] = {}
    for row in shared.scores.to_dict("records"):
        figures.setdefault(row["classifier"], {})[row["metric"]] = _rounded(row["value"], row["low"], row["high"])
    return _LockedShared(tested=shared.tested, articles=shared.articles, figures=figures)


def _rounded(value: float, low: float, high: float) -> LockedInterval:
    return _rounded_one(value), _rounded_one(low), _rounded_one(high)


def _rounded_one(part: float) -> float | None:
    return round(float(part), _DECIMALS) if math.isfinite(part) else None


def changed_inputs(locked: ResultsLock, now: ResultsLock) -> list[str]:
    """List in words which inputs of two locks differ: the spec, versions, and the articles, labels and splits.

    Parameters
    ----------
    locked, now : ResultsLock
        The saved lock and the recomputed one.

    Returns
    -------
    list of str
        Such as ``"the labels of newsroom"``. Empty if all inputs are the same.
    """
    changed = ["the spec"] if locked.spec != now.spec else []
    for name, current in now.comparisons.items():
        previous = locked.comparisons.get(name)
        if previous is None:
            changed.append(f"the corpus {name} is new")
            continue
        changed += [
            f"the {words} of {name}"
            for field, words in _INPUTS.items()
            if getattr(previous, field) != getattr(current, field)
        ]
    changed += [f"the corpus {name} is gone" for name in locked.comparisons if name not in now.comparisons]
    return changed + _changed_versions(locked, now)


def _changed_versions(earlier: ResultsLock, now: ResultsLock) -> list[str]:
    return [
        f"{name} {earlier.made_with.get(name, '–')} → {number}"
        for name, number in now.made_with.items()
        if earlier.made_with.get(name) != number
    ]


def _changes_since(earlier: ResultsLock, now: ResultsLock) -> Iterator[str]:
    """Yield the changes for readers of a pull request: causes first, then winners and scores."""
    if earlier.spec != now.spec:
        yield "the spec"
    changed = _changed_versions(earlier, now)
    if changed:
        yield f"made with {', '.join(changed)}"
    for name, current in now.comparisons.items():
        previous = earlier.comparisons.get(name)
        if previous is None:
            yield f"{name}: new"
            continue
        for field in _INPUTS:
            if getattr(previous, field) != getattr(current, field):
                yield f"{name}: the {field}"
        if previous.winner != current.winner:
            yield f"{name}: the winner, {previous.winner} → {current.winner}"
        yield from _moved_scores(name, previous, current, now.metric)
    yield from (f"{name}: removed" for name in earlier.comparisons if name not in now.comparisons)


def _moved_scores(name: str, before: LockedComparison, now: LockedComparison, metric: str) -> Iterator[str]:
    if before.headline != now.headline:
        yield f"{name}: the headline is of the sample '{now.headline}', and was of '{before.headline}'"
    sample = now.headline if now.headline in before.figures else ALL_SAMPLES
    old, new = before.figures[sample], now.figures[sample]
    changes = []
    for classifier in new:
        first, second = (scores.get(classifier, {}).get(metric, (None,))[0] for scores in (old, new))
        if first is None or second is None:
            if classifier not in old:
                changes.append(f"{classifier} is new")
        elif first != second:
            changes.append(f"{classifier} {first:.4f} → {second:.4f}")
    changes += [f"{classifier} was removed" for classifier in old if classifier not in new]
    if changes:
        yield f"{name}: {metric_title(metric)} of {', '.join(changes)}"


def _leaves(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _leaves(value[key], f"{where}{_WITHIN}{key}" if where else key)
    elif isinstance(value, list):
        for part, name in zip(value, ("", " (low)", " (high)"), strict=True):
            yield f"{where}{name}", part
    else:
        yield where, value
