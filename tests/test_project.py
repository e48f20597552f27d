import pytest

from topicdesk import find_project, read_corpus, read_spec, read_taxonomy, run_experiment
from topicdesk.annotation import read_label_file
from topicdesk.errors import ArgumentError, LabelsError, ProjectError, SpecError
from topicdesk.project import Project, find_file


def test_find_file_looks_in_the_working_folder_then_in_the_project(project, monkeypatch):
    below = project.root / "notebooks" / "data"
    below.mkdir(parents=True)
    monkeypatch.chdir(below.parent)
    taxonomy = project.root / "data" / "topics.toml"
    assert find_file("data/topics.toml") == taxonomy
    assert find_file("data/topics.toml", Project(project.root / "other")).as_posix() == "data/topics.toml"
    (below / "topics.toml").write_text("")
    assert find_file("data/topics.toml").resolve() == below / "topics.toml"
    assert find_file(taxonomy) == taxonomy
    assert find_file("data/nothing.toml").as_posix() == "data/nothing.toml"
    with pytest.raises(TypeError, match="path must be a path or a string that is not empty; got 3"):
        find_file(3)


@pytest.mark.slow
def test_readers_accept_strings_and_paths_in_a_folder_of_the_project(project, monkeypatch):
    folder = project.root / "notebooks"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert len(read_corpus("data/corpora/newsroom.parquet")) == 90
    assert read_taxonomy("data/topics.toml").names == ("courts", "rail")
    assert len(read_label_file("data/labels/gold.csv", ("courts", "rail"))) == 90
    assert read_spec("experiments/small.toml").experiment.title
    assert run_experiment("experiments/small.toml", n_jobs=1).comparisons[0].ranking


@pytest.mark.parametrize("read", [find_file, read_spec, read_corpus, read_taxonomy])
def test_readers_reject_a_path_that_is_too_long(read):
    with pytest.raises(ArgumentError, match="path must have names of at most 255 bytes"):
        read("x" * 5000)


def test_readers_explain_a_link_to_a_missing_file(tmp_path):
    link = tmp_path / "link.toml"
    link.symlink_to("nowhere")
    for read, error in ((read_spec, SpecError), (read_taxonomy, LabelsError)):
        with pytest.raises(error, match=r"no file .*link\.toml .* It is a link to a missing file\. 'topicdesk init'"):
            read(link)


def test_find_project_names_a_wrong_start(tmp_path):
    with pytest.raises(TypeError, match="start must be a path or a string that is not empty; got None"):
        find_project(None)
    with pytest.raises(ValueError, match=r"start must not contain a null character; got 'a\\x00'"):
        find_project("a\0")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(ProjectError, match=r"start = .*loop': Symlink loop"):
        find_project(loop)
