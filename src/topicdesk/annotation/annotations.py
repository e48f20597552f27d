"""Label files: one CSV an annotator, one row an article.

Several annotators may have labelled one article. Where they agree the label stands; where they do not, somebody has to
settle it: a row by `ADJUDICATED` overrules the others.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from topicdesk.atomic import replacing
from topicdesk.corpus.names import CORPUS_NAME
from topicdesk.errors import LabelsError, nearest
from topicdesk.spreadsheets import RowWriter, defused, restored

__all__ = [
    "ADJUDICATED",
    "ANNOTATION_COLUMNS",
    "WEAK",
    "article_order",
    "published_annotations",
    "read_annotations",
    "read_label_file",
    "read_reserved",
    "reserved_in",
    "write_annotations",
]

#: Columns of a label file. ``topics`` is a space-separated list, most prominent first, empty for none; ``sample``
#: says how the article was drawn; ``time`` is ISO 8601 or empty when it was not kept.
ANNOTATION_COLUMNS = ("article_id", "topics", "annotator", "codebook", "time", "sample", "note")

_NUMBERS = re.compile(r"(\d+)")

#: How the annotator of labels that settle a disagreement begins: ``adjudicated by maria``.
ADJUDICATED = "adjudicated"

#: The sample of labels that rules made and nobody read: never evaluated on.
WEAK = "weak"


def read_annotations(
    paths: Iterable[Path],
    topics: Collection[str],
    article_ids: Collection[str],
    reserved: Collection[str] = (),
) -> pd.DataFrame:
    """Read label files, of one annotator or several, refusing every row that could spoil an evaluation.

    Parameters
    ----------
    paths : iterable of Path
        CSV files with `ANNOTATION_COLUMNS`.
    topics : collection of str
        Names that a label may use.
    article_ids : collection of str
        Ids of the corpus.
    reserved : collection of str
        Ids kept for an outside evaluation.

    Returns
    -------
    DataFrame of shape (n_articles, 7)
        `ANNOTATION_COLUMNS`; ``topics`` holds tuples. Of an article that several have labelled, the row that settles
        it, or the first of those that agree; always with the first one's ``sample``, by which it was drawn.

    Raises
    ------
    LabelsError
        For what `read_label_file` refuses, for a label made by rules, and for an article about which annotators
        disagree and that nobody has settled; the message names file and line.
    """
    by_article: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for path in paths:
        for where, row in _checked(path, topics, article_ids, reserved):
            if row["sample"] == WEAK:
                raise LabelsError(
                    f"{where}: this label was made by rules, and read by nobody. Weak labels are never mixed with "
                    "others in an evaluation: take the file out of 'labels'."
                )
            by_article.setdefault(row["article_id"], []).append((where, row))
    chosen = [_settled(rows) for rows in by_article.values()]
    return pd.DataFrame(chosen, columns=list(ANNOTATION_COLUMNS))


def read_label_file(
    path: Path,
    topics: Collection[str],
    article_ids: Collection[str] | None = None,
    reserved: Collection[str] = (),
) -> pd.DataFrame:
    """Read the labels of one annotator.

    Parameters
    ----------
    path : Path
        A CSV with `ANNOTATION_COLUMNS`.
    topics : collection of str
        Names that a label may use.
    article_ids : collection of str, optional
        Ids of the corpus; by default any.
    reserved : collection of str
        Ids kept for an outside evaluation.

    Returns
    -------
    DataFrame of shape (n_rows, 7)
        `ANNOTATION_COLUMNS`; ``topics`` holds tuples.

    Raises
    ------
    LabelsError
        For a missing file or column, an unknown topic, an unknown article id, an article labelled twice or a
        reserved id; the message names file and line.
    """
    rows = read_label_rows(path, topics, article_ids, reserved)
    return pd.DataFrame(rows, columns=list(ANNOTATION_COLUMNS))


def read_label_rows(
    path: Path,
    topics: Collection[str],
    article_ids: Collection[str] | None = None,
    reserved: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Read the labels of one annotator as rows, see `read_label_file`."""
    return [row for _, row in _checked(path, topics, article_ids, reserved)]


def published_annotations(path: Path, annotator: str, topics: Sequence[str] | None = None) -> pd.DataFrame:
    """Read the labels that came with a multi-class corpus.

    Parameters
    ----------
    path : Path
        A CSV with the columns ``article_id, topic, sample``.
    annotator : str
        Who published them.
    topics : sequence of str, optional
        Take the articles of these classes, and leave out the others; by default all.

    Returns
    -------
    DataFrame of shape (n_annotations, 7)
        `ANNOTATION_COLUMNS`; ``topics`` holds tuples of one.

    Raises
    ------
    LabelsError
        When no labels came with the corpus, or none of them is one of `topics`.
    """
    if not path.is_file():
        raise LabelsError(f"no labels came with the corpus: {path} is missing. Name label files in the spec.")
    table = pd.read_csv(path, dtype="str", keep_default_na=False).map(restored)
    if topics is not None:
        came = set(table["topic"])
        for topic in topics:
            if topic not in came:
                raise LabelsError(f"no label called {topic!r} came with the corpus; {nearest(topic, came)}")
        table = table[table["topic"].isin(topics)].reset_index(drop=True)
    return pd.DataFrame(
        {
            "article_id": table["article_id"],
            "topics": [(topic,) for topic in table["topic"]],
            "annotator": annotator,
            "codebook": "",
            "time": "",
            "sample": table["sample"],
            "note": "",
        }
    )


def write_annotations(annotations: pd.DataFrame, path: Path) -> None:
    """Write a label file, sorted by article, whole or not at all.

    Parameters
    ----------
    annotations : DataFrame of shape (n_annotations, ...)
        Needs ``article_id`` and ``topics`` (tuples of names); other `ANNOTATION_COLUMNS` are empty when missing.
    path : Path
        The CSV to make or replace.
    """
    table = annotations.reindex(columns=list(ANNOTATION_COLUMNS)).astype(object)
    table = table.where(table.notna(), "")
    table["topics"] = annotations["topics"]
    write_label_rows(table.to_dict("records"), path)


def write_label_rows(rows: Iterable[Mapping[Any, Any]], path: Path) -> None:
    """Write rows as `write_annotations` does a table."""
    ordered = sorted(rows, key=lambda row: article_order(row["article_id"]))
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = RowWriter(file)
        writer.write([ANNOTATION_COLUMNS])
        writer.write(
            [defused(" ".join(row[name]) if name == "topics" else str(row[name])) for name in ANNOTATION_COLUMNS]
            for row in ordered
        )


def article_order(article_id: str) -> tuple[tuple[int, int, str], ...]:
    """Give the key that label files are sorted by: letters as letters, numbers by their size."""
    return tuple(
        # The longer number is the larger one. As int() it could not be longer than 4300 digits.
        (0, len(digits := part.lstrip("0")), digits) if part[0].isdecimal() else (1, 0, part)
        for part in filter(None, _NUMBERS.split(article_id))
    )


def read_reserved(path: Path, corpus: str = "") -> frozenset[str]:
    """Read the ids of a corpus that are kept for an outside evaluation.

    Parameters
    ----------
    path : Path
        A text file with an id a line. A line such as ``[newsarticles, newsarticles-uncleaned]`` binds the ids below it
        to these corpora; ids above the first such line are reserved in every corpus.
    corpus : str, default ""
        Name of the corpus.

    Returns
    -------
    frozenset of str
        Empty when there is no such file.
    """
    if not path.is_file():
        return frozenset()
    reserved: set[str] = set()
    bound: set[str] | None = None
    for line in map(str.strip, path.read_text(encoding="utf-8-sig").splitlines()):
        if line.startswith("[") and line.endswith("]"):
            bound = {name.strip() for name in line[1:-1].split(",")}
        elif bound is None:  # several on a line, as in the first edition
            reserved.update(line.split())
        elif line and corpus in bound:
            reserved.add(line)
    return frozenset(reserved)


def reserved_in(path: Path, articles: pd.DataFrame) -> frozenset[str]:
    """Read the reserved ids of the corpus that articles were read from (see `read_reserved`)."""
    return read_reserved(path, str(articles.attrs.get(CORPUS_NAME, "")))


def _settled(rows: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Choose what stands of all labels of an article."""
    where, first = rows[0]
    for _, row in rows:
        if row["annotator"].partition(" ")[0] == ADJUDICATED:
            return {**row, "sample": first["sample"]}
    for other, row in rows[1:]:
        if set(row["topics"]) != set(first["topics"]):
            raise LabelsError(
                f"{where} and {other} disagree about article {first['article_id']} "
                f"({_said(first)} and {_said(row)}). Settle it with 'topicdesk adjudicate', and name the file that it "
                "makes in 'labels'."
            )
    return first


def _said(row: dict[str, Any]) -> str:
    return " ".join(row["topics"]) or "no topic"


def _checked(
    path: Path, topics: Collection[str], article_ids: Collection[str] | None, reserved: Collection[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read a file's rows with where each stands, refusing what is wrong."""
    known = None if article_ids is None else set(article_ids)
    kept_back, valid = set(reserved), set(topics)
    first_seen: dict[str, str] = {}
    for line, row in _rows(path):
        where = f"{path}, line {line}"
        article = row["article_id"]
        if article in kept_back:
            raise LabelsError(
                f"{where}: article {article} is reserved for an outside evaluation. Remove the row: reserved "
                "articles are never annotated, trained on or used to choose anything."
            )
        if known is not None and article not in known:
            raise LabelsError(f"{where}: the corpus has no article with id {article!r}. Correct or remove the row.")
        if article in first_seen:
            raise LabelsError(
                f"{where}: article {article} is labelled already ({first_seen[article]}). Keep one of the rows."
            )
        first_seen[article] = where
        named = tuple(row["topics"].split())
        for topic in named:
            if topic not in valid:
                raise LabelsError(f"{where}: unknown topic {topic!r}; {nearest(topic, valid)}")
        if len(set(named)) != len(named):
            raise LabelsError(f"{where}: a topic is named twice in {row['topics']!r}")
        yield where, {**row, "topics": named}


def _rows(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    if not path.is_file():
        there = [other.name for other in path.parent.glob("*.csv")] if path.parent.is_dir() else []
        raise LabelsError(f"no label file at {path}; {nearest(path.name, there) if there else 'there is none beside'}")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        try:
            missing = [name for name in ANNOTATION_COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise LabelsError(
                    f"{path}: the header lacks {', '.join(missing)}; it needs {','.join(ANNOTATION_COLUMNS)}"
                )
            for row in reader:
                if None in row or None in row.values():
                    raise LabelsError(
                        f"{path}, line {reader.line_num}: a row has {len(ANNOTATION_COLUMNS)} fields, as the header"
                    )
                yield reader.line_num, {name: restored(row[name].strip()) for name in ANNOTATION_COLUMNS}
        except (csv.Error, UnicodeDecodeError) as error:
            raise LabelsError(f"{path}, after line {reader.line_num}: not a UTF-8 CSV: {error}") from error
