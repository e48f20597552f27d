"""Queues of articles to label: which articles are drawn, in which order, and with which sample name."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from scipy.sparse import csr_matrix

from topicdesk.annotation import STRATEGIES, Pool, draw_queue, parse_mix
from topicdesk.errors import LabelsError, TopicdeskError


def make_pool(n=40, labelled=8, random_state=0, **others):
    rng = np.random.default_rng(random_state)
    features = np.abs(rng.normal(size=(n, 6)))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    probabilities = rng.random((n, 3))
    defaults = {
        "features": csr_matrix(features), "probabilities": probabilities,
        "votes": (rng.random((3, n, 3)) < 0.5).astype(np.int8),
    }  # fmt: skip
    Y = (rng.random((labelled, 3)) < 0.4).astype(np.int8)
    return Pool(
        np.array([f"a{row}" for row in range(n)], dtype=object), np.arange(labelled), Y, **{**defaults, **others}
    )


mixes = st.dictionaries(st.sampled_from(sorted(STRATEGIES)), st.integers(1, 5), min_size=1).map(
    lambda parts: {name: part / sum(parts.values()) for name, part in parts.items()}
)


@pytest.mark.slow
@given(mix=mixes, count=st.integers(0, 50), random_state=st.integers(0, 3))
def test_draw_queue_draws_each_article_at_most_once_and_keeps_the_shares(mix, count, random_state):
    pool = make_pool()
    drawn = draw_queue(pool, count, mix, random_state)
    assert len(drawn) == min(count, 32)
    assert drawn["article_id"].is_unique
    assert not set(drawn["article_id"]) & set(pool.ids[:8])
    for length in range(1, len(drawn) + 1):
        counts = drawn["sample"].head(length).value_counts()
        assert all(abs(counts.get(name, 0) - share * length) < len(mix) for name, share in mix.items())


def test_draw_queue_repeats_with_the_same_seed_only():
    pool, mix = make_pool(), {"random": 0.5, "diverse": 0.5}
    first, again, other = (draw_queue(pool, 20, mix, seed)["article_id"].tolist() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.slow
def test_draw_queue_random_share_is_uniform_beside_other_strategies():
    pool = make_pool(n=24, labelled=4)
    hits = np.zeros(24)
    for seed in range(600):
        drawn = draw_queue(pool, 10, {"random": 0.5, "rare-first": 0.5}, seed)
        random = drawn.loc[drawn["sample"] == "random", "article_id"]
        hits[[int(name[1:]) for name in random]] += 1
    picks = {int(name[1:]) for name in drawn.loc[drawn["sample"] == "rare-first", "article_id"]}
    rest = [row for row in range(4, 24) if row not in picks]
    assert not hits[sorted(picks)].any(), "picks are made first"
    expected = 600 * 5 / 15
    # A chi-squared variable with 14 degrees of freedom exceeds 36.1 with probability 0.001.
    assert ((hits[rest] - expected) ** 2 / (expected * (1 - 5 / 15))).sum() < 36.1


def test_draw_queue_picks_first_and_records_the_strata():
    drawn = draw_queue(make_pool(), 20, {"random": 0.5, "rare-first": 0.25, "diverse": 0.25}, 1)
    assert drawn.columns.tolist() == ["article_id", "sample", "draw", "stratum_size"]
    sizes = drawn.drop_duplicates("sample").set_index("sample")["stratum_size"].to_dict()
    assert sizes == {"random": 32 - 10, "rare-first": 5, "diverse": 5}
    assert set(drawn["draw"]) == {2}, "articles that are labelled already are of an earlier draw"
    # The picks are those of a queue without a random part, which the random rows cannot take away.
    picks = draw_queue(make_pool(), 5, {"rare-first": 1.0}, 1)
    assert set(drawn.loc[drawn["sample"] == "rare-first", "article_id"]) == set(picks["article_id"])
    assert picks["stratum_size"].isna().all(), "without a random part, no row represents others"


def test_draw_queue_counts_draws():
    assert set(draw_queue(make_pool(labelled=0), 3)["draw"]) == {1}
    assert set(draw_queue(make_pool(draw=5), 3)["draw"]) == {5}
    assert set(draw_queue(TEXTS, 2, labelled=[0], draw=4)["draw"]) == {4}
    with pytest.raises(ValueError, match=r"^draw must be an integer of at least 1; got 0"):
        draw_queue(TEXTS, 2, draw=0)


@pytest.mark.slow
def test_draw_queue_has_the_picks_in_random_order_beside_a_random_part():
    pool = make_pool(n=28)
    best = draw_queue(pool, 10, {"rare-first": 1.0}, 0)["article_id"].tolist()
    first = [
        next(row for row in draw_queue(pool, 20, {"random": 0.5, "rare-first": 0.5}, seed).itertuples()
             if row.sample == "rare-first").article_id
        for seed in range(300)
    ]  # fmt: skip
    counts = pd.Series(first).value_counts().reindex(best)
    # A chi-squared variable with 9 degrees of freedom exceeds 27.9 with probability 0.001.
    assert ((counts - 30) ** 2 / 30).sum() < 27.9


def test_uncertain_takes_the_smallest_margin_of_two_classes():
    probabilities = np.array([[0.9, 0.1], [0.52, 0.0], [0.3, 0.1], [0.1, 0.45]])
    pool = make_pool(n=4, labelled=0, probabilities=probabilities, task="multi-class")
    assert draw_queue(pool, 2, {"uncertain": 1}, 0)["article_id"].tolist() == ["a2", "a3"]


def test_uncertain_alternates_topics_near_their_thresholds_rarest_first():
    # The smoothed share is 1/10 for the first topic and 1/2 for the second. The cut-offs are the 90 % and 50 %
    # quantiles.
    often, rare = np.linspace(0.05, 0.95, 19), np.linspace(0.01, 0.19, 19)
    pool = Pool(
        np.array([*(f"l{row}" for row in range(8)), *(f"a{row}" for row in range(19))], dtype=object),
        np.arange(8), np.array([[0, 1]] * 4 + [[0, 0]] * 4, dtype=np.int8),
        probabilities=np.vstack([np.zeros((8, 2)), np.column_stack([rare, often])]),
    )  # fmt: skip
    drawn = draw_queue(pool, 4, {"uncertain": 1}, 0)["article_id"].tolist()
    assert drawn[:2] == ["a16", "a9"]
    assert set(drawn[2:]) <= {"a15", "a17", "a8", "a10"}


def test_rare_first_takes_the_most_probable_articles_of_the_rarest_topic():
    probabilities = np.array([[0.0, 0.0], [0.9, 0.2], [0.1, 0.6], [0.8, 0.1], [0.0, 0.3]])
    pool = Pool(
        np.array(["l", "a", "b", "c", "d"], dtype=object), np.array([0]), np.array([[1, 0]], dtype=np.int8),
        probabilities=probabilities,
    )  # fmt: skip
    drawn = draw_queue(pool, 4, {"rare-first": 1}, 0)["article_id"].tolist()
    # The second topic has no positives. Its two most probable articles come first, until its expected count catches up.
    assert drawn[:2] == ["b", "d"]


def test_diverse_starts_far_from_labelled_articles_and_skips_copies():
    features = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=float)
    pool = make_pool(n=6, labelled=1, features=csr_matrix(features))
    first = draw_queue(pool, 2, {"diverse": 1}, 0)["article_id"].tolist()
    assert "a4" in first
    assert set(first) & {"a2", "a3"}
    # The article without terms comes last.
    assert draw_queue(pool, 5, {"diverse": 1}, 0)["article_id"].tolist()[-1] == "a5"


def test_disagreement_takes_articles_on_which_classifiers_disagree():
    votes = np.array([[[1], [1], [0]], [[1], [0], [0]], [[1], [0], [0]]], dtype=np.int8)
    pool = make_pool(n=3, labelled=0, votes=votes)
    assert draw_queue(pool, 1, {"disagreement": 1}, 0)["article_id"].tolist() == ["a1"]


@pytest.mark.parametrize(
    ("mix", "message"),
    [
        ({"randm": 1.0}, "did you mean 'random'"),
        ({"random": 0.5}, "add up to 0.5"),
        ({"random": 1.0, "diverse": 0.0}, "above 0"),
    ],
)
def test_draw_queue_rejects_an_invalid_mix(mix, message):
    with pytest.raises(LabelsError, match=message):
        draw_queue(make_pool(), 3, mix, 0)


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("uncertain", "probabilities"),
        ("rare-first", "probabilities"),
        ("diverse", "features"),
        ("disagreement", "votes"),
    ],
)
def test_draw_queue_rejects_a_strategy_without_its_input(name, missing):
    pool = make_pool(features=None, probabilities=None, votes=None)
    with pytest.raises(LabelsError, match=f"{name} needs {missing}"):
        draw_queue(pool, 3, {name: 1.0}, 0)


def test_parse_mix_reads_names_and_shares():
    assert parse_mix("random=0.5, rare-first=0.5") == {"random": 0.5, "rare-first": 0.5}
    assert parse_mix("diverse") == {"diverse": 1.0}
    with pytest.raises(LabelsError, match="'half' is not a number"):
        parse_mix("random=half,diverse=0.5")


TEXTS = pd.Series(["judge appeal court", "tram", "judge court trial", "judge court", "sun"], index=list("abcde"))
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.3], [0.55, 0.1], [0.5, 0.1], [0.1, 0.1]])


def drawn_ids(*arguments, **options):
    return draw_queue(*arguments, **options)["article_id"].tolist()


def test_draw_queue_takes_plain_texts_and_keeps_their_index():
    assert sorted(drawn_ids(TEXTS, 9)) == list("abcde")
    assert sorted(drawn_ids(TEXTS.tolist(), 9)) == [0, 1, 2, 3, 4]
    assert sorted(drawn_ids(TEXTS.tolist(), 9, ids=[7, 8, 9, 10, 11])) == [7, 8, 9, 10, 11]
    assert sorted(drawn_ids(TEXTS, 9, labelled=[0, 3])) == list("bce")
    assert sorted(drawn_ids(TEXTS, 9, labelled=TEXTS.str.contains("judge"))) == list("be")
    queue = draw_queue(TEXTS, 4, {"random": 0.5, "diverse": 0.5}, 3)
    assert sorted(queue["sample"]) == ["diverse", "diverse", "random", "random"]
    assert queue.equals(draw_queue(TEXTS, 4, "random=0.5,diverse=0.5", random_state=3))


def test_draw_queue_equals_that_of_the_pool_with_the_same_arrays():
    pool = make_pool()
    features, labels = pool.features.toarray() * 3, [np.flatnonzero(row).tolist() for row in pool.Y]
    for name in STRATEGIES:
        plain = draw_queue(
            pool.ids.tolist(), 12, name, 5, probabilities=pool.probabilities, features=features, votes=pool.votes,
            labelled=pool.labelled, y=labels, topics=[0, 1, 2], ids=pool.ids,
        )  # fmt: skip
        assert plain["article_id"].tolist() == drawn_ids(pool, 12, {name: 1.0}, 5), name


def test_draw_queue_uncertain_without_labels_uses_the_mean_probability():
    # The mean probability is 0.1: nine of ten are below the cut-off, not half of them.
    rare = np.linspace(0.01, 0.19, 19)
    assert set(drawn_ids(range(19), 2, "uncertain", probabilities=rare)) == {16, 17}


def test_draw_queue_uncertain_takes_the_smallest_margin_if_probabilities_add_up_to_1():
    probabilities = pd.DataFrame([[0.9, 0.1, 0], [0.4, 0.35, 0.25], [0.1, 0.45, 0.45]], columns=["x", "y", "z"])
    assert drawn_ids(range(3), 3, "uncertain", probabilities=probabilities) == [2, 1, 0]
    assert drawn_ids(range(3), 1, "uncertain", probabilities=[0.9, 0.2, 0.55], task="multi-class") == [2]


def test_draw_queue_diverse_reads_the_texts():
    assert set(drawn_ids(TEXTS, 2, "diverse", labelled=[0])) == {"b", "e"}
    table = pd.DataFrame({"body": TEXTS, "head": ["", "sun", "", "", ""]})
    assert set(drawn_ids(table, 3, "diverse", labelled=[0], text=["head", "body"])[:1]) <= {"b", "e"}


def test_draw_queue_disagreement_takes_predicted_classes():
    votes = [["x", "x", "y"], ["x", "y", "y"], ["x", "z", "y"]]
    assert drawn_ids(range(3), 1, "disagreement", votes=votes) == [1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "uncertain"}, "^probabilities: the strategy 'uncertain' needs them"),
        ({"strategy": "disagreement"}, "^votes: the strategy 'disagreement' needs them"),
        ({"strategy": "uncertian"}, "did you mean 'uncertain'"),
        ({"strategy": ["uncertain"]}, "^strategy must be a name, or a mapping"),
        ({"strategy": "uncertain", "probabilities": PROBABILITIES[:2]}, r"^probabilities has shape \(2, 2\)"),
        ({"strategy": "diverse", "features": np.ones((2, 3))}, "^features must have one row of finite numbers"),
        ({"strategy": "diverse", "texts": [1, 2]}, "^texts: the text of row 0 is of type int"),
        ({"strategy": "disagreement", "votes": [[1, 0]]}, r"^votes must have the shape \(n_classifiers, 5\)"),
        ({"labelled": [5]}, "^labelled: row numbers must be from 0 to 4; got 5"),
        ({"labelled": [0, 0]}, "^labelled contains a row number more than once"),
        ({"labelled": ["a"]}, "^labelled must contain row numbers, or a mask of 5 booleans"),
        ({"y": ["x"]}, "^labelled: name the rows that y has labels of"),
        ({"ids": [1]}, "^ids has 1 values, but there are 5 rows"),
        ({"texts": make_pool(), "ids": [1]}, "^ids does not apply to a Pool"),
        ({"texts": "text"}, "^texts must be a list, Series or DataFrame of texts, or a Pool; got str"),
    ],
)
def test_draw_queue_rejects_plain_arguments_by_name(options, message):
    with pytest.raises(TopicdeskError, match=message):
        draw_queue(**{"texts": TEXTS, "count": 2, **options})


def test_draw_queue_rejects_numbers_out_of_range():
    for options in ({"count": -1}, {"count": 2.5}, {"random_state": -1}, {"task": "classes"}):
        with pytest.raises(ValueError, match=f"^{next(iter(options))} must be"):
            draw_queue(**{"texts": TEXTS, "count": 2, **options})
