"""Labels: the taxonomy, who labelled what, and the dataset that a comparison works on."""

from topicdesk.labels.annotations import (
    ANNOTATION_COLUMNS,
    published_annotations,
    read_annotations,
    read_reserved,
    write_annotations,
)
from topicdesk.labels.audit import suspect_labels
from topicdesk.labels.dataset import Dataset, join_dataset
from topicdesk.labels.queue import QUEUE_COLUMNS, STRATEGIES, Pool, draw_queue, parse_mix
from topicdesk.labels.topics import Codebook, Taxonomy, Topic, read_taxonomy

__all__ = [
    "ANNOTATION_COLUMNS",
    "QUEUE_COLUMNS",
    "STRATEGIES",
    "Codebook",
    "Dataset",
    "Pool",
    "Taxonomy",
    "Topic",
    "draw_queue",
    "join_dataset",
    "parse_mix",
    "published_annotations",
    "read_annotations",
    "read_reserved",
    "read_taxonomy",
    "suspect_labels",
    "write_annotations",
]
