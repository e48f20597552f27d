"""Fit candidates on the training rows of splits, and score the rows they hold out: the work that cells are made of."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from topicdesk.errors import FeaturesError, SpecError
from topicdesk.evaluation.checkpoints import Cell, Fits, KeptCells, run_cells
from topicdesk.evaluation.classifiers import Classifier, Scores, fit_grid_and_score
from topicdesk.evaluation.engine import Engine
from topicdesk.evaluation.splits import Split
from topicdesk.features import Analyser, Counts, FeatureSetting, count_terms_once, fold_features, keyword_hits

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

#: Below this many decimals lies the noise of the machine's arithmetic: equal scores must stay equal on every machine.
DECIMALS = 10

_WORKING_MEGABYTES = 16

#: What a classifier is fitted on: a TF-IDF setting, or features that no fold teaches.
View = FeatureSetting | Literal["keywords", "none"]


@dataclass(frozen=True)
class Candidate:
    """One thing to try: a classifier, features for it, and a point of its grid.

    Parameters
    ----------
    classifier : Classifier
    view : FeatureSetting, "keywords" or "none"
    parameters : tuple of (str, object)
    """

    classifier: Classifier
    view: View
    parameters: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Materials:
    """What every cell of the work reads; large arrays reach other processes as memory maps."""

    counts: Mapping[tuple[Analyser, str], Counts]
    keyword_hits: NDArray[np.float64] | None
    Y: NDArray[np.int8]
    multi_class: bool
    seed: int

    def size(self, view: View) -> int:
        """Say how much there is to work on: the longer a fit takes, the more."""
        if not isinstance(view, FeatureSetting):
            return 0
        return sum(int(self.counts[view.analyser, field].matrix.nnz) for field, _ in view.blocks)


def gather_materials(
    dataset: Dataset, views: set[View], keywords: Mapping[str, Sequence[str]] | None, seed: int
) -> Materials:
    """Count what the views need, once for all folds.

    Parameters
    ----------
    dataset : Dataset
    views : set of View
    keywords : mapping of str to sequence of str or None
        By topic; only the view ``"keywords"`` needs them.
    seed : int
        For estimators that draw numbers.

    Returns
    -------
    Materials

    Raises
    ------
    FeaturesError
        When texts hold no term, or keywords are needed and missing.
    """
    hits = None
    if "keywords" in views:
        if keywords is None:
            raise FeaturesError("the keyword-rules baseline needs the taxonomy's keywords, and got none.")
        hits = keyword_hits(dataset.texts, {topic: keywords.get(topic, ()) for topic in dataset.topics})
    by_field: dict[str, list[Analyser]] = {}
    for setting in (view for view in views if isinstance(view, FeatureSetting)):
        for name, _ in setting.blocks:
            by_field.setdefault(name, []).append(setting.analyser)
    # Without the terms' names, which no cell reads: unlike numbers they would be copied to a process with each task.
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
        seed=seed,
    )


@dataclass(frozen=True, eq=False)
class Fit:
    """One candidate: scores of held-out rows, seconds of fitting and of scoring."""

    scores: Scores
    fit_seconds: float
    predict_seconds: float

    @property
    def seconds(self) -> float:
        """Fitting and scoring together."""
        return self.fit_seconds + self.predict_seconds


def score_inner_folds(
    materials: Materials,
    inner: Sequence[Sequence[Split]],
    searched: Sequence[Sequence[Candidate]],
    engine: Engine,
    kept: KeptCells | None = None,
    name: str = "inner",
) -> tuple[dict[tuple[int, Candidate], Fit], Counter[str]]:
    """Score every candidate of an outer split on each of its inner folds.

    Parameters
    ----------
    materials : Materials
    inner : sequence of sequence of Split
        By outer split, its inner folds.
    searched : sequence of sequence of Candidate
        By outer split, what to score; those of one classifier and one view stand together.
    engine : Engine
    kept : KeptCells, optional
    name : str, default "inner"
        Tells these cells from others of the same comparison.

    Returns
    -------
    fits : dict of (int, Candidate) to Fit
        By outer split and candidate, scores of the held-out rows, inner fold after inner fold.
    unconverged : Counter of str
        By classifier, fits that did not converge.
    """
    by_view: list[dict[View, list[Candidate]]] = []
    for group in searched:
        by_view.append({})
        for candidate in group:
            by_view[-1].setdefault(candidate.view, []).append(candidate)
    places = {
        f"{name}-{outer}-{number}-{place}": (outer, number, view)
        for outer, folds in enumerate(inner)
        for number in range(len(folds))
        for place, view in enumerate(by_view[outer])
    }
    # The longest first, or one process works on while the others have nothing left to do.
    cells = [
        Cell(cell, (by_view[outer][view], inner[outer][number], view))
        for cell, (outer, number, view) in sorted(places.items(), key=lambda place: -materials.size(place[1][2]))
    ]
    fits = run_cells(engine, fit_candidates, materials, cells, "choosing on inner folds", kept)
    done = {cell.name: found for cell, found in zip(cells, fits, strict=True)}
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
    """Give what a cell holds, candidate by candidate."""
    return [Fit(scores, *seconds) for scores, seconds in zip(fits.scores, fits.seconds.tolist(), strict=True)]


def fit_candidates(materials: Materials, candidates: Sequence[Candidate], split: Split, view: View) -> Fits:
    """Make the features of one split once, and fit and score every candidate on them.

    Parameters
    ----------
    materials : Materials
    candidates : sequence of Candidate
        Those of one classifier stand together, and may be fitted in one go.
    split : Split
    view : View
        The candidates' own.

    Returns
    -------
    Fits

    Raises
    ------
    SpecError
        When a score is no number.
    FeaturesError
        When the training texts hold no term to keep.
    """
    train, test = _features(materials, view, split)
    fits: list[tuple[Scores, float, float]] = []
    unconverged: Counter[str] = Counter()
    # What is fitted is our own sparse matrix and a grid that was checked: scikit-learn need not look again at each fit.
    # Distances in small parts: of large ones the memory costs as much time as the arithmetic.
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
                    materials.seed,
                )
            for warning in caught:
                if issubclass(warning.category, ConvergenceWarning):
                    unconverged[classifier.name] += 1
                else:
                    warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
            for point, (scores, _, _) in zip(points, scored, strict=True):
                if not np.isfinite(scores).all():
                    raise SpecError(
                        f"{classifier.name} with {point} gave scores that are no numbers on {len(split.test)} held-out "
                        "articles. Take the value out of the grid, or the classifier out of the spec."
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
        return fold_features(materials.counts, view, split.train, split.test, materials.Y[split.train])
    if view == "keywords":
        assert materials.keyword_hits is not None
        return materials.keyword_hits[split.train], materials.keyword_hits[split.test]
    return np.zeros((len(split.train), 1)), np.zeros((len(split.test), 1))
