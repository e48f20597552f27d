"""Keys that MLflow accepts, made of names that people choose.

MLflow's metric keys contain letters and digits of any script, ``_ - . : /`` and spaces. They have at most 250
characters, and must not resolve to another path. MLflow takes neither commas nor emoji, nor the vowel signs of Hindi.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Iterable
from hashlib import sha256

__all__ = ["metric_names", "model_name", "repaired_metrics"]

# Characters of a key, and of one name in a key that contains two of them: a sample and a topic.
_MOST, _MOST_OF_A_NAME = 250, 100

# Characters of a digest that keeps two keys apart, shortest first.
_DIGEST = (8, 16, 32, 64)

# Windows allows no colon, and a slash separates the parts of a key.
_NOT_IN_NAMES = re.compile(r"[^\w.\- ]")
_NOT_IN_KEYS = re.compile(r"[^/\w.\- :]")

# What MLflow refuses in the name of a logged model, and a backslash, since the name becomes a path.
_NOT_IN_MODELS = re.compile(r"[/\\:.%\"']")

_Metric = tuple[str, float, int]


def metric_names(names: Iterable[str]) -> dict[str, str]:
    """Return each name as a part of a metric key.

    Parameters
    ----------
    names : iterable of str
        Names as written, such as topics. They may repeat.

    Returns
    -------
    dict of str to str
        A different part for each name. A name that MLflow accepts is its own part. In other names, characters that
        MLflow refuses become underscores; if that is the part of another name too, a digest of the name is added. So
        the parts do not depend on the order of the names.

    Examples
    --------
    >>> metric_names(["courts", "SCI/TECH", "a,", "a;"])
    {'courts': 'courts', 'SCI/TECH': 'SCI_TECH', 'a,': 'a_ 88d93634', 'a;': 'a_ beb5335e'}
    """
    wanted = {name: _plain(name) for name in names}
    taken = [part for name, part in wanted.items() if name != part]
    made = {}
    for name, part in wanted.items():
        is_alone = name == part or (part not in wanted and taken.count(part) == 1)
        made[name] = part if is_alone else _with_digest(part, name, _MOST_OF_A_NAME, wanted)
    return made


def repaired_metrics(metrics: Iterable[_Metric]) -> list[_Metric]:
    """Return metrics whose keys MLflow accepts. Earlier versions of topicdesk saved keys that it refuses.

    Parameters
    ----------
    metrics : iterable of (str, float, int)
        Key, value and step of each metric.

    Returns
    -------
    list of (str, float, int)
        Valid keys are unchanged.

    Examples
    --------
    >>> repaired_metrics([("topic/courts/f1", 0.5, 0), ("topic/ARTS & CULTURE/f1", 0.5, 0)])
    [('topic/courts/f1', 0.5, 0), ('topic/ARTS _ CULTURE/f1', 0.5, 0)]
    """
    metrics = list(metrics)
    keys = dict.fromkeys(key for key, _, _ in metrics)
    wanted = {key: _plain_key(key) for key in keys}
    changed = [plain for key, plain in wanted.items() if key != plain]
    repaired = {
        key: plain
        if key == plain or (plain not in keys and changed.count(plain) == 1)
        else _with_digest(plain, key, _MOST, keys)
        for key, plain in wanted.items()
    }
    return [(repaired[key], value, step) for key, value, step in metrics]


def model_name(name: str) -> str:
    """Return a classifier's name as MLflow accepts it for a logged model.

    Examples
    --------
    >>> model_name("svm 0.5")
    'svm 0_5'
    """
    return _NOT_IN_MODELS.sub("_", name) or "_"


def _plain(name: str) -> str:
    plain = _no_folder(_NOT_IN_NAMES.sub("_", name))
    if len(plain) > _MOST_OF_A_NAME:
        # Long names often begin alike.
        return _with_digest(plain, name, _MOST_OF_A_NAME)
    return plain


def _plain_key(key: str) -> str:
    plain = _NOT_IN_KEYS.sub("_", key)
    if posixpath.normpath(plain) != plain or plain.startswith(("/", "..")) or plain == ".":
        plain = "/".join(_no_folder(part) for part in plain.split("/"))
    return plain if len(plain) <= _MOST else _with_digest(plain, key, _MOST)


def _no_folder(part: str) -> str:
    # MLflow refuses names that would lead to another folder if they were paths.
    return f"_{part.lstrip('.')}" if part in ("", ".") or part.startswith("..") else part


def _with_digest(plain: str, name: str, most: int, others: Container[str] = ()) -> str:
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    # Someone may have chosen the shorter one as a name.
    candidates = (f"{plain[: most - length - 1]} {digest[:length]}" for length in _DIGEST)
    return next(candidate for candidate in candidates if candidate not in others)
