"""Guess the encoding of a file."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence

from charset_normalizer import from_bytes

from topicdesk.errors import CorpusError

__all__ = ["check_encoding", "guess_encoding"]

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

# Characters of a sample before and after the first that is not ASCII.
_BEFORE, _AFTER = 12, 24


def check_encoding(name: str | None) -> str | None:
    """Return the name of an encoding as Python knows it; raise `CorpusError` if there is no such encoding."""
    if name is None:
        return None
    try:
        encoding = codecs.lookup(name)
        b"".decode(encoding.name)  # some codecs, such as rot13, do not decode bytes
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
        If the file is not valid UTF-8, the encoding and some text that was decoded with it.

    Notes
    -----
    A statistical guess needs text. If a file has few bytes above 127, its guess may be any code page that has letters
    there. In that case the most common code page, cp1252, is used if it gives words.

    Examples
    --------
    >>> guess_encoding("The firm’s profit rose to £600m.".encode("cp1252"))
    ('cp1252', ("read as cp1252, such as 'The firm’s profit rose to £600m.'",))
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return name, ()
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
        return encoding, (f"read as {encoding}, such as {_sample(head.decode(encoding, errors='replace'))!r}",)
    return "utf-8", ()


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
