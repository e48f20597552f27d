"""What was read from a file of labels, and what was assumed and left out."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from topicdesk.annotation._fields import MOST_OF_AN_ANNOTATOR, RESERVED_NAMES
from topicdesk.corpus import Unreadable
from topicdesk.errors import counted

__all__ = ["ImportedLabels", "file_name", "listed"]

# Possible separators that are also part of many labels. They are used only if the user names them.
_POSSIBLE_SEPARATORS = (",", "#", "/", "+")

# Maximum number of examples in a message.
_EXAMPLES = 3


@dataclass(frozen=True, eq=False)
class ImportedLabels:
    """Labels that were read from a file.

    Parameters
    ----------
    annotations : DataFrame of shape (n_annotations, 7)
        One row per article and annotator, with `ANNOTATION_COLUMNS`; ``topics`` contains tuples of labels as written.
    separator : str
        Separator of several labels in a cell; empty if there is none.
    n_articles : int
        Number of articles in the file.
    unlabelled : int
        Number of articles that nobody has labelled.
    without_topic : int
        Number of articles that are labelled with an empty list.
    contradicted : tuple of str
        Places of rows that repeat an article with other labels of the same annotator. The first row is used.
    has_title, has_text : bool
        Whether the file has headlines, and texts.
    annotators : dict of str to str
        Name of each annotator in label files, by the name in the file.
    unreadable : tuple of Unreadable
        Parts of the file that cannot be read.
    not_in_corpus : tuple of str
        Places of labelled rows whose article is not in the corpus.
    separator_given : bool
        Whether the user named the separator, so that there is nothing to report about it.
    columns : tuple of str
        The label columns; empty for the export of a tool.
    columns_given : bool
        Whether the user named the label columns, so that there is nothing to report about them.
    other_columns : tuple of str
        Columns beside the label column whose names are usual for labels.
    is_export : bool
        Whether the file is the export of an annotation tool.
    missing : dict of str to int
        Number of cells that were read as not labelled, by their word, such as ``NA``.
    joined : bool
        Whether several rows about an article were joined into one decision.
    uncoded : dict of str to int
        Number of times that labels without a code occur, if there are codes.
    unused_codes : tuple of str
        Codes that no label has.
    noted : dict of str to int
        Number of articles that were read despite a problem, by problem.
    """

    annotations: pd.DataFrame
    separator: str = ""
    n_articles: int = 0
    unlabelled: int = 0
    without_topic: int = 0
    contradicted: tuple[str, ...] = ()
    has_title: bool = False
    has_text: bool = False
    annotators: Mapping[str, str] = field(default_factory=dict)
    unreadable: tuple[Unreadable, ...] = ()
    not_in_corpus: tuple[str, ...] = ()
    separator_given: bool = False
    columns: tuple[str, ...] = ()
    columns_given: bool = False
    other_columns: tuple[str, ...] = ()
    is_export: bool = False
    missing: Mapping[str, int] = field(default_factory=dict)
    joined: bool = False
    uncoded: Mapping[str, int] = field(default_factory=dict)
    unused_codes: tuple[str, ...] = ()
    noted: Mapping[str, int] = field(default_factory=dict)

    @property
    def settled(self) -> dict[str, tuple[str, ...]]:
        """Labels of each article, as written, without articles about which annotators disagree."""
        labels: dict[str, tuple[str, ...] | None] = {}
        for article, names in zip(self.annotations["article_id"], self.annotations["topics"], strict=True):
            previous = labels.setdefault(article, names)
            if previous is not None and set(previous) != set(names):
                labels[article] = None
        return {article: names for article, names in labels.items() if names is not None}

    @property
    def disagreements(self) -> int:
        """Number of articles about which annotators disagree."""
        return self.annotations["article_id"].nunique() - len(self.settled)

    @property
    def counts(self) -> dict[str, int]:
        """Number of articles that an annotator gave each label, the most frequent first."""
        pairs = zip(self.annotations["article_id"], self.annotations["topics"], strict=True)
        given = dict.fromkeys((article, label) for article, labels in pairs for label in labels)
        return dict(Counter(label for _, label in given).most_common())

    def of_articles(self, ids: Iterable[str]) -> ImportedLabels:
        """Return the labels of some articles only."""
        of_articles = self.annotations["article_id"].isin(set(ids))
        return replace(self, annotations=self.annotations[of_articles].reset_index(drop=True))

    @property
    def unsplit(self) -> str:
        """Possible separator: a character, such as ``,``, in several labels that share a part. Empty if none."""
        counts = self.counts
        for separator in _POSSIBLE_SEPARATORS:
            matching = [label for label in counts if separator in label and "://" not in label]
            parts = Counter(part for label in matching for part in {part.strip() for part in label.split(separator)})
            if len(matching) > 1 and any(count > 1 or part in counts for part, count in parts.items()):
                return separator
        return ""

    @property
    def one_each(self) -> bool:
        """Whether every annotation consists of exactly one label."""
        return all(len(names) == 1 for names in self.annotations["topics"])

    def lines(self) -> list[str]:
        """Describe what the labels are, and what was left out."""
        lines = []
        if self.columns and not self._guessed_columns:
            named = "column" if len(self.columns) == 1 else "columns"
            lines.append(f"the labels are the {named} {', '.join(self.columns)}")
        if self.without_topic:
            lines.append(f"labelled with no topic: {counted(self.without_topic)}")
        renamed = self._renamed(reserved=False)
        if renamed:
            lines.append(f"annotators were renamed: {listed(renamed)}")
        return lines + self.problems()

    def _renamed(self, reserved: bool) -> list[str]:
        """Return the annotators that were renamed, because topicdesk uses their names or for other reasons."""
        return [
            f"{given!r} to {name!r}"
            for given, name in self.annotators.items()
            if given and given != name and (file_name(given) in RESERVED_NAMES) == reserved
        ]

    @property
    def _guessed_columns(self) -> bool:
        """Whether the user should check the label columns: several were chosen, or there are others."""
        return not self.columns_given and (len(self.columns) > 1 or bool(self.other_columns))

    def problems(self) -> list[str]:
        """Describe what was assumed, what was left out, and what may be wrong."""
        lines = self._assumptions()
        if self.unsplit and not self.separator_given:
            option = f"--separator {shlex.quote(self.unsplit)} (separator={self.unsplit!r} in Python)"
            lines.append(f"some labels contain {self.unsplit!r}; if these are several labels, use {option}")
        renamed = self._renamed(reserved=True)
        if renamed:
            lines.append(f"annotators were renamed, because topicdesk uses these names: {listed(renamed)}")
        if self.unlabelled:
            lines.append(f"not labelled: {counted(self.unlabelled)}")
        if self.disagreements:
            lines.append(f"annotators disagree about {counted(self.disagreements)}")
        if self.contradicted:
            lines.append(
                "rows that repeat an article with other labels, so that the labels of the first row are used: "
                f"{len(self.contradicted):,} ({listed(self.contradicted)})"
            )
        if self.not_in_corpus:
            lines.append(
                f"labelled rows left out, because their article is not in the corpus: {len(self.not_in_corpus):,} "
                f"({listed(self.not_in_corpus)})"
            )
        lines += [f"noted: {counted(count)}: {problem}" for problem, count in self.noted.items()]
        lines += [f"not readable: {entry.where}: {entry.why}" for entry in self.unreadable[:_EXAMPLES]]
        if len(self.unreadable) > _EXAMPLES:
            lines.append(f"... and {len(self.unreadable) - _EXAMPLES} more")
        return lines

    def _assumptions(self) -> list[str]:
        """Describe what was assumed about columns, separators, codes and words."""
        lines = []
        if self._guessed_columns:
            named = "column" if len(self.columns) == 1 else "columns"
            lines.append(f"the labels are the {named} {', '.join(self.columns)}")
        if self.other_columns and not self.columns_given:
            every = ",".join((*self.columns, *self.other_columns))
            lines[-1] += (
                f", not {', '.join(self.other_columns)}; name another, or several such as {every}, with --column "
                "(--labels for 'topicdesk init', column= in Python)"
            )
        guessed = self.separator.strip() and not self.separator_given
        if guessed and any(len(names) > 1 for names in self.annotations["topics"]):
            lines.append(f"several labels in a cell are separated by {self.separator!r}")
        if self.missing:
            words = [f"{word!r} ({count:,})" for word, count in self.missing.items()]
            lines.append(f"read as not labelled: {listed(words)}; a word that has a code is a label")
        similar: dict[str, list[str]] = {}
        for label in self.counts:
            similar.setdefault("".join(label.casefold().split()), []).append(label)
        same = [", ".join(map(repr, labels)) for labels in similar.values() if len(labels) > 1]
        if same:
            lines.append(f"labels that differ only in case or spaces, and count as different: {listed(same)}")
        if self.uncoded:
            lines.append(
                "labels without a code: " + listed([f"{label!r} ({count:,})" for label, count in self.uncoded.items()])
            )
        labels = self.counts
        absent = [column for column in self.columns if column not in labels]
        if absent and len(self.columns) > 1 and labels.keys() <= set(self.columns):  # columns of 0 and 1
            lines.append(f"left out, because no article has these labels: {', '.join(absent)}")
        if self.unused_codes:
            lines.append(f"codes that no label has: {listed(list(map(repr, self.unused_codes)))}")
        return lines

    def __str__(self) -> str:
        """Describe the labels in a few lines."""
        n_labelled = self.annotations["article_id"].nunique()
        first = (
            f"{counted(self.n_articles)}, {n_labelled:,} labelled with {counted(len(self.counts), 'label')} by "
            f"{counted(len(self.annotators), 'annotator')} ({', '.join(self.annotators.values())})"
        )
        return "\n".join([first, *self.lines()])


def file_name(annotator: str) -> str:
    """Return the name of an annotator in lower-case letters, digits, - and _; empty if it has none of them."""
    return re.sub(r"[^a-z0-9_]+", "-", annotator.casefold())[:MOST_OF_AN_ANNOTATOR].strip("-_")


def listed(items: Sequence[str]) -> str:
    """Return the first items of a list, for a message."""
    return "; ".join(items[:_EXAMPLES]) + ("; ..." if len(items) > _EXAMPLES else "")
