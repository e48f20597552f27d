"""What a report tells besides the comparison itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from topicdesk.environment import Environment

__all__ = ["RUN_ID", "About", "Provenance"]

#: Stands in a report for the id of its run, which is known when it is logged.
RUN_ID = "RUN-ID-ONCE-LOGGED"


@dataclass(frozen=True)
class Provenance:
    """Where articles and labels come from.

    Parameters
    ----------
    title, citation, licence : str
        Of the corpus; empty where they are not known.
    label_files : tuple of str
        Empty when the labels came with the corpus.
    annotators : mapping of str to int
        Labelled articles by who or what labelled them.
    codebooks : tuple of str
        Versions that they labelled under.
    languages : mapping of str to int
        Labelled articles by language.
    titles : tuple of str
        Of each article of the dataset, in its order.
    """

    title: str = ""
    citation: str = ""
    licence: str = ""
    label_files: tuple[str, ...] = ()
    annotators: Mapping[str, int] = field(default_factory=dict)
    codebooks: tuple[str, ...] = ()
    languages: Mapping[str, int] = field(default_factory=dict)
    titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class About:
    """What was asked, and what with.

    Parameters
    ----------
    experiment : str
        The spec's file name without its ending.
    title, question : str
    spec : str
        The spec's file name.
    spec_text : str
    spec_hash : str
    environment : Environment
    provenance : Provenance
    keywords : mapping of str to sequence of str, optional
        Of each topic.
    lock : {"none", "same", "moved"}
        Whether the figures are those of the results lock that was there before.
    extract : int, default 240
        Characters of an article that are shown; 0 for none.
    errors : int, default 3
        Articles that are shown of each kind of error and topic.
    """

    experiment: str
    title: str
    question: str
    spec: str
    spec_text: str
    spec_hash: str
    environment: Environment
    provenance: Provenance = field(default_factory=Provenance)
    keywords: Mapping[str, Sequence[str]] | None = None
    lock: Literal["none", "same", "moved"] = "none"
    extract: int = 240
    errors: int = 3
