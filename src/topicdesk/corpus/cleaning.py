"""Clean texts in named steps, so that readers can count the changes of each step and skip steps.

This module contains the repairs: functions that take a text and return the repaired text. The modules `bylines`,
`datelines` and `boilerplate` find the parts of a text to remove.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable

import ftfy

from topicdesk._arguments import check_strings
from topicdesk._progress import Advance, nowhere
from topicdesk.errors import CorpusError, nearest

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

#: Cleaning steps of an import, in order: function name and description. Each can be skipped. The help of
#: `topicdesk import` repeats the names, because it must not import this module.
CLEANING_STEPS = {
    "fix_encoding": "repair mojibake and unescape HTML entities",
    "normalise_unicode": "convert to composed characters (Unicode NFC)",
    "squeeze_white_space": "replace runs of blanks by one space, remove invisible characters and blank lines",
    "split_byline": "remove the byline before the first sentence (authors are extracted even without this step)",
    "split_dateline": "remove the dateline (place, date and agency are extracted even without this step)",
    "take_off_menus": "remove menu phrases and credits",
    "take_off_recurring": "remove sentences that recur in many articles of a source",
    "detect_language": "detect the language of articles that name none",
}

Step = Callable[[str], str]

# The scraper of the NewsArticles corpus turned a quotation mark or dash and the space after it into `"?` ...
_AFTER_STOP = re.compile(r'(?<=[.,!?;:…])"\?(?=\w)')
_AFTER_PLURAL = re.compile(r'(?<=s)"\?(?=\w)')
_AFTER_LETTER = re.compile(r'(?<=\w)"\?(?=\w)')
_AFTER_SPACE = re.compile(r'(?<=\s)"\?\s?(?=\w)')
# ... and a line break into a hyphen: `the end.-The next`.
_LOST_BREAK = re.compile(r'(?<=[.!?]|["”])\s?-(?=[A-Z][a-z]|[A-Z]\b)')
# Characters without width. A joiner (U+200C, U+200D) between characters that are not ASCII has a meaning.
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad]|[\u200c\u200d](?![^\\x00-\\x7f])|(?<![^\\x00-\\x7f])[\u200c\u200d]")


def check_steps(without: Collection[str]) -> frozenset[str]:
    """Return `without` as a set; raise `CorpusError` if it contains an unknown step."""
    check_strings("without", without)
    for name in without:
        if name not in CLEANING_STEPS:
            raise CorpusError(f"without: unknown cleaning step {name!r}; {nearest(name, CLEANING_STEPS)}")
    return frozenset(without)


def fix_encoding(text: str) -> str:
    """Repair mojibake, control characters and HTML entities with ftfy.

    Typographic quotation marks stay, and so do the full-width characters of Chinese and Japanese texts.
    """
    return ftfy.fix_text(text, uncurl_quotes=False, fix_character_width=False, normalization=None)


def normalise_unicode(text: str) -> str:
    """Convert a text to composed characters (Unicode NFC)."""
    return unicodedata.normalize("NFC", text)


def restore_lost_quotes(text: str) -> str:
    r"""Replace ``"?`` by the quotation mark, apostrophe or dash that was lost together with its space.

    After a punctuation mark or a letter, it becomes a closing quotation mark; after an "s" (a plural), an apostrophe;
    after a space, a dash. A wrong guess changes no word, because tokenisers treat all of these as punctuation. A
    ``"?`` before a space is not changed, because a question may end with it.
    """
    text = _AFTER_STOP.sub('" ', text)
    text = _AFTER_PLURAL.sub("' ", text)
    text = _AFTER_LETTER.sub('" ', text)
    return _AFTER_SPACE.sub("– ", text)


def restore_line_breaks(text: str) -> str:
    """Replace a hyphen between the end of a sentence and a capital letter by a line break."""
    return _LOST_BREAK.sub("\n", text)


def squeeze_white_space(text: str) -> str:
    """Replace each run of blanks by one space, remove invisible characters and blank lines, and strip the ends.

    Joiners between characters that are not ASCII stay: they have a meaning in Persian, Hindi and emoji.
    """
    text = _INVISIBLE.sub("", text)
    # For speed, the pattern does not match single spaces, by far the most frequent case.
    text = re.sub(r"[^\S\n ][^\S\n]*| [^\S\n]+", " ", text.replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r" ?\n[ \n]*", "\n", text).strip()


def clean_texts(
    texts: Iterable[str], steps: Iterable[Step], advance: Advance = nowhere
) -> tuple[list[str], dict[str, int]]:
    """Apply cleaning steps to texts in order, and count the texts that each step changes.

    Parameters
    ----------
    texts : iterable of str
        Length n_texts.
    steps : iterable of callable
        Cleaning functions of this module.
    advance : Advance, optional
        Called after each text.

    Returns
    -------
    cleaned : list of str
        Length n_texts.
    changed : dict of str to int
        Number of texts that each step changed, by the step's name.
    """
    steps = list(steps)
    changed = Counter({step.__name__: 0 for step in steps})
    cleaned = []
    for text in texts:
        for step in steps:
            new_text = step(text)
            changed[step.__name__] += new_text != text
            text = new_text
        cleaned.append(text)
        advance()
    return cleaned, dict(changed)
