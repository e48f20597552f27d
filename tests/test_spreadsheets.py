import csv
import io

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from topicdesk.spreadsheets import RowWriter, defused, is_formula, restored, write_table


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
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell):
    assert is_formula(cell)
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "-5", "+0.25", "-1e-9", "Ferry = late", "'quoted'", "a@b", "2026-01-01"])
def test_numbers_and_words_stay_as_they_are(cell):
    assert not is_formula(cell)
    assert defused(cell) == restored(cell) == cell


@given(st.text(alphabet="'=+-@1.e\ta＝", max_size=6) | st.text())
def test_every_cell_comes_back_as_it_was_and_no_written_one_is_run(cell):
    assert restored(defused(cell)) == cell
    assert not defused(cell).startswith(("=", "+", "-", "@", "\t")) or not is_formula(cell)


def test_of_a_table_texts_and_names_of_columns_are_made_safe_and_numbers_stay(tmp_path):
    path = tmp_path / "table.csv"
    table = pd.DataFrame({"=1": ["=2", None, "b"], "n": [-1.5, 2.0, 3.0], "mixed": ["@x", -1, "c"]})
    write_table(table, path)
    assert list(csv.reader(path.open(encoding="utf-8", newline=""))) == [
        ["'=1", "n", "mixed"], ["'=2", "-1.5", "'@x"], ["", "2.0", "-1"], ["b", "3.0", "c"],
    ]  # fmt: skip


@given(st.lists(st.lists(st.text(alphabet="ab,;\t\"'\r\n ") | st.text(), min_size=2, max_size=3), max_size=3))
def test_rows_read_back_as_they_were(rows):
    for delimiter in ",\t":
        written = io.StringIO(newline="")
        RowWriter(written, delimiter).write(rows)
        assert list(csv.reader(io.StringIO(written.getvalue(), newline=""), delimiter=delimiter)) == rows
