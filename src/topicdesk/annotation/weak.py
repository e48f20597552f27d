"""Weak labels: labels made by rules, which nobody has reviewed.

They help to start a project that has no labels yet. Rules make systematic errors. Weak labels are therefore marked, and
never mixed with others in an evaluation (`read_annotations` rejects them).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from topicdesk.annotation._dawid_skene import dawid_skene
from topicdesk.annotation.annotations import ANNOTATION_COLUMNS, WEAK

__all__ = ["aggregate_rules", "rule_table", "weak_annotations"]

Fires = NDArray[np.bool_]


def rule_table(
    fires: Fires,
    rules: pd.DataFrame,
    labelled: NDArray[np.intp] | None = None,
    Y: NDArray[np.int8] | None = None,
    topics: Sequence[str] = (),
) -> pd.DataFrame:
    """Evaluate labelling rules one by one.

    Parameters
    ----------
    fires : ndarray of bool, shape (n_articles, n_rules)
        Whether a rule votes for its topic.
    rules : DataFrame of shape (n_rules, 2)
        Columns ``topic, keyword``.
    labelled : ndarray of int, shape (n_labelled,), optional
        Rows of labelled articles that were drawn at random. Other articles would bias the precision.
    Y : ndarray of {0, 1}, shape (n_labelled, n_topics), optional
        Their labels.
    topics : sequence of str
        The columns of `Y`.

    Returns
    -------
    DataFrame of shape (n_rules, 9)
        ``topic, keyword``. Shares of all articles: ``coverage`` (the rule fires), ``overlap`` (another rule fires too)
        and ``conflict`` (a rule of another topic fires too). On labelled articles: ``fired``, the number of articles
        where the rule fires, and ``precision`` on them with its Wilson 95 % interval ``low, high``; NaN if it never
        fires.

    References
    ----------
    Ratner et al. (2017), "Snorkel: rapid training data creation with weak supervision", for coverage, overlap and
    conflict.
    """
    n_fired = fires.sum(axis=1)
    topic_of = rules["topic"].to_numpy(dtype=object)
    table = rules[["topic", "keyword"]].reset_index(drop=True)
    table["coverage"] = fires.mean(axis=0)
    table["overlap"] = [(fires[:, rule] & (n_fired > 1)).mean() for rule in range(len(rules))]
    other_topics = np.column_stack([fires[:, topic_of != topic].any(axis=1) for topic in topic_of])
    table["conflict"] = (fires & other_topics).mean(axis=0)
    judged = [(0, float("nan"), float("nan"), float("nan"))] * len(rules)
    if labelled is not None and Y is not None:
        column_of = {topic: column for column, topic in enumerate(topics)}
        judged = [
            _precision(Y[fires[labelled, rule], column_of[topic]] == 1) for rule, topic in enumerate(topic_of)
        ]  # fmt: skip
    return table.assign(**{name: [row[index] for row in judged] for index, name in enumerate(_JUDGED)})


def aggregate_rules(
    fires: Fires, rules: pd.DataFrame, topics: Sequence[str], method: Literal["majority", "dawid-skene"] = "majority"
) -> NDArray[np.int8]:
    """Combine the votes of all rules into weak labels.

    Parameters
    ----------
    fires : ndarray of bool, shape (n_articles, n_rules)
        Whether a rule votes for its topic.
    rules : DataFrame of shape (n_rules, 2)
        Columns ``topic, keyword``.
    topics : sequence of str
        Names of the topics.
    method : {"majority", "dawid-skene"}, default "majority"
        ``majority`` takes the topics with the most votes, ties included. ``dawid-skene`` estimates, for each topic, how
        reliable its rules are from how often they agree; a rule that does not fire votes against the topic.

    Returns
    -------
    ndarray of {0, 1}, shape (n_articles, n_topics)

    See Also
    --------
    topicdesk.annotation._dawid_skene.dawid_skene : The method, for any number of classes.

    References
    ----------
    Dawid and Skene (1979), "Maximum likelihood estimation of observer error-rates using the EM algorithm".
    """
    topic_of = rules["topic"].to_numpy(dtype=object)
    if method == "majority":
        votes = np.column_stack([fires[:, topic_of == topic].sum(axis=1) for topic in topics])
        return np.asarray((votes == votes.max(axis=1, keepdims=True)) & (votes > 0), dtype=np.int8)
    return np.column_stack([_dawid_skene(fires[:, topic_of == topic]) for topic in topics]).astype(np.int8)


def weak_annotations(
    article_ids: Sequence[str], Y: NDArray[np.int8], topics: Sequence[str], method: str, codebook: int
) -> pd.DataFrame:
    """Return weak labels as annotations that are marked as weak.

    Parameters
    ----------
    article_ids : sequence of str
        Length n_articles.
    Y : ndarray of {0, 1}, shape (n_articles, n_topics)
        From `aggregate_rules`.
    topics : sequence of str
        The columns of `Y`.
    method : str
        The method of `aggregate_rules`.
    codebook : int
        Version of the codebook.

    Returns
    -------
    DataFrame of shape (n_articles, 7)
        Input for `write_annotations`; ``annotator`` names the method, and ``sample`` is `WEAK`.
    """
    table = pd.DataFrame(
        {
            "article_id": list(article_ids),
            "topics": [tuple(topic for topic, assigned in zip(topics, row, strict=True) if assigned) for row in Y],
        }
    )
    columns = {
        "annotator": f"keyword-rules, {method}",
        "codebook": str(codebook),
        "time": "",
        "sample": WEAK,
        "note": "",
    }
    return table.assign(**columns)[list(ANNOTATION_COLUMNS)]


_JUDGED = ("fired", "precision", "low", "high")


def _precision(right: NDArray[np.bool_]) -> tuple[int, float, float, float]:
    if not len(right):
        return 0, float("nan"), float("nan"), float("nan")
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return len(right), float(right.mean()), float(interval.low), float(interval.high)


def _dawid_skene(fires: Fires) -> Fires:
    votes = np.stack([~fires, fires], axis=-1)  # a rule that does not fire votes against its topic
    return dawid_skene(votes).probabilities[:, 1] > 0.5
