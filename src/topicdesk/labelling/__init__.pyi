from topicdesk.labelling.answers import (
    Rules as Rules,
)
from topicdesk.labelling.bulk import (
    LabellingAccount as LabellingAccount,
    label_files as label_files,
)
from topicdesk.labelling.drift import (
    Drift as Drift,
    measure_drift as measure_drift,
    measure_drift_of_files as measure_drift_of_files,
)
from topicdesk.labelling.explain import (
    Explanation as Explanation,
    Push as Push,
    find_terms as find_terms,
    pushes as pushes,
)
from topicdesk.labelling.held_out import (
    explain_held_out as explain_held_out,
)
from topicdesk.labelling.labeller import (
    Labeller as Labeller,
)
from topicdesk.labelling.linear import (
    linear_estimator as linear_estimator,
    linear_weights as linear_weights,
)
from topicdesk.labelling.reference import (
    Reference as Reference,
)
from topicdesk.labelling.refitting import (
    field_frame as field_frame,
    fit_labeller as fit_labeller,
)
