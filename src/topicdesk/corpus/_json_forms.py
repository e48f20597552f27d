"""Find the articles in a JSON document, and turn their values into strings.

Articles come as a list, as one object, as an object with one list of objects, or in pandas' orientations ``columns``,
``index``, ``list`` and ``split``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

__all__ = ["article_fields", "items_of", "parse_json", "unnested"]

# Keys of objects that contain the fields of a text in exports of annotation tools, and keys that such an object is
# recognised by; a task of Label Studio may have nothing but its data. Fields of `_BESIDE` are used if the object itself
# has none of that name.
_INSIDE = (
    ("data", ("annotations", "completions", "predictions")),
    ("fields", ("responses", "suggestions")),
    ("inputs", ("annotation", "prediction")),
)
_BESIDE = ("meta", "metadata")

# Keys of objects that stand for a person, an organisation or a section, in order of preference; and those of MongoDB.
_NAMES = ("name", "title", "label", "value", "$date", "$oid")


def parse_json(document: str | bytes) -> Any:
    """Parse JSON. NaN and infinities, which JSON does not have but pandas writes, are None.

    Examples
    --------
    >>> parse_json('{"author": NaN}')
    {'author': None}
    """
    return json.loads(document, parse_constant=lambda name: None)


def items_of(content: Any, text_column: str | None) -> list[Any]:
    """Return the articles of a JSON document.

    Parameters
    ----------
    content : object
        The parsed document.
    text_column : str or None
        Key of the text, if `content` is an object that has one.

    Returns
    -------
    list
        Usually objects. Other items are returned too, so that they can be reported.

    Examples
    --------
    >>> items_of({"text": {"0": "The mill was sold.", "1": "The mill was bought."}}, "text")
    [{'text': 'The mill was sold.'}, {'text': 'The mill was bought.'}]
    >>> items_of({"status": "ok", "articles": [{"text": "The mill was sold."}]}, None)
    [{'text': 'The mill was sold.'}]
    """
    if isinstance(content, list):
        return content
    if not isinstance(content, dict):
        return [content]
    if text_column is not None:
        return _columns(content, text_column)
    names, rows = content.get("columns"), content.get("data")
    if isinstance(names, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows):
        return [dict(zip(map(str, names), row, strict=True)) if len(row) == len(names) else row for row in rows]
    lists: list[list[Any]] = [value for value in content.values() if _has_objects(value)]
    if len(lists) == 1:
        return lists[0]
    if content and all(isinstance(value, dict) for value in content.values()):
        return list(content.values())
    return [content]


def _columns(content: Mapping[str, Any], text_column: str) -> list[Any]:
    """Return the rows of an object whose values are columns, or the object itself if it is an article."""
    texts = content[text_column]
    if isinstance(texts, dict) and all(isinstance(value, dict) for value in content.values()):
        return [{name: column.get(row) for name, column in content.items()} for row in texts]
    # A single list is an article's paragraphs.
    is_table = isinstance(texts, list) and len(content) > 1
    if is_table and all(isinstance(value, list) and len(value) == len(texts) for value in content.values()):
        return [dict(zip(content, row, strict=True)) for row in zip(*content.values(), strict=True)]
    return [content]


def _has_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def unnested(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object with the fields of its text at the top, if it is a task of an annotation tool.

    Examples
    --------
    >>> unnested({"id": 7, "data": {"text": "The mill was sold."}, "annotations": []})
    {'id': 7, 'data': {'text': 'The mill was sold.'}, 'annotations': [], 'text': 'The mill was sold.'}
    """
    for key, marks in _INSIDE:
        inside = item.get(key)
        only_data = key == "data" and set(item) <= {"data", "id", *_BESIDE}
        if isinstance(inside, dict) and (only_data or any(mark in item for mark in marks)):
            beside = [item[name] for name in _BESIDE if isinstance(item.get(name), dict)]
            return {**(beside[0] if beside else {}), **item, **inside}
    return item


def article_fields(fields: Mapping[str, Any]) -> dict[str, str]:
    r"""Convert the values of an article to strings. Missing values are left out.

    Parameters
    ----------
    fields : mapping of str to object
        Values by column of the articles table.

    Returns
    -------
    dict of str to str
        Lists of a text's paragraphs are joined by line breaks, other lists by semicolons. An object is replaced by its
        name. An address as source becomes the address of the article, and its host the source.

    Raises
    ------
    ValueError
        If the text is an object, or a list of objects, or a value is binary and not UTF-8.

    Examples
    --------
    >>> article_fields({"text": ["The mill was sold.", "The owner was glad."], "authors": [{"name": "Ann Lee"}]})
    {'text': 'The mill was sold.\nThe owner was glad.', 'authors': 'Ann Lee'}
    >>> article_fields({"source": "https://www.post.example/mill"})
    {'source': 'post.example', 'url': 'https://www.post.example/mill'}
    """
    values = {name: _string(name, value) for name, value in fields.items()}
    found = {name: value for name, value in values.items() if value is not None}
    source = found.get("source", "")
    if source.startswith(("http://", "https://")):
        found["source"] = (urlsplit(source).hostname or "").removeprefix("www.")
        found.setdefault("url", source)
    return found


def _string(name: str, value: Any) -> str | None:
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"the {name} is binary, and not UTF-8; convert its column to strings") from error
    if name == "text":
        parts = value if isinstance(value, list | tuple) else [value]
        odd = next((part for part in parts if isinstance(part, dict | list)), None)
        if odd is not None:
            raise ValueError(f"the text is not a string, but contains {json.dumps(odd, ensure_ascii=False)[:40]}")
        written = [str(part) for part in parts if part is not None]
        return "\n".join(written) if written else None
    if isinstance(value, list | tuple):
        return "; ".join(filter(None, map(_name, value))) or None
    return _name(value)


def _name(value: Any) -> str | None:
    """Return a value as a string, an object as its name; None if it is missing or has no name."""
    if isinstance(value, dict):
        value = next((value[key] for key in _NAMES if isinstance(value.get(key), str | int | float)), None)
    return None if value is None else str(value)
