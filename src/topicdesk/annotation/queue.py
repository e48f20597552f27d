"""Draw the queue of articles to label next.

A strategy ranks the unlabelled articles of a `Pool`. Figures for the corpus can only be estimated if the probability of
each row is known. Every row therefore records its strategy as its ``sample``, its draw, and the size of its stratum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

from topicdesk._arguments import check_integer, check_random_state
from topicdesk._renamed import renamed_arguments
from topicdesk.annotation._design import design_of, with_design
from topicdesk.annotation.pool import Pool, pool_of_texts
from topicdesk.errors import LabelsError, nearest

__all__ = ["QUEUE_COLUMNS", "STRATEGIES", "draw_queue", "parse_mix", "queue_of_labelled"]

#: Columns that a queue must have; ``sample`` is the strategy that drew the article.
QUEUE_COLUMNS = ("article_id", "sample")

# Labelled rows compared with all others at once. Memory grows with this number times the number of articles.
_CHUNK = 512


_Strategy = Callable[[Pool, NDArray[np.intp], int, np.random.Generator], NDArray[np.intp]]


@renamed_arguments(seed="random_state", pool="texts", mix="strategy")
def draw_queue(
    texts: Pool | pd.DataFrame | pd.Series | Sequence[Any] | NDArray[Any],
    count: int,
    strategy: str | Mapping[str, float] = "random",
    random_state: int = 0,
    *,
    probabilities: ArrayLike | pd.DataFrame | None = None,
    features: Any = None,
    votes: ArrayLike | None = None,
    labelled: ArrayLike | None = None,
    y: Any = None,
    topics: Sequence[str] | None = None,
    ids: ArrayLike | None = None,
    task: Literal["multi-label", "multi-class"] | None = None,
    text: str | Sequence[str] | None = None,
    draw: int | None = None,
) -> pd.DataFrame:
    """Draw texts to label.

    Other strategies pick their texts first. The random share is then drawn uniformly from the rest, so that every text
    has a known probability, and figures for all texts can be estimated (see `topicdesk.annotation.sampling_weights`).

    Parameters
    ----------
    texts : DataFrame, Series, sequence or Pool
        The texts to draw from, one per row. Only the strategy ``diverse`` reads them, and only if `features` are not
        given. A `Pool` has everything, so the options below do not apply to it.
    count : int
        Number of texts to draw; all unlabelled texts if there are fewer.
    strategy : str or mapping of str to float, default "random"
        Name of a strategy, or the share of each, such as ``{"random": 0.5, "rare-first": 0.5}``. Shares add up to 1.
        ``random`` draws uniformly, ``uncertain`` where probabilities are closest to a decision, ``rare-first`` likely
        texts of the topics with the fewest labels, ``diverse`` texts unlike the labelled ones and each other,
        ``disagreement`` where classifiers disagree.
    random_state : int, default 0
        Seed of the random draw, and of the order of ties.
    probabilities : array-like or DataFrame of float, shape (n_texts, n_topics), optional
        Predicted probabilities, for ``uncertain`` and ``rare-first``. In one dimension: those of one topic.
    features : array or sparse matrix of shape (n_texts, n_features), optional
        Features for ``diverse``, compared by cosine similarity. By default TF-IDF features of the texts.
    votes : array-like of shape (n_classifiers, n_texts) or (n_classifiers, n_texts, n_topics), optional
        Classes, or indicators of {0, 1}, that several classifiers predicted, for ``disagreement``.
    labelled : array-like of int or bool, optional
        Rows that are labelled already, as row numbers or a mask. They are not drawn. By default none.
    y : Series, sequence, array or DataFrame, optional
        Labels of the rows `labelled`, in any form that `topicdesk.make_dataset` takes.
    topics : sequence of str, optional
        Names of the columns of `probabilities`. By default those of a DataFrame, else the labels in `y`, sorted as in
        scikit-learn's ``classes_``.
    ids : array-like of shape (n_texts,), optional
        Ids of the texts. By default the index of `texts`, else row numbers.
    task : {"multi-label", "multi-class"}, optional
        Whether a text has any number of topics or exactly one. By default as in `y`; without `y`, multi-class if each
        row of two or more `probabilities` adds up to 1.
    text : str or sequence of str, optional
        Columns of the DataFrame that form the text, as in `topicdesk.make_dataset`.
    draw : int, optional
        Number of this draw: one more than that of the labels. By default 2 if rows are labelled, else 1.

    Returns
    -------
    DataFrame of shape (n_drawn, 4)
        In the order to label them; strategies alternate according to their shares. Columns: ``article_id``;
        ``sample``, the strategy; ``draw``; ``stratum_size``, the number of texts that the strategy picked, or from
        which the random share was drawn. It is missing if there is no random share. Keep all columns with the labels:
        rows of the sample ``random`` are typical of the texts that were not picked, not of all texts.

    Raises
    ------
    LabelsError
        If a strategy is unknown, shares are not positive or do not add up to 1, the input of a strategy is missing, or
        an argument has another length than `texts`.
    CorpusError
        If ``diverse`` needs the texts, and one is missing or not a string.
    ValueError
        If `count`, `random_state` or `task` is out of range.

    See Also
    --------
    topicdesk.experiment.queue_for : Draw the queue of an experiment's spec.
    topicdesk.annotate : Label the queue in a notebook.

    Notes
    -----
    If there is a random share, the picks of a strategy are in random order. You can stop anywhere: what is labelled is
    a uniform sample of each stratum. Without a random share, the most useful texts come first.

    For multi-label data, ``uncertain`` takes texts near a quantile of each topic's probabilities. With `y`, the share
    of texts above it is the share of the topic's labels. Without `y`, it is the mean probability.

    References
    ----------
    Settles (2009), "Active learning literature survey", for ``uncertain`` and ``disagreement``. Sener and Savarese
    (2018), "Active learning for convolutional neural networks: a core-set approach", for ``diverse``.

    Examples
    --------
    >>> import pandas as pd
    >>> import topicdesk
    >>> texts = pd.Series(["tram", "trial", "tram trial", "sun"], index=["a", "b", "c", "d"])
    >>> probabilities = [[0.99, 0.01], [0.05, 0.95], [0.55, 0.45], [0.7, 0.3]]
    >>> topicdesk.draw_queue(texts, 2, "uncertain", probabilities=probabilities)
      article_id     sample  draw  stratum_size
    0          c  uncertain     1          <NA>
    1          d  uncertain     1          <NA>
    >>> topicdesk.draw_queue(texts, 2, {"random": 0.5, "uncertain": 0.5}, probabilities=probabilities)
      article_id     sample  draw  stratum_size
    0          b     random     1             3
    1          c  uncertain     1             1
    """
    mix = _mix(strategy)
    check_integer("count", count)
    check_random_state(random_state)
    options = {
        "probabilities": probabilities, "features": features, "votes": votes, "labelled": labelled, "y": y,
        "topics": topics, "ids": ids, "task": task, "text": text, "draw": draw,
    }  # fmt: skip
    if isinstance(texts, Pool):
        given = [name for name, value in options.items() if value is not None]
        if given:
            raise LabelsError(f"{given[0]} does not apply to a Pool, which has its own.")
        return _drawn(texts, int(count), mix, int(random_state))
    return _drawn(pool_of_texts(texts, mix, **options), int(count), mix, int(random_state)).infer_objects()


def _mix(strategy: Any) -> dict[str, float]:
    if isinstance(strategy, str):
        return parse_mix(strategy)
    if not isinstance(strategy, Mapping):
        raise LabelsError(f"strategy must be a name, or a mapping of names to shares; got {type(strategy).__name__}.")
    if not strategy:
        raise LabelsError("strategy is empty. Name at least one strategy.")
    _check_mix(strategy)
    return dict(strategy)


def _drawn(pool: Pool, count: int, mix: Mapping[str, float], random_state: int) -> pd.DataFrame:
    rng = np.random.default_rng(random_state)
    remaining = pool.unlabelled()
    turns = _turns(mix, min(count, len(remaining)))
    rows_of: dict[str, list[int]] = {}
    stratum_sizes: dict[str, Any] = {}
    for name in sorted(mix, key=lambda name: name == "random"):
        n_rows = turns.count(name)
        chosen = STRATEGIES[name](pool, remaining, n_rows, rng) if n_rows else np.empty(0, dtype=np.intp)
        if "random" in turns:
            # An annotator may stop early. In random order, the first picks are a uniform sample of all.
            chosen = rng.permutation(chosen)
            stratum_sizes[name] = len(remaining) if name == "random" else len(chosen)
        rows_of[name] = chosen.tolist()
        remaining = np.setdiff1d(remaining, chosen)
    drawn = np.array([rows_of[name].pop(0) for name in turns], dtype=np.intp)
    return pd.DataFrame(
        {
            "article_id": pool.ids[drawn],
            "sample": turns,
            "draw": np.full(len(turns), pool.next_draw, dtype=np.int64),
            "stratum_size": pd.array([stratum_sizes.get(name, pd.NA) for name in turns], dtype="Int64"),
        }
    )


def queue_of_labelled(labels: pd.DataFrame, articles: Sequence[str]) -> pd.DataFrame:
    """Return a queue to label articles again.

    Parameters
    ----------
    labels : DataFrame
        Labels of the articles, with the columns ``article_id`` and ``sample``, and possibly ``draw``,
        ``stratum_size`` and ``inclusion_probability``.
    articles : sequence of str
        Ids of the articles.

    Returns
    -------
    DataFrame of shape (n_articles, ...)
        `QUEUE_COLUMNS`, and those of the design that `labels` has. Each article keeps the values of its label.
    """
    by_article = labels.set_index("article_id").reindex(pd.Index(articles))
    queue = pd.DataFrame({"article_id": articles, "sample": by_article["sample"].to_numpy(dtype=object)})
    return with_design(queue, design_of(by_article, "labels"))


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
        if isinstance(share, bool) or not isinstance(share, int | float | np.number):
            raise LabelsError(f"strategy {name!r} has the share {share!r}. Shares are numbers that add up to 1.")
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
    """Draw uniformly at random."""
    return rng.permutation(left)[:count]


def _uncertain(pool: Pool, left: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the articles with the smallest margin (Scheffer et al. 2001; Settles 2009, section 3.1).

    For multi-class data, the margin is the difference between the two highest probabilities. For multi-label data,
    topics take turns, the one with the fewest positives first. Each takes the article closest to its cut-off.
    Probabilities of a rare topic rarely reach 0.5. The cut-off is therefore a quantile: the share of articles above it
    equals the share of positives among the labelled articles, or the pool's `shares`.
    """
    probabilities = _needed(pool.probabilities, "uncertain", "probabilities")[left]
    if pool.task == "multi-class":
        ordered = np.sort(probabilities, axis=1)
        return left[_order(ordered[:, -1] - ordered[:, -2], rng)[:count]]
    shares = pool.shares
    if shares is None:
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
