"""Turn a record, as read from a file, into clean articles: the import steps that need only one article."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from topicdesk._terminals import without_controls
from topicdesk.corpus._boilerplate import take_off_menus
from topicdesk.corpus._bylines import split_byline
from topicdesk.corpus._datelines import split_dateline
from topicdesk.corpus._dates import read_time
from topicdesk.corpus._language import detect_language
from topicdesk.corpus.cleaning import fix_encoding, normalise_unicode, squeeze_white_space
from topicdesk.corpus.pages import article_id, parse_page
from topicdesk.corpus.readers import Record

__all__ = ["REPLACEMENT", "UNREADABLE_CHARACTER", "CleanArticle", "Cleaning", "clean_record", "plain_id"]

#: Character that replaces bytes that cannot be decoded.
REPLACEMENT = "\ufffd"

#: Flag of an article that contains `REPLACEMENT`.
UNREADABLE_CHARACTER = "a character that cannot be read (U+FFFD)"

# Free-text fields. Each repair step applies to all of them.
_WRITTEN = ("title", "text", "section", "authors", "place")


# `parse_page` reports why it removes a line. These are the matching cleaning steps.
_STEP_OF = {"byline": "split_byline", "dateline": "split_dateline", "menu": "take_off_menus"}


@dataclass(frozen=True)
class Cleaning:
    """Options of the cleaning.

    Parameters
    ----------
    source, language : str, default ""
        Values for articles that name none. By default, the agency in the dateline or byline, and the detected language.
    without : frozenset of str
        Steps of `CLEANING_STEPS` to skip.
    """

    source: str = ""
    language: str = ""
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CleanArticle:
    """A clean article and the changes made to it.

    Parameters
    ----------
    fields : dict of str to object
        Values by column of the articles table. Missing fields are left out.
    changed : tuple of str
        Names of the steps that changed it.
    removed : tuple of (str, str)
        Reason and text of each removal.
    flags : tuple of str
        Notes on what is uncertain.
    """

    fields: dict[str, Any]
    changed: tuple[str, ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()


def plain_id(text: str) -> str:
    """Return an id of a file without white space, control characters and lone surrogates, which JSON may contain."""
    return without_controls("".join(text.split())).encode("utf-8", "replace").decode("utf-8")


def clean_record(record: Record, how: Cleaning) -> Iterator[CleanArticle]:
    """Yield the clean articles of a record: the article and teasers of a page, otherwise one article.

    Parameters
    ----------
    record : Record
        As `read_records` yields it.
    how : Cleaning
        Options of the cleaning.

    Yields
    ------
    CleanArticle
        Its id is the record's own. Without one, the id is a hash of source and content before cleaning, so that ids do
        not depend on cleaning.

    Raises
    ------
    CorpusError
        When a page has no headline or no text.
    """
    if record.is_page:
        yield from _page_articles(record, how)
    else:
        yield _table_article(record, how)


def _page_articles(record: Record, how: Cleaning) -> Iterator[CleanArticle]:
    text, changed = record.fields["text"], []
    for step in _steps(how, fix_encoding, normalise_unicode):
        new_text = step(text)
        changed += [step.__name__] if new_text != text else []
        text = new_text
    page = parse_page(text, how.source, how.language, without=how.without)
    article, *teasers = page.rows
    removed = [(line.reason, line.text) for line in page.removed]
    reasons = {reason for reason, _ in removed}
    changed += [step for reason, step in _STEP_OF.items() if reason in reasons]
    changed += ["detect_language"] if not how.language and article["language"] else []
    flags = (*record.flags, *page.flags, *_broken(article["text"]))
    yield CleanArticle(article, tuple(changed), tuple(removed), flags)
    for teaser in teasers:
        yield CleanArticle(teaser, (), (), _broken(teaser["text"]))


class _Draft:
    """An article while the cleaning steps are applied."""

    def __init__(self, record: Record, how: Cleaning) -> None:
        self.how = how
        self.month_first = record.month_first
        self.row: dict[str, Any] = {"kind": "article", **dict.fromkeys(_WRITTEN, ""), **record.fields}
        self.row["source"] = without_controls(self.row.get("source") or how.source)
        self.as_came = self.row["title"], self.row["text"]
        self.changed: list[str] = []
        self.removed: list[tuple[str, str]] = []
        self.flags: list[str] = list(record.flags)

    def does(self, step: str) -> bool:
        return step not in self.how.without

    def repair(self) -> None:
        for step in _steps(self.how, fix_encoding, normalise_unicode, squeeze_white_space):
            repaired = {name: step(self.row[name]) for name in _WRITTEN}
            if any(repaired[name] != self.row[name] for name in _WRITTEN):
                self.changed.append(step.__name__)
                self.row |= repaired

    def read_date(self) -> None:
        self.row["published"], flags = read_time(self.row.get("published", ""), self.month_first)
        self.flags += flags

    def split_beginning(self) -> None:
        """Read and remove byline and dateline. Values that the record already has take precedence."""
        row = self.row
        byline, after_byline = split_byline(row["text"])
        dateline, rest = split_dateline(after_byline)
        beginning = ""
        if byline is not None:
            row["authors"] = row["authors"] or "; ".join(byline.authors)
            beginning += self._taken_off("split_byline", "byline", byline.written)
        if dateline is not None:
            row["place"] = row["place"] or dateline.place
            row["published"] = row["published"] or dateline.published
            row["source"] = row["source"] or dateline.agency
            self.flags += dateline.flags
            beginning += self._taken_off("split_dateline", "dateline", dateline.written)
        row["source"] = row["source"] or (byline.agency if byline is not None else "")
        row["text"] = beginning + rest

    def take_off_menus(self) -> None:
        if self.does("take_off_menus"):
            self.row["text"], menus = take_off_menus(self.row["text"])
            self.removed += [("menu", menu) for menu in menus]
            self.changed += ["take_off_menus"] if menus else []

    def detect_language(self) -> None:
        self.row["language"] = self.row.get("language") or self.how.language
        if not self.row["language"] and self.does("detect_language"):
            self.row["language"] = detect_language(self.row["text"])
            self.changed += ["detect_language"] if self.row["language"] else []

    def finished(self) -> CleanArticle:
        row = self.row
        row["id"] = plain_id(row.get("id", "")) or article_id(row["source"], *self.as_came)
        row["page"] = row["id"]
        flags = (*self.flags, *_broken(row["text"]))
        return CleanArticle(row, tuple(self.changed), tuple(self.removed), flags)

    def _taken_off(self, step: str, reason: str, written: str) -> str:
        """Record what a step removes, and return the part that stays in the text."""
        if not self.does(step):
            return written
        self.changed.append(step)
        self.removed.append((reason, written.strip()))
        return ""


def _table_article(record: Record, how: Cleaning) -> CleanArticle:
    draft = _Draft(record, how)
    draft.repair()
    draft.read_date()
    draft.split_beginning()
    draft.take_off_menus()
    draft.detect_language()
    return draft.finished()


def _steps(how: Cleaning, *steps: Callable[[str], str]) -> list[Callable[[str], str]]:
    return [step for step in steps if step.__name__ not in how.without]


def _broken(text: str) -> tuple[str, ...]:
    return (UNREADABLE_CHARACTER,) if REPLACEMENT in text else ()
