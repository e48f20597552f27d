"""Intervals of scores: coverage for the procedure on new data, and scores weighted by how articles were drawn."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from topicdesk.evaluation import (
    ALL_SAMPLES,
    CLASSIFIERS,
    CORPUS_SAMPLE,
    FEWEST_POSITIVES,
    ComparisonPlan,
    SplitPlan,
    compare,
    metric_values,
    scores_where,
)
from topicdesk.evaluation._bootstrap import _missing_variance, difference_interval, percentile_interval, score_interval
from topicdesk.evaluation.metrics import observed_and_bootstrap_weights
from topicdesk.evaluation.splits import Split, training_factor


def cross_validated_accuracy(random_state, n_articles=60, n_features=20, distance=0.2, n_folds=5):
    """Return the resampled accuracy of nearest class means, and the true accuracy of the fitted models."""
    rng = np.random.default_rng(random_state)
    y = rng.permutation(np.arange(n_articles) % 2)
    X = rng.normal(size=(n_articles, n_features)) + distance * y[:, None]
    fold = rng.permutation(n_articles) % n_folds
    right, true = np.zeros(n_articles), []
    for held_out in range(n_folds):
        train, test = fold != held_out, fold == held_out
        means = [X[train & (y == label)].mean(axis=0) for label in (0, 1)]
        direction = means[1] - means[0]
        middle = (means[0] + means[1]) / 2 @ direction
        right[test] = (X[test] @ direction > middle) == y[test]
        ends = np.array([distance * direction.sum() - middle, middle]) / np.linalg.norm(direction)
        true.append(norm.cdf(ends).mean())
    weights = observed_and_bootstrap_weights(np.arange(n_articles), 200, rng)
    return weights @ right / n_articles, np.mean(true)


@pytest.mark.slow
def test_score_interval_covers_the_procedure_on_new_data_and_percentiles_do_not():
    runs = [cross_validated_accuracy(seed) for seed in range(300)]
    truth = np.mean([true for _, true in runs])
    folds = [Split(np.arange(48), np.arange(12 * fold, 12 * fold + 12), 0, fold, "given") for fold in range(5)]

    def coverage(intervals):
        return np.mean([one["low"] <= truth <= one["high"] for one in intervals])

    assert coverage([score_interval(values, training_factor(folds), 60) for values, _ in runs]) >= 0.93
    assert coverage([percentile_interval(values) for values, _ in runs]) < 0.9


def test_score_interval_is_that_of_wilson_for_independent_articles_of_one_model():
    values = np.append(0.8, 0.8 + norm.ppf((np.arange(2000) + 0.5) / 2000) * np.sqrt(0.8 * 0.2 / 50))
    interval = score_interval(values, 1.0, 50)
    assert (interval["value"], interval["low"], interval["high"]) == pytest.approx((0.8, 0.670, 0.888), abs=2e-3)


@pytest.mark.parametrize(("value", "low", "high"), [(1.0, 0.839, 1.0), (0.0, 0.0, 0.161)])
def test_score_interval_has_a_width_although_resamples_do_not_vary(value, low, high):
    interval = score_interval(np.full(50, value), 1.0, 20)
    assert (interval["low"], interval["high"]) == pytest.approx((low, high), abs=1e-3)
    assert score_interval(np.full(50, value), 1.5, 20)["high"] - interval["high"] >= -1e-9


def test_score_interval_is_undefined_without_a_value_or_resamples():
    for distribution in (np.array([0.5]), np.full(10, np.nan)):
        interval = score_interval(distribution, 1.5, 10)
        assert np.isnan([interval["low"], interval["high"]]).all()
    assert np.isnan(score_interval(np.linspace(0.4, 0.6, 9), 1.5, 10, without=True)["low"])


def test_compare_does_not_trust_a_perfect_score_on_few_test_articles(dataset):
    """The interval of a score of 1 followed from the number of all articles, not of those that were tested."""
    split = Split(np.arange(10, len(dataset)), np.arange(10), 0, 0, "given")
    plan = ComparisonPlan((CLASSIFIERS["linear-svm"],), splits=SplitPlan("given"), resamples=30)
    comparison = compare(dataset, plan, splits=[split], n_jobs=1)
    row = scores_where(comparison.scores, sample=ALL_SAMPLES, metric="subset_accuracy", classifier="linear-svm").iloc[0]
    assert row["value"] == 1
    assert row["low"] < 0.8


def test_a_topic_whose_resamples_do_not_vary_adds_the_variance_of_a_proportion_to_a_macro_metric():
    """If all of a topic's few positives were found, or none, the macro interval was as if it were certain."""
    spread = 0.8 + 0.1 * norm.ppf((np.arange(200) + 0.5) / 200)
    by_topic = {
        "f1": np.column_stack([np.append(0.8, spread), np.zeros(201), np.full(201, np.nan)]),
        "positives": np.array([[20.0, 3.0, 0.0]]),
    }
    share = 2 / 7
    assert _missing_variance("macro_f1", by_topic) == pytest.approx(share * (1 - share) / 7 / 4)
    assert _missing_variance("micro_f1", by_topic) == 0
    by_topic["f1"] = by_topic["f1"][:, :1]
    by_topic["positives"] = by_topic["positives"][:, :1]
    assert _missing_variance("macro_f1", by_topic) == 0


def test_difference_interval_is_widened_by_the_factor():
    distribution = np.append(0.1, 0.1 + 0.02 * norm.ppf((np.arange(1000) + 0.5) / 1000))
    one, wider = (difference_interval(distribution, factor) for factor in (1.0, 1.5))
    assert one["high"] - one["value"] == pytest.approx(1.96 * 0.02, rel=0.01)
    assert wider["high"] - 0.1 == pytest.approx(1.5 * (one["high"] - 0.1))


@pytest.mark.parametrize(
    ("sizes", "factor"),
    [([(80, 20)] * 5, np.sqrt(1 + 100 / 80)), ([(100, 50)], np.sqrt(1.5)), ([(90, 10)], np.sqrt(1 + 1 / 9))],
)
def test_training_factor_is_the_correction_of_nadeau_and_bengio(sizes, factor):
    splits, start = [], 0
    for n_train, n_test in sizes:
        splits.append(Split(np.arange(n_train), np.arange(start, start + n_test), 0, len(splits), "given"))
        start += n_test
    assert training_factor(splits) == pytest.approx(factor)
    repeated = [replace(split, repeat=repeat) for repeat in (0, 1) for split in splits]
    assert training_factor(repeated) == pytest.approx(factor)


@pytest.fixture(scope="module")
def weighted(dataset):
    """Return a comparison whose articles about rail were picked, and the others drawn with probability 1/6."""
    picked = dataset.Y[:, dataset.topics.index("rail")] == 1
    data = replace(dataset, weights=np.where(picked, 1.0, 6.0), drawn=~picked)
    classifiers = tuple(CLASSIFIERS[name] for name in ("majority", "multinomial-nb", "linear-svm"))
    plan = ComparisonPlan(classifiers, splits=SplitPlan(folds=3, repeats=2), resamples=50, baselines=("majority",))
    return compare(data, plan, n_jobs=1)


def test_compare_weights_the_headline_by_how_articles_were_drawn(weighted):
    assert weighted.headline == CORPUS_SAMPLE
    data, results = weighted.dataset, weighted.results_of("multinomial-nb")
    for sample, weights in ((CORPUS_SAMPLE, data.weights), (ALL_SAMPLES, np.ones(len(data)))):
        repeats = []
        for repeat in (0, 1):
            parts = [result for result in results if result.split.repeat == repeat]
            rows = np.concatenate([part.split.test for part in parts])
            decisions, scores = (
                np.concatenate([getattr(part, name) for part in parts]) for name in ("decisions", "scores")
            )
            repeats.append(metric_values(data.Y[rows], decisions, scores, weights[rows][None, :]))
        for metric in ("macro_f1", "micro_f1", "subset_accuracy", "micro_precision"):
            row = scores_where(weighted.scores, sample=sample, metric=metric, classifier="multinomial-nb").iloc[0]
            assert row["value"] == pytest.approx(np.mean([values[metric][0] for values in repeats]))
    board = weighted.leaderboard()
    assert board.columns[0] == "macro-F1, corpus [95 %]"
    assert "macro-F1, labelled articles, each once [95 %]" in board
    assert tuple(board.index) == weighted.ranking
    best = scores_where(weighted.scores, sample=CORPUS_SAMPLE, metric="macro_f1").set_index("classifier")["value"]
    assert best.idxmax() == weighted.ranking[0] == weighted.verdict.best


def test_compare_counts_positives_that_were_drawn_at_random(weighted):
    data, rows = weighted.dataset, scores_where(weighted.topic_scores, sample=CORPUS_SAMPLE, metric="f1")
    for topic in data.topics:
        positive = data.Y[:, weighted.topic_column(topic)] == 1
        assert (rows.loc[rows["topic"] == topic, "support"] == (positive & data.drawn).sum()).all()
    uneven = np.where(data.Y.any(axis=1), np.linspace(2, 9, len(data)), 3.0)
    comparison = compare(replace(data, weights=uneven, drawn=None), replace(weighted.plan, resamples=10), n_jobs=1)
    positives = uneven[data.Y[:, 0] == 1]
    effective = scores_where(comparison.topic_scores, sample=CORPUS_SAMPLE, topic=data.topics[0], metric="f1")[
        "support"
    ]
    assert (effective == round(positives.sum() ** 2 / (positives**2).sum())).all()


def test_compare_does_not_weight_articles_of_equal_probability(dataset):
    plan = ComparisonPlan((CLASSIFIERS["multinomial-nb"],), splits=SplitPlan(folds=3), resamples=10)
    equal = compare(replace(dataset, weights=np.full(len(dataset), 4.0)), plan, n_jobs=1)
    assert equal.headline == ALL_SAMPLES
    assert equal.scores.equals(compare(dataset, plan, n_jobs=1).scores)


def test_compare_warns_of_a_topic_that_supports_no_claim(dataset):
    weights = np.full(len(dataset), 5.0)
    rail = np.flatnonzero(dataset.Y[:, dataset.topics.index("rail")])
    weights[rail[3:]] = 1.0
    plan = ComparisonPlan((CLASSIFIERS["multinomial-nb"],), splits=SplitPlan(folds=3), resamples=10)
    comparison = compare(replace(dataset, weights=weights, drawn=weights > 1), plan, n_jobs=1)
    assert len(rail) > FEWEST_POSITIVES
    assert any(
        warning.startswith("rail: 3 positive articles were drawn at random, fewer than 10.")
        for warning in comparison.warnings
    )
    assert not any(warning.startswith("rail:") for warning in compare(dataset, plan, n_jobs=1).warnings)
