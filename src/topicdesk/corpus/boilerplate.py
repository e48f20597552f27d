"""Boilerplate: what stands in many articles of an outlet and tells of the outlet, not of the story.

It is found in the corpus: a sentence that many articles of one source share ("the views expressed are the author's
own") was not written for any of them. What is too short or too varied to tell by that, phrases of menus and credits,
comes from a fixed list.
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

# What a page offers to do with it; whole sentences or lines only, so that a sentence that holds such words stays.
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

# Phrases that run into the sentence behind them, where the break between was lost.
_RUNNING = re.compile(
    r"""(?x) (?: (?:
      (?i: share\ this\ with | media\ playback\ is\ (?:not\ supported|unsupported)\ on\ (?:this|your)\ device )
    | By\ [^\W_a-z][^.!?\n]{3,90}\ Share\ this\ with
    | READ\ MORE: | WATCH: | ALSO\ READ:
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+
    ) \s+ )+ (?=[^\W_a-z]|["“‘'(])"""
)

# Three buttons or more in a row, wherever they stand; a sentence would put commas between. They are looked for, which
# takes long, where a text names one of these.
_NETWORKS = ("facebook", "twitter")
_BUTTONS = re.compile(
    r"""(?ix) (?:\b(?:send|share|print)\s+)? (?<!\w)
    (?: (?: e-?mail | facebook | twitter | google(?:\+|\ plus)? | whatsapp | tumblr | linkedin | stumble(?:upon)?
          | digg | reddit | newsvine | pinterest | messenger | telegram | instagram | copy\ link | xing | flipboard
        ) (?:\s*\|)?(?:\s+|$) ){3,}
    (?:permalink\s+\S+(?:\s+|$))?"""
)

# A sentence ends with its mark and a quotation mark behind it, or with the line.
_BREAK = re.compile(r"([.!?…][\"”’»]?)(\s+)|()(\n)")

# No menu phrase, credit or source line is longer, in characters.
_LONGEST_PHRASE = 400

_FEWEST_WORDS = 5

# A shorter sentence is boilerplate when it stands so often at the end of the texts that hold it.
_SHARE_AT_END = 0.8

# So many words at the end of a text are tried: as long as a source line is.
_MOST_WORDS_AT_END = 12

# What differs between two uses of the same words: dates, times of day, page numbers.
_VARYING = re.compile(r"\b\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}\b|\b\d{1,2}:\d{2}\b|\bpage\s?\d+\b", re.IGNORECASE)

_DIGIT = re.compile(r"\d")

# A source's recurring sentences are found in so many of its texts, drawn without regard to their order.
_MOST_TEXTS = 2000


def take_off_menus(text: str) -> tuple[str, list[str]]:
    """Take menu phrases and credits off a text, where they are sentences or lines, or run into the next sentence.

    Parameters
    ----------
    text : str

    Returns
    -------
    rest : str
        The text without them; empty when it was nothing else.
    removed : list of str
        What was taken off, in order.
    """
    kept: list[str] = []
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
            kept += [rest, gap]
    return "".join(kept).strip(), removed


@dataclass(frozen=True)
class Recurring:
    """The sentences that recur in one source, as hashes.

    Parameters
    ----------
    anywhere : frozenset of int
        Those that are boilerplate wherever they stand.
    at_end : frozenset of int
        The short ones, which are boilerplate at the end of a text.
    """

    anywhere: frozenset[int] = frozenset()
    at_end: frozenset[int] = frozenset()


class RecurrenceFinder:
    """Finds the sentences that recur in the articles of each source, in memory that hardly grows with the corpus.

    Parameters
    ----------
    fewest_articles : int, default 5
        A sentence recurs when so many different texts of a source hold it ...
    smallest_share : float, default 0.01
        ... and so large a share of the source's texts, whatever dates, times of day and page numbers it names.
        Sentences of fewer than five words ("he said.") recur only where four in five of the texts that hold one end
        with it.

    Notes
    -----
    It keeps the hashes of the sentences of at most 2,000 texts a source: those texts whose own hashes are the smallest,
    which is a random sample whatever the order in which they come.
    """

    def __init__(self, fewest_articles: int = 5, smallest_share: float = 0.01) -> None:
        self.fewest_articles = fewest_articles
        self.smallest_share = smallest_share
        self._samples: dict[str, _Sample] = {}

    def add(self, source: str, text: str) -> None:
        """Take note of an article; a text that is there twice is one text."""
        self._samples.setdefault(source, _Sample()).add(text)

    def find(self) -> dict[str, Recurring]:
        """Give what recurs, by source."""
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
    """The sentences of a text, as hashes; `end` is the last one's, unless it is the only one."""

    long: frozenset[int]
    short: frozenset[int]
    end: int | None


class _Sample:
    """The texts with the smallest hashes."""

    def __init__(self) -> None:
        self._largest_first: list[tuple[int, _Sentences]] = []
        self._keys: set[int] = set()

    @property
    def texts(self) -> list[_Sentences]:
        return [sentences for _, sentences in self._largest_first]

    def add(self, text: str) -> None:
        key = -_hash(text)  # a heap gives up its smallest
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
            frozenset(compress(hashed, (not one for one in long))),
            hashed[-1] if len(hashed) > 1 else None,
        )
        heapq.heappush(self._largest_first, (key, entry))
        self._keys.add(key)


def take_off_recurring(text: str, recurring: Recurring) -> tuple[str, list[str]]:
    """Take sentences that recur in a source off a text.

    Parameters
    ----------
    text : str
    recurring : Recurring
        What `RecurrenceFinder` found for the text's source.

    Returns
    -------
    rest : str
        The text without them; the text as it was when nothing else would be left.
    removed : list of str
        What was taken off.
    """
    if not recurring.anywhere and not recurring.at_end:
        return text, []
    kept: list[str] = []
    removed = []
    for sentence, gap in _sentences(text):
        if _hash(sentence) in recurring.anywhere:
            removed.append(sentence)
        else:
            kept += [sentence, gap]
    rest = "".join(kept).strip()
    while (end := _recurring_end(rest, recurring)) is not None:
        removed.append(rest[end:])
        rest = rest[:end].rstrip()
    return (rest, removed) if rest else (text, [])


def _recurring_end(text: str, recurring: Recurring) -> int | None:
    """Find where a recurring end of a text begins: a sentence, or words that a sentence without its mark runs into."""
    begins = max(0, len(text) - _LONGEST_PHRASE)
    starts = [begins + found.end() for found in re.finditer(r"\s+", text[begins:])][-_MOST_WORDS_AT_END:]
    whole = max((begins + found.end() for found in _BREAK.finditer(text[begins:])), default=0)
    for start in reversed(starts):
        end = text[start:]
        # A lone word may end a sentence as well: "he told Reuters".
        hashed = _hash(end)
        recurs = hashed in recurring.at_end or hashed in recurring.anywhere
        if recurs and (start == whole or len(_words(end)) > 1):
            return start
    return None


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """Part a text into sentences and the white space behind each."""
    start = 0
    for found in _BREAK.finditer(text):
        mark = 1 if found[1] is not None else 3
        yield text[start : found.end(mark)], found[mark + 1]
        start = found.end()
    yield text[start:], ""


def _words(sentence: str) -> list[str]:
    return re.findall(r"\w+", sentence)


def _is_long(sentence: str) -> bool:
    return len(_words(sentence)) >= _FEWEST_WORDS


def _hash(sentence: str) -> int:
    """Hash a sentence, the same whatever dates, times and page numbers it names."""
    if len(sentence) <= _LONGEST_PHRASE and _DIGIT.search(sentence):
        sentence = _VARYING.sub("0", sentence)
    digest = hashlib.blake2b(sentence.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
