"""Prediction: refit the best classifier on all labels, label new articles, and explain the decisions."""

from topicdesk._lazy import attach

__all__ = attach(__name__)
