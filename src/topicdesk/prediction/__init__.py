"""Labelling: the winner as a model of its own, what it says of new articles, and why."""

from topicdesk.lazy import attach

__all__ = attach(__name__)
