"""The articles table: its columns, its schema, its file and its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
import pyarrow.parquet as parquet

from topicdesk.atomic import replacing
from topicdesk.corpus.names import CORPUS_NAME, missing_corpus
from topicdesk.errors import CorpusError

__all__ = [
    "ARTICLE_COLUMNS",
    "ARTICLE_SCHEMA",
    "article_texts",
    "articles_frame",
    "content_hash",
    "read_batches",
    "read_corpus",
    "read_corpus_facts",
    "validate_corpus",
    "write_batches",
    "write_corpus",
]

_TEXT_COLUMNS = ("title", "source", "section", "url", "authors", "place", "language", "page")

#: Column names of a corpus, in their order on disk.
ARTICLE_COLUMNS = (
    "id", "title", "text", "published", "source", "section", "url", "kind", "authors", "place", "language", "page",
)  # fmt: skip

#: What every corpus holds. Missing text is the empty string, a missing date is NaT: never another article's.
ARTICLE_SCHEMA = pa.DataFrameSchema(
    {
        "id": pa.Column(
            "str", pa.Check.str_matches(r"^\S+$", name="no_white_space", error="an id of one word"), unique=True
        ),
        "text": pa.Column("str", pa.Check.str_matches(r"\S", name="not_empty", error="a text that is not empty")),
        "published": pa.Column("datetime64[us]", nullable=True),
        "kind": pa.Column("str", pa.Check.isin(["article", "teaser"], error="'article' or 'teaser'")),
        **{name: pa.Column("str") for name in _TEXT_COLUMNS},
    },
    strict=True,
)

_FACTS_KEY = b"topicdesk"


def articles_frame(columns: dict[str, Any]) -> pd.DataFrame:
    """Make a corpus of the columns that a reader knows; the rest are empty.

    Parameters
    ----------
    columns : dict of str to sequence of length n_articles
        At least ``id`` and ``text``.

    Returns
    -------
    DataFrame of shape (n_articles, 12)
        Valid articles, `ARTICLE_COLUMNS` in order.

    Raises
    ------
    CorpusError
        When a row breaks the schema.
    """
    frame = pd.DataFrame(columns)
    for name in _TEXT_COLUMNS:
        if name not in frame:
            frame[name] = ""
    if "kind" not in frame:
        frame["kind"] = "article"
    if "published" not in frame:
        frame["published"] = pd.NaT
    frame["published"] = pd.to_datetime(frame["published"]).astype("datetime64[us]")
    text_like = ["id", "text", "kind", *_TEXT_COLUMNS]
    frame = frame.astype(dict.fromkeys(text_like, "str"))
    return validate_corpus(frame[list(ARTICLE_COLUMNS)], "the articles")


def validate_corpus(corpus: pd.DataFrame, where: str) -> pd.DataFrame:
    """Check that a table is a corpus.

    Parameters
    ----------
    corpus : DataFrame
        The table to check.
    where : str
        What to call it in an error, such as its file.

    Returns
    -------
    DataFrame
        The same table.

    Raises
    ------
    CorpusError
        Naming the first faults: column, row and value.
    """
    try:
        return ARTICLE_SCHEMA.validate(corpus, lazy=True)
    except pa.errors.SchemaErrors as error:
        faults = [
            f"row {int(case.index)}, {case.column}: {str(case.failure_case)[:60]!r} ({case.check})"
            if pd.notna(case.index)
            else f"column {case.failure_case}: {case.check}"
            for case in error.failure_cases.head(3).itertuples()
        ]
        more = len(error.failure_cases) - len(faults)
        raise CorpusError(
            f"{where}: not a valid corpus: {'; '.join(faults)}{f'; and {more} more' if more > 0 else ''}"
        ) from error


def write_corpus(corpus: pd.DataFrame, path: Path, facts: dict[str, Any] | None = None) -> None:
    """Write a corpus as Parquet, whole or not at all.

    Parameters
    ----------
    corpus : DataFrame of shape (n_articles, 12)
        Valid articles.
    path : Path
        The file to make or replace.
    facts : dict, optional
        What is worth knowing about the corpus (where it came from, what was dropped); JSON, kept in the file.
    """
    valid = validate_corpus(corpus, str(path))
    with replacing(path) as part:
        write_batches([valid], part, lambda: facts or {})


def write_batches(batches: Iterable[pd.DataFrame], file: Path | IO[bytes], facts: Callable[[], dict[str, Any]]) -> None:
    """Write a corpus as Parquet, batch by batch.

    Parameters
    ----------
    batches : iterable of DataFrame of shape (n_articles, 12)
        Valid articles; ids are unique over all batches.
    file : Path or binary file
        Where to write; a path is best one that `replacing` gave.
    facts : callable
        Gives what is worth knowing about the corpus, once all batches are written.
    """
    schema = arrow.Schema.from_pandas(articles_frame({"id": [], "text": []}), preserve_index=False)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(arrow.Table.from_pandas(batch, schema=schema, preserve_index=False))
        writer.add_key_value_metadata({_FACTS_KEY: json.dumps(facts()).encode()})


def read_batches(file: IO[bytes], most_articles: int) -> Iterator[pd.DataFrame]:
    """Read what `write_batches` wrote, batch by batch."""
    # Without a buffer: it would hold the whole file.
    for batch in parquet.ParquetFile(file, pre_buffer=False).iter_batches(most_articles):
        yield batch.to_pandas()


def read_corpus(path: Path) -> pd.DataFrame:
    """Read a corpus from Parquet and check it.

    Parameters
    ----------
    path : Path
        A file that `write_corpus` made.

    Returns
    -------
    DataFrame of shape (n_articles, 12)
        Its ``attrs`` hold the corpus's name, the file's without its ending, under `CORPUS_NAME`.

    Raises
    ------
    CorpusError
        When the file is missing, damaged or not a corpus.
    """
    if not path.is_file():
        raise CorpusError(missing_corpus(path))
    try:
        corpus = parquet.read_table(path).to_pandas()
    except (arrow.ArrowException, OSError) as error:
        raise CorpusError(f"{path}: cannot be read as Parquet ({error}). Delete it and build it again.") from error
    corpus = corpus.astype({name: "str" for name in corpus.columns if name != "published"})
    corpus = validate_corpus(corpus, str(path))
    corpus.attrs[CORPUS_NAME] = path.stem
    return corpus


def read_corpus_facts(path: Path) -> dict[str, Any]:
    """Read what `write_corpus` noted about a corpus, without reading its articles."""
    try:
        metadata = parquet.read_metadata(path).metadata or {}
    except (arrow.ArrowException, OSError) as error:
        raise CorpusError(f"{path}: cannot be read as Parquet ({error}). Delete it and build it again.") from error
    facts: dict[str, Any] = json.loads(metadata.get(_FACTS_KEY, b"{}"))
    return facts


def article_texts(corpus: pd.DataFrame, fields: Sequence[str] = ("title", "text")) -> tuple[str, ...]:
    """Make the texts that classifiers read.

    Parameters
    ----------
    corpus : DataFrame of shape (n_articles, ...)
    fields : sequence of str, default ("title", "text")
        Columns, in order; those that are not empty are joined by a line break.

    Returns
    -------
    tuple of str
        Length n_articles.
    """
    columns = [corpus[field].tolist() for field in fields]
    return tuple("\n".join(part for part in parts if part) for parts in zip(*columns, strict=True))


def content_hash(corpus: pd.DataFrame) -> str:
    """Hash what a classifier can see of a corpus: ids, titles and texts, whatever the order of rows.

    Parameters
    ----------
    corpus : DataFrame of shape (n_articles, ...)
        Needs the columns ``id``, ``title`` and ``text``.

    Returns
    -------
    str
        32 hexadecimal characters (BLAKE2b, 16 bytes): short enough for MLflow's dataset digest.
    """
    digest = hashlib.blake2b(digest_size=16)
    ordered = corpus.sort_values("id", kind="stable")
    for row in ordered[["id", "title", "text"]].itertuples(index=False):
        for value in row:
            encoded = value.encode("utf-8", "surrogatepass")
            # Lengths keep ("ab", "c") and ("a", "bc") apart.
            digest.update(len(encoded).to_bytes(8, "little"))
            digest.update(encoded)
    return digest.hexdigest()
