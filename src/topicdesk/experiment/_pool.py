"""The articles of a spec's corpus that can be drawn: neither labelled nor reserved, nor copies of such articles."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from topicdesk.annotation import fit_to_label, reserved_in
from topicdesk.corpus import find_duplicates, read_corpus
from topicdesk.experiment.run import corpus_file, read_spec_labels
from topicdesk.experiment.spec import Spec
from topicdesk.project import Project

__all__ = ["open_articles", "unlabelled_articles"]


def open_articles(corpus: pd.DataFrame, labelled_ids: pd.Series, reserved: Collection[str]) -> pd.Series:
    """Return a mask of labelled articles and those to label: no teasers, fragments, reserved articles or repeats."""
    labelled, fit = corpus["id"].isin(labelled_ids), fit_to_label(corpus)
    groups = pd.Series(find_duplicates(corpus["text"].tolist()).groups)
    # A copy of a reserved article would leak it; a copy of a labelled article adds no information.
    excluded = groups.isin(groups[labelled | corpus["id"].isin(reserved)])
    return labelled | (fit & ~excluded & ~groups.where(fit, -1 - groups.index).duplicated())


def unlabelled_articles(project: Project, spec: Spec, corpus: str) -> pd.DataFrame | None:
    """Return the fields of the unlabelled articles of a corpus, drawn as the queue of annotators is.

    Parameters
    ----------
    project : Project
        The project of the corpus.
    spec : Spec
        The spec.
    corpus : str
        One of ``spec.data.corpus``.

    Returns
    -------
    DataFrame of shape (n_unlabelled, n_fields) or None
        None if the labels were published with the corpus: then the articles without a label are those whose topics the
        taxonomy leaves out, which new articles do not resemble.
    """
    if spec.data.published:
        return None
    articles = read_corpus(corpus_file(project, corpus))
    labelled = read_spec_labels(project, spec, corpus, articles)["article_id"]
    is_open = open_articles(articles, labelled, reserved_in(project.reserved, articles))
    return articles.loc[is_open & ~articles["id"].isin(labelled), list(spec.data.text)].reset_index(drop=True)
