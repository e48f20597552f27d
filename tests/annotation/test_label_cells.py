"""Labels as people and libraries write them in a cell."""

import numpy as np
import pytest

from topicdesk.annotation._label_cells import labels_in, plain_label, written_list
from topicdesk.errors import LabelsError

LISTS = {
    "['courts' 'transport']": ("courts", "transport"),
    "['courts'\n 'night transport'\n 'rail']": ("courts", "night transport", "rail"),
    "[\"it's\" 'b']": ("it's", "b"),
    "{'courts', 'rail'}": ("courts", "rail"),
    "{'rail'}": ("rail",),
    "set()": (),
    "frozenset()": (),
    "frozenset({'courts'})": ("courts",),
    "array(['a', 'b'])": ("a", "b"),
    "array(['a', 'b'], dtype=object)": ("a", "b"),
    "array([], dtype='<U3')": (),
    "('courts', 'transport')": ("courts", "transport"),
    "('transport',)": ("transport",),
    "()": (),
    "[1, 2]": ("1", "2"),
    "[1. 2.]": ("1", "2"),
    "[np.str_('a'), np.int64(2)]": ("a", "2"),
    "[b'a', u'b']": ("a", "b"),
    "['a', 'b',]": ("a", "b"),
    '["courts", null]': ("courts",),
    '["courts", NaN]': ("courts",),
    "['courts', nan, None]": ("courts",),
    '["a\\u00e9"]': ("aé",),
    "[null]": None,
    "[]": (),
    "{'a': 1, 'b': 0}": ("a",),
    '{"choices": ["a"]}': ("a",),
    "(other)": ("(other)",),
    "Courts (civil, penal)": ("Courts (civil, penal)",),
    "(civil, penal)": ("(civil, penal)",),
    "{courts}": ("{courts}",),
    "set(": ("set(",),
}


@pytest.mark.parametrize("cell", LISTS)
def test_labels_in_reads_lists_of_json_python_and_numpy(cell):
    read = labels_in(cell, "", "row 1")
    assert read == LISTS[cell]


@pytest.mark.parametrize("labels", [["a"], ["courts", "it's"], ['say "a"', "b"], ["a\\b", "ü"], list("abc") * 40])
def test_labels_in_reads_what_python_and_numpy_print(labels):
    expected = tuple(dict.fromkeys(labels))
    array = np.array(labels)
    for written in (str(labels), str(tuple(labels)), str(array), repr(array), str(list(array)), repr(array[:9:])):
        assert labels_in(written, "", "row 1") == expected, written
    for written in (str(set(labels)), str(frozenset(labels))):
        assert set(labels_in(written, "", "row 1")) == set(expected), written


@pytest.mark.parametrize("cell", ["[courts, rail]", "['a' ... 'b']", "[['a']]", "array([['a']])", "['a'; 'b']", "['a]"])
def test_labels_in_refuses_what_is_no_list_of_labels(cell):
    with pytest.raises(LabelsError, match=r"row 1: .* is not a list of labels"):
        labels_in(cell, "", "row 1")


def test_labels_in_decodes_bytes_and_reads_maps():
    assert labels_in("é".encode(), "", "row 1") == labels_in(["é".encode()], "", "row 1") == ("é",)
    assert labels_in([("a", 1), ("b", 0), ("c", True)], "", "row 1") == ("a", "c")
    with pytest.raises(LabelsError, match=r"row 1: the label .* is binary, and not UTF-8\. Convert its column"):
        labels_in([b"\xe9"], "", "row 1")
    with pytest.raises(LabelsError, match=r"row 1: \{'a': 7\} is not a label"):
        labels_in([("a", 7)], "", "row 1")


def test_plain_label_has_no_control_characters():
    assert plain_label("a\0b") == "ab"
    assert plain_label("\x07 a\x7f \x85b\x9f") == "a b"
    assert plain_label("a\u00a0b") == "a b"


def test_written_list_is_linear_in_the_length_of_a_cell():
    assert written_list("[" + "'a' " * 20_000 + "b]") is None
    assert written_list("set(" + ", dtype=" * 20_000 + "])") is None
