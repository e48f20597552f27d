"""Format metric values as tables, for comparisons and results locks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from topicdesk._arguments import check_choice, check_strings, check_table
from topicdesk._renamed import renamed_arguments
from topicdesk.errors import ArgumentError
from topicdesk.evaluation.names import ALL_SAMPLES, CORPUS_SAMPLE, DIFFERENCE_FROM_BEST, FEWEST_POSITIVES

__all__ = [
    "headline_of",
    "leaderboard",
    "leaderboard_note",
    "metric_title",
    "most_often",
    "probability_leaderboard",
    "scores_where",
    "shown",
    "shown_decrease",
    "starred",
    "topic_leaderboard",
    "topic_title",
]

_ABBREVIATIONS = {"f1": "F1", "roc": "ROC", "auc": "AUC"}


def headline_of(scores: pd.DataFrame) -> str:
    """Return the sample of the headline: ``corpus`` if the scores have it, else ``all``."""
    return CORPUS_SAMPLE if (scores["sample"] == CORPUS_SAMPLE).any() else ALL_SAMPLES


def metric_title(metric: str) -> str:
    """Return the display name of a metric: ``macro_f1`` becomes ``macro-F1``."""
    mean, _, rest = metric.partition("_")
    words = " ".join(_ABBREVIATIONS.get(word, word) for word in rest.split("_"))
    return f"{mean}-{words}" if mean in ("macro", "micro") else f"{mean} {words}"


def most_often(values: pd.Series) -> str:
    """Format the value that splits chose most often, with its count."""
    counts = values.value_counts()
    return f"{counts.index[0] or '(none)'} ({counts.iloc[0]} of {len(values)} splits)"


def shown(value: float, low: float | None = None, high: float | None = None) -> str:
    """Format a value with three decimals, followed by its interval if it has one."""
    if np.isnan(value):
        return "–"
    if low is None or high is None or np.isnan(low) or np.isnan(high):
        return _decimals(value)
    return f"{_decimals(value)} [{_decimals(low)}, {_decimals(high)}]"


def shown_decrease(
    value: float, low: float, high: float, words: tuple[str, str] = ("a decrease of", "an increase of")
) -> str:
    """Describe a decrease and its interval in words. A negative one is an increase, and its interval is turned.

    Examples
    --------
    >>> shown_decrease(0.031, -0.01, 0.07)
    'a decrease of 0.031 [-0.010, 0.070]'
    >>> shown_decrease(-0.025, -0.06, 0.01)
    'an increase of 0.025 [-0.010, 0.060]'
    """
    if _decimals(value).startswith("-"):
        return f"{words[1]} {shown(-value, -high, -low)}"
    return f"{words[0]} {shown(value, low, high)}"


def starred(p_value: float) -> str:
    """Format a p-value with significance marks: ``*`` below 0.05, ``**`` below 0.01, ``***`` below 0.001."""
    if np.isnan(p_value):
        return "–"
    marks = "*" * sum(p_value < bound for bound in (0.05, 0.01, 0.001))
    return f"{'<0.001' if p_value < 0.001 else f'{p_value:.3f}'} {marks}".strip()


@renamed_arguments(figures="scores")
def scores_where(scores: pd.DataFrame, **equal: object) -> pd.DataFrame:
    """Return the rows of a table of metrics whose columns equal the given values.

    Examples
    --------
    >>> table = pd.DataFrame({"metric": ["macro_f1", "micro_f1"], "value": [0.5, 0.6]})
    >>> scores_where(table, metric="micro_f1")["value"].item()
    0.6
    """
    mask = pd.Series(True, index=scores.index)
    for column, value in equal.items():
        mask &= scores[column] == value
    return scores[mask]


@renamed_arguments(figures="scores")
def leaderboard(
    scores: pd.DataFrame,
    metric: str,
    significance: pd.DataFrame | None = None,
    also: tuple[str, ...] = ("subset_accuracy",),
) -> pd.DataFrame:
    """Format the metrics of all classifiers, best classifier first.

    Parameters
    ----------
    scores : DataFrame
        Columns as in `Comparison.scores`. The columns over folds are optional.
    metric : str
        The metric that orders the rows. It is shown in full detail.
    significance : DataFrame, optional
        Index ``classifier``, columns ``p`` and ``conclusion``. Adds the adjusted p-value of the difference from the
        best listed classifier, with significance marks, and the conclusion.
    also : tuple of str, default ("subset_accuracy",)
        Other metrics to show.

    Returns
    -------
    DataFrame of str, shape (n_classifiers, n_columns)
        Index ``classifier``.

    Raises
    ------
    ArgumentError
        If a table lacks a column or `scores` has no rows, or a metric is not among them.
    """
    columns_needed = ("classifier", "sample", "metric", "value", "low", "high", *DIFFERENCE_FROM_BEST)
    check_table("scores", scores, columns_needed, "Use the scores of a Comparison.")
    if scores.empty:
        raise ArgumentError("scores has no rows. Use the scores of a Comparison.")
    known = list(dict.fromkeys(scores["metric"]))
    check_choice("metric", metric, known)
    if significance is not None:
        check_table("significance", significance, ("p",), "Use the significance of a Comparison.")
    check_strings("also", also)
    for extra in also:
        check_choice("also", extra, known)
    samples = list(dict.fromkeys(scores["sample"]))
    headline = headline_of(scores)
    main = _by_classifier(scores, headline, metric).sort_values("value", ascending=False, kind="stable")
    title = metric_title(metric)
    weighted = headline == CORPUS_SAMPLE
    columns: dict[str, list[str]] = {
        f"{title}, corpus [95 %]" if weighted else f"{title} [95 %]": _intervals(main),
        "behind the best [95 %]": _differences(main, significance),
    }
    if significance is not None and len(significance):
        tests = significance.reindex(main.index)
        columns["adjusted p"] = ["" if name not in significance.index else starred(p) for name, p in tests["p"].items()]
        if "conclusion" in tests:
            columns["conclusion"] = tests["conclusion"].fillna("").tolist()
    if "fold_sd" in main and main["fold_sd"].notna().any():
        columns["folds, mean ± sd"] = [
            f"{shown(mean)} ± {shown(sd)}" for mean, sd in zip(main["fold_mean"], main["fold_sd"], strict=True)
        ]
    for extra in (extra for extra in also if extra != metric):
        columns[metric_title(extra)] = _intervals(_by_classifier(scores, headline, extra).loc[main.index], "value")
    for sample in (sample for sample in samples if sample != headline):
        labelled = sample == ALL_SAMPLES
        name = metric if labelled else _prevalent(metric)
        rows = _by_classifier(scores, sample, name).loc[main.index]
        where = "labelled articles, each once" if labelled else f"{sample} sample"
        columns[f"{metric_title(name)}, {where} [95 %]"] = _intervals(rows)
    return pd.DataFrame(columns, index=pd.Index(main.index, name="classifier"))


def leaderboard_note(headline: str) -> str:
    """Return what the intervals of a leaderboard estimate, and whether its scores are weighted to the corpus.

    Examples
    --------
    >>> leaderboard_note("all")
    'Intervals are 95 %, for the procedure on new training and test articles.'
    """
    note = "Intervals are 95 %, for the procedure on new training and test articles."
    if headline == CORPUS_SAMPLE:
        note += " All scores are weighted to the corpus, unless the title of a column says otherwise."
    return note


def _differences(main: pd.DataFrame, significance: pd.DataFrame | None) -> list[str]:
    """Return the difference of each row from the best listed classifier; empty for the best itself."""
    best = main.index[:1] if significance is None else main.index.difference(significance.index)
    texts = _intervals(main, *DIFFERENCE_FROM_BEST)
    return ["" if name in best else text for name, text in zip(main.index, texts, strict=True)]


@renamed_arguments(topic_figures="topic_scores")
def topic_leaderboard(
    topic_scores: pd.DataFrame, order: tuple[str, ...], metric: str = "f1", sample: str = ALL_SAMPLES
) -> pd.DataFrame:
    """Format one metric of each topic and classifier, with its interval.

    Parameters
    ----------
    topic_scores : DataFrame
        Columns as in `Comparison.topic_scores`.
    order : tuple of str
        Classifiers, best first.
    metric : str, default "f1"
        One of `TOPIC_METRICS`.
    sample : str, default "all"
        ``all``, or ``corpus`` for scores weighted by how the articles were drawn.

    Returns
    -------
    DataFrame of str, shape (n_classifiers, n_topics)
        Index ``classifier``. Column names include the support of the topic, and say if it is too small for a claim.
    """
    rows = scores_where(topic_scores, sample=sample, metric=metric)
    titles = [topic_title(topic, support) for topic, support in zip(rows["topic"], rows["support"], strict=True)]
    wide = rows.assign(text=_intervals(rows), title=titles).pivot(index="classifier", columns="title", values="text")
    return wide.loc[list(order), list(dict.fromkeys(titles))].rename_axis(columns=None)


def topic_title(topic: str, support: int) -> str:
    """Return the title of a topic's column, with its support.

    Examples
    --------
    >>> topic_title("climate", 6)
    'climate (n = 6, no claim)'
    """
    return f"{topic} (n = {support}{', no claim' if support < FEWEST_POSITIVES else ''})"


@renamed_arguments(figures="scores")
def probability_leaderboard(scores: pd.DataFrame, order: tuple[str, ...], precision: float) -> pd.DataFrame:
    """Format the quality of the probabilities and the share of articles that can be labelled automatically.

    Parameters
    ----------
    scores : DataFrame
        Columns as in `Comparison.scores`.
    order : tuple of str
        Classifiers, best first. Classifiers without probabilities are left out.
    precision : float
        Required precision of articles that are labelled automatically.

    Returns
    -------
    DataFrame of str, shape (n_classifiers, 4)
        Index ``classifier``.
    """
    sample = headline_of(scores)
    rates = _by_classifier(scores, sample, "automation_rate")
    names = [name for name in order if name in rates["value"].dropna().index]
    columns = {
        "Brier score [95 %]": "brier",
        "calibration error": "calibration_error",
        f"labelled alone at {precision:.0%} [95 %]": "automation_rate",
        "of those all topics right [95 %]": "automation_precision",
    }
    table = {title: _intervals(_by_classifier(scores, sample, name).loc[names]) for title, name in columns.items()}
    return pd.DataFrame(table, index=pd.Index(names, name="classifier"))


def _decimals(value: float) -> str:
    text = f"{value:.3f}"
    return "0.000" if text == "-0.000" else text


def _by_classifier(scores: pd.DataFrame, sample: str, metric: str) -> pd.DataFrame:
    return scores_where(scores, sample=sample, metric=metric).set_index("classifier")


def _intervals(rows: pd.DataFrame, *columns: str) -> list[str]:
    return [shown(*row) for row in rows[list(columns or ("value", "low", "high"))].to_numpy(dtype=float)]


def _prevalent(metric: str) -> str:
    # A uniform sample has too few articles of rare topics for a macro mean.
    return metric.replace("macro_", "micro_")
