"""From a comparison to labels of new articles, as a user types it."""

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
    """A project whose winner is registered."""
    (comparison,) = log_experiment(run_experiment(project.root / "experiments" / "small.toml", jobs=1))
    return project, comparison


def test_files_are_labelled_and_what_decided_is_shown(logged, newsroom, run):
    project, comparison = logged
    articles, _ = newsroom(12)
    articles.to_csv("new.csv", index=False)
    done = run("label", "new.csv", "--output", "out.parquet", "--model", CHAMPION, "--explain", "2")
    assert done.returncode == 0, done.stderr
    assert "The first 8 of 12" in done.stdout
    assert "12 articles labelled into out.parquet" in done.stdout
    found = pd.read_parquet("out.parquet")
    said = load_labeller(comparison.run_id, project).label(articles, explain=2)
    assert found["topics"].tolist() == said["topics"].tolist()
    assert found["terms_rail"].tolist() == said["terms_rail"].tolist()
    shown = found.head(8)
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
    none = run("label", "new.csv", "--output", "twice.csv", "--model", "models:/none@champion")
    assert none.returncode == 2
    assert "'topicdesk compare SPEC' registers the winner as a model" in none.stderr
    both = run("label", "new.csv", "--output", "twice", "--model", CHAMPION, "--engine", "dask")
    assert "use --engine dask and --scheduler together" in both.stderr


def test_a_labelling_that_is_killed_with_its_processes_goes_on_where_it_was(logged, newsroom, begin, run, wait_until):
    articles, _ = newsroom(60)
    long = articles.assign(text=[text + " The choir sang on the market square." * 70 for text in articles["text"]])
    many = pd.concat([long] * 150, ignore_index=True)  # five parts
    many["id"] = [f"m{number}" for number in range(len(many))]
    many[["id", "text"]].to_json("many.jsonl", orient="records", lines=True)
    command = ["label", "many.jsonl", "--model", CHAMPION, "--jobs", "2", "--output"]
    process = begin(*command, "out.csv")
    parts = Path(".out.csv.parts")

    def one_is_written():
        assert process.poll() is None
        return list(parts.glob("part-*.json"))

    wait_until(one_is_written)
    process.kill_group()
    process.wait()
    assert not Path("out.csv").exists()
    resumed = run(*command, "out.csv")
    assert resumed.returncode == 0, resumed.stderr
    assert "of them before an interruption" in resumed.stdout
    # Each article stands there many times, and is said the same of each time: to the last digit.
    said = load_labeller(CHAMPION).label(long)
    found = pd.read_csv("out.csv", dtype={"id": "str", "topics": "str"}, keep_default_na=False)
    assert found["id"].tolist() == many["id"].tolist()
    for name in said.columns.drop("id"):
        assert found[name].tolist() == said[name].tolist() * 150, name
    assert not parts.exists()


def test_drift_says_no_of_the_same_and_yes_of_others_with_its_exit_code(logged, newsroom, run):
    articles, labels = newsroom(200, seed=8)
    articles.to_parquet("same.parquet")
    courts = labels["topics"].map(lambda topics: topics == ("courts",)).to_numpy()
    strange = articles[courts].assign(text=articles["text"] + " quantum lattice fermion boson spin hadron")
    pd.concat([strange] * 3).to_parquet("other.parquet")
    other = run("drift", "other.parquet", "--reference", logged[1].run_id, "--plot", "drift.png")
    assert other.returncode == 1, other.stderr
    assert "Drift: share: courts" in other.stdout
    assert Path("drift.png").read_bytes().startswith(b"\x89PNG")
    few = run("drift", "same.parquet", "--reference", "models:/none/1")
    assert few.returncode == 2
