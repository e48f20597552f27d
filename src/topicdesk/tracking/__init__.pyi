from topicdesk.tracking.listing import tracking_uri
from topicdesk.tracking.models import load_labeller, save_labeller
from topicdesk.tracking.packing import pack_comparison
from topicdesk.tracking.pages import serve_model, serve_pages
from topicdesk.tracking.parcel import waiting_parcels
from topicdesk.tracking.reading import ReadRun, list_runs, read_run
from topicdesk.tracking.registry import promote, rollback
from topicdesk.tracking.sending import LoggedComparison, resume_logging, send_parcel
from topicdesk.tracking.store import experiment_address, open_store, reason

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
