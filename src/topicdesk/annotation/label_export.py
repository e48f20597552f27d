"""Export articles to be labelled in another tool: Label Studio, doccano or a spreadsheet.

Each article carries its id, how it was drawn and the version of the codebook, so that labels come back with their
sampling design. A model's predictions are suggestions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pandas as pd

from topicdesk._arguments import check_choice, check_instance, check_path, check_table
from topicdesk._atomic import replacing
from topicdesk._spreadsheets import write_csv
from topicdesk.annotation._design import design_of
from topicdesk.annotation.queue import QUEUE_COLUMNS
from topicdesk.annotation.topics import Taxonomy
from topicdesk.corpus.articles import check_corpus
from topicdesk.errors import LabelsError

__all__ = ["EXPORT_FORMATS", "export_queue", "label_studio_interface"]

#: Formats of `export_queue`.
EXPORT_FORMATS = ("label-studio", "doccano", "csv")

#: Name of the question in Label Studio.
_QUESTION = "topics"


def export_queue(
    articles: pd.DataFrame,
    queue: pd.DataFrame,
    taxonomy: Taxonomy,
    output: Path | str,
    format: str = "label-studio",
    predictions: pd.DataFrame | None = None,
    model: str = "",
) -> None:
    """Write the articles of a queue for another annotation tool.

    Parameters
    ----------
    articles : DataFrame of shape (n_articles, 12)
        The corpus.
    queue : DataFrame of shape (n_queued, ...)
        Columns ``article_id, sample``, in the order to label them, from `draw_queue` or `queue_for`. Their columns
        ``draw`` and ``stratum_size`` are exported too, and come back with the labels.
    taxonomy : Taxonomy
        The topics. Tools show their titles.
    output : path
        The file to create or replace.
    format : {"label-studio", "doccano", "csv"}, default "label-studio"
        Tasks of Label Studio (JSON), documents of doccano (JSON lines), or a table with an empty column ``topics``.
    predictions : DataFrame of shape (n_predicted, ...), optional
        Topics that a model suggests: columns ``article_id`` and ``topics`` (tuples of names), and optionally ``score``.
    model : str, default ""
        Name of the model, shown with its suggestions.

    Raises
    ------
    LabelsError
        If the queue is empty or names an article that the corpus does not have.
    ArgumentError
        If an argument has a wrong type or value.

    See Also
    --------
    read_labels : Read the labels when they come back.
    label_studio_interface : The labelling interface for Label Studio.

    Examples
    --------
    ::

        export_queue(corpus, queue, read_taxonomy("data/topics.toml"), "tasks.json")
    """
    check_corpus("articles", articles, ("id", "title", "text", "source", "published"))
    check_table("queue", queue, QUEUE_COLUMNS)
    check_instance("taxonomy", taxonomy, Taxonomy, "Use read_taxonomy.")
    check_path("output", output, written=True)
    check_choice("format", format, EXPORT_FORMATS)
    if predictions is not None:
        check_table("predictions", predictions, ("article_id", "topics"))
    rows = list(_rows(articles, queue, taxonomy, predictions))
    with replacing(Path(output)) as part:
        if format == "csv":
            table = pd.DataFrame(rows).drop(columns="score")
            write_csv(table.assign(suggested=[";".join(names) for names in table["suggested"]], topics=""), part)
        elif format == "doccano":
            lines = (json.dumps(_document(row), ensure_ascii=False) for row in rows)
            part.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        else:
            tasks = json.dumps([_task(row, model) for row in rows], ensure_ascii=False, indent=1)
            part.write_text(tasks, encoding="utf-8", newline="\n")


def label_studio_interface(taxonomy: Taxonomy, *, task: str = "multi-label") -> str:
    """Return the labelling interface of a taxonomy for Label Studio, as XML to paste into its settings.

    Parameters
    ----------
    taxonomy : Taxonomy
        The topics.
    task : {"multi-label", "multi-class"}, default "multi-label"
        With ``multi-class``, annotators can choose one topic only.

    Returns
    -------
    str

    Raises
    ------
    ArgumentError
        If an argument has a wrong type or value.

    See Also
    --------
    export_queue : Write the tasks.

    Examples
    --------
    ::

        print(label_studio_interface(read_taxonomy("data/topics.toml")))
    """
    check_instance("taxonomy", taxonomy, Taxonomy, "Use read_taxonomy.")
    check_choice("task", task, ("multi-label", "multi-class"))
    choice = "single" if task == "multi-class" else "multiple"
    choices = "\n".join(
        f"    <Choice value={quoteattr(title)} hint={quoteattr(' '.join(topic.definition.split()))}/>"
        for topic, title in zip(taxonomy.topics, taxonomy.titles.values(), strict=True)
    )
    return (
        '<View>\n  <Header value="$title"/>\n  <Text name="text" value="$text"/>\n'
        f'  <Choices name="{_QUESTION}" toName="text" choice="{choice}">\n{choices}\n  </Choices>\n</View>\n'
    )


def _rows(
    articles: pd.DataFrame, queue: pd.DataFrame, taxonomy: Taxonomy, predictions: pd.DataFrame | None
) -> Iterator[dict[str, Any]]:
    """Yield the articles of a queue, with the titles of the topics that a model suggests."""
    if queue.empty:
        raise LabelsError("queue is empty: there is no article to export.")
    by_id = articles.set_index("id")
    absent = next((article for article in queue["article_id"] if article not in by_id.index), None)
    if absent is not None:
        raise LabelsError(f"queue: the corpus has no article with id {absent!r}.")
    suggested = {} if predictions is None else predictions.set_index("article_id").to_dict("index")
    titles = taxonomy.titles
    designs = design_of(queue, "queue")
    for article, sample, design in zip(queue["article_id"], queue["sample"], designs, strict=True):
        fields = by_id.loc[article]
        prediction = suggested.get(article, {})
        yield {
            "article_id": article,
            "title": fields["title"],
            "text": fields["text"],
            "source": fields["source"],
            "published": "" if pd.isna(fields["published"]) else fields["published"].isoformat(),
            "sample": sample,
            "codebook": str(taxonomy.codebook.version),
            **{name: cell for name, cell in design.items() if cell},
            "suggested": [titles[name] for name in prediction.get("topics", ())],
            "score": prediction.get("score"),
        }


def _task(row: dict[str, Any], model: str) -> dict[str, Any]:
    data = {name: value for name, value in row.items() if name not in ("suggested", "score")}
    if row["score"] is None and not row["suggested"]:
        return {"data": data}
    result = {"from_name": _QUESTION, "to_name": "text", "type": "choices", "value": {"choices": row["suggested"]}}
    score = {} if row["score"] is None else {"score": row["score"]}
    return {"data": data, "predictions": [{"model_version": model, **score, "result": [result]}]}


def _document(row: dict[str, Any]) -> dict[str, Any]:
    text = f"{row['title']}\n\n{row['text']}" if row["title"] else row["text"]
    kept = {name: value for name, value in row.items() if name not in ("title", "text", "suggested", "score")}
    return {"text": text, "label": row["suggested"], **kept}
