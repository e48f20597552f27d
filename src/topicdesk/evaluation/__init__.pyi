from topicdesk.evaluation._types import (
    ComparisonPlan as ComparisonPlan,
    CrossValidation as CrossValidation,
    DecisionRule as DecisionRule,
    FoldResult as FoldResult,
)
from topicdesk.evaluation.automation import (
    automation_cut as automation_cut,
)
from topicdesk.evaluation.calibration import (
    Calibration as Calibration,
    fit_calibration as fit_calibration,
    reliability_table as reliability_table,
)
from topicdesk.evaluation.classifiers import (
    CLASSIFIERS as CLASSIFIERS,
    Classifier as Classifier,
    added_baselines as added_baselines,
    classifier_named as classifier_named,
    fit_estimators as fit_estimators,
    own_classifier as own_classifier,
    with_baselines as with_baselines,
)
from topicdesk.evaluation.code_version import (
    code_version as code_version,
)
from topicdesk.evaluation.comparison import (
    ComparisonResult as ComparisonResult,
    compare as compare,
)
from topicdesk.evaluation.comparison_plots import (
    save_plot as save_plot,
)
from topicdesk.evaluation.engine import (
    DaskEngine as DaskEngine,
    Engine as Engine,
    LocalEngine as LocalEngine,
    restart_workers as restart_workers,
)
from topicdesk.evaluation.estimators import (
    NBSVM as NBSVM,
    Centroids as Centroids,
)
from topicdesk.evaluation.intervals import (
    BootstrapInterval as BootstrapInterval,
    bootstrap_interval as bootstrap_interval,
)
from topicdesk.evaluation.leaderboard import (
    headline_of as headline_of,
    leaderboard as leaderboard,
    leaderboard_note as leaderboard_note,
    metric_title as metric_title,
    most_often as most_often,
    probability_leaderboard as probability_leaderboard,
    scores_where as scores_where,
    shown as shown,
    starred as starred,
    topic_leaderboard as topic_leaderboard,
    topic_title as topic_title,
)
from topicdesk.evaluation.metrics import (
    metric_values as metric_values,
    probability_metric_values as probability_metric_values,
    topic_metric_values as topic_metric_values,
)
from topicdesk.evaluation.model_selection import (
    FinalChoice as FinalChoice,
    choose_on_all as choose_on_all,
    described as described,
)
from topicdesk.evaluation.names import (
    ALL_SAMPLES as ALL_SAMPLES,
    BASELINES as BASELINES,
    CORPUS_SAMPLE as CORPUS_SAMPLE,
    DIFFERENCE_FROM_BEST as DIFFERENCE_FROM_BEST,
    FEWEST_POSITIVES as FEWEST_POSITIVES,
    METRICS as METRICS,
    PROBABILITY_METRICS as PROBABILITY_METRICS,
    SELECTION_METRICS as SELECTION_METRICS,
    TOPIC_METRICS as TOPIC_METRICS,
    CalibrationMethod as CalibrationMethod,
)
from topicdesk.evaluation.significance import (
    bayesian_t_test as bayesian_t_test,
    corrected_t_test as corrected_t_test,
    friedman_nemenyi as friedman_nemenyi,
    holm as holm,
    mcnemar as mcnemar,
)
from topicdesk.evaluation.split_files import (
    read_splits as read_splits,
    split_table as split_table,
    splits_hash as splits_hash,
    write_splits as write_splits,
)
from topicdesk.evaluation.splits import (
    Split as Split,
    SplitPlan as SplitPlan,
    leave_one_source_out as leave_one_source_out,
    make_inner_splits as make_inner_splits,
    make_splits as make_splits,
    time_windows as time_windows,
)
from topicdesk.evaluation.splitters import (
    MultilabelStratifiedGroupKFold as MultilabelStratifiedGroupKFold,
    given_splits as given_splits,
)
from topicdesk.evaluation.studies.ablation import (
    Ablation as Ablation,
    ablate as ablate,
)
from topicdesk.evaluation.studies.challenge import (
    Challenge as Challenge,
    challenge as challenge,
    flipped_decisions as flipped_decisions,
)
from topicdesk.evaluation.studies.error_analysis import (
    OutOfFold as OutOfFold,
    out_of_fold as out_of_fold,
    worst_errors as worst_errors,
)
from topicdesk.evaluation.studies.leakage import (
    SourceAudit as SourceAudit,
    TopicAudit as TopicAudit,
    audit_sources as audit_sources,
    audit_topics as audit_topics,
)
from topicdesk.evaluation.studies.learning import (
    LearningCurve as LearningCurve,
    learning_curve as learning_curve,
)
from topicdesk.evaluation.studies.plots import (
    plot_critical_difference as plot_critical_difference,
    plot_leakage as plot_leakage,
)
from topicdesk.evaluation.studies.shared_articles import (
    SharedScores as SharedScores,
    hash_of_tested as hash_of_tested,
    scores_on_shared as scores_on_shared,
)
from topicdesk.evaluation.studies.stories import (
    StoryAudit as StoryAudit,
    audit_stories as audit_stories,
)
from topicdesk.evaluation.studies.unlabelled import (
    VOTERS as VOTERS,
    judge_pool as judge_pool,
)
from topicdesk.evaluation.thresholds import (
    ThresholdRule as ThresholdRule,
    best_f1_thresholds as best_f1_thresholds,
    choose_thresholds as choose_thresholds,
    decide as decide,
    decide_class as decide_class,
)
from topicdesk.evaluation.verdicts import (
    Verdict as Verdict,
)
