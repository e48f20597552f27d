"""Foreign text in a terminal."""

import ast
from pathlib import Path

import pytest

from topicdesk._terminals import visible, without_controls
from topicdesk.cli._printing import print_rows, print_text

CLI = Path(__file__).parents[1] / "src" / "topicdesk" / "cli"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\rb\x08", r"a\rb\x08"),
        ("\x9b31m", r"\x9b31m"),
        ("user\u202egnp.exe", r"user\u202egnp.exe"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("می‌روم and क्‍ष", "می‌روم and क्‍ष"),
    ],
)
def test_visible_escapes_what_acts_on_a_terminal_and_keeps_joiners(text, shown):
    assert visible(text) == shown


def test_without_controls_keeps_every_other_character():
    assert without_controls("\x1b\x00می‌روم\x9f") == "می‌روم"


def test_print_text_and_print_rows_write_no_control_characters(capsys):
    print_text("\x1b[2J", Path("\x1b]0;x\x07.csv"))
    print_rows(["na\x1bme"], [["\x1b[31mred"]], "ti\x1btle")
    written = capsys.readouterr().out
    assert "\x1b" not in written
    assert "\x07" not in written
    assert r"\x1b[31mred" in written


def test_commands_print_only_through_print_text():
    for path in CLI.glob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        printing = [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
        assert len(printing) == (path.name == "_printing.py"), (path.name, printing)
