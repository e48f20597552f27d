"""What is installed and read is what was pinned, and nothing of it is run that should not be."""

import hashlib
import re
import subprocess
import sys
import zipfile

import pytest

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


def test_every_install_of_a_lock_is_checked_by_hash():
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    installs = [line for line in text.splitlines() if "-m pip install" in line]
    assert len(installs) >= 4
    for line in installs:
        # The project itself has no hash: it is installed alone, from this folder, without an index.
        assert "--require-hashes --requirement" in line or ("--no-index --no-deps" in line and "--editable ." in line)


@pytest.mark.parametrize("fault", ["other content", "no hash"])
def test_a_package_that_is_another_than_the_lock_says_is_not_installed(tmp_path, tiny, fault):
    good = hashlib.sha256(wheel(tmp_path, tiny.table).read_bytes()).hexdigest()
    lock = tmp_path / "requirements.lock"
    lock.write_text("tiny==1.0\n" if fault == "no hash" else f"tiny==1.0 --hash=sha256:{good}\n")
    if fault == "other content":
        wheel(tmp_path, tiny.table, code="stolen = True\n")
    (install,) = re.findall(
        r"-m (pip install .*--require-hashes) --requirement requirements", (ROOT / "Makefile").read_text()
    )
    command = [sys.executable, "-m", *install.split(), "--requirement", lock, "--no-index", "--find-links", tmp_path]
    done = subprocess.run([*command, "--target", tmp_path / "there"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    told = "DO NOT MATCH THE HASHES" if fault == "other content" else "all requirements must have their versions pinned"
    assert told in done.stderr or "Hashes are required" in done.stderr
    assert not (tmp_path / "there").exists()


def test_no_code_of_a_corpus_wheel_is_run(project, run, tiny):
    project.raw.mkdir(parents=True)
    marker = project.root / "was-run"
    made = wheel(project.raw, tiny.table, CODE.format(marker=str(marker)))
    content = made.read_bytes()
    project.sources.write_text(tiny.entry.format(sha256=hashlib.sha256(content).hexdigest(), size=len(content)))
    ended = run("data", "build", "tiny")
    assert ended.code == 0, ended.said
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
