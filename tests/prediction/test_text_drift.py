"""Drift between two collections of texts: false alarms, power, and what the result says."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, fisher_exact

from topicdesk.errors import CorpusError, LabellerError
from topicdesk.prediction import TextDrift, measure_drift

N_WORDS = 800
VOCABULARY = np.array([f"word{number}" for number in range(N_WORDS)])


def texts_of(n, random_state, *, length=30, changed=0.0):
    """Return texts of ten topics with Zipf's word frequencies; a share of them uses forty rare words often."""
    rng = np.random.default_rng(random_state)
    texts = []
    for _ in range(n):
        weights = 1 / np.arange(1.0, N_WORDS + 1)
        topic = 50 + 20 * rng.integers(10)
        weights[topic : topic + 20] *= 10
        if rng.random() < changed:
            weights[-40:] *= 50
        texts.append(" ".join(rng.choice(VOCABULARY, rng.poisson(length) + 2, p=weights / weights.sum())))
    return texts


@pytest.mark.slow
def test_measure_drift_of_texts_rarely_gives_a_false_alarm():
    # Seeds are fixed. By chance alone, more than this many alarms at a level of 5 % have a probability below 0.001.
    n_trials = 100
    most = binom.isf(0.001, n_trials, 0.05)
    significant, alarms, words = 0, 0, 0
    for seed in range(n_trials):
        drift = measure_drift(texts_of(80, (0, seed)), texts_of(50, (1, seed)), random_state=seed)
        significant += bool((drift.checks["p"] < 0.05).any())
        alarms += drift.drifted
        words += bool(drift.terms["changed"].any())
    assert max(significant, alarms, words) <= most
    assert significant > 0  # the tests are not so conservative that they cannot reject


@pytest.mark.slow
def test_measure_drift_of_texts_detects_changes():
    found = {"classifier AUC": 0, "length": 0}
    for seed in range(10):
        before = texts_of(150, (0, seed))
        changed = measure_drift(before, texts_of(100, (1, seed), changed=0.8), random_state=seed)
        longer = measure_drift(before, texts_of(100, (1, seed), length=36), random_state=seed)
        for drift, check in ((changed, "classifier AUC"), (longer, "length")):
            found[check] += bool(drift.checks.set_index("check")["drifted"][check])
    assert min(found.values()) >= 9, found


@pytest.mark.slow
def test_measure_drift_of_texts_names_the_words_that_changed():
    before = texts_of(60, 1)
    after = [f"{text} quantum lattice fermion boson gluon hadron" for text in texts_of(60, 2)]
    drift = measure_drift(before, after)
    assert isinstance(drift, TextDrift) and drift.drifted
    assert str(drift).startswith("Drift: unseen words, ")
    assert "60 new texts compared with 60 reference texts. Words that changed most: boson, fermion" in str(drift)
    first = drift.terms.iloc[0]
    assert (first["reference"], first["new"], first["changed"]) == (0, 1, True)
    html = drift._repr_html_()
    assert "YES" in html and "quantum" in html
    titles = [axes.get_title() for axes in drift.plot().axes]
    assert titles[:3] == ["unseen words: DRIFT", f"length: {'DRIFT' if 'length' in str(drift) else 'no drift'}",
                          "classifier AUC: DRIFT"]  # fmt: skip
    assert drift.checks.equals(measure_drift(pd.Series(before), np.array(after)).checks)


def test_measure_drift_of_texts_adjusts_fisher_tests_of_words():
    before, after = texts_of(60, 1), texts_of(40, 2)
    terms = measure_drift(before, after).terms
    containing = [[sum(f" {row.term} " in f" {text} " for text in texts) for texts in (before, after)]
                  for row in terms.itertuples()]  # fmt: skip
    assert np.allclose(terms["reference"], [k / 60 for k, _ in containing])
    k, k_new = containing[0]
    one_sided = min(
        fisher_exact([[k, 60 - k], [k_new, 40 - k_new]], alternative=side).pvalue for side in ("less", "greater")
    )
    assert terms["p"][0] == pytest.approx(min(1, 2 * one_sided * len(terms)))
    assert terms["p"].is_monotonic_increasing


def test_measure_drift_of_texts_leaves_out_copies_and_texts_without_words():
    before, after = texts_of(30, 1), texts_of(30, 2)
    drift = measure_drift([*before, "", "!"], after + after[:1] * 50)
    assert (len(drift.reference), len(drift.new), drift.left_out) == (30, 30, 52)
    assert "52 near-duplicates or texts without words were left out" in str(drift)


def test_measure_drift_of_texts_reads_columns_of_tables():
    before = pd.DataFrame({"lead": texts_of(30, 1), "other": "x"})
    after = pd.DataFrame({"lead": texts_of(30, 2)})
    assert measure_drift(before, after, text="lead").checks.equals(measure_drift(before["lead"], after["lead"]).checks)


@pytest.mark.parametrize(
    ("reference", "articles", "options", "error", "message"),
    [
        ("text", ["a"], {}, CorpusError, "^reference must be a list, Series or DataFrame of texts; got str"),
        (["two words"], None, {}, LabellerError, "^reference has 1 different texts with words.*at least 20"),
        (texts_of(30, 1), texts_of(19, 1), {}, LabellerError, "^articles has 19 different texts with words"),
        (texts_of(30, 1), [None], {}, CorpusError, "^articles: the text of row 0 is missing"),
        (texts_of(30, 1), pd.DataFrame({"x": ["a"]}), {}, CorpusError, "^text: name the columns"),
        (texts_of(30, 1), ["a"], {"text": "body"}, CorpusError, "^text='body' names columns, but reference is not"),
        (texts_of(30, 1), ["a"], {"random_state": -1}, ValueError, "^random_state must be an integer"),
    ],
)
def test_measure_drift_of_texts_rejects_arguments_by_name(reference, articles, options, error, message):
    with pytest.raises(error, match=message):
        measure_drift(reference, articles, **options)


def test_measure_drift_of_a_labeller_names_articles_and_options_that_it_cannot_use(labeller):
    with pytest.raises(LabellerError, match=r"^articles must be a DataFrame, a list of texts or a text, not int"):
        measure_drift(labeller, 5)
    with pytest.raises(LabellerError, match="articles has none of the model's fields: title, text"):
        measure_drift(labeller, pd.DataFrame({"body": ["text"]}))
    with pytest.raises(LabellerError, match=r"^text is for collections of texts"):
        measure_drift(labeller, pd.DataFrame(), text="text")
