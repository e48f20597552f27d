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


def test_write_corpus_round_trips(tmp_path):
    corpus = articles_frame(SMALL)
    write_corpus(corpus, tmp_path / "c.parquet", {"wheel": "x"})
    pd.testing.assert_frame_equal(read_corpus(tmp_path / "c.parquet"), corpus)
    assert read_corpus_facts(tmp_path / "c.parquet") == {"wheel": "x"}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["a", "a"], "text": ["x", "y"]}, r"row \d, id: 'a'"),
        ({"id": ["a", "b c"], "text": ["x", "y"]}, r"row 1, id: 'b c' \(must not be empty or contain white space\)"),
        ({"id": ["a", "b"], "text": ["x", " "]}, r"row 1, text: ' ' \(must not be empty\)"),
        ({"id": ["a"], "text": ["x"], "kind": ["poem"]}, "row 0, kind: 'poem'"),
    ],
)
def test_articles_frame_names_row_column_and_value_of_an_error(columns, message):
    with pytest.raises(CorpusError, match=message):
        articles_frame(columns)


def test_read_corpus_explains_how_to_create_a_missing_file(tmp_path):
    with pytest.raises(CorpusError, match=r"topicdesk import FILES --output .*lost"):
        read_corpus(tmp_path / "lost.parquet")


def test_read_corpus_rejects_a_damaged_file(tmp_path):
    path = tmp_path / "c.parquet"
    write_corpus(articles_frame(SMALL), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CorpusError, match="cannot be read as Parquet"):
        read_corpus(path)


def test_write_corpus_reports_an_unwritable_folder_and_leaves_no_file(tmp_path):
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(ProjectError, match=r"cannot write .*taken.*Make the folder writable"):
        write_corpus(articles_frame(SMALL), tmp_path / "taken" / "c.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.slow
@given(order=st.permutations(range(4)))
def test_content_hash_ignores_the_order_of_articles(order):
    corpus = articles_frame({"id": list("abcd"), "text": ["one", "two", "three", "four"], "source": list("wxyz")})
    assert content_hash(corpus.iloc[order]) == content_hash(corpus)
    assert content_hash(corpus.assign(source="other")) == content_hash(corpus), (
        "the hash covers only ids, titles and texts"
    )


def test_content_hash_depends_on_where_the_title_ends():
    one, two = ({"id": ["a"], "title": [title], "text": [text]} for title, text in (("ab", "c"), ("a", "bc")))
    assert content_hash(articles_frame(one)) != content_hash(articles_frame(two))


def test_summarise_corpus_counts_by_source_and_in_total():
    corpus = articles_frame({**SMALL, "source": ["x.example", "y.example"]})
    table = summarise_corpus(corpus).sources
    assert table["articles"].to_dict() == {"x.example": 1, "y.example": 1, "(all)": 2}
    assert table.loc["(all)", "undated"] == 1
