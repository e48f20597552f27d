"""Warnings of texts whose words the usual analyser cannot tell apart."""

import re

import pytest

import topicdesk as td
from topicdesk.errors import FeaturesError
from topicdesk.features import Analyser, FeatureSetting, script_warnings

CHINESE = [
    "磨坊在一个寒冷的日子里被卖掉了。",
    "法官周一听取了上诉。",
    "列车因大风晚点两小时。",
    "法院周五驳回了他的请求。",
]
FAST = {"classifiers": ["multinomial-nb"], "cv": 2, "inner_cv": 2, "n_resamples": 50, "n_jobs": 1, "groups": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CHINESE[0], r"without spaces between words \(Chinese\).*analyzer = 'char' and ngram_range = \(1, 2\)"),
        ("首相は記者会見で述べた。交渉は月曜日に続くという。", r"without spaces between words \(Japanese\)"),
        ("รถไฟมาสายสองชั่วโมงในวันจันทร์", r"without spaces between words \(Thai\)"),
        ("सर्वोच्च न्यायालय ने सोमवार को फैसला सुनाया।", r"vowel signs \(Devanagari\).*analyzer = 'char_wb'"),
        ("நீதிமன்றம் திங்கட்கிழமை தீர்ப்பளித்தது.", r"vowel signs \(Tamil\)"),
    ],
)
def test_script_warnings_name_the_script_and_the_analyser(text, expected):
    (warning,) = script_warnings([text] * 3)
    assert warning.startswith("3 of 3 texts")
    assert re.search(expected, warning)


@pytest.mark.parametrize(
    "text",
    [
        "The mill was sold.", "Über Österreich – Ämter schließen.", "Суд отклонил жалобу.",
        "قال المتحدث إن المحادثات ستستمر.",
        "ראש הממשלה אמר.", "법원은 월요일에 판결했다.", "The word 漢字 is Chinese.", "", "😀",
    ],
)  # fmt: skip
def test_script_warnings_leave_scripts_with_spaces_alone(text):
    assert script_warnings([text] * 3) == ()


def test_script_warnings_ignore_a_few_texts():
    assert script_warnings([CHINESE[0], *["The mill was sold."] * 20]) == ()


def test_compare_warns_of_words_that_cannot_be_told_apart():
    texts, y = CHINESE * 5, ["news", "courts", "news", "courts"] * 5
    comparison = td.compare(texts, y, **FAST)
    assert any("Chinese" in warning for warning in comparison.warnings)
    characters = td.Features(analyzer="char", ngram_range=(1, 2))
    assert not td.compare(texts, y, features=characters, **FAST).warnings


def test_compare_does_not_warn_if_the_token_pattern_was_chosen():
    texts = ["सर्वोच्च न्यायालय ने फैसला सुनाया।", "रेलगाड़ी सोमवार को देर से आई।"] * 10
    setting = FeatureSetting(Analyser(token_pattern=r"[\w\u0900-\u0963]{2,}"))
    comparison = td.compare(texts, ["courts", "transport"] * 10, features=setting, **FAST)
    assert not comparison.warnings
    assert "सर्वोच्च" in comparison.fit("multinomial-nb").labeller_.names


def test_compare_names_the_analyser_if_no_term_is_frequent_enough():
    endings = ["甲乙丙丁"[number % 4] * number for number in range(1, 21)]
    texts = [text[:-1] + ending for text, ending in zip(CHINESE * 5, endings, strict=True)]
    with pytest.raises(FeaturesError, match=r"Chinese.*analyzer = 'char'"):
        td.compare(texts, ["news", "courts"] * 10, features=td.Features(min_df=3), **FAST)
