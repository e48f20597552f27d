"""Drift: whether new articles resemble the training data of a model.

There are three kinds of checks: the share of each topic, the share of unseen words, and the distribution of each
topic's scores. Each check has a test and the size of the difference. With many articles a test detects even negligible
differences. Therefore a check reports drift only if the difference is both significant (Holm-adjusted p) and large
enough to matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import ks_2samp, mannwhitneyu

from topicdesk._arguments import check_random_state
from topicdesk._progress import progress
from topicdesk._proportions import score_test
from topicdesk._renamed import renamed_arguments
from topicdesk.corpus import find_files
from topicdesk.errors import LabellerError
from topicdesk.prediction._batches import ReadingOptions, read_input_batches
from topicdesk.prediction._drift_checks import FEWEST_ARTICLES, Check, DriftChecks, judged_checks
from topicdesk.prediction._observing import observe
from topicdesk.prediction.labeller import Labeller, as_table
from topicdesk.prediction.reference import Observed
from topicdesk.prediction.text_drift import TextDrift, Texts, compare_texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Drift", "measure_drift", "measure_drift_of_files"]

#: The smallest difference that matters: of shares, of the mean share of unseen words, and the largest distance between
#: two distribution functions.
LEAST = {"share": 0.05, "unseen": 0.05, "scores": 0.1}


@dataclass(frozen=True, eq=False)
class Drift(DriftChecks):
    """Comparison of new articles with the training corpus of a model. Displayed as a table in a notebook.

    Parameters
    ----------
    checks : DataFrame
        One row per check, with the columns ``check, reference, new, difference, minimum, p, drifted``. ``minimum`` is
        the smallest ``difference`` that matters. ``p`` is Holm-adjusted over all checks.
    labeller : Labeller
        The model.
    observed : Observed
        Its predictions for the new articles.
    """

    labeller: Labeller
    observed: Observed

    def __str__(self) -> str:
        """Return the result in a sentence, with the numbers of articles."""
        reference = self.labeller.reference.description()
        return f"{self.finding()} {len(self.observed):,} new articles compared with {reference}." + (
            f" {self.observed.unlabelled:,} could not be labelled." if self.observed.unlabelled else ""
        )

    def plot(self) -> Figure:
        """Plot the shares of topics, the unseen words, and the scores of new articles and of the training corpus."""
        from topicdesk.prediction._plots import plot_drift

        return plot_drift(self.labeller.topics, self.labeller.reference, self.observed, self.checks)


@overload
def measure_drift(reference: Labeller, articles: pd.DataFrame) -> Drift: ...


@overload
def measure_drift(
    reference: Texts, articles: Texts, *, text: str | Sequence[str] | None = ..., random_state: int = ...
) -> TextDrift: ...


@renamed_arguments(labeller="reference")
def measure_drift(
    reference: Labeller | Texts,
    articles: Texts,
    *,
    text: str | Sequence[str] | None = None,
    random_state: int = 0,
) -> Drift | TextDrift:
    """Compare new articles with the training corpus of a labeller, or with other texts.

    Parameters
    ----------
    reference : TopicClassifier, Labeller, DataFrame, Series or sequence of str
        A model: its reference consists of unlabelled articles of its corpus; without them, of its labelled articles,
        scored by models fitted on the others (see `topicdesk.prediction.Reference`). Or reference texts; no model is
        needed then.
    articles : DataFrame, Series or sequence of str
        New articles. For a labeller, a table with its fields, or texts.
    text : str or sequence of str, optional
        Columns of DataFrames that form the text, as in `topicdesk.make_dataset`. Not for a labeller.
    random_state : int, default 0
        Seed of the split of texts into halves. Not used for a labeller.

    Returns
    -------
    Drift
        The checks, if `reference` is a labeller.
    TextDrift
        The checks, and the words whose frequency changed most, if `reference` is a collection of texts.

    Raises
    ------
    LabellerError
        If `articles` is a model, fewer than 20 articles can be labelled, or there are fewer than 20 different texts in
        a collection.
    CorpusError
        If a text is missing or not a string, or a column does not exist.

    See Also
    --------
    topicdesk.corpus.summarise_corpus : Describe one collection of articles.

    Notes
    -----
    With a labeller:

    Shares: score test of two proportions (Miettinen and Nurminen 1985). Unseen words: share of an article's words,
    without stop words, that are not in the vocabulary; Mann–Whitney test. For a labelled article, the vocabulary is the
    one without the article and its copies. Scores: two-sample Kolmogorov–Smirnov test of each topic's probabilities.
    All p-values are adjusted together (Holm 1979).

    With reference texts, see `topicdesk.prediction.TextDrift`.

    Examples
    --------
    >>> import topicdesk
    >>> before = [f"court judge {n % 7} city {n % 3}" for n in range(60)]
    >>> after = [f"train rail {n % 7} city {n % 3}" for n in range(60)]
    >>> drift = topicdesk.measure_drift(before, after)
    >>> drift.drifted
    True
    """
    check_random_state(random_state)
    if isinstance(articles, Labeller) or hasattr(type(articles), "predict"):  # a table may have such a column
        raise LabellerError(
            "articles is a model. Pass the model first, then the new articles: measure_drift(model, articles)."
        )
    labeller: Any = getattr(reference, "labeller_", reference)  # that of a fitted TopicClassifier
    if not isinstance(labeller, Labeller):
        texts: Any = reference
        return compare_texts(texts, articles, text=text, random_state=random_state)
    if text is not None:
        raise LabellerError("text is for collections of texts. A model has its fields.")
    given: Any = articles
    table = as_table(given, labeller.fields)
    if not set(labeller.fields) & set(table.columns):
        raise LabellerError(f"articles has none of the model's fields: {', '.join(labeller.fields)}.")
    return _judged(labeller, observe(labeller, table))


def measure_drift_of_files(
    labeller: Labeller, inputs: Sequence[Path | str], columns: dict[str, str] | None = None
) -> Drift:
    """Compare the articles of files with the training corpus of a labeller.

    Parameters
    ----------
    labeller : Labeller
        The model.
    inputs : sequence of path
        As in `label_files`, without standard input.
    columns : dict of str to str, optional
        The user's column name of each field.

    Returns
    -------
    Drift
        The checks.

    Raises
    ------
    CorpusError, LabellerError
        As in `label_files` and `measure_drift`.
    """
    files, _ = find_files([Path(path) for path in inputs])
    reading = ReadingOptions(labeller.fields, dict(columns or {}))
    parts = []
    with progress(sum(file.stat().st_size for file in files), "labelling", "B") as advance:
        for batch in read_input_batches(files, reading):
            if len(batch):
                table = pd.DataFrame(batch.articles, columns=list(labeller.fields), dtype=object)
                parts.append(observe(labeller, table))
            advance(batch.read)
    return _judged(labeller, _together(parts, len(labeller.topics)))


def _together(parts: Sequence[Observed], n_topics: int) -> Observed:
    if not parts:
        empty = np.empty((0, n_topics))
        return Observed(empty, empty > 0, None, 0)
    unseen = [part.unseen for part in parts if part.unseen is not None]
    return Observed(
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.given for part in parts]),
        np.concatenate(unseen) if unseen else None,
        sum(part.unlabelled for part in parts),
    )


def _judged(labeller: Labeller, observed: Observed) -> Drift:
    if len(observed) < FEWEST_ARTICLES:
        raise LabellerError(
            f"only {len(observed)} articles could be labelled, and the drift tests need at least {FEWEST_ARTICLES}. "
            "Use more articles."
        )
    reference = labeller.reference
    rows: list[Check] = []
    for column, name in enumerate(labeller.topics):
        decisions_before, decisions_after = reference.given[:, column], observed.given[:, column]
        means = float(decisions_before.mean()), float(decisions_after.mean())
        rows.append(
            (
                f"share: {name}",
                *means,
                abs(means[1] - means[0]),
                LEAST["share"],
                _p_of_shares(decisions_after, decisions_before),
            )
        )
    unseen_before, unseen_after = _known(reference.unseen), _known(observed.unseen)
    if len(unseen_before) and len(unseen_after):
        means, p = (
            (float(unseen_before.mean()), float(unseen_after.mean())),
            float(mannwhitneyu(unseen_after, unseen_before).pvalue),
        )
        rows.append(("unseen words", *means, abs(means[1] - means[0]), LEAST["unseen"], p))
    for column, name in enumerate(labeller.topics):
        scores_before, scores_after = reference.probabilities[:, column], observed.probabilities[:, column]
        test, medians = (
            ks_2samp(scores_after, scores_before),
            (float(np.median(scores_before)), float(np.median(scores_after))),
        )
        rows.append((f"scores: {name}", *medians, float(test.statistic), LEAST["scores"], float(test.pvalue)))
    return Drift(judged_checks(rows), labeller, observed)


def _p_of_shares(now: NDArray[np.bool_], then: NDArray[np.bool_]) -> float:
    return score_test((now.sum(), then.sum()), (len(now), len(then)))


def _known(shares: NDArray[np.float64] | None) -> NDArray[np.float64]:
    return np.empty(0) if shares is None else shares[~np.isnan(shares)]
