"""Report of a comparison as one HTML page, and model card. This package computes no evaluation results."""

from topicdesk._lazy import attach

__all__ = attach(__name__)
