"""A scikit-learn classifier of topics: TF-IDF features, a classifier, calibrated probabilities and thresholds."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from topicdesk._answers import NoFieldError, class_probabilities, decide, readable_articles
from topicdesk._arguments import check_integer, check_path
from topicdesk._rendering import as_html
from topicdesk.annotation import make_dataset
from topicdesk.errors import LabellerError, ProjectError, TopicdeskError
from topicdesk.evaluation import ComparisonPlan, DecisionRule
from topicdesk.interface._choices import class_labels, class_name, classifier_from, settings_from, true_indicators
from topicdesk.prediction import Explanation, Labeller, fit_labeller
from topicdesk.prediction.labeller import Articles, as_table
from topicdesk.project import working_project
from topicdesk.tracking import load_labeller, save_labeller
from topicdesk.tracking.models import fetched_model

if TYPE_CHECKING:
    from typing import Self

__all__ = ["TopicClassifier", "load_model"]

_CLASSES = "classes.json"


class TopicClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classifier of texts: chooses features and hyper-parameters, calibrates probabilities and sets thresholds.

    `fit` does on all texts what `compare` does on the training texts of each split. Texts have one class each, or any
    number of topics.

    Parameters
    ----------
    classifier : str, estimator or tuple, default "linear-svm"
        As an item of `classifiers` in `compare`.
    features : Features, optional
        TF-IDF features to choose from. By default, words, with sublinear counts.
    text : str or sequence of str, optional
        Columns that form the text, if texts are a DataFrame (see `make_dataset`).
    topics : sequence of str, optional
        Names and order of the topics (see `make_dataset`).
    separator : str, optional
        Separator of several labels in a string (see `make_dataset`).
    inner_cv : int, default 3
        Number of folds on which features, hyper-parameters, calibration and thresholds are chosen.
    metric : str, default "macro_f1"
        Metric that chooses features and hyper-parameters.
    decision_rule : DecisionRule, optional
        How thresholds are chosen and probabilities calibrated.
    keywords : mapping of str to sequence of str, optional
        Keywords of each topic, for the classifier "keyword-rules".
    n_jobs : int, default -1
        Number of processes; -1 for one per core. Results do not depend on it.
    random_state : int, default 0
        Random seed.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        Classes, or names of topics; the columns of `predict_proba`.
    labeller_ : Labeller
        The fitted pipeline with its thresholds.

    See Also
    --------
    topicdesk.compare : Estimates how well classifiers do. Its result has `fit`, which returns a `TopicClassifier`.
    topicdesk.load_model : Loads a saved one.

    Examples
    --------
    >>> import topicdesk
    >>> texts = ["The court heard the appeal.", "The jury found him guilty.", "A judge ruled.", "The court fined him.",
    ...          "The train was late.", "New trams run downtown.", "A bus broke down.", "The ferry was full."]
    >>> y = ["courts"] * 4 + ["transport"] * 4
    >>> model = topicdesk.TopicClassifier("multinomial-nb", inner_cv=2, n_jobs=1).fit(texts, y)
    >>> model.predict(["The court heard the judge.", "The train and the bus were full."])
    array(['courts', 'transport'], dtype=object)
    """

    def __init__(
        self,
        classifier: Any = "linear-svm",
        *,
        features: Any = None,
        text: str | Sequence[str] | None = None,
        topics: Sequence[str] | None = None,
        separator: str | None = None,
        inner_cv: int = 3,
        metric: str = "macro_f1",
        decision_rule: DecisionRule | None = None,
        keywords: Mapping[str, Sequence[str]] | None = None,
        n_jobs: int = -1,
        random_state: int = 0,
    ) -> None:
        self.classifier = classifier
        self.features = features
        self.text = text
        self.topics = topics
        self.separator = separator
        self.inner_cv = inner_cv
        self.metric = metric
        self.decision_rule = decision_rule
        self.keywords = keywords
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        groups: str | ArrayLike | None = "near-duplicates",
        unlabelled: Articles | None = None,
    ) -> Self:
        """Choose features and hyper-parameters on inner folds, and fit on all texts.

        Parameters
        ----------
        X : DataFrame, Series, sequence of str or ndarray of str, shape (n_texts,)
            Texts.
        y : Series, sequence, array, sparse matrix, DataFrame or str
            Labels, as in `make_dataset`.
        groups : array-like of shape (n_texts,), "near-duplicates", "stories" or None, default "near-duplicates"
            Rows of one group stay on the same side of an inner fold.
        unlabelled : DataFrame or sequence of str, optional
            Texts without labels, for the reference of `measure_drift`, as in `Comparison.fit`.

        Returns
        -------
        self

        Raises
        ------
        TopicdeskError
            If texts, labels or parameters cannot be used.
        """
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        y = list(y) if isinstance(y, Iterator) else y  # it is read twice
        dataset = make_dataset(
            X, y, text=self.text, topics=self.topics, separator=self.separator, groups=groups, name="texts"
        )
        check_integer("inner_cv", self.inner_cv, 2)
        classifier = classifier_from(self.classifier)
        plan = ComparisonPlan(
            (classifier,),
            settings_from(self.features),
            inner_folds=self.inner_cv,
            metric=self.metric,
            decision_rule=DecisionRule() if self.decision_rule is None else self.decision_rule,
            random_state=self.random_state,
        )
        return self._with(
            fit_labeller(dataset, plan, classifier, self.keywords, self.n_jobs, unlabelled=unlabelled),
            class_labels(y, X, dataset),
        )

    def _with(self, labeller: Labeller, labels: Sequence[Any] | NDArray[Any]) -> Self:
        """Keep a fitted labeller, and the user's label of each of its topics."""
        values = np.array(labels, dtype=object if any(isinstance(label, str) for label in labels) else None)
        order = np.arange(len(values)) if labeller.task == "multi-label" else np.argsort(values, kind="stable")
        self.labeller_, self.classes_ = labeller, values[order]
        self._columns = order
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class, or the topics, of each text.

        Parameters
        ----------
        X : str, DataFrame, Series or sequence of str, shape (n_texts,)
            Texts.

        Returns
        -------
        ndarray of shape (n_texts,), or ndarray of {0, 1}, shape (n_texts, n_topics)
            Classes; or indicators of the topics whose probability reaches their threshold.
        """
        decisions = self._decisions(self.predict_proba(X))
        if self.labeller_.task == "multi-class":
            return np.asarray(self.classes_[decisions.argmax(axis=1)])
        return decisions.astype(np.int64)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Compute calibrated probabilities.

        Parameters
        ----------
        X : str, DataFrame, Series or sequence of str, shape (n_texts,)
            Texts.

        Returns
        -------
        ndarray of float, shape (n_texts, n_classes)
            Columns follow `classes_`. For topics, rows do not sum to 1.
        """
        check_is_fitted(self)
        labeller = self.labeller_
        texts = _readable(X, labeller)
        if not len(texts):
            return np.empty((0, len(self.classes_)))
        probabilities = class_probabilities(labeller.pipeline[-1], labeller.transform(texts), labeller.rules)
        return probabilities[:, self._columns]

    def _decisions(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return what `label` predicts, with columns in the order of `classes_`; of equal classes, the first topic."""
        order = self._columns
        return decide(probabilities[:, np.argsort(order)], self.labeller_.rules)[:, order]

    def predict_topics(self, X: Any) -> list[tuple[Any, ...]]:
        """Predict the names of the topics of each text.

        Parameters
        ----------
        X : str, DataFrame, Series or sequence of str, shape (n_texts,)
            Texts.

        Returns
        -------
        list of tuple
            Names for each text; empty for no topic. For classes, one name each.
        """
        predictions = self.predict(X)
        if predictions.ndim == 1:
            return [(label,) for label in predictions.tolist()]
        return [tuple(self.classes_[row == 1].tolist()) for row in predictions]

    def label(self, X: Articles, explain: int = 0) -> pd.DataFrame:
        """Predict topics with probabilities, a reason, and whether a person should check.

        Parameters
        ----------
        X : DataFrame, sequence of str, or str
            Texts, or a table with at least one of the columns that the model reads.
        explain : int, default 0
            Number of terms to list for each topic: those that contribute most towards it.

        Returns
        -------
        DataFrame of shape (n_texts, ...)
            Has the index of `X` if that is a table. ``id``: only if the table has it. ``topics``: names separated by
            spaces, empty for no topic, missing if the text cannot be labelled. ``p_…``: the calibrated probability of
            each topic. ``reason``: why these topics were predicted. ``abstain``: whether a person should check the
            text, because the model is not sure enough, knows no term of it, or cannot label it. ``terms_…``: terms of
            each topic, only with `explain`.

        Raises
        ------
        LabellerError
            If a table has none of the columns, or one of them twice, or `explain` is given and the classifier is not
            linear.
        ValueError
            If `explain` is not an integer of at least 0.

        See Also
        --------
        predict_topics : The names alone, as a list for each text.
        """
        check_is_fitted(self)
        return self.labeller_.label(X, explain)

    def explain(self, text: Articles) -> Explanation:
        """Explain the topics of one text by its terms.

        Parameters
        ----------
        text : str, or DataFrame or sequence of length 1
            The text.

        Returns
        -------
        Explanation
            A notebook displays the text with the strongest terms marked. Contributions are exact for linear
            classifiers. For others, the contribution of a term is the decrease of the score without it.

        Raises
        ------
        LabellerError
            If there is not exactly one text, or the classifier is a user's own and not linear.
        """
        check_is_fitted(self)
        return self.labeller_.explain(text)

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Compute the accuracy: the share of texts whose topics are all right.

        Parameters
        ----------
        X : DataFrame, Series or sequence of str, shape (n_texts,)
            Texts.
        y : array-like
            Labels in any form of `make_dataset`. Unnamed columns of indicators are in the order of `classes_`. A label
            that the model does not know counts as wrong.
        sample_weight : array-like of shape (n_texts,), optional
            Weights.

        Returns
        -------
        float

        Raises
        ------
        LabelsError
            If `y` has another length, or cannot be used.
        """
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        decisions = self._decisions(self.predict_proba(X))
        Y, unknown = true_indicators(
            y,
            X,
            [self.labeller_.topics[column] for column in self._columns],
            single=self.labeller_.task == "multi-class",
            separator=self.separator,
            n_texts=len(decisions),
        )
        right = (decisions == Y).all(axis=1) & ~unknown
        return float(accuracy_score(np.ones_like(right), right, sample_weight=sample_weight))

    def save(self, folder: str | Path) -> Path:
        """Save the fitted model as an MLflow model: a skops file of scikit-learn's parts, never a pickle.

        Parameters
        ----------
        folder : str or path
            Folder to create. It must not exist, or be empty.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        ProjectError
            If `folder` exists and is not empty, or cannot be written.

        See Also
        --------
        topicdesk.load_model : Loads it.
        """
        check_is_fitted(self)
        check_path("folder", folder, written=True)
        folder = Path(folder).expanduser()
        try:
            if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
                raise ProjectError(f"folder: {folder} exists and is not empty. Choose another folder, or delete it.")
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as beside:
                made = Path(beside) / "model"
                save_labeller(self.labeller_, made, working_project(), self._card())
                self._save_classes(made)
                if folder.is_dir():
                    folder.rmdir()
                made.rename(folder)  # unlike a move, fails if another program has written to the folder meanwhile
        except OSError as error:
            raise ProjectError(f"folder: cannot write {folder}: {error.strerror or error}.") from error
        return folder

    def _save_classes(self, folder: Path) -> None:
        """Save the user's labels, which the labeller does not have, in the folder of a saved model."""
        (folder / _CLASSES).write_text(json.dumps(self.classes_.tolist()), encoding="utf-8", newline="\n")

    def _card(self) -> str:
        labeller = self.labeller_
        return (
            f"# {labeller.classifier}\n\nFitted on {labeller.n_articles:,} texts. Selected on inner folds: "
            f"{labeller.features}; {labeller.parameters}.\n\n{labeller.table().to_markdown()}\n"
        )

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: the input is text, and rows may have several labels."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array, tags.input_tags.one_d_array = True, False, True
        tags.classifier_tags.multi_label = True
        tags.no_validation = True
        return tags

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:  # scikit-learn's name
        """Return the parameters; of a fitted model, the classifier and its topics."""
        if not hasattr(self, "labeller_"):
            return str(super().__repr__(N_CHAR_MAX))
        shown = ", ".join(map(str, self.classes_.tolist()))
        kind = "topics" if self.labeller_.task == "multi-label" else "classes"
        text = f"TopicClassifier({self.labeller_.classifier}, {self.labeller_.n_articles:,} texts, {kind}: {shown})"
        return text if len(text) <= N_CHAR_MAX else f"{text[:N_CHAR_MAX]}...)"

    def _repr_html_(self) -> str:
        if not hasattr(self, "labeller_"):
            return as_html(repr(self))
        return as_html(str(self.labeller_), self.labeller_.table())


def load_model(model: str | Path, trust: Collection[str] = ()) -> TopicClassifier:
    """Load a model that was saved, logged or registered.

    Parameters
    ----------
    model : str or path
        A folder; or ``models:/topicdesk-topics@champion``, ``models:/topicdesk-topics/3``, or the id of a comparison's
        run, in the store of the project that contains the working folder or in that of ``MLFLOW_TRACKING_URI``.
    trust : collection of str, default ()
        Types that the file may contain besides those that topicdesk's own models need, such as ``mine.Estimator``.

    Returns
    -------
    TopicClassifier

    Raises
    ------
    LabellerError
        If the model was not saved by topicdesk, contains a type that is not trusted, or was made by another major
        version of scikit-learn.
    TrackingError
        If there is no such model, or the store fails.

    See Also
    --------
    topicdesk.TopicClassifier.save : Saves it.

    Examples
    --------
    >>> import tempfile
    >>> import topicdesk
    >>> texts = ["The court heard the appeal.", "The jury found him guilty.", "A judge ruled.", "The court fined him.",
    ...          "The train was late.", "New trams run downtown.", "A bus broke down.", "The ferry was full."]
    >>> y = ["courts"] * 4 + ["transport"] * 4
    >>> folder = tempfile.mkdtemp() + "/model"
    >>> saved = topicdesk.TopicClassifier("multinomial-nb", inner_cv=2, n_jobs=1).fit(texts, y).save(folder)
    >>> topicdesk.load_model(folder).predict(["The court heard the judge."])
    array(['courts'], dtype=object)
    """
    check_path("model", model)
    with fetched_model(os.fspath(model)) as folder:
        labeller = load_labeller(folder, trust=trust)
        labels = _stored_labels(folder / _CLASSES, labeller)
    return TopicClassifier(labeller.classifier)._with(labeller, labels)


def _stored_labels(file: Path, labeller: Labeller) -> tuple[Any, ...]:
    """Return the user's label of each topic; the topics if the file does not exist."""
    if labeller.task == "multi-label" or not file.is_file():
        return labeller.topics
    try:
        by_name = {class_name(label): label for label in json.loads(file.read_text(encoding="utf-8"))}
        return tuple(by_name[topic] for topic in labeller.topics)
    except (ValueError, TypeError, KeyError, TopicdeskError) as error:
        raise LabellerError(
            f"{file} is damaged: it must contain the classes of the model as a list. Save the model again."
        ) from error


def _readable(X: Any, labeller: Labeller) -> pd.DataFrame:
    """Return texts as a table of fields; raise an error for a missing text."""
    table = as_table(X, labeller.fields)
    try:
        texts, problems = readable_articles(table, labeller.fields)
    except NoFieldError as error:
        raise LabellerError(f"X: {error}") from error
    for row, problem in enumerate(problems):
        missing = not isinstance(X, str | pd.DataFrame) and not isinstance(table[labeller.fields[-1]].iloc[row], str)
        if missing or problem not in ("", "it has no text"):
            what = "it is missing" if missing and problem == "it has no text" else problem
            raise LabellerError(f"X: the text of row {row} cannot be used: {what}. `label` predicts the other rows.")
    return texts
