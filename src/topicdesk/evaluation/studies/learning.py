"""Learning curves: estimate the gain from more labels.

The whole procedure (choice on inner folds, thresholds, fit) is repeated on growing parts of the training rows, with the
same test rows throughout. A fitted power law extrapolates the curve. Its intervals come from bootstrap resamples of the
test articles, with the variance between training sets added as in a comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from topicdesk._arguments import check_integer
from topicdesk._renamed import renamed_arguments
from topicdesk._rendering import as_html
from topicdesk.errors import SplitError
from topicdesk.evaluation._bootstrap import metric_interval, percentile_interval, resampled_metric
from topicdesk.evaluation._checks import check_study
from topicdesk.evaluation._search import cross_validate, planned_splits
from topicdesk.evaluation._types import ComparisonPlan
from topicdesk.evaluation.engine import Engine, single_threaded_engine
from topicdesk.evaluation.leaderboard import metric_title
from topicdesk.evaluation.model_selection import plan_for_texts
from topicdesk.evaluation.splits import Split, stratified_group_folds, training_factor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from topicdesk.annotation import Dataset
    from topicdesk.evaluation.classifiers import Classifier

__all__ = ["LearningCurve", "learning_curve", "power_law"]

_Floats = NDArray[np.float64]

# Fewest sizes to which a power law, with its three parameters, is fitted.
_FEWEST_SIZES = 4
# Number of power laws fitted for an interval. Fitting one takes as long as resampling a metric a hundred times.
_MOST_LAWS = 300


def power_law(sizes: _Floats, limit: float, gap: float, rate: float) -> _Floats:
    """Return the value at each size, ``limit - gap * sizes ** -rate``."""
    return np.asarray(limit - gap * np.asarray(sizes, dtype=np.float64) ** -rate)


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """A classifier's metric as a function of the number of labelled training articles.

    Parameters
    ----------
    classifier, metric : str
        Their names.
    points : DataFrame
        One row per size. Columns ``labels`` (mean number of training articles), ``value, low, high`` (the metric with
        its 95 % interval, as in a comparison) and ``fitted`` (by the power law).
    law : ndarray of float, shape (3,)
        ``limit, gap, rate`` of `power_law`, fitted to the measured values.
    laws : ndarray of float, shape (n_laws, 3)
        The same, fitted to the values of bootstrap resamples, with the variance over training articles added.
    warnings : tuple of str
        Limitations of the result.
    """

    classifier: str
    metric: str
    points: pd.DataFrame
    law: _Floats
    laws: _Floats
    warnings: tuple[str, ...] = ()

    def forecast(self, labels: Sequence[float]) -> pd.DataFrame:
        """Predict the metric at given numbers of labelled training articles.

        Parameters
        ----------
        labels : sequence of float
            Numbers of labelled training articles.

        Returns
        -------
        DataFrame
            Columns ``labels, value, low, high``.
        """
        sizes = np.asarray(labels, dtype=np.float64)
        curves = np.vstack([power_law(sizes, *self.law), *(power_law(sizes, *law) for law in self.laws)])
        rows = [percentile_interval(column) for column in curves.T]
        return pd.DataFrame({"labels": sizes} | pd.DataFrame(rows).to_dict("list"))

    def gain(self, more: float) -> dict[str, float]:
        """Predict the gain from more labels, compared with all current labels.

        Parameters
        ----------
        more : float
            Number of additional labels.

        Returns
        -------
        dict of str to float
            ``value``, and ``low`` and ``high`` of its 95 % interval.
        """
        current = self.points["labels"].iloc[-1]
        ends = np.array([current, current + more])
        gains = [np.diff(power_law(ends, *law))[0] for law in (self.law, *self.laws)]
        return percentile_interval(np.array(gains))

    def sentence(self, more: int = 500) -> str:
        """Return a sentence with the gain from more labels."""
        gain, current, title = self.gain(more), self.points["labels"].iloc[-1], metric_title(self.metric)
        limit, gap, rate = map(_three_digits, self.law)
        return (
            f"With {more} more labels than the current {current:.0f}, {title} of {self.classifier} is expected to "
            f"change by {gain['value']:+.3f} (95 % interval: {gain['low']:+.3f} to {gain['high']:+.3f}). "
            f"This extrapolates the power law {title} = {limit} − {gap} · labels^−{rate}; the interval does not cover "
            "that another law may hold."
        )

    def plot(self, more: int = 500) -> Figure:
        """Plot the measured values and the power law with its interval, up to ``more`` additional labels."""
        from topicdesk.evaluation.studies.plots import plot_learning_curve

        fewest, current, gain = self.points["labels"].iloc[0], self.points["labels"].iloc[-1], self.gain(more)
        title = (
            f"{self.classifier}: expected gain from {more} more labels: {gain['value']:+.3f} "
            f"[{gain['low']:+.3f}, {gain['high']:+.3f}]"
        )
        forecast = self.forecast(np.linspace(float(fewest), float(current) + more, 100).tolist())
        return plot_learning_curve(self.points, forecast, self.metric, title)

    def __str__(self) -> str:
        """Return the points as a table, the warnings, and the gain from 500 more labels."""
        return "\n".join([self.points.round(3).to_string(index=False), *self.warnings, self.sentence()])

    def _repr_html_(self) -> str:
        return as_html(self.sentence(), self.points.round(3), warnings=self.warnings)


@renamed_arguments(jobs="n_jobs")
def learning_curve(
    dataset: Dataset,
    plan: ComparisonPlan,
    classifier: Classifier,
    sizes: int = 6,
    splits: Sequence[Split] | None = None,
    keywords: Mapping[str, Sequence[str]] | None = None,
    n_jobs: int = -1,
    engine: Engine | None = None,
) -> LearningCurve:
    """Fit and test a classifier on growing parts of the training articles.

    Parameters
    ----------
    dataset : Dataset
        Labelled articles.
    plan : ComparisonPlan
        Sets features, splits, inner folds, metric and seed. Its classifiers are ignored.
    classifier : Classifier
        The classifier to fit. Its grid is searched again at each size.
    sizes : int, default 6
        Number of equal steps up to all training articles. Parts are stratified by topic and keep near-duplicates
        together. Each part contains the one before.
    splits, keywords, n_jobs, engine
        As in `compare`.

    Returns
    -------
    LearningCurve

    Raises
    ------
    SplitError
        If there are fewer than four sizes, or if the smallest part is too small for the inner folds or for k-NN.
    ArgumentError
        If another argument has a wrong type or value.
    """
    check_study(dataset, plan, classifier, splits, keywords, n_jobs, engine)
    check_integer("sizes", sizes)
    if sizes < _FEWEST_SIZES:
        raise SplitError(f"a learning curve needs at least {_FEWEST_SIZES} sizes, not {sizes}.")
    plan, language = plan_for_texts(plan, dataset)
    splits, messages = planned_splits(dataset, plan, splits)
    warnings = (*language, *messages)
    distinct = min(len(np.unique(dataset.groups[split.train])) for split in splits)
    if sizes > distinct:
        raise SplitError(f"{sizes} sizes are more than the {distinct} distinct training articles. Use fewer sizes.")
    parts = [_growing_parts(dataset, split, sizes, plan.random_state) for split in splits]
    smallest = min(len(growing[0].train) for growing in parts)
    needed = max(plan.inner_folds * 2, 2 * max(classifier.grid.get("n_neighbors", (0,))))
    if smallest < needed:
        raise SplitError(
            f"the smallest of {sizes} parts has {smallest} training articles, and {classifier.name} needs {needed}. "
            "Use fewer sizes."
        )
    by_size = {f"{step}": [growing[step] for growing in parts] for step in range(sizes)}
    with single_threaded_engine(engine, n_jobs) as running:
        growing = [split for group in by_size.values() for split in group]
        results, fit_warnings = cross_validate(
            dataset, replace(plan, classifiers=(classifier,)), growing, keywords, running
        )
        grouped = {name: results[step * len(splits) : (step + 1) * len(splits)] for step, name in enumerate(by_size)}
        distributions = resampled_metric(dataset, plan, grouped, running)
    labels = np.array([np.mean([len(split.train) for split in group]) for group in by_size.values()])
    factors = {name: training_factor(parts) for name, parts in by_size.items()}
    curves = np.column_stack(
        [_with_training_variance(distributions[name].overall[plan.metric], factors[name]) for name in by_size]
    )
    law = _fit_law(labels, curves[0])
    laws = np.array([_fit_law(labels, curve) for curve in curves[1 : _MOST_LAWS + 1] if not np.isnan(curve).any()])
    points = pd.DataFrame(metric_interval(plan.metric, distributions[name], factors[name]) for name in by_size)
    points.insert(0, "labels", labels)
    points["fitted"] = power_law(labels, *law)
    return LearningCurve(classifier.name, plan.metric, points, law, laws, (*warnings, *fit_warnings))


def _with_training_variance(distribution: _Floats, factor: float) -> _Floats:
    """Return a value and its resamples, which lie further from it by the factor of `training_factor`."""
    return np.asarray(np.clip(distribution[0] + factor * (distribution - distribution[0]), 0.0, 1.0))


def _three_digits(value: float) -> str:
    """Format a number with three significant digits; with an exponent only if it is huge or tiny."""
    return f"{float(f'{value:.2e}'):.0f}" if 1e3 <= value < 1e6 else f"{value:#.3g}".rstrip(".")


def _growing_parts(dataset: Dataset, split: Split, sizes: int, random_state: int) -> list[Split]:
    rng = np.random.default_rng([random_state, 4, split.repeat, split.fold])
    part = stratified_group_folds(dataset.Y[split.train], dataset.groups[split.train], sizes, rng)
    return [replace(split, train=split.train[part <= step]) for step in range(sizes)]


def _fit_law(sizes: _Floats, values: _Floats) -> _Floats:
    """Fit a power law by least squares, with a limit of at most 1 and a curve that never falls."""
    highest = float(values.max())
    start = (min(highest + 0.05, 1.0), max(highest - float(values.min()), 1e-3) * sizes[0] ** 0.5, 0.5)
    bounds = ([0.0, 0.0, 0.01], [1.0, np.inf, 3.0])
    parameters, _ = curve_fit(power_law, sizes, values, p0=start, bounds=bounds, max_nfev=2000)
    return np.asarray(parameters)
