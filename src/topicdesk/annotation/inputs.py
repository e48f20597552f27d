"""Make a dataset from texts (a list, Series or DataFrame) and their labels, in any common form."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from topicdesk.annotation.dataset import Dataset, check_topics
from topicdesk.corpus import article_texts, content_hash, near_duplicate_groups
from topicdesk.errors import CorpusError, LabelsError, nearest

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
_USUAL_SEPARATORS = (";", "|")


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
        Indicators of 0 and 1, shape (n_texts, n_topics): multi-label. The name of a column of the table `texts`.
    text : str or sequence of str, optional
        Columns of the table that form the text, joined by a line break. By default, columns with common names, such as
        ``title`` and ``text``.
    topics : sequence of str, optional
        Names and order of the topics. By default the columns of a DataFrame of indicators, else all labels, sorted.
        Indicators in an array need it.
    separator : str, optional
        Separator of several labels in a string. By default ``;`` or ``|``, if a string contains it. With the empty
        string, strings are not split.
    groups : array-like of shape (n_texts,), "near-duplicates" or None, default "near-duplicates"
        Rows of one group stay on the same side of a split. By default, near-duplicates are found in the texts (see
        `near_duplicate_groups`). With None, each row is a group.
    ids : array-like of shape (n_texts,), optional
        Ids of the rows. By default the index of a table or Series if its values are unique, else row numbers.
    sources, dates, samples : array-like of shape (n_texts,), optional
        Source, publication date and sample of each text. Splits by source or by time need the first two.
    name : str, default "texts"
        Name of the dataset in tables and messages.

    Returns
    -------
    Dataset
        All rows, in their order.

    Raises
    ------
    CorpusError
        If `texts` is empty, a text is missing or not a string, or a column does not exist.
    LabelsError
        If `y` has another length, a label is missing, all rows have the same label, or indicators have no names.

    See Also
    --------
    topicdesk.join_dataset : Join a corpus with annotations from label files.

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
    labels = _column(texts, y) if isinstance(y, str) else y
    fields = _fields(texts, text)
    n_texts = len(next(iter(fields.values())))
    if not n_texts:
        raise CorpusError("texts is empty.")
    Y, names, multi_class = _labels(labels, topics, separator, n_texts)
    whole = article_texts(pd.DataFrame(fields, dtype="object"), tuple(fields))
    row_ids = np.array([str(value) for value in _ids(texts, ids, n_texts)], dtype=object)
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
        groups=_groups(groups, whole, n_texts),
        samples=_strings("samples", samples, n_texts),
        sources=_strings("sources", sources, n_texts),
        dates=_dates(dates, n_texts),
        corpus_hash=content_hash(named),
        labels_hash=_hash(row_ids, Y, names),
        warnings=(f"{blank} of {n_texts} texts are empty and therefore have no features.",) if blank else (),
        fields=fields,
    )
    check_topics(dataset)
    return dataset


def _column(texts: Any, column: str) -> Any:
    if not isinstance(texts, pd.DataFrame):
        raise LabelsError(
            f"y={column!r} names a column, but texts is not a DataFrame. Pass one label per text, or a DataFrame."
        )
    if column not in texts:
        raise LabelsError(f"y: the table has no column {column!r}; {nearest(column, map(str, texts.columns))}")
    return texts[column]


def _fields(texts: Any, text: str | Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    """Return the fields of the texts, by name."""
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise CorpusError(f"texts must be a list, Series or DataFrame of texts; got {type(texts).__name__}.")
    if not isinstance(texts, pd.DataFrame):
        if text is not None:
            raise CorpusError(f"text={text!r} names columns, but texts is not a DataFrame.")
        values = np.asarray(texts, dtype=object) if not isinstance(texts, pd.Series) else texts.to_numpy(dtype=object)
        if values.ndim != 1:
            raise CorpusError(f"texts must have one dimension; got shape {values.shape}.")
        return {"text": _checked_texts("texts", values.tolist())}
    if text is None:
        usual = (names for names in _USUAL_TEXTS if set(names) <= set(texts.columns))
        chosen = next(usual, None)
        if chosen is None:
            columns = ", ".join(map(repr, texts.columns)) or "none"
            raise CorpusError(f"text: name the columns that form the text; the columns are: {columns}.")
    else:
        chosen = (text,) if isinstance(text, str) else tuple(text)
    if not chosen:
        raise CorpusError("text must name at least one column.")
    for column in chosen:
        if column not in texts:
            raise CorpusError(f"text: the table has no column {column!r}; {nearest(column, map(str, texts.columns))}")
    return {column: _checked_texts(f"column {column!r}", texts[column].tolist()) for column in chosen}


def _checked_texts(where: str, values: list[Any]) -> tuple[str, ...]:
    for row, value in enumerate(values):
        if not isinstance(value, str):
            what = "missing" if _is_missing(value) else f"of type {type(value).__name__}, not a string"
            raise CorpusError(f"{where}: the text of row {row} is {what}. Remove such rows, or use an empty string.")
    return tuple(str(value) for value in values)


def _labels(
    y: Any, topics: Sequence[str] | None, separator: str | None, n_texts: int
) -> tuple[NDArray[np.int8], tuple[str, ...], bool]:
    """Return indicators, the topics, and whether every text has exactly one class."""
    if isinstance(topics, str):
        raise LabelsError(f"topics must be a sequence of names; got the string {topics!r}.")
    columns = None if topics is None else tuple(map(str, topics))
    if isinstance(y, pd.DataFrame) or issparse(y) or (isinstance(y, np.ndarray) and y.ndim == 2):
        return (*_indicators(y, columns, n_texts), False)
    if y is None or not isinstance(y, Iterable) or isinstance(y, bytes | dict):
        raise LabelsError(f"y must contain one label, or a list of labels, per text; got {type(y).__name__}.")
    values = list(y)
    if len(values) != n_texts:
        raise LabelsError(f"y has {len(values)} rows, but there are {n_texts} texts.")
    if values and all(_is_row_of_indicators(value) for value in values) and len(set(map(len, values))) == 1:
        return (*_indicators(np.array(values), columns, n_texts), False)
    several = any(_is_collection(value) for value in values)
    if not several:
        strings = [value for value in values if isinstance(value, str)]
        mark = separator
        if mark is None:
            mark = next((one for one in _USUAL_SEPARATORS if any(one in value for value in strings)), "")
        if mark and any(mark in value for value in strings):
            several = True
            values = [value.split(mark) if isinstance(value, str) else value for value in values]
    rows = [_names(row, value, several) for row, value in enumerate(values)]
    present = dict.fromkeys(label for names in rows for label in names)
    names = columns or tuple(sorted(present))
    unknown = next((label for label in present if label not in names), None)
    if unknown is not None:
        raise LabelsError(f"y contains the label {unknown!r}, which is not in topics; {nearest(unknown, names)}")
    column_of = {label: column for column, label in enumerate(names)}
    Y = np.zeros((n_texts, len(names)), dtype=np.int8)
    for row, labels in enumerate(rows):
        Y[row, [column_of[label] for label in labels]] = 1
    return Y, names, not several


def _names(row: int, value: Any, several: bool) -> tuple[str, ...]:
    """Return the labels of a row."""
    labels = value if several and _is_collection(value) else (value,)
    names = []
    for label in labels:
        if _is_missing(label):
            raise LabelsError(f"y: the label of row {row} is missing. Remove rows without labels.")
        if _is_collection(label):
            raise LabelsError(f"y: row {row} contains nested lists.")
        # A column of integers with gaps is read as floats.
        whole = isinstance(label, float | np.floating) and float(label).is_integer()
        name = str(int(label)) if whole else str(label).strip()
        if name:
            names.append(name)
        elif not several:
            raise LabelsError(f"y: the label of row {row} is empty. Remove rows without labels.")
    return tuple(dict.fromkeys(names))


def _indicators(y: Any, topics: tuple[str, ...] | None, n_texts: int) -> tuple[NDArray[np.int8], tuple[str, ...]]:
    names = tuple(map(str, y.columns)) if topics is None and isinstance(y, pd.DataFrame) else topics
    dense: Any = y
    values = np.asarray(dense.toarray() if issparse(y) else y)
    if names is None:
        raise LabelsError(f"topics: name the {values.shape[1]} columns of y.")
    if values.shape != (n_texts, len(names)):
        raise LabelsError(f"y has shape {values.shape}, but there are {n_texts} texts and {len(names)} topics.")
    if not np.isin(values, (0, 1)).all():
        raise LabelsError("y: an array of indicators must contain only 0 and 1.")
    return values.astype(np.int8), names


def _groups(groups: str | ArrayLike | None, texts: tuple[str, ...], n_texts: int) -> NDArray[np.intp]:
    if groups is None:
        return np.arange(n_texts)
    if isinstance(groups, str):
        if groups != "near-duplicates":
            raise CorpusError(f"groups must be an array, 'near-duplicates' or None; got {groups!r}.")
        return near_duplicate_groups(texts)
    values = _of_length("groups", groups, n_texts)
    return np.asarray(pd.factorize(pd.Series(values, dtype=object), use_na_sentinel=False)[0], dtype=np.intp)


def _ids(texts: Any, ids: ArrayLike | None, n_texts: int) -> Sequence[Any]:
    if ids is not None:
        return _of_length("ids", ids, n_texts)
    index = texts.index if isinstance(texts, pd.DataFrame | pd.Series) else None
    return index.tolist() if index is not None and index.is_unique else range(n_texts)


def _strings(name: str, values: ArrayLike | None, n_texts: int) -> NDArray[Any]:
    given = [""] * n_texts if values is None else _of_length(name, values, n_texts)
    return np.array(["" if _is_missing(value) else str(value) for value in given], dtype=object)


def _dates(dates: ArrayLike | None, n_texts: int) -> NDArray[np.datetime64]:
    if dates is None:
        return np.full(n_texts, np.datetime64("NaT"), dtype="datetime64[us]")
    values = _of_length("dates", dates, n_texts)
    try:
        parsed = pd.to_datetime(pd.Series(values, dtype=object), utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise CorpusError(f"dates: {error}. Write dates as in 2026-01-31, or pass datetimes.") from error
    return parsed.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")


def _of_length(name: str, values: Any, n_texts: int) -> list[Any]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise CorpusError(f"{name} must contain one value per text; got {type(values).__name__}.")
    listed = list(values)
    if len(listed) != n_texts:
        raise CorpusError(f"{name} has {len(listed)} values, but there are {n_texts} texts.")
    return listed


def _hash(ids: NDArray[Any], Y: NDArray[np.int8], topics: tuple[str, ...]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for article, row in sorted(zip(ids.tolist(), Y.tolist(), strict=True)):
        labels = [topic for topic, one in zip(topics, row, strict=True) if one]
        digest.update(repr((article, sorted(labels))).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _is_collection(value: Any) -> bool:
    return isinstance(value, Collection) and not isinstance(value, str | bytes)


def _is_row_of_indicators(value: Any) -> bool:
    """Return whether a value is a list of several numbers 0 and 1: a row of indicators, not of names."""
    return (
        isinstance(value, list | tuple | np.ndarray)
        and len(value) > 1
        and all(not isinstance(one, str) and one in (0, 1) for one in value)
    )


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
