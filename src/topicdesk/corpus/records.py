"""A record, as a file gave it, to clean articles: each step that an import takes on one article alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from topicdesk.corpus.boilerplate import take_off_menus
from topicdesk.corpus.cleaning import fix_encoding, normalise_unicode, squeeze_white_space
from topicdesk.corpus.datelines import read_date, split_dateline
from topicdesk.corpus.language import detect_language
from topicdesk.corpus.pages import article_id, parse_page
from topicdesk.corpus.readers import Record

__all__ = ["CleanArticle", "Cleaning", "clean_record"]

# Fields that people wrote; each text step repairs them all.
_WRITTEN = ("title", "text", "section", "authors", "place")


@dataclass(frozen=True)
class Cleaning:
    """How to clean.

    Parameters
    ----------
    source, language : str, default ""
        Of articles that name none; by default the agency of the dateline, and what the text is written in.
    without : frozenset of str
        Steps of `CLEANING_STEPS` to leave out.
    """

    source: str = ""
    language: str = ""
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CleanArticle:
    """A clean article, and what was done to it.

    Parameters
    ----------
    fields : dict of str to object
        By the articles' columns; missing ones are left out.
    changed : tuple of str
        Names of the steps that changed it.
    removed : tuple of (str, str)
        What was taken off, reason and words.
    flags : tuple of str
        What was uncertain.
    """

    fields: dict[str, Any]
    changed: tuple[str, ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()


def clean_record(record: Record, how: Cleaning) -> Iterator[CleanArticle]:
    """Make clean articles of a record: of a page its article and teasers, else one.

    Parameters
    ----------
    record : Record
    how : Cleaning

    Yields
    ------
    CleanArticle
        Named by the record's own id, else by source and content as they came: ids do not depend on cleaning.

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
        after = step(text)
        changed += [step.__name__] if after != text else []
        text = after
    page = parse_page(text, how.source, how.language, without=how.without)
    article, *teasers = page.rows
    removed = [(line.reason, line.text) for line in page.removed]
    changed += ["take_off_menus"] if any(reason == "menu" for reason, _ in removed) else []
    changed += ["detect_language"] if not how.language and article["language"] else []
    if page.dateline is not None and "split_dateline" not in how.without:
        changed.append("split_dateline")
        removed.append(("dateline", page.dateline.written))
    removed += [("byline", page.byline)] if page.byline else []
    flags = (*record.flags, *page.flags, *_broken(article["text"]))
    yield CleanArticle(article, tuple(changed), tuple(removed), flags)
    for teaser in teasers:
        yield CleanArticle(teaser, (), (), _broken(teaser["text"]))


def _table_article(record: Record, how: Cleaning) -> CleanArticle:
    row: dict[str, Any] = {"kind": "article", **dict.fromkeys(_WRITTEN, ""), **record.fields}
    changed: list[str] = []
    removed: list[tuple[str, str]] = []
    as_came = row["title"], row["text"]
    for step in _steps(how, fix_encoding, normalise_unicode, squeeze_white_space):
        after = {name: step(row[name]) for name in _WRITTEN}
        changed += [step.__name__] if any(after[name] != row[name] for name in _WRITTEN) else []
        row |= after
    row["published"], flags = _published(row.get("published", ""))
    row["source"] = row.get("source") or how.source
    dateline, rest = split_dateline(row["text"])
    if dateline is not None:
        row["place"] = row["place"] or dateline.place
        row["published"] = row["published"] or dateline.published
        row["source"] = row["source"] or dateline.agency
        flags += dateline.flags
        if "split_dateline" not in how.without:
            row["text"] = rest
            changed.append("split_dateline")
            removed.append(("dateline", dateline.written))
    if "take_off_menus" not in how.without:
        row["text"], menus = take_off_menus(row["text"])
        removed += [("menu", menu) for menu in menus]
        changed += ["take_off_menus"] if menus else []
    row["language"] = row.get("language") or how.language
    if not row["language"] and "detect_language" not in how.without:
        row["language"] = detect_language(row["text"])
        changed += ["detect_language"] if row["language"] else []
    row["id"] = "".join(row.get("id", "").split()) or article_id(row["source"], *as_came)
    row["page"] = row["id"]
    return CleanArticle(row, tuple(changed), tuple(removed), (*record.flags, *flags, *_broken(row["text"])))


def _steps(how: Cleaning, *steps: Callable[[str], str]) -> list[Callable[[str], str]]:
    return [step for step in steps if step.__name__ not in how.without]


def _broken(text: str) -> tuple[str, ...]:
    return ("a character that cannot be read (U+FFFD)",) if "\ufffd" in text else ()


def _published(written: str) -> tuple[datetime | None, tuple[str, ...]]:
    if not written.strip():
        return None, ()
    try:
        # ISO 8601, as programs write it; without a zone it is taken as it stands.
        read = datetime.fromisoformat(written.strip())
        return (read.astimezone(UTC).replace(tzinfo=None) if read.tzinfo is not None else read), ()
    except (ValueError, OverflowError):  # as people write it
        day, flags = read_date(written)
    if day is None:
        return None, ("a date that cannot be read (NaT)",)
    return datetime(day.year, day.month, day.day), flags
