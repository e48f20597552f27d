"""Check what topicdesk needs: packages and their versions, optional parts, the project, and MLflow's store."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pandas as pd
from packaging.requirements import Requirement

from topicdesk._environment import pinned_versions
from topicdesk._rendering import as_html
from topicdesk.errors import ProjectError, TrackingError
from topicdesk.project import Project, find_project

__all__ = ["Diagnosis", "diagnose"]

#: Purpose of each optional part, by the name of its extra.
_PARTS = {
    "boosting": "the classifier boosted-trees (LightGBM)",
    "speed": "compiled kernels of linear classifiers",
    "notebooks": "JupyterLab and the annotation widget",
    "scale": "Dask clusters: --engine dask",
    "server": "a team's MLflow server: passwords, PostgreSQL",
    "docs": "building the documentation",
    "fuzz": "make fuzz",
    "dev": "tests and lint",
}

# Only developers of topicdesk need these parts. If a part's main package is not installed, the part is not reported.
_OF_DEVELOPERS = {"docs": "sphinx", "fuzz": "atheris", "dev": "pytest"}

# Packages that can be installed and still fail to import, because they need a system library.
_LOADED = {"boosting": "lightgbm"}

# Modules that read users' files and are imported only then, since their imports are slow.
_READERS = {"HTML pages": ("trafilatura", "htmldate"), "feeds": ("feedparser",), "web archives": ("fastwarc.warc",)}

_LEAST_FREE = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Results of `diagnose`.

    Parameters
    ----------
    checks : DataFrame of shape (n_checks, 3)
        Index ``check``; columns ``state`` (``ok``; ``missing`` if it is optional; ``wrong``), ``found``, ``advice``.
    """

    checks: pd.DataFrame

    @property
    def wrong(self) -> tuple[str, ...]:
        """Names of the failed checks of required parts."""
        return tuple(self.checks.index[self.checks["state"] == "wrong"])

    def __str__(self) -> str:
        """Return a summary of the checks."""
        missing = sum(
            state == "missing" and str(name).startswith("optional") for name, state in self.checks["state"].items()
        )
        optional = f"; missing optional parts: {missing}" if missing else ""
        if self.wrong:
            return f"Problems found: {', '.join(self.wrong)}{optional}."
        outside = " The folder is not in a project." if self.checks["state"].get("project") == "missing" else ""
        return f"No problems found{optional}.{outside}"

    def _repr_html_(self) -> str:
        return as_html(str(self), self.checks)


def diagnose(start: Path | str = ".") -> Diagnosis:
    """Check the environment, the project and MLflow's store.

    Parameters
    ----------
    start : path, default "."
        A folder inside the project. Without a project, its checks are skipped and the result says so.

    Returns
    -------
    Diagnosis

    Examples
    --------
    >>> import tempfile
    >>> import topicdesk
    >>> desk = topicdesk.create_project(tempfile.mkdtemp() + "/desk")
    >>> diagnosis = topicdesk.diagnose(desk.root)
    >>> diagnosis.checks.columns.tolist()
    ['state', 'found', 'advice']
    """
    rows = [*_python(), *_packages(), *_readers(), *_parts()]
    try:
        project = find_project(start)
    except ProjectError as error:
        # Not an error: predicting with a model from a folder needs no project.
        rows.append(("project", "missing", "none in this folder or above it", str(error)))
    else:
        rows += [*_project(project), *_store(project)]
    return Diagnosis(pd.DataFrame(rows, columns=["check", "state", "found", "advice"]).set_index("check"))


_Row = tuple[str, str, str, str]


def _python() -> Iterator[_Row]:
    description = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.prefix}"
    supported = sys.version_info >= (3, 11)
    yield (
        "Python",
        "ok" if supported else "wrong",
        description,
        "" if supported else "topicdesk needs Python 3.11 or newer.",
    )


def _packages() -> Iterator[_Row]:
    """Check the packages that topicdesk requires: one row per fault, or one row if there is none."""
    yield "topicdesk", "ok", version("topicdesk"), ""
    requirements = [requirement for requirement in _requirements() if _applies(requirement)]
    problems = [(requirement.name, problem) for requirement in requirements if (problem := _fault(requirement))]
    for name, problem in problems:
        yield name, "wrong", problem, "Recreate the environment: 'make setup' or 'pip install --upgrade topicdesk'."
    if not problems:
        versions = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "pandas", "numpy", "mlflow"))
        yield "packages", "ok", f"all {len(requirements)}: {versions} …", ""


def _readers() -> Iterator[_Row]:
    """Check that the readers of users' files can be imported: a part that they need may be missing."""
    faults = {}
    for name, modules in _READERS.items():
        try:
            for module in modules:
                import_module(module)
        except (ImportError, OSError) as error:
            faults[name] = " ".join(str(error).split())
    for name, fault in faults.items():
        advice = "Recreate the environment: 'make setup' or 'pip install --upgrade --force-reinstall topicdesk'."
        yield name, "wrong", f"cannot be read: {fault}", advice
    if not faults:
        yield "files", "ok", f"readers can be imported: {', '.join(_READERS)}", ""


def _parts() -> Iterator[_Row]:
    for extra, purpose in _PARTS.items():
        requirements = [
            requirement for requirement in _requirements() if _applies(requirement, extra) and not _applies(requirement)
        ]
        problems = [
            f"{requirement.name} ({problem})" for requirement in requirements if (problem := _fault(requirement))
        ]
        if any(requirement.name == _OF_DEVELOPERS.get(extra) and _fault(requirement) for requirement in requirements):
            continue
        if not problems and extra in _LOADED:
            try:
                import_module(_LOADED[extra])
            except OSError as error:
                problems.append(f"{_LOADED[extra]} cannot be loaded ({error}); on Debian: apt-get install libgomp1")
        advice = f"pip install 'topicdesk[{extra}]'" if problems else ""
        name = f"optional: {extra}"
        if problems:
            yield name, "missing", "; ".join(problems), f"For {purpose}: {advice}"
        else:
            yield name, "ok", purpose if requirements else f"not available for this Python or system ({purpose})", ""


def _project(project: Project) -> Iterator[_Row]:
    names = sorted(path.stem for path in project.corpora.glob("*.parquet"))
    corpora = f"corpora built: {', '.join(names)}" if names else "no corpus is built yet"
    yield "project", "ok", f"{project.root}; {corpora}", "" if names else "topicdesk data build newsarticles"
    pins = pinned_versions(project)
    if pins:
        changed = [
            f"{name} {installed} (pinned: {', '.join(pinned)})"
            for name, pinned in pins.items()
            if (installed := _found(name)) and installed not in pinned
        ]
        advice = (
            "Scores may differ from the results locks. 'make setup' installs the pinned versions." if changed else ""
        )
        summary = f"not the pinned version: {', '.join(changed[:5])}" if changed else "all versions are the pinned ones"
        yield "requirements.lock", "missing" if changed else "ok", summary, advice
    free = shutil.disk_usage(project.root).free
    low = free < _LEAST_FREE
    yield "disk", "wrong" if low else "ok", f"{free / 1e9:.1f} GB free", "Free some space." if low else ""


def _store(project: Project) -> Iterator[_Row]:
    from topicdesk.tracking import list_runs, open_store, reason, tracking_uri, waiting_parcels

    address = project.mlflow_database.name
    try:
        uri = tracking_uri(project)
        address = reason(uri, uri)
        if uri.startswith("sqlite:") and not project.mlflow_database.exists() and str(project.root) in uri:
            yield "MLflow's store", "ok", f"{address}, not created yet: the first run creates it", ""
        else:
            open_store(project)
            yield "MLflow's store", "ok", f"{address}, reachable; comparisons: {len(list_runs(project))}", ""
        n_waiting = len(waiting_parcels(project.unsent))
        if n_waiting:
            yield "unsent runs", "wrong", f"{n_waiting} on disk", "Send them with 'topicdesk log --resume'."
    except TrackingError as error:
        yield "MLflow's store", "wrong", address, str(error)


def _requirements() -> list[Requirement]:
    return [Requirement(line) for line in requires("topicdesk") or ()]


def _applies(needed: Requirement, extra: str = "") -> bool:
    return needed.marker is None or needed.marker.evaluate({"extra": extra})


def _fault(needed: Requirement) -> str:
    installed = _found(needed.name)
    if not installed:
        return "not installed"
    return "" if needed.specifier.contains(installed, prereleases=True) else f"{installed}, needs {needed.specifier}"


def _found(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
