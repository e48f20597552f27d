"""Model card: intended use, training data, performance, and uses that are not intended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from topicdesk.evaluation import ALL_SAMPLES, figures_where, metric_title, shown

if TYPE_CHECKING:
    from topicdesk.evaluation import Comparison
    from topicdesk.prediction import Labeller
    from topicdesk.report.about import About

__all__ = ["model_card"]


def model_card(comparison: Comparison, labeller: Labeller, about: About) -> str:
    """Return the model card of a labeller (Mitchell et al. 2019).

    Parameters
    ----------
    comparison : Comparison
        The comparison that selected the classifier.
    labeller : Labeller
        The model.
    about : About
        Description of the experiment.

    Returns
    -------
    str
        Markdown.
    """
    data, told, metric = comparison.dataset, about.provenance, comparison.plan.metric
    main = figures_where(comparison.figures, sample=ALL_SAMPLES, classifier=labeller.classifier, metric=metric).iloc[0]
    by_topic = figures_where(comparison.topic_figures, sample=ALL_SAMPLES, classifier=labeller.classifier)
    figure = {(row["topic"], row["metric"]): row for row in by_topic.to_dict("records")}
    thresholds = labeller.thresholds
    rows = [
        f"| {topic} | {figure[topic, 'f1']['support']} | "
        + " | ".join(
            shown(*(figure[topic, name][part] for part in ("value", "low", "high")))
            for name in ("precision", "recall", "f1")
        )
        + f" | {'–' if thresholds is None else f'{thresholds[column]:.3f}'} |"
        for column, topic in enumerate(data.topics)
    ]
    fields = ", ".join(f"`{name}`" for name in labeller.fields)
    annotators = ", ".join(f"{name} ({count} articles)" for name, count in told.annotators.items()) or "not known"
    gives = (
        f"an array of 0 and 1, one column a topic: {', '.join(data.topics)}"
        if labeller.task == "multi-label"
        else "the name of the topic"
    )
    return "\n".join(
        [
            f"# {about.title}: {labeller.classifier}",
            "",
            f"A scikit-learn pipeline that reads {fields} of a news article and gives {gives}. "
            + ("It opens with mlflow, scikit-learn and skops alone." if labeller.portable else "It needs topicdesk."),
            "",
            "MLflow's own interface and its server answer in full: topics, a calibrated probability of each, the "
            "reason, and whether to abstain: where the model is not sure that all topics are right, or knows no term.",
            "",
            "## Meant for",
            "",
            "Suggesting topics of articles like those below. Not for deciding about people, and not for other "
            "languages, times or kinds of text without a test on them.",
            "",
            "## Fitted on",
            "",
            f"{labeller.n_articles} articles of {data.name}, all that are labelled (articles {data.corpus_hash}, "
            f"labels {data.labels_hash}). Labelled by: {annotators}; "
            f"codebook {', '.join(told.codebooks) or 'not known'}. "
            f"{told.citation}".strip(),
            "",
            f"Chosen on inner folds: {labeller.features}; {labeller.parameters}.",
            "",
            "## How good",
            "",
            f"{metric_title(metric)} {shown(main['value'], main['low'], main['high'])} [95 %], out of fold: of models "
            "fitted the same way on part of the articles. The model itself was not tested, since it has seen them all.",
            "",
            "| topic | positives | precision | recall | F1 | given from probability |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            f"Why this one: {comparison.verdict.reason}",
            *(f"\nKnow that: {warning}" for warning in comparison.warnings),
            "",
        ]
    )
