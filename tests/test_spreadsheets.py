import csv
import io

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from topicdesk._spreadsheets import RowWriter, defused, is_formula, restored, write_csv


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        '=HYPERLINK("http://127.0.0.1/?"&A1)',
        "+cmd|' /C calc'!A0",
        "-2+3+cmd",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "＝1",
    ],
)
def test_defused_adds_an_apostrophe_to_formulas(cell):
    assert is_formula(cell)
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "-5", "+0.25", "-1e-9", "Ferry = late", "'quoted'", "a@b", "2026-01-01"])
def test_defused_does_not_change_numbers_and_words(cell):
    assert not is_formula(cell)
    assert defused(cell) == restored(cell) == cell


@given(st.text(alphabet="'=+-@1.e\ta＝", max_size=6) | st.text())
def test_restored_inverts_defused_and_no_defused_cell_is_a_formula(cell):
    assert restored(defused(cell)) == cell
    assert not defused(cell).startswith(("=", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    if defused(cell).startswith(("+", "-")):
        float(defused(cell))  # only a number starts with a sign


def test_write_table_defuses_texts_and_column_names_but_no_numbers(tmp_path):
    path = tmp_path / "table.csv"
    table = pd.DataFrame({"=1": ["=2", None, "b"], "n": [-1.5, 2.0, 3.0], "mixed": ["@x", -1, "c"]})
    write_csv(table, path)
    assert list(csv.reader(path.open(encoding="utf-8", newline=""))) == [
        ["'=1", "n", "mixed"], ["'=2", "-1.5", "'@x"], ["", "2.0", "-1"], ["b", "3.0", "c"],
    ]  # fmt: skip


@given(st.lists(st.lists(st.text(alphabet="ab,;\t\"'\r\n ") | st.text(), min_size=2, max_size=3), max_size=3))
def test_row_writer_writes_rows_that_csv_reads_unchanged(rows):
    for delimiter in ",\t":
        written = io.StringIO(newline="")
        RowWriter(written, delimiter).write(rows)
        assert list(csv.reader(io.StringIO(written.getvalue(), newline=""), delimiter=delimiter)) == rows
