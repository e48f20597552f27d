"""Score unlabelled articles for active learning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import expit, softmax

from topicdesk._renamed import renamed_arguments
from topicdesk.annotation import Pool
from topicdesk.evaluation.classifiers import Scores, classifier_named, fit_and_score
from topicdesk.evaluation.thresholds import decide_class

__all__ = ["VOTERS", "judge_pool"]

#: Classifiers that vote, with their hyper-parameters. Three different models that are quick to fit. The first one also
#: predicts the probabilities.
VOTERS: dict[str, dict[str, Any]] = {
    "logistic-regression": {"C": 10.0},
    "linear-svm": {"C": 1.0},
    "complement-nb": {"alpha": 0.1},
}


@renamed_arguments(seed="random_state")
def judge_pool(
    ids: Sequence[str] | NDArray[Any],
    features: csr_matrix,
    labelled: NDArray[np.intp],
    Y: NDArray[np.int8],
    prior: NDArray[np.float64] | None = None,
    task: Literal["multi-label", "multi-class"] = "multi-label",
    votes: bool = True,
    random_state: int = 0,
) -> Pool:
    """Fit quick classifiers on the labelled articles, and predict all articles.

    Parameters
    ----------
    ids : sequence of str
        Article ids, length n_articles.
    features : csr_matrix, shape (n_articles, n_terms)
        TF-IDF with rows of unit length. It may be fitted on all articles, because nothing is evaluated here.
    labelled : ndarray of int, shape (n_labelled,)
        Row numbers of the labelled articles.
    Y : ndarray of {0, 1}, shape (n_labelled, n_topics)
        Their labels.
    prior : ndarray of float, shape (n_articles, n_topics), optional
        Probabilities for topics that cannot be learnt yet, for example from keyword hits. By default 0.
    task : {"multi-label", "multi-class"}, default "multi-label"
        Whether an article can have several topics, or has exactly one.
    votes : bool, default True
        If True, all `VOTERS` vote. If False, only the first is fitted, for its probabilities.
    random_state : int, default 0
        Random seed.

    Returns
    -------
    Pool
    """
    n_topics = Y.shape[1]
    probabilities = np.zeros((features.shape[0], n_topics)) if prior is None else prior.astype(np.float64)
    # A topic needs both positive and negative articles to be learnt.
    learnable = np.flatnonzero((Y.min(axis=0, initial=1) == 0) & (Y.max(axis=0, initial=0) == 1))
    decisions = np.zeros((len(VOTERS), features.shape[0], n_topics), dtype=np.int8)
    for index, name in enumerate(VOTERS):
        if not len(learnable) or (index and not votes):
            break
        scores = _scores(name, features, labelled, Y[:, learnable], task, random_state)
        if index == 0:
            probabilities[:, learnable] = _probable(scores, task)
        decisions[index][:, learnable] = _decided(scores, task)
    return Pool(np.asarray(ids), labelled, Y, features, probabilities, decisions if votes else None, task)


def _scores(
    name: str, features: csr_matrix, labelled: NDArray[np.intp], Y: NDArray[np.int8], task: str, random_state: int
) -> Scores:
    classifier = classifier_named(name)
    scores, _, _ = fit_and_score(
        classifier, VOTERS[name], features[labelled], Y, features, task == "multi-class", random_state
    )
    return scores


def _probable(scores: Scores, task: str) -> NDArray[np.float64]:
    # The scores of logistic regression are log-odds, per topic or for all classes together.
    if task == "multi-class" and scores.shape[1] > 1:
        return np.asarray(softmax(scores, axis=1), dtype=np.float64)
    return np.asarray(expit(scores), dtype=np.float64)


def _decided(scores: Scores, task: str) -> NDArray[np.int8]:
    if task == "multi-class":
        return decide_class(scores)
    return np.asarray(scores > 0, dtype=np.int8)
