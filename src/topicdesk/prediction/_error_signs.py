"""Signs of what is behind each error of a classifier, and the kind that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicdesk.annotation import suspect_labels
from topicdesk.errors import counted
from topicdesk.prediction._error_groups import EDGE_RULE, LENGTH, OUTLET, ErrorGroup, compare_groups, error_groups
from topicdesk.prediction._error_words import (
    Evidence,
    evidence_of,
    least_evidence,
    margins,
    near_threshold,
    rare_words,
)

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset, Taxonomy
    from topicdesk.evaluation import Classifier, CrossValidation, OutOfFold

__all__ = ["KINDS", "ErrorSorter"]

DISPUTED, SUSPECT, MISSING, MISLEADING, NEAR, OTHER = (
    "disputed label", "suspect label", "missing word", "misleading word", "near threshold", "other",
)  # fmt: skip

#: The kinds of errors in order of precedence, and what a person can do about each.
KINDS: Mapping[str, str] = {
    DISPUTED: "Settle the label, and write down the rule that settles it.",
    OUTLET: "Check the outlet's labels, and its pages for other text; label more of its articles.",
    LENGTH: "Check whether these texts are complete and hold one article each; label more of them.",
    EDGE_RULE: "State the rule more clearly in the codebook, and label examples of it.",
    SUSPECT: "Read the article again, and correct the label if it is wrong.",
    MISSING: "Label more articles with these words, or add keywords.",
    MISLEADING: "Label more articles that have these words without the topic, or the topic without them.",
    NEAR: "Nothing in particular. More labels move such decisions.",
    OTHER: "Read the article.",
}

# Number of articles of a topic, found correctly, that errors about the topic are compared with.
_MOST_FOUND = 50

# Number of words that an error shows.
_MOST_WORDS = 5


_Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Signs:
    """One kind of sign: whether each decision has it, a detail for those that do, and its share of right decisions."""

    flags: _Flags
    details: Mapping[tuple[int, int], str]
    among_right: float


class ErrorSorter:
    """Find the signs of all errors of one classifier.

    Parameters
    ----------
    comparison : CrossValidation
        The comparison.
    classifier : Classifier
        The classifier.
    held_out : OutOfFold
        Its decisions by article.
    taxonomy, keywords, disputed
        As in `error_kinds`.

    Attributes
    ----------
    warnings : list of str
        Limitations of the signs.
    """

    def __init__(
        self,
        comparison: CrossValidation,
        classifier: Classifier,
        held_out: OutOfFold,
        taxonomy: Taxonomy | None,
        keywords: Mapping[str, Sequence[str]] | None,
        disputed: pd.DataFrame | None,
    ) -> None:
        self.comparison, self.classifier, self.held_out = comparison, classifier, held_out
        self.taxonomy, self.keywords, self.disputed = taxonomy, keywords, disputed
        self.data: Dataset = comparison.dataset
        self.tested = held_out.tested > 0
        n_wrong = np.where(self.data.Y == 1, held_out.tested[:, None] - held_out.given, held_out.given)
        self.n_wrong = n_wrong
        self.wrong: _Flags = self.tested[:, None] & (2 * n_wrong >= held_out.tested[:, None])
        self.right: _Flags = self.tested[:, None] & ~self.wrong
        self.errors = [(int(row), int(column)) for row, column in np.argwhere(self.wrong)]
        self.warnings: list[str] = []

    def sort(self, titles: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
        """Return the errors with their kinds, the tested groups, and the share of right decisions with each sign."""
        groups = error_groups(self.data, self.tested, self.wrong, self.taxonomy) if self.errors else []
        tests = compare_groups(groups, self.data)
        # The group with the lowest p explains an error.
        ordered = tests[tests["higher"]].sort_values("p", kind="stable")
        higher = {kind: ordered.index[ordered["kind"] == kind] for kind in (EDGE_RULE, OUTLET, LENGTH)}
        near = near_threshold(self.comparison, self.classifier.name) & self.tested[:, None]
        words, unknown = self._words(near)
        signs = {
            DISPUTED: self._disputed(),
            SUSPECT: self._suspects(unknown),
            **{kind: self._in_groups([groups[place] for place in places]) for kind, places in higher.items()},
            **words,
            NEAR: self._signs(near),
        }  # fmt: skip
        rules: dict[tuple[int, int], str] = {}
        for place in tests.sort_values("p", kind="stable").index:
            group = groups[place]
            for row in np.flatnonzero(group.explained) if group.rule else ():
                rules.setdefault((int(row), *group.topics), group.rule)
        rows = [self._row(row, column, signs, titles, rules.get((row, column), "")) for row, column in self.errors]
        return (
            _sorted(pd.DataFrame(rows, columns=_COLUMNS)),
            tests.sort_values(["p", "kind", "group"], ignore_index=True),
            {kind: sign.among_right for kind, sign in signs.items()},
        )

    def _row(
        self, row: int, column: int, signs: Mapping[str, _Signs], titles: Sequence[str], rule: str
    ) -> dict[str, Any]:
        applying = [kind for kind in KINDS if kind in signs and signs[kind].flags[row, column]] or [OTHER]
        details = {kind: signs[kind].details.get((row, column), "") for kind in applying if kind in signs}
        probabilities = self.held_out.probabilities
        return {
            "article_id": str(self.data.ids[row]),
            "title": titles[row],
            "source": str(self.data.sources[row]),
            "topic": self.data.topics[column],
            "error": "false negative" if self.data.Y[row, column] else "false positive",
            "kind": applying[0],
            "detail": details.get(applying[0], ""),
            "signs": tuple(f"{kind}: {details[kind]}" if details[kind] else kind for kind in applying[1:]),
            "rule": rule,
            "wrong": int(self.n_wrong[row, column]),
            "tested": int(self.held_out.tested[row]),
            "probability": np.nan if probabilities is None else float(probabilities[row, column]),
        }

    def _signs(self, flags: _Flags) -> _Signs:
        """Return signs without details, with their share among right decisions."""
        return _Signs(flags, {}, _mean(flags[self.right]))

    def _suspects(self, unknown: _Flags) -> _Signs:
        """Return the signs of labels that confident learning suspects, without `unknown` decisions."""
        data, probabilities = self.data, self.held_out.probabilities
        flags = np.zeros_like(self.wrong)
        if probabilities is None:
            self.warnings.append(f"{self.classifier.name} has no probabilities, so no label is suspect.")
            return self._signs(flags)
        rows = np.flatnonzero(~np.isnan(probabilities).any(axis=1))
        suspects = suspect_labels(
            y=data.Y[rows], probabilities=probabilities[rows], topics=data.topics, ids=data.ids[rows], task=data.task
        )
        for pair in self._pairs(suspects):
            flags[pair] = not unknown[pair]
        return self._signs(flags)

    def _disputed(self) -> _Signs:
        flags = np.zeros_like(self.wrong)
        if self.disputed is None or not len(self.disputed):
            return _Signs(flags, {}, float("nan"))  # nobody could disagree, or nobody did
        for pair in self._pairs(self.disputed):
            flags[pair] = True
        return self._signs(flags)

    def _pairs(self, labels: pd.DataFrame) -> list[tuple[int, int]]:
        """Return rows and columns of labels in a table; in multi-class data, of all classes of their articles."""
        row_of = {str(article): row for row, article in enumerate(self.data.ids)}
        column_of = {topic: column for column, topic in enumerate(self.data.topics)}
        pairs = []
        for article, topic in zip(labels["article_id"].map(str), labels["topic"].map(str), strict=True):
            if article in row_of and topic in column_of:
                columns = range(self.data.n_topics) if self.data.task == "multi-class" else [column_of[topic]]
                pairs += [(row_of[article], column) for column in columns]
        return pairs

    def _in_groups(self, groups: Sequence[ErrorGroup]) -> _Signs:
        flags, inside = np.zeros_like(self.wrong), np.zeros_like(self.wrong)
        details: dict[tuple[int, int], str] = {}
        for group in groups:
            columns = list(group.topics)
            inside[np.ix_(group.universe & group.members, np.array(columns))] = True
            for row in np.flatnonzero(group.explained):
                for column in columns:
                    flags[row, column] = True
                    details.setdefault((int(row), column), group.name)
        return _Signs(flags & self.wrong, details, _mean(inside[self.right]))

    def _words(self, near: _Flags) -> tuple[dict[str, _Signs], _Flags]:
        """Return the signs of missing and of misleading words, and the decisions that lack words unseen in training."""
        labelled, margin = self.data.Y == 1, margins(self.comparison, self.classifier.name)
        found = {column: self._found(column, margin) for column in sorted({column for _, column in self.errors})}
        references = [(row, column) for column, rows in found.items() for row in rows]
        evidence = evidence_of(self.comparison, self.classifier, [*self.errors, *references], self.keywords)
        unexplained = [pair for pair in self.errors if pair not in evidence]
        if unexplained:
            self.warnings.append(
                f"{counted(len(unexplained), 'error')} of {self.classifier.name} cannot be explained by words: the "
                "models of the first repeat have no terms for the topic."
            )
        least = {
            column: least_evidence([evidence[row, column] for row in rows if (row, column) in evidence])
            for column, rows in found.items()
        }
        lacking = {pair: item.lacks_words(least[pair[1]]) for pair, item in evidence.items() if labelled[pair]}
        misled = {
            pair: item.misleading(float(margin[pair]), bool(margin[pair] > 0)) if not near[pair] else ()
            for pair, item in evidence.items()
        }
        errors = set(self.errors)
        rare = rare_words(
            self.comparison,
            self.classifier,
            [row for (row, column), lacks in lacking.items() if lacks and (row, column) in errors],
            self.keywords,
            _MOST_WORDS,
        )
        missing, misleading = np.zeros_like(self.wrong), np.zeros_like(self.wrong)
        details: dict[str, dict[tuple[int, int], str]] = {MISSING: {}, MISLEADING: {}}
        for pair in self.errors:
            if lacking.get(pair):
                missing[pair] = True
                details[MISSING][pair] = _of_missing(evidence[pair], rare.words.get(pair[0], []))
            if misled.get(pair) and (margin[pair] > 0) != labelled[pair]:
                misleading[pair] = True
                details[MISLEADING][pair] = (
                    f"{'for it' if margin[pair] > 0 else 'against it'}: {', '.join(misled[pair])}"
                )
        references = [pair for pair in references if pair in evidence]
        unknown = missing.any(axis=1, keepdims=True) if self.data.task == "multi-class" else missing
        return {
            MISSING: _Signs(missing, details[MISSING], _mean(np.array([lacking[pair] for pair in references]))),
            MISLEADING: _Signs(
                misleading, details[MISLEADING], _mean(np.array([bool(misled[pair]) for pair in references]))
            ),
        }, unknown & rare.many[:, None] & self.wrong

    def _found(self, column: int, margin: NDArray[np.float64]) -> list[int]:
        """Return some articles with a topic in which it was found, spread over the dataset."""
        with np.errstate(invalid="ignore"):
            rows = np.flatnonzero((self.data.Y[:, column] == 1) & self.right[:, column] & (margin[:, column] > 0))
        if len(rows) > _MOST_FOUND:
            rows = rows[np.linspace(0, len(rows) - 1, _MOST_FOUND).astype(int)]
        return [int(row) for row in rows]


_COLUMNS = (
    "article_id", "title", "source", "topic", "error", "kind", "detail", "signs", "rule", "wrong", "tested",
    "probability",
)  # fmt: skip


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    """Sort by kind, then by how often the decision is wrong, then by confidence."""
    doubt = np.where(table["error"] == "false positive", table["probability"], 1 - table["probability"])
    keys = (
        -np.nan_to_num(doubt.astype(float)),
        -(table["wrong"] / table["tested"]).to_numpy(dtype=float),
        table["kind"].map(list(KINDS).index).to_numpy(dtype=int),
    )
    return table.iloc[np.lexsort(keys)].reset_index(drop=True)


def _of_missing(evidence: Evidence, rare: Sequence[str]) -> str:
    telling = ", ".join(entry.term for entry in evidence.towards[:_MOST_WORDS])
    parts = [f"for it: {telling}" if telling else "nothing speaks for it"]
    return "; ".join([*parts, *([f"too rare in training: {', '.join(rare)}"] if rare else [])])


def _mean(values: _Flags) -> float:
    return float(values.mean()) if len(values) else float("nan")
