"""Import users' files into a clean corpus, and account for everything that did not become an article."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from topicdesk._arguments import check_encodable, check_path, check_paths, check_string
from topicdesk._atomic import output_file, replacing
from topicdesk._progress import progress
from topicdesk.corpus._boilerplate import RecurrenceFinder, take_off_recurring
from topicdesk.corpus._encodings import grouped_note
from topicdesk.corpus.articles import ARTICLE_COLUMNS, articles_frame, read_batches, write_batches
from topicdesk.corpus.cleaning import check_steps
from topicdesk.corpus.pages import article_id, split_signature
from topicdesk.corpus.readers import NOT_READABLE, Record, Unreadable
from topicdesk.corpus.reading import read_options, records_of
from topicdesk.corpus.records import REPLACEMENT, UNREADABLE_CHARACTER, CleanArticle, Cleaning, clean_record
from topicdesk.corpus.report import ReadReport
from topicdesk.errors import CorpusError

__all__ = ["ImportAccount", "check_output", "import_articles", "import_records", "read_articles"]

_BATCH_ARTICLES = 5000

#: Note of articles whose id belongs to another article.
ANOTHER_ID = "an id that belongs to another article, replaced by a new one"

#: Reason why a row that repeats an article is left out.
REPEATED = "the same article again"

# Limits of a printed account.
_EXAMPLES, _EXAMPLE_CHARACTERS, _MOST_UNREADABLE, _MOST_COLUMNS = 4, 40, 40, 20

# Number of places that an account stores for each note.
_MOST_PLACES = 1000


@dataclass
class ImportAccount:
    """Counts of what an import did, updated while it runs.

    Parameters
    ----------
    articles, teasers : int
        Number of rows kept, and number of teasers among them.
    dropped, noted : Counter of str
        As in `ReadReport`.
    changed : Counter of str
        Number of articles that each step of `CLEANING_STEPS` changed.
    removed : Counter of (str, str)
        How often each text was removed. Keys are the reason (``dateline``, ``byline``, ``menu``, ``recurring``,
        ``divider``, ``the same teaser again``) and the text.
    places : dict of str to list of str
        File and place of each note, at most 1,000 per note.
    unused : Counter of str
        Number of rows with each column that is no field of an article.
    unreadable : list of Unreadable
        Every part of a file from which no article was read.
    """

    articles: int = 0
    teasers: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)
    unused: Counter[str] = field(default_factory=Counter)

    def note(self, flag: str, where: str) -> None:
        """Count a problem, and store where it occurred."""
        flag = grouped_note(flag, self.noted)
        self.noted[flag] += 1
        places = self.places.setdefault(flag, [])
        if len(places) < _MOST_PLACES:
            places.append(where)

    def report(self) -> ReadReport:
        """Return the account as a report."""
        rows = self.articles + self.dropped.total()
        notes = {"a teaser, beside an article": self.teasers, **self.noted}
        return ReadReport(rows, self.articles, dict(self.dropped), dict(self.changed), notes)

    def __str__(self) -> str:
        """Describe the import: all counts, the most frequent removed texts, and the first unreadable parts."""
        lines = self.report().lines()
        if self.unused:
            columns = list(self.unused)[:_MOST_COLUMNS]
            names = ", ".join(name[:_EXAMPLE_CHARACTERS].strip() or "(unnamed)" for name in columns)
            lines.append(f"columns not used: {names}{', ...' if len(self.unused) > _MOST_COLUMNS else ''}")
        for flag, places in self.places.items():
            ellipsis = "; ..." if self.noted[flag] > _EXAMPLES else ""
            lines.append(f"{flag} in: {'; '.join(places[:_EXAMPLES])}{ellipsis}")
        by_reason: dict[str, list[tuple[str, int]]] = {}
        for (reason, text), count in self.removed.most_common():
            by_reason.setdefault(reason, []).append((text, count))
        for reason, texts in sorted(by_reason.items()):
            examples = ", ".join(f"{text[:_EXAMPLE_CHARACTERS]!r} ({count})" for text, count in texts[:_EXAMPLES])
            ellipsis = ", ..." if len(texts) > _EXAMPLES else ""
            lines.append(f"removed {sum(count for _, count in texts)}: {reason}: {examples}{ellipsis}")
        lines += [
            f"not readable: {unreadable.where}: {unreadable.why}" for unreadable in self.unreadable[:_MOST_UNREADABLE]
        ]
        if len(self.unreadable) > _MOST_UNREADABLE:
            lines.append(f"... and {len(self.unreadable) - _MOST_UNREADABLE} more.")
        return "\n".join(lines)


@dataclass(frozen=True)
class _Noted:
    """Information that is collected while articles are read, and used once all are read."""

    finder: RecurrenceFinder = field(default_factory=RecurrenceFinder)
    #: Ids of page articles without a byline and without a section.
    unsigned: set[str] = field(default_factory=set)


def read_articles(
    paths: Sequence[Path | str],
    columns: Mapping[str, str] | None = None,
    source: str = "",
    language: str = "",
    without: Collection[str] = (),
    *,
    header: bool = True,
    quote: str = "auto",
    encoding: str | None = None,
    dates: str = "auto",
    ids: str = "file",
) -> tuple[pd.DataFrame, ImportAccount]:
    """Read files into a corpus in memory.

    Parameters
    ----------
    paths : sequence of path
        Pages as text (``.txt``) or HTML (``.html``, ``.htm``), feeds (``.rss``, ``.atom``, ``.xml``), tables (``.csv``,
        ``.tsv``, ``.json``, ``.jsonl``, ``.ndjson``, ``.parquet``), web archives (``.warc``, ``.warc.gz``), archives
        (``.zip``) and folders of them, or ``-`` for standard input. A file that is reached by two paths is read once.
    columns : mapping of str to str, optional
        Column names of the user's table, by field of an article: ``{"title": "headline"}``. Other fields are matched by
        common column names.
    source : str, default ""
        Outlet of articles that name none. By default, the agency in their dateline or byline.
    language : str, default ""
        Language code of articles that name none. By default, detected from their text.
    without : collection of str, default ()
        Steps of `CLEANING_STEPS` to skip. Ids do not depend on it.
    header : bool, default True
        Whether CSV and TSV files begin with the names of their columns. If not, the names are ``"1"``, ``"2"``, and so
        on: ``columns={"title": "2", "text": "3"}``.
    quote : {"auto", "double", "backslash", "none"}, default "auto"
        How CSV and TSV files write a quotation mark in a quoted cell: twice, or with a backslash. With ``none``,
        quotation marks have no meaning.
    encoding : str, optional
        Encoding of text files, such as ``cp1252``. By default it is guessed from each file, and noted if it is not
        UTF-8.
    dates : {"auto", "day-first", "month-first"}, default "auto"
        Order of day and month in dates such as 01/05/2017. By default, that of the first date of a file that has only
        one reading, such as 12/31/2016; day first, with a note, if there is none.
    ids : {"file", "new"}, default "file"
        With ``new``, ids of the files are ignored: every article gets an id from its source and content.

    Returns
    -------
    corpus : DataFrame of shape (n_articles, 12)
        An article without an id gets one from its source and its content before cleaning. A repeated article is kept
        once. An article whose id already belongs to another one gets a new id, and is noted.
    account : ImportAccount

    Raises
    ------
    CorpusError
        When a path does not exist or its format is not supported, a column is missing, `without` contains an unknown
        step, or there is no article.
    ArgumentError
        If an argument has a wrong type or value.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> import topicdesk
    >>> file = Path(tempfile.mkdtemp()) / "news.csv"
    >>> body = "PORT TOWN, Jan. 5 - The judge heard the appeal on Monday."
    >>> pd.DataFrame({"headline": ["Court hears appeal"], "body": [body]}).to_csv(file, index=False)
    >>> corpus, account = topicdesk.read_articles([file], columns={"title": "headline", "text": "body"})
    >>> corpus.loc[0, ["title", "text", "place"]].tolist()
    ['Court hears appeal', 'The judge heard the appeal on Monday.', 'PORT TOWN']
    """
    cleaning = _cleaning(paths, source, language, without)
    options = read_options(columns, header, quote, encoding, dates, ids)
    account, notes = ImportAccount(), _Noted()
    batches = list(_batches(records_of(paths, options), cleaning, account, notes))
    _check_some(account)
    cleaned = batches if "take_off_recurring" in cleaning.without else _without_recurring(batches, account, notes)
    return pd.concat(cleaned, ignore_index=True), account


def import_articles(
    paths: Sequence[Path | str],
    output: Path | str,
    columns: Mapping[str, str] | None = None,
    source: str = "",
    language: str = "",
    without: Collection[str] = (),
    *,
    header: bool = True,
    quote: str = "auto",
    encoding: str | None = None,
    dates: str = "auto",
    ids: str = "file",
) -> ImportAccount:
    """Import files into a corpus on disk, completely or not at all, with one batch in memory at a time.

    Parameters
    ----------
    paths, columns, source, language, without
        As in `read_articles`.
    output : path
        The Parquet file to create or replace.
    header, quote, encoding, dates, ids
        As in `read_articles`.

    Returns
    -------
    ImportAccount

    Raises
    ------
    CorpusError
        As in `read_articles`. `output` does not change.
    ArgumentError
        If an argument has a wrong type or value.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> import topicdesk
    >>> folder = Path(tempfile.mkdtemp())
    >>> table = pd.DataFrame({"headline": ["Court hears appeal"], "body": ["The judge heard the appeal on Monday."]})
    >>> table.to_csv(folder / "news.csv", index=False)
    >>> columns = {"title": "headline", "text": "body"}
    >>> topicdesk.import_articles([folder / "news.csv"], folder / "news.parquet", columns).articles
    1
    """
    cleaning = _cleaning(paths, source, language, without)
    options = read_options(columns, header, quote, encoding, dates, ids)
    check_output(output)
    return import_records(records_of(paths, options), Path(output), cleaning)


def check_output(output: Path | str) -> None:
    """Raise an error if a corpus cannot have this path."""
    check_path("output", output, written=True)
    if Path(output).is_dir():
        example = Path(output) / "corpus.parquet"
        raise CorpusError(f"output {output} is a folder. Name a Parquet file, such as {example}.")
    output_file(Path(output))


def import_records(records: Iterable[Record | Unreadable], output: Path, cleaning: Cleaning) -> ImportAccount:
    """Write the articles of records to a corpus on disk, completely or not at all (see `import_articles`).

    Parameters
    ----------
    records : iterable of Record or Unreadable
        The articles and pages, and what could not be read.
    output : Path
        The Parquet file to create or replace.
    cleaning : Cleaning
        Options of the cleaning.

    Returns
    -------
    ImportAccount

    Raises
    ------
    CorpusError
        If there is no article. `output` does not change.
    """
    account, notes = ImportAccount(), _Noted()
    batches = _batches(records, cleaning, account, notes)

    def facts() -> dict[str, Any]:
        _check_some(account)
        return {"report": asdict(account.report()), "without": sorted(cleaning.without)}

    # Open the output before the long work, in case the folder is not writable.
    with replacing(output) as part:
        if "take_off_recurring" in cleaning.without:
            write_batches(batches, part, facts)
        else:
            # Recurring sentences are known only after all articles are read. Until then, articles are stored in an
            # unnamed file, which disappears with the process even if it is killed.
            with tempfile.TemporaryFile(dir=output.parent) as buffer:
                write_batches(batches, buffer, dict)
                cleaned = _without_recurring(read_batches(buffer, _BATCH_ARTICLES), account, notes)
                write_batches(cleaned, part, facts)
    return account


def _cleaning(paths: Sequence[Path | str], source: str, language: str, without: Collection[str]) -> Cleaning:
    """Check the arguments that importing functions share, and return how to clean."""
    check_paths("paths", paths)
    for name, value in (("source", source), ("language", language)):
        check_string(name, value)
        check_encodable(name, value)
    return Cleaning(source, language, check_steps(without))


def _check_some(account: ImportAccount) -> None:
    if account.articles == 0:
        first = f" First: {account.unreadable[0].where}: {account.unreadable[0].why}." if account.unreadable else ""
        raise CorpusError(f"no article was found: {account.dropped.total()} parts were dropped.{first}")


def _batches(
    records: Iterable[Record | Unreadable], how: Cleaning, account: ImportAccount, noted: _Noted
) -> Iterator[pd.DataFrame]:
    """Clean articles in batches; recurring sentences stay in."""
    contents: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    for record in records:
        if isinstance(record, Unreadable):
            _drop(account, record)
            continue
        account.unused.update(record.unused)
        try:
            for article in clean_record(record, how):
                if _is_new(article.fields, record.where, contents, account):
                    _keep(account, noted, article, record)
                    rows.append(article.fields)
        except CorpusError as error:
            _drop(account, Unreadable(record.where, str(error)))
        if len(rows) >= _BATCH_ARTICLES:
            yield _frame(rows)
            rows = []
    if rows:
        yield _frame(rows)


def _is_new(row: dict[str, Any], where: str, contents: dict[str, str], account: ImportAccount) -> bool:
    """Return whether an article is to be kept. One whose id belongs to another article gets a new id."""
    if not row["text"]:
        account.dropped["no text"] += 1
        return False
    content = article_id(row["source"], row["title"], row["text"])
    if contents.get(row["id"], content) != content:
        own_id, row["id"] = row["id"], content
        row["page"] = content if row["page"] == own_id else row["page"]
        if content not in contents:
            account.note(ANOTHER_ID, f"{where} (id {own_id!r})")
    if row["id"] in contents:
        account.dropped[REPEATED] += 1
        return False
    contents[row["id"]] = content
    return True


def _without_recurring(
    batches: Iterable[pd.DataFrame], account: ImportAccount, noted: _Noted
) -> Iterator[pd.DataFrame]:
    """Remove sentences that recur in a source, after all articles are read.

    A recurring line may have hidden a page's byline and section. Without it, a teaser may equal another teaser.
    """
    recurring = noted.finder.find()
    sections: dict[str, str] = {}
    teasers: set[str] = set()
    with progress(account.articles, "removing recurring sentences", "article") as advance:
        for batch in batches:
            rows = []
            for row in batch.to_dict("records"):
                advance()
                row["text"], removed = take_off_recurring(row["text"], recurring[row["source"]])
                if removed:
                    account.changed["take_off_recurring"] += 1
                    account.removed.update(("recurring", sentence) for sentence in removed)
                    if row["id"] in noted.unsigned:
                        _sign(row, account)
                        sections[row["id"]] = row["section"]
                if row["kind"] == "teaser":
                    row["section"] = row["section"] or sections.get(row["page"], "")
                    name = article_id(row["source"], "", row["text"])
                    if name in teasers:
                        account.dropped[REPEATED] += 1
                        account.articles -= 1
                        account.teasers -= 1
                        continue
                    teasers.add(name)
                rows.append(row)
            yield _frame(rows)


def _sign(row: dict[Hashable, Any], account: ImportAccount) -> None:
    """Read the byline and section at the end of a page's article, after the recurring line below them is removed."""
    body, signature = split_signature(row["text"].split("\n"))
    row |= {"text": "\n".join(body), "authors": "; ".join(signature.authors), "section": signature.section}
    account.removed.update([("byline", signature.byline)] if signature.byline else [])
    for flag in signature.flags:
        account.note(flag, f"article {row['id']}")


def _keep(account: ImportAccount, noted: _Noted, article: CleanArticle, record: Record) -> None:
    row = article.fields
    noted.finder.add(row["source"], row["text"])
    if record.is_page and not row["section"] and not row["authors"]:
        noted.unsigned.add(row["id"])
    account.articles += 1
    account.teasers += row["kind"] == "teaser"
    account.changed.update(article.changed)
    account.removed.update(article.removed)
    for flag in article.flags:
        location = record.where
        if flag == UNREADABLE_CHARACTER:
            location = f"{location}, character {row['text'].index(REPLACEMENT) + 1} of the text"
        account.note(flag, location)


def _drop(account: ImportAccount, unreadable: Unreadable) -> None:
    account.dropped[unreadable.reason] += 1
    if unreadable.reason == NOT_READABLE:
        account.unreadable.append(replace(unreadable, row=None))  # rows would take up memory


def _frame(rows: Sequence[Mapping[Any, Any]]) -> pd.DataFrame:
    return articles_frame({name: [row.get(name, "") for row in rows] for name in ARTICLE_COLUMNS})
