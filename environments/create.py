"""Create a virtual environment from a lock file, without resolving anything.

First, the pip of this Python installs uv, pinned by hash. Then uv installs exactly what the lock lists, and checks each
file by hash. pip alone is not enough: versions before 24 resolve a name with extras again, and fail as soon as the
index has a newer release than the lock.

Usage: python environments/create.py LOCK FOLDER [--editable]

Uses the standard library only.
"""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV_LOCK = ROOT / "environments" / "uv.lock"
UV_FOLDER = ROOT / ".uv"
STAMP = ".ready"
WINDOWS = os.name == "nt"
BIN = "Scripts" if WINDOWS else "bin"
SUFFIX = ".exe" if WINDOWS else ""
#: Content of a stamp: the Python that created the environment. For another Python, it is created again.
PYTHON = str(Path(sys.executable).resolve()) + sys.version

#: Names that an environment contains. A folder with other files belongs to the user and is never removed.
PARTS = {
    "bin", "include", "lib", "lib64", "share", "etc", "pyvenv.cfg", "Scripts", "Lib", "Include", "pips", STAMP, ".lock",
    ".gitignore", "CACHEDIR.TAG",
}  # fmt: skip

#: pip's settings that would install uv somewhere else.
ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER")

#: pip's settings that uv needs to reach the same index, and the variable that uv reads instead.
PIP_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "HTTPS_PROXY",
}
#: Older spellings of uv's variables, which a user may have set.
OLDER_SPELLINGS = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}


class SetupError(Exception):
    """The environment cannot be created. The message says why and what to do."""


def create(lock: Path, folder: Path, editable: bool) -> None:
    """Create `folder` from `lock`, or update it; remove it if that fails.

    Parameters
    ----------
    lock : Path
        Lock file, with a hash for every file.
    folder : Path
        Folder of the environment.
    editable : bool
        Whether to install the project itself from its source.
    """
    started = time.monotonic()
    check(lock, folder)
    say(f"{folder}: installing {len(pins(lock))} packages of {lock}, each file checked by hash ...")
    stamp = folder / STAMP
    python = folder / BIN / f"python{SUFFIX}"
    try:
        uv = bootstrap_uv()
        if python.exists() and read(stamp) == PYTHON:
            stamp.unlink()
        else:  # missing, created with another Python, or incomplete
            shutil.rmtree(folder, ignore_errors=True)
            create_empty(folder)
        settings = index_settings()
        install(uv, ["pip", "sync", "--require-hashes", "--python", python, lock], settings, lock)
        if editable:
            # uv builds the project itself: the build backend is part of uv, so nothing is downloaded.
            own = ["pip", "install", "--offline", "--no-deps", "--python", python, "--editable", ROOT]
            install(uv, own, settings, lock)
        stamp.write_text(PYTHON, encoding="utf-8")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    say(f"{folder}: ready after {time.monotonic() - started:.0f} s")


def check(lock: Path, folder: Path) -> None:
    """Raise `SetupError` if there is no lock, or if the folder must not be removed."""
    if not lock.is_file():
        raise SetupError(f"no lock file at {lock}.")
    if not folder.exists():
        return
    foreign = sorted({one.name for one in folder.iterdir()} - PARTS) if folder.is_dir() else [folder.name]
    if foreign:
        raise SetupError(
            f"{folder} is not an environment (it contains {foreign[0]}), and was not changed. Name another folder."
        )


def bootstrap_uv() -> Path:
    """Install the pinned uv with this Python's pip, unless it is installed, and return its path."""
    stamp = UV_FOLDER / STAMP
    wanted = PYTHON + read(UV_LOCK)
    candidates = [UV_FOLDER / BIN / f"uv{SUFFIX}", UV_FOLDER / "packages" / BIN / f"uv{SUFFIX}"]
    if read(stamp) == wanted:
        for uv in candidates:
            if uv.is_file():
                return uv
    shutil.rmtree(UV_FOLDER, ignore_errors=True)
    pip = ["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--no-deps", "--only-binary", ":all:"]
    pip += ["--require-hashes", "--requirement", str(UV_LOCK)]
    environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    try:
        if run([sys.executable, "-m", "venv", UV_FOLDER]).returncode == 0:
            done = run([UV_FOLDER / BIN / f"python{SUFFIX}", *pip], environment)
        else:  # this Python has no ensurepip; perhaps it has pip
            shutil.rmtree(UV_FOLDER, ignore_errors=True)
            done = run([sys.executable, *pip, "--target", UV_FOLDER / "packages"], environment)
        if "No module named pip" in done.stderr:
            raise SetupError("this Python has no pip. Install it (Debian: apt-get install python3-venv).")
        if done.returncode != 0:
            raise SetupError(reason(done.stderr, UV_LOCK))
        found = [uv for uv in candidates if uv.is_file()]
        if not found:
            raise SetupError(
                "pip installed uv elsewhere. Remove 'target', 'prefix' and 'user' from pip's configuration."
            )
        stamp.write_text(wanted, encoding="utf-8")
        return found[0]
    except BaseException:
        shutil.rmtree(UV_FOLDER, ignore_errors=True)
        raise


def create_empty(folder: Path) -> None:
    """Create an environment without packages; pip comes from the lock."""
    done = run([sys.executable, "-m", "venv", "--without-pip", folder])
    if done.returncode != 0:
        words = (done.stdout + done.stderr).strip().splitlines()
        raise SetupError(f"cannot create {folder} ({words[-1] if words else 'no reason given'}).")


def install(uv: Path, command: list, settings: dict, lock: Path) -> None:
    """Run uv. If it fails, raise an error that names the package of `lock`.

    On a terminal, uv draws a progress bar, so its messages cannot be captured. After a failure, uv therefore runs again
    with captured messages. If the failure was temporary, the second run succeeds.
    """
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", **settings}
    if sys.stderr.isatty() and subprocess.call([uv, *command], env=environment) == 0:
        return
    done = run([uv, "--quiet", *command], environment)
    if done.returncode != 0:
        raise SetupError(reason(done.stderr, lock))


def reason(output: str, lock: Path) -> str:
    """Return one line: which package could not be installed, why, and what to do."""
    locked = pins(lock)
    named = [plain(name) for name in re.findall(r"([A-Za-z0-9][\w.-]*)(?:\[[\w,.-]*\])?==", output)]
    found = next((name for name in named if name in locked), None)
    what = f"{found} {locked[found]}" if found else f"a package of {lock.name}"
    lines = [line.strip(" ×│├╰─▶\t") for line in output.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("hint:", "WARNING", "[notice]"))]
    why = re.sub(r"https?://\S+", "the index", lines[-1]).rstrip(".") if lines else "no reason given"
    if re.search(r"(?i)connect|dns|timed? ?out|unreachable|Retrying", output):
        todo = "Check the network and the package index that pip is configured for, then run make again."
    elif re.search(r"(?i)hash", output):
        todo = "The file is not the one that was locked. Ask the administrator of the package index."
    elif re.search(r"(?i)no space|os error 28", output):
        todo = "Free some disk space, then run make again."
    else:
        todo = "Check that the package index serves this version for this Python and system, then run make again."
    return f"{what} could not be installed ({why}). {todo}"


def index_settings() -> dict:
    """Return the variables that make uv use pip's index. Variables that the user has set for uv are kept."""
    configured = {}
    for line in run([sys.executable, "-m", "pip", "config", "list"]).stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        # Later lines take precedence, as in pip: files come first, then variables.
        if key in PIP_SETTINGS and section in ("global", "install", ":env:"):
            configured[key] = ast.literal_eval(value)
    settings = {}
    for key, value in configured.items():
        variable = PIP_SETTINGS[key]
        words = [word for word in value.split() if key != "find-links" or "://" in word or Path(word).is_dir()]
        if words and not {variable, OLDER_SPELLINGS.get(variable)} & set(os.environ):
            settings[variable] = ("," if key == "find-links" else " ").join(words)
    # It does not matter which index a file comes from, because its hash is checked.
    settings["UV_INDEX_STRATEGY"] = os.environ.get("UV_INDEX_STRATEGY", "unsafe-best-match")
    return settings


def run(command: list, environment: "dict | None" = None) -> subprocess.CompletedProcess:
    """Run a command and capture its output."""
    words = [str(word) for word in command]
    return subprocess.run(words, env=environment, capture_output=True, text=True, encoding="utf-8", errors="replace")


def pins(lock: Path) -> dict:
    """Return the versions that a lock pins, by package."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", read(lock), flags=re.MULTILINE))


def plain(name: str) -> str:
    """Return a package's name as locks spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read(path: Path) -> str:
    """Return a file's text; empty if there is no such file."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def say(line: str) -> None:
    """Print a line of progress at once."""
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Create the environment; return the exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this check is for users of an older Python)
        found = "{}.{}".format(*sys.version_info)
        say(f"setup: topicdesk needs Python 3.11 or newer, and this is {found}: make PYTHON=python3.11")
        return 2
    parser = argparse.ArgumentParser(
        description="Create a virtual environment from a lock file.",
        epilog="Example: python3 environments/create.py requirements.lock .venv --editable",
    )
    parser.add_argument("lock", type=Path, help="lock file, with hashes")
    parser.add_argument("folder", type=Path, help="where to create the environment")
    parser.add_argument("--editable", action="store_true", help="add topicdesk itself, from its source")
    asked = parser.parse_args()
    try:
        create(asked.lock, asked.folder, asked.editable)
    except SetupError as error:
        say(f"setup: {error}")
        return 1
    except KeyboardInterrupt:
        say(f"setup: stopped; {asked.folder} was removed. Run make again.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
