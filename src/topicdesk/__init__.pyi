from topicdesk.corpus import (
    find_duplicates as find_duplicates,
)
from topicdesk.corpus import (
    import_articles as import_articles,
)
from topicdesk.corpus import (
    parse_page as parse_page,
)
from topicdesk.corpus import (
    plot_corpus as plot_corpus,
)
from topicdesk.corpus import (
    read_articles as read_articles,
)
from topicdesk.corpus import (
    read_corpus as read_corpus,
)
from topicdesk.corpus import (
    stored_corpus as stored_corpus,
)
from topicdesk.corpus import (
    summarise_corpus as summarise_corpus,
)
from topicdesk.doctor import (
    diagnose as diagnose,
)
from topicdesk.evaluation import (
    Comparison as Comparison,
)
from topicdesk.evaluation import (
    ComparisonPlan as ComparisonPlan,
)
from topicdesk.evaluation import (
    DaskEngine as DaskEngine,
)
from topicdesk.evaluation import (
    Deciding as Deciding,
)
from topicdesk.evaluation import (
    SplitPlan as SplitPlan,
)
from topicdesk.evaluation import (
    ThresholdRule as ThresholdRule,
)
from topicdesk.evaluation import (
    ablate as ablate,
)
from topicdesk.evaluation import (
    audit_sources as audit_sources,
)
from topicdesk.evaluation import (
    audit_topics as audit_topics,
)
from topicdesk.evaluation import (
    classifier_named as classifier_named,
)
from topicdesk.evaluation import (
    compare as compare,
)
from topicdesk.evaluation import (
    leaderboard as leaderboard,
)
from topicdesk.evaluation import (
    learning_curve as learning_curve,
)
from topicdesk.evaluation import (
    own_classifier as own_classifier,
)
from topicdesk.evaluation import (
    plot_critical_difference as plot_critical_difference,
)
from topicdesk.evaluation import (
    plot_leakage as plot_leakage,
)
from topicdesk.experiment import (
    compare_runs as compare_runs,
)
from topicdesk.experiment import (
    effect_of as effect_of,
)
from topicdesk.experiment import (
    load_dataset as load_dataset,
)
from topicdesk.experiment import (
    log_experiment as log_experiment,
)
from topicdesk.experiment import (
    queue_for as queue_for,
)
from topicdesk.experiment import (
    read_spec as read_spec,
)
from topicdesk.experiment import (
    reproduce_run as reproduce_run,
)
from topicdesk.experiment import (
    review_experiment as review_experiment,
)
from topicdesk.experiment import (
    rules_of as rules_of,
)
from topicdesk.experiment import (
    run_experiment as run_experiment,
)
from topicdesk.experiment import (
    second_look as second_look,
)
from topicdesk.experiment import (
    suspects_of as suspects_of,
)
from topicdesk.experiment import (
    verify_experiment as verify_experiment,
)
from topicdesk.experiment import (
    weak_labels as weak_labels,
)
from topicdesk.labelling import (
    Labeller as Labeller,
)
from topicdesk.labelling import (
    fit_labeller as fit_labeller,
)
from topicdesk.labelling import (
    label_files as label_files,
)
from topicdesk.labelling import (
    measure_drift as measure_drift,
)
from topicdesk.labels import (
    Dataset as Dataset,
)
from topicdesk.labels import (
    agreement as agreement,
)
from topicdesk.labels import (
    disagreements as disagreements,
)
from topicdesk.labels import (
    draw_queue as draw_queue,
)
from topicdesk.labels import (
    join_dataset as join_dataset,
)
from topicdesk.labels import (
    prevalence as prevalence,
)
from topicdesk.labels import (
    read_annotations as read_annotations,
)
from topicdesk.labels import (
    read_label_file as read_label_file,
)
from topicdesk.labels import (
    read_taxonomy as read_taxonomy,
)
from topicdesk.labels import (
    suspect_labels as suspect_labels,
)
from topicdesk.labels.widget import (
    AnnotationWidget as AnnotationWidget,
)
from topicdesk.labels.widget import (
    adjudicate as adjudicate,
)
from topicdesk.labels.widget import (
    annotate as annotate,
)
from topicdesk.project import (
    Project as Project,
)
from topicdesk.project import (
    find_project as find_project,
)
from topicdesk.starter import (
    NewProject as NewProject,
)
from topicdesk.starter import (
    create_project as create_project,
)
from topicdesk.tracking import (
    list_runs as list_runs,
)
from topicdesk.tracking import (
    load_labeller as load_labeller,
)
from topicdesk.tracking import (
    read_run as read_run,
)

__version__: str
