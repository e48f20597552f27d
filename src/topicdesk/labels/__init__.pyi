from topicdesk.labels.agreement import (
    adjudication as adjudication,
)
from topicdesk.labels.agreement import (
    agreement as agreement,
)
from topicdesk.labels.agreement import (
    disagreements as disagreements,
)
from topicdesk.labels.annotations import (
    ADJUDICATED as ADJUDICATED,
)
from topicdesk.labels.annotations import (
    ANNOTATION_COLUMNS as ANNOTATION_COLUMNS,
)
from topicdesk.labels.annotations import (
    WEAK as WEAK,
)
from topicdesk.labels.annotations import (
    published_annotations as published_annotations,
)
from topicdesk.labels.annotations import (
    read_annotations as read_annotations,
)
from topicdesk.labels.annotations import (
    read_label_file as read_label_file,
)
from topicdesk.labels.annotations import (
    read_reserved as read_reserved,
)
from topicdesk.labels.annotations import (
    reserved_in as reserved_in,
)
from topicdesk.labels.annotations import (
    write_annotations as write_annotations,
)
from topicdesk.labels.audit import (
    suspect_labels as suspect_labels,
)
from topicdesk.labels.codebooks import (
    codebook_marks as codebook_marks,
)
from topicdesk.labels.codebooks import (
    outdated_labels as outdated_labels,
)
from topicdesk.labels.codebooks import (
    record_codebook as record_codebook,
)
from topicdesk.labels.dataset import (
    Dataset as Dataset,
)
from topicdesk.labels.dataset import (
    join_dataset as join_dataset,
)
from topicdesk.labels.prevalence import (
    prevalence as prevalence,
)
from topicdesk.labels.queue import (
    QUEUE_COLUMNS as QUEUE_COLUMNS,
)
from topicdesk.labels.queue import (
    STRATEGIES as STRATEGIES,
)
from topicdesk.labels.queue import (
    Pool as Pool,
)
from topicdesk.labels.queue import (
    draw_queue as draw_queue,
)
from topicdesk.labels.queue import (
    parse_mix as parse_mix,
)
from topicdesk.labels.session import (
    AnnotationSession as AnnotationSession,
)
from topicdesk.labels.session import (
    Shown as Shown,
)
from topicdesk.labels.session import (
    fit_to_label as fit_to_label,
)
from topicdesk.labels.session import (
    open_session as open_session,
)
from topicdesk.labels.store import (
    LabelStore as LabelStore,
)
from topicdesk.labels.topics import (
    Codebook as Codebook,
)
from topicdesk.labels.topics import (
    Taxonomy as Taxonomy,
)
from topicdesk.labels.topics import (
    Topic as Topic,
)
from topicdesk.labels.topics import (
    read_taxonomy as read_taxonomy,
)
from topicdesk.labels.weak import (
    aggregate_rules as aggregate_rules,
)
from topicdesk.labels.weak import (
    rule_table as rule_table,
)
from topicdesk.labels.weak import (
    weak_annotations as weak_annotations,
)
