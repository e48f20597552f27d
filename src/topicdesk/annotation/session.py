"""An annotator at work: one article after the other, each decision kept before the next is shown.

What the notebook's widget and the terminal have in common; neither keeps anything itself.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from topicdesk.annotation.annotations import ADJUDICATED, reserved_in
from topicdesk.annotation.fields import check_annotator
from topicdesk.annotation.queue import QUEUE_COLUMNS
from topicdesk.annotation.store import KeptAside, LabelStore
from topicdesk.annotation.topics import Taxonomy, read_taxonomy
from topicdesk.corpus import read_corpus, stored_corpus
from topicdesk.errors import LabelsError, nearest
from topicdesk.project import Project, find_project

__all__ = ["AnnotationSession", "Shown", "fit_to_label", "open_session"]

# Shorter texts are captions and leftovers of pages.
_FEWEST_CHARACTERS = 80


Answers = Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Shown:
    """What an annotator sees of one article.

    Parameters
    ----------
    article : Series
        The corpus's row.
    chosen : tuple of str
        The topics that it carries already: decided before, and undone.
    note : str
    answers : tuple of (str, str)
        What others said: who, and what. Empty where the annotator is to judge alone.
    """

    article: pd.Series
    chosen: tuple[str, ...] = ()
    note: str = ""
    answers: tuple[tuple[str, str], ...] = ()


@dataclass
class AnnotationSession:
    """One sitting of an annotator.

    Parameters
    ----------
    articles : DataFrame
        A corpus.
    queue : DataFrame of shape (n_queued, 2)
        ``article_id, sample``, in the order to label them in. Articles that the annotator has labelled are passed over,
        unless `again`.
    store : LabelStore
    answers : mapping of str to sequence of (str, str), optional
        What others said of articles, to be shown; by default nothing.
    again : bool, default False
        Whether articles labelled already are shown too, with their labels.
    proposed : mapping of str to tuple of str, optional
        What is chosen for a beginning of articles that the annotator has not labelled; by default nothing.
    scratch : TemporaryDirectory, optional
        Where the store is, of a session for practice: it goes when the session goes.
    """

    articles: pd.DataFrame
    queue: pd.DataFrame
    store: LabelStore
    answers: Answers = field(default_factory=dict)
    again: bool = False
    proposed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scratch: tempfile.TemporaryDirectory[str] | None = None

    def __post_init__(self) -> None:
        """Open the store and find the first article; see `LabelStore.open` for errors."""
        missing = [column for column in QUEUE_COLUMNS if column not in self.queue.columns]
        if missing:
            raise LabelsError(f"the queue lacks {', '.join(missing)}; it needs {', '.join(QUEUE_COLUMNS)}.")
        self._row_of = {article: row for row, article in enumerate(self.articles["id"].tolist())}
        self._seen = self.store.open()
        self._samples = dict(zip(self.queue["article_id"], self.queue["sample"], strict=True))
        unknown = next((article for article in self._samples if article not in self._row_of), None)
        if unknown is not None:
            raise LabelsError(f"the queue names article {unknown!r}, which the corpus does not have. Draw it anew.")
        self._left = deque(article for article in self._samples if self.again or article not in self._seen)
        self._done: list[tuple[str, Any]] = []
        # The last decision taken back: most who undo want to change a part of it.
        self._undone: dict[str, Any] = {}
        self.decided = 0

    @property
    def shown(self) -> Shown | None:
        """The article to decide about; None when all are done."""
        if not self._left:
            return None
        article = self._left[0]
        row = self._undone.get(article, self._seen.get(article))
        return Shown(
            article=self.articles.iloc[self._row_of[article]],
            chosen=self.proposed.get(article, ()) if row is None else row["topics"],
            note="" if row is None else row["note"],
            answers=tuple(self.answers.get(article, ())),
        )

    @property
    def left(self) -> int:
        """How many articles are left, the one shown included."""
        return len(self._left)

    def decisions(self) -> dict[str, tuple[str, ...]]:
        """Give what was decided in this sitting, by article."""
        return {article: self._seen[article]["topics"] for article, _ in self._done if article in self._seen}

    def counts(self) -> dict[str, int]:
        """Count the annotator's labels by topic, and ``(none)``."""
        taxonomy = self.store.taxonomy
        counts = dict.fromkeys((*taxonomy.names, "(none)"), 0)
        for row in self._seen.values():
            for name in row["topics"] or ("(none)",):
                counts[name] += 1
        return counts

    def decide(self, topics: Sequence[str], note: str = "") -> None:
        """Keep what the annotator said of the article shown, and go on.

        Raises
        ------
        LabelsError, ProjectError
            See `LabelStore.decide`; the article stays.
        """
        article = self._current()
        for topic in topics:
            if topic not in self.store.taxonomy.names:
                raise LabelsError(f"unknown topic {topic!r}; {nearest(topic, self.store.taxonomy.names)}")
        before = self._seen.get(article)
        sample = before["sample"] if before is not None else self._samples[article]
        try:
            row = self.store.decide(article, tuple(dict.fromkeys(topics)), sample, note, before)
        except KeptAside as error:
            self._know(article, error.row)
            raise
        except LabelsError:
            # See what another window has put there, so that a second decision may replace it.
            self._know(article, self.store.open().get(article))
            raise
        self._seen[article] = row
        self._undone = {}
        self._done.append((article, before))
        self._left.popleft()
        self.decided += 1

    def skip(self) -> None:
        """Put the article shown behind all others, undecided."""
        self._current()
        self._left.rotate(-1)

    def undo(self) -> bool:
        """Take the last decision of this sitting back, and show its article again; False when there is none."""
        if not self._done:
            return False
        article, before = self._done[-1]
        now, aside = self._seen.get(article), None
        try:
            self.store.restore(article, before, now)
        except KeptAside as error:  # taken back all the same
            aside = error
        self._done.pop()
        self.decided -= 1
        self._undone = {article: now}
        self._know(article, before)
        self._left.appendleft(article)
        if aside is not None:
            raise aside
        return True

    def _current(self) -> str:
        if not self._left:
            raise LabelsError("every article of the queue is labelled. Draw another queue.")
        return str(self._left[0])

    def _know(self, article: str, row: Any) -> None:
        if row is None:
            self._seen.pop(article, None)
        else:
            self._seen[article] = row


def open_session(
    corpus: pd.DataFrame | Path | str,
    topics: Taxonomy | Path | str,
    annotator: str,
    queue: pd.DataFrame | None = None,
    answers: Answers | None = None,
    again: bool = False,
    proposed: Mapping[str, tuple[str, ...]] | None = None,
    settles: bool = False,
    project: Project | None = None,
    seed: int = 0,
    practice: bool = False,
) -> AnnotationSession:
    """Sit an annotator down before a corpus.

    Parameters
    ----------
    corpus : DataFrame, path or str
        Articles, the Parquet file that holds them, or a corpus's name in ``data/sources.toml``.
    topics : Taxonomy, path or str
        Or the file that holds it, such as ``data/topics.toml``.
    annotator : str
        Who labels: the file is ``data/labels/<annotator>.csv``.
    queue : DataFrame, optional
        From `draw_queue` or `queue_for`; by default every article, in an order drawn at random.
    answers : mapping of str to sequence of (str, str), optional
        What others said of articles, to be shown.
    again : bool, default False
        Whether articles that the annotator has labelled are shown too.
    proposed : mapping of str to tuple of str, optional
        What is chosen for a beginning.
    settles : bool, default False
        Whether decisions overrule those of others: they go to ``data/labels/adjudicated.csv``, under the annotator's
        name.
    project : Project, optional
        By default the one that the current folder is in.
    seed : int, default 0
        Of the order, where no queue is given; the same for two annotators whose agreement is to be measured.
    practice : bool, default False
        Try it out: decisions go to a temporary folder, which is gone with the session, and none to ``data/labels``.

    Returns
    -------
    AnnotationSession

    Raises
    ------
    LabelsError
        For a name that no file can have, a queue with a reserved article, or wrong label files.
    """
    check_annotator(annotator)
    project = project or find_project()
    taxonomy = topics if isinstance(topics, Taxonomy) else read_taxonomy(project.root / topics)
    articles = corpus if isinstance(corpus, pd.DataFrame) else _articles(project, str(corpus))
    reserved = reserved_in(project.reserved, articles)
    if queue is None:
        queue = _at_random(articles, reserved, seed)
    elif kept_back := sorted(set(queue["article_id"]) & reserved):
        raise LabelsError(
            f"the queue holds article {kept_back[0]}, which is reserved for an outside evaluation and never annotated."
        )
    file, signed = (ADJUDICATED, f"{ADJUDICATED} by {annotator}") if settles else (annotator, annotator)
    scratch = tempfile.TemporaryDirectory(prefix="topicdesk-practice-") if practice else None
    labels = project.labels if scratch is None else Path(scratch.name)
    store = LabelStore(labels / f"{file}.csv", signed, taxonomy)
    return AnnotationSession(articles, queue, store, answers or {}, again, proposed or {}, scratch)


def fit_to_label(articles: pd.DataFrame) -> pd.Series:
    """Mark the articles that are worth an annotator's time: no teasers and no scraps.

    A scrap is shorter than 80 characters, and shorter than half the median of its corpus: headlines and messages are
    short, and no scraps.
    """
    length = articles["text"].str.len()
    return (articles["kind"] == "article") & (length >= min(_FEWEST_CHARACTERS, length.median() / 2))


def _articles(project: Project, corpus: str) -> pd.DataFrame:
    return read_corpus(project.root / corpus if corpus.endswith(".parquet") else stored_corpus(project, corpus))


def _at_random(articles: pd.DataFrame, reserved: frozenset[str], seed: int) -> pd.DataFrame:
    ids = np.array(
        [article for article in articles.loc[fit_to_label(articles), "id"].tolist() if article not in reserved],
        dtype=object,
    )
    return pd.DataFrame({"article_id": np.random.default_rng(seed).permutation(ids), "sample": "random"})
