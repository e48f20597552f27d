import pytest

from topicdesk import read_corpus, read_label_file, read_spec, read_taxonomy, run_experiment
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
    with pytest.raises(TypeError, match="path must be a string or a path; got int"):
        find_file(3)


def test_readers_accept_strings_and_paths_in_a_folder_of_the_project(project, monkeypatch):
    folder = project.root / "notebooks"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert len(read_corpus("data/corpora/newsroom.parquet")) == 90
    assert read_taxonomy("data/topics.toml").names == ("courts", "rail")
    assert len(read_label_file("data/labels/gold.csv", ("courts", "rail"))) == 90
    assert read_spec("experiments/small.toml").experiment.title
    assert run_experiment("experiments/small.toml", n_jobs=1).comparisons[0].ranking
