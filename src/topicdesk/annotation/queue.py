"""Draw the queue of articles to label next.

A strategy ranks the unlabelled articles of a `Pool`. Topic frequencies and a classifier's precision can only be
estimated from rows drawn at random. Every row therefore records its strategy as its ``sample``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import logit

from topicdesk._renamed import renamed_arguments
from topicdesk.errors import LabelsError, nearest

__all__ = ["QUEUE_COLUMNS", "STRATEGIES", "Pool", "draw_queue", "parse_mix", "queue_of_labelled"]

#: Columns of a queue; ``sample`` is the strategy that drew the article.
QUEUE_COLUMNS = ("article_id", "sample")

# Labelled rows compared with all others at once. Memory grows with this number times the number of articles.
_CHUNK = 512


@dataclass(frozen=True, eq=False)
class Pool:
    """Articles, their labels so far, and the predictions of classifiers for all of them.

    Parameters
    ----------
    ids : ndarray of str, shape (n_articles,)
        Article ids.
    labelled : ndarray of int, shape (n_labelled,)
        Row numbers of labelled articles.
    Y : ndarray of {0, 1}, shape (n_labelled, n_topics)
        Their labels.
    features : csr_matrix, shape (n_articles, n_terms), optional
        Rows with norm 1 or 0. Used by ``diverse``.
    probabilities : ndarray of float, shape (n_articles, n_topics), optional
        Predicted by a classifier fitted on the labelled articles. Used by ``uncertain`` and ``rare-first``.
    votes : ndarray of {0, 1}, shape (n_classifiers, n_articles, n_topics), optional
        Predictions of several classifiers. Used by ``disagreement``.
    task : {"multi-label", "multi-class"}, default "multi-label"
        Whether an article has any number of topics or exactly one.
    """

    ids: NDArray[Any]
    labelled: NDArray[np.intp]
    Y: NDArray[np.int8]
    features: csr_matrix | None = None
    probabilities: NDArray[np.float64] | None = None
    votes: NDArray[np.int8] | None = None
    task: Literal["multi-label", "multi-class"] = "multi-label"

    def unlabelled(self) -> NDArray[np.intp]:
        """Return the row numbers of unlabelled articles."""
        return np.setdiff1d(np.arange(len(self.ids)), self.labelled)


_Strategy = Callable[[Pool, NDArray[np.intp], int, np.random.Generator], NDArray[np.intp]]


@renamed_arguments(seed="random_state")
def draw_queue(pool: Pool, count: int, mix: Mapping[str, float], random_state: int) -> pd.DataFrame:
    """Draw articles to label.

    The random share is drawn first, from all unlabelled articles. Other strategies therefore do not bias it.

    Parameters
    ----------
    pool : Pool
        The articles to draw from.
    count : int
        Number of articles to draw; all unlabelled articles if there are fewer.
    mix : mapping of str to float
        Share of each strategy, such as ``{"random": 0.5, "rare-first": 0.5}``. Shares add up to 1.
    random_state : int
        Seed of the random draw.

    Returns
    -------
    DataFrame of shape (n_drawn, 2)
        `QUEUE_COLUMNS`, in the order to label them. Strategies alternate according to their shares.

    Raises
    ------
    LabelsError
        If a strategy is unknown, shares are not positive or do not add up to 1, or the pool lacks the input of a
        strategy.
    """
    _check_mix(mix)
    rng = np.random.default_rng(random_state)
    remaining = pool.unlabelled()
    turns = _turns(mix, min(count, len(remaining)))
    rows_of: dict[str, list[int]] = {}
    for name in sorted(mix, key=lambda name: name != "random"):
        n_rows = turns.count(name)
        chosen = STRATEGIES[name](pool, remaining, n_rows, rng) if n_rows else np.empty(0, dtype=np.intp)
        rows_of[name] = chosen.tolist()
        remaining = np.setdiff1d(remaining, chosen)
    rows = [(rows_of[name].pop(0), name) for name in turns]
    return pd.DataFrame(
        {"article_id": pool.ids[[row for row, _ in rows]], "sample": [name for _, name in rows]},
        columns=list(QUEUE_COLUMNS),
    )


def queue_of_labelled(labels: pd.DataFrame, articles: Sequence[str]) -> pd.DataFrame:
    """Return a queue to label articles again.

    Parameters
    ----------
    labels : DataFrame
        Labels of the articles, with the columns ``article_id`` and ``sample``.
    articles : sequence of str
        Ids of the articles.

    Returns
    -------
    DataFrame of shape (n_articles, 2)
        `QUEUE_COLUMNS`. Each article keeps the sample of its label.
    """
    samples = labels.set_index("article_id")["sample"].reindex(pd.Index(articles))
    return pd.DataFrame({"article_id": articles, "sample": samples.to_numpy(dtype=object)})


def parse_mix(text: str) -> dict[str, float]:
    """Parse a mix such as ``random=0.5,rare-first=0.5``, or the name of one strategy.

    Raises
    ------
    LabelsError
        If the text cannot be parsed (see also `draw_queue`).
    """
    mix = {}
    for part in text.split(","):
        name, equals, share = part.partition("=")
        try:
            mix[name.strip()] = float(share) if equals else 1.0
        except ValueError as error:
            raise LabelsError(
                f"mix {text!r}: {share!r} is not a number. Write it as random=0.5,rare-first=0.5"
            ) from error
    _check_mix(mix)
    return mix


def _check_mix(mix: Mapping[str, float]) -> None:
    for name, share in mix.items():
        if name not in STRATEGIES:
            raise LabelsError(f"no strategy called {name!r}; {nearest(name, STRATEGIES)}")
        if not share > 0:
            raise LabelsError(f"strategy {name!r} has the share {share:g}. Set it above 0, or leave the strategy out.")
    if not np.isclose(sum(mix.values()), 1):
        raise LabelsError(f"the shares {dict(mix)} add up to {sum(mix.values()):g}, but must add up to 1.")


def _turns(mix: Mapping[str, float], count: int) -> list[str]:
    """Interleave strategies: in the first k places, for every k, each has its share up to rounding."""
    counts = dict.fromkeys(mix, 0)
    turns = []
    for position in range(1, count + 1):
        name = max(mix, key=lambda name: mix[name] * position - counts[name])
        counts[name] += 1
        turns.append(name)
    return turns


def _random(pool: Pool, left: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw uniformly at random. Only these rows may be used to estimate frequencies."""
    return rng.permutation(left)[:count]


def _uncertain(pool: Pool, left: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the articles with the smallest margin (Scheffer et al. 2001; Settles 2009, section 3.1).

    For multi-class data, the margin is the difference between the two highest probabilities. For multi-label data,
    topics take turns, the one with the fewest positives first. Each takes the article closest to its cut-off.
    Probabilities of a rare topic rarely reach 0.5. The cut-off is therefore a quantile: the share of articles above it
    equals the share of positives among the labelled articles.
    """
    probabilities = _needed(pool.probabilities, "uncertain", "probabilities")[left]
    if pool.task == "multi-class":
        ordered = np.sort(probabilities, axis=1)
        return left[_order(ordered[:, -1] - ordered[:, -2], rng)[:count]]
    shares = (pool.Y.sum(axis=0) + 1) / (len(pool.Y) + 2)  # smoothed: 0.5 without labels
    odds = logit(np.clip(probabilities, 1e-6, 1 - 1e-6))
    cuts = np.array([np.quantile(odds[:, topic], 1 - shares[topic]) for topic in range(odds.shape[1])])
    orders = [_order(np.abs(odds[:, topic] - cuts[topic]), rng) for topic in np.argsort(shares, kind="stable")]
    return left[list(islice(dict.fromkeys(chain.from_iterable(zip(*orders, strict=True))), count))]


def _rare_first(pool: Pool, left: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return, one by one, the most likely article of the topic with the fewest positives, labelled plus expected."""
    probabilities = _needed(pool.probabilities, "rare-first", "probabilities")
    positives = pool.Y.sum(axis=0).astype(float)
    by_topic = [left[_order(-probabilities[left, topic], rng)] for topic in range(probabilities.shape[1])]
    next_of = [0] * len(by_topic)
    taken: set[int] = set()
    chosen: list[int] = []
    while len(chosen) < count:
        topic = int(positives.argmin())
        order = by_topic[topic]
        while order[next_of[topic]] in taken:
            next_of[topic] += 1
        row = int(order[next_of[topic]])
        taken.add(row)
        chosen.append(row)
        # Count at least 0.1 positives, or the loop would stay with a topic that the classifier never predicts.
        positives += probabilities[row]
        positives[topic] += max(0.0, 0.1 - probabilities[row, topic])
    return np.array(chosen, dtype=np.intp)


def _diverse(pool: Pool, left: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return, one by one, the article farthest from all labelled or chosen articles: greedy k-centre.

    Sener and Savarese (2018), "Active learning for convolutional neural networks: a core-set approach", algorithm 1,
    with the cosine similarity of TF-IDF vectors.
    """
    features = pool.features
    if features is None:
        raise _lacking("diverse", "features")
    # Texts without terms are far from all others but not informative. A similarity above 1 puts them last.
    norms = np.asarray(features.multiply(features).sum(axis=1)).ravel()
    nearest_to = np.where(norms[left] > 0, 0.0, 2.0)
    for start in range(0, len(pool.labelled), _CHUNK):
        centres = features[pool.labelled[start : start + _CHUNK]]
        similarity = (features[left] @ centres.T).max(axis=1).toarray().ravel()
        np.maximum(nearest_to, similarity, out=nearest_to)
    nearest_to += rng.uniform(0, 1e-9, len(left))  # breaks ties at random
    candidates = features[left]
    chosen = []
    for _ in range(count):
        index = int(nearest_to.argmin())
        chosen.append(index)
        np.maximum(nearest_to, (candidates @ candidates[index].T).toarray().ravel(), out=nearest_to)
        nearest_to[index] = np.inf
    return left[chosen]


def _disagreement(pool: Pool, left: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the articles that classifiers disagree about most: query by committee (Seung, Opper, Sompolinsky 1992).

    Disagreement is the variance of the votes, summed over topics.
    """
    share = _needed(pool.votes, "disagreement", "votes of several classifiers")[:, left].mean(axis=0)
    return left[_order(-(share * (1 - share)).sum(axis=1), rng)[:count]]


#: Sampling strategies by name.
STRATEGIES: dict[str, _Strategy] = {
    "random": _random,
    "uncertain": _uncertain,
    "rare-first": _rare_first,
    "diverse": _diverse,
    "disagreement": _disagreement,
}


def _order(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the order by value, ties broken at random: the order of the corpus must not matter."""
    return np.lexsort((rng.random(len(values)), values))


def _needed(found: Any, strategy: str, what: str) -> NDArray[Any]:
    if found is None:
        raise _lacking(strategy, what)
    return np.asarray(found)


def _lacking(strategy: str, what: str) -> LabelsError:
    return LabelsError(f"{strategy} needs {what}, but the pool has none. Label some articles first, or draw at random.")
