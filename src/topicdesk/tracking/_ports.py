"""Check that a port is free, without importing MLflow."""

from __future__ import annotations

import os
import socket

from topicdesk.errors import TrackingError

__all__ = ["check_port"]


def check_port(port: int) -> None:
    """Raise `TrackingError` if a port of 127.0.0.1 is taken."""
    with socket.socket() as probe:
        if os.name != "nt":
            # MLflow's server sets this option too: a port that was just released is free. On Windows the option would
            # also accept a port that is in use.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise TrackingError(
                f"port {port} of 127.0.0.1 is in use ({error.strerror}). Choose another with --port, or add "
                "PORT=5001 to 'make review' or 'make serve'."
            ) from error
