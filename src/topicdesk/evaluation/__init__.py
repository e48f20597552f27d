"""Evaluation: splits, classifiers, nested cross-validation, and figures with intervals."""

from topicdesk.lazy import attach

__all__ = attach(__name__)
