from topicdesk.experiment.annotating import (
    DEFAULT_MIX as DEFAULT_MIX,
    effect_of as effect_of,
    queue_for as queue_for,
    rules_of as rules_of,
    second_look as second_look,
    suspects_of as suspects_of,
    weak_labels as weak_labels,
)
from topicdesk.experiment.diagnosing import (
    disputed_labels as disputed_labels,
    errors_of as errors_of,
)
from topicdesk.experiment.exporting import (
    export_for as export_for,
)
from topicdesk.experiment.lock import (
    Difference as Difference,
    ResultsLock as ResultsLock,
    changed_inputs as changed_inputs,
    differences as differences,
    lock_path as lock_path,
    lock_text as lock_text,
    make_lock as make_lock,
    read_lock as read_lock,
    write_lock as write_lock,
)
from topicdesk.experiment.reproducing import (
    Reproduction as Reproduction,
    RunDifference as RunDifference,
    compare_facts as compare_facts,
    compare_runs as compare_runs,
    reproduce_run as reproduce_run,
)
from topicdesk.experiment.results import (
    results_page as results_page,
)
from topicdesk.experiment.reviewing import (
    Review as Review,
    fit_winner as fit_winner,
    log_experiment as log_experiment,
    review_experiment as review_experiment,
)
from topicdesk.experiment.run import (
    ExperimentResult as ExperimentResult,
    LoadedExperiment as LoadedExperiment,
    corpus_file as corpus_file,
    load_dataset as load_dataset,
    load_experiments as load_experiments,
    load_splits as load_splits,
    locked_scores as locked_scores,
    run_experiment as run_experiment,
    verify_experiment as verify_experiment,
)
from topicdesk.experiment.spec import (
    PUBLISHED_LABELS as PUBLISHED_LABELS,
    PublishedScores as PublishedScores,
    Spec as Spec,
    read_spec as read_spec,
)
