import tracemalloc

import numpy as np
import pandas as pd
import pyarrow
import pytest
from scipy.sparse import csr_matrix

from topicdesk import make_dataset
from topicdesk.annotation import sampling_weights
from topicdesk.errors import CorpusError, LabelsError, TopicdeskError

TEXTS = ["Judge hears the appeal", "The tram line opens", "The court stops the tram line", "Nothing happens at all"]
LABELS = [["courts"], ["rail"], ["rail", "courts"], []]
Y = [[1, 0], [0, 1], [1, 1], [0, 0]]


@pytest.mark.parametrize(
    ("y", "topics"),
    [
        (LABELS, None),
        ([tuple(names) for names in LABELS], None),
        ([set(names) for names in LABELS], None),
        ([np.array(names, dtype=object) for names in LABELS], None),
        (pd.Series(LABELS), None),
        (["courts", "rail", "rail; courts", ""], None),
        (["courts", "rail", "rail|courts", ""], None),
        (np.array(Y), ["courts", "rail"]),
        (np.array(Y, dtype=bool), ["courts", "rail"]),
        (np.array(Y, dtype=float), ["courts", "rail"]),
        (Y, ["courts", "rail"]),
        (csr_matrix(Y), ("courts", "rail")),
        (pd.DataFrame(Y, columns=["courts", "rail"]), None),
    ],
)
def test_make_dataset_reads_several_labels_per_text_in_every_form(y, topics):
    dataset = make_dataset(TEXTS, y, topics=topics)
    assert dataset.task == "multi-label"
    assert dataset.topics == ("courts", "rail")
    assert dataset.Y.tolist() == Y
    assert dataset.texts == tuple(TEXTS)


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (["b", "a", "b", "a"], ("a", "b")),
        (pd.Series(["b", "a", "b", "a"], dtype="category"), ("a", "b")),
        (np.array(["b", "a", "b", "a"]), ("a", "b")),
        ([1, 0, 1, 0], ("0", "1")),
        (pd.Series([1.0, 0.0, 1.0, 0.0]), ("0", "1")),
        ([True, False, True, False], ("False", "True")),
    ],
)
def test_make_dataset_reads_one_class_per_text(y, classes):
    dataset = make_dataset(TEXTS, y)
    assert dataset.task == "multi-class"
    assert dataset.topics == classes
    assert dataset.Y.tolist() == [[0, 1], [1, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize(
    "texts", [TEXTS, tuple(TEXTS), np.array(TEXTS), pd.Series(TEXTS), pd.DataFrame({"text": TEXTS})]
)
def test_make_dataset_reads_texts_in_every_form(texts):
    assert make_dataset(texts, LABELS).texts == tuple(TEXTS)


def test_make_dataset_joins_columns_and_keeps_the_index():
    table = pd.DataFrame(
        {"headline": TEXTS, "body": ["First body", "", "Third body", "Fourth body"], "class": ["a", "b", "a", "b"]},
        index=["w", "x", "y", "z"],
    )
    dataset = make_dataset(table, "class")
    assert dataset.texts[:2] == ("Judge hears the appeal\nFirst body", "The tram line opens")
    assert dataset.ids.tolist() == ["w", "x", "y", "z"]
    assert list(dataset.fields) == ["headline", "body"]
    assert make_dataset(table, table["class"], text="body").texts[0] == "First body"
    assert make_dataset(pd.concat([table, table]), "class").ids.tolist() == [str(row) for row in range(8)]


def test_make_dataset_keeps_groups_sources_and_dates():
    dataset = make_dataset(
        TEXTS,
        ["a", "b", "a", "b"],
        groups=["x", "y", "x", None],
        sources=["one", None, "two", "two"],
        dates=["2026-01-02", pd.NaT, pd.Timestamp("2026-01-03T10:00+02:00"), None],
    )
    assert dataset.groups.tolist() == [0, 1, 0, 2]
    assert dataset.sources.tolist() == ["one", "", "two", "two"]
    assert dataset.dates[2] == np.datetime64("2026-01-03T08:00")
    assert np.isnat(dataset.dates[[1, 3]]).all()
    twice = make_dataset([*TEXTS, TEXTS[0]], [*"abab", "a"])
    assert twice.groups[4] == twice.groups[0]
    assert make_dataset(["x y z"] * 2, ["a", "b"], groups=None).groups.tolist() == [0, 1]


def test_make_dataset_warns_about_empty_texts_and_does_not_split_without_a_separator():
    dataset = make_dataset(["", "one", "two"], ["a;b", "b", "a;b"], separator="")
    assert dataset.topics == ("a;b", "b")
    assert dataset.warnings == ("1 of 3 texts are empty and therefore have no features.",)
    assert make_dataset(["u", "v", "w"], ["a,b", "b", "a"], separator=",").Y.tolist() == [[1, 1], [0, 1], [1, 0]]


def test_make_dataset_warns_of_classes_that_consist_of_others():
    texts = [f"text {row}" for row in range(6)]
    dataset = make_dataset(texts, ["courts", "rail", "courts, rail", "rail", "law, and order", "courts,rail"])
    assert dataset.warnings == (
        "2 of 5 classes consist of others, such as 'courts, rail'. If these are several topics, pass separator=','.",
    )
    assert make_dataset(texts, ["courts", "rail", "law, and order"] * 2).warnings == ()


def test_make_dataset_has_one_hash_for_the_same_labels_in_another_form():
    first, second = make_dataset(TEXTS, LABELS), make_dataset(TEXTS, np.array(Y), topics=["courts", "rail"])
    assert first.labels_hash == second.labels_hash
    assert first.corpus_hash == second.corpus_hash
    assert make_dataset(TEXTS, [["courts"], ["rail"], ["rail"], []]).labels_hash != first.labels_hash


@pytest.mark.parametrize(
    ("texts", "arguments", "error", "message"),
    [
        ("one text", {}, CorpusError, "texts must be a list, Series or DataFrame of texts; got str"),
        (3, {}, CorpusError, "texts must be a list"),
        ([], {"y": []}, CorpusError, "texts is empty"),
        (["a", None], {"y": [1, 2]}, CorpusError, "texts: the text of row 1 is missing"),
        (["a", float("nan")], {"y": [1, 2]}, CorpusError, "texts: the text of row 1 is missing"),
        (["a", 5], {"y": [1, 2]}, CorpusError, "texts: the text of row 1 is of type int"),
        ([" ", ""], {"y": [1, 2]}, CorpusError, "every text is empty"),
        ([["a"], ["b"]], {"y": [1, 2]}, CorpusError, "texts must have one dimension"),
        (pd.DataFrame({"words": ["a"]}), {"y": [1]}, CorpusError, "name the columns that form the text.*'words'"),
        (pd.DataFrame({"words": ["a"]}), {"y": [1], "text": "word"}, CorpusError, "no column 'word'; did you mean"),
        (pd.DataFrame({"words": ["a"]}), {"y": [1], "text": []}, CorpusError, "text must name at least one column"),
        (["a", "b"], {"text": "words"}, CorpusError, "text='words' names columns, but texts is not a DataFrame"),
        (["a", "b"], {"y": "topic"}, LabelsError, "y='topic' names a column, but texts is not a DataFrame"),
        (pd.DataFrame({"text": ["a"], "topic": [1]}), {"y": "topics"}, LabelsError, "no column 'topics'; did you mean"),
        (["a", "b"], {"y": ["a"]}, LabelsError, "y has 1 rows, but there are 2 texts"),
        (["a", "b"], {"y": None}, LabelsError, "y must contain one label"),
        (["a", "b"], {"y": ["a", None]}, LabelsError, "y: the label of row 1 is missing"),
        (["a", "b"], {"y": ["a", None]}, LabelsError, r"Remove rows without labels\.$"),
        (["a", "b"], {"y": [["a"], [float("nan")]]}, LabelsError, "y: the label of row 1 is missing"),
        (["a", "b"], {"y": ["a;b", None]}, LabelsError, r'text has no topic.*y\.fillna\(""\)'),
        (["a", "b"], {"y": pd.DataFrame({"": [0, 1], "a": [1, 0]})}, LabelsError, "column 0 is empty. Name the"),
        (["a", "b"], {"y": ["a", " "]}, LabelsError, "y: the label of row 1 is empty"),
        (["a", "b"], {"y": [["a"], [["b"]]]}, LabelsError, "y: row 1 contains nested lists"),
        (["a", "b"], {"y": ["a", "a"]}, LabelsError, "only one class"),
        (["a", "b"], {"y": [["a"], ["a", "b"]]}, LabelsError, "every labelled article has the topic 'a'"),
        (["a", "b"], {"y": ["a", "b"], "topics": ["a", "c"]}, LabelsError, "label 'b', which is not in topics"),
        (["a", "b"], {"y": ["a", "b"], "topics": "ab"}, LabelsError, "topics must be a sequence of names"),
        (["a", "b"], {"y": np.eye(2)}, LabelsError, "topics: name the 2 columns of y"),
        (["a", "b"], {"y": np.eye(2), "topics": ["a"]}, LabelsError, "y has shape"),
        (["a", "b"], {"y": np.eye(2) * 2, "topics": ["a", "b"]}, LabelsError, "only 0 and 1"),
        (["a", "b"], {"groups": [0]}, CorpusError, "groups has 1 values, but there are 2 texts"),
        (["a", "b"], {"groups": "duplicates"}, CorpusError, "must be an array, 'near-duplicates', 'stories' or None"),
        (["a", "b"], {"ids": ["x", "x"]}, LabelsError, "the id 'x' occurs more than once"),
        (["a", "b"], {"dates": ["yesterday", "x"]}, CorpusError, "dates: "),
        (["a", "b"], {"sources": 5}, CorpusError, "sources must contain one value per text; got int"),
    ],
)  # fmt: skip
def test_make_dataset_names_a_wrong_argument(texts, arguments, error, message):
    assert issubclass(error, TopicdeskError)
    with pytest.raises(error, match=message):
        make_dataset(texts, **({"y": ["a", "b"]} | arguments))


def test_make_dataset_puts_the_columns_of_a_table_in_the_order_of_the_topics():
    table = pd.DataFrame(Y, columns=["courts", "rail"])
    dataset = make_dataset(TEXTS, table, topics=["rail", "courts"])
    assert dataset.topics == ("rail", "courts")
    assert dataset.Y.tolist() == [row[::-1] for row in Y]
    unnamed = make_dataset(TEXTS, pd.DataFrame(Y), topics=["rail", "courts"])
    assert unnamed.Y.tolist() == Y


def test_make_dataset_takes_sampling_weights_as_an_array_or_a_column():
    table = pd.DataFrame({"text": TEXTS, "topic": [*"abab"], "weight": [1, 2, 2.5, 0]})
    by_name = make_dataset(table, "topic", sampling_weights="weight")
    assert by_name.weights.tolist() == [1, 2, 2.5, 0]
    by_value = make_dataset(TEXTS, [*"abab"], sampling_weights=table["weight"])
    assert by_value.weights.tolist() == by_name.weights.tolist()
    plain = make_dataset(TEXTS, [*"abab"])
    assert plain.weights is None
    assert plain.labels_hash != by_value.labels_hash, "results depend on the weights"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], "^sampling_weights has 2 "),
        ([1, -2, 1, 1], "^sampling_weights must be finite numbers of at least 0; row 1 is -2"),
        ([1, None, 1, 1], "^sampling_weights: row 1 is None, not a number"),
        ([1, "2", 1, 1], "^sampling_weights: row 1 is '2', not a number"),
        ([0, 0, 0, 0], "^sampling_weights: every weight is 0"),
        ("weight", "^sampling_weights='weight' names a column, but texts is not a DataFrame"),
    ],
)
def test_make_dataset_rejects_wrong_sampling_weights(weights, message):
    with pytest.raises(TopicdeskError, match=message):
        make_dataset(TEXTS, [*"abab"], sampling_weights=weights)


@pytest.mark.parametrize("argument", ["y", "groups", "ids", "sources", "dates", "samples"])
def test_make_dataset_rejects_the_same_index_in_another_order(argument):
    texts, index = pd.Series(TEXTS, index=list("wxyz")), list("zyxw")
    values = pd.Series(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"], index=index)
    with pytest.raises(
        TopicdeskError, match=rf"{argument} has the index of texts in another order.*\.loc\[texts.index"
    ):
        make_dataset(texts, **({"y": [*"abab"]} | {argument: values}))
    assert len(make_dataset(texts, **({"y": [*"abab"]} | {argument: values.loc[texts.index]}))) == 4
    assert len(make_dataset(texts, **({"y": [*"abab"]} | {argument: values.to_numpy()}))) == 4
    assert len(make_dataset(texts, **({"y": [*"abab"]} | {argument: values.reset_index(drop=True)}))) == 4


def test_make_dataset_has_one_topic_for_a_label_in_composed_and_decomposed_characters():
    dataset = make_dataset(TEXTS, ["caf\u00e9", "cafe\u0301", "rail", "rail"], topics=["rail ", "cafe\u0301"])
    assert dataset.topics == ("rail", "caf\u00e9")
    assert dataset.Y[:, 1].tolist() == [1, 1, 0, 0]


def test_make_dataset_puts_each_row_without_a_group_in_its_own_group():
    groups = [None, "a", float("nan"), "a"]
    assert make_dataset(TEXTS, [*"abab"], groups=groups).groups.tolist() == [0, 1, 2, 1]


def test_make_dataset_reads_a_column_whose_name_is_a_number():
    dataset = make_dataset(pd.DataFrame({0: TEXTS}), LABELS, text=0)
    assert dataset.texts == tuple(TEXTS)
    assert list(dataset.fields) == ["0"]


def test_make_dataset_reads_missing_values_of_arrow_arrays():
    sources = make_dataset(TEXTS, pyarrow.array([*"abab"]), sources=pyarrow.array(["x", None, "y", "z"])).sources
    assert sources.tolist() == ["x", "", "y", "z"]


def test_make_dataset_needs_little_memory_for_many_topics():
    names = [f"topic {number}" for number in range(1000)]
    tracemalloc.start()
    make_dataset(names, names, groups=None)
    assert tracemalloc.get_traced_memory()[1] < 6e6  # the indicators need 1 MB
    tracemalloc.stop()


NAN, MASKED = np.float32("nan"), np.ma.masked_array([*"ab"], [False, True])


@pytest.mark.parametrize(
    ("texts", "arguments", "error", "message"),
    [
        ({"a", "b"}, {}, CorpusError, "texts must be a list, Series or DataFrame of texts; got set"),
        (pd.DataFrame([["a", "b"]], columns=["text"] * 2), {}, CorpusError, "text: the table has more than one column"),
        (pd.DataFrame({0: ["a"]}), {"text": 1}, CorpusError, "text: the table has no column 1; valid: 0"),
        (pd.DataFrame({"a": ["a"]}), {"text": {"a"}}, CorpusError, "a set has no order"),
        (pd.DataFrame({"text": ["a"]}), {"y": "text"}, LabelsError, "y='text' is a column of the text"),
        (["a", "b"], {"name": ""}, CorpusError, "name must be a string that is not empty"),
        (["a", "b"], {"y": np.array([1, NAN])}, LabelsError, "y: the label of row 1 is missing"),
        (["a", "b"], {"y": np.array(["2026", "NaT"], dtype="M8[D]")}, LabelsError, "y: the label of row 1 is missing"),
        (["a", "b"], {"y": pyarrow.array(["a", None])}, LabelsError, "y: the label of row 1 is missing"),
        (["a", "b"], {"y": MASKED}, LabelsError, "y: the label of row 1 is missing"),
        (["a", "b"], {"y": [[1, pd.NA], [0, 1]]}, LabelsError, "y: the label of row 0 is missing"),
        (["a", "b"], {"y": {"x", "y"}}, LabelsError, "y must contain one label.*got set"),
        (["a", "b"], {"y": np.array("a")}, LabelsError, r"y must contain one label.*got an array of shape \(\)"),
        (["a", "b"], {"y": np.zeros((2, 2, 2))}, LabelsError, "y must contain one label.*got an array of shape"),
        (["a", "b"], {"y": [{"a": 1}, {"a": 0}]}, LabelsError, "y: the label of row 0 is of type dict"),
        (["a", "b"], {"y": np.array([b"a", b"b"])}, LabelsError, "y: the label of row 0 is of type bytes"),
        (["a", "b"], {"y": [(x for x in "a"), "b"]}, LabelsError, "y: the label of row 0 is of type generator"),
        (["a", "b"], {"y": [0.25, 0.75]}, LabelsError, "y: the label of row 0 is the number 0.25"),
        (["a", "b"], {"y": ["\ud800", "b"]}, LabelsError, "y: the label of row 0.* cannot be written as UTF-8"),
        (["a", "b"], {"y": ["x\0", "b"]}, LabelsError, "y: the label of row 0.* contains a null character"),
        (["a", "b"], {"y": ["['a']", "['a', 'b']"]}, LabelsError, "lists that are written as strings"),
        (["a", "b"], {"y": ["{'a'}", "{'a', 'b'}"]}, LabelsError, "lists that are written as strings"),
        (["a", "b"], {"y": ["('a',)", "['a' 'b']"]}, LabelsError, r"strings, such as .*Pass lists, as read_table"),
        (["a", "b"], {"y": ["a;b", "c|d"]}, LabelsError, r"both ';' and '\|'"),
        (["a", "b"], {"y": [[], []]}, LabelsError, "y contains no label"),
        (["a", "b"], {"separator": 5}, LabelsError, "separator must be a string; got 5"),
        (["a", "b"], {"topics": 5}, LabelsError, "topics must be a sequence of names; got int"),
        (["a", "b"], {"topics": {"a", "b"}}, LabelsError, "topics must be a sequence of names; got set"),
        (["a", "b"], {"topics": ["a", None]}, LabelsError, "topics: name 1 is missing"),
        (["a", "b"], {"y": pd.DataFrame({"a": [1, 0], "b": [0, 1]}), "topics": ["a", "c"]}, LabelsError,
         "'c' is in topics, but is not a column of y"),
        (["a", "b"], {"y": pd.DataFrame({"a": [1, 0], "b": [0, 1]}), "topics": ["a"]}, LabelsError,
         "'b' is a column of y, but is not in topics"),
        (["a", "b"], {"y": pd.DataFrame({"a": pd.array([1, None], dtype="Int64")})}, LabelsError, "missing values"),
        (["a", "b"], {"y": pd.DataFrame({"a": ["x", "y"]})}, LabelsError, "Pass a single column of labels in one dim"),
        (["a", "b"], {"groups": np.zeros((2, 2))}, CorpusError, "groups must contain one value per text"),
        (["a", "b"], {"groups": [[1], [2]]}, CorpusError, "groups: unhashable type: 'list'"),
        (["a", "b"], {"ids": {"a", "b"}}, CorpusError, "ids must contain one value per text; got set"),
        (["a", "b"], {"ids": pd.DataFrame(np.eye(2))}, CorpusError, "ids must contain one value per text; got DataF"),
        (["a", "b"], {"ids": ["a", None]}, CorpusError, "ids: the id of row 1 is missing"),
        (["a", "b"], {"sources": [["a"], ["b"]]}, CorpusError, "sources: row 0 is of type list"),
        (["a", "b"], {"dates": [2020, 2021]}, CorpusError, "dates: row 0 is 2020. Write dates as"),
        (["a", "b"], {"dates": ["2026-01-31", "now"]}, CorpusError, "dates: row 1 is 'now'"),
        (["a", "b"], {"dates": ["31.01.2026", None]}, CorpusError, "31.01.2026 is not ISO8601 format. Write dates as"),
    ],
)  # fmt: skip
def test_make_dataset_rejects_values_that_it_would_misread(texts, arguments, error, message):
    with pytest.raises(error, match=message):
        make_dataset(texts, **({"y": ["a", "b"]} | arguments))


def test_the_repr_of_a_dataset_does_not_contain_its_texts():
    assert repr(make_dataset(TEXTS, LABELS)) == "Dataset(texts: 4 articles, 2 topics, multi-label)"


DRAWN = {"text": ["a court", "a train", "a bus"], "topic": ["courts", "rail", "rail"]}


@pytest.mark.parametrize(
    ("columns", "call"),
    [
        (
            {"article_id": ["a", "b", "c"], "sample": "random", "stratum_size": 9},
            "topicdesk.annotation.sampling_weights(",
        ),
        ({"inclusion_probability": [0.5, 0.5, 1]}, "sampling_weights=1 / texts['inclusion_probability']."),
    ],
)
def test_make_dataset_warns_of_a_sampling_design_that_is_not_used(columns, call):
    table = pd.DataFrame(DRAWN | columns)
    (warning,) = make_dataset(table, "topic").warnings
    assert warning.startswith(f"texts has the column {list(columns)[-1]}, but scores are not weighted")
    assert call in warning
    weights = 1 / table["inclusion_probability"] if "sample" not in table else sampling_weights(table)
    assert make_dataset(table, "topic", sampling_weights=weights).warnings == ()


def test_make_dataset_does_not_warn_of_empty_columns_of_a_design():
    table = pd.DataFrame(DRAWN | {"stratum_size": "", "inclusion_probability": np.nan, "draw": 1})
    assert make_dataset(table, "topic").warnings == ()


def test_make_dataset_names_a_missing_sampling_weight_without_its_type():
    weights = np.array([1.0, np.nan, 2.0])
    with pytest.raises(LabelsError, match="row 1 is nan, not a number of at least 0"):
        make_dataset(DRAWN["text"], DRAWN["topic"], sampling_weights=weights)


def test_make_dataset_names_a_number_that_is_no_date_without_its_type():
    with pytest.raises(CorpusError, match=r"dates: row 0 is 3\.2\. Write dates as in 2026-01-31"):
        make_dataset(DRAWN["text"], DRAWN["topic"], dates=np.array([3.2, 3.2, 3.2]))
