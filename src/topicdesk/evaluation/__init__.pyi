from topicdesk.evaluation.ablation import Ablation, ablate
from topicdesk.evaluation.calibration import (
    Calibration,
    fit_calibration,
    reliability_table,
)
from topicdesk.evaluation.challenge import Challenge, challenge, flipped_decisions
from topicdesk.evaluation.choosing import Deciding, FinalChoice, choose_on_all, described
from topicdesk.evaluation.classifiers import (
    CLASSIFIERS,
    Classifier,
    classifier_named,
    fit_estimators,
    own_classifier,
)
from topicdesk.evaluation.code_version import code_version
from topicdesk.evaluation.comparison import Comparison, ComparisonPlan, compare
from topicdesk.evaluation.comparison_plots import save_plot
from topicdesk.evaluation.engine import DaskEngine, Engine, LocalEngine, restart_workers
from topicdesk.evaluation.errors import OutOfFold, out_of_fold, worst_errors
from topicdesk.evaluation.estimators import NBSVM, Centroids
from topicdesk.evaluation.leaderboard import (
    ALL_SAMPLES,
    figures_where,
    leaderboard,
    metric_title,
    most_often,
    probability_leaderboard,
    shown,
    starred,
    topic_leaderboard,
)
from topicdesk.evaluation.leakage import SourceAudit, TopicAudit, audit_sources, audit_topics
from topicdesk.evaluation.learning import LearningCurve, learning_curve
from topicdesk.evaluation.metrics import (
    figures,
    probability_figures,
    topic_figures,
)
from topicdesk.evaluation.names import (
    BASELINES,
    METRICS,
    PROBABILITY_METRICS,
    SELECTION_METRICS,
    TOPIC_METRICS,
    CalibrationMethod,
)
from topicdesk.evaluation.plots import plot_ablation, plot_critical_difference, plot_leakage, plot_learning_curve
from topicdesk.evaluation.search import FoldResult
from topicdesk.evaluation.significance import (
    Verdict,
    bayesian_t_test,
    corrected_t_test,
    friedman_nemenyi,
    holm,
    mcnemar,
)
from topicdesk.evaluation.split_files import read_splits, split_table, splits_hash, write_splits
from topicdesk.evaluation.splits import (
    Split,
    SplitPlan,
    leave_one_source_out,
    make_inner_splits,
    make_splits,
    time_windows,
)
from topicdesk.evaluation.thresholds import (
    ThresholdRule,
    best_f1_thresholds,
    choose_thresholds,
    decide,
    decide_class,
)
from topicdesk.evaluation.unlabelled import VOTERS, judge_pool

__all__ = [
    "ALL_SAMPLES",
    "BASELINES",
    "CLASSIFIERS",
    "METRICS",
    "NBSVM",
    "PROBABILITY_METRICS",
    "SELECTION_METRICS",
    "TOPIC_METRICS",
    "VOTERS",
    "Ablation",
    "Calibration",
    "CalibrationMethod",
    "Centroids",
    "Challenge",
    "Classifier",
    "Comparison",
    "ComparisonPlan",
    "DaskEngine",
    "Deciding",
    "Engine",
    "FinalChoice",
    "FoldResult",
    "LearningCurve",
    "LocalEngine",
    "OutOfFold",
    "SourceAudit",
    "Split",
    "SplitPlan",
    "ThresholdRule",
    "TopicAudit",
    "Verdict",
    "ablate",
    "audit_sources",
    "audit_topics",
    "bayesian_t_test",
    "best_f1_thresholds",
    "challenge",
    "choose_on_all",
    "choose_thresholds",
    "classifier_named",
    "code_version",
    "compare",
    "corrected_t_test",
    "decide",
    "decide_class",
    "described",
    "figures",
    "figures_where",
    "fit_calibration",
    "fit_estimators",
    "flipped_decisions",
    "friedman_nemenyi",
    "holm",
    "judge_pool",
    "leaderboard",
    "learning_curve",
    "leave_one_source_out",
    "make_inner_splits",
    "make_splits",
    "mcnemar",
    "metric_title",
    "most_often",
    "out_of_fold",
    "own_classifier",
    "plot_ablation",
    "plot_critical_difference",
    "plot_leakage",
    "plot_learning_curve",
    "probability_figures",
    "probability_leaderboard",
    "read_splits",
    "reliability_table",
    "restart_workers",
    "save_plot",
    "shown",
    "split_table",
    "splits_hash",
    "starred",
    "time_windows",
    "topic_figures",
    "topic_leaderboard",
    "worst_errors",
    "write_splits",
]
