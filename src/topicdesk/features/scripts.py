"""Detect texts in scripts and languages whose words need other options than English ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

__all__ = ["TURKISH_I", "mostly_turkish", "script_warnings", "with_turkish_i"]

#: Lower case of I and İ in Turkish and Azerbaijani, as `str.translate` takes it. Other letters are as elsewhere.
TURKISH_I = str.maketrans({"I": "ı", "İ": "i"})

# Characters of scripts without spaces between words: a whole sentence would be one word.
_WITHOUT_SPACES = {
    "Chinese": "\u3400-\u4dbf\u4e00-\u9fff",
    "Japanese": "\u3040-\u30ff",
    "Thai": "\u0e01-\u0e5b",
    "Lao": "\u0e81-\u0edf",
    "Burmese": "\u1000-\u109f",
    "Khmer": "\u1780-\u17ff",
}
# Characters of scripts whose vowel signs are no letters to a regular expression: words would be split at them.
_WITH_VOWEL_SIGNS = {
    "Devanagari": "\u0900-\u097f",
    "Bengali": "\u0980-\u09ff",
    "Gurmukhi": "\u0a00-\u0a7f",
    "Gujarati": "\u0a80-\u0aff",
    "Tamil": "\u0b80-\u0bff",
    "Telugu": "\u0c00-\u0c7f",
    "Kannada": "\u0c80-\u0cff",
    "Malayalam": "\u0d00-\u0d7f",
    "Sinhala": "\u0d80-\u0dff",
}
_PATTERNS = {name: re.compile(f"[{ranges}]") for name, ranges in (_WITHOUT_SPACES | _WITH_VOWEL_SIGNS).items()}
_ANY = re.compile(f"[{''.join((_WITHOUT_SPACES | _WITH_VOWEL_SIGNS).values())}]")
_LETTER = re.compile(r"[^\W\d_]")

# Letters of Turkish and Azerbaijani that are rare elsewhere. Only the first four occur in both languages.
_TURKISH = re.compile("[ıİğĞ]")
# Anchored to the beginning of a word, because the time would otherwise grow with the square of its length.
_TURKISH_WORD = re.compile(r"\b\w*?[ıİğĞəƏ]\w*")
_WORD = re.compile(r"\w\w+")
# Least share of a text's words that have such a letter. In Turkish about one word in four has one; in an English text
# about Turkey only names have.
_LEAST_TURKISH_WORDS = 0.15

# Number of characters from which the script of a text is detected.
_BEGINNING = 300
# Least share of the texts that a warning is about.
_LEAST_SHARE = 0.1


def script_warnings(texts: Iterable[str]) -> tuple[str, ...]:
    """Return a warning if many texts are in scripts whose words need another analyser than ``"word"``.

    Parameters
    ----------
    texts : iterable of str
        The texts.

    Returns
    -------
    tuple of str
        At most one warning for scripts without spaces, and one for scripts with vowel signs.

    Examples
    --------
    >>> script_warnings(["The mill was sold."])
    ()
    >>> (warning,) = script_warnings(["磨坊在一个寒冷的日子里被卖掉了。", "列车晚点了。"])
    >>> warning.partition(":")[0]
    '2 of 2 texts are in a script without spaces between words (Chinese)'
    """
    counts: Counter[str] = Counter()
    n_texts = 0
    for text in texts:
        n_texts += 1
        beginning = text[:_BEGINNING]
        if _ANY.search(beginning) and (script := _script(beginning)):
            counts[script] += 1
    warnings = []
    for scripts, what, effect, advice in (
        (
            _WITHOUT_SPACES, "a script without spaces between words", "whole sentences are counted as words",
            "analyzer = 'char' and ngram_range = (1, 2)",
        ),
        (
            _WITH_VOWEL_SIGNS, "a script with vowel signs", "words are split at these signs",
            "analyzer = 'char_wb' and ngram_range = (2, 4)",
        ),
    ):  # fmt: skip
        names = [name for name, _ in counts.most_common() if name in scripts]
        count = sum(counts[name] for name in names)
        if count and count >= _LEAST_SHARE * n_texts:
            warnings.append(
                f"{count:,} of {n_texts:,} texts are in {what} ({', '.join(names)}): {effect}. Use n-grams of "
                f"characters: {advice}."
            )
    return tuple(warnings)


def with_turkish_i(text: str) -> str:
    """Replace I by ı and İ by i. The length stays the same, and ``lower`` then gives Turkish lower case.

    Examples
    --------
    >>> with_turkish_i("IŞIKLI İstinaf").lower()
    'ışıklı istinaf'
    """
    return text.translate(TURKISH_I)


def mostly_turkish(texts: Iterable[str]) -> bool:
    """Return whether at least half of the texts are in Turkish or Azerbaijani, judged by their letters.

    Parameters
    ----------
    texts : iterable of str
        The texts.

    Returns
    -------
    bool
        False if there is no text.

    Examples
    --------
    >>> mostly_turkish(["Mahkeme kararı açıkladı.", "Sınır kapısı kapandı.", "The mill was sold."])
    True
    >>> mostly_turkish(["The president of Turkey met the mayor of Diyarbakır on Monday."])
    False
    """
    n_texts = n_turkish = 0
    for text in texts:
        n_texts += 1
        beginning = text[:_BEGINNING]
        if _TURKISH.search(beginning):
            n_words = len(_WORD.findall(beginning))
            n_turkish += len(_TURKISH_WORD.findall(beginning)) >= _LEAST_TURKISH_WORDS * n_words
    return 0 < n_texts <= 2 * n_turkish


def _script(text: str) -> str | None:
    """Return the script of more than half of the letters, of those that need another analyser; kana mean Japanese."""
    counts = {name: len(pattern.findall(text)) for name, pattern in _PATTERNS.items()}
    if counts["Japanese"]:
        counts["Japanese"] += counts.pop("Chinese")
    name = max(counts, key=lambda script: counts[script])
    # Vowel signs are no letters.
    return name if counts[name] > len(_LETTER.findall(text)) / 2 else None
