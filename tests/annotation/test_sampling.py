"""Sampling weights: estimates for the corpus are unbiased, however articles were picked, and their intervals hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from topicdesk.annotation import (
    draw_queue,
    effective_size,
    prevalence,
    read_annotations,
    sampling_weights,
    write_annotations,
)
from topicdesk.annotation.sampling import next_draw
from topicdesk.errors import LabelsError

N_ARTICLES = 400
MIX = {"random": 0.5, "rare-first": 0.5}


def made_corpus(seed):
    """Make a corpus of which about 8 % has the topic, and the scores of a classifier that finds most of it."""
    rng = np.random.default_rng([1, seed])
    truth = rng.random(N_ARTICLES) < 0.08
    return truth, 0.4 * truth + 0.6 * rng.random(N_ARTICLES)


def labelled_in_rounds(corpus, counts, seed, labels_of_queue=1.0):
    """Draw a queue in each round, and label it, or only its first part."""
    truth, scores = corpus
    tables = []
    for count in counts:
        before = pd.concat(tables) if tables else pd.DataFrame({"article_id": [], "topics": []})
        rows = before["article_id"].astype(int).to_numpy()
        queue = draw_queue(
            np.arange(N_ARTICLES), count, MIX, seed, probabilities=scores, labelled=rows,
            y=[["rail"] if truth[row] else [] for row in rows] if truth[rows].any() else None,
            topics=["rail"] if truth[rows].any() else None, draw=next_draw(before),
        )  # fmt: skip
        queue = queue.head(round(labels_of_queue * count))
        topics = [("rail",) if truth[row] else () for row in queue["article_id"]]
        tables.append(queue.assign(topics=pd.Series(topics, index=queue.index, dtype=object)))
    return pd.concat(tables, ignore_index=True)


def table_of(*rows):
    columns = ["article_id", "topics", "sample", "draw", "stratum_size", "inclusion_probability"]
    table = pd.DataFrame([(f"a{row}", (), *values) for row, values in enumerate(rows)], columns=columns)
    return table.astype({"draw": "Int64", "stratum_size": "Int64", "inclusion_probability": "Float64"})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("counts", "labels_of_queue"), [((60,), 1.0), ((40, 50), 1.0), ((30, 40, 30), 1.0), ((80,), 0.5), ((50, 60), 0.6)]
)
def test_sampling_weights_give_unbiased_totals_after_every_number_of_draws(counts, labels_of_queue):
    corpus = made_corpus(0)
    totals, pooled = [], []
    for seed in range(250):
        labels = labelled_in_rounds(corpus, counts, seed, labels_of_queue)
        weights = sampling_weights(labels)
        positive = np.array([bool(topics) for topics in labels["topics"]])
        assert weights.sum() == pytest.approx(N_ARTICLES)
        totals.append(weights[positive].sum())
        pooled.append(N_ARTICLES * positive[labels["sample"] == "random"].mean())
    truth, error = corpus[0].sum(), np.std(totals, ddof=1) / np.sqrt(len(totals))
    assert abs(np.mean(totals) - truth) < 3.5 * error
    # The rows of the sample random alone, pooled over draws, miss what was picked.
    assert np.mean(pooled) < truth - 5 * np.std(pooled, ddof=1) / np.sqrt(len(pooled))


@pytest.mark.slow
@pytest.mark.parametrize("counts", [(120,), (80, 80), (60, 50, 50)])
def test_prevalence_interval_covers_the_share_where_the_pooled_sample_does_not(counts):
    covered, covered_unweighted = [], []
    for seed in range(300):
        corpus = made_corpus(seed)
        share = corpus[0].mean()
        labels = labelled_in_rounds(corpus, counts, seed)
        row = prevalence(labels, ["rail"]).loc["rail"]
        old = prevalence(labels[["article_id", "topics", "sample"]], ["rail"]).loc["rail"]
        covered.append(row["low"] <= share <= row["high"])
        covered_unweighted.append(old["low"] <= share <= old["high"])
    assert np.mean(covered) >= 0.93
    assert np.mean(covered_unweighted) < 0.85


def test_prevalence_adds_the_picks_to_what_the_random_part_estimates():
    labels = pd.DataFrame(
        {
            "article_id": [f"a{row}" for row in range(60)],
            "topics": [("rail",)] * 8 + [()] * 2 + [("rail",)] * 2 + [()] * 48,
            "sample": ["enriched"] * 10 + ["random"] * 50,
            "draw": 1,
            "stratum_size": [10] * 10 + [190] * 50,
        }
    )
    row = prevalence(labels, ["rail"]).loc["rail"]
    assert (row["articles"], row["positives"]) == (60, 10)
    assert row["share"] == pytest.approx((8 + 190 * 2 / 50) / 200)  # 0.04 on the sample random alone
    # At least the picks have the topic, and the articles without it do not.
    assert 8 / 200 < row["low"] < row["share"] < row["high"] < 1 - 50 / 200
    # Wilson's interval of 2 in 50, as if of 50 / (1 - 50 / 190) articles.
    assert row["effective"] == pytest.approx(50 / (1 - 50 / 190), rel=0.03)


def test_prevalence_has_an_interval_of_some_width_without_a_random_positive():
    labels = table_of(*[("enriched", 1, 2, None)] * 2, *[("random", 1, 98, None)] * 30)
    row = prevalence(labels, ["rail"]).loc["rail"]
    assert (row["share"], row["low"]) == (0, 0)
    assert 0.05 < row["high"] < 0.12


def test_prevalence_of_a_census_has_no_uncertainty():
    labels = table_of(*[("random", 1, 4, None)] * 4)
    labels.at[0, "topics"] = ("rail",)
    row = prevalence(labels, ["rail"]).loc["rail"]
    assert (row["share"], row["low"], row["high"], row["effective"]) == (0.25, 0.25, 0.25, np.inf)


def test_sampling_weights_need_a_random_part():
    labels = table_of(*[("random", 1, None, None)] * 3)
    assert sampling_weights(labels) is None
    assert sampling_weights(labels[["article_id", "topics", "sample"]]) is None
    assert (
        sampling_weights(table_of(("uncertain", 1, 3, None), ("uncertain", 1, 3, None), ("uncertain", 1, 3, None)))
        is None
    )


@pytest.mark.slow
@given(n_rows=st.integers(1, 30), more=st.integers(1, 50))
def test_sampling_weights_are_equal_if_all_probabilities_are(n_rows, more):
    by_stratum = sampling_weights(table_of(*[("random", 1, n_rows + more, None)] * n_rows))
    assert by_stratum == pytest.approx((n_rows + more) / n_rows)
    by_probability = sampling_weights(table_of(*[("survey", None, None, 1 / (1 + more))] * n_rows))
    assert by_probability == pytest.approx(1 + more)


def test_sampling_weights_of_a_census_are_1():
    assert sampling_weights(table_of(*[("given", 1, None, 1.0)] * 3)).tolist() == [1, 1, 1]
    # The second draw labelled all that the first had left.
    labels = table_of(*[("random", 1, 5, None)] * 2, ("uncertain", 2, 1, None), *[("random", 2, 2, None)] * 2)
    assert sampling_weights(labels).tolist() == [1] * 5


def test_sampling_weights_count_rows_of_unknown_probability_in_later_draws_only():
    labels = table_of(
        ("given", None, None, None), ("random", 1, 8, None), ("random", 1, 8, None),
        ("random", 2, 6, None), ("random", 2, 6, None), ("rare-first", 2, None, None),
    )  # fmt: skip
    # By the first draw 8, by the second 3 + 6; each has two random rows.
    assert sampling_weights(labels).tolist() == [0.5, 2.5, 2.5, 1.5, 1.5, 0]
    assert next_draw(labels) == 3


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("random", 0, 9, None)], "row 0: draw must be empty or an integer of at least 1; got '0'"),
        (
            [("random", 1, 9, None), ("random", 1, -9, None)],
            "row 1: stratum_size must be empty or an integer of at least",
        ),
        ([("random", 1, None, 1.5)], "row 0: inclusion_probability must be empty or a number from 1e-09 to 1"),
        ([("random", 1, 9, 0.5)], "row 0: the row has both stratum_size 9 and inclusion_probability 0.5"),
        ([("random", 1, 9, None), ("random", 1, 8, None)], "draw 1 has the sample 'random' with stratum_size 9 and 8"),
        (
            [("random", 1, 1, None), ("random", 1, 1, None)],
            "draw 1 has 2 rows of the sample 'random', but stratum_size is 1",
        ),
    ],
)
def test_sampling_weights_reject_an_impossible_design(rows, message):
    with pytest.raises(LabelsError, match=message):
        sampling_weights(table_of(*rows))


def test_sampling_weights_reject_repeated_articles():
    labels = table_of(*[("random", 1, 9, None)] * 2).assign(article_id="a")
    with pytest.raises(LabelsError, match="article 'a' occurs more than once"):
        sampling_weights(labels)


def test_effective_size_is_that_of_equal_weights():
    assert effective_size([3, 3, 0]) == pytest.approx(2)
    assert effective_size([0, 0]) == effective_size([]) == 0
    assert effective_size([1e-200, 1e200]) == 1
    for weights, message in (
        ([1, -1], "row 1 is -1"),
        ([np.nan], "row 0 is nan"),
        ([[1]], "one dimension"),
        (["x"], "must be numbers"),
    ):
        with pytest.raises(LabelsError, match=message):
            effective_size(weights)


def test_designs_survive_files_and_the_first_file_decides(tmp_path):
    labels = table_of(("random", 1, 8, None), ("survey", 2, None, 0.125)).assign(annotator="maria")
    write_annotations(labels, tmp_path / "maria.csv")
    header, *lines = (tmp_path / "maria.csv").read_text(encoding="utf-8").splitlines()
    assert header == "article_id,topics,annotator,codebook,time,sample,note,draw,stratum_size,inclusion_probability"
    assert [line.split(",", 6)[-1] for line in lines] == [",1,8,", ",2,,0.125"]
    # A second reading, and one that settles it, do not change how an article was drawn. They cannot contradict it
    # (see test_annotations.py).
    again = labels[["article_id", "topics", "sample"]].assign(annotator=["tom", "adjudicated by lena"])
    write_annotations(again, tmp_path / "tom.csv")
    read = read_annotations([tmp_path / "maria.csv", tmp_path / "tom.csv"], ["rail"], ["a0", "a1"])
    assert read["annotator"].tolist() == ["maria", "adjudicated by lena"]
    assert read["draw"].tolist() == [1, 2]
    assert read["stratum_size"].fillna(0).tolist() == [8, 0]
    assert read["inclusion_probability"].fillna(0).tolist() == [0, 0.125]


def test_files_without_a_design_keep_their_columns(tmp_path):
    write_annotations(table_of(("random", None, None, None)), tmp_path / "maria.csv")
    header = (tmp_path / "maria.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "article_id,topics,annotator,codebook,time,sample,note"
    assert len(read_annotations([tmp_path / "maria.csv"], ["rail"], ["a0"]).columns) == 7


def test_read_annotations_names_the_line_of_an_invalid_design(tmp_path):
    (tmp_path / "maria.csv").write_text("article_id,topics,draw,stratum_size\na0,,1,many\n", encoding="utf-8")
    with pytest.raises(LabelsError, match=r"maria.csv, line 2: stratum_size must be .*; got 'many'"):
        read_annotations([tmp_path / "maria.csv"], ["rail"], ["a0"])
