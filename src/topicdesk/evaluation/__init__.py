"""Evaluation: splits, classifiers, nested cross-validation, and figures with intervals."""

from topicdesk.evaluation.classifiers import BASELINES, CLASSIFIERS, Classifier, classifier_named
from topicdesk.evaluation.comparison import Comparison, ComparisonPlan, compare
from topicdesk.evaluation.leaderboard import (
    ALL_SAMPLES,
    figures_where,
    leaderboard,
    metric_title,
    shown,
    topic_leaderboard,
)
from topicdesk.evaluation.leakage import SourceAudit, TopicAudit, audit_sources, audit_topics
from topicdesk.evaluation.metrics import METRICS, SELECTION_METRICS, TOPIC_METRICS, figures, topic_figures
from topicdesk.evaluation.plots import plot_leakage
from topicdesk.evaluation.search import FoldResult
from topicdesk.evaluation.splits import (
    Split,
    SplitPlan,
    leave_one_source_out,
    make_inner_splits,
    make_splits,
    split_table,
    splits_hash,
)
from topicdesk.evaluation.thresholds import best_f1_thresholds, decide, decide_class

__all__ = [
    "ALL_SAMPLES",
    "BASELINES",
    "CLASSIFIERS",
    "METRICS",
    "SELECTION_METRICS",
    "TOPIC_METRICS",
    "Classifier",
    "Comparison",
    "ComparisonPlan",
    "FoldResult",
    "SourceAudit",
    "Split",
    "SplitPlan",
    "TopicAudit",
    "audit_sources",
    "audit_topics",
    "best_f1_thresholds",
    "classifier_named",
    "compare",
    "decide",
    "decide_class",
    "figures",
    "figures_where",
    "leaderboard",
    "leave_one_source_out",
    "make_inner_splits",
    "make_splits",
    "metric_title",
    "plot_leakage",
    "shown",
    "split_table",
    "splits_hash",
    "topic_figures",
    "topic_leaderboard",
]
