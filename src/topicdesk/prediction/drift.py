"""Drift: whether new articles are still such as a model was fitted on.

Three questions, each answered with a test and with the size of what was found: are topics as frequent, are the words
known, and are scores distributed alike? Of many articles a test finds every trifle, of few it finds nothing: so an
answer is yes only where the difference is both shown (Holm-adjusted p) and large enough to matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import ks_2samp, mannwhitneyu

from topicdesk.corpus import find_files
from topicdesk.errors import LabellerError
from topicdesk.evaluation import holm
from topicdesk.prediction.answers import readable_articles
from topicdesk.prediction.batches import Reading, read_batches
from topicdesk.prediction.labeller import Labeller
from topicdesk.prediction.reference import Observed
from topicdesk.progress import progress
from topicdesk.proportions import score_test
from topicdesk.rendering import as_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Drift", "measure_drift", "measure_drift_of_files"]

_ALPHA = 0.05

#: A difference from which on it matters: of shares, of the mean share of unseen words, and the greatest distance of two
#: distribution functions.
LEAST = {"share": 0.05, "unseen": 0.05, "scores": 0.1}

_FEWEST_ARTICLES = 20


@dataclass(frozen=True, eq=False)
class Drift:
    """New articles held against those that a model was fitted on; prints itself as a table.

    Parameters
    ----------
    checks : DataFrame
        One row a check: ``asked, reference, new, difference, least, p, drifted``. ``difference`` is what is held
        against ``least``; ``p`` is Holm-adjusted over all checks.
    labeller : Labeller
    observed : Observed
    """

    checks: pd.DataFrame
    labeller: Labeller
    observed: Observed

    @property
    def drifted(self) -> bool:
        """Whether any check says yes."""
        return bool(self.checks["drifted"].any())

    def table(self) -> pd.DataFrame:
        """Give the checks as a person reads them, by what was asked."""
        shown = self.checks.assign(drifted=np.where(self.checks["drifted"], "YES", "no"))
        for name in ("reference", "new", "difference", "least"):
            shown[name] = shown[name].map("{:.3f}".format)
        shown["p"] = [f"{p:.3f}" if p >= 0.001 else "<0.001" for p in shown["p"]]
        return shown.set_index("asked")

    def __str__(self) -> str:
        """Tell the answer in a sentence, and how many articles it rests on."""
        named = ", ".join(self.checks["asked"][self.checks["drifted"]])
        reference = self.labeller.reference
        drawn = (
            "; not all drawn at random, so that shares may differ by that alone" if reference.sample == "all" else ""
        )
        return (
            (f"Drift: {named}. " if named else "No drift. ")
            + f"{len(self.observed):,} new articles against {len(reference):,} of the training corpus "
            + f"(sample: {reference.sample}){drawn}."
            + (f" {self.observed.unlabelled:,} could not be labelled." if self.observed.unlabelled else "")
        )

    def _repr_html_(self) -> str:
        return as_html(str(self), self.table())

    def plot(self) -> Figure:
        """Draw shares of topics, unseen words, and scores, for both."""
        from topicdesk.prediction.plots import plot_drift

        return plot_drift(self.labeller.topics, self.labeller.reference, self.observed, self.checks)


def measure_drift(labeller: Labeller, articles: pd.DataFrame) -> Drift:
    """Hold new articles against those that a labeller was fitted on.

    Parameters
    ----------
    labeller : Labeller
        Its reference are held-out articles of its training corpus, of the representative sample where there is one.
    articles : DataFrame of shape (n_articles, ...)
        With the labeller's fields.

    Returns
    -------
    Drift

    Raises
    ------
    LabellerError
        When fewer than 20 articles can be labelled.

    Notes
    -----
    Shares: score test of two proportions (Miettinen and Nurminen 1985). Unseen words: share of an article's words, stop
    words aside, that the vocabulary lacks; of a training article, without what it and its copies alone taught;
    Mann–Whitney test. Scores: two-sample Kolmogorov–Smirnov test of each topic's probabilities. All p-values are
    adjusted together (Holm 1979).
    """
    return _judged(labeller, observe(labeller, articles))


def measure_drift_of_files(
    labeller: Labeller, inputs: Sequence[Path | str], columns: dict[str, str] | None = None
) -> Drift:
    """Hold the articles of files against those that a labeller was fitted on.

    Parameters
    ----------
    labeller : Labeller
    inputs : sequence of path
        As in `label_files`, without standard input.
    columns : dict of str to str, optional
        The user's names of a table's columns, by ours.

    Returns
    -------
    Drift

    Raises
    ------
    CorpusError, LabellerError
        As in `label_files` and `measure_drift`.
    """
    files, _ = find_files([Path(path) for path in inputs])
    reading = Reading(labeller.fields, dict(columns or {}))
    parts = []
    with progress(sum(file.stat().st_size for file in files), "labelling", "B") as advance:
        for batch in read_batches(files, reading):
            if len(batch):
                table = pd.DataFrame(batch.articles, columns=list(labeller.fields), dtype=object)
                parts.append(observe(labeller, table))
            advance(batch.read)
    return _judged(labeller, _together(parts, len(labeller.topics)))


def observe(labeller: Labeller, articles: pd.DataFrame) -> Observed:
    """Label new articles, and tell how many of their words are known."""
    answers = labeller.label(articles.drop(columns="id", errors="ignore"))
    labelled = answers["topics"].notna().to_numpy()
    answers = answers[labelled]
    texts, _ = readable_articles(articles[labelled], labeller.fields)
    given = [[name in said.split() for name in labeller.topics] for said in answers["topics"]]
    return Observed(
        answers[[f"p_{name}" for name in labeller.topics]].to_numpy(),
        np.array(given, dtype=np.bool_).reshape(-1, len(labeller.topics)),
        labeller.unseen_shares(texts) if len(texts) else None,
        int((~labelled).sum()),
    )


def _together(parts: Sequence[Observed], n_topics: int) -> Observed:
    if not parts:
        nothing = np.empty((0, n_topics))
        return Observed(nothing, nothing > 0, None, 0)
    unseen = [part.unseen for part in parts if part.unseen is not None]
    return Observed(
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.given for part in parts]),
        np.concatenate(unseen) if unseen else None,
        sum(part.unlabelled for part in parts),
    )


def _judged(labeller: Labeller, observed: Observed) -> Drift:
    if len(observed) < _FEWEST_ARTICLES:
        raise LabellerError(
            f"{len(observed)} articles could be labelled: of fewer than {_FEWEST_ARTICLES} nobody can tell whether "
            "they differ. Give more."
        )
    reference = labeller.reference
    rows: list[tuple[str, float, float, float, float, float]] = []
    for column, name in enumerate(labeller.topics):
        then, now = reference.given[:, column], observed.given[:, column]
        means = float(then.mean()), float(now.mean())
        rows.append((f"share: {name}", *means, abs(means[1] - means[0]), LEAST["share"], _p_of_shares(now, then)))
    known, fresh = _known(reference.unseen), _known(observed.unseen)
    if len(known) and len(fresh):
        means, p = (float(known.mean()), float(fresh.mean())), float(mannwhitneyu(fresh, known).pvalue)
        rows.append(("unseen words", *means, abs(means[1] - means[0]), LEAST["unseen"], p))
    for column, name in enumerate(labeller.topics):
        before, after = reference.probabilities[:, column], observed.probabilities[:, column]
        found, medians = ks_2samp(after, before), (float(np.median(before)), float(np.median(after)))
        rows.append((f"scores: {name}", *medians, float(found.statistic), LEAST["scores"], float(found.pvalue)))
    checks = pd.DataFrame(rows, columns=["asked", "reference", "new", "difference", "least", "p"])
    checks["p"] = holm(checks["p"].to_numpy())
    checks["drifted"] = (checks["p"] < _ALPHA) & (checks["difference"] >= checks["least"])
    return Drift(checks, labeller, observed)


def _p_of_shares(now: NDArray[np.bool_], then: NDArray[np.bool_]) -> float:
    return score_test((now.sum(), then.sum()), (len(now), len(then)))


def _known(shares: NDArray[np.float64] | None) -> NDArray[np.float64]:
    return np.empty(0) if shares is None else shares[~np.isnan(shares)]
