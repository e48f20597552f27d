"""What classifiers say of articles that nobody has labelled yet: the ground on which the next are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import expit, softmax

from topicdesk.annotation import Pool
from topicdesk.evaluation.classifiers import Scores, classifier_named, fit_and_score
from topicdesk.evaluation.thresholds import decide_class

__all__ = ["VOTERS", "judge_pool"]

#: Classifiers of the vote, and how they are set: three views of the same terms, each quick to fit. The first also gives
#: the probabilities.
VOTERS: dict[str, dict[str, Any]] = {
    "logistic-regression": {"C": 10.0},
    "linear-svm": {"C": 1.0},
    "complement-nb": {"alpha": 0.1},
}


def judge_pool(
    ids: Sequence[str] | NDArray[Any],
    features: csr_matrix,
    labelled: NDArray[np.intp],
    Y: NDArray[np.int8],
    prior: NDArray[np.float64] | None = None,
    task: Literal["multi-label", "multi-class"] = "multi-label",
    votes: bool = True,
    seed: int = 0,
) -> Pool:
    """Fit quick classifiers on what is labelled, and ask them about all.

    Parameters
    ----------
    ids : sequence of str
        Length n_articles.
    features : csr_matrix, shape (n_articles, n_terms)
        TF-IDF, rows of length 1. Weighed over all articles: nothing is evaluated here.
    labelled : ndarray of int, shape (n_labelled,)
        Row numbers.
    Y : ndarray of {0, 1}, shape (n_labelled, n_topics)
    prior : ndarray of float, shape (n_articles, n_topics), optional
        What to believe of a topic that has no positive yet, such as keyword hits make it; by default 0.
    task : {"multi-label", "multi-class"}, default "multi-label"
    votes : bool, default True
        Whether `VOTERS` all vote, or only the first gives its probabilities.
    seed : int, default 0

    Returns
    -------
    Pool
    """
    n_topics = Y.shape[1]
    probabilities = np.zeros((features.shape[0], n_topics)) if prior is None else prior.astype(np.float64)
    # What has no positive, or nothing else, cannot be learnt yet.
    known = np.flatnonzero((Y.min(axis=0, initial=1) == 0) & (Y.max(axis=0, initial=0) == 1))
    decisions = np.zeros((len(VOTERS), features.shape[0], n_topics), dtype=np.int8)
    for place, name in enumerate(VOTERS):
        if not len(known) or (place and not votes):
            break
        scores = _scores(name, features, labelled, Y[:, known], task, seed)
        if place == 0:
            probabilities[:, known] = _probable(scores, task)
        decisions[place][:, known] = _decided(scores, task)
    return Pool(np.asarray(ids), labelled, Y, features, probabilities, decisions if votes else None, task)


def _scores(
    name: str, features: csr_matrix, labelled: NDArray[np.intp], Y: NDArray[np.int8], task: str, seed: int
) -> Scores:
    classifier = classifier_named(name)
    scores, _, _ = fit_and_score(classifier, VOTERS[name], features[labelled], Y, features, task == "multi-class", seed)
    return scores


def _probable(scores: Scores, task: str) -> NDArray[np.float64]:
    # Logistic regression's scores are log-odds: of each topic on its own, or of all classes together.
    if task == "multi-class" and scores.shape[1] > 1:
        return np.asarray(softmax(scores, axis=1), dtype=np.float64)
    return np.asarray(expit(scores), dtype=np.float64)


def _decided(scores: Scores, task: str) -> NDArray[np.int8]:
    if task == "multi-class":
        return decide_class(scores)
    return np.asarray(scores > 0, dtype=np.int8)
