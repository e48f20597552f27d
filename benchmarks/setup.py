"""Measure set-up: seconds, packages and size of the environment for running, compared with pip.

All sides are measured in one run, with empty caches, so each side downloads what it installs:

- *make setup*: this Python's pip installs uv, and uv installs ``requirements.lock``;
- *pip, the same lock*: ``pip install`` of ``requirements.lock`` in a new virtual environment;
- *pip, everything*: the same with ``environments/dev.lock``, all in one environment, as in the first edition.

pip gets ``--no-deps``, because without it versions before 24 fail as soon as the index has newer releases. The exit
code is 1 if a goal is missed. Run it on an idle machine: ``python benchmarks/setup.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
MOST_PACKAGES, MOST_MEGABYTES, LEAST_RATIO = 130, 900, 3.0

# The Python that a user runs make with, not that of an environment.
PYTHON = Path(sys.base_prefix) / ("python.exe" if os.name == "nt" else "bin/python3")


def main() -> int:
    """Measure and print; return the exit code."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        rows.append(("make setup", *_make(scratch)))
        rows.append(("pip, the same lock", *_pip(scratch / "same", ROOT / "requirements.lock")))
        rows.append(("pip, everything", *_pip(scratch / "all", ROOT / "environments" / "dev.lock")))
    ours = rows[0]
    print(f"{'':20} {'seconds':>8} {'packages':>9} {'MB':>6} {'MB, compiled':>13} {'ratio':>6}")
    for name, seconds, packages, megabytes, compiled in rows:
        print(f"{name:20} {seconds:8.1f} {packages:9} {megabytes:6.0f} {compiled:13.0f} {seconds / ours[1]:6.1f}")
    ratio = rows[2][1] / ours[1]
    goals = {
        f"at most {MOST_PACKAGES} packages": ours[2] <= MOST_PACKAGES,
        # The size after set-up. Python writes bytecode later, when a module is first imported.
        f"at most {MOST_MEGABYTES} MB": ours[3] <= MOST_MEGABYTES,
        f"at least {LEAST_RATIO:g} times as fast as pip installing everything": ratio >= LEAST_RATIO,
    }
    for goal, met in goals.items():
        print(f"{'met' if met else 'MISSED'}: {goal}")
    return 0 if all(goals.values()) else 1


def _make(scratch: Path) -> tuple[float, int, float, float]:
    """Set up a clone of the working tree, as a user does."""
    clone = scratch / "clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    environment = {**os.environ, "UV_CACHE_DIR": str(scratch / "cache"), "PIP_NO_CACHE_DIR": "1"}
    seconds = _timed(["make", "-C", str(clone), "setup", f"PYTHON={PYTHON}"], environment)
    return seconds, *_size(clone / ".venv")


def _pip(environment: Path, lock: Path) -> tuple[float, int, float, float]:
    """Install a lock with the pip that this Python ships."""
    started = perf_counter()
    _timed([str(PYTHON), "-m", "venv", str(environment)], os.environ)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-compile", "--no-deps"]
    _timed([*command, "--require-hashes", "--requirement", str(lock)], os.environ)
    return perf_counter() - started, *_size(environment)


def _timed(command: Sequence[str], environment: Mapping[str, str]) -> float:
    started = perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:4])} failed:\n{done.stderr}")
    return perf_counter() - started


def _size(environment: Path) -> tuple[int, float, float]:
    """Return the number of packages, and the size in MB as installed and with bytecode of all modules."""
    packages = len(list(environment.rglob("*.dist-info")))
    megabytes = _megabytes(environment)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # Some packages contain templates that are not valid Python. Errors are ignored.
    subprocess.run([python, "-m", "compileall", "-q", "-j", "0", environment], capture_output=True, check=False)
    return packages, megabytes, _megabytes(environment)


def _megabytes(folder: Path) -> float:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()) / 1e6


if __name__ == "__main__":
    sys.exit(main())
