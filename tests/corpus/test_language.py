import pytest

from topicdesk.corpus.language import detect_language

SENTENCES = {
    "en": "The ferry came late, because fog covered the harbour for most of the day.",
    "de": "Die Fähre kam zu spät, weil den ganzen Tag Nebel über dem Hafen lag.",
    "az": "Bərə gecikdi, çünki bütün gün limanın üstünü duman bürümüşdü.",
    "ru": "Паром опоздал, потому что весь день над гаванью стоял туман.",
    "tr": "Vapur geç kaldı, çünkü bütün gün limanın üzerini sis kaplamıştı.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_languages_of_sentences_are_told(language):
    assert detect_language(SENTENCES[language]) == language


@pytest.mark.parametrize("text", ["", "12 345", "Baku", "Tram early"])
def test_what_is_too_short_to_tell_has_no_language(text):
    assert detect_language(text) == ""


def test_the_beginning_decides():
    assert detect_language(SENTENCES["de"] * 10 + SENTENCES["en"] * 100) == "de"
