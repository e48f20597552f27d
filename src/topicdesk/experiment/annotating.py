"""Annotation for a spec: draw articles to label, review suspect labels, and make weak labels from rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicdesk._arguments import (
    check_choice,
    check_integer,
    check_mapping,
    check_n_jobs,
    check_number,
    check_random_state,
    check_string,
    check_strings,
    check_table,
)
from topicdesk._progress import progress
from topicdesk._renamed import renamed_arguments
from topicdesk.annotation import (
    ADJUDICATED,
    STRATEGIES,
    AnnotationSession,
    Dataset,
    Pool,
    Taxonomy,
    aggregate_rules,
    draw_queue,
    open_session,
    read_taxonomy,
    reserved_in,
    rule_table,
    suspect_labels,
    weak_annotations,
)
from topicdesk.annotation._fields import check_annotator
from topicdesk.annotation.queue import queue_of_labelled
from topicdesk.annotation.sampling import next_draw
from topicdesk.corpus import article_texts, read_corpus
from topicdesk.errors import ArgumentError, LabelsError, SpecError, nearest
from topicdesk.evaluation import (
    Classifier,
    ComparisonResult,
    compare,
    judge_pool,
    out_of_fold,
    scores_where,
)
from topicdesk.experiment._pool import open_articles
from topicdesk.experiment.run import LoadedExperiment, corpus_file, load_experiments, read_spec_labels
from topicdesk.experiment.spec import Spec, read_spec
from topicdesk.features import FeatureSetting, keyword_hits, keyword_matrix
from topicdesk.project import Project, find_file, find_project

__all__ = ["DEFAULT_MIX", "effect_of", "queue_for", "rules_of", "second_look", "suspects_of", "weak_labels"]

#: Default mix of `queue_for`, supported by the simulation in ``benchmarks/queues.py``.
DEFAULT_MIX: Mapping[str, float] = {"random": 0.5, "uncertain": 0.5}

# With this many keyword hits, a topic has a prior of 0.5. Classifiers replace the prior once they can be fitted.
_EVEN_HITS = 3.0


@renamed_arguments(seed="random_state")
def queue_for(
    spec_file: Path | str, count: int, mix: Mapping[str, float] | None = None, random_state: int = 0
) -> pd.DataFrame:
    """Draw the articles to label next for an experiment.

    Parameters
    ----------
    spec_file : path
        A spec with label files and a taxonomy, such as ``experiments/topics.toml``.
    count : int
        Number of articles to draw.
    mix : mapping of str to float, optional
        Share of each strategy (see `topicdesk.annotation.draw_queue`); by default `DEFAULT_MIX`.
    random_state : int, default 0
        Seed of the random draw.

    Returns
    -------
    DataFrame of shape (n_drawn, 4)
        Columns ``article_id, sample, draw, stratum_size``, in the order to label them (see `topicdesk.draw_queue`). It
        contains no reserved or labelled articles, and no near-duplicates of them or of each other. ``draw`` is one more
        than the largest among the labels of the spec.

    Raises
    ------
    TopicdeskError
        If the spec, corpus, labels or mix are invalid.

    Examples
    --------
    ::

        queue = queue_for("experiments/topics.toml", 200, {"random": 0.5, "rare-first": 0.5})
    """
    check_integer("count", count, 1)
    check_random_state(random_state)
    if mix is not None:
        _check_mix(mix)
    return draw_queue(_pool_of(_desk(spec_file), random_state), count, mix or DEFAULT_MIX, random_state)


@renamed_arguments(jobs="n_jobs")
def suspects_of(spec_file: Path | str, classifier: str | None = None, n_jobs: int | None = None) -> pd.DataFrame:
    """Rank the labels of a spec that a classifier contradicts, by its out-of-fold probabilities.

    Parameters
    ----------
    spec_file : path
        A spec with one corpus, such as ``experiments/topics.toml``.
    classifier : str, optional
        A classifier of the spec; by default the winner of its results lock.
    n_jobs : int, optional
        Number of processes; by default that of the spec.

    Returns
    -------
    DataFrame
        The result of `topicdesk.suspect_labels`, most suspect first.

    Raises
    ------
    TopicdeskError
        If the spec, its corpus or labels, or another argument is invalid.
    """
    _check_judge(classifier, n_jobs)
    load = _loaded(find_file(spec_file, name="spec_file"))
    learner = load.classifier(classifier)
    data = load.dataset
    held_out = out_of_fold(_judged(load, learner, data, n_jobs), learner.name)
    if held_out.probabilities is None:
        raise SpecError(f"classifier {learner.name!r} has no probabilities. Name another classifier of the spec.")
    rows = np.flatnonzero(held_out.tested)
    return suspect_labels(
        y=data.Y[rows],
        probabilities=held_out.probabilities[rows],
        topics=data.topics,
        ids=data.ids[rows],
        task=data.task,
    )


@renamed_arguments(jobs="n_jobs")
def effect_of(
    spec_file: Path | str,
    decisions: Mapping[str, Sequence[str]],
    classifier: str | None = None,
    n_jobs: int | None = None,
    before: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Compute how corrected labels change a classifier's out-of-fold scores, on the same splits.

    Parameters
    ----------
    spec_file : path
        A spec with one corpus.
    decisions : mapping of str to sequence of str
        New topics of the reviewed articles, from `AnnotationSession.decisions`.
    classifier : str, optional
        A classifier of the spec; by default the winner of its results lock.
    n_jobs : int, optional
        Number of processes; by default that of the spec.
    before : mapping of str to sequence of str, optional
        Earlier topics of these articles, from `AnnotationSession.proposed`; by default the labels that the spec reads.
        Required if the spec already reads the file that the decisions were saved to.

    Returns
    -------
    DataFrame
        Indexed by score, the spec's metric first and then F1 of each topic. Columns ``before, before_low, before_high,
        after, after_low, after_high, moved``, with 95 % bootstrap intervals.

    Raises
    ------
    SpecError
        If the spec already reads the decisions and `before` is not given.
    ArgumentError
        If an argument has a wrong type or value.
    """
    _check_judge(classifier, n_jobs)
    _check_decisions("decisions", decisions)
    if before is not None:
        _check_decisions("before", before)
    load = _loaded(find_file(spec_file, name="spec_file"))
    learner, data = load.classifier(classifier), load.dataset
    earlier = data if before is None else _relabelled(data, "before", before)
    later = _relabelled(data, "decisions", decisions)
    if before is None and np.array_equal(earlier.Y, later.Y) and _reads_settled(read_spec(spec_file)):
        raise SpecError(
            f"{spec_file} already reads these decisions. Pass the earlier labels too:"
            " effect_of(spec, session.decisions(), before=session.proposed)."
        )
    tables = [_scores_of(load, _judged(load, learner, dataset, n_jobs)) for dataset in (earlier, later)]
    table = tables[0].add_prefix("before").join(tables[1].add_prefix("after"))
    return table.assign(moved=table["after"] - table["before"])


def second_look(spec_file: Path | str, suspects: pd.DataFrame, annotator: str) -> AnnotationSession:
    """Open a session to review suspect labels, with the current label and the classifier's answer shown.

    Parameters
    ----------
    spec_file : path
        A spec with label files and a taxonomy.
    suspects : DataFrame
        From `suspects_of`, or some of its rows.
    annotator : str
        Who reviews.

    Returns
    -------
    AnnotationSession
        Its decisions are saved to ``data/labels/adjudicated.csv`` and overrule the current labels.

    Raises
    ------
    TopicdeskError
        If the spec is invalid, or `suspects` is not such a table, or has an article without a label.
    """
    check_table("suspects", suspects, ("article_id", "topic", "probability"), "Use suspects_of.")
    if len(suspects) and not pd.api.types.is_numeric_dtype(suspects["probability"]):
        raise LabelsError("suspects: the column 'probability' must contain numbers. Use suspects_of.")
    check_annotator(annotator)
    desk = _desk(spec_file)
    table = desk.labels
    labels = table.set_index("article_id")
    unlabelled = suspects.loc[~suspects["article_id"].isin(labels.index), "article_id"]
    if len(unlabelled):
        raise LabelsError(f"suspects: article {unlabelled.iloc[0]!r} has no label in the spec. Use suspects_of.")
    doubts: dict[str, list[tuple[str, str]]] = {}
    for row in suspects.to_dict("records"):
        labelled = labels.loc[row["article_id"]]
        answers = doubts.setdefault(
            row["article_id"], [(str(labelled["annotator"]), " ".join(labelled["topics"]) or "no topic")]
        )
        answers.append(("classifier", f"{row['topic']} with a probability of {row['probability']:.0%}"))
    proposed: dict[str, tuple[str, ...]] = {article: labels["topics"][article] for article in doubts}
    return open_session(
        desk.corpus,
        desk.taxonomy,
        annotator,
        queue_of_labelled(table, list(doubts)),
        doubts,
        again=True,
        proposed=proposed,
        settles=True,
        project=desk.project,
    )


def rules_of(spec_file: Path | str) -> pd.DataFrame:
    """Evaluate the taxonomy's keywords as labelling rules, on the corpus of a spec.

    Parameters
    ----------
    spec_file : path
        A spec with a taxonomy. It may have no labels yet.

    Returns
    -------
    DataFrame
        The result of `topicdesk.annotation.rule_table`, with precision on labelled articles of the sample ``random``.

    Raises
    ------
    TopicdeskError
        If the spec, its corpus or labels, or another argument is invalid.
    """
    desk = _desk(spec_file)
    matches, rules = keyword_matrix(desk.texts(desk.corpus), desk.keywords)
    labels = desk.labels
    labelled, Y = desk.indicators(desk.corpus, labels[labels["sample"] == "random"])
    return rule_table(matches, rules, labelled, Y, desk.taxonomy.names)


def weak_labels(spec_file: Path | str, method: Literal["majority", "dawid-skene"] = "majority") -> pd.DataFrame:
    """Label the corpus of a spec, except reserved articles, by the keywords of its taxonomy.

    Parameters
    ----------
    spec_file : path
        A spec with a taxonomy.
    method : {"majority", "dawid-skene"}, default "majority"
        See `topicdesk.annotation.aggregate_rules`.

    Returns
    -------
    DataFrame of shape (n_articles, 7)
        Annotations marked as weak. `read_annotations` rejects them, which keeps them out of evaluations.

    Raises
    ------
    TopicdeskError
        If the spec, its corpus or labels, or another argument is invalid.
    """
    check_choice("method", method, ("majority", "dawid-skene"))
    desk = _desk(spec_file)
    names, version = desk.taxonomy.names, desk.taxonomy.codebook.version
    corpus = desk.corpus[~desk.corpus["id"].isin(desk.reserved)]
    matches, rules = keyword_matrix(desk.texts(corpus), desk.keywords)
    return weak_annotations(
        corpus["id"].tolist(), aggregate_rules(matches, rules, names, method), names, method, version
    )


@dataclass(frozen=True, eq=False)
class _Desk:
    """A spec whose corpus can be annotated, with its corpus, taxonomy and labels."""

    project: Project
    spec: Spec
    taxonomy: Taxonomy
    corpus: pd.DataFrame

    @property
    def labels(self) -> pd.DataFrame:
        return read_spec_labels(self.project, self.spec, self.spec.data.corpus[0], self.corpus)

    @property
    def reserved(self) -> frozenset[str]:
        return reserved_in(self.project.reserved, self.corpus)

    @property
    def keywords(self) -> dict[str, tuple[str, ...]]:
        return {topic.name: topic.keywords for topic in self.taxonomy.topics}

    def texts(self, articles: pd.DataFrame) -> tuple[str, ...]:
        return article_texts(articles, self.spec.data.text)

    def indicators(self, articles: pd.DataFrame, labels: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.int8]]:
        """Return the rows of labelled articles, and their labels as an indicator matrix."""
        topics = labels.set_index("article_id")["topics"]
        rows = np.flatnonzero(articles["id"].isin(topics.index))
        selected = topics.loc[articles["id"].iloc[rows]]
        Y = np.array([[topic in assigned for topic in self.taxonomy.names] for assigned in selected], dtype=np.int8)
        return rows, Y.reshape(len(rows), len(self.taxonomy.names))


def _check_mix(mix: Mapping[str, float]) -> None:
    """Check types and names; `draw_queue` also checks that the shares add up to 1."""
    check_mapping("mix", mix, "names of strategies")
    if not mix:
        raise ArgumentError(f"mix is empty. Name one or more strategies: {', '.join(STRATEGIES)}.")
    for name, share in mix.items():
        if name not in STRATEGIES:
            raise LabelsError(f"mix: no strategy called {name!r}; {nearest(name, STRATEGIES)}")
        check_number(f"mix[{name!r}]", share, 0, 1)


def _check_judge(classifier: str | None, n_jobs: int | None) -> None:
    if classifier is not None:
        check_string("classifier", classifier, empty=False)
    check_n_jobs(n_jobs, optional=True)


def _check_decisions(name: str, decisions: Mapping[str, Sequence[str]]) -> None:
    check_mapping(name, decisions, "ids of articles")
    for article, topics in decisions.items():
        check_strings(f"{name}[{article!r}]", topics)


def _desk(spec_file: Path | str) -> _Desk:
    path = find_file(spec_file, name="spec_file")
    project, spec = find_project(path.parent), read_spec(path)
    if spec.data.topics is None or spec.data.published or len(spec.data.corpus) != 1:
        raise SpecError(
            f"{path} cannot be used for annotation. It needs one corpus, a taxonomy (data.topics) and label files."
        )
    corpus = read_corpus(corpus_file(project, spec.data.corpus[0]))
    return _Desk(project, spec, read_taxonomy(project.root / spec.data.topics), corpus)


def _pool_of(desk: _Desk, random_state: int) -> Pool:
    """Return the pool of labelled articles and those that may be labelled, with predictions."""
    labels = desk.labels
    with progress(3, "scoring articles", "step") as advance:
        articles = desk.corpus[open_articles(desk.corpus, labels["article_id"], desk.reserved)].reset_index(drop=True)
        advance()
        texts = desk.texts(articles)
        hits = _hits(texts, desk.keywords)
        features = FeatureSetting(min_df=2, sublinear_tf=True).vectorizer().fit_transform(texts)
        advance()
        ids, prior = articles["id"].to_numpy(dtype=object), hits / (hits + _EVEN_HITS)
        pool = judge_pool(ids, features, *desk.indicators(articles, labels), prior=prior, random_state=random_state)
        advance()
    return replace(pool, draw=next_draw(labels))


def _hits(texts: Sequence[str], keywords: Mapping[str, Sequence[str]]) -> NDArray[np.float64]:
    """Count keywords of each topic in each text; 0 for topics without keywords."""
    hits = np.zeros((len(texts), len(keywords)))
    with_keywords = {topic: words for topic, words in keywords.items() if words}
    if with_keywords:
        hits[:, [bool(words) for words in keywords.values()]] = keyword_hits(texts, with_keywords)
    return hits


def _loaded(path: Path) -> LoadedExperiment:
    loads = list(load_experiments(path))
    if len(loads) != 1:
        raise SpecError(f"{path} names several corpora, but labels can be reviewed for one corpus only.")
    return loads[0]


def _judged(load: LoadedExperiment, judge: Classifier, data: Dataset, n_jobs: int | None) -> ComparisonResult:
    """Evaluate a classifier on the first repeat only: it tests every article."""
    splits = [split for split in load.splits if split.repeat == load.splits[0].repeat]
    return compare(data, replace(load.plan, classifiers=(judge,)), load.keywords, splits, n_jobs or load.n_jobs)


def _relabelled(data: Dataset, name: str, decisions: Mapping[str, Sequence[str]]) -> Dataset:
    Y, row_of = data.Y.copy(), {article: row for row, article in enumerate(data.ids)}
    for article, topics in decisions.items():
        if article not in row_of:
            raise LabelsError(f"{name}: article {article!r} has no label in the spec.")
        unknown = next((topic for topic in topics if topic not in data.topics), None)
        if unknown is not None:
            raise LabelsError(f"{name}[{article!r}]: unknown topic {unknown!r}; {nearest(unknown, data.topics)}")
        Y[row_of[article]] = [topic in topics for topic in data.topics]
    return replace(data, Y=Y)


def _reads_settled(spec: Spec) -> bool:
    return any(Path(file).stem == ADJUDICATED for file in spec.data.labels)


def _scores_of(load: LoadedExperiment, comparison: ComparisonResult) -> pd.DataFrame:
    """Return the spec's metric and F1 of each topic, with intervals, in columns that need a prefix."""
    overall = scores_where(comparison.scores, sample=comparison.headline, metric=load.plan.metric)
    by_topic = scores_where(comparison.topic_scores, sample=comparison.headline, metric="f1")
    rows = pd.concat([overall.assign(score=load.plan.metric), by_topic.assign(score="F1 of " + by_topic["topic"])])
    columns = {"value": "", "low": "_low", "high": "_high"}
    return rows.set_index("score")[list(columns)].rename(columns=columns)
