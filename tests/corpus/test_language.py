import pytest

from topicdesk.corpus._language import detect_language

SENTENCES = {
    "en": "The ferry came late, because fog covered the harbour for most of the day.",
    "de": "Die Fähre kam zu spät, weil den ganzen Tag Nebel über dem Hafen lag.",
    "az": "Bərə gecikdi, çünki bütün gün limanın üstünü duman bürümüşdü.",
    "ru": "Паром опоздал, потому что весь день над гаванью стоял туман.",
    "tr": "Vapur geç kaldı, çünkü bütün gün limanın üzerini sis kaplamıştı.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_detect_language_identifies_sentences(language):
    assert detect_language(SENTENCES[language]) == language


@pytest.mark.parametrize("text", ["", "12 345", "Baku", "Tram early"])
def test_detect_language_returns_no_language_for_short_texts(text):
    assert detect_language(text) == ""


def test_detect_language_uses_the_beginning_of_a_text():
    assert detect_language(SENTENCES["de"] * 10 + SENTENCES["en"] * 100) == "de"
