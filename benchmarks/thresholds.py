"""Compare thresholds for the observed and for the expected F1: scores on new articles, and spread of the thresholds.

Run with ``python benchmarks/thresholds.py [SPLITS]``. Every distinct article of NewsArticles is labelled. Each split
draws 772 of them for training, as many as `gold.csv` has, and tests on the others: that is the whole corpus,
so the scores have hardly any error. A linear SVM with fixed features and hyper-parameters is fitted; only the
thresholds are chosen, on three inner folds.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np

from topicdesk.evaluation import (
    ComparisonPlan,
    DecisionRule,
    Split,
    ThresholdRule,
    classifier_named,
    compare,
    metric_values,
    topic_metric_values,
)
from topicdesk.experiment import load_dataset, read_spec
from topicdesk.features import Analyser, FeatureSetting
from topicdesk.project import find_project

_TRAIN = 772


def main() -> int:
    """Print the table; return 1 if the expected F1 is not better."""
    n_splits = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    project = find_project(__file__)
    dataset = load_dataset(project, read_spec(project.root / "experiments" / "topics.toml"), "newsarticles")
    rng = np.random.default_rng(0)
    splits = []
    for number in range(n_splits):
        rows = rng.permutation(len(dataset))
        splits.append(Split(np.sort(rows[:_TRAIN]), np.sort(rows[_TRAIN:]), number, 0, "stratified"))
    plan = ComparisonPlan(
        (classifier_named("linear-svm").with_grid({"C": [1.0]}),),
        settings=(FeatureSetting(Analyser(ngram_range=(1, 2)), min_df=2, max_df=0.8, sublinear_tf=True),),
        baselines=(),
        resamples=100,
    )
    macro: dict[str, list[float]] = {}
    print(f"{n_splits} splits of {len(dataset)} articles, {_TRAIN} for training; SD: of thresholds, in SD of scores\n")
    print(f"| thresholds for | macro-F1 | micro-F1 | {' | '.join(dataset.topics)} |")
    print(f"|---|---|---|{'---|' * dataset.n_topics}")
    for name, rule in (("observed", ThresholdRule(f1="observed")), ("expected", ThresholdRule(f1="expected"))):
        results = compare(dataset, replace(plan, decision_rule=DecisionRule(rule)), splits=splits).results
        scores, thresholds = [], []
        for result in results:
            Y = dataset.Y[result.split.test]
            by_topic = topic_metric_values(Y, result.decisions, result.scores)
            values = metric_values(Y, result.decisions, result.scores, by_topic=by_topic)
            macro.setdefault(name, []).append(values["macro_f1"][0])
            scores.append([values["macro_f1"][0], values["micro_f1"][0], *by_topic["f1"][0]])
            thresholds.append((result.thresholds - result.scores.mean(axis=0)) / result.scores.std(axis=0))
        spread = np.nanstd(np.where(np.isfinite(thresholds), thresholds, np.nan), axis=0)
        means = np.mean(scores, axis=0)
        topics = (f"{score:.3f}, SD {sd:.2f}" for score, sd in zip(means[2:], spread, strict=True))
        print(f"| {name} F1 | {means[0]:.3f} | {means[1]:.3f} | {' | '.join(topics)} |")
    gain = np.subtract(macro["expected"], macro["observed"])
    # The splits share articles, so the spread of the gains is no standard error.
    print(f"\nmacro-F1: {gain.mean():+.3f} on average; higher in {(gain > 0).sum()} of {n_splits} splits")
    return int(gain.mean() <= 0)


if __name__ == "__main__":
    sys.exit(main())
