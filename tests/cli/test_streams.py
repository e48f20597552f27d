"""Standard output that cannot encode a text, or cannot be written."""

import errno
import io
import os
import subprocess
import sys

import pytest

from topicdesk import __version__
from topicdesk.cli import main
from topicdesk.cli._streams import any_text_printed

COMMAND = [sys.executable, "-m", "topicdesk", "--version"]


class Full(io.StringIO):
    """A stream on a disk without space."""

    def flush(self):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("encoding", "text", "printed"), [
    ("ascii", "Mühle \udcff", b"M\\xfchle \\udcff"),
    ("utf-8", "Mühle \udcff", "Mühle \\udcff".encode()),
])  # fmt: skip
def test_any_text_printed_writes_backslashes_for_what_cannot_be_encoded(monkeypatch, encoding, text, printed):
    stream = io.TextIOWrapper(io.BytesIO(), encoding, errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    with any_text_printed():
        print(text, end="")
    assert stream.buffer.getvalue() == printed
    assert stream.errors == "strict"


def test_main_says_in_a_line_that_the_output_cannot_be_written(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", COMMAND[2:])
    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "topicdesk: the output cannot be written: No space left on device.\n"


def test_main_names_a_file_that_the_system_refuses(monkeypatch, capsys):
    def refused(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", "secret.toml")

    monkeypatch.setattr("topicdesk.experiment._checks.check_spec", refused)
    monkeypatch.setattr(sys, "argv", ["topicdesk", "compare", "secret.toml"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "topicdesk: secret.toml: Permission denied.\n"


def test_main_does_not_hide_a_fault_of_topicdesk(monkeypatch):
    def faulty(*args, **kwargs):
        raise OSError("No reader set")

    monkeypatch.setattr("topicdesk.experiment._checks.check_spec", faulty)
    monkeypatch.setattr(sys, "argv", ["topicdesk", "compare", "a.toml"])
    with pytest.raises(OSError, match="No reader set"):
        main()


@pytest.mark.skipif(os.name == "nt", reason="Windows reports a closed pipe otherwise")
def test_a_command_ends_without_a_traceback_if_its_output_is_closed():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        ended = subprocess.run(COMMAND, stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert "Traceback" not in ended.stderr
    assert "cannot be written" not in ended.stderr
    assert subprocess.run(COMMAND, capture_output=True, text=True, check=True).stdout == f"topicdesk {__version__}\n"
