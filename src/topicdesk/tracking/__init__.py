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

from topicdesk.tracking.models import load_labeller, save_labeller  # noqa: E402
from topicdesk.tracking.packing import pack_comparison  # noqa: E402
from topicdesk.tracking.pages import serve_model, serve_pages  # noqa: E402
from topicdesk.tracking.parcel import waiting_parcels  # noqa: E402
from topicdesk.tracking.reading import ReadRun, list_runs, read_run  # noqa: E402
from topicdesk.tracking.registry import promote, rollback  # noqa: E402
from topicdesk.tracking.sending import LoggedComparison, resume_logging, send_parcel  # noqa: E402
from topicdesk.tracking.store import experiment_address, open_store, reason, tracking_uri  # noqa: E402

__all__ = [
    "LoggedComparison",
    "ReadRun",
    "experiment_address",
    "list_runs",
    "load_labeller",
    "open_store",
    "pack_comparison",
    "promote",
    "read_run",
    "reason",
    "resume_logging",
    "rollback",
    "save_labeller",
    "send_parcel",
    "serve_model",
    "serve_pages",
    "tracking_uri",
    "waiting_parcels",
]
