"""The leaderboard: figures as a person reads them, from a comparison or from a results lock."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = [
    "ALL_SAMPLES",
    "figures_where",
    "leaderboard",
    "metric_title",
    "most_often",
    "probability_leaderboard",
    "shown",
    "starred",
    "topic_leaderboard",
]

#: In tables of figures, the sample of those over all test articles.
ALL_SAMPLES = "all"

_ABBREVIATIONS = {"f1": "F1", "roc": "ROC", "auc": "AUC"}


def metric_title(metric: str) -> str:
    """Write a metric's name as the field does: ``macro_f1`` is ``macro-F1``."""
    mean, _, rest = metric.partition("_")
    words = " ".join(_ABBREVIATIONS.get(word, word) for word in rest.split("_"))
    return f"{mean}-{words}" if mean in ("macro", "micro") else f"{mean} {words}"


def most_often(values: pd.Series) -> str:
    """Write what splits chose most often, and how often."""
    counts = values.value_counts()
    return f"{counts.index[0] or '(none)'} ({counts.iloc[0]} of {len(values)} splits)"


def shown(value: float, low: float | None = None, high: float | None = None) -> str:
    """Write a figure with three decimals, and its interval behind it when there is one."""
    if np.isnan(value):
        return "–"
    if low is None or high is None or np.isnan(low) or np.isnan(high):
        return _decimals(value)
    return f"{_decimals(value)} [{_decimals(low)}, {_decimals(high)}]"


def starred(p_value: float) -> str:
    """Write a p-value with the marks that the field puts behind it: ``*`` below 0.05, ``**`` 0.01, ``***`` 0.001."""
    if np.isnan(p_value):
        return "–"
    marks = "*" * sum(p_value < bound for bound in (0.05, 0.01, 0.001))
    return f"{'<0.001' if p_value < 0.001 else f'{p_value:.3f}'} {marks}".strip()


def figures_where(figures: pd.DataFrame, **equal: object) -> pd.DataFrame:
    """Take the rows of a table of figures whose columns are equal to the values given.

    Examples
    --------
    >>> table = pd.DataFrame({"metric": ["macro_f1", "micro_f1"], "value": [0.5, 0.6]})
    >>> figures_where(table, metric="micro_f1")["value"].item()
    0.6
    """
    wanted = pd.Series(True, index=figures.index)
    for column, value in equal.items():
        wanted &= figures[column] == value
    return figures[wanted]


def leaderboard(
    figures: pd.DataFrame,
    metric: str,
    significance: pd.DataFrame | None = None,
    also: tuple[str, ...] = ("subset_accuracy",),
) -> pd.DataFrame:
    """Write the figures of all classifiers, best first.

    Parameters
    ----------
    figures : DataFrame
        Columns as `Comparison.figures` has them; those of folds may be missing.
    metric : str
        Orders the rows, and is shown with all there is to know of it.
    significance : DataFrame, optional
        Index ``classifier``, column ``p_holm``: adds whether each is behind the first for sure, with marks.
    also : tuple of str, default ("subset_accuracy",)
        Other metrics to show.

    Returns
    -------
    DataFrame of str, shape (n_classifiers, n_columns)
        Index ``classifier``.
    """
    samples = list(dict.fromkeys(figures["sample"]))
    main = _by_classifier(figures, ALL_SAMPLES, metric).sort_values("value", ascending=False, kind="stable")
    title = metric_title(metric)
    columns: dict[str, list[str]] = {
        f"{title} [95 %]": _intervals(main),
        "behind the first [95 %]": ["", *_intervals(main.iloc[1:], "behind", "behind_low", "behind_high")],
    }
    if significance is not None and len(significance):
        adjusted = significance["p_holm"].reindex(main.index)
        columns["Holm p"] = ["", *(starred(p_value) for p_value in adjusted.iloc[1:])]
    if "fold_sd" in main and main["fold_sd"].notna().any():
        columns["folds, mean ± sd"] = [
            f"{shown(mean)} ± {shown(sd)}" for mean, sd in zip(main["fold_mean"], main["fold_sd"], strict=True)
        ]
    for other in (other for other in also if other != metric):
        columns[metric_title(other)] = _intervals(_by_classifier(figures, ALL_SAMPLES, other).loc[main.index], "value")
    for sample in samples[1:]:
        prevalent = _prevalent(metric)
        rows = _by_classifier(figures, sample, prevalent).loc[main.index]
        columns[f"{metric_title(prevalent)}, {sample} sample [95 %]"] = _intervals(rows)
    return pd.DataFrame(columns, index=pd.Index(main.index, name="classifier"))


def topic_leaderboard(topic_figures: pd.DataFrame, order: tuple[str, ...], metric: str = "f1") -> pd.DataFrame:
    """Write one figure of each topic and classifier, with its interval.

    Parameters
    ----------
    topic_figures : DataFrame
        Columns as `Comparison.topic_figures` has them.
    order : tuple of str
        Classifiers, best first.
    metric : str, default "f1"
        One of `TOPIC_METRICS`.

    Returns
    -------
    DataFrame of str, shape (n_classifiers, n_topics)
        Index ``classifier``; a column's name holds the topic's support.
    """
    rows = figures_where(topic_figures, sample=ALL_SAMPLES, metric=metric)
    titles = [f"{topic} (n = {support})" for topic, support in zip(rows["topic"], rows["support"], strict=True)]
    wide = rows.assign(text=_intervals(rows), title=titles).pivot(index="classifier", columns="title", values="text")
    return wide.loc[list(order), list(dict.fromkeys(titles))].rename_axis(columns=None)


def probability_leaderboard(figures: pd.DataFrame, order: tuple[str, ...], precision: float) -> pd.DataFrame:
    """Write how good the probabilities are, and how much of the work they take off people.

    Parameters
    ----------
    figures : DataFrame
        Columns as `Comparison.figures` has them.
    order : tuple of str
        Classifiers, best first; those without probabilities are left out.
    precision : float
        That was asked of articles labelled without a person.

    Returns
    -------
    DataFrame of str, shape (n_classifiers, 4)
        Index ``classifier``.
    """
    rates = _by_classifier(figures, ALL_SAMPLES, "automation_rate")
    names = [name for name in order if name in rates["value"].dropna().index]
    columns = {
        "Brier score [95 %]": "brier",
        "calibration error": "calibration_error",
        f"labelled alone at {precision:.0%} [95 %]": "automation_rate",
        "of those all topics right [95 %]": "automation_precision",
    }
    table = {
        title: _intervals(_by_classifier(figures, ALL_SAMPLES, name).loc[names]) for title, name in columns.items()
    }
    return pd.DataFrame(table, index=pd.Index(names, name="classifier"))


def _decimals(value: float) -> str:
    text = f"{value:.3f}"
    return "0.000" if text == "-0.000" else text


def _by_classifier(figures: pd.DataFrame, sample: str, metric: str) -> pd.DataFrame:
    return figures_where(figures, sample=sample, metric=metric).set_index("classifier")


def _intervals(rows: pd.DataFrame, *columns: str) -> list[str]:
    return [shown(*figure) for figure in rows[list(columns or ("value", "low", "high"))].to_numpy(dtype=float)]


def _prevalent(metric: str) -> str:
    # A uniform sample holds too few of a rare topic for a mean over topics; the micro mean counts articles.
    return metric.replace("macro_", "micro_")
