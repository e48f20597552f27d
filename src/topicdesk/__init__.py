"""Compare text classifiers on news articles, with statistics that a reviewer can check.

The public names are declared in ``__init__.pyi``. Each is imported when it is first used, so that ``import topicdesk``
and the command line start at once.
"""

from importlib.metadata import version

from topicdesk._lazy import attach

#: The version of the installed package.
__version__ = version("topicdesk")

# Names that were public here in the first edition, by the package that has them now.
_MOVED = {
    "topicdesk.annotation": (
        "Dataset", "disagreements", "join_dataset", "prevalence", "read_annotations", "read_label_file",
    ),
    "topicdesk.annotation.widget": ("AnnotationWidget",),
    "topicdesk.corpus": ("find_duplicates", "plot_corpus", "stored_corpus", "summarise_corpus"),
    "topicdesk.evaluation": (
        "ComparisonPlan", "DaskEngine", "DecisionRule", "SplitPlan", "ThresholdRule", "ablate", "audit_sources",
        "audit_topics", "classifier_named", "leaderboard", "learning_curve", "own_classifier",
        "plot_critical_difference", "plot_leakage",
    ),
    "topicdesk.experiment": (
        "compare_runs", "effect_of", "queue_for", "reproduce_run", "review_experiment", "rules_of", "second_look",
        "suspects_of", "weak_labels",
    ),
    "topicdesk.project": ("Project",),
    "topicdesk.starter": ("NewProject",),
}  # fmt: skip

__all__ = attach(
    __name__,
    former={
        **{name: (package, f"{package}.{name}") for package, names in _MOVED.items() for name in names},
        "Labeller": ("topicdesk.prediction", "topicdesk.TopicClassifier"),
        "fit_labeller": ("topicdesk.prediction", "the method fit of a comparison, or topicdesk.TopicClassifier"),
        "load_labeller": ("topicdesk.tracking", "topicdesk.load_model"),
    },
)
