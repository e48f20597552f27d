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
from topicdesk.labels.topics import Codebook, Taxonomy, Topic, read_taxonomy

__all__ = [
    "ANNOTATION_COLUMNS",
    "Codebook",
    "Dataset",
    "Taxonomy",
    "Topic",
    "join_dataset",
    "published_annotations",
    "read_annotations",
    "read_reserved",
    "read_taxonomy",
    "suspect_labels",
    "write_annotations",
]
