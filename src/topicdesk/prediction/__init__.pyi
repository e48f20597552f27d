from topicdesk._answers import (
    Rules as Rules,
)
from topicdesk.prediction.bulk import (
    LabellingAccount as LabellingAccount,
    label_files as label_files,
)
from topicdesk.prediction.drift import (
    Drift as Drift,
    measure_drift as measure_drift,
    measure_drift_of_files as measure_drift_of_files,
)
from topicdesk.prediction.error_kinds import (
    ErrorKinds as ErrorKinds,
    error_kinds as error_kinds,
)
from topicdesk.prediction.explain import (
    Contribution as Contribution,
    Explanation as Explanation,
    contributions as contributions,
    find_terms as find_terms,
)
from topicdesk.prediction.held_out import (
    explain_held_out as explain_held_out,
)
from topicdesk.prediction.labeller import (
    Labeller as Labeller,
)
from topicdesk.prediction.linear import (
    linear_estimator as linear_estimator,
    linear_weights as linear_weights,
)
from topicdesk.prediction.reference import (
    Reference as Reference,
)
from topicdesk.prediction.refitting import (
    field_frame as field_frame,
    fit_labeller as fit_labeller,
)
from topicdesk.prediction.text_drift import (
    TextDrift as TextDrift,
)
