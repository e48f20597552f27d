"""The dataset of a comparison: articles joined with their labels."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicdesk._arguments import check_choice, check_mapping, check_string, check_strings
from topicdesk._rendering import as_html
from topicdesk.annotation._design import DESIGN_COLUMNS, design_of
from topicdesk.annotation._fields import check_fields
from topicdesk.annotation.annotations import check_annotations
from topicdesk.annotation.sampling import checked_weights, effective_size, sampling_design, without_probability
from topicdesk.corpus import article_texts, content_hash, find_duplicates, find_stories, join_groups
from topicdesk.corpus.articles import check_corpus, check_text_fields
from topicdesk.errors import ArgumentError, LabelsError, nearest

__all__ = ["Dataset", "check_topics", "join_dataset"]

Task = Literal["multi-label", "multi-class"]
Grouping = Literal["near-duplicates", "stories", "own"]

_TASKS = ("multi-label", "multi-class")
_GROUPINGS = ("near-duplicates", "stories", "own")

# Types of values of an array, by NumPy's letters.
_KINDS = {"groups": ("iu", "integers"), "dates": ("M", "datetimes"), "Y": ("iub", "integers")}


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Labelled texts, one row per article.

    Parameters
    ----------
    name : str
        Name of the corpus.
    task : {"multi-label", "multi-class"}
        Whether an article has any number of topics or exactly one.
    texts : tuple of str
        Length n_articles.
    Y : ndarray of int8, shape (n_articles, n_topics)
        1 where the article has the topic.
    topics : tuple of str
        Length n_topics.
    ids : ndarray of str, shape (n_articles,)
        Article ids.
    groups : ndarray of int, shape (n_articles,)
        Group of each article. Rows of one group stay on the same side of a split.
    samples : ndarray of str, shape (n_articles,)
        How the article was drawn (``random``, ``enriched``), or its side of a published split (``train``, ``test``).
    sources : ndarray of str, shape (n_articles,)
        Source of each article.
    dates : ndarray of datetime64, shape (n_articles,)
        Publication date of each article.
    corpus_hash, labels_hash : str
        Content hashes of the whole corpus, and of the labels used.
    warnings : tuple of str
        Warnings for readers of the results.
    fields : mapping of str to tuple of str
        The fields that form the texts, by column, such as ``title`` and ``text``; each of length n_articles.
    weights : ndarray of float64, shape (n_articles,), optional
        Number of articles of the corpus that each article represents (see `sampling_weights`), at least 0 and not all
        0. None if it is not known.
    drawn : ndarray of bool, shape (n_articles,), optional
        Whether each article was drawn at random, not picked. None if that is not known.
    grouping : {"near-duplicates", "stories", "own"}, default "near-duplicates"
        What the articles of a group have in common: they are nearly equal, they tell the same story, or the user
        decided it.

    Raises
    ------
    LabelsError
        If a value has another length or shape than stated above, ``Y`` has other values than 0 and 1, a topic or an id
        occurs twice, an article of a multi-class dataset does not have exactly one class, or a weight is negative or
        not finite.
    ArgumentError
        If an argument has a wrong type or value.
    """

    name: str
    task: Task
    texts: tuple[str, ...]
    Y: NDArray[np.int8]
    topics: tuple[str, ...]
    ids: NDArray[Any]
    groups: NDArray[np.intp]
    samples: NDArray[Any]
    sources: NDArray[Any]
    dates: NDArray[np.datetime64]
    corpus_hash: str
    labels_hash: str
    warnings: tuple[str, ...] = ()
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weights: NDArray[np.float64] | None = None
    grouping: Grouping = "near-duplicates"
    drawn: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        """Raise `ArgumentError` if a value has a wrong type, and `LabelsError` if values contradict each other."""
        self._check_types()
        by_article = {name: getattr(self, name) for name in ("ids", "groups", "samples", "sources", "dates")}
        by_article |= {f"fields[{name!r}]": values for name, values in self.fields.items()}
        for name, values in by_article.items():
            if len(values) != len(self.texts):
                raise LabelsError(f"{self.name}: {name} has length {len(values)}, but there are {len(self)} texts.")
        if self.Y.shape != (len(self), self.n_topics):
            raise LabelsError(
                f"{self.name}: Y has shape {self.Y.shape}, but there are {len(self)} texts and {self.n_topics} topics."
            )
        if not ((self.Y == 0) | (self.Y == 1)).all():
            raise LabelsError(f"{self.name}: Y has other values than 0 and 1.")
        for kind, values in (("topic", self.topics), ("id", self.ids.tolist())):
            duplicate = next((value for value, count in Counter(values).items() if count > 1), None)
            if duplicate is not None:
                raise LabelsError(f"{self.name}: the {kind} {duplicate!r} occurs more than once in {kind}s.")
        if self.weights is not None:
            self._check_weights(self.weights)
        if self.drawn is not None and self.drawn.shape != (len(self),):
            raise LabelsError(f"{self.name}: drawn has shape {self.drawn.shape}, but there are {len(self)} texts.")
        classes = self.Y.sum(axis=1)
        if self.task == "multi-class" and (classes != 1).any():
            row = int(np.flatnonzero(classes != 1)[0])
            raise LabelsError(
                f"{self.name}: article {self.ids[row]} has {classes[row]} classes, but the task is multi-class "
                "(exactly one)."
            )

    def _check_weights(self, weights: NDArray[np.float64]) -> None:
        if weights.shape != (len(self),):
            raise LabelsError(f"{self.name}: weights has shape {weights.shape}, but there are {len(self)} texts.")
        checked_weights(f"{self.name}: weights", weights)
        if not weights.any():
            raise LabelsError(f"{self.name}: all weights are 0. At least one article must represent the corpus.")

    def _check_types(self) -> None:
        check_string("name", self.name, empty=False)
        check_choice("task", self.task, _TASKS)
        check_choice("grouping", self.grouping, _GROUPINGS)
        check_strings("texts", self.texts, empty=False)
        check_strings("topics", self.topics, empty=False)
        for name in ("Y", "ids", "groups", "samples", "sources", "dates"):
            values = getattr(self, name)
            kinds, what = _KINDS.get(name, ("", ""))
            if not isinstance(values, np.ndarray):
                raise ArgumentError(f"{name} must be an array; got a value of type {type(values).__name__}.")
            if kinds and values.dtype.kind not in kinds:
                raise ArgumentError(f"{name} must be an array of {what}; its dtype is {values.dtype}.")
        if self.weights is not None and (not isinstance(self.weights, np.ndarray) or self.weights.dtype.kind != "f"):
            raise ArgumentError(f"weights must be an array of floats, or None; got {type(self.weights).__name__}.")
        if self.drawn is not None and (not isinstance(self.drawn, np.ndarray) or self.drawn.dtype != bool):
            raise ArgumentError(f"drawn must be an array of booleans, or None; got {type(self.drawn).__name__}.")
        check_string("corpus_hash", self.corpus_hash)
        check_string("labels_hash", self.labels_hash)
        check_strings("warnings", self.warnings)
        check_mapping("fields", self.fields)
        for field_name, values in self.fields.items():
            check_strings(f"fields[{field_name!r}]", values)

    def texts_of(self, name: str) -> tuple[str, ...]:
        """Return one field of every article, or the whole texts if `name` is empty.

        Raises
        ------
        LabelsError
            If the texts have no such field.
        """
        if not name:
            return self.texts
        if name not in self.fields:
            raise LabelsError(f"{self.name}: texts have no field {name!r}; {nearest(name, self.fields)}")
        return self.fields[name]

    def __len__(self) -> int:
        """Return the number of articles."""
        return len(self.texts)

    @property
    def n_topics(self) -> int:
        """Number of topics."""
        return len(self.topics)

    @property
    def n_repeated(self) -> int:
        """Number of articles whose group has an earlier article."""
        return len(self) - len(set(self.groups))

    def describe_groups(self) -> str:
        """Return how many articles are in the group of an earlier one: ``"3 near-duplicates of earlier articles"``."""
        names = {
            "near-duplicates": "near-duplicates of earlier articles" if self.n_repeated else "near-duplicates",
            "stories": "articles that tell the story of an earlier one",
            "own": "articles in the group of an earlier one",
        }
        return f"{self.n_repeated or 'no'} {names[self.grouping]}"

    @property
    def fellow(self) -> str:
        """What another article of the same group is called, such as ``"a near-duplicate"``."""
        names = {"stories": "an article that tells the same story", "own": "an article of the same group"}
        return names.get(self.grouping, "a near-duplicate")

    def support(self) -> pd.DataFrame:
        """Count labelled articles by topic and sample.

        Returns
        -------
        DataFrame of shape (n_topics + 2, n_samples + 1)
            One row per topic, then ``(none)`` and ``(articles)``; one column per sample, then ``all``.
        """
        rows = {topic: self.Y[:, column] == 1 for column, topic in enumerate(self.topics)}
        rows["(none)"] = self.Y.sum(axis=1) == 0
        rows["(articles)"] = np.ones(len(self), dtype=bool)
        samples = sorted(set(self.samples))
        return pd.DataFrame(
            {
                **{name: {row: int((mask & (self.samples == name)).sum()) for row, mask in rows.items()}
                   for name in samples},
                "all": {row: int(mask.sum()) for row, mask in rows.items()},
            }
        )  # fmt: skip

    def _repr_html_(self) -> str:
        kept = ", kept on the same side of a split" if self.n_repeated else ""
        return as_html(f"{self}; {self.describe_groups()}{kept}", self.support(), warnings=self.warnings)

    def __repr__(self) -> str:
        """Return a summary, without the texts."""
        return f"Dataset({self})"

    def __str__(self) -> str:
        """Return a one-line summary."""
        summary = f"{self.name}: {len(self)} articles, {self.n_topics} topics, {self.task}"
        if self.weights is None or np.ptp(self.weights) == 0:
            return summary
        return (
            f"{summary}; weighted to {self.weights.sum():,.0f} articles, effective size "
            f"{effective_size(self.weights):,.0f}"
        )


def join_dataset(
    name: str,
    corpus: pd.DataFrame,
    annotations: pd.DataFrame,
    topics: Sequence[str],
    text_fields: Sequence[str] = ("title", "text"),
    task: Task = "multi-label",
    *,
    groups: Literal["near-duplicates", "stories"] = "near-duplicates",
) -> Dataset:
    """Join articles with their annotations.

    Parameters
    ----------
    name : str
        Name of the corpus.
    corpus : DataFrame of shape (n_corpus, 12)
        Valid articles.
    annotations : DataFrame of shape (n_annotations, 7)
        From `read_annotations`.
    topics : sequence of str
        The columns of ``Y``, in order.
    text_fields : sequence of str, default ("title", "text")
        Columns of the corpus that form the text, in order, joined by a line break.
    task : {"multi-label", "multi-class"}, default "multi-label"
        Whether an article has any number of topics or exactly one.
    groups : {"near-duplicates", "stories"}, default "near-duplicates"
        Articles that stay on the same side of a split: those that are nearly equal (see `near_duplicate_groups`), or
        those that tell the same story (see `find_stories`).

    Returns
    -------
    Dataset
        The annotated articles, in the order of the corpus. ``weights`` are the `sampling_weights` of the annotations.

    Raises
    ------
    LabelsError
        If no article is labelled, a topic has no positive or no negative article, a multi-class article does not have
        exactly one class, or all texts are empty.
    ArgumentError
        If another argument is wrong.
    """
    check_string("name", name, empty=False)
    check_corpus("corpus", corpus, ("id", "title", "text", "source", "published"))
    check_annotations("annotations", annotations, ("article_id", "topics", "sample"))
    check_strings("topics", topics, empty=False)
    check_strings("text_fields", text_fields, empty=False)
    check_choice("task", task, _TASKS)
    check_choice("groups", groups, ("near-duplicates", "stories"))
    check_fields(name, text_fields, corpus.columns)
    check_text_fields("text_fields", text_fields, corpus)
    if annotations.empty:
        raise LabelsError(
            f"{name}: annotations are empty: no article is labelled. Label some with 'topicdesk annotate CORPUS "
            "--annotator YOU', and add the label file to data.labels in the spec."
        )
    design = sampling_design(annotations)
    weights, drawn = (None, None) if design is None else (design.weights, design.uncertain > 0)
    by_article = annotations.assign(weight=weights, drawn=drawn).set_index("article_id")
    labelled = corpus[corpus["id"].isin(by_article.index)].reset_index(drop=True)
    if labelled.empty:
        raise LabelsError(
            f"{name}: the corpus has none of the articles of annotations. Use the corpus that was labelled."
        )
    by_article = by_article.loc[labelled["id"]]

    column_of = {topic: column for column, topic in enumerate(topics)}
    Y = np.zeros((len(labelled), len(topics)), dtype=np.int8)
    for row, article_topics in enumerate(by_article["topics"]):
        unknown = next((topic for topic in article_topics if topic not in column_of), None)
        if unknown is not None:
            raise LabelsError(
                f"{name}: article {labelled['id'].iloc[row]} has the topic {unknown!r}, which is not in topics; "
                f"{nearest(str(unknown), column_of)}"
            )
        Y[row, [column_of[topic] for topic in article_topics]] = 1

    texts = article_texts(labelled, text_fields)
    empty = sum(not text.strip() for text in texts)
    if empty == len(texts):
        raise LabelsError(f"{name}: no labelled article has text in {', '.join(text_fields)}.")
    warnings = []
    if empty:
        warnings.append(
            f"{empty} of {len(texts)} articles have no text in {', '.join(text_fields)} and therefore no features."
        )
    unknown = 0 if weights is None else without_probability(annotations)
    if unknown:
        warnings.append(
            f"{unknown} of {len(annotations)} labelled articles were drawn at random, but have no stratum_size. They "
            "do not represent other articles of the corpus. Add draw and stratum_size to the label file."
        )
    together = find_duplicates(labelled["text"].tolist()).groups
    if groups == "stories":
        stories = find_stories(texts)
        warnings += stories.warnings
        together = join_groups(together, stories.groups)
    dataset = Dataset(
        name=name,
        task=task,
        texts=texts,
        Y=Y,
        topics=tuple(topics),
        ids=labelled["id"].to_numpy(dtype=object),
        groups=together,
        samples=by_article["sample"].to_numpy(dtype=object),
        sources=labelled["source"].to_numpy(dtype=object),
        dates=labelled["published"].to_numpy(),
        corpus_hash=content_hash(corpus),
        labels_hash=_labels_hash(by_article),
        warnings=tuple(warnings),
        fields={name: tuple(labelled[name].tolist()) for name in text_fields},
        weights=None if weights is None else by_article["weight"].to_numpy(dtype=np.float64),
        drawn=None if drawn is None else by_article["drawn"].to_numpy(dtype=np.bool_),
        grouping=groups,
    )
    check_topics(dataset)
    return dataset


def check_topics(dataset: Dataset) -> None:
    """Raise `LabelsError` if there is nothing to learn about a topic."""
    if dataset.task == "multi-class" and dataset.n_topics < 2:
        raise LabelsError(
            f"{dataset.name}: there is only one class ({dataset.topics[0]}); a comparison needs two or more."
        )
    for topic, positives in zip(dataset.topics, dataset.Y.sum(axis=0), strict=True):
        if positives in (0, len(dataset)):
            amount = "no" if positives == 0 else "every"
            raise LabelsError(
                f"{dataset.name}: {amount} labelled article has the topic {topic!r}, so it cannot be learnt. "
                "Label more articles, or remove the topic from the taxonomy."
            )


def _labels_hash(by_article: pd.DataFrame) -> str:
    digest = hashlib.blake2b(digest_size=16)
    designs = ["\t".join(design.values()) for design in design_of(by_article, "annotations")]
    has_design = not by_article.columns.intersection(list(DESIGN_COLUMNS)).empty
    for article, topics, sample, design in sorted(
        zip(by_article.index, by_article["topics"], by_article["sample"], designs, strict=True)
    ):
        drawn = f"{sample}\t{design}" if has_design else sample
        digest.update(f"{article}\t{' '.join(sorted(topics))}\t{drawn}\n".encode())
    return digest.hexdigest()
