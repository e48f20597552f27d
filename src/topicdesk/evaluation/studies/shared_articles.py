"""Score a comparison on the articles and labels of another dataset, so that scores of two experiments can be compared.

Two scores may only be compared if they are computed on the same test articles. An experiment with more labels tests
more articles, which can be easier or harder. Its out-of-fold predictions of the shared articles are therefore judged by
the labels of the other experiment. Then only the training articles differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from topicdesk.evaluation._bootstrap import metric_interval, resampled_scores
from topicdesk.evaluation._types import ComparisonValues
from topicdesk.evaluation.engine import LocalEngine
from topicdesk.evaluation.splits import Split, training_factor

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = ["SharedScores", "hash_of_tested", "scores_on_shared"]

_SHARED, _OTHER = "shared", "other"


@dataclass(frozen=True, eq=False)
class SharedScores:
    """Scores of a comparison on the articles and labels of another dataset.

    Parameters
    ----------
    tested : str
        Hash of the shared articles and of the labels they are judged by (see `hash_of_tested`).
    articles : int
        Number of these articles.
    scores : DataFrame
        Columns ``classifier, metric, value, low, high``. Each article counts once.
    """

    tested: str
    articles: int
    scores: pd.DataFrame


def hash_of_tested(dataset: Dataset, splits: Sequence[Split]) -> str:
    """Return a hash of the ids and topics of all test articles: 32 hexadecimal characters.

    Scores with the same hash are computed on the same articles with the same labels.
    """
    rows = np.unique(np.concatenate([split.test for split in splits]))
    lines = sorted(
        "\t".join([str(dataset.ids[row]), *sorted(dataset.topics[column] for column in np.flatnonzero(dataset.Y[row]))])
        for row in rows.tolist()
    )
    content = "\n".join(["\t".join(sorted(dataset.topics)), *lines])
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def scores_on_shared(
    comparison: ComparisonValues, other: Dataset, splits: Sequence[Split], n_jobs: int = 1
) -> SharedScores | None:
    """Score the out-of-fold predictions of a comparison on the test articles of another experiment, by its labels.

    Parameters
    ----------
    comparison : ComparisonValues
        The comparison.
    other : Dataset
        The dataset of the other experiment.
    splits : sequence of Split
        Its outer splits.
    n_jobs : int, default 1
        Number of processes; -1 uses one per core.

    Returns
    -------
    SharedScores or None
        None if the topics differ, or if the comparison did not test all test articles of the other experiment.
    """
    data = comparison.dataset
    if data.topics != other.topics or data.task != other.task:
        return None
    row_of = {article: row for row, article in enumerate(data.ids.tolist())}
    tested_there, tested_here = (
        np.unique(np.concatenate([split.test for split in parts])) for parts in (splits, comparison.splits)
    )
    rows = np.array([row_of.get(article, -1) for article in other.ids[tested_there].tolist()])
    if not np.isin(rows, tested_here).all():
        return None
    Y = data.Y.copy()
    Y[rows] = other.Y[tested_there]
    samples = np.full(len(data), _OTHER, dtype=object)
    samples[rows] = _SHARED
    judged = replace(data, Y=Y, samples=samples, weights=None)
    parts = [replace(split, test=np.intersect1d(split.test, rows)) for split in comparison.splits]
    plan = comparison.plan
    results = {
        classifier.name: [result for result in comparison.results if result.classifier == classifier.name]
        for classifier in plan.classifiers
    }
    distributions = resampled_scores(
        judged, results, plan.resamples, plan.random_state, LocalEngine(n_jobs), samples=[_SHARED]
    )
    factor = training_factor(parts)
    scores = pd.DataFrame(
        [
            {"classifier": name, "metric": metric} | metric_interval(metric, of_classifier, factor)
            for (_, name), of_classifier in distributions.items()
            for metric in of_classifier.overall
        ]
    )
    return SharedScores(hash_of_tested(judged, parts), len(rows), scores)
