"""Information in a report besides the comparison itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from topicdesk._environment import Environment

__all__ = ["RUN_ID", "About", "Provenance", "name_run"]

#: Placeholder for the run id in a report. The id is known only after the run is logged.
RUN_ID = "RUN-ID-ONCE-LOGGED"


@dataclass(frozen=True)
class Provenance:
    """Origin of articles and labels.

    Parameters
    ----------
    title, citation, licence : str, default ""
        Title, citation and licence of the corpus. Empty if unknown.
    label_files : tuple of str, default ()
        Files of labels. Empty if the labels came with the corpus.
    annotators : mapping of str to int
        Number of labelled articles per annotator, human or machine.
    codebooks : tuple of str, default ()
        Versions of the codebook that the annotators used.
    languages : mapping of str to int
        Number of labelled articles per language.
    titles : tuple of str, default ()
        Titles of the articles, in the order of the dataset.
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
    """Description of an experiment, its data and its environment.

    Parameters
    ----------
    experiment : str
        File name of the spec without its ending.
    title, question : str
        Title and research question of the experiment.
    spec : str
        File name of the spec.
    spec_text : str
        Content of the spec.
    spec_hash : str
        Hash of the spec.
    environment : Environment
        Code and software versions of the run.
    provenance : Provenance
        Origin of articles and labels.
    keywords : mapping of str to sequence of str, optional
        Keywords of each topic.
    topic_titles : mapping of str to str
        Titles of topics as people write them, by name. A topic without one is shown by its name.
    lock : {"none", "same", "moved"}, default "none"
        Whether the results are equal to those of the results lock that existed before the run.
    extract : int, default 240
        Number of characters to show of an article; 0 for none.
    errors : int, default 3
        Number of articles to show for each topic and type of error.
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
    topic_titles: Mapping[str, str] = field(default_factory=dict)
    lock: Literal["none", "same", "moved"] = "none"
    extract: int = 240
    errors: int = 3


def name_run(report: str, run_id: str) -> str:
    """Return a report with the id of the run that it was logged as.

    Examples
    --------
    >>> name_run(f"<code>topicdesk reproduce {RUN_ID}</code>", "a1b2")
    '<code>topicdesk reproduce a1b2</code>'
    """
    return report.replace(RUN_ID, run_id)
