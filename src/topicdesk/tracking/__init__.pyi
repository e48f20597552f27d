from topicdesk.tracking.listing import (
    tracking_uri as tracking_uri,
)
from topicdesk.tracking.models import (
    load_labeller as load_labeller,
)
from topicdesk.tracking.models import (
    save_labeller as save_labeller,
)
from topicdesk.tracking.packing import (
    pack_comparison as pack_comparison,
)
from topicdesk.tracking.pages import (
    serve_model as serve_model,
)
from topicdesk.tracking.pages import (
    serve_pages as serve_pages,
)
from topicdesk.tracking.parcel import (
    waiting_parcels as waiting_parcels,
)
from topicdesk.tracking.reading import (
    ReadRun as ReadRun,
)
from topicdesk.tracking.reading import (
    list_runs as list_runs,
)
from topicdesk.tracking.reading import (
    read_run as read_run,
)
from topicdesk.tracking.registry import (
    promote as promote,
)
from topicdesk.tracking.registry import (
    rollback as rollback,
)
from topicdesk.tracking.sending import (
    LoggedComparison as LoggedComparison,
)
from topicdesk.tracking.sending import (
    resume_logging as resume_logging,
)
from topicdesk.tracking.sending import (
    send_parcel as send_parcel,
)
from topicdesk.tracking.store import (
    experiment_address as experiment_address,
)
from topicdesk.tracking.store import (
    open_store as open_store,
)
from topicdesk.tracking.store import (
    reason as reason,
)
