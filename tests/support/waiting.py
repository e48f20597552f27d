"""Wait for conditions, not for fixed times."""

import time
from collections.abc import Callable

#: Seconds after which a test stops waiting: far more than a slow machine needs.
PATIENCE = 600


def poll(condition: Callable[[], object], seconds: float = PATIENCE, every: float = 0.01) -> object:
    """Call `condition` until its result is true, and return the result; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"the condition was not met within {seconds} s"
        time.sleep(every)
    return value
