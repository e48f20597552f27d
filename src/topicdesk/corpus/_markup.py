"""Extract articles from HTML pages and feeds.

The libraries are imported inside the functions, because their imports are slow and most commands do not need them.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urlsplit

__all__ = ["feed_entries", "html_fields", "is_markup", "plain_text"]

_LANGUAGE = re.compile(rb"<html[^>]{0,500}\blang=[\"']?([A-Za-z]{2,3})", re.IGNORECASE)

# Tags of formatted text. A plain text may contain other signs, such as "<3", "<name>", or a script that it is about.
_TAGS = re.compile(
    r"</(?:a|b|i|u|p|em|li|ol|td|th|tr|ul|div|span|font|table|strong|figure|h[1-6]|blockquote|figcaption|section|"
    r"article)\s{0,5}>|<br\s{0,5}/?>",
    re.IGNORECASE,
)

# Elements that end a line.
_BLOCKS = ("p", "br", "div", "li", "h1", "h2", "h3", "blockquote")


def html_fields(content: bytes) -> dict[str, Any] | None:
    """Extract the main text and the metadata of an HTML page.

    Parameters
    ----------
    content : bytes
        The page. Its encoding is detected.

    Returns
    -------
    dict of str to object, or None
        Fields of an article; None if no main text was found.
    """
    from trafilatura import bare_extraction
    from trafilatura.settings import Document

    document = bare_extraction(content, with_metadata=True, include_comments=False)
    if not isinstance(document, Document) or not document.text:
        return None
    language = _LANGUAGE.search(content)
    return {
        "title": document.title,
        # The text may repeat the headline in its first line.
        "text": document.text.removeprefix(f"{document.title}\n"),
        "published": document.date,
        "source": document.hostname or document.sitename,
        "section": document.categories[0] if document.categories else None,
        "url": document.url,
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
                "source": urlsplit(link or feed.feed.get("link") or "").hostname,
                "section": entry["tags"][0].get("term") if entry.get("tags") else None,
                "url": link,
                "authors": entry.get("author"),
                "language": feed.feed.get("language"),
            }
        )
    return entries, "" if entries else str(feed.get("bozo_exception", "neither RSS nor Atom"))


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
