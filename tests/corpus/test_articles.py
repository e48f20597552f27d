import pandas as pd
import pytest
from hypothesis import given, strategies as st

from topicdesk.corpus import (
    articles_frame,
    content_hash,
    read_corpus,
    read_corpus_facts,
    summarise_corpus,
    write_corpus,
)
from topicdesk.errors import CorpusError, ProjectError

SMALL = {"id": ["a", "b"], "text": ["First text.", "Second text."], "published": ["2020-02-01", None]}


def test_a_corpus_comes_back_from_disk_as_it_was(tmp_path):
    corpus = articles_frame(SMALL)
    write_corpus(corpus, tmp_path / "c.parquet", {"wheel": "x"})
    pd.testing.assert_frame_equal(read_corpus(tmp_path / "c.parquet"), corpus)
    assert read_corpus_facts(tmp_path / "c.parquet") == {"wheel": "x"}


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"id": ["a", "a"], "text": ["x", "y"]}, r"row \d, id: 'a'"),
        ({"id": ["a", "b c"], "text": ["x", "y"]}, r"row 1, id: 'b c' \(must not be empty or contain white space\)"),
        ({"id": ["a", "b"], "text": ["x", " "]}, r"row 1, text: ' ' \(must not be empty\)"),
        ({"id": ["a"], "text": ["x"], "kind": ["poem"]}, "row 0, kind: 'poem'"),
    ],
)
def test_a_faulty_row_is_named_with_column_and_value(columns, fault):
    with pytest.raises(CorpusError, match=fault):
        articles_frame(columns)


def test_a_missing_file_says_how_to_make_it(tmp_path):
    with pytest.raises(CorpusError, match=r"topicdesk import FILES --output .*lost"):
        read_corpus(tmp_path / "lost.parquet")


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "c.parquet"
    write_corpus(articles_frame(SMALL), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CorpusError, match="cannot be read as Parquet"):
        read_corpus(path)


def test_a_folder_that_cannot_be_written_is_a_clear_error_and_leaves_nothing(tmp_path):
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(ProjectError, match=r"cannot write .*taken.*Make the folder writable"):
        write_corpus(articles_frame(SMALL), tmp_path / "taken" / "c.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.slow
@given(order=st.permutations(range(4)))
def test_the_hash_is_of_content_whatever_the_order(order):
    corpus = articles_frame({"id": list("abcd"), "text": ["one", "two", "three", "four"], "source": list("wxyz")})
    assert content_hash(corpus.iloc[order]) == content_hash(corpus)
    assert content_hash(corpus.assign(source="other")) == content_hash(corpus), "ids, titles and texts only"


def test_the_hash_tells_apart_what_would_be_the_same_when_joined():
    one, two = ({"id": ["a"], "title": [title], "text": [text]} for title, text in (("ab", "c"), ("a", "bc")))
    assert content_hash(articles_frame(one)) != content_hash(articles_frame(two))


def test_the_summary_counts_by_source_and_all_together():
    corpus = articles_frame({**SMALL, "source": ["x.example", "y.example"]})
    table = summarise_corpus(corpus).sources
    assert table["articles"].to_dict() == {"x.example": 1, "y.example": 1, "(all)": 2}
    assert table.loc["(all)", "undated"] == 1
