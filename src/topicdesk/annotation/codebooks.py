"""Record marks (short hashes) of the codebook definitions that labels were made under.

Users can forget to raise a codebook's version. The marks show whether a definition changed without a new version, and
for which topics older labels need a review. Several taxonomies can share a folder of labels, so marks are stored per
taxonomy and version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from topicdesk._atomic import write_text
from topicdesk.annotation.topics import Taxonomy
from topicdesk.errors import LabelsError

__all__ = ["codebook_marks", "outdated_labels", "record_codebook"]

_RULES = "(rules)"

_Marks = dict[str, dict[str, str]]

#: By taxonomy, version and topic.
_BOUND = TypeAdapter(dict[str, _Marks])

#: By version and topic: files of the first edition, which supported one taxonomy only.
_UNBOUND = TypeAdapter(_Marks)

#: Key of marks that do not belong to a taxonomy yet.
_NO_TAXONOMY = ""


def codebook_marks(taxonomy: Taxonomy) -> dict[str, str]:
    """Return a mark of each topic's definition and one of the general rules: 16 hexadecimal characters each.

    Keywords are not included: annotators do not use them.
    """
    texts = {
        topic.name: [topic.definition, *topic.includes, "not:", *topic.excludes, "such as:", *topic.examples]
        for topic in taxonomy.topics
    }
    texts[_RULES] = [taxonomy.codebook.rule, *taxonomy.codebook.edge_rules]
    return {
        name: hashlib.blake2b("\n".join(" ".join(part.split()) for part in parts).encode(), digest_size=8).hexdigest()
        for name, parts in texts.items()
    }


def record_codebook(path: Path, taxonomy: Taxonomy) -> None:
    """Save the marks of a codebook version when it is first used for annotation.

    Parameters
    ----------
    path : Path
        ``codebooks.json`` beside the label files. A file of the first edition is rewritten: its marks are assigned to
        the taxonomy that they match.
    taxonomy : Taxonomy
        The taxonomy in use.

    Raises
    ------
    LabelsError
        If the same version of this taxonomy was used before, with other definitions.
    """
    bound, marks = _read_marks(path), codebook_marks(taxonomy)
    known = _marks_of(bound, taxonomy, marks)
    version = str(taxonomy.codebook.version)
    changed = _changed(known[version], marks) if version in known else []
    if changed:
        raise LabelsError(
            f"the codebook of {taxonomy.name or 'this taxonomy'} has changed ({', '.join(changed)}), but its version "
            f"is still {version}, which is already in use. Increase codebook.version. Older labels are then listed for "
            "review."
        )
    if version not in known or taxonomy.name not in bound:
        if known is bound.get(_NO_TAXONOMY):
            del bound[_NO_TAXONOMY]
        bound[taxonomy.name] = {**known, version: marks}
        write_text(path, json.dumps(bound, indent=1, sort_keys=True) + "\n")


def outdated_labels(annotations: pd.DataFrame, path: Path, taxonomy: Taxonomy) -> pd.DataFrame:
    """List the labels that were made under definitions that have changed since.

    Parameters
    ----------
    annotations : DataFrame of shape (n_annotations, 7)
        Rows of label files.
    path : Path
        ``codebooks.json`` beside the label files.
    taxonomy : Taxonomy
        The current taxonomy.

    Returns
    -------
    DataFrame
        Columns ``article_id, annotator, codebook, changed``. ``changed`` names the topics whose definition has changed
        since; all topics if the version is unknown.
    """
    marks = codebook_marks(taxonomy)
    known = _marks_of(_read_marks(path), taxonomy, marks)
    versions = {version: _changed(known.get(version, {}), marks) for version in set(annotations["codebook"])}
    changed = annotations["codebook"].map(lambda version: " ".join(versions[version]))
    table = annotations[["article_id", "annotator", "codebook"]].assign(changed=changed)
    return table[table["changed"] != ""].reset_index(drop=True)


def _read_marks(path: Path) -> dict[str, _Marks]:
    """Read the marks of all taxonomies; raise `LabelsError` if the file is damaged."""
    if not path.is_file():
        return {}
    content = path.read_bytes()
    try:
        return {_NO_TAXONOMY: _UNBOUND.validate_json(content)}
    except ValidationError:  # not a file of the first edition
        try:
            return _BOUND.validate_json(content)
        except ValidationError as error:
            raise LabelsError(f"{path} cannot be read ({error.errors()[0]['msg']}). Restore it with git.") from error


def _marks_of(bound: Mapping[str, _Marks], taxonomy: Taxonomy, marks: Mapping[str, str]) -> _Marks:
    """Return the saved marks of a taxonomy by version; unbound marks count if they share a definition with it."""
    unbound = bound.get(_NO_TAXONOMY, {})
    shared = any(before.get(name) == mark for before in unbound.values() for name, mark in marks.items())
    return bound.get(taxonomy.name, unbound if shared else {})


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    # A new topic counts as changed: annotators of older labels did not decide about it.
    return [name for name, mark in now.items() if before.get(name) != mark]
