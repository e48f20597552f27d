"""Report: one page of HTML that answers a reviewer, and the card of the model that is kept. No figure is made here."""

from topicdesk.lazy import attach

__all__ = attach(__name__)
