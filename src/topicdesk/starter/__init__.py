"""New projects: a small, complete folder to start from, with a sample or with the user's labelled table."""

from topicdesk._lazy import attach

__all__ = attach(__name__)
