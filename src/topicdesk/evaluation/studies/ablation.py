"""Ablations: measure the effect of each feature option.

Each option that differs from scikit-learn's default is reset to it in all settings, one option at a time. The whole
procedure is then repeated on the same splits. Differences are paired by article and by fold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from topicdesk._renamed import renamed_arguments
from topicdesk._rendering import as_html, as_text
from topicdesk.evaluation._bootstrap import difference_interval, fold_values, metric_interval, resampled_metric
from topicdesk.evaluation._checks import check_study
from topicdesk.evaluation._search import cross_validate, planned_splits
from topicdesk.evaluation._types import ComparisonPlan, FoldResult
from topicdesk.evaluation.engine import Engine, single_threaded_engine
from topicdesk.evaluation.leaderboard import metric_title, shown, starred
from topicdesk.evaluation.model_selection import plan_for_texts
from topicdesk.evaluation.significance import corrected_t_test, holm
from topicdesk.evaluation.splits import Split, mean_test_to_train, training_factor
from topicdesk.features import Analyser, FeatureSetting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from topicdesk.annotation import Dataset
    from topicdesk.evaluation.classifiers import Classifier

__all__ = ["Ablation", "ablate"]

_FULL = "(nothing)"


@dataclass(frozen=True, eq=False)
class Ablation:
    """Metric of a classifier with all feature options, and without each of them.

    Parameters
    ----------
    classifier, metric : str
        Names of the classifier and of the metric.
    table : DataFrame
        Index ``without``: first nothing, then each option. Columns ``value, low, high`` (metric without the option and
        its 95 % interval), ``loss, loss_low, loss_high`` (full value minus this one, paired), ``p`` (corrected t-test
        over folds) and ``p_holm`` (``p`` adjusted for the number of options).
    warnings : tuple of str
        Warnings for readers of the results.
    """

    classifier: str
    metric: str
    table: pd.DataFrame
    warnings: tuple[str, ...] = ()

    def text_table(self) -> pd.DataFrame:
        """Return the table with its numbers formatted as text; index ``without``."""
        rows = self.table
        columns = {
            f"{metric_title(self.metric)} [95 %]": [shown(*row) for row in rows[["value", "low", "high"]].to_numpy()],
            "lost [95 %]": ["", *(shown(*row) for row in rows[["loss", "loss_low", "loss_high"]].to_numpy()[1:])],
            "Holm p": ["", *(starred(p) for p in rows["p_holm"].iloc[1:])],
        }
        return pd.DataFrame(columns, index=rows.index)

    def plot(self) -> Figure:
        """Plot the loss without each option, with its interval."""
        from topicdesk.evaluation.studies.plots import plot_ablation

        return plot_ablation(self.table, self.classifier, self.metric)

    def __str__(self) -> str:
        """Return the warnings and the table as text."""
        return "\n".join([f"{self.classifier} without each feature option", *self.warnings, as_text(self.text_table())])

    def _repr_html_(self) -> str:
        return as_html(f"{self.classifier} without each feature option", self.text_table(), warnings=self.warnings)


@renamed_arguments(jobs="n_jobs")
def ablate(
    dataset: Dataset,
    plan: ComparisonPlan,
    classifier: Classifier,
    splits: Sequence[Split] | None = None,
    keywords: Mapping[str, Sequence[str]] | None = None,
    n_jobs: int = -1,
    engine: Engine | None = None,
) -> Ablation:
    """Evaluate a classifier without each feature option in turn.

    Parameters
    ----------
    dataset : Dataset
        The labelled articles.
    plan : ComparisonPlan
        Features, splits, inner folds, metric and seed. Its classifiers are ignored.
    classifier : Classifier
        The classifier to evaluate. A point of its grid is chosen again without each option.
    splits, keywords, n_jobs, engine
        As in `compare`.

    Returns
    -------
    Ablation
        Contains only the full value if every option has scikit-learn's default.

    Raises
    ------
    ArgumentError
        If an argument has a wrong type or value.
    """
    check_study(dataset, plan, classifier, splits, keywords, n_jobs, engine)
    plan, language = plan_for_texts(plan, dataset)
    splits, messages = planned_splits(dataset, plan, splits)
    warnings = (*language, *messages)
    variants = {_FULL: plan.settings, **dict(_without_each(plan.settings))}
    results: dict[str, tuple[FoldResult, ...]] = {}
    with single_threaded_engine(engine, n_jobs) as running:
        for name, settings in variants.items():
            variant = replace(plan, classifiers=(classifier,), settings=settings)
            results[name], messages = cross_validate(dataset, variant, splits, keywords, running)
            warnings += tuple(f"Without {name}: {warning}" for warning in messages)
        distributions = resampled_metric(dataset, plan, results, running)
    values = {name: distributions[name].overall[plan.metric] for name in variants}
    by_fold = {name: fold_values(dataset, plan.metric, results[name]) for name in variants}
    ratio, factor = mean_test_to_train(splits), training_factor(splits)
    rows = [
        metric_interval(plan.metric, distributions[name], factor)
        | difference_interval(values[_FULL] - values[name], factor, ("loss", "loss_low", "loss_high"))
        | {"p": np.nan if name == _FULL else corrected_t_test(by_fold[_FULL] - by_fold[name], ratio).p_value}
        for name in variants
    ]
    table = pd.DataFrame(rows, index=pd.Index(variants, name="without"))
    table["p_holm"] = np.nan
    if len(table) > 1:
        table.loc[table.index[1:], "p_holm"] = holm(table["p"].to_numpy()[1:])
    return Ablation(classifier.name, plan.metric, table, warnings)


def _without_each(settings: Sequence[FeatureSetting]) -> Iterator[tuple[str, tuple[FeatureSetting, ...]]]:
    """Yield the settings with one option reset, for each that differs from its default in some setting.

    Then yield the settings without each block. Blocks have the reset options too, unless they set them themselves.
    """
    plain = FeatureSetting()
    analyser = {field.name: getattr(plain.analyser, field.name) for field in fields(Analyser)}
    defaults = {field.name: getattr(plain, field.name) for field in fields(FeatureSetting)}
    del defaults["analyser"], defaults["blocks"]
    for name, default in (analyser | defaults).items():
        option = {name: default}
        changed = tuple(
            replace(setting, analyser=replace(setting.analyser, **option))
            if name in analyser
            else replace(setting, **option)
            for setting in settings
        )
        if changed != tuple(settings):
            yield name, tuple(dict.fromkeys(changed))
    for name in dict.fromkeys(block.name for setting in settings for block in setting.blocks):
        kept = (tuple(block for block in setting.blocks if block.name != name) for setting in settings)
        without = (replace(setting, blocks=blocks) for setting, blocks in zip(settings, kept, strict=True))
        yield f"blocks.{name}", tuple(dict.fromkeys(without))
