"""Format metric values as tables, for comparisons and results locks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from topicdesk._arguments import check_choice, check_strings, check_table
from topicdesk._renamed import renamed_arguments
from topicdesk.errors import ArgumentError
from topicdesk.evaluation.names import DIFFERENCE_FROM_BEST

__all__ = [
    "ALL_SAMPLES",
    "leaderboard",
    "metric_title",
    "most_often",
    "probability_leaderboard",
    "scores_where",
    "shown",
    "starred",
    "topic_leaderboard",
]

#: Value of the column ``sample`` for metrics over all test articles.
ALL_SAMPLES = "all"

_ABBREVIATIONS = {"f1": "F1", "roc": "ROC", "auc": "AUC"}


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
        Index ``classifier``, column ``p_holm``. Adds the adjusted p-value of the difference from the first classifier,
        with significance marks.
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
        check_table("significance", significance, ("p_holm",), "Use the significance of a Comparison.")
    check_strings("also", also)
    for extra in also:
        check_choice("also", extra, known)
    samples = list(dict.fromkeys(scores["sample"]))
    main = _by_classifier(scores, ALL_SAMPLES, metric).sort_values("value", ascending=False, kind="stable")
    title = metric_title(metric)
    columns: dict[str, list[str]] = {
        f"{title} [95 %]": _intervals(main),
        "behind the first [95 %]": ["", *_intervals(main.iloc[1:], *DIFFERENCE_FROM_BEST)],
    }
    if significance is not None and len(significance):
        adjusted = significance["p_holm"].reindex(main.index)
        columns["Holm p"] = ["", *(starred(p_value) for p_value in adjusted.iloc[1:])]
    if "fold_sd" in main and main["fold_sd"].notna().any():
        columns["folds, mean ± sd"] = [
            f"{shown(mean)} ± {shown(sd)}" for mean, sd in zip(main["fold_mean"], main["fold_sd"], strict=True)
        ]
    for extra in (extra for extra in also if extra != metric):
        columns[metric_title(extra)] = _intervals(_by_classifier(scores, ALL_SAMPLES, extra).loc[main.index], "value")
    for sample in samples[1:]:
        prevalent = _prevalent(metric)
        rows = _by_classifier(scores, sample, prevalent).loc[main.index]
        columns[f"{metric_title(prevalent)}, {sample} sample [95 %]"] = _intervals(rows)
    return pd.DataFrame(columns, index=pd.Index(main.index, name="classifier"))


@renamed_arguments(topic_figures="topic_scores")
def topic_leaderboard(topic_scores: pd.DataFrame, order: tuple[str, ...], metric: str = "f1") -> pd.DataFrame:
    """Format one metric of each topic and classifier, with its interval.

    Parameters
    ----------
    topic_scores : DataFrame
        Columns as in `Comparison.topic_scores`.
    order : tuple of str
        Classifiers, best first.
    metric : str, default "f1"
        One of `TOPIC_METRICS`.

    Returns
    -------
    DataFrame of str, shape (n_classifiers, n_topics)
        Index ``classifier``. Column names include the support of the topic.
    """
    rows = scores_where(topic_scores, sample=ALL_SAMPLES, metric=metric)
    titles = [f"{topic} (n = {support})" for topic, support in zip(rows["topic"], rows["support"], strict=True)]
    wide = rows.assign(text=_intervals(rows), title=titles).pivot(index="classifier", columns="title", values="text")
    return wide.loc[list(order), list(dict.fromkeys(titles))].rename_axis(columns=None)


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
    rates = _by_classifier(scores, ALL_SAMPLES, "automation_rate")
    names = [name for name in order if name in rates["value"].dropna().index]
    columns = {
        "Brier score [95 %]": "brier",
        "calibration error": "calibration_error",
        f"labelled alone at {precision:.0%} [95 %]": "automation_rate",
        "of those all topics right [95 %]": "automation_precision",
    }
    table = {title: _intervals(_by_classifier(scores, ALL_SAMPLES, name).loc[names]) for title, name in columns.items()}
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
