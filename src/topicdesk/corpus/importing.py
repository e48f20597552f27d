"""From files that users have to a clean corpus, with an account of everything that did not become an article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from topicdesk.corpus.articles import ARTICLE_COLUMNS, articles_frame, write_batches
from topicdesk.corpus.cleaning import fix_encoding, squeeze_white_space
from topicdesk.corpus.datelines import read_date, split_dateline
from topicdesk.corpus.pages import article_id
from topicdesk.corpus.readers import STDIN, Record, Unreadable, find_files, read_records
from topicdesk.corpus.report import ReadReport
from topicdesk.errors import CorpusError, nearest
from topicdesk.progress import progress

__all__ = ["ImportAccount", "import_articles", "read_articles"]

_BATCH_ARTICLES = 5000


@dataclass
class ImportAccount:
    """What an import did, counted while it runs.

    Parameters
    ----------
    articles, teasers : int
        Rows that were kept, teasers among them.
    dropped, changed, noted : Counter of str
        As in `ReadReport`.
    unreadable : list of Unreadable
        Every part that no article was read from.
    """

    articles: int = 0
    teasers: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    unreadable: list[Unreadable] = field(default_factory=list)

    def report(self) -> ReadReport:
        """Give the account as a report."""
        rows = self.articles + self.dropped.total()
        noted = {"a teaser, beside an article": self.teasers, **self.noted}
        return ReadReport(rows, self.articles, dict(self.dropped), dict(self.changed), noted)


def read_articles(
    paths: Sequence[Path | str], columns: Mapping[str, str] | None = None, source: str = "", language: str = ""
) -> tuple[pd.DataFrame, ImportAccount]:
    """Read files into a corpus in memory.

    Parameters
    ----------
    paths : sequence of path
        Pages as text (``.txt``) or HTML (``.html``, ``.htm``), feeds (``.rss``, ``.atom``, ``.xml``), tables (``.csv``,
        ``.tsv``, ``.json``, ``.jsonl``, ``.ndjson``, ``.parquet``), archives (``.zip``) and folders of them, or ``-``
        for standard input. A file that two paths lead to is read once.
    columns : mapping of str to str, optional
        The user's names of a table's columns, by ours: ``{"title": "headline"}``. Others are matched by what they are
        usually called.
    source, language : str, default ""
        Outlet and language code of articles that name none.

    Returns
    -------
    corpus : DataFrame of shape (n_articles, 12)
        Texts and titles have their encoding mended, white space squeezed and dateline taken off. An article without an
        id is named by its source and content; the same article twice is kept once.
    account : ImportAccount

    Raises
    ------
    CorpusError
        When a path does not exist or is not read, a column is not there, or there is no article.
    """
    account = ImportAccount()
    batches = list(_batches(_checked(paths), _checked_columns(columns), source, language, account))
    _check_some(account)
    return pd.concat(batches, ignore_index=True), account


def import_articles(
    paths: Sequence[Path | str],
    output: Path,
    columns: Mapping[str, str] | None = None,
    source: str = "",
    language: str = "",
) -> ImportAccount:
    """Read files into a corpus on disk, holding a batch in memory at a time; whole or not at all.

    Parameters
    ----------
    paths, columns, source, language
        As in `read_articles`.
    output : Path
        The Parquet file to make or replace.

    Returns
    -------
    ImportAccount

    Raises
    ------
    CorpusError
        As in `read_articles`; `output` stays as it was.
    """
    account = ImportAccount()

    def facts() -> dict[str, Any]:
        _check_some(account)
        return {"report": asdict(account.report())}

    write_batches(_batches(_checked(paths), _checked_columns(columns), source, language, account), output, facts)
    return account


def _checked(paths: Sequence[Path | str]) -> tuple[list[Path], list[Unreadable]]:
    return find_files([Path(path) for path in paths])


def _checked_columns(columns: Mapping[str, str] | None) -> Mapping[str, str]:
    for ours in columns or {}:
        if ours not in ARTICLE_COLUMNS:
            raise CorpusError(f"articles have no field {ours!r}; {nearest(ours, ARTICLE_COLUMNS)}")
    return columns or {}


def _check_some(account: ImportAccount) -> None:
    if account.articles == 0:
        first = f" First: {account.unreadable[0].where}: {account.unreadable[0].why}." if account.unreadable else ""
        raise CorpusError(f"no article was found: {account.dropped.total()} parts were dropped.{first}")


def _batches(
    found: tuple[list[Path], list[Unreadable]],
    columns: Mapping[str, str],
    source: str,
    language: str,
    account: ImportAccount,
) -> Iterator[pd.DataFrame]:
    files, passed_over = found
    for unreadable in passed_over:
        _drop(account, unreadable)
    seen: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    with progress(sum(file.stat().st_size for file in files if file != STDIN), "importing", "B") as advance:
        for file in files:
            for record in read_records(file, columns, advance):
                if isinstance(record, Unreadable):
                    _drop(account, record)
                    continue
                row = _article(record, source, language, account)
                if row is None:
                    account.dropped["no text"] += 1
                    continue
                content = article_id(row["source"], row["title"], row["text"])
                if seen.get(row["id"]) == content:
                    account.dropped["the same article again"] += 1
                elif row["id"] in seen:
                    _drop(account, Unreadable(record.where, f"its id {row['id']!r} is another article's"))
                else:
                    seen[row["id"]] = content
                    account.articles += 1
                    account.teasers += row["kind"] == "teaser"
                    account.noted.update(record.flags)
                    rows.append(row)
                if len(rows) == _BATCH_ARTICLES:
                    yield _frame(rows)
                    rows = []
    if rows:
        yield _frame(rows)


def _drop(account: ImportAccount, unreadable: Unreadable) -> None:
    account.dropped["not readable"] += 1
    account.unreadable.append(unreadable)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return articles_frame({name: [row.get(name, "") for row in rows] for name in ARTICLE_COLUMNS})


def _article(record: Record, source: str, language: str, account: ImportAccount) -> dict[str, Any] | None:
    """Clean a record and name it; None when no text is left."""
    row = dict(record.fields)
    for name in ("title", "text", "section", "authors", "place"):
        row[name] = _step(squeeze_white_space, _step(fix_encoding, row.get(name, ""), account), account)
    row["source"], row["language"] = row.get("source") or source, row.get("language") or language
    row.setdefault("kind", "article")
    if not record.whole:
        row["published"] = _published(row.get("published", ""), account)
        dateline, row["text"] = split_dateline(row["text"])
        if dateline is not None:
            account.changed["dateline taken off"] += 1
            account.noted.update(dateline.flags)
            row["place"] = row["place"] or dateline.place
            row["published"] = row["published"] or dateline.published
            row["source"] = row["source"] or dateline.agency
    if not row["text"]:
        return None
    identity = "".join(str(row.get("id", "")).split())
    # A page's article keeps its name, so that its teasers go on pointing to it.
    row["id"] = identity or article_id(row["source"], row["title"], row["text"])
    row["page"] = row.get("page") or row["id"]
    if "\ufffd" in row["text"]:
        account.noted["a character that cannot be read (U+FFFD)"] += 1
    return row


def _step(step: Callable[[str], str], text: str, account: ImportAccount) -> str:
    after = step(text)
    account.changed[step.__name__] += after != text
    return after


def _published(written: str, account: ImportAccount) -> datetime | None:
    if not written.strip():
        return None
    try:
        # ISO 8601, as programs write it; without a zone it is taken as it stands.
        read = datetime.fromisoformat(written.strip())
        return read.astimezone(UTC).replace(tzinfo=None) if read.tzinfo is not None else read
    except ValueError:  # as people write it
        day, flags = read_date(written)
    account.noted.update(flags if day is not None else ("a date that cannot be read (NaT)",))
    return None if day is None else datetime(day.year, day.month, day.day)
