"""Record the code, packages and machine that a result was made with."""

from __future__ import annotations

import hashlib
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version

from topicdesk.project import Project

__all__ = ["Environment", "observe_environment", "peak_memory", "pinned_versions"]

#: Packages that scores depend on.
_PACKAGES = ("topicdesk", "scikit-learn", "scipy", "numpy", "pandas", "ftfy", "mlflow")


# Files that experiments write. Changes in them do not make the code dirty.
_RESULTS = (":(exclude)experiments/*.lock.json", ":(exclude)experiments/README.md")


@dataclass(frozen=True)
class Environment:
    """The code, packages and machine that a result was made with.

    Parameters
    ----------
    commit : str
        Commit of the project's git repository; empty if there is none.
    dirty : bool
        Whether tracked files differ from the commit, except for results locks and the page of results.
    requirements : str
        SHA-256 of ``requirements.lock``; empty if there is none.
    python, system : str
        Version of Python; name of the operating system and the machine type.
    packages : dict of str to str
        Versions of the packages that scores depend on.
    """

    commit: str
    dirty: bool
    requirements: str
    python: str
    system: str
    packages: dict[str, str]

    def tags(self) -> dict[str, str]:
        """Return the environment as tags of a run. Unknown values have no tag."""
        tags = {
            "git.commit": self.commit,
            "git.dirty": str(self.dirty).lower() if self.commit else "",
            "requirements.sha256": self.requirements,
            "python": self.python,
            "platform": self.system,
            **{f"version.{name}": number for name, number in self.packages.items()},
        }
        return {name: value for name, value in tags.items() if value}

    def made_with(self) -> dict[str, str]:
        """Return what a recomputed score may depend on: Python, platform and packages."""
        return {"python": self.python, "platform": self.system, **self.packages}


def observe_environment(project: Project) -> Environment:
    """Return the code version, packages and machine of this process."""
    lock = project.root / "requirements.lock"
    return Environment(
        commit=_git(project, "rev-parse", "HEAD"),
        dirty=bool(_git(project, "status", "--porcelain", "--untracked-files=no", "--", ".", *_RESULTS)),
        requirements=hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else "",
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        packages={name: version(name) for name in _PACKAGES},
    )


def pinned_versions(project: Project) -> dict[str, tuple[str, ...]]:
    """Return the versions that ``requirements.lock`` pins, by package; empty if there is no lock.

    A package has several versions if they depend on Python or the operating system.
    """
    lock = project.root / "requirements.lock"
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    versions: dict[str, tuple[str, ...]] = {}
    for name, number in re.findall(r"^([\w.-]+)==([^\s;]+)", text, flags=re.MULTILINE):
        versions[name] = (*versions.get(name, ()), number)
    return versions


def peak_memory() -> int | None:
    """Return the peak memory of this process so far, plus that of its largest child process that has ended.

    Returns
    -------
    int or None
        Bytes; None on Windows, which does not report it in this form.
    """
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # macOS counts bytes, Linux kilobytes


def _git(project: Project, *command: str) -> str:
    try:
        result = subprocess.run(
            ["git", *command],
            cwd=project.root,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:  # no git on this machine: the result has no commit
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""
