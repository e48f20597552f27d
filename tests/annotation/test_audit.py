"""suspect_labels ranks probable label errors first."""

import numpy as np
import pytest

from topicdesk.annotation import suspect_labels


def test_suspect_labels_ranks_planted_errors_first():
    rng = np.random.default_rng(1)
    truth = (rng.random((400, 2)) < 0.3).astype(np.int8)
    probabilities = np.clip(truth + rng.normal(0, 0.15, truth.shape), 0.01, 0.99)
    labels = truth.copy()
    planted = rng.choice(400, 20, replace=False)
    labels[planted, 0] ^= 1
    ids = np.array([f"a{row}" for row in range(400)])
    suspects = suspect_labels(ids, labels, probabilities, ("courts", "rail"))
    first = suspects.head(20)
    # The method counts the suspects from the planted errors that it expects: 15 of the 20.
    assert len(suspects) == len(first) == 15
    assert first["article_id"].is_unique
    assert set(first["article_id"]) <= set(ids[planted])
    assert set(first["topic"]) == {"courts"}
    flipped = dict(zip(ids[planted], labels[planted, 0], strict=True))
    assert all(flipped.get(row["article_id"], row["labelled"]) == row["labelled"] for row in first.to_dict("records"))


def test_suspect_labels_audits_classes_by_their_label():
    Y = np.eye(2, dtype=np.int8)[[0, 0, 0, 0, 1, 1, 1, 0]]
    probability_of_x = np.array([0.9, 0.9, 0.95, 0.9, 0.1, 0.05, 0.1, 0.02])
    suspects = suspect_labels(
        [f"a{row}" for row in range(8)],
        Y,
        np.column_stack([probability_of_x, 1 - probability_of_x]),
        ("x", "y"),
        "multi-class",
    )
    assert suspects.iloc[0].to_dict() == {
        "article_id": "a7",
        "topic": "x",
        "labelled": True,
        "probability": pytest.approx(0.02),
    }
