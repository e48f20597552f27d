"""Read labels as people write them: one in a cell, several with a separator, lists, addresses, objects."""

from __future__ import annotations

import ast
import json
import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from topicdesk._terminals import without_controls
from topicdesk.annotation.topics import in_topic_names
from topicdesk.errors import LabelsError

__all__ = ["MISSING", "is_blank", "labels_in", "plain_label", "topic_keys", "written_list"]

#: Words in a cell that mean that nobody has labelled the article: those that pandas reads as missing, and a dash.
MISSING = frozenset(
    ("#N/A", "#N/A N/A", "#NA", "-NaN", "-nan", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "-")
)

# Maximum length of a topic's key, which is used in table headers and metric names.
_LONGEST_KEY = 40

# Types whose name Python and NumPy write around a list: array(['courts'], dtype=object), frozenset().
_NAMED_LIST = re.compile(r"(?:array|frozenset|set)\(")

# An item of a written list, and the comma after it; NumPy writes no commas.
_ITEM = re.compile(
    r"""(np\.\w+\()?([ub]?'(?:[^'\\]|\\.)*'|[ub]?"(?:[^"\\]|\\.)*"|[-+.\w]+)(?(1)\))\s*(,?)\s*""", re.DOTALL
)

_ADDRESSES = re.compile(r"\s*(?:<[^<>\s]+>\s*)+")
_PLAIN_ADDRESSES = re.compile(r"\s*https?://\S+(?:\s+https?://\S+)*\s*")


def is_blank(cell: Any) -> bool:
    """Return whether a cell means that nobody has labelled the article; an empty list does not."""
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())


def labels_in(cell: Any, separator: str, where: str, missing: Collection[str] = ()) -> tuple[str, ...] | None:
    """Return the labels in a cell.

    Parameters
    ----------
    cell : object
        A string, a number, a list, or an object with a list of ``choices``. A string may contain a list in the syntax
        of JSON, Python or NumPy, or addresses in angle brackets.
    separator : str
        Separator of several labels in a string; empty if there is none.
    where : str
        Place of the cell, for messages.
    missing : collection of str, default ()
        Words that are no labels, unless they are in a list.

    Returns
    -------
    tuple of str, or None
        Without repetitions; None if nobody has labelled the article.

    Raises
    ------
    LabelsError
        If a list contains something else than labels.

    Examples
    --------
    >>> labels_in("courts; rail", ";", "1"), labels_in("['courts' 'rail']", "", "2"), labels_in("", "", "3")
    (('courts', 'rail'), ('courts', 'rail'), None)
    """
    if isinstance(cell, bytes):
        cell = _text(cell, where)
    if isinstance(cell, str):
        items = written_list(cell)
        if items is not None:
            cell = items
        elif cell.strip()[-1:] in ("]", ")") and cell.lstrip().startswith(("[", "array(", "frozenset(")):
            raise LabelsError(
                f'{where}: {cell[:60]!r} is not a list of labels. Write it as JSON, such as ["courts", "rail"].'
            )
        elif _ADDRESSES.fullmatch(cell):
            cell = re.findall(r"<([^<>\s]+)>", cell)
        elif _PLAIN_ADDRESSES.fullmatch(cell):
            cell = cell.split()
    if isinstance(cell, Mapping):
        cell = _choices(cell, where)
    if isinstance(cell, str):
        parts = map(plain_label, cell.split(separator) if separator else [cell])
        return tuple(dict.fromkeys(part for part in parts if part and part not in missing)) or None
    if isinstance(cell, Sequence | set | frozenset) or hasattr(cell, "tolist"):
        items = cell.tolist() if hasattr(cell, "tolist") else cell
        if isinstance(items, list | tuple | set | frozenset):
            return _labels_of(items, where)
        cell = items
    return (plain_label(cell),) if plain_label(cell) else None


def _labels_of(items: Collection[Any], where: str) -> tuple[str, ...] | None:
    """Return the labels in a list; None if all are missing."""
    if items and all(isinstance(item, tuple) and len(item) == 2 for item in items):  # a map of Parquet
        items = _choices(dict(items), where)
    odd = next((item for item in items if isinstance(item, list | dict | tuple | set | frozenset)), None)
    if odd is not None:
        raise LabelsError(
            f"{where}: {str(odd)[:60]} is not a label. Labels of parts of a text, such as names of persons, "
            "cannot be imported."
        )
    if items and all(item is None or item != item for item in items):
        return None
    names = (plain_label(_text(item, where) if isinstance(item, bytes) else item) for item in items)
    return tuple(dict.fromkeys(name for name in names if name))


def written_list(cell: str) -> list[Any] | dict[str, Any] | None:
    """Return the items of a list, or the object, that a string contains in the syntax of JSON, Python or NumPy.

    Parameters
    ----------
    cell : str
        Also ``{'courts', 'rail'}``, ``('courts',)``, ``array(['courts'], dtype=object)`` and ``['courts' 'rail']``.

    Returns
    -------
    list, dict or None
        None if the string is a label.

    Examples
    --------
    >>> written_list("{'courts', 'rail'}"), written_list("frozenset()"), written_list("Courts (civil)")
    (['courts', 'rail'], [], None)
    """
    written = cell.strip()
    if written[-1:] not in ("]", "}", ")"):
        return None
    named = _NAMED_LIST.match(written)
    if named is not None:
        inside = written[named.end() : -1].strip()
        before, dtype, after = inside.rpartition("dtype=")
        return _items(before.strip().removesuffix(",") if dtype and "]" not in after else inside or "[]")
    if written[0] in "[{":
        try:
            content = json.loads(written)
        except (ValueError, RecursionError):  # not JSON
            content = None
        if isinstance(content, dict) or (isinstance(content, list) and all(map(_is_scalar, content))):
            return content
    items = _items(written)
    if items is None and written[0] == "{":
        try:
            content = ast.literal_eval(written)
        except (ValueError, SyntaxError, RecursionError, MemoryError):  # not an object
            return None
        return content if isinstance(content, dict) else None
    return items


def _items(written: str) -> list[Any] | None:
    """Return the items between brackets, in the syntax of Python or NumPy; None if there are others than values."""
    if written[:1] + written[-1:] not in ("[]", "{}", "()"):
        return None
    body = written[1:-1].strip()
    items, position, commas = [], 0, not body
    while position < len(body):
        item = _ITEM.match(body, position)
        if item is None:
            return None
        try:
            value = None if item[2] == "nan" else ast.literal_eval(item[2])
        except (ValueError, SyntaxError):  # a word without quotation marks
            return None
        if value is ...:  # NumPy leaves out the middle of a long list
            return None
        items.append(value)
        position, commas = item.end(), commas or bool(item[3])
    # A tuple has a comma: a label may be in parentheses.
    return items if commas or written[0] != "(" else None


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def plain_label(value: Any) -> str:
    """Convert a label to a string without control characters.

    3.0 becomes "3", because integers in a column with gaps are read as floats.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = str(value).strip().encode("utf-8", "replace").decode("utf-8")  # JSON may contain a lone surrogate
    text = without_controls(" ".join(unicodedata.normalize("NFC", text).split())).strip()
    return text.removesuffix(".0") if re.fullmatch(r"-?\d+\.0", text) else text


def _text(label: bytes, where: str) -> str:
    try:
        return label.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LabelsError(
            f"{where}: the label {label[:30]!r} is binary, and not UTF-8. Convert its column to strings."
        ) from error


def topic_keys(labels: Iterable[str]) -> dict[str, str]:
    """Return the name of each label in tables and files: one lower-case word.

    Latin letters lose their accents. Letters of other scripts stay.

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
    >>> topic_keys(["SCI/TECH", "Sci Tech", "Суды", "http://example.org/subjects/mills"])
    {'SCI/TECH': 'sci-tech', 'Sci Tech': 'sci-tech-2', 'Суды': 'суды', 'http://example.org/subjects/mills': 'mills'}
    """
    keys: dict[str, str] = {}
    used: set[str] = set()
    for number, label in enumerate(labels, start=1):
        # The last part of an address names the subject.
        name = re.split(r"[/#]", label.rstrip("/#"))[-1] if label.startswith(("http://", "https://")) else label
        unaccented = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode("ascii")
        plain = re.sub(r"[^a-z0-9]+", "-", unaccented).strip("-")
        # For a label in another script, only a few digits or nothing would be left.
        legible = len(re.findall(r"[^\W_]", plain)) * 2 > len(re.findall(r"[^\W_]", name))
        key = (plain if legible else _word(name)) or f"topic-{number}"
        candidate, suffix = key[:_LONGEST_KEY], 2
        while candidate in used:
            candidate, suffix = f"{key[:_LONGEST_KEY]}-{suffix}", suffix + 1
        used.add(candidate)
        keys[label] = candidate
    return keys


def _word(name: str) -> str:
    """Return a name as one lower-case word of its script, as a taxonomy accepts it."""
    letters = unicodedata.normalize("NFKC", name).lower()
    kept = "".join(letter if in_topic_names(letter) else "-" for letter in letters)
    # A word begins with a letter or a digit, not with a mark.
    return re.sub("-+", "-", kept).lstrip("".join(filter(_is_mark, kept)) + "-").rstrip("-")


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter)[0] == "M"


def _choices(cell: Mapping[str, Any], where: str) -> Any:
    """Return the labels in an object: its ``choices``, or the names whose values are 1 or true."""
    if "choices" in cell:
        return cell["choices"]
    if cell and all(isinstance(value, bool | int | float) and value in (0, 1) for value in cell.values()):
        return [name for name, value in cell.items() if value]
    raise LabelsError(f"{where}: {str(dict(cell))[:60]} is not a label, or a list of labels.")
