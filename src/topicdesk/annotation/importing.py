"""Import labels that exist: columns of tables, folders, files of fastText and Annif, exports of annotation tools.

A file is read twice: its articles by the import of a corpus, and its labels here. The id of an article is the same in
both: the file's own, or a hash of the content.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

import pandas as pd

from topicdesk._arguments import check_encodable, check_mapping, check_path, check_string
from topicdesk._warnings import warn_user
from topicdesk.annotation._article_finder import finder, own_article
from topicdesk.annotation._design import DESIGN_COLUMNS, with_design
from topicdesk.annotation._fields import RESERVED_NAMES, check_annotator
from topicdesk.annotation._label_cells import plain_label
from topicdesk.annotation._label_columns import NAME_THE_COLUMN, reader_of
from topicdesk.annotation._label_files import LabelledRow, LabelSource, labelled_row
from topicdesk.annotation._tool_exports import Decision
from topicdesk.annotation.annotations import ANNOTATION_COLUMNS
from topicdesk.annotation.label_account import ImportedLabels, file_name
from topicdesk.corpus import ARTICLE_COLUMNS, Cleaning, Record, Unreadable, clean_record, read_options
from topicdesk.corpus._encodings import grouped_note
from topicdesk.corpus.articles import check_corpus
from topicdesk.errors import CorpusError, LabelsError, counted, nearest

__all__ = [
    "LABELLED_CLEANING",
    "imported_labels",
    "label_source",
    "read_labels",
    "read_table",
]

# Annotators saw the original texts, so cleaning steps that could change a label are skipped.
_KEPT = ("split_byline", "split_dateline", "take_off_menus", "take_off_recurring")

#: Cleaning of articles that are labelled already.
LABELLED_CLEANING = Cleaning(without=frozenset(_KEPT))

# If there are more distinct labels than this, and more than one per three articles, they are probably texts or ids.
_MANY_LABELS = 30


def read_labels(
    path: Path | str,
    corpus: pd.DataFrame | None = None,
    *,
    column: str | None = None,
    separator: str | None = None,
    codes: Mapping[str, str] | Mapping[int, str] | None = None,
    columns: Mapping[str, str] | None = None,
    annotator: str = "imported",
    header: bool = True,
    quote: str = "auto",
    encoding: str | None = None,
) -> pd.DataFrame:
    r"""Read labels that exist: a column of a table, folders, or the export of an annotation tool.

    Parameters
    ----------
    path : path
        A table (CSV, TSV, JSON, JSON lines, Parquet), a folder whose subfolders are the labels, a file of fastText or
        Annif, or an export of Label Studio (JSON, JSON-MIN, CSV), doccano, Prodigy or Argilla.
    corpus : DataFrame of shape (n_articles, 12), optional
        Articles that the labels belong to, from `read_corpus`. They are found by their id, content or address. Without
        it, ids are those of the file, or of a corpus that is imported from the same file.
    column : str, optional
        The label column; or several columns, of 0 and 1 or of labels, with commas between their names; or the question,
        if an annotation tool asked several. By default, a column with a common name, or all columns of 0 and 1.
    separator : str, optional
        Separator of several labels in a cell. By default ``;`` or ``|``, if a cell contains it. With the empty string,
        cells are not split.
    codes : mapping of str or int to str, optional
        Label of each code in the file: ``{"1": "World", "2": "Sports"}``. Words such as ``NA`` and ``None`` in a cell
        mean that nobody labelled the article, unless they have a code.
    columns : mapping of str to str, optional
        Columns of the articles, by field: ``{"title": "headline"}``. Other fields are matched by common column names.
        ``draw``, ``stratum_size`` and ``inclusion_probability`` say how an article was selected (see
        `topicdesk.annotation.sampling_weights`); columns with these names are read without being named.
    annotator : str, default "imported"
        Annotator of labels for which the file names none.
    header, quote, encoding
        As in `read_articles`.

    Returns
    -------
    DataFrame of shape (n_annotations, 7)
        One row per article and annotator: ``article_id``, ``topics`` (a tuple of labels as written), ``annotator``,
        ``codebook``, ``time``, ``sample``, ``note``; then ``draw``, ``stratum_size`` and ``inclusion_probability`` if
        the file has them. A warning lists what was left out.

    Raises
    ------
    LabelsError
        If the file has no labels, or they cannot be used.
    CorpusError
        If the file cannot be read.
    ArgumentError
        If an argument has a wrong type or value.

    See Also
    --------
    read_table : Read texts and labels in one table.
    read_annotations : Read label files of topicdesk.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import topicdesk
    >>> file = Path(tempfile.mkdtemp()) / "labels.csv"
    >>> _ = file.write_text("article_id,topics\nn1,courts;rail\nn2,rail\n")
    >>> topicdesk.read_labels(file)[["article_id", "topics"]].to_numpy().tolist()
    [['n1', ('courts', 'rail')], ['n2', ('rail',)]]
    """
    source = label_source(
        path, column=column, separator=separator, codes=codes, columns=columns, annotator=annotator, header=header,
        quote=quote, encoding=encoding,
    )  # fmt: skip
    if corpus is not None:
        check_corpus("corpus", corpus, ("id", "title", "text", "url"))
    labels = imported_labels(source, corpus)
    _warn(labels)
    return labels.annotations


def read_table(
    path: Path | str,
    *,
    column: str | None = None,
    separator: str | None = None,
    codes: Mapping[str, str] | Mapping[int, str] | None = None,
    columns: Mapping[str, str] | None = None,
    header: bool = True,
    quote: str = "auto",
    encoding: str | None = None,
) -> pd.DataFrame:
    r"""Read the labelled articles of a file into a table for `compare`.

    Parameters
    ----------
    path, column, separator, codes, columns, header, quote, encoding
        As in `read_labels`.

    Returns
    -------
    DataFrame of shape (n_labelled, 13)
        The columns of a corpus, then ``topics``: strings if every article has exactly one label, otherwise lists.
        Articles without a label, and articles with conflicting labels, are left out. A warning gives their number.

    Raises
    ------
    LabelsError
        If the file has no labels, or they cannot be used.
    CorpusError
        If the file has no texts, or cannot be read.
    ArgumentError
        If an argument has a wrong type or value.

    See Also
    --------
    compare : Compare classifiers on the table.
    read_labels : Read labels only, of each annotator.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import topicdesk
    >>> file = Path(tempfile.mkdtemp()) / "news.jsonl"
    >>> rows = ['{"text": "The judge heard the appeal.", "label": ["courts"]}', '{"text": "Trams wait.", "label": []}']
    >>> _ = file.write_text("\n".join(rows))
    >>> topicdesk.read_table(file)[["text", "topics"]].to_numpy().tolist()
    [['The judge heard the appeal.', ['courts']], ['Trams wait.', []]]
    """
    source = label_source(
        path, column=column, separator=separator, codes=codes, columns=columns, header=header, quote=quote,
        encoding=encoding,
    )  # fmt: skip
    labels = imported_labels(source)
    if not labels.has_text:
        raise CorpusError(f"{path}: no text column. Name it: columns={{'text': ...}}.")
    _warn(labels)
    settled = labels.settled
    rows: dict[str, dict[str, Any]] = {}
    for record in source.records():
        if isinstance(record, Record):
            (article,) = clean_record(record, LABELLED_CLEANING)
            if article.fields["id"] in settled and article.fields["text"]:
                rows.setdefault(article.fields["id"], article.fields)
    without_text = len(settled) - len(rows)
    if without_text:
        warn_user(f"left out, because they have no text: {counted(without_text)}")
    if not rows:
        raise LabelsError(f"{path}: annotators disagree about every article. Read their labels with read_labels.")
    table = pd.DataFrame([{name: row.get(name, "") for name in ARTICLE_COLUMNS} for row in rows.values()])
    single = labels.one_each
    table["topics"] = [settled[article][0] if single else list(settled[article]) for article in table["id"]]
    return table


def label_source(
    path: Path | str,
    *,
    column: str | None = None,
    separator: str | None = None,
    codes: Mapping[str, str] | Mapping[int, str] | None = None,
    columns: Mapping[str, str] | None = None,
    annotator: str = "imported",
    header: bool = True,
    quote: str = "auto",
    encoding: str | None = None,
) -> LabelSource:
    """Check the arguments of `read_labels`, and return them."""
    check_path("path", path)
    for name, value in (("column", column), ("separator", separator)):
        if value is not None:
            check_string(name, value, empty=name == "separator")
    named_codes = _checked_codes(codes)
    check_annotator(annotator)
    design: dict[str, str] = {}
    if isinstance(columns, Mapping):
        design = {name: column for name, column in columns.items() if name in DESIGN_COLUMNS}
        columns = {name: column for name, column in columns.items() if name not in DESIGN_COLUMNS}
    for name, named in design.items():
        check_string(f"columns[{name!r}]", named, empty=False)
    options = read_options(columns, header, quote, encoding)
    options = replace(options, form=replace(options.form, whole_rows=True, needs_text=False))
    path = Path(path)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise CorpusError(f"no file or folder {path} (current folder: {Path.cwd()}).") from None
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror}.") from error
    if path.is_file() and not size:
        raise CorpusError(f"{path} is empty.")
    return LabelSource(path, options, column, separator, named_codes, annotator, design)


def _checked_codes(codes: Mapping[str, str] | Mapping[int, str] | None) -> dict[str, str]:
    """Return the label of each code as a string. Codes may be integers."""
    if codes is None:
        return {}
    named: Any = codes
    if isinstance(codes, Mapping):
        named = {
            str(code) if isinstance(code, Integral) and not isinstance(code, bool) else code: label
            for code, label in codes.items()
        }
    check_mapping("codes", named)
    for code, label in named.items():
        check_string(f"codes[{code!r}]", label, empty=False)
        check_encodable(f"codes[{code!r}]", label)
    return {plain_label(code): label for code, label in named.items()}


def imported_labels(source: LabelSource, corpus: pd.DataFrame | None = None) -> ImportedLabels:
    """Read the labels of a file (see `read_labels`).

    Parameters
    ----------
    source : LabelSource
        The file.
    corpus : DataFrame of shape (n_articles, 12), optional
        Articles that the labels belong to.

    Returns
    -------
    ImportedLabels

    Raises
    ------
    LabelsError
        If there are no labels, only one, or almost as many as articles.
    """
    records, unreadable = [], []
    for record in source.records():
        if isinstance(record, Unreadable):
            unreadable.append(record)
        else:
            records.append(labelled_row(record, keep_text=corpus is not None))
    if not records:
        first = f" First: {unreadable[0].where}: {unreadable[0].why}." if unreadable else ""
        raise CorpusError(f"{source.path}: no article was found.{first}")
    if not any(record.article_id or (corpus is not None and record.url) for record in records):
        raise LabelsError(f"{source.path}: the rows have neither an id nor a text{_name_the_text(source, records)}")
    names = dict.fromkeys(str(name) for record in records for name in record.row)
    for name, named in source.design.items():
        if named not in names:
            raise LabelsError(f"{source.path}: no column {named!r} for {name}; {nearest(named, names)}")
    reader = reader_of(source, records)
    find = own_article if corpus is None else finder(corpus)
    labels = replace(
        _collected(source, records, reader.decisions, find, tuple(unreadable)),
        separator=reader.separator,
        # The label of a folder or a file of fastText is in no column.
        columns=reader.columns if any(record.mapped for record in records) else (),
        columns_given=source.column is not None,
        other_columns=reader.others,
        is_export=reader.is_export,
        missing=reader.missing,
    )
    _check(labels, source.path)
    return labels


def _name_the_text(source: LabelSource, records: Sequence[LabelledRow]) -> str:
    """Return the columns of rows without an id and a text, and what to do."""
    row = records[0].row
    if not any(record.row for record in records):
        return ": they are empty."
    header = source.options.form.header
    cells = row if header else {name: f"{name}: {str(cell)[:30]!r}" for name, cell in row.items()}
    columns = ", ".join((name.strip() or "(unnamed)") if header else cells[name] for name in row)
    advice = "Name the text column with --map text=COLUMN (--text COLUMN for 'topicdesk init', columns={'text': "
    advice += "'COLUMN'} in Python)"
    if header and source.path.suffix.lower() in (".csv", ".tsv"):
        advice += ", or use --no-header (header=False in Python) if the first line is a row"
    return f"; the {'columns' if header else 'first row'}: {columns}. {advice}."


def _collected(
    source: LabelSource,
    records: Sequence[LabelledRow],
    decide: Callable[[LabelledRow], Iterable[Decision]],
    find: Callable[[LabelledRow], str | None],
    unreadable: tuple[Unreadable, ...],
) -> ImportedLabels:
    """Join the decisions of each annotator about each article."""
    rows: dict[tuple[str, str], Decision] = {}
    contradicted, absent = [], []
    joined = False
    raw: Counter[str] = Counter()
    noted: Counter[str] = Counter()
    articles: set[str] = set()
    for record in records:
        decisions = list(decide(record))
        article = find(record)
        if article is None:
            if decisions and (record.article_id or record.url):
                absent.append(record.where)
            elif decisions:
                unreadable += (Unreadable(record.where, "neither a text nor an id"),)
            continue
        noted.update(grouped_note(flag, noted) for flag in record.flags)
        articles.add(article)
        for given in decisions:
            raw.update((*given.labels, *given.rejected))
            decision = _decoded(given, source.codes)
            key = (article, decision.annotator)
            previous = rows.setdefault(key, decision)
            if previous is decision:
                continue
            if decision.partial and previous.partial:
                if set(decision.labels) & set(previous.rejected) or set(decision.rejected) & set(previous.labels):
                    contradicted.append(record.where)
                else:
                    rows[key], joined = _joined(previous, decision), True
            elif set(decision.labels) != set(previous.labels):
                contradicted.append(record.where)
    names = _annotator_names(source, dict.fromkeys(decision.annotator for decision in rows.values()))
    table = pd.DataFrame(
        [
            (
                article,
                decision.labels,
                names[given],
                decision.codebook,
                decision.time,
                decision.sample or "given",
                decision.note,
            )
            for (article, given), decision in rows.items()
        ],
        columns=list(ANNOTATION_COLUMNS),
    )
    return ImportedLabels(
        annotations=with_design(table, [decision.design for decision in rows.values()]),
        n_articles=len(articles),
        unlabelled=len(articles - set(table["article_id"])),
        without_topic=sum(not decision.labels for decision in rows.values()),
        contradicted=tuple(contradicted),
        has_title=any(record.has_title for record in records),
        has_text=any(record.has_text for record in records),
        annotators=names,
        unreadable=unreadable,
        not_in_corpus=tuple(absent),
        noted=dict(noted),
        separator_given=source.separator is not None,
        joined=joined,
        uncoded={
            label: count
            for label, count in raw.items()
            if source.codes and label not in source.codes and label not in source.codes.values()
        },
        unused_codes=tuple(code for code in source.codes if code not in raw),
    )


def _decoded(decision: Decision, codes: Mapping[str, str]) -> Decision:
    """Return a decision with the labels of its codes."""
    if not codes:
        return decision
    labels, rejected = (
        tuple(dict.fromkeys(codes.get(label, label) for label in names))
        for names in (decision.labels, decision.rejected)
    )
    return replace(decision, labels=labels, rejected=rejected)


def _joined(first: Decision, second: Decision) -> Decision:
    """Return one decision for two about different topics of an article."""
    labels, rejected = (
        tuple(dict.fromkeys((*before, *after)))
        for before, after in ((first.labels, second.labels), (first.rejected, second.rejected))
    )
    return replace(second, labels=labels, rejected=rejected, time=second.time or first.time)


def _annotator_names(source: LabelSource, given: Iterable[str]) -> dict[str, str]:
    """Return names that can be names of files; no two are equal."""
    names: dict[str, str] = {}
    for name in given:
        plain = file_name(name) or source.annotator
        if plain.isdigit():  # a number that a tool has given
            plain = f"annotator-{plain}"
        candidate, suffix = plain, 2
        while candidate in names.values() or candidate in RESERVED_NAMES:
            candidate, suffix = f"{plain}-{suffix}", suffix + 1
        names[name] = candidate
    return names


def _check(labels: ImportedLabels, path: Path) -> None:
    counts, n_labelled = labels.counts, labels.annotations["article_id"].nunique()
    if labels.not_in_corpus and not n_labelled:
        raise LabelsError(
            f"{path}: none of {len(labels.not_in_corpus)} labelled rows belongs to an article of the corpus. Articles "
            "are found by id, content and address. Import the texts of this file, or name its columns with --map "
            "(columns= in Python)."
        )
    if not counts:
        raise LabelsError(f"{path}: no article has a label{_why_unlabelled(labels)}")
    if len(counts) > max(_MANY_LABELS, n_labelled / 3):
        examples = ", ".join(repr(label[:30]) for label in list(counts)[:3])
        raise LabelsError(
            f"{path}: {len(counts):,} different labels on {n_labelled:,} articles, such as {examples}. Is this the "
            "label column? Name another, or set the separator of labels with --separator (separator= in Python)."
        )


def _why_unlabelled(labels: ImportedLabels) -> str:
    """Return the rest of a sentence about a file without labels, and what to do."""
    if labels.without_topic:
        return f": all of {counted(labels.without_topic, 'decision')} are that an article has no topic."
    if labels.is_export:
        return ": no task has an annotation yet. Predictions are not labels. Annotate some tasks, then export again."
    if labels.columns:
        return f": column {', '.join(labels.columns)} is empty. Fill it, or name another. {NAME_THE_COLUMN}"
    return f". {NAME_THE_COLUMN}"


def _warn(labels: ImportedLabels) -> None:
    problems = labels.problems()
    if problems:
        warn_user("; ".join(problems))
