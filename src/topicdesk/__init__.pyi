from topicdesk.annotation import (
    Dataset as Dataset,
    agreement as agreement,
    disagreements as disagreements,
    draw_queue as draw_queue,
    join_dataset as join_dataset,
    make_dataset as make_dataset,
    prevalence as prevalence,
    read_annotations as read_annotations,
    read_label_file as read_label_file,
    read_taxonomy as read_taxonomy,
    suspect_labels as suspect_labels,
)
from topicdesk.annotation.widget import (
    AnnotationWidget as AnnotationWidget,
    adjudicate as adjudicate,
    annotate as annotate,
)
from topicdesk.corpus import (
    find_duplicates as find_duplicates,
    import_articles as import_articles,
    near_duplicate_groups as near_duplicate_groups,
    parse_page as parse_page,
    plot_corpus as plot_corpus,
    read_articles as read_articles,
    read_corpus as read_corpus,
    stored_corpus as stored_corpus,
    summarise_corpus as summarise_corpus,
)
from topicdesk.doctor import (
    diagnose as diagnose,
)
from topicdesk.errors import (
    TopicdeskError as TopicdeskError,
)
from topicdesk.evaluation import (
    ComparisonPlan as ComparisonPlan,
    DaskEngine as DaskEngine,
    DecisionRule as DecisionRule,
    MultilabelStratifiedGroupKFold as MultilabelStratifiedGroupKFold,
    SplitPlan as SplitPlan,
    ThresholdRule as ThresholdRule,
    ablate as ablate,
    audit_sources as audit_sources,
    audit_topics as audit_topics,
    bootstrap_interval as bootstrap_interval,
    classifier_named as classifier_named,
    corrected_t_test as corrected_t_test,
    leaderboard as leaderboard,
    learning_curve as learning_curve,
    own_classifier as own_classifier,
    plot_critical_difference as plot_critical_difference,
    plot_leakage as plot_leakage,
)
from topicdesk.experiment import (
    compare_runs as compare_runs,
    effect_of as effect_of,
    load_dataset as load_dataset,
    log_experiment as log_experiment,
    queue_for as queue_for,
    read_spec as read_spec,
    reproduce_run as reproduce_run,
    review_experiment as review_experiment,
    rules_of as rules_of,
    run_experiment as run_experiment,
    second_look as second_look,
    suspects_of as suspects_of,
    verify_experiment as verify_experiment,
    weak_labels as weak_labels,
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
    Project as Project,
    find_project as find_project,
)
from topicdesk.starter import (
    NewProject as NewProject,
    create_project as create_project,
)
from topicdesk.tracking import (
    list_runs as list_runs,
    read_run as read_run,
)

__version__: str
