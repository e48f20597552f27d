"""What documents say is what commands give."""

import importlib.util
import json
import re
import subprocess
import sys
from typing import get_args

import pandas as pd
import pytest

from topicdesk.annotation import agreement, read_annotations, read_label_file, read_reserved, read_taxonomy
from topicdesk.evaluation import CLASSIFIERS
from topicdesk.experiment import (
    PUBLISHED_LABELS,
    Spec,
    load_dataset,
    lock_path,
    read_lock,
    read_spec,
    results_page,
)
from topicdesk.project import find_project

PROJECT = find_project(__file__)
EXPERIMENTS = PROJECT.root / "experiments"
README = (PROJECT.root / "README.md").read_text()


def tables(markdown):
    return re.findall(r"(?:^\|.*\n)+", markdown, flags=re.MULTILINE)


def spelt(classifier):
    return classifier.replace("-", " ").replace("svm", "SVM")


@pytest.mark.slow
def test_the_page_of_results_is_written_from_the_locks():
    assert (EXPERIMENTS / "README.md").read_text() == results_page(EXPERIMENTS)


def test_the_readme_tells_what_more_labels_brought():
    told = []
    for name in ("extended", "topics"):
        locked = read_lock(EXPERIMENTS / f"{name}.lock.json").comparisons["newsarticles"]
        value, low, high = locked.figures["all"][locked.winner]["macro_f1"]
        told.append(f"{value:.3f} [{low:.3f}, {high:.3f}]")
        assert locked.winner == "linear-svm"
    assert f"winner, at macro-F1 {told[0]} instead of {told[1]}" in " ".join(README.split())


@pytest.mark.slow
def test_the_data_card_tells_how_far_annotators_agree_and_what_they_labelled():
    card = (PROJECT.root / "data" / "README.md").read_text()
    names = read_taxonomy(PROJECT.root / "data" / "topics.toml").names
    tables = {name: read_label_file(PROJECT.labels / f"{name}.csv", names) for name in ("gold", "claude")}
    for topic, row in agreement(tables, names).iterrows():
        assert f"| {topic} | {row['positives']:.0f} |" in card
        assert f"| {row['kappa']:.3f}" in card
    dataset = load_dataset(PROJECT, read_spec(EXPERIMENTS / "extended.toml"), "newsarticles")
    for topic, row in dataset.support().iterrows():
        assert f"| {row['random']} | {row['enriched']} | {row['rare-first']} | {row['all']} |" in card, topic
    assert not set(tables["claude"]["article_id"]) & read_reserved(PROJECT.reserved, "newsarticles")


@pytest.mark.slow
def test_the_readmes_leaderboard_is_the_locked_one():
    page = results_page(EXPERIMENTS).split("## Topics of news articles\n")[1]
    assert tables(page)[0] in README


def test_the_readme_names_the_winner():
    winner = read_lock(EXPERIMENTS / "topics.lock.json").comparisons["newsarticles"].winner
    assert f"The verdict: {spelt(winner)} wins" in README


def test_the_readme_tells_the_winners_automation_rate():
    locked = read_lock(EXPERIMENTS / "topics.lock.json").comparisons["newsarticles"]
    figures = locked.figures["all"][locked.winner]
    rate, (right, low, high) = figures["automation_rate"][0], figures["automation_precision"]
    told = (
        f"For {spelt(locked.winner)}, it is {rate:.0%} of these articles; {right:.1%} "
        f"[{100 * low:.1f}, {100 * high:.1f}] of them were right"
    )
    assert told.replace("%", " %") in " ".join(README.split())


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_committed_lock_is_of_its_spec_as_it_stands(path):
    lock = read_lock(lock_path(path))
    assert lock.spec == read_spec(path).content_hash()
    assert lock.experiment == path.stem


def test_our_accuracies_are_at_least_the_published_ones():
    path = EXPERIMENTS / "published.toml"
    reference, lock = read_spec(path).reference, read_lock(lock_path(path))
    assert read_spec(path).data.labels == (PUBLISHED_LABELS,)
    assert set(reference.figures) == {"reuters-r8", "reuters-r52", "20newsgroups"}
    for corpus, by_classifier in reference.figures.items():
        for classifier, published in by_classifier.items():
            value, _, _ = lock.comparisons[corpus].figures["all"][classifier][reference.metric]
            assert value >= published


def test_the_data_card_counts_what_is_there():
    taxonomy = read_taxonomy(PROJECT.root / "data" / "topics.toml")
    path = PROJECT.root / "data" / "labels" / "gold.csv"
    ids = pd.read_csv(path, dtype="str")["article_id"]
    gold = read_annotations([path], taxonomy.names, set(ids), read_reserved(PROJECT.reserved, "newsarticles"))
    card = (PROJECT.root / "data" / "README.md").read_text()

    def row(name, rows):
        counts = [int((rows["sample"] == sample).sum()) for sample in ("random", "enriched")]
        return f"| {name} | {counts[0]} | {counts[1]} | {len(rows)} |"

    for topic in taxonomy.names:
        assert row(topic, gold[[topic in named for named in gold["topics"]]]) in card
    assert row("(none)", gold[[not named for named in gold["topics"]]]) in card
    assert row("(articles)", gold) in card
    assert f"{len(read_reserved(PROJECT.reserved, 'newsarticles'))} article ids" in card
    assert set(gold["codebook"]) == {str(taxonomy.codebook.version)}


def test_badges_say_what_they_speak_of():
    made = subprocess.run(
        [sys.executable, "-c", "import badges, json; print(json.dumps(badges.badges()))"],
        cwd=PROJECT.root / "docs", capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name, svg in json.loads(made.stdout).items():
        assert (PROJECT.root / "docs" / "pictures" / name).read_text() == svg, "run docs/badges.py"
        assert f"docs/pictures/{name}" in README


def test_the_page_of_a_spec_names_every_key_and_every_classifier():
    page = (PROJECT.root / "docs" / "reference" / "spec.md").read_text()
    for table, field in Spec.model_fields.items():
        assert f"## `[{table}]`" in page
        if table != "classifiers":
            (model,) = (one for one in (field.annotation, *get_args(field.annotation)) if hasattr(one, "model_fields"))
            assert all(f"`{key}`" in page for key in model.model_fields), table
    order = [page.index(f"`{name}`") for name in CLASSIFIERS]
    assert order == sorted(order), "from the simplest"


def test_make_alone_lists_the_targets_with_a_line_each():
    make = ["make", "-C", PROJECT.root, "--no-print-directory"]
    listed = subprocess.run(make, capture_output=True, text=True, check=True)
    lines = dict(line.split(maxsplit=1) for line in listed.stdout.splitlines())
    targets = [
        "setup",
        "setup-dev",
        "data",
        "reproduce",
        "verify",
        "review",
        "notebooks",
        "docs",
        "lab",
        "package",
        "serve",
        "test",
        "lint",
        "fuzz",
        "mutants",
        "audit",
        "torture",
        "coverage",
        "bench",
        "lock",
        "clean",
    ]
    assert set(targets) <= set(lines)
    assert all(lines.values())


LOCKS = sorted(
    path
    for path in subprocess.run(
        ["git", "ls-files", "*.lock"], cwd=PROJECT.root, capture_output=True, text=True, check=True
    ).stdout.splitlines()
)


def test_every_environment_has_a_lock():
    assert {"requirements.lock", "environments/dev.lock", "environments/uv.lock"} < set(LOCKS)


@pytest.mark.parametrize("path", LOCKS)
def test_a_lock_file_pins_by_hash_and_names_no_place(path):
    text = (PROJECT.root / path).read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|file:|^\s*/|^-e", text, flags=re.MULTILINE)
    for requirement in re.split(r"\n(?=\S)", text):
        if not requirement.startswith("#"):
            assert re.match(r"[\w.\[\]-]+==\S+", requirement)
            assert "--hash=sha256:" in requirement


def tracked(*options):
    listed = subprocess.run(["git", "ls-files", *options], cwd=PROJECT.root, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if (PROJECT.root / name).is_file()]


def test_nothing_large_is_committed():
    for name in tracked():
        assert (PROJECT.root / name).stat().st_size <= 1_000_000, name


#: What is committed, by folder: endings, and names of files without one.
KINDS = {
    ".": {".md", ".cff", ".toml", ".lock", ".gitignore", ".gitattributes", ".yaml", "LICENSE", "Makefile"},
    ".ci": {".py", ".in", ".lock", "run"},
    ".github": {".yml", ".md"},
    "benchmarks": {".py", ".md", ".in", ".lock"},
    "data": {".toml", ".md", ".csv", ".json", ".jsonl", ".txt"},
    "docs": {".md", ".py", ".toml", ".json", ".css", ".png", ".svg"},
    "environments": {".py", ".in", ".lock"},
    "experiments": {".toml", ".json", ".md"},
    "notebooks": {".ipynb"},
    "src": {".py", ".pyi", ".typed", ".js", ".css", ".j2", ".toml", ".jsonl", ".txt", ".csv", ".ipynb", "gitignore",
            "Makefile"},
    "tests": {".py"},
}  # fmt: skip


def test_only_files_that_somebody_needs_are_committed():
    assert not tracked("--cached", "--ignored", "--exclude-standard")
    for name in tracked():
        folder = name.partition("/")[0] if "/" in name else "."
        if name.startswith("tests/fuzz/broke/"):  # inputs that once broke something, as they came
            continue
        path = PROJECT.root / name
        assert {path.suffix, path.name} & KINDS.get(folder, set()), f"{name}: what is it for?"


def test_every_promise_names_a_test_that_there_is_and_the_figure_of_its_last_run():
    spec = importlib.util.spec_from_file_location("reliability", PROJECT.root / "docs" / "reliability.py")
    reliability = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reliability)
    kept = json.loads(reliability.RECORD.read_text())
    text = reliability.PAGE.read_text()
    assert reliability.written(text, kept) == text, "run: python docs/reliability.py"
    for promise in reliability.promises():
        assert promise.get("tests") or promise.get("command")
        assert reliability.figures_of(promise, kept)
    for name in reliability.tests():
        file, _, function = name.partition("::")
        assert (PROJECT.root / file).is_file(), name
        assert not function or f"def {function}(" in (PROJECT.root / file).read_text(), name
        assert kept["tests"][name].get("passed"), f"{name} passed in the last long run"
        assert not kept["tests"][name].get("failed"), name
    assert set(kept["fuzz"]) == {"page", "dateline", "readers", "spec", "labels"}
    assert all(one["seconds"] >= 1800 for one in kept["fuzz"].values())
    assert all(one["killed"] >= 0.9 * one["mutants"] for one in kept["mutants"].values())
