"""Articles out of HTML pages and feeds.

The libraries are imported where they are used: their imports are slow, and most work does without them.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urlsplit

__all__ = ["feed_entries", "html_fields", "plain_text"]

_LANGUAGE = re.compile(rb"<html[^>]{0,500}\blang=[\"']?([A-Za-z]{2,3})", re.IGNORECASE)

# Behind these a line ends.
_BLOCKS = ("p", "br", "div", "li", "h1", "h2", "h3", "blockquote")


def html_fields(content: bytes) -> dict[str, Any] | None:
    """Find the main text of a page and what its markup says of it.

    Parameters
    ----------
    content : bytes
        The page; its encoding is detected.

    Returns
    -------
    dict of str to object, or None
        Fields of an article; None when no main text was found.
    """
    from trafilatura import bare_extraction
    from trafilatura.settings import Document

    found = bare_extraction(content, with_metadata=True, include_comments=False)
    if not isinstance(found, Document) or not found.text:
        return None
    language = _LANGUAGE.search(content)
    return {
        "title": found.title,
        # The headline may stand above the text too.
        "text": found.text.removeprefix(f"{found.title}\n"),
        "published": found.date,
        "source": found.hostname or found.sitename,
        "section": found.categories[0] if found.categories else None,
        "url": found.url,
        "authors": found.author,
        "language": language[1].decode().lower() if language else None,
    }


def feed_entries(content: bytes) -> tuple[list[dict[str, Any]], str]:
    """Read a feed, RSS or Atom.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    entries : list of dict of str to object
        Fields of an article each.
    fault : str
        Why there is none; empty when there are some.
    """
    import feedparser

    feed = feedparser.parse(content)
    entries = []
    for entry in feed.entries:
        written = entry.get("published_parsed") or entry.get("updated_parsed")
        # An element that is empty has no value.
        text = (entry["content"][0].get("value") if entry.get("content") else entry.get("summary")) or ""
        link = entry.get("link")
        entries.append(
            {
                "title": plain_text(entry.get("title") or ""),
                "text": plain_text(text),
                "published": datetime(*written[:6]).isoformat() if written else None,
                "source": urlsplit(link or feed.feed.get("link") or "").hostname,
                "section": entry["tags"][0].get("term") if entry.get("tags") else None,
                "url": link,
                "authors": entry.get("author"),
                "language": feed.feed.get("language"),
            }
        )
    return entries, "" if entries else str(feed.get("bozo_exception", "neither RSS nor Atom"))


def plain_text(markup: str) -> str:
    """Give the text of a piece of HTML, a line a block, without scripts, styles and comments."""
    from lxml import etree, html

    if "<" not in markup:
        return unescape(markup)
    try:
        piece = html.fragment_fromstring(markup, create_parent="div")
    except (etree.ParserError, ValueError):  # nothing in it that is text
        return ""
    etree.strip_elements(piece, "script", "style", etree.Comment, with_tail=False)
    for block in piece.iter(*_BLOCKS):
        block.tail = "\n" + (block.tail or "")
    return str(piece.text_content()).strip()
