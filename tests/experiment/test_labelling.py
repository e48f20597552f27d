"""The commands `label` and `drift`, with a model that a comparison registered."""

import json
from pathlib import Path

import pandas as pd
import pytest

from topicdesk.experiment import log_experiment, run_experiment
from topicdesk.tracking import load_labeller

pytestmark = pytest.mark.usefixtures("store")

CHAMPION = "models:/topicdesk-small@champion"


@pytest.fixture
def logged(project):
    """Return a project whose winner is registered, and the logged comparison."""
    (comparison,) = log_experiment(run_experiment(project.root / "experiments" / "small.toml", n_jobs=1))
    return project, comparison


def test_label_command_labels_files_and_shows_explanations(logged, newsroom, run):
    project, comparison = logged
    articles, _ = newsroom(12)
    articles.to_csv("new.csv", index=False)
    done = run("label", "new.csv", "--output", "out.parquet", "--model", CHAMPION, "--explain", "2")
    assert done.returncode == 0, done.stderr
    assert "The first 8 of 12" in done.stdout
    assert "12 articles labelled into out.parquet" in done.stdout
    table = pd.read_parquet("out.parquet")
    expected = load_labeller(comparison.run_id, project).label(articles, explain=2)
    assert table["topics"].tolist() == expected["topics"].tolist()
    assert table["terms_rail"].tolist() == expected["terms_rail"].tolist()
    shown = table.head(8)
    first = shown[shown["topics"] != ""].iloc[0]
    topic = first["topics"].split()[0]
    assert f"{topic}: {first[f'terms_{topic}'].split(' ')[0]}" in done.stdout

    lines = json.dumps({"body": "A jury found the defendant guilty."}) + "\n" + json.dumps({"body": ""}) + "\n"
    piped = run("label", "-", "--output", "piped.jsonl", "--model", comparison.run_id, stdin=lines)
    assert piped.returncode == 0, piped.stderr
    assert "not labelled: 1, listed in piped.unlabelled.csv" in piped.stdout

    again = run("label", "out.parquet", "--output", "twice.csv", "--model", CHAMPION)
    assert again.returncode == 2
    assert "already exists and would be overwritten. Add a prefix to the new columns" in again.stderr
    assert "Traceback" not in again.stderr
    unknown_model = run("label", "new.csv", "--output", "twice.csv", "--model", "models:/none@champion")
    assert unknown_model.returncode == 2
    assert "'topicdesk compare SPEC' registers the winner as a model" in unknown_model.stderr
    without_scheduler = run("label", "new.csv", "--output", "twice", "--model", CHAMPION, "--engine", "dask")
    assert "use --engine dask and --scheduler together" in without_scheduler.stderr


def test_label_command_resumes_after_it_and_its_workers_are_killed(logged, newsroom, begin, run, wait_until):
    articles, _ = newsroom(60)
    long = articles.assign(text=[text + " The choir sang on the market square." * 70 for text in articles["text"]])
    many = pd.concat([long] * 150, ignore_index=True)  # five parts
    many["id"] = [f"m{number}" for number in range(len(many))]
    many[["id", "text"]].to_json("many.jsonl", orient="records", lines=True)
    command = ["label", "many.jsonl", "--model", CHAMPION, "--jobs", "2", "--output"]
    process = begin(*command, "out.csv")
    parts = Path(".out.csv.parts")

    def a_part_is_written():
        assert process.poll() is None
        return list(parts.glob("part-*.json"))

    wait_until(a_part_is_written)
    process.kill_group()
    process.wait()
    assert not Path("out.csv").exists()
    resumed = run(*command, "out.csv")
    assert resumed.returncode == 0, resumed.stderr
    assert "of them before an interruption" in resumed.stdout
    # Each article occurs 150 times, and all its predictions are identical to the last digit.
    expected = load_labeller(CHAMPION).label(long[["id", "text"]])
    table = pd.read_csv("out.csv", dtype={"id": "str", "topics": "str"}, keep_default_na=False)
    assert table["id"].tolist() == many["id"].tolist()
    for name in expected.columns.drop("id"):
        assert table[name].tolist() == expected[name].tolist() * 150, name
    assert not parts.exists()


def test_drift_command_exits_with_1_on_drift_and_2_for_an_unknown_model(logged, newsroom, run):
    articles, labels = newsroom(200, random_state=8)
    articles.to_parquet("same.parquet")
    courts = labels["topics"].map(lambda topics: topics == ("courts",)).to_numpy()
    drifted = articles[courts].assign(text=articles["text"] + " quantum lattice fermion boson spin hadron")
    pd.concat([drifted] * 3).to_parquet("other.parquet")
    drift = run("drift", "other.parquet", "--reference", logged[1].run_id, "--plot", "drift.png")
    assert drift.returncode == 1, drift.stderr
    assert "Drift: share: courts" in drift.stdout
    assert Path("drift.png").read_bytes().startswith(b"\x89PNG")
    unknown_model = run("drift", "same.parquet", "--reference", "models:/none/1")
    assert unknown_model.returncode == 2
