"""The widget that labels articles in a notebook. It needs the packages of ``topicdesk[notebooks]``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from topicdesk._arguments import check_instance, check_strings
from topicdesk.annotation.session import AnnotationSession
from topicdesk.errors import ArgumentError, LabelsError, TopicdeskError

try:
    import traitlets
    from anywidget import AnyWidget
except ImportError as error:
    raise LabelsError(
        f"annotation in a notebook needs {error.name}: pip install 'topicdesk[notebooks]'. To annotate in a terminal, "
        "use 'topicdesk annotate'."
    ) from error

__all__ = ["AnnotationWidget"]

# Limits the static view to about one page.
_STILL_PARAGRAPHS = 4


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
                | {"title": topic.title or topic.name}
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
        f"{button}<b>{number}</b> {escape(topic['title'])}</span>" for number, topic in enumerate(codebook["topics"], 1)
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
