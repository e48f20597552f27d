"""Articles joined with their labels: what a comparison works on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicdesk.annotation.fields import check_fields
from topicdesk.corpus import article_texts, content_hash, find_duplicates
from topicdesk.errors import LabelsError, nearest
from topicdesk.rendering import as_html

__all__ = ["Dataset", "join_dataset"]

Task = Literal["multi-label", "multi-class"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled texts, one row an article.

    Parameters
    ----------
    name : str
        The corpus.
    task : {"multi-label", "multi-class"}
        Whether an article carries any number of topics or exactly one.
    texts : tuple of str
        Length n_articles.
    Y : ndarray of int8, shape (n_articles, n_topics)
        1 where the article carries the topic.
    topics : tuple of str
        Length n_topics.
    ids : ndarray of str, shape (n_articles,)
    groups : ndarray of int, shape (n_articles,)
        Cluster of near-duplicates: rows of one group stay on one side of a split.
    samples : ndarray of str, shape (n_articles,)
        How the article was drawn (``random``, ``enriched``), or its side in a published split (``train``, ``test``).
    sources : ndarray of str, shape (n_articles,)
    dates : ndarray of datetime64, shape (n_articles,)
    corpus_hash, labels_hash : str
        Content hashes of the whole corpus, and of the labels used.
    warnings : tuple of str
        What a reader of the results should know.
    fields : mapping of str to tuple of str
        The parts that make the texts, by their columns, such as ``title`` and ``text``; each of length n_articles.
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

    def texts_of(self, name: str) -> tuple[str, ...]:
        """Give one field of every article, or the whole texts for the empty name.

        Raises
        ------
        LabelsError
            When the texts have no such part.
        """
        if not name:
            return self.texts
        if name not in self.fields:
            raise LabelsError(f"{self.name}: texts have no field {name!r}; {nearest(name, self.fields)}")
        return self.fields[name]

    def __len__(self) -> int:
        """Count the articles."""
        return len(self.texts)

    @property
    def n_topics(self) -> int:
        """Number of topics."""
        return len(self.topics)

    def support(self) -> pd.DataFrame:
        """Count labelled articles by topic and sample.

        Returns
        -------
        DataFrame of shape (n_topics + 2, n_samples + 1)
            One row a topic, then ``(none)`` and ``(articles)``; one column a sample, then ``all``.
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
        repeated = len(self) - len(set(self.groups))
        copies = (
            f"{repeated} repeat an earlier one and stay on its side of a split" if repeated else "no near-duplicates"
        )
        return as_html(f"{self}; {copies}", self.support(), warnings=self.warnings)

    def __str__(self) -> str:
        """Say in a line what it is."""
        return f"{self.name}: {len(self)} articles, {self.n_topics} topics, {self.task}"


def join_dataset(
    name: str,
    corpus: pd.DataFrame,
    annotations: pd.DataFrame,
    topics: Sequence[str],
    text_fields: Sequence[str] = ("title", "text"),
    task: Task = "multi-label",
) -> Dataset:
    """Join articles with their annotations.

    Parameters
    ----------
    name : str
        The corpus.
    corpus : DataFrame of shape (n_corpus, 12)
        Valid articles.
    annotations : DataFrame of shape (n_annotations, 7)
        From `read_annotations`.
    topics : sequence of str
        The columns of ``Y``, in order.
    text_fields : sequence of str, default ("title", "text")
        Columns of the corpus that make the text, in order, joined by a line break.
    task : {"multi-label", "multi-class"}, default "multi-label"
        What the labels promise.

    Returns
    -------
    Dataset
        The annotated articles, in the corpus's order.

    Raises
    ------
    LabelsError
        When no article is labelled, a topic has no positive or no negative article, a multi-class article does not
        carry exactly one class, or no text is left.
    """
    check_fields(name, text_fields, corpus.columns)
    if annotations.empty:
        raise LabelsError(
            f"{name}: no article is labelled. Label some, with 'topicdesk annotate CORPUS --annotator YOU', and name "
            "their file in the spec's data.labels."
        )
    by_article = annotations.set_index("article_id")
    labelled = corpus[corpus["id"].isin(by_article.index)].reset_index(drop=True)
    by_article = by_article.loc[labelled["id"]]

    column_of = {topic: column for column, topic in enumerate(topics)}
    Y = np.zeros((len(labelled), len(topics)), dtype=np.int8)
    for row, named in enumerate(by_article["topics"]):
        Y[row, [column_of[topic] for topic in named]] = 1
    _check_topics(name, Y, topics, labelled["id"], task)

    texts = article_texts(labelled, text_fields)
    empty = sum(not text.strip() for text in texts)
    if empty == len(texts):
        raise LabelsError(f"{name}: no labelled article has text in {', '.join(text_fields)}.")
    warnings = []
    if empty:
        warnings.append(f"{empty} of {len(texts)} articles have no text in {', '.join(text_fields)}: no features.")
    return Dataset(
        name=name,
        task=task,
        texts=texts,
        Y=Y,
        topics=tuple(topics),
        ids=labelled["id"].to_numpy(dtype=object),
        groups=find_duplicates(labelled["text"].tolist()).groups,
        samples=by_article["sample"].to_numpy(dtype=object),
        sources=labelled["source"].to_numpy(dtype=object),
        dates=labelled["published"].to_numpy(),
        corpus_hash=content_hash(corpus),
        labels_hash=_labels_hash(by_article),
        warnings=tuple(warnings),
        fields={name: tuple(labelled[name].tolist()) for name in text_fields},
    )


def _check_topics(name: str, Y: NDArray[np.int8], topics: Sequence[str], ids: pd.Series, task: Task) -> None:
    if task == "multi-class":
        carried = Y.sum(axis=1)
        if (carried != 1).any():
            row = int(np.flatnonzero(carried != 1)[0])
            raise LabelsError(
                f"{name}: article {ids[row]} carries {carried[row]} classes, but the task is multi-class (exactly one)."
            )
        if len(topics) < 2:
            raise LabelsError(f"{name}: there is only one class ({topics[0]}); a comparison needs two or more.")
    for column, topic in enumerate(topics):
        positives = int(Y[:, column].sum())
        if positives in (0, len(Y)):
            amount = "no" if positives == 0 else "every"
            raise LabelsError(
                f"{name}: {amount} labelled article carries {topic!r}, so there is nothing to learn. "
                "Label more articles, or take the topic out of the taxonomy."
            )


def _labels_hash(by_article: pd.DataFrame) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for article, named, sample in sorted(
        zip(by_article.index, by_article["topics"], by_article["sample"], strict=True)
    ):
        digest.update(f"{article}\t{' '.join(sorted(named))}\t{sample}\n".encode())
    return digest.hexdigest()
