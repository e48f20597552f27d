"""Say where a classifier still fails: group its out-of-fold errors into kinds that a person can act on.

Each error gets the first kind that applies, and keeps all others as further signs. Nothing here is used to choose or
fit a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from topicdesk._arguments import check_instance, check_string, check_strings, check_table
from topicdesk._rendering import as_html, as_text
from topicdesk.annotation import Taxonomy
from topicdesk.errors import ArgumentError, counted
from topicdesk.evaluation import CrossValidation, out_of_fold
from topicdesk.evaluation._checks import check_keywords
from topicdesk.prediction._error_signs import KINDS, ErrorSorter

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ErrorKinds", "error_kinds"]

_TITLE_FIELDS = ("title", "headline")

# A sign that right decisions have almost as often does not tell why decisions are wrong.
_CLEARLY_MORE = 1.5
_EXPLAINS_LITTLE = "Nothing: right decisions have this sign almost as often as errors, so it explains little."


@dataclass(frozen=True, eq=False)
class ErrorKinds:
    """Out-of-fold errors of a classifier by kind, returned by `error_kinds`.

    Parameters
    ----------
    classifier : str
        Name of the classifier.
    topics : tuple of str
        Names of the topics.
    n_articles, n_repeats : int
        Number of tested articles, and the largest number of times that one was tested.
    table : DataFrame
        One row per error, by kind and then by how often the decision was wrong. Columns ``article_id, title, source,
        topic, error`` ("false positive" or "false negative"), ``kind, detail, signs`` (further kinds that apply, each
        with its detail), ``rule`` (a rule of the codebook that the article touches, whether or not such articles have
        more errors), ``wrong, tested, probability`` (mean out-of-fold probability of the topic, NaN if there is none).
    groups : DataFrame
        The outlets, lengths and rules that were tested. Columns ``kind, group, articles, wrong, rate, elsewhere,
        expected, p, adjusted_p, higher``. Lowest p first.
    among_right : mapping of str to float
        By kind: the share of right decisions that have the same sign. Where it is as large as the share of errors with
        the sign, the sign explains nothing.
    warnings : tuple of str
        Limitations of the result.
    """

    classifier: str
    topics: tuple[str, ...]
    n_articles: int
    n_repeats: int
    table: pd.DataFrame
    groups: pd.DataFrame
    among_right: Mapping[str, float]
    warnings: tuple[str, ...] = ()

    @property
    def summary(self) -> pd.DataFrame:
        """Number of errors by kind.

        Returns
        -------
        DataFrame of shape (9, 7)
            Index ``kind``, in order of precedence. Columns ``errors, share, false_positives, false_negatives,
            with_sign`` (share of all errors to which the kind applies, as main kind or as further sign),
            ``among_right`` (share of right decisions with the same sign; NaN if there is none to compare with), and
            ``action``.
        """
        kinds, n_errors = self.table["kind"], max(len(self.table), 1)
        wrongly_given = self.table["error"] == "false positive"
        rows = [
            {
                "errors": int((kinds == kind).sum()),
                "share": float((kinds == kind).sum() / n_errors),
                "false_positives": int(((kinds == kind) & wrongly_given).sum()),
                "false_negatives": int(((kinds == kind) & ~wrongly_given).sum()),
                "with_sign": self._with_sign(kind) / n_errors,
                "among_right": float(self.among_right.get(kind, np.nan)),
                "action": self._action(kind),
            }
            for kind in KINDS
        ]
        return pd.DataFrame(rows, index=pd.Index(KINDS, name="kind"))

    @property
    def by_topic(self) -> pd.DataFrame:
        """Number of errors by kind (index) and topic (columns), each topic with all its errors in the last row."""
        table = pd.crosstab(self.table["kind"], self.table["topic"])
        table = table.reindex(index=pd.Index(KINDS, name="kind"), columns=pd.Index(self.topics), fill_value=0)
        table.loc["all"] = table.sum()
        return table

    def examples(self, count: int = 3) -> pd.DataFrame:
        """Return the first errors of each kind: those that are wrong most often, then those with most confidence."""
        return self.table.groupby("kind", sort=False).head(count).reset_index(drop=True)

    def sentence(self) -> str:
        """Return the number of errors and the most frequent kinds in one sentence."""
        if self.table.empty:
            return f"{self.classifier} makes no errors on {counted(self.n_articles)}."
        often = " in at least half of the repeats" if self.n_repeats > 1 else ""
        counts = self.table["kind"].value_counts()
        ordered = sorted(counts.index, key=lambda kind: (-counts[kind], list(KINDS).index(kind)))
        parts = ", ".join(f"{counts[kind]} {kind}" for kind in ordered)
        return (
            f"{self.classifier} makes {counted(len(self.table), 'error')}{often}, on "
            f"{self.table['article_id'].nunique():,} of {counted(self.n_articles)}: {parts}."
        )

    def actions(self) -> dict[str, str]:
        """Return what to do about each kind that there are errors of, or that its sign explains little."""
        return {kind: self._action(kind) for kind in KINDS if (self.table["kind"] == kind).any()}

    def text_summary(self) -> pd.DataFrame:
        """Return the summary without actions, with its numbers as text."""
        rows = self.summary
        return pd.DataFrame(
            {
                "errors": rows["errors"].astype(str),
                "share": rows["share"].map("{:.0%}".format),
                "false positives": rows["false_positives"].astype(str),
                "false negatives": rows["false_negatives"].astype(str),
                "errors with the sign": [_percent(value) for value in rows["with_sign"]],
                "right decisions with it": [_percent(value) for value in rows["among_right"]],
            },
            index=rows.index,
        )

    def text_groups(self, count: int = 10) -> pd.DataFrame:
        """Return groups with significantly more errors, then those with the lowest p, with numbers as text.

        Parameters
        ----------
        count : int, default 10
            Maximum number of groups.

        Returns
        -------
        DataFrame
            Index ``group``. Groups that were too small to be tested are left out.
        """
        rows = self.groups[self.groups["p"].notna()].head(count)
        return pd.DataFrame(
            {
                "kind": rows["kind"],
                "articles": rows["articles"].astype(str),
                "errors in": rows["wrong"].astype(str),
                "share": rows["rate"].map("{:.0%}".format),
                "share elsewhere": rows["elsewhere"].map("{:.0%}".format),
                "expected": rows["expected"].map("{:.1f}".format),
                "adjusted p": ["<0.001" if p < 0.001 else f"{p:.3f}" for p in rows["adjusted_p"]],
                "more errors": ["yes" if higher else "not shown" for higher in rows["higher"]],
            }
        ).set_index(pd.Index(rows["group"], name="group"))

    def plot(self) -> Figure:
        """Plot the number of errors of each kind as bars, stacked by topic."""
        from topicdesk.prediction._plots import plot_error_kinds

        return plot_error_kinds(self.by_topic.drop(index="all"), self.classifier)

    def _action(self, kind: str) -> str:
        share = self._with_sign(kind) / max(len(self.table), 1)
        return _EXPLAINS_LITTLE if 0 < share < _CLEARLY_MORE * self.among_right.get(kind, np.nan) else KINDS[kind]

    def _with_sign(self, kind: str) -> int:
        further = [any(sign.partition(":")[0] == kind for sign in signs) for signs in self.table["signs"]]
        return int(((self.table["kind"] == kind) | np.array(further, dtype=bool)).sum())

    def __repr__(self) -> str:
        """Return the same as `str`: counts, never the texts."""
        return str(self)

    def __str__(self) -> str:
        """Return the warnings, the counts, and the groups with more errors as text."""
        higher = self.text_groups(int(self.groups["higher"].sum()))
        return "\n".join(
            [
                *self.warnings,
                self.sentence(),
                as_text(self.text_summary()),
                *([as_text(higher)] if len(higher) else []),
                *(f"{kind}: {action}" for kind, action in self.actions().items()),
            ]
        )

    def _repr_html_(self) -> str:
        examples = self.examples().drop(columns=["signs", "rule", "source"])
        summary = self.text_summary().assign(**{"what to do": self.summary["action"]})
        return as_html(self.sentence(), summary, self.text_groups(), examples, warnings=self.warnings)


def _percent(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.0%}"


def error_kinds(
    comparison: CrossValidation,
    classifier: str | None = None,
    *,
    taxonomy: Taxonomy | None = None,
    keywords: Mapping[str, Sequence[str]] | None = None,
    disputed: pd.DataFrame | None = None,
    titles: Sequence[str] | None = None,
) -> ErrorKinds:
    """Group the out-of-fold errors of a classifier into kinds that a person can act on.

    An error is an article and a topic whose decision is wrong in at least half of the times that the article was
    tested. It counts once, whatever the number of repeats. A misclassified article of multi-class data has two: the
    class that is missed, and the class that is predicted.

    Parameters
    ----------
    comparison : ComparisonResult or CrossValidation
        The comparison.
    classifier : str, optional
        Name of the classifier; by default the winner.
    taxonomy : Taxonomy, optional
        What topics exclude, and the edge rules of the codebook. Without it, only pairs of topics are edges.
    keywords : mapping of str to sequence of str, optional
        Keywords of each topic; by default those of the taxonomy. Keyword rules and blocks of keywords need them.
    disputed : DataFrame, optional
        Labels that annotators disagreed on. Columns ``article_id, topic``.
    titles : sequence of str, optional
        Title of each article of the dataset; by default the field ``title`` or ``headline`` of the texts.

    Returns
    -------
    ErrorKinds

    Raises
    ------
    ArgumentError
        If an argument has a wrong type or value.

    See Also
    --------
    topicdesk.suspect_labels : Labels that out-of-fold probabilities contradict.
    topicdesk.evaluation.audit_sources : How well the source of an article can be predicted.

    Notes
    -----
    The kinds, in order of precedence:

    1. *disputed label*: annotators disagreed about it.
    2. *outlet*, *length*: the outlet, or the shortest or longest tenth of the articles, has more errors than others.
    3. *edge rule*: two topics are confused with each other, more often than others are with the second one; or the
       article touches something that the topic excludes, or an edge rule that names the topic, and such articles have
       more errors than others.
    4. *suspect label*: confident learning suspects the label. It suspects no topic that is missed for lack of words
       (5.) in an article with unusually many words that training did not show: the classifier then knows too little to
       contradict a person.
    5. *missing word* (false negatives): the terms of the article speak less for the topic than in nine tenths of the
       articles in which the topic was found.
    6. *misleading word*: without at most three terms, the decision would be right. Any word can turn a decision near
       the threshold, so these are left out.
    7. *near threshold*: the score is among the tenth of the scores of the topic that are nearest to the threshold.
    8. *other*: none of these.

    Groups come before suspect labels and words, because they explain them: a short article lacks words, and an error
    that is made again and again is rarely one wrong label. "More errors than others" means an exact one-sided test
    within articles with the same labels, adjusted by Holm's method for all groups of the kind, at 5 %. Near-duplicates
    count once. An article touches a rule if it has two words of the rule that at most a tenth of the articles have.
    This finds the rules that use the words of the articles, and no others.

    Weights of terms are those of the models of the first repeat, fitted again. If a classifier is not linear, the
    weight of a term is what the score loses without it, for the 60 terms with the highest values.

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident learning: estimating uncertainty in dataset labels", JAIR 70.

    Examples
    --------
    >>> import topicdesk
    >>> from topicdesk.prediction import error_kinds
    >>> texts = ["The court heard the appeal.", "A jury found him guilty.", "The court fined him.", "A court ruled.",
    ...          "The train was late.", "A train broke down.", "The bus was late.", "The train was full."]
    >>> y = ["courts"] * 4 + ["transport"] * 4
    >>> comparison = topicdesk.compare(texts, y, classifiers=["linear-svm"], cv=2, inner_cv=2, n_jobs=1)
    >>> kinds = error_kinds(comparison, "linear-svm")
    >>> int(kinds.summary["errors"].sum()) == len(kinds.table)
    True
    """
    check_instance("comparison", comparison, CrossValidation, "Use compare.")
    _check_arguments(comparison, taxonomy, keywords, disputed, titles)
    name = _winner(comparison) if classifier is None else classifier
    check_string("classifier", name, empty=False)
    comparison.results_of(name)  # raises an error if there is no such classifier
    chosen = next(one for one in comparison.plan.classifiers if one.name == name)
    if keywords is None and taxonomy is not None:
        keywords = {topic.name: topic.keywords for topic in taxonomy.topics if topic.keywords}
    held_out = out_of_fold(comparison, name)
    sorter = ErrorSorter(comparison, chosen, held_out, taxonomy, keywords or None, disputed)
    table, groups, among_right = sorter.sort(_titles(comparison, titles))
    return ErrorKinds(
        classifier=name,
        topics=comparison.dataset.topics,
        n_articles=int((held_out.tested > 0).sum()),
        n_repeats=int(held_out.tested.max()),
        table=table,
        groups=groups,
        among_right=among_right,
        warnings=tuple(sorter.warnings),
    )


def _check_arguments(
    comparison: CrossValidation,
    taxonomy: object,
    keywords: Mapping[str, Sequence[str]] | None,
    disputed: pd.DataFrame | None,
    titles: Sequence[str] | None,
) -> None:
    if taxonomy is not None:
        check_instance("taxonomy", taxonomy, Taxonomy, "Use read_taxonomy.")
    check_keywords(keywords)
    if disputed is not None:
        check_table("disputed", disputed, ("article_id", "topic"))
    if titles is not None:
        check_strings("titles", titles)
        if len(titles) != len(comparison.dataset):
            raise ArgumentError(
                f"titles has {len(titles)} values, but the dataset has {len(comparison.dataset)} articles."
            )


def _winner(comparison: CrossValidation) -> str:
    verdict = getattr(comparison, "verdict", None)
    if verdict is None:
        raise ArgumentError("classifier must be the name of a classifier: these results have no winner.")
    return str(verdict.winner)


def _titles(comparison: CrossValidation, titles: Sequence[str] | None) -> Sequence[str]:
    fields = comparison.dataset.fields
    given = next((fields[name] for name in _TITLE_FIELDS if name in fields), None) if titles is None else titles
    return ("",) * len(comparison.dataset) if given is None else given
