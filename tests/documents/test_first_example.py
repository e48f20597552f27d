"""The first example of README runs with nothing but the wheel and a CSV file."""

import importlib.util
import subprocess
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from topicdesk.project import find_project

README = find_project(__file__).root / "README.md"
FIRST_LINES = 60

_spec = importlib.util.spec_from_file_location("run_blocks", Path(__file__).with_name("run_blocks.py"))
run_blocks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(run_blocks)

(EXAMPLE,) = (
    block
    for block in run_blocks.blocks_of(README)
    if "test_first_example" in block.comment and block.language == "python"
)
CHECKS = """
assert comparison.ranking[-1] == "majority", comparison
assert comparison.scores["value"].notna().any()
assert model.predict_topics(["The judge heard the appeal of the accused in court."])[0][0] == "courts"
assert (td.load_model("model").predict_proba(table) == model.predict_proba(table)).all()
assert len(td.list_runs()) == 1
"""


def run_example(python, folder):
    """Write the sample's labelled articles as a CSV file, and run README's example in that folder."""
    sample = files("topicdesk") / "starter" / "sample" / "articles.jsonl"
    table = pd.read_json(sample.open(encoding="utf-8"), lines=True).dropna(subset=["topics"])
    table["topics"] = table["topics"].str.join(";")
    assert (table["topics"] == "").any()  # articles without a topic
    table[["headline", "body", "topics"]].to_csv(folder / "articles.csv", index=False)
    before = {path.name for path in folder.iterdir()}
    done = subprocess.run(
        [python, "-c", EXAMPLE.text + CHECKS], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "macro-F1" in done.stdout
    assert {path.name for path in folder.iterdir()} - before == {"mlflow.db", "mlruns", "model"}


def test_first_example_is_near_the_top_of_readme():
    assert EXAMPLE.line + EXAMPLE.text.count("\n") < FIRST_LINES


@pytest.mark.slow
def test_first_example_runs_with_the_wheel_in_an_empty_folder(tmp_path, wheel_environment):
    folder = tmp_path / "empty"
    folder.mkdir()
    run_example(wheel_environment.python, folder)
