"""Fit candidates on the training rows of splits and score the held-out rows."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from topicdesk.errors import FeaturesError, SpecError, nearest
from topicdesk.evaluation._execution.checkpoints import Cell, Checkpoints, Fits, run_cells
from topicdesk.evaluation.classifiers import Classifier, Scores, fit_grid_and_score
from topicdesk.evaluation.engine import Engine
from topicdesk.evaluation.splits import Split
from topicdesk.features import (
    Analyser,
    Counts,
    FeatureSetting,
    count_terms_once,
    fold_features,
    keyword_hits,
    keywords_are_turkish,
)

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = [
    "DECIMALS",
    "Candidate",
    "Fit",
    "Materials",
    "View",
    "fit_candidates",
    "gather_materials",
    "score_inner_folds",
    "unpack",
]

#: Scores are rounded to this many decimals, so that floating-point noise does not make equal scores differ.
DECIMALS = 10

_WORKING_MEGABYTES = 16

#: The features of a classifier: a TF-IDF setting, or features that do not depend on the training rows.
View = FeatureSetting | Literal["keywords", "none"]


@dataclass(frozen=True)
class Candidate:
    """A classifier, its features and one point of its grid.

    Parameters
    ----------
    classifier : Classifier
        The classifier to fit.
    view : FeatureSetting, "keywords" or "none"
        The features to fit it on.
    parameters : tuple of (str, object)
        Names and values of hyper-parameters.
    """

    classifier: Classifier
    view: View
    parameters: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Materials:
    """Data that all cells share. Other processes read the large arrays as memory maps."""

    counts: Mapping[tuple[Analyser, str], Counts]
    #: Distinct keywords of each topic in each text, by the number of characters in which they are found; None for all.
    keyword_hits: Mapping[int | None, NDArray[np.float64]]
    Y: NDArray[np.int8]
    multi_class: bool
    random_state: int

    def size(self, view: View) -> int:
        """Return the number of nonzero counts of a view, a proxy for the time that a fit takes."""
        if not isinstance(view, FeatureSetting):
            return 0
        parts = ((part.setting, part.field) for part in view.parts)
        return sum(int(self.counts[setting.analyser, field].matrix.nnz) for setting, field in parts if setting)


def gather_materials(
    dataset: Dataset,
    candidates: Iterable[Candidate],
    keywords: Mapping[str, Sequence[str]] | None,
    random_state: int,
    settings: Sequence[FeatureSetting] = (),
) -> Materials:
    """Count terms and keywords once for all folds.

    Parameters
    ----------
    dataset : Dataset
        Labelled articles.
    candidates : iterable of Candidate
        The candidates to fit.
    keywords : mapping of str to sequence of str or None
        Keywords of each topic. Only the view ``"keywords"`` and blocks of keywords need them.
    random_state : int
        Seed of randomised estimators.
    settings : sequence of FeatureSetting, default ()
        The plan's settings. Keywords are converted to lower case as they say.

    Returns
    -------
    Materials

    Raises
    ------
    FeaturesError
        If the texts contain no term, if keywords are needed but missing, or if a block reads a field that the texts do
        not have.
    """
    views = {candidate.view for candidate in candidates}
    by_field: dict[str, list[Analyser]] = {}
    leads: list[int | None] = [None] if "keywords" in views else []
    for setting in (view for view in views if isinstance(view, FeatureSetting)):
        _check_blocks(setting, dataset, keywords)
        for part in setting.parts:
            if part.setting is None:
                leads.append(part.lead)
            else:
                by_field.setdefault(part.field, []).append(part.setting.analyser)
    hits = {}
    if leads:
        if keywords is None:
            raise FeaturesError("the keyword-rules baseline needs the taxonomy's keywords, but none were given.")
        turkish = keywords_are_turkish(settings, dataset.texts)
        by_topic = {topic: keywords.get(topic, ()) for topic in dataset.topics}
        hits = {
            lead: keyword_hits([text[:lead] for text in dataset.texts], by_topic, turkish)
            for lead in dict.fromkeys(leads)
        }
    # Drop the names of the terms. No cell reads them, and they would be copied to a process with every task.
    counts = {
        (analyser, name): counted.numbers()
        for name, analysers in by_field.items()
        for analyser, counted in count_terms_once(dataset.texts_of(name), analysers).items()
    }
    return Materials(
        counts=counts,
        keyword_hits=hits,
        Y=dataset.Y,
        multi_class=dataset.task == "multi-class",
        random_state=random_state,
    )


def _check_blocks(setting: FeatureSetting, dataset: Dataset, keywords: Mapping[str, Sequence[str]] | None) -> None:
    """Raise `FeaturesError` if a block reads a field or keywords that there are not."""
    for block in setting.blocks:
        if block.field and block.field not in dataset.fields:
            fields = nearest(block.field, dataset.fields) if dataset.fields else "they have no fields. Compare a table."
            raise FeaturesError(f"blocks.{block.name}.field: the texts have no field {block.field!r}; {fields}")
        missing = [topic for topic in dataset.topics if not (keywords or {}).get(topic)]
        if block.keywords and missing:
            raise FeaturesError(
                f"blocks.{block.name}: the block needs keywords of every topic, and there are none for "
                f"{', '.join(missing)}. Add 'keywords' to the taxonomy, or pass keywords={{topic: words}}."
            )


@dataclass(frozen=True, eq=False)
class Fit:
    """Scores of the held-out rows for one candidate, with the seconds spent on fitting and on scoring."""

    scores: Scores
    fit_seconds: float
    predict_seconds: float

    @property
    def seconds(self) -> float:
        """Seconds of fitting and scoring together."""
        return self.fit_seconds + self.predict_seconds


def score_inner_folds(
    materials: Materials,
    inner: Sequence[Sequence[Split]],
    searched: Sequence[Sequence[Candidate]],
    engine: Engine,
    checkpoints: Checkpoints | None = None,
    name: str = "inner",
) -> tuple[dict[tuple[int, Candidate], Fit], Counter[str]]:
    """Score the candidates of each outer split on its inner folds.

    Parameters
    ----------
    materials : Materials
        From `gather_materials`.
    inner : sequence of sequence of Split
        Inner folds of each outer split.
    searched : sequence of sequence of Candidate
        Candidates of each outer split. Candidates with the same classifier and view must be adjacent.
    engine : Engine
        Runs the cells.
    checkpoints : Checkpoints, optional
        Stores finished cells and reads them back.
    name : str, default "inner"
        Prefix of the cells' names, unique within a comparison.

    Returns
    -------
    fits : dict of (int, Candidate) to Fit
        Scores of the held-out rows for each outer split and candidate, concatenated over inner folds.
    unconverged : Counter of str
        Number of fits of each classifier that did not converge.
    """
    by_view: list[dict[View, list[Candidate]]] = []
    for group in searched:
        by_view.append({})
        for candidate in group:
            by_view[-1].setdefault(candidate.view, []).append(candidate)
    places = {
        f"{name}-{outer}-{number}-{index}": (outer, number, view)
        for outer, folds in enumerate(inner)
        for number in range(len(folds))
        for index, view in enumerate(by_view[outer])
    }
    # Start the longest cells first, so that no process is still busy when all others are done.
    cells = [
        Cell(cell, (by_view[outer][view], inner[outer][number], view))
        for cell, (outer, number, view) in sorted(places.items(), key=lambda item: -materials.size(item[1][2]))
    ]
    fits = run_cells(engine, fit_candidates, materials, cells, "selecting models on inner folds", checkpoints)
    done = {cell.name: cell_fits for cell, cell_fits in zip(cells, fits, strict=True)}
    parts: dict[tuple[int, Candidate], list[Fit]] = {}
    unconverged: Counter[str] = Counter()
    for cell, (outer, _, view) in places.items():
        unconverged.update(done[cell].unconverged)
        for candidate, fit in zip(by_view[outer][view], unpack(done[cell]), strict=True):
            parts.setdefault((outer, candidate), []).append(fit)
    return {
        key: Fit(
            np.concatenate([fit.scores for fit in folds]),
            sum(fit.fit_seconds for fit in folds),
            sum(fit.predict_seconds for fit in folds),
        )
        for key, folds in parts.items()
    }, unconverged


def unpack(fits: Fits) -> list[Fit]:
    """Return one `Fit` per candidate of a cell."""
    return [Fit(scores, *seconds) for scores, seconds in zip(fits.scores, fits.seconds.tolist(), strict=True)]


def fit_candidates(materials: Materials, candidates: Sequence[Candidate], split: Split, view: View) -> Fits:
    """Fit every candidate on the training rows of one split and score the test rows.

    The features are computed once for all candidates.

    Parameters
    ----------
    materials : Materials
        From `gather_materials`.
    candidates : sequence of Candidate
        Candidates of the same classifier must be adjacent. They may be fitted in one computation.
    split : Split
        The rows to fit on and to score.
    view : View
        The features, the same for all candidates.

    Returns
    -------
    Fits

    Raises
    ------
    SpecError
        If a score is not finite.
    FeaturesError
        If no term of the training texts meets ``min_df`` and ``max_df``.
    """
    train, test = _features(materials, view, split)
    fits: list[tuple[Scores, float, float]] = []
    unconverged: Counter[str] = Counter()
    # The matrix is our own and the grid has been checked, so scikit-learn can skip validation.
    # Distances are computed in small chunks: with large chunks, memory takes as much time as arithmetic.
    with (
        threadpool_limits(limits=1),
        config_context(assume_finite=True, skip_parameter_validation=True, working_memory=_WORKING_MEGABYTES),
    ):
        for classifier, group in groupby(candidates, key=lambda candidate: candidate.classifier):
            points = [dict(candidate.parameters) for candidate in group]
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", ConvergenceWarning)
                scored = fit_grid_and_score(
                    classifier,
                    points,
                    train,
                    materials.Y[split.train],
                    test,
                    materials.multi_class,
                    materials.random_state,
                )
            for warning in caught:
                if issubclass(warning.category, ConvergenceWarning):
                    unconverged[classifier.name] += 1
                else:
                    warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
            for point, (scores, _, _) in zip(points, scored, strict=True):
                if not np.isfinite(scores).all():
                    raise SpecError(
                        f"{classifier.name} with {point} produced non-finite scores on {len(split.test)} held-out "
                        "articles. Remove the value from the grid, or the classifier from the spec."
                    )
            fits += scored
    return Fits(
        scores=np.stack([scores for scores, _, _ in fits]).round(DECIMALS),
        seconds=np.array([seconds for _, *seconds in fits]),
        unconverged=unconverged,
    )


def _features(
    materials: Materials, view: View, split: Split
) -> tuple[csr_matrix | NDArray[np.float64], csr_matrix | NDArray[np.float64]]:
    if isinstance(view, FeatureSetting):
        Y = materials.Y[split.train]
        return fold_features(materials.counts, view, split.train, split.test, Y, materials.keyword_hits)
    if view == "keywords":
        hits = materials.keyword_hits[None]
        return hits[split.train], hits[split.test]
    return np.zeros((len(split.train), 1)), np.zeros((len(split.test), 1))
