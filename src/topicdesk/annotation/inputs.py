"""Make a dataset from texts (a list, Series or DataFrame) and their labels, in any common form."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from topicdesk.annotation._design import DESIGN_COLUMNS
from topicdesk.annotation._label_cells import written_list
from topicdesk.annotation.dataset import Dataset, Grouping, check_topics
from topicdesk.annotation.sampling import checked_weights
from topicdesk.corpus import article_texts, content_hash, find_stories, near_duplicate_groups
from topicdesk.errors import ArgumentError, CorpusError, LabelsError, TopicdeskError, nearest

__all__ = ["make_dataset"]

#: Columns of a table that form the text, if the user names none.
_USUAL_TEXTS: tuple[tuple[str, ...], ...] = (
    ("title", "text"),
    ("headline", "body"),
    ("title", "body"),
    ("text",),
    ("body",),
)

#: Separators of several labels in a string, if the user names none.
USUAL_SEPARATORS = (";", "|")


def make_dataset(
    texts: pd.DataFrame | pd.Series | Sequence[str] | NDArray[Any],
    y: Any,
    *,
    text: str | Sequence[str] | None = None,
    topics: Sequence[str] | None = None,
    separator: str | None = None,
    groups: str | ArrayLike | None = "near-duplicates",
    ids: ArrayLike | None = None,
    sources: ArrayLike | None = None,
    dates: ArrayLike | None = None,
    samples: ArrayLike | None = None,
    sampling_weights: ArrayLike | str | None = None,
    name: str = "texts",
) -> Dataset:
    """Make a dataset from texts and their labels.

    Parameters
    ----------
    texts : DataFrame, Series, sequence of str or ndarray of str
        One text per row, or a table with the columns `text`.
    y : Series, sequence, array, sparse matrix, DataFrame or str
        Labels, one row per text, in one of these forms. One label per row (strings, integers or booleans): the task is
        multi-class. Lists, tuples or sets of labels, or strings with several labels and a separator: multi-label.
        Indicators of 0 and 1, shape (n_texts, n_topics): multi-label. The name of a column of the table `texts`. Labels
        are stripped of surrounding spaces and normalised to Unicode NFC.
    text : str or sequence of str, optional
        Columns of the table that form the text, joined by a line break. By default, columns with common names, such as
        ``title`` and ``text``.
    topics : sequence of str, optional
        Names and order of the topics. By default the columns of a DataFrame of indicators, else all labels, sorted.
        Indicators in an array need it. For a DataFrame of indicators, it must name the columns, in any order.
    separator : str, optional
        Separator of several labels in a string. By default ``;`` or ``|``, if a string contains it. With the empty
        string, strings are not split.
    groups : array-like of shape (n_texts,), "near-duplicates", "stories" or None, default "near-duplicates"
        Rows of one group stay on the same side of a split. By default, near-duplicates are found in the texts (see
        `near_duplicate_groups`); with "stories", texts that tell the same story (see `topicdesk.corpus.find_stories`).
        With None, each row is a group. A row whose group is missing is a group of its own.
    ids : array-like of shape (n_texts,), optional
        Ids of the rows. By default the index of a table or Series if its values are unique, else row numbers.
    sources, dates, samples : array-like of shape (n_texts,), optional
        Source, publication date and sample of each text. Splits by source or by time need the first two. Dates are
        datetimes or ISO 8601 strings; those with a time zone are converted to UTC.
    sampling_weights : array-like of float, shape (n_texts,), or str, optional
        Number of texts of the corpus that each text represents, such as 1 / the probability with which it was selected;
        or the name of a column of the table `texts`. At least 0. By default, texts represent only themselves.
    name : str, default "texts"
        Name of the dataset in tables and messages.

    Returns
    -------
    Dataset
        All rows, in their order.

    Raises
    ------
    CorpusError
        If `texts` is empty, a text is missing or not a string, or a column does not exist. If `groups`, `ids`,
        `sources`, `dates`, `samples` or `sampling_weights` has another length or values that cannot be used.
    LabelsError
        If `y` has another length, a label is missing, all rows have the same label, or indicators have no names. If
        `sampling_weights` contains a value that is not a finite number of at least 0, or only 0.

    See Also
    --------
    join_dataset : Join a corpus with annotations from label files.

    Notes
    -----
    Rows are matched by position, as in scikit-learn. If `texts` and another argument have the same index in another
    order, an error is raised.

    Examples
    --------
    >>> import pandas as pd
    >>> import topicdesk
    >>> table = pd.DataFrame(
    ...     {
    ...         "headline": ["Judge hears appeal", "New tram line opens", "Court stops tram line"],
    ...         "body": ["The appeal was heard.", "Passengers were pleased.", "The city will appeal."],
    ...         "topics": ["courts", "transport", "courts; transport"],
    ...     }
    ... )
    >>> dataset = topicdesk.make_dataset(table, "topics", text=["headline", "body"])
    >>> print(dataset)
    texts: 3 articles, 2 topics, multi-label
    >>> dataset.Y
    array([[1, 0],
           [0, 1],
           [1, 1]], dtype=int8)
    """
    if not isinstance(name, str) or not name.strip():
        raise CorpusError(f"name must be a string that is not empty; got {name!r}.")
    fields = text_fields(texts, text)
    n_texts = len(next(iter(fields.values())))
    if not n_texts:
        raise CorpusError("texts is empty.")
    if isinstance(texts, pd.DataFrame) and isinstance(y, str) and y in fields:
        raise LabelsError(f"y={y!r} is a column of the text. Name the column of the labels.")
    labels = label_column(y, texts)
    weights = _column("sampling_weights", sampling_weights, texts, "number", CorpusError)
    check_order("y", labels, texts, LabelsError)
    for argument, values in (
        ("groups", groups),
        ("ids", ids),
        ("sources", sources),
        ("dates", dates),
        ("samples", samples),
        ("sampling_weights", weights),
    ):
        check_order(argument, values, texts, CorpusError)
    Y, names, multi_class = label_indicators(labels, topics, separator, n_texts)
    whole = whole_texts(fields)
    row_groups, grouping, notes = _groups(groups, whole, n_texts)
    row_ids = _ids(texts, ids, n_texts)
    row_weights = None if weights is None else _weights(weights, n_texts)
    unweighted = _unused_design(texts) if row_weights is None else ()
    named = pd.DataFrame({"id": row_ids, "title": "", "text": whole}, dtype="object")
    blank = sum(not value.strip() for value in whole)
    if blank == n_texts:
        raise CorpusError("texts: every text is empty.")
    dataset = Dataset(
        name=name,
        task="multi-class" if multi_class else "multi-label",
        texts=whole,
        Y=Y,
        topics=names,
        ids=row_ids,
        groups=row_groups,
        samples=_strings("samples", samples, n_texts),
        sources=_strings("sources", sources, n_texts),
        dates=_dates(dates, n_texts),
        corpus_hash=content_hash(named),
        labels_hash=_hash(row_ids, Y, names, row_weights),
        warnings=(*_warnings(blank, n_texts, names if multi_class else ()), *notes, *unweighted),
        fields=fields,
        weights=row_weights,
        grouping=grouping,
    )
    check_topics(dataset)
    return dataset


def _weights(values: Any, n_texts: int) -> NDArray[np.float64]:
    listed = _scalars("sampling_weights", values, n_texts)
    wrong = next((row for row, value in enumerate(listed) if isinstance(value, str) or is_missing(value)), None)
    if wrong is not None:
        raise LabelsError(f"sampling_weights: row {wrong} is {_written(listed[wrong])}, not a number of at least 0.")
    weights = checked_weights("sampling_weights", listed)
    if not weights.any():
        raise LabelsError("sampling_weights: every weight is 0. At least one text must represent the corpus.")
    return weights


def _warnings(n_blank: int, n_texts: int, classes: Sequence[str]) -> tuple[str, ...]:
    """Return what users should know about empty texts, and about classes that seem to be lists of topics."""
    warnings = []
    if n_blank:
        warnings.append(f"{n_blank} of {n_texts} texts are empty and therefore have no features.")
    lists = [name for name in classes if "," in name and {part.strip() for part in name.split(",")} <= set(classes)]
    if lists:
        warnings.append(
            f"{len(lists)} of {len(classes)} classes consist of others, such as {lists[0]!r}. If these are several "
            "topics, pass separator=','."
        )
    return tuple(warnings)


def _written(value: Any) -> str:
    """Return a cell for a message: text in quotes, and a missing value without the name of its type."""
    return repr(value) if isinstance(value, str) else str(value)


def _unused_design(texts: Any) -> tuple[str, ...]:
    """Return a warning if a table says how its rows were drawn, but no sampling weights are given."""
    if not isinstance(texts, pd.DataFrame):
        return ()
    # A draw alone does not say how many articles a row represents.
    unused = [name for name in DESIGN_COLUMNS[1:] if name in texts.columns and _any_value(texts[name])]
    if not unused:
        return ()
    if unused == ["inclusion_probability"] and not {"article_id", "sample"} <= set(texts.columns):
        call = "1 / texts['inclusion_probability']"
    else:
        call = "topicdesk.annotation.sampling_weights(texts), which needs the columns article_id and sample"
    return (
        f"texts has the column {unused[0]}, but scores are not weighted by how its rows were drawn: pass "
        f"sampling_weights={call}.",
    )


def _any_value(column: pd.Series | pd.DataFrame) -> bool:
    """Return whether a column, or one of several with the same name, has a cell that is not empty."""
    return bool((column.notna() & (column.astype(str) != "")).to_numpy().any())


def check_order(name: str, values: Any, texts: Any, error: type[TopicdeskError]) -> None:
    """Raise an error if rows that are matched by position have the same index in another order."""
    if not (isinstance(values, pd.Series | pd.DataFrame) and isinstance(texts, pd.Series | pd.DataFrame)):
        return
    given, expected = values.index, texts.index
    if len(given) != len(expected) or given.equals(expected) or not (given.is_unique and expected.is_unique):
        return
    if expected.isin(given).all():
        raise error(
            f"{name} has the index of texts in another order. Pass {name}.loc[texts.index] to match rows by index, or "
            f"{name}.to_numpy() to match them by position."
        )


def check_task(task: Any) -> None:
    """Raise `ArgumentError` if a value is not a task."""
    if not isinstance(task, str) or task not in ("multi-label", "multi-class"):
        raise ArgumentError(f"task must be 'multi-label' or 'multi-class'; got {task!r}.")


def label_column(y: Any, texts: Any) -> Any:
    """Return labels, or the column of the texts that `y` names."""
    return _column("y", y, texts, "label", LabelsError)


def _column(argument: str, values: Any, texts: Any, one: str, error: type[TopicdeskError]) -> Any:
    """Return values, or the column of the texts that a string names; `one` says what there must be for each text."""
    if not isinstance(values, str):
        return values
    if not isinstance(texts, pd.DataFrame):
        raise error(
            f"{argument}={values!r} names a column, but texts is not a DataFrame. Pass one {one} per text, or a "
            "DataFrame."
        )
    return named_column(argument, texts, values, error)


def named_column(argument: str, texts: pd.DataFrame, column: Any, error: type[TopicdeskError]) -> Any:
    """Return a column of a table; raise an error if the table does not have exactly one of this name."""
    columns = texts.columns.tolist()
    if is_missing(column):
        raise error(f"{argument}: {column} names no column. Use None, or the name of a column.")
    if column not in columns:
        raise error(f"{argument}: the table has no column {column!r}; {nearest(str(column), map(str, columns))}")
    if columns.count(column) > 1:
        raise error(f"{argument}: the table has more than one column {column!r}. Rename them.")
    return texts[column]


def text_fields(texts: Any, text: Any, argument: str = "texts") -> dict[str, tuple[str, ...]]:
    """Return the fields of the texts, by name. `argument` names the texts in messages."""
    if not is_sequence(texts):
        raise CorpusError(f"{argument} must be a list, Series or DataFrame of texts; got {type(texts).__name__}.")
    if not isinstance(texts, pd.DataFrame):
        if text is not None:
            raise CorpusError(f"text={text!r} names columns, but {argument} is not a DataFrame.")
        values = np.asarray(texts, dtype=object) if not isinstance(texts, pd.Series) else texts.to_numpy(dtype=object)
        if values.ndim != 1:
            raise CorpusError(f"{argument} must have one dimension; got shape {values.shape}.")
        return {"text": _checked_texts(argument, values.tolist())}
    if texts.empty:
        raise CorpusError(f"{argument} is empty.")
    prefix = "" if argument == "texts" else f"{argument}: "
    columns = {column: named_column("text", texts, column, CorpusError) for column in text_columns(texts, text)}
    return {
        str(column): _checked_texts(f"{prefix}column {column!r}", values.tolist()) for column, values in columns.items()
    }


def whole_texts(fields: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Join the fields of each text by line breaks. An empty field is left out."""
    return article_texts(pd.DataFrame(fields, dtype="object"), tuple(fields))


def is_sequence(texts: Any) -> bool:
    """Return whether texts have an order and can be read more than once: a list, array, Series or DataFrame."""
    unordered = isinstance(texts, str | bytes | set | frozenset | Mapping | Iterator)
    return isinstance(texts, Iterable) and not unordered


def text_columns(texts: pd.DataFrame, text: Any) -> tuple[Any, ...]:
    """Return the columns that form the text: those that the user names, or those with common names."""
    chosen: tuple[Any, ...] | None
    if text is None:
        usual = (names for names in _USUAL_TEXTS if set(names) <= set(texts.columns))
        chosen = next(usual, None)
        if chosen is None:
            columns = ", ".join(map(repr, texts.columns)) or "none"
            raise CorpusError(f"text: name the columns that form the text; the columns are: {columns}.")
    elif isinstance(text, set | frozenset):
        raise CorpusError("text must be a name or a list of names; a set has no order.")
    else:
        chosen = (text,) if isinstance(text, str) or not isinstance(text, Iterable) else tuple(text)
    if not chosen:
        raise CorpusError("text must name at least one column.")
    return chosen


def _checked_texts(where: str, values: list[Any]) -> tuple[str, ...]:
    for row, value in enumerate(values):
        if not isinstance(value, str):
            what = "missing" if is_missing(value) else f"of type {type(value).__name__}, not a string"
            raise CorpusError(f"{where}: the text of row {row} is {what}. Remove such rows, or use an empty string.")
    return tuple(str(value) for value in values)


def label_indicators(
    y: Any, topics: Sequence[str] | None, separator: str | None, n_texts: int
) -> tuple[NDArray[np.int8], tuple[str, ...], bool]:
    """Return indicators, the topics, and whether every text has exactly one class."""
    columns = None if topics is None else topic_names(topics)
    if not isinstance(separator, str | None):
        raise LabelsError(f"separator must be a string; got {separator!r}.")
    if isinstance(y, pd.DataFrame) or issparse(y) or (isinstance(y, np.ndarray) and y.ndim == 2):
        return (*_indicators(y, columns, n_texts), False)
    values = _listed("y", y, "one label, or a list of labels, per text", LabelsError)
    if len(values) != n_texts:
        raise LabelsError(f"y has {len(values)} rows, but there are {n_texts} texts. Pass one entry per text.")
    if values and all(is_row_of_indicators(value) for value in values) and len(set(map(len, values))) == 1:
        return (*_indicators(np.array(values), columns, n_texts), False)
    mark = _separator(values) if separator is None else separator
    if mark and any(mark in value for value in values if isinstance(value, str)):
        values = [value.split(mark) if isinstance(value, str) else value for value in values]
    several = any(is_collection(value) for value in values)
    rows = [_names(row, value, several) for row, value in enumerate(values)]
    present = dict.fromkeys(label for names in rows for label in names)
    names = columns or tuple(sorted(present))
    if not names:
        raise LabelsError("y contains no label.")
    unknown = next((label for label in present if label not in names), None)
    if unknown is not None:
        raise LabelsError(f"y contains the label {unknown!r}, which is not in topics; {nearest(unknown, names)}")
    column_of = {label: column for column, label in enumerate(names)}
    Y = np.zeros((n_texts, len(names)), dtype=np.int8)
    for row, labels in enumerate(rows):
        Y[row, [column_of[label] for label in labels]] = 1
    return Y, names, not several


def topic_names(topics: Any) -> tuple[str, ...]:
    """Return names of topics as strings; raise `LabelsError` if one is missing or cannot be a name."""
    if isinstance(topics, str):
        raise LabelsError(f"topics must be a sequence of names; got the string {topics!r}.")
    if isinstance(topics, set | frozenset) or not isinstance(topics, Iterable):
        raise LabelsError(f"topics must be a sequence of names; got {type(topics).__name__}.")
    return tuple(_name(f"topics: name {place}", topic) for place, topic in enumerate(topics))


def check_distinct(names: Sequence[str]) -> None:
    """Raise `LabelsError` if a name of a topic occurs twice."""
    repeated = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if repeated is not None:
        raise LabelsError(f"topics: the name {repeated!r} occurs more than once.")


def _separator(values: list[Any]) -> str:
    """Return the separator of several labels in a string; empty if no string contains one."""
    strings = [value for value in values if isinstance(value, str)]
    if strings and all(
        (value.startswith("[") and value.endswith("]")) or written_list(value) is not None for value in strings
    ):
        raise LabelsError(
            f"y contains lists that are written as strings, such as {strings[0]!r}. Pass lists, as read_table reads "
            'them from a file, or separator="" if they are names.'
        )
    marks = [mark for mark in USUAL_SEPARATORS if any(mark in value for value in strings)]
    if len(marks) > 1:
        raise LabelsError(f"y contains both {' and '.join(map(repr, marks))}. Name the separator of labels: separator.")
    return marks[0] if marks else ""


def _names(row: int, value: Any, several: bool) -> tuple[str, ...]:
    """Return the labels of a row."""
    where = f"y: the label of row {row}"
    advice = "Remove rows without labels."
    if several:
        advice = (
            'If the text has no topic, let the row be an empty string or list, as y.fillna("") does; else remove it.'
        )
    if not (several and is_collection(value)):
        empty = several and isinstance(value, str) and not value.strip()
        return () if empty else (_name(where, value, advice),)
    if isinstance(value, Mapping):
        raise LabelsError(f"{where} is of type {type(value).__name__}. Pass a list of its labels.")
    if any(is_collection(label) for label in value):
        raise LabelsError(f"y: row {row} contains nested lists.")
    labels = (label for label in value if not (isinstance(label, str) and not label.strip()))
    return tuple(dict.fromkeys(_name(where, label, advice) for label in labels))


def _name(where: str, label: Any, advice: str = "") -> str:
    """Return a label as a string: 1 for 1.0, because pandas reads a column of integers with gaps as floats."""
    if is_missing(label):
        raise LabelsError(f"{where} is missing. {advice}".rstrip())
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return str(int(label))
    if isinstance(label, bytes | Iterator) or is_collection(label):
        raise LabelsError(f"{where} is of type {type(label).__name__}. Labels are strings, integers or booleans.")
    if isinstance(label, float | complex | np.inexact):
        raise LabelsError(f"{where} is the number {label}. Labels are strings, integers or booleans.")
    name = unicodedata.normalize("NFC", str(label)).strip()
    if not name:
        raise LabelsError(f"{where} is empty. {advice}".rstrip())
    if "\0" in name:  # NumPy drops it at the end of a string
        raise LabelsError(f"{where}, {name!r}, contains a null character.")
    if not name.isascii() and name.encode("utf-8", "replace").decode() != name:
        raise LabelsError(f"{where}, {name!r}, cannot be written as UTF-8.")
    return name


def _indicators(y: Any, topics: tuple[str, ...] | None, n_texts: int) -> tuple[NDArray[np.int8], tuple[str, ...]]:
    names = topics
    if isinstance(y, pd.DataFrame):
        y, names = _columns_of(y, topics)
    dense: Any = y
    values = np.asarray(dense.toarray() if issparse(y) else y)
    if values.ndim != 2 or len(values) != n_texts:
        raise LabelsError(f"y has shape {values.shape}, but there are {n_texts} texts.")
    if np.ma.is_masked(y) or pd.isna(values).any():
        raise LabelsError("y: an array of indicators must not have missing values.")
    if not np.isin(values, (0, 1)).all():
        advice = " Pass a single column of labels in one dimension." if values.shape[1] == 1 else ""
        raise LabelsError(f"y: an array of indicators must contain only 0 and 1.{advice}")
    if names is None:
        raise LabelsError(f"topics: name the {values.shape[1]} columns of y.")
    if values.shape[1] != len(names):
        raise LabelsError(f"y has shape {values.shape}, but there are {n_texts} texts and {len(names)} topics.")
    return values.astype(np.int8), names


def _columns_of(y: pd.DataFrame, topics: tuple[str, ...] | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the columns of a DataFrame of indicators in the order of the topics, and the topics."""
    if topics is not None and isinstance(y.columns, pd.RangeIndex):  # the columns have no names
        return y, topics
    advice = "Name the column. If it marks texts without a topic, drop it."
    columns = tuple(_name(f"y: the name of column {place}", column, advice) for place, column in enumerate(y.columns))
    if topics is None:
        return y, columns
    if len(set(topics)) < len(topics) or len(set(columns)) < len(columns):
        raise LabelsError("topics: a name occurs more than once in topics or in the columns of y.")
    odd = next((name for name in (*topics, *columns) if name not in columns or name not in topics), None)
    if odd is not None:
        where = "a column of y, but is not in topics" if odd in columns else "in topics, but is not a column of y"
        raise LabelsError(f"topics: {odd!r} is {where}. Name exactly the columns of y, or rename them.")
    return y.iloc[:, [columns.index(name) for name in topics]], topics


def _groups(
    groups: str | ArrayLike | None, texts: tuple[str, ...], n_texts: int
) -> tuple[NDArray[np.intp], Grouping, tuple[str, ...]]:
    """Return the group of each row, what the rows of a group have in common, and warnings."""
    if groups is None:
        return np.arange(n_texts), "own", ()
    if isinstance(groups, str):
        if groups == "near-duplicates":
            return near_duplicate_groups(texts), "near-duplicates", ()
        if groups == "stories":
            stories = find_stories(texts)
            return stories.groups, "stories", stories.warnings
        raise CorpusError(
            f"groups must be an array, 'near-duplicates', 'stories' or None; got {groups!r}. Pass the values of a "
            "column."
        )
    values = _of_length("groups", groups, n_texts)
    own_if_missing = [object() if is_missing(value) else value for value in values]
    try:
        return np.asarray(pd.factorize(pd.Series(own_if_missing, dtype=object))[0], dtype=np.intp), "own", ()
    except TypeError as error:
        raise CorpusError(f"groups: {error}. A group is a string or a number.") from error


def _ids(texts: Any, ids: ArrayLike | None, n_texts: int) -> NDArray[Any]:
    if ids is not None:
        values: Sequence[Any] = _scalars("ids", ids, n_texts)
    else:
        index = texts.index if isinstance(texts, pd.DataFrame | pd.Series) else None
        values = index.tolist() if index is not None and index.is_unique else range(n_texts)
    missing = next((row for row, value in enumerate(values) if is_missing(value)), None)
    if missing is not None:
        raise CorpusError(f"ids: the id of row {missing} is missing.")
    return np.array([str(value) for value in values], dtype=object)


def _strings(name: str, values: ArrayLike | None, n_texts: int) -> NDArray[Any]:
    given = [""] * n_texts if values is None else _scalars(name, values, n_texts)
    return np.array(["" if is_missing(value) else str(value) for value in given], dtype=object)


def _dates(dates: ArrayLike | None, n_texts: int) -> NDArray[np.datetime64]:
    if dates is None:
        return np.full(n_texts, np.datetime64("NaT"), dtype="datetime64[us]")
    values = _of_length("dates", dates, n_texts)
    for row, value in enumerate(values):
        # pandas reads 2020 as a year, and "now" as the time of the call.
        number = isinstance(value, Number) and not isinstance(value, np.timedelta64) and not is_missing(value)
        if number or (isinstance(value, str) and value.strip().lower() in ("now", "today")):
            raise CorpusError(
                f"dates: row {row} is {_written(value)}. Write dates as in 2026-01-31, or pass datetimes."
            )
    try:
        parsed = pd.to_datetime(pd.Series(values, dtype=object), utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        reason = str(error).partition(". You might want")[0]
        raise CorpusError(f"dates: {reason}. Write dates as in 2026-01-31, or pass datetimes.") from error
    return parsed.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")


def _scalars(name: str, values: Any, n_texts: int) -> list[Any]:
    listed = _of_length(name, values, n_texts)
    for row, value in enumerate(listed):
        if isinstance(value, bytes) or is_collection(value):
            raise CorpusError(f"{name}: row {row} is of type {type(value).__name__}, not a string or a number.")
    return listed


def _of_length(name: str, values: Any, n_texts: int) -> list[Any]:
    listed = _listed(name, values, "one value per text", CorpusError)
    if len(listed) != n_texts:
        raise CorpusError(f"{name} has {len(listed)} values, but there are {n_texts} texts.")
    return listed


def _listed(name: str, values: Any, what: str, error: type[TopicdeskError]) -> list[Any]:
    """Return the rows of an argument; raise an error if it has no order, or more than one dimension."""
    unordered = isinstance(values, str | bytes | set | frozenset | Mapping)
    if unordered or not isinstance(values, Iterable) or isinstance(values, pd.DataFrame) or issparse(values):
        raise error(f"{name} must contain {what}; got {type(values).__name__}.")
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise error(f"{name} must contain {what}; got an array of shape {values.shape}.")
    if isinstance(values, np.ma.MaskedArray):
        return list(values.tolist())  # None for masked values
    if hasattr(values, "to_pylist"):  # an Arrow array, whose scalars are not Python's
        return list(values.to_pylist())
    return list(values)


def _hash(ids: NDArray[Any], Y: NDArray[np.int8], topics: tuple[str, ...], weights: NDArray[np.float64] | None) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for row in sorted(range(len(ids)), key=ids.__getitem__):
        labels = [topics[column] for column in np.flatnonzero(Y[row])]
        value = (ids[row], sorted(labels), *(() if weights is None else (float(weights[row]),)))
        digest.update(repr(value).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def is_collection(value: Any) -> bool:
    """Return whether a value contains others, and is not a string."""
    return isinstance(value, Collection) and not isinstance(value, str | bytes)


def is_row_of_indicators(value: Any) -> bool:
    """Return whether a value is a list of several numbers 0 and 1: a row of indicators, not of names."""
    return (
        isinstance(value, list | tuple | np.ndarray)
        and len(value) > 1
        and all(isinstance(one, int | float | np.number | np.bool_) and one in (0, 1) for one in value)
    )


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT or NA."""
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))
