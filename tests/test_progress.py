"""Long operations report their progress, also in a log."""

import pytest

from support.terminals import run_in_terminal
from topicdesk import _progress as module


@pytest.fixture
def clock(monkeypatch):
    """Return a list with the elapsed seconds, which a test sets."""
    elapsed = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: elapsed[0])
    return elapsed


def test_progress_prints_a_line_every_half_minute(clock, capsys):
    with module.progress(8, "comparing", "cell") as advance:
        for _ in range(8):
            clock[0] += 12
            advance()
    assert capsys.readouterr().err.splitlines() == [
        "topicdesk: comparing: 37 % after 36 s ...",
        "topicdesk: comparing: 75 % after 72 s ...",
    ]


def test_progress_prints_only_the_time_if_the_size_is_unknown(clock, capsys):
    with module.progress(0, "importing", "B") as advance:
        clock[0] += 40
        advance(4096)
    assert capsys.readouterr().err == "topicdesk: importing: after 40 s ...\n"


def test_progress_prints_nothing_for_short_work(capsys):
    with module.progress(2, "comparing", "cell") as advance:
        advance(2)
    assert capsys.readouterr().err == ""


WORK = """
from topicdesk._progress import progress

def work(total, steps, what):
    with progress(total, what, "step") as advance:
        for _ in range(steps):
            advance()
"""


@pytest.mark.slow
def test_progress_leaves_nothing_in_a_terminal(tmp_path):
    code = (
        "import sys; sys.stderr = sys.stdout\n" + WORK + "work(3, 3, 'comparing'); work(4, 2, 'logging'); print('done')"
    )
    (line,) = run_in_terminal(["-c", code], 80, tmp_path)
    assert "comparing" in line and "0/3" in line  # the bar was there
    # A carriage return moves to the start of the line, which the next text overwrites.
    screen = [" "] * 80
    for written in line.split("\r"):
        screen[: len(written)] = written
    assert "".join(screen).strip() == "done"


@pytest.mark.slow
def test_progress_leaves_nothing_in_a_notebook(tmp_path):
    import nbformat  # nbformat takes seconds to import
    from nbclient import NotebookClient

    cells = [WORK, "work(3, 3, 'comparing')\nwork(4, 2, 'logging')\nprint('done')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    shown = []
    client = NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}},
        on_cell_executed=lambda **_: shown.extend(client.widget_state.values()),
    )  # fmt: skip
    client.execute()
    # The bars were there.
    assert any("0/3" in str(widget.get("value")).replace("\u2007", " ") for widget in shown)
    *bars, done = notebook.cells[1].outputs
    assert done.text == "done\n"
    assert [bar.data for bar in bars] == [{"text/html": "", "text/plain": ""}] * 2
