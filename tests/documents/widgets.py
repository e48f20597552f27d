"""Install the packages of the annotation widget, which are part of ``topicdesk[notebooks]``, from the lock to a folder.

Usage: python widgets.py PYTHON FOLDER, with the Python of .venv-dev. PYTHON is the interpreter that uses FOLDER.
"""

import re
import subprocess
import sys
import tempfile
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.installing import offline_environment

LOCK = Path(__file__).parents[2] / "environments" / "dev.lock"


def needed_by(*names):
    """Return the names of these packages and of all their installed requirements."""
    required, pending = set(), [canonicalize_name(name) for name in names]
    while pending:
        name = pending.pop()
        if name in required:
            continue
        required.add(name)
        for line in requires(name) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                pending.append(canonicalize_name(requirement.name))
    return required


def main(python, folder):
    """Install the packages; return the exit code."""
    entries = re.split(r"\n(?=\S)", LOCK.read_text(encoding="utf-8"))
    names = needed_by("anywidget", "ipywidgets")
    with tempfile.TemporaryDirectory() as scratch:
        lock = Path(scratch) / "widgets.lock"
        lock.write_text(
            "\n".join(entry for entry in entries if entry.partition("==")[0] in names) + "\n", encoding="utf-8"
        )
        uv = [Path(sys.executable).with_name("uv"), "--quiet", "pip", "install", "--no-deps", "--require-hashes"]
        done = subprocess.run(
            [*uv, "--python", python, "--target", folder, "--requirement", lock],
            env=offline_environment(),
            check=False,
        )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
