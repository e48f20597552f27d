"""Experiments: from a spec to a comparison, to MLflow and to a results lock. Here the floors meet."""

from topicdesk.experiment.annotating import (
    DEFAULT_MIX,
    effect_of,
    queue_for,
    rules_of,
    second_look,
    suspects_of,
    weak_labels,
)
from topicdesk.experiment.lock import (
    Difference,
    ResultsLock,
    differences,
    lock_path,
    lock_text,
    make_lock,
    read_lock,
    write_lock,
)
from topicdesk.experiment.reproducing import (
    Reproduction,
    RunDifference,
    compare_facts,
    compare_runs,
    reproduce_run,
)
from topicdesk.experiment.results import results_page
from topicdesk.experiment.reviewing import Review, fit_winner, log_experiment, review_experiment
from topicdesk.experiment.run import (
    ExperimentResult,
    LoadedExperiment,
    corpus_file,
    load_dataset,
    load_experiments,
    load_splits,
    locked_figures,
    run_experiment,
    verify_experiment,
)
from topicdesk.experiment.spec import PUBLISHED_LABELS, Reference, Spec, read_spec

__all__ = [
    "DEFAULT_MIX",
    "PUBLISHED_LABELS",
    "Difference",
    "ExperimentResult",
    "LoadedExperiment",
    "Reference",
    "Reproduction",
    "ResultsLock",
    "Review",
    "RunDifference",
    "Spec",
    "compare_facts",
    "compare_runs",
    "corpus_file",
    "differences",
    "effect_of",
    "fit_winner",
    "load_dataset",
    "load_experiments",
    "load_splits",
    "lock_path",
    "lock_text",
    "locked_figures",
    "log_experiment",
    "make_lock",
    "queue_for",
    "read_lock",
    "read_spec",
    "reproduce_run",
    "results_page",
    "review_experiment",
    "rules_of",
    "run_experiment",
    "second_look",
    "suspects_of",
    "verify_experiment",
    "weak_labels",
    "write_lock",
]
