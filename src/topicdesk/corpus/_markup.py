"""Extract articles from HTML pages and feeds.

The libraries are imported inside the functions, because their imports are slow and most commands do not need them.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urlsplit

__all__ = ["feed_entries", "html_fields", "is_markup", "outlet", "plain_text"]

_LANGUAGE = re.compile(rb"<html[^>]{0,500}\blang=[\"']?([A-Za-z]{2,3})", re.IGNORECASE)

# Parts of a page that are not the article, by name or by a word of their class or id. Their dates are of other stories.
_ASIDE = ("aside", "footer", "nav")
_ASIDE_WORDS = re.compile(
    r"(?i)(?:^|[\s_-])(?:footer|side-?bar|aside|nav|related|recommended|recommendations|teasers?|widgets?|promos?"
    r"|popular|most-?read|trending|read-?more|copyright|comments?)(?:$|[\s_-])"
)

# Lines of a page's frame, and what a page without a text says. Whole lines, at the beginning or end of the text only.
_FRAME = re.compile(
    r"""(?ix)
      (?:subscribe|sign\ up|register|join) \b [^.!?]{0,100}
      \b (?:newsletters?|mailing\ list|updates|alerts|inbox|e-?mails?) \b [^.!?]{0,60} [.!]?
    | (?:get|receive) \b [^.!?]{0,100} \b (?:newsletters?|(?:in|to)\ your\ (?:inbox|e-?mail)) \b [^.!?]{0,60} [.!]?
    | (?:(?:our|daily|weekly|free)\ ){0,3} newsletters? [.!:]?
    | (?:©|\(c\)\ |copyright\ (?:©|\(c\)|\d{4})) .{0,150}
    | .{0,150} \b all\ rights\ reserved [.!]?
    | (?:you\ need\ to|please)\ enable\ javascript\b.{0,100}
    """
)
# Anchored to the first space, because the time would otherwise grow with the square of their number.
_MENU_ITEMS = re.compile(r"(?<!\s)\s+[|•·»›/]\s+")
_FEWEST_ITEMS, _LONGEST_ITEM = 3, 25

# Tags of formatted text. A plain text may contain other signs, such as "<3", "<name>", or a script that it is about.
_TAGS = re.compile(
    r"</(?:a|b|i|u|p|em|li|ol|td|th|tr|ul|div|span|font|table|strong|figure|h[1-6]|blockquote|figcaption|section|"
    r"article)\s{0,5}>|<br\s{0,5}/?>",
    re.IGNORECASE,
)

# Elements that end a line.
_BLOCKS = ("p", "br", "div", "li", "h1", "h2", "h3", "blockquote")


def html_fields(content: bytes, url: str | None = None) -> dict[str, Any] | None:
    """Extract the main text and the metadata of an HTML page.

    The date is that of the page's metadata, of a complete date in its address, or of an element of the article that
    holds nothing but a date. A date in a sentence, a footer or a sidebar is not the article's.

    Parameters
    ----------
    content : bytes
        The page. Its encoding is detected.
    url : str, optional
        Its address, if the page itself does not name one.

    Returns
    -------
    dict of str to object, or None
        Fields of an article; None if no main text was found.
    """
    from trafilatura import bare_extraction
    from trafilatura.settings import Document

    document = bare_extraction(
        content, url=url, with_metadata=True, include_comments=False, date_extraction_params={"extensive_search": False}
    )
    if not isinstance(document, Document) or not document.text:
        return None
    # The text may repeat the headline in its first line.
    text = _without_frame(document.text.removeprefix(f"{document.title}\n"))
    if not text:
        return None
    address = document.url or url
    language = _LANGUAGE.search(content)
    return {
        "title": document.title,
        "text": text,
        "published": _published(content, address),
        "source": outlet(address) or document.sitename,
        "section": document.categories[0] if document.categories else None,
        "url": address,
        "authors": document.author,
        "language": language[1].decode().lower() if language else None,
    }


def feed_entries(content: bytes) -> tuple[list[dict[str, Any]], str]:
    """Read the entries of an RSS or Atom feed.

    Parameters
    ----------
    content : bytes
        The feed.

    Returns
    -------
    entries : list of dict of str to object
        Fields of one article per entry.
    fault : str
        Why there are no entries; empty if there are some.
    """
    import feedparser

    feed = feedparser.parse(content)
    entries = []
    for entry in feed.entries:
        name = next((name for name in ("published", "updated") if name in entry), None)
        written = entry[name] if name else ""
        timestamp = entry.get(f"{name}_parsed") if name else None
        if timestamp and not written.isascii():  # in other languages; feedparser misreads some numbers
            written = datetime(*timestamp[:6]).isoformat()
        # An empty element has no value.
        text = (entry["content"][0].get("value") if entry.get("content") else entry.get("summary")) or ""
        link = entry.get("link")
        entries.append(
            {
                "title": plain_text(entry.get("title") or ""),
                "text": plain_text(text),
                "published": written,
                "source": outlet(link) or outlet(feed.feed.get("link")),
                "section": entry["tags"][0].get("term") if entry.get("tags") else None,
                "url": link,
                "authors": entry.get("author"),
                "language": feed.feed.get("language"),
            }
        )
    return entries, "" if entries else str(feed.get("bozo_exception", "neither RSS nor Atom"))


def outlet(address: str | None) -> str | None:
    """Return the host of an address without ``www.``, the name of an outlet; None if the address has no host."""
    try:
        host = urlsplit(address or "").hostname
    except ValueError:  # not an address
        return None
    return (host or "").removeprefix("www.") or None


def _published(content: bytes, address: str | None) -> str | None:
    from htmldate import find_date
    from trafilatura import load_html

    tree = load_html(content)
    if tree is None:
        return None
    headline = next(tree.iter("h1"), None)
    kept = set() if headline is None else {headline, *headline.iterancestors()}
    in_article = any(element.tag == "article" for element in kept)
    for element in list(tree.iter("article", *_ASIDE, "div", "section", "ul", "ol", "span", "p", "meta")):
        words = f"{element.get('class', '')} {element.get('id', '')}"
        is_picture = element.tag == "meta" and "image" in (element.get("property") or element.get("name") or "")
        is_other_article = element.tag == "article" and in_article
        # A paragraph without a class holds sentences.
        is_text = element.tag == "p" and not element.attrib and element.find(".//time") is None
        is_aside = element.tag in _ASIDE or is_picture or is_other_article or is_text or _ASIDE_WORDS.search(words)
        if is_aside and element not in kept and element.getparent() is not None:
            element.drop_tree()
    found: str | None = find_date(tree, url=address, original_date=True, extensive_search=False)
    return found


def _without_frame(text: str) -> str:
    """Remove menus, newsletter and copyright lines from the beginning and end of a text."""
    lines = text.split("\n")
    while lines and _is_frame(lines[0]):
        del lines[0]
    while lines and _is_frame(lines[-1]):
        del lines[-1]
    return "\n".join(lines)


def _is_frame(line: str) -> bool:
    line = line.strip().removeprefix("- ")
    items = _MENU_ITEMS.split(line)
    is_menu = len(items) >= _FEWEST_ITEMS and all(
        0 < len(item) <= _LONGEST_ITEM and not re.search(r"[\d.!?:;]", item) for item in items
    )
    return not line or is_menu or _FRAME.fullmatch(line) is not None


def is_markup(text: str) -> bool:
    """Return whether a text is a fragment of HTML."""
    return "<" in text and _TAGS.search(text) is not None


def plain_text(markup: str) -> str:
    """Return the text of an HTML fragment, one line per block, without scripts, styles and comments."""
    from lxml import etree, html

    if "<" not in markup:
        return unescape(markup)
    try:
        piece = html.fragment_fromstring(markup, create_parent="div")
    except (etree.ParserError, ValueError):  # it contains no text
        return ""
    etree.strip_elements(piece, "script", "style", etree.Comment, with_tail=False)
    for block in piece.iter(*_BLOCKS):
        block.tail = "\n" + (block.tail or "")
    return str(piece.text_content()).strip()
