"""Find bylines: the authors, named before an article's first sentence or after its last.

Bylines are removed from the text like datelines. A classifier that reads them learns the news desk, not the topic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Byline", "read_people", "split_byline"]

# A person has two or more capitalised names, perhaps all in capitals.
_PERSON = r"[^\W\d_a-z][\w'’.-]*(?:\s(?:[^\W\d_a-z][\w'’.-]*|de|van|von|bin|al|el|la|der|den|di)){1,4}"
# A role, such as "Courier Staff", is not a person.
_ROLE = r"[^,\n]{0,40}\b(?i:agency|correspondent|editor|news|press|reporter|staff|writer)s?\b"
_PEOPLE = rf"{_PERSON}(?:,\s(?!{_ROLE}){_PERSON}){{0,4}}(?:,?\s(?:and|&)\s{_PERSON})?"

# A line of its own, with an optional "By" before the people and an optional agency after a bar.
_LINE = re.compile(rf"(?:By\s)?(?P<people>{_PEOPLE})(?:\s?\|\s?.{{2,60}})?")

# An agency directly before a sentence: one word, or one of the known names of several words.
_AGENCY = r"(?:Associated Press|Al Jazeera|(?:ABC|BBC|CBS|Fox|NBC|Sky) News|[^\W\d_a-z][\w.&-]*)"
_FORMS = tuple(
    re.compile(form)
    for form in (
        # By Anna Berg | Courier, By ANNA BERG and BO EK, Courier Staff   on a line of its own
        rf"By\s(?P<people>{_PEOPLE})\s?\|\s?(?P<agency>[^\n|.!?]{{2,40}})\n\s*",
        rf"By\s(?P<people>{_PEOPLE})(?:,\s[^\n.!?]{{2,60}})?\n\s*",
        # By Anna Berg | Courier The ferry
        rf"By\s(?P<people>{_PEOPLE})\s?\|\s?(?P<agency>{_AGENCY})\s+(?=[^\W_a-z]|[\"“‘'(])",
    )
)


@dataclass(frozen=True)
class Byline:
    """A byline and its parts.

    Parameters
    ----------
    written : str
        The original byline, with the white space after it.
    authors : tuple of str
        Names of the authors.
    agency : str, default ""
        Agency after a bar; empty if there is none.
    """

    written: str
    authors: tuple[str, ...]
    agency: str = ""


def split_byline(text: str) -> tuple[Byline | None, str]:
    """Split the byline off the beginning of a text.

    Parameters
    ----------
    text : str
        Text of an article.

    Returns
    -------
    byline : Byline or None
        None unless the text begins with ``By`` and people, on a line of their own or before a bar and an agency.
    rest : str
        The text after the byline: ``byline.written + rest`` equals `text`.
    """
    for form in _FORMS:
        match = form.match(text)
        if match is not None and match.end() < len(text):
            agency = (match.groupdict().get("agency") or "").strip()
            return Byline(match.group(), _names(match["people"]), agency), text[match.end() :]
    return None, text


def read_people(line: str) -> tuple[str, ...]:
    """Return the people in a line that contains only a byline; an empty tuple for any other line."""
    match = _LINE.fullmatch(line)
    return _names(match["people"]) if match else ()


def _names(people: str) -> tuple[str, ...]:
    return tuple(re.split(r",?\s(?:and|&)\s|,\s", people))
