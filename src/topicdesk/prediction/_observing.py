"""Label articles with a model, and keep what drift checks compare."""

from __future__ import annotations

import pandas as pd

from topicdesk._answers import decide, readable_articles
from topicdesk.prediction.labeller import Labeller
from topicdesk.prediction.reference import DIGITS, Observed

__all__ = ["observe"]


def observe(labeller: Labeller, articles: pd.DataFrame) -> Observed:
    """Label articles, and compute the share of unseen words of each.

    Values are rounded as those of a reference are. Otherwise equal values would differ, all in one direction, which
    rank tests and the Kolmogorov–Smirnov test take for drift.
    """
    answers = labeller.label(articles.drop(columns="id", errors="ignore"))
    labelled = answers["topics"].notna().to_numpy()
    answers = answers[labelled]
    texts, _ = readable_articles(articles[labelled], labeller.fields)
    probabilities = answers[[f"p_{name}" for name in labeller.topics]].to_numpy()
    unseen = labeller.unseen_shares(texts) if len(texts) else None
    return Observed(
        probabilities.round(DIGITS),
        decide(probabilities, labeller.rules),
        None if unseen is None else unseen.round(DIGITS),
        int((~labelled).sum()),
    )
