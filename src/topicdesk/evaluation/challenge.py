"""Whether a new model takes the place of the one in use, judged on the articles that both were tested on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicdesk.evaluation.bootstrap import with_interval
from topicdesk.evaluation.leaderboard import metric_title, shown
from topicdesk.evaluation.metrics import bootstrap_weights, figures

__all__ = ["Challenge", "challenge", "flipped_decisions"]

# Of fewer articles nothing can be said.
_FEWEST_ARTICLES = 50


@dataclass(frozen=True)
class Challenge:
    """The outcome.

    Parameters
    ----------
    wins : bool
        Whether the new model takes the place.
    reason : str
        A sentence for a reader.
    """

    wins: bool
    reason: str


def challenge(
    in_place: pd.DataFrame,
    new: pd.DataFrame,
    metric: str,
    rope: float = 0.01,
    resamples: int = 1000,
    seed: int = 0,
) -> Challenge:
    """Compare two models by their out-of-fold decisions, article by article.

    The new one is what a comparison named its winner: the simplest that was not shown to be worse than the best. It
    takes the place unless it is shown to be worse than the model in place: unless the paired bootstrap interval of the
    distance lies wholly beyond what matters.

    Parameters
    ----------
    in_place, new : DataFrame
        From `Comparison.predictions`; labels are those of the new one.
    metric : str
        One of `SELECTION_METRICS`.
    rope : float, default 0.01
        Differences up to here do not matter.
    resamples : int, default 1000
    seed : int, default 0

    Returns
    -------
    Challenge
    """
    topics = sorted(set(new["topic"].astype(str)))
    if sorted(set(in_place["topic"].astype(str))) != topics:
        return Challenge(False, "the models give other topics: a person decides, with 'topicdesk promote'")
    shared = sorted(set(in_place["article_id"]) & set(new["article_id"]))
    if len(shared) < _FEWEST_ARTICLES:
        return Challenge(False, f"only {len(shared)} articles were tested by both: a person decides")
    truth = _wide(new[new["repeat"] == new["repeat"].min()], "truth", shared, topics)
    groups = new.drop_duplicates("article_id").set_index("article_id").loc[shared, "group"].to_numpy()
    rng = np.random.default_rng([seed, 4])
    weights = np.vstack([np.ones(len(shared)), bootstrap_weights(groups, resamples, rng)])
    ours, theirs = (_resampled(one, truth, weights, shared, topics, metric) for one in (new, in_place))
    lag = with_interval(theirs - ours, "value", "low", "high")
    told = (
        f"on the {len(shared)} articles that both were tested on, {metric_title(metric)} {shown(float(ours[0]))} "
        "against "
        f"{shown(float(theirs[0]))} of the model in place, {shown(lag['value'], lag['low'], lag['high'])} behind [95 %]"
    )
    if lag["low"] > rope:
        return Challenge(False, f"the new model is shown to be worse: {told}")
    return Challenge(True, f"the new model is not shown to be worse: {told}")


def flipped_decisions(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List where two models decide otherwise about the same article and topic.

    Parameters
    ----------
    before, after : DataFrame
        From `Comparison.predictions`. Of several repeats the majority counts, a tie as not given.

    Returns
    -------
    DataFrame
        Columns ``article_id, topic, labelled, before, after, right``: whether the article is labelled with the topic
        (now), whether each gives it, and which of them is right.
    """
    sides = []
    for side, frame in (("before", before), ("after", after)):
        votes = frame.assign(topic=frame["topic"].astype(str)).groupby(["article_id", "topic"])
        sides.append((votes["decision"].mean() > 0.5).rename(side))
    sides.append((votes["truth"].first() == 1).rename("labelled"))
    both = pd.concat(sides, axis=1, join="inner")
    flips = both[both["before"] != both["after"]].reset_index()
    flips["right"] = np.where(flips["after"] == flips["labelled"], "after", "before")
    return flips[["article_id", "topic", "labelled", "before", "after", "right"]]


def _resampled(
    predictions: pd.DataFrame,
    truth: NDArray[Any],
    weights: NDArray[Any],
    articles: list[str],
    topics: list[str],
    metric: str,
) -> NDArray[Any]:
    repeats = []
    for _, part in predictions.groupby("repeat"):
        decisions = _wide(part, "decision", articles, topics)
        scores = _wide(part, "score", articles, topics)
        folds = part.drop_duplicates("article_id").set_index("article_id")["fold"].reindex(articles).to_numpy()
        repeats.append(figures(truth, decisions, scores, weights, folds)[metric])
    mean: NDArray[Any] = np.mean(repeats, axis=0)
    return mean


def _wide(part: pd.DataFrame, column: str, articles: list[str], topics: list[str]) -> NDArray[Any]:
    table = part.assign(topic=part["topic"].astype(str)).pivot(index="article_id", columns="topic", values=column)
    values = table.reindex(index=articles, columns=topics).to_numpy()
    return np.nan_to_num(values.astype(np.float64)) if column == "score" else values.astype(np.int8)
