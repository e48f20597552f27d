"""How far annotators agree, by hand and by the library; what is settled stands."""

import numpy as np
import pandas as pd
import pytest

from topicdesk.annotation import (
    adjudication,
    agreement,
    disagreements,
    prevalence,
    read_annotations,
    read_label_file,
    write_annotations,
)
from topicdesk.errors import LabelsError

TOPICS = ("courts", "rail")


def answers(*topics, start=0):
    return pd.DataFrame({"article_id": [f"n{start + place}" for place in range(len(topics))], "topics": list(topics)})


@pytest.mark.slow
def test_kappa_is_that_of_the_textbook():
    # 20 both, 5 first only, 10 second only, 15 neither: observed 0.7, by chance 0.5, kappa 0.4 (Cohen's own example).
    first = answers(*[("rail",)] * 25, *[()] * 25)
    second = answers(*[("rail",)] * 20, *[()] * 5, *[("rail",)] * 10, *[()] * 15)
    row = agreement({"a": first, "b": second}, ["rail"]).loc["rail"]
    assert row["kappa"] == pytest.approx(0.4)
    assert row["agreed"] == pytest.approx(0.7)
    assert row["kappa_low"] < 0.4 < row["kappa_high"]
    assert (row["articles"], row["positives"]) == (50, 35)


@pytest.mark.slow
def test_alpha_takes_three_annotators_and_gaps_and_kappa_takes_two():
    # Krippendorff (2011), section B: two coders, ten units, nominal binary data: alpha 0.095.
    first = answers(*[("rail",) if one else () for one in (0, 1, 0, 0, 0, 0, 0, 0, 1, 0)])
    second = answers(*[("rail",) if one else () for one in (1, 1, 1, 0, 0, 1, 0, 0, 0, 0)])
    assert agreement({"a": first, "b": second}, ["rail"]).loc["rail", "alpha"] == pytest.approx(0.095, abs=5e-4)
    three = agreement({"a": first, "b": second, "c": answers(("rail",), start=3)}, ["rail"])
    assert "kappa" not in three
    assert three.loc["rail", "articles"] == 10


def test_a_topic_that_nobody_gave_has_no_figure_rather_than_a_perfect_one():
    row = agreement({"a": answers((), ()), "b": answers((), ())}, ["rail"]).loc["rail"]
    assert row["agreed"] == 1
    assert np.isnan([row["kappa"], row["alpha"], row["kappa_low"], row["alpha_high"]]).all()


def test_nothing_labelled_twice_is_told():
    with pytest.raises(LabelsError, match=r"no article is labelled by at least two annotators \(a, b\)"):
        agreement({"a": answers(()), "b": answers((), start=5)}, TOPICS)


def write(project, name, *rows):
    table = pd.DataFrame(rows, columns=["article_id", "topics", "sample"]).assign(annotator=name, codebook="1")
    write_annotations(table, project.labels / f"{name}.csv")


def test_disagreements_are_settled_and_the_settled_label_stands(project):
    write(project, "maria", ("n1", ("rail",), "random"), ("n2", ("courts", "rail"), "random"), ("n3", (), "random"))
    write(project, "tom", ("n1", (), "enriched"), ("n2", ("rail", "courts"), "random"), ("n4", (), "random"))
    tables = [read_label_file(project.labels / f"{name}.csv", TOPICS) for name in ("maria", "tom")]
    assert disagreements(*tables).to_dict("records") == [
        {"article_id": "n1", "first": "rail", "second": "", "differ": "rail"}
    ]
    files = [project.labels / f"{name}.csv" for name in ("maria", "tom")]
    ids = {f"n{number}" for number in range(90)}
    with pytest.raises(LabelsError, match=r"maria.csv, line 2 and .*tom.csv, line 2 disagree about article n1"):
        read_annotations(files, TOPICS, ids)

    session = adjudication("maria", "tom", "data/corpora/newsroom.parquet", "data/topics.toml", "lena")
    assert session.left == 1
    assert session.shown.answers == (("maria", "rail"), ("tom", "no topic"))
    assert session.shown.chosen == ()
    session.decide(["courts"])
    for order in ([*files, project.labels / "adjudicated.csv"], [project.labels / "adjudicated.csv", *files]):
        settled = read_annotations(order, TOPICS, ids).set_index("article_id")
        assert settled["topics"].to_dict() == {"n1": ("courts",), "n2": ("courts", "rail"), "n3": (), "n4": ()}
        assert settled.loc["n1", ["annotator", "sample"]].tolist() == ["adjudicated by lena", "random"]


def test_prevalence_rests_on_what_was_drawn_at_random():
    table = answers(*[("rail",)] * 3, *[()] * 7, *[("rail",)] * 30)
    table["sample"] = ["random"] * 10 + ["rare-first"] * 30
    row = prevalence(table, ["rail"]).loc["rail"]
    assert (row["articles"], row["positives"], row["share"]) == (10, 3, 0.3)
    assert (row["low"], row["high"]) == pytest.approx((0.108, 0.603), abs=1e-3)  # Wilson's, from a table
    with pytest.raises(LabelsError, match="no labelled article belongs to the sample 'random'"):
        prevalence(table[table["sample"] != "random"], ["rail"])
