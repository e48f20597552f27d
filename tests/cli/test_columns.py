"""Tables of the command line in narrow terminals."""

import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from support.terminals import run_in_terminal
from topicdesk.cli._columns import column_blocks, fold, table_width
from topicdesk.cli._printing import print_rows

REPOSITORY = Path(__file__).parents[2]

NAMES = ["classifier", "F1 [95 %]", "precision [95 %]", "recall [95 %]", "Holm p", "share", "fit s", "decision"]
ROWS = [
    (
        f"classifier-{row}", *(f"0.8{row}{column} [0.7{row}{column}, 0.9{row}{column}]" for column in range(3)),
        f"<0.00{row} ***", f"{row}1 %", f"{row}.123",
        f"This classifier is not worse than the best by more than 0.01{row} [-0.02{row}, 0.03{row}] on {row}9 % of it.",
    )
    for row in range(1, 6)
]  # fmt: skip
FIGURES = {
    figure
    for row in ROWS
    for cell in row
    for figure in re.findall(r"[\d.]+ \[[^]]+\]|<[\d.]+ \*+|[\d.]+ %|0\.\d+|\d\.\d+", cell)
}


def without_spaces(text):
    return "".join(text.split())


@pytest.mark.parametrize("width", [60, 80, 120, 160, 1000])
def test_column_blocks_fit_and_show_each_column_once(width):
    blocks = column_blocks([NAMES, *ROWS], width)
    assert all(table_width(list(block.values())) <= width for block in blocks)
    assert [column for block in blocks for column in list(block)[1:]] == list(range(1, len(NAMES)))
    assert all(next(iter(block)) == 0 for block in blocks)


def test_column_blocks_leave_a_table_that_fits_as_it_is():
    assert column_blocks([("topic", "n"), ("courts and judges", "5")], 80) == [{0: 17, 1: 1}]


def test_column_blocks_repeat_the_columns_that_tell_rows_apart():
    rows = [("repeat", "fold", *"abcdefghijklmnopqrst")]
    rows += [(str(repeat), str(fold), *["1"] * 20) for repeat in range(2) for fold in range(3)]
    blocks = column_blocks(rows, 60)
    assert len(blocks) > 1
    assert all(list(block)[:2] == [0, 1] for block in blocks)


def test_column_blocks_wrap_a_long_first_column_rather_than_cut_a_number():
    rows = [("description", "F1"), ("a description of many short words that goes on and on", "0.853 [0.812, 0.891]")]
    ((first, second),) = (block.values() for block in column_blocks(rows, 60))
    assert second == 20
    assert first == 33


@pytest.mark.parametrize("figure", ["0.853 [0.812, 0.891]", "-0.02 [-0.11, nan]", "1e-05 [0, 1e-04]", "95 %"])
def test_fold_keeps_a_number_with_its_interval(figure):
    for width in range(len(figure), 60):
        lines = fold(f"macro-F1 of the linear classifier is {figure} on new articles", width).splitlines()
        assert any(figure in line for line in lines)
        assert max(map(len, lines)) <= width


def test_fold_keeps_lines_and_splits_only_words_that_are_too_long():
    assert fold("courts: judge\nrailway: train", 20) == "courts: judge\nrailway: train"
    assert fold("hash abcdefghijkl", 5) == "hash\nabcde\nfghij\nkl"


CELL = st.text(st.sampled_from("ab 1.[]%,-裁\n"), max_size=60)


@given(
    st.integers(60, 200),
    st.integers(1, 6).flatmap(lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), min_size=1, max_size=5)),
)
def test_columns_lose_no_character_at_any_width(width, rows):
    shown = set()
    for block in column_blocks(rows, width):
        shown |= block.keys()
        for column, size in block.items():
            for row in rows:
                assert without_spaces(fold(row[column], size)) == without_spaces(row[column])
    assert shown == set(range(len(rows[0])))


def test_print_rows_cuts_nothing_in_a_log(capsys):
    print_rows(NAMES, ROWS, "Leaderboard")
    output = capsys.readouterr().out
    assert "…" not in output
    assert all(figure in output for figure in FIGURES)
    assert max(map(len, output.splitlines())) <= 160


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 60, 30])
def test_print_rows_cuts_no_number_in_a_terminal(columns, tmp_path):
    code = f"from topicdesk.cli._printing import print_rows; print_rows({NAMES!r}, {ROWS!r}, 'Leaderboard')"
    lines = run_in_terminal(["-c", code], columns, tmp_path)
    assert lines[0] == "Leaderboard"
    assert not any("…" in line for line in lines)
    assert all(any(figure in line for line in lines) for figure in FIGURES)
    if columns >= 60:
        assert max(map(len, lines)) <= columns
        # The first column names the rows of each block.
        assert sum("classifier-1" in line for line in lines) == sum("──" in line for line in lines)
    everything = without_spaces("".join(lines))
    assert all(everything.count(without_spaces(cell)) >= 1 for row in ROWS for cell in row[1:-1])


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 60])
def test_rank_prints_whole_numbers_and_names_in_a_terminal(columns):
    lines = run_in_terminal(["-m", "topicdesk", "rank", "experiments/published.toml"], columns, REPOSITORY)
    table = [line for line in lines if not line.startswith("3 datasets")]
    assert not any("…" in line for line in lines)
    assert max(map(len, table)) <= columns
    rows = [line.split() for line in table if line.startswith("  ")]
    names = {words[0] for words in rows if len(words) > 1 and re.fullmatch(r"\d\.\d+", words[1])}
    headers = {word for words in rows for word in words if word in names}
    assert len(names) == 8
    assert headers == names
    for name in names:  # a mean rank and eight p-values
        figures = [word for words in rows if words and words[0] == name for word in words[1:]]
        assert len([figure for figure in figures if re.fullmatch(r"\d\.\d+", figure)]) == 9
