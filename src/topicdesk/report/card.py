"""Model card: intended use, training data, performance, and uses that are not intended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from topicdesk.evaluation import CORPUS_SAMPLE, FEWEST_POSITIVES, metric_title, scores_where, shown

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
    sample = comparison.headline
    score = scores_where(comparison.scores, sample=sample, classifier=labeller.classifier, metric=metric).iloc[0]
    by_topic = scores_where(comparison.topic_scores, sample=sample, classifier=labeller.classifier)
    metric_rows = {(row["topic"], row["metric"]): row for row in by_topic.to_dict("records")}
    few = [topic for topic in data.topics if metric_rows[topic, "f1"]["support"] < FEWEST_POSITIVES]
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
            f"{metric_title(metric)} {shown(score['value'], score['low'], score['high'])} [95 %], out of fold"
            + (", weighted by how the articles were drawn from the corpus. " if sample == CORPUS_SAMPLE else ". ")
            + "The score and its interval are those of models fitted in the same way on other articles of this kind. "
            "The model itself was fitted on all articles, so it was not tested.",
            "",
            "| topic | positives | precision | recall | F1 | threshold (probability) |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            *(
                [f"Too few positive articles for a claim (fewer than {FEWEST_POSITIVES}): {', '.join(few)}.", ""]
                if few
                else []
            ),
            f"Reason for the choice: {comparison.verdict.reason}",
            *(f"\nWarning: {warning}" for warning in comparison.warnings),
            "",
        ]
    )
