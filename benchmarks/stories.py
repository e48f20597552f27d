"""Group 20,000 articles of 3 kB by story: seconds, peak memory, and the share of planted stories found.

Run with ``python benchmarks/stories.py [ARTICLES]``. The words of articles are drawn from a vocabulary with Zipf
frequencies. Every twentieth article is about the story of an earlier one: half of its words are from that article, in
another order.
"""

from __future__ import annotations

import sys
from time import perf_counter

import numpy as np
from _drawn_articles import WORDS_OF_3_KB, draw_vocabulary, draw_words, peak_megabytes, print_memory

from topicdesk.corpus import find_duplicates, find_stories

_PLANTED_EVERY = 20


def main() -> int:
    """Print the results; return 1 if a planted story was missed."""
    n_articles = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rng = np.random.default_rng(0)
    vocabulary = draw_vocabulary(rng)
    articles: list[str] = []
    origins: dict[int, int] = {}
    for number in range(n_articles):
        words = list(draw_words(vocabulary, rng))
        if number % _PLANTED_EVERY == _PLANTED_EVERY - 1:
            origins[number] = int(rng.integers(number))
            kept = rng.permutation(articles[origins[number]].split())[: WORDS_OF_3_KB // 2]
            words = [*kept, *words[: WORDS_OF_3_KB // 2]]
        articles.append(" ".join(words))
    before = peak_megabytes()
    start = perf_counter()
    found = find_stories(articles)
    seconds = perf_counter() - start
    missed = sum(found.groups[row] != found.groups[origin] for row, origin in origins.items())
    duplicates = find_duplicates(articles).groups
    repeated = sum(duplicates[row] == duplicates[origin] for row, origin in origins.items())
    mean = sum(map(len, articles)) / n_articles / 1000
    print(f"{n_articles} articles of {mean:.1f} kB: {seconds:.0f} s on one core; threshold {found.threshold:g}")
    print_memory(before)
    print(f"planted stories missed: {missed} of {len(origins)}; near-duplicates among them: {repeated}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
