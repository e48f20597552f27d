"""Compare the best classifier with all others in one statement with a known error rate, and choose which one to keep.

All differences between classifiers are judged together, on the same bootstrap resamples of the test articles. The
largest studentised difference of any pair sets one critical value for all (max-T). Because every pair counts, the
statement stays valid although the best classifier was found on the same articles. The probability of calling any
equally good classifier worse is at most 5 %, if each topic of the metric has about ten positives or more. A macro mean
of rarer topics depends on a few positives, for which the bootstrap is too optimistic.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicdesk._proportions import NORMAL
from topicdesk.evaluation.leaderboard import metric_title, shown
from topicdesk.evaluation.significance import bayesian_t_test, corrected_t_test, mcnemar

__all__ = ["Verdict", "bias_corrected", "decide_winner", "differences_from_best", "significance_table"]

_ALPHA = 0.05

# With fewer resamples, no p-value can be below 5 %.
_FEWEST_RESAMPLES = 20

#: More missing articles than this are not worth a number.
_MOST_ARTICLES = 1_000_000

#: Most classifiers that a reason names.
_MOST_NAMED = 4

Outcome = Literal["wins", "equivalent", "undecided"]

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """Which classifier is kept, and why.

    Parameters
    ----------
    winner : str
        The classifier to keep.
    best : str
        The listed classifier with the highest metric.
    reason : str
        The reason, in sentences.
    outcome : {"wins", "equivalent", "undecided"}, default "undecided"
        ``wins``: every other listed classifier is shown to be worse than the best. ``equivalent``: every other one is
        shown to be worse, or to differ by no more than the region of practical equivalence; the simplest of these is
        kept. ``undecided``: neither; the best is kept.
    corrected : float, default NaN
        The metric of the best, corrected for having been chosen as the highest.
    more_articles : int, optional
        About how many more labelled articles would decide, if undecided.
    """

    winner: str
    best: str
    reason: str
    outcome: Outcome = "undecided"
    corrected: float = float("nan")
    more_articles: int | None = None


def differences_from_best(
    values: Mapping[str, _Floats], best: str, *, factor: float = 1.0, rope: float = 0.01, one_article: float = 0.0
) -> pd.DataFrame:
    """Compare the best classifier with each other one, with simultaneous intervals and adjusted p-values.

    Parameters
    ----------
    values : mapping of str to ndarray of float, shape (1 + n_resamples,)
        Metric of each classifier on the test articles, followed by its values on the same bootstrap resamples.
    best : str
        Classifier with which the others are compared. It may have been chosen on the same values.
    factor : float, default 1.0
        Multiplies each standard error, to account for the choice of training articles (see `training_factor`).
    rope : float, default 0.01
        Differences up to this size do not matter in practice.
    one_article : float, default 0.0
        About how much the metric changes if one article is decided differently. It is the standard error of a
        difference that is the same in all resamples: classifiers that decide all of a few articles alike are not shown
        to be equivalent.

    Returns
    -------
    DataFrame of shape (n_classifiers - 1, 5)
        Index ``classifier``, in the order of `values`. Columns ``difference`` (best minus other), ``low, high`` (95 %
        intervals that hold for all pairs together), ``p`` (adjusted for all pairs) and ``conclusion``: ``equivalent``
        if the interval lies within the region of practical equivalence, else ``worse`` if it is above 0, ``better`` if
        it is below 0, else ``undecided``. With fewer than 20 resamples, or if the metric of a classifier is undefined,
        only the difference is defined.

    Notes
    -----
    The critical value is the 95 % quantile, over resamples, of the largest absolute studentised difference of any pair
    of classifiers from its observed value. Resamples in which the metric of a classifier is undefined are left out.

    References
    ----------
    Westfall and Young (1993), "Resampling-based multiple testing", for max-T. Romano and Wolf (2005), "Exact and
    approximate stepdown methods for multiple hypothesis testing". Hsu (1996), "Multiple comparisons", chapter 4, for
    comparisons with a best that the data chose.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.normal(0, 0.01, size=(2, 1000))
    >>> values = {"a": np.append(0.8, 0.8 + noise[0]), "b": np.append(0.7, 0.7 + noise[1])}
    >>> differences_from_best(values, "a")["conclusion"].to_dict()
    {'b': 'worse'}
    """
    names = list(values)
    matrix = np.column_stack([values[name] for name in names])
    # A classifier whose metric is undefined would leave no resample for the others.
    defined = np.isfinite(matrix[0]) & (np.isnan(matrix[1:]).mean(axis=0) < 0.5 if len(matrix) > 1 else True)
    resampled = matrix[1:][~np.isnan(matrix[1:, defined]).any(axis=1)]
    if len(resampled) < _FEWEST_RESAMPLES:
        resampled = resampled[:0]
    scales, largest = _studentised(matrix[0], np.where(defined, resampled, 0.0))
    rows = []
    for column, name in enumerate(names):
        if name == best:
            continue
        difference = float(matrix[0, names.index(best)] - matrix[0, column])
        scale = factor * (float(scales[names.index(best), column]) or one_article)
        low = high = p_value = np.nan
        if len(resampled) and defined[column] and defined[names.index(best)]:
            # At least the critical value of a single difference: if no resample distinguishes a pair, that of all is 0.
            half = max(float(np.quantile(largest, 1 - _ALPHA)), NORMAL) * scale
            low, high = max(difference - half, -1.0), min(difference + half, 1.0)
            ratio = 0.0 if difference == 0 else np.inf if scale == 0 else abs(difference) / scale
            # One more than counted: the observed value is one of the values under the null hypothesis.
            p_value = (1 + int((largest >= ratio).sum())) / (1 + len(largest))
        rows.append((name, difference, low, high, p_value, _conclusion(low, high, p_value, rope)))
    columns = ["classifier", "difference", "low", "high", "p", "conclusion"]
    return pd.DataFrame(rows, columns=columns).set_index("classifier")


def _studentised(observed: _Floats, resampled: _Floats) -> tuple[_Floats, _Floats]:
    """Return the standard error of each difference, and the largest studentised deviation of any pair by resample."""
    n_classifiers = len(observed)
    scales = np.zeros((n_classifiers, n_classifiers))
    largest = np.zeros(len(resampled))
    if not len(resampled):
        return scales, largest
    for first, second in combinations(range(n_classifiers), 2):
        deviations = resampled[:, first] - resampled[:, second] - (observed[first] - observed[second])
        if not np.isfinite(deviations).all():
            continue
        scale = float(deviations.std())
        # Below this bound there is only floating-point noise: the two classifiers decide alike.
        if scale > 1e-12:
            scales[first, second] = scales[second, first] = scale
            np.maximum(largest, np.abs(deviations) / scale, out=largest)
    return scales, largest


def _conclusion(low: float, high: float, p_value: float, rope: float) -> str:
    if -rope <= low and high <= rope:
        return "equivalent"
    if p_value <= _ALPHA and (low > 0 or high < 0):
        return "worse" if low > 0 else "better"
    return "undecided"


def significance_table(
    values: Mapping[str, _Floats],
    best: str,
    fold_values: pd.DataFrame,
    right: pd.DataFrame,
    *,
    factor: float,
    test_to_train: float,
    rope: float,
    one_article: float = 0.0,
) -> pd.DataFrame:
    """Compare the best classifier with every other classifier.

    Parameters
    ----------
    values, best, factor, rope, one_article
        As in `differences_from_best`.
    fold_values : DataFrame of shape (n_splits, n_classifiers)
        The metric on the test articles of each split.
    right : DataFrame of bool, shape (n_articles, n_classifiers)
        Whether all topics of an article are right, in the first repeat.
    test_to_train : float
        Mean ratio of test rows to training rows.

    Returns
    -------
    DataFrame of shape (n_classifiers - 1, 11)
        Index ``classifier``. The columns of `differences_from_best`, which the verdict uses. Then columns for
        comparison, each not adjusted for the number of classifiers: ``mcnemar_p`` (exact McNemar test of the share of
        articles whose topics are all right), ``folds_p`` (corrected t-test over splits), and ``better, equivalent,
        worse, above_zero`` (posterior probabilities for the best against the other, over splits).
    """
    table = differences_from_best(values, best, factor=factor, rope=rope, one_article=one_article)
    rows = []
    for classifier in table.index:
        over_folds = (fold_values[best] - fold_values[classifier]).to_numpy(dtype=np.float64)
        posterior = bayesian_t_test(over_folds, test_to_train, rope)
        rows.append(
            {
                "mcnemar_p": mcnemar(right[best].to_numpy(), right[classifier].to_numpy()),
                "folds_p": corrected_t_test(over_folds, test_to_train).p_value,
                "better": posterior.better,
                "equivalent": posterior.equivalent,
                "worse": posterior.worse,
                "above_zero": posterior.above_zero,
            }
        )
    columns = ["mcnemar_p", "folds_p", "better", "equivalent", "worse", "above_zero"]
    return table.join(pd.DataFrame(rows, columns=columns, index=table.index))


def bias_corrected(values: Mapping[str, _Floats], left_out: Mapping[str, _Floats]) -> float:
    """Estimate the metric of the best classifier on new articles, corrected for its having been chosen as the highest.

    In each bootstrap resample, the classifier with the highest metric is chosen, and scored on the articles that the
    resample left out. The mean of these scores estimates the performance of the whole procedure, including the choice.

    Parameters
    ----------
    values : mapping of str to ndarray of float, shape (1 + n_resamples,)
        As in `differences_from_best`.
    left_out : mapping of str to ndarray of float, shape (n_resamples,)
        Metric of each classifier on the articles that each resample left out.

    Returns
    -------
    float
        NaN without resamples. At most the highest metric on the test articles.

    References
    ----------
    Tsamardinos, Greasidou and Borboudakis (2018), "Bootstrapping the out-of-sample predictions for efficient and
    accurate cross-validation", Machine Learning 107 (BBC-CV).
    """
    inside = np.column_stack([values[name][1:] for name in values])
    outside = np.column_stack([left_out[name] for name in values])
    defined = ~np.isnan(inside).all(axis=1)
    if not defined.any():
        return float("nan")
    chosen = np.nanargmax(inside[defined], axis=1)
    scored = outside[defined][np.arange(len(chosen)), chosen]
    scored = scored[~np.isnan(scored)]
    highest = max(float(distribution[0]) for distribution in values.values())
    return min(float(scored.mean()), highest) if len(scored) else float("nan")


def decide_winner(
    table: pd.DataFrame,
    best: str,
    simplest_first: Sequence[str],
    metric: str,
    *,
    value: float,
    n_articles: int,
    rope: float = 0.01,
    baselines: Collection[str] = (),
    corrected: float = float("nan"),
) -> Verdict:
    """Choose the classifier to keep.

    Parameters
    ----------
    table : DataFrame
        From `differences_from_best` or `significance_table`.
    best : str
        The listed classifier with the highest metric, with which the table compares the others.
    simplest_first : sequence of str
        All classifiers, in the order of the comparison's plan.
    metric : str
        Name of the metric, for the reason.
    value : float
        Metric of the best.
    n_articles : int
        Number of test articles.
    rope : float, default 0.01
        As in `differences_from_best`.
    baselines : collection of str, default ()
        Classifiers that the user did not list. They never win.
    corrected : float, default NaN
        The metric of the best, from `bias_corrected`.

    Returns
    -------
    Verdict
    """
    listed = [name for name in simplest_first if name not in baselines] or list(simplest_first)
    rivals = table.loc[[name for name in table.index if name in listed]]
    # Of two classifiers, the better one by point estimate is the best, so a listed one is never shown to be better.
    open_rivals = list(rivals.index[rivals["conclusion"] == "undecided"])
    equivalent = [*rivals.index[rivals["conclusion"] == "equivalent"], best]
    title = metric_title(metric)
    highest = f"{best} has the best {title}, {shown(value)}"
    more = None
    if len(listed) == 1:
        outcome: Outcome = "wins"
        winner, reason = best, f"{best} is the only classifier that was listed."
    elif open_rivals:
        outcome, winner = "undecided", best
        more = _more_articles(rivals.loc[open_rivals], n_articles, rope)
        reason = (
            f"Undecided: {highest}, and is kept, but is not shown to be better than {_named(open_rivals)} "
            f"({_difference(rivals, open_rivals[0])} ahead of {open_rivals[0]})."
        )
        if more is not None:
            reason += (
                f" About {more:,} more labelled articles would decide it, if the differences stay as they are and "
                "their variances fall as 1/n."
            )
    elif len(equivalent) > 1:
        outcome = "equivalent"
        winner = next(name for name in listed if name in equivalent)
        if winner == best:
            others = [name for name in equivalent if name != best]
            reason = f"{best} wins: it has the best {title}, {shown(value)}, and is simpler than {_named(others)}, "
            reason += f"which {'is' if len(others) == 1 else 'are'} equivalent (within {rope:g})."
        else:
            reason = (
                f"{winner} wins: it is simpler than {best}, which has the best {title}, {shown(value)}, and equivalent "
                f"({_difference(rivals, winner)} behind, within {rope:g})."
            )
    else:
        outcome, winner = "wins", best
        reason = f"{best} wins: it has the best {title}, {shown(value)}, and every other listed classifier is shown to "
        reason += "be worse."
    if len(listed) > 1 and np.isfinite(corrected):
        reason += f" Corrected for having been chosen as the highest, the score of {best} is {shown(corrected)}."
    ahead = [name for name in table.index if name in baselines and table["difference"][name] < 0]
    if ahead:
        reason += (
            f" The baseline {_named(ahead)} scores higher, but was not listed, and a baseline wins only if listed."
        )
    return Verdict(winner, best, reason, outcome, corrected, more)


def _difference(rivals: pd.DataFrame, name: str) -> str:
    return shown(*rivals.loc[name, ["difference", "low", "high"]].astype(float))


def _named(names: Sequence[str]) -> str:
    shown_names = list(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        return f"{', '.join(shown_names)} and {len(names) - _MOST_NAMED} more"
    return " and ".join([", ".join(shown_names[:-1]), shown_names[-1]] if len(shown_names) > 1 else shown_names)


def _more_articles(rivals: pd.DataFrame, n_articles: int, rope: float) -> int | None:
    """Return about how many more articles would decide all rivals; None if too many, or if nothing was resampled.

    The half-width of an interval falls with the square root of the number of articles. A rival is decided when the
    half-width is smaller than the difference (the rival is worse), or when the interval fits into the region of
    practical equivalence.
    """
    differences = rivals["difference"].abs().to_numpy(dtype=np.float64)
    halves = (rivals["high"] - rivals["difference"]).to_numpy(dtype=np.float64)
    goals = np.maximum(differences, rope - differences)
    with np.errstate(divide="ignore"):
        more = float((n_articles * (halves / goals) ** 2).max()) - n_articles
    if not np.isfinite(more) or more > _MOST_ARTICLES:
        return None
    digits = max(0, len(str(int(more))) - 2)
    step: int = 10**digits
    return max(1, math.ceil(more / step) * step)
