"""Tracking: what MLflow keeps of a comparison. No model is fitted here."""

import os

from topicdesk.lazy import attach

# Read by MLflow when it is imported, so set before that: no telemetry, and no output but ours.
for _name, _value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}.items():
    os.environ.setdefault(_name, _value)

__all__ = attach(__name__)
