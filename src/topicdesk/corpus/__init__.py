"""Corpora of articles: import, cleaning, validation, summaries and near-duplicates."""

from topicdesk._lazy import attach

__all__ = attach(__name__)
