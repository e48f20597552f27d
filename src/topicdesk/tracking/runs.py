"""Log a comparison to MLflow: one parent run, one child a classifier.

The parent answers what was asked and who leads; a child holds one classifier's figures, fold by fold as metric steps.
Everything is logged by `MlflowClient`, in batches, so that no state of MLflow's fluent interface is touched.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow import MlflowClient
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunStatus, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from topicdesk.environment import Environment
from topicdesk.errors import TrackingError
from topicdesk.evaluation import (
    ALL_SAMPLES,
    TOPIC_METRICS,
    Classifier,
    Comparison,
    figures_where,
    metric_title,
    save_plot,
    topic_leaderboard,
)
from topicdesk.progress import progress
from topicdesk.project import Project
from topicdesk.tracking.store import PROCESS_TAG, STORE_ERRORS, experiment_id, open_store, process_name, reason

__all__ = ["LoggedComparison", "log_comparison"]

# Shown as the run's description.
_NOTE_TAG = "mlflow.note.content"

# MLflow's limits for one call.
_METRICS_A_CALL = 1000
_PARAM_CHARACTERS = 6000

# Beyond so many classes, a picture each is nobody's reading.
_MOST_TOPIC_PICTURES = 12


@dataclass(frozen=True)
class LoggedComparison:
    """Where a comparison was logged.

    Parameters
    ----------
    experiment : str
        Name of the MLflow experiment.
    run_id : str
        The parent run.
    run_name : str
    """

    experiment: str
    run_id: str
    run_name: str


def log_comparison(
    project: Project,
    experiment: str,
    comparison: Comparison,
    environment: Environment,
    spec: Path,
    spec_hash: str,
    corpus_file: Path,
    title: str,
    question: str = "",
) -> LoggedComparison:
    """Log a comparison to MLflow.

    Parameters
    ----------
    project : Project
        Its store is used, unless ``MLFLOW_TRACKING_URI`` names another.
    experiment : str
        Name of the MLflow experiment.
    comparison : Comparison
    environment : Environment
        What the comparison was made with.
    spec : Path
        Kept as an artifact.
    spec_hash : str
    corpus_file : Path
        Named as the dataset's source.
    title, question : str
        What was asked, for the description.

    Returns
    -------
    LoggedComparison

    Raises
    ------
    TrackingError
        When the store fails midway; the runs begun are marked as failed.
    """
    client = open_store(project)
    begun: list[str] = []
    try:
        within = experiment_id(client, project, experiment)
        started = int((time.time() - comparison.seconds) * 1000)
        name = f"{time.strftime('%Y-%m-%d %H:%M')} {comparison.dataset.name} {environment.commit[:7]}".strip()
        tags = environment.tags() | {
            PROCESS_TAG: process_name(),
            "spec.hash": spec_hash,
            "corpus.hash": comparison.dataset.corpus_hash,
            "labels.hash": comparison.dataset.labels_hash,
        }
        note = {_NOTE_TAG: _description(comparison, title, question, spec.name)}
        parent = client.create_run(within, started, {**tags, **note, "role": "comparison"}, name).info.run_id
        begun.append(parent)
        dataset = _dataset_input(project, comparison, corpus_file)
        client.log_inputs(parent, [dataset])
        with progress(len(comparison.plan.classifiers) + 1, "logging to MLflow", "run") as advance:
            _log_parent(client, parent, comparison, spec)
            advance()
            for classifier in comparison.plan.classifiers:
                of_child = {**tags, "role": "classifier", "classifier": classifier.name, MLFLOW_PARENT_RUN_ID: parent}
                child = client.create_run(within, started, of_child, classifier.name).info.run_id
                begun.append(child)
                client.log_inputs(child, [dataset])
                _log_child(client, child, comparison, classifier)
                client.set_terminated(child)
                advance()
        client.set_terminated(parent)
    except STORE_ERRORS as error:
        _mark_failed(client, begun)
        raise TrackingError(
            f"MLflow's store failed while the comparison was logged: {reason(error, client.tracking_uri)} "
            "The runs begun are marked as failed. Mend the store and run the comparison again."
        ) from error
    return LoggedComparison(experiment, parent, name)


def _log_parent(client: MlflowClient, run: str, comparison: Comparison, spec: Path) -> None:
    data, plan = comparison.dataset, comparison.plan
    parameters = {
        "corpus": data.name,
        "articles": len(data),
        "topics": ", ".join(data.topics),
        "task": data.task,
        "scheme": plan.splits.scheme,
        "folds": len(comparison.splits) // len({split.repeat for split in comparison.splits}),
        "repeats": len({split.repeat for split in comparison.splits}),
        "inner_folds": plan.inner_folds,
        "calibration": plan.deciding.calibration,
        "feature_settings": len(plan.settings),
        "metric": plan.metric,
        "resamples": plan.resamples,
        "seed": plan.seed,
        "classifiers": ", ".join(classifier.name for classifier in plan.classifiers),
    }
    main = _figure(comparison, comparison.ranking[0], plan.metric)
    metrics = {f"leader_{plan.metric}": main["value"], "articles": len(data), "seconds": comparison.seconds}
    _log_batch(client, run, [_metric(name, value) for name, value in metrics.items()], parameters)
    client.set_tag(run, "leader", comparison.ranking[0])
    client.set_tag(run, "winner", comparison.verdict.winner)
    probable = comparison.probability_leaderboard()
    tables = {
        "1-leaderboard.json": comparison.leaderboard().reset_index(),
        "2-topics-f1.json": topic_leaderboard(comparison.topic_figures, comparison.ranking).reset_index(),
        "3-significance.json": comparison.significance.round(4).reset_index(),
        "4-probabilities.json": probable.reset_index(),
        "5-splits.json": comparison.split_table(),
        "6-labels.json": data.support().rename_axis("topic").reset_index(),
    }
    for name, table in tables.items():
        client.log_table(run, table, name)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        save_plot(comparison.plot_leaderboard(), here / "1-leaderboard.png")
        save_plot(comparison.plot_topics(), here / "2-topics-f1.png")
        if data.n_topics <= _MOST_TOPIC_PICTURES:
            for topic in data.topics:
                save_plot(comparison.plot_precision_recall(topic), here / "precision-recall" / f"{topic}.png")
                if len(probable):
                    save_plot(comparison.plot_reliability(topic), here / "reliability" / f"{topic}.png")
        (here / spec.name).write_bytes(spec.read_bytes())
        comparison.figures.to_csv(here / "figures.csv", index=False)
        comparison.topic_figures.to_csv(here / "figures-by-topic.csv", index=False)
        comparison.fold_figures.to_csv(here / "figures-by-fold.csv", index=False)
        if comparison.warnings:
            (here / "warnings.txt").write_text("\n".join(comparison.warnings) + "\n", encoding="utf-8")
        client.log_artifacts(run, str(here))


def _log_child(client: MlflowClient, run: str, comparison: Comparison, classifier: Classifier) -> None:
    name = classifier.name
    choices = figures_where(comparison.choices(), classifier=name).drop(columns="classifier")
    parameters = {
        "classifier": name,
        "what": classifier.says,
        "grid": json.dumps({key: list(values) for key, values in classifier.grid.items()}),
        "features": classifier.features,
        "chosen_parameters": _most_often(choices["parameters"]),
        "chosen_features": _most_often(choices["features"]),
    }
    _log_batch(client, run, list(_child_metrics(comparison, name, choices)), parameters)
    client.log_table(run, choices.reset_index(drop=True), "choices.json")
    client.log_table(run, _topic_table(comparison, name), "topics.json")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        comparison.predictions(name).to_parquet(here / "predictions.parquet", index=False)
        topics = comparison.dataset.topics
        if comparison.dataset.task == "multi-class":
            save_plot(comparison.plot_confusion(name), here / "confusion.png")
        else:
            for topic in topics[:_MOST_TOPIC_PICTURES]:
                save_plot(comparison.plot_confusion(name, topic), here / "confusion" / f"{topic}.png")
        client.log_artifacts(run, str(here))


def _child_metrics(comparison: Comparison, classifier: str, choices: pd.DataFrame) -> Iterable[Metric]:
    for row in figures_where(comparison.figures, classifier=classifier).to_dict("records"):
        prefix = "" if row["sample"] == ALL_SAMPLES else f"{row['sample']}/"
        yield _metric(f"{prefix}{row['metric']}", row["value"])
        yield _metric(f"{prefix}{row['metric']}/low", row["low"])
        yield _metric(f"{prefix}{row['metric']}/high", row["high"])
        if row["sample"] == ALL_SAMPLES:
            yield _metric(f"{row['metric']}/fold_mean", row["fold_mean"])
            yield _metric(f"{row['metric']}/fold_sd", row["fold_sd"])
            yield _metric(f"{row['metric']}/behind", row["behind"])
    for row in figures_where(comparison.topic_figures, classifier=classifier).to_dict("records"):
        prefix = "topic" if row["sample"] == ALL_SAMPLES else f"{row['sample']}/topic"
        yield _metric(f"{prefix}/{row['topic']}/{row['metric']}", row["value"])
    folds = figures_where(comparison.fold_figures, classifier=classifier)
    for metric, of_metric in folds.groupby("metric", sort=False):
        for step, value in enumerate(of_metric["value"]):
            yield _metric(f"fold/{metric}", value, step)
    for name in ("fit_seconds", "predict_seconds"):
        yield _metric(name, choices[name].mean())
        for step, value in enumerate(choices[name]):
            yield _metric(f"fold/{name}", value, step)


def _topic_table(comparison: Comparison, classifier: str) -> pd.DataFrame:
    rows = figures_where(comparison.topic_figures, classifier=classifier)
    wide = rows.pivot(index=["sample", "topic", "support"], columns="metric", values=["value", "low", "high"])
    flat = {
        metric if kind == "value" else f"{metric} {kind}": wide[kind, metric]
        for metric in TOPIC_METRICS
        for kind in ("value", "low", "high")
    }
    return pd.DataFrame(flat).round(4).reset_index()


def _description(comparison: Comparison, title: str, question: str, spec: str) -> str:
    metric = comparison.plan.metric
    leader = comparison.ranking[0]
    main = _figure(comparison, leader, metric)
    lines = [
        f"## {title}",
        question,
        "",
        f"**Verdict.** {comparison.verdict.reason}",
        "",
        f"{leader} leads with {metric_title(metric)} {main['value']:.3f} "
        f"(95 % interval {main['low']:.3f} to {main['high']:.3f}) on {comparison.dataset}. "
        "Where the interval of the distance behind it holds 0, these articles do not tell the two apart; Holm p asks "
        "whether other training articles would say the same.",
        "",
        comparison.leaderboard().to_markdown(disable_numparse=True),
        "",
        *(f"- Warning: {warning}" for warning in comparison.warnings),
        "",
        f"Out-of-fold figures of nested cross-validation, spec `{spec}`. Children: one run a classifier, "
        "with figures by fold (metrics `fold/…`), by topic, and every prediction (`predictions.parquet`).",
    ]
    return "\n".join(lines)


def _dataset_input(project: Project, comparison: Comparison, corpus_file: Path) -> DatasetInput:
    data = comparison.dataset
    table = pd.DataFrame({"article_id": data.ids.astype("str"), "sample": data.samples.astype("str")})
    for column, topic in enumerate(data.topics):
        table[topic] = data.Y[:, column] == 1
    source = CodeDatasetSource({"corpus": data.name, "file": project.shown(corpus_file)})
    entity = from_pandas(table, source=source, name=data.name, digest=data.corpus_hash)
    return DatasetInput(entity._to_mlflow_entity(), [InputTag("mlflow.data.context", "evaluation")])


def _figure(comparison: Comparison, classifier: str, metric: str) -> pd.Series[Any]:
    return figures_where(comparison.figures, sample=ALL_SAMPLES, classifier=classifier, metric=metric).iloc[0]


def _most_often(values: pd.Series[Any]) -> str:
    counts = values.value_counts()
    return f"{counts.index[0] or '(none)'} ({counts.iloc[0]} of {len(values)} splits)"


def _metric(name: str, value: float, step: int = 0) -> Metric:
    return Metric(name, float(value), int(time.time() * 1000), step)


def _log_batch(client: MlflowClient, run: str, metrics: Sequence[Metric], parameters: Mapping[str, object]) -> None:
    # A figure that is undefined, such as recall without a positive, is named rather than logged as something else.
    defined = [metric for metric in metrics if math.isfinite(metric.value)]
    texts = [Param(name, str(value)[:_PARAM_CHARACTERS]) for name, value in parameters.items()]
    undefined = sorted(metric.key for metric in metrics if not math.isfinite(metric.value))
    client.log_batch(run, params=texts, tags=[RunTag("undefined_metrics", ", ".join(undefined))] if undefined else ())
    for start in range(0, len(defined), _METRICS_A_CALL):
        client.log_batch(run, metrics=defined[start : start + _METRICS_A_CALL])


def _mark_failed(client: MlflowClient, runs: Iterable[str]) -> None:
    for run in runs:
        try:
            client.set_terminated(run, RunStatus.to_string(RunStatus.FAILED))
        except STORE_ERRORS:
            # The store is gone altogether; the error on its way says so, and the next start marks the run.
            return
