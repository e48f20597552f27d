"""Labels of a spec: which articles to label next, which labels to look at again, and what rules say without any."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicdesk.corpus import article_texts, find_duplicates, read_corpus
from topicdesk.errors import SpecError
from topicdesk.evaluation import (
    ALL_SAMPLES,
    Classifier,
    Comparison,
    compare,
    figures_where,
    judge_pool,
    out_of_fold,
)
from topicdesk.experiment.run import LoadedExperiment, corpus_file, load_experiments, read_spec_labels
from topicdesk.experiment.spec import Spec, read_spec
from topicdesk.features import FeatureSetting, keyword_hits, keyword_matrix
from topicdesk.labels import (
    ADJUDICATED,
    AnnotationSession,
    Dataset,
    Pool,
    Taxonomy,
    aggregate_rules,
    draw_queue,
    open_session,
    read_reserved,
    read_taxonomy,
    rule_table,
    suspect_labels,
    weak_annotations,
)
from topicdesk.project import Project, find_project

__all__ = ["DEFAULT_MIX", "effect_of", "pool_of", "queue_for", "rules_of", "second_look", "suspects_of", "weak_labels"]

#: How `queue_for` draws unless told otherwise; the simulation in ``benchmarks/queues.py`` supports it.
DEFAULT_MIX: Mapping[str, float] = {"random": 0.5, "uncertain": 0.5}

# Shorter texts are captions and leftovers of pages.
_FEWEST_CHARACTERS = 80

# So many keywords of a topic make it as likely as not, until classifiers know better.
_EVEN_HITS = 3.0


def queue_for(spec_file: Path | str, count: int, mix: Mapping[str, float] | None = None, seed: int = 0) -> pd.DataFrame:
    """Draw the articles to label next for an experiment.

    Parameters
    ----------
    spec_file : path
        A spec with label files and a taxonomy, such as ``experiments/topics.toml``.
    count : int
        How many.
    mix : mapping of str to float, optional
        Share of each strategy (see `topicdesk.labels.draw_queue`); by default `DEFAULT_MIX`.
    seed : int, default 0

    Returns
    -------
    DataFrame of shape (n_drawn, 2)
        Columns ``article_id, sample``, in the order to label them in. Reserved and labelled articles are never in it,
        nor near-duplicates of each other or of a labelled one.

    Raises
    ------
    TopicdeskError
        What is wrong with spec, corpus, labels or mix.

    Examples
    --------
    ::

        queue = topicdesk.queue_for("experiments/topics.toml", 200, {"random": 0.5, "rare-first": 0.5})
    """
    path = Path(spec_file)
    project, spec = find_project(path.parent), read_spec(path)
    return draw_queue(pool_of(project, spec, seed), count, mix or DEFAULT_MIX, seed)


def suspects_of(spec_file: Path | str, classifier: str | None = None, jobs: int | None = None) -> pd.DataFrame:
    """Rank the labels of a spec that a classifier contradicts, judged by models that had not seen the article.

    Parameters
    ----------
    spec_file : path
        A spec with one corpus, such as ``experiments/topics.toml``.
    classifier : str, optional
        One of the spec's; by default the winner of its results lock.
    jobs : int, optional
        Processes, instead of the spec's.

    Returns
    -------
    DataFrame
        As `topicdesk.suspect_labels` gives it, the most suspect first.
    """
    load = _loaded(Path(spec_file))
    judge = load.classifier(classifier)
    data = load.dataset
    found = out_of_fold(_judged(load, judge, data, jobs), judge.name)
    if found.probabilities is None:
        raise SpecError(f"classifier {judge.name!r} gives no probabilities: name another that the spec compares.")
    rows = np.flatnonzero(found.tested)
    return suspect_labels(data.ids[rows], data.Y[rows], found.probabilities[rows], data.topics, data.task)


def effect_of(
    spec_file: Path | str,
    decisions: Mapping[str, Sequence[str]],
    classifier: str | None = None,
    jobs: int | None = None,
) -> pd.DataFrame:
    """Tell what other labels do to a classifier's figures, on the same splits.

    Parameters
    ----------
    spec_file : path
        A spec with one corpus.
    decisions : mapping of str to sequence of str
        Topics of the articles that were decided about again, as `AnnotationSession.decisions` gives them.
    classifier : str, optional
        One of the spec's; by default the winner of its results lock.
    jobs : int, optional
        Processes, instead of the spec's.

    Returns
    -------
    DataFrame
        Indexed by figure, the spec's metric first and then F1 of each topic: ``before, after, moved``.
    """
    load = _loaded(Path(spec_file))
    judge, data = load.classifier(classifier), load.dataset
    Y, row_of = data.Y.copy(), {article: row for row, article in enumerate(data.ids)}
    for article, topics in decisions.items():
        Y[row_of[article]] = [topic in topics for topic in data.topics]
    both = [_judged(load, judge, one, jobs) for one in (data, replace(data, Y=Y))]
    columns = []
    for comparison in both:
        main = figures_where(comparison.figures, sample=ALL_SAMPLES, metric=load.plan.metric)["value"].iloc[0]
        by_topic = figures_where(comparison.topic_figures, sample=ALL_SAMPLES, metric="f1").set_index("topic")["value"]
        columns.append({load.plan.metric: main, **{f"F1 of {topic}": by_topic[topic] for topic in data.topics}})
    table = pd.DataFrame({"before": columns[0], "after": columns[1]}).rename_axis("figure")
    return table.assign(moved=table["after"] - table["before"])


def second_look(spec_file: Path | str, suspects: pd.DataFrame) -> AnnotationSession:
    """Sit somebody down before suspect labels, with what was labelled and what the classifier says.

    Parameters
    ----------
    spec_file : path
        A spec with label files and a taxonomy.
    suspects : DataFrame
        From `suspects_of`, or a part of it.

    Returns
    -------
    AnnotationSession
        Its decisions go to ``data/labels/adjudicated.csv``, which overrules what was labelled.
    """
    path = Path(spec_file)
    project, spec = find_project(path.parent), read_spec(path)
    taxonomy = _taxonomy_of(project, spec)
    corpus = read_corpus(corpus_file(project, spec.data.corpus[0]))
    labels = read_spec_labels(project, spec, corpus).set_index("article_id")
    doubts: dict[str, list[tuple[str, str]]] = {}
    for row in suspects.to_dict("records"):
        labelled = labels.loc[row["article_id"]]
        told = doubts.setdefault(
            row["article_id"], [(str(labelled["annotator"]), " ".join(labelled["topics"]) or "no topic")]
        )
        told.append(("classifier", f"{row['topic']} with a probability of {row['probability']:.0%}"))
    queue = pd.DataFrame(
        {"article_id": list(doubts), "sample": labels["sample"].reindex(list(doubts)).to_numpy(dtype=object)}
    )
    proposed: dict[str, tuple[str, ...]] = {article: labels["topics"][article] for article in doubts}
    return open_session(corpus, taxonomy, ADJUDICATED, queue, doubts, again=True, proposed=proposed, project=project)


def rules_of(spec_file: Path | str) -> pd.DataFrame:
    """Judge the taxonomy's keywords as labelling rules, on the corpus of a spec.

    Parameters
    ----------
    spec_file : path
        A spec with a taxonomy; it may have no label yet.

    Returns
    -------
    DataFrame
        As `topicdesk.labels.rule_table` gives it; precision on labelled articles of the sample ``random``.
    """
    path = Path(spec_file)
    project, spec = find_project(path.parent), read_spec(path)
    taxonomy = _taxonomy_of(project, spec)
    corpus = read_corpus(corpus_file(project, spec.data.corpus[0]))
    fires, rules = keyword_matrix(article_texts(corpus, spec.data.text), _keywords(taxonomy))
    labels = read_spec_labels(project, spec, corpus) if spec.data.labels else pd.DataFrame()
    if labels.empty or not (drawn := labels[labels["sample"] == "random"].set_index("article_id")["topics"]).size:
        return rule_table(fires, rules)
    labelled = np.flatnonzero(corpus["id"].isin(drawn.index))
    Y = _indicators(drawn.loc[corpus["id"].iloc[labelled]], taxonomy)
    return rule_table(fires, rules, labelled, Y, taxonomy.names)


def weak_labels(spec_file: Path | str, method: Literal["majority", "dawid-skene"] = "majority") -> pd.DataFrame:
    """Label the whole corpus of a spec by its taxonomy's keywords, before anybody has read an article.

    Parameters
    ----------
    spec_file : path
        A spec with a taxonomy.
    method : {"majority", "dawid-skene"}, default "majority"
        See `topicdesk.labels.aggregate_rules`.

    Returns
    -------
    DataFrame of shape (n_articles, 7)
        Annotations marked as weak: `read_annotations` refuses them, so that none gets into an evaluation.
    """
    path = Path(spec_file)
    project, spec = find_project(path.parent), read_spec(path)
    taxonomy = _taxonomy_of(project, spec)
    corpus = read_corpus(corpus_file(project, spec.data.corpus[0]))
    corpus = corpus[~corpus["id"].isin(read_reserved(project.reserved))]
    fires, rules = keyword_matrix(article_texts(corpus, spec.data.text), _keywords(taxonomy))
    Y = aggregate_rules(fires, rules, taxonomy.names, method)
    return weak_annotations(corpus["id"].tolist(), Y, taxonomy.names, method, taxonomy.codebook.version)


def pool_of(project: Project, spec: Spec, seed: int = 0) -> Pool:
    """Say what is known of the articles that may be labelled for a spec.

    Parameters
    ----------
    project : Project
    spec : Spec
    seed : int, default 0

    Returns
    -------
    Pool
        Without teasers, scraps, reserved articles, and near-duplicates of these or of an earlier or labelled article.

    Raises
    ------
    SpecError
        When the spec has several corpora, or labels that came with its corpus.
    """
    taxonomy = _taxonomy_of(project, spec)
    corpus = read_corpus(corpus_file(project, spec.data.corpus[0]))
    labels = read_spec_labels(project, spec, corpus).set_index("article_id")["topics"]
    articles = corpus[_open(corpus, labels, read_reserved(project.reserved))].reset_index(drop=True)
    labelled = np.flatnonzero(articles["id"].isin(labels.index))
    texts = article_texts(articles, spec.data.text)
    hits = keyword_hits(texts, _keywords(taxonomy))
    return judge_pool(
        articles["id"].to_numpy(dtype=object),
        FeatureSetting(min_df=2, sublinear_tf=True).vectorizer().fit_transform(texts),
        labelled,
        _indicators(labels.loc[articles["id"].iloc[labelled]], taxonomy),
        prior=hits / (hits + _EVEN_HITS),
        seed=seed,
    )


def _loaded(path: Path) -> LoadedExperiment:
    loads = list(load_experiments(path))
    if len(loads) != 1:
        raise SpecError(f"{path} names several corpora; labels are looked at again of one.")
    return loads[0]


def _judged(load: LoadedExperiment, judge: Classifier, data: Dataset, jobs: int | None) -> Comparison:
    """Judge each label once: the first repeat holds every article."""
    splits = [split for split in load.splits if split.repeat == load.splits[0].repeat]
    return compare(data, replace(load.plan, classifiers=(judge,)), load.keywords, splits, jobs or load.jobs)


def _taxonomy_of(project: Project, spec: Spec) -> Taxonomy:
    if spec.data.topics is None or len(spec.data.corpus) != 1:
        raise SpecError("only a spec with one corpus and a taxonomy of its own can be labelled further.")
    return read_taxonomy(project.root / spec.data.topics)


def _keywords(taxonomy: Taxonomy) -> dict[str, tuple[str, ...]]:
    return {topic.name: topic.keywords for topic in taxonomy.topics}


def _indicators(named: pd.Series, taxonomy: Taxonomy) -> NDArray[np.int8]:
    Y = np.array([[topic in topics for topic in taxonomy.names] for topics in named], dtype=np.int8)
    return Y.reshape(len(named), len(taxonomy.names))


def _open(corpus: pd.DataFrame, labels: pd.Series, reserved: Collection[str]) -> pd.Series:
    """Mark what is labelled, and what may be."""
    labelled = corpus["id"].isin(labels.index)
    fit = (corpus["kind"] == "article") & (corpus["text"].str.len() >= _FEWEST_CHARACTERS)
    groups = pd.Series(find_duplicates(corpus["text"].tolist()).groups)
    # What repeats a reserved article would give it away; what repeats a labelled one would teach nothing.
    taken = groups.isin(groups[labelled | corpus["id"].isin(reserved)])
    return labelled | (fit & ~taken & ~groups.where(fit, -1 - groups.index).duplicated())
