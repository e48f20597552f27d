from topicdesk.annotation import (
    agreement as agreement,
    draw_queue as draw_queue,
    make_dataset as make_dataset,
    read_labels as read_labels,
    read_table as read_table,
    read_taxonomy as read_taxonomy,
    suspect_labels as suspect_labels,
)
from topicdesk.annotation.notebook import (
    adjudicate as adjudicate,
    annotate as annotate,
)
from topicdesk.corpus import (
    import_articles as import_articles,
    near_duplicate_groups as near_duplicate_groups,
    parse_page as parse_page,
    read_articles as read_articles,
    read_corpus as read_corpus,
)
from topicdesk.doctor import (
    diagnose as diagnose,
)
from topicdesk.errors import (
    TopicdeskError as TopicdeskError,
)
from topicdesk.evaluation import (
    MultilabelStratifiedGroupKFold as MultilabelStratifiedGroupKFold,
    bootstrap_interval as bootstrap_interval,
    corrected_t_test as corrected_t_test,
)
from topicdesk.experiment import (
    load_dataset as load_dataset,
    log_experiment as log_experiment,
    read_spec as read_spec,
    run_experiment as run_experiment,
    verify_experiment as verify_experiment,
)
from topicdesk.features import (
    Features as Features,
)
from topicdesk.interface import (
    Comparison as Comparison,
    TopicClassifier as TopicClassifier,
    compare as compare,
    load_model as load_model,
)
from topicdesk.prediction import (
    label_files as label_files,
    measure_drift as measure_drift,
)
from topicdesk.project import (
    find_project as find_project,
)
from topicdesk.starter import (
    create_project as create_project,
)
from topicdesk.tracking import (
    list_runs as list_runs,
    read_run as read_run,
)

__version__: str
