"""What to label next: which articles, in which order, and how each was drawn.

A strategy looks at a `Pool` and orders its unlabelled articles. Only rows drawn at random tell how frequent topics are
and how precise a classifier is: every drawn row keeps its strategy as its ``sample``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import logit

from topicdesk.errors import LabelsError, nearest

__all__ = ["QUEUE_COLUMNS", "STRATEGIES", "Pool", "draw_queue", "parse_mix"]

#: Columns of a queue; ``sample`` is the strategy that drew the article.
QUEUE_COLUMNS = ("article_id", "sample")

# As many rows as are compared with all others at once: memory of so many times the number of articles.
_CHUNK = 512


@dataclass(frozen=True, eq=False)
class Pool:
    """Articles, what is labelled of them, and what classifiers say of all.

    Parameters
    ----------
    ids : ndarray of str, shape (n_articles,)
    labelled : ndarray of int, shape (n_labelled,)
        Row numbers.
    Y : ndarray of {0, 1}, shape (n_labelled, n_topics)
    features : csr_matrix, shape (n_articles, n_terms), optional
        Rows of length 1, or 0; what ``diverse`` measures distances by.
    probabilities : ndarray of float, shape (n_articles, n_topics), optional
        Of a classifier fitted on the labelled; what ``uncertain`` and ``rare-first`` go by.
    votes : ndarray of {0, 1}, shape (n_classifiers, n_articles, n_topics), optional
        What ``disagreement`` goes by.
    task : {"multi-label", "multi-class"}, default "multi-label"
    """

    ids: NDArray[Any]
    labelled: NDArray[np.intp]
    Y: NDArray[np.int8]
    features: csr_matrix | None = None
    probabilities: NDArray[np.float64] | None = None
    votes: NDArray[np.int8] | None = None
    task: Literal["multi-label", "multi-class"] = "multi-label"

    def unlabelled(self) -> NDArray[np.intp]:
        """Give the row numbers that are not labelled."""
        return np.setdiff1d(np.arange(len(self.ids)), self.labelled)


_Strategy = Callable[[Pool, NDArray[np.intp], int, np.random.Generator], NDArray[np.intp]]


def draw_queue(pool: Pool, count: int, mix: Mapping[str, float], seed: int) -> pd.DataFrame:
    """Draw articles to label.

    The random share is drawn first, from all unlabelled articles: what another strategy likes is neither more nor less
    likely in it.

    Parameters
    ----------
    pool : Pool
    count : int
        How many; all there are when fewer.
    mix : mapping of str to float
        Share of each strategy, such as ``{"random": 0.5, "rare-first": 0.5}``; they add up to 1.
    seed : int

    Returns
    -------
    DataFrame of shape (n_drawn, 2)
        `QUEUE_COLUMNS`, in the order to label them in: strategies take turns by their shares.

    Raises
    ------
    LabelsError
        For an unknown strategy, shares that do not add up to 1, or a strategy that the pool has nothing for.
    """
    _check_mix(mix)
    rng = np.random.default_rng(seed)
    left = pool.unlabelled()
    turns = _turns(mix, min(count, len(left)))
    drawn: dict[str, list[int]] = {}
    for name in sorted(mix, key=lambda name: name != "random"):
        wanted = turns.count(name)
        chosen = STRATEGIES[name](pool, left, wanted, rng) if wanted else np.empty(0, dtype=np.intp)
        drawn[name] = chosen.tolist()
        left = np.setdiff1d(left, chosen)
    rows = [(drawn[name].pop(0), name) for name in turns]
    return pd.DataFrame(
        {"article_id": pool.ids[[row for row, _ in rows]], "sample": [name for _, name in rows]},
        columns=list(QUEUE_COLUMNS),
    )


def parse_mix(text: str) -> dict[str, float]:
    """Read a mix as a person writes it: ``random=0.5,rare-first=0.5``, or one strategy's name.

    Raises
    ------
    LabelsError
        When it cannot be read (see also `draw_queue`).
    """
    mix = {}
    for part in text.split(","):
        name, equals, share = part.partition("=")
        try:
            mix[name.strip()] = float(share) if equals else 1.0
        except ValueError as error:
            raise LabelsError(f"mix {text!r}: {share!r} is no share. Write it as random=0.5,rare-first=0.5") from error
    _check_mix(mix)
    return mix


def _check_mix(mix: Mapping[str, float]) -> None:
    for name, share in mix.items():
        if name not in STRATEGIES:
            raise LabelsError(f"no strategy called {name!r}; {nearest(name, STRATEGIES)}")
        if not share > 0:
            raise LabelsError(f"strategy {name!r} has the share {share:g}: it must be above 0, or left out.")
    if not np.isclose(sum(mix.values()), 1):
        raise LabelsError(f"the shares {dict(mix)} add up to {sum(mix.values()):g}, not to 1.")


def _turns(mix: Mapping[str, float], count: int) -> list[str]:
    """Spread strategies over places, so that each has its share of any beginning, as nearly as whole numbers can."""
    given = dict.fromkeys(mix, 0)
    turns = []
    for place in range(1, count + 1):
        name = max(mix, key=lambda name: mix[name] * place - given[name])
        given[name] += 1
        turns.append(name)
    return turns


def _random(pool: Pool, left: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw uniformly: the only rows that frequencies may be estimated from."""
    return rng.permutation(left)[:count]


def _uncertain(pool: Pool, left: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Take those nearest to a decision: the smallest margin (Scheffer et al. 2001; Settles 2009, section 3.1).

    Of multi-class data the margin is that of the two likeliest classes. Topics that are asked for one by one take
    turns, the one with fewest positives first, each with the article nearest to where its decision falls. Probabilities
    of a rare topic hardly reach one half, so that is where the share of articles above is that of its positives.
    """
    likely = _needed(pool.probabilities, "uncertain", "probabilities")[left]
    if pool.task == "multi-class":
        ordered = np.sort(likely, axis=1)
        return left[_order(ordered[:, -1] - ordered[:, -2], rng)[:count]]
    shares = (pool.Y.sum(axis=0) + 1) / (len(pool.Y) + 2)  # of no label at all: one half
    odds = logit(np.clip(likely, 1e-6, 1 - 1e-6))
    cuts = np.array([np.quantile(odds[:, topic], 1 - shares[topic]) for topic in range(odds.shape[1])])
    orders = [_order(np.abs(odds[:, topic] - cuts[topic]), rng) for topic in np.argsort(shares, kind="stable")]
    return left[list(islice(dict.fromkeys(chain.from_iterable(zip(*orders, strict=True))), count))]


def _rare_first(pool: Pool, left: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Take, turn by turn, the likeliest article of the topic that has the fewest positives, labelled or expected."""
    likely = _needed(pool.probabilities, "rare-first", "probabilities")
    have = pool.Y.sum(axis=0).astype(float)
    by_topic = [left[_order(-likely[left, topic], rng)] for topic in range(likely.shape[1])]
    next_of = [0] * len(by_topic)
    taken: set[int] = set()
    chosen: list[int] = []
    while len(chosen) < count:
        topic = int(have.argmin())
        order = by_topic[topic]
        while order[next_of[topic]] in taken:
            next_of[topic] += 1
        row = int(order[next_of[topic]])
        taken.add(row)
        chosen.append(row)
        # Expectations alone would stay with a topic that no classifier knows yet.
        have += likely[row]
        have[topic] += max(0.0, 0.1 - likely[row, topic])
    return np.array(chosen, dtype=np.intp)


def _diverse(pool: Pool, left: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Take, again and again, the article farthest from all that are labelled or taken: greedy k-centre.

    Sener and Savarese (2018), "Active learning for convolutional neural networks: a core-set approach", algorithm 1;
    here by the cosine between TF-IDF vectors.
    """
    features = pool.features
    if features is None:
        raise _lacking("diverse", "features")
    # Texts without a term are far from everything and teach nothing: they come last, as if closer than any could be.
    norms = np.asarray(features.multiply(features).sum(axis=1)).ravel()
    nearest_to = np.where(norms[left] > 0, 0.0, 2.0)
    for start in range(0, len(pool.labelled), _CHUNK):
        centres = features[pool.labelled[start : start + _CHUNK]]
        alike = (features[left] @ centres.T).max(axis=1).toarray().ravel()
        np.maximum(nearest_to, alike, out=nearest_to)
    nearest_to += rng.uniform(0, 1e-9, len(left))  # ties fall by chance
    among = features[left]
    chosen = []
    for _ in range(count):
        place = int(nearest_to.argmin())
        chosen.append(place)
        np.maximum(nearest_to, (among @ among[place].T).toarray().ravel(), out=nearest_to)
        nearest_to[place] = np.inf
    return left[chosen]


def _disagreement(pool: Pool, left: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Take those on whose topics classifiers are most divided: query by committee (Seung, Opper and Sompolinsky 1992).

    Measured as the variance of the votes, added up over topics.
    """
    share = _needed(pool.votes, "disagreement", "votes of several classifiers")[:, left].mean(axis=0)
    return left[_order(-(share * (1 - share)).sum(axis=1), rng)[:count]]


#: What can be drawn by, by name.
STRATEGIES: dict[str, _Strategy] = {
    "random": _random,
    "uncertain": _uncertain,
    "rare-first": _rare_first,
    "diverse": _diverse,
    "disagreement": _disagreement,
}


def _order(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Order by value, ties by chance: what stands first in a corpus is no better."""
    return np.lexsort((rng.random(len(values)), values))


def _needed(found: Any, strategy: str, what: str) -> NDArray[Any]:
    if found is None:
        raise _lacking(strategy, what)
    return np.asarray(found)


def _lacking(strategy: str, what: str) -> LabelsError:
    return LabelsError(f"{strategy} needs {what}, and the pool has none. Label some articles first, or draw at random.")
