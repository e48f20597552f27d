"""Audit stories: test how much of a score is remembering the same story, and how well the score holds later.

Near-duplicates never straddle a split, but several outlets report the same event in their own words. A classifier that
was trained on one of these articles recognises the others. The audit repeats the procedure with folds that keep stories
together. It also trains on the earliest articles and tests on the later ones, as in use. Each of the two is compared
with random training articles, of the same number and on the same test articles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from topicdesk._renamed import renamed_arguments
from topicdesk._rendering import as_html, as_text
from topicdesk.corpus import Stories, find_stories, join_groups, near_duplicate_groups
from topicdesk.evaluation._bootstrap import Distributions, difference_interval, metric_interval, resampled_metric
from topicdesk.evaluation._checks import check_study
from topicdesk.evaluation._search import cross_validate
from topicdesk.evaluation._types import ComparisonPlan, FoldResult
from topicdesk.evaluation.engine import Engine, single_threaded_engine
from topicdesk.evaluation.leaderboard import metric_title, shown, shown_decrease
from topicdesk.evaluation.model_selection import plan_for_texts
from topicdesk.evaluation.splits import Split, SplitPlan, make_splits, training_factor, unlearnable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from topicdesk.annotation import Dataset
    from topicdesk.evaluation.classifiers import Classifier

__all__ = ["StoryAudit", "audit_stories"]

RANDOM, APART = "random folds", "random folds, stories kept together"
RANDOM_LATER, EARLIER = "random articles, tested on later ones", "earlier articles, tested on later ones"

# Share of the articles to train on in the split by time.
_EARLIEST = 0.7

# Fewest folds for random training articles to compare with. With fewer, too few articles are outside a fold.
_FEWEST_FOLDS = 5


@dataclass(frozen=True, eq=False)
class StoryAudit:
    """Metric of a classifier with random training articles, without the same story, and with earlier articles only.

    Parameters
    ----------
    classifier, metric : str
        Names of the classifier and of the metric.
    table : DataFrame
        Index ``training``: random folds; folds that keep stories together; and, if all articles have a date, random and
        earlier training articles, both tested on the later articles. Columns ``trained, tested`` (mean number of
        training articles, number of test articles), ``value, low, high`` (the metric and its 95 % interval) and
        ``decrease, decrease_low, decrease_high`` (paired difference from the row above, on the same test articles; NaN
        for random training articles).
    stories : Stories
        Story of each article.
    warnings : tuple of str
        Limitations of the result.
    """

    classifier: str
    metric: str
    table: pd.DataFrame
    stories: Stories
    warnings: tuple[str, ...] = ()

    def text_table(self) -> pd.DataFrame:
        """Return the table with its numbers formatted as text; index ``training``."""
        rows = self.table
        return pd.DataFrame(
            {
                "training articles": rows["trained"].map("{:.0f}".format),
                "test articles": rows["tested"].map("{:.0f}".format),
                f"{metric_title(self.metric)} [95 %]": _texts(rows, "value", "low", "high"),
                "decrease [95 %]": [
                    "" if np.isnan(value) else text
                    for value, text in zip(
                        rows["decrease"], _texts(rows, "decrease", "decrease_low", "decrease_high"), strict=True
                    )
                ],
            },
            index=rows.index,
        )

    def sentence(self) -> str:
        """Return one sentence on stories, and one on time if all articles have a date."""
        score = f"{metric_title(self.metric)} of {shown(self._cell(RANDOM, 'value'))}"
        size = self.stories.sizes
        if self._cell(APART, "decrease") <= 0:
            change = shown_decrease(*self._decrease(APART), words=("decrease", "increase"))
            first = f"The {score} does not decrease if folds keep stories together ({change})"
        else:
            first = f"Of the {score}, {shown(*self._decrease(APART))} is remembering the same story"
            first += "; the interval contains 0" if self._cell(APART, "decrease_low") <= 0 else ""
        sentences = [
            f"{first}. {size[size > 1].sum() / size.sum():.0%} of the articles share a story with another one."
        ]
        if EARLIER in self.table.index:
            random, earlier = (shown(self._cell(name, "value")) for name in (RANDOM_LATER, EARLIER))
            sentences.append(
                f"On the latest {self._cell(EARLIER, 'tested'):.0f} articles, the score is {earlier} with earlier "
                f"training articles, and {random} with as many of any time: {shown_decrease(*self._decrease(EARLIER))}."
            )
        return " ".join(sentences)

    def plot(self) -> Figure:
        """Plot the metric of each way of training, with its interval."""
        from topicdesk.evaluation.studies.plots import plot_stories

        return plot_stories(self.table, self.classifier, self.metric)

    def _cell(self, row: str, column: str) -> float:
        return float(self.table[column].to_dict()[row])

    def _decrease(self, row: str) -> tuple[float, float, float]:
        return self._cell(row, "decrease"), self._cell(row, "decrease_low"), self._cell(row, "decrease_high")

    def __repr__(self) -> str:
        """Return the same as `str`, never the texts."""
        return str(self)

    def __str__(self) -> str:
        """Return the warnings, the table and the sentences as text."""
        return "\n".join([*self.warnings, as_text(self.text_table()), self.sentence()])

    def _repr_html_(self) -> str:
        return as_html(self.sentence(), self.text_table(), warnings=self.warnings)


@renamed_arguments(jobs="n_jobs")
def audit_stories(
    dataset: Dataset,
    plan: ComparisonPlan,
    classifier: Classifier,
    keywords: Mapping[str, Sequence[str]] | None = None,
    n_jobs: int = -1,
    engine: Engine | None = None,
) -> StoryAudit:
    """Measure how much of a score is remembering the same story, and how much it decreases on later articles.

    Parameters
    ----------
    dataset : Dataset
        The labelled articles.
    plan : ComparisonPlan
        Features, number of folds and repeats, inner folds, metric and seed. Its classifiers are ignored. The folds are
        stratified, whatever its scheme.
    classifier : Classifier
        The classifier to evaluate. A point of its grid is chosen again for each way of training.
    keywords, n_jobs, engine
        As in `compare`.

    Returns
    -------
    StoryAudit

    Raises
    ------
    SplitError
        If there are fewer stories than folds.
    ArgumentError
        If an argument has a wrong type or value.

    See Also
    --------
    topicdesk.corpus.find_stories : The stories.
    audit_topics : The same question for outlets.

    Notes
    -----
    Stories are found with a cosine similarity of at least 0.3. Bootstrap resamples draw whole stories, so intervals can
    be wider than those of a comparison, which draws groups of near-duplicates.

    For the split by time, the earliest 70 % of the articles, in whole days, are the training articles, without those
    that repeat a later article. The random training articles are as many, drawn from all articles outside the fold of
    the test article. Inner folds are stratified in both, so that only the training articles differ.

    Examples
    --------
    >>> import topicdesk
    >>> from topicdesk.evaluation import ComparisonPlan, SplitPlan, audit_stories, classifier_named
    >>> texts = ["The court heard the appeal.", "A jury found him guilty.", "Some judge ruled.", "One lawyer won.",
    ...          "Every train was late.", "New trams run downtown.", "That bus broke down.", "His ferry was full.",
    ...          "Her ferry was full too.", "An appeal was heard by the court."]
    >>> y = ["courts"] * 4 + ["transport"] * 5 + ["courts"]
    >>> dataset = topicdesk.make_dataset(texts, y)
    >>> naive_bayes = classifier_named("multinomial-nb").with_grid({"alpha": (1.0,)})
    >>> plan = ComparisonPlan((naive_bayes,), splits=SplitPlan(folds=2), inner_folds=2, resamples=20)
    >>> audit = audit_stories(dataset, plan, naive_bayes, n_jobs=1)
    >>> audit.stories
    Stories(10 texts, 8 stories, 4 texts share one, threshold 0.3)
    >>> audit.warnings
    ('The split by time is left out: 10 of 10 articles have no date.',)
    """
    check_study(dataset, plan, classifier, None, keywords, n_jobs, engine)
    plan, warnings = plan_for_texts(plan, dataset)
    plan = replace(plan, classifiers=(classifier,), baselines=())
    if plan.splits.scheme != "stratified":
        plan = replace(plan, splits=SplitPlan("stratified"))
    if dataset.grouping == "stories":
        dataset = replace(dataset, groups=near_duplicate_groups(dataset.texts), grouping="near-duplicates")
    stories = find_stories(dataset.texts)
    stories = replace(stories, groups=join_groups(dataset.groups, stories.groups))
    by_story = replace(dataset, groups=stories.groups, grouping="stories")

    splits: dict[str, tuple[Split, ...]] = {}
    splits[RANDOM], notes = make_splits(dataset, plan.splits, plan.random_state)
    splits[APART], story_notes = make_splits(by_story, plan.splits, plan.random_state)
    warnings += (*stories.warnings, *dict.fromkeys((*notes, *story_notes)))
    earlier, reason = _earlier(dataset)
    if earlier is None:
        warnings += (f"The split by time is left out: {reason}.",)
    else:
        finer = replace(plan.splits, folds=max(plan.splits.folds, _FEWEST_FOLDS))
        folds, _ = make_splits(dataset, finer, plan.random_state)
        splits[RANDOM_LATER] = tuple(_as_many(folds, earlier, plan.random_state))
        splits[EARLIER] = (earlier,)
        warnings += tuple(f"Split by time: {warning}" for warning in unlearnable(dataset, splits[EARLIER]))

    results: dict[str, tuple[FoldResult, ...]] = {}
    with single_threaded_engine(engine, n_jobs) as running:
        for name, parts in splits.items():
            grouped = by_story if name == APART else dataset
            results[name], messages = cross_validate(grouped, plan, parts, keywords, running)
            warnings += tuple(f"{name}: {warning}" for warning in messages)
        values = {
            name: distributions
            for pair in ((RANDOM, APART), (RANDOM_LATER, EARLIER))
            if pair[0] in results
            for name, distributions in resampled_metric(
                by_story, plan, {name: results[name] for name in pair}, running
            ).items()
        }
    table = pd.DataFrame(
        [_row(plan.metric, values, splits[name], name) for name in splits], index=pd.Index(splits, name="training")
    )
    return StoryAudit(classifier.name, plan.metric, table, stories, warnings)


def _earlier(dataset: Dataset) -> tuple[Split | None, str]:
    """Return the split into the earliest articles and the others, or else the reason why there is none."""
    undated = int(np.isnat(dataset.dates).sum())
    if undated:
        return None, f"{undated} of {len(dataset)} articles have no date"
    days = dataset.dates.astype("datetime64[D]")
    first_later = np.sort(days)[min(round(_EARLIEST * len(days)), len(days) - 1)]
    if first_later == days.min():  # the first day has more than the share: it is the training day
        later_days = days[days > first_later]
        if not len(later_days):
            return None, "all articles are of the same day"
        first_later = later_days.min()
    train, test = np.flatnonzero(days < first_later), np.flatnonzero(days >= first_later)
    train = train[~np.isin(dataset.groups[train], dataset.groups[test])]
    if not len(train):
        return None, "all earlier articles repeat later ones"
    return Split(train, test, 0, 0, "stratified"), ""


def _as_many(folds: Sequence[Split], earlier: Split, random_state: int) -> Iterator[Split]:
    """Yield the parts of folds that test later articles, with as many random training articles as the earlier ones."""
    for fold in folds:
        test = np.intersect1d(fold.test, earlier.test)
        if len(test):
            rng = np.random.default_rng([random_state, 5, fold.repeat, fold.fold])
            train = np.sort(rng.permutation(fold.train)[: len(earlier.train)])
            yield replace(fold, train=train, test=test)


def _row(metric: str, values: Mapping[str, Distributions], splits: Sequence[Split], name: str) -> dict[str, float]:
    factor = training_factor(splits)
    tested = len(np.unique(np.concatenate([split.test for split in splits])))
    above = {APART: RANDOM, EARLIER: RANDOM_LATER}.get(name)
    columns = ("decrease", "decrease_low", "decrease_high")
    decrease = (
        dict.fromkeys(columns, np.nan)
        if above is None
        else difference_interval(values[above].overall[metric] - values[name].overall[metric], factor, columns)
    )
    return {
        "trained": float(np.mean([len(split.train) for split in splits])),
        "tested": tested,
        **metric_interval(metric, values[name], factor),
        **decrease,
    }


def _texts(rows: pd.DataFrame, *columns: str) -> list[str]:
    return [shown(*row) for row in rows[list(columns)].to_numpy(dtype=float)]
