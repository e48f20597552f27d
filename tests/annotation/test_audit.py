"""suspect_labels ranks probable label errors first."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from topicdesk.annotation import suspect_labels
from topicdesk.errors import LabelsError


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


def noisy_texts(n=120, random_state=0):
    """Return texts about two topics, their labels with five errors, and the rows of the errors."""
    rng = np.random.default_rng(random_state)
    words = {"courts": "judge court appeal trial verdict jury".split(), "rail": "train rail track late station".split()}
    others = "city north people week report year group plan".split()
    truth = rng.choice(["courts", "rail"], n)
    texts = [" ".join([*rng.choice(words[name], 4), *rng.choice(others, 6)]) for name in truth]
    wrong = rng.choice(n, 5, replace=False)
    labels = truth.copy()
    labels[wrong] = np.where(truth[wrong] == "courts", "rail", "courts")
    return texts, labels, set(wrong.tolist())


@pytest.mark.slow
def test_suspect_labels_computes_probabilities_from_texts():
    texts, labels, wrong = noisy_texts()
    suspects = suspect_labels(texts, labels)
    assert len(suspects) >= 4 and set(suspects["article_id"]) <= wrong
    assert suspects.equals(suspect_labels(pd.DataFrame({"text": texts, "y": labels}), "y"))
    ids = [f"t{row}" for row in range(120)]
    indexed = suspect_labels(pd.Series(texts, index=ids), pd.Series(labels, index=ids))
    assert indexed["article_id"].tolist() == [f"t{row}" for row in suspects["article_id"]]
    lists = suspect_labels(texts, [[label] if row else [] for row, label in enumerate(labels)])
    assert len(wrong & set(lists["article_id"])) >= 4


@pytest.mark.slow
def test_suspect_labels_does_not_let_a_copy_confirm_a_wrong_label():
    texts, labels, _ = noisy_texts()
    copied = "judge court appeal trial verdict jury one two"  # the other copies teach that "one" and "two" mean rail
    wrong = suspect_labels([*texts, *[copied] * 3], [*labels, "rail", "rail", "rail"])
    assert {120, 121, 122} <= set(wrong["article_id"])


@pytest.mark.slow
def test_suspect_labels_takes_the_probabilities_of_scikit_learn():
    texts, labels, wrong = noisy_texts()
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10))
    # scikit-learn sorts numbers by value: 2 before 10.
    numbers = np.where(labels == "courts", 10, 2)
    probabilities = cross_val_predict(pipeline, texts, numbers, method="predict_proba")
    found = suspect_labels(y=numbers, probabilities=probabilities)
    assert set(found["article_id"].head(5)) == wrong and set(found["topic"]) == {"2", "10"}
    assert found.equals(suspect_labels(texts, numbers, probabilities=probabilities[:, 1]))
    columns = pd.DataFrame(probabilities[:, ::-1], columns=[10, 2])
    pd.testing.assert_frame_equal(found, suspect_labels(y=numbers, probabilities=columns))
    one = suspect_labels(y=(numbers == 10)[:, None].astype(int), probabilities=probabilities[:, 1], topics=["courts"])
    assert set(one["article_id"].head(5)) == wrong


def test_suspect_labels_rejects_arguments_by_name():
    probabilities, y = np.full((6, 2), 0.5), ["a", "b"] * 3
    for options, message in (
        ({"y": None}, "^y: pass the current labels"),
        ({"y": []}, "^y is empty"),
        ({"y": 3}, "^y must contain one label, or a list of labels, per row; got int"),
        ({"y": "label"}, "^y='label' names a column, but texts is not a DataFrame"),
        ({"y": np.ones((6, 2))}, "^topics: name the 2 columns of y"),
        ({"ids": [1, 2]}, "^ids has 2 values, but there are 6 rows"),
        ({"topics": ["a", "b", "a"]}, "^topics: the name 'a' occurs more than once"),
        ({"topics": ["a", "b", "c"]}, r"^probabilities has shape \(6, 2\), but must have \(6, 3\) \(a, b, c\)"),
        ({"probabilities": probabilities[:4]}, r"^probabilities has shape \(4, 2\), but must have \(6, 2\)"),
        ({"probabilities": probabilities * np.nan}, "^probabilities: row 0 has no value"),
        ({"probabilities": probabilities * 3}, "^probabilities must be between 0 and 1; got 1.5"),
        ({"probabilities": pd.DataFrame(probabilities, columns=["a", "c"])}, "^y contains the label 'b'"),
        ({"probabilities": None}, "^probabilities: pass out-of-fold probabilities, or texts"),
        ({"y": [["a"], [], ["b"]] * 2, "task": "multi-class"}, "^y: row 1 has 0 classes"),
        ({"texts": ["x"]}, "^y has 6 rows, but there are 1 texts"),
        ({"texts": list("uvwxyz"), "probabilities": None}, "^topics: there are 3 texts with the topic 'a'.*cv=5"),
    ):
        with pytest.raises(LabelsError, match=message):
            suspect_labels(**{"y": y, "probabilities": probabilities, **options})
    with pytest.raises(TypeError, match="all other arguments by name"):
        suspect_labels(["x"] * 6, y, probabilities)
    for options in ({"cv": 1}, {"random_state": -1}, {"task": "classes"}):
        with pytest.raises(ValueError, match=f"^{next(iter(options))} must be"):
            suspect_labels(["x"] * 6, y, **options)


def test_suspect_labels_does_not_pass_on_the_warnings_of_a_library(recwarn):
    probabilities = np.column_stack([np.full(11, 0.9), np.full(11, 0.1)])
    suspects = suspect_labels(y=["courts"] * 10 + ["rail"], probabilities=probabilities)
    assert len(suspects) <= 1
    assert not [one for one in recwarn if "label issues" in str(one.message)]
