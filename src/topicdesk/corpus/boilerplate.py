"""Boilerplate: what stands in many articles of an outlet and tells of the outlet, not of the story.

It is found in the corpus: a sentence of five words or more that many articles of one source share ("the views expressed
are the author's own") was not written for any of them. Phrases of menus, which are too short to tell by that, come from
a fixed list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

__all__ = ["is_menu", "recurring_sentences", "without_sentences"]

# What a page offers to do with it; whole sentences or lines only, so that a sentence that holds such words stays.
_MENU = re.compile(
    r"""(?ix) (?:
      leave\ a\ (?:review|comment|reply) | (?:post|add|write)\ a\ comment | (?:view\ )?comments?(?:\ \(\d+\))?
    | share(?:\ (?:this(?:\ (?:with|article|story|page))?|on\ \w+))? | tweet | print | e-?mail | copy(?:\ link)? | save
    | (?:read|learn)\ (?:more|also|next)\b.{0,3} | see\ also\b.{0,1} | related(?:\ (?:news|stories|articles|topics))?
    | (?:subscribe|sign\ (?:in|up)|log\ ?in|register)(?:\ (?:now|here))? | follow\ us(?:\ on\ \w+)?
    | home | menu | search | back | next | previous | top | back\ to\ top | all\ news | latest\ news | most\ read
    | advertisement
    ) \W*"""
)

# A sentence ends with its mark, or with the line.
_BREAK = re.compile(r"((?<=[.!?…])\s+|(?<=[.!?…][\"”’»])\s+|\n)")

_FEWEST_WORDS = 5


def is_menu(line: str) -> bool:
    """Tell whether a line or sentence is nothing but a phrase of a menu."""
    return _MENU.fullmatch(line) is not None


def recurring_sentences(
    texts: Sequence[str], sources: Sequence[str], fewest_articles: int = 5, smallest_share: float = 0.01
) -> dict[str, frozenset[str]]:
    """Find the sentences that recur in a source's articles.

    Parameters
    ----------
    texts, sources : sequence of str
        Length n_articles.
    fewest_articles : int, default 5
        A sentence recurs when so many different texts of a source hold it ...
    smallest_share : float, default 0.01
        ... and so large a share of the source's texts. Sentences of fewer than five words ("he said.") never recur.

    Returns
    -------
    dict of str to frozenset of str
        By source.
    """
    # A text that is there twice is one text.
    distinct = sorted(set(zip(sources, texts, strict=True)))
    articles = Counter(source for source, _ in distinct)
    holding: Counter[tuple[str, str]] = Counter()
    for source, text in distinct:
        holding.update({(source, sentence) for sentence, _ in _sentences(text) if _is_long(sentence)})
    found: dict[str, set[str]] = {source: set() for source in articles}
    for (source, sentence), count in holding.items():
        if count >= max(fewest_articles, smallest_share * articles[source]):
            found[source].add(sentence)
    return {source: frozenset(sentences) for source, sentences in found.items()}


def without_sentences(text: str, unwanted: AbstractSet[str]) -> tuple[str, list[str]]:
    """Take sentences off a text, and menu phrases that stand as sentences.

    Parameters
    ----------
    text : str
    unwanted : set of str
        Sentences as `recurring_sentences` gives them.

    Returns
    -------
    rest : str
        The text without them; the text as it was when nothing else would be left.
    removed : list of str
        What was taken off, in order.
    """
    kept: list[str] = []
    removed = []
    for sentence, gap in _sentences(text):
        if sentence in unwanted or is_menu(sentence):
            removed.append(sentence)
        else:
            kept += [sentence, gap]
    rest = "".join(kept).strip()
    return (rest, removed) if rest else (text, [])


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """Part a text into sentences and the white space behind each."""
    parts = [*_BREAK.split(text), ""]
    return zip(parts[::2], parts[1::2], strict=True)


def _is_long(sentence: str) -> bool:
    return len(re.findall(r"\w+", sentence)) >= _FEWEST_WORDS
