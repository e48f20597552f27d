"""Features: each option takes a value or a list of values, and all combinations are tried."""

import numpy as np
import pytest

import topicdesk as td
from topicdesk.errors import FeaturesError
from topicdesk.features import Analyser, Block, Features, FeatureSetting


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


def test_settings_combine_the_values_of_blocks_and_leave_out_those_of_weight_0():
    blocks = {
        "lead": {"lead": [300, 600], "weight": [0, 0.5, 1]},
        "keywords": {"keywords": True, "weight": np.float64(0.15)},
    }
    features = Features(min_df=[1, 2], blocks=blocks)
    settings = features.settings()
    assert len(settings) == len(set(settings)) == features.n_settings() == 2 * 5
    keywords = Block("keywords", 0.15, keywords=True)
    assert [setting.blocks for setting in settings[:5]] == [
        (keywords,),
        (Block("lead", 0.5, options=(("lead", 300),)), keywords),
        (Block("lead", 0.5, options=(("lead", 600),)), keywords),
        (Block("lead", 1.0, options=(("lead", 300),)), keywords),
        (Block("lead", 1.0, options=(("lead", 600),)), keywords),
    ]
    assert [setting.min_df for setting in settings] == [1] * 5 + [2] * 5


def test_a_block_takes_one_range_of_n_grams_as_a_list():
    (setting,) = Features(blocks={"title": {"field": "title", "ngram_range": [1, 2]}}).settings()
    assert setting.blocks == (Block("title", field="title", options=(("ngram_range", (1, 2)),)),)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (["lead"], r"^blocks must be a mapping of names to options such as \{'lead'"),
        ({"lead": 600}, "^blocks must be a mapping of names to options"),
        ({"lead": {"led": 600}}, r"^blocks\.lead\.led: unknown option; did you mean 'lead'\?"),
        ({"lead": {"chi2": 600}}, r"^blocks\.lead\.chi2: unknown option"),
        ({"lead": {"lead": 0}}, r"^blocks\.lead\.lead must be an integer of at least 1, or None; got 0"),
        ({"lead": {"lead": []}}, r"^blocks\.lead\.lead is an empty list"),
        ({"lead": {"weight": []}}, r"^blocks\.lead\.weight is an empty list"),
        ({"lead": {"weight": [1, -1]}}, r"^blocks\.lead\.weight must be a finite number of at least 0 .*; got -1\.$"),
        ({"lead": {"weight": "1"}}, r"^blocks\.lead\.weight must be a finite number"),
        ({"lead": {"field": ["title"]}}, r"^blocks\.lead\.field must be the name of a field"),
        ({"words": {"keywords": 1}}, r"^blocks\.words\.keywords must be True or False; got 1"),
        ({"words": {"keywords": True, "min_df": 2}}, r"^blocks\.words\.min_df: a block of keywords has no terms"),
        ({}, r"^blocks is empty\. Give at least one block, or None\.$"),
        ({"lead": {}}, r"^blocks\.lead sets no option, so its features would be those of the whole text again\."),
        ({"lead": {"weight": 2}}, r"^blocks\.lead sets no option"),
        ({"a b": {"lead": 9}}, "^blocks: 'a b' cannot be the name of a block"),
        ({"a b": {"lead": 9, "weight": 0}}, "^blocks: 'a b' cannot be the name of a block"),
    ],
)
def test_features_refuse_a_wrong_block_and_name_the_option(blocks, message):
    with pytest.raises(FeaturesError, match=message):
        Features(blocks=blocks)


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
