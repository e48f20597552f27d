"""A temporary folder for each process that runs tests or examples, removed at the end."""

from support.leftovers import clean_session, pytest_sessionfinish, pytest_sessionstart

__all__ = ["clean_session", "pytest_sessionfinish", "pytest_sessionstart"]
