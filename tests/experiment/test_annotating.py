"""What to label next, what to look at again, and what rules say: on a project, and on R52."""

import os
import pty
import select
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from topicdesk.annotation import read_label_file, suspect_labels, write_annotations
from topicdesk.errors import LabelsError, SpecError
from topicdesk.evaluation import ComparisonPlan, SplitPlan, classifier_named, compare, out_of_fold
from topicdesk.experiment import (
    effect_of,
    load_dataset,
    queue_for,
    read_spec,
    rules_of,
    second_look,
    suspects_of,
    weak_labels,
)
from topicdesk.project import find_project

SPEC = "experiments/small.toml"


@pytest.fixture
def half_labelled(project):
    """Leave 60 of the 90 articles without a label."""
    path = project.labels / "gold.csv"
    write_annotations(read_label_file(path, ["courts", "rail"]).head(30), path)
    return project


@pytest.mark.parametrize("mix", [None, {"uncertain": 1.0}, {"diverse": 0.5, "disagreement": 0.5}])
def test_a_queue_holds_neither_labelled_nor_reserved_articles_nor_copies(half_labelled, mix):
    labelled = set(read_label_file(half_labelled.labels / "gold.csv", ["courts", "rail"])["article_id"])
    half_labelled.reserved.write_text("n40\nn41\n")
    queue = queue_for(SPEC, 90, mix)
    assert queue["article_id"].is_unique
    assert not set(queue["article_id"]) & (labelled | {"n40", "n41"})
    assert len(queue) > 30


def test_without_a_label_keywords_say_where_rare_topics_are(half_labelled):
    write_annotations(
        read_label_file(half_labelled.labels / "gold.csv", ["courts", "rail"]).head(0),
        half_labelled.labels / "gold.csv",
    )
    queue = queue_for(SPEC, 10, {"rare-first": 1.0})
    assert len(queue) == 10


def test_a_spec_that_cannot_be_labelled_further_is_told(project):
    spec = project.root / "experiments" / "several.toml"
    spec.write_text((project.root / SPEC).read_text().replace('corpus = "data', 'corpus = ["a.parquet", "data').replace(
        'newsroom.parquet"', 'newsroom.parquet"]'))  # fmt: skip
    with pytest.raises(SpecError, match="one corpus"):
        queue_for(spec, 5)


@pytest.mark.slow
def test_a_planted_error_is_suspect_and_a_second_look_mends_it(project):
    path = project.labels / "gold.csv"
    labels = read_label_file(path, ["courts", "rail"])
    sure = labels.index[labels["topics"] == ("courts",)][:2]
    labels.loc[sure, "topics"] = pd.Series([("rail",)] * 2, index=sure)
    write_annotations(labels, path)
    suspects = suspects_of(SPEC, "linear-svm", jobs=1)
    assert set(labels.loc[sure, "article_id"]) <= set(suspects["article_id"].head(4))

    again = suspects[suspects["article_id"].isin(labels.loc[sure, "article_id"])]
    session = second_look(SPEC, again, annotator="lena")
    while session.shown is not None:
        assert session.shown.chosen == ("rail",)
        assert session.shown.answers[0] == ("tests", "rail")
        assert session.shown.answers[1][0] == "classifier"
        session.decide(["courts"])
    assert session.decisions() == dict.fromkeys(labels.loc[sure, "article_id"], ("courts",))
    effect = effect_of(SPEC, session.decisions(), "linear-svm", jobs=1)
    assert effect.loc["macro_f1", "after"] > effect.loc["macro_f1", "before"]
    assert list(effect.index) == ["macro_f1", "F1 of courts", "F1 of rail"]
    settled = read_label_file(project.labels / "adjudicated.csv", ["courts", "rail"])
    assert settled["topics"].tolist() == [("courts",)] * 2
    for when in ("before", "after"):
        assert effect[when].between(effect[f"{when}_low"], effect[f"{when}_high"]).all()

    reads_them = project.root / "experiments" / "settled.toml"
    labels_of_both = 'labels = ["data/labels/gold.csv", "data/labels/adjudicated.csv"]'
    spec = (project.root / SPEC).read_text().replace('labels = ["data/labels/gold.csv"]', labels_of_both)
    reads_them.write_text(spec)
    with pytest.raises(SpecError, match=r"before=session\.proposed"):
        effect_of(reads_them, session.decisions(), "linear-svm", jobs=1)
    told = effect_of(reads_them, session.decisions(), "linear-svm", jobs=1, before=session.proposed)
    pd.testing.assert_frame_equal(told, effect)


@pytest.mark.slow
def test_planted_noise_is_found_on_r52():
    project = find_project(__file__)
    data = load_dataset(project, read_spec(project.root / "experiments" / "published.toml"), "reuters-r52")
    rng = np.random.default_rng(52)
    few = int(0.05 * len(data))
    planted = rng.choice(len(data), few, replace=False)
    classes = data.Y.argmax(axis=1)
    classes[planted] = (classes[planted] + rng.integers(1, data.n_topics, few)) % data.n_topics
    noisy = replace(data, Y=np.eye(data.n_topics, dtype=np.int8)[classes])
    judge = classifier_named("linear-svm").with_grid({"C": [0.3, 1.0]})
    plan = ComparisonPlan((judge,), splits=SplitPlan(folds=5, repeats=1), inner_folds=2, resamples=20)
    found = out_of_fold(compare(noisy, plan), "linear-svm")
    suspects = suspect_labels(noisy.ids, noisy.Y, found.probabilities, noisy.topics, "multi-class")
    first = set(suspects["article_id"].head(few))
    assert len(first & set(data.ids[planted])) >= few / 2


def test_rules_are_judged_on_what_was_drawn_at_random_alone(project):
    table = rules_of(SPEC).set_index("keyword")
    labels = read_label_file(project.labels / "gold.csv", ["courts", "rail"])
    assert table["fired"].max() < (labels["sample"] == "random").sum()
    assert table.loc["verdict", "precision"] == 1  # no other phrase of the newsroom holds the word
    assert set(table["topic"]) == {"courts", "rail"}


@pytest.mark.parametrize("method", ["majority", "dawid-skene"])
def test_weak_labels_cover_the_corpus_and_are_refused_in_an_experiment(project, method):
    made = weak_labels(SPEC, method)
    assert len(made) == 90
    write_annotations(made, project.labels / "weak.csv")
    spec = project.root / SPEC
    spec.write_text(spec.read_text().replace("gold.csv", "weak.csv"))
    with pytest.raises(LabelsError, match="made by rules"):
        load_dataset(project, read_spec(spec), "data/corpora/newsroom.parquet")


def test_the_commands_say_what_they_did(half_labelled, run):
    done = run("labels", "queue", SPEC, "--count", "8", "--mix", "random=0.75,diverse=0.25", "--output", "q.csv")
    assert done.returncode == 0, done.stderr
    assert "8 articles drawn (6 random, 2 diverse): q.csv" in done.stdout
    wrong = run("labels", "queue", SPEC, "--mix", "randm=1", "--output", "q.csv")
    assert (wrong.returncode, "did you mean 'random'" in wrong.stderr) == (2, True)
    rules = run("labels", "rules", SPEC, "--output", "weak.csv")
    assert "90 weak labels: weak.csv. They are never used for evaluation." in rules.stdout
    taxonomy = half_labelled.root / "data" / "topics.toml"
    taxonomy.write_text(taxonomy.read_text().replace("version = 1", "version = 2"))
    old = run("labels", "outdated", "gold")
    assert "gold: 30 of 30 labels were made with other definitions" in old.stdout
    (half_labelled.labels / "tom.csv").write_bytes((half_labelled.labels / "gold.csv").read_bytes())
    agreed = run("labels", "agreement", "gold", "tom")
    assert "1.0 [1.0, 1.0]" in agreed.stdout
    assert "Articles with disagreement: 0" in agreed.stdout
    assert run("labels", "agreement", "gold").returncode == 2
    piped = run("annotate", "data/corpora/newsroom.parquet", "--annotator", "maria")
    assert (piped.returncode, "needs a terminal" in piped.stderr) == (2, True)
    assert not list(half_labelled.labels.glob("*maria*")), "nothing is written"


@pytest.mark.slow
def test_articles_are_labelled_in_a_real_terminal(half_labelled):
    """Keys through a pseudo-terminal: two decisions, one taken back and changed, a note, and stop."""
    queue = pd.DataFrame({"article_id": ["n40", "n50", "n60"], "sample": ["random", "rare-first", "random"]})
    queue.to_csv("q.csv", index=False)
    ours, theirs = pty.openpty()
    command = ["annotate", "data/corpora/newsroom.parquet", "--annotator", "maria", "--queue", "q.csv"]
    process = subprocess.Popen(
        [sys.executable, "-m", "topicdesk", *command], stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    )
    os.close(theirs)
    seen = ""

    def wait_for(text):
        nonlocal seen
        while text not in seen:
            ready, _, _ = select.select([ours], [], [], 600)
            assert ready, f"waiting for {text!r}; seen: {seen}"
            seen += os.read(ours, 65536).decode()
        seen = seen.partition(text)[2]

    def press(keys):
        os.write(ours, keys.encode())

    wait_for("article n40 · 3 left")
    wait_for("> (none)")
    press("2")
    wait_for("> rail")
    press("\r")
    wait_for("Saved: rail.")
    wait_for("article n50 · 2 left")
    press("z")
    wait_for("article n40 · 3 left")
    wait_for("> rail")
    press("1")
    wait_for("> rail courts")
    press("n")
    wait_for("Note")
    press("both\n")
    wait_for("note: both")
    press("\r")
    wait_for("article n50 · 2 left")
    press("q")
    wait_for("Stopped: 1 labelled")
    assert process.wait() == 0
    os.close(ours)
    (row,) = read_label_file(half_labelled.labels / "maria.csv", ["courts", "rail"]).to_dict("records")
    assert (row["article_id"], row["topics"], row["note"]) == ("n40", ("rail", "courts"), "both")


def test_a_queue_needs_no_keywords(half_labelled):
    taxonomy = half_labelled.root / "data" / "topics.toml"
    taxonomy.write_text("\n".join(one for one in taxonomy.read_text().splitlines() if not one.startswith("keywords")))
    assert len(queue_for(SPEC, 10, {"rare-first": 1.0})) == 10
