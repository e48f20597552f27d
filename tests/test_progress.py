"""Long operations report their progress, also in a log."""

import pytest

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
