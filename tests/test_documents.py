"""Documents agree with the results and with the code."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from topicdesk.annotation import (
    agreement,
    effective_size,
    fit_to_label,
    prevalence,
    read_annotations,
    read_label_file,
    read_reserved,
    read_taxonomy,
    reserved_in,
    sampling_weights,
)
from topicdesk.corpus import find_duplicates, read_corpus
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


def display_name(classifier):
    return classifier.replace("-", " ").replace("svm", "SVM")


@pytest.mark.slow
def test_results_page_is_up_to_date():
    assert (EXPERIMENTS / "README.md").read_text() == results_page(EXPERIMENTS)


def test_readme_states_the_effect_of_more_labels_on_the_same_articles():
    first, main = (
        read_lock(EXPERIMENTS / f"{name}.lock.json").comparisons["newsarticles"] for name in ("first772", "topics")
    )
    shared = main.shared["first772"]
    assert shared.tested == first.tested
    before, after = first.figures["all"]["linear-svm"]["macro_f1"], shared.figures["linear-svm"]["macro_f1"]
    assert f"macro-F1 of linear SVM grows from {before[0]:.3f} to {after[0]:.3f}" in " ".join(README.split())


@pytest.mark.slow
def test_data_card_states_annotator_agreement_and_label_counts():
    card = (PROJECT.root / "data" / "README.md").read_text()
    names = read_taxonomy(PROJECT.root / "data" / "topics.toml").names
    tables = {name: read_label_file(PROJECT.labels / f"{name}.csv", names) for name in ("gold", "claude")}
    for topic, row in agreement(tables, names).iterrows():
        assert f"| {topic} | {row['positives']:.0f} |" in card
        assert f"| {row['kappa']:.3f}" in card
    dataset = load_dataset(PROJECT, read_spec(EXPERIMENTS / "topics.toml"), "newsarticles")
    for topic, row in dataset.support().iterrows():
        assert f"| {row['random']} | {row['enriched']} | {row['rare-first']} | {row['all']} |" in card, topic
    assert not set(tables["claude"]["article_id"]) & read_reserved(PROJECT.reserved, "newsarticles")


@pytest.mark.slow
def test_readme_shows_the_locked_leaderboard():
    page = results_page(EXPERIMENTS).split("## Topics of news articles\n")[1]
    assert tables(page)[0] in README


def test_readme_states_the_verdict():
    locked = read_lock(EXPERIMENTS / "topics.lock.json").comparisons["newsarticles"]
    words = "Undecided" if locked.outcome == "undecided" else f"{display_name(locked.winner)} wins"
    assert f"The verdict: {words}" in README
    assert f"{display_name(locked.winner)} has the best macro-F1" in " ".join(README.split())


def test_readme_states_the_automation_rate_of_the_winner():
    locked = read_lock(EXPERIMENTS / "topics.lock.json").comparisons["newsarticles"]
    scores = locked.figures[locked.headline][locked.winner]
    rate, (precision, low, high) = scores["automation_rate"][0], scores["automation_precision"]
    expected = (
        f"For {display_name(locked.winner)}, it is {rate:.0%} of the corpus; {precision:.1%} "
        f"[{100 * low:.1f}, {100 * high:.1f}] of them were right"
    )
    assert expected.replace("%", " %") in " ".join(README.split())


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.toml")), ids=lambda path: path.stem)
def test_committed_locks_match_their_specs(path):
    lock = read_lock(lock_path(path))
    assert lock.spec == read_spec(path).content_hash()
    assert lock.experiment == path.stem


def test_locked_accuracies_reach_the_published_ones():
    path = EXPERIMENTS / "published.toml"
    reference, lock = read_spec(path).reference, read_lock(lock_path(path))
    assert read_spec(path).data.labels == (PUBLISHED_LABELS,)
    assert set(reference.figures) == {"reuters-r8", "reuters-r52", "20newsgroups"}
    for corpus, by_classifier in reference.figures.items():
        for classifier, published in by_classifier.items():
            value, _, _ = lock.comparisons[corpus].figures["all"][classifier][reference.metric]
            assert value >= published


def test_data_card_states_the_counts_of_the_gold_labels():
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


def test_data_card_states_the_weighted_topic_frequencies_and_the_true_ones():
    card = (PROJECT.root / "data" / "README.md").read_text()
    names = read_taxonomy(PROJECT.root / "data" / "topics.toml").names
    ids = set(pd.read_csv(PROJECT.labels / "gold.csv", dtype="str")["article_id"])
    gold = read_annotations([PROJECT.labels / "gold.csv"], names, ids)
    everything = read_spec(EXPERIMENTS / "topics.toml").data.labels
    paths = [PROJECT.root / path for path in everything]
    ids = {article for path in paths for article in pd.read_csv(path, dtype="str")["article_id"]}
    labels = read_annotations(paths, names, ids)
    weights = sampling_weights(gold)
    assert weights.sum() == pytest.approx(len(labels)), "gold.csv is drawn from the articles that are all labelled now"
    assert set(sampling_weights(labels)) == {1.0}
    assert f"the effective size is {effective_size(weights):,.0f}" in " ".join(card.split())
    for topic, row in prevalence(gold, names).iterrows():
        share, low, high = (f"{100 * row[name]:.1f}" for name in ("share", "low", "high"))
        effective = effective_size(weights[[topic in named for named in gold["topics"]]])
        true = np.mean([topic in named for named in labels["topics"]])
        assert f"| {topic} | {share} % [{low}, {high}] | {effective:.1f} | {100 * true:.1f} % |" in card
        assert row["low"] <= true <= row["high"]


@pytest.mark.slow
def test_data_card_states_how_many_articles_the_labels_represent():
    articles = read_corpus(PROJECT.corpora / "newsarticles.parquet")
    gold = pd.read_csv(PROJECT.labels / "gold.csv", dtype="str")
    groups = pd.Series(find_duplicates(articles["text"].tolist()).groups)
    labelled = articles["id"].isin(gold["article_id"])
    reserved = articles["id"].isin(reserved_in(PROJECT.reserved, articles))
    left = groups[fit_to_label(articles) & ~groups.isin(groups[labelled | reserved])].nunique()
    assert groups[labelled].nunique() == len(gold) == 772
    claude = pd.read_csv(PROJECT.labels / "claude.csv", dtype="str")
    sizes = claude[(claude["draw"] == "2") & (claude["sample"] == "random")]["stratum_size"]
    assert set(sizes.astype(int)) == {left}
    picked = (gold["sample"] == "enriched").sum()
    assert gold.groupby("sample")["stratum_size"].unique().map(list).to_dict() == {
        "enriched": [str(picked)], "random": [str(len(gold) + left - picked)],
    }  # fmt: skip


def test_badges_are_up_to_date():
    generated = subprocess.run(
        [sys.executable, "-c", "import badges, json; print(json.dumps(badges.badges()))"],
        cwd=PROJECT.root / "docs", capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name, svg in json.loads(generated.stdout).items():
        assert (PROJECT.root / "docs" / "pictures" / name).read_text() == svg, "run docs/badges.py"
        assert f"docs/pictures/{name}" in README


def test_spec_page_names_every_key_and_every_classifier():
    page = (PROJECT.root / "docs" / "reference" / "spec.md").read_text()
    for table, field in Spec.model_fields.items():
        assert f"## `[{table}]`" in page
        if table != "classifiers":
            (model,) = (
                annotation
                for annotation in (field.annotation, *get_args(field.annotation))
                if hasattr(annotation, "model_fields")
            )
            assert all(f"`{key}`" in page for key in model.model_fields), table
    order = [page.index(f"`{name}`") for name in CLASSIFIERS]
    assert order == sorted(order), "classifiers are ordered from the simplest"


def test_make_without_a_target_lists_the_targets():
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
def test_lock_files_pin_packages_by_hash_and_name_no_index(path):
    text = (PROJECT.root / path).read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|file:|^\s*/|^-e|-[cr] /", text, flags=re.MULTILINE)
    for requirement in re.split(r"\n(?=\S)", text):
        if not requirement.startswith("#"):
            assert re.match(r"[\w.\[\]-]+==\S+", requirement)
            assert "--hash=sha256:" in requirement


def test_requirements_lock_pins_each_required_package():
    pinned = re.findall(
        r"^([\w.-]+)(?:\[.*\])?==", (PROJECT.root / "requirements.lock").read_text(), flags=re.MULTILINE
    )
    required = tomllib.loads((PROJECT.root / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {canonicalize_name(Requirement(line).name) for line in required}
    assert names <= set(pinned)
    # jusText has it as an extra of lxml, which old versions of pip skip with a warning.
    assert "lxml-html-clean" in names


def tracked(*options):
    listed = subprocess.run(["git", "ls-files", *options], cwd=PROJECT.root, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if (PROJECT.root / name).is_file()]


def test_committed_files_are_at_most_1_mb():
    for name in tracked():
        assert (PROJECT.root / name).stat().st_size <= 1_000_000, name


#: Kinds of committed files by folder: suffixes, and names of files without a suffix.
KINDS = {
    ".": {
        ".md", ".cff", ".toml", ".lock", ".gitignore", ".gitattributes", ".yaml", "LICENSE", "Makefile", "conftest.py",
    },
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


def test_committed_files_have_known_kinds():
    assert not tracked("--cached", "--ignored", "--exclude-standard")
    for name in tracked():
        folder = name.partition("/")[0] if "/" in name else "."
        if name.startswith(("tests/fuzz/broke/", "tests/corpus/cases/")):  # inputs that once failed, unchanged
            continue
        path = PROJECT.root / name
        assert {path.suffix, path.name} & KINDS.get(folder, set()), f"{name}: unknown kind of file"


def test_promises_name_existing_tests_that_passed_in_the_last_run():
    spec = importlib.util.spec_from_file_location("reliability", PROJECT.root / "docs" / "reliability.py")
    reliability = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reliability)
    record = json.loads(reliability.RECORD.read_text())
    text = reliability.PAGE.read_text()
    assert reliability.written(text, record) == text, "run: python docs/reliability.py"
    for promise in reliability.promises():
        assert promise.get("tests") or promise.get("command")
        assert reliability.figures_of(promise, record)
    for name in reliability.tests():
        file, _, function = name.partition("::")
        assert (PROJECT.root / file).is_file(), name
        assert not function or f"def {function}(" in (PROJECT.root / file).read_text(), name
        assert record["tests"][name].get("passed"), f"{name} did not pass in the last long run"
        assert not record["tests"][name].get("failed"), name
    assert set(record["fuzz"]) == {"page", "dateline", "readers", "spec", "labels"}
    assert all(entry["seconds"] >= 1800 for entry in record["fuzz"].values())
    assert all(entry["killed"] >= 0.9 * entry["mutants"] for entry in record["mutants"].values())
