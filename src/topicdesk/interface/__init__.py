"""Compare classifiers on texts and labels in memory, and use the winner as a scikit-learn classifier."""

from topicdesk._lazy import attach

__all__ = attach(__name__)
