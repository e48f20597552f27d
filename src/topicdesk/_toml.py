"""Read a TOML file into a pydantic model; an error names file, key, value and the nearest valid key."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from topicdesk.errors import TopicdeskError, nearest

__all__ = ["StrictModel", "read_toml", "toml_string"]

_Model = TypeVar("_Model", bound=BaseModel)

# Maximum number of characters of a key in a message.
_MOST_SHOWN = 200

#: A taxonomy of 30,000 topics has 8 MB. To report a million unknown keys (10 MB) would take 10 s and 1.6 GB.
_MOST_BYTES = 8 << 20

#: The time of tomllib grows with the square of the parts of a dotted key: 8 s for 20,000 parts.
_MOST_DOTS = 100


def toml_string(value: str) -> str:
    """Return a string as a TOML literal. The escapes of JSON are valid in TOML."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


class StrictModel(BaseModel):
    """An immutable table that accepts only the declared keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_toml(path: Path, model: type[_Model], error: type[TopicdeskError], missing: str) -> _Model:
    """Read and check a TOML file.

    Parameters
    ----------
    path : Path
        File to read.
    model : subclass of BaseModel
        Model to validate the content with.
    error : subclass of TopicdeskError
        Type of the error to raise.
    missing : str
        End of the error message if the file is missing: what to do.

    Returns
    -------
    BaseModel
        Instance of `model`.

    Raises
    ------
    TopicdeskError
        If the file cannot be read or is not valid. The error has the type `error`. Its message names the file, the key,
        the value and, for an unknown key, the nearest valid key.
    """
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise error(f"{path}: the file has {size:,} bytes, and the limit is {_MOST_BYTES:,}. Is it the right file?")
        text = path.read_text(encoding="utf-8-sig")  # editors of Windows begin files with a byte-order mark
        for number, line in enumerate(text.splitlines(), start=1):
            if line.partition("=")[0].count(".") > _MOST_DOTS:
                raise error(f"{path}, line {number}: a key has more than {_MOST_DOTS} parts")
        content = tomllib.loads(text)
    except FileNotFoundError as not_found:
        raise error(f"no file {path} (working directory: {Path.cwd()}). {_near(path)}{missing}") from not_found
    except (OSError, UnicodeDecodeError) as unreadable:
        raise error(f"{path}: cannot be read: {unreadable}") from unreadable
    except (ValueError, RecursionError) as invalid:  # also a number with thousands of digits, or deeply nested tables
        raise error(f"{path}: not valid TOML: {invalid}") from invalid
    try:
        return model.model_validate(content)
    except ValidationError as failure:
        raise error(f"{path}: {'; '.join(_explained(model, item) for item in failure.errors()[:3])}") from failure


def _near(path: Path) -> str:
    """Return a hint about a missing file: the nearest existing file, or that the folder is missing."""
    if path.is_symlink():
        return "It is a link to a missing file. "
    siblings = [entry.name for entry in path.parent.glob(f"*{path.suffix}")]
    if siblings:
        hint = nearest(path.name, siblings)
        if hint.startswith("valid: "):
            return f"Files in {path.parent}: {hint.removeprefix('valid: ')}. "
        closest = hint.removeprefix("did you mean '").removesuffix("'?")
        return f"Did you mean '{path.with_name(closest)}'? "
    if path.parent.is_dir():
        return ""
    return f"There is no folder {path.parent}. Run the command inside your project. "


def _explained(model: type[BaseModel], fault: Any) -> str:
    location = fault["loc"]
    key = ".".join(map(str, location))[:_MOST_SHOWN]
    if fault["type"] == "extra_forbidden":
        return f"{key}: unknown key; {nearest(str(location[-1]), _valid_keys(model, location[:-1]))}"
    if fault["type"] == "missing":
        return f"{key}: this key is missing"
    if fault["type"] == "literal_error" and isinstance(fault["input"], str):
        valid = re.findall(r"'([^']*)'", fault["ctx"]["expected"])
        return f"{key}: {fault['input']!r} is not known; {nearest(fault['input'], valid)}"
    if fault["type"] == "string_pattern_mismatch" and re.match(fault["ctx"]["pattern"], fault["input"].lower()):
        return f"{key}: write {fault['input']!r} in lower case: {fault['input'].lower()!r}"
    if not location:  # an error between several keys; its message names them
        return str(fault["msg"].removeprefix("Value error, "))
    return f"{key}: {fault['msg'].removeprefix('Value error, ')} (got {str(fault['input'])[:60]!r})"


def _valid_keys(model: type[BaseModel], location: Sequence[str | int]) -> Sequence[str]:
    if issubclass(model, RootModel):
        model = next(_models_in(model.model_fields["root"].annotation))
    for part in location:
        if part in model.model_fields:
            model = next(_models_in(model.model_fields[str(part)].annotation), model)
    return list(model.model_fields)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
