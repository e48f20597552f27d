"""The taxonomy: a TOML file that users change."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field, model_validator

from topicdesk.errors import LabelsError
from topicdesk.rendering import as_html
from topicdesk.toml import StrictModel, read_toml

__all__ = ["Codebook", "Taxonomy", "Topic", "read_taxonomy"]

_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", description="one lower-case word")]


class Topic(StrictModel):
    """One topic and how a person recognises it."""

    name: _Name
    definition: Annotated[str, Field(min_length=1)]
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    #: Words and phrases of the keyword-rules baseline, lower case.
    keywords: tuple[str, ...] = ()
    #: Id in the IPTC Media Topics vocabulary.
    iptc: Annotated[str | None, Field(pattern=r"^medtop:\d{8}$")] = None


class Codebook(StrictModel):
    """The rules that hold for all topics, and their version."""

    version: Annotated[int, Field(ge=1)]
    title: str
    rule: str
    edge_rules: tuple[str, ...] = ()


class Taxonomy(StrictModel):
    """Topics in the order in which every table shows them."""

    codebook: Codebook
    topics: Annotated[tuple[Topic, ...], Field(min_length=1)]
    #: What labels are bound to; by default the file's name without its ending. No part of what the file says.
    name: Annotated[str, Field(exclude=True)] = ""

    @model_validator(mode="after")
    def _names_differ(self) -> Taxonomy:
        doubled = sorted(name for name, count in Counter(self.names).items() if count > 1)
        if doubled:
            raise ValueError(f"topics named twice: {', '.join(doubled)}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The topics' names, in order."""
        return tuple(topic.name for topic in self.topics)

    @property
    def keywords(self) -> dict[str, tuple[str, ...]] | None:
        """The keywords of each topic; None unless every topic has some."""
        if not all(topic.keywords for topic in self.topics):
            return None
        return {topic.name: topic.keywords for topic in self.topics}

    def table(self) -> pd.DataFrame:
        """Write the topics as text, a row each: what they are, what belongs to them and what does not."""
        return pd.DataFrame(
            {
                "definition": [topic.definition for topic in self.topics],
                "includes": ["; ".join(topic.includes) for topic in self.topics],
                "excludes": ["; ".join(topic.excludes) for topic in self.topics],
                "keywords": [", ".join(topic.keywords) for topic in self.topics],
            },
            index=pd.Index(self.names, name="topic"),
        )

    def __str__(self) -> str:
        """Say in a line what it is."""
        return f"{self.codebook.title}, codebook version {self.codebook.version}: {', '.join(self.names)}"

    def _repr_html_(self) -> str:
        return as_html(str(self), self.table(), after=" ".join(self.codebook.rule.split()))

    def content_hash(self) -> str:
        """Hash everything the file says, whatever its layout: 32 hexadecimal characters."""
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=16).hexdigest()


def read_taxonomy(path: Path) -> Taxonomy:
    """Read and check a taxonomy.

    Parameters
    ----------
    path : Path
        A TOML file in the form of ``data/topics.toml``.

    Returns
    -------
    Taxonomy

    Raises
    ------
    LabelsError
        Naming file, key and value.
    """
    taxonomy = read_toml(path, Taxonomy, LabelsError, "'topicdesk init' writes an example of a taxonomy.")
    return taxonomy if taxonomy.name else taxonomy.model_copy(update={"name": path.stem})
