"""Define the articles table: its columns, schema, file format and content hash."""

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

from topicdesk._arguments import check_strings, check_table
from topicdesk._atomic import replacing
from topicdesk.corpus.names import CORPUS_NAME, missing_corpus
from topicdesk.errors import CorpusError, nearest
from topicdesk.project import find_file

__all__ = [
    "ARTICLE_COLUMNS",
    "ARTICLE_SCHEMA",
    "article_texts",
    "articles_frame",
    "check_corpus",
    "check_text_fields",
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

#: Schema of every corpus. Missing text is the empty string, and a missing date is NaT. Values are never imputed.
ARTICLE_SCHEMA = pa.DataFrameSchema(
    {
        "id": pa.Column(
            "str",
            pa.Check.str_matches(r"^\S+$", name="no_white_space", error="must not be empty or contain white space"),
            unique=True,
        ),
        "text": pa.Column("str", pa.Check.str_matches(r"\S", name="not_empty", error="must not be empty")),
        "published": pa.Column("datetime64[us]", nullable=True),
        "kind": pa.Column("str", pa.Check.isin(["article", "teaser"], error="must be 'article' or 'teaser'")),
        **{name: pa.Column("str") for name in _TEXT_COLUMNS},
    },
    strict=True,
)

_FACTS_KEY = b"topicdesk"


def articles_frame(columns: dict[str, Any]) -> pd.DataFrame:
    """Create a corpus from the columns that a reader provides.

    Parameters
    ----------
    columns : dict of str to sequence of length n_articles
        At least ``id`` and ``text``. Missing columns are empty, except ``kind``, which is ``article``.

    Returns
    -------
    DataFrame of shape (n_articles, 12)
        Valid articles, with `ARTICLE_COLUMNS` in order.

    Raises
    ------
    CorpusError
        When a row violates the schema.
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
    """Check that a table is a valid corpus.

    Parameters
    ----------
    corpus : DataFrame
        The table to check.
    where : str
        Name of the table in error messages, such as its file.

    Returns
    -------
    DataFrame
        The same table.

    Raises
    ------
    CorpusError
        When the table violates the schema. The message names the first violations: column, row and value.
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
        remaining = len(error.failure_cases) - len(faults)
        raise CorpusError(
            f"{where}: not a valid corpus: {'; '.join(faults)}{f'; and {remaining} more' if remaining > 0 else ''}"
        ) from error


def check_corpus(name: str, corpus: pd.DataFrame, columns: Sequence[str] = ARTICLE_COLUMNS) -> None:
    """Raise an error if an argument is not a corpus: a DataFrame with these columns and some rows, its texts strings.

    Parameters
    ----------
    name : str
        Name of the argument.
    corpus : DataFrame
        The argument.
    columns : sequence of str, default ARTICLE_COLUMNS
        Columns that are needed.
    """
    check_table(name, corpus, columns, "Use read_corpus or read_articles.")
    if corpus.empty:
        raise CorpusError(f"{name} has no articles.")
    for column in (column for column in columns if column != "published"):
        strings = _are_strings(corpus[column]).to_numpy()
        if not strings.all():
            row = int(strings.argmin())
            raise CorpusError(
                f"{name}: row {row}, {column} must be a string; got {corpus[column].iloc[row]!r}. Missing text is the "
                "empty string."
            )


def check_text_fields(name: str, fields: Sequence[str], corpus: pd.DataFrame) -> None:
    """Raise an error if an argument does not name columns of a corpus that contain text.

    Parameters
    ----------
    name : str
        Name of the argument.
    fields : sequence of str
        The argument.
    corpus : DataFrame
        The corpus.
    """
    check_strings(name, fields, empty=False)
    for field in fields:
        if field not in corpus.columns:
            raise CorpusError(f"{name}: articles have no field {field!r}; {nearest(field, map(str, corpus.columns))}")
        if not _are_strings(corpus[field]).all():
            raise CorpusError(f"{name}: the field {field!r} is not a column of text.")


def _are_strings(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.StringDtype):  # all values are strings or missing
        return values.notna()
    return values.map(lambda value: isinstance(value, str))


def write_corpus(corpus: pd.DataFrame, path: Path, facts: dict[str, Any] | None = None) -> None:
    """Write a corpus as Parquet, completely or not at all.

    Parameters
    ----------
    corpus : DataFrame of shape (n_articles, 12)
        Valid articles.
    path : Path
        The file to create or replace.
    facts : dict, optional
        Metadata of the corpus, such as its origin and what was dropped. Stored in the file as JSON.
    """
    valid = validate_corpus(corpus, str(path))
    with replacing(path) as part:
        write_batches([valid], part, lambda: facts or {})


def write_batches(batches: Iterable[pd.DataFrame], file: Path | IO[bytes], facts: Callable[[], dict[str, Any]]) -> None:
    """Write a corpus as Parquet, batch by batch.

    Parameters
    ----------
    batches : iterable of DataFrame of shape (n_articles, 12)
        Valid articles. Ids are unique across all batches.
    file : Path or binary file
        Where to write. A path should come from `replacing`, so that a failure leaves no partial file.
    facts : callable
        Called after all batches are written. Returns the metadata of the corpus (see `write_corpus`).
    """
    schema = arrow.Schema.from_pandas(articles_frame({"id": [], "text": []}), preserve_index=False)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(arrow.Table.from_pandas(batch, schema=schema, preserve_index=False))
        writer.add_key_value_metadata({_FACTS_KEY: json.dumps(facts()).encode()})


def read_batches(file: IO[bytes], most_articles: int) -> Iterator[pd.DataFrame]:
    """Read a corpus that `write_batches` wrote, in batches of at most `most_articles`."""
    # Pre-buffering would load the whole file into memory.
    for batch in parquet.ParquetFile(file, pre_buffer=False).iter_batches(most_articles):
        yield batch.to_pandas()


def read_corpus(path: Path | str) -> pd.DataFrame:
    """Read a corpus from Parquet and validate it.

    Parameters
    ----------
    path : path or str
        A file that `write_corpus` wrote, relative to the working folder or the project.

    Returns
    -------
    DataFrame of shape (n_articles, 12)
        ``attrs[CORPUS_NAME]`` is the name of the corpus: the file name without its ending.

    Raises
    ------
    CorpusError
        When the file is missing, damaged or not a valid corpus.

    Examples
    --------
    >>> import tempfile
    >>> import topicdesk
    >>> desk = topicdesk.create_project(tempfile.mkdtemp() + "/desk")
    >>> topicdesk.read_corpus(desk.root / "data" / "corpora" / "example.parquet").shape
    (120, 12)
    """
    path = find_file(path)
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
    """Read the metadata that `write_corpus` stored, without reading the articles."""
    try:
        metadata = parquet.read_metadata(path).metadata or {}
    except (arrow.ArrowException, OSError) as error:
        raise CorpusError(f"{path}: cannot be read as Parquet ({error}). Delete it and build it again.") from error
    facts: dict[str, Any] = json.loads(metadata.get(_FACTS_KEY, b"{}"))
    return facts


def article_texts(corpus: pd.DataFrame, fields: Sequence[str] = ("title", "text")) -> tuple[str, ...]:
    """Return the texts that classifiers read.

    Parameters
    ----------
    corpus : DataFrame of shape (n_articles, ...)
        Needs the columns in `fields`.
    fields : sequence of str, default ("title", "text")
        Columns to join by a line break, in order. Empty values are skipped.

    Returns
    -------
    tuple of str
        Length n_articles.
    """
    columns = [corpus[field].tolist() for field in fields]
    return tuple("\n".join(part for part in parts if part) for parts in zip(*columns, strict=True))


def content_hash(corpus: pd.DataFrame) -> str:
    """Hash the ids, titles and texts of a corpus, regardless of the order of rows.

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
            # The lengths distinguish ("ab", "c") from ("a", "bc").
            digest.update(len(encoded).to_bytes(8, "little"))
            digest.update(encoded)
    return digest.hexdigest()
