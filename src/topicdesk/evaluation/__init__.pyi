from topicdesk.evaluation.ablation import (
    Ablation as Ablation,
)
from topicdesk.evaluation.ablation import (
    ablate as ablate,
)
from topicdesk.evaluation.calibration import (
    Calibration as Calibration,
)
from topicdesk.evaluation.calibration import (
    fit_calibration as fit_calibration,
)
from topicdesk.evaluation.calibration import (
    reliability_table as reliability_table,
)
from topicdesk.evaluation.challenge import (
    Challenge as Challenge,
)
from topicdesk.evaluation.challenge import (
    challenge as challenge,
)
from topicdesk.evaluation.challenge import (
    flipped_decisions as flipped_decisions,
)
from topicdesk.evaluation.choosing import (
    Deciding as Deciding,
)
from topicdesk.evaluation.choosing import (
    FinalChoice as FinalChoice,
)
from topicdesk.evaluation.choosing import (
    choose_on_all as choose_on_all,
)
from topicdesk.evaluation.choosing import (
    described as described,
)
from topicdesk.evaluation.classifiers import (
    CLASSIFIERS as CLASSIFIERS,
)
from topicdesk.evaluation.classifiers import (
    Classifier as Classifier,
)
from topicdesk.evaluation.classifiers import (
    classifier_named as classifier_named,
)
from topicdesk.evaluation.classifiers import (
    fit_estimators as fit_estimators,
)
from topicdesk.evaluation.classifiers import (
    own_classifier as own_classifier,
)
from topicdesk.evaluation.code_version import (
    code_version as code_version,
)
from topicdesk.evaluation.comparison import (
    Comparison as Comparison,
)
from topicdesk.evaluation.comparison import (
    ComparisonPlan as ComparisonPlan,
)
from topicdesk.evaluation.comparison import (
    compare as compare,
)
from topicdesk.evaluation.comparison_plots import (
    save_plot as save_plot,
)
from topicdesk.evaluation.engine import (
    DaskEngine as DaskEngine,
)
from topicdesk.evaluation.engine import (
    Engine as Engine,
)
from topicdesk.evaluation.engine import (
    LocalEngine as LocalEngine,
)
from topicdesk.evaluation.engine import (
    restart_workers as restart_workers,
)
from topicdesk.evaluation.errors import (
    OutOfFold as OutOfFold,
)
from topicdesk.evaluation.errors import (
    out_of_fold as out_of_fold,
)
from topicdesk.evaluation.errors import (
    worst_errors as worst_errors,
)
from topicdesk.evaluation.estimators import (
    NBSVM as NBSVM,
)
from topicdesk.evaluation.estimators import (
    Centroids as Centroids,
)
from topicdesk.evaluation.leaderboard import (
    ALL_SAMPLES as ALL_SAMPLES,
)
from topicdesk.evaluation.leaderboard import (
    figures_where as figures_where,
)
from topicdesk.evaluation.leaderboard import (
    leaderboard as leaderboard,
)
from topicdesk.evaluation.leaderboard import (
    metric_title as metric_title,
)
from topicdesk.evaluation.leaderboard import (
    most_often as most_often,
)
from topicdesk.evaluation.leaderboard import (
    probability_leaderboard as probability_leaderboard,
)
from topicdesk.evaluation.leaderboard import (
    shown as shown,
)
from topicdesk.evaluation.leaderboard import (
    starred as starred,
)
from topicdesk.evaluation.leaderboard import (
    topic_leaderboard as topic_leaderboard,
)
from topicdesk.evaluation.leakage import (
    SourceAudit as SourceAudit,
)
from topicdesk.evaluation.leakage import (
    TopicAudit as TopicAudit,
)
from topicdesk.evaluation.leakage import (
    audit_sources as audit_sources,
)
from topicdesk.evaluation.leakage import (
    audit_topics as audit_topics,
)
from topicdesk.evaluation.learning import (
    LearningCurve as LearningCurve,
)
from topicdesk.evaluation.learning import (
    learning_curve as learning_curve,
)
from topicdesk.evaluation.metrics import (
    figures as figures,
)
from topicdesk.evaluation.metrics import (
    probability_figures as probability_figures,
)
from topicdesk.evaluation.metrics import (
    topic_figures as topic_figures,
)
from topicdesk.evaluation.names import (
    BASELINES as BASELINES,
)
from topicdesk.evaluation.names import (
    METRICS as METRICS,
)
from topicdesk.evaluation.names import (
    PROBABILITY_METRICS as PROBABILITY_METRICS,
)
from topicdesk.evaluation.names import (
    SELECTION_METRICS as SELECTION_METRICS,
)
from topicdesk.evaluation.names import (
    TOPIC_METRICS as TOPIC_METRICS,
)
from topicdesk.evaluation.names import (
    CalibrationMethod as CalibrationMethod,
)
from topicdesk.evaluation.plots import (
    plot_ablation as plot_ablation,
)
from topicdesk.evaluation.plots import (
    plot_critical_difference as plot_critical_difference,
)
from topicdesk.evaluation.plots import (
    plot_leakage as plot_leakage,
)
from topicdesk.evaluation.plots import (
    plot_learning_curve as plot_learning_curve,
)
from topicdesk.evaluation.search import (
    FoldResult as FoldResult,
)
from topicdesk.evaluation.significance import (
    Verdict as Verdict,
)
from topicdesk.evaluation.significance import (
    bayesian_t_test as bayesian_t_test,
)
from topicdesk.evaluation.significance import (
    corrected_t_test as corrected_t_test,
)
from topicdesk.evaluation.significance import (
    friedman_nemenyi as friedman_nemenyi,
)
from topicdesk.evaluation.significance import (
    holm as holm,
)
from topicdesk.evaluation.significance import (
    mcnemar as mcnemar,
)
from topicdesk.evaluation.split_files import (
    read_splits as read_splits,
)
from topicdesk.evaluation.split_files import (
    split_table as split_table,
)
from topicdesk.evaluation.split_files import (
    splits_hash as splits_hash,
)
from topicdesk.evaluation.split_files import (
    write_splits as write_splits,
)
from topicdesk.evaluation.splits import (
    Split as Split,
)
from topicdesk.evaluation.splits import (
    SplitPlan as SplitPlan,
)
from topicdesk.evaluation.splits import (
    leave_one_source_out as leave_one_source_out,
)
from topicdesk.evaluation.splits import (
    make_inner_splits as make_inner_splits,
)
from topicdesk.evaluation.splits import (
    make_splits as make_splits,
)
from topicdesk.evaluation.splits import (
    time_windows as time_windows,
)
from topicdesk.evaluation.thresholds import (
    ThresholdRule as ThresholdRule,
)
from topicdesk.evaluation.thresholds import (
    best_f1_thresholds as best_f1_thresholds,
)
from topicdesk.evaluation.thresholds import (
    choose_thresholds as choose_thresholds,
)
from topicdesk.evaluation.thresholds import (
    decide as decide,
)
from topicdesk.evaluation.thresholds import (
    decide_class as decide_class,
)
from topicdesk.evaluation.unlabelled import (
    VOTERS as VOTERS,
)
from topicdesk.evaluation.unlabelled import (
    judge_pool as judge_pool,
)
