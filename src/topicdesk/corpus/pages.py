"""A scraped page of a newsroom, as text, to articles.

The shape of such a page: a headline; an agency's dateline and paragraphs; a byline; a section; then teasers of other
stories, one or more lines each, divided by lines that hold a dash; menu phrases anywhere. One page gives one article
and a teaser for each teaser. Nothing is lost: every word of the page is in a row, or in `Page.removed` with the reason.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from topicdesk.corpus.articles import ARTICLE_COLUMNS, articles_frame
from topicdesk.corpus.boilerplate import take_off_menus
from topicdesk.corpus.bylines import read_people, split_byline
from topicdesk.corpus.cleaning import check_steps
from topicdesk.corpus.datelines import Dateline, split_dateline
from topicdesk.corpus.language import detect_language
from topicdesk.errors import CorpusError

__all__ = ["Page", "RemovedLine", "Signature", "article_id", "parse_page", "split_signature"]

# A dash alone on its line stands before each teaser; other rules only part paragraphs.
_TEASER_MARK = re.compile(r"[-–—]{1,3}")
_RULE = re.compile(r"[-–—*•_=~.\s]{1,80}")

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
    """A line of a page, or a part of one, that is in no article's text.

    Parameters
    ----------
    number : int
        Of the line, from 1.
    text : str
    reason : str
        ``menu``, ``divider``, ``dateline``, ``byline`` or ``the same teaser again``.
    """

    number: int
    text: str
    reason: str


@dataclass(frozen=True, eq=False)
class Page:
    """What a page gave.

    Parameters
    ----------
    rows : tuple of dict of str to object
        The fields of the article, then of its teasers, by the articles' columns.
    dateline : Dateline or None
        As it stood before the article's first sentence.
    removed : tuple of RemovedLine
        In the order of the page.
    flags : tuple of str
        What was uncertain: see `topicdesk.corpus.datelines.Dateline`, and ``name or section`` where a short line could
        be either.
    """

    rows: tuple[dict[str, Any], ...]
    dateline: Dateline | None
    removed: tuple[RemovedLine, ...]
    flags: tuple[str, ...]

    @cached_property
    def articles(self) -> pd.DataFrame:
        """The rows as a corpus of shape (1 + n_teasers, 12).

        A teaser has the page's section and page id, its own text, and no date: what stands beside an article is newer
        than it.
        """
        return articles_frame({name: [row[name] for row in self.rows] for name in ARTICLE_COLUMNS})


@dataclass(frozen=True)
class Signature:
    """What stands behind an article's paragraphs, as read.

    Parameters
    ----------
    authors : tuple of str
    section, byline : str
        As written.
    flags : tuple of str
        ``name or section`` where a short line could be either.
    """

    authors: tuple[str, ...] = ()
    section: str = ""
    byline: str = ""
    flags: tuple[str, ...] = ()


def parse_page(text: str, source: str = "", language: str = "", url: str = "", without: Collection[str] = ()) -> Page:
    """Read a page.

    Parameters
    ----------
    text : str
        The page as text, any line ends, with or without a byte-order mark.
    source : str, default ""
        The outlet; by default the agency that the dateline names.
    language : str, default ""
        Language code; by default detected from the article.
    url : str, default ""
        Where the page came from.
    without : collection of str, default ()
        Steps of `CLEANING_STEPS` to leave out: ``split_byline`` and ``split_dateline`` (the text keeps them; they are
        read all the same), ``take_off_menus``, ``detect_language``. Others do not concern a page. Ids stay the same.

    Returns
    -------
    Page

    Raises
    ------
    CorpusError
        When no line is more than menu and dividers, there is a headline and no text, or `without` names no step.
    """
    without = check_steps(without)
    zones, removed = _zones(text, keep_menus="take_off_menus" in without)
    head = [line for _, line in zones[0]]
    if len(head) < 2:
        raise CorpusError(
            f"the page has a headline and no text: {head[0][:60]!r}."
            if head
            else "the page has no headline: no line before the first teaser is more than menu."
        )
    numbers = [number for number, _ in zones[0]]
    title, body, signature = head[0], *split_signature(head[1:])
    first, behind_byline = split_byline("\n".join(body))
    dateline, text = split_dateline(behind_byline)
    source = source or (dateline.agency if dateline else "") or (first.agency if first else "")
    page = _lines_id(source, title, text.split("\n"))
    authors = dict.fromkeys([*(first.authors if first else ()), *signature.authors])
    if dateline is not None:
        if "split_dateline" in without:
            text = dateline.written + text
        else:
            line = numbers[1 + (first.written.count("\n") if first else 0)]
            removed.append(RemovedLine(line, dateline.written.strip(), "dateline"))
    if "split_byline" in without:
        text = (first.written if first else "") + text + (f"\n{signature.byline}" if signature.byline else "")
    else:
        removed += [RemovedLine(numbers[1], first.written.strip(), "byline")] if first else []
        removed += [RemovedLine(numbers[1 + len(body)], signature.byline, "byline")] if signature.byline else []
    if not language and "detect_language" not in without:
        language = detect_language(text)
    common = {"source": source, "section": signature.section, "url": url, "language": language, "page": page}
    article: dict[str, Any] = {
        "id": page,
        "title": title,
        "text": text,
        "published": dateline.published if dateline else None,
        "kind": "article",
        "authors": "; ".join(authors),
        "place": dateline.place if dateline else "",
    }
    rows = [article | common]
    seen = {page}
    for zone in zones[1:]:
        lines = [line for _, line in zone]
        identity = _lines_id(source, "", lines)
        if identity in seen:
            removed += [RemovedLine(number, line, "the same teaser again") for number, line in zone]
        else:
            seen.add(identity)
            rows.append(_TEASER | common | {"id": identity, "text": "\n".join(lines)})
    flags = (*(dateline.flags if dateline else ()), *signature.flags)
    return Page(tuple(rows), dateline, tuple(sorted(removed, key=lambda line: line.number)), flags)


def article_id(source: str, title: str, text: str) -> str:
    """Name an article by what it is, in 16 characters: the same source, title and text always have the same id.

    White space does not count, so that an id stays when line ends or blanks change on the way.
    """
    parts = (source, " ".join(title.split()), " ".join(text.split()))
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def split_signature(paragraphs: Sequence[str]) -> tuple[list[str], Signature]:
    """Take byline and section off the end of an article.

    Parameters
    ----------
    paragraphs : sequence of str
        The article's lines, white space squeezed; at least one.

    Returns
    -------
    body : list of str
        The lines before them, at least one.
    signature : Signature
    """
    *body, last = paragraphs
    if not body or not _is_short(last):
        return list(paragraphs), Signature()
    people, above = _people(last), _people(body[-1]) if len(body) > 1 else None
    if above and not last.startswith("By ") and (people or _SECTION.fullmatch(last)):
        flags = () if not people or _is_section(last) else ("name or section",)
        return body[:-1], Signature(above, last, body[-1], flags)
    if _SECTION.fullmatch(last) and (not people or _is_section(last)):
        return body, Signature(section=last)
    if people:
        return body, Signature(people, "", last, () if last.startswith("By ") else ("name or section",))
    return list(paragraphs), Signature()


def _lines_id(source: str, title: str, lines: Sequence[str]) -> str:
    """Name an article by its lines, the same whether menus are kept or not."""
    bare = (take_off_menus(line)[0] for line in lines)
    return article_id(source, title, "\n".join(line for line in bare if line))


def _zones(text: str, *, keep_menus: bool) -> tuple[list[list[tuple[int, str]]], list[RemovedLine]]:
    """Part a page into the article's lines and those of each teaser; dividers, and menus where asked, are removed.

    Lines come with their numbers, white space squeezed, blank ones left out.
    """
    zones: list[list[tuple[int, str]]] = [[]]
    removed = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = " ".join(line.split())
        if _RULE.fullmatch(line):
            removed.append(RemovedLine(number, line, "divider"))
            if _TEASER_MARK.fullmatch(line) and zones[0]:
                zones.append([])
            continue
        rest, menus = (line, []) if keep_menus else take_off_menus(line)
        removed += [RemovedLine(number, menu, "menu") for menu in menus]
        if rest:
            zones[-1].append((number, rest))
    return [zones[0], *(zone for zone in zones[1:] if zone)], removed


def _people(line: str) -> tuple[str, ...]:
    return read_people(line) if _is_short(line) else ()


def _is_section(line: str) -> bool:
    return any(word.casefold() in _SECTIONS for word in re.split(r"[\s&/]+", line))


def _is_short(line: str) -> bool:
    return len(line) <= 80 and line[-1] not in '.!?:;…"”»'
