"""Wait for events, never for seconds."""

import time
from collections.abc import Callable

#: Seconds after which a test stops waiting for an event: far more than any machine needs.
PATIENCE = 600


def poll(condition: Callable[[], object], seconds: float = PATIENCE, every: float = 0.01) -> object:
    """Return what `condition` returns as soon as that is true; fail if it is not within many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"nothing happened within {seconds} s"
        time.sleep(every)
    return value
