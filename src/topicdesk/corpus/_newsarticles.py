"""Read the NewsArticles corpus (Dai 2017): noisy articles of nine outlets, December 2016 to March 2017."""

from __future__ import annotations

import io
from operator import ne
from typing import Literal
from urllib.parse import urlsplit

import pandas as pd

from topicdesk._progress import progress
from topicdesk.corpus._boilerplate import RecurrenceFinder, take_off_menus, take_off_recurring
from topicdesk.corpus._datelines import split_dateline
from topicdesk.corpus.articles import articles_frame
from topicdesk.corpus.cleaning import (
    clean_texts,
    fix_encoding,
    normalise_unicode,
    restore_line_breaks,
    restore_lost_quotes,
    squeeze_white_space,
)
from topicdesk.corpus.report import ReadReport
from topicdesk.errors import CorpusError

__all__ = ["read_newsarticles"]

_COLUMNS = ["article_id", "publish_date", "article_source_link", "title", "subtitle", "text"]
_STEPS = (fix_encoding, normalise_unicode, restore_lost_quotes, restore_line_breaks, squeeze_white_space)


def read_newsarticles(
    content: bytes, language: str = "en", boilerplate: Literal["removed", "kept"] = "removed"
) -> tuple[pd.DataFrame, ReadReport]:
    """Read the NewsArticles corpus from its CSV file.

    The subtitle becomes the first line of the text, unless the text already begins with it.

    Parameters
    ----------
    content : bytes
        Content of the CSV file (UTF-8).
    language : str, default "en"
        Language code of every article.
    boilerplate : {"removed", "kept"}, default "removed"
        Whether to remove datelines, menus, and sentences that recur in an outlet's articles. They identify the outlet,
        not the topic.

    Returns
    -------
    articles : DataFrame of shape (n_articles, 12)
        Ids are those of the source. Rows without text are left out.
    report : ReadReport
        What was dropped, repaired and noted.

    Raises
    ------
    CorpusError
        When the columns are not the expected ones.
    """
    table = pd.read_csv(io.BytesIO(content), dtype="str", keep_default_na=False, encoding="utf-8")
    if list(table.columns) != _COLUMNS:
        raise CorpusError(f"NewsArticles: expected the columns {_COLUMNS}, found {list(table.columns)}")
    rows = len(table)
    changed: dict[str, int] = {}
    with progress(3 * rows, "cleaning", "text") as advance:
        for name in ("title", "subtitle", "text"):
            cleaned, counts = clean_texts(table[name], _STEPS, advance)
            table[name] = cleaned
            for step, count in counts.items():
                changed[f"{step} in {name}"] = count
    empty = table["text"] == ""
    table = table[~empty].reset_index(drop=True)
    table["source"] = table["article_source_link"].map(_outlet)
    table["place"] = ""
    if boilerplate == "removed":
        changed |= _take_off_boilerplate(table)

    published = _dates(table["publish_date"])
    articles = articles_frame(
        {
            "id": table["article_id"].str.strip(),
            "title": table["title"],
            "text": [
                text if not subtitle or text.startswith(subtitle) else f"{subtitle}\n{text}"
                for subtitle, text in zip(table["subtitle"], table["text"], strict=True)
            ],
            "published": published,
            "source": table["source"],
            "url": table["article_source_link"],
            "place": table["place"],
            "language": language,
        }
    )
    notes = {
        "no title": int((articles["title"] == "").sum()),
        "no readable date (NaT)": int(published.isna().sum()),
        "a time of day beside the date, left out": int(table["publish_date"].str.contains(":").sum()),
        "a character that cannot be repaired (U+FFFD)": int(articles["text"].str.contains("\ufffd").sum()),
        "the same text as an earlier article": int(articles["text"].duplicated().sum()),
    }
    return articles, ReadReport(rows, len(articles), {"no text": int(empty.sum())}, changed, notes)


def _take_off_boilerplate(table: pd.DataFrame) -> dict[str, int]:
    """Remove datelines, menus and recurring sentences in place; return how many articles each step changed."""
    datelines, texts = zip(*map(split_dateline, table["text"]), strict=True)
    table["place"] = ["" if dateline is None else dateline.place for dateline in datelines]
    # A subtitle that repeats the beginning of the text contains the dateline too.
    table["subtitle"] = [split_dateline(subtitle)[1] for subtitle in table["subtitle"]]
    # A text that consists only of menus is kept, because every article needs a text.
    stripped = [take_off_menus(text)[0] or text for text in texts]
    finder = RecurrenceFinder()
    for source, text in zip(table["source"], stripped, strict=True):
        finder.add(source, text)
    recurring = finder.find()
    table["text"] = [
        take_off_recurring(text, recurring[source])[0] for source, text in zip(table["source"], stripped, strict=True)
    ]
    return {
        "split_dateline in text": sum(dateline is not None for dateline in datelines),
        "take_off_menus in text": sum(map(ne, texts, stripped)),
        "take_off_recurring in text": sum(map(ne, stripped, table["text"])),
    }


def _dates(written: pd.Series) -> pd.Series:
    # Year first; months and days with or without a leading zero; in one row, a time after the date.
    day = written.str.strip().str.extract(r"^(\d{4}/\d{1,2}/\d{1,2})(?:\s+\d{1,2}:\d{2})?$", expand=False)
    return pd.to_datetime(day, format="%Y/%m/%d", errors="coerce")


def _outlet(link: str) -> str:
    return (urlsplit(link).hostname or "").removeprefix("www.")
