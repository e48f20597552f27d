"""The results lock: the figures of an experiment, committed, so that anyone can ask whether they come out again."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from topicdesk.atomic import write_text
from topicdesk.environment import Environment
from topicdesk.errors import VerificationError
from topicdesk.evaluation import ALL_SAMPLES, Comparison, figures_where, metric_title, splits_hash
from topicdesk.toml import StrictModel

__all__ = ["Difference", "ResultsLock", "differences", "lock_path", "lock_text", "make_lock", "read_lock", "write_lock"]

# Figures are kept to so many decimals.
_DECIMALS = 6

_NOT_COMPARED = {"made_with", "made_on", "commit", "changed"}
_COMMIT_CHARACTERS = 10

#: A figure and the ends of its interval; None where it is undefined.
_Figure = tuple[float | None, float | None, float | None]


class _LockedTest(StrictModel):
    """How far the best classifier is ahead of another, and whether that is real."""

    difference: _Figure
    p: float | None
    p_holm: float | None
    mcnemar_p: float
    #: Posterior probabilities of being better, equivalent and worse by more than the region of practical equivalence.
    posterior: _Figure


class _LockedComparison(StrictModel):
    """One corpus's figures."""

    corpus: str
    labels: str
    articles: int
    #: Articles that repeat an earlier one; splits keep them on one side.
    near_duplicates: int
    #: Hash of the outer splits: which articles train and which are tested.
    splits: str
    #: Test articles that carry each topic.
    support: dict[str, int]
    #: By sample, classifier and metric.
    figures: dict[str, dict[str, dict[str, _Figure]]]
    #: Distance to the first in the experiment's metric, by classifier.
    behind: dict[str, _Figure]
    #: By classifier, the best left out.
    significance: dict[str, _LockedTest]
    winner: str
    verdict: str
    #: F1 by classifier and topic, over all test articles.
    topics_f1: dict[str, dict[str, _Figure]]

    def significance_frame(self) -> pd.DataFrame:
        """Give the adjusted p-values as `leaderboard` reads them."""
        adjusted = {name: test.p_holm for name, test in self.significance.items()}
        return pd.DataFrame({"p_holm": pd.Series(adjusted, dtype=float)})

    def figures_frame(self, metric: str) -> pd.DataFrame:
        """Give the figures as `leaderboard` reads them."""
        rows = []
        for sample, by_classifier in self.figures.items():
            for classifier, by_metric in by_classifier.items():
                for name, figure in by_metric.items():
                    values = dict(zip(("value", "low", "high"), figure, strict=True))
                    if name == metric and sample == ALL_SAMPLES:
                        behind = ("behind", "behind_low", "behind_high")
                        values |= dict(zip(behind, self.behind[classifier], strict=True))
                    rows.append({"classifier": classifier, "sample": sample, "metric": name} | values)
        return pd.DataFrame(rows)


class ResultsLock(StrictModel):
    """The figures of an experiment and what they rest on."""

    experiment: str
    spec: str
    metric: str
    #: Versions and platform; told when a figure moved, not compared.
    made_with: dict[str, str]
    #: Day and commit that it was made on, and what is not as in the lock before it; not compared either.
    made_on: str = ""
    commit: str = ""
    changed: tuple[str, ...] = ()
    comparisons: dict[str, _LockedComparison]

    def facts(self) -> dict[str, str]:
        """Give what the figures rest on: code, packages, machine, spec, articles, labels and splits."""
        of_data = {
            f"{name}: {what}": getattr(locked, what)
            for name, locked in self.comparisons.items()
            for what in ("corpus", "labels", "splits")
        }
        return {"commit": self.commit, **self.made_with, "spec": self.spec, **of_data}

    def after(self, earlier: ResultsLock | None) -> ResultsLock:
        """Give the same lock with what changed since an earlier one, in a few lines."""
        changes = ("everything: it is the first",) if earlier is None else tuple(_told_changes(earlier, self))
        return self.model_copy(update={"changed": changes})


class Difference(StrictModel):
    """One place where a recomputed result is not the locked one."""

    where: str
    locked: Any = None
    now: Any = None

    @property
    def by(self) -> float | None:
        """How far a figure moved; None for what is no figure."""
        numbers = isinstance(self.locked, float | int) and isinstance(self.now, float | int)
        return self.now - self.locked if numbers else None


def lock_path(spec: Path) -> Path:
    """Give where the lock of a spec stands: beside it, ``<name>.lock.json``."""
    return spec.with_suffix(".lock.json")


def make_lock(
    name: str, spec_hash: str, metric: str, environment: Environment, comparisons: Sequence[Comparison]
) -> ResultsLock:
    """Take the figures of an experiment.

    Parameters
    ----------
    name : str
        The experiment's.
    spec_hash, metric : str
    environment : Environment
        What they were made with.
    comparisons : sequence of Comparison

    Returns
    -------
    ResultsLock
    """
    return ResultsLock(
        experiment=name,
        spec=spec_hash,
        metric=metric,
        made_with=environment.made_with(),
        made_on=date.today().isoformat(),
        commit=environment.commit[:_COMMIT_CHARACTERS] + (" and changes" if environment.dirty else ""),
        comparisons={comparison.dataset.name: _locked(comparison) for comparison in comparisons},
    )


def write_lock(lock: ResultsLock, path: Path) -> None:
    """Write a lock as `lock_text` gives it, whole or not at all."""
    write_text(path, lock_text(lock))


def lock_text(lock: ResultsLock) -> str:
    """Write a lock as sorted JSON, a figure a line."""
    text = json.dumps(lock.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    # A figure and its interval on one line: that is what a person reads in a diff.
    return re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


def read_lock(path: Path) -> ResultsLock:
    """Read a lock; `VerificationError` when it is missing or is not one."""
    if not path.is_file():
        raise VerificationError(f"no results lock at {path}. Make it with 'topicdesk compare', and commit it.")
    try:
        return ResultsLock.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise VerificationError(
            f"{path} is not a results lock ({str(error).splitlines()[0]}). Restore it with git, or delete it and "
            "make it again with 'topicdesk compare'."
        ) from error


def differences(locked: ResultsLock, now: ResultsLock, tolerance: float = 0.0) -> list[Difference]:
    """List where two locks differ; what they were made with, on and from aside.

    Parameters
    ----------
    locked, now : ResultsLock
    tolerance : float, default 0.0
        How far a figure may move.

    Returns
    -------
    list of Difference
        In the order of the lock.
    """
    before, after = (dict(_leaves(lock.model_dump(mode="json", exclude=_NOT_COMPARED))) for lock in (locked, now))
    found = []
    for where in dict.fromkeys([*before, *after]):
        difference = Difference(where=where, locked=before.get(where), now=after.get(where))
        if difference.locked == difference.now:
            continue
        if difference.by is None or abs(difference.by) > tolerance:
            found.append(difference)
    return found


def _locked(comparison: Comparison) -> _LockedComparison:
    data, pooled, by_topic = comparison.dataset, comparison.figures, comparison.topic_figures
    figures: dict[str, dict[str, dict[str, _Figure]]] = {}
    for row in pooled.to_dict("records"):
        by_metric = figures.setdefault(row["sample"], {}).setdefault(row["classifier"], {})
        by_metric[row["metric"]] = _rounded(row["value"], row["low"], row["high"])
    main = figures_where(pooled, sample=ALL_SAMPLES, metric=comparison.plan.metric)
    topics: dict[str, dict[str, _Figure]] = {}
    f1 = figures_where(by_topic, sample=ALL_SAMPLES, metric="f1")
    for row in f1.to_dict("records"):
        topics.setdefault(row["classifier"], {})[row["topic"]] = _rounded(row["value"], row["low"], row["high"])
    return _LockedComparison(
        corpus=data.corpus_hash,
        labels=data.labels_hash,
        articles=len(data),
        near_duplicates=len(data) - len(set(data.groups)),
        splits=splits_hash(data, comparison.splits),
        support={row["topic"]: row["support"] for row in f1.to_dict("records")},
        figures=figures,
        behind={
            row["classifier"]: _rounded(row["behind"], row["behind_low"], row["behind_high"])
            for row in main.to_dict("records")
        },
        significance={
            str(name): _LockedTest(
                difference=_rounded(row["difference"], row["low"], row["high"]),
                p=_rounded_one(row["p"]),
                p_holm=_rounded_one(row["p_holm"]),
                mcnemar_p=round(row["mcnemar_p"], _DECIMALS),
                posterior=_rounded(row["better"], row["equivalent"], row["worse"]),
            )
            for name, row in comparison.significance.to_dict("index").items()
        },
        winner=comparison.verdict.winner,
        verdict=comparison.verdict.reason,
        topics_f1=topics,
    )


def _rounded(value: float, low: float, high: float) -> _Figure:
    return _rounded_one(value), _rounded_one(low), _rounded_one(high)


def _rounded_one(part: float) -> float | None:
    return round(float(part), _DECIMALS) if math.isfinite(part) else None


def _told_changes(earlier: ResultsLock, now: ResultsLock) -> Iterator[str]:
    """Tell a reader of a pull request what is new: causes first, then winners and figures."""
    if earlier.spec != now.spec:
        yield "the spec"
    moved = [name for name, number in now.made_with.items() if earlier.made_with.get(name) != number]
    if moved:
        yield "made with " + ", ".join(
            f"{name} {earlier.made_with.get(name, '–')} → {now.made_with[name]}" for name in moved
        )
    for name, locked in now.comparisons.items():
        before = earlier.comparisons.get(name)
        if before is None:
            yield f"{name}: new"
            continue
        for what in ("corpus", "labels", "splits"):
            if getattr(before, what) != getattr(locked, what):
                yield f"{name}: the {what}"
        if before.winner != locked.winner:
            yield f"{name}: the winner, {before.winner} → {locked.winner}"
        yield from _moved_figures(name, before, locked, now.metric)
    yield from (f"{name}: gone" for name in earlier.comparisons if name not in now.comparisons)


def _moved_figures(name: str, before: _LockedComparison, now: _LockedComparison, metric: str) -> Iterator[str]:
    old, new = before.figures[ALL_SAMPLES], now.figures[ALL_SAMPLES]
    moved = []
    for classifier in new:
        first, second = (side.get(classifier, {}).get(metric, (None,))[0] for side in (old, new))
        if first is None or second is None:
            if classifier not in old:
                moved.append(f"{classifier} is new")
        elif first != second:
            moved.append(f"{classifier} {first:.4f} → {second:.4f}")
    moved += [f"{classifier} is gone" for classifier in old if classifier not in new]
    if moved:
        yield f"{name}: {metric_title(metric)} of {', '.join(moved)}"


def _leaves(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _leaves(value[key], f"{where} › {key}" if where else key)
    elif isinstance(value, list):
        for part, name in zip(value, ("", " (low)", " (high)"), strict=True):
            yield f"{where}{name}", part
    else:
        yield where, value
