"""Experiments: from a spec to a comparison, to MLflow and to a results lock. Here the floors meet."""

from topicdesk.experiment.lock import (
    Difference,
    ResultsLock,
    differences,
    lock_path,
    make_lock,
    read_lock,
    write_lock,
)
from topicdesk.experiment.results import results_page
from topicdesk.experiment.run import (
    ExperimentResult,
    LoadedExperiment,
    corpus_file,
    load_dataset,
    load_experiments,
    load_splits,
    locked_figures,
    log_experiment,
    run_experiment,
    verify_experiment,
)
from topicdesk.experiment.spec import PUBLISHED_LABELS, Reference, Spec, read_spec

__all__ = [
    "PUBLISHED_LABELS",
    "Difference",
    "ExperimentResult",
    "LoadedExperiment",
    "Reference",
    "ResultsLock",
    "Spec",
    "corpus_file",
    "differences",
    "load_dataset",
    "load_experiments",
    "load_splits",
    "lock_path",
    "locked_figures",
    "log_experiment",
    "make_lock",
    "read_lock",
    "read_spec",
    "results_page",
    "run_experiment",
    "verify_experiment",
    "write_lock",
]
