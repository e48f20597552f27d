"""Annotate articles in a terminal, as with the widget in a notebook."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import fill

import click
import pandas as pd

from topicdesk.annotation import AnnotationSession, Shown
from topicdesk.errors import LabelsError, TopicdeskError

__all__ = ["check_terminal", "label_in_terminal"]

# Number of characters of a text that are shown at first, to fit the window; the key m shows the whole text.
_FIRST = 1200

_KEYS = """\
1-9    select or deselect a topic, the most prominent first
Enter  save and continue; without a selection: no topic
z      undo the last decision             s  skip; the article returns at the end
n      write a note                       m  show the whole text
?      show the codebook                  q  quit; all decisions are saved"""


def check_terminal() -> None:
    """Raise `LabelsError` if there is no terminal. Call it before a session is opened, which writes files."""
    if not sys.stdin.isatty():
        raise LabelsError("annotation needs a terminal to read keys from. In a notebook, use topicdesk.annotate().")


def label_in_terminal(session: AnnotationSession) -> None:
    """Show one article after the other, and save the annotator's decisions.

    Parameters
    ----------
    session : AnnotationSession
        The open session.

    Raises
    ------
    LabelsError
        If there is no terminal.
    """
    check_terminal()
    click.echo(_KEYS)
    with _keys_at_once():
        _label(session)


def _label(session: AnnotationSession) -> None:
    message = ""
    while (shown := session.shown) is not None:
        chosen, note = list(shown.chosen), shown.note
        _show(session, shown, message)
        message = ""
        while not message:
            click.echo(f"\r{_choice(session, chosen, note)}\x1b[K", nl=False)
            key = os.read(sys.stdin.fileno(), 1).decode(errors="replace")
            names = session.store.taxonomy.names
            if key.isdecimal() and 1 <= int(key) <= min(9, len(names)):
                name = names[int(key) - 1]
                chosen = [topic for topic in chosen if topic != name] if name in chosen else [*chosen, name]
            elif key in ("q", "\x04", ""):
                click.echo(f"\nStopped: {session.decided} labelled, saved in {session.store.location}.")
                return
            else:
                message, note = _act(session, key, chosen, note, shown)
        click.echo("")
    click.echo(
        f"All articles of the queue are labelled: {session.decided} in this session, saved in {session.store.location}."
    )


def _act(session: AnnotationSession, key: str, chosen: list[str], note: str, shown: Shown) -> tuple[str, str]:
    """Run the action of a key. Return a message, empty to stay on the same article, and the note."""
    try:
        match key.lower():
            case "\r" | "\n":
                session.decide(chosen, note)
                return f"Saved: {' '.join(chosen) or 'no topic'}.", note
            case "z":
                return ("Undone. Select the topics again." if session.undo() else "There is nothing to undo."), note
            case "s":
                session.skip()
                return "Skipped. The article returns at the end.", note
            case "n":
                click.echo("")
                with _keys_at_once(False):
                    return "", click.prompt("Note", default=note, show_default=bool(note))
            case "m":
                click.echo("\n" + _plain(shown.article["text"]))
            case "?":
                click.echo("\n" + _codebook(session))
    except TopicdeskError as error:
        click.echo("")
        click.secho(str(error), fg="red", err=True)
    return "", note


@contextmanager
def _keys_at_once(wanted: bool = True) -> Iterator[None]:
    """Switch the terminal to single keys, including keys typed ahead, or to whole lines if not `wanted`."""
    if sys.platform == "win32":  # the console reads single keys, and has no such modes
        yield
        return
    import termios

    terminal = sys.stdin.fileno()
    saved = termios.tcgetattr(terminal)
    changed = termios.tcgetattr(terminal)
    if wanted:
        changed[3] &= ~(termios.ECHO | termios.ICANON)
    else:
        changed[3] |= termios.ECHO | termios.ICANON
    termios.tcsetattr(terminal, termios.TCSADRAIN, changed)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, saved)


def _show(session: AnnotationSession, shown: Shown, message: str) -> None:
    article, text = shown.article, _plain(shown.article["text"])
    published = "" if pd.isna(article["published"]) else f" · {article['published']:%Y-%m-%d}"
    click.echo(f"\n{message}\n" if message else "")
    click.secho(f"{_plain(article['source'])}{published} · article {article['id']} · {session.left} left", dim=True)
    click.secho(_plain(article["title"]) or "(no title)", bold=True)
    click.echo("\n".join(fill(line, 100) for line in text[:_FIRST].splitlines()))
    if len(text) > _FIRST:
        click.secho(f"… press m for {len(text) - _FIRST} more characters", dim=True)
    for annotator, answer in shown.answers:
        click.secho(f"{annotator}: {answer}", fg="blue")
    titles = session.store.taxonomy.titles.values()
    click.echo("  ".join(f"[{number}] {title}" for number, title in enumerate(titles, start=1)))


def _choice(session: AnnotationSession, chosen: list[str], note: str) -> str:
    return f"> {' '.join(chosen) or '(none)'}" + (f"   note: {note}" if note else "")


def _codebook(session: AnnotationSession) -> str:
    taxonomy = session.store.taxonomy
    lines = [_KEYS, "", " ".join(taxonomy.codebook.rule.split())]
    for topic in taxonomy.topics:
        lines += ["", f"{topic.title or topic.name}: {topic.definition}"]
        lines += [f"  + {line}" for line in topic.includes] + [f"  - {line}" for line in topic.excludes]
    return "\n".join([*lines, "", *taxonomy.codebook.edge_rules])


def _plain(text: str) -> str:
    # An article may contain control characters for the terminal.
    return "".join(character if character.isprintable() or character == "\n" else " " for character in text)
