"""What an import of labels writes: all files or none, and never over a file that exists."""

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from topicdesk.annotation import import_labels, label_import, write_annotations
from topicdesk.errors import LabelsError, ProjectError

TEXTS = ["The judge heard the appeal.", "The tram was late again.", "The court stopped the tram.", "The train left."]


@pytest.fixture
def labelled(desk):
    """A table of three annotators; the name of the last one is as long as a cell may be."""
    who = ["maria", "tom", "z" * 300, "z" * 301]
    file = desk / "labelled.csv"
    pd.DataFrame({"text": TEXTS, "topics": list("abab"), "annotator": who}).to_csv(file, index=False)
    return file


def files_of(desk):
    return sorted(path.name for path in (desk / "data").rglob("*") if path.is_file())


def test_import_labels_shortens_long_names_of_annotators(desk, labelled):
    done = import_labels(labelled, "data/mine.parquet")
    assert [file.name for file in done.files] == ["maria.csv", "tom.csv", f"{'z' * 100}.csv", f"{'z' * 100}-2.csv"]
    with pytest.raises(LabelsError, match="at most 100 characters"):
        import_labels(labelled, "data/mine.parquet", annotator="z" * 101)


def test_import_labels_writes_nothing_if_a_file_cannot_be_written(desk, labelled, monkeypatch):
    rename, renamed = Path.replace, []

    def full(self, target):
        renamed.append(target)
        if Path(target).name == "tom.csv":
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ProjectError, match="No space left on device"):
        import_labels(labelled, "data/mine.parquet")
    assert {"mine.parquet", "topics.toml", "maria.csv"} <= {Path(path).name for path in renamed}
    assert files_of(desk) == []
    monkeypatch.undo()
    monkeypatch.chdir(desk)
    import_labels(labelled, "data/mine.parquet")


@pytest.mark.parametrize("theirs", ["labels/maria.csv", "topics.toml", "mine.parquet"])
def test_import_labels_never_overwrites_what_another_process_wrote_meanwhile(desk, labelled, monkeypatch, theirs):
    def meanwhile(annotations, file):
        (desk / "data" / theirs).write_text("theirs")
        write_annotations(annotations, file)

    monkeypatch.setattr(label_import, "write_annotations", meanwhile)
    with pytest.raises(ProjectError, match=rf"{Path(theirs).name} already exists\. Nothing was written"):
        import_labels(labelled, "data/mine.parquet")
    assert files_of(desk) == [Path(theirs).name]
    assert (desk / "data" / theirs).read_text() == "theirs"


def test_import_labels_of_two_processes_at_once_lets_one_of_them_write(desk, labelled):
    def run(number):
        try:
            return import_labels(labelled, "data/mine.parquet")
        except (ProjectError, LabelsError) as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, range(2)))
    assert sum(isinstance(result, Exception) for result in results) == 1
    assert len(files_of(desk)) == 6
