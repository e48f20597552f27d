"""Agreement between annotators, compared with published values, and the adjudication of disagreements."""

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


def label_table(*topics, start=0):
    return pd.DataFrame({"article_id": [f"n{start + place}" for place in range(len(topics))], "topics": list(topics)})


@pytest.mark.slow
def test_agreement_computes_kappa_of_cohens_example():
    # The topic is in 20 articles for both annotators, in 5 for the first only, in 10 for the second only, in 15 for
    # neither. The observed agreement is 0.7, the expected agreement 0.5 and kappa 0.4 (Cohen's own example).
    first = label_table(*[("rail",)] * 25, *[()] * 25)
    second = label_table(*[("rail",)] * 20, *[()] * 5, *[("rail",)] * 10, *[()] * 15)
    row = agreement({"a": first, "b": second}, ["rail"]).loc["rail"]
    assert row["kappa"] == pytest.approx(0.4)
    assert row["agreed"] == pytest.approx(0.7)
    assert row["kappa_low"] < 0.4 < row["kappa_high"]
    assert (row["articles"], row["positives"]) == (50, 35)


@pytest.mark.slow
def test_agreement_computes_alpha_for_three_annotators_and_kappa_only_for_two():
    # Krippendorff (2011), section B, with two coders, ten units and nominal binary data: alpha is 0.095.
    first = label_table(*[("rail",) if one else () for one in (0, 1, 0, 0, 0, 0, 0, 0, 1, 0)])
    second = label_table(*[("rail",) if one else () for one in (1, 1, 1, 0, 0, 1, 0, 0, 0, 0)])
    assert agreement({"a": first, "b": second}, ["rail"]).loc["rail", "alpha"] == pytest.approx(0.095, abs=5e-4)
    three = agreement({"a": first, "b": second, "c": label_table(("rail",), start=3)}, ["rail"])
    assert "kappa" not in three
    assert three.loc["rail", "articles"] == 10


def test_agreement_is_nan_for_a_topic_that_nobody_assigned():
    row = agreement({"a": label_table((), ()), "b": label_table((), ())}, ["rail"]).loc["rail"]
    assert row["agreed"] == 1
    assert np.isnan([row["kappa"], row["alpha"], row["kappa_low"], row["alpha_high"]]).all()


def test_agreement_rejects_annotators_without_a_common_article():
    with pytest.raises(LabelsError, match=r"no article is labelled by at least two annotators \(a, b\)"):
        agreement({"a": label_table(()), "b": label_table((), start=5)}, TOPICS)


def write(project, name, *rows):
    table = pd.DataFrame(rows, columns=["article_id", "topics", "sample"]).assign(annotator=name, codebook="1")
    write_annotations(table, project.labels / f"{name}.csv")


def test_adjudication_replaces_the_labels_that_disagree(project):
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
        adjudicated = read_annotations(order, TOPICS, ids).set_index("article_id")
        assert adjudicated["topics"].to_dict() == {"n1": ("courts",), "n2": ("courts", "rail"), "n3": (), "n4": ()}
        assert adjudicated.loc["n1", ["annotator", "sample"]].tolist() == ["adjudicated by lena", "random"]


def test_prevalence_uses_only_the_random_sample():
    table = label_table(*[("rail",)] * 3, *[()] * 7, *[("rail",)] * 30)
    table["sample"] = ["random"] * 10 + ["rare-first"] * 30
    row = prevalence(table, ["rail"]).loc["rail"]
    assert (row["articles"], row["positives"], row["share"]) == (10, 3, 0.3)
    assert (row["low"], row["high"]) == pytest.approx((0.108, 0.603), abs=1e-3)  # Wilson interval, from a table
    with pytest.raises(LabelsError, match="no labelled article belongs to the sample 'random'"):
        prevalence(table[table["sample"] != "random"], ["rail"])
