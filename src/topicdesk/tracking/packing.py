"""Write what will be logged of a comparison to disk: a parent run, a child run per classifier, and the model.

The parent run contains the question and the winner. A child run contains the scores of one classifier; folds are metric
steps. Nothing is sent here (see `topicdesk.tracking.sending`).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from topicdesk._progress import progress
from topicdesk._spreadsheets import write_csv
from topicdesk.evaluation import (
    ALL_SAMPLES,
    TOPIC_METRICS,
    Classifier,
    ComparisonResult,
    metric_title,
    most_often,
    save_plot,
    scores_where,
    topic_leaderboard,
)
from topicdesk.prediction import Labeller
from topicdesk.project import Project
from topicdesk.report import About, model_card
from topicdesk.tracking._keys import metric_names
from topicdesk.tracking._mlflow import MLFLOW_RUN_NOTE, CodeDatasetSource, from_pandas
from topicdesk.tracking.models import save_labeller
from topicdesk.tracking.parcel import (
    FROM_MEMORY,
    SPEC_SOURCE,
    PackedModel,
    PackedRun,
    Parcel,
    model_folder,
    packed_folder,
    packing,
    run_folder,
    write_manifest,
    write_mlflow_table,
)

__all__ = ["RUN_ADDRESS", "pack_comparison"]

#: Placeholder in a description for the address of its run, which is only known when the run is sent.
RUN_ADDRESS = "RUN-ADDRESS-ONCE-LOGGED"

_PARAM_CHARACTERS = 6000

# Scores per topic that are logged as metrics, to sort the list of runs by. The others are in a table.
_TOPIC_METRICS = ("f1", "precision", "recall")

# Rows of the leaderboard in a description, which may have 8000 characters.
_MOST_ROWS = 25

_Metric = tuple[str, float, int]


def pack_comparison(
    project: Project,
    comparison: ComparisonResult,
    about: About,
    lock: str,
    corpus_file: Path | None,
    registered: str,
    report: str,
    labeller: Labeller | None,
) -> Parcel:
    """Write a comparison to the project's unsent parcels.

    Parameters
    ----------
    project : Project
        Project in which to write the parcel.
    comparison : ComparisonResult
        The comparison to log.
    about : About
        The question, the spec and the environment.
    lock : str
        The comparison's results lock, to reproduce the run. Empty if there is no spec.
    corpus_file : Path or None
        Path to log as the dataset's source. None if the texts came from memory.
    registered : str
        Name of the model in the registry.
    report : str
        The report in HTML.
    labeller : Labeller or None
        The winner, refitted on all labels. If None, no model is logged.

    Returns
    -------
    Parcel
        The complete parcel.
    """
    environment, data = about.environment, comparison.dataset
    ended = int(time.time() * 1000)
    name = f"{time.strftime('%Y-%m-%d %H:%M')} {data.name} {environment.commit[:7]}".strip()
    tags = environment.tags() | {
        "spec.hash": about.spec_hash,
        "corpus.hash": data.corpus_hash,
        "labels.hash": data.labels_hash,
    }
    if not lock:
        tags[SPEC_SOURCE] = FROM_MEMORY
    with packing(project.unsent, f"{about.experiment}-{data.name}") as folder:
        choices, topics = comparison.choices(), _topic_table(comparison)
        with progress(len(comparison.plan.classifiers) + 1, "saving the comparison", "run") as advance:
            runs = [
                _pack_parent(run_folder(folder, 0), name, tags, comparison, about, report, lock, labeller is not None)
            ]
            advance()
            for number, classifier in enumerate(comparison.plan.classifiers, start=1):
                runs.append(_pack_child(run_folder(folder, number), tags, comparison, classifier, choices, topics))
                advance()
        model = None
        if labeller is not None:
            card = model_card(comparison, labeller, about)
            save_labeller(labeller, model_folder(folder), project, card)
            number = 1 + [classifier.name for classifier in comparison.plan.classifiers].index(labeller.classifier)
            model = PackedModel(
                registered=registered,
                tags={**tags, "classifier": labeller.classifier, "experiment": about.experiment},
                card=card,
                metric=comparison.plan.metric,
                rope=comparison.plan.rope,
                seed=comparison.plan.random_state,
                run=number,
                held_back="its scores differ from the results lock" if about.lock == "moved" else "",
            )
        parcel = Parcel(
            packed_folder(folder),
            about.experiment,
            ended - int(comparison.seconds * 1000),
            ended,
            _dataset_entity(project, comparison, corpus_file),
            tuple(runs),
            model,
        )
        write_manifest(parcel, folder)
    return parcel


def _pack_parent(
    here: Path,
    name: str,
    tags: dict[str, str],
    comparison: ComparisonResult,
    about: About,
    report: str,
    lock: str,
    has_model: bool,
) -> PackedRun:
    data, plan = comparison.dataset, comparison.plan
    params = {
        "corpus": data.name,
        "articles": len(data),
        "topics": ", ".join(data.topics),
        "task": data.task,
        "scheme": plan.splits.scheme,
        "folds": len(comparison.splits) // len({split.repeat for split in comparison.splits}),
        "repeats": len({split.repeat for split in comparison.splits}),
        "inner_folds": plan.inner_folds,
        "calibration": plan.decision_rule.calibration,
        "feature_settings": len(plan.settings),
        "metric": plan.metric,
        "resamples": plan.resamples,
        "seed": plan.random_state,
        "classifiers": ", ".join(classifier.name for classifier in plan.classifiers),
    }
    winner, leader = comparison.verdict.winner, comparison.ranking[0]
    probabilities = comparison.probability_leaderboard()
    tables = {
        "1-leaderboard": comparison.leaderboard().reset_index(),
        "2-topics-f1": topic_leaderboard(
            comparison.topic_scores, comparison.ranking, sample=comparison.headline
        ).reset_index(),
        "3-significance": comparison.significance.round(4).reset_index(),
        "4-probabilities": probabilities.reset_index(),
        "5-splits": comparison.split_table(),
        "6-labels": data.support().rename_axis("topic").reset_index(),
    }
    table_files = [write_mlflow_table(table, here, f"table-{title}.json") for title, table in tables.items()]
    (here / "report.html").write_text(report, encoding="utf-8", newline="\n")
    if lock:
        (here / "results.lock.json").write_text(lock, encoding="utf-8", newline="\n")
        (here / "spec.toml").write_text(about.spec_text, encoding="utf-8", newline="\n")
    for title, scores in {
        "figures": comparison.scores,
        "figures-by-topic": comparison.topic_scores,
        "figures-by-fold": comparison.fold_scores,
    }.items():
        write_csv(scores, here / f"table-{title}.csv")
    if comparison.warnings:
        (here / "warnings.txt").write_text("\n".join(comparison.warnings) + "\n", encoding="utf-8", newline="\n")
    save_plot(comparison.plot.leaderboard(), here / "visual-1-leaderboard.png")
    save_plot(comparison.plot.topics(), here / "visual-2-topics-f1.png")
    # The report has curves, reliability and confusion by topic, as pictures that scale with the page.
    metrics = [
        # The winner's scores have the same names as in its own run: the list of runs shows them in the same columns.
        *(
            _metric(f"{name}{suffix}", _score_row(comparison, winner, name)[column])
            for name in dict.fromkeys((plan.metric, "subset_accuracy"))
            for suffix, column in (
                ("", "value"),
                ("/low", "low"),
                ("/high", "high"),
                ("/behind", "difference_from_best"),
            )
        ),
        _metric(f"leader_{plan.metric}", _score_row(comparison, leader, plan.metric)["value"]),
        _metric(f"leader_{plan.metric}/corrected", comparison.verdict.corrected),
        # The headline is weighted; beside it, each labelled article counts once.
        *(
            [_metric(f"{ALL_SAMPLES}/{plan.metric}", _score_row(comparison, winner, plan.metric, ALL_SAMPLES)["value"])]
            if comparison.headline != ALL_SAMPLES
            else []
        ),
        _metric("articles", len(data)),
        _metric("seconds", comparison.seconds),
    ]
    role_tags = {
        "role": "comparison",
        "leader": leader,
        "winner": winner,
        "verdict": comparison.verdict.reason,
        "outcome": comparison.verdict.outcome,
        "spec": about.spec,
    }
    note = {MLFLOW_RUN_NOTE: _description(comparison, about, has_model)}
    return _packed(name, tags | role_tags | note, params, metrics, table_files)


def _pack_child(
    here: Path,
    tags: dict[str, str],
    comparison: ComparisonResult,
    classifier: Classifier,
    all_choices: pd.DataFrame,
    all_topics: pd.DataFrame,
) -> PackedRun:
    name = classifier.name
    choices = scores_where(all_choices, classifier=name).drop(columns="classifier")
    topics = scores_where(all_topics, classifier=name).drop(columns="classifier")
    params = {
        "classifier": name,
        "what": classifier.description,
        "grid": json.dumps({key: list(values) for key, values in classifier.grid.items()}, default=str),
        "features": classifier.features,
        "chosen_parameters": most_often(choices["parameters"]),
        "chosen_features": most_often(choices["features"]),
    }
    table_files = [
        write_mlflow_table(choices.reset_index(drop=True), here, "choices.json"),
        write_mlflow_table(topics, here, "topics.json"),
    ]
    # Scores hardly repeat: dictionary encoding would cost time and space.
    comparison.predictions(name).to_parquet(
        here / "predictions.parquet", engine="pyarrow", index=False, use_dictionary=["article_id", "sample", "topic"]
    )
    role_tags = {"role": "classifier", "classifier": name}
    return _packed(name, tags | role_tags, params, list(_child_metrics(comparison, name, choices)), table_files)


def _packed(
    name: str, tags: dict[str, str], params: Mapping[str, object], metrics: list[_Metric], tables: list[str]
) -> PackedRun:
    # An undefined score, such as recall without a positive, is listed in a tag instead of logged as another value.
    undefined = sorted({key for key, value, _ in metrics if not math.isfinite(value)})
    return PackedRun(
        name,
        tags | ({"undefined_metrics": ", ".join(undefined)} if undefined else {}),
        {key: str(value)[:_PARAM_CHARACTERS] for key, value in params.items()},
        [metric for metric in metrics if math.isfinite(metric[1])],
        tables,
    )


def _child_metrics(comparison: ComparisonResult, classifier: str, choices: pd.DataFrame) -> Iterator[_Metric]:
    # The scores of a single fold would repeat the overall scores.
    has_folds, headline = len(comparison.splits) > 1, comparison.headline
    sample_names = metric_names(comparison.scores["sample"])
    topic_names = metric_names(comparison.dataset.topics)
    for row in scores_where(comparison.scores, classifier=classifier).to_dict("records"):
        prefix = "" if row["sample"] == headline else f"{sample_names[row['sample']]}/"
        yield _metric(f"{prefix}{row['metric']}", row["value"])
        yield _metric(f"{prefix}{row['metric']}/low", row["low"])
        yield _metric(f"{prefix}{row['metric']}/high", row["high"])
        if row["sample"] == headline:
            yield _metric(f"{row['metric']}/behind", row["difference_from_best"])
        if row["sample"] == headline and has_folds:
            yield _metric(f"{row['metric']}/fold_mean", row["fold_mean"])
            yield _metric(f"{row['metric']}/fold_sd", row["fold_sd"])
    topics = scores_where(comparison.topic_scores, classifier=classifier)
    for row in topics[topics["metric"].isin(_TOPIC_METRICS)].to_dict("records"):
        prefix = "topic" if row["sample"] == headline else f"{sample_names[row['sample']]}/topic"
        yield _metric(f"{prefix}/{topic_names[row['topic']]}/{row['metric']}", row["value"])
    for name in ("fit_seconds", "predict_seconds"):
        yield _metric(name, choices[name].mean())
    if has_folds:
        folds = scores_where(comparison.fold_scores, classifier=classifier)
        by_fold = {metric: rows["value"] for metric, rows in folds.groupby("metric", sort=False)}
        for name, values in {**by_fold, **choices[["fit_seconds", "predict_seconds"]]}.items():
            for step, value in enumerate(values):
                yield _metric(f"fold/{name}", value, step)


def _topic_table(comparison: ComparisonResult) -> pd.DataFrame:
    keys = ["classifier", "sample", "topic", "support"]
    pivot = comparison.topic_scores.pivot(index=keys, columns="metric", values=["value", "low", "high"])
    flat = {
        metric if kind == "value" else f"{metric} {kind}": pivot[kind, metric]
        for metric in TOPIC_METRICS
        for kind in ("value", "low", "high")
    }
    return pd.DataFrame(flat).round(4).reset_index()


def _description(comparison: ComparisonResult, about: About, has_model: bool) -> str:
    """Return the run's description in Markdown. Text from the user's files is escaped."""
    metric, leader = comparison.plan.metric, comparison.ranking[0]
    overall, leaderboard = _score_row(comparison, leader, metric), comparison.leaderboard()
    lines = [
        f"**Verdict.** {_plain(comparison.verdict.reason)}",
        "",
        f"**[Open the report]({RUN_ADDRESS}/artifacts/report.html)** · "
        f"[leaderboard]({RUN_ADDRESS}/artifacts/table-1-leaderboard.json) · [spec]({RUN_ADDRESS}/artifacts/spec.toml)",
        "",
        f"## {_plain(about.title)}",
        _plain(about.question),
        "",
        leaderboard.head(_MOST_ROWS).to_markdown(disable_numparse=True),
        *([f"\n… and {len(leaderboard) - _MOST_ROWS} more, in the report."] if len(leaderboard) > _MOST_ROWS else []),
        "",
        f"{leader} leads with {metric_title(metric)} {overall['value']:.3f} "
        f"(95 % interval {overall['low']:.3f} to {overall['high']:.3f}) on {_plain(str(comparison.dataset))}. "
        "How to read the table: the intervals are for the procedure on new articles, for training and for testing. The "
        "intervals of the differences hold for all classifiers together. If one contains 0, the articles do not "
        "distinguish the two.",
        "",
        *(f"- Warning: {_plain(warning)}" for warning in comparison.warnings),
        "",
        f"The scores are out-of-fold scores of nested cross-validation, spec `{_plain(about.spec)}`. There is a child "
        "run for each classifier. It contains the scores by topic, the scores by fold (metrics `fold/…`) if there are "
        "several folds, and all predictions (`predictions.parquet`)."
        + (f" This run's model is {comparison.verdict.winner}, refitted on all labels." if has_model else ""),
    ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    escaped = escape(text, quote=False)
    for mark in "\\`*_[]|":
        escaped = escaped.replace(mark, f"\\{mark}")
    return escaped


def _dataset_entity(project: Project, comparison: ComparisonResult, corpus_file: Path | None) -> dict[str, str]:
    data = comparison.dataset
    table = pd.DataFrame({"article_id": data.ids, "sample": data.samples})
    table = table.join(pd.DataFrame(data.Y == 1, columns=list(data.topics)))
    file = "" if corpus_file is None else PurePath(project.shown(corpus_file)).as_posix()
    source = CodeDatasetSource({"corpus": data.name, "file": file})
    # MLflow inspects every value to infer column types. A few rows are enough.
    entity = from_pandas(table.head(), source=source, name=data.name, digest=data.corpus_hash).to_dict()
    return entity | {"profile": json.dumps({"num_rows": len(table), "num_elements": table.size})}


def _score_row(comparison: ComparisonResult, classifier: str, metric: str, sample: str | None = None) -> pd.Series[Any]:
    """Return a row of the scores, by default of the headline."""
    sample = sample or comparison.headline
    return scores_where(comparison.scores, sample=sample, classifier=classifier, metric=metric).iloc[0]


def _metric(name: str, value: float, step: int = 0) -> _Metric:
    return name, float(value), step
