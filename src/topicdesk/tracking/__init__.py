"""Tracking: log comparisons to MLflow, read them back, and manage registered models. No model is fitted here."""

from topicdesk._lazy import attach

__all__ = attach(__name__)
