"""Comparisons learn nothing from test rows, agree with scikit-learn, and report their warnings."""

import re
from dataclasses import replace
from html import escape

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from topicdesk.errors import ArgumentError, FeaturesError, SpecError, SplitError
from topicdesk.evaluation import (
    ALL_SAMPLES,
    CLASSIFIERS,
    DIFFERENCE_FROM_BEST,
    PROBABILITY_METRICS,
    ComparisonPlan,
    SplitPlan,
    classifier_named,
    compare,
    make_splits,
    scores_where,
)
from topicdesk.features import Analyser, Features, FeatureSetting

pytestmark = pytest.mark.slow

KEYWORDS = {"courts": ["judge", "jury", "verdict"], "rail": ["train", "trains", "railway"]}


def has_lightgbm():
    try:
        classifier_named("boosted-trees").build(True)
    except SpecError:
        return False
    return True


# All classifiers, with small grids.
ALL_CLASSIFIERS = tuple(
    replace(classifier, grid={name: values[:2] for name, values in classifier.grid.items()})
    for classifier in CLASSIFIERS.values()
    if classifier.name != "boosted-trees" or has_lightgbm()
)
PLAN = ComparisonPlan(
    classifiers=tuple(
        replace(one, grid={"n_neighbors": (7, 3)}) if one.name == "k-nn" else one for one in ALL_CLASSIFIERS
    ),
    settings=(FeatureSetting(), FeatureSetting(Analyser(ngram_range=(1, 2)), min_df=2, sublinear_tf=True)),
    splits=SplitPlan(folds=3, repeats=2),
    inner_folds=2,
    representative="random",
    resamples=100,
    random_state=3,
)


@pytest.fixture(scope="module")
def comparison(dataset):
    return compare(dataset, PLAN, KEYWORDS, n_jobs=1)


def scrambled_texts_and_labels(dataset, rows):
    """Return the dataset with other texts, in all fields, and the opposite labels in some rows."""
    fields, Y = {name: list(values) for name, values in dataset.fields.items()}, dataset.Y.copy()
    texts = list(dataset.texts)
    for row in rows:
        for values in (texts, *fields.values()):
            values[row] = "judge judge train aardvark zebra " * 5 + values[(row + 1) % len(values)]
        Y[row] = 1 - Y[row]
    return replace(dataset, texts=tuple(texts), fields={name: tuple(fields[name]) for name in fields}, Y=Y)


BLOCKS = {
    "lead": {"lead": [20, 40], "weight": [0, 0.5, 2]},
    "title": {"field": "title", "ngram_range": [1, 2], "weight": 0.5},
    "keywords": {"keywords": True, "weight": [0, 0.15, 0.6]},
}
BLOCK_PLAN = replace(
    PLAN,
    classifiers=tuple(one for one in ALL_CLASSIFIERS if one.name in ("multinomial-nb", "linear-svm", "ridge")),
    settings=Features(min_df=2, blocks=BLOCKS).settings(),
)


@pytest.mark.parametrize("plan", [PLAN, BLOCK_PLAN], ids=["whole texts", "blocks"])
def test_compare_learns_nothing_from_test_texts_and_labels(dataset, plan):
    splits, _ = make_splits(dataset, plan.splits, plan.random_state)
    split = splits[0]
    altered_rows, unaltered_rows = split.test[::2], split.test[1::2]
    altered = scrambled_texts_and_labels(dataset, altered_rows)

    before = compare(dataset, plan, KEYWORDS, splits=[split], n_jobs=1)
    after = compare(altered, plan, KEYWORDS, splits=[split], n_jobs=1)

    unaltered = np.isin(split.test, unaltered_rows)
    for one, two in zip(before.results, after.results, strict=True):
        assert (one.classifier, one.features, one.parameters) == (two.classifier, two.features, two.parameters)
        np.testing.assert_array_equal(one.thresholds, two.thresholds)
        np.testing.assert_equal(one.inner_score, two.inner_score)
        # The scores of unaltered rows depend on all that was learnt: vocabulary, idf and weights.
        np.testing.assert_array_equal(one.scores[unaltered], two.scores[unaltered])
    changed = [
        not np.array_equal(one.scores[~unaltered], two.scores[~unaltered])
        for one, two in zip(before.results, after.results, strict=True)
        if one.classifier != "majority"
    ]
    assert all(changed), "the alteration must change the scores of the altered rows"


def test_compare_chooses_the_weights_of_blocks_on_inner_folds_and_reports_them(dataset):
    noise = np.random.default_rng(0)
    # Only the first word of a text depends on its topics, and none of the many words after it does.
    firsts = np.where(dataset.Y[:, 0] == 1, "gavel", "pebble")
    texts = [f"{first} " + " ".join(f"w{word}" for word in noise.integers(0, 300, 40)) for first in firsts]
    data = replace(dataset, texts=tuple(texts), fields={}, Y=dataset.Y[:, [0, 0]])
    settings = Features(blocks={"first": {"lead": 6, "weight": [0, 0.01, 3.0]}}).settings()
    plan = replace(PLAN, classifiers=(CLASSIFIERS["linear-svm"].with_grid({"C": [0.1]}),), settings=settings)
    features = compare(data, plan, n_jobs=1).choices()["features"]
    assert set(features) == {"blocks.first={'lead': 6, 'weight': 3.0}"}


def test_compare_does_not_depend_on_the_number_of_processes(dataset, comparison):
    again = compare(dataset, PLAN, KEYWORDS, n_jobs=2)
    pd.testing.assert_frame_equal(comparison.scores, again.scores, check_exact=True)
    pd.testing.assert_frame_equal(comparison.topic_scores, again.topic_scores, check_exact=True)
    timed = ["fit_seconds", "predict_seconds"]
    pd.testing.assert_frame_equal(
        comparison.choices().drop(columns=timed), again.choices().drop(columns=timed), check_exact=True
    )


@pytest.fixture(scope="module")
def classes(dataset):
    """Return the same articles, each with exactly one of three classes."""
    Y = np.eye(3, dtype=np.int8)[np.where(dataset.Y[:, 0] == 1, 0, np.where(dataset.Y[:, 1] == 1, 1, 2))]
    return replace(dataset, Y=Y, topics=("courts", "rail", "neither"), task="multi-class")


FITTED = [one for one in CLASSIFIERS.values() if one.build is not None]


@pytest.mark.parametrize("task", ["multi-label", "multi-class"])
@pytest.mark.parametrize("classifier", FITTED, ids=lambda classifier: classifier.name)
def test_compare_gives_the_scores_of_a_scikit_learn_pipeline(dataset, classes, classifier, task):
    if classifier.name == "boosted-trees" and not has_lightgbm():
        pytest.skip("LightGBM cannot be loaded here: it needs the system's libgomp")
    data = dataset if task == "multi-label" else classes
    point = {name: values[-1] for name, values in classifier.grid.items()}
    point |= {"n_neighbors": 5} if classifier.name == "k-nn" else {}
    chosen = replace(classifier, grid={name: (value,) for name, value in point.items()})
    setting = FeatureSetting(Analyser(ngram_range=(1, 2)), min_df=2, sublinear_tf=True)
    plan = ComparisonPlan((chosen,), (setting,), SplitPlan(folds=3), inner_folds=2, resamples=100)
    options = {} if classifier.features == "default" else {"ngram_range": (1, 2), "min_df": 2, "sublinear_tf": True}
    for result in compare(data, plan, n_jobs=1).results:
        train = [data.texts[row] for row in result.split.train]
        test = [data.texts[row] for row in result.split.test]
        estimator = classifier.build(task == "multi-label").set_params(**point)
        if hasattr(estimator, "random_state"):
            estimator.set_params(random_state=plan.random_state)
        if task == "multi-label":
            pipeline = make_pipeline(TfidfVectorizer(**options), OneVsRestClassifier(estimator))
            pipeline.fit(train, data.Y[result.split.train])
            features = pipeline[0].transform(test)
            expected = np.column_stack([classifier.score(one, features) for one in pipeline[1].estimators_])
        else:
            pipeline = make_pipeline(TfidfVectorizer(**options), estimator)
            pipeline.fit(train, data.Y[result.split.train].argmax(axis=1))
            expected = classifier.score(pipeline[1], pipeline[0].transform(test))
        np.testing.assert_allclose(result.scores, expected, rtol=0, atol=1e-8)


def test_compare_tests_each_article_once_per_repeat_and_keeps_groups_together(comparison, dataset):
    for repeat in range(2):
        parts = [split for split in comparison.splits if split.repeat == repeat]
        np.testing.assert_array_equal(np.sort(np.concatenate([split.test for split in parts])), np.arange(len(dataset)))
    for split in comparison.splits:
        assert not set(dataset.groups[split.train]) & set(dataset.groups[split.test])


def test_compare_ranks_a_good_classifier_above_the_majority_baseline(comparison):
    f1 = scores_where(comparison.scores, sample=ALL_SAMPLES, metric="macro_f1").set_index("classifier")["value"]
    assert f1["linear-svm"] > 0.9
    assert f1["majority"] == 0
    assert comparison.ranking[-1] == "majority"


def test_compare_gives_each_score_an_interval_and_the_best_zero_difference(comparison):
    pooled = comparison.scores
    undefined = pooled[pooled["value"].isna()]
    # Without articles that are certain enough, there is no precision of them. With 90 articles, that is usual.
    unknown = undefined[undefined["metric"] != "automation_precision"]
    # Classifiers that are not scored on inner folds have no probabilities.
    assert set(unknown["classifier"]) == {"majority", "plain-linear-svm"}
    assert set(unknown["metric"]) == set(PROBABILITY_METRICS) - {"automation_precision"}
    # A calibration error has no interval, because resampling only increases it.
    without = pooled["metric"] == "calibration_error"
    assert pooled.loc[without, ["low", "high"]].isna().all(axis=None)
    pooled = pooled[~without].drop(undefined.index, errors="ignore")
    assert (pooled["low"] <= pooled["high"]).all()
    best = scores_where(pooled, classifier=comparison.verdict.best)
    assert (best[[*DIFFERENCE_FROM_BEST]] == 0).all(axis=None)


def test_compare_scores_the_representative_sample_on_its_own_articles(comparison, dataset):
    support = scores_where(comparison.topic_scores, classifier="ridge", metric="f1")
    support = support.set_index(["sample", "topic"])["support"]
    random_rows = dataset.samples == "random"
    for column, topic in enumerate(dataset.topics):
        assert support[ALL_SAMPLES, topic] == dataset.Y[:, column].sum()
        assert support["random", topic] == dataset.Y[random_rows, column].sum() < support[ALL_SAMPLES, topic]


def test_comparison_predictions_contain_each_article_and_topic(comparison, dataset):
    table = comparison.predictions("linear-svm")
    assert len(table) == 2 * len(dataset) * dataset.n_topics
    first = scores_where(table, repeat=0)
    wide = first.pivot(index="article_id", columns="topic", values="truth").loc[list(dataset.ids), list(dataset.topics)]
    np.testing.assert_array_equal(wide.to_numpy(), dataset.Y)


def test_compare_accepts_strings_and_numbers_in_a_grid(dataset):
    ridge = classifier_named("ridge").with_grid({"solver": ("sparse_cg", "lsqr"), "alpha": (1, 0.00001)})
    result = compare(dataset, replace(PLAN, classifiers=(ridge,), splits=SplitPlan(folds=2)), n_jobs=1)
    chosen = result.choices()["parameters"]
    assert chosen.str.fullmatch(r"solver=(sparse_cg|lsqr), alpha=(1|1e-05)").all()


def test_compare_warns_of_a_rare_topic(dataset):
    Y = dataset.Y.copy()
    Y[:, 1] = 0
    Y[:2, 1] = 1
    plan = replace(PLAN, classifiers=(classifier_named("ridge"),), splits=SplitPlan(folds=3))
    result = compare(replace(dataset, Y=Y), plan, n_jobs=1)
    assert any("rail: only 2 distinct positive articles for 3 folds" in warning for warning in result.warnings)
    assert np.isfinite(scores_where(result.scores, sample=ALL_SAMPLES, metric="macro_f1")["value"]).all()


def test_compare_warns_of_fits_that_do_not_converge(dataset):
    unconverged = replace(
        classifier_named("linear-svm"),
        build=lambda binary: CLASSIFIERS["linear-svm"].build(binary).set_params(max_iter=1, tol=1e-12),
    )
    plan = replace(PLAN, classifiers=(unconverged,), splits=SplitPlan(folds=2))
    result = compare(dataset, plan, n_jobs=1)
    assert any(warning.startswith("linear-svm: ") and "converged" in warning for warning in result.warnings)


def test_compare_rejects_more_neighbours_than_articles(dataset):
    plan = replace(PLAN, classifiers=(replace(classifier_named("k-nn"), grid={"n_neighbors": (50,)}),))
    with pytest.raises(SplitError, match="needs 50 neighbours"):
        compare(dataset, plan, n_jobs=1)


def test_compare_rejects_an_unknown_representative_sample(dataset):
    with pytest.raises(SpecError, match=r"to the sample 'randon'; did you mean 'random'"):
        compare(dataset, replace(PLAN, representative="randon"), KEYWORDS, n_jobs=1)


def test_compare_rejects_keyword_rules_without_keywords(dataset):
    with pytest.raises(FeaturesError, match="needs the taxonomy's keywords"):
        compare(dataset, PLAN, n_jobs=1)


def test_compare_uses_a_published_split_and_warns_of_its_near_duplicates(dataset):
    samples = np.array(["train"] * 60 + ["test"] * 30, dtype=object)
    classes = np.zeros_like(dataset.Y)
    classes[np.arange(len(dataset)), np.arange(len(dataset)) % 2] = 1
    groups = np.arange(len(dataset))
    groups[60] = groups[0]
    published = replace(dataset, Y=classes, task="multi-class", samples=samples, groups=groups)
    plan = ComparisonPlan(
        (classifier_named("complement-nb"),), splits=SplitPlan("published"), metric="subset_accuracy", resamples=100
    )
    result = compare(published, plan, n_jobs=1)
    (split,) = result.splits
    np.testing.assert_array_equal(split.test, np.arange(60, 90))
    assert "1 of 30 test articles have a near-duplicate among the training articles" in result.warnings[0]
    assert (result.results[0].decisions.sum(axis=1) == 1).all()


def test_make_splits_reports_a_missing_published_split(dataset):
    with pytest.raises(SplitError, match=r"has no published split.*enriched, random"):
        make_splits(dataset, SplitPlan("published"), 0)


@pytest.mark.parametrize("scheme", ["source", "time"])
def test_compare_splits_by_source_and_by_time(dataset, scheme):
    sources = np.array(["a", "b", "c"], dtype=object)[np.arange(len(dataset)) % 3]
    days = np.random.default_rng(0).integers(0, 40, len(dataset)).astype("timedelta64[D]")
    data = replace(dataset, sources=sources, dates=np.datetime64("2024-01-01", "us") + days)
    classifiers = (classifier_named("majority"), classifier_named("linear-svm").with_grid({"C": [1.0]}))
    plan = ComparisonPlan(classifiers, splits=SplitPlan(scheme, folds=3), inner_folds=2, resamples=100)
    result = compare(data, plan, n_jobs=1)
    assert len(result.splits) == 3
    for split in result.splits:
        if scheme == "source":
            assert len(set(data.sources[split.test])) == 1
        else:
            assert data.dates[split.train].max() < data.dates[split.test].min()
    assert result.verdict.best == "linear-svm"
    assert (
        scores_where(result.scores, classifier="linear-svm", sample=ALL_SAMPLES, metric="macro_f1")["value"].item()
        > 0.6
    )


def test_compare_rejects_non_finite_scores(dataset):
    broken = replace(
        classifier_named("linear-svm"), score=lambda estimator, features: np.full(features.shape[0], np.nan)
    )
    plan = ComparisonPlan((broken,), splits=SplitPlan(folds=2), inner_folds=2, resamples=100)
    with pytest.raises(SpecError, match=r"linear-svm with \{'C': 0.1\} produced non-finite scores"):
        compare(dataset, plan, n_jobs=1)


def test_comparison_exports_markdown_and_latex(comparison):
    markdown, latex = comparison.to_markdown(), comparison.to_latex()
    assert markdown.startswith("| classifier")
    assert markdown.endswith(comparison.verdict.reason)
    assert latex.count(r"\\") == len(comparison.ranking) + 1
    assert r"\caption{" in latex
    assert re.search(r"(?<!\\)%", latex) is None, "an unescaped percent sign comments out the rest of its line"


def test_comparison_reports_its_verdict_and_significance_tests(comparison):
    table, verdict = comparison.significance, comparison.verdict
    assert tuple(table.index) == comparison.ranking[1:]
    assert verdict.best == comparison.ranking[0]
    assert table.loc["majority", "p"] < 0.05
    assert table.loc["majority", "conclusion"] == "worse"
    np.testing.assert_allclose(table[["better", "equivalent", "worse"]].sum(axis=1), 1)
    assert escape(verdict.reason) in comparison._repr_html_()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"classifiers": ()}, SpecError, "classifiers: the plan has none"),
        ({"classifiers": ("linear-svm",)}, TypeError, "got 'linear-svm'. Use classifier_named or own_classifier"),
        ({"classifiers": (CLASSIFIERS["sgd"],) * 2}, SpecError, "classifiers: the name 'sgd' occurs more than once"),
        ({"settings": ()}, SpecError, "settings: the plan has none"),
        ({"metric": "macro_f"}, ArgumentError, "metric = 'macro_f' is not known; did you mean 'macro_f1'"),
        ({"search": "random"}, ArgumentError, "search = 'random' is not known; valid: grid, halving"),
        ({"resamples": -1}, ArgumentError, "resamples must be an integer of at least 0; got -1"),
        ({"random_state": -1}, ArgumentError, "random_state must be an integer of at least 0; got -1"),
        ({"random_state": None}, ArgumentError, "random_state must be an integer of at least 0; got None"),
        ({"classifiers": CLASSIFIERS["sgd"]}, TypeError, "classifiers of a plan must be a tuple; got Classifier"),
        ({"settings": FeatureSetting()}, TypeError, "settings of a plan must be a tuple; got FeatureSetting"),
        ({"splits": 5}, TypeError, "splits must be a SplitPlan; got 5"),
        ({"inner_folds": 1}, ArgumentError, "inner_folds must be an integer of at least 2; got 1"),
    ],
)
def test_compare_names_a_wrong_value_of_the_plan(dataset, changes, error, message):
    with pytest.raises(error, match=message):
        compare(dataset, replace(PLAN, **changes), KEYWORDS, n_jobs=1)


def test_compare_names_an_argument_of_another_type(dataset):
    with pytest.raises(TypeError, match=r"dataset must be a Dataset; got a value of type DataFrame\. Use make_dataset"):
        compare(pd.DataFrame(), PLAN, n_jobs=1)
    with pytest.raises(TypeError, match="plan must be a ComparisonPlan; got a value of type Classifier"):
        compare(dataset, CLASSIFIERS["sgd"], n_jobs=1)
    for splits in ([], [(np.arange(60), np.arange(60, 90))]):
        with pytest.raises(TypeError, match="splits must be a list of Split that is not empty"):
            compare(dataset, PLAN, splits=splits, n_jobs=1)


def test_compare_accepts_a_string_for_the_folder_of_checkpoints(dataset, tmp_path):
    plan = ComparisonPlan((CLASSIFIERS["majority"],), splits=SplitPlan(folds=2), inner_folds=2, resamples=100)
    assert compare(dataset, plan, n_jobs=1, keep=str(tmp_path)).checkpoints.folder == tmp_path
