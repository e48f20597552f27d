"""Features: terms are counted once for all articles, and weighted per fold on the training rows."""

from topicdesk._lazy import attach

__all__ = attach(__name__)
