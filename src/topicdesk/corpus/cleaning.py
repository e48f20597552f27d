"""Repairs of a text, one named step each.

A step takes a text and gives the repaired text, so that a reader can count what each one changed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

import ftfy

from topicdesk.progress import Advance, nowhere

__all__ = ["clean_texts", "fix_encoding", "restore_line_breaks", "restore_lost_quotes", "squeeze_white_space"]

Step = Callable[[str], str]

# The scrape of the NewsArticles corpus turned a quotation mark or dash and the space after it into `"?`.
_AFTER_STOP = re.compile(r'(?<=[.,!?;:…])"\?(?=\w)')
_AFTER_PLURAL = re.compile(r'(?<=s)"\?(?=\w)')
_AFTER_LETTER = re.compile(r'(?<=\w)"\?(?=\w)')
_AFTER_SPACE = re.compile(r'(?<=\s)"\?\s?(?=\w)')
# ... and a line break into a hyphen: `the end.-The next`.
_LOST_BREAK = re.compile(r'(?<=[.!?]|["”])\s?-(?=[A-Z][a-z]|[A-Z]\b)')


def fix_encoding(text: str) -> str:
    """Undo mojibake and normalise Unicode (NFC), but keep typographic quotation marks (ftfy)."""
    return ftfy.fix_text(text, uncurl_quotes=False)


def restore_lost_quotes(text: str) -> str:
    r"""Mend ``"?`` where a quotation mark, an apostrophe or a dash was lost together with its space.

    After a full stop or comma it was a closing quotation mark, after a plural an apostrophe, after a space a dash.
    The guess changes no word: the characters are punctuation to every tokeniser. A ``"?`` before a space is left
    alone, since a question may end so.
    """
    text = _AFTER_STOP.sub('" ', text)
    text = _AFTER_PLURAL.sub("' ", text)
    text = _AFTER_LETTER.sub('" ', text)
    return _AFTER_SPACE.sub("– ", text)


def restore_line_breaks(text: str) -> str:
    """Put a line break back where a hyphen stands between the end of a sentence and a capital letter."""
    return _LOST_BREAK.sub("\n", text)


def squeeze_white_space(text: str) -> str:
    """Make each run of blanks one space, drop invisible characters and blank lines, strip the ends."""
    text = re.sub(r"[\u200b-\u200d\u2060\ufeff\u00ad]", "", text)
    text = re.sub(r"[^\S\n]+", " ", text.replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r" ?\n[ \n]*", "\n", text).strip()


def clean_texts(
    texts: Iterable[str], steps: Iterable[Step], advance: Advance = nowhere
) -> tuple[list[str], dict[str, int]]:
    """Put texts through steps, in order, and count what each changed.

    Parameters
    ----------
    texts : iterable of str
        Length n_texts.
    steps : iterable of callable
        Functions of this module.
    advance : Advance, optional
        Called after each text.

    Returns
    -------
    cleaned : list of str
        Length n_texts.
    changed : dict of str to int
        How many texts each step changed, by the step's name.
    """
    steps = list(steps)
    changed = Counter({step.__name__: 0 for step in steps})
    cleaned = []
    for text in texts:
        for step in steps:
            after = step(text)
            changed[step.__name__] += after != text
            text = after
        cleaned.append(text)
        advance()
    return cleaned, dict(changed)
