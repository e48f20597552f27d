"""Write a taxonomy from labels that exist, for the user to edit."""

from __future__ import annotations

from collections.abc import Mapping

from topicdesk._toml import toml_string
from topicdesk.annotation._label_cells import topic_keys

__all__ = ["taxonomy_text"]


def taxonomy_text(counts: Mapping[str, int], source: str, one_each: bool) -> str:
    """Return a taxonomy of labels as TOML, most frequent first.

    Parameters
    ----------
    counts : mapping of str to int
        Number of articles with each label.
    source : str
        Name of the file that the labels come from.
    one_each : bool
        Whether each article has exactly one label.

    Returns
    -------
    str
        Each topic has a short name, the label as its title, and a definition that states how often the label occurs.

    Examples
    --------
    >>> print(taxonomy_text({"SCI/TECH": 2}, "news.csv", True).partition("[[topics]]")[2].strip())
    name = "sci-tech"
    title = "SCI/TECH"
    definition = "SCI/TECH (2 articles in news.csv)"
    # includes = ["what belongs to the topic"]
    # excludes = ["what does not belong to the topic"]
    # keywords = ["words", "for the", "keyword baseline"]  # optional; used only if every topic has keywords
    """
    rule = "An article has exactly one topic." if one_each else "An article has every topic that it is about."
    lines = [
        f"# The topics of {source} and their definitions, most frequent topic first. Names are short keys, titles",
        "# are the labels as written. Rewrite the definitions, because annotators read them.",
        "",
        "[codebook]",
        "version = 1",
        f"title = {toml_string(f'Topics of {source}')}",
        f"rule = {toml_string(rule)}",
    ]
    for label, name in topic_keys(counts).items():
        amount = f"{counts[label]} article{'' if counts[label] == 1 else 's'} in {source}"
        lines += [
            "",
            "[[topics]]",
            f"name = {toml_string(name)}",
            *([f"title = {toml_string(label)}"] if label != name else []),
            f"definition = {toml_string(f'{label} ({amount})')}",
            '# includes = ["what belongs to the topic"]',
            '# excludes = ["what does not belong to the topic"]',
            '# keywords = ["words", "for the", "keyword baseline"]  # optional; used only if every topic has keywords',
        ]
    return "\n".join(lines) + "\n"
