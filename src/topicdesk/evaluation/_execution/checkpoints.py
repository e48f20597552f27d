"""Cells of a comparison: groups of fits that run one by one and can be saved.

An interrupted comparison resumes where it stopped: the results of finished cells are loaded, bit for bit. The name of
their folder is a hash of everything that they depend on (articles, labels, splits, plan, code, libraries), so cells of
another comparison are never loaded.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import marshal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import PicklingError
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import joblib
import numpy as np
from numpy.typing import NDArray

from topicdesk._atomic import abandoned, remove_tree, replacing, sweep_removed_in
from topicdesk.errors import ProjectError
from topicdesk.evaluation._types import ComparisonPlan
from topicdesk.evaluation.classifiers import Classifier
from topicdesk.evaluation.code_version import code_version
from topicdesk.evaluation.engine import Engine, run_all
from topicdesk.evaluation.split_files import splits_hash
from topicdesk.evaluation.splits import Split

if TYPE_CHECKING:
    from topicdesk.annotation import Dataset

__all__ = ["Cell", "Checkpoints", "Fits", "comparison_hash", "run_cells"]

# Attempts to write a cell while another process removes its folder.
_TRIES = 10


@dataclass(frozen=True, eq=False)
class Fits:
    """Result of one cell: candidates fitted on the same rows.

    Parameters
    ----------
    scores : ndarray of float, shape (n_candidates, n_rows, n_topics)
        Scores of the held-out rows; higher means more likely.
    seconds : ndarray of float, shape (n_candidates, 2)
        Seconds for fitting and for scoring.
    unconverged : mapping of str to int
        Number of fits that stopped before they converged, by classifier.
    """

    scores: NDArray[np.float64]
    seconds: NDArray[np.float64]
    unconverged: Mapping[str, int]


@dataclass(frozen=True)
class Cell:
    """A task of a comparison, with a unique name.

    Parameters
    ----------
    name : str
        Unique within the comparison; letters, digits and hyphens.
    task : tuple
        Arguments of the work function.
    """

    name: str
    task: tuple[object, ...]


@dataclass
class Checkpoints:
    """Finished cells of one comparison, one file per cell.

    Parameters
    ----------
    folder : Path
        Folder of all comparisons in progress. The cells of this one are in its subfolder `key`.
    key : str
        Hash of the comparison, from `comparison_hash`.
    reused : int
        Number of cells loaded so far.
    """

    folder: Path
    key: str
    reused: int = 0

    def load(self, name: str) -> Fits | None:
        """Load a cell; return None if it does not exist.

        Raises
        ------
        ProjectError
            If the file exists but cannot be read.
        """
        try:
            with np.load(self._file(name), allow_pickle=False) as arrays:
                fits = Fits(arrays["scores"], arrays["seconds"], json.loads(str(arrays["unconverged"])))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ProjectError(f"{self._file(name)}: cannot be read ({error}). Remove its folder.") from error
        self.reused += 1
        return fits

    def save(self, name: str, fits: Fits) -> None:
        """Write a cell atomically."""
        unconverged = np.array(json.dumps(dict(fits.unconverged)))
        for tries_left in reversed(range(_TRIES)):
            try:
                with replacing(self._file(name)) as part, part.open("wb") as file:
                    np.savez(file, scores=fits.scores, seconds=fits.seconds, unconverged=unconverged)
                return
            except ProjectError as error:
                # Another process finished the same comparison and removed the folder in the meantime.
                if not tries_left or not isinstance(error.__cause__, FileNotFoundError):
                    raise

    def clear(self) -> None:
        """Remove the cells of this comparison, and of comparisons that were not continued for a week."""
        remove_tree(self.folder / self.key)
        sweep_removed_in(self.folder)
        for folder in abandoned(self.folder.glob("[!.]*/")):
            remove_tree(folder)

    def _file(self, name: str) -> Path:
        return self.folder / self.key / f"{name}.npz"


def run_cells(
    engine: Engine,
    work: Callable[..., Fits],
    shared: object,
    cells: Sequence[Cell],
    what: str,
    checkpoints: Checkpoints | None = None,
) -> list[Fits]:
    """Run the cells that are not saved yet, and save their results.

    Parameters
    ----------
    engine : Engine
        Engine that runs the cells.
    work : callable
        Takes `shared` and the items of a cell's task, and returns `Fits`.
    shared : object
        Argument common to all cells.
    cells : sequence of Cell
        Cells to run, longest first.
    what : str
        Label of the progress bar.
    checkpoints : Checkpoints, optional
        Where cells are loaded from and saved to. By default, nothing is saved.

    Returns
    -------
    list of Fits
        Results in the order of `cells`.
    """
    fits_by_cell = (
        {}
        if checkpoints is None
        else {cell.name: fits for cell in cells if (fits := checkpoints.load(cell.name)) is not None}
    )
    missing = [cell for cell in cells if cell.name not in fits_by_cell]

    def keep(number: int, fits: Fits) -> None:
        if checkpoints is not None:
            checkpoints.save(missing[number].name, fits)

    done = run_all(engine, work, shared, [cell.task for cell in missing], what, len(fits_by_cell), keep)
    fits_by_cell |= {cell.name: fits for cell, fits in zip(missing, done, strict=True)}
    return [fits_by_cell[cell.name] for cell in cells]


def comparison_hash(
    dataset: Dataset, plan: ComparisonPlan, splits: Sequence[Split], keywords: Mapping[str, Sequence[str]] | None
) -> str:
    """Hash everything that a cell depends on, including code and libraries.

    Parameters
    ----------
    dataset : Dataset
        The labelled articles.
    plan : ComparisonPlan
        Configuration of the comparison.
    splits : sequence of Split
        The outer splits.
    keywords : mapping of str to sequence of str or None
        Keywords of each topic.

    Returns
    -------
    str
        32 hexadecimal characters (BLAKE2b, 16 bytes).
    """
    digest = hashlib.blake2b(digest_size=16)
    description = {
        "code": code_version(),
        "dataset": [dataset.name, dataset.task, dataset.corpus_hash, dataset.labels_hash, dataset.topics],
        "splits": splits_hash(dataset, splits),
        "settings": [asdict(setting) for setting in plan.settings],
        "classifiers": [_describe_classifier(classifier) for classifier in plan.classifiers],
        "chosen": [plan.search, plan.metric, asdict(plan.decision_rule)],
        "inner_folds": plan.inner_folds,
        "inner_scheme": [split.scheme for split in splits],
        "seed": plan.random_state,
        "keywords": None if keywords is None else {topic: list(words) for topic, words in keywords.items()},
    }
    digest.update(json.dumps(description, sort_keys=True, default=str).encode())
    for text in dataset.texts:
        digest.update(text.encode(errors="surrogatepass"))
        digest.update(b"\0")
    for array in (dataset.Y, dataset.groups, dataset.dates):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update("\0".join(map(str, dataset.sources)).encode())
    return digest.hexdigest()


def _source(estimator: type) -> bytes:
    """Return the source file of a class, or the code of its methods if it was typed into a terminal."""
    with suppress(TypeError, OSError):  # a class without a module or a file
        file = inspect.getsourcefile(estimator)
        if file is not None:
            return Path(file).read_bytes()
    methods = (method for _, method in sorted(vars(estimator).items()) if inspect.isfunction(method))
    return b"".join(marshal.dumps(method.__code__) for method in methods)


def _describe_classifier(classifier: Classifier) -> dict[str, object]:
    description: dict[str, object] = {
        "name": classifier.name,
        "features": classifier.features,
        "threshold": classifier.threshold,
        "grid": {name: list(values) for name, values in classifier.grid.items()},
    }
    if classifier.build is not None:
        estimators = [classifier.build(binary) for binary in (True, False)]
        description["estimators"] = [repr(estimator) for estimator in estimators]
        # The version of our code does not cover a user's own estimator.
        description["source"] = hashlib.blake2b(_source(type(estimators[0]))).hexdigest()
        description["parameters"] = [_describe_parameters(estimator) for estimator in estimators]
    return description


def _describe_parameters(estimator: Any) -> dict[str, str]:
    """Describe all parameters, also of nested estimators. The repr of an estimator leaves out parts of long values."""
    described = {}
    for name, value in estimator.get_params(deep=True).items():
        try:
            described[name] = str(joblib.hash(value))
        except (PicklingError, AttributeError, TypeError):  # functions and classes of a terminal
            described[name] = repr(value)
        if inspect.isfunction(value):
            described[name] = hashlib.blake2b(marshal.dumps(value.__code__)).hexdigest()
        elif hasattr(value, "get_params"):
            described[f"source of {name}"] = hashlib.blake2b(_source(type(value))).hexdigest()
    return described
