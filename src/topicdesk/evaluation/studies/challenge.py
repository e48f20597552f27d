"""Decide whether a new model replaces the current one, based on the articles that both were tested on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicdesk._proportions import NORMAL
from topicdesk._renamed import renamed_arguments
from topicdesk.evaluation._bootstrap import difference_interval, one_article
from topicdesk.evaluation.classifiers import CLASSIFIERS
from topicdesk.evaluation.leaderboard import metric_title, shown, shown_decrease
from topicdesk.evaluation.metrics import observed_and_bootstrap_weights, weighted_metric_values

__all__ = ["Challenge", "challenge", "flipped_decisions"]

# With fewer shared articles, the comparison is inconclusive.
_FEWEST_ARTICLES = 50

# Number of folds that stands for a published split, whose training articles are not among the predictions.
_USUAL_FOLDS = 5


@dataclass(frozen=True)
class Challenge:
    """Outcome of `challenge`.

    Parameters
    ----------
    wins : bool
        Whether the new model replaces the current one.
    reason : str
        Explanation for the user.
    difference, low, high : float
        The new model's metric minus the current one's, and its paired 95 % interval. NaN if they cannot be compared.
    """

    wins: bool
    reason: str
    difference: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")


@renamed_arguments(seed="random_state")
def challenge(
    in_place: pd.DataFrame,
    new: pd.DataFrame,
    metric: str,
    rope: float = 0.01,
    resamples: int = 1000,
    random_state: int = 0,
    classifiers: tuple[str, str] = ("", ""),
) -> Challenge:
    """Compare two models by their out-of-fold decisions on the same articles.

    The new model replaces the current one in two cases. Either it is shown to be better: the paired 95 % interval of
    the difference lies above 0. Or it is simpler and equivalent: the whole interval is within `rope`. Otherwise the
    current model stays.

    Parameters
    ----------
    in_place, new : DataFrame
        Predictions of the current and of the new model, from `Comparison.predictions`. True labels and sampling weights
        are taken from `new`.
    metric : str
        One of `SELECTION_METRICS`.
    rope : float, default 0.01
        Differences up to this value do not matter.
    resamples : int, default 1000
        Number of bootstrap resamples.
    random_state : int, default 0
        Random seed of the bootstrap.
    classifiers : tuple of str, default ("", "")
        Names of the classifiers of the current and of the new model. topicdesk's classifiers are ordered from the
        simplest to the most complex. A classifier of the user is never taken to be simpler.

    Returns
    -------
    Challenge
    """
    topics = sorted(set(new["topic"].astype(str)))
    if sorted(set(in_place["topic"].astype(str))) != topics:
        return Challenge(False, "the models predict different topics; decide yourself, with 'topicdesk promote'")
    shared = sorted(set(in_place["article_id"]) & set(new["article_id"]))
    if len(shared) < _FEWEST_ARTICLES:
        return Challenge(
            False, f"only {len(shared)} articles were tested by both models, too few to compare; decide yourself"
        )
    truth = _wide(new.drop_duplicates(["article_id", "topic"]), "truth", shared, topics)
    groups = new.drop_duplicates("article_id").set_index("article_id").loc[shared, "group"].to_numpy()
    rng = np.random.default_rng([random_state, 4])
    weights = observed_and_bootstrap_weights(groups, resamples, rng) * _sampling_weights(new, shared)
    new_values, current_values = (
        _resampled(predictions, truth, weights, shared, topics, metric) for predictions in (new, in_place)
    )
    interval = _interval(new_values - current_values, _factor(new), one_article(metric, truth.sum(axis=0), len(truth)))
    lead = shown_decrease(interval["value"], interval["low"], interval["high"], ("ahead by", "behind by"))
    description = (
        f"on the {len(shared)} articles that both were tested on, {metric_title(metric)} is "
        f"{shown(float(new_values[0]))} for the new model and {shown(float(current_values[0]))} for the current model; "
        f"the new model is {lead} [95 %]"
    )
    difference = (interval["value"], interval["low"], interval["high"])
    if interval["low"] > 0:
        return Challenge(True, f"the new model is shown to be better: {description}", *difference)
    if interval["high"] < 0:
        return Challenge(False, f"the new model is shown to be worse: {description}", *difference)
    if interval["low"] >= -rope and interval["high"] <= rope:
        equivalent = f"equivalent within {rope:g}"
        if _is_simpler(*reversed(classifiers)):
            return Challenge(True, f"the new model is simpler, and {equivalent}: {description}", *difference)
        return Challenge(False, f"the new model is {equivalent}, but not simpler: {description}", *difference)
    return Challenge(False, f"the new model is not shown to be better: {description}", *difference)


def _interval(difference: NDArray[np.float64], factor: float, effect: float) -> dict[str, float]:
    """Return the interval of a difference. One that does not vary is as uncertain as the decision about one article."""
    interval = difference_interval(difference, factor)
    if interval["high"] - interval["low"] > 1e-12:
        return interval
    half = NORMAL * factor * effect
    return interval | {"low": interval["value"] - half, "high": interval["value"] + half}


def _sampling_weights(predictions: pd.DataFrame, articles: list[str]) -> NDArray[np.float64]:
    """Return the sampling weight of each article; 1 in predictions of earlier versions."""
    if "weight" not in predictions:
        return np.ones(len(articles))
    weights = predictions.drop_duplicates("article_id").set_index("article_id")["weight"]
    return weights.loc[articles].to_numpy(dtype=np.float64)


def _factor(predictions: pd.DataFrame) -> float:
    """Return the factor of the standard error for the choice of training articles (see `training_factor`)."""
    folds = int(predictions.groupby("repeat")["fold"].nunique().max())
    if folds < 2:
        folds = _USUAL_FOLDS
    return float(np.sqrt(1 + folds / (folds - 1)))


def _is_simpler(first: str, second: str) -> bool:
    """Return whether one classifier is simpler than another: it comes earlier among topicdesk's classifiers."""
    order = list(CLASSIFIERS)
    return first in order and (second not in order or order.index(first) < order.index(second))


def flipped_decisions(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the articles and topics on which two models disagree.

    Parameters
    ----------
    before, after : DataFrame
        Predictions of the two models, from `Comparison.predictions`. With several repeats, the majority counts; on a
        tie, the topic is not predicted.

    Returns
    -------
    DataFrame
        Columns ``article_id, topic, labelled, before, after, right``: whether the article has the topic in the current
        labels, whether each model predicts it, and which model is right.
    """
    sides = []
    for side, frame in (("before", before), ("after", after)):
        votes = frame.assign(topic=frame["topic"].astype(str)).groupby(["article_id", "topic"])
        sides.append((votes["decision"].mean() > 0.5).rename(side))
    sides.append((votes["truth"].first() == 1).rename("labelled"))
    table = pd.concat(sides, axis=1, join="inner")
    flips = table[table["before"] != table["after"]].reset_index()
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
        # A repeat need not test every article.
        of_article = part.drop_duplicates("article_id").set_index("article_id")["fold"].reindex(articles)
        tested = of_article.notna().to_numpy()
        names = [article for article, is_tested in zip(articles, tested, strict=True) if is_tested]
        decisions, scores = (_wide(part, column, names, topics) for column in ("decision", "score"))
        folds = of_article[tested].to_numpy(dtype=np.intp)
        repeats.append(weighted_metric_values(metric, truth[tested], decisions, scores, weights[:, tested], folds))
    mean: NDArray[Any] = np.mean(repeats, axis=0)
    return mean


def _wide(part: pd.DataFrame, column: str, articles: list[str], topics: list[str]) -> NDArray[Any]:
    table = part.assign(topic=part["topic"].astype(str)).pivot(index="article_id", columns="topic", values=column)
    values = table.reindex(index=articles, columns=topics).to_numpy()
    return np.nan_to_num(values.astype(np.float64)) if column == "score" else values.astype(np.int8)
