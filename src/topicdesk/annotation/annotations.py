"""Read and write label files: one CSV file per annotator, one row per article.

Several annotators may label the same article. If they agree, their label is used. If they disagree, somebody has to
adjudicate: a row whose annotator starts with `ADJUDICATED` overrules the others.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from topicdesk._arguments import check_paths, check_strings, check_table
from topicdesk._atomic import replacing
from topicdesk._spreadsheets import RowWriter, defused, restored
from topicdesk.annotation._design import DESIGN_COLUMNS, checked_design, design_of, with_design
from topicdesk.corpus.names import CORPUS_NAME
from topicdesk.errors import LabelsError, nearest
from topicdesk.project import find_file

__all__ = [
    "ADJUDICATED",
    "ANNOTATION_COLUMNS",
    "WEAK",
    "article_order",
    "check_annotations",
    "published_annotations",
    "read_annotations",
    "read_label_file",
    "read_reserved",
    "reserved_in",
    "unused_published",
    "write_annotations",
]

#: Columns of a label file. ``topics`` is a space-separated list, most prominent first, empty for none; ``sample``
#: is how the article was drawn; ``time`` is ISO 8601, or empty if it was not recorded.
ANNOTATION_COLUMNS = ("article_id", "topics", "annotator", "codebook", "time", "sample", "note")

# Columns that a label file must have. Without the others, the annotator is named as the file.
_NEEDED_COLUMNS = ("article_id", "topics")

_PUBLISHED_COLUMNS = ("article_id", "topic", "sample")

# Maximum number of examples in a message.
_EXAMPLES = 4

_NUMBERS = re.compile(r"(\d+)")

#: First word of the annotator of adjudicated labels: ``adjudicated by maria``.
ADJUDICATED = "adjudicated"

#: The sample of labels that rules made and nobody reviewed. They are never used for evaluation.
WEAK = "weak"


def read_annotations(
    paths: Iterable[Path | str],
    topics: Collection[str],
    article_ids: Collection[str],
    reserved: Collection[str] = (),
) -> pd.DataFrame:
    """Read label files of one or several annotators, and reject rows that would invalidate an evaluation.

    Parameters
    ----------
    paths : iterable of path or str
        CSV files with `ANNOTATION_COLUMNS`, relative to the working folder or the project. Only ``article_id`` and
        ``topics`` are required. They may also have the columns ``draw``, ``stratum_size`` and
        ``inclusion_probability`` (see `sampling_weights`).
    topics : collection of str
        Names that a label may use.
    article_ids : collection of str
        Ids of the corpus.
    reserved : collection of str
        Ids reserved for an external evaluation.

    Returns
    -------
    DataFrame of shape (n_articles, 7)
        `ANNOTATION_COLUMNS`; ``topics`` contains tuples. For an article with several labels, this is the adjudicated
        row, or the first row if all agree. ``sample`` is always that of the first row: it is how the article was drawn.
        So are ``draw``, ``stratum_size`` and ``inclusion_probability``, which follow if a row has a value.

    Raises
    ------
    LabelsError
        If `read_label_file` rejects a row, a label was made by rules, or annotators disagree about an article that
        nobody has adjudicated, or files about how an article was drawn. The message names file and line.
    ArgumentError
        If an argument has a wrong type or value.
    """
    paths = list(paths) if isinstance(paths, Iterator) else paths
    check_paths("paths", paths)
    _check_names(topics, article_ids, reserved)
    by_article: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for path in paths:
        for location, row in _checked(find_file(path), topics, article_ids, reserved):
            if row["sample"] == WEAK:
                raise LabelsError(
                    f"{location}: this label was made by rules and not reviewed. Weak labels cannot be used in an "
                    "evaluation. Remove the file from 'labels'."
                )
            by_article.setdefault(row["article_id"], []).append((location, row))
    return _table([_settled(rows) for rows in by_article.values()])


def read_label_file(
    path: Path | str,
    topics: Collection[str],
    article_ids: Collection[str] | None = None,
    reserved: Collection[str] = (),
) -> pd.DataFrame:
    """Read the labels of one annotator.

    Parameters
    ----------
    path : path or str
        A CSV with `ANNOTATION_COLUMNS`, relative to the working folder or the project.
    topics : collection of str
        Names that a label may use.
    article_ids : collection of str, optional
        Ids of the corpus; by default any id is valid.
    reserved : collection of str
        Ids reserved for an external evaluation.

    Returns
    -------
    DataFrame of shape (n_rows, 7)
        `ANNOTATION_COLUMNS`; ``topics`` contains tuples. If a row has a value, ``draw``, ``stratum_size`` and
        ``inclusion_probability`` follow (see `sampling_weights`).

    Raises
    ------
    LabelsError
        If a file or column is missing, a topic or article id is unknown, an article is labelled twice, or an id is
        reserved. The message names file and line.
    ArgumentError
        If an argument has a wrong type or value.
    """
    path = find_file(path)
    _check_names(topics, () if article_ids is None else article_ids, reserved)
    return _table(read_label_rows(path, topics, article_ids, reserved))


def _table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    return with_design(pd.DataFrame(rows, columns=list(ANNOTATION_COLUMNS)), rows)


def _check_names(topics: Collection[str], article_ids: Collection[str], reserved: Collection[str]) -> None:
    for name, values in (("topics", topics), ("article_ids", article_ids), ("reserved", reserved)):
        check_strings(name, values)


def check_annotations(
    name: str, annotations: pd.DataFrame, columns: Sequence[str] = ("article_id", "topics"), unique: bool = True
) -> None:
    """Raise an error if an argument is not a table of annotations.

    Parameters
    ----------
    name : str
        Name of the argument.
    annotations : DataFrame
        The argument. Its column ``topics`` must contain collections of names, not strings.
    columns : sequence of str, default ("article_id", "topics")
        Columns that are needed.
    unique : bool, default True
        Whether an article may occur only once.
    """
    check_table(name, annotations, columns, "Use read_annotations or read_label_file.")
    for row, topics in enumerate(annotations["topics"]):
        if isinstance(topics, str) or not isinstance(topics, Collection):
            raise LabelsError(f"{name}: row {row}: topics must be a tuple of names; got {topics!r}.")
    repeated = annotations["article_id"].duplicated() if unique else pd.Series(dtype=bool)
    if repeated.any():
        raise LabelsError(f"{name}: article {annotations['article_id'][repeated].iloc[0]!r} occurs more than once.")


def read_label_rows(
    path: Path,
    topics: Collection[str],
    article_ids: Collection[str] | None = None,
    reserved: Collection[str] = (),
    content: bytes | None = None,
) -> list[dict[str, Any]]:
    """Read the labels of one annotator as a list of rows (see `read_label_file`); `content` is that of the file."""
    return [row for _, row in _checked(path, topics, article_ids, reserved, content)]


def published_annotations(path: Path, annotator: str, topics: Sequence[str] | None = None) -> pd.DataFrame:
    """Read the labels published with a multi-class corpus.

    Parameters
    ----------
    path : Path
        A CSV with the columns ``article_id, topic, sample``.
    annotator : str
        Who published them.
    topics : sequence of str, optional
        Keep only articles of these classes; by default all.

    Returns
    -------
    DataFrame of shape (n_annotations, 7)
        `ANNOTATION_COLUMNS`; ``topics`` contains tuples of length 1.

    Raises
    ------
    LabelsError
        If the corpus has no published labels, one of `topics` is not among them, an article has two, or a label seems
        to be several classes, such as ``courts;climate``.

    See Also
    --------
    unused_published : What is left out with `topics`.
    """
    table = _published(path)
    if topics is not None:
        available = set(table["topic"])
        for topic in topics:
            if topic not in available:
                raise LabelsError(f"the published labels have no topic {topic!r}; {nearest(topic, available)}")
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


def unused_published(
    path: Path, article_ids: Collection[str], topics: Collection[str] | None = None
) -> tuple[str, ...]:
    """Describe the published labels that an experiment leaves out.

    Parameters
    ----------
    path : Path
        As in `published_annotations`.
    article_ids : collection of str
        Ids of the corpus.
    topics : collection of str, optional
        Classes that the experiment has; by default all.

    Returns
    -------
    tuple of str
        Warnings: how many labels are of other classes, and how many of articles that the corpus does not have.
    """
    table = _published(path)
    warnings = []
    if topics is not None:
        counts = Counter(table["topic"][~table["topic"].isin(topics)])
        if counts:
            examples = ", ".join(f"{topic!r} ({count})" for topic, count in counts.most_common(_EXAMPLES))
            warnings.append(
                f"{counts.total()} of {len(table)} published labels are of classes that the taxonomy does not have, "
                f"and are left out: {examples}{', ...' if len(counts) > _EXAMPLES else ''}"
            )
    absent = table["article_id"][~table["article_id"].isin(article_ids)]
    if len(absent):
        examples = ", ".join(map(repr, absent[:_EXAMPLES]))
        warnings.append(
            f"{len(absent)} of {len(table)} published labels are of articles that the corpus does not have, and are "
            f"left out: {examples}{', ...' if len(absent) > _EXAMPLES else ''}"
        )
    return tuple(warnings)


def _published(path: Path) -> pd.DataFrame:
    """Read and check a file of published labels."""
    if not path.is_file():
        raise LabelsError(f"the corpus has no published labels: {path} is missing. Name label files in the spec.")
    table = pd.read_csv(path, dtype="str", keep_default_na=False).map(restored)
    missing = [name for name in _PUBLISHED_COLUMNS if name not in table.columns]
    if missing:
        raise LabelsError(f"{path}: no column {', '.join(missing)}; it needs {','.join(_PUBLISHED_COLUMNS)}.")
    for column in ("article_id", "topic"):
        empty = table.index[table[column].str.strip() == ""]
        if len(empty):
            raise LabelsError(f"{path}, row {empty[0] + 1}: {column} is empty. Correct or remove the row.")
    repeated = table["article_id"][table["article_id"].duplicated()]
    if len(repeated):
        raise LabelsError(f"{path}: article {repeated.iloc[0]!r} has more than one row. Keep one of them.")
    classes = set(table["topic"])
    for name in classes:
        for separator in (";", "|", ","):
            parts = {part.strip() for part in name.split(separator)}
            if len(parts) > 1 and parts & classes:
                raise LabelsError(
                    f"{path}: {name!r} seems to be several classes, but published labels have one class per article. "
                    "Import them as a label file with 'topicdesk annotate import'."
                )
    return table


def write_annotations(annotations: pd.DataFrame, path: Path) -> None:
    """Write a label file atomically, sorted by article.

    Parameters
    ----------
    annotations : DataFrame of shape (n_annotations, ...)
        Must have ``article_id`` and ``topics`` (tuples of names). Other `ANNOTATION_COLUMNS` are empty if missing.
        ``draw``, ``stratum_size`` and ``inclusion_probability`` are written if a row has a value.
    path : Path
        The CSV file to create or replace.

    Raises
    ------
    LabelsError
        If ``draw``, ``stratum_size`` or ``inclusion_probability`` has a value that is not in its range.
    """
    table = annotations.reindex(columns=list(ANNOTATION_COLUMNS)).astype(object)
    table = table.where(table.notna(), "")
    table["topics"] = annotations["topics"]
    rows = zip(table.to_dict("records"), design_of(annotations, "annotations"), strict=True)
    write_label_rows([row | design for row, design in rows], path)


def write_label_rows(rows: Iterable[Mapping[Any, Any]], path: Path) -> None:
    """Write rows to a label file (see `write_annotations`)."""
    ordered = sorted(rows, key=lambda row: label_order(row["article_id"]))
    columns = label_columns({name for name in DESIGN_COLUMNS if any(row.get(name) for row in ordered)})
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = RowWriter(file)
        writer.write([columns])
        writer.write(label_cells(row, columns) for row in ordered)


def label_columns(filled: Container[str]) -> list[str]:
    """Return the columns of a label file, if these columns of a design have values. Others keep their seven columns."""
    return [*ANNOTATION_COLUMNS, *(name for name in DESIGN_COLUMNS if name in filled)]


def label_cells(row: Mapping[Any, Any], columns: Sequence[str]) -> list[str]:
    """Return the cells of a row of a label file."""
    return [defused(" ".join(row[name]) if name == "topics" else str(row.get(name, ""))) for name in columns]


def label_order(article_id: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return the sort key of the rows of a label file. Ids such as ``n1`` and ``n01`` have a fixed order, too."""
    return article_order(article_id), article_id


def article_order(article_id: str) -> tuple[tuple[int, int, str], ...]:
    """Return the sort key of label files: numbers inside an id compare by value, other parts as text."""
    return tuple(
        # Without leading zeros, the longer number is the larger one. int() would reject more than 4300 digits.
        (0, len(digits := part.lstrip("0")), digits) if part[0].isdecimal() else (1, 0, part)
        for part in filter(None, _NUMBERS.split(article_id))
    )


def read_reserved(path: Path, corpus: str = "") -> frozenset[str]:
    """Read the ids of a corpus that are reserved for an external evaluation.

    Parameters
    ----------
    path : Path
        A text file with one id per line. A line such as ``[newsarticles, newsarticles-uncleaned]`` limits the ids below
        it to these corpora. Ids above the first such line are reserved in every corpus.
    corpus : str, default ""
        Name of the corpus.

    Returns
    -------
    frozenset of str
        Empty if the file does not exist.
    """
    if not path.is_file():
        return frozenset()
    reserved: set[str] = set()
    bound: set[str] | None = None
    for line in map(str.strip, path.read_text(encoding="utf-8-sig").splitlines()):
        if line.startswith("[") and line.endswith("]"):
            bound = {name.strip() for name in line[1:-1].split(",")}
        elif bound is None:  # files of the first edition have several ids per line
            reserved.update(line.split())
        elif line and corpus in bound:
            reserved.add(line)
    return frozenset(reserved)


def reserved_in(path: Path, articles: pd.DataFrame) -> frozenset[str]:
    """Read the reserved ids of the corpus that the articles come from (see `read_reserved`)."""
    return read_reserved(path, str(articles.attrs.get(CORPUS_NAME, "")))


def _settled(rows: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return the label to use among all labels of an article."""
    first_location, first = rows[0]
    for location, row in rows[1:]:
        if _contradict(first, row):
            raise LabelsError(
                f"{first_location} and {location} disagree about how article {first['article_id']} was drawn "
                f"({_drawn(first)} and {_drawn(row)}). Correct one of the rows, or leave its cells of "
                f"{', '.join(DESIGN_COLUMNS)} empty."
            )
    for _, row in rows:
        if row["annotator"].partition(" ")[0] == ADJUDICATED:
            return {**row, **{name: first[name] for name in ("sample", *DESIGN_COLUMNS)}}
    for location, row in rows[1:]:
        if set(row["topics"]) != set(first["topics"]):
            raise LabelsError(
                f"{first_location} and {location} disagree about article {first['article_id']} "
                f"({_said(first)} and {_said(row)}). Resolve it with 'topicdesk adjudicate', and add the file "
                "that it writes to 'labels'."
            )
    return first


def _contradict(first: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether two rows of an article say that it was drawn in different ways. Empty cells say nothing."""
    if any(first[name] and other[name] and first[name] != other[name] for name in DESIGN_COLUMNS):
        return True
    # One row may have the size of a stratum, and the other a probability.
    ways = [{name for name in DESIGN_COLUMNS[1:] if row[name]} for row in (first, other)]
    return all(ways) and ways[0] != ways[1]


def _drawn(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {row[name]}" for name in DESIGN_COLUMNS if row[name])


def _said(row: dict[str, Any]) -> str:
    return " ".join(row["topics"]) or "no topic"


def _checked(
    path: Path,
    topics: Collection[str],
    article_ids: Collection[str] | None,
    reserved: Collection[str],
    content: bytes | None = None,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of a file, each with its location; raise `LabelsError` for an invalid row."""
    known_ids = None if article_ids is None else set(article_ids)
    reserved_ids, valid = set(reserved), set(topics)
    first_seen: dict[str, str] = {}
    for line, row in _rows(path, content):
        location = f"{path}, line {line}"
        article = row["article_id"]
        if article in reserved_ids:
            raise LabelsError(
                f"{location}: article {article} is reserved for an external evaluation. Remove the row. Reserved "
                "articles must not be used for annotation, training or model selection."
            )
        if known_ids is not None and article not in known_ids:
            raise LabelsError(f"{location}: the corpus has no article with id {article!r}. Correct or remove the row.")
        if article in first_seen:
            raise LabelsError(
                f"{location}: article {article} is already labelled in {first_seen[article]}. Keep one of the rows."
            )
        first_seen[article] = location
        assigned = tuple(row["topics"].split())
        for topic in assigned:
            if topic not in valid:
                raise LabelsError(f"{location}: unknown topic {topic!r}; {nearest(topic, valid)}")
        if len(set(assigned)) != len(assigned):
            raise LabelsError(f"{location}: a topic is repeated in {row['topics']!r}")
        yield location, {**row, **checked_design(row, location), "topics": assigned}


def _rows(path: Path, content: bytes | None = None) -> Iterable[tuple[int, dict[str, str]]]:
    if content is None and not path.is_file():
        names = [sibling.name for sibling in path.parent.glob("*.csv")] if path.parent.is_dir() else []
        raise LabelsError(
            f"no label file at {path}; {nearest(path.name, names) if names else 'the folder has no label files'}"
        )
    source = path.open("rb") if content is None else io.BytesIO(content)
    with io.TextIOWrapper(source, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        try:
            columns = tuple(reader.fieldnames or ())
            missing = [name for name in _NEEDED_COLUMNS if name not in columns]
            if missing:
                optional = ", ".join((*ANNOTATION_COLUMNS[len(_NEEDED_COLUMNS) :], *DESIGN_COLUMNS))
                raise LabelsError(
                    f"{path}: the header lacks {', '.join(missing)}. A label file needs article_id and topics, and may "
                    f"have {optional}. Import labels in other forms with 'topicdesk annotate import'."
                )
            defaults = {"annotator": path.stem, "sample": "given"}
            for row in reader:
                if None in row or None in row.values():
                    raise LabelsError(
                        f"{path}, line {reader.line_num}: expected {len(columns)} fields, as in the header"
                    )
                if not any(cell.strip() for cell in row.values()):  # a spreadsheet writes such rows
                    continue
                if not row["article_id"].strip():
                    raise LabelsError(
                        f"{path}, line {reader.line_num}: article_id is empty. Add the id, or remove the row."
                    )
                yield (
                    reader.line_num,
                    {
                        name: restored(row[name].strip()) if name in columns else defaults.get(name, "")
                        for name in (*ANNOTATION_COLUMNS, *DESIGN_COLUMNS)
                    },
                )
        except (csv.Error, UnicodeDecodeError) as error:
            raise LabelsError(f"{path}, after line {reader.line_num}: not a UTF-8 CSV: {error}") from error
