"""Which words labels were made under: a mark of each definition, kept for each version of the codebook.

A version number alone is a promise; the mark tells when a definition was changed and the number was not, and which
topics older labels have to be looked at again for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from topicdesk.atomic import write_text
from topicdesk.errors import LabelsError
from topicdesk.labels.topics import Taxonomy

__all__ = ["codebook_marks", "outdated_labels", "record_codebook"]

_RULES = "(rules)"

#: By version and topic.
_MARKS = TypeAdapter(dict[str, dict[str, str]])


def codebook_marks(taxonomy: Taxonomy) -> dict[str, str]:
    """Mark what a codebook says: 16 hexadecimal characters a topic, and one mark of the rules for all.

    Keywords are no part of it: they serve rules, and no person labels by them.
    """
    said = {
        topic.name: [topic.definition, *topic.includes, "not:", *topic.excludes, "such as:", *topic.examples]
        for topic in taxonomy.topics
    }
    said[_RULES] = [taxonomy.codebook.rule, *taxonomy.codebook.edge_rules]
    return {
        name: hashlib.blake2b("\n".join(" ".join(part.split()) for part in parts).encode(), digest_size=8).hexdigest()
        for name, parts in said.items()
    }


def record_codebook(path: Path, taxonomy: Taxonomy) -> None:
    """Keep the marks of a codebook's version, when labels are first made under it.

    Parameters
    ----------
    path : Path
        ``codebooks.json`` beside the label files.
    taxonomy : Taxonomy

    Raises
    ------
    LabelsError
        When labels were made under the same version, and other words.
    """
    known, marks = _read_marks(path), codebook_marks(taxonomy)
    version = str(taxonomy.codebook.version)
    if version not in known:
        write_text(path, json.dumps({**known, version: marks}, indent=1, sort_keys=True) + "\n")
        return
    changed = _changed(known[version], marks)
    if changed:
        raise LabelsError(
            f"the codebook has changed ({', '.join(changed)}), and its version is still {version}, under which labels "
            "were made. Raise codebook.version in the taxonomy: older labels are then marked to be looked at again."
        )


def outdated_labels(annotations: pd.DataFrame, path: Path, taxonomy: Taxonomy) -> pd.DataFrame:
    """List the labels that were made under other definitions than the taxonomy's.

    Parameters
    ----------
    annotations : DataFrame of shape (n_annotations, 7)
    path : Path
        ``codebooks.json`` beside the label files.
    taxonomy : Taxonomy

    Returns
    -------
    DataFrame
        Columns ``article_id, annotator, codebook, changed``: the last names the topics whose definition has changed
        since (all, where nothing is known of the version).
    """
    known, marks = _read_marks(path), codebook_marks(taxonomy)
    versions = {version: _changed(known.get(version, {}), marks) for version in set(annotations["codebook"])}
    changed = annotations["codebook"].map(lambda version: " ".join(versions[version]))
    table = annotations[["article_id", "annotator", "codebook"]].assign(changed=changed)
    return table[table["changed"] != ""].reset_index(drop=True)


def _read_marks(path: Path) -> dict[str, dict[str, str]]:
    """Read the marks of all versions; `LabelsError` when the file is damaged."""
    if not path.is_file():
        return {}
    try:
        return _MARKS.validate_json(path.read_bytes())
    except ValidationError as error:
        raise LabelsError(f"{path} cannot be read ({error.errors()[0]['msg']}). Restore it with git.") from error


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    # A topic that is new was not asked for: labels made before say nothing of it.
    return [name for name, mark in now.items() if before.get(name) != mark]
