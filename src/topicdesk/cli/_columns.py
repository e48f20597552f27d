"""Fit the columns of a table into the width of a terminal, without cutting or splitting a number."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len, chop_cells

__all__ = ["column_blocks", "fold", "table_width"]

_WORDS = re.compile(r"\s*\S+")
# An interval without its white space: "[0.812,0.891]".
_INTERVAL = re.compile(r"\[[-+−]?[\d.](?:[\d.,;:%e+−-]|nan|inf)*\]")
# No interval has more words than this one: "[ 0.812 , 0.891 ]".
_LONGEST_INTERVAL = 5

# Text is not wrapped to fewer characters than this.
_TEXT_WIDTH = 24
# Longer words, such as hashes, may be split.
_LONGEST_WORD = 40
# Fewest characters of the first column, whose words are split before any number is.
_NARROWEST = 8


def column_blocks(rows: Sequence[Sequence[str]], width: int) -> list[dict[int, int]]:
    """Divide the columns of a table into blocks that fit into a width.

    Parameters
    ----------
    rows : sequence of sequences of str, shape (n_rows + 1, n_columns)
        The names of the columns, then the cells.
    width : int
        Width of the terminal, in characters.

    Returns
    -------
    list of dict of int to int
        For each block, the position and the width of its columns. Each block begins with column 0, and with as many
        more as it takes to tell the rows apart, if they are narrow.

    See Also
    --------
    fold : Wrap a cell to the width of its column.

    Notes
    -----
    A block is wider than the terminal only if the terminal has no room for the first column and a number.

    Examples
    --------
    >>> rows = [("classifier", "F1", "precision"), ("linear-svm", "0.85 [0.81, 0.89]", "0.90 [0.86, 0.93]")]
    >>> column_blocks(rows, width=60)
    [{0: 10, 1: 17, 2: 17}]
    >>> column_blocks(rows, width=50)
    [{0: 10, 1: 17}, {0: 10, 2: 17}]
    """
    columns = [[text for cell in column for text in cell.split("\n")] for column in zip(*rows, strict=True)]
    natural = [max(map(cell_len, column)) for column in columns]
    if table_width(natural) <= width:
        return [dict(enumerate(natural))]
    n_keys = _n_keys(rows[1:], natural, width // 2)
    others = range(n_keys, len(columns))
    # What the first column and one other column may share.
    room = width - table_width([*natural[1:n_keys], *([0, 0] if others else [0])])
    least = [_widest_part(column, min(_LONGEST_WORD, room - _NARROWEST)) for column in columns]
    good = [max(narrow, min(wide, _TEXT_WIDTH)) for narrow, wide in zip(least, natural, strict=True)]
    # Wrap the first column if another needs the room. Split its words only for a column that cannot be narrower.
    first = min(natural[0], max(room - max((good[other] for other in others), default=0), good[0]))
    first = max(min(first, room - max((least[other] for other in others), default=0)), min(first, _NARROWEST))
    keys = {0: first} | {key: natural[key] for key in range(1, n_keys)}
    blocks: list[dict[int, int]] = []
    for other in others:
        # A column that is alone with the first may have to be narrower.
        column_width = max(min(good[other], room - first), least[other])
        if not blocks or table_width([*blocks[-1].values(), column_width]) > width:
            blocks.append(keys.copy())
        blocks[-1][other] = column_width
    for block in blocks:
        _widen(block, natural, width - table_width(list(block.values())))
    return blocks or [keys]


def table_width(widths: Sequence[int]) -> int:
    """Return the width of a table of columns of given widths, with the spaces around and between them."""
    return sum(widths) + 3 * len(widths) + 1


def fold(text: str, width: int) -> str:
    """Wrap a text at white space, and keep each number and its interval together.

    Parameters
    ----------
    text : str
        The text. Its own lines are kept.
    width : int
        Maximum number of characters in a line. Only longer words are split.

    Returns
    -------
    str
        The text with line breaks.

    Examples
    --------
    >>> print(fold("rises to 0.85 [0.81, 0.89] on test", width=18))
    rises to
    0.85 [0.81, 0.89]
    on test
    """
    return "\n".join(line for whole in text.split("\n") for line in _folded(whole, width))


def _n_keys(rows: Sequence[Sequence[str]], natural: list[int], width: int) -> int:
    """Return how many of the first columns tell all rows apart; 1 if these are wider than `width`."""
    for n_keys in range(1, len(natural)):
        if len({tuple(row[:n_keys]) for row in rows}) == len(rows):
            return n_keys if table_width(natural[:n_keys]) <= width else 1
    return 1


def _folded(whole: str, width: int) -> list[str]:
    if cell_len(whole) <= width:
        return [whole]
    lines = [""]
    for part in _parts(whole):
        if cell_len(lines[-1] + part) <= width:
            lines[-1] += part
        else:
            lines += chop_cells(part.lstrip(), width)
    return [line for line in lines if line]


def _parts(text: str) -> list[str]:
    """Divide a text where it may be wrapped; each part begins with the white space before it.

    A number is one part with the interval or the percent sign after it, as in "0.853 [0.812, 0.891]" and "95 %".
    """
    words = _WORDS.findall(text)
    parts: list[str] = []
    position = 0
    after_number = False
    while position < len(words):
        n_words = _interval_length(words[position : position + _LONGEST_INTERVAL])
        part = "".join(words[position : position + max(n_words, 1)])
        position += max(n_words, 1)
        if after_number and (n_words or part.lstrip().startswith("%")):
            parts[-1] += part
            after_number = False
        else:
            parts.append(part)
            after_number = not n_words and any(map(str.isdigit, part))
    return parts


def _interval_length(words: list[str]) -> int:
    """Return how many of the first words are an interval, with what is attached to it; 0 if they are none."""
    if not words[0].lstrip().startswith("["):
        return 0
    joined = ""
    for n_words, word in enumerate(words, 1):
        joined += word.strip()
        if _INTERVAL.match(joined):
            return n_words
    return 0


def _widest_part(column: list[str], longest_word: int) -> int:
    """Return the width of the widest number or word of a column; a word counts as `longest_word` at most."""
    parts = {part.strip() for text in column for part in _parts(text)}
    numbers = max((cell_len(part) for part in parts if not any(map(str.isalpha, part))), default=1)
    words = max((cell_len(part) for part in parts), default=1)
    return max(numbers, min(words, max(longest_word, 1)))


def _widen(block: dict[int, int], natural: list[int], spare: int) -> None:
    """Give the characters that a block leaves free to its wrapped columns, in equal parts."""
    while spare > 0 and (wrapped := [position for position in block if block[position] < natural[position]]):
        for position in wrapped[:spare]:
            block[position] += 1
        spare -= len(wrapped)
