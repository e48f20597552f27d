"""`make setup` creates an environment from a lock with any pip and any index, or fails with the reason."""

import hashlib
import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from functools import partial
from importlib.metadata import distribution
from pathlib import Path

import pytest

from topicdesk.project import find_project

pytestmark = pytest.mark.slow

ROOT = find_project(__file__).root
PIPS = Path(sys.prefix) / "pips"


def write_wheel(index, name, version, requires=(), extras=(), files=None):
    """Write a wheel into an index, list it there, and return its hash."""
    spelt = name.replace("-", "_")
    info = f"{spelt}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    metadata += [f"Provides-Extra: {extra}" for extra in extras] + [
        f"Requires-Dist: {requirement}" for requirement in requires
    ]
    content = {f"{spelt}.py": b"", **(files or {})}
    content[f"{info}/METADATA"] = "\n".join(metadata).encode() + b"\n"
    content[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*content, f"{info}/RECORD"]).encode()
    folder = index / "simple" / name
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{spelt}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in content.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = (0o100755 if "/scripts/" in path else 0o100644) << 16
            archive.writestr(entry, data)
    list_wheels(folder)
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def list_wheels(folder):
    """Write the page of a package in an index."""
    links = [
        f'<a href="{wheel.name}#sha256={hashlib.sha256(wheel.read_bytes()).hexdigest()}">{wheel.name}</a>'
        for wheel in sorted(folder.glob("*.whl"))
    ]
    (folder / "index.html").write_text("<!DOCTYPE html><html><body>" + "\n".join(links) + "</body></html>")


def uv_scripts():
    """Return the version and the program of the installed uv, as a file of a wheel."""
    uv = distribution("uv")
    (program,) = (Path(uv.locate_file(file)).resolve() for file in uv.files if file.name in ("uv", "uv.exe"))
    return uv.version, {f"uv-{uv.version}.data/scripts/{program.name}": program.read_bytes()}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Serve an index on the loopback address, with the locked releases and newer ones."""
    folder = tmp_path_factory.mktemp("index")
    version, scripts = uv_scripts()
    hashes = {
        "uv": (version, write_wheel(folder, "uv", version, files=scripts)),
        "ruler": ("1.0", write_wheel(folder, "ruler", "1.0", requires=["measure[toml]>=1.0", "plain-box>=1.0"])),
        "measure": ("1.0", write_wheel(folder, "measure", "1.0", ["plain-box>=1.0 ; extra == 'toml'"], ["toml"])),
        "plain-box": ("1.0", write_wheel(folder, "plain-box", "1.0")),
    }
    for name, extras in (("measure", ["toml"]), ("plain-box", []), ("ruler", []), ("uv", [])):
        write_wheel(folder, name, "99.0", extras=extras)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/simple", hashes
    server.shutdown()
    thread.join()


@pytest.fixture
def clone(tmp_path, index):
    """Create a small repository with our Makefile and create.py, and with locks of packages of the index."""
    _, _, hashes = index
    root = tmp_path / "clone"
    (root / "environments").mkdir(parents=True)
    (root / "src" / "topicdesk").mkdir(parents=True)
    (root / "src" / "topicdesk" / "__init__.py").write_text("")
    shutil.copy(ROOT / "Makefile", root)
    shutil.copy(ROOT / "environments" / "create.py", root / "environments")
    system = (ROOT / "pyproject.toml").read_text().partition("[project]")[0]
    (root / "pyproject.toml").write_text(f'{system}[project]\nname = "topicdesk"\nversion = "1.0"\n')

    def line(name):
        version, digest = hashes[name]
        return f"{name}=={version} \\\n    --hash=sha256:{digest}\n"

    (root / "environments" / "uv.lock").write_text(line("uv"))
    (root / "requirements.lock").write_text("".join(map(line, ("measure", "plain-box", "ruler"))))
    return root


@pytest.fixture
def environment(tmp_path, index):
    """Return the environment variables of a new machine, with the index as pip's setting."""
    inherited = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return {
        **inherited,
        "HOME": str(tmp_path / "home"),
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_CACHE_DIR": "1",
        "PIP_INDEX_URL": index[1],
        "UV_HTTP_RETRIES": "0",
        "PIP_RETRIES": "0",
    }


@pytest.fixture(scope="module")
def installer(tmp_path_factory, index):
    """Return a folder .uv as create.py writes it, for tests that do not test how uv is installed."""
    folder = tmp_path_factory.mktemp("installer")
    (folder / "bin").mkdir()
    uv = folder / "bin" / "uv"
    ((_, content),) = uv_scripts()[1].items()
    uv.write_bytes(content)
    uv.chmod(0o755)
    return folder


@pytest.fixture
def prepared(clone, installer):
    """Return a clone in which uv is installed."""
    (clone / ".uv" / "bin").mkdir(parents=True)
    (clone / ".uv" / "bin" / "uv").symlink_to(installer / "bin" / "uv")
    lock = (clone / "environments" / "uv.lock").read_text()
    (clone / ".uv" / ".ready").write_text(str(Path(sys.executable).resolve()) + sys.version + lock)
    return clone


def make(clone, environment, *arguments):
    command = ["make", "-C", clone, "--no-print-directory", "setup", f"PYTHON={sys.executable}", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def installed(clone):
    packages = next((clone / ".venv").rglob("site-packages"))
    return sorted(path.name.removesuffix(".dist-info") for path in packages.glob("*.dist-info"))


ALL_PACKAGES = ["measure-1.0", "plain_box-1.0", "ruler-1.0", "topicdesk-1.0"]


@pytest.mark.parametrize("pip", ["22.3", "23.2.1", "newest"])
def test_make_setup_installs_the_lock_when_the_index_has_newer_releases(clone, environment, pip):
    """pip 22.3 and 23.2.1 alone fail: they resolve ``measure[toml]`` again and find 99.0, which has no locked hash."""
    if pip != "newest":
        assert (PIPS / pip).is_dir(), "an old pip is missing; make test installs it"
        environment["PYTHONPATH"] = str(PIPS / pip)
    done = subprocess.run([sys.executable, "-m", "pip", "--version"], env=environment, capture_output=True, text=True)
    assert done.stdout.startswith(f"pip {pip} " if pip != "newest" else "pip 2")
    done = make(clone, environment)
    assert done.returncode == 0, done.stderr
    assert installed(clone) == ALL_PACKAGES
    again = make(clone, environment)
    assert "Nothing to be done" in again.stdout
    assert again.returncode == 0


@pytest.mark.parametrize("pip", ["22.3", "23.2.1"])
def test_old_pips_alone_fail_on_an_index_with_newer_releases(clone, environment, pip):
    """Without this failure, the test above would show nothing."""
    assert (PIPS / pip).is_dir(), "an old pip is missing; make test installs it"
    environment["PYTHONPATH"] = str(PIPS / pip)
    command = [sys.executable, "-m", "pip", "install", "--require-hashes", "-r", clone / "requirements.lock"]
    done = subprocess.run(
        [*command, "--target", clone / "there"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "In --require-hashes mode, all requirements must have their versions pinned" in done.stderr


def last_line(done):
    return done.stderr.strip().splitlines()[-2]  # the last line is make's own error message


@pytest.mark.parametrize("package", ["plain-box", "uv"])
def test_make_setup_names_a_missing_package_and_leaves_no_environment(request, environment, index, package):
    clone = request.getfixturevalue("clone" if package == "uv" else "prepared")
    lock = clone / ("environments/uv.lock" if package == "uv" else "requirements.lock")
    version = index[2][package][0]
    lock.write_text(lock.read_text().replace(f"{package}=={version}", f"{package}==0.5"))
    done = make(clone, environment)
    assert done.returncode != 0
    assert last_line(done).startswith(f"setup: {package} 0.5 could not be installed (")
    assert "Check that the package index serves this version" in last_line(done)
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize("package", ["measure", "uv"])
def test_make_setup_rejects_a_file_with_another_hash_and_leaves_no_environment(request, environment, index, package):
    clone = request.getfixturevalue("clone" if package == "uv" else "prepared")
    lock = clone / ("environments/uv.lock" if package == "uv" else "requirements.lock")
    version, digest = index[2][package]
    lock.write_text(lock.read_text().replace(digest, "0" * 64))
    done = make(clone, environment)
    assert done.returncode != 0
    assert last_line(done).startswith(f"setup: {package} {version} could not be installed (")
    assert "Ask the administrator of the package index" in last_line(done)
    assert not (clone / ".venv").exists()


def test_make_setup_reports_an_unreachable_index_in_one_line(clone, environment, free_port):
    environment |= {"PIP_INDEX_URL": f"http://127.0.0.1:{free_port}/simple", "PIP_RETRIES": "1"}
    done = make(clone, environment)
    assert done.returncode != 0
    assert "Check the network and the package index" in last_line(done)
    assert not (clone / ".venv").exists()


def test_make_setup_completes_an_environment_after_a_killed_setup(prepared, environment):
    assert make(prepared, environment).returncode == 0
    (prepared / ".venv" / ".ready").unlink()
    next((prepared / ".venv").rglob("ruler.py")).unlink()  # an incomplete environment, as after a kill
    assert make(prepared, environment).returncode == 0
    assert installed(prepared) == ALL_PACKAGES
    assert next((prepared / ".venv").rglob("ruler.py")).is_file()


def test_make_setup_updates_the_environment_when_the_lock_changes(prepared, environment, index):
    assert make(prepared, environment).returncode == 0
    folder, _, _ = index
    digest = hashlib.sha256((folder / "simple/plain-box/plain_box-99.0-py3-none-any.whl").read_bytes()).hexdigest()
    lock = prepared / "requirements.lock"
    head, _, tail = lock.read_text().partition("plain-box==1.0")
    lock.write_text(f"{head}plain-box==99.0 \\\n    --hash=sha256:{digest}\nruler=={tail.partition('ruler==')[2]}")
    assert make(prepared, environment).returncode == 0
    assert installed(prepared) == ["measure-1.0", "plain_box-99.0", "ruler-1.0", "topicdesk-1.0"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_create_script_removes_an_incomplete_environment_on_ctrl_c(prepared, environment, index):
    class Never(Quiet):
        """Serves pages, but never a wheel of the environment."""

        def do_GET(self):
            if self.path.endswith(".whl") and "/uv/" not in self.path:
                requested.set()
                finished.wait()
            super().do_GET()

    requested, finished = threading.Event(), threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Never, directory=str(index[0])))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    environment["PIP_INDEX_URL"] = f"http://127.0.0.1:{server.server_port}/simple"
    script = prepared / "environments" / "create.py"
    process = subprocess.Popen(
        [sys.executable, script, prepared / "requirements.lock", prepared / ".venv"],
        env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True,
        # A background job of a shell ignores SIGINT, and this process would inherit that.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        assert requested.wait(600)
        assert (prepared / ".venv").is_dir()
        os.killpg(process.pid, signal.SIGINT)
        message = process.communicate()[1]
    finally:
        finished.set()
        server.shutdown()
        thread.join()
    assert process.returncode == 130
    assert message.strip().splitlines()[-1].endswith("was removed. Run make again.")
    assert not (prepared / ".venv").exists()


def test_create_script_names_the_required_python_version(clone, environment):
    code = (
        "import sys, runpy; sys.version_info = (3, 10, 1, 'final', 0); sys.argv = ['create.py', 'a', 'b'];"
        "runpy.run_path('environments/create.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "setup: topicdesk needs Python 3.11 or newer, and this is 3.10: make PYTHON=python3.11\n"


def test_make_setup_does_not_change_a_folder_that_is_not_an_environment(prepared, environment):
    (prepared / ".venv").mkdir()
    (prepared / ".venv" / "thesis.txt").write_text("mine")
    done = make(prepared, environment)
    assert done.returncode != 0
    assert last_line(done) == (
        "setup: .venv is not an environment (it contains thesis.txt), and was not changed. Name another folder."
    )
    assert (prepared / ".venv" / "thesis.txt").read_text() == "mine"


def test_make_setup_ignores_pip_settings_of_another_target(clone, environment, tmp_path):
    environment |= {"PIP_TARGET": str(tmp_path / "elsewhere"), "PIP_USER": "0"}
    done = make(clone, environment)
    assert done.returncode == 0, done.stderr
    assert installed(clone) == ALL_PACKAGES
