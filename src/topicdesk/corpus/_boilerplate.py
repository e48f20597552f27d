"""Remove boilerplate: text in many articles of an outlet that identifies the outlet, not the story.

Boilerplate is found in the corpus itself: a sentence that many articles of one source share ("the views expressed are
the author's own") was not written for any of them. Menu phrases and credits are too short or too varied for this
method. They come from a fixed list.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

__all__ = ["RecurrenceFinder", "Recurring", "take_off_menus", "take_off_recurring"]

# Menu phrases and credits. They match whole sentences or lines only, so a longer sentence with such words is kept.
_MENU = re.compile(
    r"""(?ix) (?:
      leave\ a\ (?:review|comment|reply) | (?:post|add|write)\ a\ comment | (?:view\ )?comments?(?:\ \(\d+\))?
    | share(?:\ (?:this(?:\ (?:with|article|story|page))?|on\ \w+))? | tweet | print | e-?mail | copy(?:\ link)? | save
    | (?:read|learn)\ (?:more|also|next)\b.{0,3} | see\ also\b.{0,1} | related(?:\ (?:news|stories|articles|topics))?
    | (?:subscribe|sign\ (?:in|up)|log\ ?in|register)(?:\ (?:now|here))? | follow\ us(?:\ on\ \w+)?
    | follow\ .{2,80}\ on\ (?:twitter|facebook|instagram)\b.{0,120}
    | home | menu | search | back | next | previous | top | back\ to\ top | all\ news | latest\ news | most\ read
    | advertisement | media\ playback\ is\ (?:not\ supported|unsupported)\ on\ (?:this|your)\ device
    # Who else worked on it, as a sentence of its own.
    | .{3,300}\ contributed\ (?:to|reporting\ to)\ (?:this|the)\ (?:report|story|article)
    | \(?(?:additional\ )?(?:reporting|writing|editing)\ by\ .{3,200}
    | (?:[a-z]{1,5}(?:/[a-z]{1,5})*)?[\s-]*\((?:(?:afp|ap|dpa|efe|epd|interfax|kna|reuters|sid|tass)[,\s-]*)+\)
    | (?:contact|e-?mail|write\ to)\ the\ (?:authors?|reporters?|writers?)\ (?:at|through|via)\b.{3,200}
    ) \W*"""
)

# Phrases that run into the next sentence, because the break between them was lost.
_RUNNING = re.compile(
    r"""(?x) (?: (?:
      (?i: share\ this\ with | media\ playback\ is\ (?:not\ supported|unsupported)\ on\ (?:this|your)\ device )
    | By\ [^\W_a-z][^.!?\n]{3,90}\ Share\ this\ with
    | READ\ MORE: | WATCH: | ALSO\ READ:
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+
    ) \s+ )+ (?=[^\W_a-z]|["“‘'(])"""
)

# Three or more buttons in a row, anywhere in a text; a sentence would have commas between them. The search is slow, so
# it runs only if a text contains one of `_NETWORKS`.
_NETWORKS = ("facebook", "twitter")
_BUTTONS = re.compile(
    r"""(?ix) (?:\b(?:send|share|print)\s+)? (?<!\w)
    (?: (?: e-?mail | facebook | twitter | google(?:\+|\ plus)? | whatsapp | tumblr | linkedin | stumble(?:upon)?
          | digg | reddit | newsvine | pinterest | messenger | telegram | instagram | copy\ link | xing | flipboard
        ) (?:\s*\|)?(?:\s+|$) ){3,}
    (?:permalink\s+\S+(?:\s+|$))?"""
)

# A sentence ends with its punctuation mark, perhaps followed by a quotation mark, or with the line.
_BREAK = re.compile(r"([.!?…][\"”’»]?)(\s+)|()(\n)")

# Maximum length of a menu phrase, credit or source line, in characters.
_LONGEST_PHRASE = 400

_FEWEST_WORDS = 5

# A shorter sentence is boilerplate if at least this share of the texts that contain it end with it.
_SHARE_AT_END = 0.8

# Maximum number of words that are tried at the end of a text: the length of a source line.
_MOST_WORDS_AT_END = 12

# Parts in which two uses of the same sentence may differ: dates, times of day, page numbers.
_VARYING = re.compile(r"\b\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}\b|\b\d{1,2}:\d{2}\b|\bpage\s?\d+\b", re.IGNORECASE)

_DIGIT = re.compile(r"\d")

# Maximum number of texts per source that are searched for recurring sentences.
_MOST_TEXTS = 2000


def take_off_menus(text: str) -> tuple[str, list[str]]:
    """Remove menu phrases and credits that are whole sentences or lines, or that run into the next sentence.

    Parameters
    ----------
    text : str
        Text of an article.

    Returns
    -------
    rest : str
        The text without them; empty if nothing else is left.
    removed : list of str
        Removed phrases, in order.
    """
    pieces: list[str] = []
    removed: list[str] = []
    lowered = text.lower()
    with_buttons = any(name in lowered for name in _NETWORKS)
    for sentence, gap in _sentences(text):
        rest = sentence
        if with_buttons:
            removed += [buttons.group().strip() for buttons in _BUTTONS.finditer(rest)]
            rest = _BUTTONS.sub("", rest)
        running = _RUNNING.match(rest)
        if running is not None:
            removed.append(running.group().strip())
            rest = rest[running.end() :]
        if len(rest) <= _LONGEST_PHRASE and _MENU.fullmatch(rest) is not None:
            removed.append(rest)
        elif rest or not sentence:
            pieces += [rest, gap]
    return "".join(pieces).strip(), removed


@dataclass(frozen=True)
class Recurring:
    """Hashes of the sentences that recur in one source.

    Parameters
    ----------
    anywhere : frozenset of int
        Sentences that are boilerplate anywhere in a text.
    at_end : frozenset of int
        Short sentences, which are boilerplate only at the end of a text.
    """

    anywhere: frozenset[int] = frozenset()
    at_end: frozenset[int] = frozenset()


class RecurrenceFinder:
    """Find the sentences that recur in the articles of each source, in memory that hardly grows with the corpus.

    Parameters
    ----------
    fewest_articles : int, default 5
        A sentence recurs if at least this number of different texts of a source contain it.
    smallest_share : float, default 0.01
        Minimum share of the source's texts that contain it. Dates, times of day and page numbers are ignored.

    Notes
    -----
    A sentence of fewer than five words ("he said.") recurs only if at least 80 % of the texts that contain it end with
    it.

    The finder stores the hashes of the sentences of at most 2,000 texts per source: the texts with the smallest hashes.
    This is a random sample that does not depend on the order of the texts.
    """

    def __init__(self, fewest_articles: int = 5, smallest_share: float = 0.01) -> None:
        self.fewest_articles = fewest_articles
        self.smallest_share = smallest_share
        self._samples: dict[str, _Sample] = {}

    def add(self, source: str, text: str) -> None:
        """Add an article. A repeated text counts once."""
        self._samples.setdefault(source, _Sample()).add(text)

    def find(self) -> dict[str, Recurring]:
        """Return the recurring sentences by source."""
        return {source: self._find(sample.texts) for source, sample in self._samples.items()}

    def _find(self, texts: Sequence[_Sentences]) -> Recurring:
        fewest = max(self.fewest_articles, self.smallest_share * len(texts))
        long = Counter(hashed for text in texts for hashed in text.long)
        short = Counter(hashed for text in texts for hashed in text.short)
        ending = Counter(text.end for text in texts)
        return Recurring(
            frozenset(hashed for hashed, count in long.items() if count >= fewest),
            frozenset(
                hashed for hashed, count in short.items() if count >= fewest and ending[hashed] >= _SHARE_AT_END * count
            ),
        )


@dataclass(frozen=True)
class _Sentences:
    """Hashes of the sentences of a text; `end` is that of the last sentence, or None if there is only one."""

    long: frozenset[int]
    short: frozenset[int]
    end: int | None


class _Sample:
    """Sample of texts: those with the smallest hashes."""

    def __init__(self) -> None:
        self._largest_first: list[tuple[int, _Sentences]] = []
        self._keys: set[int] = set()

    @property
    def texts(self) -> list[_Sentences]:
        return [sentences for _, sentences in self._largest_first]

    def add(self, text: str) -> None:
        key = -_hash(text)  # negative, because heapq pops the smallest key and the largest hash must go
        full = len(self._keys) == _MOST_TEXTS
        if key in self._keys or (full and key < self._largest_first[0][0]):
            return
        if full:
            self._keys.remove(heapq.heappop(self._largest_first)[0])
        sentences = [sentence for sentence, _ in _sentences(text) if sentence]
        long = [_is_long(sentence) for sentence in sentences]
        hashed = [_hash(sentence) for sentence in sentences]
        entry = _Sentences(
            frozenset(compress(hashed, long)),
            frozenset(compress(hashed, (not is_long for is_long in long))),
            hashed[-1] if len(hashed) > 1 else None,
        )
        heapq.heappush(self._largest_first, (key, entry))
        self._keys.add(key)


def take_off_recurring(text: str, recurring: Recurring) -> tuple[str, list[str]]:
    """Remove the sentences from a text that recur in its source.

    Parameters
    ----------
    text : str
        Text of an article.
    recurring : Recurring
        Result of `RecurrenceFinder` for the text's source.

    Returns
    -------
    rest : str
        The text without them. If nothing would be left, the unchanged text.
    removed : list of str
        Removed sentences.
    """
    if not recurring.anywhere and not recurring.at_end:
        return text, []
    pieces: list[str] = []
    removed = []
    for sentence, gap in _sentences(text):
        if _hash(sentence) in recurring.anywhere:
            removed.append(sentence)
        else:
            pieces += [sentence, gap]
    rest = "".join(pieces).strip()
    while (end := _recurring_end(rest, recurring)) is not None:
        removed.append(rest[end:])
        rest = rest[:end].rstrip()
    return (rest, removed) if rest else (text, [])


def _recurring_end(text: str, recurring: Recurring) -> int | None:
    """Find the start of a recurring end of a text: a sentence, or words after a sentence without an end mark."""
    offset = max(0, len(text) - _LONGEST_PHRASE)
    starts = [offset + match.end() for match in re.finditer(r"\s+", text[offset:])][-_MOST_WORDS_AT_END:]
    last_sentence = max((offset + match.end() for match in _BREAK.finditer(text[offset:])), default=0)
    for start in reversed(starts):
        end = text[start:]
        # A single word may also be the end of a normal sentence: "he told Reuters".
        hashed = _hash(end)
        recurs = hashed in recurring.at_end or hashed in recurring.anywhere
        if recurs and (start == last_sentence or len(_words(end)) > 1):
            return start
    return None


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """Split a text into sentences, each with the white space after it."""
    start = 0
    for match in _BREAK.finditer(text):
        group = 1 if match[1] is not None else 3
        yield text[start : match.end(group)], match[group + 1]
        start = match.end()
    yield text[start:], ""


def _words(sentence: str) -> list[str]:
    return re.findall(r"\w+", sentence)


def _is_long(sentence: str) -> bool:
    return len(_words(sentence)) >= _FEWEST_WORDS


def _hash(sentence: str) -> int:
    """Hash a sentence, ignoring dates, times and page numbers."""
    if len(sentence) <= _LONGEST_PHRASE and _DIGIT.search(sentence):
        sentence = _VARYING.sub("0", sentence)
    digest = hashlib.blake2b(sentence.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
