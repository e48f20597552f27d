"""Read labels as people write them: one in a cell, several with a separator, lists, addresses, objects."""

from __future__ import annotations

import ast
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from topicdesk.errors import LabelsError

__all__ = ["is_blank", "labels_in", "plain_label", "topic_keys"]

# Maximum length of a topic's key, which is used in table headers and metric names.
_LONGEST_KEY = 40

_ADDRESSES = re.compile(r"\s*(?:<[^<>\s]+>\s*)+")
_PLAIN_ADDRESSES = re.compile(r"\s*https?://\S+(?:\s+https?://\S+)*\s*")


def is_blank(cell: Any) -> bool:
    """Return whether a cell means that nobody has labelled the article; an empty list does not."""
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())


def labels_in(cell: Any, separator: str, where: str) -> tuple[str, ...] | None:
    """Return the labels in a cell.

    Parameters
    ----------
    cell : object
        A string, a number, a list, or an object with a list of ``choices``. A string may contain a list in the syntax
        of JSON or Python, or addresses in angle brackets.
    separator : str
        Separator of several labels in a string; empty if there is none.
    where : str
        Place of the cell, for messages.

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
    >>> labels_in("courts; rail", ";", "row 1"), labels_in('["courts"]', "", "row 2"), labels_in("", ";", "row 3")
    (('courts', 'rail'), ('courts',), None)
    """
    if isinstance(cell, str):
        if re.fullmatch(r"\s*[\[{].*[\]}]\s*", cell, flags=re.DOTALL):
            cell = _parsed(cell, where)
        elif _ADDRESSES.fullmatch(cell):
            cell = re.findall(r"<([^<>\s]+)>", cell)
        elif _PLAIN_ADDRESSES.fullmatch(cell):
            cell = cell.split()
    if isinstance(cell, Mapping):
        cell = _choices(cell, where)
    if isinstance(cell, str):
        parts = [part.strip() for part in (cell.split(separator) if separator else [cell])]
        return tuple(dict.fromkeys(plain_label(part) for part in parts if part)) or None
    if isinstance(cell, Sequence | set | frozenset) or hasattr(cell, "tolist"):
        items = cell.tolist() if hasattr(cell, "tolist") else cell
        if isinstance(items, list | tuple | set | frozenset):
            odd = next((item for item in items if isinstance(item, list | dict)), None)
            if odd is not None:
                raise LabelsError(
                    f"{where}: {str(odd)[:60]} is not a label. Labels of parts of a text, such as names of persons, "
                    "cannot be imported."
                )
            return tuple(dict.fromkeys(name for name in map(plain_label, items) if name))
        cell = items
    return (plain_label(cell),) if plain_label(cell) else None


def plain_label(value: Any) -> str:
    """Convert a label to a string. 3.0 becomes "3", because integers in a column with gaps are read as floats."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = str(value).strip().encode("utf-8", "replace").decode("utf-8")  # JSON may contain a lone surrogate
    text = " ".join(unicodedata.normalize("NFC", text).split())
    return text.removesuffix(".0") if re.fullmatch(r"-?\d+\.0", text) else text


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
    kept = "".join(letter if _in_words(letter) else "-" for letter in letters)
    # A word begins with a letter or a digit, not with a mark.
    return re.sub("-+", "-", kept).lstrip("".join(filter(_is_mark, kept)) + "-").rstrip("-")


def _in_words(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category in ("Ll", "Lm", "Lo") or category[0] in "MN"


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter)[0] == "M"


def _parsed(cell: str, where: str) -> Any:
    """Parse a list or an object in the syntax of JSON or Python."""
    for parse in (json.loads, ast.literal_eval):
        try:
            items = parse(cell.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):  # not in this syntax
            continue
        if isinstance(items, dict) or (
            isinstance(items, list) and all(isinstance(item, str | int | float) for item in items)
        ):
            return items
    if cell.strip().startswith("{"):
        return cell
    raise LabelsError(f'{where}: {cell[:60]!r} is not a list of labels. Write it as JSON, such as ["courts", "rail"].')


def _choices(cell: Mapping[str, Any], where: str) -> Any:
    """Return the labels in an object: its ``choices``, or the names whose values are 1 or true."""
    if "choices" in cell:
        return cell["choices"]
    if cell and all(isinstance(value, bool | int | float) and value in (0, 1) for value in cell.values()):
        return [name for name, value in cell.items() if value]
    raise LabelsError(f"{where}: {str(dict(cell))[:60]} is not a label, or a list of labels.")
