"""Experiments: from a spec to a comparison, to MLflow and to a results lock. Here the floors meet."""

from topicdesk.lazy import attach

__all__ = attach(__name__)
