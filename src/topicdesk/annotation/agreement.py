"""Inter-annotator agreement per topic, and the articles that annotators disagree about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from topicdesk._arguments import (
    check_instance,
    check_integer,
    check_mapping,
    check_path,
    check_random_state,
    check_strings,
)
from topicdesk._renamed import renamed_arguments
from topicdesk.annotation._fields import check_annotator
from topicdesk.annotation.annotations import check_annotations, read_label_file
from topicdesk.annotation.queue import queue_of_labelled
from topicdesk.annotation.session import AnnotationSession, open_session
from topicdesk.annotation.topics import Taxonomy, taxonomy_of
from topicdesk.corpus.articles import check_corpus
from topicdesk.errors import LabelsError
from topicdesk.project import Project, find_project

__all__ = ["adjudication", "agreement", "disagreements"]


@renamed_arguments(seed="random_state")
def agreement(
    annotations: Mapping[str, pd.DataFrame], topics: Sequence[str], resamples: int = 1000, random_state: int = 0
) -> pd.DataFrame:
    """Compute inter-annotator agreement on the articles that two or more annotators have labelled.

    Parameters
    ----------
    annotations : mapping of str to DataFrame
        Annotations by annotator, with the columns ``article_id`` and ``topics`` (tuples).
    topics : sequence of str
        Names of the topics.
    resamples : int, default 1000
        Number of bootstrap resamples of articles, for 95 % percentile intervals.
    random_state : int, default 0
        Seed of the bootstrap.

    Returns
    -------
    DataFrame of shape (n_topics, 9) for two annotators, (n_topics, 6) for more
        Indexed by topic: ``articles`` labelled by two or more annotators; ``positives``, those given the topic by at
        least one; ``agreed``, the share on which all agree; Krippendorff's ``alpha`` with its interval ``alpha_low,
        alpha_high``; for two annotators also Cohen's ``kappa`` with ``kappa_low, kappa_high``. An interval is NaN if
        the coefficient is undefined in more than half of the resamples.

    Raises
    ------
    LabelsError
        If there are fewer than two annotators, no article is labelled by two or more, or an annotator has labelled an
        article twice.
    ArgumentError
        If another argument is wrong.

    References
    ----------
    Cohen (1960), "A coefficient of agreement for nominal scales"; Krippendorff (2011), "Computing Krippendorff's
    alpha-reliability". Kappa is computed by scikit-learn, alpha by the library krippendorff.

    Examples
    --------
    >>> import pandas as pd
    >>> import topicdesk
    >>> maria = pd.DataFrame({"article_id": ["a", "b", "c"], "topics": [("courts",), ("courts", "rail"), ()]})
    >>> ben = maria.assign(topics=[("courts",), ("rail",), ()])
    >>> topicdesk.agreement({"maria": maria, "ben": ben}, ["courts", "rail"])["agreed"].round(2).to_dict()
    {'courts': 0.67, 'rail': 1.0}
    """
    check_mapping("annotations", annotations, "the names of annotators")
    if len(annotations) < 2:
        raise LabelsError(f"annotations are those of {len(annotations)} annotators. Agreement needs two or more.")
    for name, table in annotations.items():
        check_annotations(f"annotations[{name!r}]", table)
    check_strings("topics", topics, empty=False)
    check_integer("resamples", resamples, 1)
    check_random_state(random_state)
    votes = _votes(annotations, topics)
    rng = np.random.default_rng(random_state)
    draws = rng.integers(0, votes.shape[1], (resamples, votes.shape[1]))
    rows = {}
    for column, topic in enumerate(topics):
        labels = votes[:, :, column]  # shape (n_annotators, n_articles), NaN where not labelled
        row: dict[str, float] = {
            "articles": labels.shape[1],
            "positives": int((np.nansum(labels, axis=0) > 0).sum()),
            "agreed": float((np.nanmin(labels, axis=0) == np.nanmax(labels, axis=0)).mean()),
            "alpha": _alpha(labels),
        }
        row["alpha_low"], row["alpha_high"] = _interval([_alpha(labels[:, draw]) for draw in draws])
        if len(labels) == 2:
            row["kappa"] = _kappa(labels)
            row["kappa_low"], row["kappa_high"] = _interval([_kappa(labels[:, draw]) for draw in draws])
        rows[topic] = row
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("topic")
    return table.astype({"articles": int, "positives": int})


def disagreements(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """List the articles that two annotators labelled differently.

    Parameters
    ----------
    first, second : DataFrame
        Label files, from `read_label_file`.

    Returns
    -------
    DataFrame
        Columns ``article_id, first, second, differ``: the topics of each annotator, and the topics that only one of
        them gave. In the order of `first`.

    Raises
    ------
    TopicdeskError
        If a table is not a label file, or has an article twice.
    """
    check_annotations("first", first)
    check_annotations("second", second)
    second_topics = dict(zip(second["article_id"], second["topics"], strict=True))
    rows = [
        (
            article,
            " ".join(topics),
            " ".join(second_topics[article]),
            " ".join(sorted(set(topics) ^ set(second_topics[article]))),
        )
        for article, topics in zip(first["article_id"], first["topics"], strict=True)
        if article in second_topics and set(topics) != set(second_topics[article])
    ]
    return pd.DataFrame(rows, columns=["article_id", "first", "second", "differ"])


def adjudication(
    first: str,
    second: str,
    corpus: pd.DataFrame | Path | str,
    topics: Taxonomy | Path | str,
    annotator: str,
    project: Project | None = None,
) -> AnnotationSession:
    """Open a session to adjudicate the disagreements of two annotators, with both answers shown.

    Parameters
    ----------
    first, second, corpus, topics, annotator, project
        As in `topicdesk.adjudicate`.

    Returns
    -------
    AnnotationSession

    Raises
    ------
    ArgumentError
        If an argument has a wrong type or value.
    """
    check_annotator(first, "first", person=False)
    check_annotator(second, "second", person=False)
    if first == second:
        raise LabelsError(f"first and second are the same annotator, {first!r}. Name two.")
    check_annotator(annotator)
    if isinstance(corpus, pd.DataFrame):
        check_corpus("corpus", corpus)
    else:
        check_path("corpus", corpus)
    if project is not None:
        check_instance("project", project, Project, "Use find_project.")
    project = project or find_project()
    taxonomy = taxonomy_of(project, topics)
    tables = [read_label_file(project.labels / f"{name}.csv", taxonomy.names) for name in (first, second)]
    differences = disagreements(*tables)
    queue = queue_of_labelled(tables[0], differences["article_id"].tolist())
    answers = {
        article: ((first, first_answer or "no topic"), (second, second_answer or "no topic"))
        for article, first_answer, second_answer in zip(
            differences["article_id"], differences["first"], differences["second"], strict=True
        )
    }
    return open_session(corpus, taxonomy, annotator, queue, answers, settles=True, project=project)


def _votes(annotations: Mapping[str, pd.DataFrame], topics: Sequence[str]) -> NDArray[np.float64]:
    by_annotator = [table.set_index("article_id")["topics"] for table in annotations.values()]
    labelled = pd.concat([pd.Series(1, index=labels.index) for labels in by_annotator]).groupby(level=0).sum()
    articles = labelled.index[labelled >= 2]
    if not len(articles):
        raise LabelsError(
            f"annotations: no article is labelled by at least two annotators ({', '.join(annotations)}). "
            "Agreement cannot be computed."
        )
    votes = np.full((len(by_annotator), len(articles), len(topics)), np.nan)
    for row, labels in enumerate(by_annotator):
        for column, article in enumerate(articles):
            if article in labels.index:
                votes[row, column] = [topic in labels[article] for topic in topics]
    return votes


def _alpha(votes: NDArray[np.float64]) -> float:
    if np.nanmin(votes) == np.nanmax(votes):  # undefined if all votes are equal
        return float("nan")
    return float(krippendorff.alpha(reliability_data=votes, level_of_measurement="nominal"))


def _kappa(votes: NDArray[np.float64]) -> float:
    both = votes[:, ~np.isnan(votes).any(axis=0)].astype(int)
    if not both.size or both.min() == both.max():
        return float("nan")
    return float(cohen_kappa_score(both[0], both[1]))


def _interval(values: Sequence[float]) -> tuple[float, float]:
    estimates = np.asarray(values)
    defined = estimates[~np.isnan(estimates)]
    if len(defined) < len(estimates) / 2:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [0.025, 0.975])
    return float(low), float(high)
