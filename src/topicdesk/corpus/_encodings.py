"""Guess the encoding of a file."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable, Sequence

from charset_normalizer import from_bytes

from topicdesk.errors import CorpusError

__all__ = ["check_encoding", "grouped_note", "guess_encoding", "wide_encoding"]

# A guess is uncertain if a file has fewer bytes above 127 than this, in number or as a share of all.
_FEW_BYTES, _FEW_SHARE = 50, 0.02

# Modern Korean has hardly any Chinese characters, but Chinese that is decoded as Korean has many.
_KOREAN = ("cp949", "euc_kr", "johab")
_MOST_CHINESE = 0.05

# The code pages of Turkish and Icelandic have these letters at the same bytes.
_ICELANDIC = re.compile("[þðýÞÐÝ]")
_NOT_TURKISH = re.compile("[æáéíóúÆÁÉÍÓÚ]")
# A sign inside a word, such as in "byÅ³", which is "był" in another code page. Apostrophes may be there.
_SIGN_IN_WORD = re.compile(r"[^\W\d_][^\w\s'’\-.,:/@&–—…\u00ad][^\W\d_]|[²³¹]")

# Encodings with two or four bytes for most characters, and the positions of the null bytes in ASCII characters.
_WIDE = (("utf-32-le", 4, (1, 2, 3)), ("utf-32-be", 4, (0, 1, 2)), ("utf-16-le", 2, (1,)), ("utf-16-be", 2, (0,)))

# Byte-order marks. That of UTF-32 begins with that of UTF-16.
_WIDE_MARKS = (
    ((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE), "utf-32"),
    ((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), "utf-16"),
)

# Least number of ASCII characters in such a text, as a number and as a share of all, and the share of null bytes at
# other positions, which are in characters such as U+4E00. ASCII characters are spaces, commas and line breaks at least.
_ASCII_NUMBER, _ASCII_SHARE, _OTHER_NULLS = 4, 0.05, 0.2

# Words between an encoding and its sample, in a note.
_SUCH_AS = ", such as "

# Characters of a sample before and after the first that is not ASCII.
_BEFORE, _AFTER = 12, 24


def check_encoding(name: str | None) -> str | None:
    """Return the name of an encoding as Python knows it; raise `CorpusError` if there is no such encoding."""
    if name is None:
        return None
    try:
        encoding = codecs.lookup(name)
        bytes(4).decode(encoding.name, errors="replace")  # some codecs, such as rot13, do not decode bytes
    except (LookupError, ValueError) as error:
        raise CorpusError(
            f"encoding: unknown encoding {name!r}. Use a name such as utf-8, cp1252 or gb18030."
        ) from error
    return "utf-8-sig" if encoding.name == "utf-8" else encoding.name


def guess_encoding(head: bytes) -> tuple[str, tuple[str, ...]]:
    """Guess an encoding from the beginning of a file.

    Parameters
    ----------
    head : bytes
        Beginning of the file. It may end inside a character.

    Returns
    -------
    encoding : str
        Name of a Python codec.
    flags : tuple of str
        If the file is not valid UTF-8, and does not name its encoding by a byte-order mark, the encoding and some text
        that was decoded with it.

    Notes
    -----
    A statistical guess needs text. If a file has few bytes above 127, its guess may be any code page that has letters
    there. In that case the most common code page, cp1252, is used if it gives words.

    Examples
    --------
    >>> guess_encoding("The firm’s profit rose to £600m.".encode("cp1252"))
    ('cp1252', ("read as cp1252, such as 'The firm’s profit rose to £600m.'",))
    """
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", ()
    wide = wide_encoding(head)
    if wide is not None:
        return wide, (_note(wide, head),) if wide.endswith("e") else ()
    try:
        # Incremental, because the beginning may end inside a character.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        decoded = head.decode("utf-8", errors="replace")
        broken = decoded.count("\ufffd")
        # Bytes of another encoding rarely form valid UTF-8 characters. If at least half of the non-ASCII characters are
        # valid, the file is UTF-8 with some broken bytes.
        if sum(not character.isascii() for character in decoded) - broken >= broken:
            return "utf-8", ("broken UTF-8",)
        guesses = [match.encoding for match in from_bytes(head)]
        if not guesses or guesses[0] == "utf-8":
            return "utf-8", ("broken UTF-8",)
        encoding = _likelier(guesses, head)
        return encoding, (_note(encoding, head),)
    return "utf-8", ()


def grouped_note(note: str, notes: Iterable[str]) -> str:
    """Return the one of several notes that says the same as `note` of another file: each file has its own sample.

    Examples
    --------
    >>> grouped_note("read as cp1252, such as 'café'", ["read as cp1252, such as '£600m'", "broken UTF-8"])
    "read as cp1252, such as '£600m'"
    """
    beginning, such_as, _ = note.partition(_SUCH_AS)
    return next((one for one in notes if one.startswith(beginning + such_as)), note) if such_as else note


def _note(encoding: str, head: bytes) -> str:
    return f"read as {encoding}{_SUCH_AS}{_sample(head.decode(encoding, errors='replace'))!r}"


def wide_encoding(head: bytes) -> str | None:
    """Return the encoding of a text in UTF-32 or UTF-16; None if it is another text.

    A text in another encoding may have some null characters, but they are few, and at all positions.

    Examples
    --------
    >>> wide_encoding("A court.".encode("utf-16")), wide_encoding("A court.".encode("utf-16-le"))
    ('utf-16', 'utf-16-le')
    """
    for marks, name in _WIDE_MARKS:
        if head.startswith(marks):
            return name
    if b"\0" not in head:
        return None
    for encoding, width, places in _WIDE:
        nulls = [head[place::width].count(0) for place in range(width)]
        n_ascii = min(nulls[place] for place in places)
        others = sum(nulls[place] for place in range(width) if place not in places)
        if (
            n_ascii >= max(_ASCII_NUMBER, _ASCII_SHARE * len(head) / width)
            and others <= _OTHER_NULLS * n_ascii
            and _decodes(head, encoding)
        ):
            return encoding
    return None


def _likelier(guesses: Sequence[str], head: bytes) -> str:
    """Return the first of several guesses, or an encoding that is likelier."""
    encoding = guesses[0]
    text = head.decode(encoding, errors="replace")
    letters = [character for character in text if not character.isascii() and character.isalpha()]
    if encoding in _KOREAN:
        chinese = sum("\u4e00" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" for character in letters)
        return "gb18030" if chinese > _MOST_CHINESE * len(letters) and _decodes(head, "gb18030") else encoding
    if any(not unicodedata.name(character, "").startswith("LATIN") for character in letters):
        return encoding
    western = head.decode("cp1252", errors="replace")
    if _ICELANDIC.search(western) and not _NOT_TURKISH.search(western) and _decodes(head, "cp1254"):
        return "cp1254"
    high = sum(byte > 127 for byte in head)
    uncertain = high < _FEW_BYTES or high < _FEW_SHARE * len(head)
    # cp1252 has five unused bytes, so it may not decode the file.
    if uncertain and "\ufffd" not in western and not _SIGN_IN_WORD.search(western):
        return "cp1252"
    readings = ((guess, head.decode(guess, errors="replace")) for guess in guesses)
    return next((guess for guess, reading in readings if not _SIGN_IN_WORD.search(reading)), encoding)


def _decodes(head: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _sample(text: str) -> str:
    """Return the surroundings of the first character that is not ASCII."""
    place = next((place for place, character in enumerate(text) if not character.isascii()), 0)
    return " ".join(text[max(place - _BEFORE, 0) : place + _AFTER].split())
