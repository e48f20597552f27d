"""Labels: the taxonomy, who labelled what, and the dataset that a comparison works on."""

from topicdesk.lazy import attach

__all__ = attach(__name__)
