"""Find datelines: the place, date and agency before an article's first sentence.

A classifier that reads datelines learns the outlet, not the topic. So datelines are removed from the text and stored in
separate fields.

Dates follow fixed rules. Numeric dates are read day first, unless only month first is a valid date. If the two readings
are different valid dates, the date is flagged as ambiguous. Two-digit years from 69 to 99 are in the 1900s, the others
in the 2000s (as in POSIX). A date without a year is flagged; the year is never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

__all__ = ["OTHER_ORDER", "Dateline", "read_date", "split_dateline"]

#: Flag of a numeric date that is only valid in another order of day and month than the given one.
OTHER_ORDER = "day and month in another order than in the file's first dates"

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_MONTH = r"(?P<month>(?:jan|febr?|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]{0,7})\.?"
_DATE = re.compile(
    rf"""(?ix)
    (?P<year>\d{{4}})[-/.](?P<month_number>\d{{1,2}})[-/.](?P<day>\d{{1,2}})
    | (?P<first>\d{{1,2}})[-/.](?P<second>\d{{1,2}})[-/.](?P<third>\d{{4}}|\d{{2}})
    | (?P<day_first>\d{{1,2}})-{_MONTH.replace("month", "month_between")}-(?P<year_short>\d{{4}}|\d{{2}})
    | {_MONTH}\s(?P<day_after>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<year_after>\d{{4}}))?
    | (?P<day_before>\d{{1,2}})(?:st|nd|rd|th)?\s{_MONTH.replace("month", "month_after")}(?:,?\s(?P<year_last>\d{{4}}))?
    """
)

# A name of one to four capitalised words, perhaps with a second one after a comma: "New York", "Rome, Italy".
_WORD = r"[^\W\d_a-z][^\W\d_]*(?:['’.-][^\W\d_]+)*\.?"
_PARTICLES = ("de", "del", "of", "the", "la", "el")
_NAME = rf"{_WORD}(?:\s(?:{_WORD}|{'|'.join(_PARTICLES)})){{0,3}}"
_PLACE = rf"{_NAME}(?:,\s{_NAME})?"
_CAPITALS = r"[^\W\d_a-z]{3,}(?:[ -][^\W\d_a-z]{2,})*(?:,\s[^\W\d_][\w ]{2,20})?"
_DATED = r"[\d./-]{6,10}|(?:[^\W\d_]{3,9}\.?\s\d{1,2}|\d{1,2}\s[^\W\d_]{3,9}\.?)(?:,?\s\d{4})?"
_AGENCY = r"[^\W\d_a-z][\w .&'-]{0,30}"
_DASH = r"\s?(?:--|[-–—])\s?"
# A hyphen between words has no space after it, so a hyphen used as a dash needs one.
_SPACED_DASH = r"\s?(?:--|[–—]|-(?=\s))\s?"

#: Forms of a dateline, with made-up examples. The first match is used.
_FORMS = tuple(
    re.compile(form)
    for form in (
        # Port Town/30.06.23/Courier:   an agency needs a place or a date before it
        rf"(?P<place>{_PLACE})\s?/\s?(?P<date>{_DATED})\s?/\s?(?P<agency>{_AGENCY}):\s*",
        rf"(?P<date>{_DATED})\s?/\s?(?P<agency>{_AGENCY}):\s*",
        rf"(?P<place>{_PLACE})\s?/\s?(?P<agency>{_AGENCY}):\s*",
        rf"(?P<place>{_PLACE})\s?/\s?(?P<date>{_DATED}):\s*",
        # PORT TOWN, February 7. /COURIER/.   and PORT TOWN /Country/, February 7. /COURIER/.
        rf"(?P<place>{_NAME}\s/{_NAME}/),?\s(?P<date>{_DATED})\.?\s?/(?P<agency>{_AGENCY})/\.?\s*",
        rf"(?P<place>{_PLACE}),?\s(?P<date>{_DATED})\.?\s?/(?P<agency>{_AGENCY})/\.?\s*",
        rf"(?P<place>{_PLACE})[.,]?\s/(?P<agency>{_AGENCY})/\.?\s*",
        # PORT TOWN, Feb 9 (Courier) -   also without date or place; without the dash if the agency is in capitals
        rf"(?P<place>{_PLACE}),?\s(?P<date>{_DATED})\s?\((?P<agency>{_AGENCY})\)(?:{_DASH})?",
        rf"(?P<place>{_PLACE})\s?\((?P<agency>{_AGENCY})\){_DASH}",
        rf"(?P<place>{_PLACE})\s?\((?P<agency>[A-Z]{{2,5}})\)\s*",
        rf"\((?P<agency>{_AGENCY})\){_DASH}",
        r"\((?P<agency>[A-Z]{2,5})\)\s*",
        # PORT TOWN, Nov 1 -   also the place alone, in capitals or with its country
        rf"(?P<place>{_PLACE}),\s(?P<date>{_DATED}){_DASH}",
        rf"(?P<place>(?P<capitals>{_CAPITALS})|{_NAME},\s{_NAME}){_SPACED_DASH}",
    )
)

# A dateline is short. A longer match is a sentence that only looks like one.
_LONGEST = 90

# Words at the start of a sentence or used as a label before it: these are not places.
_FIRST_WORDS = frozenset(
    (
        "a an and after as at but by for from he her his how if in it its more no on one our she so that the their "
        "they this to we what when where who why with you your"
    ).split()
)
_HEADINGS = frozenset(
    ("analysis breaking correction exclusive live new opinion photos top update video watch yes").split()
)


@dataclass(frozen=True)
class Dateline:
    """A dateline and its parts.

    Parameters
    ----------
    written : str
        The original dateline, up to the first character of the sentence.
    place, agency : str
        Empty if the dateline names none.
    published : datetime.date or None
        None if the dateline has no complete date.
    flags : tuple of str
        Problems of the date: ``ambiguous date``, ``date without a year``, ``no such date``.
    """

    written: str
    place: str = ""
    agency: str = ""
    published: date | None = None
    flags: tuple[str, ...] = ()


def split_dateline(text: str) -> tuple[Dateline | None, str]:
    """Split the dateline off the beginning of a text.

    Parameters
    ----------
    text : str
        Text of an article, without headline and byline.

    Returns
    -------
    dateline : Dateline or None
        None if the text does not begin with a dateline.
    rest : str
        The text after the dateline: ``dateline.written + rest`` equals `text`.
    """
    for form in _FORMS:
        match = form.match(text)
        if match is None or match.end() > _LONGEST or not _begins_sentence(text[match.end() :]):
            continue
        parts = match.groupdict()
        place = (parts.get("place") or "").strip()
        place = place.replace(" /", ", ").strip("/")
        if place.count(".") == 1:  # a full stop, not part of an abbreviation such as D.C.
            place = place.removesuffix(".")
        agency = (parts.get("agency") or "").strip()
        capitals = (parts.get("capitals") or "").partition(",")[0]
        if not (_may_be_place(place) and _has_capitals(place, agency) and (not capitals or capitals.isupper())):
            continue
        published, flags = read_date(parts["date"]) if parts.get("date") else (None, ())
        if "no date" in flags:
            continue
        return Dateline(match.group(), place, agency, published, flags), text[match.end() :]
    return None, text


def read_date(written: str, month_first: bool | None = None) -> tuple[date | None, tuple[str, ...]]:
    """Read a date by the rules of this module.

    Parameters
    ----------
    written : str
        A date such as ``30.06.23``, ``2023-06-30``, ``June 30, 2023``, ``7 Feb 2023``, ``7-Feb-23``, ``February 7``.
    month_first : bool, optional
        Order of day and month in numeric dates, if it is known.

    Returns
    -------
    published : datetime.date or None
        None if there is no complete, valid date.
    flags : tuple of str
        ``no date`` if the text is not a date at all; otherwise as in `Dateline`.
    """
    match = _DATE.fullmatch(written.strip())
    if match is None:
        return None, ("no date",)
    parts = match.groupdict()
    if parts["first"] is not None:
        return _numbers(int(parts["first"]), int(parts["second"]), _whole_year(parts["third"]), month_first)
    if parts["year"] is not None:
        return _valid(int(parts["year"]), int(parts["month_number"]), int(parts["day"]))
    name = parts["month"] or parts["month_after"] or parts["month_between"]
    month = _MONTHS.index(name[:3].casefold()) + 1
    if parts["month_between"] is not None:
        return _valid(_whole_year(parts["year_short"]), month, int(parts["day_first"]))
    day = int(parts["day_after"] or parts["day_before"])
    year = parts["year_after"] or parts["year_last"]
    if year is None:
        return None, ("date without a year",)
    return _valid(int(year), month, day)


def _may_be_place(name: str) -> bool:
    plain = name.casefold()
    return plain == "the hague" or (plain not in _HEADINGS and plain.split(" ")[0].rstrip(",") not in _FIRST_WORDS)


def _has_capitals(place: str, agency: str) -> bool:
    """Return whether names begin with a capital letter. The patterns cannot tell, and many scripts have no capitals."""
    words = [word for word in re.split(r"[\s,/]+", place) if word and word not in _PARTICLES]
    return all(word[0].isupper() for word in [*words, *agency.split()[:1]] if word[0].isalpha())


def _begins_sentence(rest: str) -> bool:
    start = rest.lstrip()[:1]
    return start != "" and not start.islower()


def _numbers(first: int, second: int, year: int, month_first: bool | None) -> tuple[date | None, tuple[str, ...]]:
    day_first, month_first_too = _valid(year, second, first)[0], _valid(year, first, second)[0]
    if day_first is None and month_first_too is None:
        return None, ("no such date",)
    if month_first is None:
        ambiguous = None not in (day_first, month_first_too) and day_first != month_first_too
        return day_first or month_first_too, ("ambiguous date",) if ambiguous else ()
    expected, other = (month_first_too, day_first) if month_first else (day_first, month_first_too)
    return expected or other, () if expected else (OTHER_ORDER,)


def _valid(year: int, month: int, day: int) -> tuple[date | None, tuple[str, ...]]:
    try:
        return date(year, month, day), ()
    except ValueError:
        return None, ("no such date",)


def _whole_year(written: str) -> int:
    year = int(written)
    if len(written) == 4:
        return year
    return year + (1900 if year >= 69 else 2000)
