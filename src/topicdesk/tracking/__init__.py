"""Tracking: log comparisons to MLflow, read them back, and manage registered models. No model is fitted here."""

import os

from topicdesk.lazy import attach

# MLflow reads these variables on import, so they are set before it. They turn off telemetry and MLflow's own output.
for _name, _value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}.items():
    os.environ.setdefault(_name, _value)

__all__ = attach(__name__)
