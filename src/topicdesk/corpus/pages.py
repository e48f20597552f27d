"""Parse the text of a scraped news page into articles.

Such a page has this structure: a headline; an agency's dateline and paragraphs; a byline; a section; then teasers of
other stories. A page that begins with the dateline has no headline. A teaser has one or more lines, and a line with
only a dash comes before it. Menu phrases can occur anywhere. Each page results in one row for the article and one for
each teaser. No text is lost: every word of the page is in a row, or in `Page.removed` with the reason.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from topicdesk._arguments import check_string
from topicdesk.corpus._boilerplate import take_off_menus
from topicdesk.corpus._bylines import read_people, split_byline
from topicdesk.corpus._datelines import Dateline, split_dateline
from topicdesk.corpus._language import detect_language
from topicdesk.corpus.articles import ARTICLE_COLUMNS, articles_frame
from topicdesk.corpus.cleaning import check_steps
from topicdesk.errors import CorpusError

__all__ = ["Page", "RemovedLine", "Signature", "article_id", "parse_page", "split_signature"]

# A line with only a dash starts a teaser. Other rules only separate paragraphs.
_TEASER_MARK = re.compile(r"[-–—]{1,3}")
_RULE = re.compile(r"[-–—*•_=~.\s]{1,80}")

# A section is a line of its own, with one to three words.
_SECTION = re.compile(r"[^\W\d_a-z][\w&/'’-]*(?:\s(?:&|and|[^\W\d_][\w&/'’-]*)){0,2}")
_SECTIONS = frozenset(
    (
        "analysis business climate court courts culture defence defense diplomacy economy education energy "
        "environment europe finance health interview law lifestyle local media military opinion politics region "
        "science society sport sports tech technology transport travel war weather world"
    ).split()
)

# A headline has none of these at its end.
_SENTENCE_ENDS = (".", "!", "?", "…", ".”", '."', ".»", "。")

# A teaser has no date: its story is newer than the article beside it.
_TEASER: dict[str, Any] = {"title": "", "published": None, "kind": "teaser", "authors": "", "place": ""}


@dataclass(frozen=True)
class RemovedLine:
    """A line of a page, or part of a line, that is in no article's text.

    Parameters
    ----------
    number : int
        Line number, from 1.
    text : str
        The removed text.
    reason : str
        ``menu``, ``divider``, ``dateline``, ``byline`` or ``the same teaser again``.
    """

    number: int
    text: str
    reason: str


@dataclass(frozen=True, eq=False)
class Page:
    """A parsed page.

    Parameters
    ----------
    rows : tuple of dict of str to object
        Fields of the article, then of its teasers, by column of the articles table.
    dateline : Dateline or None
        Dateline before the article's first sentence.
    removed : tuple of RemovedLine
        Removed lines, in the order of the page.
    flags : tuple of str
        Notes on what is uncertain: see `topicdesk.corpus._datelines.Dateline`. In addition, ``name or section`` means
        that a short line could be either.
    """

    rows: tuple[dict[str, Any], ...]
    dateline: Dateline | None
    removed: tuple[RemovedLine, ...]
    flags: tuple[str, ...]

    @cached_property
    def articles(self) -> pd.DataFrame:
        """The rows as a corpus of shape (1 + n_teasers, 12).

        A teaser has the section and page id of its page, and its own text. It has no date, because its story is newer
        than the article beside it.
        """
        return articles_frame({name: [row[name] for row in self.rows] for name in ARTICLE_COLUMNS})


@dataclass(frozen=True)
class Signature:
    """Byline and section at the end of an article.

    Parameters
    ----------
    authors : tuple of str
        Names in the byline.
    section, byline : str
        As written; empty if there is none.
    flags : tuple of str
        ``name or section`` if a short line could be either.
    """

    authors: tuple[str, ...] = ()
    section: str = ""
    byline: str = ""
    flags: tuple[str, ...] = ()


def parse_page(text: str, source: str = "", language: str = "", url: str = "", without: Collection[str] = ()) -> Page:
    """Parse a page into its article and teasers.

    Parameters
    ----------
    text : str
        The page as text, with any line endings, with or without a byte-order mark.
    source : str, default ""
        The outlet. By default, the agency in the dateline or byline.
    language : str, default ""
        Language code. By default, detected from the article.
    url : str, default ""
        Address of the page.
    without : collection of str, default ()
        Steps of `CLEANING_STEPS` to skip: ``split_byline`` and ``split_dateline`` (both are still read, but stay in
        the text), ``take_off_menus``, ``detect_language``. Other steps do not apply to a page. Ids do not change.

    Returns
    -------
    Page

    Raises
    ------
    CorpusError
        When the page contains only menus and dividers, has a headline but no text, or `without` has an unknown step.
    ArgumentError
        If an argument has a wrong type or value.

    Examples
    --------
    >>> import topicdesk
    >>> page = topicdesk.parse_page('''Ferry Talks Made Good Progress
    ... Port Town/30.06.23/Courier: The harbour master said on Thursday that the islands will meet again.
    ... Anna Lindqvist
    ... Politics
    ... -
    ... The delegation to the autumn fair will be led by the deputy mayor.
    ... Leave a review''')
    >>> page.articles["kind"].tolist()
    ['article', 'teaser']
    >>> [line.reason for line in page.removed]
    ['dateline', 'byline', 'divider', 'menu']
    """
    for name, value in (("text", text), ("source", source), ("language", language), ("url", url)):
        check_string(name, value)
    without = check_steps(without)
    zones, removed = _zones(text, keep_menus="take_off_menus" in without)
    head = [line for _, line in zones[0]]
    has_title = not _begins_with_dateline(head)
    if len(head) < 1 + has_title:
        raise CorpusError(
            f"the page has a headline but no text: {head[0][:60]!r}."
            if head
            else "the page has no headline: before the first teaser, it contains only menu phrases and dividers."
        )
    numbers = [number for number, _ in zones[0]]
    title = head[0] if has_title else ""
    body, signature = split_signature(head[has_title:])
    first, after_byline = split_byline("\n".join(body))
    dateline, text = split_dateline(after_byline)
    source = source or (dateline.agency if dateline else "") or (first.agency if first else "")
    page = _lines_id(source, title, text.split("\n"))
    authors = dict.fromkeys([*(first.authors if first else ()), *signature.authors])
    if dateline is not None:
        if "split_dateline" in without:
            text = dateline.written + text
        else:
            line = numbers[has_title + (first.written.count("\n") if first else 0)]
            removed.append(RemovedLine(line, dateline.written.strip(), "dateline"))
    if "split_byline" in without:
        text = (first.written if first else "") + text + (f"\n{signature.byline}" if signature.byline else "")
    else:
        removed += [RemovedLine(numbers[has_title], first.written.strip(), "byline")] if first else []
        removed += [RemovedLine(numbers[has_title + len(body)], signature.byline, "byline")] if signature.byline else []
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
    """Compute an id of 16 characters; equal source, title and text always have the same id.

    A run of white space in title or text counts as one space, so that changes of line endings do not change the id.
    """
    parts = (source, " ".join(title.split()), " ".join(text.split()))
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def split_signature(paragraphs: Sequence[str]) -> tuple[list[str], Signature]:
    """Split byline and section off the end of an article.

    Parameters
    ----------
    paragraphs : sequence of str
        Lines of the article with normalised white space; at least one.

    Returns
    -------
    body : list of str
        The lines before byline and section; at least one.
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
    """Compute an article's id from its lines. It is the same whether menus are kept or not."""
    stripped = (take_off_menus(line)[0] for line in lines)
    return article_id(source, title, "\n".join(line for line in stripped if line))


def _zones(text: str, *, keep_menus: bool) -> tuple[list[list[tuple[int, str]]], list[RemovedLine]]:
    """Split a page into the lines of the article and of each teaser, and return the removed lines.

    Dividers are removed, and menus too unless `keep_menus`. Each line comes with its number and has normalised white
    space. Blank lines are left out.
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


def _begins_with_dateline(lines: Sequence[str]) -> bool:
    """Return whether an article has no headline, but begins with a dateline and its first sentence."""
    dateline, sentence = split_dateline("\n".join(lines))
    if dateline is None or split_dateline("\n".join(lines[1:]))[0] is not None:  # the dateline after a headline
        return False
    if "\n" in dateline.written:  # the sentence is on the next line
        return True
    # A headline may begin with a place and a dash, but is no sentence.
    first_line = sentence.partition("\n")[0]
    is_dated = dateline.published is not None or bool(dateline.flags)
    return (is_dated and dateline.agency != "") or first_line.endswith(_SENTENCE_ENDS)


def _people(line: str) -> tuple[str, ...]:
    return read_people(line) if _is_short(line) else ()


def _is_section(line: str) -> bool:
    return any(word.casefold() in _SECTIONS for word in re.split(r"[\s&/]+", line))


def _is_short(line: str) -> bool:
    return len(line) <= 80 and line[-1] not in '.!?:;…"”»'
