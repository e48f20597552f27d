"""Bylines: who wrote it, before an article's first sentence or behind its last.

Like datelines they are taken off the text, since a classifier that reads them learns the desk, not the topic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Byline", "read_people", "split_byline"]

# People of two names or more, in any capitals.
_PERSON = r"[^\W\d_a-z][\w'’.-]*(?:\s(?:[^\W\d_a-z][\w'’.-]*|de|van|von|bin|al|el|la|der|den|di)){1,4}"
# ... and what they are ("Courier Staff") is no person.
_ROLE = r"[^,\n]{0,40}\b(?i:agency|correspondent|editor|news|press|reporter|staff|writer)s?\b"
_PEOPLE = rf"{_PERSON}(?:,\s(?!{_ROLE}){_PERSON}){{0,4}}(?:,?\s(?:and|&)\s{_PERSON})?"

# A line of its own, perhaps with "By" before and an agency behind a bar.
_LINE = re.compile(rf"(?:By\s)?(?P<people>{_PEOPLE})(?:\s?\|\s?.{{2,60}})?")

# An agency that a sentence runs on behind: one word, or one of those that are more.
_AGENCY = r"(?:Associated Press|Al Jazeera|(?:ABC|BBC|CBS|Fox|NBC|Sky) News|[^\W\d_a-z][\w.&-]*)"
_FORMS = tuple(
    re.compile(form)
    for form in (
        # By Anna Berg | Courier, By ANNA BERG and BO EK, Courier Staff   alone on the line
        rf"By\s(?P<people>{_PEOPLE})\s?\|\s?(?P<agency>[^\n|.!?]{{2,40}})\n\s*",
        rf"By\s(?P<people>{_PEOPLE})(?:,\s[^\n.!?]{{2,60}})?\n\s*",
        # By Anna Berg | Courier The ferry
        rf"By\s(?P<people>{_PEOPLE})\s?\|\s?(?P<agency>{_AGENCY})\s+(?=[^\W_a-z]|[\"“‘'(])",
    )
)


@dataclass(frozen=True)
class Byline:
    """What a byline says.

    Parameters
    ----------
    written : str
        As it stood, with the white space behind it.
    authors : tuple of str
    agency : str, default ""
        Behind a bar.
    """

    written: str
    authors: tuple[str, ...]
    agency: str = ""


def split_byline(text: str) -> tuple[Byline | None, str]:
    """Take the byline off the beginning of a text.

    Parameters
    ----------
    text : str

    Returns
    -------
    byline : Byline or None
        None when the text does not begin with ``By`` and people on a line of their own, or before a bar and an agency.
    rest : str
        The text after it; ``byline.written + rest`` is the text.
    """
    for form in _FORMS:
        found = form.match(text)
        if found is not None and found.end() < len(text):
            agency = (found.groupdict().get("agency") or "").strip()
            return Byline(found.group(), _names(found["people"]), agency), text[found.end() :]
    return None, text


def read_people(line: str) -> tuple[str, ...]:
    """Read a line that is nothing but a byline; no people where it is more or less."""
    found = _LINE.fullmatch(line)
    return _names(found["people"]) if found else ()


def _names(people: str) -> tuple[str, ...]:
    return tuple(re.split(r",?\s(?:and|&)\s|,\s", people))
