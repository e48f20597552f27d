"""Features: each option takes a value or a list of values, and all combinations are tried."""

import numpy as np
import pytest

import topicdesk as td
from topicdesk.errors import FeaturesError
from topicdesk.features import Analyser, Features, FeatureSetting


def test_settings_combine_all_values_in_order():
    features = Features(ngram_range=[(1, 1), (1, 2)], min_df=[1, 0.1], sublinear_tf=True)
    settings = features.settings()
    assert len(settings) == features.n_settings() == 4
    assert [(setting.analyser.ngram_range, setting.min_df) for setting in settings] == [
        ((1, 1), 1), ((1, 1), 0.1), ((1, 2), 1), ((1, 2), 0.1),
    ]  # fmt: skip
    assert all(setting.sublinear_tf for setting in settings)


def test_settings_pass_every_option_to_the_vectorizer():
    features = Features(
        analyzer="char", ngram_range=[2, 3], lowercase=False, strip_accents="unicode", stop_words="english", min_df=2,
        max_df=0.9, max_features=50, binary=True, sublinear_tf=True, use_idf=False, smooth_idf=False, norm="l1",
        chi2=10, lead=200,
    )  # fmt: skip
    (setting,) = features.settings()
    assert setting == FeatureSetting(
        Analyser("char", (2, 3), lowercase=False, strip_accents="unicode", stop_words="english", lead=200),
        min_df=2, max_df=0.9, max_features=50, binary=True, sublinear_tf=True, use_idf=False, smooth_idf=False,
        norm="l1", chi2=10,
    )  # fmt: skip
    (weighted,) = Features(field_weights={"title": 2, "text": 1}).settings()
    assert weighted.field_weights == (("title", 2), ("text", 1))


def test_numbers_of_numpy_become_numbers_of_python():
    given = Features(
        min_df=np.int64(2), max_df=np.float64(0.5), ngram_range=(np.int64(1), np.int64(2)), lowercase=np.True_
    )
    expected = Features(min_df=2, max_df=0.5, ngram_range=(1, 2))
    assert repr(given.settings()) == repr(expected.settings())


def test_default_is_one_setting_with_the_defaults_of_scikit_learn():
    assert td.Features().settings() == (FeatureSetting(),)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("analyzer", "words"), ("ngram_range", (2, 1)), ("ngram_range", 2), ("ngram_range", (0, 1)),
        ("ngram_range", [(1, 1, 1)]), ("lowercase", 1), ("strip_accents", "all"), ("stop_words", "german"),
        ("min_df", 0), ("min_df", 1.5), ("max_df", "all"), ("max_df", True), ("max_features", 0), ("binary", None),
        ("norm", "max"), ("stemmer", "klingon"), ("stemmer", 3), ("lead", -1), ("chi2", 2.5), ("field_weights", {}),
        ("field_weights", {"title": 0}), ("field_weights", ["title"]), ("min_df", []), ("ngram_range", []),
        ("field_weights", {"title": float("inf")}),
    ],
)  # fmt: skip
def test_features_refuse_a_wrong_value_and_name_the_option(option, value):
    with pytest.raises(FeaturesError, match=rf"{option}|stemmer called"):
        Features(**{option: value})
