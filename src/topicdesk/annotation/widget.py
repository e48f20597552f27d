"""Label articles in a notebook, one at a time, with the keyboard."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from topicdesk._arguments import check_flag, check_instance, check_random_state, check_strings
from topicdesk._renamed import renamed_arguments
from topicdesk.annotation._own_texts import session_of_texts
from topicdesk.annotation.agreement import adjudication
from topicdesk.annotation.session import AnnotationSession, open_session
from topicdesk.annotation.topics import Taxonomy
from topicdesk.errors import ArgumentError, LabelsError, TopicdeskError
from topicdesk.project import Project

try:
    import traitlets
    from anywidget import AnyWidget
except ImportError as error:
    raise LabelsError(
        f"annotation in a notebook needs {error.name}: pip install 'topicdesk[notebooks]'. To annotate in a terminal, "
        "use 'topicdesk annotate'."
    ) from error

__all__ = ["AnnotationWidget", "adjudicate", "annotate"]

# Columns of a corpus that a session needs.
_SHOWN_COLUMNS = ("id", "title", "text", "kind", "published", "source", "language")

# Limits the static view to about one page.
_STILL_PARAGRAPHS = 4


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
        Displayed if it is the last expression of a cell. `AnnotationWidget.labels` has the decisions.

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
    """
    return AnnotationWidget(adjudication(first, second, corpus, topics, annotator, project))


class AnnotationWidget(AnyWidget):
    """Notebook widget of an annotation session, for JupyterLab, Notebook 7 and VS Code.

    The page displays `shown` and sends the annotator's actions. Python saves decisions and selects the next article. A
    page that is reloaded, or a second page, therefore shows the current state.

    Parameters
    ----------
    session : AnnotationSession
        The session to display.
    highlight : sequence of str, optional
        Words and phrases to highlight in the text.

    Raises
    ------
    ArgumentError
        If an argument has a wrong type or value.
    """

    _esm = Path(__file__).with_name("widget.js")
    _css = Path(__file__).with_name("widget.css")

    #: Topics with their definitions, and the rules for all topics.
    codebook = traitlets.Dict().tag(sync=True)
    #: The current article, the selected topics and the progress; ``serial`` grows with each update.
    shown = traitlets.Dict().tag(sync=True)

    def __init__(self, session: AnnotationSession, highlight: Sequence[str] = ()) -> None:
        check_instance("session", session, AnnotationSession, "Use topicdesk.annotate.")
        check_strings("highlight", highlight)
        if not all(word.strip() for word in highlight):
            raise ArgumentError("highlight contains an empty word. Remove it.")
        super().__init__()
        self.session = session
        self._marks = _pattern(highlight)
        taxonomy = session.store.taxonomy
        self.codebook = {
            "title": taxonomy.codebook.title,
            "version": taxonomy.codebook.version,
            "rule": " ".join(taxonomy.codebook.rule.split()),
            "edges": list(taxonomy.codebook.edge_rules),
            "topics": [
                {name: getattr(topic, name) for name in ("name", "definition", "includes", "excludes", "examples")}
                for topic in taxonomy.topics
            ],
        }
        self._show("", serial=1)
        self.on_msg(self._act)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return the widget, with a static view for pages without a kernel."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        return {**data, "text/html": _still(self.shown, self.codebook)}, metadata

    @property
    def labels(self) -> pd.DataFrame:
        """The current decisions, of this session and earlier ones, as a DataFrame.

        One row per labelled text, in the order of the corpus. The columns are ``topics``, a list of names, most
        prominent first, and ``note``. The index has the ids: those of the column `id`, else the index of the DataFrame
        or Series, or row numbers of a list.
        """
        return self.session.labels

    @property
    def indicators(self) -> pd.DataFrame:
        """The current decisions as 0 and 1: the rows of `labels`, and one column per topic."""
        return self.session.indicators

    def decide(self, topics: Sequence[str], note: str = "") -> None:
        """Save a decision about the current article and go to the next one, like the Enter key."""
        self.session.decide(topics, note)
        self._show("")

    def skip(self) -> None:
        """Move the current article to the end of the queue, like the S key."""
        self.session.skip()
        self._show("")

    def undo(self) -> None:
        """Undo the last decision, like the Z key."""
        self.session.undo()
        self._show("")

    def _act(self, _: Any, asked: dict[str, Any], __: Any) -> None:
        if asked.get("serial") != self.shown["serial"]:  # from another window, or sent twice
            self._show("Updated: another window has changed the session.")
            return
        message, fault = "", False
        try:
            match asked.get("do"):
                case "decide":
                    self.session.decide(asked["topics"], asked["note"])
                case "skip":
                    self.session.skip()
                    message = "Skipped. The article is shown again at the end."
                case "undo":
                    undone = self.session.undo()
                    message = "Undone. Choose again." if undone else "There is nothing to undo in this session."
        except TopicdeskError as error:
            message, fault = str(error), True
        self._show(message, fault, asked if fault else None)

    def _show(self, message: str, fault: bool = False, asked: dict[str, Any] | None = None, serial: int = 0) -> None:
        session, article = self.session, self.session.shown
        self.shown = {
            "serial": serial or self.shown["serial"] + 1,
            "message": message,
            "fault": fault,
            "left": session.left,
            "decided": session.decided,
            "counts": session.counts(),
            "file": session.store.name,
            "notice": session.notice,
            # Keep the selection on screen if it could not be saved.
            "article": None if article is None else {
                **_rendered(article.article, self._marks),
                "chosen": list(asked["topics"] if asked and "topics" in asked else article.chosen),
                "note": asked["note"] if asked and "note" in asked else article.note,
                "answers": [list(answer) for answer in article.answers],
            },
        }  # fmt: skip


def _still(shown: dict[str, Any], codebook: dict[str, Any]) -> str:
    """Return a static HTML view of the widget."""
    article = shown["article"]
    counted = f"{shown['decided']} labelled, {shown['left']} left"
    if article is None:
        return f"<p>{escape(counted)}: every article of the queue is labelled.</p>"
    details = " · ".join(part for part in (article["source"], article["published"], article["id"], counted) if part)
    text = "".join(
        "<p>"
        + "".join(f"<mark>{escape(part)}</mark>" if marked else escape(part) for part, marked in paragraph)
        + "</p>"
        for paragraph in article["paragraphs"][:_STILL_PARAGRAPHS]
    )
    title = f"<h3>{escape(article['title'])}</h3>" if article["title"] else ""
    button = '<span style="border:1px solid; border-radius:4px; padding:2px 8px; margin-right:6px">'
    topics = "".join(
        f"{button}<b>{number}</b> {escape(topic['name'])}</span>" for number, topic in enumerate(codebook["topics"], 1)
    )
    return (
        '<div style="border:1px solid #8888; border-radius:6px; padding:8px 16px">'
        f"<p><small>{escape(details)}</small></p>"
        f"{title}{text}<p>{topics}</p></div>"
    )


def _rendered(article: pd.Series, marks: re.Pattern[str] | None) -> dict[str, Any]:
    published = article["published"]
    return {
        "id": article["id"],
        "title": article["title"],
        "source": article["source"],
        "published": "" if pd.isna(published) else f"{published:%-d %B %Y}",
        "language": article["language"],
        "paragraphs": [_parts(line, marks) for line in article["text"].splitlines() if line.strip()],
    }


def _parts(text: str, marks: re.Pattern[str] | None) -> list[tuple[str, bool]]:
    """Split a text into parts, each with whether it is highlighted."""
    if marks is None:
        return [(text, False)]
    return [(part, bool(place % 2)) for place, part in enumerate(marks.split(text)) if part]


def _pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    if not words:
        return None
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(re.escape(word) for word in longest_first)})\b", re.IGNORECASE)
