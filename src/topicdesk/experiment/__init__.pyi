from topicdesk.experiment.annotating import (
    DEFAULT_MIX as DEFAULT_MIX,
)
from topicdesk.experiment.annotating import (
    effect_of as effect_of,
)
from topicdesk.experiment.annotating import (
    queue_for as queue_for,
)
from topicdesk.experiment.annotating import (
    rules_of as rules_of,
)
from topicdesk.experiment.annotating import (
    second_look as second_look,
)
from topicdesk.experiment.annotating import (
    suspects_of as suspects_of,
)
from topicdesk.experiment.annotating import (
    weak_labels as weak_labels,
)
from topicdesk.experiment.lock import (
    Difference as Difference,
)
from topicdesk.experiment.lock import (
    ResultsLock as ResultsLock,
)
from topicdesk.experiment.lock import (
    differences as differences,
)
from topicdesk.experiment.lock import (
    lock_path as lock_path,
)
from topicdesk.experiment.lock import (
    lock_text as lock_text,
)
from topicdesk.experiment.lock import (
    make_lock as make_lock,
)
from topicdesk.experiment.lock import (
    read_lock as read_lock,
)
from topicdesk.experiment.lock import (
    write_lock as write_lock,
)
from topicdesk.experiment.reproducing import (
    Reproduction as Reproduction,
)
from topicdesk.experiment.reproducing import (
    RunDifference as RunDifference,
)
from topicdesk.experiment.reproducing import (
    compare_facts as compare_facts,
)
from topicdesk.experiment.reproducing import (
    compare_runs as compare_runs,
)
from topicdesk.experiment.reproducing import (
    reproduce_run as reproduce_run,
)
from topicdesk.experiment.results import (
    results_page as results_page,
)
from topicdesk.experiment.reviewing import (
    Review as Review,
)
from topicdesk.experiment.reviewing import (
    fit_winner as fit_winner,
)
from topicdesk.experiment.reviewing import (
    log_experiment as log_experiment,
)
from topicdesk.experiment.reviewing import (
    review_experiment as review_experiment,
)
from topicdesk.experiment.run import (
    ExperimentResult as ExperimentResult,
)
from topicdesk.experiment.run import (
    LoadedExperiment as LoadedExperiment,
)
from topicdesk.experiment.run import (
    corpus_file as corpus_file,
)
from topicdesk.experiment.run import (
    load_dataset as load_dataset,
)
from topicdesk.experiment.run import (
    load_experiments as load_experiments,
)
from topicdesk.experiment.run import (
    load_splits as load_splits,
)
from topicdesk.experiment.run import (
    locked_figures as locked_figures,
)
from topicdesk.experiment.run import (
    run_experiment as run_experiment,
)
from topicdesk.experiment.run import (
    verify_experiment as verify_experiment,
)
from topicdesk.experiment.spec import (
    PUBLISHED_LABELS as PUBLISHED_LABELS,
)
from topicdesk.experiment.spec import (
    Reference as Reference,
)
from topicdesk.experiment.spec import (
    Spec as Spec,
)
from topicdesk.experiment.spec import (
    read_spec as read_spec,
)
