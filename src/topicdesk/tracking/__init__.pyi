from topicdesk.tracking.listing import (
    check_experiment as check_experiment,
    tracking_uri as tracking_uri,
)
from topicdesk.tracking.models import (
    load_labeller as load_labeller,
    save_labeller as save_labeller,
)
from topicdesk.tracking.packing import (
    pack_comparison as pack_comparison,
)
from topicdesk.tracking.parcel import (
    read_parcels as read_parcels,
    waiting_parcels as waiting_parcels,
)
from topicdesk.tracking.reading import (
    ReadRun as ReadRun,
    list_runs as list_runs,
    read_run as read_run,
)
from topicdesk.tracking.registry import (
    promote as promote,
    rollback as rollback,
)
from topicdesk.tracking.sending import (
    LoggedComparison as LoggedComparison,
    resume_logging as resume_logging,
    resumed as resumed,
    send_parcel as send_parcel,
)
from topicdesk.tracking.serving import (
    serve_model as serve_model,
    serve_pages as serve_pages,
)
from topicdesk.tracking.store import (
    experiment_address as experiment_address,
    open_store as open_store,
    reason as reason,
)
