"""A scraped page of a newsroom, as text, to articles.

The shape of such a page: a headline; an agency's dateline and paragraphs; a byline; a section; then teasers of other
stories, one or more lines each, divided by lines that hold a dash; menu phrases anywhere. One page gives one article
and a teaser for each teaser. Nothing is lost: every line of the page is in a row, or in `Page.removed` with the reason.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import pandas as pd

from topicdesk.corpus.articles import articles_frame
from topicdesk.corpus.boilerplate import is_menu
from topicdesk.corpus.datelines import Dateline, split_dateline
from topicdesk.errors import CorpusError

__all__ = ["Page", "RemovedLine", "article_id", "parse_page"]

# A dash alone on its line stands before each teaser; other rules only part paragraphs.
_TEASER_MARK = re.compile(r"[-–—]{1,3}")
_RULE = re.compile(r"[-–—*•_=~.\s]{1,80}")

# A byline: people of two names or more, perhaps "By" before and an agency behind a bar.
_PERSON = r"[^\W\d_a-z][\w'’.-]*(?:\s(?:[^\W\d_a-z][\w'’.-]*|de|van|von|bin|al|el|la|der|den|di)){1,4}"
_BYLINE = re.compile(rf"(?:By\s)?(?P<people>{_PERSON}(?:(?:,\s|\sand\s|\s&\s){_PERSON}){{0,4}})(?:\s?\|\s?.{{2,60}})?")

# A section stands alone on its line, in one to three words.
_SECTION = re.compile(r"[^\W\d_a-z][\w&/'’-]*(?:\s(?:&|and|[^\W\d_][\w&/'’-]*)){0,2}")
_SECTIONS = frozenset(
    (
        "analysis business climate court courts culture defence defense diplomacy economy education energy "
        "environment europe finance health interview law lifestyle local media military opinion politics region "
        "science society sport sports tech technology transport travel war weather world"
    ).split()
)


# A teaser has no date: what stands beside an article is newer than it.
_TEASER: dict[str, Any] = {"title": "", "published": None, "kind": "teaser", "authors": "", "place": ""}


@dataclass(frozen=True)
class RemovedLine:
    """A line of a page that is in no article.

    Parameters
    ----------
    number : int
        Of the line, from 1.
    text : str
    reason : str
        ``menu``, ``divider`` or ``the same teaser again``.
    """

    number: int
    text: str
    reason: str


@dataclass(frozen=True, eq=False)
class Page:
    """What a page gave.

    Parameters
    ----------
    articles : DataFrame of shape (1 + n_teasers, 12)
        The article, then its teasers. A teaser has the page's section and page id, its own text, and no date: what
        stands beside an article is newer than it.
    dateline : Dateline or None
        As it stood before the article's first sentence.
    byline : str
        As it stood behind the article's last sentence.
    removed : tuple of RemovedLine
    flags : tuple of str
        What was uncertain: see `topicdesk.corpus.datelines.Dateline`, and ``name or section`` where a short line could
        be either.
    """

    articles: pd.DataFrame
    dateline: Dateline | None
    byline: str
    removed: tuple[RemovedLine, ...]
    flags: tuple[str, ...]


def parse_page(text: str, source: str = "", language: str = "", url: str = "") -> Page:
    """Read a page.

    Parameters
    ----------
    text : str
        The page as text, any line ends, with or without a byte-order mark.
    source : str, default ""
        The outlet; by default the agency that the dateline names.
    language : str, default ""
        Language code.
    url : str, default ""
        Where the page came from.

    Returns
    -------
    Page

    Raises
    ------
    CorpusError
        When no line is more than menu and dividers, or there is a headline and no text.
    """
    zones, removed = _zones(text)
    head = [line for _, line in zones[0]]
    if len(head) < 2:
        raise CorpusError(
            f"the page has a headline and no text: {head[0][:60]!r}."
            if head
            else "the page has no headline: no line before the first teaser is more than menu."
        )
    title, body, signature = head[0], *_split_signature(head[1:])
    dateline, body[0] = split_dateline(body[0])
    source = source or (dateline.agency if dateline else "")
    page = article_id(source, title, "\n".join(body))
    rows: list[dict[str, Any]] = [
        {
            "id": page,
            "title": title,
            "text": "\n".join(body),
            "published": dateline.published if dateline else None,
            "kind": "article",
            "authors": signature.authors,
            "place": dateline.place if dateline else "",
        }
    ]
    seen = {page}
    for zone in zones[1:]:
        teaser = "\n".join(line for _, line in zone)
        identity = article_id(source, "", teaser)
        if identity in seen:
            removed += [RemovedLine(number, line, "the same teaser again") for number, line in zone]
        else:
            seen.add(identity)
            rows.append(_TEASER | {"id": identity, "text": teaser})
    common = {"source": source, "section": signature.section, "url": url, "language": language, "page": page}
    frame = articles_frame({str(name): column for name, column in pd.DataFrame(rows).assign(**common).items()})
    flags = (*(dateline.flags if dateline else ()), *signature.flags)
    return Page(frame, dateline, signature.byline, tuple(removed), flags)


def article_id(source: str, title: str, text: str) -> str:
    """Name an article by what it is: the same source, title and text always have the same id, of 16 characters."""
    return hashlib.blake2b("\0".join((source, title, text)).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


@dataclass(frozen=True)
class _Signature:
    """What stands behind the paragraphs, as read."""

    authors: str = ""
    section: str = ""
    byline: str = ""
    flags: tuple[str, ...] = ()


def _zones(text: str) -> tuple[list[list[tuple[int, str]]], list[RemovedLine]]:
    """Part a page into the article's lines and those of each teaser; menu and dividers are removed.

    Lines come with their numbers, white space squeezed, blank ones left out.
    """
    zones: list[list[tuple[int, str]]] = [[]]
    removed = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = " ".join(line.split())
        if not line:
            continue
        if is_menu(line):
            removed.append(RemovedLine(number, line, "menu"))
        elif _RULE.fullmatch(line):
            removed.append(RemovedLine(number, line, "divider"))
            if _TEASER_MARK.fullmatch(line) and zones[0]:
                zones.append([])
        else:
            zones[-1].append((number, line))
    return [zones[0], *(zone for zone in zones[1:] if zone)], removed


def _split_signature(paragraphs: list[str]) -> tuple[list[str], _Signature]:
    """Take byline and section off the end of an article; at least one paragraph stays."""
    *body, last = paragraphs
    if not body or not _is_short(last):
        return paragraphs, _Signature()
    people, above = _people(last), _people(body[-1]) if len(body) > 1 else None
    if above and not last.startswith("By ") and (people or _SECTION.fullmatch(last)):
        flags = () if not people or _is_section(last) else ("name or section",)
        return body[:-1], _Signature("; ".join(above), last, body[-1], flags)
    if _SECTION.fullmatch(last) and (not people or _is_section(last)):
        return body, _Signature(section=last)
    if people:
        return body, _Signature("; ".join(people), "", last, () if last.startswith("By ") else ("name or section",))
    return paragraphs, _Signature()


def _people(line: str) -> list[str]:
    """Read a byline; no people where the line is none."""
    found = _BYLINE.fullmatch(line) if _is_short(line) else None
    return re.split(r",\s|\sand\s|\s&\s", found["people"]) if found else []


def _is_section(line: str) -> bool:
    return any(word.casefold() in _SECTIONS for word in re.split(r"[\s&/]+", line))


def _is_short(line: str) -> bool:
    return len(line) <= 80 and line[-1] not in '.!?:;…"”»'
