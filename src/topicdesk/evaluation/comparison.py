"""Compare classifiers by nested cross-validation.

For each outer split, features, hyper-parameters and one threshold per topic are chosen on inner folds of its training
rows (`topicdesk.evaluation._search`). The selected model is fitted on all training rows and predicts the test rows,
which are not used for any choice.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from topicdesk._arguments import check_path
from topicdesk._renamed import renamed_arguments, renamed_fields
from topicdesk._rendering import as_html, as_text
from topicdesk.annotation import Dataset
from topicdesk.errors import ArgumentError, FeaturesError, SpecError, nearest
from topicdesk.evaluation._bootstrap import ScoreTables, score_tables
from topicdesk.evaluation._checks import check_comparison
from topicdesk.evaluation._execution.checkpoints import Checkpoints, comparison_hash
from topicdesk.evaluation._search import cross_validate, planned_splits
from topicdesk.evaluation._types import ComparisonPlan, ComparisonValues, FoldResult, headline_sample
from topicdesk.evaluation.classifiers import check_neighbours
from topicdesk.evaluation.engine import Engine, single_threaded_engine
from topicdesk.evaluation.leaderboard import leaderboard, leaderboard_note, scores_where
from topicdesk.evaluation.model_selection import described_parameters, plan_for_texts
from topicdesk.evaluation.names import CORPUS_SAMPLE, DIFFERENCE_FROM_BEST, FEWEST_POSITIVES
from topicdesk.evaluation.split_files import split_table
from topicdesk.evaluation.splits import Split, mean_test_to_train, training_factor
from topicdesk.evaluation.verdicts import Verdict, bias_corrected, decide_winner, significance_table
from topicdesk.features import Analyser, script_warnings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ComparisonPlots", "ComparisonResult", "compare"]


@dataclass(frozen=True, eq=False)
class ComparisonPlots:
    """Plots of a comparison, as ``comparison.plot``.

    Parameters
    ----------
    comparison : ComparisonValues
        The comparison.
    """

    comparison: ComparisonValues

    def leaderboard(self) -> Figure:
        """Plot each classifier's metric with its interval, and the value of each fold."""
        from topicdesk.evaluation.comparison_plots import plot_leaderboard

        return plot_leaderboard(self.comparison)

    def topics(self) -> Figure:
        """Plot the best classifier's F1 of each topic with its interval, next to that of the keyword rules."""
        from topicdesk.evaluation.comparison_plots import plot_topics

        return plot_topics(self.comparison)

    def precision_recall(self, topic: str, classifiers: Sequence[str] | None = None) -> Figure:
        """Plot the precision-recall curve of each classifier for a topic, and mark its actual decisions."""
        from topicdesk.evaluation.comparison_plots import plot_precision_recall

        return plot_precision_recall(self.comparison, topic, classifiers)

    def reliability(self, topic: str, classifier: str | None = None) -> Figure:
        """Plot predicted against observed frequency of a topic; by default, for the best classifier."""
        from topicdesk.evaluation.comparison_plots import plot_reliability

        return plot_reliability(self.comparison, topic, classifier)

    def confusion(self, classifier: str, topic: str | None = None) -> Figure:
        """Plot confusion matrices of one classifier, for one topic or for all."""
        from topicdesk.evaluation.comparison_plots import plot_confusion

        return plot_confusion(self.comparison, classifier, topic)

    def __repr__(self) -> str:
        """Return the names of the plots."""
        names = ", ".join(name for name in vars(ComparisonPlots) if not name.startswith("_") and name != "comparison")
        return f"Plots of a comparison: {names}. Call one, such as comparison.plot.leaderboard()."


def _former_plot(name: str) -> Callable[..., Figure]:
    """Return a method with the former name of a plot. It works for one version, with a warning."""

    def plot(self: ComparisonResult, *args: Any, **options: Any) -> Figure:
        warnings.warn(
            f"comparison.plot_{name}() is now comparison.plot.{name}(). The former name works until the next version.",
            FutureWarning,
            stacklevel=2,
        )
        figure: Figure = getattr(self.plot, name)(*args, **options)
        return figure

    return plot


@renamed_fields(figures="scores", topic_figures="topic_scores", fold_figures="fold_scores")
@dataclass(frozen=True, eq=False, repr=False)
class ComparisonResult(ComparisonValues):
    """Out-of-fold scores and decisions of every classifier on every split, with its tables and plots.

    Returned by `compare`.

    Parameters
    ----------
    dataset, plan, splits, results, scores, topic_scores, fold_scores, significance, verdict, warnings, seconds
        As in `ComparisonValues`.
    checkpoints : Checkpoints, optional
        Where finished fits are saved, and how many were loaded.
    """

    checkpoints: Checkpoints | None = None

    def leaderboard(self) -> pd.DataFrame:
        """Return the metrics of all classifiers as text, best first (see `leaderboard`)."""
        return leaderboard(self.scores, self.plan.metric, self.significance)

    @property
    def plot(self) -> ComparisonPlots:
        """Plots: ``comparison.plot.leaderboard()`` and others (see `ComparisonPlots`)."""
        return ComparisonPlots(self)

    plot_leaderboard = _former_plot("leaderboard")
    plot_topics = _former_plot("topics")
    plot_precision_recall = _former_plot("precision_recall")
    plot_reliability = _former_plot("reliability")
    plot_confusion = _former_plot("confusion")

    def to_markdown(self) -> str:
        """Return the leaderboard as a Markdown table, followed by the verdict."""
        return f"{self.leaderboard().to_markdown(disable_numparse=True)}\n\n{self.verdict.reason}"

    def to_latex(self) -> str:
        """Return the leaderboard as a LaTeX table, with the verdict as its caption."""
        escaped = re.sub(r"([%&_#$])", r"\\\1", self.verdict.reason)
        return str(self.leaderboard().reset_index().to_latex(index=False, escape=True, caption=escaped))

    def __repr__(self) -> str:
        """Return the same as `str`: the leaderboard, never the texts."""
        return str(self)

    def __str__(self) -> str:
        """Return the dataset, the warnings, the leaderboard and the verdict as text."""
        return "\n".join(
            [
                str(self.dataset),
                *self.warnings,
                leaderboard_note(self.headline),
                as_text(self.leaderboard()),
                self.verdict.reason,
            ]
        )

    def _repr_html_(self) -> str:
        title = f"{self.dataset}. {leaderboard_note(self.headline)}"
        return as_html(title, self.leaderboard(), warnings=self.warnings, after=self.verdict.reason)

    def choices(self) -> pd.DataFrame:
        """Return what was chosen on the inner folds of each split.

        Returns
        -------
        DataFrame of shape (n_classifiers * n_splits, ...)
            Columns ``classifier, repeat, fold, features, parameters, inner_score, fit_seconds, predict_seconds``, then
            ``threshold <topic>`` if decisions use thresholds.
        """
        return pd.DataFrame([_choice_row(result, self.dataset.topics) for result in self.results])

    def predictions(self, classifier: str) -> pd.DataFrame:
        """Return every out-of-fold score and decision of one classifier.

        Returns
        -------
        DataFrame of shape (n_repeats * n_test * n_topics, 12)
            Columns ``article_id, sample, group, weight, repeat, fold, topic, truth, score, decision, probability,
            automated``. ``weight`` is the sampling weight, 1 if there is none. ``automated`` is whether the article is
            certain enough to be labelled automatically.
        """
        data = self.dataset
        weights = np.ones(len(data)) if data.weights is None else data.weights
        articles = pd.DataFrame(
            {"article_id": data.ids, "sample": data.samples, "group": data.groups, "weight": weights}
        )
        codes = np.arange(data.n_topics)
        parts = []
        for result in self.results_of(classifier):
            rows = result.split.test
            part = articles.take(np.repeat(rows, data.n_topics)).assign(
                repeat=result.split.repeat,
                fold=result.split.fold,
                topic=pd.Categorical.from_codes(np.tile(codes, len(rows)), categories=pd.Index(data.topics)),
                truth=data.Y[rows].ravel(),
                score=result.scores.ravel(),
                decision=result.decisions.ravel(),
                probability=np.nan if result.probabilities is None else result.probabilities.ravel(),
                automated=np.repeat(result.automated, data.n_topics),
            )
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def split_table(self, by: Literal["topic", "source"] = "topic") -> pd.DataFrame:
        """Count the articles of each split, by side and by topic or source (see `split_table`)."""
        return split_table(self.dataset, self.splits, by)


@renamed_arguments(jobs="n_jobs")
def compare(
    dataset: Dataset,
    plan: ComparisonPlan,
    keywords: Mapping[str, Sequence[str]] | None = None,
    splits: Sequence[Split] | None = None,
    n_jobs: int = -1,
    engine: Engine | None = None,
    keep: Path | str | None = None,
) -> ComparisonResult:
    """Compare classifiers by nested cross-validation.

    Parameters
    ----------
    dataset : Dataset
        The labelled articles.
    plan : ComparisonPlan
        Configuration of the comparison.
    keywords : mapping of str to sequence of str, optional
        Keywords of each topic. Only the keyword-rules baseline and blocks of keywords need them.
    splits : sequence of Split, optional
        Outer splits to use instead of the plan's.
    n_jobs : int, default -1
        Number of processes; -1 for one per core. Results do not depend on it.
    engine : Engine, optional
        Engine to use instead of local processes, such as a `DaskEngine`. Results do not depend on it.
    keep : path or str, optional
        Folder of checkpoints. If the run is interrupted, the same call resumes where it stopped. Checkpoints of another
        plan, other data or other code are never loaded. By default, nothing is saved.

    Returns
    -------
    Comparison

    Raises
    ------
    SplitError
        If the dataset cannot be split as planned, or an inner fold has fewer training articles than the neighbours
        that a classifier needs.
    SpecError
        If no labelled article belongs to the representative sample.
    ArgumentError
        If an argument has another type, or a split has rows that do not exist.
    FeaturesError
        If the training texts of a fold contain no term that a setting would keep, or a topic has no keywords.

    Notes
    -----
    Nested cross-validation follows Varma and Simon (2006), "Bias in error estimation when using cross-validation for
    model selection".
    """
    start = perf_counter()
    check_comparison(dataset, plan, splits, keywords, n_jobs, engine)
    _check_folder(keep)
    plan, language = plan_for_texts(plan, dataset)
    splits, messages = planned_splits(dataset, plan, splits)
    # The usual token pattern knows no scripts; whoever gives another has chosen it for the texts.
    usual = {(setting.analyser.analyzer, setting.analyser.token_pattern) for setting in plan.settings}
    scripts = script_warnings(dataset.texts) if usual == {("word", Analyser.token_pattern)} else ()
    notes = dataset.warnings + scripts + language + messages
    _check_sample(plan, dataset)
    _check_neighbours(plan, splits)
    checkpoints = None if keep is None else Checkpoints(Path(keep), comparison_hash(dataset, plan, splits, keywords))
    with single_threaded_engine(engine, n_jobs) as running:
        try:
            results, messages = cross_validate(dataset, plan, splits, keywords, running, checkpoints)
        except FeaturesError as error:
            if not scripts:
                raise
            raise FeaturesError(" ".join([str(error), *scripts])) from error
        notes += messages
        tables = score_tables(dataset, plan, results, running)
    significance, verdict = _compare_with_best(dataset, plan, splits, results, tables)
    return ComparisonResult(
        dataset=dataset,
        plan=plan,
        splits=tuple(splits),
        results=results,
        scores=_with_verdict(tables.scores, significance, plan.metric, headline_sample(dataset)),
        topic_scores=tables.topic_scores,
        fold_scores=tables.fold_scores,
        significance=significance,
        verdict=verdict,
        warnings=notes + _unsupported_topics(dataset, tables.topic_scores),
        seconds=perf_counter() - start,
        checkpoints=checkpoints,
    )


def _compare_with_best(
    dataset: Dataset,
    plan: ComparisonPlan,
    splits: Sequence[Split],
    results: Sequence[FoldResult],
    tables: ScoreTables,
) -> tuple[pd.DataFrame, Verdict]:
    of_metric = scores_where(tables.fold_scores, metric=plan.metric)
    fold_values = of_metric.pivot(index=["repeat", "fold"], columns="classifier", values="value")
    right = {
        name: np.concatenate(
            [
                (result.decisions == dataset.Y[result.split.test]).all(axis=1)
                for result in results
                if result.classifier == name and result.split.repeat == 0
            ]
        )
        for name in tables.values
    }
    best_first = sorted(tables.values, key=lambda name: -np.nan_to_num(tables.values[name][0], nan=-np.inf))
    table = significance_table(
        {name: tables.values[name] for name in best_first},
        tables.best,
        fold_values,
        pd.DataFrame(right),
        factor=training_factor(splits),
        test_to_train=mean_test_to_train(splits),
        rope=plan.rope,
        one_article=tables.one_article,
    )
    verdict = decide_winner(
        table,
        tables.best,
        [classifier.name for classifier in plan.classifiers],
        plan.metric,
        value=float(tables.values[tables.best][0]),
        n_articles=len(np.unique(np.concatenate([split.test for split in splits]))),
        rope=plan.rope,
        baselines=plan.baselines,
        corrected=bias_corrected({name: tables.values[name] for name in tables.left_out}, tables.left_out),
    )
    return table, verdict


def _with_verdict(scores: pd.DataFrame, significance: pd.DataFrame, metric: str, headline: str) -> pd.DataFrame:
    """Return the scores with the simultaneous intervals of the differences that the verdict is about."""
    about = (
        (scores["metric"] == metric) & (scores["sample"] == headline) & scores["classifier"].isin(significance.index)
    )
    bounds = significance.loc[scores.loc[about, "classifier"], ["low", "high"]].to_numpy(dtype=float)
    scores = scores.copy()
    scores.loc[about, [*DIFFERENCE_FROM_BEST[1:]]] = bounds
    return scores


def _unsupported_topics(dataset: Dataset, topic_scores: pd.DataFrame) -> tuple[str, ...]:
    """Return warnings of topics with too few positives, by how they were drawn, to support a claim."""
    rows = scores_where(topic_scores, sample=headline_sample(dataset)).drop_duplicates("topic").set_index("topic")
    few = rows.index[rows["support"] < FEWEST_POSITIVES]
    weighted = headline_sample(dataset) == CORPUS_SAMPLE
    return tuple(
        f"{topic}: {rows['support'][topic]} positive articles{' were drawn at random' if weighted else ''}, fewer than "
        f"{FEWEST_POSITIVES}. Its scores support no claim."
        for topic in few
    )


def _check_folder(keep: Path | str | None) -> None:
    if keep is not None:
        check_path("checkpoints", keep, written=True)
        if Path(keep).is_file():
            raise ArgumentError(f"checkpoints: {keep} is a file. Name a folder.")


def _check_sample(plan: ComparisonPlan, dataset: Dataset) -> None:
    samples = set(dataset.samples)
    if plan.representative is not None and plan.representative not in samples:
        raise SpecError(
            f"representative: no labelled article belongs to the sample {plan.representative!r}; "
            f"{nearest(plan.representative, samples)}"
        )


def _check_neighbours(plan: ComparisonPlan, splits: Sequence[Split]) -> None:
    fewest = min(len(split.train) for split in splits) * (plan.inner_folds - 1) // plan.inner_folds
    for classifier in plan.classifiers:
        check_neighbours(classifier, fewest)


def _choice_row(result: FoldResult, topics: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "classifier": result.classifier,
        "repeat": result.split.repeat,
        "fold": result.split.fold,
        "features": result.features,
        "parameters": described_parameters(result.parameters),
        "inner_score": result.inner_score,
        "fit_seconds": result.fit_seconds,
        "predict_seconds": result.predict_seconds,
    }
    if result.thresholds is not None:
        row |= {f"threshold {topic}": value for topic, value in zip(topics, result.thresholds, strict=True)}
    return row
