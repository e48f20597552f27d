"""Labelling rules: their statistics, their aggregation, and the rejection of weak labels in evaluations."""

import numpy as np
import pandas as pd
import pytest

from topicdesk.annotation import aggregate_rules, read_annotations, rule_table, weak_annotations, write_annotations
from topicdesk.errors import LabelsError

RULES = pd.DataFrame({"topic": ["courts", "courts", "rail"], "keyword": ["judge", "jury", "train"]})
FIRES = np.array([[1, 1, 0], [1, 0, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)


def test_rule_table_equals_counts_by_hand():
    Y = np.array([[1, 0], [0, 1], [0, 1]], dtype=np.int8)
    table = rule_table(FIRES, RULES, np.array([0, 1, 2]), Y, ("courts", "rail")).set_index("keyword")
    assert table.loc["judge", ["coverage", "overlap", "conflict"]].tolist() == [0.5, 0.5, 0.25]
    assert table.loc["jury", ["coverage", "overlap", "conflict"]].tolist() == [0.25, 0.25, 0.0]
    assert table.loc["judge", ["fired", "precision"]].tolist() == [2, 0.5]
    assert table.loc["train", "precision"] == 1
    assert table.loc["train", "low"] < 0.5 < table.loc["train", "high"]


def test_rule_table_has_no_precision_without_labels():
    assert rule_table(FIRES, RULES)["precision"].isna().all()


def test_aggregate_rules_assigns_the_topics_with_most_rules():
    labels = aggregate_rules(FIRES, RULES, ("courts", "rail"))
    assert labels.tolist() == [[1, 0], [1, 1], [0, 1], [0, 0]]


def test_aggregate_rules_with_dawid_skene_discounts_noisy_rules():
    rng = np.random.default_rng(3)
    truth = rng.random(2000) < 0.3
    hit = np.array([0.8, 0.7, 0.75, 0.3])
    false = np.array([0.02, 0.05, 0.03, 0.3])  # the last rule is independent of the topic
    fires = np.where(truth[:, None], rng.random((2000, 4)) < hit, rng.random((2000, 4)) < false)
    rules = pd.DataFrame({"topic": ["rail"] * 4, "keyword": list("abcd")})
    predicted = aggregate_rules(fires, rules, ["rail"], "dawid-skene")[:, 0] == 1
    by_any = fires.any(axis=1)
    assert (predicted == truth).mean() > 0.95 > (by_any == truth).mean()


def test_read_annotations_rejects_weak_annotations_without_review(tmp_path):
    made = weak_annotations(["n1", "n2"], np.array([[1, 0], [0, 0]], dtype=np.int8), ("courts", "rail"), "majority", 1)
    assert made["topics"].tolist() == [("courts",), ()]
    write_annotations(made, tmp_path / "weak.csv")
    with pytest.raises(LabelsError, match=r"weak.csv, line 2: this label was made by rules and not reviewed"):
        read_annotations([tmp_path / "weak.csv"], ["courts", "rail"], ["n1", "n2"])
