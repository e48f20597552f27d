"""Label articles in a notebook, one at a time, with the keyboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from topicdesk._arguments import check_flag, check_random_state
from topicdesk._renamed import renamed_arguments
from topicdesk.annotation._own_texts import session_of_texts
from topicdesk.annotation.agreement import adjudication
from topicdesk.annotation.session import open_session
from topicdesk.annotation.topics import Taxonomy
from topicdesk.errors import LabelsError
from topicdesk.project import Project

if TYPE_CHECKING:
    # Only when a function is called: it needs packages that not every installation has.
    from topicdesk.annotation.widget import AnnotationWidget

__all__ = ["adjudicate", "annotate"]

# Columns of a corpus that a session needs.
_SHOWN_COLUMNS = ("id", "title", "text", "kind", "published", "source", "language")


@renamed_arguments(seed="random_state")
def annotate(
    corpus: pd.DataFrame | pd.Series | Sequence[str] | Path | str,
    topics: Sequence[str] | Mapping[str, str] | Taxonomy | Path | str,
    annotator: str | None = None,
    queue: pd.DataFrame | None = None,
    highlight: Sequence[str] = (),
    project: Project | None = None,
    random_state: int = 0,
    practice: bool = False,
    *,
    text: str | Sequence[str] | None = None,
    id: str | None = None,
    save: Path | str | None = None,
) -> AnnotationWidget:
    """Label texts in a notebook, one at a time, with the keyboard.

    Without `annotator`, no project is needed: the texts are a DataFrame, Series or list, the decisions are in
    ``widget.labels``, and they are kept in memory only unless `save` names a file. With `annotator` but without `save`,
    the articles are a corpus, and decisions are saved in the project's ``data/labels``. A decision that is saved to a
    file is on disk before the next text is shown.

    Parameters
    ----------
    corpus : DataFrame, Series, sequence of str, path or str
        Texts, one per row. With `annotator`, also a corpus' Parquet file, or its name in ``data/sources.toml``. Missing
        and empty texts are not shown; the widget says how many there are.
    topics : sequence of str, mapping of str to str, Taxonomy, path or str
        Names of the topics, a definition of each, a taxonomy, or its file, such as ``data/topics.toml``. With
        `annotator`, a taxonomy or its file.
    annotator : str, optional
        Name of the annotator. Decisions are saved to ``data/labels/<annotator>.csv``. With `save`, the name is only
        saved with each decision.
    queue : DataFrame, optional
        What to label, in order: columns ``article_id, sample``, from `topicdesk.draw_queue` or
        `topicdesk.experiment.queue_for`. By default every text in random order, or every article of a corpus that is
        fit to label.
    highlight : sequence of str, optional
        Words and phrases to highlight in the text.
    project : Project, optional
        By default the project of the current folder. Needs `annotator`.
    random_state : int, default 0
        Seed of the random order if no queue is given.
    practice : bool, default False
        Save decisions to a temporary folder that is deleted with the session, instead of ``data/labels``. Needs
        `annotator`.
    text : str or sequence of str, optional
        Columns of the DataFrame that form the text. If there are several, the first is shown as title. By default,
        columns with common names, such as ``title`` and ``text``.
    id : str, optional
        Column of the DataFrame with unique ids. By default the index identifies texts, or the row number in a list.
    save : path or str, optional
        A CSV file for the decisions. It has the columns of the project's label files (see
        `topicdesk.annotation.read_label_file`). If it exists, texts whose id has a decision in it are not shown again,
        so the ids must mean the same texts each time. The version of a taxonomy's codebook is recorded in
        ``codebooks.json`` beside it.

    Returns
    -------
    AnnotationWidget
        Displayed if it is the last expression of a cell. ``widget.labels`` has the decisions, with the index of the
        texts: ``topicdesk.compare(table.loc[widget.labels.index], widget.labels["topics"])``.

    Raises
    ------
    CorpusError
        If `corpus` is empty or has no text, a text is not a string, a column does not exist, or ids are missing or not
        unique.
    LabelsError
        If `topics` is empty or names a topic twice, `save` is not a label file or cannot hold a topic's name, or
        arguments contradict each other. See `topicdesk.annotation.open_session` for errors with `annotator`.

    See Also
    --------
    topicdesk.draw_queue : Choose the texts that are most useful to label.
    topicdesk.make_dataset : Make a dataset from the texts and ``widget.labels``.

    Examples
    --------
    >>> import pandas as pd
    >>> import topicdesk
    >>> table = pd.DataFrame({"text": ["The tram is late.", "The judge heard the appeal."]}, index=["a", "b"])
    >>> widget = topicdesk.annotate(table, topics=["courts", "rail"])
    >>> widget.decide(["rail"])  # usually with the keyboard
    >>> widget.labels["topics"].to_dict()
    {'a': ['rail']}

    With a project::

        topicdesk.annotate("newsarticles", "data/topics.toml", annotator="maria")
    """
    from topicdesk.annotation.widget import AnnotationWidget

    check_random_state(random_state)
    check_flag("practice", practice)
    if annotator is not None and save is None:
        of_project = _project_arguments(corpus, topics, annotator, text, id)
        session = open_session(
            *of_project, annotator, queue, project=project, random_state=random_state, practice=practice
        )
        return AnnotationWidget(session, highlight)
    for argument, given in (("project", project is not None), ("practice", practice)):
        if given:
            raise LabelsError(
                f"{argument} is for decisions in a project's data/labels: name the annotator, and leave out save."
            )
    if isinstance(corpus, str | Path):
        raise LabelsError(
            f"corpus={str(corpus)!r} names a corpus of a project, which needs annotator. To label it without a "
            "project, read it first: topicdesk.read_corpus."
        )
    session = session_of_texts(
        corpus,
        topics,
        text=text,
        id=id,
        save=save,
        annotator=annotator or "",
        queue=queue,
        random_state=random_state,
    )
    return AnnotationWidget(session, highlight)


def _project_arguments(
    corpus: Any, topics: Any, annotator: str, text: Any, id: Any
) -> tuple[pd.DataFrame | Path | str, Taxonomy | Path | str]:
    """Return the corpus and the topics; raise `LabelsError` if they do not fit an annotator of a project."""
    advice = (
        f"annotator={annotator!r} saves decisions in a project's data/labels. Without a project, leave it out, or name "
        f"a file: save='{annotator}.csv'."
    )
    if text is not None or id is not None:
        raise LabelsError(f"text and id are for texts without a project. {advice}")
    if not isinstance(topics, Taxonomy | Path | str):
        raise LabelsError(f"topics must be a taxonomy or its file; got {type(topics).__name__}. {advice}")
    columns = set(corpus.columns) if isinstance(corpus, pd.DataFrame) else set()
    if not isinstance(corpus, Path | str) and not set(_SHOWN_COLUMNS) <= columns:
        raise LabelsError(f"corpus must be a corpus, with the columns of topicdesk.read_corpus. {advice}")
    return corpus, topics


def adjudicate(
    first: str,
    second: str,
    corpus: pd.DataFrame | Path | str,
    topics: Taxonomy | Path | str,
    annotator: str,
    project: Project | None = None,
) -> AnnotationWidget:
    """Adjudicate the disagreements of two annotators in a notebook, with both answers shown.

    Parameters
    ----------
    first, second : str
        The annotators, named as their files in ``data/labels``.
    corpus, topics, project
        As in `annotate`.
    annotator : str
        Who adjudicates.

    Returns
    -------
    AnnotationWidget
        Its decisions are saved to ``data/labels/adjudicated.csv`` and overrule both annotators.

    Raises
    ------
    TopicdeskError
        If a label file or the taxonomy is missing or invalid, or another argument is wrong.

    Examples
    --------
    >>> import pandas as pd
    >>> import tempfile
    >>> import topicdesk
    >>> desk = topicdesk.create_project(tempfile.mkdtemp() + "/desk")
    >>> data = desk.root / "data"
    >>> labels = pd.read_csv(data / "labels" / "example.csv")
    >>> labels.assign(topics="health").to_csv(data / "labels" / "ben.csv", index=False)
    >>> widget = topicdesk.adjudicate(
    ...     "example", "ben", data / "corpora" / "example.parquet", data / "topics.toml", annotator="maria",
    ...     project=topicdesk.find_project(desk.root),
    ... )
    >>> widget.shown["left"]  # disagreements
    82
    """
    from topicdesk.annotation.widget import AnnotationWidget

    return AnnotationWidget(adjudication(first, second, corpus, topics, annotator, project))
