"""Compare text classifiers on news, with figures that a reviewer can believe.

The names below are the public interface; each is imported when it is first used, so that ``import topicdesk`` and the
command line start at once.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topicdesk.corpus import (
        find_duplicates,
        import_articles,
        parse_page,
        plot_corpus,
        read_articles,
        read_corpus,
        stored_corpus,
        summarise_corpus,
    )
    from topicdesk.doctor import diagnose
    from topicdesk.evaluation import (
        Comparison,
        ComparisonPlan,
        DaskEngine,
        Deciding,
        SplitPlan,
        ThresholdRule,
        ablate,
        audit_sources,
        audit_topics,
        classifier_named,
        compare,
        leaderboard,
        learning_curve,
        own_classifier,
        plot_critical_difference,
        plot_leakage,
    )
    from topicdesk.experiment import (
        compare_runs,
        effect_of,
        load_dataset,
        log_experiment,
        queue_for,
        read_spec,
        reproduce_run,
        review_experiment,
        rules_of,
        run_experiment,
        second_look,
        suspects_of,
        verify_experiment,
        weak_labels,
    )
    from topicdesk.labelling import Labeller, fit_labeller, label_files, measure_drift
    from topicdesk.labels import (
        Dataset,
        agreement,
        disagreements,
        draw_queue,
        join_dataset,
        prevalence,
        read_annotations,
        read_label_file,
        read_taxonomy,
        suspect_labels,
    )
    from topicdesk.labels.widget import AnnotationWidget, adjudicate, annotate
    from topicdesk.project import Project, find_project
    from topicdesk.starter import NewProject, create_project
    from topicdesk.tracking import list_runs, load_labeller, read_run

__all__ = [
    "AnnotationWidget",
    "Comparison",
    "ComparisonPlan",
    "DaskEngine",
    "Dataset",
    "Deciding",
    "Labeller",
    "NewProject",
    "Project",
    "SplitPlan",
    "ThresholdRule",
    "ablate",
    "adjudicate",
    "agreement",
    "annotate",
    "audit_sources",
    "audit_topics",
    "classifier_named",
    "compare",
    "compare_runs",
    "create_project",
    "diagnose",
    "disagreements",
    "draw_queue",
    "effect_of",
    "find_duplicates",
    "find_project",
    "fit_labeller",
    "import_articles",
    "join_dataset",
    "label_files",
    "leaderboard",
    "learning_curve",
    "list_runs",
    "load_dataset",
    "load_labeller",
    "log_experiment",
    "measure_drift",
    "own_classifier",
    "parse_page",
    "plot_corpus",
    "plot_critical_difference",
    "plot_leakage",
    "prevalence",
    "queue_for",
    "read_annotations",
    "read_articles",
    "read_corpus",
    "read_label_file",
    "read_run",
    "read_spec",
    "read_taxonomy",
    "reproduce_run",
    "review_experiment",
    "rules_of",
    "run_experiment",
    "second_look",
    "stored_corpus",
    "summarise_corpus",
    "suspect_labels",
    "suspects_of",
    "verify_experiment",
    "weak_labels",
]

_ROOMS = {
    "corpus": (
        "find_duplicates",
        "import_articles",
        "parse_page",
        "plot_corpus",
        "read_articles",
        "read_corpus",
        "stored_corpus",
        "summarise_corpus",
    ),
    "doctor": ("diagnose",),
    "evaluation": (
        "Comparison",
        "ComparisonPlan",
        "DaskEngine",
        "Deciding",
        "SplitPlan",
        "ThresholdRule",
        "ablate",
        "audit_sources",
        "audit_topics",
        "classifier_named",
        "compare",
        "leaderboard",
        "learning_curve",
        "own_classifier",
        "plot_critical_difference",
        "plot_leakage",
    ),
    "experiment": (
        "compare_runs",
        "effect_of",
        "load_dataset",
        "log_experiment",
        "queue_for",
        "read_spec",
        "reproduce_run",
        "review_experiment",
        "rules_of",
        "run_experiment",
        "second_look",
        "suspects_of",
        "verify_experiment",
        "weak_labels",
    ),
    "labelling": ("Labeller", "fit_labeller", "label_files", "measure_drift"),
    "labels": (
        "Dataset",
        "agreement",
        "disagreements",
        "draw_queue",
        "join_dataset",
        "prevalence",
        "read_annotations",
        "read_label_file",
        "read_taxonomy",
        "suspect_labels",
    ),
    "labels.widget": ("AnnotationWidget", "adjudicate", "annotate"),
    "project": ("Project", "find_project"),
    "starter": ("NewProject", "create_project"),
    "tracking": ("list_runs", "load_labeller", "read_run"),
}


#: The version of the installed package.
__version__ = version("topicdesk")


def __dir__() -> list[str]:
    """List the public names, though none is imported yet."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(f"topicdesk.{room}"), name)
    raise AttributeError(f"module 'topicdesk' has no attribute {name!r}")
