from topicdesk.report.about import (
    RUN_ID as RUN_ID,
    About as About,
    Provenance as Provenance,
    name_run as name_run,
)
from topicdesk.report.card import (
    model_card as model_card,
)
from topicdesk.report.page import (
    make_report as make_report,
)
