"""Annotation queues, suspect labels, second looks, rules and weak labels, on a small project and on R52."""

import os
import pty
import select
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from topicdesk import TopicClassifier
from topicdesk.annotation import read_label_file, read_labels, suspect_labels, write_annotations
from topicdesk.corpus import find_duplicates, read_corpus
from topicdesk.errors import LabelsError, SpecError
from topicdesk.evaluation import ComparisonPlan, SplitPlan, classifier_named, compare, out_of_fold
from topicdesk.experiment import (
    effect_of,
    export_for,
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
    """Remove the labels of 60 of the 90 articles."""
    path = project.labels / "gold.csv"
    write_annotations(read_label_file(path, ["courts", "rail"]).head(30), path)
    return project


@pytest.mark.parametrize("mix", [None, {"uncertain": 1.0}, {"diverse": 0.5, "disagreement": 0.5}])
def test_queue_for_has_no_labelled_reserved_or_repeated_articles(half_labelled, mix):
    labelled = set(read_label_file(half_labelled.labels / "gold.csv", ["courts", "rail"])["article_id"])
    half_labelled.reserved.write_text("n40\nn41\n")
    queue = queue_for(SPEC, 90, mix)
    assert queue["article_id"].is_unique
    assert not set(queue["article_id"]) & (labelled | {"n40", "n41"})
    articles = read_corpus(half_labelled.corpora / "newsroom.parquet")
    group = pd.Series(find_duplicates(articles["text"].tolist()).groups, index=articles["id"])
    excluded = set(group[list(labelled | {"n40", "n41"})])
    expected = sorted(set(group) - excluded)
    assert sorted(group[queue["article_id"]]) == expected, "one article of each group of near-duplicates"


def test_queue_for_numbers_the_draw_and_records_the_strata(half_labelled):
    path = half_labelled.labels / "gold.csv"
    queue = queue_for(SPEC, 10)
    assert set(queue["draw"]) == {2}, "labels without a draw are of the first"
    left = len(queue_for(SPEC, 90))
    sizes = queue.groupby("sample")["stratum_size"].unique().map(list).to_dict()
    assert sizes == {"random": [left - 5], "uncertain": [5]}
    labels = read_label_file(path, ["courts", "rail"])
    write_annotations(labels.assign(draw=[3] + [1] * (len(labels) - 1)), path)
    assert set(queue_for(SPEC, 10)["draw"]) == {4}


def test_queue_for_draws_rare_topics_without_any_label(half_labelled):
    write_annotations(
        read_label_file(half_labelled.labels / "gold.csv", ["courts", "rail"]).head(0),
        half_labelled.labels / "gold.csv",
    )
    queue = queue_for(SPEC, 10, {"rare-first": 1.0})
    assert len(queue) == 10


def test_queue_for_rejects_a_spec_with_several_corpora(project):
    spec = project.root / "experiments" / "several.toml"
    spec.write_text((project.root / SPEC).read_text().replace('corpus = "data', 'corpus = ["a.parquet", "data').replace(
        'newsroom.parquet"', 'newsroom.parquet"]'))  # fmt: skip
    with pytest.raises(SpecError, match="one corpus"):
        queue_for(spec, 5)


@pytest.mark.slow
def test_suspects_of_finds_planted_errors_and_second_look_corrects_them(project):
    path = project.labels / "gold.csv"
    labels = read_label_file(path, ["courts", "rail"])
    planted = labels.index[labels["topics"] == ("courts",)][:2]
    labels.loc[planted, "topics"] = pd.Series([("rail",)] * 2, index=planted)
    write_annotations(labels, path)
    suspects = suspects_of(SPEC, "linear-svm", n_jobs=1)
    assert set(labels.loc[planted, "article_id"]) <= set(suspects["article_id"].head(4))

    to_review = suspects[suspects["article_id"].isin(labels.loc[planted, "article_id"])]
    session = second_look(SPEC, to_review, annotator="lena")
    while session.shown is not None:
        assert session.shown.chosen == ("rail",)
        assert session.shown.answers[0] == ("tests", "rail")
        assert session.shown.answers[1][0] == "classifier"
        session.decide(["courts"])
    assert session.decisions() == dict.fromkeys(labels.loc[planted, "article_id"], ("courts",))
    effect = effect_of(SPEC, session.decisions(), "linear-svm", n_jobs=1)
    assert effect.loc["macro_f1", "after"] > effect.loc["macro_f1", "before"]
    assert list(effect.index) == ["macro_f1", "F1 of courts", "F1 of rail"]
    adjudicated = read_label_file(project.labels / "adjudicated.csv", ["courts", "rail"])
    assert adjudicated["topics"].tolist() == [("courts",)] * 2
    for when in ("before", "after"):
        assert effect[when].between(effect[f"{when}_low"], effect[f"{when}_high"]).all()

    spec_with_both = project.root / "experiments" / "settled.toml"
    labels_of_both = 'labels = ["data/labels/gold.csv", "data/labels/adjudicated.csv"]'
    spec = (project.root / SPEC).read_text().replace('labels = ["data/labels/gold.csv"]', labels_of_both)
    spec_with_both.write_text(spec)
    with pytest.raises(SpecError, match=r"before=session\.proposed"):
        effect_of(spec_with_both, session.decisions(), "linear-svm", n_jobs=1)
    effect_with_before = effect_of(spec_with_both, session.decisions(), "linear-svm", n_jobs=1, before=session.proposed)
    pd.testing.assert_frame_equal(effect_with_before, effect)


@pytest.mark.slow
def test_suspect_labels_finds_planted_noise_in_r52():
    project = find_project(__file__)
    data = load_dataset(project, read_spec(project.root / "experiments" / "published.toml"), "reuters-r52")
    rng = np.random.default_rng(52)
    n_planted = int(0.05 * len(data))
    planted = rng.choice(len(data), n_planted, replace=False)
    classes = data.Y.argmax(axis=1)
    classes[planted] = (classes[planted] + rng.integers(1, data.n_topics, n_planted)) % data.n_topics
    noisy = replace(data, Y=np.eye(data.n_topics, dtype=np.int8)[classes])
    classifier = classifier_named("linear-svm").with_grid({"C": [0.3, 1.0]})
    plan = ComparisonPlan((classifier,), splits=SplitPlan(folds=5, repeats=1), inner_folds=2, resamples=20)
    held_out = out_of_fold(compare(noisy, plan), "linear-svm")
    suspects = suspect_labels(noisy.ids, noisy.Y, held_out.probabilities, noisy.topics, "multi-class")
    most_suspect = set(suspects["article_id"].head(n_planted))
    assert len(most_suspect & set(data.ids[planted])) >= n_planted / 2


def test_rules_of_evaluates_rules_on_the_random_sample_only(project):
    table = rules_of(SPEC).set_index("keyword")
    labels = read_label_file(project.labels / "gold.csv", ["courts", "rail"])
    assert table["fired"].max() < (labels["sample"] == "random").sum()
    assert table.loc["verdict", "precision"] == 1  # no other phrase of the newsroom contains the word
    assert set(table["topic"]) == {"courts", "rail"}


@pytest.mark.parametrize("method", ["majority", "dawid-skene"])
def test_weak_labels_covers_the_corpus_and_load_dataset_rejects_the_labels(project, method):
    weak = weak_labels(SPEC, method)
    assert len(weak) == 90
    write_annotations(weak, project.labels / "weak.csv")
    spec = project.root / SPEC
    spec.write_text(spec.read_text().replace("gold.csv", "weak.csv"))
    with pytest.raises(LabelsError, match="made by rules"):
        load_dataset(project, read_spec(spec), "data/corpora/newsroom.parquet")


def test_labels_commands_report_their_results(half_labelled, run):
    done = run("annotations", "queue", SPEC, "--count", "8", "--mix", "random=0.75,diverse=0.25", "--output", "q.csv")
    assert done.returncode == 0, done.stderr
    assert "8 articles drawn (6 random, 2 diverse): q.csv" in done.stdout
    assert "no more" not in done.stdout
    all_left = run("annotations", "queue", SPEC, "--count", "90", "--mix", "random=1", "--output", "q.csv")
    assert "There are no more: other articles are labelled, reserved, or near-duplicates. 90 were" in all_left.stdout
    wrong = run("annotations", "queue", SPEC, "--mix", "randm=1", "--output", "q.csv")
    assert (wrong.returncode, "did you mean 'random'" in wrong.stderr) == (2, True)
    rules = run("annotations", "rules", SPEC, "--output", "weak.csv")
    assert "90 weak labels: weak.csv. They are never used for evaluation." in rules.stdout
    taxonomy = half_labelled.root / "data" / "topics.toml"
    taxonomy.write_text(taxonomy.read_text().replace("version = 1", "version = 2"))
    outdated = run("annotations", "outdated", "gold")
    assert "gold: 30 of 30 labels were made with other definitions" in outdated.stdout
    (half_labelled.labels / "tom.csv").write_bytes((half_labelled.labels / "gold.csv").read_bytes())
    agreement = run("annotations", "agreement", "gold", "tom")
    assert "1.0 [1.0, 1.0]" in agreement.stdout
    assert "Articles with disagreement: 0" in agreement.stdout
    assert run("annotations", "agreement", "gold").returncode == 2
    piped = run("annotate", "data/corpora/newsroom.parquet", "--annotator", "maria")
    assert (piped.returncode, "needs a terminal" in piped.stderr) == (2, True)
    assert not list(half_labelled.labels.glob("*maria*")), "no label file is written"


@pytest.mark.slow
def test_annotate_command_works_in_a_real_terminal(half_labelled):
    """Send keys through a pseudo-terminal: two decisions, one of them undone and changed, a note, and quit."""
    queue = pd.DataFrame({"article_id": ["n40", "n50", "n60"], "sample": ["random", "rare-first", "random"]})
    queue.to_csv("q.csv", index=False)
    controller, terminal = pty.openpty()
    command = ["annotate", "data/corpora/newsroom.parquet", "--annotator", "maria", "--queue", "q.csv"]
    process = subprocess.Popen(
        [sys.executable, "-m", "topicdesk", *command], stdin=terminal, stdout=terminal, stderr=terminal, close_fds=True
    )
    os.close(terminal)
    output = ""

    def wait_for(text):
        nonlocal output
        while text not in output:
            ready, _, _ = select.select([controller], [], [], 600)
            assert ready, f"waiting for {text!r}; output so far: {output}"
            output += os.read(controller, 65536).decode()
        output = output.partition(text)[2]

    def press(keys):
        os.write(controller, keys.encode())

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
    os.close(controller)
    (row,) = read_label_file(half_labelled.labels / "maria.csv", ["courts", "rail"]).to_dict("records")
    assert (row["article_id"], row["topics"], row["note"]) == ("n40", ("rail", "courts"), "both")


def test_queue_for_draws_rare_topics_without_keywords(half_labelled):
    taxonomy = half_labelled.root / "data" / "topics.toml"
    taxonomy.write_text(
        "\n".join(line for line in taxonomy.read_text().splitlines() if not line.startswith("keywords"))
    )
    assert len(queue_for(SPEC, 10, {"rare-first": 1.0})) == 10


@pytest.mark.parametrize(("task", "choice"), [("multi-label", "multiple"), ("multi-class", "single")])
def test_annotate_export_writes_the_labelling_interface_of_the_task(half_labelled, run, task, choice):
    pd.DataFrame({"article_id": ["n40", "n41"], "sample": "random"}).to_csv("q.csv", index=False)
    spec = half_labelled.root / SPEC
    spec.write_text(spec.read_text().replace("[features]", f'task = "{task}"\n\n[features]', 1))
    done = run("annotate", "export", SPEC, "--queue", "q.csv", "--output", "tasks.json")
    assert done.returncode == 0, done.stderr
    assert f'choice="{choice}"' in (half_labelled.root / "tasks.xml").read_text()


def test_export_for_rejects_a_spec_without_topics(half_labelled):
    spec = half_labelled.root / SPEC
    without = (
        spec.read_text().replace('topics = "data/topics.toml"\n', "").replace('["data/labels/gold.csv"]', '"published"')
    )
    spec.write_text(without)
    queue = pd.DataFrame({"article_id": ["n40"], "sample": "random"})
    with pytest.raises(SpecError, match=r"needs one corpus and a taxonomy \(data\.topics\)"):
        export_for(SPEC, "tasks.json", queue=queue)


@pytest.mark.parametrize("format", ["doccano", "csv"])
def test_annotate_export_warns_that_suggestions_are_labels_in_doccano(half_labelled, run, format):
    articles = read_corpus(half_labelled.corpora / "newsroom.parquet").head(16)
    model = TopicClassifier("multinomial-nb", text=["title", "text"], inner_cv=2, n_jobs=1)
    model.fit(articles, [["courts"], ["rail"]] * 8).save("model")
    pd.DataFrame({"article_id": ["n40", "n41"], "sample": ["random", "uncertain"]}).to_csv("q.csv", index=False)
    options = ("--queue", "q.csv", "--format", format, "--output", "tasks.jsonl", "--model", "model")
    done = run("annotate", "export", SPEC, *options)
    assert done.returncode == 0, done.stderr
    assert ("suggestions are labels" in done.stdout) == (format == "doccano")
    if format == "doccano":
        labels = read_labels("tasks.jsonl", read_corpus(half_labelled.corpora / "newsroom.parquet"))
        assert dict(zip(labels["article_id"], labels["sample"], strict=True)) == {"n40": "random", "n41": "uncertain"}
