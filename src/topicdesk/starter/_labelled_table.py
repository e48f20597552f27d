"""Read tables of texts and their labels, as the user wrote them."""

from __future__ import annotations

import ast
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet

from topicdesk.corpus import Cleaning, ImportAccount, Record, TableFormat, clean_record, import_articles, read_records
from topicdesk.errors import CorpusError, LabelsError, nearest
from topicdesk.starter._checks import check_table_file

__all__ = ["LabelledTable", "read_labelled_table", "topic_keys"]

#: Common names of the label column, used if the user names none.
_USUAL_COLUMNS = ("topics", "labels", "topic", "label", "categories", "category", "class", "tags")

#: Separators of several labels in a cell, used if the user names none.
_USUAL_SEPARATORS = (";", "|")

# Possible separators that are also part of many labels. They are used only if the user names them.
_POSSIBLE_SEPARATORS = (",", "#", "/", "+")

# Annotators saw the original texts, so cleaning steps that could change a label are skipped.
_KEPT = ("split_byline", "split_dateline", "take_off_menus", "take_off_recurring")

# Maximum length of a topic's key, which is used in table headers and metric names.
_LONGEST_KEY = 40

# If there are more distinct labels than this, and more than one per three articles, they are probably texts or ids.
_MANY_LABELS = 30


@dataclass(frozen=True, eq=False)
class LabelledTable:
    """Articles and labels of a table.

    Parameters
    ----------
    fields : tuple of str
        Columns of the corpus that form the text: ``title`` and ``text``, or ``text``.
    separator : str
        Separator of several labels in a cell; empty if there is none.
    labels : dict of str to tuple of str
        Labels of each labelled article, as written, by article id.
    unlabelled : int
        Number of articles whose label cell is empty.
    contradicted : tuple of str
        Places of rows that repeat an article with other labels. The labels of the first row are used.
    account : ImportAccount
        Account of the import of the rows.
    """

    fields: tuple[str, ...]
    separator: str
    labels: dict[str, tuple[str, ...]]
    unlabelled: int
    contradicted: tuple[str, ...]
    account: ImportAccount

    @property
    def counts(self) -> dict[str, int]:
        """Number of articles with each label, the most frequent first."""
        return dict(Counter(label for names in self.labels.values() for label in names).most_common())

    @property
    def unsplit(self) -> str:
        """Possible separator: a character, such as ``,``, in several labels that share a part. Empty if none."""
        counts = self.counts
        for separator in _POSSIBLE_SEPARATORS:
            matching = [label for label in counts if separator in label]
            parts = Counter(part for label in matching for part in {part.strip() for part in label.split(separator)})
            if len(matching) > 1 and any(count > 1 or part in counts for part, count in parts.items()):
                return separator
        return ""

    @property
    def one_each(self) -> bool:
        """Whether every labelled article has exactly one label."""
        return all(len(names) == 1 for names in self.labels.values())


def read_labelled_table(
    path: Path,
    corpus: Path,
    text: Sequence[str] | None = None,
    labels: str | None = None,
    separator: str | None = None,
) -> LabelledTable:
    """Read the texts and labels of a table, and write its articles as a corpus.

    Parameters
    ----------
    path : Path
        The table: CSV, TSV, JSON, JSON lines or Parquet.
    corpus : Path
        The Parquet file to write.
    text : sequence of str, optional
        The text column, or the headline and text columns. By default, columns with common names.
    labels : str, optional
        The label column. By default, a column with a common name. A cell contains one label, several labels with
        `separator` between them, or a list. An empty cell means that nobody has labelled the article. An empty list
        means that the article was labelled and has no topic.
    separator : str, optional
        Separator of several labels in a cell. By default ``;`` or ``|``, if a cell contains it. With the empty string,
        cells are not split.

    Returns
    -------
    LabelledTable

    Raises
    ------
    CorpusError
        When the file is not a table, or has no such text column.
    LabelsError
        When the table has no such label column, or the labels cannot be used, such as none or only one.
    """
    check_table_file(path)
    if not path.stat().st_size:
        raise CorpusError(f"{path} is empty.")
    columns = _text_columns(text)
    account = import_articles([path], corpus, columns, without=_KEPT)
    cells, fields, contradicted = _cells(path, columns, labels)
    if separator is None:
        texts = [cell for cell, _ in cells.values() if isinstance(cell, str)]
        separator = next((mark for mark in _USUAL_SEPARATORS if any(mark in cell for cell in texts)), "")
    ids = set(parquet.read_table(corpus, columns=["id"])["id"].to_pylist())
    parsed = {
        article: _names(cell, separator, location) for article, (cell, location) in cells.items() if article in ids
    }
    labelled = {article: names for article, names in parsed.items() if names is not None}
    table = LabelledTable(fields, separator, labelled, len(parsed) - len(labelled), contradicted, account)
    _check(table, path)
    return table


def topic_keys(labels: Iterable[str]) -> dict[str, str]:
    """Return the name of each label in tables and files: one lower-case word.

    Parameters
    ----------
    labels : iterable of str
        Distinct labels, as written.

    Returns
    -------
    dict of str to str
        Names by label; no two are equal.

    Examples
    --------
    >>> topic_keys(["SCI/TECH", "Sci Tech", "Суды"])
    {'SCI/TECH': 'sci-tech', 'Sci Tech': 'sci-tech-2', 'Суды': 'topic-3'}
    """
    keys: dict[str, str] = {}
    used: set[str] = set()
    for number, label in enumerate(labels, start=1):
        unaccented = unicodedata.normalize("NFKD", label.lower()).encode("ascii", "ignore").decode("ascii")
        plain = re.sub(r"[^a-z0-9]+", "-", unaccented).strip("-")
        # For a label in another script, only a few digits or nothing would be left.
        legible = len(re.findall(r"[^\W_]", plain)) * 2 > len(re.findall(r"[^\W_]", label))
        key = plain if plain and legible else f"topic-{number}"
        candidate, suffix = key[:_LONGEST_KEY], 2
        while candidate in used:
            candidate, suffix = f"{key[:_LONGEST_KEY]}-{suffix}", suffix + 1
        used.add(candidate)
        keys[label] = candidate
    return keys


def _text_columns(text: Sequence[str] | None) -> dict[str, str]:
    if text is None:
        return {}
    if not 1 <= len(text) <= 2 or not all(text):
        raise CorpusError(
            "text: name the text column, or the headline and text columns, such as headline,body; "
            f"got {','.join(text)!r}."
        )
    return dict(zip(("title", "text") if len(text) == 2 else ("text",), text, strict=True))


def _cells(
    path: Path, wanted: dict[str, str], labels: str | None
) -> tuple[dict[str, tuple[Any, str]], tuple[str, ...], tuple[str, ...]]:
    """Return each article's label cell and its place by id, the fields of a text, and places of contradictions."""
    cells: dict[str, tuple[Any, str]] = {}
    contradicted: list[str] = []
    has_title, has_column = False, False
    names: dict[str, None] = {}
    for record, row in _rows(path, wanted, labels):
        names.update(dict.fromkeys(map(str, row)))
        column = labels or _usual_column(row)
        has_column |= column in row
        has_title |= "title" in (wanted or record.fields)
        (article,) = clean_record(record, Cleaning(without=frozenset({*_KEPT, "detect_language"})))
        cell = None if column is None else row.get(column)
        previous, _ = cells.get(article.fields["id"], (None, ""))
        if _is_blank(previous):
            cells[article.fields["id"]] = (cell, record.where)
        elif not _is_blank(cell) and cell != previous:
            contradicted.append(record.where)
    if not has_column:
        if labels is None:
            raise LabelsError(f"{path}: no label column. Name it with --labels; the columns are: {', '.join(names)}.")
        hint = " (one column per label is not supported)" if "," in labels else ""
        raise LabelsError(f"{path}: no column {labels!r} for the labels{hint}; {nearest(labels, names)}")
    return cells, ("title", "text") if has_title else ("text",), tuple(contradicted)


def _rows(path: Path, wanted: dict[str, str], labels: str | None) -> Iterator[tuple[Record, Mapping[str, Any]]]:
    """Yield the readable rows of a table; the account of the import lists the others."""
    records = (record for record in read_records(path, TableFormat(wanted)) if isinstance(record, Record))
    if path.suffix.lower() != ".parquet":
        yield from ((record, record.row) for record in records if record.row is not None)
        return
    # For Parquet, the reader returns only the columns of articles, so the label column is read here.
    try:
        names = parquet.read_schema(path).names
        column = labels or _usual_column(names)
        if column is not None and names.count(column) > 1:
            raise LabelsError(f"{path}: {names.count(column)} columns are called {column!r}. Rename all but one.")
        cells = parquet.read_table(path, columns=[column])[column].to_pylist() if column in names else None
    except (arrow.ArrowException, OSError) as error:
        raise CorpusError(f"{path}: cannot be read as Parquet ({error}).") from error
    if column is None or cells is None:
        yield from ((record, dict.fromkeys(names)) for record in records)
        return
    # Not strict, because the reader stops at a damaged part. The account of the import reports it.
    yield from ((record, {**dict.fromkeys(names), column: cell}) for record, cell in zip(records, cells, strict=False))


def _is_blank(cell: Any) -> bool:
    """Return whether a cell means that nobody has labelled the article; an empty list does not."""
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())


def _usual_column(names: Iterable[str]) -> str | None:
    available = set(names)
    return next((name for name in _USUAL_COLUMNS if name in available), None)


def _names(cell: Any, separator: str, where: str) -> tuple[str, ...] | None:
    """Return the labels in a cell; None if nobody has labelled the article."""
    if isinstance(cell, str) and re.fullmatch(r"\s*\[.*\]\s*", cell, flags=re.DOTALL):
        cell = _listed(cell, where)
    if isinstance(cell, str):
        parts = [part.strip() for part in (cell.split(separator) if separator else [cell])]
        return tuple(dict.fromkeys(_plain(part) for part in parts if part)) or None
    if isinstance(cell, Sequence | set | frozenset) or hasattr(cell, "tolist"):
        items = cell.tolist() if hasattr(cell, "tolist") else cell
        if isinstance(items, list | tuple | set | frozenset):
            return tuple(dict.fromkeys(name for name in map(_plain, items) if name))
        cell = items
    return (_plain(cell),) if _plain(cell) else None


def _listed(cell: str, where: str) -> list[Any]:
    """Parse a list in the syntax of JSON or Python."""
    for parse in (json.loads, ast.literal_eval):
        try:
            items = parse(cell.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):  # not in this syntax
            continue
        if isinstance(items, list) and all(isinstance(item, str | int | float) for item in items):
            return items
    raise LabelsError(f'{where}: {cell[:60]!r} is not a list of labels. Write it as JSON, such as ["courts", "rail"].')


def _plain(value: Any) -> str:
    """Convert a label to a string. 3.0 becomes "3", because integers in a column with gaps are read as floats."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = str(value).strip().encode("utf-8", "replace").decode("utf-8")  # JSON may contain a lone surrogate
    return text.removesuffix(".0") if re.fullmatch(r"-?\d+\.0", text) else text


def _check(table: LabelledTable, path: Path) -> None:
    counts = table.counts
    if not counts:
        raise LabelsError(f"{path}: no article has a label. Name the label column with --labels.")
    if len(counts) == 1:
        raise LabelsError(
            f"{path}: there is only one label ({next(iter(counts))[:60]!r}); a comparison needs two or more."
        )
    most_common, count = next(iter(counts.items()))
    if count == len(table.labels):
        raise LabelsError(
            f"{path}: every labelled article has the label {most_common[:60]!r}, so it cannot be learnt. Remove "
            "it, or set the separator of labels with --separator."
        )
    if len(counts) > max(_MANY_LABELS, len(table.labels) / 3):
        examples = ", ".join(repr(label[:30]) for label in list(counts)[:3])
        raise LabelsError(
            f"{path}: {len(counts):,} different labels on {len(table.labels):,} articles, such as {examples}. Is this "
            "the label column? Name another with --labels, or set the separator of labels with --separator."
        )
