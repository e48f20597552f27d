"""Say how to convert a file of a format that topicdesk does not read. This module imports nothing slow."""

from __future__ import annotations

__all__ = ["how_to_convert"]

_ADVICE = {
    "save it as CSV, in its program or with pandas": (
        ".xlsx",
        ".xls",
        ".xlsm",
        ".ods",
        ".numbers",
        ".dta",
        ".rds",
    ),
    "save it as text (.txt) or as a web page (.html)": (".docx", ".doc", ".odt", ".rtf", ".pdf", ".pages", ".epub"),
    "unpack it first, or pack it as .zip": (".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tar", ".tgz"),
}


def how_to_convert(ending: str) -> str:
    """Return what to do with a file by the ending of its name; empty if nothing is known.

    Examples
    --------
    >>> how_to_convert(".xlsx")
    'save it as CSV, in its program or with pandas'
    """
    return next((advice for advice, endings in _ADVICE.items() if ending.lower() in endings), "")
