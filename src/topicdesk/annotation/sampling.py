"""Sampling weights: how many articles of the corpus each labelled article represents.

Labels are drawn in rounds. A draw selects from the articles that no earlier draw selected. It picks some, because a
classifier or a person finds them useful, and draws others at random from the rest. Picks are not typical of the corpus,
so figures for the corpus need weights.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from topicdesk._arguments import check_table
from topicdesk.annotation._design import DESIGN_COLUMNS, design_of
from topicdesk.errors import LabelsError

__all__ = [
    "SamplingDesign",
    "effective_size",
    "next_draw",
    "sampling_design",
    "sampling_weights",
    "without_probability",
]

# The queue's sample of articles that were drawn at random.
_RANDOM = "random"


@dataclass(frozen=True, eq=False)
class SamplingDesign:
    """How labelled articles were selected, one row per article.

    Parameters
    ----------
    weights : ndarray of float, shape (n_articles,)
        Number of articles of the corpus that each row represents.
    uncertain : ndarray of float, shape (n_articles,)
        The part of the weight that depends on chance: the row's share in the estimate of its own draw, if the draw
        selected it with a probability below 1; otherwise 0.
    probabilities : ndarray of float, shape (n_articles,)
        Probability with which the row's draw selected it; NaN if unknown.
    strata : ndarray of int, shape (n_articles,)
        Stratum of each row: its draw and sample.
    """

    weights: NDArray[np.float64]
    uncertain: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    strata: NDArray[np.intp]


def sampling_weights(annotations: pd.DataFrame) -> NDArray[np.float64] | None:
    """Compute how many articles of the corpus each labelled article represents.

    Parameters
    ----------
    annotations : DataFrame of shape (n_annotations, ...)
        One row per article, such as from `read_annotations`: columns ``article_id`` and ``sample``, with some of these
        columns. ``draw``: number of the draw (1, 2, ...) that selected the article; 1 if missing. A draw selects
        from the articles that no earlier draw selected. ``stratum_size``: the rows of this draw and sample are a
        uniform sample of so many articles. For articles drawn at random, these are the articles that were left; for
        picks that were made before, the picks. ``inclusion_probability``: instead of a stratum,
        the probability with which the draw selected the article. Rows with neither count in later draws only.

    Returns
    -------
    ndarray of float, shape (n_annotations,), or None
        They add up to the size of the corpus, if the strata of each draw are complete. None if no draw has a random
        part, so that the labels represent nothing but themselves.

    Raises
    ------
    LabelsError
        If a value is not in its range, a row has both a stratum and a probability, a stratum has several sizes or more
        rows than articles, or an article occurs more than once.
    ArgumentError
        If `annotations` is not a table of annotations.

    See Also
    --------
    effective_size : How much unequal weights reduce the information.
    topicdesk.draw_queue : Writes the columns.
    prevalence : Share of the corpus with each topic.

    Notes
    -----
    Within a draw, a row of a stratum is selected with the probability ``labelled rows / stratum_size``, however many of
    the queue's rows were labelled: they are in random order. The estimate of a total by draw t is the sum over the rows
    of earlier draws, plus the sum over its own rows, each divided by its probability. It is unbiased given the earlier
    draws (Des Raj 1956), so the mean over draws is unbiased too. Draws count by their number of rows with a probability
    below 1. The mean is linear in the rows, so each row has one weight. If a draw labelled all that was left, every
    weight is 1.

    The files of all earlier draws are needed, and the corpus must be the same in each draw. A stratum
    without labelled rows is missing from the estimate.

    References
    ----------
    Horvitz and Thompson (1952), "A generalization of sampling without replacement from a finite universe", Journal of
    the American Statistical Association 47. Des Raj (1956), "Some estimators in sampling with varying probabilities
    without replacement", Journal of the American Statistical Association 51.

    Examples
    --------
    Of 100 articles, one was picked, and two were drawn at random from the other 99:

    >>> import pandas as pd
    >>> from topicdesk.annotation import sampling_weights
    >>> labels = pd.DataFrame(
    ...     {
    ...         "article_id": ["a", "b", "c"],
    ...         "topics": [("rail",), (), ()],
    ...         "sample": ["rare-first", "random", "random"],
    ...         "draw": 1,
    ...         "stratum_size": [1, 99, 99],
    ...     }
    ... )
    >>> sampling_weights(labels)
    array([ 1. , 49.5, 49.5])
    """
    design = sampling_design(annotations)
    return None if design is None else design.weights


def effective_size(weights: ArrayLike) -> float:
    """Compute the number of equally weighted articles that have as much information as these (Kish).

    Parameters
    ----------
    weights : array-like of float, shape (n_articles,)
        Weights of the articles, at least 0.

    Returns
    -------
    float
        ``sum(weights) ** 2 / sum(weights ** 2)``: the number of articles if all weights are equal, otherwise less. 0 if
        all weights are 0.

    Raises
    ------
    LabelsError
        If `weights` is not a one-dimensional array of finite numbers of at least 0.

    References
    ----------
    Kish (1965), *Survey Sampling*, section 11.7.

    Examples
    --------
    >>> from topicdesk.annotation import effective_size
    >>> effective_size([2, 2, 2]), effective_size([1, 49.5, 49.5])
    (3.0, 2.04...)
    """
    values = checked_weights("weights", weights)
    largest = values.max(initial=0)
    if largest == 0:
        return 0.0
    values = values / largest  # very small or large weights have no square
    return float(values.sum() ** 2 / (values**2).sum())


def checked_weights(name: str, weights: ArrayLike) -> NDArray[np.float64]:
    """Return weights as an array; raise `LabelsError` if they are not finite numbers of at least 0."""
    try:
        values = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise LabelsError(f"{name} must be numbers of at least 0; got {type(weights).__name__}: {error}") from error
    if values.ndim != 1:
        raise LabelsError(f"{name} must have one dimension; got shape {values.shape}.")
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(wrong):
        raise LabelsError(f"{name} must be finite numbers of at least 0; row {wrong[0]} is {values[wrong[0]]:g}.")
    return values


def sampling_design(annotations: pd.DataFrame) -> SamplingDesign | None:
    """Return how the articles were selected; None if no draw has a random part (see `sampling_weights`)."""
    check_table("annotations", annotations, ("article_id", "sample"), "Use read_annotations or read_label_file.")
    if annotations.columns.intersection(list(DESIGN_COLUMNS)).empty:
        return None
    repeated = annotations["article_id"].duplicated()
    if repeated.any():
        raise LabelsError(
            f"annotations: article {str(annotations['article_id'][repeated].iloc[0])!r} occurs more than once."
        )
    designs = design_of(annotations, "annotations")
    draws = np.array([int(design["draw"] or 1) for design in designs], dtype=np.int64)
    samples = [str(sample) for sample in annotations["sample"]]
    strata = np.asarray(pd.factorize(pd.Series(list(zip(draws.tolist(), samples, strict=True)), dtype=object))[0])
    probabilities = _probabilities(designs, draws, samples)
    random = probabilities < 1
    given = np.array([bool(design["inclusion_probability"]) for design in designs], dtype=bool)
    # All articles that were left were drawn at random, or all were selected with a known probability of 1.
    left_nothing = (probabilities == 1) & ~given & (np.array(samples, dtype=object) == _RANDOM)
    left_nothing &= ~np.isin(draws, draws[random])  # nothing, unless another part of the draw was sampled
    if left_nothing.any() or (len(set(draws)) == 1 and (given & (probabilities == 1)).all()):
        return SamplingDesign(np.ones(len(draws)), np.zeros(len(draws)), probabilities, strata)
    if not random.any():
        return None
    inverse = np.where(np.isnan(probabilities), 0.0, 1 / probabilities)
    weights, uncertain = np.zeros(len(draws)), np.zeros(len(draws))
    for draw in np.unique(draws[random]):
        share = (random & (draws == draw)).sum() / random.sum()
        weights += share * np.where(draws < draw, 1.0, np.where(draws == draw, inverse, 0.0))
        own = random & (draws == draw)
        uncertain[own] = share * inverse[own]
    return SamplingDesign(weights, uncertain, probabilities, strata)


def _probabilities(designs: list[dict[str, str]], draws: NDArray[np.int64], samples: list[str]) -> NDArray[np.float64]:
    """Return the probability of each row; NaN if it is unknown."""
    strata = [
        (int(draw), sample, design["stratum_size"])
        for draw, sample, design in zip(draws, samples, designs, strict=True)
    ]
    counts = Counter(strata)
    sizes: dict[tuple[int, str], str] = {}
    for draw, sample, size in counts:
        if size and sizes.setdefault((draw, sample), size) != size:
            raise LabelsError(
                f"annotations: draw {draw} has the sample {sample!r} with stratum_size {sizes[draw, sample]} and "
                f"{size}. The rows of a draw and sample come from one queue: give the rows of each queue their own "
                "draw."
            )
        if size and counts[draw, sample, size] > int(size):
            raise LabelsError(
                f"annotations: draw {draw} has {counts[draw, sample, size]} rows of the sample {sample!r}, but "
                f"stratum_size is {size}. Correct stratum_size, or the draw of these rows."
            )
    return np.array(
        [
            counts[stratum] / int(stratum[2]) if stratum[2] else float(design["inclusion_probability"] or "nan")
            for stratum, design in zip(strata, designs, strict=True)
        ],
        dtype=np.float64,
    )


def without_probability(annotations: pd.DataFrame) -> int:
    """Count the rows that were drawn at random by a draw whose strata are not recorded."""
    designs = design_of(annotations, "annotations")
    return sum(
        sample == _RANDOM and not (design["stratum_size"] or design["inclusion_probability"])
        for sample, design in zip(annotations["sample"], designs, strict=True)
    )


def next_draw(annotations: Any) -> int:
    """Return the number of the draw after those of the labels: 1 if there are none."""
    if not len(annotations):
        return 1
    return max(int(design["draw"] or 1) for design in design_of(annotations, "labels")) + 1
