"""Drift between two collections of texts, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from scipy.stats import hypergeom, mannwhitneyu
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

from topicdesk._rendering import as_html
from topicdesk.annotation.inputs import text_fields, whole_texts
from topicdesk.corpus import near_duplicate_groups
from topicdesk.errors import LabellerError
from topicdesk.evaluation import holm
from topicdesk.features import mostly_turkish, with_turkish_i
from topicdesk.prediction._drift_checks import ALPHA, FEWEST_ARTICLES, Check, DriftChecks, judged_checks
from topicdesk.prediction._text_sample import TextSample

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["TextDrift", "Texts", "compare_texts"]

Texts = pd.DataFrame | pd.Series | Sequence[str] | NDArray[Any]

#: The smallest difference that matters. A rank-biserial correlation below 0.147 is negligible (Romano et al. 2006), and
#: so is an AUC below 0.6.
LEAST = {"unseen": 0.05, "length": 0.147, "auc": 0.1}

# Maximum number of texts of a collection. More texts hardly change the result.
_MOST_TEXTS = 5000

# Words in fewer texts are not tested: their frequency cannot change significantly.
_FEWEST_TEXTS_OF_TERM = 5

_LISTED_TERMS = 10


@dataclass(frozen=True, eq=False)
class TextDrift(DriftChecks):
    """Comparison of new texts with reference texts. Displayed as tables in a notebook.

    Parameters
    ----------
    checks : DataFrame
        One row per check, with the columns ``check, reference, new, difference, minimum, p, drifted``. ``minimum`` is
        the smallest ``difference`` that matters. ``p`` is Holm-adjusted over all checks.
    terms : DataFrame
        Words in at least 5 texts, those that changed most first: ``term``, the shares of texts that contain it in the
        ``reference`` and in the ``new`` texts, ``difference``, ``p`` (Holm-adjusted over all words) and ``changed``.
    reference, new : TextSample
        What the checks measured.
    left_out : int
        Number of texts without words, and of near-duplicates of an earlier text of their collection.

    See Also
    --------
    topicdesk.measure_drift : Compare two collections of texts.

    Notes
    -----
    A check reports drift only if the difference is both significant (Holm-adjusted p below 0.05) and large enough to
    matter. Near-duplicates within a collection are left out, because tests need independent texts. Each collection is
    split into halves at random. Only the second halves are tested, so nothing that is tested was used to learn the
    vocabulary or the classifier, and the p-values hold for any classifier.

    unseen words
        Share of a text's words that are not in the first half of the reference. Mann–Whitney test.
    length
        Number of words, shown as medians. Mann–Whitney test of all texts; the difference is the rank-biserial
        correlation.
    classifier AUC
        Area under the ROC curve of a logistic regression on TF-IDF features. It predicts whether a text is new. The AUC
        is 0.5 without drift. The classifier is fitted on the first halves (classifier two-sample test). One-sided
        Mann–Whitney test, whose statistic is the AUC.
    terms
        Fisher's exact test of the number of texts that contain a word, with the smaller tail doubled. These tests
        describe the drift; they do not change `drifted`.

    The tests assume independent texts: many texts about one story, or from a source that is new, are drift to them. At
    most 5000 texts of each collection are used, drawn at random.

    References
    ----------
    Lopez-Paz and Oquab (2017), "Revisiting classifier two-sample tests", ICLR. Rabanser, Günnemann and Lipton (2019),
    "Failing loudly: an empirical study of methods for detecting dataset shift", NeurIPS. Holm (1979), "A simple
    sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6. Romano et al. (2006),
    "Appropriate statistics for ordinal level data", for the size of a rank-biserial correlation (Cliff's delta).
    """

    terms: pd.DataFrame
    reference: TextSample
    new: TextSample
    left_out: int = 0

    def __str__(self) -> str:
        """Return the result in a sentence, with the numbers of texts."""
        changed = self.terms["term"][self.terms["changed"]].head(_LISTED_TERMS).tolist()
        return (
            f"{self.finding()} {len(self.new):,} new texts compared with {len(self.reference):,} reference texts."
            + (f" Words that changed most: {', '.join(changed)}." if changed else "")
            + (f" {self.left_out:,} near-duplicates or texts without words were left out." if self.left_out else "")
        )

    def _repr_html_(self) -> str:
        changed = self.terms[self.terms["changed"]].head(_LISTED_TERMS).drop(columns="changed").round(3)
        return as_html(str(self), self.table(), *([changed.set_index("term")] if len(changed) else []))

    def plot(self) -> Figure:
        """Plot the unseen words, lengths and classifier scores of both collections, and the words that changed most."""
        from topicdesk.prediction._plots import plot_text_drift

        return plot_text_drift(self.reference, self.new, self.checks, self.terms)


def compare_texts(
    reference: Texts, articles: Texts, *, text: str | Sequence[str] | None = None, random_state: int = 0
) -> TextDrift:
    """Compare new texts with reference texts (see `topicdesk.measure_drift`)."""
    rng = np.random.default_rng(random_state)
    given = {"reference": reference, "articles": articles}
    whole = [_different_texts(name, texts, text, rng) for name, texts in given.items()]
    if mostly_turkish(one for texts, _ in whole for one in texts):
        whole = [(list(map(with_turkish_i, texts)), left_out) for texts, left_out in whole]
    vectorizer = CountVectorizer()
    # Tokenising is all that this fit does. What is learnt below uses rows of the first halves only.
    counts = csr_matrix(vectorizer.fit_transform([one for texts, _ in whole for one in texts]))
    n_reference = len(whole[0][0])
    parts = counts[:n_reference], counts[n_reference:]
    halves = [_halves(part.shape[0], rng) for part in parts]
    first = [part[rows] for part, (rows, _) in zip(parts, halves, strict=True)]
    second = [part[rows] for part, (_, rows) in zip(parts, halves, strict=True)]
    known = np.asarray(first[0].sum(axis=0)).ravel() > 0
    scores = _classifier_scores(first, second)
    before, after = (
        TextSample(_lengths(part), 1 - _lengths(held_out[:, known]) / _lengths(held_out), score)
        for part, held_out, score in zip(parts, second, scores, strict=True)
    )
    return TextDrift(
        judged_checks(_checks(before, after)),
        _changes(vectorizer.get_feature_names_out(), *parts),
        before,
        after,
        sum(left_out for _, left_out in whole),
    )


def _different_texts(
    name: str, texts: Any, text: str | Sequence[str] | None, rng: np.random.Generator
) -> tuple[list[str], int]:
    """Return a collection without near-duplicates and texts without words, and how many those are."""
    whole = whole_texts(text_fields(texts, text, name))
    if len(whole) > _MOST_TEXTS:
        whole = tuple(whole[row] for row in np.sort(rng.permutation(len(whole))[:_MOST_TEXTS]))
    words = CountVectorizer().build_analyzer()
    with_words = [one for one in whole if words(one)]
    kept: list[str] = []
    if with_words:
        _, rows = np.unique(near_duplicate_groups(with_words), return_index=True)
        kept = [with_words[row] for row in np.sort(rows)]
    if len(kept) < FEWEST_ARTICLES:
        raise LabellerError(
            f"{name} has {len(kept)} different texts with words, and the drift tests need at least {FEWEST_ARTICLES}. "
            "Use more texts."
        )
    return kept, len(whole) - len(kept)


def _halves(n_rows: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    order = rng.permutation(n_rows)
    return order[: n_rows // 2], order[n_rows // 2 :]


def _lengths(counts: csr_matrix) -> NDArray[np.int64]:
    return np.asarray(counts.sum(axis=1), dtype=np.int64).ravel()


def _classifier_scores(first: Sequence[csr_matrix], second: Sequence[csr_matrix]) -> list[NDArray[np.float64]]:
    """Fit a classifier of the two collections on the first halves, and score the second halves."""
    weigh = TfidfTransformer(sublinear_tf=True)
    features = weigh.fit_transform(vstack(first, format="csr"))
    is_new = np.repeat([0, 1], [part.shape[0] for part in first])
    classifier = LogisticRegression(class_weight="balanced", max_iter=1000).fit(features, is_new)
    return [classifier.decision_function(weigh.transform(part)) for part in second]


def _checks(before: TextSample, after: TextSample) -> list[Check]:
    unseen = float(before.unseen.mean()), float(after.unseen.mean())
    length = float(np.median(before.lengths)), float(np.median(after.lengths))
    by_length = mannwhitneyu(after.lengths, before.lengths)
    by_score = mannwhitneyu(after.scores, before.scores, alternative="greater")
    rank_biserial = 2 * float(by_length.statistic) / (len(before) * len(after)) - 1
    auc = float(by_score.statistic) / (len(before.scores) * len(after.scores))
    return [
        (
            "unseen words",
            *unseen,
            abs(unseen[1] - unseen[0]),
            LEAST["unseen"],
            float(mannwhitneyu(after.unseen, before.unseen).pvalue),
        ),
        ("length", *length, abs(rank_biserial), LEAST["length"], float(by_length.pvalue)),
        ("classifier AUC", 0.5, auc, auc - 0.5, LEAST["auc"], float(by_score.pvalue)),
    ]


def _changes(words: NDArray[Any], before: csr_matrix, after: csr_matrix) -> pd.DataFrame:
    """Test the number of texts that contain each word."""
    containing = [np.asarray((part > 0).sum(axis=0)).ravel() for part in (before, after)]
    n_before, n_after = before.shape[0], after.shape[0]
    tested = np.flatnonzero(containing[0] + containing[1] >= _FEWEST_TEXTS_OF_TERM)
    k_before, k_after = (part[tested] for part in containing)
    given = n_before + n_after, k_before + k_after, n_after
    smaller = np.minimum(hypergeom.cdf(k_after, *given), hypergeom.sf(k_after - 1, *given))
    shares = k_before / n_before, k_after / n_after
    p = np.minimum(1, 2 * smaller)
    table = pd.DataFrame(
        {
            "term": words[tested],
            "reference": shares[0],
            "new": shares[1],
            "difference": shares[1] - shares[0],
            "p": holm(p) if len(p) else p,
        }
    )
    order = np.lexsort((-np.abs(table["difference"]), p))
    table = table.iloc[order].reset_index(drop=True)
    return table.assign(changed=table["p"] < ALPHA)
