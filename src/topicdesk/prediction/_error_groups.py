"""Groups of articles in which a classifier may err more often: outlets, lengths, rules, and confused topics.

A group explains an error only if errors are more frequent in it than in other articles with the same labels. Otherwise
the largest outlet would explain most errors merely because it has most articles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from topicdesk._proportions import stratified_exact_test
from topicdesk.evaluation import holm

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset, Taxonomy

__all__ = ["EDGE_RULE", "LENGTH", "OUTLET", "ErrorGroup", "compare_groups", "error_groups"]

EDGE_RULE, OUTLET, LENGTH = "edge rule", "outlet", "length"

#: Family-wise error rate of the tests of one kind.
_ALPHA = 0.05

# A group of fewer articles, without near-duplicates, is not tested.
_FEWEST = 5

# The shortest and the longest tenth of the articles. If many have the same length, a group has more, up to a fifth.
_EXTREME, _MOST_EXTREME = 0.1, 0.2

# An article touches a rule if it has this many words of the rule that no more than this share of the articles have.
_WORDS_OF_A_RULE, _MOST_FREQUENT = 2, 0.1

_WORD = re.compile(r"\w{3,}")

_Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ErrorGroup:
    """A group of articles, and the articles that it is compared with.

    Parameters
    ----------
    kind : str
        `EDGE_RULE`, `OUTLET` or `LENGTH`.
    name : str
        What the articles have in common.
    topics : tuple of int
        The topics whose errors the group may explain.
    universe, members, wrong : ndarray of bool, shape (n_articles,)
        The articles that are compared, those in the group, and those with an error.
    strata : ndarray of int, shape (n_articles,)
        Articles are compared with those of the same stratum.
    rule : str, default ""
        The rule of the codebook that the articles touch.
    """

    kind: str
    name: str
    topics: tuple[int, ...]
    universe: _Flags
    members: _Flags
    wrong: _Flags
    strata: NDArray[np.intp]
    rule: str = ""

    @property
    def explained(self) -> _Flags:
        """Articles in the group that have such an error."""
        return self.universe & self.members & self.wrong


def error_groups(data: Dataset, tested: _Flags, wrong: _Flags, taxonomy: Taxonomy | None) -> list[ErrorGroup]:
    """Return the groups to test.

    Parameters
    ----------
    data : Dataset
        The labelled articles.
    tested : ndarray of bool, shape (n_articles,)
        Whether each article was tested.
    wrong : ndarray of bool, shape (n_articles, n_topics)
        Whether the classifier is wrong about each topic.
    taxonomy : Taxonomy or None
        The rules of the topics. Without it, the only edge rules are pairs of topics.

    Returns
    -------
    list of ErrorGroup
    """
    return [
        *_confused_pairs(data, tested, wrong),
        *([] if taxonomy is None else _touched_rules(data, tested, wrong, taxonomy)),
        *_outlets(data, tested, wrong),
        *_lengths(data, tested, wrong),
    ]


def compare_groups(groups: Sequence[ErrorGroup], data: Dataset) -> pd.DataFrame:
    """Test whether errors are more frequent in each group than in other articles with the same labels.

    Parameters
    ----------
    groups : sequence of ErrorGroup
        From `error_groups`.
    data : Dataset
        The labelled articles.

    Returns
    -------
    DataFrame of shape (n_groups, 10)
        One row per group, in order. Columns ``kind, group, articles, wrong, rate, elsewhere, expected, p, adjusted_p,
        higher``: the number of articles and of those with an error; their share in the group and outside; the number
        of errors that is expected with these labels; the p-value of the exact test; adjusted by Holm's method for all
        groups of the kind; and whether it is below 0.05. Groups of fewer than 5 articles are not tested (NaN).
        Near-duplicates count once in the test and in ``expected``.
    """
    rows = []
    for group in groups:
        inside, outside = (group.universe & side for side in (group.members, ~group.members))
        once = np.concatenate([_first_of_each(data.groups, side) for side in (inside, outside)])
        n_members = int(group.members[once].sum())
        expected, p_value = np.nan, np.nan
        if n_members >= _FEWEST and n_members < len(once):
            expected, p_value = stratified_exact_test(group.members[once], group.wrong[once], group.strata[once])
        rows.append(
            {
                "kind": group.kind,
                "group": group.name,
                "articles": int(inside.sum()),
                "wrong": int((inside & group.wrong).sum()),
                "rate": _share(group.wrong[inside]),
                "elsewhere": _share(group.wrong[outside]),
                "expected": expected,
                "p": p_value,
            }
        )
    table = pd.DataFrame(
        rows, columns=["kind", "group", "articles", "wrong", "rate", "elsewhere", "expected", "p"]
    ).assign(adjusted_p=np.nan)
    for _, of_kind in table.groupby("kind"):
        table.loc[of_kind.index, "adjusted_p"] = holm(of_kind["p"].to_numpy(dtype=float))
    return table.assign(higher=table["adjusted_p"] < _ALPHA)


def _first_of_each(groups: NDArray[np.intp], side: _Flags) -> NDArray[np.intp]:
    """Return the first article of each group of near-duplicates among some articles."""
    rows = np.flatnonzero(side)
    return rows[np.unique(groups[rows], return_index=True)[1]]


def _share(flags: _Flags) -> float:
    return float(flags.mean()) if len(flags) else float("nan")


def _confused_pairs(data: Dataset, tested: _Flags, wrong: _Flags) -> Iterator[ErrorGroup]:
    """Yield a group for each pair of topics: one is missed, and the other predicted instead.

    The test compares the articles whose first topic is missed with those that miss another topic: is the second topic
    predicted for a larger share? It does not use all articles. Most articles have one topic, and where it is missed,
    any other topic is predicted more often than elsewhere. With two topics, there is nothing to compare with.
    """
    labelled = data.Y == 1
    missed, predicted = wrong & labelled, wrong & ~labelled
    for first, second in np.argwhere(_pairs(missed, predicted)):
        yield ErrorGroup(
            EDGE_RULE,
            f"{data.topics[first]} is missed and {data.topics[second]} predicted",
            (int(first), int(second)),
            tested & missed.any(axis=1) & ~labelled[:, second],
            missed[:, first],
            predicted[:, second],
            np.zeros(len(data), dtype=np.intp),
        )


def _pairs(missed: _Flags, predicted: _Flags) -> NDArray[np.intp]:
    """Return the number of articles that miss the first topic and get the second one, for each pair of topics."""
    return missed.T.astype(np.intp) @ predicted.astype(np.intp)


def _touched_rules(data: Dataset, tested: _Flags, wrong: _Flags, taxonomy: Taxonomy) -> Iterator[ErrorGroup]:
    """Yield a group for each rule at the edge of a topic: what it excludes, and edge rules that name it."""
    words_of = [set(_WORD.findall(text.lower())) if is_tested else set() for text, is_tested in
                zip(data.texts, tested, strict=True)]  # fmt: skip
    counts: dict[str, int] = {}
    for words in words_of:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    most = _MOST_FREQUENT * tested.sum()
    names = {word for name in data.topics for word in _WORD.findall(name)}
    for rule, columns in _rules(taxonomy, data.topics):
        telling = {
            word
            for word in _WORD.findall(rule.lower())
            if word not in ENGLISH_STOP_WORDS and word not in names and 0 < counts.get(word, 0) <= most
        }
        members = np.array([len(words & telling) >= _WORDS_OF_A_RULE for words in words_of])
        for column in columns if members.any() else ():
            yield ErrorGroup(
                EDGE_RULE,
                f"{data.topics[column]}: {rule}",
                (column,),
                tested,
                members,
                wrong[:, column],
                data.Y[:, column].astype(np.intp),
                rule,
            )


def _rules(taxonomy: Taxonomy, topics: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    """Yield each rule at an edge, with the columns of its topics. Edge rules that name no topic are left out."""
    column_of = {name: column for column, name in enumerate(topics)}
    for topic in taxonomy.topics:
        if topic.name in column_of:
            yield from ((f"not {_on_one_line(rule)}", [column_of[topic.name]]) for rule in topic.excludes)
    for rule in map(_on_one_line, taxonomy.codebook.edge_rules):
        named = [
            column_of[topic.name]
            for topic in taxonomy.topics
            if topic.name in column_of and any(_has_word(rule, name) for name in {topic.name, topic.title} if name)
        ]
        yield rule, named


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _has_word(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, flags=re.IGNORECASE) is not None


def _outlets(data: Dataset, tested: _Flags, wrong: _Flags) -> Iterator[ErrorGroup]:
    strata, any_wrong = _label_sets(data), np.asarray(wrong.any(axis=1))
    for source in sorted({str(source) for source in data.sources[tested]} - {""}):
        yield ErrorGroup(OUTLET, source, tuple(range(data.n_topics)), tested, data.sources == source, any_wrong, strata)


def _lengths(data: Dataset, tested: _Flags, wrong: _Flags) -> Iterator[ErrorGroup]:
    lengths = np.array([len(text) for text in data.texts])
    strata, any_wrong = _label_sets(data), np.asarray(wrong.any(axis=1))
    shortest, longest = np.quantile(lengths[tested], [_EXTREME, 1 - _EXTREME])
    for name, members in (
        (f"at most {shortest:,.0f} characters", lengths <= shortest),
        (f"at least {longest:,.0f} characters", lengths >= longest),
    ):
        if members[tested].mean() <= _MOST_EXTREME:
            yield ErrorGroup(LENGTH, name, tuple(range(data.n_topics)), tested, members, any_wrong, strata)


def _label_sets(data: Dataset) -> NDArray[np.intp]:
    """Return a number for each article; articles with the same labels have the same number."""
    return np.unique(data.Y, axis=0, return_inverse=True)[1].ravel()
