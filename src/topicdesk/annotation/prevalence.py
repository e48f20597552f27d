"""Estimate how frequent topics are, from articles drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicdesk._arguments import check_string, check_strings
from topicdesk._proportions import wilson_interval
from topicdesk.annotation.annotations import check_annotations
from topicdesk.annotation.sampling import SamplingDesign, sampling_design
from topicdesk.errors import LabelsError, nearest

__all__ = ["prevalence"]

_COLUMNS = ["articles", "positives", "share", "low", "high", "effective"]


def prevalence(annotations: pd.DataFrame, topics: Sequence[str], sample: str = "random") -> pd.DataFrame:
    """Estimate the share of a corpus that has each topic.

    Parameters
    ----------
    annotations : DataFrame of shape (n_annotations, ...)
        From `read_annotations`. If they say how articles were selected (see `sampling_weights`), all of them are used,
        with their weights. Otherwise, only those of `sample` are used.
    topics : sequence of str
        Names of the topics.
    sample : str, default "random"
        The sample that was drawn uniformly. Without weights, rows of other samples are left out: they would bias the
        estimate.

    Returns
    -------
    DataFrame of shape (n_topics, 6)
        Indexed by topic: ``articles`` used, ``positives`` among them, estimated ``share`` of the corpus, and its 95 %
        interval ``low, high``. ``effective`` is the number of articles in a simple random sample, of a large corpus,
        that would estimate the part of the share that depends on chance as precisely; infinite if all was labelled.

    Raises
    ------
    LabelsError
        If no row belongs to the sample, or weights cannot be computed.
    ArgumentError
        If another argument is wrong.

    See Also
    --------
    sampling_weights : The weights.

    Notes
    -----
    With weights, the share has a part that is known, because the articles were selected with certainty, and a part that
    was estimated by articles drawn at random. The interval is Wilson's for the second part, moved by the first. Its
    number of articles is the effective one: from the linearised variance of the weighted share within strata, with the
    finite population correction, as in Korn and Graubard; or from the weights alone if that is less, because the
    variance of a few positives is itself uncertain.

    Without weights, the interval is Wilson's, and ``effective`` equals ``articles``.

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22. Korn and Graubard (1998), "Confidence intervals for proportions with small expected
    number of positive counts estimated from survey data", Survey Methodology 24.

    Examples
    --------
    Of 100 articles, five were picked because they seemed to be about rail, and 40 were drawn at random from the rest:

    >>> import pandas as pd
    >>> from topicdesk.annotation import prevalence
    >>> labels = pd.DataFrame(
    ...     {
    ...         "article_id": [str(number) for number in range(45)],
    ...         "topics": [("rail",)] * 4 + [()] * 39 + [("rail",)] * 2,
    ...         "sample": ["rare-first"] * 5 + ["random"] * 40,
    ...         "draw": 1,
    ...         "stratum_size": [5] * 5 + [95] * 40,
    ...     }
    ... )
    >>> prevalence(labels, ["rail"]).loc["rail", ["positives", "share", "low", "high"]].round(3).to_dict()
    {'positives': 6.0, 'share': 0.088, 'low': 0.057, 'high': 0.164}
    """
    check_annotations("annotations", annotations, ("article_id", "topics", "sample"), unique=False)
    check_strings("topics", topics, empty=False)
    check_string("sample", sample)
    if annotations.empty:
        raise LabelsError("annotations are empty. Label some articles first.")
    design = sampling_design(annotations)
    if design is None:
        rows = _unweighted(annotations, topics, sample)
    else:
        rows = [_weighted(design, _has(annotations["topics"], topic)) for topic in topics]
    return pd.DataFrame(rows, columns=_COLUMNS, index=pd.Index(topics, name="topic"))


def _has(label_sets: pd.Series, topic: str) -> NDArray[np.bool_]:
    return np.array([topic in label_set for label_set in label_sets], dtype=bool)


def _unweighted(annotations: pd.DataFrame, topics: Sequence[str], sample: str) -> list[tuple[float, ...]]:
    label_sets = annotations.loc[annotations["sample"] == sample, "topics"]
    if label_sets.empty:
        raise LabelsError(
            f"no labelled article belongs to the sample {sample!r} "
            f"({nearest(sample, set(map(str, annotations['sample'])))}). Topic frequencies can only be estimated from "
            "articles drawn at random. Label some with the queue strategy 'random'."
        )
    n_articles = len(label_sets)
    rows: list[tuple[float, ...]] = []
    for topic in topics:
        positives = int(_has(label_sets, topic).sum())
        low, high = wilson_interval(positives, n_articles)
        rows.append((n_articles, positives, positives / n_articles, float(low), float(high), float(n_articles)))
    return rows


def _weighted(design: SamplingDesign, positive: NDArray[np.bool_]) -> tuple[float, ...]:
    used = design.weights > 0
    total = design.weights.sum()
    share = float(design.weights[positive].sum() / total)
    chance = design.uncertain / total
    part = chance.sum()
    n_effective, low, high = float("inf"), share, share
    if part > 0:
        of_part = float(chance[positive].sum() / part)
        n_effective = _effective(design, chance / part, positive, of_part)
        certain = share - part * of_part
        low, high = (float(certain + part * end) for end in wilson_interval(of_part * n_effective, n_effective))
    return int(used.sum()), int((used & positive).sum()), share, max(low, 0.0), min(high, 1.0), n_effective


def _effective(design: SamplingDesign, parts: NDArray[np.float64], positive: NDArray[np.bool_], share: float) -> float:
    """Return the effective number of articles for a share that is estimated by rows with these parts of the weight."""
    by_weights = 1.0 / float((parts**2 * (1 - np.nan_to_num(design.probabilities))).sum())
    variance = 0.0
    for stratum in np.unique(design.strata[parts > 0]):
        rows = (design.strata == stratum) & (parts > 0)
        residuals = positive[rows] - np.average(positive[rows], weights=parts[rows])
        correction = rows.sum() / max(rows.sum() - 1, 1)
        variance += correction * float((parts[rows] ** 2 * (1 - design.probabilities[rows]) * residuals**2).sum())
    return min(by_weights, share * (1 - share) / variance) if variance > 0 else by_weights
