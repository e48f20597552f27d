"""Predict the topics of articles, with the probability of each topic, a reason, and whether a person should check.

Every saved model contains a copy of this file. MLflow's server uses the copy to predict without topicdesk. Therefore
this file must not import topicdesk. Predictions are the same on this machine, on a cluster, and through a server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "MOST_CHARACTERS",
    "NoFieldError",
    "Rules",
    "Scorer",
    "altered_file",
    "answer",
    "class_probabilities",
    "confidence",
    "decide",
    "known_articles",
    "readable_articles",
]

_Floats = NDArray[np.float64]

#: A function that takes articles (a DataFrame of texts). It returns the probability of each topic, shape
#: (n_articles, n_topics), and whether the model knows any term of the article, shape (n_articles,).
Scorer = Callable[[pd.DataFrame], tuple[_Floats, NDArray[np.bool_]]]

#: Articles with more characters are not labelled. They would need as much memory as thousands of articles.
MOST_CHARACTERS = 10_000_000


class NoFieldError(ValueError):
    """Raised if articles have none of the columns that the model reads."""


@dataclass(frozen=True)
class Rules:
    """The rules that turn probabilities into predictions.

    Parameters
    ----------
    topics : tuple of str
        Names of the topics.
    fields : tuple of str
        Columns of articles that the model reads.
    multi_class : bool
        Whether an article has exactly one topic.
    thresholds : tuple of float, or None
        Minimum probability of each topic. If None, the most probable topic is predicted.
    sure : float or None
        Minimum confidence for labelling an article without a person. Confidence is the probability that all decisions
        on the article are right. None if no confidence is high enough.
    """

    topics: tuple[str, ...]
    fields: tuple[str, ...]
    multi_class: bool
    thresholds: tuple[float, ...] | None
    sure: float | None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Rules:
        """Create the rules from the metadata of a model."""
        thresholds = facts["thresholds"]
        return cls(
            tuple(facts["topics"]),
            tuple(facts["fields"]),
            facts["task"] == "multi-class",
            None if thresholds is None else tuple(thresholds),
            facts["sure"],
        )


def readable_articles(articles: pd.DataFrame, fields: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return the texts of the fields, and the reasons why articles cannot be labelled.

    Parameters
    ----------
    articles : DataFrame of shape (n_articles, ...)
        Has at least one of the columns `fields`. A missing column is read as empty.
    fields : sequence of str
        Columns to read.

    Returns
    -------
    texts : DataFrame of str, shape (n_articles, n_fields)
        Text of each field.
    why_not : list of str
        The reason why each article cannot be labelled. Empty if it can be labelled.

    Raises
    ------
    NoFieldError
        If `articles` has none of the columns.
    """
    if not set(fields) & set(articles.columns):
        raise NoFieldError(
            f"articles need a column {' or '.join(map(repr, fields))}; "
            f"the columns are: {', '.join(map(str, articles.columns)) or 'none'}."
        )
    why_not = [""] * len(articles)
    texts = {}
    for name in fields:
        values = articles[name].tolist() if name in articles else [""] * len(articles)
        for place, value in enumerate(values):
            if isinstance(value, str):
                values[place] = _writable(value)
                continue
            if not _missing(value):
                why_not[place] = f"its {name} is of type {type(value).__name__}, not a string"
            values[place] = ""
        texts[name] = values
    for place, parts in enumerate(zip(*texts.values(), strict=True)):
        characters = sum(map(len, parts))
        if characters > MOST_CHARACTERS:
            why_not[place] = f"it has {characters:,} characters, and the maximum is {MOST_CHARACTERS:,}"
            for values in texts.values():
                values[place] = ""
        elif not why_not[place] and not any(part and not part.isspace() for part in parts):
            why_not[place] = "it has no text"
    return pd.DataFrame(texts, index=articles.index, dtype=object), why_not


def answer(articles: pd.DataFrame, rules: Rules, scorer: Scorer) -> pd.DataFrame:
    """Predict the topics of articles.

    Parameters
    ----------
    articles : DataFrame of shape (n_articles, ...)
        Has at least one of the columns `rules.fields`.
    rules : Rules
        How probabilities become predictions.
    scorer : Scorer
        Computes the probabilities.

    Returns
    -------
    DataFrame of shape (n_articles, n_topics + 3)
        Has the index of `articles`. ``topics``: names separated by spaces, empty for no topic, missing if the article
        cannot be labelled. ``p_…``: the calibrated probability of each topic. ``reason``: why these topics were
        predicted. ``abstain``: whether a person should check the article.

    Raises
    ------
    NoFieldError
        If `articles` has none of the columns.
    """
    texts, why_not = readable_articles(articles, rules.fields)
    if len(texts):
        probabilities, known = scorer(texts)
    else:  # scikit-learn raises an error for an empty table
        probabilities, known = np.empty((0, len(rules.topics))), np.empty(0, dtype=np.bool_)
    decisions = decide(probabilities, rules)
    sure = confidence(probabilities, decisions, rules.multi_class)
    required = np.inf if rules.sure is None else rules.sure
    labelled = np.array([not why for why in why_not], dtype=np.bool_)
    shown = np.where(labelled[:, None], probabilities, np.nan)
    topics: list[str | None] = []
    reasons = []
    rows = zip(why_not, probabilities.tolist(), decisions.tolist(), sure.tolist(), known.tolist(), strict=True)
    for why, likely, decided, certainty, any_term in rows:
        topics.append(None if why else " ".join(name for name, one in zip(rules.topics, decided, strict=True) if one))
        if why:
            reasons.append(f"not labelled: {why}")
            continue
        reason = _reason(likely, decided, rules)
        if not any_term:
            reason += "; the model knows none of its terms"
        elif certainty < required:
            needed = "no probability is high enough" if rules.sure is None else f"{rules.sure:.2f} is required"
            reason += f"; all topics are right with probability {certainty:.2f}, {needed}"
        reasons.append(reason)
    columns: dict[str, Any] = {"topics": pd.Series(topics, index=articles.index, dtype="str")}
    columns |= {f"p_{name}": shown[:, column] for column, name in enumerate(rules.topics)}
    columns |= {"reason": pd.Series(reasons, index=articles.index, dtype="str")}
    columns |= {"abstain": ~labelled | ~known | (sure < required)}
    return pd.DataFrame(columns, index=articles.index)


def decide(probabilities: _Floats, rules: Rules) -> NDArray[np.bool_]:
    """Return which topics are predicted: those that reach their threshold, or the most probable one."""
    if rules.thresholds is not None:
        return np.asarray(probabilities >= np.array(rules.thresholds))
    decisions = np.zeros(probabilities.shape, dtype=np.bool_)
    decisions[np.arange(len(decisions)), probabilities.argmax(axis=1)] = True
    return decisions


def confidence(probabilities: _Floats, decisions: NDArray[Any], multi_class: bool) -> _Floats:
    """Estimate the probability that all decisions on an article are right.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n_articles, n_topics)
        Calibrated probabilities.
    decisions : ndarray of bool or {0, 1}, shape (n_articles, n_topics)
        Predictions.
    multi_class : bool
        If True, use the probability of the predicted class. If False, use the product over topics, which treats topics
        as independent.

    Returns
    -------
    ndarray of float, shape (n_articles,)
    """
    if multi_class:
        return np.asarray(np.where(decisions, probabilities, 0.0).sum(axis=1))
    return np.asarray(np.where(decisions, probabilities, 1 - probabilities).prod(axis=1))


def class_probabilities(estimator: Any, features: Any, rules: Rules) -> _Floats:
    """Return the probability of each topic, shape (n_articles, n_topics), from the last step of a pipeline."""
    probabilities = estimator.predict_proba(features)
    if rules.multi_class:
        order = [list(estimator.classes_).index(name) for name in rules.topics]
        return np.asarray(probabilities, dtype=np.float64)[:, order]
    # An estimator knows only one class if no training article had the topic, or all had it.
    columns = [
        one[:, 1] if one.shape[1] == 2 else one[:, 0] * float(classes[0])
        for one, classes in zip(probabilities, estimator.classes_, strict=True)
    ]
    return np.column_stack(columns)


class Answering:
    """Model interface for MLflow: takes a DataFrame of articles and returns a DataFrame of predictions."""

    def __init__(self, pipeline: Any, rules: Rules) -> None:
        self.pipeline, self.rules = pipeline, rules

    def predict(self, articles: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Predict the topics of articles. Missing values are None, because JSON has no NaN."""
        answers = answer(articles, self.rules, self._score)
        missing = answers.isna()
        return answers.astype(object).where(~missing, None) if missing.to_numpy().any() else answers

    def _score(self, texts: pd.DataFrame) -> tuple[_Floats, NDArray[np.bool_]]:
        features = self.pipeline[:-1].transform(texts)
        return class_probabilities(self.pipeline[-1], features, self.rules), known_articles(features)


def known_articles(features: Any) -> NDArray[np.bool_]:
    """Return which rows of a sparse or dense matrix have a value other than 0."""
    return np.asarray((features != 0).sum(axis=1)).ravel() > 0


def altered_file(folder: Path, digests: Mapping[str, str]) -> str | None:
    """Return the first file of a model that differs from the one that was saved, or None.

    Parameters
    ----------
    folder : Path
        The model's folder.
    digests : mapping of str to str
        SHA-256 of each file when it was saved, in hexadecimal digits.
    """
    for name, digest in digests.items():
        file = folder / name
        if not file.is_file():
            return name
        with file.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != digest:
                return name
    return None


def _load_pyfunc(path: str) -> Answering:
    """Load a model for MLflow."""
    import skops.io
    import yaml  # installed with MLflow

    folder = Path(path)
    described = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
    altered = altered_file(folder, described["metadata"]["labeller"].get("files", {}))
    if altered is not None:
        raise ValueError(f"{folder}: {altered} is missing, or it was changed after the model was saved.")
    kept = described["flavors"]["sklearn"]
    pipeline = skops.io.load(folder / kept["pickled_model"], trusted=kept["skops_trusted_types"])
    return Answering(pipeline, Rules.of(described["metadata"]["labeller"]))


def _reason(likely: Sequence[float], decisions: Sequence[bool], rules: Rules) -> str:
    names = rules.topics
    if rules.thresholds is None:
        first, *others = sorted(range(len(names)), key=lambda column: -likely[column])
        behind = f", ahead of {names[others[0]]} {likely[others[0]]:.2f}" if others else ""
        return f"{names[first]} {likely[first]:.2f}{behind}"
    reached = [
        f"{name} {at:.2f} (threshold {least:.2f})"
        for name, at, least, one in zip(names, likely, rules.thresholds, decisions, strict=True)
        if one
    ]
    if reached:
        return ", ".join(reached)
    # By ratio: 0.05 is closer to a threshold of 0.5 than 0.002 is to one of 0.3. A topic with a threshold of 0 is
    # always predicted.
    shares = [at / least for at, least in zip(likely, rules.thresholds, strict=True)]
    nearest = shares.index(max(shares))
    return f"none: {names[nearest]} is closest, {likely[nearest]:.2f} (threshold {rules.thresholds[nearest]:.2f})"


def _writable(text: str) -> str:
    """Replace lone surrogates with question marks: JSON can contain them, but UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
