"""Export the next articles to label of an experiment, with a model's suggestions, for another annotation tool."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from topicdesk._arguments import check_string, check_table
from topicdesk.annotation import QUEUE_COLUMNS, export_queue, read_taxonomy, record_codebook
from topicdesk.corpus import read_corpus
from topicdesk.errors import SpecError
from topicdesk.experiment.annotating import queue_for
from topicdesk.experiment.run import corpus_file
from topicdesk.experiment.spec import read_spec
from topicdesk.project import find_file, find_project
from topicdesk.tracking import load_labeller

__all__ = ["export_for"]


def export_for(
    spec_file: Path | str,
    output: Path | str,
    format: str = "label-studio",
    *,
    count: int = 200,
    mix: Mapping[str, float] | None = None,
    random_state: int = 0,
    queue: pd.DataFrame | None = None,
    model: str | None = None,
) -> pd.DataFrame:
    """Write the articles to label next for another annotation tool (see `topicdesk.annotation.export_queue`).

    Parameters
    ----------
    spec_file : path
        A spec with one corpus, label files and a taxonomy, such as ``experiments/topics.toml``.
    output : path
        The file to create or replace.
    format : {"label-studio", "doccano", "csv"}, default "label-studio"
        Format of the file.
    count, mix, random_state
        As in `queue_for`.
    queue : DataFrame of shape (n_queued, 2), optional
        Columns ``article_id, sample``; by default drawn by `queue_for`.
    model : str, optional
        A model that suggests topics, such as ``models:/topicdesk-topics@champion``. By default there are no
        suggestions.

    Returns
    -------
    DataFrame of shape (n_exported, 2)
        The queue.

    Raises
    ------
    TopicdeskError
        If the spec, the queue or the model cannot be used.
    ArgumentError
        If an argument has a wrong type or value.

    Examples
    --------
    ::

        export_for("experiments/topics.toml", "tasks.json", model="models:/topicdesk-topics@champion")
    """
    if model is not None:
        check_string("model", model, empty=False)
    if queue is None:
        queue = queue_for(spec_file, count, mix, random_state)
    check_table("queue", queue, QUEUE_COLUMNS)
    path = find_file(spec_file, name="spec_file")
    project, spec = find_project(path.parent), read_spec(path)
    if spec.data.topics is None or len(spec.data.corpus) != 1:  # not checked yet if the queue was given
        raise SpecError(f"{path} cannot be used for annotation. It needs one corpus and a taxonomy (data.topics).")
    articles = read_corpus(corpus_file(project, spec.data.corpus[0]))
    taxonomy = read_taxonomy(project.root / spec.data.topics)
    predictions = None
    if model is not None:
        labelled = load_labeller(model, project).label(articles[articles["id"].isin(queue["article_id"])])
        topics = [tuple(name for name in str(names).split() if name in taxonomy.names) for names in labelled["topics"]]
        known = [f"p_{name}" for name in taxonomy.names if f"p_{name}" in labelled]
        score = labelled[known].max(axis=1).round(4) if known else None
        predictions = pd.DataFrame({"article_id": labelled["id"].tolist(), "topics": pd.Series(topics, dtype=object)})
        predictions["score"] = None if score is None else score.to_numpy()
    record_codebook(project.labels / "codebooks.json", taxonomy)
    export_queue(articles, queue, taxonomy, output, format, predictions, model or "")
    return queue
