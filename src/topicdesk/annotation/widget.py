"""Labelling in a notebook: an article at a time, by the keyboard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from topicdesk.annotation.agreement import adjudication
from topicdesk.annotation.session import AnnotationSession, open_session
from topicdesk.annotation.topics import Taxonomy
from topicdesk.errors import LabelsError, TopicdeskError
from topicdesk.project import Project

try:
    import traitlets
    from anywidget import AnyWidget
except ImportError as error:
    raise LabelsError(
        f"labelling in a notebook needs {error.name}: pip install 'topicdesk[notebooks]'. In a terminal there is "
        "'topicdesk annotate'."
    ) from error

__all__ = ["AnnotationWidget", "adjudicate", "annotate"]

# A still shows as much as fits a page.
_STILL_PARAGRAPHS = 4


def annotate(
    corpus: pd.DataFrame | Path | str,
    topics: Taxonomy | Path | str,
    annotator: str,
    queue: pd.DataFrame | None = None,
    highlight: Sequence[str] = (),
    project: Project | None = None,
    seed: int = 0,
    practice: bool = False,
) -> AnnotationWidget:
    """Label articles in a notebook; every decision is on disk before the next article is shown.

    Parameters
    ----------
    corpus : DataFrame, path or str
        Articles, the Parquet file that holds them, or a corpus's name in ``data/sources.toml``.
    topics : Taxonomy, path or str
        Or the file that holds it, such as ``data/topics.toml``.
    annotator : str
        Who labels: the file is ``data/labels/<annotator>.csv``.
    queue : DataFrame, optional
        From `topicdesk.queue_for`; by default every article, in an order drawn at random.
    highlight : sequence of str, optional
        Words and phrases to mark in the text.
    project : Project, optional
        By default the one that the current folder is in.
    seed : int, default 0
        Of the order, where no queue is given.
    practice : bool, default False
        Try it out: no decision reaches ``data/labels``, and all are gone with the session.

    Returns
    -------
    AnnotationWidget
        The last line of a cell shows it.

    Raises
    ------
    TopicdeskError
        See `topicdesk.annotation.open_session`.

    Examples
    --------
    ::

        topicdesk.annotate("newsarticles", "data/topics.toml", annotator="maria")
    """
    session = open_session(corpus, topics, annotator, queue, project=project, seed=seed, practice=practice)
    return AnnotationWidget(session, highlight)


def adjudicate(
    first: str,
    second: str,
    corpus: pd.DataFrame | Path | str,
    topics: Taxonomy | Path | str,
    annotator: str,
    project: Project | None = None,
) -> AnnotationWidget:
    """Settle what two annotators disagree about, in a notebook, with both answers shown.

    Parameters
    ----------
    first, second : str
        Annotators, by the names of their files in ``data/labels``.
    corpus, topics, project
        As in `annotate`.
    annotator : str
        Who settles.

    Returns
    -------
    AnnotationWidget
        What is decided goes to ``data/labels/adjudicated.csv``, which overrules both.
    """
    return AnnotationWidget(adjudication(first, second, corpus, topics, annotator, project))


class AnnotationWidget(AnyWidget):
    """A session on the screen of a notebook: JupyterLab, Notebook 7, VS Code.

    The page shows what `shown` says and tells what the annotator wants; what is kept, and what comes next, is decided
    here. So a page that is loaded again, or a second one, shows the truth.

    Parameters
    ----------
    session : AnnotationSession
    highlight : sequence of str, optional
        Words and phrases to mark in the text.
    """

    _esm = Path(__file__).with_name("widget.js")
    _css = Path(__file__).with_name("widget.css")

    #: Topics with their definitions, and the rule.
    codebook = traitlets.Dict().tag(sync=True)
    #: The article, what is chosen, how far it is; ``serial`` grows with each answer to the page.
    shown = traitlets.Dict().tag(sync=True)

    def __init__(self, session: AnnotationSession, highlight: Sequence[str] = ()) -> None:
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
        """Give the widget, and for pages that no kernel stands behind, a still of it."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        return {**data, "text/html": _still(self.shown, self.codebook)}, metadata

    def decide(self, topics: Sequence[str], note: str = "") -> None:
        """Keep what is said of the article shown, and go on; what the Enter key does."""
        self.session.decide(topics, note)
        self._show("")

    def skip(self) -> None:
        """Put the article off; it comes again at the end. What the S key does."""
        self.session.skip()
        self._show("")

    def undo(self) -> None:
        """Take the last decision back. What the Z key does."""
        self.session.undo()
        self._show("")

    def _act(self, _: Any, asked: dict[str, Any], __: Any) -> None:
        if asked.get("serial") != self.shown["serial"]:  # of another window, or sent twice
            self._show("Shown anew: another window has gone on.")
            return
        told, fault = "", False
        try:
            match asked.get("do"):
                case "decide":
                    self.session.decide(asked["topics"], asked["note"])
                case "skip":
                    self.session.skip()
                    told = "Skipped: it comes again at the end."
                case "undo":
                    undone = self.session.undo()
                    told = "Taken back; choose anew." if undone else "There is nothing to take back in this session."
        except TopicdeskError as error:
            told, fault = str(error), True
        self._show(told, fault, asked if fault else None)

    def _show(self, told: str, fault: bool = False, asked: dict[str, Any] | None = None, serial: int = 0) -> None:
        session, article = self.session, self.session.shown
        self.shown = {
            "serial": serial or self.shown["serial"] + 1,
            "told": told,
            "fault": fault,
            "left": session.left,
            "decided": session.decided,
            "counts": session.counts(),
            "file": str(session.store.path.name),
            # What was chosen stays on the screen when it could not be kept.
            "article": None if article is None else {
                **_told(article.article, self._marks),
                "chosen": list(asked["topics"] if asked and "topics" in asked else article.chosen),
                "note": asked["note"] if asked and "note" in asked else article.note,
                "answers": [list(answer) for answer in article.answers],
            },
        }  # fmt: skip


def _still(shown: dict[str, Any], codebook: dict[str, Any]) -> str:
    """Write what the widget shows as HTML that does nothing."""
    article = shown["article"]
    counted = f"{shown['decided']} decided, {shown['left']} left"
    if article is None:
        return f"<p>{escape(counted)}: all are done.</p>"
    about = " · ".join(part for part in (article["source"], article["published"], article["id"], counted) if part)
    text = "".join(
        "<p>"
        + "".join(f"<mark>{escape(part)}</mark>" if marked else escape(part) for part, marked in paragraph)
        + "</p>"
        for paragraph in article["paragraphs"][:_STILL_PARAGRAPHS]
    )
    button = '<span style="border:1px solid; border-radius:4px; padding:2px 8px; margin-right:6px">'
    topics = "".join(
        f"{button}<b>{number}</b> {escape(topic['name'])}</span>" for number, topic in enumerate(codebook["topics"], 1)
    )
    return (
        '<div style="border:1px solid #8888; border-radius:6px; padding:8px 16px">'
        f"<p><small>{escape(about)}</small></p>"
        f"<h3>{escape(article['title'])}</h3>{text}<p>{topics}</p></div>"
    )


def _told(article: pd.Series, marks: re.Pattern[str] | None) -> dict[str, Any]:
    published = article["published"]
    return {
        "id": article["id"],
        "title": article["title"] or "(no title)",
        "source": article["source"],
        "published": "" if pd.isna(published) else f"{published:%-d %B %Y}",
        "language": article["language"],
        "paragraphs": [_parts(line, marks) for line in article["text"].splitlines() if line.strip()],
    }


def _parts(text: str, marks: re.Pattern[str] | None) -> list[tuple[str, bool]]:
    """Cut a text into what is marked and what is not."""
    if marks is None:
        return [(text, False)]
    return [(part, bool(place % 2)) for place, part in enumerate(marks.split(text)) if part]


def _pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    if not words:
        return None
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(re.escape(word) for word in longest_first)})\b", re.IGNORECASE)
