"""Outputs of commands: endings, and files that no output replaces."""

import pytest

from topicdesk.cli._options import checked_output, checked_page, checked_picture, checked_table, spare_inputs
from topicdesk.errors import ProjectError


@pytest.mark.parametrize(
    ("check", "name", "endings"),
    [
        (checked_table, "errors.parquet", ".csv"),
        (checked_table, "errors", ".csv"),
        (checked_picture, "kinds.txt", ".png or .svg or .pdf"),
        (checked_page, "report.pdf", ".html or .htm"),
    ],
)
def test_outputs_in_another_format_are_refused(tmp_path, check, name, endings):
    with pytest.raises(ProjectError, match=f"cannot write .*{name}: .* Name a file that ends with {endings}\\."):
        check(tmp_path / name)


@pytest.mark.parametrize(
    ("check", "name"), [(checked_table, "a.CSV"), (checked_picture, "a.svg"), (checked_page, "a.html")]
)
def test_outputs_in_the_format_of_the_option_are_accepted(tmp_path, check, name):
    assert check(tmp_path / name) == tmp_path / name
    (tmp_path / name).write_text("an earlier output")
    assert check(tmp_path / name) == tmp_path / name


@pytest.mark.parametrize("check", [checked_output, spare_inputs])
@pytest.mark.parametrize(
    "name",
    ["data/labels/gold.csv", "experiments/small.toml", "data/topics.toml", "experiments/small.lock.json", "mlflow.db"],
)
def test_outputs_never_replace_what_commands_read(project, monkeypatch, check, name):
    monkeypatch.chdir(project.root)
    file = project.root / name
    if not file.exists():
        file.write_text("{}")
    before = file.read_bytes()
    for path in (file, file.relative_to(project.root)):
        with pytest.raises(ProjectError, match="topicdesk reads it, and the output would replace it"):
            check(path)
    assert file.read_bytes() == before


def test_outputs_may_be_new_files_beside_labels(project, monkeypatch):
    monkeypatch.chdir(project.root)
    assert checked_table(project.labels / "weak.csv") == project.labels / "weak.csv"
