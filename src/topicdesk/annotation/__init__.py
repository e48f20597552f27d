"""Annotation: taxonomies, label files, annotation sessions, and the dataset that a comparison works on."""

from topicdesk._lazy import attach

__all__ = attach(__name__)
