"""Open an annotation session on a table or a list of texts, without a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from topicdesk.annotation.inputs import check_distinct, is_missing, is_sequence, named_column, text_columns, topic_names
from topicdesk.annotation.queue import QUEUE_COLUMNS
from topicdesk.annotation.session import AnnotationSession
from topicdesk.annotation.store import LabelStore, MemoryStore
from topicdesk.annotation.topics import Codebook, Taxonomy, Topic, read_taxonomy
from topicdesk.errors import CorpusError, LabelsError

__all__ = ["session_of_texts"]


class _OwnTopic(Topic):
    """A topic of a list of names: any name, and possibly no definition."""

    name: str
    definition: str = ""


def session_of_texts(
    texts: Any,
    topics: Any,
    *,
    text: str | Sequence[str] | None,
    id: str | None,
    save: Path | str | None,
    annotator: str,
    queue: pd.DataFrame | None,
    random_state: int,
) -> AnnotationSession:
    """Open an annotation session on texts of the user (see `topicdesk.annotate`).

    The articles of the session have the ids as their index. Texts without any character except white space are left
    out.
    """
    taxonomy = _taxonomy(topics)
    articles = _articles(texts, text, id)
    file = None if save is None else _file(save, taxonomy)
    shown = articles["text"].str.strip().ne("") | articles["title"].str.strip().ne("")
    n_blank = int((~shown).sum())
    if n_blank == len(articles):
        raise CorpusError("corpus: every text is missing or empty.")
    if queue is None:
        ids = articles.loc[shown, "id"].to_numpy(dtype=object)
        queue = pd.DataFrame({"article_id": np.random.default_rng(random_state).permutation(ids), "sample": "random"})
    else:
        queue = _queue(queue, set(articles.loc[~shown, "id"]))
    store = (
        MemoryStore(annotator, taxonomy)
        if file is None
        else LabelStore(file, annotator, taxonomy, has_codebook=not isinstance(taxonomy.topics[0], _OwnTopic))
    )
    notice = f"{n_blank} of {len(articles)} texts are missing or empty and are not shown." if n_blank else ""
    return AnnotationSession(articles[shown], queue, store, notice=notice)


def _taxonomy(topics: Any) -> Taxonomy:
    if isinstance(topics, Taxonomy):
        return topics
    if isinstance(topics, str | Path):
        if not Path(topics).suffix:
            raise LabelsError(f"topics must be a list of names, or a TOML file; got the string {str(topics)!r}.")
        return read_taxonomy(topics)
    names = topic_names(list(topics) if isinstance(topics, Mapping) else topics)
    if not names:
        raise LabelsError("topics is empty. Name at least one topic.")
    check_distinct(names)
    definitions = list(topics.values()) if isinstance(topics, Mapping) else [""] * len(names)
    for name, definition in zip(names, definitions, strict=True):
        if not isinstance(definition, str):
            raise LabelsError(
                f"topics: the definition of {name!r} must be a string; got {type(definition).__name__}. For more than "
                "a definition, pass a Taxonomy."
            )
    return Taxonomy(
        codebook=Codebook(version=1, title="texts", rule=""),
        topics=tuple(
            _OwnTopic(name=name, definition=" ".join(definition.split()))
            for name, definition in zip(names, definitions, strict=True)
        ),
    )


def _articles(texts: Any, text: str | Sequence[str] | None, id: str | None) -> pd.DataFrame:
    """Return the columns of a corpus that a session shows, with the user's ids as index."""
    if not is_sequence(texts):
        raise CorpusError(f"corpus must be a DataFrame, Series or list of texts; got {type(texts).__name__}.")
    table = isinstance(texts, pd.DataFrame)
    for argument, value in (("text", text), ("id", id)):
        if value is not None and not table:
            raise CorpusError(f"{argument}={value!r} names a column, but corpus is not a DataFrame.")
    if not len(texts):
        raise CorpusError("corpus is empty.")
    index = texts.index if isinstance(texts, pd.DataFrame | pd.Series) else pd.RangeIndex(len(texts))
    if id is not None:
        index = pd.Index(named_column("id", texts, id, CorpusError), name=id)
    if table:
        columns = text_columns(texts, text)
        parts = [_strings(f"column {name!r}", named_column("text", texts, name, CorpusError)) for name in columns]
    else:
        parts = [_strings("corpus", texts)]
    title, bodies = (parts[0], parts[1:]) if len(parts) > 1 else ([""] * len(texts), parts)
    return pd.DataFrame(
        {
            "id": _ids(index, id),
            "title": title,
            "text": ["\n".join(filter(None, row)) for row in zip(*bodies, strict=True)],
            "published": pd.NaT,
            "source": "",
            "language": "",
        },
        index=index,
    )


def _strings(where: str, values: Any) -> list[str]:
    """Return texts, empty for missing ones."""
    texts = []
    for row, value in enumerate(values):
        if is_missing(value):
            texts.append("")
        elif isinstance(value, str):
            texts.append(str(value))
        else:
            raise CorpusError(f"{where}: the text of row {row} is of type {type(value).__name__}, not a string.")
    return texts


def _ids(index: pd.Index, id: str | None) -> list[str]:
    """Return the ids as strings, as a label file has them."""
    where, advice = (
        ("corpus: its index", "Call reset_index(), or name a column of ids: id.")
        if id is None
        else (f"id: the column {id!r}", "Ids must be unique.")
    )
    row_of: dict[str, int] = {}
    for row, value in enumerate(index.tolist()):
        if is_missing(value) or not str(value).strip():
            raise CorpusError(f"{where} has no value in row {row}. Every text needs an id.")
        key = str(value).strip()
        if key in row_of:
            raise CorpusError(f"{where} has the value {key!r} in rows {row_of[key]} and {row}. {advice}")
        row_of[key] = row
    return list(row_of)


def _queue(queue: Any, blank: set[str]) -> pd.DataFrame:
    if not isinstance(queue, pd.DataFrame) or not set(QUEUE_COLUMNS) <= set(queue.columns):
        raise LabelsError(f"queue must be a DataFrame with the columns {' and '.join(QUEUE_COLUMNS)}.")
    ids = queue["article_id"].map(lambda value: str(value).strip())
    return queue.assign(article_id=ids)[~ids.isin(blank)]


def _file(save: Path | str, taxonomy: Taxonomy) -> Path:
    if not isinstance(save, str | Path) or Path(save).suffix != ".csv":
        raise LabelsError(f"save must be the path of a CSV file, such as 'labels.csv'; got {save!r}.")
    spaced = next((name for name in taxonomy.names if name.split() != [name]), None)
    if spaced is not None:
        raise LabelsError(
            f"topics: {spaced!r} contains white space, which separates topics in the file that save names. Write "
            f"{'-'.join(spaced.split())!r}."
        )
    return Path(save).expanduser().absolute()
