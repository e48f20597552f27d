"""TermLookup counts terms in new texts exactly as scikit-learn's vectorizers do."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from topicdesk.features import TermLookup

# Words that are hard to tokenise: one letter, digits, underscores, accents, capitals, scripts, long ones.
WORDS = st.sampled_from(
    "court Court COURTS a I the of in 12 1 _ __x caf\u00e9 CAFE\u0301 \u0130stanbul \u03a3\u03a4\u03a9\u03a3 "
    "stra\u00dfe \u0644\u0627 \u6cd5\u9662 \u0915\u093e ab\u00b2 eightcha ninechars seventeencharacter "
    "extraordinarilylongwordofthirtyfour x\u200dy don't U.S. e-mail \U0001d518\U0001d52b \ud800 \u00df".split(" ")
)
TEXTS = st.lists(st.one_of(WORDS, st.text(max_size=12)), max_size=12).map(" ".join)


def assert_same(vectorizer, texts):
    expected = CountVectorizer.transform(vectorizer, texts)
    expected.sort_indices()
    counts = TermLookup(vectorizer).counts(texts)
    assert counts.shape == expected.shape
    assert counts.dtype == expected.dtype
    for part in ("indptr", "indices", "data"):
        assert (getattr(counts, part) == getattr(expected, part)).all(), part


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    known=st.lists(TEXTS, min_size=1, max_size=5),
    texts=st.lists(TEXTS, max_size=5),
    ngrams=st.sampled_from([(1, 1), (1, 2), (2, 2), (1, 3), (2, 3)]),
    lowercase=st.booleans(),
    binary=st.booleans(),
    stop_words=st.sampled_from([None, "english", ["court", "\u03c3\u03c4\u03c9\u03c2"]]),
    strip_accents=st.sampled_from([None, "unicode", "ascii"]),
    limit=st.sampled_from([None, 3]),
)
def test_term_lookup_counts_equal_those_of_scikit_learn(
    known, texts, ngrams, lowercase, binary, stop_words, strip_accents, limit
):
    vectorizer = CountVectorizer(
        ngram_range=ngrams,
        lowercase=lowercase,
        binary=binary,
        stop_words=stop_words,
        strip_accents=strip_accents,
        max_features=limit,
        dtype=np.float64,
    )
    try:
        vectorizer.fit(known)
    except ValueError as error:
        assert "empty vocabulary" in str(error)
        return
    assert TermLookup.suits(vectorizer)
    assert_same(vectorizer, [*texts, *known])


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    known=st.lists(TEXTS, min_size=1, max_size=5),
    texts=st.lists(TEXTS, max_size=5),
    options=st.lists(
        st.fixed_dictionaries(
            {
                "ngram_range": st.sampled_from([(1, 1), (1, 2), (2, 3)]),
                "stop_words": st.sampled_from([None, "english", ["court"]]),
                "binary": st.booleans(),
                "max_features": st.sampled_from([None, 1, 3]),
            }
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_term_lookup_counts_of_each_vectorizer_equal_those_of_a_lookup_of_its_own(known, texts, options):
    vectorizers = [CountVectorizer(**own) for own in options]
    try:
        for vectorizer in vectorizers:
            vectorizer.fit(known)
    except ValueError as error:
        assert "empty vocabulary" in str(error)
        return
    assert TermLookup.can_share(vectorizers)
    lookup = TermLookup(vectorizers[0], vectorizers[1:])
    for vectorizer, counts in zip(vectorizers, lookup.counts_of_each([*texts, *known]), strict=True):
        alone = TermLookup(vectorizer).counts([*texts, *known])
        assert counts.shape == alone.shape
        assert (counts != alone).nnz == 0
    np.testing.assert_array_equal(lookup.known_share(known), TermLookup(vectorizers[0]).known_share(known))


def test_term_lookup_is_shared_only_by_vectorizers_that_split_texts_into_the_same_words():
    plain = CountVectorizer().fit(["the court sat"])
    assert TermLookup.can_share([plain, CountVectorizer(ngram_range=(1, 2)).fit(["a jury"])])
    assert not TermLookup.can_share([plain, CountVectorizer(lowercase=False).fit(["a Jury"])])
    assert not TermLookup.can_share([plain, CountVectorizer(strip_accents="unicode").fit(["a jury"])])
    assert not TermLookup.can_share([plain, CountVectorizer(analyzer="char").fit(["a jury"])])
    letters = [" ".join(chr(first + offset) * 2 for offset in range(150)) for first in (0x4E00, 0x5E00)]
    both = [CountVectorizer().fit([text]) for text in letters]
    assert all(map(TermLookup.suits, both))
    assert not TermLookup.can_share(both)


def test_term_lookup_counts_a_batch_as_each_text_alone():
    texts = ["The court sat.", "", "A train", "court train court", "a" * 100_000, "\n\n", "sat. court"]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2)).fit(["the court sat on a train", "court train"])
    lookup = TermLookup(vectorizer)
    together = lookup.counts(texts)
    for row, text in enumerate(texts):
        assert (lookup.counts([text]) != together[row]).nnz == 0
    assert lookup.counts([]).shape == (0, len(vectorizer.vocabulary_))


@pytest.mark.parametrize(
    "options",
    [{"analyzer": "char_wb"}, {"tokenizer": str.split, "token_pattern": None}, {"token_pattern": r"\S+"}],
)
def test_term_lookup_does_not_suit_other_tokenisers(options):
    assert not TermLookup.suits(CountVectorizer(**options).fit(["the court sat"]))


def test_term_lookup_does_not_suit_more_letters_than_fit_in_a_byte():
    letters = " ".join(chr(0x4E00 + place) * 2 for place in range(300))
    assert not TermLookup.suits(CountVectorizer().fit([letters]))


def test_known_share_is_the_share_of_known_words():
    vectorizer = CountVectorizer(stop_words="english").fit(["court sat verdict"])
    shares = TermLookup(vectorizer).known_share(["the court and the jury", "of the", "verdict", "jury"])
    assert shares[[0, 2, 3]].tolist() == [0.5, 1.0, 0.0]
    assert np.isnan(shares[1])
