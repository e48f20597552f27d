"""Features: terms counted once for all articles, weighed per fold on its training rows."""

from topicdesk.lazy import attach

__all__ = attach(__name__)
