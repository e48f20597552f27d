"""Articles: where they come from, what a valid one is, which are the same."""

from topicdesk.lazy import attach

__all__ = attach(__name__)
