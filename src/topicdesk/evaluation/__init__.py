"""Evaluation: splits, classifiers, nested cross-validation, and metrics with intervals."""

from topicdesk._lazy import attach

__all__ = attach(__name__)
