"""The count-once matrices are scikit-learn's, for every option."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topicdesk.errors import FeaturesError
from topicdesk.features import Analyser, FeatureSetting, count_terms, weigh_fold

WORDS = ["rail", "strike", "judge", "the", "and", "of", "Talks", "talks", "café", "cafe", "CO2", "a", "naïve", "port"]

texts = st.lists(
    st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=20), min_size=4, max_size=14
)
analysers = st.builds(
    Analyser,
    analyzer=st.sampled_from(["word", "char", "char_wb"]),
    ngram_range=st.sampled_from([(1, 1), (1, 2), (2, 3)]),
    lowercase=st.booleans(),
    strip_accents=st.sampled_from([None, "ascii", "unicode"]),
    stop_words=st.sampled_from([None, "english"]),
    token_pattern=st.sampled_from([r"(?u)\b\w\w+\b", r"(?u)\b\w+\b"]),
)
feature_settings = st.builds(
    FeatureSetting,
    analyser=analysers,
    min_df=st.sampled_from([1, 2, 0.1, 0.3]),
    max_df=st.sampled_from([1.0, 0.9, 0.5, 5]),
    max_features=st.sampled_from([None, 1, 3, 10]),
    binary=st.booleans(),
    sublinear_tf=st.booleans(),
    use_idf=st.booleans(),
    smooth_idf=st.booleans(),
    norm=st.sampled_from(["l2", "l1", None]),
)


@pytest.mark.filterwarnings("ignore:The parameter 'token_pattern' will not be used", "ignore:Your stop_words")
@pytest.mark.filterwarnings("ignore:The parameter 'stop_words' will not be used")
@settings(max_examples=400, deadline=None)
@given(texts=texts, setting=feature_settings, data=st.data())
def test_fold_weights_equal_a_vectorizer_fitted_on_the_training_texts(texts, setting, data):
    n_train = data.draw(st.integers(min_value=2, max_value=len(texts) - 1))
    order = np.array(data.draw(st.permutations(range(len(texts)))), dtype=np.intp)
    train, test = order[:n_train], order[n_train:]
    vectorizer = setting.vectorizer()
    try:
        expected = vectorizer.fit_transform([texts[row] for row in train])
    except ValueError:  # scikit-learn finds no term to keep: so must we
        with pytest.raises(FeaturesError):
            weigh_fold(count_terms(texts, setting.analyser), setting, train, test)
        return
    counts = count_terms(texts, setting.analyser)
    fold = weigh_fold(counts, setting, train, test)
    assert list(counts.terms[fold.columns]) == list(vectorizer.get_feature_names_out())
    assert abs(fold.train - expected).max() <= 1e-12
    assert abs(fold.test - vectorizer.transform([texts[row] for row in test])).max() <= 1e-12
    if setting.use_idf:
        np.testing.assert_allclose(fold.idf, vectorizer.idf_, rtol=0, atol=1e-12)


def test_held_out_texts_change_nothing_of_the_training_weights():
    texts = ["rail strike ends", "judge ends trial", "port strike", "held out text"]
    train, test = np.array([0, 1, 2]), np.array([3])
    setting = FeatureSetting(min_df=2)
    before = count_terms(texts, setting.analyser)
    after = count_terms([*texts[:3], "strike strike strike aardvark zebra"], setting.analyser)
    one, two = (weigh_fold(counts, setting, train, test) for counts in (before, after))
    assert list(before.terms[one.columns]) == list(after.terms[two.columns]) == ["ends", "strike"]
    assert (one.train != two.train).nnz == 0
    np.testing.assert_array_equal(one.idf, two.idf)


def test_no_term_left_says_what_to_change():
    counts = count_terms(["rail", "judge", "port"], Analyser())
    with pytest.raises(FeaturesError, match="Lower min_df or raise max_df"):
        weigh_fold(counts, FeatureSetting(min_df=2), np.array([0, 1]), np.array([2]))


def test_texts_without_a_term_are_refused():
    with pytest.raises(FeaturesError, match="none of 2 texts holds a term"):
        count_terms(["", "? !"], Analyser())


def test_changed_options_are_those_that_differ_from_scikit_learn():
    setting = FeatureSetting(Analyser(ngram_range=(1, 2)), min_df=2)
    assert setting.changed() == {"ngram_range": (1, 2), "min_df": 2}
