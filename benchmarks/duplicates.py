"""Find near-duplicates among 100,000 articles of 3 kB: seconds, peak memory, and the share of planted ones found.

Run with ``python benchmarks/duplicates.py [ARTICLES]``. The words of articles are drawn from a vocabulary with Zipf
frequencies. Every twentieth article is a copy of an earlier one in which 5 % of the words are changed.
"""

from __future__ import annotations

import sys
from time import perf_counter

import numpy as np
from _drawn_articles import draw_vocabulary, draw_words, peak_megabytes, print_memory

from topicdesk.corpus import find_duplicates

_PLANTED_EVERY = 20
_CHANGED = 0.05


def main() -> int:
    """Print the results; return 1 if a planted near-duplicate was missed."""
    n_articles = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rng = np.random.default_rng(0)
    vocabulary = draw_vocabulary(rng)
    articles: list[str] = []
    origins: dict[int, int] = {}
    for number in range(n_articles):
        if number % _PLANTED_EVERY == _PLANTED_EVERY - 1:
            origins[number] = int(rng.integers(number))
            words = np.array(articles[origins[number]].split())
            changed = rng.choice(len(words), int(len(words) * _CHANGED), replace=False)
            words[changed] = vocabulary[rng.integers(len(vocabulary), size=len(changed))]
        else:
            words = draw_words(vocabulary, rng)
        articles.append(" ".join(words))
    before = peak_megabytes()
    start = perf_counter()
    found = find_duplicates(articles)
    seconds = perf_counter() - start
    missed = sum(found.groups[copy] != found.groups[origin] for copy, origin in origins.items())
    mean = sum(map(len, articles)) / n_articles / 1000
    print(f"{n_articles} articles of {mean:.1f} kB: {seconds:.0f} s on one core, {n_articles / seconds:.0f} articles/s")
    print_memory(before)
    print(f"planted near-duplicates missed: {missed} of {len(origins)}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
