"""Long work shows how far it has come, in a log too."""

import pytest

from topicdesk import progress as module


@pytest.fixture
def clock(monkeypatch):
    """Give the seconds that have passed, to be set."""
    passed = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: passed[0])
    return passed


def test_a_log_gets_a_line_every_half_minute(clock, capsys):
    with module.progress(8, "comparing", "cell") as advance:
        for _ in range(8):
            clock[0] += 12
            advance()
    assert capsys.readouterr().err.splitlines() == [
        "topicdesk: comparing: 37 % after 36 s ...",
        "topicdesk: comparing: 75 % after 72 s ...",
    ]


def test_of_work_without_a_known_size_only_the_time_is_printed(clock, capsys):
    with module.progress(0, "importing", "B") as advance:
        clock[0] += 40
        advance(4096)
    assert capsys.readouterr().err == "topicdesk: importing: after 40 s ...\n"


def test_short_work_prints_nothing(capsys):
    with module.progress(2, "comparing", "cell") as advance:
        advance(2)
    assert capsys.readouterr().err == ""
