"""Logged runs in a real SQLite store of MLflow."""

import html
import multiprocessing
import os
import re
from dataclasses import replace
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType

from support.commands import context
from topicdesk.errors import TrackingError
from topicdesk.evaluation import ALL_SAMPLES, PROBABILITY_METRICS, scores_where
from topicdesk.experiment import log_experiment, run_experiment
from topicdesk.project import Project
from topicdesk.tracking import open_store, resume_logging
from topicdesk.tracking.store import PROCESS_TAG, experiment_id, process_name

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("store")]


@pytest.fixture
def logged(project):
    result = run_experiment(project.root / "experiments" / "small.toml", n_jobs=1)
    (run,) = log_experiment(result)
    client = open_store(project)
    experiment = client.get_experiment_by_name("small")
    children = client.search_runs([experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{run.run_id}'")
    return result, client, client.get_run(run.run_id), {child.info.run_name: child for child in children}


def artifacts(client, run_id, path=None):
    names = []
    for artifact in client.list_artifacts(run_id, path):
        names += artifacts(client, run_id, artifact.path) if artifact.is_dir else [artifact.path]
    return set(names)


def test_log_experiment_creates_a_parent_run_and_a_child_run_per_classifier(logged):
    result, _, parent, children = logged
    assert set(children) == {classifier.name for classifier in result.comparisons[0].plan.classifiers}
    assert {run.info.status for run in [parent, *children.values()]} == {"FINISHED"}


def test_parent_run_records_spec_corpus_leader_and_artifacts(logged):
    result, client, parent, _ = logged
    comparison = result.comparisons[0]
    tags = parent.data.tags
    assert tags["corpus.hash"] == comparison.dataset.corpus_hash
    assert tags["spec.hash"] == result.spec.content_hash()
    assert tags["leader"] == comparison.ranking[0]
    assert result.environment.tags().items() <= tags.items()
    note = re.sub(r"\\(.)", r"\1", html.unescape(tags["mlflow.note.content"]))
    assert f"#/experiments/{parent.info.experiment_id}/runs/{parent.info.run_id}/artifacts/report.html" in note
    assert f"**Verdict.** {comparison.verdict.reason}" in note
    assert f"{comparison.ranking[0]} leads with macro-F1" in note
    assert all(f"| {name} " in note for name in comparison.ranking)
    (dataset,) = parent.inputs.dataset_inputs
    assert (dataset.dataset.name, dataset.dataset.digest) == ("newsroom", comparison.dataset.corpus_hash)
    assert artifacts(client, parent.info.run_id) == {
        "report.html", "results.lock.json", "spec.toml", "table-1-leaderboard.json", "table-2-topics-f1.json",
        "table-3-significance.json", "table-4-probabilities.json", "table-5-splits.json", "table-6-labels.json",
        "table-figures.csv", "table-figures-by-fold.csv", "table-figures-by-topic.csv",
        "visual-1-leaderboard.png", "visual-2-topics-f1.png",
    }  # fmt: skip
    assert client.list_artifacts(parent.info.run_id)[0].path == "report.html"
    mlflow.set_tracking_uri(client.tracking_uri)  # load_table uses the global tracking URI, not the client's
    table = client.load_table(parent.info.experiment_id, "table-1-leaderboard.json", [parent.info.run_id])
    mlflow.set_tracking_uri(None)
    assert list(table["classifier"]) == list(comparison.ranking)


def test_child_run_records_pooled_scores_scores_by_fold_and_predictions(logged, tmp_path):
    result, client, _, children = logged
    comparison = result.comparisons[0]
    child = children["linear-svm"]
    row = scores_where(comparison.scores, classifier="linear-svm", sample=ALL_SAMPLES, metric="macro_f1").iloc[0]
    assert child.data.metrics["macro_f1"] == pytest.approx(row["value"])
    assert child.data.metrics["macro_f1/low"] == pytest.approx(row["low"])
    assert "random/micro_f1" in child.data.metrics
    assert "topic/courts/recall" in child.data.metrics
    history = client.get_metric_history(child.info.run_id, "fold/macro_f1")
    by_fold = scores_where(comparison.fold_scores, classifier="linear-svm", metric="macro_f1")["value"]
    assert {point.step: point.value for point in history} == pytest.approx(dict(enumerate(by_fold)))
    assert artifacts(client, child.info.run_id) == {"choices.json", "topics.json", "predictions.parquet"}
    path = mlflow.artifacts.download_artifacts(
        run_id=child.info.run_id,
        artifact_path="predictions.parquet",
        tracking_uri=client.tracking_uri,
        dst_path=tmp_path,
    )
    pd.testing.assert_frame_equal(pd.read_parquet(path), comparison.predictions("linear-svm"))


def test_experiment_id_marks_only_runs_of_dead_processes_as_killed(project):
    client = open_store(project)
    experiment = experiment_id(client, project, "small")
    host = process_name().rpartition(":")[0]
    worker = multiprocessing.get_context("spawn").Process(target=os.getpid)
    worker.start()
    worker.join()
    dead = client.create_run(experiment, tags={PROCESS_TAG: f"{host}:{worker.pid}"}).info.run_id
    alive = client.create_run(experiment, tags={PROCESS_TAG: process_name()}).info.run_id
    elsewhere = client.create_run(experiment, tags={PROCESS_TAG: f"another-host:{worker.pid}"}).info.run_id
    experiment_id(client, project, "small")
    states = {run.info.run_id: run.info.status for run in client.search_runs([experiment], run_view_type=ViewType.ALL)}
    assert states == {dead: "KILLED", alive: "RUNNING", elsewhere: "RUNNING"}


def _open(root):
    open_store(Project(root))


def test_open_store_creates_one_store_for_concurrent_processes(project):
    project.mlflow_database.unlink()
    workers = [context.Process(target=_open, args=(project.root,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert not list(project.root.glob(".mlflow*"))


def test_open_store_hides_the_password_of_an_unreachable_store(project, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingError, match="MLflow's store cannot be used") as error:
        open_store(project)
    assert "secret" not in str(error.value)


def test_open_store_rejects_a_file_that_is_not_a_database(project):
    project.mlflow_database.write_bytes(b"this is no database, and long enough to be read as one" * 20)
    with pytest.raises(TrackingError, match="MLflow's store cannot be used"):
        open_store(project)


def test_log_experiment_accepts_a_comparison_without_probabilities(project, tmp_path):
    result = run_experiment(project.root / "experiments" / "small.toml", n_jobs=1)
    (comparison,) = result.comparisons
    scores = comparison.scores.copy()
    scores.loc[scores["metric"].isin(PROBABILITY_METRICS), ["value", "low", "high"]] = float("nan")
    results = tuple(replace(classifier_results, probabilities=None) for classifier_results in comparison.results)
    without_probabilities = replace(comparison, scores=scores, results=results)
    (run,) = log_experiment(replace(result, comparisons=(without_probabilities,)))
    client = open_store(project)
    assert client.get_run(run.run_id).info.status == "FINISHED"
    path = mlflow.artifacts.download_artifacts(
        run_id=run.run_id,
        artifact_path="report.html",
        tracking_uri=client.tracking_uri,
        dst_path=tmp_path,
    )
    assert "has no probabilities" in Path(path).read_text()


def test_resume_logging_keeps_runs_completed_before_the_store_failed(project, monkeypatch):
    result = run_experiment(project.root / "experiments" / "small.toml", n_jobs=1)
    sent = []

    def fail_at_the_third(client, run_id, *arguments, original=MlflowClient.log_artifacts):
        sent.append(run_id)
        if len(sent) == 3:
            raise OSError("the store is away")
        original(client, run_id, *arguments)

    monkeypatch.setattr(MlflowClient, "log_artifacts", fail_at_the_third)
    with pytest.raises(TrackingError, match="the store is away"):
        log_experiment(result)
    (run,) = resume_logging(project)
    assert sent[0] == run.run_id
    assert sent[3] == sent[2], "the run that failed is sent again"
    assert set(sent[3:]).isdisjoint(sent[:2]), "runs that are complete are not sent again"
    client = open_store(project)
    runs = client.search_runs([client.get_run(run.run_id).info.experiment_id])
    assert len(runs) == len(result.comparisons[0].plan.classifiers) + 1
    assert {logged_run.info.status for logged_run in runs} == {"FINISHED"}
