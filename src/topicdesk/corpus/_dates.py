"""Read the dates of tables, feeds and JSON, as programs and people write them."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from topicdesk.corpus._datelines import read_date
from topicdesk.corpus._months import MONTHS

__all__ = ["DATE_ORDERS", "is_numeric_date", "month_comes_first", "read_time"]

#: Orders of day and month in numeric dates; with ``auto``, the order is taken from the other dates of the file.
DATE_ORDERS = ("auto", "day-first", "month-first")

_NO_DATE = "a date that cannot be read (NaT)"
_OLD_DATE = "a date before 1800"
_FIRST_YEAR = 1800

# Units per second of the numbers that programs write as time, by their number of digits.
_EPOCHS = {10: 1, 13: 1000}
_DIGITS = re.compile(r"(\d{1,20})(?:\.0{1,9})?")
_SLASHED_YEAR = re.compile(r"^(\d{4})/(\d{1,2})/(\d{1,2})(?!\d)")
_UTC = re.compile(r"\s?(?:UTC|GMT|Z)$")
# Python does not know other names of time zones, and would read a time without one.
_ZONE = r"[+-]\d{4}|UTC?|GMT|[ECMP][SD]T"
_RFC_822 = re.compile(
    r"(?:[A-Za-z]{2,4},\s)?\d{1,2}\s[A-Za-z]{3}\s\d{2,4}\s\d{1,2}:\d{2}(?::\d{2})?"
    rf"(?:\s(?:{_ZONE}))?"
)
# Accents that are left out; not those of й and ї, which are letters of their own.
_ACCENTS = "\u0300\u0301\u0302\u0303\u0308\u0327"
_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FOREIGN_MONTHS = {
    name: english for names in MONTHS.values() for name, english in zip(names.split(), _ENGLISH, strict=True)
}
# "31 de diciembre de 2017", "1er janvier 2018", "31. Dezember 2017"
_FOREIGN_DATE = re.compile(
    r"(?:[^\W\d_]{4,12},?\s)?(?:le\s|el\s|il\s)?(\d{1,2})(?:er|º|°|\.)?\s(?:de\s)?([^\W\d_]{3,12})\.?\s(?:de\s|del\s)?(\d{4})",
    re.IGNORECASE,
)
_NUMERIC = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})(?!\d)")
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?\s", re.IGNORECASE)
_TIME = re.compile(
    r"[,\s]\s?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?\s?(?:(?P<half>[ap])\.?m\.?)?"
    r"\s?(?P<utc>UTC|GMT|Z)?$",
    re.IGNORECASE,
)


def month_comes_first(written: str) -> bool | None:
    """Return whether the month comes first in a numeric date; None if that cannot be known, or it is no such date.

    Examples
    --------
    >>> month_comes_first("12/31/2016"), month_comes_first("31/12/2016 09:30"), month_comes_first("01/05/2017")
    (True, False, None)
    """
    match = _NUMERIC.match(_WEEKDAY.sub("", written.strip()))
    if match is None:
        return None
    first, second = int(match[1]), int(match[2])
    if first <= 12 < second <= 31:
        return True
    return False if second <= 12 < first <= 31 else None


def is_numeric_date(written: str) -> bool:
    """Return whether a date consists of day, month and year in numbers, the year last."""
    return _NUMERIC.match(_WEEKDAY.sub("", written.strip())) is not None


def read_time(written: str, month_first: bool | None = None) -> tuple[datetime | None, tuple[str, ...]]:
    """Read a date, perhaps with a time, as programs and people write it.

    Parameters
    ----------
    written : str
        ISO 8601, RFC 822, seconds or milliseconds since 1970, year, month and day in eight digits, or a date of
        `topicdesk.corpus._datelines.read_date` with or without a time. Names of months are in English, French, German,
        Spanish, Italian, Portuguese, Dutch, Turkish, Russian or Ukrainian.
    month_first : bool, optional
        Order of day and month in numeric dates, if it is known.

    Returns
    -------
    published : datetime.datetime or None
        A time with a zone in UTC, another as it is; None if there is no complete, valid date.
    flags : tuple of str
        What is uncertain or wrong.

    Examples
    --------
    >>> read_time("Dec. 31, 2017 9:30 p.m.")
    (datetime.datetime(2017, 12, 31, 21, 30), ())
    >>> read_time("1612011200000")
    (datetime.datetime(2021, 1, 30, 12, 53, 20), ())
    >>> read_time("31 June 2021")
    (None, ('a date that cannot be read (NaT)',))
    """
    written = written.strip()
    if not written:
        return None, ()
    flags: tuple[str, ...] = ()
    digits = _DIGITS.fullmatch(written)
    found = _numeric(digits[1]) if digits else _from_program(written)
    if found is None and not digits:
        found, flags = _from_person(written, month_first)
    if found is None:
        return None, (_NO_DATE,)
    if found.tzinfo is not None:
        try:
            found = found.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:  # in the year 0 or 10000
            return None, (_NO_DATE,)
    return found, (*flags, _OLD_DATE) if found.year < _FIRST_YEAR else flags


def _with_english_month(written: str) -> str:
    """Replace a date with the name of a month in another language by day, English month and year."""
    match = _FOREIGN_DATE.match(written)
    if match is None:
        return written
    letters = unicodedata.normalize("NFKD", match[2].casefold())
    plain = unicodedata.normalize("NFC", "".join(one for one in letters if one not in _ACCENTS))
    month = _FOREIGN_MONTHS.get(plain)
    return written if month is None else f"{match[1]} {month} {match[3]}{written[match.end() :]}"


def _numeric(digits: str) -> datetime | None:
    """Read ten digits as seconds since 1970, thirteen as milliseconds, and eight as year, month and day."""
    if len(digits) in _EPOCHS:
        return datetime(1970, 1, 1) + timedelta(seconds=int(digits) / _EPOCHS[len(digits)])
    if len(digits) == 8 and _FIRST_YEAR <= int(digits[:4]) < 2100:
        with suppress(ValueError):  # no such month or day
            return datetime(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    return None


def _from_program(written: str) -> datetime | None:
    """Read ISO 8601, with a slash or a hyphen in the date and with or without the name of UTC, or RFC 822."""
    with suppress(ValueError, OverflowError):
        iso = _SLASHED_YEAR.sub(r"\1-\2-\3", written)
        return datetime.fromisoformat(_UTC.sub("+00:00", iso))
    with suppress(ValueError, OverflowError, TypeError):
        if _RFC_822.fullmatch(written):
            return parsedate_to_datetime(written)
    return None


def _from_person(written: str, month_first: bool | None) -> tuple[datetime | None, tuple[str, ...]]:
    """Read a date such as ``31/12/2017``, ``May 4th, 2017`` or ``31 décembre 2017``, and a time after it."""
    written = _with_english_month(_WEEKDAY.sub("", written))
    time = _TIME.search(written)
    day, flags = read_date(written[: time.start()] if time else written, month_first)
    if day is None:
        return None, flags
    found = datetime(day.year, day.month, day.day)
    if time is not None:
        hour = int(time["hour"])
        if time["half"]:
            hour = hour % 12 + (12 if time["half"].lower() == "p" else 0)
        try:
            found = found.replace(hour=hour, minute=int(time["minute"]), second=int(time["second"] or 0))
        except ValueError:
            return None, flags
        if time["utc"]:
            found = found.replace(tzinfo=UTC)
    return found, flags
