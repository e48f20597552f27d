"""Annotation sessions: show one article at a time and save each decision before showing the next.

The notebook widget and the terminal both use this module. Neither saves decisions itself.
"""

from __future__ import annotations

import tempfile
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from topicdesk._renamed import renamed_arguments
from topicdesk.annotation._design import design_of
from topicdesk.annotation._fields import check_annotator
from topicdesk.annotation.annotations import ADJUDICATED, reserved_in
from topicdesk.annotation.queue import QUEUE_COLUMNS
from topicdesk.annotation.store import KeptAside, LabelStore, MemoryStore
from topicdesk.annotation.topics import Taxonomy, taxonomy_of
from topicdesk.corpus import read_corpus, stored_corpus
from topicdesk.errors import LabelsError, nearest
from topicdesk.project import Project, find_file, find_project

__all__ = ["AnnotationSession", "Shown", "fit_to_label", "open_session"]

# Shorter texts are captions and page fragments.
_FEWEST_CHARACTERS = 80

# Articles without a topic are counted under this name.
_NO_TOPIC = "(none)"


Answers = Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Shown:
    """One article as the annotator sees it.

    Parameters
    ----------
    article : Series
        Row of the corpus.
    chosen : tuple of str
        Topics that are selected at the start: proposed, decided earlier, or just undone.
    note : str
        Note saved with the earlier decision.
    answers : tuple of (str, str)
        Who answered, and the answer. Empty if the annotator should decide independently.
    """

    article: pd.Series
    chosen: tuple[str, ...] = ()
    note: str = ""
    answers: tuple[tuple[str, str], ...] = ()


@dataclass
class AnnotationSession:
    """Annotation session of one annotator.

    Parameters
    ----------
    articles : DataFrame
        The corpus. Its index is that of `labels`.
    queue : DataFrame of shape (n_queued, ...)
        Columns ``article_id, sample``, in the order to label them, and optionally ``draw, stratum_size,
        inclusion_probability`` (see `sampling_weights`), which are saved with the decisions. Articles that the
        annotator has already labelled are skipped unless `again` is true.
    store : LabelStore or MemoryStore
        Where decisions are saved.
    answers : mapping of str to sequence of (str, str), optional
        Answers of others to show, by article; by default none.
    again : bool, default False
        Whether to show articles that are already labelled, with their labels.
    proposed : mapping of str to tuple of str, optional
        Topics selected at the start, for articles that the annotator has not labelled; by default none.
    scratch : TemporaryDirectory, optional
        Folder of the store in a practice session. It is deleted with the session.
    notice : str, default ""
        A sentence about the corpus that is shown with the progress.
    """

    articles: pd.DataFrame
    queue: pd.DataFrame
    store: LabelStore | MemoryStore
    answers: Answers = field(default_factory=dict)
    again: bool = False
    proposed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scratch: tempfile.TemporaryDirectory[str] | None = None
    notice: str = ""

    def __post_init__(self) -> None:
        """Open the store and find the first article; see `LabelStore.open` for errors."""
        missing = [column for column in QUEUE_COLUMNS if column not in self.queue.columns]
        if missing:
            raise LabelsError(f"the queue lacks {', '.join(missing)}; it needs {', '.join(QUEUE_COLUMNS)}.")
        self._row_of = {article: row for row, article in enumerate(self.articles["id"].tolist())}
        self._seen = self.store.open()
        # Counted as decisions change: a count of 50,000 rows after each decision takes longer than saving it.
        self._counts = Counter(name for row in self._seen.values() for name in _counted(row))
        self._samples = dict(zip(self.queue["article_id"], self.queue["sample"], strict=True))
        self._designs = dict(zip(self.queue["article_id"], design_of(self.queue, "the queue"), strict=True))
        unknown = next((article for article in self._samples if article not in self._row_of), None)
        if unknown is not None:
            raise LabelsError(f"the queue contains article {unknown!r}, which is not in the corpus. Draw a new queue.")
        self._left = deque(article for article in self._samples if self.again or article not in self._seen)
        self._done: list[tuple[str, Any]] = []
        # Topics and note of the decision undone last: users usually undo to change a part of it.
        self._undone: dict[str, Any] = {}
        self.decided = 0

    @property
    def shown(self) -> Shown | None:
        """The current article; None when all are done."""
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
        """Number of articles left, including the current one."""
        return len(self._left)

    def decisions(self) -> dict[str, tuple[str, ...]]:
        """Return the decisions of this session, by article."""
        return {article: self._seen[article]["topics"] for article, _ in self._done if article in self._seen}

    @property
    def labels(self) -> pd.DataFrame:
        """The decisions about articles of the corpus, of this session and earlier ones, in the order of the corpus.

        Columns ``topics``, a list of names, and ``note``. The index is that of `articles`.
        """
        decided = [article for article in self._row_of if article in self._seen]
        rows = np.array([self._row_of[article] for article in decided], dtype=np.intp)
        columns = {
            "topics": [list(self._seen[article]["topics"]) for article in decided],
            "note": [self._seen[article]["note"] for article in decided],
        }
        return pd.DataFrame(columns, index=self.articles.index.take(rows), dtype=object)

    @property
    def indicators(self) -> pd.DataFrame:
        """The decisions of `labels` as 0 and 1, with one column per topic."""
        labels, names = self.labels, self.store.taxonomy.names
        rows = [[int(name in topics) for name in names] for topics in labels["topics"]]
        return pd.DataFrame(np.array(rows, dtype=np.int8).reshape(-1, len(names)), labels.index, list(names))

    def counts(self) -> dict[str, int]:
        """Count the annotator's labels by topic, and ``(none)``."""
        return {name: self._counts[name] for name in (*self.store.taxonomy.names, _NO_TOPIC)}

    def decide(self, topics: Sequence[str], note: str = "") -> None:
        """Save a decision about the current article and go to the next one.

        Raises
        ------
        LabelsError, ProjectError
            See `LabelStore.decide`. The article stays the current one.
        """
        article = self._current()
        for topic in topics:
            if topic not in self.store.taxonomy.names:
                raise LabelsError(f"unknown topic {topic!r}; {nearest(topic, self.store.taxonomy.names)}")
        previous = self._seen.get(article)
        # A second decision does not change how the article was drawn.
        sample, design = self._samples[article], self._designs[article]
        if previous is not None:
            sample, design = previous["sample"], previous
        try:
            row = self.store.decide(article, tuple(dict.fromkeys(topics)), sample, note, previous, design=design)
        except KeptAside as error:
            self._know(article, error.row)
            raise
        except LabelsError:
            # Load what another window has saved, so that a second decision can replace it.
            self._know(article, self.store.open().get(article))
            raise
        self._know(article, row)
        self._undone = {}
        self._done.append((article, previous))
        self._left.popleft()
        self.decided += 1

    def skip(self) -> None:
        """Move the current article to the end of the queue, without a decision."""
        self._current()
        self._left.rotate(-1)

    def undo(self) -> bool:
        """Undo the last decision of this session and show its article again; return False if there is none."""
        if not self._done:
            return False
        article, previous = self._done[-1]
        current, kept_aside = self._seen.get(article), None
        try:
            self.store.restore(article, previous, current)
        except KeptAside as error:  # the journal has it, so the decision is undone
            kept_aside = error
        self._done.pop()
        self.decided -= 1
        self._undone = {article: current}
        self._know(article, previous)
        self._left.appendleft(article)
        if kept_aside is not None:
            raise kept_aside
        return True

    def _current(self) -> str:
        if not self._left:
            raise LabelsError("every article of the queue is labelled. Draw another queue.")
        return str(self._left[0])

    def _know(self, article: str, row: Any) -> None:
        previous = self._seen.pop(article, None)
        if previous is not None:
            self._counts.subtract(_counted(previous))
        if row is not None:
            self._seen[article] = row
            self._counts.update(_counted(row))


def _counted(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row["topics"]) or (_NO_TOPIC,)


@renamed_arguments(seed="random_state")
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
    random_state: int = 0,
    practice: bool = False,
) -> AnnotationSession:
    """Open an annotation session.

    Parameters
    ----------
    corpus, topics, annotator, project, practice
        As in `topicdesk.annotate`.
    queue : DataFrame, optional
        From `draw_queue` or `queue_for`; by default every article that is fit to label, in random order.
    answers : mapping of str to sequence of (str, str), optional
        Answers of others to show, by article.
    again : bool, default False
        Whether to show articles that the annotator has already labelled.
    proposed : mapping of str to tuple of str, optional
        Topics selected at the start, by article.
    settles : bool, default False
        Whether decisions overrule those of others. They are then saved to ``data/labels/adjudicated.csv``, under the
        annotator's name.
    random_state : int, default 0
        Seed of the random order if no queue is given. To measure the agreement of two annotators, use the same seed.

    Returns
    -------
    AnnotationSession

    Raises
    ------
    LabelsError
        If the annotator's name cannot be a file name, the queue contains a reserved article, or label files are
        invalid.
    """
    check_annotator(annotator)
    project = project or find_project()
    taxonomy = taxonomy_of(project, topics)
    articles = corpus if isinstance(corpus, pd.DataFrame) else _articles(project, str(corpus))
    reserved = reserved_in(project.reserved, articles)
    if queue is None:
        queue = _at_random(articles, reserved, random_state)
    elif blocked := sorted(set(queue["article_id"]) & reserved):
        raise LabelsError(
            f"the queue contains article {blocked[0]}, which is reserved for an external evaluation and must not be "
            "annotated."
        )
    file, signature = (ADJUDICATED, f"{ADJUDICATED} by {annotator}") if settles else (annotator, annotator)
    scratch = tempfile.TemporaryDirectory(prefix="topicdesk-practice-") if practice else None
    labels = project.labels if scratch is None else Path(scratch.name)
    store = LabelStore(labels / f"{file}.csv", signature, taxonomy)
    articles = articles.set_axis(pd.Index(articles["id"].tolist(), name="article_id"))
    return AnnotationSession(articles, queue, store, answers or {}, again, proposed or {}, scratch)


def fit_to_label(articles: pd.DataFrame) -> pd.Series:
    """Return a boolean mask of the articles that are worth labelling: no teasers and no fragments.

    A fragment is shorter than 80 characters and shorter than half the median length of its corpus. The second condition
    keeps headlines and messages, which are always short.
    """
    length = articles["text"].str.len()
    return (articles["kind"] == "article") & (length >= min(_FEWEST_CHARACTERS, length.median() / 2))


def _articles(project: Project, corpus: str) -> pd.DataFrame:
    return read_corpus(find_file(corpus, project) if corpus.endswith(".parquet") else stored_corpus(project, corpus))


def _at_random(articles: pd.DataFrame, reserved: frozenset[str], random_state: int) -> pd.DataFrame:
    ids = np.array(
        [article for article in articles.loc[fit_to_label(articles), "id"].tolist() if article not in reserved],
        dtype=object,
    )
    return pd.DataFrame({"article_id": np.random.default_rng(random_state).permutation(ids), "sample": "random"})
