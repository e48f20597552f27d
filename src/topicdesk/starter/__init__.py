"""New projects: a small, complete folder to start from, with a sample or with a labelled table of the user's."""

from topicdesk.lazy import attach

__all__ = attach(__name__)
