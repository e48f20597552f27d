"""Estimate how frequent topics are, from articles drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from scipy.stats import binomtest

from topicdesk._arguments import check_string, check_strings
from topicdesk.annotation.annotations import check_annotations
from topicdesk.errors import LabelsError, nearest

__all__ = ["prevalence"]


def prevalence(annotations: pd.DataFrame, topics: Sequence[str], sample: str = "random") -> pd.DataFrame:
    """Estimate the share of a corpus that has each topic.

    Parameters
    ----------
    annotations : DataFrame of shape (n_annotations, 7)
        From `read_annotations`.
    topics : sequence of str
        Names of the topics.
    sample : str, default "random"
        The sample that was drawn uniformly. Rows of other samples are left out: they would bias the estimate.

    Returns
    -------
    DataFrame of shape (n_topics, 5)
        Indexed by topic: ``articles`` in the sample, ``positives`` among them, ``share``, and its Wilson 95 % interval
        ``low, high``.

    Raises
    ------
    LabelsError
        If no row belongs to the sample.
    ArgumentError
        If another argument is wrong.
    """
    check_annotations("annotations", annotations, ("article_id", "topics", "sample"), unique=False)
    check_strings("topics", topics, empty=False)
    check_string("sample", sample)
    if annotations.empty:
        raise LabelsError("annotations are empty. Label some articles first.")
    label_sets = annotations.loc[annotations["sample"] == sample, "topics"]
    if label_sets.empty:
        raise LabelsError(
            f"no labelled article belongs to the sample {sample!r} "
            f"({nearest(sample, set(map(str, annotations['sample'])))}). Topic frequencies can only be estimated from "
            "articles drawn at random. Label some with the queue strategy 'random'."
        )
    rows = {}
    for topic in topics:
        positives = sum(topic in label_set for label_set in label_sets)
        interval = binomtest(positives, len(label_sets)).proportion_ci(method="wilson")
        rows[topic] = (len(label_sets), positives, positives / len(label_sets), interval.low, interval.high)
    columns = ["articles", "positives", "share", "low", "high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("topic")
