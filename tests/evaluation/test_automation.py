"""The cut for automatic labelling reaches the required precision with the required confidence."""

import numpy as np
import pytest
from scipy.stats import binom

from topicdesk.errors import ArgumentError
from topicdesk.evaluation import ThresholdRule, automation_cut
from topicdesk.evaluation.thresholds import choose_thresholds

N_SAMPLES = 1000


def draw_sample(n_rows, rng):
    """Draw confidences between 0 and 1, and whether articles are right: more often where confidence is higher."""
    confidences = rng.random(n_rows)
    return confidences, rng.random(n_rows) < 1 - 0.2 * (1 - confidences)


def precision_above(cut):
    """Return the share of articles of the population above a cut that are right."""
    return 1 - 0.2 * (1 - cut) / 2


@pytest.mark.slow
@pytest.mark.parametrize(("n_rows", "confidence"), [(300, 0.9), (1000, 0.9), (300, 0.6)])
def test_automation_cut_reaches_the_precision_with_the_confidence_in_samples(n_rows, confidence):
    rng = np.random.default_rng(n_rows)
    guaranteed, plain = [], []
    for _ in range(N_SAMPLES):
        confidences, correct = draw_sample(n_rows, rng)
        guaranteed.append(automation_cut(confidences, correct, 0.95, confidence))
        y = correct[:, None].astype(np.int8)
        plain.append(choose_thresholds(y, confidences[:, None], ThresholdRule(precision=0.95))[0])
    missed = np.mean([precision_above(cut) < 0.95 for cut in guaranteed if np.isfinite(cut)] or [1.0])
    # Three standard errors of the simulation.
    assert missed <= 1 - confidence + 3 * np.sqrt(confidence * (1 - confidence) / N_SAMPLES)
    assert np.isfinite(guaranteed).mean() > 0.3
    # The lowest cut with the precision in the sample misses it in the population in every second sample or more.
    assert np.mean([precision_above(cut) < 0.95 for cut in plain]) > 0.45


def test_automation_cut_is_the_lowest_confidence_above_which_the_binomial_test_rejects():
    rng = np.random.default_rng(5)
    confidences, correct = draw_sample(150, rng)
    correct[confidences > 0.3] = True
    correct[confidences <= 0.3] = False
    cut = automation_cut(confidences, correct, 0.9, 0.9)

    def p_value(lowest):
        above = confidences >= lowest
        return binom.sf(correct[above].sum() - 1, above.sum(), 0.9)

    ranked = np.sort(confidences)[::-1]
    (position,) = np.flatnonzero(ranked == cut)
    assert p_value(cut) <= 0.1
    # Cuts are tested every three articles.
    assert p_value(ranked[position + 3]) > 0.1
    assert cut < 0.3


def test_automation_cut_is_lower_for_a_lower_confidence():
    confidences, correct = draw_sample(500, np.random.default_rng(0))
    cuts = [automation_cut(confidences, correct, 0.9, confidence) for confidence in (0.5, 0.9, 0.99)]
    assert cuts == sorted(cuts)
    assert cuts[0] < cuts[-1] < 1


def test_automation_cut_is_infinite_if_no_cut_passes():
    confidences = np.linspace(1, 0.5, 44)
    every = np.ones(44, dtype=bool)
    assert automation_cut(confidences, every, 0.95, 0.9) == np.inf  # 0.95 ** 44 is above 0.1
    assert automation_cut(np.append(confidences, 0.4), np.append(every, True), 0.95, 0.9) == 0.4
    assert automation_cut(confidences, every, 1.0, 0.9) == np.inf
    assert automation_cut(confidences, ~every, 0.5, 0.9) == np.inf
    assert automation_cut(np.empty(0), np.empty(0, dtype=bool), 0.5, 0.9) == np.inf


def test_automation_cut_keeps_articles_of_equal_confidence_together():
    confidences = np.repeat([0.9, 0.8], 60)
    correct = np.arange(120) < 60
    correct[60] = True  # the wrong ones of confidence 0.8 are behind a right one
    assert automation_cut(confidences, correct, 0.9, 0.9) == 0.9
    assert automation_cut(np.full(120, 0.9), correct, 0.9, 0.9) == np.inf


def test_automation_cut_counts_each_group_of_near_duplicates_once():
    confidences = np.linspace(1, 0.5, 60)
    every = np.ones(60, dtype=bool)
    assert automation_cut(confidences, every, 0.95, 0.9, np.arange(60)) == 0.5
    assert automation_cut(confidences, every, 0.95, 0.9, np.arange(60) // 2) == np.inf
    copies = np.concatenate([confidences, confidences])
    groups = np.tile(np.arange(60), 2)
    assert automation_cut(copies, np.append(every, ~every), 0.95, 0.9, groups) == 0.5


@pytest.mark.parametrize(
    ("name", "values"), [("precision", (0, -0.1, 1.1, "0.9")), ("confidence", (0, 1, -0.1, 1.1, None))]
)
def test_automation_cut_names_an_argument_out_of_range(name, values):
    for value in values:
        with pytest.raises(ArgumentError, match=f"automation_{name} must be"):
            automation_cut(np.ones(3), np.ones(3, dtype=bool), **{name: value})
