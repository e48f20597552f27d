"""Run Python in a pseudo terminal."""

import os
import re
import subprocess
import sys

import pytest


def run_in_terminal(arguments, columns, folder):
    """Run Python in a pseudo terminal of a width, and return the lines it prints, without colours."""
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (50, columns))
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, stdin=slave, stdout=slave, stderr=subprocess.PIPE, env=environment
    ) as running:
        os.close(slave)
        output = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # Linux reports the end of a terminal as an error
                break
            if not part:
                break
            output += part
        os.close(master)
        errors = running.stderr.read().decode()
    assert running.returncode == 0, errors
    # A terminal ends a line with both characters. A carriage return alone, as progress bars print it, stays.
    return re.sub(r"\x1b\[[\d;]*m", "", output.decode()).removesuffix("\r\n").split("\r\n")
