"""Experiments: run a spec, log the comparison to MLflow, and write and verify results locks."""

from topicdesk._lazy import attach

__all__ = attach(__name__)
