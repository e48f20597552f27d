"""Find the articles of a corpus that imported labels belong to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import pandas as pd

from topicdesk.annotation._label_files import LabelledRow
from topicdesk.corpus import Cleaning, Record, clean_record

__all__ = ["finder", "own_article"]

# Cleaning of a corpus that was imported as usual; the language does not matter.
_USUAL_CLEANING = Cleaning(without=frozenset({"detect_language"}))

# Least share of common words of two versions of an article.
_SAME_TEXT = 0.7


def own_article(record: LabelledRow) -> str | None:
    """Return the id of an article in the file; None if it has neither an id nor a text."""
    return record.article_id or None


def finder(corpus: pd.DataFrame) -> Callable[[LabelledRow], str | None]:
    """Return a function that finds the article of a record in a corpus: by its content, its id or its address."""
    texts: dict[str, str] = dict(zip(corpus["id"], corpus["text"], strict=True))
    by_content = {_letters(text): article for article, text in texts.items()}
    by_url: dict[str, str] = {url: article for url, article in zip(corpus["url"], corpus["id"], strict=True) if url}

    def find(record: LabelledRow) -> str | None:
        if not record.has_text:
            return record.article_id if record.article_id in texts else by_url.get(record.url)
        article = by_content.get(_letters(record.text))
        if article is None:
            (cleaned,) = clean_record(Record(record.where, {"text": record.text}), _USUAL_CLEANING)
            article = by_content.get(_letters(cleaned.fields["text"]))
        if article is not None:
            return article
        # An id alone may be a number that a tool has given.
        for candidate in (record.article_id, by_url.get(record.url)):
            if candidate is not None and candidate in texts and _shared(record.text, texts[candidate]) >= _SAME_TEXT:
                return candidate
        return None

    return find


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def _shared(first: str, second: str) -> float:
    """Return the share of the words of the shorter text that the other one has too."""
    words = [set(re.findall(r"\w+", text.casefold())) for text in (first, second)]
    return len(words[0] & words[1]) / max(min(map(len, words)), 1)
