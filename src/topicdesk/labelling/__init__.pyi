from topicdesk.labelling.answers import (
    Rules as Rules,
)
from topicdesk.labelling.bulk import (
    LabellingAccount as LabellingAccount,
)
from topicdesk.labelling.bulk import (
    label_files as label_files,
)
from topicdesk.labelling.drift import (
    Drift as Drift,
)
from topicdesk.labelling.drift import (
    measure_drift as measure_drift,
)
from topicdesk.labelling.drift import (
    measure_drift_of_files as measure_drift_of_files,
)
from topicdesk.labelling.explain import (
    Explanation as Explanation,
)
from topicdesk.labelling.explain import (
    Push as Push,
)
from topicdesk.labelling.explain import (
    find_terms as find_terms,
)
from topicdesk.labelling.explain import (
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
)
from topicdesk.labelling.linear import (
    linear_weights as linear_weights,
)
from topicdesk.labelling.reference import (
    Reference as Reference,
)
from topicdesk.labelling.refitting import (
    field_frame as field_frame,
)
from topicdesk.labelling.refitting import (
    fit_labeller as fit_labeller,
)
