"""Dawid–Skene on published data, on simulated data with known classes, and on examples worked by hand."""

import numpy as np
import pytest
from scipy.special import logsumexp

from topicdesk.annotation._dawid_skene import dawid_skene
from topicdesk.errors import LabelsError

# Dawid and Skene (1979), table 1: five anaesthetists rate the fitness of 45 patients from 1 to 4. One number per
# patient: three ratings of observer 1, then one rating each of observers 2 to 5.
ANAESTHETISTS = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212 1211111
1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121
1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
""".split()


@pytest.fixture
def anaesthetists():
    counts = np.zeros((45, 5, 4))
    for patient, ratings in enumerate(ANAESTHETISTS):
        for observer, rating in zip((0, 0, 0, 1, 2, 3, 4), ratings, strict=True):
            counts[patient, observer, int(rating) - 1] += 1
    return counts


def simulated(random_state, n_items=400, n_observers=5, n_classes=3):
    rng = np.random.default_rng(random_state)
    truth = rng.choice(n_classes, n_items, p=rng.dirichlet(np.full(n_classes, 5.0)))
    rates = np.stack([rng.dirichlet(1 + 9 * np.eye(n_classes)[true], n_observers) for true in range(n_classes)], axis=1)
    counts = np.zeros((n_items, n_observers, n_classes))
    for item, true in enumerate(truth):
        for observer in range(n_observers):
            counts[item, observer, rng.choice(n_classes, p=rates[observer, true])] += 1
    return counts, truth, rates


def test_dawid_skene_reproduces_the_published_estimates(anaesthetists):
    result = dawid_skene(anaesthetists)
    assert result.class_shares.round(2).tolist() == [0.40, 0.42, 0.11, 0.07]
    assert result.error_rates[0].round(2).tolist() == [
        [0.89, 0.11, 0.00, 0.00], [0.07, 0.88, 0.05, 0.00], [0.00, 0.34, 0.66, 0.00], [0.00, 0.00, 0.56, 0.44],
    ]  # fmt: skip


@pytest.mark.parametrize("random_state", range(5))
def test_dawid_skene_recovers_true_classes_and_error_rates(random_state):
    counts, truth, rates = simulated(random_state, n_items=3000)
    result = dawid_skene(counts)
    majority = counts.sum(axis=1).argmax(axis=1)
    accuracy = np.mean(result.probabilities.argmax(axis=1) == truth)
    assert accuracy > 0.95
    assert accuracy >= np.mean(majority == truth)
    np.testing.assert_allclose(result.class_shares, np.bincount(truth) / len(truth), atol=0.03)
    np.testing.assert_allclose(result.error_rates, rates, atol=0.08)


@pytest.mark.parametrize("random_state", range(5))
def test_dawid_skene_increases_the_likelihood_of_its_model(random_state):
    counts, _, _ = simulated(random_state, n_items=50)
    result = dawid_skene(counts, max_iter=20, tol=-np.inf)
    assert result.n_iter == 20
    assert (np.diff(result.log_likelihood) >= -1e-9).all()
    before = dawid_skene(counts, max_iter=19, tol=-np.inf)
    votes = np.einsum("iol,ocl->ic", counts, np.log(before.error_rates))
    expected = logsumexp(votes + np.log(before.class_shares), axis=1).sum()
    assert result.log_likelihood[-1] == pytest.approx(expected, abs=1e-9)


def test_dawid_skene_computes_one_iteration_as_by_hand():
    # Items 1 and 2: both observers agree. Item 3: they disagree, so its first probabilities are 1/2.
    votes = np.array([[0, 0], [1, 1], [0, 1]])
    result = dawid_skene(np.eye(2)[votes], max_iter=1)
    # Class shares are 1/2. For class 0, observer 1 gives class 0 with rate (1 + 1/2) / (1 + 1/2) = 1 and observer 2
    # with rate 1 / (1 + 1/2) = 2/3. For class 1 it is the reverse: observer 1 gives class 1 with rate 2/3, observer 2
    # with rate 1. So the disagreement has probability 1 * 1/3 in both classes.
    assert result.probabilities == pytest.approx(np.array([[1, 0], [0, 1], [0.5, 0.5]]), abs=1e-9)
    assert result.log_likelihood[0] == pytest.approx(2 * np.log(1 / 2 * 2 / 3) + np.log(1 / 3), abs=1e-9)


def test_dawid_skene_agrees_with_crowd_kit():
    # crowd-kit 1.4.2: DawidSkene(n_iter=50).fit_predict_proba of these votes.
    expected = [
        [0.925531435782, 0.0744685642182, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0],
        [0, 0, 1], [0, 0, 1], [1, 0, 0], [0, 0, 1],
    ]  # fmt: skip
    votes = np.array([[0, 1, 1], [0, 0, 1], [1, 1, 1], [0, 1, 0], [2, 1, 2], [2, 2, 2], [0, 0, 0], [2, 0, 2]])
    result = dawid_skene(np.eye(3)[votes])
    np.testing.assert_allclose(result.probabilities, expected, atol=1e-9)


def test_dawid_skene_accepts_missing_and_repeated_votes():
    counts, _, _ = simulated(0, n_items=60)
    doubled = dawid_skene(np.concatenate([counts, np.zeros((60, 1, 3))], axis=1))
    np.testing.assert_allclose(doubled.probabilities, dawid_skene(counts).probabilities, atol=1e-12)
    assert (doubled.error_rates[-1] == 0).all()
    counts[0] = 0
    unseen = dawid_skene(counts)
    np.testing.assert_allclose(unseen.probabilities[0], unseen.class_shares, atol=0.01)


def test_dawid_skene_gives_an_unused_class_probability_0():
    result = dawid_skene(np.eye(3)[np.array([[0, 0], [2, 2], [0, 2]])])
    assert (result.probabilities[:, 1] == 0).all()
    assert result.class_shares[1] == 0
    assert result.probabilities.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("shape", [(4, 0, 2), (0, 3, 2), (4, 3, 2)])
def test_dawid_skene_without_votes_returns_equal_probabilities(shape):
    result = dawid_skene(np.zeros(shape))
    assert result.probabilities.shape == (shape[0], 2)
    assert (result.probabilities == 0.5).all()
    assert result.n_iter == 0


@pytest.mark.parametrize("counts", [np.zeros((3, 2)), np.full((1, 1, 2), -1), np.full((1, 1, 2), np.nan)])
def test_dawid_skene_rejects_invalid_counts(counts):
    with pytest.raises(LabelsError, match="needs counts of shape"):
        dawid_skene(counts)


def test_dawid_skene_repr_shows_sizes():
    assert repr(dawid_skene(np.ones((4, 3, 2)), max_iter=1)) == (
        "DawidSkene(n_items=4, n_observers=3, n_classes=2, n_iter=1)"
    )
