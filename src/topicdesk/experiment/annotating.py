"""What a spec's labels lack: which articles to label next, drawn from its corpus."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from topicdesk.corpus import article_texts, find_duplicates, read_corpus
from topicdesk.errors import SpecError
from topicdesk.evaluation import judge_pool
from topicdesk.experiment.run import corpus_file, read_spec_labels
from topicdesk.experiment.spec import Spec, read_spec
from topicdesk.features import FeatureSetting, keyword_hits
from topicdesk.labels import Pool, draw_queue, read_reserved, read_taxonomy
from topicdesk.project import Project, find_project

__all__ = ["DEFAULT_MIX", "pool_of", "queue_for"]

#: How `queue_for` draws unless told otherwise; the simulation in ``benchmarks/queues.py`` supports it.
DEFAULT_MIX: Mapping[str, float] = {"random": 0.5, "rare-first": 0.5}

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
    if spec.data.topics is None or len(spec.data.corpus) != 1:
        raise SpecError("only a spec with one corpus and a taxonomy of its own can be labelled further.")
    taxonomy = read_taxonomy(project.root / spec.data.topics)
    corpus = read_corpus(corpus_file(project, spec.data.corpus[0]))
    labels = read_spec_labels(project, spec, corpus).set_index("article_id")["topics"]
    articles = corpus[_open(corpus, labels, read_reserved(project.reserved))].reset_index(drop=True)
    labelled = np.flatnonzero(articles["id"].isin(labels.index))
    named = labels.loc[articles["id"].iloc[labelled]]
    Y = np.array([[topic in topics for topic in taxonomy.names] for topics in named], dtype=np.int8)
    texts = article_texts(articles, spec.data.text)
    hits = keyword_hits(texts, {topic.name: topic.keywords for topic in taxonomy.topics})
    return judge_pool(
        articles["id"].to_numpy(dtype=object),
        FeatureSetting(min_df=2, sublinear_tf=True).vectorizer().fit_transform(texts),
        labelled,
        Y.reshape(len(labelled), len(taxonomy.names)),
        prior=hits / (hits + _EVEN_HITS),
        seed=seed,
    )


def _open(corpus: pd.DataFrame, labels: pd.Series, reserved: Collection[str]) -> pd.Series:
    """Mark what is labelled, and what may be."""
    labelled = corpus["id"].isin(labels.index)
    fit = (corpus["kind"] == "article") & (corpus["text"].str.len() >= _FEWEST_CHARACTERS)
    groups = pd.Series(find_duplicates(corpus["text"].tolist()).groups)
    # What repeats a reserved article would give it away; what repeats a labelled one would teach nothing.
    taken = groups.isin(groups[labelled | corpus["id"].isin(reserved)])
    return labelled | (fit & ~taken & ~groups.where(fit, -1 - groups.index).duplicated())
