"""Read Orange's ``.tab`` files, the format of the single-label benchmark corpora."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from topicdesk.corpus.articles import articles_frame
from topicdesk.corpus.report import ReadReport
from topicdesk.errors import CorpusError

__all__ = ["read_orange_tab"]

_HEADER = ["Category\tText", "d\tstring", "class\t"]


def read_orange_tab(
    parts: Mapping[str, bytes], source: str, language: str = "en"
) -> tuple[pd.DataFrame, pd.DataFrame, ReadReport]:
    r"""Read a corpus with one class and one text per row.

    Parameters
    ----------
    parts : mapping of str to bytes
        Contents of the files (UTF-8), by part (``train``, ``test``). A row is ``class <TAB> text``. The first three
        rows are the header.
    source : str
        Name of the corpus. It becomes the source of every article.
    language : str, default "en"
        Language code of every article.

    Returns
    -------
    articles : DataFrame of shape (n_articles, 12)
        Ids are ``<part>-<line>``. Line numbers are those that an editor shows.
    labels : DataFrame of shape (n_articles, 3)
        Columns ``article_id, topic, sample``. The sample is the name of the part.
    report : ReadReport

    Raises
    ------
    CorpusError
        When the header or a row has another format. The message names part and line.
    """
    ids: list[str] = []
    texts: list[str] = []
    topics: list[str] = []
    samples: list[str] = []
    rows = empty = 0
    for part, content in parts.items():
        # Only "\n" ends a row: str.splitlines also splits at other characters, which occur inside texts.
        lines = content.decode("utf-8").split("\n")
        if lines[:3] != _HEADER:
            raise CorpusError(f"{source}, {part}: expected the header {_HEADER}, found {lines[:3]}")
        for number, line in enumerate(lines[3:], start=4):
            if not line:
                continue
            rows += 1
            topic, tab, text = line.partition("\t")
            if not tab or "\t" in text:
                raise CorpusError(f"{source}, {part}, line {number}: expected 'class<TAB>text', found {line[:60]!r}")
            if not text.strip():
                empty += 1
                continue
            ids.append(f"{part}-{number}")
            texts.append(text.strip())
            topics.append(topic)
            samples.append(part)
    articles = articles_frame({"id": ids, "text": texts, "source": source, "language": language})
    labels = pd.DataFrame({"article_id": ids, "topic": topics, "sample": samples}, dtype="str")
    notes = {"the same text as an earlier article": int(articles["text"].duplicated().sum())}
    return articles, labels, ReadReport(rows, len(articles), {"no text": empty}, noted=notes)
