"""Print text of others with its control characters escaped, because a terminal would obey them."""

from __future__ import annotations

import unicodedata

__all__ = ["visible", "without_controls"]

#: Characters that act on a terminal: control characters, and those that turn the direction of what follows.
_CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
_TURNS = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
_ACTING = str.maketrans({letter: ascii(letter)[1:-1] for letter in (*_CONTROLS, *_TURNS) if letter not in "\n\t"})


def visible(text: object) -> str:
    r"""Return a text with each character that would act on a terminal written as its escape.

    Line breaks and tabs stay, and so do the invisible joiners that many scripts need.

    Examples
    --------
    >>> print(visible("\x1b[2JFerry"))
    \x1b[2JFerry
    """
    shown = str(text)
    return shown if shown.isprintable() else shown.translate(_ACTING)


def without_controls(text: str) -> str:
    r"""Return a text without control characters.

    Examples
    --------
    >>> without_controls("a\x1b\x00b")
    'ab'
    """
    if text.isprintable():
        return text
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cc")
