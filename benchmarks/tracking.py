"""Measure the time of logging, as a share of the comparison's time, and for a comparison with many folds.

Run with ``make bench``, or ``python benchmarks/tracking.py``. Logging means writing the runs to disk and sending them
to SQLite. Creating the store (once per project), the report, the audit of sources, refitting the winner and saving the
model are measured separately.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from topicdesk._environment import observe_environment
from topicdesk.evaluation import ComparisonPlan, SplitPlan, classifier_named, compare
from topicdesk.experiment import (
    ExperimentResult,
    load_experiments,
    log_experiment,
    read_spec,
    reviewing,
    run_experiment,
)
from topicdesk.interface import Comparison
from topicdesk.project import Project, find_project
from topicdesk.tracking import packing, store

#: Largest allowed share of logging in a comparison's time, and seconds for the large comparison.
_MOST_SHARE, _MOST_SECONDS = 0.05, 30.0
_CLASSIFIERS, _FOLDS, _REPEATS = 60, 5, 10
_LOGGING = ("pack_comparison", "send_parcel")
_BESIDE = {
    "make_report": "report",
    "_audit": "audit of sources",
    "fit_winner": "winner refitted",
    "save_labeller": "model saved",
    "_make_database": "store created",
}
_ROOMS = {"save_labeller": packing, "_make_database": store}


def main() -> int:
    """Print seconds and shares; return 1 if a goal is missed."""
    project = find_project(__file__)
    shares = {}
    for name in ("topics", "published"):
        result = run_experiment(project.root / "experiments" / f"{name}.toml")
        compared = sum(comparison.seconds for comparison in result.comparisons)
        spent = _log(result)
        written, sent = _logging(spent)
        shares[name] = (written + sent) / compared
        beside = ", ".join(f"{title} {spent[one]:.1f} s" for one, title in _BESIDE.items())
        print(
            f"{name}: comparison {compared:.1f} s; logging {written + sent:.1f} s, {shares[name]:.1%} "
            f"({written:.1f} s to disk, {sent:.1f} s to the store); separately: {beside}"
        )
    seconds = sum(_logging(_log(_large(project))))
    print(f"{_CLASSIFIERS} classifiers × {_FOLDS * _REPEATS} folds: logged in {seconds:.1f} s")
    missed = max(shares.values()) > _MOST_SHARE or seconds > _MOST_SECONDS
    print(f"goal: {_MOST_SHARE:.0%} of either, and {_MOST_SECONDS:.0f} s: {'missed' if missed else 'met'}")
    return int(missed)


def _logging(spent: dict[str, float]) -> tuple[float, float]:
    """Return the seconds of writing to disk and of sending, without saving the model and creating the store."""
    return spent["pack_comparison"] - spent["save_labeller"], spent["send_parcel"] - spent["_make_database"]


def _log(result: ExperimentResult) -> dict[str, float]:
    """Log to a new store, and return the seconds of each part."""
    spent = dict.fromkeys((*_LOGGING, *_BESIDE), 0.0)
    with tempfile.TemporaryDirectory() as folder, _timed(spent):
        root = Path(folder)
        for name in ("data", "experiments", "requirements.lock"):
            (root / name).symlink_to(result.project.root / name)
        log_experiment(replace(result, project=_Fresh(root)))
    return spent


class _Fresh(Project):
    """A project with the same data and specs, but its own store and outbox."""

    @property
    def unsent(self) -> Path:
        """Folder of parcels."""
        return self.root / "unsent"


@contextmanager
def _timed(spent: dict[str, float]) -> Iterator[None]:
    rooms = {name: _ROOMS.get(name, reviewing) for name in spent}
    originals = {name: getattr(room, name) for name, room in rooms.items()}

    def measured(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            start = perf_counter()
            try:
                return original(*arguments, **options)
            finally:
                spent[name] += perf_counter() - start

        return call

    for name, original in originals.items():
        setattr(rooms[name], name, measured(name, original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(rooms[name], name, original)


def _large(project: Project) -> ExperimentResult:
    """Compare sixty variants of one cheap classifier on the labelled articles, in fifty folds."""
    spec = project.root / "experiments" / "first772.toml"
    (load,) = load_experiments(spec)
    result = ExperimentResult(project, "first772", spec, read_spec(spec), observe_environment(project), ())
    variants = tuple(
        replace(classifier_named("nearest-centroid"), name=f"centroid-{number:02d}") for number in range(_CLASSIFIERS)
    )
    plan = ComparisonPlan(variants, splits=SplitPlan(folds=_FOLDS, repeats=_REPEATS), inner_folds=2, resamples=100)
    return replace(result, comparisons=(Comparison.of(compare(load.dataset, plan)),))


if __name__ == "__main__":
    sys.exit(main())
