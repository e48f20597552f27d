"""The command line: parses, calls, prints. Each module has one group of commands.

Commands import other packages when they run, so ``--help`` answers at once.
"""

from topicdesk.cli._app import app, main

__all__ = ["app", "main"]
