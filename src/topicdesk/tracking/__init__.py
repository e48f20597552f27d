"""Tracking: what MLflow keeps of a comparison. No model is fitted here."""

import os

# Read by MLflow when it is imported, so set before that: no telemetry, and no output but ours.
for _name, _value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}.items():
    os.environ.setdefault(_name, _value)

from topicdesk.tracking.pages import serve_pages  # noqa: E402
from topicdesk.tracking.runs import LoggedComparison, log_comparison  # noqa: E402
from topicdesk.tracking.store import experiment_address, open_store, tracking_uri  # noqa: E402

__all__ = [
    "LoggedComparison",
    "experiment_address",
    "log_comparison",
    "open_store",
    "serve_pages",
    "tracking_uri",
]
