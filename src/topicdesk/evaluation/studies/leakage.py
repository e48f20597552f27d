"""Audit leakage: test whether classifiers can learn outlets instead of topics, and whether they do.

Classifiers can learn outlets if the source of an article is predictable from the same features. The most predictive
terms show what cleaning missed. Classifiers do learn outlets if topic F1 falls on articles of a source that has no
training articles. Such a fall has other causes too, because outlets differ in subjects and wording. The fall is
therefore an upper bound on leakage. It also estimates the performance on a new outlet.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from topicdesk._arguments import check_integer, check_n_jobs, check_random_state
from topicdesk._renamed import renamed_arguments
from topicdesk._rendering import as_html
from topicdesk.annotation import Dataset
from topicdesk.corpus import article_texts, content_hash, find_duplicates
from topicdesk.corpus.articles import check_corpus, check_text_fields
from topicdesk.errors import SplitError
from topicdesk.evaluation._bootstrap import (
    Distributions,
    difference_interval,
    metric_interval,
    score_interval,
    score_tables,
)
from topicdesk.evaluation._checks import check_dataset
from topicdesk.evaluation._search import cross_validate
from topicdesk.evaluation._types import ComparisonPlan, FoldResult
from topicdesk.evaluation.classifiers import classifier_named
from topicdesk.evaluation.engine import single_threaded_engine
from topicdesk.evaluation.leaderboard import scores_where, shown, shown_decrease
from topicdesk.evaluation.metrics import metric_values, observed_and_bootstrap_weights, topic_metric_values
from topicdesk.evaluation.names import ALL_SAMPLES
from topicdesk.evaluation.splits import SplitPlan, leave_one_source_out, make_splits, training_factor
from topicdesk.features import FeatureSetting

__all__ = ["SourceAudit", "TopicAudit", "audit_sources", "audit_topics"]

_TELLER, _GUESS = "plain-linear-svm", "majority"
_CLASSIFIER = "linear-svm"
_SETTING = FeatureSetting(min_df=2, sublinear_tf=True)
_FOLDS = 5
_MEAN = "(macro mean)"

# Columns of a topic audit under their display titles.
_SIDES = {
    title: (name, f"{name}_low", f"{name}_high")
    for title, name in {
        "all sources [95 %]": "mixed",
        "other sources only [95 %]": "without",
        "fall [95 %]": "fall",
    }.items()
}
_INTERVAL = ["value", "low", "high"]
_MOST_FOLDS = 10
# Choices on inner folds differ between repeats. A single repeat varies by as much as the fall to be measured.
_REPEATS = 5
_INNER_FOLDS = 3

# Sources with fewer articles are too small to learn, so the source audit leaves them out.
_FEWEST_ARTICLES = 20

# The source audit samples this many articles. With more it is slower, but not more informative.
_MOST_ARTICLES = 10_000


@dataclass(frozen=True, eq=False)
class SourceAudit:
    """How well the source of an article can be predicted from its text.

    Parameters
    ----------
    accuracy, guess : dict of str to float
        ``value, low, high``: out-of-fold accuracy with its bootstrap 95 % interval, of a linear support-vector machine
        on TF-IDF, and of always predicting the largest source.
    sources : DataFrame of shape (n_sources, 5)
        Index ``source``, most articles first. Columns ``articles, f1, low, high`` and ``terms``, the most predictive
        terms.
    terms : DataFrame
        Columns ``source, term, push, inside, outside``. ``push`` is how much the term raises the mean score of the
        source's articles above that of other articles. ``inside`` and ``outside`` are the shares of the source's
        articles and of other articles that contain the term. Terms that are more frequent in other sources have a push
        of 0.
    warnings : tuple of str
        Limitations of the result.
    """

    accuracy: dict[Hashable, float]
    guess: dict[Hashable, float]
    sources: pd.DataFrame
    terms: pd.DataFrame
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        """Return a sentence with both accuracies."""
        accuracy, guessed = (_percent(score) for score in (self.accuracy, self.guess))
        return (
            f"A classifier predicts the source of {accuracy} of the articles from their text. Always guessing the "
            f"largest source is right for {guessed}."
        )

    def table(self) -> pd.DataFrame:
        """Return the sources as text: articles, F1 with its interval, and most predictive terms."""
        f1 = _written(self.sources, {"F1 [95 %]": ("f1", "low", "high")})
        columns = self.sources[["articles", "terms"]].rename(columns={"terms": "most predictive terms"})
        return columns.join(f1)[["articles", "F1 [95 %]", "most predictive terms"]]

    def _repr_html_(self) -> str:
        return as_html(str(self), self.table(), warnings=self.warnings)


@dataclass(frozen=True, eq=False)
class TopicAudit:
    """How much F1 falls on articles of a source that has no training articles.

    Parameters
    ----------
    topics : DataFrame of shape (n_topics + 1, ...)
        Index ``topic``, then ``(macro mean)``. Columns ``positives``; ``mixed`` and ``without``, F1 when trained on all
        sources and when trained without the article's own source; ``fall``, their difference. The last three have a
        bootstrap 95 % interval, ``_low`` and ``_high`` (paired for the fall).
    sources : DataFrame of shape (n_sources, ...)
        Index ``source``. Columns ``articles, positives``, then the same as above, with micro-F1 on the source's
        articles.
    training_articles : dict of str to float
        ``mixed`` and ``without``: mean number of training articles.
    warnings : tuple of str
        Limitations of the result.
    """

    topics: pd.DataFrame
    sources: pd.DataFrame
    training_articles: dict[str, float]
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        """Return a sentence with the fall in macro-F1."""
        mean = self.topics.to_dict("index")[_MEAN]
        return (
            "Without training articles from the source of the test article, macro-F1 is "
            f"{shown(mean['without'])} instead of {shown(mean['mixed'])}: "
            f"{shown_decrease(mean['fall'], mean['fall_low'], mean['fall_high'])}."
        )

    def topic_table(self) -> pd.DataFrame:
        """Return F1 of each topic as text, with and without its source in training, with intervals."""
        return self.topics[["positives"]].join(_written(self.topics, _SIDES))

    def source_table(self) -> pd.DataFrame:
        """Return micro-F1 on each source's articles as text, with and without it in training, with intervals."""
        return self.sources[["articles", "positives"]].join(_written(self.sources, _SIDES))

    def _repr_html_(self) -> str:
        return as_html(str(self), self.topic_table(), self.source_table(), warnings=self.warnings)


@renamed_arguments(jobs="n_jobs", seed="random_state")
def audit_sources(
    corpus: pd.DataFrame,
    text_fields: Sequence[str] = ("title", "text"),
    n_terms: int = 8,
    resamples: int = 1000,
    random_state: int = 0,
    n_jobs: int = -1,
) -> SourceAudit:
    """Measure how well the source of an article can be predicted from its text.

    Parameters
    ----------
    corpus : DataFrame of shape (n_articles, 12)
        Valid articles, not only teasers.
    text_fields : sequence of str, default ("title", "text")
        Columns that are joined to a text.
    n_terms : int, default 8
        Number of terms to show per source.
    resamples : int, default 1000
        Number of bootstrap resamples for each interval.
    random_state : int, default 0
        Random seed. The same seed reproduces the result.
    n_jobs : int, default -1
        Number of processes; -1 means one per core.

    Returns
    -------
    SourceAudit

    Raises
    ------
    SplitError
        If fewer than two sources have at least 20 articles.
    ArgumentError, CorpusError
        If another argument is wrong.
    """
    check_corpus("corpus", corpus, ("id", "title", "text", "source", "published"))
    check_text_fields("text_fields", text_fields, corpus)
    check_integer("n_terms", n_terms, 1)
    _check_numbers(resamples, random_state, n_jobs)
    dataset, warnings = _dataset_of_sources(corpus, text_fields, random_state)
    classifiers = (classifier_named(_GUESS), classifier_named(_TELLER))
    with single_threaded_engine(None, n_jobs) as engine:
        splits, split_warnings = make_splits(dataset, SplitPlan(folds=_FOLDS), random_state)
        plan = ComparisonPlan(
            classifiers,
            inner_folds=_INNER_FOLDS,
            metric="subset_accuracy",
            resamples=resamples,
            random_state=random_state,
        )
        results, fit_warnings = cross_validate(dataset, plan, splits, engine=engine)
        tables = score_tables(dataset, plan, results, engine)
        terms = _betraying_terms(dataset, n_terms, random_state)
    accuracies = scores_where(tables.scores, sample=ALL_SAMPLES, metric="subset_accuracy")
    accuracies = accuracies.set_index("classifier")[_INTERVAL]
    source_scores = scores_where(tables.topic_scores, classifier=_TELLER, metric="f1").set_index("topic")
    sources = (
        source_scores.loc[list(dataset.topics), _INTERVAL].set_axis(["f1", "low", "high"], axis=1).rename_axis("source")
    )
    sources.insert(0, "articles", dataset.Y.sum(axis=0))
    sources["terms"] = [", ".join(terms.loc[terms["source"] == source, "term"]) for source in sources.index]
    accuracy, guess = (accuracies.to_dict("index")[name] for name in (_TELLER, _GUESS))
    return SourceAudit(accuracy, guess, sources, terms, (*warnings, *split_warnings, *fit_warnings))


@renamed_arguments(jobs="n_jobs", seed="random_state")
def audit_topics(dataset: Dataset, resamples: int = 1000, random_state: int = 0, n_jobs: int = -1) -> TopicAudit:
    """Compare F1 with and without training articles of the tested articles' source.

    A linear support-vector machine is trained on stratified folds that mix the sources, and on all sources but one. Its
    cost and thresholds are chosen on inner folds. The number of folds equals the number of sources (at most ten), which
    gives both experiments the same mean number of training articles. Near-duplicates of the tested articles are
    excluded from training. All values are means over five repeats. Repeats of the first experiment differ in their
    folds, repeats of the second only in their inner folds.

    Parameters
    ----------
    dataset : Dataset
        Labelled articles.
    resamples, random_state, n_jobs
        As in `audit_sources`.

    Returns
    -------
    TopicAudit

    Raises
    ------
    SplitError
        If the labelled articles have fewer than two sources.
    ArgumentError
        If another argument is wrong.
    """
    check_dataset(dataset)
    _check_numbers(resamples, random_state, n_jobs)
    lone_splits, warnings = leave_one_source_out(dataset, _REPEATS)
    plan = SplitPlan(folds=min(len(set(dataset.sources)), _MOST_FOLDS), repeats=_REPEATS)
    comparison_plan = ComparisonPlan(
        (classifier_named(_CLASSIFIER),), (_SETTING,), inner_folds=_INNER_FOLDS, random_state=random_state
    )
    mixed_splits, split_warnings = make_splits(dataset, plan, random_state)
    with single_threaded_engine(None, n_jobs) as engine:
        mixed, lone = (
            cross_validate(dataset, comparison_plan, splits, engine=engine)[0] for splits in (mixed_splits, lone_splits)
        )
        rng = np.random.default_rng([random_state, 2])
        weights = observed_and_bootstrap_weights(dataset.groups, resamples, rng)
        decisions = {"mixed": _decisions(dataset, mixed), "without": _decisions(dataset, lone)}
        factor = max(training_factor(mixed_splits), training_factor(lone_splits))
        topics = pd.DataFrame(_topic_rows(dataset, decisions, weights, factor)).set_index("topic")
        sources = pd.DataFrame(_source_rows(dataset, decisions, weights, factor)).set_index("source")
    training = {
        "mixed": float(np.mean([len(split.train) for split in mixed_splits])),
        "without": float(np.mean([len(split.train) for split in lone_splits])),
    }
    return TopicAudit(topics, sources, training, (*dataset.warnings, *warnings, *split_warnings))


def _check_numbers(resamples: int, random_state: int, n_jobs: int) -> None:
    check_integer("resamples", resamples, 1)
    check_random_state(random_state)
    check_n_jobs(n_jobs)


def _dataset_of_sources(
    corpus: pd.DataFrame, text_fields: Sequence[str], random_state: int
) -> tuple[Dataset, tuple[str, ...]]:
    """Return a multi-class dataset whose classes are the sources, and warnings."""
    warnings = []
    articles = corpus.assign(source=corpus["source"].replace("", "(none)"))
    counts = articles["source"].value_counts()
    large = counts.index[counts >= _FEWEST_ARTICLES].tolist()
    if len(large) < 2:
        raise SplitError(
            f"only {len(large)} of {len(counts)} sources have {_FEWEST_ARTICLES} articles or more, and the source "
            "audit needs two. Add the source of each article (column 'source', or 'topicdesk import --source')."
        )
    if len(large) < len(counts):
        warnings.append(
            f"{len(counts) - len(large)} sources with fewer than {_FEWEST_ARTICLES} articles are left out of the "
            "source audit."
        )
    articles = articles[articles["source"].isin(large)]
    if len(articles) > _MOST_ARTICLES:
        warnings.append(f"The source audit uses {_MOST_ARTICLES} of {len(articles)} articles, drawn at random.")
        articles = articles.sample(_MOST_ARTICLES, random_state=random_state).sort_index()
    present = [source for source in large if (articles["source"] == source).any()]
    sources = articles["source"].to_numpy(dtype=object)
    dataset = Dataset(
        name="sources",
        task="multi-class",
        texts=article_texts(articles, text_fields),
        Y=np.column_stack([sources == source for source in present]).astype(np.int8),
        topics=tuple(present),
        ids=articles["id"].to_numpy(dtype=object),
        groups=find_duplicates(articles["text"].tolist()).groups,
        samples=np.full(len(articles), "corpus", dtype=object),
        sources=sources,
        dates=articles["published"].to_numpy(),
        corpus_hash=content_hash(corpus),
        labels_hash="",
    )
    return dataset, tuple(warnings)


def _betraying_terms(dataset: Dataset, n_terms: int, random_state: int) -> pd.DataFrame:
    """Return the most predictive terms of each source, from a classifier fitted on all articles."""
    vectorizer = FeatureSetting(min_df=2).vectorizer()
    weights = vectorizer.fit_transform(dataset.texts)
    names = vectorizer.get_feature_names_out()
    classes = dataset.Y.argmax(axis=1)
    coefficients = LinearSVC(random_state=random_state).fit(weights, classes).coef_
    if len(coefficients) == 1:  # for two classes scikit-learn stores only the second
        coefficients = np.vstack([-coefficients, coefficients])
    present = (weights > 0).astype(np.float64)
    rows = []
    for number, source in enumerate(dataset.topics):
        is_source = classes == number
        # Terms that are more frequent elsewhere are predictive too, but do not belong to the source.
        excess = np.maximum(_mean(weights, is_source) - _mean(weights, ~is_source), 0)
        contribution = coefficients[number] * excess
        shares = _mean(present, is_source), _mean(present, ~is_source)
        for column in np.argsort(-contribution, kind="stable")[:n_terms]:
            rows.append(
                {
                    "source": source,
                    "term": names[column],
                    "push": float(contribution[column]),
                    "inside": float(shares[0][column]),
                    "outside": float(shares[1][column]),
                }
            )
    return pd.DataFrame(rows)


def _mean(matrix: Any, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.asarray(matrix[rows].sum(axis=0) / rows.sum()).ravel()


def _decisions(dataset: Dataset, results: Sequence[FoldResult]) -> list[NDArray[np.int8]]:
    """Merge the decisions of each repeat's folds, shape (n_articles, n_topics) each."""
    decisions = [np.zeros_like(dataset.Y) for _ in range(_REPEATS)]
    for result in results:
        decisions[result.split.repeat][result.split.test] = result.decisions
    return decisions


def _topic_rows(
    dataset: Dataset, decisions: Mapping[str, list[NDArray[np.int8]]], weights: NDArray[np.float64], factor: float
) -> Iterator[dict[str, Any]]:
    # The ranking metrics, which need scores, are not used. Decisions are passed in their place.
    f1 = {
        side: _mean_over(
            topic_metric_values(dataset.Y, predictions, predictions.astype(np.float64), weights)["f1"]
            for predictions in repeats
        )
        for side, repeats in decisions.items()
    }
    positives = dataset.Y.sum(axis=0)
    for column, topic in enumerate(dataset.topics):
        of_topic = {side: values[:, column] for side, values in f1.items()}
        yield {"topic": topic, "positives": int(positives[column])} | _sides(
            of_topic,
            {side: score_interval(values, factor, positives[column]) for side, values in of_topic.items()},
            factor,
        )
    macro = {side: np.nanmean(values, axis=1) for side, values in f1.items()}
    intervals = {
        side: metric_interval(
            "macro_f1",
            Distributions({"macro_f1": macro[side]}, {"f1": f1[side], "positives": positives[None, :]}),
            factor,
        )
        for side in f1
    }
    yield {"topic": _MEAN, "positives": int(positives.sum())} | _sides(macro, intervals, factor)


def _source_rows(
    dataset: Dataset, decisions: Mapping[str, list[NDArray[np.int8]]], weights: NDArray[np.float64], factor: float
) -> Iterator[dict[str, Any]]:
    sources, counts = np.unique(dataset.sources, return_counts=True)
    for source in sources[np.argsort(-counts, kind="stable")]:
        rows = dataset.sources == source
        Y, row_weights = dataset.Y[rows], weights[:, rows]
        row_weights = row_weights[row_weights.sum(axis=1) > 0]  # F1 is undefined in resamples without the source
        micro = {
            side: _mean_over(
                metric_values(Y, predictions[rows], predictions[rows].astype(np.float64), row_weights)["micro_f1"]
                for predictions in repeats
            )
            for side, repeats in decisions.items()
        }
        intervals = {side: score_interval(values, factor, int(Y.sum())) for side, values in micro.items()}
        yield {"source": source or "(none)", "articles": len(Y), "positives": int(Y.sum())} | _sides(
            micro, intervals, factor
        )


def _mean_over(repeats: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.asarray(np.mean(list(repeats), axis=0))


def _sides(
    distributions: Mapping[str, NDArray[np.float64]], intervals: Mapping[str, dict[str, float]], factor: float
) -> dict[str, float]:
    row: dict[str, float] = {}
    for name, interval in intervals.items():
        row |= {name: interval["value"], f"{name}_low": interval["low"], f"{name}_high": interval["high"]}
    decrease = distributions["mixed"] - distributions["without"]
    return row | difference_interval(decrease, factor, _SIDES["fall [95 %]"])


def _percent(score: Mapping[Hashable, float]) -> str:
    return f"{score['value']:.1%} [{score['low']:.1%}, {score['high']:.1%}]"


def _written(table: pd.DataFrame, columns: Mapping[str, tuple[str, str, str]]) -> pd.DataFrame:
    """Format values with their intervals, one column per title."""
    return pd.DataFrame(
        {title: [shown(*row) for row in table[list(names)].to_numpy()] for title, names in columns.items()},
        index=table.index,
    )
