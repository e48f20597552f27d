"""The model that labels new articles and explains its decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import Pipeline

from topicdesk._answers import (
    NoFieldError,
    Rules,
    answer,
    class_probabilities,
    decide,
    known_articles,
    readable_articles,
)
from topicdesk._rendering import as_html
from topicdesk.annotation.inputs import is_sequence
from topicdesk.errors import LabellerError
from topicdesk.evaluation import CLASSIFIERS, classifier_named
from topicdesk.features import Analyser, TermLookup, with_turkish_i
from topicdesk.prediction._calibrated import uncalibrated
from topicdesk.prediction._feature_pipeline import TURKISH_STEP
from topicdesk.prediction._fitted_features import (
    FittedBlocks,
    analyser_of,
    counted,
    fitted_blocks,
    term_names,
    weighting,
)
from topicdesk.prediction.explain import (
    Contribution,
    Explanation,
    contributions,
    ranked_contributions,
    strongest_terms,
)
from topicdesk.prediction.linear import linear_weights
from topicdesk.prediction.reference import Reference

__all__ = ["Articles", "Labeller"]

_SHOWN_TERMS = 6

#: Articles as a table, a sequence of texts, or a single text.
Articles = pd.DataFrame | Sequence[str] | str


@dataclass(frozen=True, eq=False, repr=False)
class Labeller:
    """A classifier refitted on all labels.

    Parameters
    ----------
    pipeline : Pipeline
        Takes a DataFrame with the columns `fields`, or a list of texts. For multi-label data, it predicts an array of
        {0, 1} of shape (n_articles, n_topics). For multi-class data, it predicts the topic's name, shape (n_articles,).
    rules : Rules
        Topics, fields, and how probabilities become predictions.
    classifier : str
        Name of the classifier.
    features, parameters : str
        Features and hyper-parameters chosen on inner folds of all labelled articles.
    inner_score : float
        The metric of this choice on the held-out articles of the inner folds. It was used to select the model, so it
        does not estimate the model's performance.
    n_articles : int
        Number of training articles.
    portable : bool
        Whether the pipeline loads without topicdesk. False with a stemmer, or with a user's own estimator.
    reference : Reference
        Articles of the training corpus with which new articles are compared (see `measure_drift`).
    """

    pipeline: Pipeline
    rules: Rules
    classifier: str
    features: str
    parameters: str
    inner_score: float
    n_articles: int
    portable: bool
    reference: Reference

    def __repr__(self) -> str:
        """Return a short description, without the pipeline."""
        return f"Labeller({self.classifier}, {self.n_articles} articles, topics {', '.join(self.topics)})"

    def table(self) -> pd.DataFrame:
        """Return how each topic is decided.

        Returns
        -------
        DataFrame of shape (n_topics, 2) or (n_topics, 3)
            Indexed by ``topic``. Columns: ``threshold`` (the minimum probability, or that the most probable topic is
            predicted), ``share predicted`` (the share of held-out articles of the training corpus for which the topic
            is predicted) and, for a linear classifier, ``strongest terms``.
        """
        thresholds = ["the most probable"] * len(self.topics) if self.thresholds is None else self.thresholds.round(2)
        table = pd.DataFrame(
            {
                "threshold": thresholds,
                "share predicted": [f"{share:.1%}" for share in self.reference.given.mean(axis=0)],
            },
            index=pd.Index(self.topics, name="topic"),
        )
        terms = self.terms(_SHOWN_TERMS)
        if terms is not None:
            positive = terms[terms["weight"] > 0].groupby("topic")["term"]
            table["strongest terms"] = positive.agg(", ".join).reindex(self.topics).fillna("")
        return table

    def __str__(self) -> str:
        """Return a description in one line."""
        return f"{self.classifier}, fitted on {self.n_articles:,} articles; {self.features}; {self.parameters}"

    def _repr_html_(self) -> str:
        return as_html(str(self), self.table())

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of the topics."""
        return self.rules.topics

    @property
    def fields(self) -> tuple[str, ...]:
        """Columns of articles that the model reads."""
        return self.rules.fields

    @property
    def task(self) -> str:
        """``multi-label`` or ``multi-class``."""
        return "multi-class" if self.rules.multi_class else "multi-label"

    @property
    def thresholds(self) -> NDArray[np.float64] | None:
        """Minimum probability of each topic, shape (n_topics,). If None, the most probable topic is predicted."""
        return None if self.rules.thresholds is None else np.array(self.rules.thresholds)

    def label(self, articles: Articles, explain: int = 0) -> pd.DataFrame:
        """Predict the topics of articles.

        Parameters
        ----------
        articles : DataFrame, sequence of str, or str
            A table with at least one of the columns `fields` (a missing column is read as empty), texts, or a text.
        explain : int, default 0
            Number of terms to list for each topic: those that contribute most towards it.

        Returns
        -------
        DataFrame of shape (n_articles, ...)
            Has the index of `articles` if that is a table. ``id``: only if the table has it. ``topics``: names
            separated by spaces, empty for no topic, missing if the article cannot be labelled. ``p_…``: the calibrated
            probability of each topic. ``reason``: why these topics were predicted. ``abstain``: whether a person should
            check the article, because the model is not sure enough, knows no term of it, or cannot label it.
            ``terms_…``: terms of each topic, only with `explain`.

        Raises
        ------
        LabellerError
            If a table has none of the columns, or one of them twice, or `explain` is given and the classifier is not
            linear.
        ValueError
            If `explain` is not an integer of at least 0.

        Examples
        --------
        ::

            labeller = load_labeller("models:/topicdesk-topics@champion")
            labeller.label("The court heard the appeal.")
        """
        if not isinstance(explain, int | np.integer) or explain < 0:
            raise ValueError(f"explain must be an integer of at least 0; got {explain!r}.")
        table = as_table(articles, self.fields)
        features: Any = None

        def score(texts: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
            nonlocal features
            features = self._features(texts)
            return class_probabilities(self.pipeline[-1], features, self.rules), known_articles(features)

        try:
            answers = answer(table, self.rules, score)
        except NoFieldError as error:
            raise LabellerError(str(error)) from error
        if explain:
            matrix = csr_matrix((0, len(self.names)) if features is None else features)  # no articles were scored
            answers = pd.concat([answers, self._terms_of(matrix, table.index, explain)], axis=1)
        if "id" in table:
            answers.insert(0, "id", table["id"])
        return answers

    def explain(self, article: Articles) -> Explanation:
        """Explain the topics of an article.

        Parameters
        ----------
        article : str, or DataFrame or sequence of length 1
            The article.

        Returns
        -------
        Explanation
            A notebook displays the text with the strongest terms marked. Contributions are exact for linear
            classifiers. For others, the contribution of a term is the decrease of the score without it.

        Raises
        ------
        LabellerError
            If there is not exactly one article, or the classifier is a user's own and not linear.
        """
        table = as_table(article, self.fields)
        if len(table) != 1:
            raise LabellerError(f"explain takes one article, not {len(table)}. Use explain(articles.iloc[[0]]).")
        texts, _ = readable_articles(table, self.fields)
        features = csr_matrix(self.transform(texts))
        by_topic = {}
        for column, name in enumerate(self.topics):
            if self.weights is not None:
                strength = self.weights[column, features.indices] * features.data
                by_topic[name] = tuple(ranked_contributions(self.names[features.indices], strength))
            else:
                by_topic[name] = self._taken_out(features, column)
        by_field = isinstance(self.pipeline["features"], ColumnTransformer)
        (text,) = ["\n".join(texts.iloc[0])] if by_field else self._read(texts, as_written=True)
        prefixes = tuple(f"{field}__" for field in self.fields) if by_field else ()
        prefixes += tuple(f"{block.name}: " for block in self._blocks if block.name and block.has_terms)
        answers = self.label(table)
        predicted = tuple(name for name, one in zip(self.topics, self._decisions(answers)[0], strict=True) if one)
        return Explanation(text, answers.iloc[0], by_topic, self._analyser, predicted, prefixes)

    def decide(self, articles: Articles) -> NDArray[np.int8]:
        """Predict the topics of articles as an array.

        Parameters
        ----------
        articles : DataFrame, sequence of str, or str
            As in `label`.

        Returns
        -------
        ndarray of {0, 1}, shape (n_articles, n_topics)
            The predictions of the pipeline. 0 if an article cannot be labelled.
        """
        return self._decisions(self.label(articles))

    def _decisions(self, answers: pd.DataFrame) -> NDArray[np.int8]:
        """Return the predictions of `label` as an array. Names of topics may contain spaces."""
        probabilities = answers[[f"p_{name}" for name in self.topics]].to_numpy(dtype=np.float64)
        return (decide(probabilities, self.rules) & answers["topics"].notna().to_numpy()[:, None]).astype(np.int8)

    def transform(self, texts: pd.DataFrame) -> csr_matrix:
        """Compute the features of articles, with the same values as the steps of the pipeline.

        Parameters
        ----------
        texts : DataFrame of str, shape (n_articles, n_fields)
            Texts of the fields, without missing values.

        Returns
        -------
        csr_matrix of float, shape (n_articles, n_features)
            Features.
        """
        return self._features(texts)

    def unseen_shares(self, articles: pd.DataFrame) -> NDArray[np.float64] | None:
        """Compute the share of each article's words, without stop words, that are not in the vocabulary.

        Parameters
        ----------
        articles : DataFrame of str, shape (n_articles, ...)
            Has the columns `fields`, without missing values.

        Returns
        -------
        ndarray of float, shape (n_articles,), or None
            NaN for an article without words. None if the features are not words.
        """
        if self._blocks:  # the words of the whole text, or of its lead
            lookup = self._blocks.lookup
            if isinstance(self.pipeline["features"], Pipeline) or lookup is None:
                return None
            return 1 - lookup.known_share(self._blocks[0].read(articles, self._whole_texts(articles)))
        vectorizer = self.pipeline["features"]
        if not (isinstance(vectorizer, CountVectorizer) and TermLookup.suits(vectorizer)):
            return None
        return 1 - self._lookup.known_share(self._read(articles))

    def estimators(self) -> tuple[Any, ...]:
        """Return the fitted classifiers of the pipeline: one per topic, or one for all classes."""
        final = self.pipeline[-1]
        estimators = (
            (final,) if self.rules.multi_class else tuple(estimator.estimator for estimator in final.estimators_)
        )
        return tuple(map(uncalibrated, estimators))

    @cached_property
    def weights(self) -> NDArray[np.float64] | None:
        """Weights of features for each topic, shape (n_topics, n_features). None if the classifier is not linear."""
        weights = [linear_weights(estimator) for estimator in self.estimators()]
        if any(pair is None for pair in weights):
            return None
        rows = np.vstack([pair[0] for pair in weights if pair is not None])
        if not self.rules.multi_class:
            return rows
        if len(rows) != len(self.topics):  # with two classes there is one row, for the second class
            rows = np.vstack([-rows, rows])
        order = [list(self.estimators()[0].classes_).index(name) for name in self.topics]
        return rows[order]

    def terms(self, count: int) -> pd.DataFrame | None:
        """Return the terms with the largest weights for each topic, and against it.

        Parameters
        ----------
        count : int
            Number of terms for each topic, and number of terms against it.

        Returns
        -------
        DataFrame or None
            Columns ``topic, term, weight``. Weights descend within each topic. None if the classifier is not linear.
        """
        if self.weights is None:
            return None
        parts = []
        for topic, row in zip(self.topics, self.weights, strict=True):
            order = np.argsort(-row, kind="stable")
            selected = np.unique(np.concatenate([order[:count], order[-count:]]))
            selected = selected[np.argsort(-row[selected], kind="stable")]
            parts.append(pd.DataFrame({"topic": topic, "term": self.names[selected], "weight": row[selected]}))
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def names(self) -> NDArray[Any]:
        """Names of the features, shape (n_features,)."""
        return term_names(self.pipeline["features"], self.topics)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without cached attributes, which are computed again when needed."""
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}

    def _terms_of(self, features: csr_matrix, index: pd.Index[Any], count: int) -> pd.DataFrame:
        if self.weights is None:
            raise LabellerError(
                f"{self.classifier} is not linear, so its terms have no fixed weights. Explain one article at a time "
                "with labeller.explain(article)."
            )
        descriptions = strongest_terms(features, self.weights, self.names, count)
        columns = {
            f"terms_{name}": pd.Series(texts, index=index, dtype="str")
            for name, texts in zip(self.topics, descriptions, strict=True)
        }
        return pd.DataFrame(columns, index=index)

    def _taken_out(self, features: csr_matrix, column: int) -> tuple[Contribution, ...]:
        if self.classifier not in CLASSIFIERS:
            raise LabellerError(
                f"{self.classifier} is your own classifier and not linear, so its terms have no weights."
            )
        estimators = self.estimators()
        if self.rules.multi_class:
            estimator, index = estimators[0], list(estimators[0].classes_).index(self.topics[column])
        else:
            estimator, index = estimators[column], 1
        return tuple(contributions(estimator, classifier_named(self.classifier), features, index, self.names))

    @cached_property
    def _blocks(self) -> FittedBlocks:
        """The whole text and the blocks beside it; empty without blocks."""
        return fitted_blocks(self.pipeline["features"])

    @property
    def _analyser(self) -> Analyser:
        if self._blocks:
            return self._blocks[0].analyser
        vectorizer = self.pipeline["features"]
        while not isinstance(vectorizer, CountVectorizer):  # before feature selection, or one of several fields
            vectorizer = vectorizer[0] if isinstance(vectorizer, Pipeline) else vectorizer.transformers_[0][1]
        return analyser_of(vectorizer, TURKISH_STEP in self.pipeline.named_steps)

    def _whole_texts(self, texts: pd.DataFrame) -> list[str]:
        """Return all fields of each article as one text."""
        columns = [texts[name].tolist() for name in self.fields]
        return ["\n".join(parts) for parts in zip(*columns, strict=True)]

    def _read(self, texts: pd.DataFrame, as_written: bool = False) -> list[str]:
        """Return the texts that the vectorizer gets from the steps before it: all fields as one text, or its lead.

        With `as_written`, return them before the letters I and İ of Turkish are replaced.
        """
        names = list(self.pipeline.named_steps)
        turkish = TURKISH_STEP in names
        if "lead" in names:
            position = names.index(TURKISH_STEP if turkish and as_written else "features")
            return list(self.pipeline[:position].transform(texts))
        whole = self._whole_texts(texts)
        return [with_turkish_i(text) for text in whole] if turkish and not as_written else whole

    @cached_property
    def _lookup(self) -> TermLookup:
        return TermLookup(self.pipeline["features"])

    @cached_property
    def _features(self) -> Callable[[pd.DataFrame], csr_matrix]:
        """The steps of the pipeline. For TF-IDF of words of the whole text, a faster function with the same results."""
        vectorizer = self.pipeline["features"]
        if self._blocks:
            selection = vectorizer[1] if isinstance(vectorizer, Pipeline) else None

            def features_of_blocks(texts: pd.DataFrame) -> csr_matrix:
                together = self._blocks.transform(texts, self._whole_texts(texts))
                return together if selection is None else csr_matrix(selection.transform(together))

            return features_of_blocks
        if not isinstance(vectorizer, TfidfVectorizer) or not TermLookup.suits(vectorizer):
            transform: Callable[[pd.DataFrame], csr_matrix] = self.pipeline[:-1].transform
            return transform
        weigh = weighting(vectorizer)

        def features(texts: pd.DataFrame) -> csr_matrix:
            return csr_matrix(weigh.transform(counted(self._lookup, self._read(texts)), copy=False))

        return features


def as_table(articles: Articles, fields: Sequence[str]) -> pd.DataFrame:
    """Return articles as a table whose fields are strings. Texts become its last field."""
    if isinstance(articles, pd.DataFrame):
        given = articles.columns.tolist()
        columns = [str(name) if name not in fields and str(name) in fields else name for name in given]
        twice = next((name for name in (*fields, "id") if columns.count(name) > 1), None)
        if twice is not None:
            raise LabellerError(f"articles have more than one column {twice!r}. Rename them.")
        return articles if columns == given else articles.set_axis(columns, axis=1)
    if isinstance(articles, str):
        articles = [articles]
    if is_sequence(articles) and getattr(articles, "shape", None) != ():
        texts = articles.to_pylist() if hasattr(articles, "to_pylist") else list(articles)  # Arrow's are no strings
        return pd.DataFrame({fields[-1]: pd.Series(texts, dtype=object)})
    raise LabellerError(f"articles must be a DataFrame, a list of texts or a text, not {type(articles).__name__}.")
