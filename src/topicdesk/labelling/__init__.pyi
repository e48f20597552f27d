from topicdesk.labelling.answers import Rules
from topicdesk.labelling.bulk import LabellingAccount, label_files
from topicdesk.labelling.drift import Drift, measure_drift, measure_drift_of_files
from topicdesk.labelling.explain import Explanation, Push, find_terms, pushes
from topicdesk.labelling.held_out import explain_held_out
from topicdesk.labelling.labeller import Labeller
from topicdesk.labelling.linear import linear_estimator, linear_weights
from topicdesk.labelling.reference import Reference
from topicdesk.labelling.refitting import field_frame, fit_labeller

__all__ = [
    "Drift",
    "Explanation",
    "Labeller",
    "LabellingAccount",
    "Push",
    "Reference",
    "Rules",
    "explain_held_out",
    "field_frame",
    "find_terms",
    "fit_labeller",
    "label_files",
    "linear_estimator",
    "linear_weights",
    "measure_drift",
    "measure_drift_of_files",
    "pushes",
]
