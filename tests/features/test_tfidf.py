"""Features from terms that are counted once equal those of scikit-learn, for every option."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from topicdesk.errors import FeaturesError
from topicdesk.features import (
    WHOLE_TEXT,
    Analyser,
    Block,
    FeatureSetting,
    count_terms,
    count_terms_once,
    fold_features,
    keyword_hits,
    weigh_fold,
)

WORDS = "rail rails strike striking judge the and of Talks talks café cafe CO2 a naïve port İstinaf IŞIK ışık".split()

texts = st.lists(
    st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=20), min_size=4, max_size=14
)
analysers = st.builds(
    lambda analyzer, stemmer, lowercase, strip_accents, **options: Analyser(
        analyzer,
        stemmer=stemmer if analyzer == "word" else None,
        lowercase=lowercase,
        strip_accents="unicode" if (lowercase, strip_accents) == ("turkish", "ascii") else strip_accents,
        **options,
    ),
    analyzer=st.sampled_from(["word", "char", "char_wb"]),
    stemmer=st.sampled_from([None, "english", "german"]),
    ngram_range=st.sampled_from([(1, 1), (1, 2), (2, 3)]),
    lowercase=st.sampled_from([False, True, "turkish"]),
    strip_accents=st.sampled_from([None, "ascii", "unicode"]),
    stop_words=st.sampled_from([None, "english"]),
    token_pattern=st.sampled_from([r"(?u)\b\w\w+\b", r"(?u)\b\w+\b", r"\S+ \S+|\S"]),
    lead=st.sampled_from([None, 1, 6, 40]),
)
feature_settings = st.builds(
    FeatureSetting,
    analyser=analysers,
    min_df=st.sampled_from([1, 2, 0.0, 0.1, 0.3]),
    max_df=st.sampled_from([1.0, 0.9, 0.5, 2, 5]),
    max_features=st.sampled_from([None, 1, 3, 10]),
    binary=st.booleans(),
    sublinear_tf=st.booleans(),
    use_idf=st.booleans(),
    smooth_idf=st.booleans(),
    norm=st.sampled_from(["l2", "l1", None]),
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The parameter 'token_pattern' will not be used", "ignore:Your stop_words")
@pytest.mark.filterwarnings("ignore:The parameter 'tokenizer' will not be used")
@pytest.mark.filterwarnings("ignore:The parameter 'stop_words' will not be used")
@settings(max_examples=400, deadline=None)
@given(texts=texts, setting=feature_settings, data=st.data())
def test_weigh_fold_equals_a_vectorizer_fitted_on_the_training_texts(texts, setting, data):
    n_train = data.draw(st.integers(min_value=2, max_value=len(texts) - 1))
    order = np.array(data.draw(st.permutations(range(len(texts)))), dtype=np.intp)
    train, test = order[:n_train], order[n_train:]
    vectorizer, analysed = setting.vectorizer(), setting.analyser.read(texts)
    try:
        expected = vectorizer.fit_transform([analysed[row] for row in train])
    except ValueError:  # scikit-learn keeps no term, so weigh_fold must keep none either
        with pytest.raises(FeaturesError):
            weigh_fold(count_terms(texts, setting.analyser), setting, train, test)
        return
    counts = count_terms(texts, setting.analyser)
    fold = weigh_fold(counts, setting, train, test)
    assert list(counts.terms[fold.columns]) == list(vectorizer.get_feature_names_out())
    assert abs(fold.train - expected).max() <= 1e-12
    assert abs(fold.test - vectorizer.transform([analysed[row] for row in test])).max() <= 1e-12
    if setting.use_idf:
        np.testing.assert_allclose(fold.idf, vectorizer.idf_, rtol=0, atol=1e-12)


articles = st.lists(
    st.fixed_dictionaries(
        {
            "title": st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
            "text": st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join),
        }
    ),
    min_size=6,
    max_size=14,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    articles=articles,
    weights=st.sampled_from([(), (("title", 2.0), ("text", 0.5)), (("text", 1.0),)]),
    chi2=st.sampled_from([None, 1, 3, 1000]),
    stemmer=st.sampled_from([None, "english"]),
    n_topics=st.integers(1, 3),
    random_state=st.integers(0, 99),
)
def test_fold_features_equals_scikit_learns_pipeline_with_weights_and_chi2(
    articles, weights, chi2, stemmer, n_topics, random_state
):
    frame = pd.DataFrame(articles)
    frame["whole"] = frame["title"] + "\n" + frame["text"]
    rng = np.random.default_rng(random_state)
    order = rng.permutation(len(frame))
    train, test = order[: len(frame) // 2 + 1], order[len(frame) // 2 + 1 :]
    Y = rng.integers(0, 2, (len(frame), n_topics), dtype=np.int8)
    Y[train[0]], Y[train[1]] = 0, 1
    setting = FeatureSetting(Analyser(stemmer=stemmer), field_weights=weights, chi2=chi2)
    parts = frame if weights else frame["whole"]
    columns = {WHOLE_TEXT: "whole", "title": "title", "text": "text"}
    counts, transformer = {}, setting.transformer()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="k=1000 is greater than n_features")
        try:
            expected = transformer.fit_transform(parts.iloc[train], Y[train] if n_topics > 1 else Y[train, 0])
        except ValueError as error:
            assert "empty vocabulary" in str(error)  # no word has two letters or more
            return
        expected_test = transformer.transform(parts.iloc[test])
    for part in setting.parts:
        counts[setting.analyser, part.field] = count_terms(frame[columns[part.field]].tolist(), setting.analyser)
    result, result_test = fold_features(counts, setting, train, test, Y[train])
    assert result.format == result_test.format == "csr", "callers select rows, which needs CSR"
    assert result.shape == expected.shape
    assert abs(result - expected).max() <= 1e-12
    assert abs(result_test - expected_test).max() <= 1e-12


KEYWORDS = {"rail": ["rail", "rail strike"], "justice": ["judge", "the judge", "Talks"]}

block_options = st.fixed_dictionaries(
    {},
    optional={
        "analyzer": st.sampled_from(["word", "char", "char_wb"]),
        "ngram_range": st.sampled_from([(1, 1), (1, 2), (2, 3)]),
        "lowercase": st.booleans(),
        "min_df": st.sampled_from([1, 2, 0.3]),
        "max_df": st.sampled_from([1.0, 0.9, 5]),
        "max_features": st.sampled_from([None, 1, 3]),
        "binary": st.booleans(),
        "sublinear_tf": st.booleans(),
        "use_idf": st.booleans(),
        "norm": st.sampled_from(["l2", "l1", None]),
        "lead": st.sampled_from([None, 1, 6, 20]),
    },
).map(lambda options: tuple(options.items()))
block_weights = st.floats(0.01, 100)
tfidf_blocks = st.builds(
    Block, st.just("terms"), block_weights, field=st.sampled_from(["", "title", "text"]), options=block_options
)
keyword_blocks = st.builds(
    Block, st.just("keywords"), block_weights, st.just(True), options=st.sampled_from([(), (("lead", 9),)])
)


def keyword_column(words):
    """Return scikit-learn's steps that compute the column of one topic."""
    words = [word.lower() for word in words]
    return make_pipeline(
        CountVectorizer(vocabulary=words, binary=True, ngram_range=(1, 2)),
        FunctionTransformer(lambda found: np.log(1 + np.asarray(found.sum(axis=1))).reshape(-1, 1)),
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The parameter 'token_pattern' will not be used", "ignore:Your stop_words")
@pytest.mark.filterwarnings("ignore:The parameter 'stop_words' will not be used")
@settings(max_examples=200, deadline=None)
@given(
    articles=articles,
    setting=feature_settings.filter(lambda setting: not setting.analyser.stemmer and not setting.analyser.turkish),
    blocks=st.permutations([tfidf_blocks, keyword_blocks, tfidf_blocks.map(lambda one: replace(one, name="more"))])
    .map(lambda kinds: st.tuples(*kinds))
    .flatmap(lambda both: both),
    random_state=st.integers(0, 99),
)
def test_fold_features_with_blocks_equals_a_column_transformer_of_vectorizers(articles, setting, blocks, random_state):
    setting = replace(setting, blocks=blocks)
    frame = pd.DataFrame(articles)
    frame["whole"] = frame["title"] + "\n" + frame["text"]
    order = np.random.default_rng(random_state).permutation(len(frame))
    train, test = order[: len(frame) // 2 + 1], order[len(frame) // 2 + 1 :]
    inherited = {
        name: getattr(setting, name)
        for name in ("min_df", "max_df", "max_features", "binary", "sublinear_tf", "use_idf", "smooth_idf", "norm")
    } | {
        name: getattr(setting.analyser, name)
        for name in ("analyzer", "ngram_range", "lowercase", "strip_accents", "stop_words", "token_pattern", "lead")
    }
    steps, weights, counts, hits = [], {}, {}, {}
    for number, block in enumerate([Block("whole"), *blocks]):
        options = inherited | dict(block.options)
        lead = block.lead if block.keywords else options["lead"]
        del options["lead"]
        frame[f"{block.name} text"] = [text[:lead] for text in frame[block.field or "whole"]]
        columns = [(f"{number} {topic}", keyword_column(words)) for topic, words in KEYWORDS.items()]
        for name, step in columns if block.keywords else [(block.name, TfidfVectorizer(**options))]:
            steps.append((name, step, f"{block.name} text"))
            weights[name] = block.weight
        if block.keywords:
            hits[lead] = keyword_hits([text[:lead] for text in frame["whole"]], KEYWORDS, turkish=False)
    transformer = ColumnTransformer(steps, transformer_weights=weights)
    try:
        expected = transformer.fit_transform(frame.iloc[train])
    except ValueError as error:
        assert re.search("empty vocabulary|no terms remain|max_df corresponds to < documents than min_df", str(error))
        return
    for part in setting.parts:
        if part.setting is not None:
            analyser = part.setting.analyser
            counts[analyser, part.field] = count_terms(frame[part.field or "whole"].tolist(), analyser)
    result, result_test = fold_features(counts, setting, train, test, np.zeros((len(train), 1)), hits)
    assert abs(result - expected).max() <= 1e-12 * max(weights.values())
    assert abs(result_test - transformer.transform(frame.iloc[test])).max() <= 1e-12 * max(weights.values())


def test_a_block_has_the_options_of_the_whole_text_that_it_does_not_set():
    setting = FeatureSetting(
        Analyser(ngram_range=(1, 2), lead=900), min_df=3, chi2=50,
        blocks=(Block("title", 0.5, field="title", options=(("lead", None), ("sublinear_tf", True))),),
    )  # fmt: skip
    whole_text, title = setting.parts
    assert title[:3] == ("title", 0.5, "title")
    assert title.setting == FeatureSetting(Analyser(ngram_range=(1, 2)), min_df=3, sublinear_tf=True)
    assert whole_text.setting == replace(setting, blocks=(), chi2=None)
    assert setting.changed() == {
        "min_df": 3, "chi2": 50, "ngram_range": (1, 2), "lead": 900,
        "blocks.title": {"field": "title", "lead": None, "sublinear_tf": True, "weight": 0.5},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Block("a b"), r"^blocks: 'a b' cannot be the name of a block\. Use letters, digits"),
        (lambda: Block("a__b"), "'a__b' cannot be the name"),
        (lambda: Block("lead", 0.0), r"^blocks\.lead\.weight must be a finite number above 0; got 0\.0\.$"),
        (lambda: Block("lead", float("nan")), r"^blocks\.lead\.weight must be a finite number above 0"),
        (
            lambda: Block("words", keywords=True, options=(("min_df", 2),)),
            r"^blocks\.words\.min_df: a block of keywords has no terms",
        ),
        (
            lambda: Block("words", keywords=True, field="title"),
            r"^blocks\.words\.field: a block of keywords has no terms",
        ),
        (lambda: FeatureSetting(blocks=(Block("a"), Block("a"))), "^blocks: two blocks have the name 'a'"),
        (
            lambda: FeatureSetting(blocks=(Block("a"),), field_weights=(("title", 1.0),)),
            "^field_weights and blocks cannot be combined: use a block for each field",
        ),
        (
            lambda: FeatureSetting(blocks=(Block("a", options=(("min_dff", 2),)),)),
            r"^blocks\.a: a block has no option 'min_dff'; did you mean 'min_df'\?",
        ),
        (
            lambda: FeatureSetting(Analyser("char"), blocks=(Block("a", options=(("stemmer", "english"),)),)),
            r"^blocks\.a: stemmer = 'english' requires analyzer = 'word'",
        ),
        (lambda: FeatureSetting(blocks=(Block("a"),)).transformer(), "blocks read different texts"),
    ],
)
def test_blocks_reject_invalid_values(make, message):
    with pytest.raises(FeaturesError, match=message):
        make()


def test_analyser_and_feature_setting_reject_invalid_options():
    with pytest.raises(FeaturesError, match="no stemmer called 'englsh'; did you mean 'english'"):
        Analyser(stemmer="englsh")
    with pytest.raises(FeaturesError, match="requires analyzer = 'word', but analyzer is 'char'"):
        Analyser(analyzer="char", stemmer="english")
    with pytest.raises(FeaturesError, match="lead must be at least 1 character; got 0"):
        Analyser(lead=0)
    with pytest.raises(
        FeaturesError, match=r"^lead and field_weights cannot be combined: fields with weights are read completely\.$"
    ):
        FeatureSetting(Analyser(lead=100), field_weights=(("title", 1.0),))


def test_count_terms_once_equals_each_analyser_alone():
    texts = ["The rail strikes end", "a judge ends the trial", "Talks, talks and strikes", ""]
    many = [Analyser(ngram_range=(a, b), stop_words=s, stemmer=m)
            for a, b in ((1, 1), (1, 3), (2, 2)) for s in (None, "english") for m in (None, "english")]  # fmt: skip
    many += [replace(one, lead=12) for one in many]
    for analyser, counts in count_terms_once(texts, many).items():
        plain = analyser.vectorizer()
        expected = plain.fit_transform(analyser.read(texts))
        assert (counts.matrix != expected).nnz == 0
        assert list(counts.terms) == list(plain.get_feature_names_out())
        assert counts.numbers().terms.size == 0


def test_weigh_fold_training_weights_do_not_depend_on_held_out_texts():
    texts = ["rail strike ends", "judge ends trial", "port strike", "held out text"]
    train, test = np.array([0, 1, 2]), np.array([3])
    setting = FeatureSetting(min_df=2)
    before = count_terms(texts, setting.analyser)
    after = count_terms([*texts[:3], "strike strike strike aardvark zebra"], setting.analyser)
    one, two = (weigh_fold(counts, setting, train, test) for counts in (before, after))
    assert list(before.terms[one.columns]) == list(after.terms[two.columns]) == ["ends", "strike"]
    assert (one.train != two.train).nnz == 0
    np.testing.assert_array_equal(one.idf, two.idf)


def test_weigh_fold_explains_what_to_change_when_no_term_remains():
    counts = count_terms(["rail", "judge", "port"], Analyser())
    message = (
        r"^no term is in at least 2 and at most 2 of 2 training texts\. Lower min_df or raise max_df in \[features\]\.$"
    )
    with pytest.raises(FeaturesError, match=message):
        weigh_fold(counts, FeatureSetting(min_df=2), np.array([0, 1]), np.array([2]))


def test_count_terms_rejects_texts_without_terms():
    with pytest.raises(FeaturesError, match="none of 2 texts contains a term"):
        count_terms(["", "? !"], Analyser())


def test_feature_setting_changed_returns_options_that_are_not_defaults():
    setting = FeatureSetting(Analyser(ngram_range=(1, 2)), min_df=2)
    assert setting.changed() == {"ngram_range": (1, 2), "min_df": 2}
