"""Labelling: the winner as a model of its own, and why it decides as it does."""

from topicdesk.labelling.explain import Push, explain_held_out, find_terms, pushes
from topicdesk.labelling.labeller import Labeller, field_frame, fit_labeller
from topicdesk.labelling.linear import linear_estimator, linear_weights

__all__ = [
    "Labeller",
    "Push",
    "explain_held_out",
    "field_frame",
    "find_terms",
    "fit_labeller",
    "linear_estimator",
    "linear_weights",
    "pushes",
]
