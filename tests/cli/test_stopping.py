"""Ctrl-C and termination signals: the command says that it stopped, and the process has its own handlers back."""

import os
import signal
import sys

import pytest

from topicdesk.cli import main
from topicdesk.cli._stopping import Stopped, stop_on_signals


def test_main_restores_the_handlers_of_signals(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["topicdesk", "--version"])
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with pytest.raises(SystemExit):
        main()
    assert {number: signal.getsignal(number) for number in before} == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_on_signals_raises_stopped_with_the_number(number):
    with pytest.raises(Stopped) as stopped, stop_on_signals():
        os.kill(os.getpid(), number)
        signal.pause()
    assert stopped.value.args == (number,)


def test_signals_to_a_command_that_has_ended_are_ignored(begin):
    command = begin("--version")
    assert command.wait().returncode == 0
    command.send_signal(signal.SIGTERM)
    command.kill_group(signal.SIGTERM)
