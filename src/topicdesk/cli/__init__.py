"""The command line: parses, calls, prints. A module a group of commands.

Imports of the floors below stand inside the commands, so that ``--help`` answers at once.
"""

from topicdesk.cli._app import app, main

__all__ = ["app", "main"]
