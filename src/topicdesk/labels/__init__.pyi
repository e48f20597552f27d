from topicdesk.labels.agreement import adjudication, agreement, disagreements
from topicdesk.labels.annotations import (
    ADJUDICATED,
    ANNOTATION_COLUMNS,
    WEAK,
    published_annotations,
    read_annotations,
    read_label_file,
    read_reserved,
    reserved_in,
    write_annotations,
)
from topicdesk.labels.audit import suspect_labels
from topicdesk.labels.codebooks import codebook_marks, outdated_labels, record_codebook
from topicdesk.labels.dataset import Dataset, join_dataset
from topicdesk.labels.prevalence import prevalence
from topicdesk.labels.queue import QUEUE_COLUMNS, STRATEGIES, Pool, draw_queue, parse_mix
from topicdesk.labels.session import AnnotationSession, Shown, fit_to_label, open_session
from topicdesk.labels.store import LabelStore
from topicdesk.labels.topics import Codebook, Taxonomy, Topic, read_taxonomy
from topicdesk.labels.weak import aggregate_rules, rule_table, weak_annotations

__all__ = [
    "ADJUDICATED",
    "ANNOTATION_COLUMNS",
    "QUEUE_COLUMNS",
    "STRATEGIES",
    "WEAK",
    "AnnotationSession",
    "Codebook",
    "Dataset",
    "LabelStore",
    "Pool",
    "Shown",
    "Taxonomy",
    "Topic",
    "adjudication",
    "aggregate_rules",
    "agreement",
    "codebook_marks",
    "disagreements",
    "draw_queue",
    "fit_to_label",
    "join_dataset",
    "open_session",
    "outdated_labels",
    "parse_mix",
    "prevalence",
    "published_annotations",
    "read_annotations",
    "read_label_file",
    "read_reserved",
    "read_taxonomy",
    "record_codebook",
    "reserved_in",
    "rule_table",
    "suspect_labels",
    "weak_annotations",
    "write_annotations",
]
