"""Start real servers on the loopback address, each in its own process group."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from support.waiting import poll


@contextmanager
def serving(
    command: Sequence[object], address: str, *, folder: Path, log: Path, environment: Mapping[str, str]
) -> Iterator[None]:
    """Start a server, wait until `address` answers, and kill the server and its children at the end."""
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*map(str, command)], cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip

    def answers() -> bool:
        assert server.poll() is None, log.read_text(errors="replace")
        try:
            urlopen(address, timeout=10).close()
        except OSError:
            return False
        return True

    try:
        poll(answers, every=0.1)
        yield
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
