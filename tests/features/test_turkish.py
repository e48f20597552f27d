"""Turkish and Azerbaijani lower case is the same in counts, keywords, explanations, drift and the final model."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import topicdesk as td
from topicdesk.errors import FeaturesError
from topicdesk.evaluation import CLASSIFIERS, ablate
from topicdesk.features import (
    Analyser,
    FeatureSetting,
    count_terms,
    keyword_hits,
    mostly_turkish,
    settings_for_texts,
)
from topicdesk.prediction import explain_held_out, find_terms, fit_labeller

COURTS = ["İstinaf mahkemesi davayı reddetti", "IŞIKLI MAHKEME KARARI AÇIKLANDI", "Yargıç istinaf kararını bozdu"]
TRANSPORT = ["Işıklı tramvay hattı kapandı", "İSTANBUL VAPURU GECİKTİ", "Metro kalabalık yüzünden aksadı"]
DAYS = ["pazartesi günü", "salı sabahı", "çarşamba akşamı", "perşembe sabahı", "cuma akşamı", "pazar sabahı"]
TEXTS = [f"{headline} {day}." for day in DAYS for headline in COURTS + TRANSPORT]
LABELS = ["courts", "courts", "courts", "transport", "transport", "transport"] * len(DAYS)
ENGLISH = ["The IT court heard İstanbul.", "I sold the mill.", "The judge ruled.", "The tram was late."] * 6
FAST = {"cv": 2, "inner_cv": 2, "n_resamples": 50, "n_jobs": 1, "groups": None}
KEYWORDS = {"courts": ["İSTİNAF", "MAHKEME"], "transport": ["vapuru", "IŞIKLI tramvay"]}
ONLY = {"classifiers": ["multinomial-nb"], **FAST}


@pytest.mark.parametrize(
    "text",
    [
        *COURTS[::2],
        *TRANSPORT,
        "İstinaf Mahkemesi Kararı Bozdu",
        "Məhkəmə şikayəti rədd etdi və qərarı açıqladı.",
        "AZƏRBAYCANDA YENİ QATAR XƏTTİ AÇILDI",
    ],
)
def test_mostly_turkish_is_true_of_turkish_and_azerbaijani_texts(text):
    assert mostly_turkish([text])
    assert mostly_turkish([text, "The mill was sold."])
    assert not mostly_turkish([text, "The mill was sold.", ""])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The mill was sold.",
        "President Erdoğan met the mayor of Diyarbakır in Ankara on Monday, his office said.",
        "Președintele a spus că şedinţa începe luni şi că hotărârea este definitivă.",  # Romanian, with cedillas
        "Serokê Kurdistanê çû bajêr û şagirt bi kêfxweşî dimînin.",  # Kurdish
        "Der Präsident sprach über die Türkei.",
        "Суд отклонил жалобу.",
        "磨坊在一个寒冷的日子里被卖掉了。",
    ],
)
def test_mostly_turkish_is_false_of_other_languages_and_of_names(text):
    assert not mostly_turkish([text] * 2)


def test_analyser_counts_words_in_turkish_lower_case_as_scikit_learn_does_after_reading():
    texts = ["İstinaf IŞIKLI ılık", "istinaf ışıklı ILIK"]
    for options in ({}, {"ngram_range": (1, 2)}, {"stemmer": "turkish"}, {"analyzer": "char", "ngram_range": (2, 2)}):
        analyser = Analyser(lowercase="turkish", **options)
        counts = count_terms(texts, analyser)
        expected = analyser.vectorizer().fit(analyser.read(texts))
        assert counts.terms.tolist() == expected.get_feature_names_out().tolist()
        first, second = counts.matrix.toarray()
        assert first.tolist() == second.tolist()
    assert count_terms(texts, Analyser(lowercase="turkish")).terms.tolist() == ["istinaf", "ılık", "ışıklı"]


@pytest.mark.parametrize("wrong", ["Turkish", "english", ""])
def test_analyser_and_features_refuse_another_language(wrong):
    for make in (Analyser, td.Features):
        with pytest.raises(FeaturesError, match="lowercase must be True, False or 'turkish'"):
            make(lowercase=wrong)


def test_analyser_refuses_ascii_accents_that_would_remove_a_letter():
    with pytest.raises(FeaturesError, match=r"lowercase = 'turkish' and strip_accents = 'ascii'.*'unicode'"):
        Analyser(lowercase="turkish", strip_accents="ascii")


def test_settings_for_texts_changes_only_lower_casing_of_turkish_texts():
    settings = (
        FeatureSetting(Analyser(lead=40)),
        FeatureSetting(Analyser(lowercase=False)),
        FeatureSetting(Analyser(lowercase="turkish", lead=40)),
    )
    resolved, (warning,) = settings_for_texts(settings, TEXTS)
    assert resolved == (settings[2], settings[1])
    assert "lowercase = 'turkish'" in warning
    assert settings_for_texts(settings, ENGLISH) == (settings, ())
    assert settings_for_texts(resolved, TEXTS) == (resolved, ())
    ascii_only = (FeatureSetting(Analyser(strip_accents="ascii")),)
    kept, (warning,) = settings_for_texts(ascii_only, TEXTS)
    assert kept == ascii_only
    assert "removes the letter ı" in warning


@pytest.mark.slow
def test_compare_reads_turkish_texts_in_turkish_in_every_part():
    classifiers = ["linear-svm", "multinomial-nb"]
    comparison = td.compare(TEXTS, LABELS, classifiers=classifiers, keywords=KEYWORDS, **FAST)
    assert any("lowercase = 'turkish'" in warning for warning in comparison.warnings)
    assert {setting.analyser.lowercase for setting in comparison.plan.settings} == {"turkish"}
    asked = td.compare(
        TEXTS,
        LABELS,
        classifiers=classifiers,
        keywords=KEYWORDS,
        features=td.Features(lowercase="turkish", sublinear_tf=True),
        **FAST,
    )
    assert not any("lowercase" in warning for warning in asked.warnings)
    pd.testing.assert_frame_equal(asked.scores, comparison.scores)
    for name in ("linear-svm", "plain-linear-svm", "keyword-rules"):
        model = comparison.fit(name)
        terms = set(model.labeller_.names)
        assert {"istinaf", "mahkeme"} <= terms
        assert not {"stinaf", "işikli", "i"} & terms
        explanation = model.explain("İstinaf: IŞIKLI MAHKEME")
        assert explanation.text == "İstinaf: IŞIKLI MAHKEME"
        assert ">İstinaf</mark>" in explanation._repr_html_()
        row = TEXTS.index("İSTANBUL VAPURU GECİKTİ pazartesi günü.")
        held_out = explain_held_out(comparison, CLASSIFIERS[name], [(row, 1)], KEYWORDS)[row, 1]
        assert "vapuru" in {term.term for term in held_out}


def test_compare_leaves_the_settings_of_english_texts_alone():
    comparison = td.compare(ENGLISH, ["courts", "transport"] * 12, features=td.Features(), **ONLY)
    assert comparison.plan.settings == (FeatureSetting(),)
    assert not any("lowercase" in warning for warning in comparison.warnings)


@pytest.fixture(scope="module")
def plan_of_turkish_texts():
    return td.compare(TEXTS, LABELS, **ONLY).plan


@pytest.mark.parametrize(
    "setting",
    [
        FeatureSetting(),
        FeatureSetting(Analyser(lead=30)),
        FeatureSetting(Analyser(stemmer="turkish")),
        FeatureSetting(Analyser(analyzer="char_wb", ngram_range=(3, 3))),
        FeatureSetting(field_weights=(("title", 2.0), ("text", 1.0))),
    ],
    ids=["words", "lead", "stems", "characters", "fields apart"],
)
def test_fit_labeller_predicts_the_same_for_upper_and_lower_case(setting, plan_of_turkish_texts):
    table = pd.DataFrame({"title": TEXTS, "text": TEXTS})
    dataset = td.make_dataset(table, LABELS, text=["title", "text"], groups=None)
    plan = replace(plan_of_turkish_texts, settings=(setting,))
    labeller = fit_labeller(dataset, plan, CLASSIFIERS["multinomial-nb"], n_jobs=1)
    assert "lowercase=turkish" in labeller.features
    upper = pd.DataFrame({"title": ["İSTİNAF IŞIKLI"], "text": ["İSTANBUL VAPURU"]})
    lower = pd.DataFrame({"title": ["istinaf ışıklı"], "text": ["istanbul vapuru"]})
    np.testing.assert_array_equal(labeller.transform(upper).toarray(), labeller.transform(lower).toarray())
    np.testing.assert_array_equal(
        labeller.pipeline.predict_proba(upper), labeller.pipeline.predict_proba(lower), strict=True
    )
    unseen = [labeller.unseen_shares(one) for one in (upper, lower)]
    assert unseen[0] is unseen[1] is None or unseen[0].tolist() == unseen[1].tolist()
    shown = labeller.explain(upper)._repr_html_()
    assert re.search(r">(İSTANBUL|İSTİNAF|PUR)</mark>", shown)


def test_keyword_hits_match_any_case_of_turkish_and_tell_two_letters_apart():
    texts = [*TEXTS, "SINIR kapısı açıldı, İstinaf bekleniyor.", "Sinir hastalığı açıklandı."]
    hits = keyword_hits(texts, {"border": ["sınır"], "courts": ["İSTİNAF"]})
    assert hits[-2:].tolist() == [[1, 1], [0, 0]]
    assert keyword_hits(["The IT firm"], {"it": ["it"]}).tolist() == [[1]]


@pytest.mark.parametrize("analyzer", ["word", "char"])
def test_find_terms_finds_turkish_terms_where_they_are_written(analyzer):
    analyser = Analyser(analyzer, ngram_range=(1, 1) if analyzer == "word" else (5, 7), lowercase="turkish")
    text = "İstinaf, IŞIKLI ve işikli"
    found = list(find_terms(text, ["istinaf", "ışıklı"], analyser))
    assert [(text[start:end], term) for start, end, term in found] == [("İstinaf", "istinaf"), ("IŞIKLI", "ışıklı")]


@pytest.mark.slow
def test_ablate_and_learning_curve_resolve_the_language_once():
    comparison = td.compare(TEXTS, LABELS, features=td.Features(), **ONLY)
    plan = replace(comparison.plan, settings=(FeatureSetting(),))
    ablation = ablate(comparison.dataset, plan, CLASSIFIERS["multinomial-nb"], n_jobs=1)
    assert list(ablation.table.index)[1:] == ["lowercase"]
    assert any("lowercase = 'turkish'" in warning for warning in ablation.warnings)


@pytest.mark.slow
def test_measure_drift_counts_upper_and_lower_case_of_turkish_as_one_word():
    rng = np.random.default_rng(0)
    words = [f"ılık{letter}ı" for letter in "abcdefghijklmnoprstuvyz"]
    before = [" ".join(rng.choice(words, 30)) for _ in range(60)]
    after = [" ".join(rng.choice(words, 30)).replace("i", "İ").replace("ı", "I").upper() for _ in range(60)]
    drift = td.measure_drift(before, after)
    assert not drift.drifted
    assert not drift.terms["changed"].any()
