"""Cleaning of a text, one named step each, so that a reader can count what each one changed and leave one out.

The repairs stand here: functions from a text to the repaired text. What is taken off a text is found by `datelines` and
`boilerplate`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable

import ftfy

from topicdesk.errors import CorpusError, nearest
from topicdesk.progress import Advance, nowhere

__all__ = [
    "CLEANING_STEPS",
    "check_steps",
    "clean_texts",
    "fix_encoding",
    "normalise_unicode",
    "restore_line_breaks",
    "restore_lost_quotes",
    "squeeze_white_space",
]

#: What an import does to an article, in order: its steps by their functions' names. Each can be left out; the help of
#: `topicdesk import` names them too, since it must not import this module.
CLEANING_STEPS = {
    "fix_encoding": "undo mojibake and unescape HTML entities",
    "normalise_unicode": "write each character one way (NFC)",
    "squeeze_white_space": "make runs of blanks one space, drop invisible characters and blank lines",
    "split_byline": "take a byline before the first sentence off the text (authors are read all the same)",
    "split_dateline": "take the dateline off the text (its place, date and agency are read all the same)",
    "take_off_menus": "take off menu phrases and credits",
    "take_off_recurring": "take off sentences that recur in many articles of a source",
    "detect_language": "tell the language where none is named",
}

Step = Callable[[str], str]

# The scrape of the NewsArticles corpus turned a quotation mark or dash and the space after it into `"?`.
_AFTER_STOP = re.compile(r'(?<=[.,!?;:…])"\?(?=\w)')
_AFTER_PLURAL = re.compile(r'(?<=s)"\?(?=\w)')
_AFTER_LETTER = re.compile(r'(?<=\w)"\?(?=\w)')
_AFTER_SPACE = re.compile(r'(?<=\s)"\?\s?(?=\w)')
# ... and a line break into a hyphen: `the end.-The next`.
_LOST_BREAK = re.compile(r'(?<=[.!?]|["”])\s?-(?=[A-Z][a-z]|[A-Z]\b)')


def check_steps(without: Collection[str]) -> frozenset[str]:
    """Refuse a name that is no step's."""
    for name in without:
        if name not in CLEANING_STEPS:
            raise CorpusError(f"there is no cleaning step {name!r}; {nearest(name, CLEANING_STEPS)}")
    return frozenset(without)


def fix_encoding(text: str) -> str:
    """Undo mojibake, control characters and HTML entities, but keep typographic quotation marks (ftfy)."""
    return ftfy.fix_text(text, uncurl_quotes=False, normalization=None)


def normalise_unicode(text: str) -> str:
    """Write each character in one way: composed, as in NFC."""
    return unicodedata.normalize("NFC", text)


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
    # A single space, by far the most, is no match.
    text = re.sub(r"[^\S\n ][^\S\n]*| [^\S\n]+", " ", text.replace("\r\n", "\n").replace("\r", "\n"))
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
