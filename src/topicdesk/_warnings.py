"""Warn users at the line of their own code."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from pathlib import Path

__all__ = ["warn_user"]

# Frames of these files are between a function and the user's call: those of topicdesk, and of its decorators.
_SKIPPED = (f"{Path(__file__).parent}{os.sep}", contextlib.__file__)


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, with the line from which topicdesk was called.

    A fixed ``stacklevel`` is wrong if a function is decorated, or is called by others of topicdesk.

    Parameters
    ----------
    message : str
        What happened, and what to do.
    category : type, default UserWarning
        Category of the warning.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_SKIPPED):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
