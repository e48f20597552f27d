"""Measure what blocks of features and thresholds for the expected F1 add: the same classifiers, articles and folds.

Run with ``python benchmarks/blocks.py [CLASSIFIER ...]``; without a name, all linear classifiers. Each is fitted with
the features of ``experiments/first772.toml`` and with those of ``experiments/blocks.toml``. Both choose on inner folds.
The metrics are weighted to the corpus. Differences are paired by article, with the 95 % interval of a challenge, which
includes the choice of training articles.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from topicdesk.evaluation import ComparisonResult, challenge, compare, scores_where
from topicdesk.experiment import load_experiments
from topicdesk.project import find_project

_CLASSIFIERS = ("logistic-regression", "linear-svm", "sgd", "ridge")
_METRICS = ("macro_f1", "micro_f1")


def main() -> int:
    """Print the table."""
    names = tuple(sys.argv[1:]) or _CLASSIFIERS
    without, with_blocks = (_compared(experiment, names) for experiment in ("first772", "blocks"))
    print(
        f"{len(without.dataset)} articles, {len(without.results) // len(names)} outer splits, weighted to the corpus\n"
    )
    print("| classifier | metric | first772 | blocks | difference [95 %] |")
    print("|---|---|---|---|---|")
    for name in names:
        for metric in _METRICS:
            before, after = (result.predictions(name) for result in (without, with_blocks))
            outcome = challenge(before, after, metric, resamples=2000)
            scores = [_score(result, name, metric) for result in (without, with_blocks)]
            cells = " | ".join(f"{score:.3f}" for score in scores)
            print(
                f"| {name} | {metric} | {cells} | {outcome.difference:+.3f} [{outcome.low:+.3f}, {outcome.high:+.3f}] |"
            )
    return 0


def _score(result: ComparisonResult, classifier: str, metric: str) -> float:
    rows = scores_where(result.scores, classifier=classifier, sample=result.headline, metric=metric)
    return float(rows["value"].item())


def _compared(experiment: str, names: tuple[str, ...]) -> ComparisonResult:
    (load,) = load_experiments(find_project(__file__).root / "experiments" / f"{experiment}.toml")
    classifiers = tuple(classifier for classifier in load.plan.classifiers if classifier.name in names)
    plan = replace(load.plan, classifiers=classifiers, baselines=(), resamples=100)
    return compare(load.dataset, plan, keywords=load.keywords, splits=load.splits)


if __name__ == "__main__":
    sys.exit(main())
