"""The taxonomy: topics and codebook, read from a TOML file that users edit."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import AfterValidator, Field, model_validator

from topicdesk._rendering import as_html
from topicdesk._toml import StrictModel, read_toml
from topicdesk.errors import LabelsError
from topicdesk.project import Project, find_file

__all__ = ["Codebook", "Taxonomy", "Topic", "in_topic_names", "read_taxonomy", "taxonomy_of"]


def _check_name(name: str) -> str:
    if not _is_word(name):
        if _is_word(name.lower()):
            raise ValueError(f"write {name!r} in lower case: {name.lower()!r}")
        raise ValueError("must be one lower-case word: letters of any script, digits, and _ . - inside it")
    return name


def _is_word(name: str) -> bool:
    """Return whether a name has no capitals, and only letters of any script with their marks, digits and ``_ . -``."""
    return (
        bool(name)
        and unicodedata.category(name[0])[0] in "LN"
        and all(in_topic_names(letter) or letter in "_.-" for letter in name)
    )


def in_topic_names(letter: str) -> bool:
    """Return whether names of topics may have a character: a digit, a mark, or a letter that is no capital."""
    category = unicodedata.category(letter)
    return category in ("Ll", "Lm", "Lo") or category[0] in "MN"


_Name = Annotated[str, AfterValidator(_check_name)]


class Topic(StrictModel):
    """One topic and how annotators recognise it."""

    name: _Name
    #: The label as people write it; by default the name.
    title: str = ""
    definition: Annotated[str, Field(min_length=1)]
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    #: Words and phrases for the keyword-rules baseline and for blocks of keywords, in lower case.
    keywords: tuple[str, ...] = ()
    #: Id in the IPTC Media Topics vocabulary.
    iptc: Annotated[str | None, Field(pattern=r"^medtop:\d{8}$")] = None


class Codebook(StrictModel):
    """The rules for all topics, and their version."""

    version: Annotated[int, Field(ge=1)]
    title: str
    rule: str
    edge_rules: tuple[str, ...] = ()


class Taxonomy(StrictModel):
    """Topics, in the order of all tables, with their codebook."""

    codebook: Codebook
    topics: Annotated[tuple[Topic, ...], Field(min_length=1)]
    #: Identifies the taxonomy in ``codebooks.json``; by default the file name without extension. Not in the hash.
    name: Annotated[str, Field(exclude=True)] = ""

    @model_validator(mode="after")
    def _names_differ(self) -> Taxonomy:
        duplicates = sorted(name for name, count in Counter(self.names).items() if count > 1)
        if duplicates:
            raise ValueError(f"topics named twice: {', '.join(duplicates)}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the topics, in order."""
        return tuple(topic.name for topic in self.topics)

    @property
    def titles(self) -> dict[str, str]:
        """Titles of the topics as people write them, by name."""
        return {topic.name: topic.title or topic.name for topic in self.topics}

    @property
    def keywords(self) -> dict[str, tuple[str, ...]] | None:
        """Keywords of each topic; None unless every topic has keywords."""
        if not all(topic.keywords for topic in self.topics):
            return None
        return {topic.name: topic.keywords for topic in self.topics}

    def table(self) -> pd.DataFrame:
        """Return a table with one row per topic: definition, what it includes and excludes, and keywords."""
        titles = {} if not any(topic.title for topic in self.topics) else {"title": list(self.titles.values())}
        return pd.DataFrame(
            {
                **titles,
                "definition": [topic.definition for topic in self.topics],
                "includes": ["; ".join(topic.includes) for topic in self.topics],
                "excludes": ["; ".join(topic.excludes) for topic in self.topics],
                "keywords": [", ".join(topic.keywords) for topic in self.topics],
            },
            index=pd.Index(self.names, name="topic"),
        )

    def __str__(self) -> str:
        """Return a one-line summary."""
        return f"{self.codebook.title}, codebook version {self.codebook.version}: {', '.join(self.names)}"

    def _repr_html_(self) -> str:
        return as_html(str(self), self.table(), after=" ".join(self.codebook.rule.split()))

    def content_hash(self) -> str:
        """Return a hash of the file's content, independent of its layout and of titles: 32 hexadecimal characters."""
        content = self.model_dump_json(exclude={"topics": {"__all__": {"title"}}})
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def read_taxonomy(path: Path | str) -> Taxonomy:
    """Read and check a taxonomy.

    Parameters
    ----------
    path : path or str
        A TOML file in the form of ``data/topics.toml``, relative to the working folder or the project.

    Returns
    -------
    Taxonomy

    Raises
    ------
    LabelsError
        If the file is missing or invalid. The message names file, key and value.

    Examples
    --------
    >>> import tempfile
    >>> import topicdesk
    >>> desk = topicdesk.create_project(tempfile.mkdtemp() + "/desk")
    >>> topicdesk.read_taxonomy(desk.root / "data" / "topics.toml").names
    ('courts', 'environment', 'health', 'transport')
    """
    path = find_file(path)
    taxonomy = read_toml(path, Taxonomy, LabelsError, "'topicdesk init' writes an example of a taxonomy.")
    return taxonomy if taxonomy.name else taxonomy.model_copy(update={"name": path.stem})


def taxonomy_of(project: Project, topics: Taxonomy | Path | str) -> Taxonomy:
    """Return the given taxonomy, or read it from a file."""
    return topics if isinstance(topics, Taxonomy) else read_taxonomy(find_file(topics, project, "topics"))
