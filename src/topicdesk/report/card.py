"""Model card: intended use, training data, performance, and uses that are not intended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from topicdesk.evaluation import ALL_SAMPLES, metric_title, scores_where, shown

if TYPE_CHECKING:
    from topicdesk.evaluation import ComparisonResult
    from topicdesk.prediction import Labeller
    from topicdesk.report.about import About

__all__ = ["model_card"]


def model_card(comparison: ComparisonResult, labeller: Labeller, about: About) -> str:
    """Return the model card of a labeller (Mitchell et al. 2019).

    Parameters
    ----------
    comparison : ComparisonResult
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
    data, provenance, metric = comparison.dataset, about.provenance, comparison.plan.metric
    score = scores_where(comparison.scores, sample=ALL_SAMPLES, classifier=labeller.classifier, metric=metric).iloc[0]
    by_topic = scores_where(comparison.topic_scores, sample=ALL_SAMPLES, classifier=labeller.classifier)
    metric_rows = {(row["topic"], row["metric"]): row for row in by_topic.to_dict("records")}
    thresholds = labeller.thresholds
    rows = [
        f"| {topic} | {metric_rows[topic, 'f1']['support']} | "
        + " | ".join(
            shown(*(metric_rows[topic, name][part] for part in ("value", "low", "high")))
            for name in ("precision", "recall", "f1")
        )
        + f" | {'–' if thresholds is None else f'{thresholds[column]:.3f}'} |"
        for column, topic in enumerate(data.topics)
    ]
    fields = ", ".join(f"`{name}`" for name in labeller.fields)
    annotators = ", ".join(f"{name} ({count} articles)" for name, count in provenance.annotators.items()) or "unknown"
    output = (
        f"an array of 0 and 1 with one column per topic: {', '.join(data.topics)}"
        if labeller.task == "multi-label"
        else "the name of the topic"
    )
    return "\n".join(
        [
            f"# {about.title}: {labeller.classifier}",
            "",
            f"A scikit-learn pipeline that reads {fields} of a news article and predicts {output}. "
            + ("It needs only mlflow, scikit-learn and skops." if labeller.portable else "It needs topicdesk."),
            "",
            "MLflow's own interface and its server return the topics, a calibrated probability of each topic, the "
            "reason, and whether to abstain. The model abstains if it is not sure that all topics are right, or if it "
            "knows no term of the article.",
            "",
            "## Intended use",
            "",
            "Suggest topics of articles that resemble the training data. Do not use the model to make decisions about "
            "people. Test it before you use it on other languages, periods or kinds of text.",
            "",
            "## Training data",
            "",
            f"All {labeller.n_articles} labelled articles of {data.name} (articles {data.corpus_hash}, "
            f"labels {data.labels_hash}). Annotators: {annotators}; "
            f"codebook {', '.join(provenance.codebooks) or 'unknown'}. "
            f"{provenance.citation}".strip(),
            "",
            f"Selected on inner folds: {labeller.features}; {labeller.parameters}.",
            "",
            "## Performance",
            "",
            f"{metric_title(metric)} {shown(score['value'], score['low'], score['high'])} [95 %], out of fold. "
            "This is the score of models that were fitted in the same way on part of the articles. The model itself "
            "was fitted on all articles, so it was not tested.",
            "",
            "| topic | positives | precision | recall | F1 | threshold (probability) |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            f"Reason for the choice: {comparison.verdict.reason}",
            *(f"\nWarning: {warning}" for warning in comparison.warnings),
            "",
        ]
    )
