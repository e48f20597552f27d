"""Compare classifiers on texts and labels in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from numpy.typing import ArrayLike, NDArray

from topicdesk._arguments import check_integer
from topicdesk._environment import observe_environment
from topicdesk._renamed import renamed_arguments, renamed_fields
from topicdesk.annotation import Dataset, Taxonomy, make_dataset
from topicdesk.errors import SpecError, nearest
from topicdesk.evaluation import (
    Classifier,
    ComparisonPlan,
    ComparisonResult,
    DecisionRule,
    Engine,
    Split,
    SplitPlan,
    added_baselines,
    compare as compare_dataset,
    given_splits,
    with_baselines,
)
from topicdesk.evaluation._execution.checkpoints import comparison_hash
from topicdesk.interface._choices import class_labels, classifiers_from, settings_from
from topicdesk.interface.model import TopicClassifier
from topicdesk.prediction import ErrorKinds, error_kinds, fit_labeller
from topicdesk.prediction.labeller import Articles
from topicdesk.project import working_project
from topicdesk.report import About, make_report
from topicdesk.tracking import LoggedComparison, check_experiment, pack_comparison, send_parcel

__all__ = ["Comparison", "compare"]

#: Classifiers that a comparison tries if none are named.
_USUAL_CLASSIFIERS = ("multinomial-nb", "logistic-regression", "linear-svm")

_NOT_IN_NAMES = "/\\:"


@renamed_fields(figures="scores", topic_figures="topic_scores", fold_figures="fold_scores")
@dataclass(frozen=True, eq=False, repr=False)
class Comparison(ComparisonResult):
    """Out-of-fold scores and decisions of every classifier on every split, with tables, plots and the winner.

    Returned by `compare`.

    Parameters
    ----------
    dataset : Dataset
        The texts and their labels.
    plan : ComparisonPlan
        What was compared, and how.
    splits : tuple of Split
        The outer splits.
    results : tuple of FoldResult
        Results by classifier, then by split.
    scores : DataFrame
        One row per classifier, sample and metric, with the columns ``classifier, sample, metric, value, low, high``,
        the difference from the best classifier with its interval, ``fold_mean`` and ``fold_sd``. Numbers, not text.
    topic_scores, fold_scores : DataFrame
        The same by topic and by fold.
    significance : DataFrame
        Tests of the differences between the best classifier and the others.
    verdict : Verdict
        Which classifier wins, and why.
    warnings : tuple of str
        What readers of the results should know.
    seconds : float
        Wall-clock time in seconds.
    checkpoints : Checkpoints, optional
        Where finished fits are saved.
    keywords : mapping of str to sequence of str, optional
        Keywords of each topic.
    class_labels : tuple, default ()
        The user's own label of each topic. Empty for topics.
    n_jobs : int, default -1
        Number of processes that `fit` and `log` use by default: that of the comparison.

    See Also
    --------
    topicdesk.compare : Makes a comparison.

    Examples
    --------
    >>> import topicdesk
    >>> texts = ["The court heard the appeal.", "The jury found him guilty.", "A judge ruled.", "The court fined him.",
    ...          "The train was late.", "New trams run downtown.", "A bus broke down.", "The ferry was full."]
    >>> y = ["courts"] * 4 + ["transport"] * 4
    >>> comparison = topicdesk.compare(texts, y, classifiers=["multinomial-nb"], cv=2, inner_cv=2, n_jobs=1)
    >>> comparison.scores.columns[:6].tolist()
    ['classifier', 'sample', 'metric', 'value', 'low', 'high']
    >>> comparison.fit("multinomial-nb", n_jobs=1).predict(["The court heard the judge."])
    array(['courts'], dtype=object)
    """

    keywords: Mapping[str, Sequence[str]] | None = None
    class_labels: tuple[Any, ...] = ()
    n_jobs: int = -1

    @classmethod
    def of(
        cls,
        result: ComparisonResult,
        keywords: Mapping[str, Sequence[str]] | None = None,
        class_labels: tuple[Any, ...] = (),
        n_jobs: int = -1,
    ) -> Comparison:
        """Return a comparison that can be fitted and logged."""
        values = {field.name: getattr(result, field.name) for field in fields(ComparisonResult)}
        return cls(**values, keywords=keywords, class_labels=class_labels, n_jobs=n_jobs)

    def fit(
        self, classifier: str | None = None, *, unlabelled: Articles | None = None, n_jobs: int | None = None
    ) -> TopicClassifier:
        """Fit a classifier on all texts, with the procedure of the comparison.

        Parameters
        ----------
        classifier : str, optional
            Name of the classifier. By default, the winner.
        unlabelled : DataFrame or sequence of str, optional
            Texts of the same corpus without labels, drawn as new texts are: a table with the columns of the texts, or a
            list. They become the reference of `measure_drift` if at least 100 of them are no near-duplicates of
            labelled texts or of each other. By default, the reference consists of the labelled texts, scored by models
            of 20 folds.
        n_jobs : int, optional
            Number of processes; -1 for one per core. By default, that of the comparison.

        Returns
        -------
        TopicClassifier

        Raises
        ------
        SpecError
            If the comparison has no classifier of this name.
        LabellerError
            If `unlabelled` is no table or list of texts, or has none of the columns.
        """
        name = self.verdict.winner if classifier is None else classifier
        chosen = _named(name, self.plan.classifiers)
        n_jobs = self.n_jobs if n_jobs is None else n_jobs
        labeller = fit_labeller(self.dataset, self.plan, chosen, self.keywords, n_jobs, unlabelled=unlabelled)
        model = TopicClassifier(
            chosen,
            features=self.plan.settings,
            topics=self.dataset.topics,
            inner_cv=self.plan.inner_folds,
            metric=self.plan.metric,
            decision_rule=self.plan.decision_rule,
            keywords=self.keywords,
            n_jobs=n_jobs,
            random_state=self.plan.random_state,
        )
        return model._with(labeller, self.class_labels or self.dataset.topics)

    def error_kinds(
        self,
        classifier: str | None = None,
        *,
        taxonomy: Taxonomy | None = None,
        disputed: pd.DataFrame | None = None,
        titles: Sequence[str] | None = None,
    ) -> ErrorKinds:
        """Group the out-of-fold errors of a classifier into kinds that a person can act on.

        Parameters
        ----------
        classifier : str, optional
            Name of the classifier. By default, the winner.
        taxonomy : Taxonomy, optional
            What topics exclude, and the edge rules of the codebook, from `read_taxonomy`.
        disputed : DataFrame, optional
            Labels that annotators disagreed on. Columns ``article_id, topic``.
        titles : sequence of str, optional
            Title of each text. By default, the field ``title`` or ``headline``.

        Returns
        -------
        ErrorKinds
            See `topicdesk.prediction.error_kinds`, which explains the kinds.

        Raises
        ------
        ArgumentError
            If an argument has a wrong type or value.
        """
        return error_kinds(
            self, classifier, taxonomy=taxonomy, keywords=self.keywords, disputed=disputed, titles=titles
        )

    def log(
        self, experiment: str, *, unlabelled: Articles | None = None, n_jobs: int | None = None
    ) -> LoggedComparison:
        """Log the comparison to MLflow: scores, tables, report, and the winner as a registered model.

        Parameters
        ----------
        experiment : str
            Name of the MLflow experiment. The model is registered as ``topicdesk-`` and this name.
        unlabelled : DataFrame or sequence of str, optional
            Texts without labels, for the reference of `measure_drift`, as in `fit`.
        n_jobs : int, optional
            Number of processes to fit the winner with; -1 for one per core. By default, that of the comparison.

        Returns
        -------
        LoggedComparison

        Raises
        ------
        ValueError
            If `experiment` is empty, begins with a dot, or contains a slash, a backslash, a colon or both kinds of
            quotation marks.
        TrackingError
            If the store fails.

        Notes
        -----
        The store is that of ``MLFLOW_TRACKING_URI``, or else ``mlflow.db`` in the project that contains the working
        folder; without a project, in the working folder itself.
        """
        if not isinstance(experiment, str) or not experiment.strip() or not experiment.isprintable():
            raise ValueError(f"experiment must be a name that is not empty; got {experiment!r}.")
        if any(character in experiment for character in _NOT_IN_NAMES) or experiment.startswith("."):
            raise ValueError(
                f"experiment = {experiment!r} must not begin with a dot, or contain a slash, a backslash or a colon."
            )
        if "'" in experiment and '"' in experiment:  # MLflow's filters cannot express it
            raise ValueError(f"experiment = {experiment!r} must not contain both kinds of quotation marks.")
        project = working_project()
        check_experiment(project, experiment)
        about = About(
            experiment=experiment,
            title=experiment,
            question="",
            spec="",
            spec_text="",
            spec_hash=comparison_hash(self.dataset, self.plan, self.splits, self.keywords),
            environment=observe_environment(project),
            keywords=self.keywords,
        )
        model = self.fit(unlabelled=unlabelled, n_jobs=n_jobs)
        labeller = model.labeller_
        report = make_report(self, about, labeller, kinds=self.error_kinds())
        parcel = pack_comparison(project, self, about, "", None, f"topicdesk-{experiment}", report, labeller)
        model._save_classes(parcel.model_folder)
        logged = send_parcel(project, parcel)
        if not (project.root / "data").is_dir():  # no project: leave nothing but MLflow's store
            with suppress(OSError):  # the folder has other files
                project.unsent.rmdir()
                project.unsent.parent.rmdir()
        return logged


@renamed_arguments(jobs="n_jobs", splits="cv", keep="checkpoints")
def compare(
    texts: pd.DataFrame | pd.Series | Sequence[str] | NDArray[Any] | Dataset,
    y: Any = None,
    *,
    text: str | Sequence[str] | None = None,
    topics: Sequence[str] | None = None,
    separator: str | None = None,
    classifiers: Any = _USUAL_CLASSIFIERS,
    features: Any = None,
    cv: Any = 5,
    n_repeats: int = 1,
    inner_cv: int = 3,
    groups: str | ArrayLike | None = "near-duplicates",
    sources: ArrayLike | None = None,
    dates: ArrayLike | None = None,
    samples: ArrayLike | None = None,
    sampling_weights: ArrayLike | str | None = None,
    representative: str | None = None,
    metric: str = "macro_f1",
    decision_rule: DecisionRule | None = None,
    search: Literal["grid", "halving"] = "grid",
    n_resamples: int = 1000,
    rope: float = 0.01,
    keywords: Mapping[str, Sequence[str]] | None = None,
    random_state: int = 0,
    n_jobs: int = -1,
    engine: Engine | None = None,
    checkpoints: Path | str | None = None,
) -> Comparison:
    """Compare classifiers on TF-IDF features by nested cross-validation.

    Parameters
    ----------
    texts : DataFrame, Series, sequence of str, ndarray of str or Dataset
        One text per row, or a table with the columns `text`. With a Dataset, `text`, `topics`, `separator`, `groups`,
        `sources`, `dates`, `samples` and `sampling_weights` are not used.
    y : Series, sequence, array, sparse matrix, DataFrame or str
        Labels: one class per text, or collections, separated strings or indicators of topics, or the name of a column
        (see `make_dataset`). With a Dataset, None; or a `topicdesk.evaluation.ComparisonPlan`, which then replaces all
        options up to `rope`, and `random_state`.
    text : str or sequence of str, optional
        Columns that form the text, joined by a line break. By default, columns with common names.
    topics : sequence of str, optional
        Names and order of the topics. An array of indicators needs it.
    separator : str, optional
        Separator of several labels in a string. By default ``;`` or ``|``, if a string contains it.
    classifiers : sequence or mapping, default ("multinomial-nb", "logistic-regression", "linear-svm")
        Names of topicdesk's classifiers, scikit-learn estimators, ``(name, estimator)``, ``(name, grid)`` or ``(name,
        estimator, grid)``. A grid is a mapping of parameter to values to try. Baselines are added.
    features : Features or sequence of Features, optional
        TF-IDF features to choose from. By default, words, with sublinear counts.
    cv : int, splitter, iterable of (train, test), or SplitPlan, default 5
        Number of stratified folds; a scikit-learn splitter; pairs of row numbers; or a plan such as
        ``SplitPlan("time")``.
    n_repeats : int, default 1
        Number of repeats with new folds, if `cv` is an integer.
    inner_cv : int, default 3
        Number of folds of the training texts, on which features, hyper-parameters and thresholds are chosen.
    groups : array-like of shape (n_texts,), "near-duplicates", "stories" or None, default "near-duplicates"
        Rows of one group stay on the same side of a split. By default, near-duplicates are found in the texts; with
        "stories", texts that tell the same story.
    sources, dates : array-like of shape (n_texts,), optional
        Source and publication date of each text, for splits by source and by time.
    samples : array-like of shape (n_texts,), optional
        Name of the sample that each text was drawn with, if texts were drawn in several ways.
    sampling_weights : array-like of float, shape (n_texts,), or str, optional
        Number of texts of the corpus that each text represents, or the name of a column (see `make_dataset`).
    representative : str, optional
        Name of the uniformly drawn sample. Metrics that depend on the frequency of topics are also computed on it
        alone.
    metric : str, default "macro_f1"
        Metric that chooses models and sorts the leaderboard.
    decision_rule : DecisionRule, optional
        How thresholds are chosen and probabilities calibrated.
    search : {"grid", "halving"}, default "grid"
        Whether all candidates are tried on all rows, or bad ones are dropped early.
    n_resamples : int, default 1000
        Number of bootstrap resamples of each interval.
    rope : float, default 0.01
        Differences in the metric up to this value do not matter.
    keywords : mapping of str to sequence of str, optional
        Keywords of each topic, for blocks of keywords. With them, keyword rules are one of the baselines.
    random_state : int, default 0
        Random seed. Results are the same for the same seed.
    n_jobs : int, default -1
        Number of processes; -1 for one per core. Results do not depend on it.
    engine : Engine, optional
        Engine to use instead of local processes, such as a `topicdesk.evaluation.DaskEngine`.
    checkpoints : path or str, optional
        Folder in which finished fits are saved. The same call then resumes a run that was stopped.

    Returns
    -------
    Comparison

    Raises
    ------
    TopicdeskError
        If texts or labels cannot be used, the rows cannot be split, or a name or value is wrong. The message names the
        argument.
    TypeError, ValueError
        If an argument has a type or a value that cannot be used.

    See Also
    --------
    topicdesk.make_dataset : Describes the forms of texts and labels.
    topicdesk.TopicClassifier : One classifier, without a comparison.
    topicdesk.run_experiment : The same, from a spec file.

    Notes
    -----
    Nested cross-validation follows Varma and Simon (2006), "Bias in error estimation when using cross-validation for
    model selection".

    Examples
    --------
    >>> import topicdesk
    >>> texts = ["The court heard the appeal.", "The jury found him guilty.", "A judge ruled.", "The court fined him.",
    ...          "The train was late.", "New trams run downtown.", "A bus broke down.", "The ferry was full."]
    >>> y = ["courts"] * 4 + ["transport"] * 4
    >>> comparison = topicdesk.compare(texts, y, classifiers=["multinomial-nb"], cv=2, inner_cv=2, n_jobs=1)
    >>> comparison.ranking[-1]
    'majority'
    """
    if isinstance(y, ComparisonPlan):
        if not isinstance(texts, Dataset):
            raise TypeError(f"texts must be a Dataset, because y is a ComparisonPlan; got {type(texts).__name__}.")
        splits = None if isinstance(cv, Integral) else cv
        result = compare_dataset(texts, y, keywords, splits, n_jobs, engine, checkpoints)
        return Comparison.of(result, keywords, n_jobs=n_jobs)
    labels: tuple[Any, ...] = ()
    if isinstance(texts, Dataset):
        if y is not None:
            raise TypeError(f"y must be None or a ComparisonPlan, because texts is a Dataset; got {type(y).__name__}.")
        dataset = texts
    else:
        if y is None:
            raise TypeError("y is missing: pass one label, or a list of labels, per text.")
        y = list(y) if isinstance(y, Iterator) else y  # it is read twice
        dataset = make_dataset(
            texts,
            y,
            text=text,
            topics=topics,
            separator=separator,
            groups=groups,
            sources=sources,
            dates=dates,
            samples=samples,
            sampling_weights=sampling_weights,
        )
        labels = class_labels(y, texts, dataset)
    check_integer("inner_cv", inner_cv, 2)
    check_integer("n_resamples", n_resamples, 0)
    plan, splits, warnings = _planned(cv, n_repeats, dataset)
    chosen = classifiers_from(classifiers)
    together = with_baselines(chosen, keywords is not None)
    whole = ComparisonPlan(
        classifiers=together,
        baselines=added_baselines(together, chosen),
        settings=settings_from(features),
        splits=plan,
        inner_folds=inner_cv,
        metric=metric,
        decision_rule=DecisionRule() if decision_rule is None else decision_rule,
        search=search,
        representative=representative,
        resamples=n_resamples,
        rope=rope,
        random_state=random_state,
    )
    if warnings:
        dataset = replace(dataset, warnings=(*dataset.warnings, *warnings))
    result = compare_dataset(dataset, whole, keywords, splits, n_jobs, engine, checkpoints)
    return Comparison.of(result, keywords, labels, n_jobs)


def _planned(cv: Any, n_repeats: int, dataset: Dataset) -> tuple[SplitPlan, tuple[Split, ...] | None, tuple[str, ...]]:
    """Return the plan of the outer splits, the splits if the user gave them, and their warnings."""
    check_integer("n_repeats", n_repeats, 1)
    if isinstance(cv, SplitPlan):
        return cv, None, ()
    if isinstance(cv, Integral) and not isinstance(cv, bool):
        check_integer("cv", cv, 2)
        return SplitPlan(folds=int(cv), repeats=int(n_repeats)), None, ()
    if n_repeats != 1:
        raise SpecError("n_repeats needs an integer cv: your splits define the repeats.")
    splits, warnings = given_splits(cv, dataset)
    n_given = len({split.repeat for split in splits})
    return SplitPlan("given", max(2, len(splits) // n_given), n_given), splits, warnings


def _named(name: str, classifiers: Sequence[Classifier]) -> Classifier:
    by_name = {classifier.name: classifier for classifier in classifiers}
    if name not in by_name:
        raise SpecError(f"classifier: the comparison has no {name!r}; {nearest(str(name), by_name)}")
    return by_name[name]
